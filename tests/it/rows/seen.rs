//! Seen reports: joined with the delivery report whenever either comes (spec R1; infobip.md 9.3, 12.2).

use std::time::Duration;

use super::*;
use crate::support::OMNI_KEY;

/// How long a seen report waits for its delivery report (spec R1).
const SEEN_WAITS: Duration = Duration::from_secs(15 * 60);

const WAYS: &[(Way, &str)] = &[(WHATSAPP, "sentAt"), (VIBER, "sentAt"), (RCS, "sentAt"), (VIBER_OMNI, "sendAt")];

fn delivered(message_id: &str) -> Value {
    json!({ "messageId": message_id, "to": PERSON, "sentAt": "2026-09-21T12:00:00.000+0000",
        "doneAt": "2026-09-21T12:00:05.000+0000", "callbackData": "theirs",
        "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET",
            "description": "Message delivered to handset" } })
}

/// `from` is the person there, and OMNI spells `sentAt` in its own way.
fn seen(message_id: &str, sent_at: &str) -> Value {
    json!({ "messageId": message_id, "from": PERSON, "to": "Theirs", sent_at: "2026-09-21T12:00:00.000+0000",
        "seenAt": "2026-09-21T12:30:00.000+0000", "applicationId": "a", "entityId": "e" })
}

fn expected(sent: &Sent, way: &Way) -> Row {
    let row = row(&[
        ("messageId", &sent.id),
        ("messageCount", "1"),
        ("to", PERSON),
        ("statusGroupId", "3"),
        ("statusGroupName", "DELIVERED"),
        ("statusId", "5"),
        ("statusName", "DELIVERED_TO_HANDSET"),
        ("statusDescription", "Message delivered to handset"),
        ("callbackData", "theirs"),
        ("sentAt", "2026-09-21T12:00:00Z"),
        ("doneAt", "2026-09-21T12:00:05Z"),
        ("channel", way.reported_as),
    ]);
    with(row, &[("from", way.sender)])
}

const SEEN_AT: (&str, &str) = ("seenAt", "2026-09-21T12:30:00Z");

/// The row of both reports. Only the seen report of OMNI names a sender.
fn expected_seen(sent: &Sent, way: &Way) -> Row {
    let sender = if way.sender.is_empty() { "Theirs" } else { way.sender };
    with(expected(sent, way), &[("from", sender), SEEN_AT])
}

#[tokio::test]
async fn seen_before_after_and_with_its_delivery_report_ends_in_one_row() {
    let app = spawn_app().with_tenant(unit()).on_virtual_time().await;
    prepare(&app).await;
    for (way, sent_at) in WAYS {
        let rows = |sent: &Sent| rows_of(&app, OMNI_KEY, &sent.id);
        let (before, after, with_it) = (send(&app, way).await, send(&app, way).await, send(&app, way).await);
        let seen_of = |sent: &Sent| results(&[seen(&sent.id, sent_at)]);
        let delivered_of = |sent: &Sent| results(&[delivered(&sent.id)]);
        // All come to the one address that WhatsApp and OMNI know.
        bring(&app, &before.url, &seen_of(&before)).await;
        bring(&app, &after.url, &delivered_of(&after)).await;
        bring(&app, &with_it.url, &results(&[seen(&with_it.id, sent_at), delivered(&with_it.id)])).await;
        app.until("the row of both", async || (rows(&with_it).len() + rows(&after).len() == 2).then_some(())).await;
        assert_eq!(rows(&before), [], "{}: it waits for its delivery report", way.channel);
        assert_eq!(rows(&after), [expected(&after, way)], "{}", way.channel);
        bring(&app, &before.url, &delivered_of(&before)).await;
        bring(&app, &after.url, &seen_of(&after)).await;
        settled(&app).await;
        for sent in [&before, &after, &with_it] {
            assert_eq!(rows(sent), [expected_seen(sent, way)], "{}", way.channel);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn seen_without_a_delivery_report_is_a_row_after_fifteen_minutes() {
    let app = spawn_app().with_tenant(unit()).on_virtual_time().await;
    prepare(&app).await;
    let mut all = Vec::new();
    for (way, sent_at) in WAYS {
        let sent = send(&app, way).await;
        bring(&app, &sent.url, &results(&[seen(&sent.id, sent_at)])).await;
        all.push((way, sent));
    }
    let clock = app.virtual_clock.clone().unwrap();
    clock.advance(SEEN_WAITS - Duration::from_secs(60));
    app.pass(Duration::from_secs(3)).await;
    assert_eq!(app.omni_rows(), [], "not before its time");
    clock.advance(Duration::from_secs(60));
    settled(&app).await;
    for (way, sent) in &all {
        let [row] = rows_of(&app, OMNI_KEY, &sent.id).try_into().unwrap();
        // What Infobip answered when it took the message.
        let status = (&*row["statusId"], &*row["statusName"]);
        assert!([("7", "PENDING_ENROUTE"), ("26", "PENDING_ACCEPTED")].contains(&status), "{row:?}");
        let known = [
            ("statusGroupId", "1"),
            ("statusGroupName", "PENDING"),
            ("statusId", status.0),
            ("statusName", status.1),
            ("statusDescription", "Message sent to next instance"),
            ("callbackData", &*sent.callback_data),
            ("doneAt", "2026-09-21T12:00:00Z"),
            ("from", "Theirs"),
            SEEN_AT,
        ];
        assert_eq!(row, with(expected(sent, way), &known), "{}", way.channel);
        bring(&app, &sent.url, &results(&[delivered(&sent.id)])).await;
    }
    // Its delivery report still counts.
    settled(&app).await;
    for (way, sent) in &all {
        let [row] = rows_of(&app, OMNI_KEY, &sent.id).try_into().unwrap();
        assert_eq!(row, expected_seen(sent, way), "{}", way.channel);
    }
    app.finish().await;
}
