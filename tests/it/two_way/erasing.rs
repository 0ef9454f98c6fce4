//! `waypost erase` and `waypost report catch-up`, as an operator runs them.

use super::*;

/// What each kind of report says of a message.
async fn told(app: &TestApp, message_id: &str) -> [String; 3] {
    let mut told = Vec::new();
    for (kind, name) in [("DELIVERY", "statusName"), ("CLICK", "url"), ("REPLY", "responseText")] {
        let activity = app.new_activity_of(app.tenant.mid, "reports", &[("reportKind", kind)]).await;
        told.push(app.execute(&app.call_of(&activity, "C-1").set("messageId", message_id)).await.out(name));
    }
    told.try_into().unwrap()
}

#[tokio::test]
async fn an_erased_person_is_not_known_and_is_not_sent_to() {
    let two_way = two_way_by(spawn_app().on_virtual_time().await).await;
    let app = &two_way.app;
    let mid = app.tenant.mid.to_string();
    let other_phone = "385919999999";
    let paced = app.new_activity(&[("speedLimitCount", "1"), ("speedLimitUnit", "DAY")]).await;
    for (contact, phone) in [("C-0", "385918888888"), ("C-1", PERSON), ("C-2", other_phone)] {
        app.execute(&app.call_of(&paced, contact).to(phone)).await.message_id();
    }
    app.until("the first to be sent", async || (app.unit_status().await["queued"] == 2).then_some(())).await;
    let mut sent = Vec::new();
    for (contact, phone) in [("C-1", PERSON), ("C-2", other_phone)] {
        let id = app.execute(&app.call_of(&two_way.activity, contact).to(phone)).await.message_id();
        app.until("it to be sent", async || (app.unit_status().await["queued"] == 2).then_some(())).await;
        let report = json!({ "messageId": id, "doneAt": "2026-11-24T08:00:05Z",
            "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET" } });
        let url = |kind: &str| two_way.inbound_url.replace("inboundMessage", kind);
        bring(app, &url("deliveryReport/sms"), &report).await;
        let click = json!({ "messageId": id, "url": "https://shop.example", "sendDateTime": 1_790_000_000_000_u64 });
        bring(app, &url("urlTracking/sms"), &click).await;
        let mut reply = reply(&format!("mo-{contact}"), Some(&id), "YES");
        reply["sender"] = phone.into();
        two_way.bring(&reply).await;
        sent.push(id);
    }
    two_way.settled().await;
    let known = ["DELIVERED_TO_HANDSET", "https://shop.example", "YES"].map(str::to_owned);
    let unknown = ["NOT_AVAILABLE", "NOT_CLICKED", "NO_RESPONSE"].map(str::to_owned);

    let by_phone = ["--mid", &mid, "--phone", PERSON];
    let by_key = ["--mid", &mid, "--contact-key", "C-2"];
    let erase = async |person: &[&str], more: &[&str]| app.cli(&[&["erase"], person, more].concat()).await;
    assert!(erase(&["--mid", &mid], &["--list"]).await.succeeded().out.contains("nobody was erased"));
    assert_eq!(erase(&by_phone, &["--check"]).await.code, 1, "not erased yet");
    // Rows of data extensions are SFMC's own: the activity asks there for what is not known here.
    for key in [crate::support::REPORTS_KEY, crate::support::CLICKS_KEY, INBOUND_KEY] {
        let spec = app.sfmc().data_extension(app.tenant.mid, key).unwrap();
        app.sfmc().create_data_extension(app.tenant.mid, spec).unwrap();
    }
    let erased = erase(&by_phone, &[]).await;
    let removed = "removed: 1 waiting and 1 finished messages, 1 reports, 1 clicks, 1 replies";
    assert!(erased.succeeded().out.starts_with(removed), "{}", erased.out);
    assert!(!erased.out.contains(PERSON), "{}", erased.out);
    assert_eq!([told(app, &sent[0]).await, told(app, &sent[1]).await], [unknown.clone(), known]);
    erase(&by_key, &[]).await.succeeded();
    assert_eq!(told(app, &sent[1]).await, unknown);
    for person in [&by_phone, &by_key] {
        erase(person, &["--check"]).await.succeeded();
    }
    assert_eq!(erase(&["--mid", &mid, "--phone", "385918888888"], &["--check"]).await.code, 1);
    let list = erase(&["--mid", &mid], &["--list"]).await.out;
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(!list.contains(PERSON) && !list.contains("C-2"), "{list}");
    // The slots of what waited pass, and nobody is sent to.
    let received = app.infobip().received_count();
    app.virtual_clock.clone().unwrap().advance(Duration::from_secs(3 * 86_400));
    app.until("the queue to be empty", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
    assert_eq!((received, app.infobip().received_count()), (3, 3));
    two_way.app.finish().await;
}

#[tokio::test]
async fn catching_up_completes_the_rows_that_no_webhook_brought() {
    let two_way = two_way_by(spawn_app().on_virtual_time().await).await;
    let app = &two_way.app;
    let mid = app.tenant.mid.to_string();
    let mut ids = Vec::new();
    for number in 1..=12 {
        ids.push(app.execute(&app.call(&format!("C-{number}"))).await.message_id());
    }
    app.until_received(12).await;
    app.until("Infobip's log to have them all", async || (app.infobip().reports().len() == 12).then_some(())).await;
    // Infobip has them a moment before Waypost knows that.
    app.until("the queue to be empty", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
    assert_eq!(app.rows(), []);
    // A report takes its time: younger messages are not asked for.
    app.virtual_clock.clone().unwrap().advance(Duration::from_secs(6 * 60));
    let caught_up = app.cli(&["report", "catch-up", &mid, "--json"]).await.json();
    assert_eq!((&caught_up["asked"], &caught_up["found"]), (&json!(12), &json!(12)), "{caught_up}");
    two_way.settled().await;
    // Webhooks that come after all tell more, and nothing else.
    app.infobip().set_webhook_faults(WebhookFaults::default());
    let before = sorted(app.rows());
    app.drain().await;
    assert_eq!(before.len(), 12);
    let after = sorted(app.rows());
    assert_eq!(after.len(), before.len());
    for (before, after) in before.iter().zip(&after) {
        assert!(before.iter().all(|(column, value)| after.get(column) == Some(value)), "{before:?} {after:?}");
    }
    assert!(ids.iter().all(|id| before.iter().any(|row| row["messageId"] == *id)));
    let again = app.cli(&["report", "catch-up", &mid, "--json"]).await.json();
    assert_eq!(again["asked"], 0);
    two_way.app.finish().await;
}

fn sorted(mut rows: Vec<BTreeMap<String, String>>) -> Vec<BTreeMap<String, String>> {
    rows.sort_by_key(|row| row["messageId"].clone());
    rows
}
