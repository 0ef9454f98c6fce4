use super::*;
use crate::sandbox::{Fault, FaultKind};

#[tokio::test]
async fn infobip_faults_look_like_the_real_thing() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    let cases = [
        (FaultKind::RateLimited { retry_after_secs: Some(7) }, 429, "E429"),
        (FaultKind::RateLimited { retry_after_secs: None }, 429, "E429"),
        (FaultKind::Status { code: 500 }, 500, "E500"),
        (FaultKind::Status { code: 503 }, 503, "E500"),
        (FaultKind::Status { code: 400 }, 400, "E400"),
        (FaultKind::Unauthorized, 401, "E401"),
        (FaultKind::Forbidden, 403, "E403"),
    ];
    for (place, (fault, status, code)) in cases.into_iter().enumerate() {
        let wants_retry_after = fault == FaultKind::RateLimited { retry_after_secs: Some(7) };
        sandbox.infobip().add_fault(Fault::next(1, fault).on("/sms/3/messages"));
        assert_eq!(caller.infobip("GET", "/account/1/balance", Value::Null).await.0, 200);
        let body = sms("385911234567", &place.to_string(), "x");
        let answer = caller.infobip_request("POST", "/sms/3/messages", body.clone()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers().contains_key("retry-after"), wants_retry_after);
        assert_eq!(answer.json::<Value>().await.unwrap()["errorCode"], code);
        assert_eq!(caller.infobip("POST", "/sms/3/messages", body).await.0, 200, "a fault was not used up");
    }
    assert_eq!(sandbox.infobip().received_count(), 7);
}

#[tokio::test]
async fn a_reset_before_reading_leaves_no_trace_and_a_reset_midway_does_the_work() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    let send = |id: &str| caller.infobip_request("POST", "/sms/3/messages", sms("385911234567", id, "x")).send();
    // Keep-alive connections and fresh ones alike.
    for (kind, received, requests) in [(FaultKind::ResetBeforeReading, 0, 0), (FaultKind::ResetMidway, 1, 1)] {
        sandbox.infobip().add_fault(Fault::next(1, kind.clone()));
        let error = send("a").await.unwrap_err();
        assert!(error.is_request() && !error.is_timeout() && !error.is_connect(), "{kind:?} {error:?}");
        assert_eq!(sandbox.infobip().received_count(), received, "{kind:?}");
        assert_eq!(sandbox.infobip().requests(), requests, "{kind:?}");
    }
    let (_, again) = caller.infobip("POST", "/sms/3/messages", sms("385911234567", "a", "x")).await;
    assert_eq!(again["messages"][0]["status"]["id"], 23);
    sandbox.sfmc().add_fault(Fault::next(1, FaultKind::ResetBeforeReading));
    let url = format!("{}/v2/token", sandbox.sfmc_origin());
    assert!(caller.http.post(url).body("{}").send().await.unwrap_err().is_request());
}

#[tokio::test]
async fn a_slow_answer_waits_on_the_clock() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let caller = Caller::new(&sandbox).await;
    sandbox.infobip().add_fault(Fault::next(1, FaultKind::Slow { delay_ms: 90_000 }));
    let request = caller.infobip_request("POST", "/sms/3/messages", sms("385911234567", "a", "x"));
    let sent = tokio::spawn(request.send());
    until("the request to wait", || clock.next_wake().is_some()).await;
    assert_eq!(sandbox.infobip().received_count(), 0);
    clock.advance(Duration::from_secs(90));
    assert_eq!(sent.await.unwrap().unwrap().status().as_u16(), 200);
}

#[tokio::test]
async fn poison_refuses_the_whole_request_and_names_the_message() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    sandbox.infobip().set_poison(Some("POISON"));
    let mut body = sms("385911234567", "a", "good");
    let bad = sms("385911234567", "b", "a POISON b")["messages"][0].clone();
    body["messages"].as_array_mut().unwrap().push(bad);
    let (status, answer) = caller.infobip("POST", "/sms/3/messages", body.clone()).await;
    assert_eq!((status, sandbox.infobip().received_count()), (400, 0));
    assert_eq!(answer["violations"][0]["property"], "messages[1].content.text");
    sandbox.infobip().clear_faults();
    assert_eq!(caller.infobip("POST", "/sms/3/messages", body).await.0, 200);
}

#[tokio::test]
async fn sfmc_faults_look_like_the_real_thing() {
    let sandbox = sandbox().await;
    let mut caller = Caller::new(&sandbox).await;
    let path = "/platform/v1/tokenContext";
    let fault = |kind| sandbox.sfmc().add_fault(Fault::next(1, kind));
    fault(FaultKind::RateLimited { retry_after_secs: Some(5) });
    let (status, answer) = caller.rest("GET", path, Value::Null).await;
    assert_eq!((status, &answer["errorcode"], &answer["retryAfter"]), (429, &json!(50100), &json!(5)));
    fault(FaultKind::Blocked);
    let (status, answer) = caller.rest("GET", path, Value::Null).await;
    assert_eq!((status, &answer["errorcode"]), (429, &json!(50200)));
    fault(FaultKind::Unauthorized);
    assert_eq!(caller.rest("GET", path, Value::Null).await.1["message"], "Not Authorized");
    fault(FaultKind::Status { code: 503 });
    assert_eq!(caller.rest("GET", path, Value::Null).await.0, 503);
    fault(FaultKind::Unauthorized);
    assert_eq!(caller.token(&json!({})).await.1["error"], "invalid_client");
    let envelope = "<RetrieveRequestMsg/>";
    for (kind, text) in [
        (FaultKind::SoapFault { text: "Login Failed".into() }, "Login Failed"),
        (FaultKind::Unauthorized, "Token Expired"),
        (FaultKind::Blocked, "Rate limit"),
    ] {
        fault(kind);
        let (status, answer) = caller.soap("Retrieve", envelope).await;
        assert_eq!(status, 500);
        assert!(answer.contains(text), "{answer}");
    }
    sandbox.sfmc().revoke_tokens();
    assert_eq!(caller.rest("GET", path, Value::Null).await.0, 401);
    caller.renew().await;
    assert_eq!(caller.rest("GET", path, Value::Null).await.0, 200);
}

#[tokio::test]
async fn a_stopped_sandbox_refuses_connections() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    let request = caller.infobip_request("GET", "/account/1/balance", Value::Null);
    sandbox.stop().await;
    assert!(request.send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_platform_can_be_down_for_a_while() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    let probe = || caller.infobip_request("GET", "/account/1/balance", Value::Null).send();
    sandbox.infobip_down().await;
    assert!(probe().await.unwrap_err().is_connect());
    sandbox.infobip_up().await.unwrap();
    assert_eq!(probe().await.unwrap().status().as_u16(), 200);
    sandbox.sfmc_down().await;
    sandbox.sfmc_up().await.unwrap();
    // The old caller's idle connection is dead without its knowing.
    let caller = Caller::new(&sandbox).await;
    assert_eq!(caller.rest("GET", "/platform/v1/tokenContext", Value::Null).await.0, 200);
}

#[tokio::test]
async fn an_outage_of_sfmc_lasts_its_time_and_can_spare_or_hit_the_token_endpoint() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let caller = Caller::new(&sandbox).await;
    let minute = Duration::from_secs(60);
    let path = "/platform/v1/tokenContext";
    let rest = async || caller.rest("GET", path, Value::Null).await.0;
    sandbox.sfmc().add_fault(Fault::lasting(minute, FaultKind::Status { code: 503 }));
    assert_eq!((rest().await, caller.token(&json!({})).await.0), (503, 503));
    assert_eq!(caller.soap("Retrieve", "<RetrieveRequestMsg/>").await, (503, String::new()));
    clock.advance(minute);
    assert_eq!((rest().await, caller.token(&json!({})).await.0), (200, 200));

    let body = json!({ "fault": { "kind": "status", "code": 500 }, "path": "/v2/token", "forMs": 60_000 });
    assert_eq!(caller.rest("POST", "/_sandbox/faults", body).await.0, 200);
    assert_eq!((rest().await, caller.token(&json!({})).await.0), (200, 500));
    sandbox.sfmc().add_fault(Fault::lasting(minute, FaultKind::Blocked).on("/data/"));
    let (status, answer) = caller.rest("GET", "/data/v1/async/x/status", Value::Null).await;
    assert_eq!((status, &answer["errorcode"]), (429, &json!(50200)));
    assert_eq!(rest().await, 200);
    clock.advance(minute);
    assert_eq!(caller.rest("GET", "/data/v1/async/x/status", Value::Null).await.0, 200);
    assert!(sandbox.sfmc().faults().in_force().is_empty());
}

#[tokio::test]
async fn an_async_request_can_end_in_error() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let caller = Caller::new(&sandbox).await;
    sandbox.sfmc().create_data_extension(MID, reports_extension()).unwrap();
    let text = "The database is not reachable.";
    let rows = "/data/v1/async/dataextensions/key:reports/rows";
    sandbox.sfmc().add_fault(Fault::next(1, FaultKind::AsyncError { text: text.into() }).on(rows));
    let items = json!({ "items": [{ "messageId": "a", "statusName": "X" }, { "messageId": "b", "statusName": "X" }] });
    let mut ends = Vec::new();
    for _ in 0..2 {
        let (status, answer) = caller.rest("PUT", rows, items.clone()).await;
        assert_eq!(status, 202, "{answer}");
        let id = answer["requestId"].as_str().unwrap();
        let path = format!("/data/v1/async/{id}/status");
        let state = async || caller.rest("GET", &path, Value::Null).await.1["status"].clone();
        assert_eq!(state().await["requestStatus"], "Pending");
        clock.advance(Duration::from_millis(600));
        let executing = state().await;
        assert_eq!(executing["requestStatus"], "Executing");
        assert!(executing["pickupDateTime"].is_string() && executing.get("completionDateTime").is_none());
        clock.advance(Duration::from_millis(400));
        let done = state().await;
        let (_, results) = caller.rest("GET", &format!("/data/v1/async/{id}/results"), Value::Null).await;
        ends.push((done["requestStatus"].clone(), done["resultStatus"].clone(), results["items"].clone()));
        assert_eq!(sandbox.sfmc().rows(MID, "reports").len(), if ends.len() == 1 { 0 } else { 2 });
    }
    let row = json!({ "errorCode": "UnexpectedError", "message": text, "status": "Error" });
    assert_eq!(ends[0], (json!("Error"), json!("Error"), json!([row, row])));
    assert_eq!((&ends[1].0, &ends[1].1), (&json!("Complete"), &json!("OK")));
}

#[tokio::test]
async fn a_soap_error_comes_with_a_good_status() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    for (action, expected) in [
        ("Retrieve", "<OverallStatus>Error: a &lt; b</OverallStatus>"),
        ("Create", "<StatusMessage>a &lt; b</StatusMessage><OrdinalID>0</OrdinalID><ErrorCode>12014</ErrorCode>"),
        ("Update", "<OverallStatus>Error</OverallStatus></UpdateResponse>"),
    ] {
        sandbox.sfmc().add_fault(Fault::next(1, FaultKind::SoapError { text: "a < b".into() }));
        let (status, answer) = caller.soap(action, "<x/>").await;
        assert_eq!(status, 200);
        assert!(answer.contains(expected), "{answer}");
    }
}
