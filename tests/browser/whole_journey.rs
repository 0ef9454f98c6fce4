//! A journey that was configured in the browser only sends what its forms showed, and branches by what came of it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::accessibility::assert_accessible;
use crate::chromium::Browser;
use crate::journey::{Do, JourneyPage, argument, audience};
use crate::support::spawn_app;

/// The sandbox's phones beginning so can't be reached.
const UNREACHABLE: &str = "99900090002";

pub(crate) async fn what_the_form_showed_is_sent_and_reported(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let mut entry = audience(&[("C-1", "Ann"), ("C-2", "Ben"), ("C-3", "Cleo")]);
    entry.rows[2].insert("MobilePhone".to_owned(), UNREACHABLE.to_owned());
    let page = JourneyPage::with_report(&browser, &app, entry, 4).await;
    page.open("REST-1").await;
    page.set("channel", "SMS").await;
    page.next("message").await;
    page.act(&[
        Do::Set("sender", "Waypost"),
        Do::Set("text", "Spring is here, "),
        Do::Merge("text", "FirstName"),
        Do::Set("phoneChoice", "1"),
        Do::Turn("speedLimit"),
        Do::Set("speedLimitCount", "120"),
        Do::Set("speedLimitUnit", "MINUTE"),
        Do::Add("callback"),
        Do::Set("callbackName1", "Name"),
        Do::Merge("callbackValue1", "FirstName"),
        Do::Set("bulkId", "Spring 2030"),
    ])
    .await;
    page.next("summary").await;
    page.done().await;

    page.open("REST-2").await;
    page.set("messageId", "{{Interaction.REST-1.messageId}}").await;
    page.set("reportKind", "DELIVERY").await;
    page.picture("reports-form").await;
    assert_accessible(&browser, "the form of reports").await;
    page.next("summary").await;
    page.picture("reports-summary").await;
    assert_accessible(&browser, "the summary of reports").await;
    page.done().await;
    let saved = page.stored("REST-2");
    page.open("REST-2").await;
    assert_eq!(page.value("messageId").await, "{{Interaction.REST-1.messageId}}");
    page.next("summary").await;
    page.done().await;
    assert_eq!(page.stored("REST-2"), saved, "saved again");
    assert_eq!(argument(&page.arguments("REST-2"), "reportKind"), Some("DELIVERY"));

    page.action("publish", "published").await;
    page.action("run", "entered").await;
    let finished = "return document.querySelector('#progress').dataset.finished === 'true' \
                    && document.querySelectorAll('#outcome tbody tr').length === 3";
    browser.wait_for("the run to end", finished).await;
    browser.screenshot("run").await;
    app.drain().await;

    let mut received = app.infobip().received();
    received.sort_by_key(|message| message.at);
    let texts: BTreeSet<_> = received.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(
        texts.into_iter().collect::<Vec<_>>(),
        ["Spring is here, Ann", "Spring is here, Ben", "Spring is here, Cleo"]
    );
    for message in &received {
        assert_eq!(message.sender, "Waypost");
        let name = message.text.rsplit(' ').next().unwrap();
        let data = message.callback_data.as_deref().unwrap();
        assert!(data.contains("Name") && data.contains(name), "{data}");
    }
    for pair in received.windows(2) {
        let [first, second] = pair else { unreachable!("they are two") };
        // 120 a minute, and a slot may be hit 100 ms early or late.
        assert!(second.at.since(first.at) >= Duration::from_millis(300), "{first:?} and {second:?}");
    }
    let branches = "return [...document.querySelectorAll('#outcome tbody tr')].map((row) => \
                    row.dataset.contact + ' ' + row.cells[2].textContent)";
    let branches: Vec<String> = serde_json::from_value(browser.run(branches, Vec::new()).await).unwrap();
    let mut branches: Vec<_> = branches.iter().map(String::as_str).collect();
    branches.sort_unstable();
    assert_eq!(
        branches,
        [
            "C-1 MULTICRITERIADECISION-1/DELIVERED_TO_HANDSET",
            "C-2 MULTICRITERIADECISION-1/DELIVERED_TO_HANDSET",
            "C-3 MULTICRITERIADECISION-1/otherwise",
        ]
    );
    app.finish().await;
    browser
}
