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
