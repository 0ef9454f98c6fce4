//! The reports activity's page.

use waypost::sandbox::journey_builder::{CanvasTemplate, Design};

use crate::accessibility::assert_accessible;
use crate::chromium::Browser;
use crate::journey::{JourneyPage, argument, audience};
use crate::support::spawn_app;

const EXPRESSION: &str = "{{Interaction.REST-1.messageId}}";

pub(crate) async fn every_kind_of_report_is_saved_and_opened_again(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let messaging = app.new_activity(&[]).await.saved;
    for kind in ["DELIVERY", "CLICK", "REPLY"] {
        let entry = audience(&[("C-1", "Ann")]);
        let page = JourneyPage::with_report(&browser, &app, entry, 1).await;
        app.sfmc().put_designed_activity(&page.id, "REST-1", messaging.clone()).unwrap();
        page.load("").await;
        page.open("REST-2").await;
        // The only message there is needs no choice.
        assert_eq!(page.value("messageId").await, EXPRESSION);
        page.set("reportKind", kind).await;
        let filled = page.controls().await;
        page.picture(&format!("reports-{kind}")).await;
        assert_accessible(&browser, kind).await;
        page.next("summary").await;
        page.picture(&format!("reports-{kind}-summary")).await;
        assert_accessible(&browser, kind).await;
        page.done().await;
        let (saved, written) = (page.stored("REST-2"), page.arguments("REST-2"));
        assert_eq!(argument(&written, "messageId"), Some(EXPRESSION));
        assert_eq!(argument(&written, "reportKind"), Some(kind));
        page.open("REST-2").await;
        assert_eq!(page.controls().await, filled, "{kind}, opened again");
        page.next("summary").await;
        page.done().await;
        assert_eq!(page.stored("REST-2"), saved, "{kind}, saved again");
    }
    app.finish().await;
    browser
}

pub(crate) async fn a_message_that_is_gone_is_chosen_anew(browser: Browser) -> Browser {
    let app = spawn_app().in_journey_builder().await;
    let design = Design::new("Nothing to report", app.tenant.mid, &app.url(""));
    let design = design.template(CanvasTemplate::MessageWaitReport).entry(audience(&[("C-1", "Ann")]));
    let page = JourneyPage::of(&browser, &app, design).await;
    let gone = [("messageId", "{{Interaction.REST-9.messageId}}")];
    let reports = app.new_activity_of(app.tenant.mid, "reports", &gone).await;
    app.sfmc().put_designed_activity(&page.id, "REST-2", reports.saved).unwrap();
    page.load("").await;
    page.open("REST-2").await;
    page.next_refused().await;
    page.problem("messageId").await;
    page.picture("reports-problem").await;
    assert_accessible(&browser, "a problem").await;
    page.set("messageId", EXPRESSION).await;
    page.no_problem("messageId").await;
    page.next("summary").await;
    page.back("report").await;
    assert_eq!(page.value("messageId").await, EXPRESSION);
    app.finish().await;
    browser
}
