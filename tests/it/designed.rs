//! Journeys of the sandbox's Journey Builder page, with Waypost's own activities on the canvas.

use waypost::sandbox::journey_builder::{CanvasTemplate, Design, DesignEntry, DesignError, DesignStatus};

use crate::support::spawn_app;

const CONTACTS: &str = "SubscriberKey,Mobile Phone,First Name\nC-1,385911111111,Ann\nC-2,99900090002,Ben\n";

#[tokio::test]
async fn a_designed_journey_is_published_run_and_not_published_as_a_copy() {
    let app = spawn_app().on_virtual_time().await;
    let design = Design::new("Spring sale", app.tenant.mid, &app.url(""))
        .template(CanvasTemplate::MessageWaitReport)
        .entry(DesignEntry::csv(CONTACTS));
    let id = app.sfmc().design_journey(design).await.unwrap();
    let designed = app.sfmc().designed(&id).unwrap();
    let dropped = designed.activity("REST-1");
    assert_eq!(dropped["metaData"]["isConfigured"], false);
    assert_eq!(dropped["metaData"]["original_icon"], "icon.svg");
    assert!(dropped["arguments"]["execute"]["url"].as_str().unwrap().ends_with("/activities/messaging/execute"));
    let Err(DesignError::Refused(errors)) = app.sfmc().publish_designed(&id).await else { panic!("it was published") };
    assert_eq!(errors, ["REST-1 is not configured.", "REST-2 is not configured."]);

    let event = designed.event_definition_key.unwrap();
    let phone = format!("{{{{Event.{event}.\"Mobile Phone\"}}}}");
    let text = format!("Hi {{{{Event.{event}.\"First Name\"}}}}");
    let messaging = app.new_activity(&[("phone1", &phone), ("text", &text)]).await;
    let asking = [("messageId", "{{Interaction.REST-1.messageId}}"), ("reportKind", "DELIVERY")];
    let reports = app.new_activity_of(app.tenant.mid, "reports", &asking).await;
    app.sfmc().put_designed_activity(&id, "REST-1", messaging.saved).unwrap();
    app.sfmc().put_designed_activity(&id, "REST-2", reports.saved).unwrap();
    app.sfmc().publish_designed(&id).await.unwrap();

    let run = app.sfmc().run_designed(&id).await.unwrap();
    app.until("the journey to end", async || run.is_finished().then_some(())).await;
    let outcome = run.outcome().await;
    let branches: Vec<&str> = outcome.contacts.iter().map(|contact| contact.branches[0].as_str()).collect();
    assert_eq!(branches, ["MULTICRITERIADECISION-1/DELIVERED_TO_HANDSET", "MULTICRITERIADECISION-1/otherwise"]);
    app.drain().await;
    let texts: Vec<String> = app.infobip().received().into_iter().map(|message| message.text).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts.contains(&"Hi Ann".to_owned()), "{texts:?}");

    // The configuration belongs to the journey that it was published in; its next version may go on with it.
    let copy = app.sfmc().copy_designed(&id).unwrap();
    let Err(DesignError::Refused(errors)) = app.sfmc().publish_designed(&copy).await else { panic!("a copy went on") };
    assert!(errors[0].starts_with("REST-1 (validate): "), "{errors:?}");
    assert_eq!(app.sfmc().designed(&copy).unwrap().status, DesignStatus::Draft);
    let version = app.sfmc().new_version_of_designed(&id).unwrap();
    app.sfmc().publish_designed(&version).await.unwrap();
    assert_eq!(app.sfmc().designed(&version).unwrap().status, DesignStatus::Published);
    app.sfmc().stop_designed(&version).await.unwrap();
    app.finish().await;
}
