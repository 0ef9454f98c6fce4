//! Replies by script: their formats, their shares, and how they are posted.

use super::*;
use crate::sandbox::{
    DeliveryScript, InboundForward, InboundKind, InboundMessage, InfobipWorld, SignatureEncoding, WebhookFaults,
    WebhookSecurity,
};

const CONFIGURATIONS: &str = "/resource-management/1/inbound-message-configurations";

struct Stage {
    caller: Caller,
    clock: Arc<VirtualClock>,
    infobip: InfobipWorld,
    endpoint: Endpoint,
}

/// Everybody answers at once with `YES please`, always paired and with callback data.
fn talkative() -> DeliveryScript {
    DeliveryScript {
        reply_per_mille: 1_000,
        reply_delay: Duration::from_secs(2),
        replies: vec!["YES please".into()],
        reply_callback_per_mille: 1_000,
        ..DeliveryScript::default()
    }
}

/// A channel's inbound name, the number or resource, and a message from it.
fn channels() -> Vec<(&'static str, &'static str, Case)> {
    vec![
        ("SMS", sample::NUMBER, own_sms()),
        ("MMS", sample::NUMBER, mms()),
        ("WHATSAPP", sample::NUMBER, whatsapp()),
        ("VIBER_BM", sample::VIBER_SENDER, viber()),
        ("VIBER_BM", sample::VIBER_SENDER, omni_viber()),
        ("RCS", sample::RCS_SENDER, rcs()),
    ]
}

impl Stage {
    async fn new(delivery: DeliveryScript) -> Self {
        Self::with_endpoint(delivery, Endpoint::accepting()).await
    }

    async fn with_endpoint(delivery: DeliveryScript, endpoint: Endpoint) -> Self {
        let clock = frozen();
        let sandbox = open_sandbox(SandboxOptions { delivery, ..SandboxOptions::default() }, clock.clone()).await;
        let infobip = sandbox.infobip().clone();
        Self { caller: Caller::new(&sandbox).await, clock, infobip, endpoint }
    }

    fn forward(&self, channel: &str, number: &str) -> InboundForward {
        InboundForward::new(channel, number, &format!("{}/inbound", self.endpoint.url))
    }

    fn set_forward(&self, forward: InboundForward) {
        self.infobip.change_account(KEY, |account| *account = account.clone().with_inbound(forward));
    }

    /// Sends a case, without webhooks, to a recipient and under an id.
    async fn send(&self, case: &Case, to: &str, id: &str) {
        let mut full = case.full.clone();
        *full.pointer_mut(case.id).unwrap() = json!(id);
        let text = full.to_string().replace("385911234567", to).replace("http://127.0.0.1:1/dlr", &self.endpoint.url);
        let (status, answer) = self.caller.infobip("POST", case.path, serde_json::from_str(&text).unwrap()).await;
        assert_eq!((status, &answer["messages"][0]["status"]["id"]), (200, &json!(case.accepted)), "{answer}");
    }

    /// Inbound requests so far.
    fn inbound(&self) -> Vec<Got> {
        self.endpoint.got().into_iter().filter(|got| got.path == "/inbound").collect()
    }

    /// Lets delivery and reply come about, and gives the body of the only inbound request.
    async fn body(&self) -> Value {
        self.pass().await;
        until("the reply", || !self.inbound().is_empty()).await;
        self.inbound()[0].json()
    }

    /// Half a second to the report, two more to the reply.
    async fn pass(&self) {
        self.clock.advance(Duration::from_millis(2_500));
        until("the report", || self.endpoint.got().iter().any(|got| got.path != "/inbound")).await;
    }
}

#[tokio::test]
async fn every_channel_replies_in_the_format_of_the_messages_api() {
    for (channel, number, case) in channels() {
        let stage = Stage::new(talkative()).await;
        stage.set_forward(stage.forward(channel, number));
        stage.send(&case, "385911234567", "m-1").await;
        let body = stage.body().await;
        let reply = stage.infobip.replies().remove(0);
        let mut expected = json!({ "results": [ {
            "event": "MO", "channel": channel, "sender": "385911234567", "destination": number,
            "content": [ { "type": "TEXT", "text": "YES please", "cleanText": "please", "keyword": "YES" } ],
            "receivedAt": "2026-03-03T13:22:32.500+0000", "messageId": reply.message_id, "pairedMessageId": "m-1",
            "callbackData": "x", "messageCount": 1, "platform": { "entityId": "e", "applicationId": "a" },
        } ] });
        if case.path.starts_with("/omni") {
            expected["results"][0].as_object_mut().unwrap().remove("platform");
        }
        assert_eq!(body, expected, "{channel}");
        assert_eq!((reply.answers.as_str(), reply.text.as_str()), ("m-1", "YES please"));
        assert_eq!((reply.sender.as_str(), reply.destination.as_str()), ("385911234567", number));
        assert_eq!(reply.paired_message_id.as_deref(), Some("m-1"));
    }
}

#[tokio::test]
async fn every_channel_replies_in_its_own_format() {
    let price = json!({ "pricePerMessage": 0.0, "currency": "EUR" });
    let expected = [
        json!({
            "from": "385911234567", "to": sample::NUMBER, "text": "YES please", "cleanText": "please", "keyword": "YES",
            "smsCount": 1, "price": price, "entityId": "e", "applicationId": "a",
        }),
        json!({
            "from": "385911234567", "to": sample::NUMBER, "userAgent": "Android", "group": [], "price": price,
            "message": [ { "contentType": "text/plain", "value": "YES please" } ], "pairedMessageId": "m-1",
        }),
        json!({
            "from": "385911234567", "to": sample::NUMBER, "integrationType": "WHATSAPP", "keyword": "YES", "price": price,
            "message": { "type": "TEXT", "text": "YES please", "context": { "id": "m-1", "from": sample::NUMBER } },
            "contact": { "name": "Frank", "phoneNumber": "385911234567" }, "pairedMessageId": "m-1",
        }),
        json!({
            "sender": "385911234567", "to": sample::VIBER_SENDER, "integrationType": "VIBER", "keyword": "YES",
            "message": { "type": "TEXT", "text": "YES please", "trackingData": "" }, "price": price,
            "pairedMessageId": "m-1",
        }),
        json!({
            "sender": "385911234567", "to": sample::RCS_SENDER, "integrationType": "RCS",
            "message": { "type": "TEXT", "text": "YES please" }, "interactionType": "CONVERSATIONAL", "rcsCount": 1,
            "conversation": { "id": format!("385911234567-{}", sample::RCS_SENDER) }, "price": price,
            "platform": { "entityId": "e", "applicationId": "a" }, "pairedMessageId": "m-1",
        }),
    ];
    let channels = channels().into_iter().filter(|(_, _, case)| !case.path.starts_with("/omni"));
    for ((channel, number, case), mut expected) in channels.zip(expected) {
        let stage = Stage::new(talkative()).await;
        stage.set_forward(stage.forward(channel, number).in_channel_default());
        stage.send(&case, "385911234567", "m-1").await;
        let body = stage.body().await;
        let reply = stage.infobip.replies().remove(0);
        expected["messageId"] = json!(reply.message_id);
        expected["receivedAt"] = json!("2026-03-03T13:22:32.500+0000");
        expected["callbackData"] = json!("x");
        assert_eq!(body["results"], json!([expected]), "{channel}");
        let counts = (body.get("messageCount"), body.get("pendingMessageCount"));
        let is_sms = channel == "SMS";
        assert_eq!(counts == (Some(&json!(1)), Some(&json!(0))), is_sms, "{channel} {body}");
        // The older format of SMS cannot say what it answers.
        assert_eq!(reply.paired_message_id.is_none(), is_sms);
    }
}

#[tokio::test]
async fn buttons_and_images_come_by_their_shares() {
    let tapping = DeliveryScript { reply_button_per_mille: 1_000, ..talkative() };
    let showing = DeliveryScript { reply_image_per_mille: 1_000, ..talkative() };
    let url = "https://media.example/inbound/photo.jpg";
    let tapped = |text: &str, id: &str| json!([{ "type": "BUTTON_REPLY", "text": text, "payload": id, "id": id }]);
    let text = json!([{ "type": "TEXT", "text": "YES please", "cleanText": "please", "keyword": "YES" }]);
    let image = json!([{ "type": "IMAGE", "text": "YES please", "url": url }]);
    let parts = json!([text[0], { "type": "IMAGE", "url": url }]);
    let of = |wanted: &str| channels().into_iter().find(|(channel, ..)| *channel == wanted).unwrap();
    for (script, channel, expected) in [
        (&tapping, "WHATSAPP", tapped("Tell me more", "yes")),
        (&tapping, "RCS", tapped("More", "m2")),
        (&tapping, "VIBER_BM", text.clone()),
        (&showing, "SMS", text.clone()),
        (&showing, "MMS", parts),
        (&showing, "WHATSAPP", image.clone()),
        (&showing, "VIBER_BM", image.clone()),
        (&showing, "RCS", image),
    ] {
        let stage = Stage::new(script.clone()).await;
        let (_, number, case) = of(channel);
        stage.set_forward(stage.forward(channel, number));
        stage.send(&case, "385911234567", "m-1").await;
        assert_eq!(stage.body().await["results"][0]["content"], expected, "{channel}");
    }
    // In their own formats.
    for (script, channel, expected) in [
        (&tapping, "WHATSAPP", json!({ "type": "BUTTON", "text": "Tell me more", "payload": "yes" })),
        (&tapping, "RCS", json!({ "type": "SUGGESTION", "text": "More", "postbackData": "m2" })),
        (&showing, "WHATSAPP", json!({ "type": "IMAGE", "caption": "YES please", "url": url })),
        (&showing, "VIBER_BM", json!({ "type": "FILE", "url": url, "fileName": "photo.jpg" })),
        (&showing, "RCS", json!({ "type": "FILE", "url": url, "fileName": "photo.jpg" })),
    ] {
        let stage = Stage::new(script.clone()).await;
        let (_, number, case) = of(channel);
        stage.set_forward(stage.forward(channel, number).in_channel_default());
        stage.send(&case, "385911234567", "m-1").await;
        let mut message = stage.body().await["results"][0]["message"].clone();
        message.as_object_mut().unwrap().remove("context");
        assert_eq!(message, expected, "{channel}");
    }
}

#[tokio::test]
async fn shares_texts_and_pairing_follow_the_seed() {
    let script = DeliveryScript {
        reply_per_mille: 500,
        paired_per_mille: 500,
        undeliverable_per_mille: 200,
        ..DeliveryScript::default()
    };
    let run = async || {
        let stage = Stage::new(script.clone()).await;
        stage.set_forward(stage.forward("SMS", sample::NUMBER));
        for n in 0..200 {
            stage.send(&own_sms(), &format!("38591123{n:04}"), &format!("m-{n}")).await;
        }
        assert!(stage.infobip.replies().is_empty(), "nobody answers before it is delivered");
        stage.clock.advance(Duration::from_secs(1));
        let delivered: Vec<_> = stage.infobip.reports().into_iter().filter(|report| report.status_id == 5).collect();
        let replies = stage.infobip.replies();
        for reply in &replies {
            assert!(
                delivered.iter().any(|report| report.message_id == reply.answers),
                "an undelivered one was answered"
            );
            assert!(reply.paired_message_id.as_ref().is_none_or(|paired| *paired == reply.answers));
        }
        replies.into_iter().map(|reply| (reply.sender, reply.text, reply.paired_message_id)).collect::<Vec<_>>()
    };
    let replies = run().await;
    assert!((50..110).contains(&replies.len()), "{}", replies.len());
    let paired = replies.iter().filter(|(_, _, paired)| paired.is_some()).count();
    assert!((15..replies.len() - 15).contains(&paired), "{paired} of {}", replies.len());
    for text in DeliveryScript::default().replies {
        assert!(replies.iter().any(|(_, known, _)| *known == text), "nobody wrote {text}");
    }
    assert_eq!(run().await, replies);
}

#[tokio::test]
async fn only_senders_that_can_receive_are_answered_and_only_with_a_forward() {
    let stage = Stage::new(talkative()).await;
    // A name receives nothing, whatever is configured.
    stage.set_forward(stage.forward("SMS", "ACME"));
    stage.caller.infobip("POST", "/sms/3/messages", sms("385911234567", "a", "x")).await;
    stage.send(&own_sms(), "385911234567", "b").await;
    stage.clock.advance(Duration::from_secs(3));
    assert_eq!((stage.infobip.received_count(), stage.infobip.replies().len()), (2, 0));
    stage.set_forward(stage.forward("SMS", sample::NUMBER));
    stage.send(&own_sms(), "385911234567", "c").await;
    stage.clock.advance(Duration::from_secs(3));
    assert_eq!(stage.infobip.replies().len(), 1);
    let (_, shown) = stage.caller.infobip("GET", "/_sandbox/replies", Value::Null).await;
    assert_eq!((&shown["replies"][0]["answers"], &shown["replies"][0]["channel"]), (&json!("c"), &json!("SMS")));
}

#[tokio::test]
async fn a_forward_is_set_over_the_api() {
    let stage = Stage::new(talkative()).await;
    let configuration = |channel: &str, number: &str, format: Value| {
        let mut body = json!({
            "channel": channel, "number": number, "countryCode": "HR",
            "forwarding": { "type": "HTTP_FORWARD", "url": format!("{}/inbound", stage.endpoint.url) },
        });
        if !format.is_null() {
            body["forwarding"]["format"] = format;
        }
        body
    };
    let post = async |body: Value| stage.caller.infobip("POST", CONFIGURATIONS, body).await;
    for (channel, number, default) in [
        ("SMS", sample::NUMBER, "MO_JSON_2"),
        ("MMS", sample::NUMBER, "MO_MMS_2"),
        ("WHATSAPP", sample::WHATSAPP_ONLY_NUMBER, "MO_OTT_CONTACT"),
        ("VIBER_BM", sample::VIBER_SENDER, "MO_OTT_MSISDN"),
        ("RCS", sample::RCS_SENDER, "MO_RCS_JSON"),
    ] {
        let (status, answer) = post(configuration(channel, number, Value::Null)).await;
        assert_eq!((status, &answer["forwarding"]["format"]), (200, &json!(default)), "{answer}");
        let (status, answer) = post(configuration(channel, number, json!("MO_MESSAGES_API_JSON"))).await;
        assert_eq!((status, &answer["forwarding"]["format"]), (200, &json!("MO_MESSAGES_API_JSON")), "{answer}");
    }
    let mut by_key = configuration("SMS", "", Value::Null);
    by_key.as_object_mut().unwrap().remove("number");
    by_key["numberKey"] = json!(format!("{:0>32}", sample::NUMBER));
    assert_eq!(post(by_key).await.0, 200);
    let refused = [
        (configuration("SMS", "ACME", Value::Null), "number"),
        (configuration("SMS", "", Value::Null), "number"),
        (configuration("FAX", sample::NUMBER, Value::Null), "channel"),
        (configuration("SMS", sample::NUMBER, json!("MO_OTT_CONTACT")), "forwarding.format"),
    ];
    for (body, property) in refused {
        let (status, answer) = post(body).await;
        assert_eq!((status, violated(&answer)), (400, vec![property.to_owned()]));
    }
    // What was set last is in force.
    post(configuration("SMS", sample::NUMBER, json!("MO_MESSAGES_API_JSON"))).await;
    stage.send(&own_sms(), "385911234567", "m-1").await;
    assert_eq!(stage.body().await["results"][0]["event"], "MO");
    stage.infobip.change_account(KEY, |account| account.scopes.retain(|scope| scope != "numbers:manage"));
    assert_eq!(post(configuration("SMS", sample::NUMBER, Value::Null)).await.0, 403);
}

#[tokio::test]
async fn inbound_requests_carry_the_accounts_credentials() {
    use hmac::Mac as _;
    let basic = WebhookSecurity::Basic { username: "infobip".into(), password: "secret".into() };
    let plain = WebhookSecurity::Hmac {
        secret: "key".into(),
        header: "X-Infobip-Signature".into(),
        prefix: String::new(),
        encoding: SignatureEncoding::Hex,
    };
    for (security, header) in [
        (None, ""),
        (Some(basic), "authorization"),
        (Some(WebhookSecurity::hub_signature("key")), "x-hub-signature-256"),
        (Some(plain), "x-infobip-signature"),
    ] {
        let stage = Stage::new(talkative()).await;
        stage.infobip.change_account(KEY, |account| account.inbound_security = security.clone());
        stage.set_forward(stage.forward("SMS", sample::NUMBER));
        stage.send(&own_sms(), "385911234567", "m-1").await;
        stage.body().await;
        let got = stage.inbound().remove(0);
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"key").unwrap();
        mac.update(got.body.as_bytes());
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let expected = match header {
            "" => None,
            "authorization" => Some("Basic aW5mb2JpcDpzZWNyZXQ=".to_owned()),
            "x-hub-signature-256" => Some(format!("sha256={hex}")),
            _ => Some(hex),
        };
        assert_eq!(got.headers.get(header), expected.as_ref(), "{header}");
        assert_eq!(got.headers.contains_key("authorization"), header == "authorization");
        // Reports have no credentials.
        let report = stage.endpoint.got().into_iter().find(|got| got.path == "/").unwrap();
        assert!(!report.headers.contains_key("authorization") && !report.headers.contains_key(header));
    }
}

#[tokio::test]
async fn replies_are_batched_reordered_repeated_and_retried_as_reports_are() {
    let endpoint = Endpoint::start(|_, got| async move {
        let is_refused = got.path == "/inbound" && got.json()["results"][0]["channel"] == "RCS";
        (if is_refused { 503 } else { 200 }, json!({}))
    });
    let stage = Stage::with_endpoint(DeliveryScript { batch_max: 2, ..talkative() }, endpoint).await;
    for (channel, number, _) in channels() {
        stage.set_forward(stage.forward(channel, number));
    }
    stage.infobip.set_webhook_faults(WebhookFaults { duplicated: true, reordered: true, ..WebhookFaults::default() });
    for id in ["a", "b", "c"] {
        stage.send(&own_sms(), "385911234567", id).await;
    }
    stage.pass().await;
    until("the replies", || stage.inbound().len() == 4).await;
    let mut batches: Vec<Vec<Value>> = stage
        .inbound()
        .iter()
        .map(|got| {
            let results = got.json()["results"].as_array().unwrap().clone();
            results.iter().map(|result| result["pairedMessageId"].clone()).collect()
        })
        .collect();
    batches.sort_by_key(|batch| std::cmp::Reverse(batch.len()));
    assert_eq!(batches, [["c", "b"].as_slice(), &["c", "b"], &["a"], &["a"]]);

    // A refused one comes again after a minute, as it was.
    stage.infobip.set_webhook_faults(WebhookFaults::default());
    stage.send(&rcs(), "385911234567", "d").await;
    stage.pass().await;
    let failed = || stage.infobip.webhooks_failed();
    until("the failure", || failed() == 1).await;
    stage.clock.advance(Duration::from_secs(60));
    until("the second attempt", || failed() == 2).await;
    let got = stage.inbound();
    assert_eq!(got[5].body, got[4].body);
}

#[tokio::test]
async fn an_inbound_message_is_sent_by_hand_in_either_format() {
    let stage = Stage::new(DeliveryScript::default()).await;
    let url = format!("{}/inbound", stage.endpoint.url);
    let message = InboundMessage {
        channel: "WHATSAPP".into(),
        sender: "385911234567".into(),
        destination: sample::NUMBER.into(),
        text: "Look".into(),
        kind: InboundKind::Image { url: "https://media.example/1.jpg".into() },
        message_id: Some("mo-1".into()),
        ..InboundMessage::default()
    };
    assert_eq!(stage.infobip.send_inbound(&url, message).await.unwrap(), 200);
    let first = stage.inbound()[0].json();
    let image = json!([{ "type": "IMAGE", "url": "https://media.example/1.jpg", "text": "Look" }]);
    assert_eq!((&first["results"][0]["content"], &first["results"][0]["messageId"]), (&image, &json!("mo-1")));
    let body = json!({
        "url": url, "channel": "VIBER_BM", "sender": "385911234567", "destination": "ACME", "text": "no thanks",
        "format": "CHANNEL_DEFAULT",
    });
    assert_eq!(stage.caller.infobip("POST", "/_sandbox/inbound", body).await.0, 200);
    let second = stage.inbound()[1].json();
    assert_eq!(
        (&second["results"][0]["message"]["text"], &second["results"][0]["to"]),
        (&json!("no thanks"), &json!("ACME"))
    );
}
