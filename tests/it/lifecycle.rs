//! save, validate, publish and stop: unsigned, and told apart by the configuration id in their addresses (spec M12).

use std::time::Duration;

use waypost::sandbox::sample;

use crate::support::{Activity, TestApp, phone_of, spawn_app};

const PHASES: [&str; 5] = ["save", "validate", "publish", "unpublish", "stop"];

async fn call(app: &TestApp, activity: &Activity, phase: &str) -> (u16, String) {
    let answer = app.post(activity.lifecycle_url(phase), activity.lifecycle_body().to_string()).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn an_activity_passes_through_its_life() {
    let app = spawn_app().await;
    for phase in PHASES {
        let (status, body) = call(&app, &app.activity, phase).await;
        assert_eq!((status, body.as_str()), (200, "{}"), "{phase}");
    }
    // Journey Builder repeats them, and older ones come without a body.
    for phase in PHASES {
        assert_eq!(call(&app, &app.activity, phase).await.0, 200, "{phase} again");
        let url = app.activity.lifecycle_url(phase);
        assert_eq!(app.post(url, "").await.status, 200, "{phase} without a body");
    }
    app.finish().await;
}

#[tokio::test]
async fn without_a_configuration_id_only_what_needs_one_is_refused() {
    let app = spawn_app().await;
    let forged = {
        let url = app.activity.lifecycle_url("validate");
        let id = url.split("?c=").nth(1).unwrap();
        let last = if id.ends_with('A') { "B" } else { "A" };
        format!("?c={}{last}", &id[..id.len() - 1])
    };
    for query in ["", "?c=", "?c=x", "?c=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", forged.as_str()] {
        for (phase, expected) in [("save", 200), ("validate", 400), ("publish", 400), ("unpublish", 200), ("stop", 200)]
        {
            let url = app.url(&format!("/activities/messaging/{phase}{query}"));
            let answer = app.post(&url, app.activity.lifecycle_body().to_string()).await;
            assert_eq!(answer.status, expected, "{phase}{query}: {answer:?}");
            if expected == 400 {
                assert!(answer.body.contains("not configured: open it"), "{answer:?}");
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_copied_journey_is_refused_until_its_activity_is_saved_anew() {
    let app = spawn_app().await;
    assert_eq!(call(&app, &app.activity, "save").await.0, 200);
    let copy = app.activity.copied();
    // A draft may be saved in any state.
    assert_eq!(call(&app, &copy, "save").await.0, 200);
    for phase in ["validate", "publish"] {
        let (status, body) = call(&app, &copy, phase).await;
        assert_eq!(status, 400, "{phase}");
        assert!(body.contains("copied from another journey"), "{body}");
    }
    for original in [app.activity.clone(), app.activity.next_version()] {
        assert_eq!(call(&app, &original, "validate").await.0, 200);
        assert_eq!(call(&app, &original, "publish").await.0, 200);
    }
    let fresh = app.new_activity(&[]).await;
    let anew = Activity { saved: fresh.saved, ..copy };
    assert_eq!(call(&app, &anew, "validate").await.0, 200);
    app.finish().await;
}

#[tokio::test]
async fn the_binding_outlives_a_restart() {
    let mut app = spawn_app().await;
    assert_eq!(call(&app, &app.activity, "validate").await.0, 200);
    app.stop().await;
    app.start().await;
    assert_eq!(call(&app, &app.activity.copied(), "validate").await.0, 400);
    assert_eq!(call(&app, &app.activity.next_version(), "validate").await.0, 200);
    app.finish().await;
}

#[tokio::test]
async fn an_activity_of_a_removed_unit_is_refused() {
    let app = spawn_app().await;
    let mid = app.tenant.mid.to_string();
    app.cli(&["tenant", "remove", &mid, "--yes"]).await.succeeded();
    let (status, body) = call(&app, &app.activity, "validate").await;
    assert_eq!(status, 400);
    assert!(body.contains("not connected"), "{body}");
    assert_eq!(call(&app, &app.activity, "stop").await.0, 200);
    app.finish().await;
}

#[tokio::test]
async fn a_lifecycle_body_that_is_none_is_400() {
    let app = spawn_app().await;
    for phase in PHASES {
        let url = app.activity.lifecycle_url(phase);
        assert_eq!(app.post(url, "<html>").await.status, 400, "{phase}");
        assert_eq!(app.post(url, "{\"activityObjectID\":").await.status, 400, "{phase}");
    }
    app.finish().await;
}

/// A paced activity with three messages, of which one is sent and two wait.
async fn paced(on_stop: &str) -> (TestApp, Activity) {
    let app = spawn_app().on_virtual_time().await;
    let arguments = [("speedLimitCount", "10"), ("speedLimitUnit", "MINUTE"), ("onStop", on_stop)];
    let activity = app.new_activity(&arguments).await;
    for contact in ["C-1", "C-2", "C-3"] {
        app.execute(&app.call_of(&activity, contact)).await.message_id();
    }
    app.until_received(1).await;
    (app, activity)
}

#[tokio::test]
async fn a_stopped_activity_keeps_sending_by_default() {
    let (app, activity) = paced("").await;
    assert_eq!(call(&app, &activity, "stop").await.0, 200);
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 3);
    app.finish().await;
}

#[tokio::test]
async fn a_stopped_activity_can_hold_its_messages() {
    let (app, activity) = paced("hold").await;
    assert_eq!(call(&app, &activity, "stop").await.0, 200);
    app.pass(Duration::from_secs(60)).await;
    // Others are not held: this one overtakes.
    app.execute(&app.call("C-4")).await.message_id();
    app.until_received(2).await;
    let to: Vec<_> = app.infobip().received().into_iter().map(|message| message.to).collect();
    assert_eq!(to, [phone_of("C-1"), phone_of("C-4")]);
    assert_eq!(app.unit_status().await["queued"], 2);
    app.finish_with_work_left().await;
}

#[tokio::test]
async fn a_stopped_activity_can_cancel_its_messages() {
    let (app, activity) = paced("CANCEL").await;
    assert_eq!(call(&app, &activity, "stop").await.0, 200);
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 1);
    let rows = app.rows();
    let cancelled: Vec<_> = rows.iter().filter(|row| row["statusName"] == "REJECTED_CANCELLED").collect();
    assert_eq!((rows.len(), cancelled.len()), (3, 2), "{rows:?}");
    let columns = ["statusGroupId", "statusGroupName", "statusId"].map(|column| cancelled[0][column].as_str());
    assert_eq!(columns, ["5", "REJECTED", "9002"]);
    app.finish().await;
}

#[tokio::test]
async fn stop_finds_the_queues_of_a_version_that_does_not_name_its_activity() {
    let (app, activity) = paced("CANCEL").await;
    let body = serde_json::json!({ "interactionId": activity.journey_id });
    assert_eq!(app.post(activity.lifecycle_url("stop"), body.to_string()).await.status, 200);
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 1);
    app.finish().await;
}

#[tokio::test]
async fn an_activity_that_no_contact_could_be_sent_by_is_refused() {
    let app = spawn_app().await;
    let mid = app.tenant.mid.to_string();
    for (wrong, why) in [
        ("account=nope", "Error: Unknown account"),
        ("channel=FAX", "Error: Invalid channel"),
        ("speedLimitCount=0", "Error: Invalid sending speed limit"),
        ("callbackName1=MID", "Error: Invalid callback data field name"),
    ] {
        let refused = app.cli(&["activity", "new", "--mid", &mid, "--kind", "messaging", "--set", wrong]).await;
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err.contains(why), "{refused:?}");
    }
    // Half a configuration may be written, but not published.
    let half = app.new_activity_of(app.tenant.mid, "messaging", &[("channel", "SMS"), ("sender", "Waypost")]).await;
    for phase in ["validate", "publish"] {
        let (status, body) = call(&app, &half, phase).await;
        assert_eq!(status, 400, "{phase}");
        assert!(body.contains("Error: Missing phone number in request"), "{body}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_template_that_infobip_does_not_send_is_refused_once_its_list_is_known() {
    let app = spawn_app().await;
    let mid = app.tenant.mid.to_string();
    let by = async |template: &str, language: &str| {
        let arguments = [
            ("channel", "WhatsApp"),
            ("sender", sample::NUMBER),
            ("templateName", template),
            ("templateLanguage", language),
            ("placeholderCount", "2"),
            ("placeholder1", "{{Event.E.Name}}"),
            ("placeholder2", "{{Event.E.Order}}"),
        ];
        app.new_activity(&arguments).await
    };
    let right = by(sample::TEXT_TEMPLATE, sample::TEMPLATE_LANGUAGE).await;
    let wrong = [
        by("no_such_template", sample::TEMPLATE_LANGUAGE).await,
        by(sample::TEXT_TEMPLATE, "hr").await,
        by(sample::PENDING_TEMPLATE, sample::TEMPLATE_LANGUAGE).await,
        by(sample::PLAIN_TEMPLATE, sample::TEMPLATE_LANGUAGE).await,
    ];
    // Nothing is known of the sender's templates yet, and SFMC is not made to wait.
    for activity in &wrong {
        assert_eq!(call(&app, activity, "validate").await.0, 200);
    }
    app.cli(&["account", "templates", "--mid", &mid, "--sender", sample::NUMBER]).await.succeeded();
    for activity in &wrong {
        for phase in ["validate", "publish"] {
            let (status, body) = call(&app, activity, phase).await;
            assert_eq!(status, 400, "{phase}");
            assert!(body.contains("choose another template"), "{body}");
        }
    }
    assert_eq!(call(&app, &right, "validate").await.0, 200);
    app.finish().await;
}
