//! What a first opening costs. The time is reported; only the bytes have a limit.

use serde_json::json;

use crate::chromium::Browser;
use crate::journey::JourneyPage;
use crate::support::spawn_app;

/// Bytes over the wire until the page can be used, headers too.
const BYTES_MAX: u64 = 300_000;

pub(crate) async fn a_cold_page_is_small(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    browser.devtools("Network.clearBrowserCache", json!({})).await;
    page.open_frame("REST-1").await;
    // Looked at from within, as the driver's own looks would be counted in.
    let watch = "return new Promise((done) => { const look = () => { \
                 const isUsable = document.querySelector('#loading')?.hidden && document.querySelector('#stage #step'); \
                 if (isUsable) done(performance.now()); else requestAnimationFrame(look); }; look(); })";
    let millis = browser.run(watch, Vec::new()).await;
    let origin = app.url("");
    let resources = "const all = [performance.getEntriesByType('navigation')[0], ...performance.getEntriesByType('resource')]; \
                     return all.map(({ name, transferSize }) => [name, transferSize])";
    let resources: Vec<(String, u64)> = serde_json::from_value(browser.run(resources, Vec::new()).await).unwrap();
    let bytes: u64 = resources.iter().map(|(_, size)| size).sum();
    assert!(resources.iter().all(|(name, _)| name.starts_with(&origin)), "{resources:?}");
    let millis = millis.as_f64().unwrap_or_default();
    println!("\ncold load until usable: {millis:.0} ms, {} requests, {bytes} bytes", resources.len());
    assert!(bytes > 0 && bytes <= BYTES_MAX, "{bytes} bytes: {resources:?}");
    app.finish().await;
    browser
}
