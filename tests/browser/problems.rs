//! What is wrong is said beside its field, and Next is refused.

use std::time::Duration;

use fantoccini::Locator;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use serde_json::json;

use crate::accessibility::assert_accessible;
use crate::chromium::Browser;
use crate::journey::{Do, JourneyPage};
use crate::support::spawn_app;

/// The name of the control that has the focus.
const FOCUS: &str = "return document.activeElement?.name ?? null";

pub(crate) async fn a_problem_stands_beside_its_field(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    // Without a channel there is no second step.
    page.next_refused().await;
    page.problem("channel").await;
    assert_eq!(browser.run(FOCUS, Vec::new()).await, "channel");
    page.picture("channel-problem").await;
    assert_accessible(&browser, "the first step").await;
    page.set("channel", "SMS").await;
    page.no_problem("channel").await;
    page.next("message").await;

    // A fresh form accuses nobody.
    assert_eq!(browser.run("return document.querySelectorAll('[aria-invalid]').length", Vec::new()).await, 0);
    page.next_refused().await;
    page.problem("sender").await;
    page.problem("text").await;
    assert_eq!(browser.run(FOCUS, Vec::new()).await, "sender", "the first problem has the focus");
    page.picture("problems").await;
    assert_accessible(&browser, "problems").await;
    assert_eq!(browser.run("return document.querySelector('#step').dataset.step", Vec::new()).await, "message");
    let status = browser.text("#status").await;
    assert!(status.contains('2'), "{status}");
    for name in ["sender", "text"] {
        let state = "const control = document.querySelector(`#step [name=${arguments[0]}]`); \
                     const described = control.getAttribute('aria-describedby').split(' '); \
                     return [control.getAttribute('aria-invalid'), described.includes('p-' + arguments[0]), \
                     control.closest('[data-field]').classList.contains('slds-has-error')]";
        assert_eq!(browser.run(state, vec![json!(name)]).await, json!(["true", true, true]), "{name}");
    }

    // Put right, they are gone before Next is pressed again.
    page.set("sender", "Waypost").await;
    page.no_problem("sender").await;
    page.set("text", &"long ".repeat(1_000)).await;
    page.problem_with("text", "25 parts").await;
    page.set("text", "Short").await;
    page.no_problem("text").await;

    page.act(&[Do::Add("callback"), Do::Set("callbackName1", "with a \" mark"), Do::Set("callbackValue1", "x")]).await;
    page.problem("callbackName1").await;
    page.act(&[Do::Set("validityMinutes", "9999"), Do::Turn("speedLimit"), Do::Set("speedLimitCount", "0")]).await;
    page.problem("validityMinutes").await;
    page.problem("speedLimitCount").await;
    page.next_refused().await;
    page.picture("problems-of-rows").await;
    page.act(&[
        Do::Set("callbackName1", "Season"),
        Do::Set("validityMinutes", "60"),
        Do::Set("speedLimitCount", "100"),
    ])
    .await;
    page.next("summary").await;
    page.done().await;
    app.finish().await;
    browser
}

pub(crate) async fn another_channel_has_problems_of_its_own(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&[Do::Set("sender", "Waypost"), Do::Set("text", "Hi")]).await;
    page.next("summary").await;
    page.back("message").await;
    page.back("channel").await;
    page.set("channel", "LMS").await;
    page.next("message").await;
    assert_eq!(page.value("text").await, "Hi", "what both have stays");
    page.next_refused().await;
    page.problem("title").await;
    page.problem("resellerCode").await;
    assert_eq!(browser.run(FOCUS, Vec::new()).await, "title");
    app.finish().await;
    browser
}

pub(crate) async fn a_click_counts_though_a_problem_appears_under_it(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.set("sender", "Waypost").await;
    page.set("text", "Spring").await;
    page.add("callback").await;
    // The check knows of the problem, which is not shown before the field is left: by pressing the button below it.
    let checks = "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/check')).length";
    let before = browser.run(&format!("return {checks}"), Vec::new()).await;
    let field = browser.client.find(Locator::Css("#f-callbackName1")).await.unwrap();
    field.send_keys("a \" mark").await.unwrap();
    browser.wait_for("the check", &format!("return {checks} > {before}")).await;
    let no_problem = "return document.getElementById('p-callbackName1').hidden";
    assert_eq!(browser.run(no_problem, Vec::new()).await, json!(true));
    let add = browser.client.find(Locator::Css("[data-add=callback]")).await.unwrap();
    browser.run("document.querySelector('[data-add=callback]').scrollIntoView({ block: 'center' })", Vec::new()).await;
    let press = MouseActions::new("mouse".to_owned())
        .then(PointerAction::MoveToElement { element: add, duration: None, x: 0.0, y: 0.0 })
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
        .then(PointerAction::Pause { duration: Duration::from_millis(200) })
        .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    browser.client.perform_actions(press).await.unwrap();
    browser.wait_for("the row", "return document.querySelector('#f-callbackName2') !== null").await;
    page.problem("callbackName1").await;
    app.finish().await;
    browser
}

pub(crate) async fn what_was_put_right_is_not_held_against_it(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    // The first check has found the sender missing. It must not be said of one that has been typed since.
    browser.wait_for("the preview", "return document.querySelector('#preview')?.textContent.includes('Nothing')").await;
    let watch = "window.said = []; const place = document.querySelector('#p-sender'); \
                 new MutationObserver(() => place.hidden || window.said.push(place.textContent)) \
                   .observe(place, { attributes: true, childList: true })";
    browser.run(watch, Vec::new()).await;
    page.set("sender", "Waypost").await;
    page.set("text", "Spring").await;
    browser.wait_for("the preview", "return document.querySelector('#preview').textContent.includes('Spring')").await;
    assert_eq!(browser.run("return window.said", Vec::new()).await, json!([]));
    app.finish().await;
    browser
}

pub(crate) async fn one_cause_has_one_notice(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&[Do::Set("sender", "Waypost")]).await;
    browser.devtools("Network.enable", json!({})).await;
    browser.devtools("Network.setBlockedURLs", json!({ "urls": ["*/page/*"] })).await;
    page.set("text", "Spring").await;
    page.says("can’t be reached").await;
    page.next_refused().await;
    browser.run("document.querySelector('[data-add=callback]').click()", Vec::new()).await;
    page.usable().await;
    let notices = "return document.querySelectorAll('#notices .wp-notice_error').length";
    assert_eq!(browser.run(notices, Vec::new()).await, json!(1));
    browser.screenshot("one-cause").await;
    // Chromium writes every blocked request to the console.
    browser.log("browser").await;
    browser.devtools("Network.setBlockedURLs", json!({ "urls": [] })).await;
    // Any call that gets through takes it away, and the row that was asked for comes after all.
    page.set("text", "Spring is here").await;
    browser.wait_for("no notice", &format!("{notices} === 0")).await;
    browser.wait_for("the row", "return document.querySelector('#f-callbackName1') !== null").await;
    assert_eq!(page.value("text").await, "Spring is here");
    app.finish().await;
    browser
}
