//! The page by itself, without Journey Builder around it.

use crate::accessibility::assert_accessible;
use crate::chromium::Browser;
use crate::support::spawn_app;

pub(crate) async fn the_page_says_where_it_belongs(browser: Browser) -> Browser {
    let app = spawn_app().await;
    browser.client.goto(&app.url("/activities/messaging/index.html")).await.unwrap();
    browser.wait_for_element("#stage section").await;
    browser.screenshot("not-framed").await;
    assert_accessible(&browser, "not framed").await;
    app.finish().await;
    browser
}
