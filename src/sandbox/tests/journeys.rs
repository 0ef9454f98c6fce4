use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};

use super::*;
use crate::sandbox::journey::{JourneyError, JourneyOptions, Progress, audience_from_csv};

/// REST-1, a wait of a minute, REST-2, and a split on REST-2's `statusName`.
fn journey(url: &str, execute: Value) -> Journey {
    let rest = |place: u32, in_arguments: Value| {
        let mut activity = json!({
            "arguments": { "execute": {
                "inArguments": in_arguments, "outArguments": [{ "messageId": "" }], "url": format!("{url}/{place}/execute"),
                "useJwt": true,
            } },
            "configurationArguments": { "testSave": "", "partnerActivityId": "" },
        });
        for call in ["save", "validate", "publish", "stop"] {
            activity["configurationArguments"][call] =
                json!({ "url": format!("{url}/{place}/{call}"), "useJwt": true });
        }
        for (name, value) in execute.as_object().unwrap() {
            activity["arguments"]["execute"][name] = value.clone();
        }
        activity
    };
    let first =
        rest(1, json!([{ "phone": "{{Event.DEAudience-1.\"Mobile Phone\"}}" }, { "test": "{{Context.IsTest}}" }]));
    let second = rest(2, json!([{ "messageId": "{{Interaction.REST-1.messageId}}" }]));
    serde_json::from_value(json!({
        "name": "Spring", "versionNumber": 2, "journeyId": "j-2", "originalDefinitionId": "o-1",
        "eventDefinitionKey": "DEAudience-1",
        "activities": [
            { "kind": "rest", "key": "REST-1", "activity": first, "next": "WAIT-1" },
            { "kind": "wait", "key": "WAIT-1", "durationMs": 60_000, "next": "REST-2" },
            { "kind": "rest", "key": "REST-2", "activity": second, "next": "SPLIT-1" },
            { "kind": "decisionSplit", "key": "SPLIT-1", "rules": [{
                "label": "Delivered", "operand": "{{Interaction.REST-2.statusName}}", "operator": "begins_with",
                "value": "DELIVERED" }] },
        ],
    }))
    .unwrap()
}

fn audience(count: usize) -> Vec<BTreeMap<String, String>> {
    let row = |n| {
        let columns = [("SubscriberKey", format!("C-{n}")), ("Mobile Phone", format!("38591000{n:04}"))];
        columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    };
    (0..count).map(row).collect()
}

/// Answers as the two activities would: a message id, then a status that depends on the contact.
async fn activities(_: usize, got: Got) -> (u16, Value) {
    if !got.path.ends_with("/execute") {
        return (200, json!({}));
    }
    let call = got.payload();
    let contact = call["keyValue"].as_str().unwrap().to_owned();
    if got.path.starts_with("/1/") {
        return (200, json!({ "messageId": format!("m-{contact}") }));
    }
    let status = if contact.ends_with('0') { "UNDELIVERABLE_NOT_DELIVERED" } else { "DELIVERED_TO_HANDSET" };
    (200, json!({ "statusName": status }))
}

#[tokio::test]
async fn contacts_walk_to_their_branch() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let endpoint = Endpoint::start(activities);
    let journey = journey(&endpoint.url, json!({ "concurrentRequests": 5 }));
    let run = sandbox.sfmc().start_journey(MID, journey, audience(12), JourneyOptions::default()).await.unwrap();
    until("the wait", || run.progress().arrived.get("WAIT-1") == Some(&12)).await;
    assert!(!run.is_finished());
    clock.advance(Duration::from_secs(60));
    let outcome = run.outcome().await;
    let branches = BTreeMap::from([("SPLIT-1/Delivered".to_owned(), 10), ("SPLIT-1/otherwise".to_owned(), 2)]);
    let Progress { entered, executes, retries, ejected, finished, .. } = outcome.progress.clone();
    assert_eq!((entered, executes, retries, ejected, finished), (12, 24, 0, 0, 12));
    assert_eq!(outcome.progress.branches, branches);
    let contact = &outcome.contacts[3];
    assert_eq!((contact.contact_key.as_str(), contact.out("REST-1", "messageId")), ("C-3", "m-C-3".to_owned()));
    assert_eq!(contact.path, ["REST-1", "WAIT-1", "REST-2", "SPLIT-1"]);

    let got = endpoint.got();
    let lifecycle: Vec<&str> = got.iter().take(6).map(|got| got.path.as_str()).collect();
    assert_eq!(lifecycle, ["/1/save", "/2/save", "/1/validate", "/2/validate", "/1/publish", "/2/publish"]);
    let save = got[0].json();
    assert_eq!(got[0].content_type, "application/json");
    assert_eq!((&save["interactionVersion"], &save["interactionId"]), (&json!("2"), &json!("j-2")));
    assert_eq!(save.get("isPublished"), None);
    assert_eq!(got[4].json()["isPublished"], true);

    // Journey Builder's REST shows what was run.
    let caller = Caller::new(&sandbox).await;
    let (_, shown) = caller.rest("GET", "/interaction/v1/interactions/j-2?extras=activities", Value::Null).await;
    assert_eq!(shown["activities"][0]["key"], "REST-1");
}

#[tokio::test]
async fn an_execute_is_a_signed_token_with_the_observed_field_order() {
    let sandbox = sandbox().await;
    let endpoint = Endpoint::start(activities);
    for (salt, secret) in [(json!({}), "signing-secret"), (json!({ "customerKey": "salt-key" }), "salt-value")] {
        let mut journey = journey(&endpoint.url, salt);
        journey.activities.truncate(1);
        let crate::sandbox::journey::Activity::Rest { next, .. } = &mut journey.activities[0] else { unreachable!() };
        *next = None;
        let options = JourneyOptions { skips_activation: true, is_test: true };
        let run = sandbox.sfmc().start_journey(MID, journey, audience(1), options).await.unwrap();
        run.outcome().await;
        let got = endpoint.got().pop().unwrap();
        assert_eq!(got.content_type, "application/jwt");
        let (signed, signature) = got.body.rsplit_once('.').unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()), signature);
        let payload = signed.split_once('.').unwrap().1;
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let names = [
            "inArguments",
            "outArguments",
            "activityObjectID",
            "journeyId",
            "activityId",
            "definitionInstanceId",
            "activityInstanceId",
            "keyValue",
            "mode",
        ];
        let places: Vec<usize> = names.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        let call: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(call["inArguments"], json!([{ "phone": "385910000000" }, { "test": "true" }]));
        assert_eq!(call["activityId"], call["activityObjectID"]);
    }
}

#[tokio::test]
async fn a_refusing_endpoint_blocks_the_activation() {
    let sandbox = sandbox().await;
    let endpoint = Endpoint::start(|_, got| async move {
        let status = if got.path == "/2/validate" { 400 } else { 200 };
        (status, json!({ "errors": ["no template"] }))
    });
    let journey = journey(&endpoint.url, json!({}));
    let error = sandbox.sfmc().start_journey(MID, journey, audience(1), JourneyOptions::default()).await.unwrap_err();
    let JourneyError::Blocked { activity, call, answer } = error else { panic!("{error}") };
    assert_eq!((activity.as_str(), call), ("REST-2", "validate"));
    assert!(answer.contains("400") && answer.contains("no template"), "{answer}");
    assert_eq!(endpoint.count(), 4);
}

#[tokio::test]
async fn failures_are_retried_and_refusals_eject_at_once() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    // C-0 passes at the third attempt, C-1 never does, C-2 is refused, C-3 is sent elsewhere.
    let attempts = AtomicUsize::new(0);
    let endpoint = Endpoint::start(move |_, got| {
        let status = match got.payload()["keyValue"].as_str().unwrap() {
            "C-0" if attempts.fetch_add(1, Ordering::SeqCst) == 2 => 200,
            "C-0" => 503,
            "C-1" => 500,
            "C-2" => 401,
            _ => 302,
        };
        async move { (status, json!({})) }
    });
    let mut journey = journey(&endpoint.url, json!({ "retryCount": 2, "retryDelay": 5_000, "concurrentRequests": 4 }));
    journey.activities.truncate(2);
    let crate::sandbox::journey::Activity::Wait { next, duration, .. } = &mut journey.activities[1] else {
        unreachable!()
    };
    (*next, *duration) = (None, Duration::ZERO);
    let options = JourneyOptions { skips_activation: true, ..JourneyOptions::default() };
    let run = sandbox.sfmc().start_journey(MID, journey, audience(4), options).await.unwrap();
    until("the first attempts", || run.progress().ejected == 2).await;
    for sent in [6, 8] {
        // The failed attempts must be asleep before the clock moves.
        until("the failures", || endpoint.count() == sent - 2).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        clock.advance(Duration::from_secs(5));
        until("the retries", || run.progress().executes == sent as u64).await;
    }
    let outcome = run.outcome().await;
    assert_eq!(outcome.progress.retries, 4);
    let reasons: Vec<Option<&str>> = outcome
        .contacts
        .iter()
        .map(|contact| contact.ejected.as_ref().map(|ejected| ejected.reason.as_str()))
        .collect();
    assert_eq!(reasons, [None, Some("status 500"), Some("status 401"), Some("status 302")]);
    assert_eq!(outcome.contacts[0].path, ["REST-1", "WAIT-1"]);
    assert!(endpoint.got().iter().all(|got| got.path == "/1/execute"), "a redirect was followed");
    let ids: std::collections::HashSet<String> = endpoint
        .got()
        .iter()
        .filter(|got| got.payload()["keyValue"] == "C-1")
        .map(|got| got.payload()["definitionInstanceId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1, "a retry is the same pass");
}

#[tokio::test]
async fn a_slow_endpoint_times_out_and_a_missing_one_is_a_network_error() {
    let sandbox = sandbox().await;
    let endpoint = Endpoint::start(|_, _| async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        (200, json!({}))
    });
    let options = JourneyOptions { skips_activation: true, ..JourneyOptions::default() };
    let slow = journey(&endpoint.url, json!({ "timeout": 1_000 }));
    let run = sandbox.sfmc().start_journey(MID, slow, audience(1), options.clone()).await.unwrap();
    assert_eq!(run.outcome().await.contacts[0].ejected.as_ref().unwrap().reason, "time-out");
    let missing = journey("http://127.0.0.1:1", json!({}));
    let run = sandbox.sfmc().start_journey(MID, missing, audience(1), options).await.unwrap();
    let reason = run.outcome().await.contacts[0].ejected.clone().unwrap().reason;
    assert!(reason.starts_with("network: "), "{reason}");
}

#[tokio::test]
async fn concurrent_requests_are_bounded() {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let sandbox = sandbox().await;
    let endpoint = Endpoint::start(|_, _| async {
        MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(5)).await;
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        (200, json!({}))
    });
    let mut journey = journey(&endpoint.url, json!({ "concurrentRequests": 3 }));
    journey.activities.drain(1..);
    let crate::sandbox::journey::Activity::Rest { next, .. } = &mut journey.activities[0] else { unreachable!() };
    *next = None;
    let options = JourneyOptions { skips_activation: true, ..JourneyOptions::default() };
    let run = sandbox.sfmc().start_journey(MID, journey, audience(40), options).await.unwrap();
    assert_eq!(run.outcome().await.progress.finished, 40);
    assert_eq!(MOST.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn stopping_ejects_who_is_inside_and_tells_the_endpoints() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let endpoint = Endpoint::start(activities);
    let journey = journey(&endpoint.url, json!({}));
    let run = sandbox.sfmc().start_journey(MID, journey, audience(3), JourneyOptions::default()).await.unwrap();
    until("the wait", || run.progress().arrived.get("WAIT-1") == Some(&3)).await;
    let outcome = run.stop().await;
    assert_eq!((outcome.progress.ejected, outcome.progress.finished), (3, 0));
    assert_eq!(outcome.contacts[0].ejected.as_ref().unwrap().activity, "WAIT-1");
    let last: Vec<String> = endpoint.got().iter().rev().take(2).map(|got| got.path.clone()).collect();
    assert_eq!(last, ["/2/stop", "/1/stop"]);
    // A second stop finds nothing to do.
    run.stop().await;
}

#[tokio::test]
async fn contradictory_journeys_and_audiences_do_not_start() {
    let sandbox = sandbox().await;
    let start = |journey: Journey, audience| sandbox.sfmc().start_journey(MID, journey, audience, Default::default());
    let good = || journey("http://127.0.0.1:1", json!({}));
    let mut leads_nowhere = good();
    leads_nowhere.activities.pop();
    assert!(matches!(start(leads_nowhere, audience(1)).await, Err(JourneyError::Invalid(_))));
    let mut twice = good();
    twice.activities.push(twice.activities[0].clone());
    assert!(matches!(start(twice, audience(1)).await, Err(JourneyError::Invalid(_))));
    let unknown_salt = journey("http://127.0.0.1:1", json!({ "customerKey": "other" }));
    assert!(matches!(start(unknown_salt, audience(1)).await, Err(JourneyError::Invalid(_))));
    assert!(matches!(start(good(), vec![BTreeMap::new()]).await, Err(JourneyError::Audience(_))));
    let nobody = sandbox.sfmc().start_journey(1, good(), audience(1), Default::default()).await;
    assert!(matches!(nobody, Err(JourneyError::UnknownUnit(1))));
}

#[test]
fn an_audience_is_read_from_csv() {
    let text = "\u{feff}SubscriberKey, Mobile Phone\nC-1,\"+49 170, 1\"\n";
    let audience = audience_from_csv(text.as_bytes()).unwrap();
    assert_eq!(audience[0]["SubscriberKey"], "C-1");
    assert_eq!(audience[0]["Mobile Phone"], "+49 170, 1");
    for text in ["Name\nKim\n", "SubscriberKey,Name\n,Kim\n", "SubscriberKey\n1,2\n"] {
        assert!(audience_from_csv(text.as_bytes()).is_err(), "{text}");
    }
}
