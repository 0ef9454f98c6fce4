//! What the forms offer to choose from, and what their buttons ask the server.

use serde_json::json;
use waypost::sandbox::journey_builder::{CanvasTemplate, Design, DesignEvent};

use crate::chromium::Browser;
use crate::journey::Do::{Add, Set};
use crate::journey::{JourneyPage, argument, audience};
use crate::support::{INBOUND_KEY, inbound_messages, spawn_app, tenant};

/// The values of a select.
async fn offered(browser: &Browser, name: &str) -> Vec<String> {
    let script = "return [...document.querySelector(`#step [name=${arguments[0]}]`).options].map(({ value }) => value)";
    serde_json::from_value(browser.run(script, vec![json!(name)]).await).unwrap()
}

pub(crate) async fn the_event_that_a_reply_fires(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    app.sfmc().create_data_extension(app.tenant.mid, inbound_messages(INBOUND_KEY)).unwrap();
    let event = DesignEvent::New { name: "A reply".to_owned(), data_extension_key: INBOUND_KEY.to_owned() };
    let design = Design::new("Two-way", app.tenant.mid, &app.url("")).template(CanvasTemplate::MessageEventReport);
    let page = JourneyPage::of(&browser, &app, design.event(event).entry(audience(&[("C-1", "Ann")]))).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&[Set("sender", "Waypost"), Set("text", "Yes or no?")]).await;
    let events = offered(&browser, "eventDefinitionKey").await;
    let [none, key] = events.as_slice() else { panic!("{events:?}") };
    assert!(none.is_empty() && key.starts_with("APIEvent-"), "{events:?}");
    page.set("eventDefinitionKey", key).await;
    page.next("summary").await;
    page.done().await;
    assert_eq!(argument(&page.arguments("REST-1"), "eventDefinitionKey"), Some(key.as_str()));
    let saved = page.stored("REST-1");
    page.open("REST-1").await;
    page.next("message").await;
    assert_eq!(page.value("eventDefinitionKey").await, *key);
    page.next("summary").await;
    page.done().await;
    assert_eq!(page.stored("REST-1"), saved);
    app.finish().await;
    browser
}

pub(crate) async fn one_of_several_accounts(browser: Browser) -> Browser {
    let mut unit = tenant();
    let mut second = unit.accounts[0].clone();
    second.label = "second".to_owned();
    second.api_key.push_str("-second");
    second.kakao = "omni";
    unit.accounts.push(second);
    let app = spawn_app().with_tenant(unit).in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "Kakao Alim").await;
    page.next_refused().await;
    page.problem("account").await;
    page.set("account", "second").await;
    page.next("message").await;
    // The account says by which way; the way says which fields there are.
    page.act(&[Set("scenarioKey", "7A3D1F0E5B2C49688D9E0F1A2B3C4D5E"), Set("templateName", "order01")]).await;
    page.set("text", "On its way").await;
    page.next("summary").await;
    page.back("message").await;
    page.back("channel").await;
    page.set("account", "main").await;
    page.next("message").await;
    page.next_refused().await;
    page.problem("sender").await;
    page.set("sender", "PROFILE-KEY").await;
    page.next("summary").await;
    page.done().await;
    let saved = page.arguments("REST-1");
    assert_eq!(argument(&saved, "account"), Some("main"));
    assert_eq!(argument(&saved, "scenarioKey"), None, "the other way's key is not saved");
    app.finish().await;
    browser
}

pub(crate) async fn the_server_is_asked_for_lists_and_scenarios(browser: Browser) -> Browser {
    let mut unit = tenant();
    unit.accounts[0].kakao = "omni";
    let app = spawn_app().with_tenant(unit).in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "WhatsApp").await;
    page.next("message").await;
    page.set("sender", "385915550000").await;
    let templates = offered(&browser, "templateName").await;
    assert!(templates.iter().any(|name| name == "coupon_offer"), "{templates:?}");
    let disabled = "return [...document.querySelectorAll('#f-templateName option:disabled')].map(({ value }) => value)";
    let disabled = browser.run(disabled, Vec::new()).await.to_string();
    assert!(disabled.contains("autumn_news") && disabled.contains("free_money"), "{disabled}");
    let before = app.infobip().requests();
    page.click("[data-edit*=templates]").await;
    page.usable().await;
    assert!(app.infobip().requests() > before, "the list is read anew");
    page.set("templateName", "order_update").await;
    page.set("templateLanguage", "en_GB").await;
    page.act(&[Set("placeholder1", "Ann"), Set("placeholder2", "1001")]).await;
    page.says("Hello Ann, your order 1001 is on its way.").await;

    page.back("channel").await;
    page.set("channel", "KakaoChinguTalk").await;
    page.next("message").await;
    page.act(&[Set("scenarioKey", "0000"), Set("text", "Sale"), Add("buttons")]).await;
    page.click("[data-verify=scenario]").await;
    let answer = "const said = document.querySelector('#verified').textContent.trim(); return said !== '' && said";
    let refused = browser.wait_for("the answer about the key", answer).await;
    browser.screenshot("scenario").await;
    assert!(!refused.as_str().unwrap().is_empty());
    app.finish().await;
    browser
}

pub(crate) async fn changes_are_not_thrown_away_unasked(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    let dropped = page.stored("REST-1");
    let is_asked = "return !document.querySelector('#discard').hidden";
    // What was only looked at can be closed.
    page.open("REST-1").await;
    page.top().await;
    page.click("#modal-cancel").await;
    browser.wait_for("the modal to close", "return !document.querySelector('#modal').open").await;

    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.set("text", "Not yet saved").await;
    page.top().await;
    page.click("#modal-cancel").await;
    browser.wait_for("the question", is_asked).await;
    page.click("#discard-no").await;
    page.inside().await;
    assert_eq!(page.value("text").await, "Not yet saved");
    page.top().await;
    page.click("#modal-cancel").await;
    page.click("#discard-yes").await;
    browser.wait_for("the modal to close", "return !document.querySelector('#modal').open").await;
    assert_eq!(page.stored("REST-1"), dropped);
    app.finish().await;
    browser
}
