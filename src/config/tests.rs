use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use super::*;

fn no_variable(_: &str) -> Option<String> {
    None
}

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("waypost.toml");
    std::fs::write(&path, text).unwrap();
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    Config::load(Some(&path), &|name| variables.get(name).map(|value| (*value).to_owned()))
}

#[track_caller]
fn refused(text: &str, sentence: &str) {
    assert_eq!(load(text, &[]).unwrap_err().to_string(), sentence);
}

/// A value that the key takes and that is not its default, and one that it does not take.
fn samples(key: &Key) -> (Value, Value) {
    let (good, bad) = match key.value(&Config::default()) {
        Some(Value::Integer(default)) => {
            let (start, end) = (*key.range.start(), *key.range.end());
            let good = if u64::try_from(default) == Ok(start) { end } else { start };
            (Value::Integer(good.try_into().unwrap()), Value::Integer((end + 1).try_into().unwrap()))
        }
        Some(Value::Array(_)) => (
            Value::Array(vec![Value::from("192.0.2.0/24"), Value::from("infobip")]),
            Value::Array(vec![Value::from("everybody")]),
        ),
        Some(Value::Boolean(default)) => (Value::Boolean(!default), Value::from("maybe")),
        _ if key.kind.starts_with("an address") => (Value::from("127.0.0.1:9999"), Value::from("localhost")),
        _ if key.kind.starts_with("an absolute path") => (Value::from("/srv/waypost"), Value::from("relative")),
        _ if key.kind.starts_with("an https") => {
            (Value::from("https://waypost.example.com"), Value::from("http://example.com"))
        }
        _ if key.kind.starts_with("human") => (Value::from("json"), Value::from("xml")),
        _ if key.kind.starts_with("error") => (Value::from("debug"), Value::from("loud")),
        _ if key.kind.starts_with("host names") => {
            (Value::from("https://*.example.com"), Value::from("*.example.com/path"))
        }
        _ if key.kind.starts_with("a text") => (Value::from("Texts"), Value::from("two\nlines")),
        other => panic!("{} has a kind without a sample: {other:?}", key.name),
    };
    (good, bad)
}

fn as_text(value: &Value) -> String {
    if let Some(list) = value.as_array() {
        return list.iter().map(as_text).collect::<Vec<_>>().join(", ");
    }
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What makes `server.behind_proxy` valid by itself.
const BASE_URL: (&str, &str) = ("WAYPOST_SERVER_PUBLIC_BASE_URL", "https://waypost.example.com");

#[test]
fn an_allowlist_behind_a_proxy_needs_to_know_the_proxy() {
    let behind = "[server]\nbehind_proxy = true\npublic_base_url = \"https://waypost.example.com\"\n";
    let list = "[allowlist]\nwebhooks = [\"infobip\"]\n";
    let error = load(&format!("{behind}{list}"), &[]).unwrap_err().to_string();
    assert!(error.starts_with("server.trusted_proxies is not valid"), "{error}");
    let config = load(&format!("{behind}trusted_proxies = [\"127.0.0.1\"]\n{list}"), &[]).unwrap();
    assert!(config.allowlist.webhooks.contain("193.105.74.1".parse().unwrap()));
    load(list, &[]).unwrap();
}

#[test]
fn every_key_is_read_from_the_file_and_the_environment() {
    for key in KEYS {
        let (good, _) = samples(key);
        let others = if key.name == "server.public_base_url" { &[][..] } else { &[BASE_URL][..] };
        let text = format!("[{}]\n{} = {good}", key.section, key.short_name());
        let from_file = load(&text, others).unwrap();
        assert_eq!(key.value(&from_file).as_ref(), Some(&good), "{} in the file", key.name);

        let variable = (key.variable(), as_text(&good));
        let mut variables = others.to_vec();
        variables.push((&variable.0, &variable.1));
        assert_eq!(load("", &variables).unwrap(), from_file, "{}", variable.0);
    }
}

#[test]
fn every_key_refuses_wrong_values_with_its_name_and_without_the_value() {
    for key in KEYS {
        let (_, bad) = samples(key);
        for wrong in [bad.clone(), Value::Array(vec![Value::from("s3cr3t")]), Value::Float(1.5)] {
            let error = load(&format!("[{}]\n{} = {wrong}", key.section, key.short_name()), &[]).unwrap_err();
            let sentence = error.to_string();
            let expected = format!("{} is not valid: it must be ", key.name);
            assert!(sentence.starts_with(&expected), "{sentence}");
            assert!(!sentence.contains("s3cr3t"), "{sentence}");
        }
        let variable = key.variable();
        let error = load("", &[(&variable, &as_text(&bad))]).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{variable} is not valid")), "{error}");
    }
}

#[test]
fn numbers_are_taken_at_their_limits_and_not_beyond() {
    for key in KEYS.iter().filter(|key| key.range != setting::ANY) {
        let (start, end) = (*key.range.start(), *key.range.end());
        let read = |number: u64| load(&format!("[{}]\n{} = {number}", key.section, key.short_name()), &[]).is_ok();
        assert!(read(start) && read(end) && !read(end + 1), "{}", key.name);
        assert!(start == 0 || !read(start - 1), "{}", key.name);
    }
}

#[test]
fn defaults_lie_within_their_own_limits() {
    for key in KEYS {
        let Some(Value::Integer(default)) = key.value(&Config::default()) else { continue };
        assert!(key.range.contains(&u64::try_from(default).unwrap()), "{}", key.name);
    }
}

#[test]
fn every_key_is_explained() {
    for key in KEYS {
        assert!(key.explanation().len() >= 20 && key.explanation().ends_with('.'), "{}", key.name);
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let config = load("[log]\nlevel = 'debug'", &[("WAYPOST_LOG_LEVEL", "trace")]).unwrap();
    assert_eq!(config.log.level, LogLevel::Trace);
}

#[test]
fn an_empty_variable_takes_back_an_optional_key() {
    let file = "[server]\ncontrol_socket = '/run/waypost.sock'";
    assert_eq!(load(file, &[]).unwrap().control_socket(), Path::new("/run/waypost.sock"));
    let config = load(file, &[("WAYPOST_SERVER_CONTROL_SOCKET", "")]).unwrap();
    assert_eq!(config.control_socket(), Path::new("/var/lib/waypost/control.sock"));
}

#[test]
fn unknown_keys_are_named_with_the_nearest() {
    refused("[server]\nlistn = ''", "server.listn is not a key of the configuration; did you mean server.listen?");
    refused("[sever]\nlisten = ''", "sever is not a key of the configuration; did you mean server?");
    refused("xyzzy = 1", "xyzzy is not a key of the configuration");
    refused("server = 1", "server is not valid: it must be a section, written [server]");
    refused(
        "[store]\nmaster_key = 'abcd'",
        "store.master_key is not a key of the configuration: the master key never stands in the file; name its file with store.master_key_file",
    );
    let error = Config::check_variable_names(["PATH", "WAYPOST_SERVER_LISTN"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "WAYPOST_SERVER_LISTN is not a key of the configuration; did you mean WAYPOST_SERVER_LISTEN?"
    );
    assert!(Config::check_variable_names(["WAYPOST_MASTER_KEY", "WAYPOST_CONFIG", "WAYPOST_STORE_DIR"]).is_ok());
}

#[test]
fn plain_http_stays_on_loopback_unless_a_proxy_ends_tls() {
    let open = "[server]\nlisten = '0.0.0.0:8080'\n";
    let sentence = load(open, &[]).unwrap_err().to_string();
    assert!(sentence.starts_with("server.listen is not valid: it must be a loopback address"), "{sentence}");
    let sentence = load(&format!("{open}behind_proxy = true"), &[]).unwrap_err().to_string();
    assert!(sentence.starts_with("server.public_base_url is not valid: it must be given"), "{sentence}");
    assert!(load(&format!("{open}behind_proxy = true"), &[BASE_URL]).is_ok());
}

#[test]
fn two_listeners_need_two_addresses() {
    refused(
        "[server]\nlisten = '127.0.0.1:8081'",
        "server.monitoring_listen is not valid: it must be another address than server.listen",
    );
}

#[test]
fn a_file_that_cannot_be_read_or_parsed_is_named_with_the_line() {
    let error = Config::load(Some(Path::new("/nonexistent/waypost.toml")), &no_variable).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration file /nonexistent/waypost.toml can't be read: there is no such file"
    );
    let sentence = load("[log]\nlevel = 's3cr3t", &[]).unwrap_err().to_string();
    assert!(sentence.contains("is not valid TOML: line 2: "), "{sentence}");
    assert!(!sentence.contains("s3cr3t"), "{sentence}");
    let sentence = load(&"#".repeat(300 * 1024), &[]).unwrap_err().to_string();
    assert!(sentence.ends_with("it has more than 262144 bytes"), "{sentence}");
}

#[test]
fn a_store_for_tests_listens_on_free_ports() {
    let config = Config::for_store(Path::new("/tmp/x"));
    assert_eq!(config.check(), Ok(()));
    assert_eq!((config.server.listen.port(), config.server.monitoring_listen.port()), (0, 0));
    assert_eq!(config.control_socket(), Path::new("/tmp/x/control.sock"));
}

#[test]
fn the_packaged_example_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/waypost.example.toml");
    let packaged = std::fs::read_to_string(path).unwrap();
    assert!(packaged == reference(), "waypost check --print-reference > packaging/waypost.example.toml renews it");
}

#[test]
fn the_reference_is_a_valid_file_that_changes_nothing_with_and_without_its_comment_signs() {
    assert_eq!(load(&reference(), &[]).unwrap(), Config::default());
    let mut uncommented = String::new();
    for line in reference().lines() {
        let is_key = KEYS.iter().any(|key| line.starts_with(&format!("#{} = ", key.short_name())));
        uncommented.push_str(if is_key { line.trim_start_matches('#') } else { line });
        uncommented.push('\n');
    }
    assert_eq!(load(&uncommented, &[]).unwrap(), Config::default());
    for key in KEYS {
        assert!(uncommented.contains(&format!("\n{} = ", key.short_name())), "{}", key.name);
    }
}

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn key_in_environment(text: &str) -> Result<MasterKey, ConfigError> {
    read_master_key(&Config::default(), &|name| (name == MASTER_KEY_VARIABLE).then(|| text.to_owned()))
}

fn key_in_file(text: &str, mode: u32) -> Result<MasterKey, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let mut config = Config::default();
    config.store.master_key_file = Some(path);
    read_master_key(&config, &no_variable)
}

#[test]
fn a_master_key_is_read_in_both_spellings() {
    let expected: Vec<u8> = (0..32).collect();
    for text in [HEX, &HEX.to_uppercase(), BASE64, BASE64.trim_end_matches('='), &format!(" {HEX}\n")] {
        assert_eq!(key_in_environment(text).unwrap().expose().as_slice(), expected, "{text}");
        assert_eq!(key_in_file(text, 0o600).unwrap().expose().as_slice(), expected, "{text}");
    }
}

#[test]
fn a_wrong_master_key_is_refused_without_showing_it() {
    let long = format!("{HEX}00");
    let not_hex = format!("{}xy", HEX.get(..62).unwrap());
    for text in ["", "s3cr3t", HEX.get(..62).unwrap(), &long, &not_hex, "AAECAwQFBgc="] {
        let sentence = key_in_environment(text).unwrap_err().to_string();
        assert_eq!(
            sentence,
            "the master key in the environment variable WAYPOST_MASTER_KEY can't be used: it must be 32 bytes, as 64 hexadecimal digits or Base64"
        );
    }
    assert_eq!(format!("{:?}", key_in_environment(HEX).unwrap()), "MasterKey(••••)");
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    for mode in [0o640, 0o604, 0o620, 0o602, 0o644, 0o610] {
        let sentence = key_in_file(HEX, mode).unwrap_err().to_string();
        assert!(
            sentence.ends_with("its group or others have permissions on it: chmod 600 takes them away"),
            "{sentence}"
        );
    }
    assert!(key_in_file(HEX, 0o400).is_ok());
    assert!(key_in_file(&" ".repeat(300), 0o600).unwrap_err().to_string().ends_with("more than 256 bytes"));
}

#[test]
fn the_master_key_is_looked_for_in_the_documented_order() {
    let dir = tempfile::tempdir().unwrap();
    let credential = dir.path().join("master-key");
    std::fs::write(&credential, HEX).unwrap();
    let directory = dir.path().display().to_string();
    let credentials_only = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| directory.clone());
    let with_variable =
        |name: &str| credentials_only(name).or_else(|| (name == MASTER_KEY_VARIABLE).then(|| HEX.to_owned()));
    let mut config = Config::default();
    assert_eq!(MasterKeySource::find(&config, &no_variable), None);
    assert_eq!(read_master_key(&config, &no_variable), Err(ConfigError::NoMasterKey));
    assert_eq!(MasterKeySource::find(&config, &credentials_only), Some(MasterKeySource::Credential(credential)));
    assert!(read_master_key(&config, &credentials_only).is_ok());
    assert_eq!(MasterKeySource::find(&config, &with_variable), Some(MasterKeySource::Environment));
    config.store.master_key_file = Some(PathBuf::from("/nonexistent"));
    assert!(matches!(
        read_master_key(&config, &with_variable),
        Err(ConfigError::MasterKey { place: MasterKeySource::File(_), .. })
    ));
}

#[test]
fn a_generated_key_is_private_new_and_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let paths = [dir.path().join("a"), dir.path().join("b")];
    let keys = paths.each_ref().map(|path| {
        generate_master_key_file(path).unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        let config =
            Config { store: Store { master_key_file: Some(path.clone()), ..Store::default() }, ..Config::default() };
        read_master_key(&config, &no_variable).unwrap()
    });
    assert!(keys[0] != keys[1]);
    assert_eq!(generate_master_key_file(&paths[0]).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_a_configuration_or_a_sentence(text in "(\\[?(server|store|log)\\]?|[a-z_.]{0,12}|=|\"[^\n]{0,8}|\n|\\PC){0,12}") {
        if let Err(error) = load(&text, &[]) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_never_shown(before in "[a-z]{0,6} ?=? ?[\"'{\\[]?", after in "[\"'}\\], =]{0,3}") {
        for text in [format!("[store]\ncache_mb = {before}PLANTED{after}"), format!("[log]\nlevel = {before}PLANTED{after}")] {
            if let Err(error) = load(&text, &[]) {
                prop_assert!(!error.to_string().contains("PLANTED"), "{}", error);
            }
        }
    }
}
