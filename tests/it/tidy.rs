//! The sources themselves: module borders, documentation of contracts, and what must not be left lying about.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::soft_errors::MISTAKES;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every source file below a folder, by its path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    let named = |path: PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    paths.into_iter().map(named).map(|path| (path.clone(), read(&path))).collect()
}

/// The part of a file that goes into the product: before its tests.
fn product(source: &str) -> &str {
    source.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

/// The top module that a file belongs to: `src/domain/ids.rs` is of `domain`.
fn module_of(path: &str) -> &str {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    inner.split('/').next().unwrap()
}

/// The top modules that a source names through `crate::…`, in `use` lines and elsewhere.
fn used(source: &str) -> BTreeSet<String> {
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let code: String = source.lines().filter(|line| !is_comment(line)).collect::<Vec<_>>().join("\n");
    let mut modules = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap().split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let name: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            modules.insert(name);
        }
    }
    modules.remove("");
    modules
}

/// Which top modules each one may name, itself aside, and the sentence that is broken otherwise. `app` joins all.
const BORDERS: &[(&str, &[&str], &str)] = &[
    ("domain", &[], "The domain is pure: it knows no other module."),
    ("clock", &["domain"], "The clock tells the time and knows nothing else."),
    ("sandbox", &["clock"], "The sandbox shares no belief with the product: it imports the clock and nothing else."),
    ("store", &["domain"], "The store keeps domain types and knows nobody who uses it."),
    ("tenants", &["domain"], "The tenant book holds domain types."),
    ("outbound", &["clock", "domain"], "Outbound HTTP knows no platform."),
    (
        "infobip",
        &["clock", "dispatch", "domain", "listings", "outbound"],
        "Infobip's wire implements the ports that dispatch and listings own, and knows neither the store nor SFMC.",
    ),
    (
        "sfmc",
        &["clock", "domain", "outbound", "pages", "reporting"],
        "SFMC's wire implements the ports that reporting and the pages own, and knows neither the store nor Infobip.",
    ),
    (
        "dispatch",
        &["clock", "domain", "random", "reporting", "store", "tenants"],
        "Dispatch knows its gateway as a trait, never a platform's wire.",
    ),
    (
        "reporting",
        &["clock", "dispatch", "domain", "outbound", "random", "store", "tenants"],
        "Reporting knows its targets as traits, never a platform's wire.",
    ),
    (
        "intake",
        &["clock", "dispatch", "domain", "listings", "random", "sfmc", "store", "tenants"],
        "Intake takes calls of SFMC and puts them into queues; it sends nothing and reports nothing.",
    ),
    ("listings", &["clock", "domain"], "Listings knows Infobip as a trait, never its wire, and stores nothing."),
    ("onboarding", &["config", "domain", "nearest"], "Onboarding turns a file into a tenant."),
    (
        "pages",
        &["clock", "dispatch", "domain", "intake", "listings", "random", "sfmc", "store", "tenants"],
        "The pages' use cases know who is signed in through a trait, and leave HTTP and HTML to the handlers.",
    ),
    (
        "http",
        &["config", "domain", "infobip", "intake", "pages", "reporting", "sfmc", "store"],
        "HTTP is thin: it extracts, calls one use case and maps. It neither dispatches nor onboards.",
    ),
    (
        "cli",
        &["app", "config", "control", "domain", "nearest", "onboarding", "telemetry"],
        "The command line asks the server, or the app; it never touches the store.",
    ),
    ("control", &["domain"], "The control socket carries requests; what they do is the app's."),
    ("config", &["domain", "nearest"], "The configuration is read before anything else exists."),
    ("telemetry", &["config"], "Logs are set up from the configuration alone."),
    ("nearest", &[], "Finding a near name needs nothing."),
];

#[test]
fn modules_keep_within_their_borders() {
    let files = sources("src");
    assert!(files.len() > 50);
    let mut unused: BTreeSet<_> =
        BORDERS.iter().flat_map(|(module, allowed, _)| allowed.iter().map(|other| (*module, *other))).collect();
    for (path, source) in &files {
        let module = module_of(path);
        if path.contains("/tests") || ["main", "lib", "app", "demo", "simulation", "random"].contains(&module) {
            continue;
        }
        let border = BORDERS.iter().find(|(name, ..)| *name == module);
        let (_, allowed, sentence) =
            border.unwrap_or_else(|| panic!("{path}: {module} has no row in the table of borders"));
        for other in used(product(source)) {
            if other != module {
                assert!(allowed.contains(&other.as_str()), "{path} names crate::{other}. {sentence}");
                unused.retain(|pair| *pair != (module, other.as_str()));
            }
        }
    }
    // A permission that nobody needs is a border that nobody guards.
    assert!(unused.is_empty(), "permitted and not needed: {unused:?}");
}

#[test]
fn http_names_of_the_store_only_its_error_and_what_readiness_asks() {
    for (path, source) in sources("src/http") {
        for line in product(&source).lines().filter(|line| line.contains("crate::store")) {
            let allowed = ["use crate::store::StoreError;", "use crate::store::Store;"].contains(&line.trim());
            let is_of_health = line.trim() != "use crate::store::Store;" || path.ends_with("health.rs");
            assert!(allowed && is_of_health, "{path}: {line}. Handlers go through use cases.");
        }
    }
}

/// Crates that one file, or one folder, alone may name.
#[test]
fn each_edge_has_one_place() {
    for (name, places, sentence) in [
        ("sled::", &["src/store/kv_sled.rs"][..], "Only kv_sled.rs names sled."),
        ("bincode::", &["src/store/record.rs"], "Only record.rs knows how records are encoded."),
        ("chacha20poly1305::", &["src/store/seal.rs"], "Only seal.rs encrypts."),
        ("quick_xml::", &["src/sfmc/", "src/sandbox/"], "XML is SFMC's."),
        ("actix_web::", &["src/http.rs", "src/http/", "src/sandbox/", "src/app.rs"], "HTTP is served by http."),
        (
            "reqwest::",
            &[
                "src/outbound.rs",
                "src/outbound/",
                "src/infobip/",
                "src/sfmc/",
                "src/sandbox.rs",
                "src/sandbox/",
                "src/reporting/notification_url.rs",
            ],
            "Outbound HTTP goes through outbound.",
        ),
        ("clap::", &["src/cli.rs", "src/cli/", "src/control.rs"], "The command line is cli's."),
        ("SystemTime", &["src/clock.rs"], "Only the clock asks the system what time it is."),
        ("Instant::now", &["src/clock.rs"], "Only the clock asks the system what time it is."),
        ("thread::sleep", &[], "Nobody sleeps but on the clock."),
    ] {
        for (path, source) in sources("src") {
            let is_allowed =
                places.iter().any(|place| path == *place || (place.ends_with('/') && path.starts_with(place)));
            let code = product(&source).lines().filter(|line| !line.trim_start().starts_with("//"));
            // `kv_sled::` is a module of ours.
            let names = |line: &&str| line.match_indices(name).any(|(at, _)| !line[..at].ends_with(is_of_a_name));
            assert!(is_allowed || code.filter(names).count() == 0, "{path} names {name} {sentence}");
        }
    }
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn the_domain_is_pure() {
    for (path, source) in sources("src/domain").into_iter().chain([("src/domain.rs".to_owned(), read("src/domain.rs"))])
    {
        let source = product(&source);
        for impure in [
            "tokio",
            "async ",
            ".await",
            "tracing::",
            "std::fs",
            "std::net::Tcp",
            "std::env",
            "std::time::Instant",
            "rand::",
        ] {
            assert!(!source.contains(impure), "{path} has {impure}: no IO, async, clock, chance or log in the domain");
        }
    }
}

/// Texts of the product's `messageStatus` table, as its source writes them.
fn status_table() -> Vec<(String, String)> {
    let source = read("src/domain/message/rejection.rs");
    let table = source.split("\ntable! {").nth(1).unwrap().split("\n}").next().unwrap();
    let quoted = |line: &str| line.split('"').map(str::to_owned).collect::<Vec<_>>();
    table
        .lines()
        .filter(|line| line.contains('"'))
        .map(quoted)
        .map(|parts| (parts[1].clone(), parts[3].clone()))
        .collect()
}

#[test]
fn every_message_status_is_explained_and_brought_about_by_a_test() {
    let table = status_table();
    assert!(table.len() >= 18);
    let tested: BTreeSet<_> = MISTAKES.iter().map(|(status, _)| (*status).to_owned()).collect();
    let known: BTreeSet<_> = table.iter().map(|(status, _)| status.clone()).collect();
    assert_eq!(tested, known);
    for (status, meaning) in &table {
        assert!(meaning.len() > 20, "{status} is not explained");
    }
    if let Ok(readme) = std::fs::read_to_string(root().join("README.md")) {
        let missing: Vec<_> = known.iter().filter(|status| !readme.contains(status.as_str())).collect();
        assert!(missing.is_empty(), "README.md does not have {missing:?}");
    }
}

#[test]
fn every_configuration_key_is_in_the_packaged_example() {
    let reference = waypost::config::reference();
    assert_eq!(read("packaging/waypost.example.toml"), reference, "waypost check --print-reference writes it");
    let keys = reference.lines().filter(|line| line.starts_with('#') && line.contains(" = ")).count();
    assert!(keys >= 20, "{keys}");
    // Switched on as it stands, it is a valid configuration once each key has a value.
    let switched_on: String = reference
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') && !key.ends_with("\"\"") => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("waypost.toml");
    std::fs::write(&file, switched_on).unwrap();
    let config = waypost::config::Config::load(Some(&file), &|_| None).unwrap();
    assert_eq!(config, waypost::config::Config::default());
}

#[test]
fn nothing_is_left_to_do() {
    // Written so that this file is not its own finding.
    let marks = ["TO-DO", "FIX-ME", "XX-X", "HA-CK"].map(|mark| mark.replace('-', ""));
    for (path, source) in sources("src").into_iter().chain(sources("tests")) {
        for (number, line) in source.lines().enumerate() {
            let found = marks.iter().find(|mark| line.contains(mark.as_str()));
            assert!(found.is_none(), "{path}:{}: {line}", number + 1);
        }
    }
}

#[test]
fn no_test_is_left_out_and_none_waits_for_luck() {
    for (path, source) in sources("src").into_iter().chain(sources("tests")) {
        for mark in [["#[ign", "ore"].concat(), ["#[should_", "panic"].concat()] {
            assert!(!source.contains(&mark), "{path} has {mark}");
        }
    }
    let sleep = ["time::", "sleep("].concat();
    for (path, source) in sources("tests/it") {
        let allowed = ["tests/it/support/wait.rs", "tests/it/crash.rs"].contains(&path.as_str());
        assert!(allowed || !source.contains(&sleep), "{path} sleeps: wait for a condition");
    }
}

#[test]
fn files_stay_readable() {
    // 500 is the aim; beyond this a file has more than one subject.
    const LINES_MAX: usize = 850;
    for (path, source) in sources("src").into_iter().chain(sources("tests")) {
        let lines = source.lines().count();
        assert!(lines <= LINES_MAX, "{path} has {lines} lines: split it by subject");
    }
}

#[test]
fn no_path_of_a_developers_machine_stands_anywhere() {
    for (path, source) in sources("src").into_iter().chain(sources("tests")) {
        for mark in ["/wo-rk/", "/ho-me/", "/ro-ot/"].map(|mark| mark.replace('-', "")) {
            assert!(!source.contains(&mark), "{path} has {mark}");
        }
    }
}
