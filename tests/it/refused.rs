//! What a target refuses is listed with its words and replayed, of every kind; and SFMC's limits and outages (spec R2, R3).

use std::time::Duration;

use serde_json::{Value, json};
use waypost::sandbox::{Column, Fault, FaultKind, WebhookFaults};

use crate::support::{
    CLICKS_KEY, INBOUND_KEY, Page, REPORTS_KEY, TenantFile, TestApp, inbound_messages, spawn_app, tenant,
    unified_url_tracking,
};

const PERSON: &str = "385911234567";

fn report(message_id: &str, status_name: &str) -> Value {
    json!({
        "messageId": message_id, "to": PERSON, "sender": "Waypost", "messageCount": 1,
        "sentAt": "2026-11-24T08:00:01.000+0000", "doneAt": "2026-11-24T08:00:05.000+0000",
        "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": status_name, "description": "Delivered" },
    })
}

fn reply(id: &str, text: &str, paired: &str) -> Value {
    json!({ "event": "MO", "channel": "SMS", "sender": PERSON, "destination": "Waypost", "messageId": id,
        "content": [{ "type": "TEXT", "text": text }], "receivedAt": "2026-11-24T09:00:00.000+0000", "messageCount": 1,
        "pairedMessageId": paired })
}

/// The account's address of a kind: `deliveryReport/sms`, `urlTracking/sms` or `inboundMessage`.
async fn address(app: &TestApp, kind: &str) -> String {
    let address = app.cli(&["inbound", "address", "--mid", &app.tenant.mid.to_string()]).await;
    address.succeeded().out.trim().replace("/inboundMessage/", &format!("/{kind}/"))
}

async fn bring(app: &TestApp, kind: &str, body: Value) {
    let url = address(app, kind).await;
    assert_eq!(app.post(&url, body.to_string()).await.status, 200, "{kind}");
}

async fn settled(app: &TestApp) {
    app.until("the reports to be forwarded", async || (app.unit_status().await["reports_waiting"] == 0).then_some(()))
        .await;
}

async fn refused(app: &TestApp) -> Vec<Value> {
    let list = app.cli(&["report", "refused", &app.tenant.mid.to_string(), "--json"]).await.json();
    list.as_array().unwrap().clone()
}

async fn replay(app: &TestApp) -> String {
    app.cli(&["report", "replay", &app.tenant.mid.to_string()]).await.succeeded().out.clone()
}

fn silent(app: &TestApp) {
    app.infobip().set_webhook_faults(WebhookFaults { off: true, ..WebhookFaults::default() });
}

#[tokio::test]
async fn what_the_customers_page_refuses_is_listed_without_what_it_quotes_and_replayed() {
    let page = Page::open().await;
    let mut unit = tenant();
    unit.accounts[0].external_url = Some(page.url.clone());
    let app = spawn_app().with_tenant(unit).await;
    page.refuse_text(Some("STATUS_NOBODY_KNOWS"));
    let mut reports: Vec<_> = (0..9).map(|n| report(&format!("m-{n}"), "DELIVERED_TO_HANDSET")).collect();
    reports[4]["status"]["name"] = "STATUS_NOBODY_KNOWS".into();
    bring(&app, "deliveryReport/sms", json!({ "results": reports })).await;
    settled(&app).await;
    let taken = || page.taken().iter().map(|post| post["results"].as_array().unwrap().len()).sum::<usize>();
    assert_eq!(taken(), 8);
    let listed = refused(&app).await;
    assert_eq!((listed.len(), &listed[0]["message_id"]), (1, &json!("m-4")), "{listed:?}");
    let problem = listed[0]["problem"].as_str().unwrap();
    assert!(problem.starts_with("the notification URL answered 422: unknown status in"), "{problem}");
    assert!(!problem.contains(PERSON), "{problem}");
    assert_eq!(app.unit_status().await["reports_refused"], 1);
    page.refuse_text(None);
    assert_eq!(replay(&app).await, "1 refused are tried again\n");
    settled(&app).await;
    assert_eq!((taken(), refused(&app).await.len()), (9, 0));
    app.finish().await;
    page.close().await;
}

#[tokio::test]
async fn refused_clicks_replies_and_events_are_listed_and_replayed() {
    let app = spawn_app().with_tenant(TenantFile { lines: "replies = { event_delay_secs = 0 }\n", ..tenant() }).await;
    silent(&app);
    let mid = app.tenant.mid;
    let short = |mut extension: waypost::sandbox::DataExtensionSpec, name: &str| {
        let column = extension.columns.iter_mut().find(|column| column.name == name).unwrap();
        *column = Column::decimal(name, 2, 0);
        extension
    };
    // Columns of the customer's own that no value fits.
    app.sfmc().create_data_extension(mid, short(unified_url_tracking(), "url")).unwrap();
    app.sfmc().create_data_extension(mid, short(inbound_messages(INBOUND_KEY), "message")).unwrap();
    app.sfmc().create_data_extension(mid, inbound_messages("Event")).unwrap();
    let event_key = app.sfmc().add_api_event(mid, "Reply", "Event").unwrap().event_definition_key;
    let activity = app.new_activity(&[("eventDefinitionKey", &event_key)]).await;
    let id = app.execute(&app.call_of(&activity, "C-1").to(PERSON)).await.message_id();
    app.until("it to be sent", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
    app.sfmc().add_fault(Fault::always(FaultKind::Status { code: 400 }).on("/interaction/v1/events"));
    let click = json!({ "notificationType": "CLICKED", "recipient": PERSON, "url": "https://a", "messageId": id,
        "sendDateTime": 1_764_000_000_000_u64 });
    bring(&app, "urlTracking/sms", click).await;
    bring(&app, "inboundMessage", reply("mo-1", "YES please", &id)).await;
    settled(&app).await;
    let mut kinds: Vec<_> =
        refused(&app).await.iter().map(|it| it["status_name"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    assert_eq!(kinds, ["CLICKED", "EVENT", "REPLY"]);
    let status = app.unit_status().await;
    assert_eq!((&status["reports_refused"], &status["events_refused"]), (&json!(2), &json!(1)));
    assert!(app.sfmc().events().is_empty());
    // Nothing was repaired: replayed, all are refused again.
    assert_eq!(replay(&app).await, "3 refused are tried again\n");
    app.until("them to be refused again", async || (refused(&app).await.len() == 3).then_some(())).await;
    settled(&app).await;
    app.sfmc().create_data_extension(mid, unified_url_tracking()).unwrap();
    app.sfmc().create_data_extension(mid, inbound_messages(INBOUND_KEY)).unwrap();
    app.sfmc().clear_faults();
    replay(&app).await;
    settled(&app).await;
    assert_eq!(refused(&app).await, Vec::<Value>::new());
    assert_eq!((app.sfmc().rows(mid, CLICKS_KEY).len(), app.sfmc().rows(mid, INBOUND_KEY).len()), (1, 1));
    let events = app.sfmc().events();
    assert_eq!((events.len(), events[0].contact_key.as_str()), (1, "C-1"));
    app.finish().await;
}

/// A scope that the package lacks is the package's trouble: the event waits for it, as rows do.
#[tokio::test]
async fn an_event_without_its_scope_waits_and_says_why() {
    let app = spawn_app().with_tenant(TenantFile { lines: "replies = { event_delay_secs = 0 }\n", ..tenant() }).await;
    silent(&app);
    let mid = app.tenant.mid;
    app.sfmc().create_data_extension(mid, inbound_messages(INBOUND_KEY)).unwrap();
    let event_key = app.sfmc().add_api_event(mid, "Reply", INBOUND_KEY).unwrap().event_definition_key;
    let activity = app.new_activity(&[("eventDefinitionKey", &event_key)]).await;
    let id = app.execute(&app.call_of(&activity, "C-1").to(PERSON)).await.message_id();
    app.until("it to be sent", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
    app.sfmc().add_fault(Fault::next(1, FaultKind::Forbidden).on("/interaction/v1/events"));
    bring(&app, "inboundMessage", reply("mo-1", "YES", &id)).await;
    app.until("the reason", async || {
        let problem = app.unit_status().await["report_problems"][0].as_str().map(str::to_owned);
        problem.filter(|problem| problem.contains("lacks a scope"))
    })
    .await;
    settled(&app).await;
    assert_eq!((app.sfmc().events().len(), refused(&app).await.len()), (1, 0));
    app.finish().await;
}

/// Errorcode 50200 means to stay away for a minute (sfmc.md 6.4).
#[tokio::test]
async fn rows_leave_a_business_unit_alone_for_a_minute_when_sfmc_blocks_it() {
    let app = spawn_app().on_virtual_time().await;
    silent(&app);
    app.sfmc().add_fault(Fault::next(1, FaultKind::Blocked).on("/data/"));
    bring(&app, "deliveryReport/sms", json!({ "results": [report("m-1", "DELIVERED_TO_HANDSET")] })).await;
    app.until("SFMC to throttle", async || {
        let problem = app.unit_status().await["report_problems"][0].as_str().map(str::to_owned);
        problem.filter(|problem| problem.contains("throttles"))
    })
    .await;
    let path = format!("/data/v1/async/dataextensions/key:{}/rows", REPORTS_KEY.replace(' ', "%20"));
    let writes = app.requests_to(&path).len();
    app.pass(Duration::from_secs(50)).await;
    assert_eq!((app.requests_to(&path).len(), app.rows().len()), (writes, 0));
    settled(&app).await;
    assert_eq!((app.rows().len(), app.requests_to(&path).len()), (1, writes + 1));
    app.finish().await;
}

#[tokio::test]
async fn webhooks_are_answered_while_sfmc_is_down_for_hours_and_every_row_arrives_once() {
    const HOURS: usize = 6;
    const REPORTS: usize = 200;
    let app = spawn_app().on_virtual_time().await;
    silent(&app);
    app.sfmc().add_fault(Fault::always(FaultKind::Status { code: 503 }));
    for hour in 0..HOURS {
        let ids = (0..REPORTS).map(|n| format!("m-{hour}-{n}"));
        let reports: Vec<_> = ids.map(|id| report(&id, "DELIVERED_TO_HANDSET")).collect();
        // Asserts the 200.
        bring(&app, "deliveryReport/sms", json!({ "results": reports })).await;
        app.virtual_clock.as_ref().unwrap().advance(Duration::from_secs(3_600));
    }
    assert_eq!(app.unit_status().await["reports_waiting"], HOURS * REPORTS);
    app.sfmc().clear_faults();
    app.virtual_clock.as_ref().unwrap().advance(Duration::from_secs(600));
    settled(&app).await;
    let mut ids: Vec<_> = app.rows().iter().map(|row| row["messageId"].clone()).collect();
    let rows = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!((rows, ids.len()), (HOURS * REPORTS, rows));
    assert!(app.status().await["reports_in_memory_most"].as_u64().unwrap() <= 2_000);
    app.finish().await;
}
