//! What is wrong is said beside its field, and Next is refused.

use serde_json::json;

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
    page.set("channel", "SMS").await;
    page.no_problem("channel").await;
    page.next("message").await;

    // A fresh form accuses nobody.
    assert_eq!(browser.run("return document.querySelectorAll('[aria-invalid]').length", Vec::new()).await, 0);
    page.next_refused().await;
    page.problem("sender").await;
    page.problem("text").await;
    page.picture("problems").await;
    assert_eq!(browser.run(FOCUS, Vec::new()).await, "sender", "the first problem has the focus");
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
    let too_long = page.problem("text").await;
    assert!(too_long.contains("4000") || too_long.contains("25"), "{too_long}");
    page.set("text", "Short").await;
    page.no_problem("text").await;

    page.act(&[Do::Add("callback"), Do::Set("callbackName1", "with a { brace"), Do::Set("callbackValue1", "x")]).await;
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

pub(crate) async fn the_summary_says_where_a_problem_is(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&[Do::Set("sender", "Waypost"), Do::Set("text", "Hi")]).await;
    page.next("summary").await;
    // Journey Builder's steps can be clicked: back to the first one, where the channel is changed, and on to the last.
    page.back("message").await;
    page.back("channel").await;
    page.set("channel", "RCS").await;
    page.next("message").await;
    page.next_refused().await;
    page.picture("problems-after-another-channel").await;
    app.finish().await;
    browser
}
