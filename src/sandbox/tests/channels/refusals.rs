//! What is answered: accepted messages, refused requests, and messages refused inside a 200.

use super::*;

fn status_id(answer: &Value) -> u64 {
    answer["messages"][0]["status"]["id"].as_u64().unwrap_or_else(|| panic!("{answer}"))
}

fn with_id(case: &Case, id: &str) -> Value {
    let mut body = case.full.clone();
    *body.pointer_mut(case.id).unwrap() = json!(id);
    body
}

/// Puts a value somewhere; the place must be there but for its last name.
fn put(body: &mut Value, at: &str, value: Value) {
    let (parent, name) = at.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap_or_else(|| panic!("{at}"))[name] = value;
}

/// Where a case has its sender and recipient; OMNI has its sender in the scenario.
fn places(case: &Case) -> (Option<&'static str>, &'static str) {
    match case.path {
        "/omni/1/advanced" => (None, "/destinations/0/to/phoneNumber"),
        "/whatsapp/1/message/template" => (Some("/messages/0/from"), "/messages/0/to"),
        _ => (Some("/messages/0/sender"), "/messages/0/destinations/0/to"),
    }
}

#[tokio::test]
async fn a_full_request_is_accepted_and_known() {
    let sandbox = open_sandbox(SandboxOptions::default(), frozen()).await;
    let caller = Caller::new(&sandbox).await;
    let texts = [
        "Hi Ana https://shop.example/1",
        "Sale https://shop.example/1",
        "One\nFirst\nTwo",
        "Order 1001 is on its way",
        "Sale https://shop.example/1",
        "Your coupon is worth https://shop.example/1.",
        "Sale",
        "Order",
        "Sale",
    ];
    for (place, (case, text)) in all().into_iter().zip(texts).enumerate() {
        let id = format!("full-{place}");
        let (status, answer) = caller.infobip("POST", case.path, with_id(&case, &id)).await;
        assert_eq!((status, status_id(&answer)), (200, case.accepted), "{} {answer}", case.path);
        let message = &answer["messages"][0];
        assert_eq!(message["messageId"], json!(id));
        let received = sandbox.infobip().received().pop().unwrap();
        assert_eq!((received.path.as_str(), received.text.as_str()), (case.path, text));
        assert_eq!((received.message_id.as_str(), received.callback_data.as_deref()), (id.as_str(), Some("x")));
        assert_eq!(received.bulk_id.as_deref(), Some("bulk"));
        let (sender, to) = places(&case);
        assert_eq!(json!(received.to), *case.full.pointer(to).unwrap(), "{}", case.path);
        match sender {
            Some(sender) => assert_eq!(json!(received.sender), *case.full.pointer(sender).unwrap()),
            None => assert!([sample::VIBER_SENDER, sample::KAKAO_PROFILE_KEY].contains(&received.sender.as_str())),
        }
        let (destination, bulk_id) = match case.path {
            "/omni/1/advanced" => (json!({ "phoneNumber": received.to }), json!("bulk")),
            // Given back only for several destinations.
            "/whatsapp/1/message/template" => (json!(received.to), Value::Null),
            _ => (Value::Null, json!("bulk")),
        };
        assert_eq!(message["to"], destination, "{answer}");
        assert_eq!(answer["bulkId"], bulk_id, "{answer}");
        assert_eq!(message["destination"].is_string(), destination.is_null(), "{answer}");
    }
}

#[tokio::test]
async fn what_no_table_knows_is_a_violation_of_its_property() {
    let sandbox = open_sandbox(SandboxOptions::default(), frozen()).await;
    let caller = Caller::new(&sandbox).await;
    let unified = [
        ("/messages", json!([]), "messages"),
        ("/colour", json!("red"), "colour"),
        ("/messages/0/from", json!("ACME"), "messages[0].from"),
        ("/messages/0/sender", json!(7), "messages[0].sender"),
        ("/messages/0/destinations", json!([]), "messages[0].destinations"),
        ("/messages/0/content", Value::Null, "messages[0].content"),
        ("/messages/0/options/validityPeriod/timeUnit", json!("DAYS"), "messages[0].options.validityPeriod.timeUnit"),
        ("/messages/0/options/deliveryTimeWindow/to", Value::Null, "messages[0].options.deliveryTimeWindow"),
        ("/messages/0/options/smsFailover/text", Value::Null, "messages[0].options.smsFailover.text"),
        ("/messages/0/webhooks/delivery/url", json!("ftp://x/"), "messages[0].webhooks.delivery.url"),
        ("/options/schedule/sendAt", json!("2027-03-03T00:00:00.000+0000"), "options.schedule.sendAt"),
        (
            "/options/schedule/sendingSpeedLimit",
            json!({ "amount": 1, "timeUnit": "SECOND" }),
            "options.schedule.sendingSpeedLimit.timeUnit",
        ),
    ];
    let tagged = [
        ("/messages/0/content/type", json!("STICKER"), "messages[0].content.type"),
        ("/messages/0/content/type", Value::Null, "messages[0].content.type"),
        ("/messages/0/content/colour", json!(1), "messages[0].content.colour"),
        ("/messages/0/sender", Value::Null, "messages[0].sender"),
    ];
    let whatsapp_rows = [
        ("/messages", json!([]), "messages"),
        ("/options", json!({}), "options"),
        ("/messages/0/webhooks", json!({}), "messages[0].webhooks"),
        ("/messages/0/from", Value::Null, "messages[0].from"),
        ("/messages/0/to", Value::Null, "messages[0].to"),
        ("/messages/0/content/language", Value::Null, "messages[0].content.language"),
        ("/messages/0/content/templateData/body", Value::Null, "messages[0].content.templateData.body"),
        ("/messages/0/content/templateData/header/type", json!("GIFT"), "messages[0].content.templateData.header.type"),
        ("/messages/0/notifyUrl", json!("none"), "messages[0].notifyUrl"),
        ("/messages/0/smsFailover/from", Value::Null, "messages[0].smsFailover.from"),
    ];
    let omni_rows = [
        ("/destinations", json!([]), "destinations"),
        ("/destinations/0/to", json!("385911234567"), "destinations[0].to"),
        ("/urlOptions", json!({}), "urlOptions"),
        ("/viber/isPromotional", json!("yes"), "viber.isPromotional"),
        ("/scenarioKey", json!("none"), "scenarioKey"),
        ("/scenarioKey", json!(sample::KAKAO_CHINGU_SCENARIO), "scenarioKey"),
    ];
    for case in all() {
        let is_optional = |property: &str| property == "messages[0].sender" && case.path.starts_with("/rcs");
        let rows: Vec<_> = match case.path {
            "/omni/1/advanced" if case.full.get("viber").is_none() => Vec::new(),
            "/omni/1/advanced" => omni_rows.to_vec(),
            "/whatsapp/1/message/template" => whatsapp_rows.to_vec(),
            "/mms/2/messages" => unified.to_vec(),
            _ => unified.iter().chain(&tagged).cloned().collect(),
        };
        for (at, value, property) in rows {
            if (value.is_null() && is_optional(property)) || (at.contains("SpeedLimit") && case.path.contains("alim")) {
                continue;
            }
            let mut body = case.full.clone();
            put(&mut body, at, value);
            let (status, answer) = caller.infobip("POST", case.path, body).await;
            assert_eq!(status, 400, "{} {at} {answer}", case.path);
            assert_eq!(violated(&answer), [property], "{} {answer}", case.path);
            let is_old = ["/whatsapp", "/omni"].iter().any(|old| case.path.starts_with(old));
            let code = if is_old { "/requestError/serviceException/messageId" } else { "/errorCode" };
            let expected = if is_old { "BAD_REQUEST" } else { "E400" };
            assert_eq!(answer.pointer(code), Some(&json!(expected)), "{} {answer}", case.path);
        }
    }
    assert_eq!(sandbox.infobip().received_count(), 0);
}

#[tokio::test]
async fn an_rcs_request_has_one_failover_and_ten_megabytes() {
    let sandbox = open_sandbox(SandboxOptions::default(), frozen()).await;
    let caller = Caller::new(&sandbox).await;
    let mut case = rcs();
    let failover = json!({ "sender": "ACME", "content": { "messageSegments": [{ "type": "TEXT", "text": "x" }] } });
    case.full["messages"][0]["options"]["mmsFailover"] = failover;
    let (status, refusal) = caller.infobip("POST", case.path, case.full.clone()).await;
    assert_eq!((status, violated(&refusal)), (400, vec!["messages[0].options.mmsFailover".to_owned()]), "{refusal}");
    case.full["messages"][0]["options"].as_object_mut().unwrap().remove("smsFailover");
    assert_eq!(caller.infobip("POST", case.path, case.full.clone()).await.0, 200);

    let ten_megabytes: usize = 10 << 20;
    let short = case.full.to_string().len();
    for (length, expected) in [(ten_megabytes, 200), (ten_megabytes + 1, 413)] {
        // White space is no field: only the size of the request differs.
        let body = format!("{}{}", case.full, " ".repeat(length - short));
        let request = caller.infobip_request("POST", case.path, Value::Null).header("Content-Type", "application/json");
        let (status, got) = answer(request.body(body)).await;
        assert_eq!(status, expected, "{length}");
        assert_eq!(got["errorCode"] == "E413", expected == 413, "{got}");
    }
}

#[tokio::test]
async fn a_message_of_any_channel_can_be_refused_inside_a_200() {
    let sandbox = open_sandbox(SandboxOptions::default(), frozen()).await;
    let caller = Caller::new(&sandbox).await;
    let infobip = sandbox.infobip();
    for (place, case) in all().into_iter().enumerate() {
        let id = format!("refused-{place}");
        let (sender, to) = places(&case);
        let send = async |at: Option<&str>, value: &str| {
            let mut body = with_id(&case, &id);
            if let Some(at) = at {
                put(&mut body, at, json!(value));
            }
            let (status, answer) = caller.infobip("POST", case.path, body).await;
            assert_eq!(status, 200, "{} {answer}", case.path);
            status_id(&answer)
        };
        assert_eq!(send(Some(to), "99900100001").await, 10, "{}", case.path);
        assert_eq!(send(Some(to), "123").await, 8, "{}", case.path);
        let own = match sender {
            Some(sender) => case.full.pointer(sender).unwrap().as_str().unwrap().to_owned(),
            None if case.full.get("viber").is_some() => sample::VIBER_SENDER.to_owned(),
            None => sample::KAKAO_PROFILE_KEY.to_owned(),
        };
        infobip.refuse_sender(&own, Some(13));
        assert_eq!(send(None, "").await, 13, "{}", case.path);
        infobip.refuse_sender(&own, None);
        if let Some(sender) = sender {
            // MMS takes any sender.
            let expected = if case.path.starts_with("/mms") { case.accepted } else { 11 };
            assert_eq!(send(Some(sender), "STRANGER").await, expected, "{}", case.path);
        }
        let is_sent = case.path.starts_with("/mms");
        assert_eq!(send(None, "").await, if is_sent { 23 } else { case.accepted }, "{}", case.path);
        assert_eq!(send(None, "").await, 23, "{}", case.path);
    }
    // An agent that is not launched, and a text that the schema allows but the platform does not.
    let mut case = rcs();
    case.full["messages"][0]["sender"] = json!(sample::RCS_SENDER_NOT_LAUNCHED);
    assert_eq!(status_id(&caller.infobip("POST", case.path, case.full).await.1), 11);
    let mut case = mms();
    case.full["messages"][0]["content"]["messageSegments"][0]["text"] = json!("x".repeat(1_601));
    assert_eq!(status_id(&caller.infobip("POST", case.path, case.full).await.1), 77);
    // An account that lists no senders has none to refuse.
    infobip.add_account(InfobipAccount::bare(KEY));
    let mut case = viber();
    case.full["messages"][0]["sender"] = json!("STRANGER");
    assert_eq!(status_id(&caller.infobip("POST", case.path, case.full).await.1), 26);
}

#[tokio::test]
async fn a_poisoned_text_refuses_the_request_of_any_channel() {
    let sandbox = open_sandbox(SandboxOptions::default(), frozen()).await;
    let caller = Caller::new(&sandbox).await;
    sandbox.infobip().set_poison(Some("☠"));
    let rows = [
        (mms(), "/messages/0/content/messageSegments/0/text", "messages[0].content.messageSegments[0].text"),
        (viber(), "/messages/0/content/text", "messages[0].content.text"),
        (rcs(), "/messages/0/content/contents/0/title", "messages[0].content.contents[0].title"),
        (kakao_alim(), "/messages/0/content/text", "messages[0].content.text"),
        (kakao_chingu(), "/messages/0/content/text", "messages[0].content.text"),
        (
            whatsapp(),
            "/messages/0/content/templateData/body/placeholders/0",
            "messages[0].content.templateData.body.placeholders[0]",
        ),
        (omni_viber(), "/viber/text", "viber.text"),
    ];
    for (case, at, property) in rows {
        let mut body = case.full.clone();
        *body.pointer_mut(at).unwrap() = json!("a ☠ b");
        let (status, answer) = caller.infobip("POST", case.path, body).await;
        assert_eq!((status, violated(&answer)), (400, vec![property.to_owned()]), "{}", case.path);
    }
}

#[tokio::test]
async fn groups_of_an_mms_and_bulks_answer_for_each_destination() {
    let sandbox = open_sandbox(SandboxOptions::default(), frozen()).await;
    let caller = Caller::new(&sandbox).await;
    let mut case = mms();
    case.full["messages"][0]["destinations"] =
        json!([{ "group": [{ "to": "385911234567", "messageId": "a" }, { "to": "385911234568" }] }]);
    let (_, answer) = caller.infobip("POST", case.path, case.full).await;
    let sent: Vec<&Value> = answer["messages"].as_array().unwrap().iter().map(|one| &one["destination"]).collect();
    assert_eq!(sent, ["385911234567", "385911234568"]);

    let mut case = whatsapp();
    let second = case.full["messages"][0].clone();
    case.full["messages"].as_array_mut().unwrap().push(second);
    case.full["messages"][1]["messageId"] = json!("m-2");
    let (_, answer) = caller.infobip("POST", case.path, case.full).await;
    assert_eq!((&answer["bulkId"], answer["messages"].as_array().unwrap().len()), (&json!("bulk"), 2));
}
