//! SFMC repeats calls; messages are sent once (spec M11).

use futures_util::future::join_all;

use crate::support::{Answered, TenantFile, spawn_app, tenant};

const INSTANCE: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

#[tokio::test]
async fn a_repeated_execute_gets_the_first_answer_and_sends_once() {
    let app = spawn_app().await;
    let first = app.execute(&app.call("C-1").instance(INSTANCE)).await;
    // A retry differs in its activity instance, and a contact's data may have changed meanwhile.
    let retry = app.call("C-1").instance(INSTANCE).field("activityInstanceId", "another").text("changed");
    let second = app.execute(&retry).await;
    assert_eq!((first.message_id(), &first.body), (second.message_id(), &second.body));
    app.drain().await;
    let texts: Vec<_> = app.infobip().received().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["Hi"]);
    app.finish().await;
}

#[tokio::test]
async fn repeats_that_run_at_the_same_time_send_once() {
    let app = spawn_app().await;
    let call = app.call("C-1").instance(INSTANCE);
    let answers = join_all((0..16).map(|_| app.execute(&call))).await;
    let ids: std::collections::HashSet<_> = answers.iter().map(Answered::message_id).collect();
    assert_eq!(ids.len(), 1);
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_repeat_is_known_after_a_restart() {
    let mut app = spawn_app().await;
    let call = app.call("C-1").instance(INSTANCE);
    let first = app.execute(&call).await.message_id();
    app.stop().await;
    app.start().await;
    assert_eq!(app.execute(&call).await.message_id(), first);
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 1);
    app.finish().await;
}

#[tokio::test]
async fn another_activity_or_another_pass_is_no_repeat() {
    let app = spawn_app().await;
    let other = app.new_activity(&[]).await;
    let ids = [
        app.execute(&app.call("C-1").instance(INSTANCE)).await.message_id(),
        app.execute(&app.call_of(&other, "C-1").instance(INSTANCE)).await.message_id(),
        app.execute(&app.call("C-1").instance("another-pass")).await.message_id(),
    ];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 3);
    app.finish().await;
}

#[tokio::test]
async fn a_missing_or_all_zero_instance_is_never_a_repeat() {
    let app = spawn_app().await;
    for instance in ["00000000-0000-0000-0000-000000000000", "", "0"] {
        for _ in 0..2 {
            app.execute(&app.call("C-1").instance(instance)).await.message_id();
        }
    }
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 6);
    app.finish().await;
}

#[tokio::test]
async fn a_soft_error_is_not_pinned() {
    let app = spawn_app().await;
    let call = app.call("C-1").instance(INSTANCE);
    let refused = app.execute(&call.clone().to("")).await;
    assert_eq!(refused.out("messageStatus"), "Error: Missing phone number in request");
    app.execute(&call).await.message_id();
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_test_run_sends_nothing() {
    let app = spawn_app().await;
    for flag in ["true", "True", "1"] {
        let answer = app.execute(&app.call("C-1").set("isTest", flag)).await;
        assert_eq!((answer.status, answer.out("messageStatus").as_str()), (200, "Success"));
        assert_eq!((answer.out("statusDetail").as_str(), answer.out("messageId").as_str()), ("TEST", ""));
    }
    // A mistake shows in a test run too.
    let mistaken = app.execute(&app.call("C-1").set("isTest", "true").text("")).await;
    assert_eq!(mistaken.out("messageStatus"), "Error: Invalid text length");
    app.execute(&app.call("C-2").set("isTest", "false")).await.message_id();
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_unit_that_allows_it_sends_in_test_runs() {
    let app = spawn_app().with_tenant(TenantFile { send_in_test_mode: true, ..tenant() }).await;
    app.execute(&app.call("C-1").set("isTest", "true")).await.message_id();
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 1);
    app.finish().await;
}
