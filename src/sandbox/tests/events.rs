//! Wait Until Event, event definitions, and the events that release or miss a contact.

use std::collections::BTreeMap;

use super::*;
use crate::sandbox::journey::{JourneyError, JourneyOptions, JourneyRun};
use crate::sandbox::{EventDefinition, SfmcWorld};

/// Shorter than the life of a token.
const MAX_WAIT: Duration = Duration::from_secs(600);

struct Stage {
    clock: Arc<VirtualClock>,
    caller: Caller,
    sfmc: SfmcWorld,
    endpoint: Endpoint,
    event: EventDefinition,
}

impl Stage {
    /// A unit with an extension and an API event into it.
    async fn new() -> Self {
        let clock = frozen();
        let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
        let sfmc = sandbox.sfmc().clone();
        sfmc.create_data_extension(MID, reports_extension()).unwrap();
        let event = sfmc.add_api_event(MID, "SMS Response", "reports").unwrap();
        let endpoint = Endpoint::accepting();
        Self { clock, caller: Caller::new(&sandbox).await, sfmc, endpoint, event }
    }

    /// A wait for the event, then REST-1 for those it came to.
    fn journey(&self) -> Journey {
        serde_json::from_value(json!({
            "name": "Two-way", "versionNumber": 1, "journeyId": "j-1", "originalDefinitionId": "o-1",
            "eventDefinitionKey": "DEAudience-1",
            "activities": [
                { "kind": "waitUntilEvent", "key": "EVENT-1", "maxWaitMs": 600_000, "next": "REST-1",
                  "eventDefinitionKey": self.event.event_definition_key },
                { "kind": "rest", "key": "REST-1", "activity": { "arguments": { "execute": { "url": self.endpoint.url } } } },
            ],
        }))
        .unwrap()
    }

    async fn start(&self, contacts: &[&str]) -> JourneyRun {
        let row = |key: &&str| BTreeMap::from([("SubscriberKey".to_owned(), (*key).to_owned())]);
        let audience = contacts.iter().map(row).collect();
        let run = self.sfmc.start_journey(MID, self.journey(), audience, JourneyOptions::default()).await.unwrap();
        let count = contacts.len() as u64;
        until("the wait", || run.progress().arrived.get("EVENT-1") == Some(&count)).await;
        run
    }

    async fn fire(&self, contact: &str, message: &str) -> (u16, Value) {
        let body = json!({
            "ContactKey": contact, "EventDefinitionKey": self.event.event_definition_key,
            "Data": { "messageId": message, "statusName": "REPLY" },
        });
        self.caller.rest("POST", "/interaction/v1/events", body).await
    }
}

#[tokio::test]
async fn an_event_releases_its_contact_and_the_longest_wait_the_others() {
    let stage = Stage::new().await;
    let run = stage.start(&["C-1", "C-2"]).await;
    assert_eq!(stage.fire("C-1", "m1").await.0, 201);
    until("the release", || run.progress().finished == 1).await;
    assert_eq!(stage.endpoint.count(), 1);
    // Not a moment before its time.
    stage.clock.advance(MAX_WAIT - Duration::from_millis(1));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(run.progress().inside(), 1);
    stage.clock.advance(Duration::from_millis(1));
    let outcome = run.outcome().await;
    let branches = BTreeMap::from([("EVENT-1/event".to_owned(), 1), ("EVENT-1/otherwise".to_owned(), 1)]);
    assert_eq!(outcome.progress.branches, branches);
    assert_eq!(outcome.contacts[0].path, ["EVENT-1", "REST-1"]);
    assert_eq!(outcome.contacts[1].path, ["EVENT-1"]);
    assert_eq!(stage.sfmc.rows(MID, "reports")[0]["messageId"], "m1", "the event's data is a row");
    // Who has gone on is not waiting any more.
    assert_eq!(stage.fire("C-1", "m2").await.0, 201);
    assert_eq!(stage.fire("C-2", "m3").await.0, 201);
    let events = stage.sfmc.events();
    assert_eq!(events.iter().map(|event| event.released).collect::<Vec<_>>(), [1, 0, 0]);
    assert_eq!((events[0].contact_key.as_str(), &events[0].data["messageId"]), ("C-1", &json!("m1")));
    assert_eq!(stage.clock.steady().since(events[0].at), MAX_WAIT);
}

#[tokio::test]
async fn an_event_that_comes_before_its_contact_is_lost() {
    let stage = Stage::new().await;
    assert_eq!(stage.fire("C-1", "m1").await.0, 201);
    let run = stage.start(&["C-1"]).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(run.progress().inside(), 1, "the early event was kept");
    assert_eq!(stage.sfmc.events()[0].released, 0);
    stage.clock.advance(MAX_WAIT);
    assert_eq!(run.outcome().await.progress.branches, BTreeMap::from([("EVENT-1/otherwise".to_owned(), 1)]));
}

#[tokio::test]
async fn an_event_releases_every_instance_of_its_contact() {
    let stage = Stage::new().await;
    let first = stage.start(&["C-1", "C-1", "C-2"]).await;
    let second = stage.start(&["C-1"]).await;
    stage.fire("C-1", "m1").await;
    assert_eq!(second.outcome().await.progress.finished, 1);
    until("the other instances", || first.progress().finished == 2).await;
    assert_eq!(stage.sfmc.events()[0].released, 3);
    // A stopped journey waits for nothing.
    assert_eq!(first.stop().await.progress.ejected, 1);
    stage.fire("C-2", "m2").await;
    assert_eq!(stage.sfmc.events()[1].released, 0);
}

#[tokio::test]
async fn a_refused_event_releases_nobody() {
    let stage = Stage::new().await;
    let run = stage.start(&["C-1"]).await;
    let body = json!({
        "ContactKey": "C-1", "EventDefinitionKey": stage.event.event_definition_key, "Data": { "messageId": "m1" },
    });
    let (status, answer) = stage.caller.rest("POST", "/interaction/v1/events", body).await;
    assert_eq!(status, 400, "a required column is missing");
    assert!(answer["message"].as_str().unwrap().contains("statusName"), "{answer}");
    let scopes = vec!["journeys_read".to_owned()];
    stage.sfmc.add_business_unit(BusinessUnit { scopes, ..unit() });
    let mut poor = Caller::new(&stage.caller.sandbox).await;
    poor.renew().await;
    let body = json!({ "ContactKey": "C-1", "EventDefinitionKey": stage.event.event_definition_key });
    assert_eq!(poor.rest("POST", "/interaction/v1/events", body).await.0, 403);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!((run.progress().inside(), stage.sfmc.events().len()), (1, 0));
}

#[tokio::test]
async fn a_journey_can_only_wait_for_an_event_that_exists_and_only_once() {
    let stage = Stage::new().await;
    let start = |journey| stage.sfmc.start_journey(MID, journey, Vec::new(), JourneyOptions::default());
    let mut unknown = stage.journey();
    let crate::sandbox::journey::Activity::WaitUntilEvent { event_definition_key, .. } = &mut unknown.activities[0]
    else {
        unreachable!()
    };
    *event_definition_key = "APIEvent-none".into();
    let error = start(unknown).await.unwrap_err().to_string();
    assert!(error.contains("APIEvent-none"), "{error}");
    let mut twice = stage.journey();
    let mut again = serde_json::to_value(&twice.activities[0]).unwrap();
    again["key"] = json!("EVENT-2");
    twice.activities.push(serde_json::from_value(again).unwrap());
    assert!(matches!(start(twice).await, Err(JourneyError::Invalid(_))));
    assert!(start(stage.journey()).await.is_ok());
}

#[tokio::test]
async fn definitions_are_listed_in_pages_and_lead_to_their_columns() {
    let stage = Stage::new().await;
    for name in ["second", "third"] {
        stage.sfmc.add_api_event(MID, name, "reports").unwrap();
    }
    let path = "/interaction/v1/eventDefinitions";
    let (_, first) = stage.caller.rest("GET", &format!("{path}?$page=1&$pageSize=2"), Value::Null).await;
    assert_eq!((&first["count"], first["items"].as_array().unwrap().len()), (&json!(3), 2));
    let (_, rest) = stage.caller.rest("GET", &format!("{path}?$page=2&$pageSize=2"), Value::Null).await;
    assert_eq!(rest["items"][0]["name"], "third");
    let (_, by_key) =
        stage.caller.rest("GET", &format!("{path}/key:{}", stage.event.event_definition_key), Value::Null).await;
    assert_eq!(by_key, first["items"][0]);
    let id = by_key["id"].as_str().unwrap();
    assert_eq!(stage.caller.rest("GET", &format!("{path}/{id}"), Value::Null).await.1, by_key);
    let (status, missing) = stage.caller.rest("GET", &format!("{path}/key:APIEvent-none"), Value::Null).await;
    assert_eq!((status, &missing["errorcode"]), (404, &json!(30003)));

    // From the definition to the columns, over REST and over SOAP.
    let extension = by_key["dataExtensionId"].as_str().unwrap();
    let fields = format!("/data/v1/customobjects/{extension}/fields");
    let (_, fields) = stage.caller.rest("GET", &fields, Value::Null).await;
    let required = |name: &str| {
        let columns = fields["fields"].as_array().unwrap();
        columns.iter().find(|column| column["name"] == name).unwrap()["isNullable"] == false
    };
    assert!(required("statusName") && !required("count"));
    let retrieve = format!(
        r#"<RetrieveRequestMsg xmlns="http://exacttarget.com/wsdl/partnerAPI"><RetrieveRequest><ObjectType>DataExtension</ObjectType><Properties>CustomerKey</Properties><Filter xsi:type="SimpleFilterPart"><Property>ObjectID</Property><SimpleOperator>equals</SimpleOperator><Value>{extension}</Value></Filter></RetrieveRequest></RetrieveRequestMsg>"#
    );
    let (status, answer) = stage.caller.soap("Retrieve", &retrieve).await;
    assert_eq!(status, 200);
    assert!(answer.contains("<CustomerKey>reports</CustomerKey>"), "{answer}");
}

#[tokio::test]
async fn an_event_and_a_journey_that_waits_for_it_are_made_from_outside() {
    let stage = Stage::new().await;
    let body = json!({ "mid": MID, "name": "Reply", "dataExtensionKey": "reports" });
    let (status, event) = stage.caller.rest("POST", "/_sandbox/eventDefinitions", body.clone()).await;
    assert_eq!(status, 201, "{event}");
    let key = event["eventDefinitionKey"].as_str().unwrap();
    assert!(stage.sfmc.event_definition(MID, key).is_some_and(|event| event.name == "Reply"));
    for wrong in [json!({ "mid": 1 }), json!({ "dataExtensionKey": "none" })] {
        let mut body = body.clone();
        for (name, value) in wrong.as_object().unwrap() {
            body[name] = value.clone();
        }
        assert_eq!(stage.caller.rest("POST", "/_sandbox/eventDefinitions", body).await.0, 404, "{wrong}");
    }
    let start = json!({ "mid": MID, "journey": stage.journey(), "audience": [{ "SubscriberKey": "C-1" }] });
    let (status, answer) = stage.caller.rest("POST", "/_sandbox/journeys", start).await;
    assert_eq!((status, &answer["runId"]), (202, &json!(0)), "{answer}");
    until("the wait", || stage.sfmc.journeys()[0].progress().arrived.contains_key("EVENT-1")).await;
    stage.fire("C-1", "m1").await;
    stage.sfmc.journeys()[0].outcome().await;
    let (_, shown) = stage.caller.rest("GET", "/_sandbox/journeys/0", Value::Null).await;
    assert_eq!(shown["progress"]["branches"], json!({ "EVENT-1/event": 1 }));
    let (_, events) = stage.caller.rest("GET", "/_sandbox/events", Value::Null).await;
    assert_eq!(events["events"][0]["released"], 1);
}
