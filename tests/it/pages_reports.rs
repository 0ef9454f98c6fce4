//! The reports activity's page, and the figures over a running activity (spec R4, M12).

use serde_json::{Value, json};

use crate::pages::Page;
use crate::support::{Activity, Answered, TestApp, spawn_app, tenant};

const CHOSEN: &str = "{{Interaction.REST-1.messageId}}";

/// A reports activity as it is dropped on the canvas.
fn blank(app: &TestApp) -> Value {
    json!({ "id": null, "key": "REST-2", "name": "", "type": "REST", "editable": true,
        "arguments": { "execute": { "inArguments": [], "outArguments": [], "url": app.url("/activities/reports/execute") } },
        "configurationArguments": {}, "metaData": { "isConfigured": false }, "outcomes": [{ "next": null }],
        "schema": { "arguments": { "execute": { "inArguments": [], "outArguments": [] } } } })
}

/// A journey: the message, a wait of an hour, the reports activity.
fn answers(app: &TestApp, message: &Value) -> Value {
    let mut message = message.clone();
    message["key"] = json!("REST-1");
    message["outcomes"] = json!([{ "next": "WAIT-1" }]);
    let wait = json!({ "key": "WAIT-1", "type": "WAIT", "outcomes": [{ "next": "REST-2" }],
        "configurationArguments": { "waitDuration": 1, "waitUnit": "HOURS" } });
    json!({ "activityKey": "REST-2",
        "interaction": { "name": "Spring", "id": "v1", "definitionId": "d1", "status": "Draft",
            "activities": [message, wait, blank(app)] } })
}

async fn step(page: &Page<'_>, step: &str, journey: &Value, arguments: &Value) -> Value {
    let body = json!({ "step": step, "journey": journey, "arguments": arguments, "edit": null, "audience": null,
        "activity": { "name": "", "key": "REST-2" } });
    let answer = page.call("reports/page/step", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn check(page: &Page<'_>, journey: &Value, arguments: &Value) -> Value {
    page.call("reports/page/check", &json!({ "step": "report", "journey": journey, "arguments": arguments }))
        .await
        .json()
}

async fn save(page: &Page<'_>, activity: &Value, journey: &Value, arguments: &Value) -> Answered {
    let body = json!({ "activity": activity, "journey": journey, "arguments": arguments, "audience": null,
        "name": "", "confirmedCopy": false });
    page.call("reports/page/activity", &body).await
}

fn value<'a>(activity: &'a Value, name: &str) -> Option<&'a str> {
    let rows = activity.pointer("/arguments/execute/inArguments").and_then(Value::as_array).unwrap();
    rows.iter().find_map(|row| row.get(name)?.as_str())
}

#[tokio::test]
async fn a_reports_activity_is_configured_and_saved_again_the_same() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers(&app, &app.activity.saved)).await;
    let opened = page.call("reports/page/open", &json!({ "activity": blank(&app), "journey": journey })).await.json();
    assert_eq!(opened["isNew"], true);
    // There is one message: it is chosen.
    let shown = step(&page, "report", &journey, &opened["arguments"]).await;
    assert_eq!(shown["arguments"], json!([["messageId", CHOSEN], ["reportKind", "DELIVERY"]]));
    let html = shown["html"].as_str().unwrap();
    for part in [
        "<form id=\"step\" data-step=\"report\" novalidate>",
        "value=\"{{Interaction.REST-1.messageId}}\" selected",
        "data-field=\"reportKind\"",
        "name=\"reportKind\" value=\"CLICK\" data-rerender",
        "<code>statusGroupName</code>",
        "<code>DELIVERED_TO_HANDSET</code>",
        "<code>NOT_AVAILABLE</code>",
        "SMS Delivery Reports",
        "id=\"p-messageId\"",
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
    assert!(!html.contains("data-field=\"account\""), "there is one account: {html}");
    let found = check(&page, &journey, &shown["arguments"]).await;
    assert_eq!((&found["problems"], &found["warnings"]), (&json!([]), &json!([])), "{found}");
    assert_eq!(found["notes"]["messageId"], "Contacts wait at least 1 hour in between.");
    let click = json!([["messageId", CHOSEN], ["reportKind", "CLICK"]]);
    let shown_click = step(&page, "report", &journey, &click).await;
    assert!(shown_click["html"].as_str().unwrap().contains("<code>NOT_CLICKED</code>"), "{shown_click}");
    let warned = check(&page, &journey, &click).await;
    assert!(warned["warnings"][0]["message"].as_str().unwrap().contains("URL Shortening"), "{warned}");
    let summary = step(&page, "summary", &journey, &click).await;
    assert!(summary["html"].as_str().unwrap().contains("Click report"), "{summary}");

    let saved = save(&page, &blank(&app), &journey, &click).await.json()["activity"].clone();
    assert_eq!(value(&saved, "messageId"), Some(CHOSEN));
    assert_eq!(value(&saved, "reportKind"), Some("CLICK"));
    assert_eq!(value(&saved, "mid"), Some(app.tenant.mid.to_string().as_str()));
    assert_eq!(value(&saved, "messageConfigurationId"), value(&app.activity.saved, "configurationId"));
    assert_ne!(value(&saved, "configurationId"), value(&app.activity.saved, "configurationId"));
    let opened = page.call("reports/page/open", &json!({ "activity": saved, "journey": journey })).await.json();
    assert_eq!((opened["isNew"].as_bool(), opened["copied"].as_str()), (Some(false), None));
    let shown = step(&page, "report", &journey, &opened["arguments"]).await;
    assert_eq!(shown["arguments"], opened["arguments"]);
    assert!(
        shown["html"]
            .as_str()
            .unwrap()
            .contains("value=\"CLICK\" data-rerender aria-describedby=\"h-reportKind-2\" checked")
    );
    let again = save(&page, &saved, &journey, &shown["arguments"]).await.json()["activity"].clone();
    assert_eq!(again, saved);
    let activity =
        Activity { journey_id: "v1".to_owned(), original_definition_id: "d1".to_owned(), ..Activity::new(saved) };
    for phase in ["save", "validate", "publish"] {
        let answer = app.post(activity.lifecycle_url(phase), activity.lifecycle_body().to_string()).await;
        assert_eq!(answer.status, 200, "{phase}: {answer:?}");
    }
    let id = app.execute(&app.call("C-1")).await.message_id();
    app.drain().await;
    let answer = app.execute(&app.call_of(&activity, "C-1").set("messageId", id)).await;
    assert_eq!(answer.out("url"), "NOT_CLICKED");
    app.finish().await;
}

#[tokio::test]
async fn what_can_not_work_is_refused_with_its_reason() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers(&app, &app.activity.saved)).await;
    for (message_id, reason) in [
        ("", "Choose the message activity"),
        ("{{Interaction.REST-9.messageId}}", "not in this journey any more"),
        ("{{Interaction.WAIT-1.messageId}}", "is no Infobip Messaging activity"),
        ("{{Event.X.id}}", "is not taken from a message activity"),
    ] {
        let arguments = json!([["messageId", message_id], ["reportKind", "DELIVERY"]]);
        let refused = save(&page, &blank(&app), &journey, &arguments).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        let problem = refused.json()["problems"][0].clone();
        assert_eq!((problem["argument"].as_str(), problem["step"].as_str()), (Some("messageId"), Some("report")));
        assert!(problem["message"].as_str().unwrap().contains(reason), "{reason}: {problem}");
    }
    let nothing = page.journey(&json!({ "activityKey": "REST-2" })).await;
    let shown = step(&page, "report", &nothing, &json!([])).await;
    assert!(shown["html"].as_str().unwrap().contains("There is no Infobip Messaging activity before this one"));
    let body = json!({ "step": "report", "arguments": [], "journey": nothing });
    let unsigned = app.post(&app.url("/activities/reports/page/step"), body.to_string()).await;
    assert_eq!(unsigned.status, 401, "{unsigned:?}");
    app.finish().await;
}

#[tokio::test]
async fn values_of_a_journey_are_texts_on_the_page() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let hostile = "<img src=x onerror=alert(1)>\"'&";
    let mut told = answers(&app, &app.activity.saved);
    told["interaction"]["activities"][0]["name"] = json!(hostile);
    let journey = page.journey(&told).await;
    for message_id in [CHOSEN, hostile] {
        let arguments = json!([["messageId", message_id], ["reportKind", hostile], ["account", hostile]]);
        for name in ["report", "summary"] {
            let html = step(&page, name, &journey, &arguments).await["html"].as_str().unwrap().to_owned();
            assert!(!html.contains("<img") && !html.contains("\"'"), "{html}");
            assert!(html.contains("onerror=alert(1)"), "it is shown: {html}");
        }
    }
    app.finish().await;
}

async fn figures(page: &Page<'_>, kind: &str, activity: &Activity) -> Value {
    let mut raw = activity.saved.clone();
    raw["id"] = json!(activity.id);
    let answer = page.call(&format!("{kind}/page/figures"), &json!({ "activity": raw })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn figures_of_an_activity_follow_its_messages() {
    let mut app = spawn_app().await;
    let other = tenant();
    app.add_tenant(&other).await;
    let page = Page::of(&app).await;
    let nothing = json!({ "queued": 0, "sent": 0, "delivered": 0, "failed": 0 });
    assert_eq!(figures(&page, "messaging", &app.activity).await, nothing);
    app.execute(&app.call("C-1")).await.message_id();
    app.execute(&app.call("C-2").to("99900090001")).await.message_id();
    app.execute(&app.call("C-3").to("99900080001")).await.message_id();
    app.drain().await;
    let told = json!({ "queued": 0, "sent": 2, "delivered": 1, "failed": 2 });
    assert_eq!(figures(&page, "messaging", &app.activity).await, told);
    // From here on they are kept current.
    app.execute(&app.call("C-4")).await.message_id();
    app.execute(&app.call("C-5").to("99900150001")).await.message_id();
    app.drain().await;
    let told = json!({ "queued": 0, "sent": 4, "delivered": 2, "failed": 3 });
    assert_eq!(figures(&page, "messaging", &app.activity).await, told);
    // Another unit's user sees none of it.
    let foreign = Page::of_unit(&app, other.mid).await;
    assert_eq!(figures(&foreign, "messaging", &app.activity).await, nothing);
    drop((page, foreign));
    app.stop().await;
    app.start().await;
    let page = Page::of(&app).await;
    assert_eq!(figures(&page, "messaging", &app.activity).await, told);
    // Journey Builder may not tell the activity's id: its configuration has this one queue.
    let unnamed = Activity { id: String::new(), ..app.activity.clone() };
    assert_eq!(figures(&page, "messaging", &unnamed).await, told);
    app.finish().await;
}

#[tokio::test]
async fn messages_that_wait_are_queued() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let paced = app.new_activity(&[("speedLimitCount", "1"), ("speedLimitUnit", "DAY")]).await;
    for contact in ["C-1", "C-2", "C-3"] {
        app.execute(&app.call_of(&paced, contact)).await.message_id();
    }
    app.until("the first to be sent and reported", async || {
        let told = figures(&page, "messaging", &paced).await;
        (told == json!({ "queued": 2, "sent": 1, "delivered": 1, "failed": 0 })).then_some(())
    })
    .await;
    app.finish_with_work_left().await;
}

#[tokio::test]
async fn a_reports_activity_shows_its_message_and_finds_it_without_an_id() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers(&app, &app.activity.saved)).await;
    let arguments = json!([["messageId", CHOSEN], ["reportKind", "DELIVERY"]]);
    let saved = save(&page, &blank(&app), &journey, &arguments).await.json()["activity"].clone();
    let reports =
        Activity { original_definition_id: app.activity.original_definition_id.clone(), ..Activity::new(saved) };
    let call = app.call("C-1").instance("instance-of-C-1");
    app.execute(&call).await.message_id();
    app.drain().await;
    let ask = |instance: &str| app.call_of(&reports, "C-1").instance(instance).set("messageId", Value::Null);
    let answer = app.execute(&ask("instance-of-C-1")).await;
    assert_eq!(["statusGroupName", "queueStatus"].map(|name| answer.out(name)), ["DELIVERED", "SENT"]);
    let answer = app.execute(&ask("instance-of-another")).await;
    assert_eq!(["statusGroupName", "queueStatus"].map(|name| answer.out(name)), ["NOT_AVAILABLE", "NOT_SENT"]);
    // Before both are known to be of one journey, its figures are nobody's.
    assert_eq!(figures(&page, "reports", &reports).await["sent"], 0);
    for activity in [&app.activity, &reports] {
        let answer = app.post(activity.lifecycle_url("save"), activity.lifecycle_body().to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let told = json!({ "queued": 0, "sent": 1, "delivered": 1, "failed": 0 });
    assert_eq!(figures(&page, "reports", &reports).await, told);
    app.finish().await;
}

#[tokio::test]
async fn the_page_over_an_activity_is_one_of_ours() {
    let app = spawn_app().await;
    for kind in ["messaging", "reports"] {
        let document = app.get(&app.url(&format!("/activities/{kind}/config.json"))).await.json();
        let url = document["userInterfaces"]["runningHover"]["url"].as_str().unwrap();
        assert_eq!(url, app.url(&format!("/activities/{kind}/hover.html")));
        let hover = app.get(url).await;
        assert_eq!(hover.status, 200);
        assert!(hover.header("content-security-policy").contains("frame-ancestors https://*.exacttarget.com"));
        assert!(hover.body.contains(&format!("data-kind=\"{kind}\"")), "{}", hover.body);
        for icon in ["icon", "iconSmall"] {
            let name = document["metaData"][icon].as_str().unwrap();
            let picture = app.get(&app.url(&format!("/activities/{kind}/{name}"))).await;
            assert_eq!((picture.status, picture.header("content-type")), (200, "image/svg+xml"), "{name}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn an_operator_names_the_activities() {
    let app = spawn_app()
        .with_config(|config| {
            let env = |name: &str| (name == "WAYPOST_ACTIVITY_REPORTS_NAME").then(|| " What became of it ".to_owned());
            config.activity = waypost::config::Config::load(None, &env).unwrap().activity;
        })
        .await;
    let document = app.get(&app.url("/activities/reports/config.json")).await.json();
    assert_eq!(document["lang"]["en-US"]["name"], "What became of it");
    assert_eq!(document["lang"]["en-US"]["reportLabel"], "Report");
    let too_long = "x".repeat(101);
    for wrong in ["a\nb", too_long.as_str()] {
        let env = |name: &str| (name == "WAYPOST_ACTIVITY_MESSAGING_NAME").then(|| wrong.to_owned());
        assert!(waypost::config::Config::load(None, &env).is_err(), "{wrong:?}");
    }
    app.finish().await;
}
