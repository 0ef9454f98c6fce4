//! The messaging activity's steps, as its page asks for them (spec M1 to M6).

use serde_json::{Value, json};

use super::{Page, answers, argument, arguments, blank};
use crate::support::spawn_app;

async fn step(page: &Page<'_>, step: &str, arguments: &Value, journey: &Value, edit: Value) -> Value {
    let body = json!({ "step": step, "arguments": arguments, "journey": journey, "edit": edit,
        "activity": { "name": "Spring SMS", "key": "REST-1" } });
    let answer = page.call("messaging/page/step", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn check(page: &Page<'_>, arguments: &Value, journey: &Value) -> Value {
    let body = json!({ "step": "message", "arguments": arguments, "journey": journey, "audience": 12_000 });
    let answer = page.call("messaging/page/check", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// In-argument, step and message of each problem.
fn problems(found: &Value) -> Vec<(String, String, String)> {
    let text = |problem: &Value, name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    let problems = found["problems"].as_array().unwrap().iter();
    problems.map(|problem| (text(problem, "argument"), text(problem, "step"), text(problem, "message"))).collect()
}

fn named(found: &Value) -> Vec<String> {
    problems(found).into_iter().map(|(argument, ..)| argument).collect()
}

#[tokio::test]
async fn the_first_step_offers_the_manual_s_channels_and_asks_for_one() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", None)).await;
    let html = step(&page, "channel", &json!([]), &journey, Value::Null).await["html"].as_str().unwrap().to_owned();
    for channel in ["SMS", "LMS", "MMS", "WhatsApp", "Viber", "KakaoChinguTalk", "Kakao Alim", "RCS"] {
        assert!(html.contains(&format!("value=\"{channel}\"")), "{channel}: {html}");
    }
    assert!(!html.contains("Viber (deprecated)"), "only a journey that has it keeps it: {html}");
    assert!(html.contains(&app.tenant.mid.to_string()), "{html}");
    let old = json!([["channel", "Viber (deprecated)"]]);
    let html = step(&page, "channel", &old, &journey, Value::Null).await["html"].to_string();
    assert!(html.contains("Viber (deprecated)"), "{html}");
    let found = check(&page, &json!([]), &journey).await;
    assert_eq!(problems(&found)[0].0, "channel");
    assert_eq!(problems(&found)[0].1, "channel");
    app.finish().await;
}

#[tokio::test]
async fn problems_name_their_fields_and_what_is_refused_is_not_saved() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", None)).await;
    let wrong = json!([
        ["channel", "SMS"],
        ["sender", "ThisSenderIsMuchTooLong"],
        ["callbackName1", "From"],
        ["callbackValue1", "x"],
        ["speedLimitUnit", "HOUR"],
        ["speedLimitCount", "0"]
    ]);
    let found = check(&page, &wrong, &journey).await;
    let mut fields = named(&found);
    fields.sort();
    assert_eq!(fields, ["callbackName1", "sender", "speedLimitCount", "text"], "{found}");
    let refused = page.save(&blank(&app), &journey, &wrong, false).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_eq!(named(&refused.json()).len(), 4);
    let right = json!([
        ["channel", "SMS"],
        ["sender", "Waypost"],
        ["text", "Hi {{Event.DEAudience-1.Home}}"],
        ["speedLimitUnit", "HOUR"],
        ["speedLimitCount", "500"]
    ]);
    let found = check(&page, &right, &journey).await;
    assert_eq!(named(&found), [""; 0], "{found}");
    assert!(found["notes"]["speedLimitCount"].as_str().unwrap().contains("7.2 s"), "{found}");
    assert!(found["preview"].as_str().unwrap().contains("Home"), "{found}");
    app.finish().await;
}

#[tokio::test]
async fn what_another_channel_had_is_kept_while_it_is_chosen_and_not_saved() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", None)).await;
    let sms = json!([
        ["channel", "SMS"],
        ["sender", "Waypost"],
        ["text", "Hi"],
        ["resellerCode", "12"],
        ["ofANewerVersion", "kept"]
    ]);
    let shown = step(&page, "message", &sms, &journey, Value::Null).await;
    assert!(shown["arguments"].to_string().contains("resellerCode"), "{shown}");
    let saved = page.save(&blank(&app), &journey, &sms, false).await.json()["activity"].clone();
    let written = arguments(&saved);
    assert_eq!(argument(&written, "resellerCode"), None);
    assert_eq!(argument(&written, "ofANewerVersion"), Some("kept"));
    app.finish().await;
}

#[tokio::test]
async fn rows_are_added_and_removed_by_the_server() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", None)).await;
    let mut state = json!([["channel", "SMS"]]);
    for _ in 0..2 {
        state = step(&page, "message", &state, &journey, json!({ "add": "callback" })).await["arguments"].clone();
    }
    let mut pairs = state.as_array().unwrap().clone();
    pairs.retain(|pair| !pair[0].as_str().unwrap().starts_with("callback"));
    pairs.extend([json!(["callbackName1", "A"]), json!(["callbackName2", "B"])]);
    let removed = step(&page, "message", &pairs.into(), &journey, json!({ "remove": "callback", "number": 1 })).await;
    assert!(removed["arguments"].to_string().contains(r#"["callbackName1","B"]"#), "{removed}");
    // An edit that makes no sense changes nothing, and one that can't be read is refused.
    let odd = step(&page, "message", &state, &journey, json!({ "remove": "callback", "number": 99 })).await;
    assert_eq!(odd["arguments"], state);
    let body = json!({ "step": "message", "arguments": state, "journey": journey, "edit": { "add": 5 } });
    assert_eq!(page.call("messaging/page/step", &body).await.status, 400);
    app.finish().await;
}

#[tokio::test]
async fn without_a_phone_field_a_text_field_is_chosen() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let mut told = answers("REST-1", None);
    told["dataSources"][0]["deSchema"]["fields"] =
        json!([{ "name": "SubscriberKey", "type": "Text" }, { "name": "Mobile", "type": "Text" }]);
    let journey = page.journey(&told).await;
    let state = json!([["channel", "SMS"], ["sender", "Waypost"], ["text", "Hi"]]);
    let html = step(&page, "message", &state, &journey, Value::Null).await["html"].to_string();
    assert!(html.contains("no field of type Phone"), "{html}");
    assert_eq!(named(&check(&page, &state, &journey).await), ["phone1"]);
    let chosen =
        json!([["channel", "SMS"], ["sender", "Waypost"], ["text", "Hi"], ["phone1", "{{Event.DEAudience-1.Mobile}}"]]);
    assert_eq!(named(&check(&page, &chosen, &journey).await), [""; 0]);
    let saved = page.save(&blank(&app), &journey, &chosen, false).await.json()["activity"].clone();
    assert_eq!(argument(&arguments(&saved), "phone1"), Some("{{Event.DEAudience-1.Mobile}}"));
    assert_eq!(argument(&arguments(&saved), "phone2"), None);
    app.finish().await;
}

#[tokio::test]
async fn a_bulk_id_follows_the_activity_s_name_until_one_is_typed() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", None)).await;
    let state = json!([["channel", "SMS"], ["sender", "Waypost"], ["text", "Hi"]]);
    let mut activity = blank(&app);
    activity["name"] = json!("Spring SMS");
    let mut saved = page.save(&activity, &journey, &state, false).await.json()["activity"].clone();
    assert_eq!(argument(&arguments(&saved), "bulkId"), Some("Spring SMS"));
    saved["name"] = json!("Summer SMS");
    let opened = page.open(&saved, &journey).await["arguments"].clone();
    let again = page.save(&saved, &journey, &opened, false).await.json()["activity"].clone();
    assert_eq!(argument(&arguments(&again), "bulkId"), Some("Summer SMS"));
    // The name that Journey Builder gives it by itself is none.
    let default = page.save(&blank(&app), &journey, &state, false).await.json()["activity"].clone();
    assert_eq!(argument(&arguments(&default), "bulkId"), None);
    app.finish().await;
}

#[tokio::test]
async fn templates_are_offered_and_one_that_the_sender_lacks_is_named() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", None)).await;
    let state = |name: &str| {
        json!([["channel", "WhatsApp"], ["sender", "385915550000"], ["templateName", name], ["templateLanguage", "en"]])
    };
    let shown = step(&page, "message", &state(""), &journey, Value::Null).await;
    let html = shown["html"].as_str().unwrap();
    let offered = html.split("name=\"templateName\"").nth(1).unwrap().split("</select>").next().unwrap().to_owned();
    assert!(offered.matches("<option").count() > 1, "{offered}");
    let found = check(&page, &state("no_such_template"), &journey).await;
    assert!(named(&found).contains(&"templateName".to_owned()), "{found}");
    app.finish().await;
}

#[tokio::test]
async fn hostile_states_are_refused_or_shown_as_text() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", None)).await;
    let state =
        json!([["channel", "SMS"], ["sender", "<script>alert(1)</script>"], ["text", "\"><img src=x onerror=y>"]]);
    for shown in ["message", "summary", "channel", "none"] {
        let html = step(&page, shown, &state, &journey, Value::Null).await["html"].as_str().unwrap().to_owned();
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    }
    let preview = check(&page, &state, &journey).await["preview"].as_str().unwrap().to_owned();
    assert!(!preview.contains("<script") && !preview.contains("<img"), "{preview}");
    let many: Vec<_> = (0..1_001).map(|number| json!([format!("x{number}"), "y"])).collect();
    let large = json!([["text", "x".repeat(300_000)]]);
    for arguments in [json!(many), large] {
        for call in ["step", "check", "activity"] {
            let body = json!({ "arguments": arguments, "journey": journey, "activity": blank(&app) });
            let answer = page.call(&format!("messaging/page/{call}"), &body).await;
            assert_eq!(answer.status, 400, "{call}: {answer:?}");
        }
    }
    for body in [json!(null), json!([]), json!({ "arguments": {} }), json!({ "arguments": [["a"]], "journey": {} })] {
        assert_eq!(page.call("messaging/page/step", &body).await.status, 400, "{body}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_chosen_phone_field_stays_the_same_field() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", Some(("v1", "v1")))).await;
    let mobile = json!([["channel", "SMS"], ["sender", "Waypost"], ["text", "Hi"], ["phoneChoice", "2"]]);
    let saved = page.save(&blank(&app), &journey, &mobile, false).await.json()["activity"].clone();
    assert_eq!(argument(&arguments(&saved), "phone2"), Some("{{Event.DEAudience-1.Mobile}}"));
    let with_fields = |fields: Value| {
        let mut told = answers("REST-1", Some(("v1", "v1")));
        told["dataSources"][0]["deSchema"]["fields"] = fields;
        told
    };
    // A column that came before it: the choice moves along.
    let more = json!([{ "name": "Work", "type": "Phone" }, { "name": "Home", "type": "Phone" },
        { "name": "Mobile", "type": "Phone" }]);
    let moved = page.journey(&with_fields(more)).await;
    let opened = page.open(&saved, &moved).await;
    let again = page.save(&saved, &moved, &opened["arguments"], false).await.json()["activity"].clone();
    assert_eq!(argument(&arguments(&again), "phoneChoice"), Some("3"));
    assert_eq!(argument(&arguments(&again), "phone3"), Some("{{Event.DEAudience-1.Mobile}}"));
    // A column that is gone: the choice is, too, and that is said.
    let gone = page.journey(&with_fields(json!([{ "name": "Home", "type": "Phone" }]))).await;
    let opened = page.open(&saved, &gone).await;
    assert!(opened["notices"].to_string().contains("no Phone field of the entry source any more"), "{opened}");
    assert!(!opened["arguments"].to_string().contains("phoneChoice"), "{opened}");
    // Fields that are not told, late or never: what was saved stays.
    let untold = page.journey(&with_fields(json!([]))).await;
    let opened = page.open(&saved, &untold).await;
    let kept = page.save(&saved, &untold, &opened["arguments"], false).await.json()["activity"].clone();
    assert_eq!(kept, saved);
    app.finish().await;
}

#[tokio::test]
async fn a_phone_field_that_can_t_be_used_is_named_with_the_reason() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let mut told = answers("REST-1", None);
    told["defaults"] = json!({ "mobileNumber": ["{{Event.DEAudience-1.Mobile}}"] });
    told["dataSources"][0]["deSchema"]["fields"] =
        json!([{ "name": "Mobile", "type": "Text" }, { "name": "Mobile Phone", "type": "Phone" }]);
    let journey = page.journey(&told).await;
    let state = json!([["channel", "SMS"], ["sender", "Waypost"], ["text", "Hi"]]);
    let html = step(&page, "message", &state, &journey, Value::Null).await["html"].to_string();
    assert!(html.contains("Mobile Phone") && html.contains("space"), "{html}");
    // The journey's default number does not stand in for the choice.
    assert_eq!(named(&check(&page, &state, &journey).await), ["phone1"]);
    app.finish().await;
}

#[tokio::test]
async fn expressions_that_sfmc_would_not_take_are_problems() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", None)).await;
    let found = async |text: &str| {
        let state = json!([["channel", "SMS"], ["sender", "Waypost"], ["text", text]]);
        named(&check(&page, &state, &journey).await)
    };
    for wrong in [
        "{{Event.DEAudience-1.Home",
        "Home}}",
        "{{}}",
        "{{FirstName}}",
        "{{Foo.bar}}",
        "{{Event.DEAudience-1.home}}",
        "{{Event.DEAudience-2.Home}}",
    ] {
        assert_eq!(found(wrong).await, ["text"], "{wrong}");
    }
    for right in ["{{Event.DEAudience-1.Home}}", "{{Event.DEAudience-1.\"Home\"}}", "{{ Contact.Key }}", "{ }", "}{"] {
        assert_eq!(found(right).await, [""; 0], "{right}");
    }
    let over =
        json!([["channel", "SMS"], ["sender", "Waypost"], ["text", "Hi"], ["latestSendAt", "2020-01-01T00:00:00Z"]]);
    assert_eq!(named(&check(&page, &over, &journey).await), ["latestSendAt"]);
    app.finish().await;
}

#[tokio::test]
async fn odd_answers_of_journey_builder_open_the_page_all_the_same() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    for key in [Value::Null, json!(7), json!({})] {
        let mut told = answers("REST-1", None);
        told["activityKey"] = key;
        assert_eq!(page.call("page/journey", &told).await.status, 200, "{told}");
    }
    // Before Journey Builder has told of the journey, nobody knows that an activity is a copy.
    let journey = page.journey(&answers("REST-1", Some(("v1", "v1")))).await;
    let state = json!([["channel", "SMS"], ["sender", "Waypost"], ["text", "Hi"]]);
    let saved = page.save(&blank(&app), &journey, &state, false).await.json()["activity"].clone();
    let activity = crate::support::Activity {
        journey_id: "v1".to_owned(),
        original_definition_id: "v1".to_owned(),
        ..crate::support::Activity::new(saved.clone())
    };
    assert_eq!(app.post(activity.lifecycle_url("save"), activity.lifecycle_body().to_string()).await.status, 200);
    let untold = page.journey(&json!({ "activityKey": "REST-1", "interaction": null })).await;
    assert_eq!(page.open(&saved, &untold).await["copied"], Value::Null);
    app.finish().await;
}

#[tokio::test]
async fn a_page_s_hostile_text_keeps_no_contact_waiting() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", None)).await;
    let state = json!([["channel", "SMS"], ["sender", "Waypost"], ["text", "{{Event.".repeat(30_000)]]);
    let checks = async { tokio::join!(check(&page, &state, &journey), check(&page, &state, &journey)) };
    let call = app.call("C-1");
    // Work that grew with the square of the text once held both workers, and the contact was answered 408.
    tokio::join!(checks, app.execute(&call)).1.message_id();
    app.finish_with_work_left().await;
}
