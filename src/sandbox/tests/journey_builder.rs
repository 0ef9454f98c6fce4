//! The server's side of the Journey Builder page.

use super::*;
use crate::sandbox::journey_builder::{
    CanvasTemplate, Design, DesignEntry, DesignError, DesignEvent, DesignRule, DesignStatus,
};
use crate::sandbox::{Fault, FaultKind, SfmcWorld};

const CSV: &str = "SubscriberKey,Mobile Phone,Work,Mail\n\
                   C-1,385911234567,+385917654321,kim@example.com\n\
                   C-2,385917654321,,lee@example.com\n";

/// Both activities: config.json, lifecycle calls, and executes; the report says that contact 1 was reached.
fn activities(base: &'static str) -> Endpoint {
    Endpoint::start(move |_, got: Got| async move {
        if got.path.ends_with("/config.json") {
            let kind = got.path.split('/').nth(2).unwrap().to_owned();
            return (200, config(&format!("http://{}/activities/{kind}", got.headers["host"]), &kind));
        }
        if !base.is_empty() && got.path.ends_with(base) {
            return (400, json!({ "errors": ["The sender is not known.", { "message": "Nor is the account." }] }));
        }
        if got.path.ends_with("/messaging/execute") {
            return (200, json!({ "messageId": "m-1" }));
        }
        if got.path.ends_with("/reports/execute") {
            let is_first = got.payload()["keyValue"] == "C-1";
            return (200, json!({ "statusName": if is_first { "DELIVERED_TO_HANDSET" } else { "EXPIRED" } }));
        }
        (200, json!({}))
    })
}

fn config(url: &str, kind: &str) -> Value {
    let mut calls = json!({});
    for call in ["save", "validate", "publish", "unpublish", "stop"] {
        calls[call] = json!({ "url": format!("{url}/{call}"), "verb": "POST", "useJwt": true });
    }
    json!({
        "workflowApiVersion": "1.1", "key": kind, "type": "Rest",
        "metaData": { "icon": "icon.svg", "category": "message", "isConfigured": false },
        "lang": { "en-US": { "name": format!("The {kind}"), "stepLabel": "First" } },
        "arguments": { "execute": {
            "inArguments": [{ "contactKey": "{{Contact.Key}}" }], "outArguments": [{ "messageId": "" }],
            "url": format!("{url}/execute"), "useJwt": true } },
        "configurationArguments": calls,
        "wizardSteps": [{ "key": "one", "label": "stepLabel" }, { "key": "two", "label": "Second", "active": false }],
        "userInterfaces": {
            "configurationSupportsReadOnlyMode": true,
            "configModal": { "url": "page.html", "height": 700, "width": 900 }, "runningHover": { "url": "hover" } },
        "schema": { "arguments": { "execute": { "outArguments": [
            { "messageId": { "dataType": "Text", "direction": "out", "access": "visible" } }] } } },
        "outcomes": [],
    })
}

/// What the page would hand over.
fn configured(world: &SfmcWorld, id: &str, key: &str) -> Value {
    let mut activity = world.designed(id).unwrap().activity(key).clone();
    activity["name"] = json!(format!("My {key}"));
    activity["metaData"]["isConfigured"] = json!(true);
    activity["metaData"]["ours"] = json!({ "configuration": "c-7" });
    let phone = format!("{{{{Event.{}.\"Mobile Phone\"}}}}", world.designed(id).unwrap().event_definition_key.unwrap());
    activity["arguments"]["execute"]["inArguments"] = json!([{ "to": phone }, { "configuration": "c-7" }]);
    activity
}

fn configure(world: &SfmcWorld, id: &str) {
    for activity in world.designed(id).unwrap().activities {
        if activity["type"] == "REST" {
            let key = activity["key"].as_str().unwrap();
            world.put_designed_activity(id, key, configured(world, id, key)).unwrap();
        }
    }
}

fn design(endpoint: &Endpoint) -> Design {
    Design::new("Spring", MID, &endpoint.url).entry(DesignEntry::csv(CSV))
}

async fn page(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> (u16, Value) {
    Caller::new(sandbox).await.rest(method, &format!("/journey-builder{path}"), body).await
}

/// Paths of the lifecycle calls so far, config.json and executes left out.
fn lifecycle(endpoint: &Endpoint) -> Vec<String> {
    let paths = endpoint.got().into_iter().map(|got| got.path);
    let kept = paths.filter(|path| !path.ends_with("/config.json") && !path.ends_with("/execute"));
    kept.map(|path| path.trim_start_matches("/activities/").to_owned()).collect()
}

#[tokio::test]
async fn a_first_drop_is_made_of_config_json() {
    let sandbox = sandbox().await;
    let endpoint = activities("");
    let id = sandbox.sfmc().design_journey(design(&endpoint)).await.unwrap();
    let designed = sandbox.sfmc().designed(&id).unwrap();
    assert_eq!((designed.status, designed.version, designed.mid), (DesignStatus::Draft, 1, MID));
    assert_eq!(designed.id, designed.original_definition_id);
    let url = format!("{}/activities/messaging", endpoint.url);
    let activity = designed.activity("REST-1");
    assert_eq!(activity["id"], Value::Null);
    assert_eq!(
        (&activity["name"], &activity["type"], &activity["editable"]),
        (&json!(""), &json!("REST"), &json!(true))
    );
    assert_eq!(activity["metaData"]["icon"], format!("{url}/icon.svg"));
    assert_eq!(activity["metaData"]["original_icon"], "icon.svg");
    assert_eq!(activity["metaData"]["isConfigured"], false);
    assert_eq!(activity["arguments"]["execute"]["url"], format!("{url}/execute"));
    assert_eq!(activity["arguments"]["definitionInstanceId"], "{{Context.DefinitionInstanceId}}");
    assert_eq!(activity["configurationArguments"]["testSave"], "");
    assert_eq!(activity["schema"]["arguments"]["execute"]["outArguments"][0]["messageId"]["direction"], "Out");
    assert_eq!(activity.get("lang"), None);
    assert_eq!(designed.activity("REST-9"), &Value::Null);

    let (_, view) = page(&sandbox, "GET", &format!("/api/journeys/{id}"), Value::Null).await;
    let shown = &view["steps"][0]["endpoint"];
    assert_eq!(
        shown["modal"],
        json!({ "url": format!("{url}/page.html"), "width": 900, "height": 700, "fullscreen": false })
    );
    assert_eq!(shown["hover"]["width"], 200);
    assert_eq!(shown["runningModal"], Value::Null);
    assert_eq!(shown["name"], "The messaging");
    assert_eq!(shown["steps"][0], json!({ "key": "one", "label": "First", "active": true }));
    assert_eq!(shown["steps"][1]["active"], false);
    let types = view["source"]["columns"].as_array().unwrap().iter().map(|column| column["type"].as_str().unwrap());
    assert_eq!(types.collect::<Vec<_>>(), ["Text", "Phone", "Phone", "EmailAddress"]);
}

#[tokio::test]
async fn what_cannot_be_designed_says_why() {
    let sandbox = sandbox().await;
    let endpoint = activities("");
    let world = sandbox.sfmc();
    let mut unknown = design(&endpoint);
    unknown.mid = 1;
    assert!(matches!(world.design_journey(unknown).await, Err(DesignError::UnknownUnit(1))));
    let nobody = Design::new("x", MID, "http://127.0.0.1:1");
    assert!(matches!(world.design_journey(nobody).await, Err(DesignError::Endpoint { .. })));
    let other = Design::new("x", MID, "ftp://127.0.0.1");
    assert!(matches!(world.design_journey(other).await, Err(DesignError::Endpoint { .. })));
    let nameless = design(&endpoint).entry(DesignEntry::csv("Name\nKim\n"));
    assert!(matches!(world.design_journey(nameless).await, Err(DesignError::Entry(_))));
    let mut wrong = DesignEntry::csv("SubscriberKey,Age\nC-1,old\n");
    wrong.types.insert("Age".into(), ColumnType::Number);
    assert!(matches!(world.design_journey(design(&endpoint).entry(wrong)).await, Err(DesignError::Entry(_))));
    let waiting = design(&endpoint).template(CanvasTemplate::MessageEventReport);
    assert!(matches!(world.design_journey(waiting.clone()).await, Err(DesignError::Event(_))));
    let event = DesignEvent::Known { key: "APIEvent-none".into() };
    assert!(matches!(world.design_journey(waiting.clone().event(event)).await, Err(DesignError::Event(_))));
    let event = DesignEvent::New { name: "Reply".into(), data_extension_key: "none".into() };
    assert!(matches!(world.design_journey(waiting.event(event)).await, Err(DesignError::Event(_))));
    assert!(world.designed_ids().is_empty());
}

#[tokio::test]
async fn answers_have_the_shapes_that_were_seen() {
    let sandbox = sandbox().await;
    let endpoint = activities("");
    let id = sandbox.sfmc().design_journey(design(&endpoint)).await.unwrap();
    let key = sandbox.sfmc().designed(&id).unwrap().event_definition_key.unwrap();
    let answers =
        async |query: &str| page(&sandbox, "GET", &format!("/api/journeys/{id}/answers{query}"), Value::Null).await.1;
    let plain = answers("").await;
    assert_eq!(plain["requestedCulture"], "en-US");
    assert_eq!(plain["requestedEndpoints"]["fuelapiRestHost"], format!("{}/", sandbox.sfmc_origin()));
    assert_eq!(plain["requestedTriggerEventDefinition"]["eventDefinitionKey"], key);
    assert_eq!(plain["requestedEntryEventDefinitionKey"], json!({ "entryEventDefinitionKey": key }));
    let field = json!({
        "key": format!("Event.{key}.Mobile Phone"), "type": "Phone", "length": 50, "default": null,
        "isNullable": true, "isPrimaryKey": false,
    });
    assert_eq!(plain["requestedSchema"]["schema"][1], field);
    let source = &plain["requestedDataSources"][0];
    assert_eq!((&source["id"], &source["keyPrefix"]), (&json!("Event"), &json!(format!("Event.{key}."))));
    assert_eq!(source["deSchema"]["fieldCount"], 4);
    assert_eq!(source["deSchema"]["fields"][3]["type"], "EmailAddress");
    assert_eq!(source["dataExtensionId"], plain["requestedTriggerEventDefinition"]["dataExtensionId"]);
    let phone = json!([format!("{{{{Event.{key}.\"Mobile Phone\"}}}}")]);
    assert_eq!(plain["requestedInteractionDefaults"]["mobileNumber"], phone);
    let journey = &plain["requestedInteraction"];
    assert_eq!((&journey["status"], &journey["id"]), (&json!("Draft"), &json!(id)));
    assert_eq!(journey["triggers"][0]["metaData"]["eventDefinitionKey"], key);
    assert_eq!(journey["activities"][0]["key"], "REST-1");

    let query = "?trigger=wrapped&schema=bare&culture=object&language=ko-KR&entryKey=string&status=Published";
    let other = answers(query).await;
    assert_eq!(other["requestedCulture"], json!({ "culture": "ko-KR" }));
    assert_eq!(other["requestedTriggerEventDefinition"]["eventDefinition"], plain["requestedTriggerEventDefinition"]);
    assert_eq!(other["requestedSchema"], plain["requestedSchema"]["schema"]);
    assert_eq!(other["requestedEntryEventDefinitionKey"], key);
    assert_eq!(other["requestedInteraction"]["status"], "Published");
    assert_eq!(other["requestedInteraction"]["activities"][0]["editable"], false);
    assert_eq!(answers("?trigger=null").await["requestedTriggerEventDefinition"], Value::Null);

    let bare = sandbox.sfmc().design_journey(Design::new("Bare", MID, &endpoint.url)).await.unwrap();
    let (_, without) = page(&sandbox, "GET", &format!("/api/journeys/{bare}/answers"), Value::Null).await;
    assert_eq!(without["requestedTriggerEventDefinition"], Value::Null);
    assert_eq!(without["requestedSchema"]["schema"], json!([]));
    assert_eq!(without["requestedDataSources"], json!([]));
}

#[tokio::test]
async fn the_token_of_the_page_tells_the_business_unit_for_twenty_minutes() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let endpoint = activities("");
    let id = sandbox.sfmc().design_journey(design(&endpoint)).await.unwrap();
    let (_, tokens) = page(&sandbox, "POST", &format!("/api/journeys/{id}/tokens"), Value::Null).await;
    assert_eq!(tokens["expires"], (start().as_secs() + 1_200) * 1_000);
    let mut caller = Caller::new(&sandbox).await;
    let context = "/platform/v1/tokenContext";
    let (_, of_package) = caller.rest("GET", context, Value::Null).await;
    assert_eq!((&of_package["organization"]["id"], &of_package["user"]["id"]), (&json!(MID), &json!(0)));
    // The business unit is not the enterprise.
    assert_ne!(of_package["enterprise"]["id"], MID);

    caller.token = tokens["fuel2token"].as_str().unwrap().to_owned();
    let (status, of_user) = caller.rest("GET", context, Value::Null).await;
    assert_eq!((status, &of_user["organization"]["id"]), (200, &json!(MID)));
    assert_eq!(of_user["enterprise"], of_package["enterprise"]);
    assert_ne!(of_user["user"]["id"], 0);
    // It is no token for the package's data.
    assert_eq!(caller.rest("GET", "/interaction/v1/interactions", Value::Null).await.0, 403);
    clock.advance(Duration::from_secs(1_199));
    assert_eq!(caller.rest("GET", context, Value::Null).await.0, 200);
    clock.advance(Duration::from_secs(1));
    let (status, refused) = caller.rest("GET", context, Value::Null).await;
    assert_eq!((status, &refused["message"]), (401, &json!("Not Authorized")));
    for token in [tokens["token"].as_str().unwrap().to_owned(), sandbox.sfmc().user_token(1)] {
        caller.token = token;
        assert_eq!(caller.rest("GET", context, Value::Null).await.0, 401);
    }
    caller.token = sandbox.sfmc().user_token(MID);
    assert_eq!(caller.rest("GET", context, Value::Null).await.0, 200);
    sandbox.sfmc().add_fault(Fault::next(1, FaultKind::Unauthorized));
    assert_eq!(caller.rest("GET", context, Value::Null).await.0, 401);
}

#[tokio::test]
async fn done_stores_the_activity_completed_and_every_save_gives_it_a_new_id() {
    let sandbox = sandbox().await;
    let endpoint = activities("");
    let world = sandbox.sfmc();
    let id = world.design_journey(design(&endpoint).template(CanvasTemplate::TwoMessages)).await.unwrap();
    let mut handed = configured(world, &id, "REST-1");
    handed["metaData"]["icon"] = json!("images/own.svg");
    handed["key"] = json!("REST-9");
    handed["configurationArguments"] = json!({ "save": { "url": format!("{}/own/save?c=7", endpoint.url) } });
    let path = format!("/api/journeys/{id}/activities/REST-1");
    assert_eq!(page(&sandbox, "PUT", &path, handed.clone()).await.0, 200);
    let stored = world.designed(&id).unwrap().activity("REST-1").clone();
    assert_eq!(stored["metaData"]["icon"], format!("{}/activities/messaging/images/own.svg", endpoint.url));
    assert_eq!(stored["metaData"]["original_icon"], "images/own.svg");
    assert_eq!(stored["metaData"]["ours"], json!({ "configuration": "c-7" }));
    assert_eq!(stored["arguments"]["execute"]["inArguments"], handed["arguments"]["execute"]["inArguments"]);
    assert_eq!(stored["configurationArguments"]["unpublish"], "");
    assert_eq!(stored["outcomes"][0]["next"], "REST-2");
    assert!(stored["outcomes"][0]["key"].is_string());
    // Handed over once more it is the same.
    world.put_designed_activity(&id, "REST-1", stored.clone()).unwrap();
    assert_eq!(world.designed(&id).unwrap().activity("REST-1"), &stored);
    assert_eq!(page(&sandbox, "PUT", &format!("/api/journeys/{id}/activities/REST-3"), stored.clone()).await.0, 404);

    let mut ids = vec![stored["id"].clone()];
    for _ in 0..2 {
        assert_eq!(page(&sandbox, "POST", &format!("/api/journeys/{id}/save"), Value::Null).await.0, 200);
        let saved = world.designed(&id).unwrap().activity("REST-1").clone();
        assert!(!ids.contains(&saved["id"]) && saved["id"].is_string(), "{saved}");
        assert_eq!(saved["outcomes"], stored["outcomes"]);
        ids.push(saved["id"].clone());
    }
    let saves: Vec<Got> = endpoint.got().into_iter().filter(|got| got.path == "/own/save").collect();
    assert_eq!(saves.len(), 2);
    assert_eq!(saves[1].json()["activityObjectID"], ids[2]);
    assert_eq!(saves[1].json()["interactionId"], id);
    // REST shows the draft as it was saved.
    let caller = Caller::new(&sandbox).await;
    let (_, shown) =
        caller.rest("GET", &format!("/interaction/v1/interactions/{id}?extras=activities"), Value::Null).await;
    assert_eq!((&shown["status"], &shown["activities"][0]["id"]), (&json!("Draft"), &ids[2]));
}

#[tokio::test]
async fn a_journey_is_published_in_order_and_run_over_its_contacts() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let endpoint = activities("");
    let world = sandbox.sfmc();
    let mut design = design(&endpoint).template(CanvasTemplate::MessageWaitReport);
    design.wait_secs = Some(60);
    let id = world.design_journey(design).await.unwrap();
    let api = format!("/api/journeys/{id}");
    let (status, refused) = page(&sandbox, "POST", &format!("{api}/publish"), Value::Null).await;
    assert_eq!((status, &refused["errors"]), (409, &json!(["REST-1 is not configured.", "REST-2 is not configured."])));
    assert!(lifecycle(&endpoint).is_empty());
    configure(world, &id);
    let (status, refused) = page(&sandbox, "POST", &format!("{api}/run"), Value::Null).await;
    assert_eq!(status, 409, "{refused}");
    assert_eq!(page(&sandbox, "POST", &format!("{api}/publish"), Value::Null).await.0, 200);
    let expected = [
        "messaging/save",
        "reports/save",
        "messaging/validate",
        "reports/validate",
        "messaging/publish",
        "reports/publish",
    ];
    assert_eq!(lifecycle(&endpoint), expected);
    let designed = world.designed(&id).unwrap();
    assert_eq!(designed.status, DesignStatus::Published);
    let refused = world.put_designed_activity(&id, "REST-1", designed.activity("REST-1").clone());
    assert!(matches!(refused, Err(DesignError::Status { .. })));

    let step = json!({ "waitSecs": 5 });
    assert_eq!(page(&sandbox, "PUT", &format!("{api}/steps/WAITBYDURATION-1"), step).await.0, 409);
    assert_eq!(page(&sandbox, "GET", &format!("{api}/run"), Value::Null).await.1["progress"], Value::Null);
    assert_eq!(page(&sandbox, "POST", &format!("{api}/run"), Value::Null).await.0, 200);
    let run = world.designed(&id).unwrap().run.unwrap();
    until("the wait", || run.progress().arrived.get("WAITBYDURATION-1") == Some(&2)).await;
    assert_eq!(page(&sandbox, "POST", &format!("{api}/run"), Value::Null).await.0, 409);
    clock.advance(Duration::from_secs(60));
    run.outcome().await;
    let (_, shown) = page(&sandbox, "GET", &format!("{api}/run"), Value::Null).await;
    assert_eq!((&shown["isFinished"], &shown["progress"]["finished"]), (&json!(true), &json!(2)));
    let contact = &shown["contacts"][0];
    assert_eq!(contact["branches"], json!(["MULTICRITERIADECISION-1/DELIVERED_TO_HANDSET"]));
    assert_eq!(contact["outArguments"]["REST-1"]["messageId"], "m-1");
    assert_eq!(shown["contacts"][1]["branches"], json!(["MULTICRITERIADECISION-1/otherwise"]));
    // The activity's own id and the entry source's columns are in the calls; save, validate and publish are not made again.
    let executes: Vec<Got> =
        endpoint.got().into_iter().filter(|got| got.path.ends_with("/messaging/execute")).collect();
    assert_eq!(executes[0].payload()["activityId"], designed.activity("REST-1")["id"]);
    assert_eq!(executes[0].payload()["journeyId"], id);
    let numbers: Vec<Value> = executes.iter().map(|got| got.payload()["inArguments"][0]["to"].clone()).collect();
    assert_eq!(numbers, ["385911234567", "385917654321"]);
    assert_eq!(lifecycle(&endpoint), expected);
}

#[tokio::test]
async fn a_refusing_activity_keeps_the_journey_a_draft() {
    let sandbox = sandbox().await;
    for (call, made) in [("save", 1), ("validate", 2), ("publish", 3)] {
        let path: &'static str = match call {
            "save" => "/messaging/save",
            "validate" => "/messaging/validate",
            _ => "/messaging/publish",
        };
        let endpoint = activities(path);
        let id = sandbox.sfmc().design_journey(design(&endpoint)).await.unwrap();
        configure(sandbox.sfmc(), &id);
        let (status, refused) = page(&sandbox, "POST", &format!("/api/journeys/{id}/publish"), Value::Null).await;
        assert_eq!(status, 409);
        let sentence = |text: &str| format!("REST-1 ({call}): {text}");
        assert_eq!(refused["errors"], json!([sentence("The sender is not known."), sentence("Nor is the account.")]));
        assert_eq!(lifecycle(&endpoint).len(), made);
        assert_eq!(sandbox.sfmc().designed(&id).unwrap().status, DesignStatus::Draft);
    }
    let endpoint = activities("");
    let id = sandbox.sfmc().design_journey(Design::new("Bare", MID, &endpoint.url)).await.unwrap();
    let Err(DesignError::Refused(errors)) = sandbox.sfmc().publish_designed(&id).await else { panic!() };
    assert_eq!(errors, ["The journey has no entry source.", "REST-1 is not configured."]);
}

#[tokio::test]
async fn copies_and_versions_keep_the_configuration_under_new_ids() {
    let sandbox = sandbox().await;
    let endpoint = activities("");
    let world = sandbox.sfmc();
    let id = world.design_journey(design(&endpoint)).await.unwrap();
    configure(world, &id);
    assert!(matches!(world.new_version_of_designed(&id), Err(DesignError::Status { .. })));
    world.publish_designed(&id).await.unwrap();
    let original = world.designed(&id).unwrap();

    let (_, copied) = page(&sandbox, "POST", &format!("/api/journeys/{id}/copy"), Value::Null).await;
    let copy = world.designed(copied["id"].as_str().unwrap()).unwrap();
    assert_eq!((copy.version, copy.status, copy.name.as_str()), (1, DesignStatus::Draft, "Spring - Copy"));
    assert_eq!(copy.id, copy.original_definition_id);
    assert_ne!(copy.id, original.id);
    assert_ne!(copy.key, original.key);

    let (_, made) = page(&sandbox, "POST", &format!("/api/journeys/{id}/new-version"), Value::Null).await;
    let version = world.designed(made["id"].as_str().unwrap()).unwrap();
    assert_eq!((version.version, version.status), (2, DesignStatus::Draft));
    assert_eq!((&version.original_definition_id, &version.key), (&original.id, &original.key));
    assert_ne!(version.id, original.id);
    for other in [&copy, &version] {
        let (theirs, ours) = (other.activity("REST-1"), original.activity("REST-1"));
        assert_ne!(theirs["id"], ours["id"]);
        for part in ["arguments", "configurationArguments", "metaData", "schema"] {
            assert_eq!(theirs[part], ours[part]);
        }
    }

    // The new version takes the old one's place.
    world.publish_designed(&version.id).await.unwrap();
    assert_eq!(world.designed(&id).unwrap().status, DesignStatus::Unpublished);
    let last = endpoint.got().pop().unwrap();
    assert_eq!((last.path.as_str(), &last.json()["interactionId"]), ("/activities/messaging/unpublish", &json!(id)));
    let publish = endpoint.got().into_iter().rev().find(|got| got.path.ends_with("/publish")).unwrap().json();
    assert_eq!((&publish["interactionVersion"], &publish["originalDefinitionId"]), (&json!("2"), &json!(id)));
    assert_eq!(world.designed_ids().len(), 3);
}

#[tokio::test]
async fn a_stop_tells_the_activities_and_ejects_who_is_inside() {
    let sandbox = sandbox_with(SandboxOptions::default(), frozen()).await;
    let endpoint = activities("");
    let world = sandbox.sfmc();
    let id = world.design_journey(design(&endpoint).template(CanvasTemplate::MessageWaitReport)).await.unwrap();
    assert!(matches!(world.stop_designed(&id).await, Err(DesignError::Status { .. })));
    configure(world, &id);
    world.publish_designed(&id).await.unwrap();
    let run = world.run_designed(&id).await.unwrap();
    until("the wait", || run.progress().arrived.get("WAITBYDURATION-1") == Some(&2)).await;
    assert_eq!(page(&sandbox, "POST", &format!("/api/journeys/{id}/stop"), Value::Null).await.0, 200);
    assert_eq!(world.designed(&id).unwrap().status, DesignStatus::Stopped);
    assert_eq!(run.outcome().await.progress.ejected, 2);
    let stops = |endpoint: &Endpoint| lifecycle(endpoint).iter().filter(|path| path.ends_with("/stop")).count();
    assert_eq!(stops(&endpoint), 2);

    // Without anybody inside the activities hear it too.
    let idle = world.design_journey(design(&endpoint)).await.unwrap();
    configure(world, &idle);
    world.publish_designed(&idle).await.unwrap();
    world.stop_designed(&idle).await.unwrap();
    assert_eq!(stops(&endpoint), 3);
}

#[tokio::test]
async fn an_event_releases_the_contacts_of_a_designed_journey() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let endpoint = activities("");
    let world = sandbox.sfmc();
    let replies = DataExtensionSpec {
        key: "replies".into(),
        columns: vec![Column::text("text", 50)],
        ..DataExtensionSpec::default()
    };
    world.create_data_extension(MID, replies).unwrap();
    let caller = Caller::new(&sandbox).await;
    let body = json!({
        "name": "Replies", "mid": MID, "endpointBase": endpoint.url, "template": "messageEventReport",
        "entry": { "columns": [{ "name": "SubscriberKey", "type": "Text" }, { "name": "Mobile Phone", "type": "Phone" }],
                   "rows": [{ "SubscriberKey": "C-1", "Mobile Phone": "385911234567" }, { "SubscriberKey": "C-2" }] },
        "event": { "name": "SMS Response", "dataExtensionKey": "replies" }, "maxWaitSecs": 30,
        "rules": [{ "operand": "{{Interaction.REST-2.statusName}}", "operator": "beginsWith", "value": "DELIVERED" }],
    });
    let (status, made) = caller.rest("POST", "/_sandbox/designs", body).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["url"], format!("{}/journeys/{id}", sandbox.journey_builder_url()));
    let (_, designed) = caller.rest("GET", &format!("/_sandbox/designs/{id}"), Value::Null).await;
    let event = designed["activities"][1]["configurationArguments"]["eventDefinitionKey"].as_str().unwrap();
    assert_eq!(designed["activities"][1]["type"], "WAITUNTILAPIEVENT");
    assert_eq!(designed["status"], "Draft");
    assert_eq!(world.event_definition(MID, event).unwrap().name, "SMS Response");
    assert_eq!(caller.rest("GET", "/_sandbox/designs", Value::Null).await.1["ids"], json!([id]));
    assert_eq!(caller.rest("GET", "/_sandbox/designs/none", Value::Null).await.0, 404);
    assert_eq!(caller.rest("POST", "/_sandbox/designs", json!({ "mid": MID })).await.0, 400);
    let nowhere = json!({ "mid": MID, "endpointBase": "http://127.0.0.1:1" });
    assert_eq!(caller.rest("POST", "/_sandbox/designs", nowhere).await.0, 409);

    configure(world, id);
    world.publish_designed(id).await.unwrap();
    let run = world.run_designed(id).await.unwrap();
    until("the wait", || run.progress().arrived.get("WAITUNTILAPIEVENT-1") == Some(&2)).await;
    let fired = json!({ "ContactKey": "C-1", "EventDefinitionKey": event, "Data": { "text": "YES" } });
    assert_eq!(caller.rest("POST", "/interaction/v1/events", fired).await.0, 201);
    until("the release", || run.progress().finished == 1).await;
    clock.advance(Duration::from_secs(30));
    let outcome = run.outcome().await;
    let branches: Vec<&[String]> = outcome.contacts.iter().map(|contact| contact.branches.as_slice()).collect();
    assert_eq!(branches[0], ["WAITUNTILAPIEVENT-1/event", "MULTICRITERIADECISION-1/DELIVERED"]);
    assert_eq!(branches[1], ["WAITUNTILAPIEVENT-1/otherwise", "MULTICRITERIADECISION-1/otherwise"]);
}

#[tokio::test]
async fn steps_of_a_draft_are_changed() {
    let sandbox = sandbox().await;
    let endpoint = activities("");
    let world = sandbox.sfmc();
    let id = world.design_journey(design(&endpoint).template(CanvasTemplate::MessageWaitReport)).await.unwrap();
    let put =
        async |key: &str, body: Value| page(&sandbox, "PUT", &format!("/api/journeys/{id}/steps/{key}"), body).await.0;
    assert_eq!(put("WAITBYDURATION-1", json!({ "waitSecs": 7 })).await, 200);
    let rule = DesignRule { value: "EXPIRED".into(), ..DesignRule::default() };
    assert_eq!(put("MULTICRITERIADECISION-1", json!({ "rules": [rule, DesignRule::default()] })).await, 200);
    assert_eq!(put("REST-1", json!({ "waitSecs": 7 })).await, 404);
    assert_eq!(put("WAITBYDURATION-1", json!({ "waitSecs": "long" })).await, 400);
    let designed = world.designed(&id).unwrap();
    assert_eq!(designed.activity("WAITBYDURATION-1")["configurationArguments"]["waitDuration"], 7);
    let split = designed.activity("MULTICRITERIADECISION-1");
    assert_eq!(split["configurationArguments"]["criteria"][0]["value"], "EXPIRED");
    assert_eq!(split["outcomes"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_page_is_served_with_a_policy_and_is_no_client() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.jsonl");
    let options = SandboxOptions { record: Some(path.clone()), ..SandboxOptions::default() };
    let sandbox = sandbox_with(options, Arc::new(SystemClock::new())).await;
    let endpoint = activities("");
    let id = sandbox.sfmc().design_journey(design(&endpoint)).await.unwrap();
    sandbox.sfmc().add_fault(Fault::always(FaultKind::Status { code: 503 }));
    let http = super::super::http_client().unwrap();
    let files = [
        "page.js",
        "overview.js",
        "journey.js",
        "steps.js",
        "modal.js",
        "host.js",
        "wire.js",
        "foreign.js",
        "host.css",
        "icon.svg",
    ];
    let assets = files.map(|file| format!("/assets/{file}"));
    let pages = ["".to_owned(), "/".to_owned(), "/foreign".to_owned(), format!("/journeys/{id}")];
    for path in pages.iter().chain(&assets) {
        let answer = http.get(format!("{}{path}", sandbox.journey_builder_url())).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        let text = answer.text().await.unwrap();
        assert!(!text.contains("<script>") && !text.contains("style=\"") && !text.contains("https://cdn"), "{path}");
    }
    for path in ["/journeys/none", "/api/journeys/none", "/api/none", "/assets/none", "/none"] {
        let answer = http.get(format!("{}{path}", sandbox.journey_builder_url())).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    let overview = http.get(format!("{}/api/overview", sandbox.journey_builder_url())).send().await.unwrap();
    let overview: Value = overview.json().await.unwrap();
    assert_eq!((&overview["units"][0]["mid"], &overview["journeys"][0]["id"]), (&json!(MID), &json!(id)));
    let columns = http.post(format!("{}/api/columns", sandbox.journey_builder_url())).json(&json!({ "csv": CSV }));
    let columns: Value = columns.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        columns["columns"][2],
        json!({ "name": "Work", "type": "Phone", "length": null, "scale": null,
        "required": false, "primaryKey": false, "default": null })
    );
    assert_eq!(sandbox.sfmc().requests(), 0);
    sandbox.stop().await;
    assert_eq!(std::fs::read_to_string(path).unwrap(), "");
}
