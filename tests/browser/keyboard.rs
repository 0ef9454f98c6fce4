//! Without a mouse, on a narrow window, and with a dark system.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::accessibility::assert_accessible;
use crate::chromium::{Browser, WINDOW};
use crate::journey::{JourneyPage, argument};
use crate::support::spawn_app;

async fn keys(browser: &Browser, keys: impl IntoIterator<Item = char>) {
    let mut actions = KeyActions::new("keyboard".to_owned());
    for value in keys {
        actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
    }
    browser.client.perform_actions(actions).await.unwrap();
}

async fn press(browser: &Browser, key: Key) {
    keys(browser, [char::from(key)]).await;
}

/// What has the focus: a control's name, an id, or a data attribute.
async fn focused(browser: &Browser) -> String {
    let script = "const { activeElement: at } = document; \
                  return at.name || at.id || (at.dataset.merge && 'merge ' + at.dataset.merge) || at.localName";
    browser.run(script, Vec::new()).await.as_str().unwrap().to_owned()
}

/// Presses Tab until it is there; gives what lay on the way.
async fn tab_to(browser: &Browser, wanted: &str) -> Vec<String> {
    let mut way = Vec::new();
    for _ in 0..60 {
        press(browser, Key::Tab).await;
        let at = focused(browser).await;
        if at == wanted {
            return way;
        }
        way.push(at);
    }
    panic!("Tab never comes to {wanted}: {way:?}");
}

pub(crate) async fn an_sms_is_configured_by_keyboard_alone(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    // Journey Builder's own button opens the modal.
    browser.run("document.querySelector('#activity-REST-1').focus()", Vec::new()).await;
    press(&browser, Key::Enter).await;
    page.inside().await;
    page.usable().await;
    browser.run("window.focus(); document.body.focus()", Vec::new()).await;
    tab_to(&browser, "channel").await;
    // Typing chooses in a list.
    keys(&browser, "SMS".chars()).await;
    browser.wait_for("the channel", "return document.querySelector('#f-channel').value === 'SMS'").await;
    page.usable().await;
    assert_eq!(focused(&browser).await, "channel", "the focus stays where it was");
    page.next("message").await;
    browser.wait_for("the step's title", "return document.activeElement?.id === 'step-title'").await;

    let way = tab_to(&browser, "sender").await;
    assert!(way.len() < 6, "{way:?}");
    keys(&browser, "Waypost".chars()).await;
    tab_to(&browser, "text").await;
    keys(&browser, "Hi ".chars()).await;
    assert_eq!(tab_to(&browser, "merge text").await, Vec::<String>::new(), "the picker is next to its field");
    press(&browser, Key::Enter).await;
    browser.wait_for("the picker", "return document.activeElement?.matches('[data-search]')").await;
    browser.screenshot("merge-picker").await;
    assert_accessible(&browser, "the picker").await;
    // The name with a space is there, with its reason, and can't be chosen.
    keys(&browser, "last".chars()).await;
    let current = "const id = document.activeElement.getAttribute('aria-activedescendant'); \
                   const option = document.getElementById(id); \
                   return option && [option.textContent.trim().replace(/\\s+/g, ' '), option.getAttribute('aria-disabled')]";
    let found = browser.wait_for("the name with a space", current).await;
    assert_eq!(found[1], "true", "{found}");
    assert!(found[0].as_str().unwrap().starts_with("Last Name"), "{found}");
    press(&browser, Key::Enter).await;
    assert_eq!(page.value("text").await, "Hi ");
    keys(&browser, [char::from(Key::Backspace); 4]).await;
    keys(&browser, "first".chars()).await;
    browser
        .wait_for(
            "the first name",
            "return document.querySelector('[role=option][aria-selected=true]')?.textContent.includes('FirstName')",
        )
        .await;
    press(&browser, Key::Enter).await;
    assert_eq!(page.value("text").await, format!("Hi {}", page.event("FirstName")));
    assert_eq!(focused(&browser).await, "text");
    // It can be undone like what is typed.
    browser.run("document.execCommand('undo')", Vec::new()).await;
    assert_eq!(page.value("text").await, "Hi ");
    browser.run("document.execCommand('redo')", Vec::new()).await;
    assert_eq!(page.value("text").await, format!("Hi {}", page.event("FirstName")));
    keys(&browser, "!".chars()).await;

    // Escape closes the picker, and nothing else.
    tab_to(&browser, "merge text").await;
    press(&browser, Key::Enter).await;
    browser.wait_for("the picker", "return document.activeElement?.matches('[data-search]')").await;
    press(&browser, Key::Escape).await;
    assert_eq!(focused(&browser).await, "text");
    assert_eq!(browser.run("return document.querySelector('#merge-popover-box')", Vec::new()).await, Value::Null);

    // A row comes with the focus in it.
    let at_add = "return document.activeElement.dataset.add ?? null";
    for _ in 0..60 {
        press(&browser, Key::Tab).await;
        if browser.run(at_add, Vec::new()).await == json!("callback") {
            break;
        }
    }
    press(&browser, Key::Enter).await;
    browser.wait_for("the row", "return document.activeElement?.name === 'callbackName1'").await;
    keys(&browser, "Season".chars()).await;
    tab_to(&browser, "callbackValue1").await;
    keys(&browser, "Spring".chars()).await;
    page.next("summary").await;
    page.done().await;
    let saved = page.arguments("REST-1");
    assert_eq!(argument(&saved, "text"), Some(format!("Hi {}!", page.event("FirstName")).as_str()));
    assert_eq!(argument(&saved, "sender"), Some("Waypost"));
    assert_eq!(argument(&saved, "callbackValue1"), Some("Spring"));
    app.finish().await;
    browser
}

pub(crate) async fn the_test_message_has_a_dialog(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.set("sender", "Waypost").await;
    page.set("text", "Hi ").await;
    page.merge("text", "FirstName").await;
    // At once: the dialog must ask for what has just come in.
    page.click("#test-open").await;
    browser.wait_for("the dialog", "return document.querySelector('#test-dialog').open").await;
    browser.wait_for("a field for the name", "return document.querySelector('#test-value-0') !== null").await;
    browser.screenshot("test-dialog").await;
    assert_accessible(&browser, "the test message").await;
    browser.client.find(fantoccini::Locator::Css("#test-to")).await.unwrap().send_keys("+385911234567").await.unwrap();
    browser.client.find(fantoccini::Locator::Css("#test-value-0")).await.unwrap().send_keys("Ann").await.unwrap();
    press(&browser, Key::Enter).await;
    browser
        .wait_for("the answer", "return document.querySelector('[data-result]')?.classList.contains('wp-result_good')")
        .await;
    browser.screenshot("test-sent").await;
    let received = app.infobip().received();
    assert_eq!(received.len(), 1);
    assert_eq!((received[0].text.as_str(), received[0].to.as_str()), ("Hi Ann", "385911234567"));
    press(&browser, Key::Escape).await;
    browser.wait_for("the dialog to close", "return !document.querySelector('#test-dialog').open").await;
    assert_eq!(focused(&browser).await, "test-open");
    app.drain().await;
    app.finish().await;
    browser
}

pub(crate) async fn a_narrow_window_and_a_dark_system(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.set("sender", "Waypost").await;
    page.set("text", "Spring is here").await;
    let is_wide = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
    for width in [500, 800] {
        browser.client.set_window_size(width, WINDOW.1).await.unwrap();
        browser.wait_for("the narrow window", &format!("return innerWidth <= {width}")).await;
        browser.screenshot(&format!("narrow-{width}")).await;
        assert_eq!(browser.run(is_wide, Vec::new()).await, json!(false), "nothing lies beside {width}");
        assert_accessible(&browser, "a narrow window").await;
    }
    browser.client.set_window_size(WINDOW.0, WINDOW.1).await.unwrap();
    let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser.devtools("Emulation.setEmulatedMedia", dark).await;
    browser.wait_for("the dark system", "return matchMedia('(prefers-color-scheme: dark)').matches").await;
    browser.screenshot("dark").await;
    assert_accessible(&browser, "a dark system").await;
    app.finish().await;
    browser
}
