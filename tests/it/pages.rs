//! The configuration pages' calls: sessions, and an activity's way through its page (spec M1, M2, M12).

mod preview;
mod steps;
mod test_send;

use serde_json::{Value, json};

use crate::support::{Activity, Answered, TestApp, spawn_app, tenant};

/// What Journey Builder tells a page of a journey with a data extension as its entry source.
fn answers(activity_key: &str, ids: Option<(&str, &str)>) -> Value {
    json!({
        "activityKey": activity_key,
        "interaction": { "name": "Spring", "id": ids.map(|ids| ids.0), "definitionId": ids.map(|ids| ids.1),
            "status": "Draft", "activities": [] },
        "trigger": { "eventDefinitionKey": "DEAudience-1", "name": "Audience" },
        "dataSources": [{ "eventDefinitionKey": "DEAudience-1", "deSchema": { "fields": [
            { "name": "SubscriberKey", "type": "Text" }, { "name": "Home", "type": "Phone" },
            { "name": "Mobile", "type": "Phone" } ] } }],
    })
}

/// A page that a signed-in user has open.
pub(crate) struct Page<'a> {
    app: &'a TestApp,
    session: String,
}

/// A token as SFMC's pages have one: whoever is signed in, it acts for one business unit.
async fn user_token(app: &TestApp, mid: u64) -> String {
    let unit = format!("{mid}");
    let body = json!({ "grant_type": "client_credentials", "client_id": format!("client-id-of-{unit}"),
        "client_secret": format!("client-secret-of-{unit}"), "account_id": unit });
    let answer = app.http.post(format!("{}/v2/token", app.sandbox.sfmc_origin())).json(&body).send().await.unwrap();
    Answered::read(answer).await.json()["access_token"].as_str().unwrap().to_owned()
}

async fn exchange(app: &TestApp, body: Value) -> Answered {
    app.post(&app.url("/activities/session"), body.to_string()).await
}

impl<'a> Page<'a> {
    pub(crate) async fn of(app: &'a TestApp) -> Self {
        Self::of_unit(app, app.tenant.mid).await
    }

    pub(crate) async fn of_unit(app: &'a TestApp, mid: u64) -> Self {
        let body = json!({ "token": user_token(app, mid).await, "restHosts": [], "mid": mid });
        let opened = exchange(app, body).await;
        assert_eq!(opened.status, 200, "{opened:?}");
        Self { app, session: opened.json()["session"].as_str().unwrap().to_owned() }
    }

    pub(crate) async fn call(&self, path: &str, body: &Value) -> Answered {
        let request = self.app.http.post(self.app.url(&format!("/activities/{path}"))).bearer_auth(&self.session);
        Answered::read(request.json(body).send().await.unwrap()).await
    }

    pub(crate) async fn journey(&self, answers: &Value) -> Value {
        self.call("page/journey", answers).await.json()["journey"].clone()
    }

    pub(crate) async fn open(&self, activity: &Value, journey: &Value) -> Value {
        self.call("messaging/page/open", &json!({ "activity": activity, "journey": journey })).await.json()
    }

    async fn save(&self, activity: &Value, journey: &Value, arguments: &Value, confirmed: bool) -> Answered {
        let body = json!({ "activity": activity, "journey": journey, "arguments": arguments, "audience": 5_000,
            "confirmedCopy": confirmed });
        self.call("messaging/page/activity", &body).await
    }
}

/// What a first drop on the canvas looks like.
fn blank(app: &TestApp) -> Value {
    json!({ "id": null, "key": "REST-1", "name": "", "type": "REST", "editable": true,
        "arguments": { "execute": { "inArguments": [], "outArguments": [], "url": app.url("/activities/messaging/execute") } },
        "configurationArguments": {}, "metaData": { "isConfigured": false },
        "schema": { "arguments": { "execute": { "inArguments": [], "outArguments": [] } } } })
}

fn message() -> Value {
    json!([["channel", "SMS"], ["sender", "Waypost"], ["text", "Hi {{Event.DEAudience-1.SubscriberKey}}"]])
}

fn arguments(activity: &Value) -> Vec<(String, String)> {
    let rows = activity.pointer("/arguments/execute/inArguments").and_then(Value::as_array).unwrap();
    let pairs = rows.iter().flat_map(|row| row.as_object().unwrap());
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn argument<'a>(arguments: &'a [(String, String)], name: &str) -> Option<&'a str> {
    arguments.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn a_session_is_of_the_business_unit_that_sfmc_names() {
    let mut app = spawn_app().await;
    let other = tenant();
    app.add_tenant(&other).await;
    let token = user_token(&app, other.mid).await;
    // The activity of one unit, opened by a user of another: SFMC's word counts, and it is the unit's own address.
    let hinted = exchange(&app, json!({ "token": token, "mid": app.tenant.mid })).await;
    assert_eq!(hinted.status, 401, "{hinted:?}");
    let own = exchange(&app, json!({ "token": token, "mid": other.mid })).await.json();
    assert_eq!(own["mid"], other.mid);
    let body = json!({ "activity": {}, "journey": {} }).to_string();
    for credentials in [None, Some("x"), Some("eyJ.x"), own["session"].as_str().map(|session| &session[1..])] {
        let mut request = app.http.post(app.url("/activities/messaging/page/open")).body(body.clone());
        request = request.header("Content-Type", "application/json");
        if let Some(credentials) = credentials {
            request = request.bearer_auth(credentials);
        }
        let answer = Answered::read(request.send().await.unwrap()).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (401, Some("sessionOver")), "{answer:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_token_goes_to_no_address_that_is_not_sfmc_s() {
    let app = spawn_app().await;
    let token = user_token(&app, app.tenant.mid).await;
    let before = app.sfmc().requests();
    for host in [
        "https://example.com",
        "https://exacttargetapis.com.example.com",
        "https://notexacttargetapis.com/",
        "http://www.exacttargetapis.com",
        "https://user@www.exacttargetapis.com",
        "https://169.254.169.254",
        "",
    ] {
        let answer = exchange(&app, json!({ "token": token, "restHosts": [host] })).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("session")), "{host}: {answer:?}");
    }
    assert_eq!(app.sfmc().requests(), before);
    let refused = exchange(&app, json!({ "token": "no token", "mid": app.tenant.mid })).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    // An address in a business unit's settings is asked without a hint, too.
    let own = exchange(&app, json!({ "token": token, "restHosts": ["x", app.sandbox.sfmc_origin()] })).await;
    assert_eq!(own.status, 200, "{own:?}");
    app.finish().await;
}

#[tokio::test]
async fn a_session_ends() {
    let app = spawn_app().on_virtual_time().await;
    let page = Page::of(&app).await;
    assert_eq!(page.call("page/journey", &answers("REST-1", None)).await.status, 200);
    app.virtual_clock.as_ref().unwrap().advance(std::time::Duration::from_secs(1_801));
    assert_eq!(page.call("page/journey", &answers("REST-1", None)).await.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn an_activity_saved_again_is_the_same_activity() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", Some(("v1", "v1")))).await;
    let opened = page.open(&blank(&app), &journey).await;
    assert_eq!((opened["isNew"].as_bool(), opened["copied"].as_str()), (Some(true), None), "{opened}");
    let saved = page.save(&blank(&app), &journey, &message(), false).await.json()["activity"].clone();
    let written = arguments(&saved);
    assert_eq!(argument(&written, "mid"), Some(app.tenant.mid.to_string().as_str()));
    assert_eq!(argument(&written, "phone1"), Some("{{Event.DEAudience-1.Home}}"));
    assert_eq!(argument(&written, "phone2"), Some("{{Event.DEAudience-1.Mobile}}"));
    assert_eq!(argument(&written, "journeyName"), Some("Spring"));
    let opened = page.open(&saved, &journey).await;
    assert_eq!((opened["isNew"].as_bool(), opened["copied"].as_str()), (Some(false), None), "{opened}");
    assert_eq!(opened["audience"], 5_000);
    let again = page.save(&saved, &journey, &opened["arguments"], false).await.json()["activity"].clone();
    assert_eq!(again, saved);
    // What the page made, Journey Builder and execute take.
    let activity =
        Activity { journey_id: "v1".to_owned(), original_definition_id: "v1".to_owned(), ..Activity::new(saved) };
    for phase in ["save", "validate", "publish"] {
        let answer = app.post(activity.lifecycle_url(phase), activity.lifecycle_body().to_string()).await;
        assert_eq!(answer.status, 200, "{phase}: {answer:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_copy_is_confirmed_before_it_is_saved_and_gets_an_id_of_its_own() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", Some(("v1", "v1")))).await;
    let saved = page.save(&blank(&app), &journey, &message(), false).await.json()["activity"].clone();
    let bound = Activity {
        journey_id: "v1".to_owned(),
        original_definition_id: "v1".to_owned(),
        ..Activity::new(saved.clone())
    };
    assert_eq!(app.post(bound.lifecycle_url("save"), bound.lifecycle_body().to_string()).await.status, 200);
    // A new version of the same journey is no copy.
    let version = page.journey(&answers("REST-1", Some(("v2", "v1")))).await;
    assert_eq!(page.open(&saved, &version).await["copied"], Value::Null);
    // Another journey is.
    for ids in [("w1", "w1"), ("x1", "x1")] {
        let other = page.journey(&answers("REST-1", Some(ids))).await;
        let opened = page.open(&saved, &other).await;
        assert!(opened["copied"].as_str().unwrap().contains("copied from another journey"), "{opened}");
        let refused = page.save(&saved, &other, &opened["arguments"], false).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("notConfirmed")), "{refused:?}");
        let confirmed = page.save(&saved, &other, &opened["arguments"], true).await.json()["activity"].clone();
        let id = |activity: &Value| argument(&arguments(activity), "configurationId").unwrap().to_owned();
        assert_ne!(id(&confirmed), id(&saved));
        assert_eq!(page.open(&confirmed, &other).await["copied"], Value::Null);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_running_version_can_t_be_changed() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let mut told = answers("REST-1", Some(("v1", "v1")));
    told["interaction"]["status"] = json!("Published");
    let answer = page.call("page/journey", &told).await.json();
    assert_eq!(answer["readOnly"], true);
    assert_eq!(page.save(&blank(&app), &answer["journey"], &message(), false).await.status, 409);
    app.finish().await;
}

#[tokio::test]
async fn a_changed_entry_source_is_named() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let journey = page.journey(&answers("REST-1", None)).await;
    let saved = page.save(&blank(&app), &journey, &message(), false).await.json()["activity"].clone();
    let mut told = answers("REST-1", None);
    told["trigger"]["eventDefinitionKey"] = json!("DEAudience-2");
    let notices = page.open(&saved, &page.journey(&told).await).await["notices"].to_string();
    assert!(notices.contains("it was DEAudience-1, and is DEAudience-2"), "{notices}");
    app.finish().await;
}

#[tokio::test]
async fn the_page_is_framed_by_sfmc_only_and_loads_nothing_from_elsewhere() {
    let app = spawn_app().await;
    for path in [
        "/activities/messaging",
        "/activities/messaging/",
        "/activities/messaging/index.html",
        "/activities/reports/index.html",
    ] {
        let answer = Answered::read(app.http.get(app.url(path)).send().await.unwrap()).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert!(
            policy.ends_with("frame-ancestors https://*.exacttarget.com https://*.marketingcloudapps.com"),
            "{policy}"
        );
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_page_is_framed_by_the_hosts_that_are_configured() {
    let app = spawn_app().in_journey_builder().await;
    let answer = app.get(&app.url("/activities/messaging/index.html")).await;
    let policy = answer.header("content-security-policy");
    assert!(policy.ends_with(&format!("frame-ancestors {}", app.sandbox.sfmc_origin())), "{policy}");
    assert!(answer.body.contains(&app.sandbox.sfmc_origin()), "its scripts know them too");
    app.finish().await;
}
