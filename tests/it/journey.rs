//! A whole journey, walked by the sandbox: message, wait, report, decision split.

use std::collections::BTreeMap;
use std::time::Duration;

use waypost::sandbox::journey::{Activity, Journey, JourneyOptions, SplitOperator, SplitRule};

use crate::support::spawn_app;

#[tokio::test]
async fn a_journey_branches_on_what_became_of_its_messages() {
    let app = spawn_app().on_virtual_time().await;
    let rest =
        |key: &str, saved, next: &str| Activity::Rest { key: key.into(), activity: saved, next: Some(next.into()) };
    let messaging = app
        .new_activity(&[
            ("phone1", "{{Event.DEAudience-1.MobilePhone}}"),
            ("text", "Hi {{Event.DEAudience-1.FirstName}}"),
        ])
        .await;
    let asking = [("messageId", "{{Interaction.REST-1.messageId}}"), ("reportKind", "DELIVERY")];
    let reports = app.new_activity_of(app.tenant.mid, "reports", &asking).await;
    let branch = |label: &str, operand: &str, value: &str| SplitRule {
        label: label.into(),
        operand: operand.into(),
        operator: SplitOperator::Equals,
        value: value.into(),
        next: None,
    };
    let group = "{{Interaction.REST-2.statusGroupName}}";
    let journey = Journey {
        name: "Spring sale".into(),
        key: None,
        version_number: 3,
        journey_id: "7f0d8a3e-02a1-4f1b-8d1c-63c1fd1f2a10".into(),
        original_definition_id: "44c8ed2a-9f41-4a9e-8a1d-0e6a5b2a7c55".into(),
        event_definition_key: "DEAudience-1".into(),
        default_mobile_number: None,
        default_email: None,
        activities: vec![
            rest("REST-1", messaging.saved, "WAIT-1"),
            Activity::Wait { key: "WAIT-1".into(), duration: Duration::from_secs(60), next: Some("REST-2".into()) },
            rest("REST-2", reports.saved, "SPLIT-1"),
            Activity::DecisionSplit {
                key: "SPLIT-1".into(),
                rules: vec![
                    branch("delivered", group, "DELIVERED"),
                    branch("undeliverable", group, "UNDELIVERABLE"),
                    branch("not sent", "{{Interaction.REST-2.queueStatus}}", "NOT_SENT"),
                ],
                otherwise: None,
            },
        ],
    };
    let contact = |(key, phone): (&str, &str)| {
        let fields = [("SubscriberKey", key), ("FirstName", "Ann"), ("MobilePhone", phone)];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>()
    };
    let audience =
        [("C-1", "385911111111"), ("C-2", "99900090002"), ("C-3", ""), ("C-4", "385914444444"), ("C-5", "99900080005")];
    let audience = audience.into_iter().map(contact).collect();
    let run = app.sfmc().start_journey(app.tenant.mid, journey, audience, JourneyOptions::default()).await.unwrap();
    app.until("the journey to end", async || run.is_finished().then_some(())).await;
    let progress = run.progress();
    assert_eq!((progress.ejected, progress.finished, progress.retries), (0, 5, 0));
    let branches: Vec<_> = progress.branches.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(branches, [("SPLIT-1/delivered", 2), ("SPLIT-1/not sent", 2), ("SPLIT-1/undeliverable", 1)]);
    app.drain().await;
    let message = &app.infobip().received()[0];
    assert_eq!(message.text, "Hi Ann");
    assert!(message.callback_data.as_deref().unwrap().contains(r#""VersionNumber":"3""#), "{message:?}");
    app.finish().await;
}
