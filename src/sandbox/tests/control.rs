use super::*;
use crate::sandbox::SandboxError;

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let options = SandboxOptions { listen: "0.0.0.0:0".parse().unwrap(), ..SandboxOptions::default() };
    let refused = Sandbox::start(options, Arc::new(SystemClock::new())).await;
    assert!(matches!(refused, Err(SandboxError::NotLoopback(_))));
}

#[tokio::test]
async fn every_request_is_recorded_as_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.jsonl");
    let options = SandboxOptions { record: Some(path.clone()), ..SandboxOptions::default() };
    let sandbox = sandbox_with(options, Arc::new(SystemClock::new())).await;
    let caller = Caller::new(&sandbox).await;
    caller.infobip("POST", "/sms/3/messages", sms("385911234567", "a", "x")).await;
    caller.infobip("GET", "/sms/3/logs?limit=1", Value::Null).await;
    caller.soap("Retrieve", "<RetrieveRequestMsg/>").await;
    caller.rest("GET", "/_sandbox/faults", Value::Null).await;
    sandbox.stop().await;
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<(&str, &str, &str)> = lines
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap();
            (text("platform"), text("method"), text("path"))
        })
        .collect();
    let expected = [
        ("sfmc", "POST", "/v2/token"),
        ("infobip", "POST", "/sms/3/messages"),
        ("infobip", "GET", "/sms/3/logs?limit=1"),
        ("sfmc", "POST", "/Service.asmx"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(lines[1]["headers"]["authorization"], format!("App {KEY}"));
    assert_eq!(lines[1]["headers"]["content-type"], "application/json");
    assert_eq!(lines[1]["body"]["messages"][0]["content"]["text"], "x");
    assert_eq!(lines[2]["body"], "");
    assert!(lines[3]["body"].as_str().unwrap().starts_with("<s:Envelope"));
}

#[tokio::test]
async fn faults_and_messages_are_reached_from_outside() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    let (status, answer) =
        caller.infobip("POST", "/_sandbox/faults", json!({ "fault": { "kind": "forbidden" }, "times": 1 })).await;
    assert_eq!((status, &answer["faults"][0]["times"]), (200, &json!(1)), "{answer}");
    assert_eq!(caller.infobip("POST", "/sms/3/messages", sms("385911234567", "a", "x")).await.0, 403);
    caller.infobip("POST", "/sms/3/messages", sms("385911234567", "a", "x")).await;
    let (_, answer) = caller.infobip("GET", "/_sandbox/messages?limit=5", Value::Null).await;
    assert_eq!((&answer["count"], &answer["messages"][0]["messageId"]), (&json!(1), &json!("a")));
    for (path, body) in [
        ("/_sandbox/faults", json!({ "fault": { "kind": "earthquake" } })),
        ("/_sandbox/webhooks", json!({ "of": true })),
        ("/_sandbox/none", json!({})),
    ] {
        let (status, answer) = caller.infobip("POST", path, body).await;
        assert!((400..=404).contains(&status) && answer["error"].is_string(), "{path} {answer}");
    }
    assert_eq!(caller.infobip("POST", "/_sandbox/webhooks", json!({ "off": true })).await.1["webhooks"]["off"], true);
    assert_eq!(caller.infobip("POST", "/_sandbox/poison", json!({ "marker": "x" })).await.0, 200);
    assert_eq!(caller.infobip("POST", "/sms/3/messages", sms("385911234567", "b", "x")).await.0, 400);
    assert_eq!(caller.infobip("DELETE", "/_sandbox/faults", Value::Null).await.0, 200);
    assert_eq!(caller.infobip("POST", "/sms/3/messages", sms("385911234567", "b", "x")).await.0, 200);
}

#[tokio::test]
async fn a_journey_is_run_from_json() {
    let sandbox = sandbox().await;
    sandbox.sfmc().create_data_extension(MID, reports_extension()).unwrap();
    let endpoint = Endpoint::accepting();
    let caller = Caller::new(&sandbox).await;
    let execute =
        json!({ "url": format!("{}/execute", endpoint.url), "inArguments": [{ "name": "{{Event.DE-1.Name}}" }] });
    let body = json!({
        "mid": MID,
        "journey": {
            "name": "Spring", "versionNumber": 1, "journeyId": "j", "originalDefinitionId": "j",
            "eventDefinitionKey": "DE-1",
            "activities": [{ "kind": "rest", "key": "REST-1", "activity": { "arguments": { "execute": execute } } }],
        },
        "audienceCsv": "SubscriberKey,Name\nC-1,Kim\n",
    });
    let (status, answer) = caller.rest("POST", "/_sandbox/journeys", body.clone()).await;
    assert_eq!((status, &answer["runId"]), (202, &json!(0)), "{answer}");
    until("the walk", || sandbox.sfmc().journeys()[0].is_finished()).await;
    let (_, answer) = caller.rest("GET", "/_sandbox/journeys/0?contacts=true", Value::Null).await;
    assert_eq!(answer["progress"]["finished"], 1);
    assert_eq!(answer["contacts"][0]["path"], json!(["REST-1"]));
    // Without useJwt the body is plain JSON.
    assert_eq!(endpoint.got()[0].content_type, "application/json");
    assert_eq!(endpoint.got()[0].json()["inArguments"][0]["name"], "Kim");
    assert_eq!(caller.rest("POST", "/_sandbox/journeys/0/stop", Value::Null).await.0, 200);
    assert_eq!(caller.rest("GET", "/_sandbox/journeys/1", Value::Null).await.0, 404);

    let mut broken = body;
    broken["journey"]["activities"][0]["next"] = json!("NOWHERE");
    let (status, answer) = caller.rest("POST", "/_sandbox/journeys", broken).await;
    assert_eq!(status, 409);
    assert!(answer["error"].as_str().unwrap().contains("NOWHERE"), "{answer}");

    let (_, answer) = caller.rest("GET", &format!("/_sandbox/rows/{MID}/reports"), Value::Null).await;
    assert_eq!(answer["rows"], json!([]));
    assert_eq!(caller.rest("GET", &format!("/_sandbox/rows/{MID}/none"), Value::Null).await.0, 404);
    assert_eq!(caller.rest("GET", "/_sandbox/events", Value::Null).await.1["events"], json!([]));
}
