//! config.json and the static face of the activities (spec §2).

use serde_json::Value;

use crate::support::{TestApp, spawn_app};

async fn config_json(app: &TestApp, activity: &str) -> Value {
    let answer = app.get(&app.url(&format!("/activities/{activity}/config.json"))).await;
    assert_eq!(answer.status, 200);
    // The address is the run's own; everything else is the contract.
    let origin = app.url("");
    assert!(answer.body.contains(&format!("{origin}/activities/{activity}/execute")), "{}", answer.body);
    serde_json::from_str(&answer.body.replace(&origin, "https://waypost.example")).unwrap()
}

#[tokio::test]
async fn config_json_of_both_activities_is_the_published_one() {
    let app = spawn_app().await;
    insta::assert_json_snapshot!("messaging", config_json(&app, "messaging").await);
    insta::assert_json_snapshot!("reports", config_json(&app, "reports").await);
    app.finish().await;
}

#[tokio::test]
async fn config_json_and_icon_may_be_fetched_from_any_page() {
    let app = spawn_app().await;
    for (path, content_type) in [("config.json", "application/json"), ("icon.svg", "image/svg+xml")] {
        let answer = app.get(&app.url(&format!("/activities/reports/{path}"))).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-type").starts_with(content_type), "{answer:?}");
    }
    // Calls with data in them are nobody's business but SFMC's.
    let answer = app.execute(&app.call("C-1")).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""));
    assert_eq!(answer.header("cache-control"), "no-store");
    app.drain().await;
    app.finish().await;
}

#[tokio::test]
async fn trailing_slashes_make_no_difference_and_no_redirect() {
    let app = spawn_app().await;
    for path in
        ["/activities/messaging/config.json/", "/activities/messaging//config.json", "/activities/reports/icon.svg/"]
    {
        assert_eq!(app.get(&app.url(path)).await.status, 200, "{path}");
    }
    let call = app.call("C-1");
    let with_slash = call.url.replace("/execute?", "/execute/?");
    assert_ne!(with_slash, call.url);
    app.execute(&call.clone().at(with_slash)).await.message_id();
    let saved = app.activity.lifecycle_url("save").replace("/save?", "/save/?");
    assert_eq!(app.post(&saved, app.activity.lifecycle_body().to_string()).await.status, 200);
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 1);
    app.finish().await;
}

#[tokio::test]
async fn what_does_not_exist_is_404() {
    let app = spawn_app().await;
    for path in [
        "/",
        "/activities",
        "/activities/messaging/other.html",
        "/activities/other/config.json",
        "/metrics",
        "/healthz",
    ] {
        assert_eq!(app.get(&app.url(path)).await.status, 404, "GET {path}");
    }
    for path in [
        "/activities/other/execute",
        "/activities/messaging/delete",
        "/infobip/webhooks/deliveryReport/sms",
        "/_sandbox/faults",
    ] {
        let answer = app.post(&app.url(path), "{}").await;
        assert_eq!(answer.status, 404, "POST {path}: {answer:?}");
    }
    // What is the other's path stays the other's.
    let monitoring = format!("http://{}", app.addresses().monitoring);
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/activities/messaging/config.json", 404)] {
        assert_eq!(app.get(&format!("{monitoring}{path}")).await.status, status, "monitoring {path}");
    }
    app.finish().await;
}
