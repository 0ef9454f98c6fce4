//! What Infobip calls, on every path: stored before it is answered, once, and for the right account (spec §2, R1, R3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use waypost::app::inspection::{Heard, StoredInbound};
use waypost::sandbox::WebhookFaults;

use crate::support::{AccountFile, Answered, Page, TenantFile, TestApp, spawn_app, tenant};

const PERSON: &str = "385911234567";
const AUTH: [&str; 3] = ["infobip", "open sesame", "the key of the HMAC"];

/// A Waypost that has sent one message, and hears of it only what the test brings. Its reports go to a page, so that no
/// data extension is asked for.
struct Sent {
    app: TestApp,
    page: Page,
    message_id: String,
    token: String,
}

async fn sent_by(mut unit: TenantFile) -> Sent {
    let page = Page::open().await;
    for account in &mut unit.accounts {
        account.external_url = Some(page.url.clone());
    }
    let app = spawn_app().with_tenant(unit).await;
    app.infobip().set_webhook_faults(WebhookFaults { off: true, ..WebhookFaults::default() });
    let activity = app.new_activity(&[("eventDefinitionKey", "APIEvent-1")]).await;
    let message_id = app.execute(&app.call_of(&activity, "C-1").to(PERSON)).await.message_id();
    app.until("the message to be sent", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
    let received = app.infobip().received();
    let url = received[0].raw.pointer("/webhooks/delivery/url").and_then(Value::as_str).unwrap();
    let token = url.rsplit('/').next().unwrap().to_owned();
    Sent { app, page, message_id, token }
}

async fn sent() -> Sent {
    sent_by(tenant()).await
}

/// A business unit whose one account has set up both kinds of authentication.
fn authenticated() -> TenantFile {
    let mut unit = tenant();
    unit.accounts[0].webhook_auth = Some(AUTH);
    unit
}

impl Sent {
    async fn bring(&self, path: &str, body: &Value) -> Answered {
        self.bring_with(path, body.to_string(), &[]).await
    }

    async fn bring_with(&self, path: &str, body: String, headers: &[(&str, &str)]) -> Answered {
        let path = path.replace("TOKEN", &self.token);
        let mut request = self.app.http.post(self.app.url(&format!("/infobip/webhooks/{path}"))).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answered::read(request.send().await.unwrap()).await
    }

    #[track_caller]
    fn brought(answer: &Answered) {
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    }

    async fn heard(&mut self, message_id: &str) -> Heard {
        let mid = self.app.tenant.mid;
        self.app.inspect(|store| store.heard(mid, message_id).unwrap()).await
    }

    async fn inbound(&mut self) -> Vec<StoredInbound> {
        let mid = self.app.tenant.mid;
        self.app.inspect(|store| store.inbound(Some(mid)).unwrap()).await
    }

    async fn finish(self) {
        // Replies and clicks have nowhere to go, and an event waits for its time.
        self.app.finish_with_work_left().await;
        self.page.close().await;
    }
}

fn delivered(message_id: &str) -> Value {
    json!({ "messageId": message_id, "doneAt": "2026-11-24T08:00:05.000+0000",
        "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET" } })
}

fn seen(message_id: &str, seen_at: &str) -> Value {
    json!({ "messageId": message_id, "from": PERSON, "to": "Waypost", "sentAt": "2026-11-24T08:00:00.000+0000",
        "seenAt": seen_at })
}

fn click(message_id: &str, millis: u64) -> Value {
    json!({ "notificationType": "CLICKED", "messageId": message_id, "recipient": PERSON, "url": "https://shop.example/1",
        "sendDateTime": millis, "recipientInfo": { "deviceType": "Phone" } })
}

fn reply(id: &str, destination: &str, text: &str) -> Value {
    json!({ "event": "MO", "channel": "SMS", "sender": PERSON, "destination": destination, "messageId": id,
        "content": [{ "type": "TEXT", "text": text }], "receivedAt": "2026-11-24T09:00:00.000+0000", "messageCount": 1 })
}

/// A reply that names the message that it answers.
fn paired(id: &str, destination: &str, message_id: &str) -> Value {
    let mut reply = reply(id, destination, "YES");
    reply["pairedMessageId"] = message_id.into();
    reply
}

fn signature(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(AUTH[2].as_bytes()).unwrap();
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn both_report_paths_take_both_kinds_with_and_without_a_slash() {
    let mut sent = sent().await;
    let id = sent.message_id.clone();
    let mixed = json!({ "results": [delivered(&id), seen("m-seen", "2026-11-24T09:00:00Z")] });
    Sent::brought(&sent.bring("seenReport/sms/TOKEN/", &mixed).await);
    Sent::brought(&sent.bring("deliveryReport/sms/TOKEN", &seen(&id, "2026-11-24T09:30:00Z")).await);
    let expected = Heard {
        status_name: Some("DELIVERED_TO_HANDSET".into()),
        seen_at: Some("2026-11-24T09:30:00Z".into()),
        clicks: Vec::new(),
    };
    assert_eq!(sent.heard(&id).await, expected);
    // The earlier one stands, and a repeat changes nothing.
    for seen_at in ["2026-11-24T09:10:00Z", "2026-11-24T09:30:00Z", "2026-11-24T09:10:00Z"] {
        Sent::brought(&sent.bring("deliveryReport/sms/TOKEN/", &json!([seen(&id, seen_at)])).await);
    }
    assert_eq!(sent.heard(&id).await, Heard { seen_at: Some("2026-11-24T09:10:00Z".into()), ..expected });
    let of_nobodys = Heard { seen_at: Some("2026-11-24T09:00:00Z".into()), ..Heard::default() };
    assert_eq!(sent.heard("m-seen").await, of_nobodys);
    sent.finish().await;
}

#[tokio::test]
async fn each_click_is_kept_once() {
    let mut sent = sent().await;
    let id = sent.message_id.clone();
    let results = json!({ "results": [click(&id, 1_790_000_000_000), click(&id, 1_790_000_001_000), 7] });
    for body in [click(&id, 1_790_000_000_000), json!([click(&id, 1_790_000_000_000)]), results.clone(), results] {
        Sent::brought(&sent.bring("urlTracking/sms/TOKEN", &body).await);
    }
    Sent::brought(&sent.bring("urlTracking/viber/TOKEN/", &click("m-of-nobody", 1_790_000_000_000)).await);
    let clicked = |moment: &str| (moment.to_owned(), "https://shop.example/1".to_owned());
    let both = [clicked("2026-09-21T14:13:20Z"), clicked("2026-09-21T14:13:21Z")];
    assert_eq!(sent.heard(&id).await.clicks, both);
    assert_eq!(sent.heard("m-of-nobody").await.clicks, [clicked("2026-09-21T14:13:20Z")]);
    sent.finish().await;
}

#[tokio::test]
async fn replies_of_an_account_are_kept_once_and_what_is_none_is_not() {
    let mut sent = sent().await;
    let mut button = reply("mo-button", "Waypost", "Yes");
    button["content"][0]["type"] = "BUTTON_REPLY".into();
    let mut typing = reply("mo-typing", "Waypost", "");
    typing["event"] = "TYPING_STARTED".into();
    let own_format = json!({ "messageId": "mo-2", "from": PERSON, "to": "anything", "text": "own format",
        "receivedAt": "2026-11-24T09:00:00.000+0000", "smsCount": 1 });
    let first = paired("mo-1", "Waypost", &sent.message_id);
    let body = json!({ "results": [first, button, typing, {}, 7, own_format] });
    let mid = sent.app.tenant.mid.to_string();
    let printed = sent.app.cli(&["inbound", "address", "--mid", &mid]).await;
    let address = printed.succeeded().out.trim().to_owned();
    assert!(printed.err.starts_with("Prefer this address"), "{}", printed.err);
    assert_eq!(address, sent.app.url(&format!("/infobip/webhooks/inboundMessage/{}", sent.token)));
    for path in ["inboundMessage/TOKEN", "inboundMessage/TOKEN/"] {
        Sent::brought(&sent.bring(path, &body).await);
    }
    let stored = |id: &str, text: &str| StoredInbound {
        message_id: id.into(),
        channel: "SMS".into(),
        text: text.into(),
        account: Some("main".into()),
        answers: None,
        fires: None,
    };
    let answer = StoredInbound {
        answers: Some(sent.message_id.clone()),
        fires: Some("APIEvent-1".into()),
        ..stored("mo-1", "YES")
    };
    assert_eq!(sent.inbound().await, [answer, stored("mo-2", "own format")]);
    sent.finish().await;
}

#[tokio::test]
async fn callback_data_of_ours_finds_the_message_that_is_answered() {
    let mut sent = sent().await;
    let received = sent.app.infobip().received();
    let data = received[0].raw.pointer("/webhooks/callbackData").and_then(Value::as_str).unwrap();
    assert!(data.contains("\"ActivityId\""));
    let mut reply = reply("mo-1", "Waypost", "YES");
    reply["callbackData"] = data.into();
    Sent::brought(&sent.bring("inboundMessage/TOKEN", &reply).await);
    assert_eq!(sent.inbound().await[0].answers.as_ref(), Some(&sent.message_id));
    sent.finish().await;
}

#[tokio::test]
async fn on_the_bare_path_the_sender_finds_the_account_and_only_proof_fires() {
    let mut sent = sent_by(authenticated()).await;
    let id = sent.message_id.clone();
    // Spelt otherwise than in the tenant file.
    let body = paired("mo-plain", " waypost", &id);
    for path in ["inboundMessage", "inboundMessage/"] {
        Sent::brought(&sent.bring(path, &body).await);
    }
    let signed = paired("mo-signed", "Waypost", &id).to_string();
    let signature = format!("sha256={}", signature(&signed));
    Sent::brought(&sent.bring_with("inboundMessage", signed, &[("x-hub-signature-256", &signature)]).await);
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", AUTH[0], AUTH[1])));
    let with_basic = paired("mo-basic", "Waypost", &id).to_string();
    Sent::brought(&sent.bring_with("inboundMessage", with_basic, &[("authorization", &basic)]).await);
    let kept: Vec<_> =
        sent.inbound().await.into_iter().map(|kept| (kept.message_id, kept.answers, kept.fires)).collect();
    let event = Some("APIEvent-1".to_owned());
    let expected = [("mo-basic", event.clone()), ("mo-plain", None), ("mo-signed", event)];
    assert_eq!(kept, expected.map(|(reply, fires)| (reply.to_owned(), Some(id.clone()), fires)));
    sent.finish().await;
}

#[tokio::test]
async fn wrong_credentials_are_refused_on_every_path() {
    let mut sent = sent_by(authenticated()).await;
    let id = sent.message_id.clone();
    let calls = [
        ("deliveryReport/sms/TOKEN", delivered(&id)),
        ("seenReport/sms/TOKEN", seen(&id, "2026-11-24T09:00:00Z")),
        ("urlTracking/sms/TOKEN", click(&id, 1)),
        ("inboundMessage/TOKEN", paired("mo-1", "Waypost", &id)),
        ("inboundMessage", paired("mo-1", "Waypost", &id)),
    ];
    let of_another = signature("another body");
    for (path, body) in &calls {
        for header in [("authorization", "Basic eDp5"), ("authorization", "Bearer x"), ("x-signature", &*of_another)] {
            let answer = sent.bring_with(path, body.to_string(), &[header]).await;
            assert_eq!(answer.status, 401, "{path} {header:?}");
            assert!(!answer.body.contains("sesame"), "{answer:?}");
        }
    }
    assert_eq!(sent.heard(&id).await, Heard::default());
    assert_eq!(sent.inbound().await, []);
    let body = calls[0].1.to_string();
    let right = signature(&body);
    Sent::brought(&sent.bring_with(calls[0].0, body, &[("x-signature", &right)]).await);
    assert_eq!(sent.heard(&id).await.status_name.as_deref(), Some("DELIVERED_TO_HANDSET"));
    sent.finish().await;
}

#[tokio::test]
async fn what_is_nobodys_is_kept_listed_and_given_to_an_account() {
    let mut unit = tenant();
    let second = AccountFile { label: "second".into(), ..unit.accounts[0].clone() };
    unit.accounts.push(second);
    let mut sent = sent_by(unit).await;
    assert!(sent.app.cli(&["inbound", "unassigned"]).await.succeeded().out.contains("no inbound message"));
    // Both accounts have this sender, and nobody the other.
    let bodies = [
        json!({ "results": [paired("mo-1", "Waypost", &sent.message_id), reply("mo-2", "385 91 555 0000", "secret text")] }),
        reply("mo-2", "385915550000", "secret text"),
    ];
    for body in &bodies {
        Sent::brought(&sent.bring("inboundMessage", body).await);
    }
    let listed = sent.app.cli(&["inbound", "unassigned", "--json"]).await;
    let listed = listed.succeeded();
    assert_eq!(listed.json().as_array().unwrap().len(), 2);
    assert!(!listed.out.contains("secret text") && !listed.out.contains(PERSON), "{}", listed.out);
    let lines = sent.app.cli(&["inbound", "unassigned"]).await.out;
    assert!(lines.contains("2026-11-24T09:00:00Z\tSMS\tto Waypost\tfrom …567\tTEXT"), "{lines}");

    let mid = sent.app.tenant.mid.to_string();
    let assign = ["inbound", "assign", "--mid", &mid, "--account", "second", "--destination"];
    let give = async |to: &str, app: &TestApp| app.cli(&[&assign[..], &[to]].concat()).await;
    assert!(give("+385915550000", &sent.app).await.succeeded().out.starts_with("1 inbound"));
    assert!(give("Waypost", &sent.app).await.succeeded().out.starts_with("1 inbound"));
    assert!(give("Waypost", &sent.app).await.succeeded().out.starts_with("0 inbound"));
    let unknown = ["inbound", "assign", "--mid", &mid, "--account", "third", "--destination", "Waypost"];
    assert_eq!(sent.app.cli(&unknown).await.code, 1);
    assert_eq!(sent.app.inspect(|store| store.inbound(None).unwrap()).await, []);
    let kept = sent.inbound().await;
    assert_eq!(kept.iter().map(|kept| &*kept.message_id).collect::<Vec<_>>(), ["mo-1", "mo-2"]);
    // Paired with what it answers, whose account has it then; but nothing is fired.
    assert_eq!((&kept[0].answers, &kept[0].fires), (&Some(sent.message_id.clone()), &None));
    assert_eq!(kept[1].account.as_deref(), Some("second"));
    sent.finish().await;
}

#[tokio::test]
async fn a_repeat_of_an_assigned_message_stays_assigned() {
    let mut sent = sent().await;
    let body = reply("mo-1", "385915550000", "YES");
    Sent::brought(&sent.bring("inboundMessage", &body).await);
    let mid = sent.app.tenant.mid.to_string();
    sent.app.cli(&["inbound", "assign", "--mid", &mid, "--destination", "385915550000"]).await.succeeded();
    Sent::brought(&sent.bring("inboundMessage", &body).await);
    assert_eq!(sent.app.inspect(|store| store.inbound(None).unwrap()).await, []);
    assert_eq!(sent.inbound().await.len(), 1);
    sent.finish().await;
}

#[tokio::test]
async fn what_is_left_out_is_counted() {
    let mut sent = sent().await;
    let mut typing = reply("mo-typing", "Waypost", "");
    typing["event"] = "TYPING_STARTED".into();
    let mut picture = reply("mo-picture", "Waypost", "");
    picture["content"][0]["type"] = "IMAGE".into();
    let inbound = json!({ "results": [typing, picture, reply("mo-1", "Waypost", "YES"), {}, 7] });
    for path in ["inboundMessage/TOKEN", "inboundMessage"] {
        Sent::brought(&sent.bring(path, &inbound).await);
    }
    Sent::brought(&sent.bring("deliveryReport/sms/TOKEN", &json!([{ "messageId": "m" }])).await);
    let left_out = sent.app.status().await["webhook_entries_left_out"].clone();
    assert_eq!(left_out, json!({ "unreadable": 5, "other_events": 2, "no_replies": 2 }));
    assert_eq!(sent.inbound().await.len(), 1);
    sent.finish().await;
}

#[tokio::test]
async fn a_body_may_be_compressed_and_a_stranger_is_refused_before_it_is_read() {
    use std::io::Write as _;
    let mut sent = sent().await;
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let post = async |sent: &Sent, path: &str, body: Vec<u8>| {
        let url = sent.app.url(&format!("/infobip/webhooks/{}", path.replace("TOKEN", &sent.token)));
        let request = sent.app.http.post(url).header("content-encoding", "gzip").body(body);
        Answered::read(request.send().await.unwrap()).await
    };
    let id = sent.message_id.clone();
    let body = gzip(delivered(&id).to_string().as_bytes());
    Sent::brought(&post(&sent, "deliveryReport/sms/TOKEN", body.clone()).await);
    assert_eq!(post(&sent, "deliveryReport/sms/TOKEN", b"no gzip".to_vec()).await.status, 400);
    // A few kB that would be 64 MB.
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
    assert_eq!(post(&sent, "deliveryReport/sms/TOKEN", bomb.clone()).await.status, 413);
    assert_eq!(post(&sent, "deliveryReport/sms/of-nobody", bomb).await.status, 404);
    assert_eq!(sent.heard(&id).await.status_name.as_deref(), Some("DELIVERED_TO_HANDSET"));
    sent.finish().await;
}

#[tokio::test]
async fn an_unknown_token_or_channel_is_not_found() {
    let sent = sent().await;
    let wrong_end = if sent.token.ends_with('A') { "B" } else { "A" };
    let wrong = format!("{}{wrong_end}", &sent.token[..sent.token.len() - 1]);
    for path in [
        format!("deliveryReport/sms/{wrong}"),
        format!("seenReport/sms/{wrong}"),
        format!("urlTracking/sms/{wrong}"),
        format!("inboundMessage/{wrong}"),
        "deliveryReport/fax/TOKEN".into(),
        "seenReport/fax/TOKEN".into(),
        "urlTracking/fax/TOKEN".into(),
        "urlTracking/TOKEN".into(),
        "inboundMessage/TOKEN/more".into(),
        "inbound/TOKEN".into(),
        String::new(),
    ] {
        assert_eq!(sent.bring(&path, &json!({})).await.status, 404, "{path}");
    }
    sent.finish().await;
}

#[tokio::test]
async fn bodies_have_limits_and_many_entries_are_taken_together() {
    let mut sent = sent().await;
    let paths = [
        "deliveryReport/sms/TOKEN",
        "seenReport/sms/TOKEN",
        "urlTracking/sms/TOKEN",
        "inboundMessage/TOKEN",
        "inboundMessage",
    ];
    for path in paths {
        for wrong in ["", "<xml/>", "{\"results\":"] {
            assert_eq!(sent.bring_with(path, wrong.into(), &[]).await.status, 400, "{path} {wrong}");
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        // One entry that can't be read, as any other: it costs nothing but itself.
        Sent::brought(&sent.bring_with(path, deep, &[]).await);
        assert_eq!(sent.bring(path, &json!(vec![7; 5_001])).await.status, 400, "{path}");
        Sent::brought(&sent.bring(path, &json!(vec![7; 5_000])).await);
        let oversized = format!("[\"{}\"]", "a".repeat(16 * 1024 * 1024));
        assert_eq!(sent.bring_with(path, oversized, &[]).await.status, 413, "{path}");
    }
    // Anybody can call the bare path: it takes less, and the paths with a token as much as ever.
    let long = json!([{ "x": "a".repeat(256 * 1024) }]);
    assert_eq!(sent.bring("inboundMessage", &long).await.status, 413);
    Sent::brought(&sent.bring("inboundMessage/TOKEN", &long).await);
    // As many as Infobip gathers at most, each with what a marketer may carry along.
    let reports: Vec<_> = (0..2_000)
        .map(|n| {
            let mut report = delivered(&format!("m-{n}"));
            report["callbackData"] = "x".repeat(1_000).into();
            report
        })
        .collect();
    Sent::brought(&sent.bring(paths[0], &json!({ "results": reports })).await);
    let replies: Vec<_> = (0..300).map(|n| reply(&format!("mo-{n}"), "Waypost", "YES")).collect();
    Sent::brought(&sent.bring(paths[3], &json!({ "results": replies })).await);
    assert_eq!(sent.heard("m-1999").await.status_name.as_deref(), Some("DELIVERED_TO_HANDSET"));
    assert_eq!(sent.inbound().await.len(), 300);
    sent.finish().await;
}

#[tokio::test]
async fn requests_name_the_addresses_that_clicks_come_back_to() {
    let sent = sent().await;
    let activity = sent.app.new_activity(&[("shortenUrl", "true"), ("trackClicks", "true")]).await;
    sent.app.execute(&sent.app.call_of(&activity, "C-2")).await.message_id();
    sent.app.until_received(2).await;
    let received = sent.app.infobip().received();
    let url = received[1].raw.pointer("/webhooks/delivery/url").and_then(Value::as_str).unwrap();
    let expected = url.replace("deliveryReport", "urlTracking");
    let request = sent.app.requests_to("/sms/3/messages").pop().unwrap();
    assert_eq!(request.body.pointer("/options/tracking/trackingUrl"), Some(&Value::from(expected)));
    sent.finish().await;
}
