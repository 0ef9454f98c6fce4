//! Whatever the order and the repeats, and however SFMC fares meanwhile: the same rows, each once (spec R1, R2).

use std::time::Duration;

use waypost::sandbox::{Fault, FaultKind};

use super::*;
use crate::support::{OMNI_KEY, REPORTS_KEY};

/// The reports of one message: pending, an early and a late final one, and two seen reports.
fn reports(message_id: &str) -> [Value; 5] {
    let delivery = |group: u32, group_name: &str, id: u32, name: &str, done_at: &str| {
        json!({ "messageId": message_id, "to": PERSON, "sentAt": "2026-11-24T08:00:00Z", "doneAt": done_at,
            "status": { "groupId": group, "groupName": group_name, "id": id, "name": name, "description": name } })
    };
    let seen = |at: &str| json!({ "messageId": message_id, "from": PERSON, "to": "ACME", "seenAt": at });
    [
        delivery(1, "PENDING", 7, "PENDING_ENROUTE", "2026-11-24T08:30:00Z"),
        delivery(2, "UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED", "2026-11-24T08:10:00Z"),
        delivery(3, "DELIVERED", 5, "DELIVERED_TO_HANDSET", "2026-11-24T08:20:00Z"),
        seen("2026-11-24T08:40:00Z"),
        seen("2026-11-24T08:50:00Z"),
    ]
}

const ORDERS: &[[usize; 5]] =
    &[[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [3, 2, 0, 4, 1], [1, 4, 0, 3, 2], [4, 0, 3, 1, 2]];

#[tokio::test]
async fn every_order_of_a_messages_reports_ends_in_the_same_row() {
    let app = app().await;
    let url = address(&app, "main", "deliveryReport/viber").await;
    let id = |number: usize| format!("m-{number}");
    for is_repeat in [false, true] {
        for step in 0..5 {
            for (number, order) in ORDERS.iter().enumerate() {
                let step = if is_repeat { 4 - step } else { step };
                bring(&app, &url, &results(&[reports(&id(number))[order[step]].clone()])).await;
            }
            if step == 2 && !is_repeat {
                // Some rows are written before the rest comes.
                app.until("a row", async || (!app.omni_rows().is_empty()).then_some(())).await;
            }
        }
        settled(&app).await;
        for (number, order) in ORDERS.iter().enumerate() {
            let expected = row(&[
                ("messageId", &id(number)),
                ("messageCount", "1"),
                ("to", PERSON),
                ("statusGroupId", "3"),
                ("statusGroupName", "DELIVERED"),
                ("statusId", "5"),
                ("statusName", "DELIVERED_TO_HANDSET"),
                ("statusDescription", "DELIVERED_TO_HANDSET"),
                ("sentAt", "2026-11-24T08:00:00Z"),
                ("doneAt", "2026-11-24T08:20:00Z"),
                ("seenAt", "2026-11-24T08:40:00Z"),
                // Only the seen reports name it.
                ("from", "ACME"),
                ("channel", "Viber"),
            ]);
            assert_eq!(rows_of(&app, OMNI_KEY, &id(number)), [expected], "{order:?}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn while_sfmc_is_down_webhooks_are_taken_and_afterwards_every_row_is_there_once() {
    let app = app().await;
    app.sfmc().add_fault(Fault::lasting(Duration::from_secs(4), FaultKind::Status { code: 503 }));
    let deliveries = address(&app, "main", "deliveryReport/sms").await;
    let clicks = address(&app, "main", "urlTracking/sms").await;
    let replies = address(&app, "main", "inboundMessage").await;
    for tens in 0..50 {
        let reports: Vec<Value> = (0..10).map(|n| reports(&format!("m-{}", tens * 10 + n))[2].clone()).collect();
        bring(&app, &deliveries, &results(&reports)).await;
        if tens == 0 {
            // Whatever comes from now on finds SFMC down.
            app.until("SFMC to be asked in vain", async || {
                app.unit_status().await["report_problems"][0].is_string().then_some(())
            })
            .await;
        }
    }
    bring(
        &app,
        &clicks,
        &json!({ "messageId": "m-1", "url": "https://shop.example", "sendDateTime": 1_790_000_000_000_u64 }),
    )
    .await;
    let reply = json!({ "event": "MO", "channel": "SMS", "sender": PERSON, "destination": "Waypost", "messageId": "mo-1",
        "content": [{ "type": "TEXT", "text": "YES" }], "receivedAt": "2026-11-24T09:00:00Z", "messageCount": 1 });
    bring(&app, &replies, &results(&[reply])).await;
    settled(&app).await;
    let mut ids: Vec<_> = app.rows().into_iter().map(|row| row["messageId"].clone()).collect();
    assert_eq!(ids.len(), 500);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 500);
    assert_eq!(rows_of(&app, REPORTS_KEY, "m-499")[0]["statusName"], "DELIVERED_TO_HANDSET");
    for key in [CLICKS_KEY, INBOUND_KEY] {
        assert_eq!(app.sfmc().rows(app.tenant.mid, key).len(), 1, "{key}");
    }
    app.finish().await;
}
