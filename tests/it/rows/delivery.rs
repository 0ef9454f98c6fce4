//! Delivery reports: each shape of Infobip's (infobip.md 9.1, 9.2), in both data extensions.

use super::*;
use crate::support::{OMNI_KEY, REPORTS_KEY};

/// What every shape's example says below.
fn common(message_id: &str, reported_as: &str) -> Row {
    row(&[
        ("messageId", message_id),
        ("to", PERSON),
        ("pricePerMessage", "0.008500"),
        ("priceCurrency", "EUR"),
        ("statusGroupId", "2"),
        ("statusGroupName", "UNDELIVERABLE"),
        ("statusId", "9"),
        ("statusName", "UNDELIVERABLE_NOT_DELIVERED"),
        ("statusDescription", "Message sent not delivered"),
        ("errorGroupId", "1"),
        ("errorGroupName", "HANDSET_ERRORS"),
        ("errorId", "27"),
        ("errorName", "EC_ABSENT_SUBSCRIBER"),
        ("errorDescription", "Absent Subscriber"),
        ("errorPermanent", "true"),
        ("callbackData", "theirs"),
        ("sentAt", "2026-11-24T08:00:01Z"),
        ("doneAt", "2026-11-24T08:00:05Z"),
        ("channel", reported_as),
    ])
}

/// Fields that every shape has.
fn body(message_id: &str) -> Value {
    json!({
        "bulkId": "Infobip", "messageId": message_id,
        "sentAt": "2026-11-24T08:00:01.250+0000", "doneAt": "2026-11-24T10:00:05.999+0200",
        "status": { "groupId": 2, "groupName": "UNDELIVERABLE", "id": 9, "name": "UNDELIVERABLE_NOT_DELIVERED",
            "description": "Message sent not delivered" },
        "error": { "groupId": 1, "groupName": "HANDSET_ERRORS", "id": 27, "name": "EC_ABSENT_SUBSCRIBER",
            "description": "Absent Subscriber", "permanent": true },
    })
}

fn body_with(message_id: &str, more: &Value) -> Value {
    let mut body = body(message_id);
    let fields = body.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())));
    body
}

fn price() -> Value {
    json!({ "pricePerMessage": 0.0085, "currency": "EUR" })
}

fn unified(message_id: &str) -> Value {
    let more = json!({ "to": PERSON, "sender": "Theirs", "messageCount": 2, "mccMnc": "21910", "price": price(),
        "callbackData": "theirs", "platform": { "entityId": "e", "applicationId": "a" }, "campaignReferenceId": "c" });
    body_with(message_id, &more)
}

fn legacy(message_id: &str) -> Value {
    let more = json!({ "to": PERSON, "from": "Theirs", "smsCount": 2, "mccMnc": "21910", "price": price(),
        "callbackData": "theirs", "entityId": "e", "applicationId": "a" });
    body_with(message_id, &more)
}

fn whatsapp(message_id: &str) -> Value {
    let more = json!({ "to": PERSON, "messageCount": 3, "bulkId": "", "price": price(),
        "contact": { "name": "Ana", "phoneNumber": PERSON, "userId": "u" } });
    body_with(message_id, &more)
}

fn omni(message_id: &str) -> Value {
    let more = json!({ "to": { "phoneNumber": PERSON }, "channel": "VIBER", "messageCount": 3, "mccMnc": "21910",
        "price": price(), "callbackData": "theirs", "contact": { "name": "Ana" } });
    body_with(message_id, &more)
}

fn messages_api(message_id: &str) -> Value {
    let more = json!({ "event": "DELIVERY", "channel": "SMS", "sender": "Theirs", "destination": PERSON,
        "messageCount": 2, "mccMnc": 21910, "networkId": 7, "callbackData": "theirs", "deviceDetails": {},
        "platform": {}, "campaignReferenceId": "c" });
    body_with(message_id, &more)
}

/// Columns of the SMS extension alone.
const SMS_ONLY: &[(&str, &str)] = &[("messageCount", "2"), ("originalMCC", "219"), ("originalMNC", "10")];
/// Columns of the Omni extension alone.
const OMNI_ONLY: &[(&str, &str)] = &[("messageCount", "1"), ("from", "Theirs")];

type Shape = fn(&str) -> Value;

type Case = (Way, Shape, &'static str, &'static [(&'static str, &'static str)]);

/// Each way to send with a shape, the extension, and what differs from the common columns; an empty value is null.
const CASES: &[Case] = &[
    (SMS, unified, REPORTS_KEY, SMS_ONLY),
    (SMS, legacy, REPORTS_KEY, SMS_ONLY),
    (
        SMS,
        messages_api,
        REPORTS_KEY,
        &[
            ("messageCount", "2"),
            ("originalMCC", "219"),
            ("originalMNC", "10"),
            ("pricePerMessage", ""),
            ("priceCurrency", ""),
        ],
    ),
    (LMS, unified, REPORTS_KEY, SMS_ONLY),
    (MMS, unified, OMNI_KEY, OMNI_ONLY),
    (MMS, legacy, OMNI_KEY, OMNI_ONLY),
    (MMS_AS_SMS, unified, REPORTS_KEY, SMS_ONLY),
    (VIBER, unified, OMNI_KEY, OMNI_ONLY),
    (RCS, unified, OMNI_KEY, OMNI_ONLY),
    (
        RCS,
        // It says that it went by SMS in the end.
        messages_api,
        OMNI_KEY,
        &[
            ("channel", "SMS"),
            ("messageCount", "1"),
            ("from", "Theirs"),
            ("pricePerMessage", ""),
            ("priceCurrency", ""),
        ],
    ),
    (CHINGU, unified, OMNI_KEY, OMNI_ONLY),
    (ALIM, unified, OMNI_KEY, OMNI_ONLY),
    // Infobip says neither sender nor callback data: they are the message's own.
    (WHATSAPP, whatsapp, OMNI_KEY, &[("messageCount", "1"), ("from", sample::NUMBER), ("callbackData", "OURS")]),
    (VIBER_OMNI, omni, OMNI_KEY, &[("messageCount", "1")]),
];

#[tokio::test]
async fn each_shape_of_each_channel_becomes_its_exact_row_once() {
    let app = app().await;
    for account in &app.tenant.accounts {
        app.infobip().change_account(&account.api_key, |account| {
            let template = waypost::sandbox::KakaoTemplate::new(sample::KAKAO_PROFILE_KEY, "welcome", "Hi");
            account.kakao_templates.push(template);
        });
    }
    let mut expected = Vec::new();
    for (way, shape, key, changes) in CASES {
        let sent = send(&app, way).await;
        let report = results(&[shape(&sent.id)]);
        bring(&app, &sent.url, &report).await;
        let mut row = with(common(&sent.id, way.reported_as), changes);
        if row["callbackData"] == "OURS" {
            row.insert("callbackData".to_owned(), sent.callback_data);
        }
        expected.push((way.channel, *key, sent.id, row, sent.url, report));
    }
    // The second time everything comes again, and nothing changes.
    for _ in 0..2 {
        settled(&app).await;
        for (channel, key, id, row, url, report) in &expected {
            assert_eq!(rows_of(&app, key, id), std::slice::from_ref(row), "{channel}");
            bring(&app, url, report).await;
        }
        let count: usize = [REPORTS_KEY, OMNI_KEY].map(|key| app.sfmc().rows(app.tenant.mid, key).len()).iter().sum();
        assert_eq!(count, CASES.len());
    }
    app.finish().await;
}

/// Infobip's own example of an MMS report has neither recipient nor error (infobip.md 9.1).
#[tokio::test]
async fn what_a_report_does_not_say_is_the_messages_own_or_null() {
    let app = app().await;
    let sent = send(&app, &MMS).await;
    let mut bare = body(&sent.id);
    bare.as_object_mut().unwrap().remove("error");
    bring(&app, &sent.url, &results(&[bare])).await;
    settled(&app).await;
    let nulls = [
        "pricePerMessage",
        "priceCurrency",
        "errorGroupId",
        "errorGroupName",
        "errorId",
        "errorName",
        "errorDescription",
        "errorPermanent",
    ]
    .map(|column| (column, ""));
    let own = [("messageCount", "1"), ("from", MMS.sender), ("callbackData", &*sent.callback_data)];
    let expected = with(with(common(&sent.id, "MMS"), &nulls), &own);
    assert_eq!(rows_of(&app, OMNI_KEY, &sent.id), [expected]);
    app.finish().await;
}

#[tokio::test]
async fn values_are_cut_to_their_columns_and_never_through_a_character() {
    let app = app().await;
    let url = address(&app, "main", "deliveryReport/sms").await;
    let long = |length: usize| "x".repeat(length);
    // The emoji takes two UTF-16 units, of which only one has room.
    let emoji = |length: usize| format!("{}😀", long(length - 1));
    let mut report = unified("m-long");
    report["status"]["description"] = emoji(100).into();
    report["status"]["name"] = long(51).into();
    report["status"]["groupName"] = long(51).into();
    report["error"]["groupName"] = long(51).into();
    report["error"]["name"] = emoji(50).into();
    report["error"]["description"] = long(1001).into();
    report["callbackData"] = emoji(4000).into();
    report["price"]["currency"] = "EUROES".into();
    bring(&app, &url, &results(&[report])).await;
    settled(&app).await;
    let changes = [
        ("statusDescription", long(99)),
        ("statusName", long(50)),
        ("statusGroupName", long(50)),
        ("errorGroupName", long(50)),
        ("errorName", long(49)),
        ("errorDescription", long(1000)),
        ("callbackData", long(3999)),
        ("priceCurrency", "EUROE".to_owned()),
    ];
    let changes: Vec<_> = changes.iter().map(|(column, value)| (*column, value.as_str())).collect();
    let expected = with(with(common("m-long", "SMS"), SMS_ONLY), &changes);
    assert_eq!(rows_of(&app, REPORTS_KEY, "m-long"), [expected]);
    app.finish().await;
}
