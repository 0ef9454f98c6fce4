//! Test messages from the form (spec M7).

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use waypost::sandbox::{Fault, FaultKind};

use super::{Page, answers};
use crate::channels::contents::CASES;
use crate::channels::{app as app_of_all_channels, content_of};
use crate::support::{INBOUND_KEY, TestApp, inbound_messages, spawn_app};

const TO: &str = "+385911234567";

/// In-arguments of an SMS, and these.
fn sms(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let usual = [("channel", "SMS"), ("sender", "Waypost"), ("text", "Hi")];
    let usual = usual.into_iter().filter(|(name, _)| !more.iter().any(|(own, _)| own == name));
    usual.chain(more.iter().copied()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn order(page: &Page<'_>, arguments: &[(String, String)], to: &str, values: &[(&str, &str)]) -> (u16, Value) {
    let journey = page.journey(&answers("REST-1", None)).await;
    let body = json!({ "arguments": arguments, "journey": journey, "to": to, "values": values,
        "activity": { "name": "Spring SMS", "key": "REST-1" } });
    let answer = page.call("messaging/page/test", &body).await;
    (answer.status, answer.json())
}

async fn sent(page: &Page<'_>, arguments: &[(String, String)], values: &[(&str, &str)]) -> String {
    let (status, answer) = order(page, arguments, TO, values).await;
    assert_eq!((status, answer["sent"].as_bool()), (200, Some(true)), "{answer}");
    answer["messageId"].as_str().unwrap().to_owned()
}

async fn refused(page: &Page<'_>, arguments: &[(String, String)], to: &str, values: &[(&str, &str)]) -> String {
    let (status, answer) = order(page, arguments, to, values).await;
    assert_eq!((status, answer["sent"].as_bool()), (200, Some(false)), "{answer}");
    answer["sentence"].as_str().unwrap().to_owned()
}

/// Everything that a journey counts.
async fn counted(app: &TestApp) -> Value {
    let mut unit = app.unit_status().await;
    let of_reports = ["reports_waiting"];
    unit.as_object_mut().unwrap().retain(|name, _| !of_reports.contains(&name.as_str()));
    unit
}

#[tokio::test]
async fn each_channel_s_test_message_goes_out_and_is_counted_nowhere() {
    let app = app_of_all_channels().await;
    let page = Page::of(&app).await;
    let before = counted(&app).await;
    let mut channels = HashSet::new();
    let cases: Vec<_> = CASES.iter().filter(|case| channels.insert(case.channel)).collect();
    assert_eq!(cases.len(), 9);
    for case in &cases {
        let mut given = vec![("channel", case.channel), ("account", case.account)];
        given.extend(case.arguments.iter().copied());
        let id = sent(&page, &sms(&given), &[]).await;
        let received = app.infobip().received();
        let message = received.last().unwrap();
        assert_eq!((message.message_id.as_str(), message.path.as_str()), (id.as_str(), case.path), "{}", case.name());
        assert_eq!(message.to, TO.trim_start_matches('+'));
        assert_eq!(content_of(message), (case.content)(), "{}", case.name());
        assert_eq!(message.bulk_id.as_deref(), Some("Spring SMS (test)"), "{}", case.name());
        let callback_data: Value = serde_json::from_str(message.callback_data.as_deref().unwrap()).unwrap();
        assert_eq!(callback_data["ContactKey"], "Waypost test");
        assert_eq!(callback_data["BulkId"], "Spring SMS (test)");
    }
    app.drain().await;
    assert_eq!(counted(&app).await, before);
    // Their reports are rows: the marketer sees that they come.
    assert_eq!(app.rows().len() + app.omni_rows().len(), cases.len());
    assert!(app.rows().iter().all(|row| row["callbackData"].contains("\"ContactKey\":\"Waypost test\"")));
    app.finish().await;
}

#[tokio::test]
async fn typed_values_take_the_place_of_merge_fields() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let arguments = sms(&[
        ("text", "Hi {{Event.DEAudience-1.Name}}, {{Contact.Key}}"),
        ("phone1", "{{Event.DEAudience-1.Mobile}}"),
        ("callbackName1", "City"),
        ("callbackValue1", "{{ Event.DEAudience-1.City }}"),
    ]);
    let body = json!({ "arguments": arguments, "journey": {}, "activity": { "name": null } });
    let asked = page.call("messaging/page/preview", &body).await.json()["mergeFields"].clone();
    let names: Vec<_> = asked.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Name", "Contact key", "City"]);
    assert_eq!(asked[0]["expression"], "{{Event.DEAudience-1.Name}}");
    let missing = refused(&page, &arguments, TO, &[("{{Event.DEAudience-1.Name}}", "Ann")]).await;
    assert_eq!(missing, "Type a value for Contact key first.");
    let values =
        [("{{Event.DEAudience-1.Name}}", "Ann {{x}}"), ("{{Contact.Key}}", "C-7"), ("{{Event.DEAudience-1.City}}", "")];
    sent(&page, &arguments, &values).await;
    let received = app.infobip().received();
    let [message] = received.as_slice() else { panic!("{} messages", received.len()) };
    assert_eq!(message.raw["content"]["text"], "Hi Ann {{x}}, C-7");
    let callback_data: Value = serde_json::from_str(message.callback_data.as_deref().unwrap()).unwrap();
    assert_eq!([&callback_data["ContactKey"], &callback_data["City"]], ["C-7", ""]);
    app.drain().await;
    app.finish().await;
}

#[tokio::test]
async fn what_keeps_a_test_message_back_is_said() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let number = "a phone number with its country code, such as +385911234567.";
    let no_number = format!("This is not a phone number: enter {number}");
    for (arguments, to, expected) in [
        (sms(&[]), " ", format!("Enter {number}").as_str()),
        (sms(&[]), "12", no_number.as_str()),
        (sms(&[("phone1", TO), ("phoneChoice", "2"), ("phoneDefault", TO)]), "x", &no_number),
        (sms(&[("text", " ")]), TO, "Enter the text."),
        (sms(&[("bulkId", &"x".repeat(101))]), TO, "Bulk ID has 101 characters, 1 more than the 100 that are allowed."),
        (sms(&[("account", "nobody")]), TO, "Choose an Infobip account that the business unit has."),
        (
            sms(&[("callbackName1", "MID"), ("callbackValue1", "x")]),
            TO,
            "“MID” is one of Waypost's own names: choose another.",
        ),
    ] {
        assert_eq!(refused(&page, &arguments, to, &[]).await, expected);
    }
    let arguments = sms(&[("text", "{{Event.E.Name}}")]);
    let long = "x".repeat(8_193);
    let sentence = refused(&page, &arguments, TO, &[("{{Event.E.Name}}", &long)]).await;
    assert_eq!(sentence, "The value for Name is too long: at most 8,192 bytes are taken. Shorten it.");
    // What is short enough to be typed may be too long for the text.
    let sentence = refused(&page, &arguments, TO, &[("{{Event.E.Name}}", &long[..8_000])]).await;
    assert!(sentence.starts_with("Text takes 53 parts and 8,000 bytes"), "{sentence}");
    let many: Vec<_> = (0..1_001).map(|number| (format!("x{number}"), String::new())).collect();
    assert_eq!(order(&page, &many, TO, &[]).await.0, 422);
    let long = "{{Event.E.Name}}".repeat(1_000);
    let value = "x".repeat(8_000);
    let (status, answer) = order(&page, &sms(&[("text", &long)]), TO, &[("{{Event.E.Name}}", &value)]).await;
    assert_eq!((status, answer["code"].as_str()), (422, Some("notTested")), "{answer}");
    assert_eq!(app.infobip().received_count(), 0);
    let unsigned = app.post(&app.url("/activities/messaging/page/test"), "{}").await;
    assert_eq!(unsigned.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn ten_in_ten_minutes_and_no_more() {
    let app = spawn_app().on_virtual_time().await;
    let page = Page::of(&app).await;
    let clock = app.virtual_clock.as_ref().unwrap();
    sent(&page, &sms(&[]), &[]).await;
    clock.advance(Duration::from_secs(60));
    for _ in 1..10 {
        // One that is not tried takes no turn.
        refused(&page, &sms(&[]), "x", &[]).await;
        sent(&page, &sms(&[]), &[]).await;
    }
    let (status, answer) = order(&page, &sms(&[]), TO, &[]).await;
    assert_eq!((status, answer["code"].as_str()), (429, Some("notTested")), "{answer}");
    let sentence = answer["error"].as_str().unwrap();
    assert_eq!(sentence, "10 test messages were sent in ten minutes: the next one can go in 9 minutes");
    // The wall clock is nobody's measure.
    clock.jump_wall(700_000_000_000);
    assert_eq!(order(&page, &sms(&[]), TO, &[]).await.0, 429);
    clock.jump_wall(-700_000_000_000);
    clock.advance(Duration::from_secs(540));
    sent(&page, &sms(&[]), &[]).await;
    assert_eq!(order(&page, &sms(&[]), TO, &[]).await.0, 429);
    app.drain().await;
    app.finish().await;
}

#[tokio::test]
async fn what_infobip_says_is_told_and_holds_no_queue() {
    let mut app = spawn_app().await;
    app.expect_error("The account's queues are held, nothing is dropped");
    let page = Page::of(&app).await;
    let fault = |code| Fault::next(1, FaultKind::Status { code }).on("/sms/3/messages");
    for (code, expected) in [
        (401, "Infobip refuses the API key (401)"),
        (400, "Infobip refused the message ("),
        (503, "Infobip took no messages just now ("),
    ] {
        app.infobip().add_fault(fault(code));
        let sentence = refused(&page, &sms(&[]), TO, &[]).await;
        assert!(sentence.contains(expected), "{code}: {sentence}");
    }
    app.infobip().add_fault(Fault::next(1, FaultKind::ResetMidway).on("/sms/3/messages"));
    let (_, answer) = order(&page, &sms(&[]), TO, &[]).await;
    assert!(answer["sentence"].as_str().unwrap().contains("may arrive or not"), "{answer}");
    assert!(answer["messageId"].is_string(), "{answer}");
    app.infobip().refuse_sender("Nobody", Some(11));
    let sentence = refused(&page, &sms(&[("sender", "Nobody")]), TO, &[]).await;
    assert!(sentence.starts_with("Infobip refused the message: REJECTED"), "{sentence}");
    assert_eq!(app.unit_status().await["held_accounts"], json!([]));
    sent(&page, &sms(&[]), &[]).await;

    // An account that is held already says why.
    app.infobip().add_fault(fault(401));
    app.execute(&app.call("C-1")).await.message_id();
    app.until("the account to be held", async || (app.unit_status().await["held_accounts"] != json!([])).then_some(()))
        .await;
    let sentence = refused(&page, &sms(&[]), TO, &[]).await;
    assert!(sentence.starts_with("Not sent: the account main is held, because Infobip refuses"), "{sentence}");
    app.finish_with_work_left().await;
}

#[tokio::test]
async fn a_reply_to_a_test_message_is_no_contact_s_and_fires_nothing() {
    let unit = crate::support::TenantFile { lines: "replies = { event_delay_secs = 0 }\n", ..crate::support::tenant() };
    let app = spawn_app().with_tenant(unit).await;
    let page = Page::of(&app).await;
    let mid = app.tenant.mid;
    for extension in [inbound_messages(INBOUND_KEY), inbound_messages("Replies of the journey")] {
        app.sfmc().create_data_extension(mid, extension).unwrap();
    }
    let event = app.sfmc().add_api_event(mid, "Reply", "Replies of the journey").unwrap().event_definition_key;
    let activity = app.new_activity(&[("eventDefinitionKey", &event)]).await;
    app.execute(&app.call_of(&activity, "C-1").to(TO)).await.message_id();
    app.drain().await;
    // The journey's message is the older one, and the person is the same.
    let id = sent(&page, &sms(&[("eventDefinitionKey", &event)]), &[]).await;
    app.drain().await;
    let callback_data = app.infobip().received().last().unwrap().callback_data.clone().unwrap();
    let address = app.cli(&["inbound", "address", "--mid", &mid.to_string()]).await;
    let url = address.succeeded().out.trim().to_owned();
    let reply = |number: usize, more: Value| {
        let mut reply = json!({ "event": "MO", "channel": "SMS", "sender": TO.trim_start_matches('+'),
            "destination": "Waypost", "messageId": format!("mo-{number}"),
            "content": [{ "type": "TEXT", "text": "YES" }], "receivedAt": "2026-11-24T09:00:00.000+0000",
            "messageCount": 1 });
        reply.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        reply
    };
    let replies = [json!({}), json!({ "pairedMessageId": id }), json!({ "callbackData": callback_data })];
    let replies: Vec<_> = replies.into_iter().enumerate().map(|(number, more)| reply(number, more)).collect();
    assert_eq!(app.post(&url, json!({ "results": replies }).to_string()).await.status, 200);
    app.until("the replies to be forwarded", async || (app.sfmc().rows(mid, INBOUND_KEY).len() == 3).then_some(()))
        .await;
    assert!(app.sfmc().rows(mid, INBOUND_KEY).iter().all(|row| row.get("contactKey").is_none_or(String::is_empty)));
    assert!(app.sfmc().events().is_empty());
    app.drain().await;
    app.finish().await;
}
