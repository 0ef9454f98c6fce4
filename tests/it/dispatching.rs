//! From the queue to Infobip: bulk, pace, and what happens when Infobip does not answer as it should (spec Q2–Q6b).

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;
use waypost::clock::Timestamp;
use waypost::sandbox::{Fault, FaultKind, InfobipAccount, WebhookFaults};

use crate::support::{AccountFile, Activity, TenantFile, TestApp, spawn_app, tenant};

const SEND: &str = "/sms/3/messages";
const LOGS: &str = "/sms/3/logs";
/// The alarm when an account is held.
const HELD: &str = "The account's queues are held, nothing is dropped";

/// Executes for contacts `C-1` to `C-count`, so many at a time; gives their message ids.
async fn execute_many(app: &TestApp, activity: &Activity, count: usize, at_a_time: usize) -> Vec<String> {
    let calls = (1..=count).map(|n| app.call_of(activity, &format!("C-{n}")).text(&format!("text {n}")));
    let answers = stream::iter(calls).map(|call| async move { app.execute(&call).await.message_id() });
    answers.buffer_unordered(at_a_time).collect().await
}

/// Asserts that exactly these messages arrived, each once.
#[track_caller]
fn assert_each_once(app: &TestApp, ids: &[String]) {
    let received = app.infobip().received();
    let arrived: HashSet<_> = received.iter().map(|message| message.message_id.as_str()).collect();
    assert_eq!(received.len(), arrived.len(), "some arrived twice");
    assert_eq!(arrived, ids.iter().map(String::as_str).collect());
}

/// Message ids of each request that was recorded, in order.
fn sent_ids(app: &TestApp) -> Vec<Vec<String>> {
    let ids = |request: &Value| {
        let messages = request["messages"].as_array().unwrap().iter();
        messages.map(|message| message["destinations"][0]["messageId"].as_str().unwrap().to_owned()).collect()
    };
    app.requests_to(SEND).iter().map(|request| ids(&request.body)).collect()
}

#[tokio::test]
async fn an_unpaced_queue_goes_out_in_bulks() {
    let app = spawn_app().await;
    // While the first requests take their time, the others gather.
    app.infobip().add_fault(Fault::next(4, FaultKind::Slow { delay_ms: 2_000 }).on(SEND));
    let ids = execute_many(&app, &app.activity, 250, 50).await;
    app.drain().await;
    assert_each_once(&app, &ids);
    let sizes: Vec<usize> = sent_ids(&app).iter().map(Vec::len).collect();
    assert!(sizes.iter().all(|size| *size <= 100), "{sizes:?}");
    assert!(sizes.len() <= 25, "250 messages took {} requests: {sizes:?}", sizes.len());
    app.finish().await;
}

#[tokio::test]
async fn messages_of_different_options_never_share_a_request() {
    let app = spawn_app().await;
    app.infobip().add_fault(Fault::next(4, FaultKind::Slow { delay_ms: 1_000 }).on(SEND));
    for n in 0..40 {
        let bulk_id = if n % 2 == 0 { "even" } else { "odd" };
        app.execute(&app.call(&format!("C-{n}")).set("bulkId", bulk_id).text(bulk_id)).await.message_id();
    }
    app.drain().await;
    let received = app.infobip().received();
    assert_eq!(received.len(), 40);
    for message in received {
        assert_eq!(message.bulk_id.as_deref(), Some(message.text.as_str()));
    }
    app.finish().await;
}

/// Asserts that no message came before its slot, counted from `start`, and that none was hurried to make up for a late
/// one. What the way to Infobip takes may differ by `jitter`.
#[track_caller]
fn assert_paced(app: &TestApp, start: Timestamp, spacing: Duration, jitter: Duration) {
    // Slots within this may share a request (spec Q2).
    const SHARED: Duration = Duration::from_millis(100);
    let at: Vec<_> = app.infobip().received().iter().map(|message| message.at).collect();
    for (slot, at) in (0..).zip(&at) {
        let came = at.since(start);
        assert!(came + SHARED >= spacing * slot, "message {slot} came {came:?} after the start");
    }
    for pair in at.windows(2) {
        let gap = pair[1].since(pair[0]);
        assert!(gap + SHARED + jitter >= spacing, "two messages came within {gap:?}");
    }
}

#[tokio::test]
async fn a_paced_queue_keeps_its_spacing() {
    let app = spawn_app().await;
    let activity = app.new_activity(&[("speedLimitCount", "120"), ("speedLimitUnit", "MINUTE")]).await;
    let start = app.clock.steady();
    let ids = execute_many(&app, &activity, 9, 9).await;
    app.drain().await;
    assert_each_once(&app, &ids);
    assert_paced(&app, start, Duration::from_millis(500), Duration::from_millis(250));
    app.finish().await;
}

#[tokio::test]
async fn a_paced_queue_keeps_its_spacing_over_a_restart() {
    let mut app = spawn_app().on_virtual_time().await;
    let activity = app.new_activity(&[("speedLimitCount", "2"), ("speedLimitUnit", "MINUTE")]).await;
    let start = app.clock.steady();
    execute_many(&app, &activity, 3, 1).await;
    app.until_received(1).await;
    app.stop().await;
    app.start().await;
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 3);
    assert_paced(&app, start, Duration::from_secs(30), Duration::from_secs(2));
    app.finish().await;
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let app = spawn_app().await;
    app.infobip().add_fault(Fault::next(1, FaultKind::RateLimited { retry_after_secs: Some(3) }).on(SEND));
    let before = app.clock.steady();
    let id = app.execute(&app.call("C-1")).await.message_id();
    app.drain().await;
    let received = app.infobip().received();
    assert_eq!((received.len(), received[0].message_id.as_str()), (1, id.as_str()));
    let waited = received[0].at.since(before);
    assert!(waited >= Duration::from_secs(3), "came back after {waited:?}");
    app.finish().await;
}

#[tokio::test]
async fn a_server_error_is_retried_with_the_same_message_id() {
    let app = spawn_app().await;
    app.infobip().add_fault(Fault::next(1, FaultKind::Status { code: 500 }).on(SEND));
    app.infobip().add_fault(Fault::next(1, FaultKind::Status { code: 503 }).on(SEND));
    let id = app.execute(&app.call("C-1")).await.message_id();
    app.drain().await;
    assert_eq!(sent_ids(&app), vec![vec![id.clone()]; 3]);
    assert_each_once(&app, &[id]);
    assert!(app.requests_to(LOGS).is_empty(), "an answer leaves nothing to look up");
    app.finish().await;
}

#[tokio::test]
async fn an_address_where_nobody_listens_loses_nothing() {
    let app = spawn_app().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let broken = app.tenant.toml(&app.sandbox.sfmc_origin(), &format!("http://{nobody}"));
    app.cli(&["tenant", "add", "--replace", "--file", &app.file("broken.toml", &broken)]).await.succeeded();
    let ids = execute_many(&app, &app.activity, 3, 3).await;
    assert_eq!(app.unit_status().await["queued"], 3);
    app.cli(&["tenant", "add", "--replace", "--file", &app.tenant_file(&app.tenant)]).await.succeeded();
    app.drain().await;
    assert_each_once(&app, &ids);
    app.finish().await;
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_looked_up_and_not_sent_twice() {
    let app = spawn_app().await;
    // Without webhooks only the log can tell.
    app.infobip().set_webhook_faults(WebhookFaults { off: true, ..WebhookFaults::default() });
    app.infobip().add_fault(Fault::next(1, FaultKind::ResetMidway).on(SEND));
    let id = app.execute(&app.call("C-1")).await.message_id();
    app.until("the lookup", async || (app.status().await["maybe_sent"] == 1).then_some(())).await;
    app.until("the answer", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
    let lookups = app.requests_to(LOGS);
    assert_eq!(lookups.len(), 1);
    assert!(lookups[0].path.contains(&id), "{}", lookups[0].path);
    app.infobip().clear_faults();
    app.drain().await;
    assert_eq!(sent_ids(&app), vec![vec![id.clone()]]);
    assert_each_once(&app, &[id]);
    app.finish().await;
}

#[tokio::test]
async fn a_request_that_was_never_read_is_found_absent_twice_and_sent_once() {
    let app = spawn_app().await;
    app.infobip().add_fault(Fault::next(1, FaultKind::ResetBeforeReading).on(SEND));
    let id = app.execute(&app.call("C-1")).await.message_id();
    app.drain().await;
    assert_eq!(app.requests_to(LOGS).len(), 2);
    assert_eq!(app.infobip().attempts(&id), 1);
    assert_each_once(&app, &[id]);
    app.finish().await;
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let app = spawn_app().await;
    app.infobip().add_fault(Fault::next(1, FaultKind::Slow { delay_ms: 3_000 }).on(SEND));
    let id = app.execute(&app.call("C-1")).await.message_id();
    app.drain().await;
    assert_eq!(sent_ids(&app), vec![vec![id.clone()]]);
    assert_each_once(&app, &[id]);
    app.finish().await;
}

#[tokio::test]
async fn one_guilty_message_of_a_bulk_costs_no_other() {
    let app = spawn_app().await;
    app.infobip().set_poison(Some("text 57"));
    app.infobip().add_fault(Fault::next(4, FaultKind::Slow { delay_ms: 2_000 }).on(SEND));
    let ids = execute_many(&app, &app.activity, 100, 50).await;
    app.drain().await;
    let received = app.infobip().received();
    assert_eq!(received.len(), 99);
    let arrived: HashSet<_> = received.iter().map(|message| message.message_id.as_str()).collect();
    let missing: Vec<_> = ids.iter().filter(|id| !arrived.contains(id.as_str())).collect();
    assert!(
        sent_ids(&app).iter().any(|request| request.len() > 10 && request.contains(missing[0])),
        "no bulk was refused"
    );
    let rows = app.rows();
    assert_eq!(rows.len(), 100);
    let refused: Vec<_> = rows.iter().filter(|row| row["statusGroupName"] == "REJECTED").collect();
    assert_eq!(refused.len(), 1);
    let expected = [
        ("messageId", missing[0].as_str()),
        ("statusId", "9001"),
        ("statusName", "REJECTED_REQUEST"),
        ("statusGroupId", "5"),
        ("to", "385910000057"),
        ("channel", "SMS"),
        ("messageCount", "0"),
    ];
    for (column, value) in expected {
        assert_eq!(refused[0][column], value, "{column}");
    }
    // Which field it was, but none of Infobip's words about it: they may quote the message.
    assert_eq!(refused[0]["errorDescription"], "HTTP 400 E400: messages[0].content.text");
    app.finish().await;
}

#[tokio::test]
async fn a_message_that_infobip_refuses_in_its_answer_gets_a_report() {
    let app = spawn_app().await;
    let id = app.execute(&app.call("C-1").to("99900080001")).await.message_id();
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 0);
    let rows = app.rows();
    assert_eq!(rows.len(), 1);
    let row = ["messageId", "statusGroupName", "statusId", "statusName"].map(|column| rows[0][column].as_str());
    assert_eq!(row, [id.as_str(), "REJECTED", "8", "REJECTED_PREFIX_MISSING"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_revoked_amid_ten_thousand_messages_loses_none() {
    const MESSAGES: usize = 10_000;
    let mut app = spawn_app().await;
    app.expect_error(HELD);
    let revoking = app.until_received(MESSAGES / 10);
    let executing = execute_many(&app, &app.activity, MESSAGES, 64);
    let (ids, ()) = tokio::join!(executing, async {
        revoking.await;
        app.infobip().revoke_key(app.tenant.api_key());
    });
    let unit = app
        .until("the account to be held", async || {
            Some(app.unit_status().await).filter(|unit| unit["held_accounts"][0]["account"] == "main")
        })
        .await;
    let sentence = unit["held_accounts"][0]["what to do"].as_str().unwrap();
    assert!(sentence.contains("refuses the API key (401)"), "{sentence}");
    // Every message is either there or still here.
    app.until("what is in flight to settle", async || {
        let queued = usize::try_from(app.unit_status().await["queued"].as_u64().unwrap()).unwrap();
        (queued > 0 && queued + app.infobip().received_count() == MESSAGES).then_some(())
    })
    .await;
    let mid = app.tenant.mid.to_string();
    let failed = app.cli(&["tenant", "check", &mid]).await;
    assert_eq!(failed.code, 1, "{failed:?}");
    app.infobip().add_account(InfobipAccount::new(app.tenant.api_key()));
    app.cli(&["tenant", "check", &mid]).await.succeeded();
    app.drain().await;
    assert_each_once(&app, &ids);
    assert_eq!(app.rows().len(), MESSAGES);
    assert_eq!(app.unit_status().await["held_accounts"], serde_json::json!([]));
    app.finish().await;
}

#[tokio::test]
async fn an_account_without_credit_is_held_and_loses_nothing() {
    let mut app = spawn_app().await;
    app.expect_error(HELD);
    app.infobip().set_balance(app.tenant.api_key(), 0.02);
    let ids = execute_many(&app, &app.activity, 6, 6).await;
    let unit = app
        .until("the account to be held", async || {
            Some(app.unit_status().await)
                .filter(|unit| unit["held_accounts"][0]["account"] == "main" && unit["queued"] == 4)
        })
        .await;
    assert!(unit["held_accounts"][0]["what to do"].as_str().unwrap().contains("no credit"), "{unit}");
    assert_eq!(app.infobip().received_count(), 2);
    app.infobip().set_balance(app.tenant.api_key(), 100.0);
    app.cli(&["tenant", "check", &app.tenant.mid.to_string()]).await.succeeded();
    app.drain().await;
    assert_each_once(&app, &ids);
    app.finish().await;
}

#[tokio::test]
async fn a_hold_outlives_a_restart() {
    let mut app = spawn_app().await;
    app.expect_error(HELD);
    app.infobip().add_fault(Fault::always(FaultKind::Forbidden).on(SEND));
    let ids = execute_many(&app, &app.activity, 2, 2).await;
    let is_held = async |app: &TestApp| app.unit_status().await["held_accounts"][0]["account"] == "main";
    app.until("the account to be held", async || is_held(&app).await.then_some(())).await;
    app.infobip().clear_faults();
    app.stop().await;
    app.start().await;
    assert!(is_held(&app).await);
    assert_eq!(app.infobip().received_count(), 0);
    app.cli(&["tenant", "check", &app.tenant.mid.to_string()]).await.succeeded();
    app.drain().await;
    assert_each_once(&app, &ids);
    app.finish().await;
}

#[tokio::test]
async fn a_message_past_its_validity_is_reported_as_expired() {
    let app = spawn_app().on_virtual_time().await;
    app.infobip().add_fault(Fault::always(FaultKind::Status { code: 500 }).on(SEND));
    let id = app.execute(&app.call("C-1").set("validityMinutes", "1")).await.message_id();
    let rows = app.until_rows(1).await;
    let columns = ["messageId", "statusGroupId", "statusGroupName", "statusId", "statusName", "channel"];
    assert_eq!(columns.map(|column| rows[0][column].as_str()), [&id, "4", "EXPIRED", "15", "EXPIRED_EXPIRED", "SMS"]);
    let (sent_at, done_at) = (&rows[0]["sentAt"], &rows[0]["doneAt"]);
    assert!(sent_at < done_at, "the last attempt was before the end: {sent_at} {done_at}");
    assert_eq!(app.infobip().received_count(), 0);
    app.drain().await;
    app.finish().await;
}

#[tokio::test]
async fn a_message_past_its_latest_send_time_is_not_sent() {
    let app = spawn_app().await;
    app.execute(&app.call("C-1").set("latestSendAt", "2026-01-01T00:00:00Z")).await.message_id();
    app.execute(&app.call("C-2").set("latestSendAt", "2100-01-01T00:00:00Z")).await.message_id();
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 1);
    let by_number: BTreeMap<_, _> =
        app.rows().into_iter().map(|row| (row["to"].clone(), row["statusName"].clone())).collect();
    assert_eq!(by_number["385910000001"], "EXPIRED_EXPIRED");
    assert_eq!(by_number["385910000002"], "DELIVERED_TO_HANDSET");
    app.finish().await;
}

/// A message whose answer is lost, with a log that never answers and no webhooks: nobody can say whether it was sent.
async fn with_unknown_fate(maybe_sent: &'static str) -> (TestApp, String) {
    let mut unit = tenant();
    unit.accounts[0].maybe_sent = maybe_sent;
    let app = spawn_app().on_virtual_time().with_tenant(unit).await;
    app.infobip().set_webhook_faults(WebhookFaults { off: true, ..WebhookFaults::default() });
    app.infobip().add_fault(Fault::next(1, FaultKind::ResetMidway).on(SEND));
    app.infobip().add_fault(Fault::always(FaultKind::Status { code: 500 }).on(LOGS));
    let id = app.execute(&app.call("C-1")).await.message_id();
    app.until("the message to be settled", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
    (app, id)
}

#[tokio::test]
async fn a_repeat_that_infobip_calls_a_duplicate_is_accepted() {
    let (app, id) = with_unknown_fate("repeat").await;
    assert_eq!(sent_ids(&app), vec![vec![id.clone()]; 2], "sent again with the same message id");
    assert_eq!(app.infobip().attempts(&id), 2);
    app.infobip().clear_faults();
    app.drain().await;
    assert_each_once(&app, &[id]);
    let rows = app.rows();
    assert_eq!((rows.len(), rows[0]["statusName"].as_str()), (1, "DELIVERED_TO_HANDSET"));
    app.finish().await;
}

#[tokio::test]
async fn an_account_can_have_the_unknown_reported_and_infobips_own_report_corrects_it() {
    let (app, id) = with_unknown_fate("report_unknown").await;
    assert_eq!(sent_ids(&app), vec![vec![id.clone()]], "not sent again");
    let rows = app.until_rows(1).await;
    assert_eq!(["statusName", "statusId"].map(|column| rows[0][column].as_str()), ["EXPIRED_DLR_UNKNOWN", "29"]);
    app.infobip().clear_faults();
    app.until("Infobip's report", async || (app.rows()[0]["statusName"] == "DELIVERED_TO_HANDSET").then_some(())).await;
    app.drain().await;
    assert_eq!(app.rows().len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_held_account_holds_no_other() {
    let mut unit: TenantFile = tenant();
    let second = AccountFile {
        label: "second".into(),
        api_key: format!("{}-2", unit.accounts[0].api_key),
        ..unit.accounts[0].clone()
    };
    unit.accounts.push(second);
    let mut app = spawn_app().with_tenant(unit).await;
    app.expect_error(HELD);
    app.infobip().revoke_key(app.tenant.api_key());
    let [main, other] =
        [app.new_activity(&[("account", "main")]).await, app.new_activity(&[("account", "second")]).await];
    app.execute(&app.call_of(&main, "C-1")).await.message_id();
    app.until("the account to be held", async || {
        (app.unit_status().await["held_accounts"][0]["account"] == "main").then_some(())
    })
    .await;
    app.execute(&app.call_of(&other, "C-2")).await.message_id();
    app.until_received(1).await;
    assert_eq!(app.infobip().received()[0].to, "385910000002");
    assert_eq!(app.unit_status().await["queued"], 1);
    app.finish_with_work_left().await;
}
