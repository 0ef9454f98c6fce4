//! What Journey Builder's messages may be like, and what others send.

use serde_json::{Value, json};
use waypost::sandbox::journey_builder::Design;

use crate::accessibility::assert_accessible;
use crate::chromium::Browser;
use crate::journey::{Do, JourneyPage, argument};
use crate::support::{eventually, spawn_app};

const SMS: [Do; 2] = [Do::Set("sender", "Waypost"), Do::Set("text", "Spring is here")];

/// Configures an SMS from the step that is shown first on.
async fn configure(page: &JourneyPage<'_>) {
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&SMS).await;
    page.next("summary").await;
    page.done().await;
    let saved = page.arguments("REST-1");
    assert_eq!(argument(&saved, "text"), Some("Spring is here"));
    assert_eq!(argument(&saved, "mid"), Some(page.app.tenant.mid.to_string().as_str()));
}

fn phones(page: &JourneyPage<'_>) -> Vec<(String, String)> {
    page.arguments("REST-1").into_iter().filter(|(name, _)| name.starts_with("phone")).collect()
}

pub(crate) async fn answers_come_in_any_order_and_shape(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    for query in [
        "",
        "answers=reversed",
        "answers=early",
        "init=twice",
        "objects=1",
        "unknown=1",
        "delay=300",
        "trigger=wrapped&schema=bare&culture=object&entryKey=string",
    ] {
        let page = JourneyPage::of_message(&browser, &app).await;
        page.load(query).await;
        page.open("REST-1").await;
        configure(&page).await;
        let event = |field: &str| page.event(field);
        assert_eq!(
            phones(&page)[..2],
            [("phone1".to_owned(), event("MobilePhone")), ("phone2".to_owned(), event("HomePhone")),],
            "{query}"
        );
        assert_eq!(argument(&page.arguments("REST-1"), "journeyName"), Some("Spring sale"), "{query}");
    }
    app.finish().await;
    browser
}

pub(crate) async fn what_is_not_said_is_done_without(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    // The journey alone may be known by one answer or another, or by none.
    for query in [
        "withhold=requestedSchema",
        "withhold=requestedTriggerEventDefinition",
        "withhold=requestedDataSources",
        "withhold=requestedInteraction,requestedInteractionDefaults,requestedCulture",
        "trigger=null",
    ] {
        let page = JourneyPage::of_message(&browser, &app).await;
        page.load(query).await;
        page.open("REST-1").await;
        configure(&page).await;
    }
    // Who nobody can be asked about is let in nowhere; an activity that was saved says whom to ask.
    let page = JourneyPage::of_message(&browser, &app).await;
    page.load("withhold=requestedEndpoints").await;
    page.open_frame("REST-1").await;
    page.says("can’t be shown now").await;
    page.load("").await;
    page.open("REST-1").await;
    configure(&page).await;
    page.load("withhold=requestedEndpoints").await;
    page.open("REST-1").await;
    app.finish().await;
    browser
}

pub(crate) async fn a_journey_without_an_entry_source_is_told_of(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let design = Design::new("No entry", app.tenant.mid, &app.url(""));
    let page = JourneyPage::of(&browser, &app, design).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.says("entry source").await;
    page.picture("no-entry-source").await;
    assert_accessible(&browser, "no entry source").await;
    app.finish().await;
    browser
}

pub(crate) async fn other_windows_are_not_heard(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let count = "addEventListener('message', ({ data }) => { \
                 if (String(data).includes('FORGED')) window.forged = (window.forged ?? 0) + 1; });";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": count })).await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.load("foreign=1").await;
    page.open("REST-1").await;
    // In each lot three messages are called so, before a click on Next.
    browser.wait_for("two lots of forged messages", "return window.forged >= 6").await;
    page.usable().await;
    assert!(!page.words().await.contains("FORGED"));
    assert_eq!(page.browser.run("return document.querySelector('#step').dataset.step", Vec::new()).await, "channel");
    configure(&page).await;
    assert!(!page.stored("REST-1").to_string().contains("FORGED"), "{}", page.stored("REST-1"));
    app.finish().await;
    browser
}

pub(crate) async fn objects_are_no_messages(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.load("objects=only").await;
    page.open_frame("REST-1").await;
    page.says("did not hand over the activity").await;
    browser.screenshot("no-answer").await;
    assert_accessible(&browser, "no answer").await;
    app.finish().await;
    browser
}

/// Writes down what the page says and to whom, from its first script on.
const LISTEN: &str = "
let real;
window.told = [];
Object.defineProperty(window, 'Postmonger', {
  get: () => real,
  set: (postmonger) => {
    const { Session } = postmonger;
    postmonger.Session = function (connection) {
      const session = new Session(connection);
      const { trigger } = session;
      session.trigger = function (event, ...values) {
        window.told.push([connection.to ?? '*', event]);
        return trigger.call(session, event, ...values);
      };
      return session;
    };
    real = postmonger;
  },
});";

pub(crate) async fn only_what_says_nothing_goes_to_any_origin(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LISTEN })).await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&SMS).await;
    page.next("summary").await;
    let told: Vec<(String, String)> =
        serde_json::from_value(browser.run("return window.told", Vec::new()).await).unwrap();
    let (open, bound): (Vec<_>, Vec<_>) = told.into_iter().partition(|(to, _)| to == "*");
    assert!(open.iter().all(|(_, event)| event == "ready" || event.starts_with("request")), "{open:?}");
    assert!(bound.iter().all(|(to, _)| *to == app.sandbox.sfmc_origin()), "{bound:?}");
    for event in ["updateButton", "setActivityDirtyState", "nextStep"] {
        assert!(bound.iter().any(|(_, own)| own == event), "{event}: {bound:?}");
    }
    app.finish().await;
    browser
}

/// Clicks on Next, faster than anybody can look, until a while after the step has changed.
const CLICK_AND_CLICK: &str = "
const page = document.querySelector('#modal iframe').contentWindow;
const heard = () => document.querySelectorAll('#wire [data-direction=in][data-event=nextStep]').length;
const before = heard();
let moved;
const click = () => {
  if (heard() > before) moved ??= performance.now();
  window.isClickedOut = moved !== undefined && performance.now() - moved > 150;
  if (window.isClickedOut) return;
  page.postMessage(JSON.stringify({ e: 'clickedNext' }), '*');
  setTimeout(click, 10);
};
click();";

pub(crate) async fn many_clicks_on_next_save_nothing_unseen(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&SMS).await;
    page.top().await;
    browser.run(CLICK_AND_CLICK, Vec::new()).await;
    browser.wait_for("the clicks", "return window.isClickedOut").await;
    page.inside().await;
    page.usable_step("summary").await;
    assert_eq!(page.heard("updateActivity").await, 0);
    page.done().await;
    assert_eq!(argument(&page.arguments("REST-1"), "text"), Some("Spring is here"));
    app.finish().await;
    browser
}

pub(crate) async fn a_host_that_is_not_listed_shows_no_page(browser: Browser) -> Browser {
    // The sandbox is not among the hosts, so Chromium itself refuses.
    let app = spawn_app().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.click("#activity-REST-1").await;
    let mut seen = Vec::new();
    eventually("the refusal on the console", async || {
        seen.extend(browser.log("browser").await);
        let is_it = |entry: &Value| entry["message"].as_str().unwrap_or_default().contains("frame-ancestors");
        seen.iter().any(is_it).then_some(())
    })
    .await;
    assert_eq!(page.heard("ready").await, 0);
    app.finish().await;
    browser
}
