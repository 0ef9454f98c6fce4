//! Who may call, by address (spec T7), as a caller sees it and as an admin lists it.

use serde_json::{Value, json};
use waypost::config::{Config, Networks};

use crate::support::{Answered, TestApp, spawn_app};

/// An address that no list of these tests has.
const STRANGER: &str = "198.51.100.66";
const INBOUND: &str = "/infobip/webhooks/inboundMessage";
/// A call of SFMC's servers that needs nothing but to be let in.
const UNPUBLISH: &str = "/activities/messaging/unpublish";
/// What marketers' browsers load.
const OPEN_TO_ALL: [&str; 3] =
    ["/activities/messaging/config.json", "/activities/messaging/index.html", "/activities/reports/icon.svg"];

fn list(texts: &[&str]) -> Networks {
    let list: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
    let toml = format!("[allowlist]\nconsole = [{}]\n", list.join(", "));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("waypost.toml");
    std::fs::write(&file, toml).unwrap();
    Config::load(Some(&file), &|_| None).unwrap().allowlist.console
}

async fn call(app: &TestApp, method: reqwest::Method, path: &str, forwarded: &[&str]) -> Answered {
    let mut request = app.http.request(method, app.url(path)).body(json!({ "results": [] }).to_string());
    for value in forwarded {
        request = request.header("x-forwarded-for", *value);
    }
    Answered::read(request.send().await.unwrap()).await
}

/// The status of both surfaces.
async fn both(app: &TestApp, forwarded: &[&str]) -> [u16; 2] {
    let webhooks = call(app, reqwest::Method::POST, INBOUND, forwarded).await;
    let activities = call(app, reqwest::Method::POST, UNPUBLISH, forwarded).await;
    [webhooks.status, activities.status]
}

/// The status of a webhook that comes with such a header.
async fn forwarded_bytes(app: &TestApp, value: &[u8]) -> u16 {
    let value = reqwest::header::HeaderValue::from_bytes(value).unwrap();
    let request = app.http.post(app.url(INBOUND)).header("x-forwarded-for", value);
    request.body(json!({ "results": [] }).to_string()).send().await.unwrap().status().as_u16()
}

async fn peers(app: &TestApp) -> Vec<Value> {
    app.cli(&["peers", "--json"]).await.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn without_a_list_everybody_passes_and_is_remembered() {
    let app = spawn_app().await;
    assert_eq!(both(&app, &[STRANGER]).await, [200, 200]);
    call(&app, reqwest::Method::POST, "/infobip/webhooks/inboundMessage/of-nobody", &[]).await;
    let seen = peers(&app).await;
    let of = |surface: &str| seen.iter().find(|peer| peer["surface"] == surface).unwrap().clone();
    // What a stranger says of itself counts for nothing.
    assert!(seen.iter().all(|peer| peer["address"] == "127.0.0.1"), "{seen:?}");
    assert_eq!((&of("webhooks")["calls"], &of("webhooks")["succeeded"]), (&json!(2), &json!(1)));
    assert_eq!(of("activities")["allowed"], Value::Null);
    let lines = app.cli(&["peers"]).await.out;
    assert!(lines.contains("webhooks\t127.0.0.1\t2 calls\t1 succeeded\t0 refused\t"), "{lines}");
    app.finish().await;
}

#[tokio::test]
async fn who_is_not_on_the_list_is_refused_in_one_plain_sentence_and_counted() {
    let app = spawn_app()
        .with_config(|config| {
            config.allowlist.webhooks = list(&["infobip", "192.0.2.0/24"]);
            config.allowlist.console = list(&["192.0.2.0/24"]);
        })
        .await;
    for _ in 0..3 {
        let refused = call(&app, reqwest::Method::POST, INBOUND, &["193.105.74.1"]).await;
        assert_eq!(refused.status, 403);
        assert_eq!(refused.json(), json!({ "errors": ["your address is not on the allowlist of this server"] }));
        assert_eq!(refused.header("x-content-type-options"), "nosniff");
    }
    let health = app.get(&format!("http://{}/healthz", app.addresses().monitoring)).await;
    assert_eq!(health.status, 403);
    // Each surface has its own.
    assert_eq!(both(&app, &[]).await, [403, 200]);
    let refused = app.status().await["callers_refused"].clone();
    assert_eq!(refused, json!({ "activities": 0, "webhooks": 4, "console": 1 }));
    let seen = peers(&app).await;
    let webhooks = seen.iter().find(|peer| peer["surface"] == "webhooks").unwrap();
    assert_eq!((&webhooks["refused"], &webhooks["allowed"]), (&json!(4), &json!(false)));
    app.finish().await;
}

#[tokio::test]
async fn a_proxy_is_believed_and_nobody_else() {
    let app = spawn_app()
        .with_config(|config| {
            config.server.trusted_proxies = list(&["127.0.0.0/8", "10.0.0.0/8"]);
            config.allowlist.webhooks = list(&["192.0.2.0/24", "2001:db8::/32"]);
            config.allowlist.activities = list(&["192.0.2.0/24", "2001:db8::/32"]);
        })
        .await;
    for allowed in [
        &["192.0.2.1"][..],
        &["::ffff:192.0.2.1"],
        &["2001:db8::7"],
        &["[2001:db8::7]:4711"],
        &["198.51.100.66, 192.0.2.1"],
        &["198.51.100.66, 192.0.2.1, 10.0.0.9"],
        &["198.51.100.66", "192.0.2.1, 10.0.0.9"],
    ] {
        assert_eq!(both(&app, allowed).await, [200, 200], "{allowed:?}");
    }
    for refused in [
        &[][..],
        &[STRANGER],
        &["::ffff:198.51.100.66"],
        // Written by the stranger itself, before the proxy added the address that it saw.
        &["192.0.2.1, 198.51.100.66"],
        &["192.0.2.1", "198.51.100.66"],
        &["192.0.2.1, unknown"],
        &["192.0.2.1,"],
        &["192.0.2.1 198.51.100.66"],
    ] {
        assert_eq!(both(&app, refused).await, [403, 403], "{refused:?}");
    }
    // Bytes that are no text do not hide what the proxy has added.
    for (value, expected) in [(&b"\xe9, 192.0.2.1"[..], 200), (b"\xe9, 198.51.100.66", 403), (b"192.0.2.1, \xe9", 403)]
    {
        assert_eq!(forwarded_bytes(&app, value).await, expected, "{value:?}");
    }
    let seen = peers(&app).await;
    let addresses: Vec<_> =
        seen.iter().filter(|peer| peer["surface"] == "webhooks").map(|peer| &peer["address"]).collect();
    assert!(addresses.contains(&&json!("192.0.2.1")) && addresses.contains(&&json!(STRANGER)), "{addresses:?}");
    app.finish().await;
}

#[tokio::test]
async fn who_hides_behind_a_listed_proxy_is_not_the_proxy() {
    let app = spawn_app()
        .with_config(|config| {
            config.server.trusted_proxies = list(&["127.0.0.0/8"]);
            config.allowlist.webhooks = list(&["127.0.0.0/8"]);
        })
        .await;
    // The proxy's own calls, such as of its health check, say nothing. Where there is no list there is nobody to refuse.
    assert_eq!(both(&app, &[]).await, [200, 200]);
    for hidden in ["unknown", "198.51.100.66,", ""] {
        assert_eq!(both(&app, &[hidden]).await, [403, 200], "{hidden}");
    }
    for hidden in [&b"\xe9, 198.51.100.66"[..], b"198.51.100.66, \xe9"] {
        assert_eq!(forwarded_bytes(&app, hidden).await, 403, "{hidden:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_strangers_word_for_an_allowed_address_is_not_taken() {
    let app = spawn_app()
        .with_config(|config| {
            config.server.trusted_proxies = list(&["10.0.0.0/8"]);
            config.allowlist.webhooks = list(&["192.0.2.0/24"]);
            config.allowlist.activities = list(&["192.0.2.0/24"]);
        })
        .await;
    assert_eq!(both(&app, &["192.0.2.1"]).await, [403, 403]);
    assert_eq!(both(&app, &["192.0.2.1, 10.0.0.1"]).await, [403, 403]);
    // Marketers' browsers come from anywhere; what they load holds no secret.
    for path in OPEN_TO_ALL {
        assert_eq!(app.get(&app.url(path)).await.status, 200, "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn on_the_bare_path_an_allowlisted_caller_fires_events() {
    let listed = || spawn_app().with_config(|config| config.allowlist.webhooks = list(&["127.0.0.1"]));
    for (mut app, fires) in [(listed().await, Some("APIEvent-1")), (spawn_app().await, None)] {
        let activity = app.new_activity(&[("eventDefinitionKey", "APIEvent-1")]).await;
        let id = app.execute(&app.call_of(&activity, "C-1").to("385911234567")).await.message_id();
        app.until_received(1).await;
        app.until("the message to be sent", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
        let body = json!({ "event": "MO", "channel": "SMS", "sender": "385911234567", "destination": "Waypost",
            "messageId": "mo-1", "content": [{ "type": "TEXT", "text": "YES" }], "pairedMessageId": id,
            "receivedAt": "2026-11-24T09:00:00.000+0000", "messageCount": 1 });
        assert_eq!(app.post(&app.url(INBOUND), body.to_string()).await.status, 200);
        let mid = app.tenant.mid;
        let kept = app.inspect(|store| store.inbound(Some(mid)).unwrap()).await;
        assert_eq!(kept[0].fires.as_deref(), fires);
        app.finish_with_work_left().await;
    }
}
