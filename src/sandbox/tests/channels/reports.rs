//! Reports of every family: delivery, seen, clicks; and their polled twins.

use super::*;
use crate::sandbox::{DeliveryScript, KakaoTemplate};

struct Stage {
    caller: Caller,
    clock: Arc<VirtualClock>,
    endpoint: Endpoint,
}

impl Stage {
    async fn new(delivery: DeliveryScript) -> Self {
        let clock = frozen();
        let sandbox = open_sandbox(SandboxOptions { delivery, ..SandboxOptions::default() }, clock.clone()).await;
        Self { caller: Caller::new(&sandbox).await, clock, endpoint: Endpoint::accepting() }
    }

    /// Sends a case with its webhooks at the endpoint: `/dlr`, `/seen`, `/click`.
    async fn send(&self, case: &Case) {
        let text = case.full.to_string().replace("http://127.0.0.1:1", &self.endpoint.url);
        let (status, answer) = self.caller.infobip("POST", case.path, serde_json::from_str(&text).unwrap()).await;
        assert_eq!((status, &answer["messages"][0]["status"]["id"]), (200, &json!(case.accepted)), "{answer}");
    }

    /// Lets time pass until this many webhooks have come, and gives the latest.
    async fn after(&self, millis: u64, count: usize) -> Got {
        self.clock.advance(Duration::from_millis(millis));
        until("a webhook", || self.endpoint.count() >= count).await;
        self.endpoint.got()[count - 1].clone()
    }

    async fn report_of(case: &Case) -> Value {
        let stage = Self::new(DeliveryScript::default()).await;
        stage.send(case).await;
        let got = stage.after(500, 1).await;
        assert_eq!(got.path, "/dlr");
        got.json()["results"][0].clone()
    }
}

fn fields(object: &Value) -> Vec<&str> {
    object.as_object().unwrap_or_else(|| panic!("{object}")).keys().map(String::as_str).collect()
}

#[tokio::test]
async fn delivery_reports_have_the_shape_of_their_family() {
    let unified = [
        "bulkId",
        "callbackData",
        "campaignReferenceId",
        "doneAt",
        "error",
        "messageCount",
        "messageId",
        "platform",
        "price",
        "sender",
        "sentAt",
        "status",
        "to",
    ];
    let with = |more: &'static str| {
        let mut all = unified.to_vec();
        all.push(more);
        all.sort_unstable();
        all
    };
    let whatsapp_fields =
        vec!["bulkId", "contact", "doneAt", "error", "messageCount", "messageId", "price", "sentAt", "status", "to"];
    let omni_fields = vec![
        "bulkId",
        "callbackData",
        "channel",
        "contact",
        "doneAt",
        "error",
        "messageCount",
        "messageId",
        "price",
        "sentAt",
        "smsCount",
        "status",
        "to",
    ];
    let rows = [
        (mms(), with("mccMnc"), Value::Null),
        (viber(), unified.to_vec(), Value::Null),
        // There is a failover, so the channel is named.
        (rcs(), with("channel"), json!("RCS")),
        (kakao_alim(), unified.to_vec(), Value::Null),
        (kakao_chingu(), unified.to_vec(), Value::Null),
        (whatsapp(), whatsapp_fields, Value::Null),
        (omni_viber(), omni_fields.clone(), json!("VIBER")),
        (omni_alim(), omni_fields.clone(), json!("KAKAO_ALIM")),
        (omni_chingu(), omni_fields, json!("KAKAO_CHINGU")),
    ];
    for (case, expected, channel) in rows {
        let report = Stage::report_of(&case).await;
        assert_eq!(fields(&report), expected, "{}", case.path);
        assert_eq!(report["status"]["name"], "DELIVERED_TO_HANDSET", "{report}");
        assert_eq!(report["bulkId"], "bulk", "{report}");
        assert_eq!(report["channel"], channel, "{report}");
        let is_v2 = case.path.starts_with("/omni");
        assert_eq!(report["error"]["groupName"], if is_v2 { "Ok" } else { "OK" });
    }
    let mut case = whatsapp();
    case.full["bulkId"] = Value::Null;
    assert_eq!(Stage::report_of(&case).await["bulkId"], "");
    let mut case = rcs();
    case.full["messages"][0]["options"].as_object_mut().unwrap().remove("smsFailover");
    assert_eq!(Stage::report_of(&case).await.get("channel"), None);
}

#[tokio::test]
async fn an_mms_report_can_lack_its_recipient_and_error() {
    let stage = Stage::new(DeliveryScript { is_mms_report_bare: true, ..DeliveryScript::default() }).await;
    for case in [mms(), viber()] {
        let mut case = case;
        *case.full.pointer_mut(case.id).unwrap() = json!(case.path);
        stage.send(&case).await;
    }
    stage.clock.advance(Duration::from_millis(500));
    until("both reports", || {
        stage.endpoint.got().iter().map(|got| got.json()["results"].as_array().unwrap().len()).sum::<usize>() == 2
    })
    .await;
    let got = stage.endpoint.got();
    let results: Vec<Value> = got.iter().flat_map(|got| got.json()["results"].as_array().unwrap().clone()).collect();
    for report in results {
        let is_whole = report["messageId"] != "/mms/2/messages";
        assert_eq!((report.get("to").is_some(), report.get("error").is_some()), (is_whole, is_whole), "{report}");
    }
}

#[tokio::test]
async fn templates_that_do_not_fit_fail_later() {
    let data = "/messages/0/content/templateData";
    let no_header = |template: &str, placeholders: Value| {
        let mut case = whatsapp();
        case.full["messages"][0]["content"]["templateName"] = json!(template);
        *case.full.pointer_mut(data).unwrap() = json!({ "body": { "placeholders": placeholders } });
        case
    };
    let with = |mut case: Case, field: &str, value: Value| {
        case.full.pointer_mut(data).unwrap()[field] = value;
        case
    };
    let language = |mut case: Case, language: &str| {
        case.full["messages"][0]["content"]["language"] = json!(language);
        case
    };
    let url = "https://cdn.example/a";
    let header = |kind: &str| json!({ "type": kind, "mediaUrl": url });
    let location = json!({ "type": "LOCATION", "latitude": 45.8, "longitude": 16 });
    let document = json!({ "type": "DOCUMENT", "mediaUrl": url, "filename": "a.pdf" });
    let two = json!(["Ana", "A-1"]);
    let quick = json!([{ "type": "QUICK_REPLY", "parameter": "p" }]);
    let rows = [
        (whatsapp(), 0),
        (no_header(sample::TEXT_TEMPLATE, two.clone()), 0),
        (no_header(sample::PLAIN_TEMPLATE, json!([])), 0),
        (
            with(
                with(no_header(sample::IMAGE_TEMPLATE, json!(["Ana"])), "header", header("IMAGE")),
                "buttons",
                quick.clone(),
            ),
            0,
        ),
        (with(no_header(sample::VIDEO_TEMPLATE, json!([])), "header", header("VIDEO")), 0),
        (with(no_header(sample::DOCUMENT_TEMPLATE, json!(["Ana"])), "header", document), 0),
        (with(no_header(sample::LOCATION_TEMPLATE, json!([])), "header", location), 0),
        (no_header("never_made", two.clone()), 7009),
        (no_header(sample::PENDING_TEMPLATE, json!([])), 7009),
        (no_header(sample::REJECTED_TEMPLATE, json!([])), 7009),
        (language(no_header(sample::TEXT_TEMPLATE, two.clone()), "en"), 7009),
        (no_header(sample::TEXT_TEMPLATE, json!(["Ana"])), 7008),
        (no_header(sample::TEXT_TEMPLATE, json!(["Ana", "b", "c"])), 7008),
        (no_header(sample::VIDEO_TEMPLATE, json!([])), 7008),
        (with(no_header(sample::VIDEO_TEMPLATE, json!([])), "header", header("IMAGE")), 7008),
        (with(no_header(sample::TEXT_TEMPLATE, two.clone()), "header", header("IMAGE")), 7008),
        (with(no_header(sample::TEXT_TEMPLATE, two), "buttons", quick), 7008),
    ];
    for (case, error) in rows {
        let report = Stage::report_of(&case).await;
        let name = &case.full["messages"][0]["content"]["templateName"];
        assert_eq!(report["error"]["id"], error, "{name} {report}");
        let expected = if error == 0 { "DELIVERED" } else { "UNDELIVERABLE" };
        assert_eq!(report["status"]["groupName"], expected, "{name}");
    }
}

#[tokio::test]
async fn alim_templates_count_once_the_account_has_some() {
    let template = KakaoTemplate::new(sample::KAKAO_PROFILE_KEY, "order01", "Order #{no} is on its way");
    for (case, code, text, error) in [
        (kakao_alim(), "order01", "Order 1001 is on its way", 0),
        (kakao_alim(), "order02", "Order 1001 is on its way", 7009),
        (kakao_alim(), "order01", "Order 1001 is lost", 7008),
        (omni_alim(), "order01", "Order 1001 is on its way", 0),
        (omni_alim(), "order02", "Order 1001 is on its way", 7009),
    ] {
        let mut case = case;
        let content = if case.path.starts_with("/omni") { "/kakaoAlim" } else { "/messages/0/content" };
        let content = case.full.pointer_mut(content).unwrap();
        content["templateCode"] = json!(code);
        content["text"] = json!(text);
        let stage = Stage::new(DeliveryScript::default()).await;
        let account = InfobipAccount::new(KEY).with_scope(OMNI_SCOPE).with_kakao_template(template.clone());
        stage.caller.sandbox.infobip().add_account(account);
        stage.send(&case).await;
        let report = stage.after(500, 1).await.json()["results"][0].clone();
        assert_eq!(report["error"]["id"], error, "{} {code} {text}", case.path);
    }
}

#[tokio::test]
async fn seen_reports_turn_the_direction_round() {
    let script =
        DeliveryScript { seen_per_mille: 1_000, seen_delay: Duration::from_secs(2), ..DeliveryScript::default() };
    for (case, path, sent_at, sender) in [
        (viber(), "/seen", "sentAt", sample::VIBER_SENDER),
        (rcs(), "/seen", "sentAt", sample::RCS_SENDER),
        (whatsapp(), "/dlr", "sentAt", sample::NUMBER),
        (omni_viber(), "/dlr", "sendAt", sample::VIBER_SENDER),
    ] {
        let stage = Stage::new(script.clone()).await;
        stage.send(&case).await;
        let infobip = stage.caller.sandbox.infobip();
        let delivered = stage.after(500, 1).await;
        assert!(delivered.json()["results"][0]["status"].is_object(), "{}", case.path);
        assert!(infobip.seen_reports().is_empty());
        let seen = stage.after(2_000, 2).await;
        let report = &seen.json()["results"][0];
        assert_eq!(seen.path, path, "{}", case.path);
        assert_eq!((&report["from"], &report["to"]), (&json!("385911234567"), &json!(sender)));
        assert_eq!(report[sent_at], "2026-03-03T13:22:30.000+0000", "{report}");
        assert_eq!(report["seenAt"], "2026-03-03T13:22:32.500+0000", "{report}");
        for absent in ["status", "callbackData", "channel", "price"] {
            assert_eq!(report.get(absent), None, "{report}");
        }
        let known = &infobip.seen_reports()[0];
        assert_eq!(
            (known.message_id.as_str(), known.from.as_str(), known.to.as_str()),
            ("m-1", "385911234567", sender)
        );
        let (_, listed) = stage.caller.infobip("GET", "/_sandbox/seen", Value::Null).await;
        assert_eq!(listed["seen"][0]["messageId"], "m-1");
    }
}

#[tokio::test]
async fn a_seen_report_can_come_first_and_not_every_channel_has_one() {
    let script = DeliveryScript { seen_per_mille: 1_000, is_seen_first: true, ..DeliveryScript::default() };
    let stage = Stage::new(script.clone()).await;
    stage.send(&whatsapp()).await;
    assert!(stage.after(250, 1).await.json()["results"][0]["seenAt"].is_string());
    assert!(stage.after(250, 2).await.json()["results"][0]["status"].is_object());
    for case in [mms(), kakao_alim(), kakao_chingu(), omni_alim(), omni_chingu()] {
        let stage = Stage::new(script.clone()).await;
        stage.send(&case).await;
        stage.after(500, 1).await;
        let infobip = stage.caller.sandbox.infobip();
        assert!(infobip.seen_reports().is_empty(), "{}", case.path);
        until("the last webhook", || infobip.webhooks_pending() == 0).await;
        assert_eq!(stage.endpoint.count(), 1, "{}", case.path);
    }
}

#[tokio::test]
async fn clicks_name_the_first_link_of_the_content() {
    let script = DeliveryScript { clicked_per_mille: 1_000, ..DeliveryScript::default() };
    for (case, link) in [
        (mms(), "https://shop.example/1"),
        (viber(), "https://shop.example/1"),
        (rcs(), "https://shop.example/1"),
        (kakao_chingu(), "https://shop.example/1"),
        (whatsapp(), "https://shop.example/1."),
    ] {
        let stage = Stage::new(script.clone()).await;
        stage.send(&case).await;
        stage.after(500, 1).await;
        let got = stage.after(500, 2).await;
        let click = got.json();
        assert_eq!((got.path.as_str(), &click["url"]), ("/click", &json!(link)), "{}", case.path);
        assert_eq!((&click["messageId"], &click["callbackData"]), (&json!("m-1"), &json!("x")), "{click}");
        assert!(click["sendDateTime"].is_i64(), "{click}");
        let clicks = stage.caller.sandbox.infobip().clicks();
        assert_eq!((clicks[0].message_id.as_str(), clicks[0].url.as_str()), ("m-1", link));
        let (_, listed) = stage.caller.infobip("GET", "/_sandbox/clicks", Value::Null).await;
        assert_eq!(listed["clicks"][0]["url"], link);
    }
    // Nothing is tracked here.
    for case in [kakao_alim(), omni_viber()] {
        let stage = Stage::new(script.clone()).await;
        stage.send(&case).await;
        stage.after(500, 1).await;
        assert_eq!(
            stage.caller.sandbox.infobip().webhooks_pending() + stage.caller.sandbox.infobip().clicks().len(),
            0
        );
    }
}

#[tokio::test]
async fn intermediate_reports_and_magic_fates_reach_every_family() {
    for (case, intermediate, to) in [
        (viber(), "/messages/0/webhooks/delivery/intermediateReport", "/messages/0/destinations/0/to"),
        (omni_viber(), "/intermediateReport", "/destinations/0/to/phoneNumber"),
    ] {
        let mut case = case;
        *case.full.pointer_mut(intermediate).unwrap() = json!(true);
        *case.full.pointer_mut(to).unwrap() = json!("99900150001");
        let stage = Stage::new(DeliveryScript::default()).await;
        stage.send(&case).await;
        assert_eq!(stage.after(250, 1).await.json()["results"][0]["status"]["groupName"], "PENDING");
        assert_eq!(stage.after(250, 2).await.json()["results"][0]["status"]["name"], "EXPIRED_EXPIRED");
    }
    let mut case = viber();
    case.full["messages"][0]["destinations"][0]["to"] = json!("99900090001");
    assert_eq!(Stage::report_of(&case).await["error"]["name"], "EC_UNKNOWN_USER");
}

#[tokio::test]
async fn logs_and_polled_reports_are_of_their_channel() {
    let cases = [mms(), viber(), rcs(), kakao_alim(), kakao_chingu(), omni_viber()];
    let stage = Stage::new(DeliveryScript::default()).await;
    let bases: Vec<&str> = cases.iter().map(|case| case.path.rsplit_once('/').unwrap().0).collect();
    let rows = async |path: String| {
        let (status, answer) = stage.caller.infobip("GET", &path, Value::Null).await;
        assert_eq!(status, 200, "{path} {answer}");
        answer["results"].as_array().unwrap().clone()
    };
    for (case, base) in cases.iter().zip(&bases) {
        let mut body = case.full.clone();
        *body.pointer_mut(case.id).unwrap() = json!(base);
        match body.pointer_mut("/messages/0") {
            Some(message) => message.as_object_mut().unwrap().remove("webhooks"),
            None => body.as_object_mut().unwrap().remove("notifyUrl"),
        };
        let (status, answer) = stage.caller.infobip("POST", case.path, body).await;
        assert_eq!(status, 200, "{answer}");
    }
    stage.clock.advance(Duration::from_millis(500));
    for base in &bases {
        let logs = rows(format!("{base}/logs")).await;
        assert_eq!((logs.len(), &logs[0]["messageId"]), (1, &json!(base)));
        let recipient = if *base == "/omni/1" { "to" } else { "destination" };
        assert!(logs[0][recipient].is_string(), "{base}");
        assert_eq!(rows(format!("{base}/logs?messageId=/sms/3")).await.len(), 0);
        assert_eq!(rows(format!("{base}/logs?messageId={base}")).await.len(), 1);
        // Asking one channel takes nothing from another.
        let reports = rows(format!("{base}/reports")).await;
        assert_eq!((reports.len(), &reports[0]["messageId"]), (1, &json!(base)));
        assert_eq!(rows(format!("{base}/reports")).await.len(), 0);
    }
    for path in ["/whatsapp/1/logs", "/whatsapp/1/reports"] {
        assert_eq!(stage.caller.infobip("GET", path, Value::Null).await.0, 404);
    }
    // Each channel has its own 120 calls a minute.
    for call in 4..=121 {
        let (status, _) = stage.caller.infobip("GET", "/mms/2/logs", Value::Null).await;
        assert_eq!(status, if call <= 120 { 200 } else { 429 }, "{call}");
    }
    assert_eq!(stage.caller.infobip("GET", "/rcs/2/logs", Value::Null).await.0, 200);
}
