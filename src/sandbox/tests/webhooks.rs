use super::*;
use crate::sandbox::{DeliveryScript, InboundMessage, WebhookFaults};

fn sms_with_webhook(to: &str, id: &str, url: &str) -> Value {
    let mut body = sms(to, id, "Hi https://shop.example/1");
    body["messages"][0]["webhooks"] = json!({ "delivery": { "url": url }, "callbackData": format!("data of {id}") });
    body
}

async fn start_with(delivery: DeliveryScript) -> (Caller, Arc<VirtualClock>) {
    let clock = frozen();
    let options = SandboxOptions { delivery, ..SandboxOptions::default() };
    let sandbox = sandbox_with(options, clock.clone()).await;
    (Caller::new(&sandbox).await, clock)
}

#[tokio::test]
async fn reports_come_after_their_delay_in_batches() {
    let endpoint = Endpoint::accepting();
    let (caller, clock) = start_with(DeliveryScript { batch_max: 2, ..DeliveryScript::default() }).await;
    for (to, id) in [("385911234567", "a"), ("99900090001", "b"), ("99900150001", "c")] {
        caller.infobip("POST", "/sms/3/messages", sms_with_webhook(to, id, &endpoint.url)).await;
    }
    let infobip = caller.sandbox.infobip().clone();
    assert_eq!((infobip.webhooks_pending(), infobip.reports().len()), (3, 0));
    clock.advance(Duration::from_millis(500));
    until("the webhooks", || infobip.webhooks_sent() == 2).await;
    let mut results: Vec<Value> =
        endpoint.got().iter().flat_map(|got| got.json()["results"].as_array().unwrap().clone()).collect();
    results.sort_by_key(|result| result["messageId"].to_string());
    let delivered = json!({
        "messageId": "a", "to": "385911234567", "sender": "ACME",
        "sentAt": "2026-03-03T13:22:30.000+0000", "doneAt": "2026-03-03T13:22:30.500+0000",
        "messageCount": 1, "mccMnc": "21910", "price": { "pricePerMessage": 0.01, "currency": "EUR" },
        "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET",
                    "description": "Message delivered to handset" },
        "error": { "groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "description": "No Error",
                   "permanent": false },
        "callbackData": "data of a",
    });
    assert_eq!(results[0], delivered);
    let names: Vec<&Value> = results.iter().map(|result| &result["status"]["name"]).collect();
    assert_eq!(names[1..], ["UNDELIVERABLE_NOT_DELIVERED", "EXPIRED_EXPIRED"]);
    assert_eq!(results[1]["error"]["name"], "EC_ABSENT_SUBSCRIBER");
    assert_eq!(infobip.reports().len(), 3);
    assert_eq!(infobip.webhooks_pending(), 0);
}

#[tokio::test]
async fn a_refused_webhook_is_repeated_on_the_published_schedule() {
    let endpoint = Endpoint::start(|before, _| async move { (if before < 3 { 503 } else { 200 }, json!({})) });
    let (caller, clock) = start_with(DeliveryScript::default()).await;
    let infobip = caller.sandbox.infobip().clone();
    caller.infobip("POST", "/sms/3/messages", sms_with_webhook("385911234567", "a", &endpoint.url)).await;
    clock.advance(Duration::from_millis(500));
    // 1 min, 2 min, 5 min after each failure.
    for (failures, minutes) in [(1, 1), (2, 2), (3, 5)] {
        until("a failure", || infobip.webhooks_failed() == failures).await;
        clock.advance(Duration::from_secs(60 * minutes - 1));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(endpoint.count() as u64, failures);
        clock.advance(Duration::from_secs(1));
    }
    until("success", || infobip.webhooks_sent() == 1).await;
    assert_eq!(endpoint.count(), 4);
}

#[tokio::test]
async fn webhooks_can_be_off_duplicated_reordered_and_late() {
    let endpoint = Endpoint::accepting();
    let (caller, clock) = start_with(DeliveryScript::default()).await;
    let infobip = caller.sandbox.infobip().clone();
    let send = async |id: &str| {
        caller.infobip("POST", "/sms/3/messages", sms_with_webhook("385911234567", id, &endpoint.url)).await;
    };
    infobip.set_webhook_faults(WebhookFaults { off: true, ..WebhookFaults::default() });
    send("a").await;
    send("b").await;
    clock.advance(Duration::from_millis(500));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(endpoint.count(), 0);
    let faults = WebhookFaults { duplicated: true, reordered: true, late_ms: 1_000, ..WebhookFaults::default() };
    infobip.set_webhook_faults(faults);
    until("the webhooks", || endpoint.count() == 2).await;
    let ids: Vec<String> = endpoint.got()[1].json()["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["messageId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["b", "a"]);
    send("c").await;
    clock.advance(Duration::from_millis(1_499));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(endpoint.count(), 2);
    clock.advance(Duration::from_millis(1));
    until("the late webhook", || endpoint.count() == 4).await;
}

#[tokio::test]
async fn intermediate_reports_and_clicks_come_when_asked_for() {
    let endpoint = Endpoint::accepting();
    let (caller, clock) = start_with(DeliveryScript { clicked_per_mille: 1_000, ..DeliveryScript::default() }).await;
    let mut body = sms_with_webhook("385911234567", "a", &format!("{}/dlr", endpoint.url));
    body["messages"][0]["webhooks"]["delivery"]["intermediateReport"] = json!(true);
    body["options"] = json!({ "tracking": { "trackingUrl": format!("{}/click", endpoint.url) } });
    caller.infobip("POST", "/sms/3/messages", body).await;
    for expected in 1..=3 {
        clock.advance(Duration::from_millis(if expected == 3 { 500 } else { 250 }));
        until("a webhook", || endpoint.count() == expected).await;
    }
    let got = endpoint.got();
    assert_eq!(got[0].json()["results"][0]["status"]["groupName"], "PENDING");
    assert_eq!(got[1].json()["results"][0]["status"]["groupName"], "DELIVERED");
    let click = got[2].json();
    assert_eq!((got[2].path.as_str(), &click["notificationType"]), ("/click", &json!("CLICKED")));
    assert_eq!(click["url"], "https://shop.example/1");
    assert_eq!(click["sendDateTime"], 1_772_544_151_000_u64);

    // `notify: false` means no report at all.
    let mut body = sms_with_webhook("385911234567", "b", &endpoint.url);
    body["messages"][0]["webhooks"]["delivery"]["notify"] = json!(false);
    caller.infobip("POST", "/sms/3/messages", body).await;
    assert_eq!(caller.sandbox.infobip().webhooks_pending(), 0);
}

#[tokio::test]
async fn inbound_messages_are_posted() {
    let endpoint = Endpoint::accepting();
    let (caller, _) = start_with(DeliveryScript::default()).await;
    let message = InboundMessage {
        sender: "385911234567".into(),
        destination: "385915550000".into(),
        text: "yes please".into(),
        paired_message_id: Some("a".into()),
        ..InboundMessage::default()
    };
    assert_eq!(caller.sandbox.infobip().send_inbound(&endpoint.url, message).await.unwrap(), 200);
    let result = &endpoint.got()[0].json()["results"][0];
    assert_eq!(
        (&result["event"], &result["channel"], &result["pairedMessageId"]),
        (&json!("MO"), &json!("SMS"), &json!("a"))
    );
    assert_eq!(result["content"][0]["keyword"], "YES");
}

#[tokio::test]
async fn many_messages_are_reported() {
    let endpoint = Endpoint::accepting();
    let (caller, clock) = start_with(DeliveryScript::default()).await;
    let infobip = caller.sandbox.infobip().clone();
    for request in 0..20 {
        let messages: Vec<Value> = (0..100)
            .map(|n| sms_with_webhook("385911234567", &format!("{request}-{n}"), &endpoint.url)["messages"][0].clone())
            .collect();
        assert_eq!(caller.infobip("POST", "/sms/3/messages", json!({ "messages": messages })).await.0, 200);
    }
    clock.advance(Duration::from_millis(500));
    until("all reports", || infobip.webhooks_sent() == 20).await;
    let results: usize = endpoint.got().iter().map(|got| got.json()["results"].as_array().unwrap().len()).sum();
    assert_eq!((results, infobip.webhooks_pending()), (2_000, 0));
}
