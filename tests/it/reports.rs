//! From Infobip's webhooks to the data extension, or the customer's own URL (spec R1, R2).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use waypost::sandbox::{Column, Fault, FaultKind, WebhookFaults};

use crate::support::{Page, REPORTS_KEY, TestApp, spawn_app, tenant};

type Row = BTreeMap<String, String>;

/// Sends a message whose reports only the test brings: the sandbox's own webhooks are off. Gives the message's id and
/// the address of its reports.
async fn sent(app: &TestApp) -> (String, String) {
    app.infobip().set_webhook_faults(WebhookFaults { off: true, ..WebhookFaults::default() });
    let id = app.execute(&app.call("C-1").to("385911234567")).await.message_id();
    app.until("the message to be sent", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
    let received = app.infobip().received();
    let url = received[0].raw.pointer("/webhooks/delivery/url").and_then(Value::as_str).unwrap();
    (id, url.to_owned())
}

/// A report of Infobip's with everything in it (infobip.md 9.1).
fn report(message_id: &str) -> Value {
    json!({
        "bulkId": "Infobip SMS", "messageId": message_id, "to": "385911234567", "sender": "Waypost",
        "sentAt": "2026-11-24T08:00:01.250+0000", "doneAt": "2026-11-24T10:00:05.999+0200",
        "messageCount": 2, "mccMnc": "21910", "callbackData": "{\"Own\":\"data\"}", "platform": {},
        "price": { "pricePerMessage": 0.0085, "currency": "EUR" },
        "status": { "groupId": 2, "groupName": "UNDELIVERABLE", "id": 9, "name": "UNDELIVERABLE_NOT_DELIVERED",
            "description": "Message sent not delivered" },
        "error": { "groupId": 1, "groupName": "HANDSET_ERRORS", "id": 27, "name": "EC_ABSENT_SUBSCRIBER",
            "description": "Absent Subscriber", "permanent": true },
    })
}

fn delivered(message_id: &str, done_at: &str) -> Value {
    let mut report = report(message_id);
    report["doneAt"] = done_at.into();
    report["status"] = json!({ "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET",
        "description": "Message delivered to handset" });
    report
}

async fn bring(app: &TestApp, url: &str, reports: &[Value]) {
    let answer = app.post(url, json!({ "results": reports }).to_string()).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}

/// Waits until no report waits, and gives the rows by message id.
async fn settled(app: &TestApp) -> BTreeMap<String, Row> {
    app.until("the reports to be forwarded", async || (app.unit_status().await["reports_waiting"] == 0).then_some(()))
        .await;
    let rows = app.rows();
    let count = rows.len();
    let by_id: BTreeMap<_, _> = rows.into_iter().map(|row| (row["messageId"].clone(), row)).collect();
    assert_eq!(by_id.len(), count);
    by_id
}

#[tokio::test]
async fn a_report_becomes_a_row_with_every_column_of_the_manual() {
    let app = spawn_app().await;
    let (id, url) = sent(&app).await;
    bring(&app, &url, &[report(&id)]).await;
    let rows = settled(&app).await;
    let expected = [
        ("messageId", id.as_str()),
        ("messageCount", "2"),
        ("to", "385911234567"),
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
        ("callbackData", r#"{"Own":"data"}"#),
        ("sentAt", "2026-11-24T08:00:01Z"),
        ("doneAt", "2026-11-24T08:00:05Z"),
        ("originalMCC", "219"),
        ("originalMNC", "10"),
        ("channel", "SMS"),
    ];
    let expected: Row = expected.into_iter().map(|(column, value)| (column.to_owned(), value.to_owned())).collect();
    assert_eq!(rows, BTreeMap::from([(id, expected)]));
    app.finish().await;
}

#[tokio::test]
async fn what_a_report_leaves_out_is_filled_from_the_message() {
    let app = spawn_app().await;
    let (id, url) = sent(&app).await;
    let sparse = json!({ "messageId": id, "doneAt": "2026-11-24T08:00:05.000+0000",
        "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET" } });
    bring(&app, &url, &[sparse]).await;
    let row = &settled(&app).await[&id];
    assert_eq!(row["to"], "385911234567");
    assert!(row["callbackData"].contains(r#""ContactKey":"C-1""#), "{row:?}");
    // Not nullable, and nothing to fill it with but the moment it was sent.
    assert!(row["sentAt"].ends_with('Z') && row["sentAt"].len() == 20, "{row:?}");
    for column in ["pricePerMessage", "priceCurrency", "errorId", "errorPermanent", "originalMCC", "originalMNC"] {
        assert_eq!(row.get(column), None, "{column}");
    }
    app.finish().await;
}

#[tokio::test]
async fn duplicates_and_reordering_end_in_the_same_row() {
    let app = spawn_app().await;
    let (id, url) = sent(&app).await;
    let pending = json!({ "messageId": id, "status": { "groupId": 1, "groupName": "PENDING", "id": 7, "name": "PENDING_ENROUTE" } });
    let early = report(&id);
    let late = delivered(&id, "2026-11-24T09:00:00.000+0000");
    bring(&app, &url, &[pending.clone(), late.clone(), early.clone()]).await;
    assert_eq!(settled(&app).await[&id]["statusName"], "DELIVERED_TO_HANDSET");
    bring(&app, &url, &[late]).await;
    bring(&app, &url, &[early, pending]).await;
    let rows = settled(&app).await;
    assert_eq!((rows.len(), rows[&id]["statusName"].as_str()), (1, "DELIVERED_TO_HANDSET"));
    app.finish().await;
}

#[tokio::test]
async fn a_later_report_updates_the_row() {
    let app = spawn_app().await;
    let (id, url) = sent(&app).await;
    bring(&app, &url, &[report(&id)]).await;
    assert_eq!(settled(&app).await[&id]["statusName"], "UNDELIVERABLE_NOT_DELIVERED");
    bring(&app, &url, &[delivered(&id, "2026-11-24T09:00:00.000+0000")]).await;
    let rows = settled(&app).await;
    assert_eq!((rows.len(), rows[&id]["statusName"].as_str()), (1, "DELIVERED_TO_HANDSET"));
    app.finish().await;
}

#[tokio::test]
async fn a_pending_report_makes_no_row() {
    let app = spawn_app().await;
    let (id, url) = sent(&app).await;
    let pending = json!({ "messageId": id, "status": { "groupId": 1, "groupName": "PENDING", "id": 7, "name": "PENDING_ENROUTE" } });
    bring(&app, &url, &[pending, delivered("somebody-elses", "2026-11-24T09:00:00.000+0000")]).await;
    let rows = settled(&app).await;
    assert_eq!(rows.keys().collect::<Vec<_>>(), ["somebody-elses"]);
    app.finish().await;
}

#[tokio::test]
async fn webhooks_that_come_twice_and_in_reverse_make_one_row_each() {
    let app = spawn_app().await;
    app.infobip().set_webhook_faults(WebhookFaults { duplicated: true, reordered: true, ..WebhookFaults::default() });
    for n in 0..20 {
        app.execute(&app.call(&format!("C-{n}"))).await.message_id();
    }
    app.drain().await;
    assert_eq!((app.rows().len(), app.infobip().webhooks_failed()), (20, 0));
    app.finish().await;
}

#[tokio::test]
async fn a_malformed_entry_does_not_cost_the_others() {
    let app = spawn_app().await;
    let (id, url) = sent(&app).await;
    let entries = [
        report(&id),
        json!({}),
        json!(5),
        json!({ "messageId": "no-status" }),
        json!({ "status": { "groupId": 3 } }),
        report("unknown-to-us"),
    ];
    bring(&app, &url, &entries).await;
    let rows = settled(&app).await;
    assert_eq!(rows.keys().collect::<Vec<_>>(), [&id, "unknown-to-us"]);
    app.finish().await;
}

#[tokio::test]
async fn a_report_of_a_message_nobody_knows_still_becomes_a_row() {
    let app = spawn_app().await;
    let (_, url) = sent(&app).await;
    bring(&app, &url, &[report("5f3c0c6a-sent-before-the-restore")]).await;
    let row = &settled(&app).await["5f3c0c6a-sent-before-the-restore"];
    assert_eq!([&row["to"], &row["channel"], &row["callbackData"]], ["385911234567", "SMS", r#"{"Own":"data"}"#]);
    app.finish().await;
}

#[tokio::test]
async fn a_webhook_needs_the_accounts_token_and_a_body_that_is_json() {
    let app = spawn_app().await;
    let (id, url) = sent(&app).await;
    let body = json!({ "results": [report(&id)] }).to_string();
    let (base, token) = url.rsplit_once('/').unwrap();
    let wrong_end = format!("{}{}", &token[..token.len() - 1], if token.ends_with('A') { "B" } else { "A" });
    for wrong in [
        format!("{base}/{wrong_end}"),
        format!("{base}/x"),
        base.to_owned(),
        url.replace("/sms/", "/fax/"),
        format!("{url}/more"),
    ] {
        assert_eq!(app.post(&wrong, body.clone()).await.status, 404, "{wrong}");
    }
    for wrong in ["", "<xml/>", "{\"results\":"] {
        assert_eq!(app.post(&url, wrong).await.status, 400, "{wrong}");
    }
    assert_eq!(app.post(&url, "{}").await.status, 200);
    assert!(settled(&app).await.is_empty());
    assert_eq!(app.post(&format!("{url}/"), body).await.status, 200, "with a trailing slash");
    assert_eq!(settled(&app).await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn reports_wait_while_sfmc_is_down_and_arrive_once() {
    let app = spawn_app().await;
    app.sfmc().add_fault(Fault::always(FaultKind::Status { code: 503 }));
    for n in 0..5 {
        app.execute(&app.call(&format!("C-{n}"))).await.message_id();
    }
    app.until("SFMC to be asked in vain", async || {
        let unit = app.unit_status().await;
        (unit["reports_waiting"] == 5 && unit["report_problems"][0].is_string()).then_some(())
    })
    .await;
    // Infobip is not made to wait for SFMC.
    assert_eq!(app.infobip().webhooks_failed(), 0);
    app.sfmc().clear_faults();
    app.drain().await;
    assert_eq!(app.rows().len(), 5);
    app.until("the problem to be over", async || {
        (app.unit_status().await["report_problems"] == json!([])).then_some(())
    })
    .await;
    app.finish().await;
}

#[tokio::test]
async fn sfmcs_throttling_and_expired_tokens_are_coped_with() {
    // 50200 means to stay away for a minute.
    let app = spawn_app().on_virtual_time().await;
    app.execute(&app.call("C-1")).await.message_id();
    app.drain().await;
    // 50100 with a moment to wait, 50200 without one.
    app.sfmc().add_fault(Fault::next(1, FaultKind::RateLimited { retry_after_secs: Some(1) }).on("/data/"));
    app.execute(&app.call("C-2")).await.message_id();
    app.drain().await;
    app.sfmc().add_fault(Fault::next(1, FaultKind::Blocked).on("/data/"));
    app.execute(&app.call("C-3")).await.message_id();
    app.drain().await;
    app.sfmc().revoke_tokens();
    app.execute(&app.call("C-4")).await.message_id();
    app.drain().await;
    assert_eq!(app.rows().len(), 4);
    app.finish().await;
}

#[tokio::test]
async fn a_refused_row_is_set_aside_and_the_others_go() {
    for is_atomic in [false, true] {
        let app = spawn_app().await;
        let (_, url) = sent(&app).await;
        let mut spec = app.sfmc().data_extension(app.tenant.mid, REPORTS_KEY).unwrap();
        let price = spec.columns.iter_mut().find(|column| column.name == "pricePerMessage").unwrap();
        *price = Column::decimal("pricePerMessage", 8, 4);
        app.sfmc().create_data_extension(app.tenant.mid, spec).unwrap();
        app.sfmc().set_async_atomic(is_atomic);
        let mut reports: Vec<_> = (0..9).map(|n| report(&format!("report-{n}"))).collect();
        reports[4]["price"]["pricePerMessage"] = 123_456.into();
        bring(&app, &url, &reports).await;
        let rows = settled(&app).await;
        assert_eq!(rows.len(), 8, "atomic: {is_atomic}");
        assert!(!rows.contains_key("report-4"));
        assert_eq!(app.unit_status().await["reports_refused"], 1);
        app.finish().await;
    }
}

#[tokio::test]
async fn a_target_that_refuses_everything_keeps_its_reports() {
    let app = spawn_app().await;
    app.sfmc().add_fault(Fault::always(FaultKind::SoapFault { text: "Unable to retrieve".into() }).on("/Service.asmx"));
    app.execute(&app.call("C-1")).await.message_id();
    app.until("the target to be found wrong", async || {
        app.unit_status().await["report_problems"][0].is_string().then_some(())
    })
    .await;
    app.sfmc().clear_faults();
    app.drain().await;
    assert_eq!(app.rows().len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn reports_that_wait_outlive_a_restart() {
    let mut app = spawn_app().await;
    app.sfmc().add_fault(Fault::always(FaultKind::Status { code: 503 }));
    app.execute(&app.call("C-1")).await.message_id();
    app.until("the report to wait", async || (app.unit_status().await["reports_waiting"] == 1).then_some(())).await;
    app.stop().await;
    app.start().await;
    assert_eq!(app.unit_status().await["reports_waiting"], 1);
    app.sfmc().clear_faults();
    app.drain().await;
    assert_eq!(app.rows().len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_report_of_a_message_sent_before_a_restart_is_known_after_it() {
    let mut app = spawn_app().await;
    let (id, url) = sent(&app).await;
    app.stop().await;
    app.start().await;
    bring(&app, &url, &[json!({ "messageId": id, "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET" } })]).await;
    assert_eq!(settled(&app).await[&id]["to"], "385911234567");
    app.finish().await;
}

#[tokio::test]
async fn rows_are_written_in_batches() {
    let app = spawn_app().await;
    for n in 0..60 {
        app.execute(&app.call(&format!("C-{n}"))).await.message_id();
    }
    app.drain().await;
    assert_eq!(app.rows().len(), 60);
    let path = format!("/data/v1/async/dataextensions/key:{}/rows", REPORTS_KEY.replace(' ', "%20"));
    let writes = app.requests_to(&path);
    let rows: usize = writes.iter().map(|write| write.body["items"].as_array().unwrap().len()).sum();
    assert_eq!(rows, 60);
    assert!(writes.len() <= 12, "60 rows took {} writes", writes.len());
    app.finish().await;
}

#[tokio::test]
async fn external_reports_go_to_the_customers_url_in_infobips_own_form() {
    let page = Page::open().await;
    let mut unit = tenant();
    unit.accounts[0].external_url = Some(page.url.clone());
    let app = spawn_app().with_tenant(unit).await;
    let (id, url) = sent(&app).await;
    bring(&app, &url, &[report(&id)]).await;
    app.until("the page to be called", async || (!page.taken().is_empty()).then_some(())).await;
    let mut expected = report(&id);
    expected["sentAt"] = "2026-11-24T08:00:01.250Z".into();
    expected["doneAt"] = "2026-11-24T08:00:05.999Z".into();
    expected["channel"] = "SMS".into();
    expected.as_object_mut().unwrap().remove("platform");
    assert_eq!(page.taken(), [json!({ "results": [expected] })]);
    assert!(settled(&app).await.is_empty(), "nothing goes to the data extension");
    app.finish().await;
    page.close().await;
}

#[tokio::test]
async fn external_reports_are_repeated_until_the_page_takes_them() {
    let page = Page::open().await;
    page.refuse(&[500, 404, 503]);
    let mut unit = tenant();
    unit.accounts[0].external_url = Some(page.url.clone());
    let mut app = spawn_app().with_tenant(unit).await;
    app.execute(&app.call("C-1")).await.message_id();
    app.until("the page to be called", async || (page.calls() >= 1).then_some(())).await;
    app.stop().await;
    app.start().await;
    app.drain().await;
    assert_eq!(page.calls(), 4);
    let taken = page.taken();
    assert_eq!((taken.len(), taken[0]["results"].as_array().unwrap().len()), (1, 1));
    assert_eq!(taken[0]["results"][0]["status"]["name"], "DELIVERED_TO_HANDSET");
    app.finish().await;
    page.close().await;
}

#[tokio::test]
async fn one_units_trouble_holds_up_no_other() {
    let mut app = spawn_app().await;
    let other = tenant();
    app.add_tenant(&other).await;
    // The other's package is gone: its token requests fail.
    app.sfmc().add_business_unit(waypost::sandbox::BusinessUnit { mid: other.mid, ..Default::default() });
    let theirs =
        app.new_activity_of(other.mid, "messaging", &[("channel", "SMS"), ("sender", "Waypost"), ("text", "Hi")]).await;
    app.execute(&app.call_of(&theirs, "C-1").signed_with(&other.signing_secret)).await.message_id();
    app.execute(&app.call("C-2")).await.message_id();
    app.until_rows(1).await;
    other.register(&app.sandbox);
    app.drain().await;
    assert_eq!(app.sfmc().rows(other.mid, REPORTS_KEY).len(), 1);
    app.finish().await;
}
