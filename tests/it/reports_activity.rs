//! The reports activity: what became of a message, as out-arguments of a later step (spec R4).

use std::collections::BTreeMap;

use serde_json::Value;
use waypost::sandbox::{Fault, FaultKind};

use crate::support::{
    Activity, Answered, CLICKS_KEY, INBOUND_KEY, REPORTS_KEY, TestApp, inbound_messages, spawn_app, tenant,
    unified_url_tracking,
};

/// Everything the activity declares, and so always answers.
const OUT_ARGUMENTS: [&str; 12] = [
    "doneAt",
    "errorName",
    "notificationType",
    "queueStatus",
    "responseText",
    "responseTime",
    "seenAt",
    "seenTime",
    "sentAt",
    "statusGroupName",
    "statusName",
    "url",
];

async fn reports_activity(app: &TestApp) -> Activity {
    let arguments = [("messageId", "{{Interaction.REST-1.messageId}}"), ("reportKind", "DELIVERY")];
    app.new_activity_of(app.tenant.mid, "reports", &arguments).await
}

async fn ask(app: &TestApp, activity: &Activity, message_id: impl Into<Value>) -> Answered {
    let answer = app.execute(&app.call_of(activity, "C-1").set("messageId", message_id)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut names: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, OUT_ARGUMENTS);
    assert!(OUT_ARGUMENTS.iter().all(|name| answer.json()[*name].is_string()), "{answer:?}");
    answer
}

#[track_caller]
fn check(answer: &Answered, expected: [&str; 3]) {
    assert_eq!(["statusName", "statusGroupName", "queueStatus"].map(|name| answer.out(name)), expected);
}

#[tokio::test]
async fn it_tells_what_infobip_reported() {
    let app = spawn_app().await;
    let activity = reports_activity(&app).await;
    let delivered = app.execute(&app.call("C-1")).await.message_id();
    let undeliverable = app.execute(&app.call("C-2").to("99900090001")).await.message_id();
    let expired = app.execute(&app.call("C-3").to("99900150001")).await.message_id();
    let refused = app.execute(&app.call("C-4").to("99900080001")).await.message_id();
    app.drain().await;
    let answer = ask(&app, &activity, delivered).await;
    check(&answer, ["DELIVERED_TO_HANDSET", "DELIVERED", "SENT"]);
    assert_eq!(["errorName", "seenAt", "seenTime"].map(|name| answer.out(name)), ["NO_ERROR", "NOT_SEEN", ""]);
    for name in ["sentAt", "doneAt"] {
        let moment = answer.out(name);
        assert!(moment.len() == 20 && moment.ends_with('Z') && moment.contains('T'), "{name}: {moment}");
    }
    let answer = ask(&app, &activity, undeliverable).await;
    check(&answer, ["UNDELIVERABLE_NOT_DELIVERED", "UNDELIVERABLE", "SENT"]);
    assert_eq!(answer.out("errorName"), "EC_ABSENT_SUBSCRIBER");
    check(&ask(&app, &activity, expired).await, ["EXPIRED_EXPIRED", "EXPIRED", "SENT"]);
    check(&ask(&app, &activity, refused).await, ["REJECTED_PREFIX_MISSING", "REJECTED", "NOT_SENT"]);
    app.finish().await;
}

#[tokio::test]
async fn a_message_that_waits_is_queued_and_a_contact_without_one_not_sent() {
    let app = spawn_app().await;
    let activity = reports_activity(&app).await;
    let paced = app.new_activity(&[("speedLimitCount", "1"), ("speedLimitUnit", "DAY")]).await;
    app.execute(&app.call_of(&paced, "C-1")).await.message_id();
    let waiting = app.execute(&app.call_of(&paced, "C-2")).await.message_id();
    let unavailable = ["NOT_AVAILABLE", "NOT_AVAILABLE"];
    let answer = ask(&app, &activity, waiting).await;
    check(&answer, [unavailable[0], unavailable[1], "QUEUED"]);
    for name in ["errorName", "doneAt", "sentAt", "seenTime"] {
        assert_eq!(answer.out(name), "", "{name}");
    }
    assert_eq!(answer.out("seenAt"), "NOT_SEEN");
    for nothing in [Value::from(""), Value::Null] {
        check(&ask(&app, &activity, nothing).await, [unavailable[0], unavailable[1], "NOT_SENT"]);
    }
    app.finish_with_work_left().await;
}

#[tokio::test]
async fn a_message_of_a_held_account_is_held() {
    let mut app = spawn_app().await;
    app.expect_error("The account's queues are held");
    let activity = reports_activity(&app).await;
    app.infobip().add_fault(Fault::always(FaultKind::Unauthorized).on("/sms/3/messages"));
    let id = app.execute(&app.call("C-1")).await.message_id();
    // What status shows is on disk a moment before the queues know it.
    let answer = app
        .until("the message to be held", async || {
            let answer = ask(&app, &activity, id.as_str()).await;
            (answer.out("queueStatus") == "HELD").then_some(answer)
        })
        .await;
    check(&answer, ["NOT_AVAILABLE", "NOT_AVAILABLE", "HELD"]);
    app.finish_with_work_left().await;
}

#[tokio::test]
async fn a_message_unknown_to_the_store_is_read_from_the_data_extension() {
    let app = spawn_app().await;
    let activity = reports_activity(&app).await;
    let row = [
        ("messageId", "sent-before-the-restore"),
        ("to", "385911234567"),
        ("statusGroupId", "2"),
        ("statusGroupName", "UNDELIVERABLE"),
        ("statusId", "9"),
        ("statusName", "UNDELIVERABLE_NOT_DELIVERED"),
        ("statusDescription", "Message sent not delivered"),
        ("errorName", "EC_ABSENT_SUBSCRIBER"),
        ("sentAt", "2026-11-24T08:00:01Z"),
        ("doneAt", "2026-11-24T08:00:05Z"),
    ];
    let row: BTreeMap<_, _> = row.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    app.sfmc().put_rows(app.tenant.mid, REPORTS_KEY, vec![row]).unwrap();
    for lower_case in [false, true] {
        app.sfmc().set_lower_case_columns(lower_case);
        let answer = ask(&app, &activity, "sent-before-the-restore").await;
        check(&answer, ["UNDELIVERABLE_NOT_DELIVERED", "UNDELIVERABLE", "SENT"]);
        let more = ["errorName", "sentAt", "doneAt"].map(|name| answer.out(name));
        assert_eq!(more, ["EC_ABSENT_SUBSCRIBER", "2026-11-24T08:00:01Z", "2026-11-24T08:00:05Z"]);
    }
    check(&ask(&app, &activity, "never-sent").await, ["NOT_AVAILABLE", "NOT_AVAILABLE", "NOT_SENT"]);
    // Where the package may not read rows over REST, SOAP answers the same.
    app.sfmc().add_fault(Fault::always(FaultKind::Forbidden).on("/data/v1/customobjectdata"));
    let answer = ask(&app, &activity, "sent-before-the-restore").await;
    check(&answer, ["UNDELIVERABLE_NOT_DELIVERED", "UNDELIVERABLE", "SENT"]);
    let more = ["errorName", "sentAt", "doneAt"].map(|name| answer.out(name));
    assert_eq!(more, ["EC_ABSENT_SUBSCRIBER", "2026-11-24T08:00:01Z", "2026-11-24T08:00:05Z"]);
    // SFMC's trouble is not the contact's.
    app.sfmc().add_fault(Fault::always(FaultKind::Status { code: 503 }));
    check(&ask(&app, &activity, "sent-before-the-restore").await, ["NOT_AVAILABLE", "NOT_AVAILABLE", "SENT"]);
    app.finish().await;
}

#[tokio::test]
async fn of_clicks_and_replies_in_the_data_extension_the_newest_counts() {
    let app = spawn_app().await;
    let activity = reports_activity(&app).await;
    for extension in [unified_url_tracking(), inbound_messages(INBOUND_KEY)] {
        app.sfmc().create_data_extension(app.tenant.mid, extension).unwrap();
    }
    let id = "sent-before-the-restore";
    let row = |cells: &[(&str, &str)]| -> BTreeMap<String, String> {
        cells.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    // More than one page of them, and the newest neither first nor last.
    let clicks = (0..120_u32).map(|n| {
        let (url, at) = match n {
            60 => ("https://shop.example/newest".to_owned(), "2026-11-24T23:00:00Z".to_owned()),
            n => (format!("https://shop.example/{n}"), format!("2026-11-24T{:02}:{:02}:00Z", 8 + n / 60, n % 60)),
        };
        row(&[("messageId", id), ("channel", "SMS"), ("url", &url), ("sendDateTime", &at)])
    });
    app.sfmc().put_rows(app.tenant.mid, CLICKS_KEY, clicks.collect()).unwrap();
    let replies = [
        ("in-1", "No", "2026-11-24T08:00:00Z"),
        ("in-2", "Yes", "2026-11-24T20:00:00Z"),
        ("in-3", "?", "2026-11-24T09:00:00Z"),
    ];
    let replies = replies.map(|(inbound, text, at)| {
        row(&[
            ("messageId", inbound),
            ("pairedMessageId", id),
            ("channel", "SMS"),
            ("sender", "385911234567"),
            ("destination", "Waypost"),
            ("contentType", "TEXT"),
            ("message", text),
            ("receivedAt", at),
        ])
    });
    app.sfmc().put_rows(app.tenant.mid, INBOUND_KEY, replies.into()).unwrap();
    for way in ["REST", "SOAP"] {
        let kind = |kind: &str| app.call_of(&activity, "C-1").set("messageId", id).set("reportKind", kind);
        let clicked = app.execute(&kind("CLICK")).await;
        assert_eq!(clicked.out("url"), "https://shop.example/newest", "{way}");
        let answered = app.execute(&kind("REPLY")).await;
        assert_eq!(
            ["responseText", "responseTime"].map(|name| answered.out(name)),
            ["Yes", "2026-11-24T20:00:00Z"],
            "{way}"
        );
        app.sfmc().add_fault(Fault::always(FaultKind::Forbidden).on("/data/v1/customobjectdata"));
    }
    app.finish().await;
}

#[tokio::test]
async fn what_names_no_message_is_answered_whole() {
    let app = spawn_app().await;
    let activity = reports_activity(&app).await;
    let before = app.sfmc().requests();
    for text in ["{{Interaction.REST-1.messageId}}", "", "  "] {
        check(&ask(&app, &activity, text).await, ["NOT_AVAILABLE", "NOT_AVAILABLE", "NOT_SENT"]);
    }
    for (kind, sentinel, name) in [
        ("CLICK", "NOT_CLICKED", "url"),
        ("REPLY", "NO_RESPONSE", "responseText"),
        ("OPENED", "NOT_AVAILABLE", "statusName"),
        ("", "NOT_AVAILABLE", "statusName"),
    ] {
        let call = app.call_of(&activity, "C-1").set("messageId", "").set("reportKind", kind);
        let answer = app.execute(&call).await;
        assert_eq!(answer.status, 200, "{kind}");
        assert_eq!([name, "queueStatus"].map(|name| answer.out(name)), [sentinel, "NOT_SENT"], "{kind}");
        assert_eq!(answer.json().as_object().unwrap().len(), OUT_ARGUMENTS.len());
    }
    assert_eq!(app.sfmc().requests(), before, "SFMC was not asked");
    app.finish().await;
}

#[tokio::test]
async fn it_never_asks_sfmc_for_a_message_that_the_store_knows() {
    let mut app = spawn_app().await;
    let activity = reports_activity(&app).await;
    let id = app.execute(&app.call("C-1")).await.message_id();
    app.drain().await;
    app.stop().await;
    app.start().await;
    let before = app.sfmc().requests();
    check(&ask(&app, &activity, id).await, ["DELIVERED_TO_HANDSET", "DELIVERED", "SENT"]);
    assert_eq!(app.sfmc().requests(), before);
    app.finish().await;
}

#[tokio::test]
async fn one_unit_can_not_ask_for_anothers_message() {
    let mut app = spawn_app().await;
    let other = tenant();
    app.add_tenant(&other).await;
    let activity = app.new_activity_of(other.mid, "reports", &[("reportKind", "DELIVERY")]).await;
    let id = app.execute(&app.call("C-1")).await.message_id();
    app.drain().await;
    let call = app.call_of(&activity, "C-1").set("messageId", id);
    assert_eq!(app.execute(&call).await.status, 401);
    let answer = app.execute(&call.signed_with(&other.signing_secret)).await;
    check(&answer, ["NOT_AVAILABLE", "NOT_AVAILABLE", "SENT"]);
    app.finish().await;
}
