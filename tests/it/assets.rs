//! The pages' files: all in the binary, nothing from other hosts, nothing inline, and of vendored packages only what is
//! used, with its licence.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the project, by their paths from it on.
fn files(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    found.iter().map(|path| (name(path), String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned())).collect()
}

fn ends_with(path: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| path.ends_with(ending))
}

/// The pages' own files; of vendored packages only what a browser gets.
fn served() -> Vec<(String, String)> {
    let assets = ["css", "icons", "js", "vendor"].iter().flat_map(|folder| files(&format!("assets/{folder}")));
    assets.filter(|(path, _)| ends_with(path, &[".css", ".js", ".svg"])).collect()
}

/// Words of a text that begin with `prefix`: letters, digits, `_` and `-`, as names of classes are.
fn words(text: &str, prefix: &str) -> BTreeSet<String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let begins = text.match_indices(prefix).filter(|(at, _)| !text[..*at].ends_with(is_of_name));
    let names = begins.map(|(at, _)| text[at..].split(|c| !is_of_name(c)).next().unwrap().to_owned());
    names.filter(|name| name != prefix && !name.ends_with('-')).collect()
}

#[test]
fn every_class_of_the_design_system_in_use_is_in_the_vendored_part() {
    let css = std::fs::read_to_string(root().join("assets/vendor/design-system/design-system.css")).unwrap();
    let known = words(&css, "slds-");
    let pages = files("templates").into_iter().chain(files("assets/js")).chain(files("src"));
    let missing: BTreeSet<_> = pages
        .flat_map(|(path, text)| words(&text, "slds-").into_iter().map(move |class| (class, path.clone())))
        .filter(|(class, _)| !known.contains(class))
        .collect();
    assert!(
        missing.is_empty(),
        "not in the vendored CSS: {missing:?}. Run assets/vendor/design-system/subset.sh; a class that is missing \
         after that is none of the design system's with a style"
    );
    assert!(css.len() < 100_000, "{} bytes", css.len());
}

/// A text without its block comments, which name licences and sources.
fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once("*/").map_or("", |(_, after)| after))
}

#[test]
fn nothing_is_loaded_from_another_host() {
    for (path, text) in files("templates").into_iter().chain(served()) {
        let text = without_comments(&text);
        for (at, scheme) in text.match_indices("http://").chain(text.match_indices("https://")) {
            let before = text[..at].rsplit('\n').next().unwrap().trim_start();
            let after = &text[at + scheme.len()..];
            let is_comment = before.starts_with("//") || before.starts_with("{#");
            let is_namespace = after.starts_with("www.w3.org/");
            // An example of what may be typed.
            let is_shown = before.contains("placeholder=\"");
            // An address of SFMC's, which the server is told; the page asks nothing of it.
            let is_told = after.starts_with("${");
            let excerpt: String = after.chars().take(40).collect();
            assert!(is_comment || is_namespace || is_shown || is_told, "{path} names {scheme}{excerpt}");
        }
        for loads in ["src=\"//", "href=\"//", "url(//", "@import"] {
            assert!(!text.contains(loads), "{path} has {loads}");
        }
        // Data URLs are part of the file.
        for (at, _) in text.match_indices("url(") {
            let target = text[at + 4..].trim_start_matches(['"', '\'']);
            assert!(!path.ends_with(".css") || target.starts_with("data:"), "{path} loads another file");
        }
    }
}

#[test]
fn templates_have_no_inline_script_and_style() {
    for (path, text) in files("templates") {
        for mark in ["style=", "<style", "javascript:"] {
            assert!(!text.contains(mark), "{path} has {mark}: the pages' policy forbids it");
        }
        for (at, _) in text.match_indices("<script") {
            let tag = text[at..].split('>').next().unwrap();
            assert!(tag.contains(" src=\"{{ assets }}/"), "{path}: {tag}");
        }
        for (at, _) in text.match_indices(" on") {
            let name = text[at + 1..].split(|c: char| !c.is_ascii_lowercase()).next().unwrap();
            let is_handler = text[at + 1 + name.len()..].starts_with("=\"") && name.len() > 2;
            assert!(!is_handler, "{path} has {name}=: handlers are the scripts' to add");
        }
    }
}

#[test]
fn only_the_servers_fragments_become_html() {
    for (path, text) in files("assets/js") {
        let places = text.matches("innerHTML").count() + text.matches("outerHTML").count();
        let of_others =
            ["insertAdjacentHTML", "document.write", "eval(", "localStorage", "sessionStorage", "document.cookie"];
        assert_eq!(places, usize::from(path == "assets/js/dom.js"), "{path}");
        for mark in of_others {
            assert!(!text.contains(mark), "{path} has {mark}");
        }
    }
}

#[test]
fn every_served_file_is_in_the_binary() {
    let source = std::fs::read_to_string(root().join("src/http/assets.rs")).unwrap();
    let list = source.split("\nassets! {").nth(1).unwrap().split("\n}").next().unwrap();
    let listed: BTreeSet<_> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    let there: BTreeSet<_> = served().iter().map(|(path, _)| path.trim_start_matches("assets/").to_owned()).collect();
    assert_eq!(listed, there);
}

#[test]
fn modules_are_loaded_at_once_and_not_one_after_the_other() {
    let imports = |path: &str| {
        let mut found = BTreeSet::new();
        let mut open = vec![path.to_owned()];
        while let Some(path) = open.pop() {
            let text = std::fs::read_to_string(root().join("assets/js").join(&path)).unwrap();
            let names =
                text.match_indices("from \"./").map(|(at, _)| text[at + 8..].split('"').next().unwrap().to_owned());
            open.extend(names.filter(|name| found.insert(name.clone())));
        }
        found
    };
    for (template, entry) in [
        ("templates/layouts/wizard.html", "messaging.js"),
        ("templates/layouts/wizard.html", "reports.js"),
        ("templates/activities/messaging/hover.html", "hover.js"),
    ] {
        let text = std::fs::read_to_string(root().join(template)).unwrap();
        let preloads = text.match_indices("modulepreload\" href=\"{{ assets }}/js/");
        let preloaded: BTreeSet<_> =
            preloads.map(|(at, mark)| text[at + mark.len()..].split('"').next().unwrap().to_owned()).collect();
        assert_eq!(preloaded, imports(entry), "{template} for {entry}");
    }
}

#[test]
fn every_text_that_a_script_says_is_in_the_templates() {
    let texts = std::fs::read_to_string(root().join("templates/partials/page_texts.html")).unwrap();
    for (path, text) in files("assets/js") {
        for call in ["text(\"", "announce(\""] {
            for (at, _) in text.match_indices(call) {
                let key = text[at + call.len()..].split('"').next().unwrap();
                assert!(texts.contains(&format!("data-text=\"{key}\"")), "{path} says {key}");
            }
        }
    }
}

#[test]
fn every_vendored_package_has_its_licence() {
    let packages: Vec<_> =
        std::fs::read_dir(root().join("assets/vendor")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(packages.len() >= 2);
    for package in packages {
        for file in ["LICENSE", "README.md"] {
            let text = std::fs::read_to_string(package.join(file)).unwrap_or_default();
            assert!(text.len() > 100, "{} has no {file}", package.display());
        }
        let licence = std::fs::read_to_string(package.join("LICENSE")).unwrap();
        assert!(licence.contains("Redistribution and use in source and binary forms"), "{}", package.display());
    }
}
