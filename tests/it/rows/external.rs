//! Reports at the customer's own URLs, signed (spec R2).

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::*;
use crate::support::{Page, Posted};

const SIGNING_KEY: &str = "the customer's key";

/// Verifies a post as README.md tells a customer to.
#[track_caller]
fn assert_signed(posted: &Posted, now_secs: u64) {
    let (signature, timestamp) = (posted.signature.as_deref().unwrap(), posted.timestamp.as_deref().unwrap());
    let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING_KEY.as_bytes()).unwrap();
    mac.update(format!("{timestamp}.{}", posted.body).as_bytes());
    let digits = signature.strip_prefix("sha256=").unwrap().as_bytes();
    let tag: Vec<u8> =
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
    mac.verify_slice(&tag).unwrap();
    assert!(now_secs.abs_diff(timestamp.parse().unwrap()) < 300, "signed at {timestamp}");
}

#[tokio::test]
async fn each_kind_goes_to_its_url_signed_in_infobips_own_form() {
    let page = Page::open().await;
    let to = |kind: &str| format!("{}&kind={kind}", page.url);
    let mut unit = tenant();
    let tracking = format!(
        "tracking = {{ external = {{ sms_url = {:?}, omni_url = {:?}, clicks_url = {:?}, inbound_url = {:?}, \
         signing_key = {SIGNING_KEY:?} }} }}\n",
        to("sms"),
        to("omni"),
        to("clicks"),
        to("inbound"),
    );
    unit.accounts[0].senders = tracking.leak();
    let app = spawn_app().with_tenant(unit).await;
    prepare(&app).await;

    let status = json!({ "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET",
        "description": "Message delivered to handset" });
    let delivery = |id: &str| {
        json!({ "messageId": id, "to": PERSON, "sender": "Theirs", "bulkId": "b", "callbackData": "x",
        "sentAt": "2026-11-24T08:00:01.250+0000", "doneAt": "2026-11-24T10:00:05.999+0200", "messageCount": 2,
        "price": { "pricePerMessage": 0.0085, "currency": "EUR" }, "status": status })
    };
    let seen =
        json!({ "messageId": "m-viber", "from": PERSON, "to": "Theirs", "seenAt": "2026-11-24T09:00:00.000+0000" });
    let click = json!({ "notificationType": "CLICKED", "recipient": PERSON, "url": "https://shop.example/1",
        "sendDateTime": 1_790_000_000_123_u64, "messageId": "m-sms", "bulkId": "b", "callbackData": "x",
        "recipientInfo": { "deviceType": "Phone", "os": "iOS 12", "deviceName": "Apple" } });
    let reply = json!({ "event": "MO", "channel": "VIBER_BM", "sender": PERSON, "destination": "Theirs",
        "content": [{ "type": "TEXT", "text": "YES please", "cleanText": "please", "keyword": "YES" }],
        "receivedAt": "2026-11-24T09:00:00.000+0000", "messageId": "mo-1", "callbackData": "x", "messageCount": 1,
        "platform": { "entityId": "e", "applicationId": "a" }, "campaignReferenceId": "c" });
    let brought = [
        ("deliveryReport/sms", results(&[delivery("m-sms")])),
        ("deliveryReport/viber", results(&[delivery("m-viber")])),
        ("seenReport/viber", results(std::slice::from_ref(&seen))),
        ("urlTracking/sms", click.clone()),
        ("inboundMessage", results(std::slice::from_ref(&reply))),
    ];
    // Again, and nothing is posted a second time.
    for _ in 0..2 {
        for (kind, body) in &brought {
            bring(&app, &address(&app, "main", kind).await, body).await;
        }
        settled(&app).await;
    }

    let posted = |channel: &str, id: &str| {
        let mut report = delivery(id);
        report["sentAt"] = "2026-11-24T08:00:01.250Z".into();
        report["doneAt"] = "2026-11-24T08:00:05.999Z".into();
        report["channel"] = channel.into();
        results(&[report])
    };
    let changed = |mut body: Value, field: &str, value: &str| {
        body[field] = value.into();
        body
    };
    let mut expected = vec![
        ("sms", posted("SMS", "m-sms")),
        ("omni", posted("Viber", "m-viber")),
        ("omni", results(&[changed(seen, "seenAt", "2026-11-24T09:00:00.000Z")])),
        ("clicks", changed(click, "channel", "SMS")),
        ("inbound", results(&[changed(reply, "receivedAt", "2026-11-24T09:00:00.000Z")])),
    ]
    .into_iter()
    .map(|(kind, body)| (format!("key=0&kind={kind}"), body))
    .collect::<Vec<_>>();
    let mut taken = Vec::new();
    for posted in page.posted() {
        assert_signed(&posted, app.clock.now().as_secs());
        taken.push((posted.query, serde_json::from_str::<Value>(&posted.body).unwrap()));
    }
    let by_text = |(query, body): &(String, Value)| format!("{query} {body}");
    taken.sort_by_key(by_text);
    expected.sort_by_key(by_text);
    assert_eq!(taken, expected);
    assert_eq!((app.rows().len(), app.omni_rows().len()), (0, 0), "nothing goes to the data extensions");
    app.finish().await;
    page.close().await;
}
