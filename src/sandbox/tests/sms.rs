use super::*;

const PATH: &str = "/sms/3/messages";

async fn caller() -> Caller {
    Caller::new(&sandbox().await).await
}

fn status_of(answer: &Value, place: usize) -> (u64, &str) {
    let status = &answer["messages"][place]["status"];
    (status["id"].as_u64().unwrap(), status["name"].as_str().unwrap())
}

/// A request with every field there is.
fn full() -> Value {
    json!({
        "messages": [ {
            "sender": "ACME",
            "destinations": [ { "to": "385911234567", "messageId": "m-1", "networkId": 1 } ],
            "content": {
                "text": "Hello https://shop.example/1", "transliteration": "TURKISH",
                "language": { "languageCode": "TR", "singleShift": true, "lockingShift": false },
            },
            "options": {
                "platform": { "entityId": "e", "applicationId": "a" },
                "validityPeriod": { "amount": 24, "timeUnit": "HOURS" },
                "deliveryTimeWindow": {
                    "days": ["MONDAY"], "from": { "hour": 8, "minute": 0 }, "to": { "hour": 9, "minute": 0 },
                },
                "campaignReferenceId": "c",
                "regional": {
                    "indiaDlt": { "principalEntityId": "p", "contentTemplateId": "t", "telemarketerId": "m" },
                    "turkeyIys": { "recipientType": "TACIR", "brandCode": 7 },
                    "southKorea": { "title": "t", "resellerCode": 123_456_789 },
                },
                "flash": false,
            },
            "webhooks": {
                "delivery": { "url": "http://127.0.0.1:1/dlr", "intermediateReport": false, "notify": true },
                "contentType": "application/json",
                "callbackData": "x",
            },
        } ],
        "options": {
            "schedule": {
                "bulkId": "Infobip SMS", "sendAt": "2026-04-01T09:00:00.000+0000",
                "sendingSpeedLimit": { "amount": 500, "timeUnit": "HOUR" },
            },
            "tracking": {
                "shortenUrl": true, "trackClicks": true, "trackingUrl": "http://127.0.0.1:1/click",
                "removeProtocol": false, "customDomain": "go.example.com",
            },
            "includeSmsCountInResponse": true,
            "conversionTracking": { "useConversionTracking": false, "conversionTrackingName": "n" },
        },
    })
}

#[tokio::test]
async fn a_full_request_is_accepted() {
    let sandbox = sandbox_with(SandboxOptions::default(), frozen()).await;
    let caller = Caller::new(&sandbox).await;
    let (status, answer) = caller.infobip("POST", PATH, full()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(status_of(&answer, 0), (26, "PENDING_ACCEPTED"));
    assert_eq!(answer["bulkId"], "Infobip SMS");
    assert_eq!(answer["messages"][0]["details"]["messageCount"], 1);
    let received = sandbox.infobip().received();
    let message = &received[0];
    assert_eq!(
        (message.message_id.as_str(), message.to.as_str(), message.sender.as_str()),
        ("m-1", "385911234567", "ACME")
    );
    assert_eq!(message.bulk_id.as_deref(), Some("Infobip SMS"));
    assert_eq!(message.callback_data.as_deref(), Some("x"));
    assert_eq!((message.at, message.request_no, message.attempts), (start(), 1, 1));
    assert_eq!(message.raw["options"]["campaignReferenceId"], "c");
}

#[tokio::test]
async fn what_the_schema_does_not_allow_is_a_violation_of_its_property() {
    let sandbox = sandbox_with(SandboxOptions::default(), frozen()).await;
    let caller = Caller::new(&sandbox).await;
    let message = "/messages/0";
    let cases = [
        ("", "colour", json!("red"), "colour"),
        ("", "messages", json!([]), "messages"),
        (message, "from", json!("ACME"), "messages[0].from"),
        (message, "sender", json!(7), "messages[0].sender"),
        (message, "destinations", json!([]), "messages[0].destinations"),
        (message, "content", json!({ "text": " " }), "messages[0].content.text"),
        (message, "content", json!({}), "messages[0].content.text"),
        (message, "content", json!({ "hex": "00", "text": "x" }), "messages[0].content.text"),
        ("/messages/0/destinations/0", "to", Value::Null, "messages[0].destinations[0].to"),
        ("/messages/0/content", "transliteration", json!("KLINGON"), "messages[0].content.transliteration"),
        ("/messages/0/options", "flash", json!("no"), "messages[0].options.flash"),
        (
            "/messages/0/options/validityPeriod",
            "timeUnit",
            json!("DAYS"),
            "messages[0].options.validityPeriod.timeUnit",
        ),
        ("/messages/0/options/validityPeriod", "amount", Value::Null, "messages[0].options.validityPeriod.amount"),
        ("/messages/0/options/deliveryTimeWindow", "days", json!([]), "messages[0].options.deliveryTimeWindow.days"),
        ("/messages/0/options/deliveryTimeWindow", "to", Value::Null, "messages[0].options.deliveryTimeWindow"),
        (
            "/messages/0/options/deliveryTimeWindow",
            "to",
            json!({ "hour": 8, "minute": 59 }),
            "messages[0].options.deliveryTimeWindow",
        ),
        (
            "/messages/0/options/regional/southKorea",
            "resellerCode",
            json!("123"),
            "messages[0].options.regional.southKorea.resellerCode",
        ),
        ("/messages/0/webhooks/delivery", "url", json!("ftp://x/"), "messages[0].webhooks.delivery.url"),
        ("/messages/0/webhooks", "contentType", json!("text/plain"), "messages[0].webhooks.contentType"),
        ("/options/schedule", "sendAt", json!("tomorrow"), "options.schedule.sendAt"),
        ("/options/schedule", "sendAt", json!("2027-03-03T00:00:00.000+0000"), "options.schedule.sendAt"),
        (
            "/options/schedule/sendingSpeedLimit",
            "timeUnit",
            json!("SECOND"),
            "options.schedule.sendingSpeedLimit.timeUnit",
        ),
        ("/options/tracking", "shortenUrl", json!(1), "options.tracking.shortenUrl"),
    ];
    for (pointer, name, value, property) in cases {
        let mut body = full();
        body.pointer_mut(pointer).unwrap()[name] = value;
        let (status, answer) = caller.infobip("POST", PATH, body).await;
        assert_eq!((status, &answer["errorCode"]), (400, &json!("E400")), "{property} {answer}");
        let properties: Vec<&str> =
            answer["violations"].as_array().unwrap().iter().map(|one| one["property"].as_str().unwrap()).collect();
        assert_eq!(properties, [property], "{answer}");
    }
    assert_eq!(sandbox.infobip().received_count(), 0);
    assert_eq!(sandbox.infobip().requests(), 23);
}

#[tokio::test]
async fn lengths_are_allowed_up_to_their_limit() {
    let caller = caller().await;
    let cases = [
        ("/messages/0/destinations/0", "messageId", 200),
        ("/messages/0/options/platform", "entityId", 255),
        ("/messages/0/options/platform", "applicationId", 255),
        ("/messages/0/options", "campaignReferenceId", 255),
        ("/messages/0/options/regional/southKorea", "title", 66),
        ("/messages/0/webhooks", "callbackData", 4_000),
        ("/options/schedule", "bulkId", 100),
    ];
    for (pointer, name, max) in cases {
        for (length, expected) in [(max - 1, 200), (max, 200), (max + 1, 400)] {
            let mut body = full();
            body["options"]["schedule"]["sendAt"] = Value::Null;
            body["messages"][0]["destinations"][0]["messageId"] = json!(format!("{name}{length}"));
            body.pointer_mut(pointer).unwrap()[name] = json!("x".repeat(length));
            let (status, answer) = caller.infobip("POST", PATH, body).await;
            assert_eq!(status, expected, "{name} {length} {answer}");
        }
    }
    // A character beyond the basic plane counts as two.
    let mut body = full();
    body["options"]["schedule"]["sendAt"] = Value::Null;
    body["messages"][0]["webhooks"]["callbackData"] = json!("😀".repeat(2_001));
    assert_eq!(caller.infobip("POST", PATH, body).await.0, 400);
}

#[tokio::test]
async fn a_message_can_be_refused_inside_a_200() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    sandbox.infobip().refuse_sender("STRANGER", Some(11));
    let long = "a".repeat(153 * 25 + 1);
    let cases = [
        (sms("385911234567", "1", "ok"), 26),
        (sms("385911234567", "1", "again"), 23),
        (sms("123", "2", "short"), 8),
        (sms("+385911234567", "3", "plus"), 8),
        (sms("0385911234567", "4", "zero"), 8),
        (sms("99900100001", "5", "magic"), 10),
        (sms("385911234567", "6", &long), 25),
        (sms("385911234567", "6", long.get(1..).unwrap()), 26),
        (
            json!({ "messages": [{ "sender": "STRANGER", "destinations": [{ "to": "385911234567" }], "content": { "text": "x" } }] }),
            11,
        ),
    ];
    for (body, expected) in cases {
        let (status, answer) = caller.infobip("POST", PATH, body).await;
        assert_eq!((status, status_of(&answer, 0).0), (200, expected), "{answer}");
    }
    assert_eq!(sandbox.infobip().attempts("1"), 2);
    assert_eq!(sandbox.infobip().received()[0].attempts, 2);
    assert_eq!(sandbox.infobip().received_count(), 2);
}

#[tokio::test]
async fn credit_runs_out_and_the_id_may_be_sent_again() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    sandbox.infobip().set_balance(KEY, 0.01);
    for (id, expected) in [("1", 26), ("2", 12)] {
        let (_, answer) = caller.infobip("POST", PATH, sms("385911234567", id, "x")).await;
        assert_eq!(status_of(&answer, 0).0, expected);
    }
    sandbox.infobip().set_balance(KEY, 1.0);
    let (_, answer) = caller.infobip("POST", PATH, sms("385911234567", "2", "x")).await;
    assert_eq!(status_of(&answer, 0).0, 26);
    assert_eq!(sandbox.infobip().balance(KEY), Some(0.99));
    let (_, answer) = caller.infobip("GET", "/account/1/balance", Value::Null).await;
    assert_eq!(answer, json!({ "balance": 0.99, "currency": "EUR" }));
}

#[tokio::test]
async fn keys_and_scopes_are_checked_before_the_body() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    let url = format!("{}{PATH}", sandbox.infobip_base_url());
    for header in ["App wrong", "Bearer sandbox-key", "App  sandbox-key"] {
        let request = caller.http.post(&url).header("Authorization", header).body("{");
        let (status, body) = answer(request).await;
        assert_eq!((status, &body["errorCode"]), (401, &json!("E401")), "{header}");
    }
    let scopes = vec!["sms:logs:read".to_owned()];
    sandbox.infobip().add_account(InfobipAccount { scopes, ..InfobipAccount::new(KEY) });
    assert_eq!(caller.infobip("POST", PATH, sms("385911234567", "1", "x")).await.0, 403);
    assert_eq!(caller.infobip("GET", "/sms/3/logs?limit=1", Value::Null).await.0, 200);
    let (status, body) = caller.infobip("GET", "/account/1/balance", Value::Null).await;
    assert_eq!(status, 403);
    assert_eq!(body["requestError"]["serviceException"]["messageId"], "FORBIDDEN");
    sandbox.infobip().revoke_key(KEY);
    assert_eq!(caller.infobip("GET", "/sms/3/logs?limit=1", Value::Null).await.0, 401);
}

#[tokio::test]
async fn every_probe_answers() {
    let caller = caller().await;
    for path in [
        "/account/1/balance",
        "/numbers/1/numbers?limit=1",
        "/sms/3/logs?limit=1",
        "/sms/3/reports?messageId=none&limit=1",
        "/mms/2/reports?messageId=none",
        "/mms/2/logs?limit=1",
        "/viber/2/reports?messageId=none",
        "/viber/2/logs?limit=1",
        "/rcs/2/reports?messageId=none",
        "/rcs/1/senders?size=1",
        "/kakao-alim/1/reports?messageId=none",
        "/kakao-alim/1/logs?limit=1",
        "/whatsapp/1/templates?size=1",
    ] {
        assert_eq!(caller.infobip("GET", path, Value::Null).await.0, 200, "{path}");
    }
    let (_, found) =
        caller.infobip("POST", "/resources/1/resources?page=0", json!({ "resourceType": "ALPHANUMERIC" })).await;
    assert_eq!(found["results"][0]["senderName"], "ACME");
    assert_eq!(caller.infobip("POST", "/whatsapp/1/message/template", json!({ "messages": [] })).await.0, 400);
    // The manual's list has no scope for these.
    assert_eq!(caller.infobip("GET", "/omni/1/scenarios", Value::Null).await.0, 403);
    assert_eq!(caller.infobip("GET", "/sms/9/none", Value::Null).await.0, 404);
    let (_, preview) = caller.infobip("POST", "/sms/1/preview", json!({ "text": "x".repeat(161) })).await;
    assert_eq!(preview["previews"][0]["messageCount"], 2);
    let request = caller.infobip_request("POST", PATH, Value::Null).header("Content-Type", "text/plain").body("{}");
    assert_eq!(answer(request).await.0, 415);
    let request =
        caller.infobip_request("POST", PATH, Value::Null).header("Content-Type", "application/json").body("{");
    assert_eq!(answer(request).await.0, 400);
}

#[tokio::test]
async fn logs_show_the_last_two_days_and_are_limited() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let caller = Caller::new(&sandbox).await;
    let two = json!({ "messages": [{ "sender": "ACME", "content": { "text": "x" }, "destinations": [
        { "to": "385911234567", "messageId": "a" }, { "to": "385911234568", "messageId": "b" } ] }] });
    let (_, sent) = caller.infobip("POST", PATH, two).await;
    let bulk_id = sent["bulkId"].as_str().unwrap();
    let logs = async |query: String| caller.infobip("GET", &format!("/sms/3/logs?{query}"), Value::Null).await;
    let (_, log) = logs("messageId=a".into()).await;
    assert_eq!(log["results"][0]["status"]["name"], "PENDING_WAITING_DELIVERY");
    clock.advance(Duration::from_secs(1));
    for (query, expected) in [
        ("messageId=a,b".to_owned(), 2),
        ("messageId=a&messageId=b&messageId=c".to_owned(), 2),
        (format!("bulkId={bulk_id}&limit=1"), 1),
        ("messageId=none".to_owned(), 0),
    ] {
        let (status, log) = logs(query.clone()).await;
        assert_eq!((status, log["results"].as_array().unwrap().len()), (200, expected), "{query}");
    }
    let (_, log) = logs("messageId=a".into()).await;
    assert_eq!(log["results"][0]["status"]["name"], "DELIVERED_TO_HANDSET");
    assert_eq!(log["results"][0]["destination"], "385911234567");

    clock.advance(Duration::from_secs(48 * 3600));
    assert_eq!(logs("messageId=a".into()).await.1["results"], json!([]));
    for call in 1..=120 {
        let expected = if call < 120 { 200 } else { 429 };
        assert_eq!(logs("limit=1".into()).await.0, expected, "{call}");
    }
    clock.advance(Duration::from_secs(60));
    assert_eq!(logs("limit=1".into()).await.0, 200);
}

#[tokio::test]
async fn polled_reports_are_handed_out_once() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let caller = Caller::new(&sandbox).await;
    caller.infobip("POST", PATH, sms("385911234567", "a", "x")).await;
    let path = "/sms/3/reports";
    assert_eq!(caller.infobip("GET", path, Value::Null).await.1["results"], json!([]));
    clock.advance(Duration::from_millis(500));
    let other = caller.infobip("GET", "/sms/3/reports?messageId=none", Value::Null).await.1;
    assert_eq!(other["results"], json!([]));
    assert_eq!(caller.infobip("GET", path, Value::Null).await.1["results"][0]["messageId"], "a");
    assert_eq!(caller.infobip("GET", path, Value::Null).await.1["results"], json!([]));
}
