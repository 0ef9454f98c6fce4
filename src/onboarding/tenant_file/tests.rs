use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::onboarding::{TenantSummary, TenantView, replacing};

/// Every field; secrets are planted texts that no error may repeat.
const FULL: &str = r#"
mid = 7
name = "Unit"
default_country = "hr"
send_in_test_mode = true
[sfmc]
client_id = "client"
client_secret = "PLANTED-client"
auth_origin = "https://a.auth.example.com/"
soap_origin = "a.soap.example.com"
rest_origin = "https://a.rest.example.com"
[verification]
signing_secret = "PLANTED-signing"
salt = { customer_key = "salt-key", value = "PLANTED-salt" }
[[account]]
label = "main"
base_url = "xxxxx.api.infobip.com"
api_key = "PLANTED-api"
sms_senders = ["Waypost", "385991234567", "Waypost"]
custom_domains = ["Go.Example.com"]
channels = ["sms", "KAKAO_ALIM", "SMS", "Viber deprecated"]
maybe_sent = "report_unknown"
tracking = { native = { sms_reports = "My Reports" } }
"#;

fn read(text: &str) -> Result<Tenant, TenantFileError> {
    read_with(text, &HashMap::new())
}

fn read_with(text: &str, variables: &HashMap<&str, &str>) -> Result<Tenant, TenantFileError> {
    let env = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    parse(text, &SecretPlaces { dir: Path::new("/nonexistent"), env: &env }, &mut rand::rng())
}

/// The full file with the line that begins with `field` replaced.
#[track_caller]
fn with(field: &str, line: &str) -> String {
    let matches = |l: &&str| l.starts_with(&format!("{field} ="));
    assert_eq!(FULL.lines().filter(matches).count(), 1, "{field}");
    FULL.lines().map(|l| if matches(&l) { line } else { l }).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn refused(text: &str, beginning: &str) {
    let sentence = read(text).unwrap_err().to_string();
    assert!(sentence.starts_with(beginning), "{sentence:?} does not begin with {beginning:?}");
    assert!(!sentence.contains("PLANTED"), "{sentence}");
    assert!(!sentence.contains('\n'), "{sentence}");
}

fn native(sms_reports: &str) -> Tracking {
    Tracking::Native(ReportExtensions { sms_reports: sms_reports.to_owned(), ..ReportExtensions::default() })
}

#[test]
fn a_full_file_becomes_a_tenant() {
    let tenant = read(FULL).unwrap();
    assert_eq!(tenant.mid, Mid::new(7));
    assert_eq!(tenant.default_country.as_deref(), Some("HR"));
    assert!(tenant.send_in_test_mode);
    assert_eq!(tenant.sfmc.client_secret.expose(), "PLANTED-client");
    assert_eq!(tenant.sfmc.auth_origin, "https://a.auth.example.com");
    assert_eq!(tenant.sfmc.soap_origin, "https://a.soap.example.com");
    assert_eq!(tenant.verification.salt.as_ref().unwrap().value.expose(), "PLANTED-salt");
    let account = &tenant.accounts[0];
    assert_eq!(account.base_url, "https://xxxxx.api.infobip.com");
    assert_eq!(account.senders.sms, ["Waypost", "385991234567"]);
    assert_eq!(account.custom_domains, ["go.example.com"]);
    assert_eq!(account.channels, [Channel::Sms, Channel::KakaoAlim, Channel::ViberOmni]);
    assert_eq!(account.maybe_sent, MaybeSent::ReportUnknown);
    assert_eq!(account.tracking, native("My Reports"));
    assert_eq!(account.webhook_tokens.len(), 1);
    assert_eq!(account.webhook_tokens[0].expose().len(), TOKEN_CHARS);
}

#[test]
fn a_channel_that_is_none_is_refused() {
    for line in [r#"channels = ["SMS", "Fax"]"#, r#"channels = ["lms", 7]"#, r#"channels = "SMS""#] {
        let beginning = "account[1].channels is not valid: it must be a list of channels: SMS, LMS, MMS, WhatsApp";
        refused(&with("channels", line), beginning);
    }
}

#[test]
fn optional_fields_may_be_missing() {
    for field in ["default_country", "send_in_test_mode", "rest_origin", "signing_secret", "salt"] {
        assert!(read(&with(field, "")).is_ok(), "{field}");
    }
    for field in ["sms_senders", "custom_domains", "channels"] {
        assert!(read(&with(field, "")).is_ok(), "{field}");
    }
    assert_eq!(read(&with("maybe_sent", "")).unwrap().accounts[0].maybe_sent, MaybeSent::Repeat);
    let default = native("SMS Delivery Reports");
    assert_eq!(read(&with("tracking", "")).unwrap().accounts[0].tracking, default);
    assert_eq!(read(&with("tracking", "tracking = { native = {} }")).unwrap().accounts[0].tracking, default);
}

#[test]
fn every_required_field_is_missed_by_name() {
    for (field, path) in [
        ("mid", "mid"),
        ("name", "name"),
        ("client_id", "sfmc.client_id"),
        ("client_secret", "sfmc.client_secret"),
        ("auth_origin", "sfmc.auth_origin"),
        ("soap_origin", "sfmc.soap_origin"),
        ("label", "account[1].label"),
        ("base_url", "account[1].base_url"),
        ("api_key", "account[1].api_key"),
    ] {
        refused(&with(field, ""), &format!("{path} is missing: it must be "));
    }
    refused("mid = 7\nname = 'x'", "sfmc is missing: it must be a section");
    let no_keys =
        with("signing_secret", "").replace("salt = { customer_key = \"salt-key\", value = \"PLANTED-salt\" }", "");
    refused(&no_keys, "verification is missing: it must be a section with signing_secret, salt or both");
    let no_account = FULL.split("[[account]]").next().unwrap();
    refused(no_account, "account is missing: it must be one to 20 sections, written [[account]]");
}

#[test]
fn every_field_of_a_wrong_kind_is_named() {
    let long = "x".repeat(2_001);
    for (field, path) in [
        ("mid", "mid"),
        ("name", "name"),
        ("default_country", "default_country"),
        ("send_in_test_mode", "send_in_test_mode"),
        ("client_id", "sfmc.client_id"),
        ("client_secret", "sfmc.client_secret"),
        ("auth_origin", "sfmc.auth_origin"),
        ("soap_origin", "sfmc.soap_origin"),
        ("rest_origin", "sfmc.rest_origin"),
        ("signing_secret", "verification.signing_secret"),
        ("salt", "verification.salt"),
        ("label", "account[1].label"),
        ("base_url", "account[1].base_url"),
        ("api_key", "account[1].api_key"),
        ("sms_senders", "account[1].sms_senders"),
        ("custom_domains", "account[1].custom_domains"),
        ("maybe_sent", "account[1].maybe_sent"),
        ("tracking", "account[1].tracking"),
    ] {
        for value in ["1.5", "[1]", "''", &format!("'{long}'"), "['PLANTED\\u0000', {}]", "\"PLANTED\\u0007\""] {
            refused(&with(field, &format!("{field} = {value}")), &format!("{path} is not valid: it must be "));
        }
    }
}

#[test]
fn unknown_fields_are_named_with_the_nearest() {
    refused(&with("name", "nmae = 'x'"), "nmae is not a field of the tenant file; did you mean name?");
    refused(
        &with("client_secret", "client_secrett = 'PLANTED'"),
        "sfmc.client_secrett is not a field of the tenant file; did you mean client_secret?",
    );
    refused(
        &with("salt", "salt = { customer_key = 'x', val = 'PLANTED' }"),
        "verification.salt.val is not a field of the tenant file; did you mean value?",
    );
    refused(
        &with("api_key", "apikey = 'PLANTED'"),
        "account[1].apikey is not a field of the tenant file; did you mean api_key?",
    );
    refused(
        &with("api_key", "api_key = { fiel = 'x' }"),
        "account[1].api_key.fiel is not a field of the tenant file; did you mean file?",
    );
    refused(
        &with("tracking", "tracking = { nativ = {} }"),
        "account[1].tracking.nativ is not a field of the tenant file; did you mean native?",
    );
}

#[test]
fn lengths_and_counts_are_taken_at_their_limits_and_not_beyond() {
    let texts = |field: &str, max: usize| {
        let line = |n: usize| with(field, &format!("{field} = '{}'", "x".repeat(n)));
        assert!(read(&line(max)).is_ok() && read(&line(max + 1)).is_err(), "{field}");
    };
    texts("name", NAME_CHARS_MAX);
    texts("client_id", KEY_CHARS_MAX);
    texts("label", 128);
    for field in ["client_secret", "signing_secret", "api_key"] {
        texts(field, SECRET_CHARS_MAX);
    }
    let senders = |count: usize| {
        let list = (0..count).map(|n| format!("'{n}'")).collect::<Vec<_>>().join(",");
        read(&with("sms_senders", &format!("sms_senders = [{list}]")))
    };
    assert!(senders(SENDERS_MAX).is_ok() && senders(SENDERS_MAX + 1).is_err());
    let sender = |chars: usize| read(&with("sms_senders", &format!("sms_senders = ['{}']", "x".repeat(chars))));
    assert!(sender(sms::SENDER_CHARS_MAX).is_ok() && sender(sms::SENDER_CHARS_MAX + 1).is_err());
    let accounts = |count: usize| {
        let (head, account) = FULL.split_once("[[account]]").unwrap();
        let more = (0..count).map(|n| format!("[[account]]{}", account.replace("\"main\"", &format!("\"a{n}\""))));
        read(&format!("{head}{}", more.collect::<String>()))
    };
    assert!(accounts(ACCOUNTS_MAX).is_ok() && accounts(ACCOUNTS_MAX + 1).is_err());
}

#[test]
fn labels_of_accounts_differ() {
    let (_, account) = FULL.split_once("[[account]]").unwrap();
    let twice = format!("{FULL}[[account]]{}", account.replace("\"main\"", "\"Main\""));
    refused(&twice, "account[2].label is not valid: it must be another text than the labels of the other accounts");
}

#[test]
fn addresses_into_the_own_network_are_refused() {
    for (field, path) in [
        ("auth_origin", "sfmc.auth_origin"),
        ("soap_origin", "sfmc.soap_origin"),
        ("rest_origin", "sfmc.rest_origin"),
        ("base_url", "account[1].base_url"),
    ] {
        for address in [
            "http://a.example.com",
            "https://169.254.169.254",
            "https://10.0.0.1",
            "https://u:PLANTED@a.example.com",
            "https://a.example.com/x",
        ] {
            refused(&with(field, &format!("{field} = '{address}'")), &format!("{path} is not valid: it must be "));
        }
        assert!(read(&with(field, &format!("{field} = 'http://127.0.0.1:8090'"))).is_ok(), "{field}");
    }
}

#[test]
fn reports_go_to_one_place() {
    let tracking = |text: &str| with("tracking", &format!("tracking = {text}"));
    let external = read(&tracking("{ external = { sms_url = 'https://hooks.example.com/r?k=1' } }")).unwrap();
    let expected = Tracking::External(NotificationUrls {
        sms_url: "https://hooks.example.com/r?k=1".to_owned(),
        omni_url: "https://hooks.example.com/r?k=1".to_owned(),
        clicks_url: None,
        inbound_url: None,
        signing_key: None,
    });
    assert_eq!(external.accounts[0].tracking, expected);
    for both_or_none in ["{}", "{ native = {}, external = { sms_url = 'https://a.example.com' } }"] {
        refused(&tracking(both_or_none), "account[1].tracking is not valid: it must be either native or external");
    }
    refused(
        &tracking("{ external = { sms_url = 'https://192.168.0.1/PLANTED' } }"),
        "account[1].tracking.external.sms_url is not valid: it must be an https:// URL",
    );
    refused(&tracking("{ external = {} }"), "account[1].tracking.external.sms_url is missing: ");
}

#[test]
fn secrets_come_from_files_and_variables() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("secret"), "PLANTED-from-file\r\n").unwrap();
    std::fs::write(dir.path().join("big"), "x".repeat(5_000)).unwrap();
    let path = dir.path().join("tenant.toml");
    let env = |name: &str| (name == "API_KEY").then(|| "PLANTED-from-env".to_owned());
    let text =
        with("client_secret", "client_secret = { file = 'secret' }").replace("\"PLANTED-api\"", "{ env = 'API_KEY' }");
    std::fs::write(&path, &text).unwrap();
    let tenant = read_tenant_file(&path, &env).unwrap();
    assert_eq!(tenant.sfmc.client_secret.expose(), "PLANTED-from-file");
    assert_eq!(tenant.accounts[0].api_key.expose(), "PLANTED-from-env");

    std::fs::write(&path, with("client_secret", "client_secret = { file = 'big' }")).unwrap();
    let sentence = read_tenant_file(&path, &env).unwrap_err().to_string();
    assert!(sentence.starts_with("sfmc.client_secret can't be read from the file "), "{sentence}");
    assert!(sentence.ends_with("it has more than 4096 bytes"), "{sentence}");
    refused(
        &with("api_key", "api_key = { file = 'none' }"),
        "account[1].api_key can't be read from the file /nonexistent/none: there is no such file",
    );
    refused(
        &with("api_key", "api_key = { env = 'NONE' }"),
        "account[1].api_key can't be read from the environment variable NONE: it is not set",
    );
    refused(&with("api_key", "api_key = { env = 'A', file = 'b' }"), "account[1].api_key is not valid: ");
    refused(&with("api_key", "api_key = {}"), "account[1].api_key is not valid: ");
    let empty =
        read_with(&with("api_key", "api_key = { env = 'EMPTY' }"), &HashMap::from([("EMPTY", "")])).unwrap_err();
    assert!(
        empty.to_string().starts_with("account[1].api_key is not valid: it must be a text of 1 to 1024"),
        "{empty}"
    );
}

#[test]
fn broken_toml_is_named_by_line_without_its_content() {
    refused(&with("client_secret", "client_secret = \"PLANTED"), "the tenant file is not valid TOML: line 8: ");
    refused(&with("client_secret", "client_secret = PLANTED"), "the tenant file is not valid TOML: line 8: ");
}

#[test]
fn replacing_keeps_the_webhook_tokens_of_accounts_with_the_same_label() {
    let before = read(FULL).unwrap();
    let after = replacing(&before, read(&with("name", "name = 'New name'")).unwrap());
    assert_eq!(after.name, "New name");
    assert_eq!(after.accounts[0].webhook_tokens, before.accounts[0].webhook_tokens);
    let other = read(&with("label", "label = 'other'")).unwrap();
    let fresh = other.accounts[0].webhook_tokens.clone();
    assert_eq!(replacing(&before, other).accounts[0].webhook_tokens, fresh);
    assert_ne!(fresh, before.accounts[0].webhook_tokens);
}

#[test]
fn what_is_shown_has_no_secret() {
    let text = with("tracking", "tracking = { external = { sms_url = 'https://a.example.com/r?key=PLANTED-query' } }")
        .replace("PLANTED", "PLANTED-0123456789");
    let tenant = read(&text).unwrap();
    let view = TenantView::from(&tenant);
    let (human, json) = (view.to_string(), serde_json::to_string(&view).unwrap());
    let token = tenant.accounts[0].current_webhook_token().unwrap();
    for shown in [&human, &json] {
        assert!(!shown.contains("PLANTED") && !shown.contains(token), "{shown}");
        assert!(shown.contains("••••"), "{shown}");
    }
    let debug = format!("{:?} {:?}", tenant.sfmc, tenant.verification);
    assert!(!debug.contains("PLANTED"), "{debug}");
    for expected in
        ["Unit (MID 7)", "https://xxxxx.api.infobip.com", "report_unknown", "external: https://a.example.com/r?…"]
    {
        assert!(human.contains(expected), "{human}");
    }
    assert_eq!(serde_json::from_str::<TenantView>(&json).unwrap(), view);
    assert_eq!(TenantSummary::from(&tenant).accounts, ["main"]);
}

#[test]
fn the_packaged_example_is_a_tenant() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/tenant.example.toml");
    let secret = |_: &str| Some("a-secret".to_owned());
    let tenant = read_tenant_file(&path, &secret).unwrap();
    assert_eq!(tenant.accounts.len(), 1);
    let text = std::fs::read_to_string(&path).unwrap();
    for field in FIELDS.iter().chain(ACCOUNT_FIELDS) {
        assert!(text.contains(field), "{field} is not in the example");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_damage_is_a_tenant_or_a_sentence_without_secrets(at in 0..FULL.len(), len in 0..6_usize, insert in "[ -~\n\t]{0,4}") {
        let end = (at + len).min(FULL.len());
        let text = format!("{}{insert}{}", FULL.get(..at).unwrap(), FULL.get(end..).unwrap());
        if let Err(error) = read(&text) {
            let sentence = error.to_string();
            // A damaged secret may have become a key of its own: what is left of the marker is what counts.
            let leaked = ["client", "signing", "salt", "api"].iter().any(|s| sentence.contains(&format!("PLANTED-{s}")));
            prop_assert!(!leaked, "{}", sentence);
            prop_assert!(!sentence.contains('\n'));
        }
    }

    #[test]
    fn any_text_is_a_tenant_or_a_sentence(text in "\\PC{0,80}") {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn webhook_tokens_are_long_enough_to_be_unguessable_and_safe_in_a_path(seed: u64) {
        use rand::SeedableRng as _;
        let token = webhook_token(&mut rand::rngs::StdRng::seed_from_u64(seed));
        prop_assert_eq!(token.len(), TOKEN_CHARS);
        prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
