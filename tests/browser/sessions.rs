//! Who may see what: sessions of the pages.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinHandle;
use waypost::sandbox::journey_builder::Design;
use waypost::sandbox::{Fault, FaultKind};

use crate::accessibility::assert_accessible;
use crate::chromium::Browser;
use crate::journey::{Do, JourneyPage};
use crate::support::{TestApp, spawn_app, tenant};

const TICK: Duration = Duration::from_millis(20);
const RETRY: &str = "#stage [data-retry]";

/// Lets virtual time pass as the real one does, for what waits in the server.
fn let_time_pass(app: &TestApp) -> JoinHandle<()> {
    let clock = Arc::clone(app.virtual_clock.as_ref().unwrap());
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(TICK);
        loop {
            ticks.tick().await;
            clock.advance(TICK);
        }
    })
}

pub(crate) async fn a_session_that_is_over_is_renewed_in_silence(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().on_virtual_time().await;
    let passing = let_time_pass(&app);
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&[Do::Set("sender", "Waypost"), Do::Set("text", "Hi")]).await;
    let asked = page.heard("requestTokens").await;
    app.virtual_clock.as_ref().unwrap().advance(Duration::from_secs(1_801));
    page.inside().await;
    page.next("summary").await;
    assert_eq!(
        browser.run("return document.querySelectorAll('.wp-notice_error:not([hidden])').length", Vec::new()).await,
        0
    );
    assert_eq!(page.heard("requestTokens").await, asked + 1);
    page.done().await;
    passing.abort();
    app.finish().await;
    browser
}

pub(crate) async fn a_session_that_can_t_be_renewed_says_so(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().on_virtual_time().await;
    let passing = let_time_pass(&app);
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&[Do::Set("sender", "Waypost"), Do::Set("text", "Not lost")]).await;
    app.virtual_clock.as_ref().unwrap().advance(Duration::from_secs(1_801));
    app.sfmc().add_fault(Fault::always(FaultKind::Unauthorized).on("/platform/v1/tokenContext"));
    page.next_refused().await;
    browser
        .wait_for("the notice", "return document.querySelector('#notices .wp-notice_error [data-retry]') !== null")
        .await;
    browser.screenshot("session-not-renewed").await;
    assert_eq!(page.value("text").await, "Not lost");
    // Signed in again, the marketer goes on.
    app.sfmc().clear_faults();
    page.next("summary").await;
    page.done().await;
    passing.abort();
    app.finish().await;
    browser
}

pub(crate) async fn who_is_not_vouched_for_sees_nothing(browser: Browser) -> Browser {
    let mut app = spawn_app().in_journey_builder().await;
    app.sfmc().add_fault(Fault::always(FaultKind::Unauthorized).on("/platform/v1/tokenContext"));
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open_frame("REST-1").await;
    page.says("session is over").await;
    browser.screenshot("session-over").await;
    assert_accessible(&browser, "session over").await;
    // The button tries again, with new tokens.
    app.sfmc().clear_faults();
    page.click(RETRY).await;
    page.usable().await;

    // Journey Builder that says nobody's name.
    page.load("withhold=requestedTokens").await;
    page.open_frame("REST-1").await;
    page.says("session is over").await;

    // An activity of one business unit, opened by a user of another.
    page.load("").await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&[Do::Set("sender", "Waypost"), Do::Set("text", "For us alone")]).await;
    page.next("summary").await;
    page.done().await;
    let ours = page.stored("REST-1");
    let mid = app.tenant.mid;
    let other = tenant();
    app.add_tenant(&other).await;
    let url = app.url("");
    let design = Design::new("Theirs", other.mid, &url);
    let page = JourneyPage::of(&browser, &app, design).await;
    app.sfmc().put_designed_activity(&page.id, "REST-1", ours).unwrap();
    page.load("").await;
    page.open_frame("REST-1").await;
    browser.wait_for("a page or a state", "return document.querySelector('#loading')?.hidden === true").await;
    browser.screenshot("another-business-unit").await;
    let words = page.words().await;
    assert!(!words.contains(&mid.to_string()), "{words}");
    assert!(!words.contains(&format!("Unit {mid}")), "{words}");
    app.finish().await;
    browser
}

pub(crate) async fn a_business_unit_that_is_not_connected_is_told_so(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    // The exchange gets through, and the first call does not: so there is a session when the unit is taken out.
    browser.devtools("Network.enable", json!({})).await;
    browser.devtools("Network.setBlockedURLs", json!({ "urls": ["*/activities/page/journey*"] })).await;
    page.open_frame("REST-1").await;
    page.says("can’t be shown now").await;
    browser.screenshot("unreachable").await;
    assert_accessible(&browser, "unreachable").await;
    // Chromium writes every blocked request to the console.
    browser.log("browser").await;
    browser.devtools("Network.setBlockedURLs", json!({ "urls": [] })).await;
    app.cli(&["tenant", "remove", &app.tenant.mid.to_string(), "--yes"]).await.succeeded();
    page.click(RETRY).await;
    page.says("not connected").await;
    browser.screenshot("not-connected").await;
    assert_accessible(&browser, "not connected").await;
    app.finish().await;
    browser
}
