use super::*;
use crate::sandbox::{EventDefinition, SfmcWorld};

#[tokio::test]
async fn a_token_tells_scopes_origins_and_lifetime() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox).await;
    let (status, answer) = caller.token(&json!({ "account_id": MID.to_string() })).await;
    assert_eq!(status, 200);
    assert_eq!(answer["expires_in"], 1079);
    assert_eq!(answer["rest_instance_url"], format!("{}/", sandbox.sfmc_origin()));
    assert!(answer["scope"].as_str().unwrap().contains("data_extensions_write"));
    assert_eq!(caller.token(&json!({ "scope": "" })).await.1["scope"], "");
}

#[tokio::test]
async fn wrong_credentials_are_an_invalid_client() {
    let caller = Caller::new(&sandbox().await).await;
    for changes in [json!({ "client_secret": "x" }), json!({ "client_id": "" }), json!({ "account_id": 1 })] {
        let (status, answer) = caller.token(&changes).await;
        assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")), "{changes}");
    }
    assert_eq!(caller.token(&json!({ "scope": "everything" })).await.0, 400);
    assert_eq!(caller.token(&json!({ "grant_type": "password" })).await.0, 400);
}

#[tokio::test]
async fn an_expired_token_is_refused_and_a_missing_scope_is_told_apart() {
    let clock = frozen();
    let sandbox = sandbox_with(SandboxOptions::default(), clock.clone()).await;
    let mut caller = Caller::new(&sandbox).await;
    let context = "/platform/v1/tokenContext";
    assert_eq!(caller.rest("GET", context, Value::Null).await.1["organization"]["id"], MID);
    clock.advance(Duration::from_secs(1079));
    let (status, answer) = caller.rest("GET", context, Value::Null).await;
    assert_eq!((status, &answer["message"]), (401, &json!("Not Authorized")));
    let (status, answer) = caller.soap("Retrieve", "<RetrieveRequestMsg/>").await;
    assert_eq!(status, 500);
    assert!(answer.contains("<faultstring>Token Expired</faultstring>"), "{answer}");

    let unit = BusinessUnit { scopes: vec!["journeys_read".into()], ..unit() };
    sandbox.sfmc().add_business_unit(unit);
    caller.renew().await;
    // The scope is checked before the key.
    let (status, answer) = caller.rest("POST", "/data/v1/async/dataextensions/key:none/rows", json!({})).await;
    assert_eq!(status, 403);
    assert!(answer["message"].as_str().unwrap().starts_with("Insufficient privileges"), "{answer}");
}

async fn with_reports(clock: Arc<dyn Clock>) -> (Caller, SfmcWorld) {
    let sandbox = sandbox_with(SandboxOptions::default(), clock).await;
    sandbox.sfmc().create_data_extension(MID, reports_extension()).unwrap();
    (Caller::new(&sandbox).await, sandbox.sfmc().clone())
}

const ASYNC_ROWS: &str = "/data/v1/async/dataextensions/key:reports/rows";

#[tokio::test]
async fn async_rows_are_stored_when_their_time_has_come() {
    let clock = frozen();
    let (caller, sfmc) = with_reports(clock.clone()).await;
    let row = json!({ "messageId": "m1", "statusName": "DELIVERED", "count": 2, "permanent": false, "price": 0.0085 });
    let (status, answer) = caller.rest("PUT", ASYNC_ROWS, json!({ "items": [row] })).await;
    assert_eq!(status, 202, "{answer}");
    let path = format!("/data/v1/async/{}/status", answer["requestId"].as_str().unwrap());
    assert_eq!(caller.rest("GET", &path, Value::Null).await.1["status"]["requestStatus"], "Pending");
    assert!(sfmc.rows(MID, "reports").is_empty());
    clock.advance(Duration::from_secs(1));
    let rows = sfmc.rows(MID, "REPORTS");
    assert_eq!(rows[0]["price"], "0.008500");
    assert_eq!(rows[0]["permanent"], "false");
    let (_, answer) = caller.rest("GET", &path, Value::Null).await;
    assert_eq!(answer["status"]["requestStatus"], "Complete");
    assert_eq!(answer["status"]["hasErrors"], false);
}

#[tokio::test]
async fn async_errors_do_not_name_the_row_and_spare_the_good_rows() {
    let clock = frozen();
    let (caller, sfmc) = with_reports(clock.clone()).await;
    let items = json!([
        { "messageId": "ok", "statusName": "X" },
        { "messageId": "ok", "statusName": "Y" },
        { "messageId": "long", "statusName": "12345678901" },
        { "messageId": "required" },
        { "messageId": "unknown", "statusName": "X", "colour": "red" },
        { "messageId": "number", "statusName": "X", "count": "two" },
        { "messageId": "date", "statusName": "X", "sentAt": "soon" },
    ]);
    let (_, answer) = caller.rest("POST", ASYNC_ROWS, json!({ "items": items })).await;
    clock.advance(Duration::from_secs(1));
    let id = answer["requestId"].as_str().unwrap().to_owned();
    let (_, answer) = caller.rest("GET", &format!("/data/v1/async/{id}/status"), Value::Null).await;
    assert_eq!(answer["status"]["hasErrors"], true);
    let (_, answer) = caller.rest("GET", &format!("/data/v1/async/{id}/results"), Value::Null).await;
    assert_eq!(answer["count"], 6, "{answer}");
    assert!(!answer["items"].to_string().contains("\"long\""), "{answer}");
    assert_eq!(sfmc.rows(MID, "reports").len(), 1);

    // Inserting a key again is an error, updating it is not.
    for (method, has_errors) in [("POST", true), ("PUT", false)] {
        let items = json!({ "items": [{ "messageId": "ok", "statusName": "Z" }] });
        let (_, answer) = caller.rest(method, ASYNC_ROWS, items).await;
        clock.advance(Duration::from_secs(1));
        let path = format!("/data/v1/async/{}/status", answer["requestId"].as_str().unwrap());
        assert_eq!(caller.rest("GET", &path, Value::Null).await.1["status"]["hasErrors"], has_errors, "{method}");
    }
    assert_eq!(sfmc.rows(MID, "reports")[0]["statusName"], "Z");
}

#[tokio::test]
async fn an_atomic_request_with_one_bad_row_stores_nothing() {
    let clock = frozen();
    let (caller, sfmc) = with_reports(clock.clone()).await;
    sfmc.set_async_atomic(true);
    let items = json!([{ "messageId": "a", "statusName": "X" }, { "messageId": "b" }]);
    caller.rest("PUT", ASYNC_ROWS, json!({ "items": items })).await;
    clock.advance(Duration::from_secs(1));
    assert!(sfmc.rows(MID, "reports").is_empty());
}

#[tokio::test]
async fn async_requests_that_cannot_work_are_refused() {
    let (caller, sfmc) = with_reports(frozen()).await;
    let path = "/data/v1/async/dataextensions/key:none/rows";
    let (status, answer) = caller.rest("PUT", path, json!({ "items": [] })).await;
    assert_eq!(status, 200);
    assert_eq!(answer["resultMessages"][0]["resultCode"], "CustomObjectNotFound");
    let many = vec![json!({}); 32_001];
    assert_eq!(caller.rest("POST", ASYNC_ROWS, json!({ "items": many })).await.0, 400);
    let large = json!({ "items": [{ "messageId": "x".repeat(5_900_000) }] });
    assert_eq!(caller.rest("POST", ASYNC_ROWS, large).await.0, 413);
    let keyless =
        DataExtensionSpec { key: "clicks".into(), columns: vec![Column::text("url", 10)], ..Default::default() };
    sfmc.create_data_extension(MID, keyless).unwrap();
    let path = "/data/v1/async/dataextensions/key:clicks/rows";
    assert_eq!(caller.rest("PUT", path, json!({ "items": [{ "url": "x" }] })).await.0, 400);
    assert_eq!(caller.rest("POST", path, json!({ "items": [{ "url": "x" }] })).await.0, 202);
    let (status, answer) = caller.rest("GET", "/data/v1/async/unknown/status", Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(answer["resultMessages"][0]["resultMessage"]["resultCode"], "AsyncRequestStatusNotFound");
}

#[tokio::test]
async fn the_rowset_upserts_all_rows_or_none() {
    let (caller, sfmc) = with_reports(frozen()).await;
    let path = "/hub/v1/dataevents/key:reports/rowset";
    let row = |id: &str, status: &str| json!({ "keys": { "messageId": id }, "values": { "statusName": status } });
    assert_eq!(caller.rest("POST", path, json!([row("a", "X"), row("b", "X")])).await.0, 200);
    let (status, answer) = caller.rest("POST", path, json!([row("a", "Y"), row("c", "12345678901")])).await;
    assert_eq!(status, 400);
    assert_eq!(answer["additionalErrors"].as_array().unwrap().len(), 1, "{answer}");
    let rows = sfmc.rows(MID, "reports");
    assert_eq!((rows.len(), rows[0]["statusName"].as_str()), (2, "X"));
    let keys = json!([{ "keys": { "statusName": "X" }, "values": {} }]);
    assert_eq!(caller.rest("POST", path, keys).await.0, 400);

    let path = "/hub/v1/dataevents/key:reports/rows/messageId:a%2Cb";
    let (status, answer) = caller.rest("PUT", path, json!({ "values": { "statusName": "Z" } })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(sfmc.rows(MID, "reports")[2]["messageId"], "a,b");
}

#[tokio::test]
async fn rowsets_are_read_in_pages_filtered_and_without_items_when_empty() {
    let (caller, sfmc) = with_reports(frozen()).await;
    for id in 0..5 {
        let row = [("messageId", format!("m{id}")), ("statusName", "X".into()), ("count", id.to_string())];
        let row = row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        sfmc.put_rows(MID, "reports", vec![row]).unwrap();
    }
    let path = "/data/v1/customobjectdata/key/reports/rowset?$pageSize=2&$filter=count%20ge%201&$orderBy=count%20desc";
    let (status, first) = caller.rest("GET", path, Value::Null).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!((&first["count"], &first["items"][0]["keys"]["messageId"]), (&json!(4), &json!("m4")));
    let next = format!("/data{}", first["links"]["next"].as_str().unwrap());
    let (_, second) = caller.rest("GET", &next, Value::Null).await;
    assert_eq!(second["items"][1]["keys"]["messageId"], "m1");
    assert!(second["links"].get("next").is_none());

    sfmc.set_lower_case_columns(true);
    let path = "/data/v1/customobjectdata/key/reports/rowset?$filter=messageid%20eq%20'm1'";
    let (_, answer) = caller.rest("GET", path, Value::Null).await;
    assert_eq!(answer["items"][0]["keys"], json!({ "messageid": "m1" }));
    let path = "/data/v1/customobjectdata/key/reports/rowset?$filter=messageId%20eq%20'none'";
    let (_, answer) = caller.rest("GET", path, Value::Null).await;
    assert!(answer.get("items").is_none(), "{answer}");
    let path = "/data/v1/customobjectdata/key/reports/rowset?$filter=colour%20eq%20'red'";
    assert_eq!(caller.rest("GET", path, Value::Null).await.0, 400);
}

#[tokio::test]
async fn extensions_are_searched_and_described() {
    let (caller, _) = with_reports(frozen()).await;
    assert_eq!(caller.rest("GET", "/data/v1/customobjects", Value::Null).await.0, 400);
    let (_, found) = caller.rest("GET", "/data/v1/customobjects?$search=delivery", Value::Null).await;
    let id = found["items"][0]["id"].as_str().unwrap();
    let (_, fields) = caller.rest("GET", &format!("/data/v1/customobjects/{id}/fields"), Value::Null).await;
    assert_eq!(fields["fields"][0]["name"], "messageId");
    assert_eq!(fields["fields"][0]["isPrimaryKey"], true);
}

#[tokio::test]
async fn events_need_their_definition_and_its_required_columns() {
    let (caller, sfmc) = with_reports(frozen()).await;
    let definition = EventDefinition {
        event_definition_key: "APIEvent-1".into(),
        name: "Reply".into(),
        kind: "APIEvent".into(),
        data_extension_key: Some("reports".into()),
    };
    sfmc.add_event_definition(MID, definition).unwrap();
    let path = "/interaction/v1/events";
    let event = |key: &str, data: Value| json!({ "ContactKey": "C-1", "EventDefinitionKey": key, "Data": data });
    let good = json!({ "messageId": "m1", "statusName": "REPLY" });
    let (status, answer) = caller.rest("POST", path, event("APIEvent-1", good.clone())).await;
    assert_eq!(status, 201, "{answer}");
    assert!(answer["eventInstanceId"].is_string());
    assert_eq!(sfmc.events()[0].contact_key, "C-1");
    assert_eq!(sfmc.rows(MID, "reports").len(), 1);
    for (key, data) in [("APIEvent-2", good.clone()), ("API.Event", good), ("APIEvent-1", json!({ "messageId": "m2" }))]
    {
        let (status, answer) = caller.rest("POST", path, event(key, data)).await;
        assert_eq!(status, 400, "{key} {answer}");
    }
    assert_eq!(sfmc.events().len(), 1);
    let (_, answer) = caller.rest("GET", "/interaction/v1/eventDefinitions/key:APIEvent-1", Value::Null).await;
    assert_eq!(answer["dataExtensionName"], "SMS Delivery Reports");
}
