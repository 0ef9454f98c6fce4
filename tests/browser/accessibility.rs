//! axe-core on every state of the pages.

use serde_json::{Value, json};

use crate::chromium::Browser;

/// Vendored for tests only, see the directory's README.
const AXE: &str = include_str!("vendor/axe-core/axe.min.js");

/// What axe-core holds against the current frame, as far as it is serious.
const LOOK: &str = "
const done = arguments[arguments.length - 1];
axe.run(document, { iframes: false, resultTypes: ['violations'] }).then(
  ({ violations }) => done(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => ({ id, help, nodes: nodes.slice(0, 5).map(({ html, failureSummary }) => [html, failureSummary]) }))),
  (error) => done([{ id: String(error) }]));";

/// Fails when the frame has a serious violation.
pub(crate) async fn assert_accessible(browser: &Browser, state: &str) {
    let has_axe = browser.run("return typeof window.axe === 'object'", Vec::new()).await;
    if has_axe == json!(false) {
        browser.run(&format!("{AXE}\nwindow.axe = axe;"), Vec::new()).await;
    }
    let found = browser.client.execute_async(LOOK, Vec::new()).await.unwrap();
    assert_eq!(found, Value::Array(Vec::new()), "{state}: {found:#}");
}
