//! Copied activities, journeys that run, and their figures.

use serde_json::json;
use waypost::sandbox::journey_builder::Design;

use crate::accessibility::assert_accessible;
use crate::chromium::Browser;
use crate::journey::{Do, JourneyPage, argument, arguments, audience};
use crate::support::{TestApp, spawn_app};

const SMS: [Do; 2] = [Do::Set("sender", "Waypost"), Do::Set("text", "Spring is here")];

/// Configures an SMS, and saves the journey's draft.
async fn configured<'a>(browser: &'a Browser, app: &'a TestApp) -> JourneyPage<'a> {
    let page = JourneyPage::of_message(browser, app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&SMS).await;
    page.next("summary").await;
    page.done().await;
    page.action("save", "saved").await;
    page
}

fn configuration_id(page: &JourneyPage<'_>) -> String {
    argument(&page.arguments("REST-1"), "configurationId").unwrap().to_owned()
}

pub(crate) async fn a_copy_is_confirmed_and_becomes_its_own(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let original = configured(&browser, &app).await;
    original.click("#copy").await;
    browser.wait_for("the copy", "return document.querySelector('#journey-name')?.textContent.includes('Copy')").await;
    let id = app.sfmc().designed_ids().pop().unwrap();
    let copy = JourneyPage { browser: &browser, app: &app, id };
    assert_eq!(configuration_id(&copy), configuration_id(&original));
    copy.open("REST-1").await;
    copy.says("copied from another journey").await;
    browser.screenshot("copy").await;
    assert_accessible(&browser, "a copy").await;
    copy.next("message").await;
    assert_eq!(copy.value("text").await, "Spring is here");
    copy.next("summary").await;
    // Without a word of the marketer it is not saved.
    copy.next_refused().await;
    assert_eq!(browser.run("return document.activeElement.id", Vec::new()).await, "confirm-copy");
    assert_eq!(
        copy.problem("confirm-copy").await,
        "Confirm first that the settings of this copied activity are right."
    );
    browser.screenshot("copy-not-confirmed").await;
    assert_accessible(&browser, "a copy that is not confirmed").await;
    assert_eq!(configuration_id(&copy), configuration_id(&original));
    browser.run("document.querySelector('#confirm-copy').click()", Vec::new()).await;
    copy.no_problem("confirm-copy").await;
    copy.done().await;
    assert_ne!(configuration_id(&copy), configuration_id(&original));
    copy.action("validate", "valid").await;
    // From now on it is nobody's copy.
    copy.open("REST-1").await;
    assert!(!copy.words().await.contains("copied from another journey"));
    app.finish().await;
    browser
}

/// Tells the open page which journey it is in, once more: the one at this address, with these properties instead.
const TELL_INTERACTION: &str = "
const [id, instead] = arguments;
const page = document.querySelector('#modal iframe').contentWindow;
return fetch(`/journey-builder/api/journeys/${id}/answers`).then((answer) => answer.json())
  .then(({ requestedInteraction: told }) => {
    page.postMessage(JSON.stringify({ e: 'requestedInteraction', a1: { ...told, ...instead } }), '*');
    return true;
  });";

pub(crate) async fn a_late_answer_takes_back_what_was_told_before_it(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = configured(&browser, &app).await;
    page.open("REST-1").await;
    page.next("message").await;
    page.set("text", "Typed meanwhile").await;
    let box_is = |is: &str| format!("return (document.querySelector('#confirm-copy') !== null) === {is}");
    assert_eq!(browser.run(&box_is("false"), Vec::new()).await, json!(true));
    for (instead, is_copy) in [(json!({ "id": "another", "definitionId": "another" }), "true"), (json!({}), "false")] {
        page.top().await;
        browser.run(TELL_INTERACTION, vec![json!(page.id), instead]).await;
        page.inside().await;
        browser.wait_for("the late answer to be worked in", &box_is(is_copy)).await;
        page.usable().await;
        assert_eq!(page.value("text").await, "Typed meanwhile", "what was typed stays");
    }
    page.next("summary").await;
    page.done().await;
    assert_eq!(argument(&page.arguments("REST-1"), "text"), Some("Typed meanwhile"));
    app.finish().await;
    browser
}

pub(crate) async fn a_running_journey_is_read_only_and_shows_its_figures(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let contacts: Vec<_> = [("C-1", "Ann"), ("C-2", "Ben"), ("C-3", "Cleo")].into();
    let design = Design::new("Running", app.tenant.mid, &app.url(""));
    let page = JourneyPage::of(&browser, &app, design.entry(audience(&contacts))).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&SMS).await;
    page.next("summary").await;
    page.done().await;
    let saved = page.stored("REST-1");
    page.action("publish", "published").await;

    page.open("REST-1").await;
    page.says("can be read but not changed").await;
    page.next("message").await;
    assert_eq!(page.value("text").await, "Spring is here");
    let enabled = "return document.querySelectorAll('#step :is(input, select, textarea, button):enabled').length";
    assert_eq!(browser.run(enabled, Vec::new()).await, 0);
    page.picture("read-only").await;
    assert_accessible(&browser, "read-only").await;
    page.next("summary").await;
    page.top().await;
    assert_eq!(browser.run("return document.querySelector('#modal-next').disabled", Vec::new()).await, true);
    page.click("#modal-cancel").await;
    assert_eq!(page.arguments("REST-1"), arguments(&saved));

    page.action("run", "entered").await;
    app.drain().await;
    page.load("").await;
    page.enter("#hover-REST-1 iframe").await;
    let figure = |name: &str| format!("document.querySelector('[data-figure={name}]')?.textContent");
    let script =
        format!("return {} === '3' && {} === '3' && {} === '0'", figure("sent"), figure("delivered"), figure("queued"));
    browser.wait_for("the figures of the run", &script).await;
    browser.screenshot("hover").await;
    assert_accessible(&browser, "the figures").await;
    let failed = browser.run(&format!("return {}", figure("failed")), Vec::new()).await;
    assert_eq!(failed, json!("0"));
    app.finish().await;
    browser
}
