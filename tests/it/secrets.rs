//! Nothing that is secret or personal lies readable in the store or stands in a log (spec T6, O5).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use waypost::clock::SystemClock;
use waypost::sandbox::{DeliveryScript, Fault, FaultKind, Sandbox, SandboxOptions};

use crate::support::{Activity, Call, MASTER_KEY_HEX, Server, TenantFile, eventually, tenant};

/// Everything that must not be found, and what it is.
fn planted(unit: &TenantFile, webhook_token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("API key", unit.api_key().to_owned()),
        ("client secret", unit.client_secret.clone()),
        ("signing secret", unit.signing_secret.clone()),
        ("salt", unit.salt.as_ref().unwrap().1.clone()),
        ("master key", MASTER_KEY_HEX.to_owned()),
        ("master key, raw", "\u{17}".repeat(32)),
        ("webhook token", webhook_token.to_owned()),
        ("phone number", "385917654321".to_owned()),
        ("phone number of a refused message", "99900080007".to_owned()),
        ("text", "the code is blue-heron-42".to_owned()),
        ("contact key", "contact-key-of-ann-example".to_owned()),
        ("callback value", "callback-value-gold-segment".to_owned()),
        ("local phone number of a mistaken contact", "0917654321".to_owned()),
    ]
}

/// The forms in which a secret could lie about.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![secret.as_bytes().to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    forms.push(STANDARD.encode(secret).into_bytes());
    // Inside a longer text it is encoded from any of three offsets; what the neighbours touch is cut off.
    for offset in 0..3 {
        let shifted = [" ".repeat(offset), secret.to_owned()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            forms.push(encoded.as_bytes()[(offset * 8).div_ceil(6)..encoded.len() - 2].to_vec());
        }
    }
    forms.push(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms
}

#[track_caller]
fn assert_absent(place: &str, haystack: &[u8], planted: &[(&'static str, String)]) {
    for (what, secret) in planted {
        for form in forms(secret) {
            let is_there = haystack.windows(form.len()).any(|window| window == form);
            assert!(!is_there, "{what} stands in {place} as {:?}", String::from_utf8_lossy(&form));
        }
    }
}

fn files_of(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_of(&path) } else { vec![path] }).collect()
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let planted = [("it", "needle-in-the-hay".to_owned())];
    for hidden in [
        "xx needle-in-the-hay".to_owned(),
        STANDARD.encode("x needle-in-the-hay y"),
        URL_SAFE_NO_PAD.encode("xy: needle-in-the-hay"),
        "6e6565646c652d696e2d7468652d686179".to_owned(),
    ] {
        let found = std::panic::catch_unwind(|| assert_absent("a test", hidden.as_bytes(), &planted));
        assert!(found.is_err(), "not found in {hidden}");
    }
    assert_absent("a test", b"needle-in-another-hay", &planted);
}

/// A test message from the activity's page, and one that is refused.
async fn test_from_the_page(activity: &Activity, sandbox: &Sandbox, unit: &TenantFile, http: &reqwest::Client) {
    let mid = unit.mid.to_string();
    let credentials = serde_json::json!({ "grant_type": "client_credentials", "client_id": unit.client_id,
        "client_secret": unit.client_secret, "account_id": mid });
    let post = async |url: String, session: &str, body: serde_json::Value| -> serde_json::Value {
        http.post(url).bearer_auth(session).json(&body).send().await.unwrap().json().await.unwrap()
    };
    let token = post(format!("{}/v2/token", sandbox.sfmc_origin()), "", credentials).await;
    let exchange = serde_json::json!({ "token": token["access_token"], "restHosts": [], "mid": unit.mid });
    let (public, _) = activity.execute_url().split_once("/messaging/").unwrap();
    let opened = post(format!("{public}/session"), "", exchange).await;
    let session = opened["session"].as_str().unwrap_or_else(|| panic!("{opened}"));
    for (to, is_sent) in [("385917654321", true), ("0917654321", false)] {
        let order = serde_json::json!({ "journey": {}, "to": to,
            "arguments": [["channel", "SMS"], ["sender", "Waypost"], ["text", "{{Event.E.Text}}"],
                ["callbackName1", "Segment"], ["callbackValue1", "callback-value-gold-segment"]],
            "values": [["{{Event.E.Text}}", "the code is blue-heron-42"], ["{{Contact.Key}}", "contact-key-of-ann-example"]] });
        let tested = post(format!("{public}/messaging/page/test"), session, order).await;
        assert_eq!(tested["sent"], is_sent, "{tested}");
    }
}

#[tokio::test]
async fn nothing_secret_or_personal_is_in_the_store_or_the_log() {
    let dir = tempfile::TempDir::new().unwrap();
    let delivery = DeliveryScript { delay: Duration::from_millis(50), ..DeliveryScript::default() };
    let sandbox =
        Sandbox::start(SandboxOptions { delivery, ..SandboxOptions::default() }, Arc::new(SystemClock::new()));
    let sandbox = sandbox.await.unwrap();
    let mut unit = tenant();
    unit.salt = Some(("waypost-salt".into(), "salt-value-that-is-long".into()));
    unit.register(&sandbox);
    let mut server = Server::new(dir.path(), "[log]\nformat = \"json\"\nlevel = \"trace\"\n");
    server.start().await;
    let tenant_file = dir.path().join("tenant.toml");
    std::fs::write(&tenant_file, unit.toml(&sandbox.sfmc_origin(), &sandbox.infobip_base_url())).unwrap();
    server.cli(&["tenant", "add", "--file", tenant_file.to_str().unwrap()]).await.succeeded();
    let mid = unit.mid.to_string();
    server.cli(&["tenant", "check", &mid]).await.succeeded();
    let arguments =
        ["activity", "new", "--mid", &mid, "--kind", "messaging", "--set", "channel=SMS", "--set", "sender=Waypost"];
    let activity = Activity::new(server.cli(&arguments).await.json());
    let call = |phone: &str| {
        let call = Call::new(&activity, "salt-value-that-is-long", "contact-key-of-ann-example").to(phone);
        call.text("the code is blue-heron-42")
            .set("callbackName1", "Segment")
            .set("callbackValue1", "callback-value-gold-segment")
    };
    let http = reqwest::Client::new();
    let execute = async |call: &Call| http.post(&call.url).body(call.bytes()).send().await.unwrap().status().as_u16();

    // All the ways that something may be written about: refused, malformed, retried, looked up, reported, unforwarded.
    let infobip = sandbox.infobip();
    let sends = |fault| Fault::next(1, fault).on("/sms/3/messages");
    infobip.add_fault(sends(FaultKind::Status { code: 500 }));
    infobip.add_fault(sends(FaultKind::ResetBeforeReading));
    infobip.add_fault(sends(FaultKind::Status { code: 400 }));
    sandbox.sfmc().add_fault(Fault::next(2, FaultKind::Status { code: 500 }).on("/data/"));
    let mut statuses = Vec::new();
    for phone in ["385917654321", "99900080007", "385917654321", "0917654321"] {
        statuses.push(execute(&call(phone)).await);
    }
    statuses.push(execute(&call("385917654321").signed_with("wrong")).await);
    statuses.push(execute(&call("385917654321").unsigned()).await);
    assert_eq!(statuses, [200, 200, 200, 200, 401, 401]);
    let forwarded = async || {
        let status = server.cli(&["status", "--json"]).await.json();
        let unit = &status["business_units"][0];
        let is_done = unit["queued"] == 0 && unit["reports_waiting"] == 0 && status["maybe_sent"] == 0;
        (is_done && infobip.webhooks_pending() == 0).then_some(())
    };
    eventually("the reports to be forwarded", &forwarded).await;
    test_from_the_page(&activity, &sandbox, &unit, &http).await;
    eventually("the test's report to be forwarded", &forwarded).await;
    let token_url = infobip.received()[0].raw.pointer("/webhooks/delivery/url").unwrap().as_str().unwrap().to_owned();
    let token = token_url.rsplit('/').next().unwrap();
    let malformed = r#"{"results":[{"to":"385917654321"},{"messageId":5,"status":"the code is blue-heron-42"}]}"#;
    http.post(&token_url).body(malformed).send().await.unwrap();
    http.post(format!("{token_url}x")).body(malformed).send().await.unwrap();
    let (base, _) = token_url.split_once("/deliveryReport/").unwrap();
    for path in [format!("urlTracking/sms/{token}"), format!("inboundMessage/{token}"), "inboundMessage".to_owned()] {
        http.post(format!("{base}/{path}")).body(malformed).send().await.unwrap();
    }
    assert!(server.terminate().await.success());

    let log = server.log();
    assert!(log.lines().count() > 6, "too quiet to prove anything: {log}");
    assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "not JSON: {log}");
    assert!(log.contains("A test message was ordered from an activity's page"), "not audited: {log}");
    let planted = planted(&unit, token);
    assert_absent("the log", log.as_bytes(), &planted);
    let files = files_of(&server.store_dir);
    assert!(!files.is_empty());
    for file in files {
        let content = std::fs::read(&file).unwrap();
        assert_absent(&file.display().to_string(), &content, &planted);
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        let of_dir = std::fs::metadata(&server.store_dir).unwrap().permissions().mode();
        assert!(mode & 0o077 == 0 || of_dir & 0o077 == 0, "others may read {}", file.display());
    }
    sandbox.stop().await;
}
