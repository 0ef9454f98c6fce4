//! Replies: rows of *Inbound Messages* from both formats of each channel (infobip.md 9.5, 9.6, 12.5).

use super::*;

/// Columns and their values.
type Columns = &'static [(&'static str, &'static str)];

const OURS: &str = "385915550000";
const RECEIVED: &str = "2026-11-24T10:00:00.000+0100";

fn messages_api(id: &str, channel: &str) -> Value {
    json!({ "event": "MO", "channel": channel, "sender": PERSON, "destination": OURS,
        "content": [{ "type": "TEXT", "text": "YES please", "cleanText": "please", "keyword": "YES" }],
        "receivedAt": RECEIVED, "messageId": id, "callbackData": "theirs", "messageCount": 1,
        "platform": { "entityId": "e", "applicationId": "a" }, "campaignReferenceId": "c" })
}

/// What each format's own example says.
fn common(id: &str, channel: &str) -> Row {
    row(&[
        ("messageId", id),
        ("channel", channel),
        ("sender", PERSON),
        ("destination", OURS),
        ("contentType", "TEXT"),
        ("message", "YES please"),
        ("receivedAt", "2026-11-24T09:00:00Z"),
        ("callbackData", "theirs"),
    ])
}

const API_ONLY: &[(&str, &str)] = &[
    ("cleanText", "please"),
    ("keyword", "YES"),
    ("messageCount", "1"),
    ("entityId", "e"),
    ("applicationId", "a"),
    ("campaignReferenceId", "c"),
];

/// Each channel's own format, with what its row has beyond the common columns.
fn own_formats() -> Vec<(&'static str, Value, Columns)> {
    let body = |id: &str, more: Value| {
        let mut body = json!({ "messageId": id, "to": OURS, "receivedAt": RECEIVED, "callbackData": "theirs" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let price = json!({ "pricePerMessage": 0, "currency": "EUR" });
    let sms = json!({ "from": PERSON, "text": "YES please", "cleanText": "please", "keyword": "YES", "smsCount": 2,
        "price": price, "applicationId": "a", "entityId": "e", "campaignReferenceId": "c" });
    let mms = json!({ "from": PERSON, "userAgent": "x", "group": [], "price": price, "message": [
        { "contentType": "text/plain", "value": "YES please" }, { "contentType": "image/png", "url": "https://cdn.example/a" }] });
    let whatsapp = json!({ "from": PERSON, "integrationType": "WHATSAPP", "keyword": "YES", "price": price,
        "message": { "type": "TEXT", "text": "YES please", "context": { "id": "wamid", "from": OURS } },
        "contact": { "name": "Ana" }, "identity": {} });
    let viber = json!({ "sender": PERSON, "integrationType": "VIBER", "keyword": "YES", "price": price,
        "message": { "type": "TEXT", "text": "YES please", "trackingData": "t" } });
    let rcs = json!({ "sender": PERSON, "integrationType": "RCS", "message": { "type": "TEXT", "text": "YES please" },
        "rcsCount": 1, "conversation": { "id": "x" }, "platform": { "entityId": "e", "applicationId": "a" } });
    let all_of_sms = &[
        ("cleanText", "please"),
        ("keyword", "YES"),
        ("messageCount", "2"),
        ("entityId", "e"),
        ("applicationId", "a"),
        ("campaignReferenceId", "c"),
    ];
    vec![
        ("SMS", body("own-SMS", sms), all_of_sms),
        ("MMS", body("own-MMS", mms), &[]),
        ("WhatsApp", body("own-WhatsApp", whatsapp), &[("keyword", "YES")]),
        ("Viber", body("own-Viber", viber), &[("keyword", "YES")]),
        ("RCS", body("own-RCS", rcs), &[("messageCount", "1"), ("entityId", "e"), ("applicationId", "a")]),
    ]
}

#[tokio::test]
async fn each_channels_replies_become_exact_rows_once_in_both_formats() {
    let app = app().await;
    let url = address(&app, "main", "inboundMessage").await;
    let mut bodies = Vec::new();
    let mut expected = Vec::new();
    let channels = [("SMS", "SMS"), ("MMS", "MMS"), ("WHATSAPP", "WhatsApp"), ("VIBER_BM", "Viber"), ("RCS", "RCS")];
    for (name, reported_as) in channels {
        let id = format!("api-{name}");
        bodies.push(messages_api(&id, name));
        expected.push(with(common(&id, reported_as), API_ONLY));
    }
    for (channel, body, more) in own_formats() {
        let id = body["messageId"].as_str().unwrap();
        expected.push(with(common(id, channel), more));
        bodies.push(body);
    }
    for _ in 0..2 {
        bring(&app, &url, &results(&bodies)).await;
        bodies.reverse();
        settled(&app).await;
    }
    let mut rows = app.sfmc().rows(app.tenant.mid, INBOUND_KEY);
    rows.sort();
    expected.sort();
    assert_eq!(rows, expected);
    app.finish().await;
}

#[tokio::test]
async fn texts_are_cut_to_their_columns() {
    let app = app().await;
    let url = address(&app, "main", "inboundMessage").await;
    let mut reply = messages_api("mo-long", "SMS");
    reply["content"] = json!([
        { "type": "TEXT", "text": "x".repeat(2000), "cleanText": "y".repeat(4001), "keyword": "z".repeat(101) },
        { "type": "TEXT", "text": format!("{}😀", "x".repeat(1998)) },
    ]);
    bring(&app, &url, &results(&[reply])).await;
    settled(&app).await;
    // 2000, a line's end and 1998: one unit is left, and the emoji takes two.
    let message = format!("{}\n{}", "x".repeat(2000), "x".repeat(1998));
    let (clean, keyword) = ("y".repeat(4000), "z".repeat(100));
    let changes = [("message", &*message), ("cleanText", &*clean), ("keyword", &*keyword)];
    let expected = with(with(common("mo-long", "SMS"), API_ONLY), &changes);
    assert_eq!(rows_of(&app, INBOUND_KEY, "mo-long"), [expected]);
    app.finish().await;
}
