//! Custom activities: from config.json to the object on the canvas, and what Journey Builder does to one that it stores
//! (sfmc.md 1.2, 1.3, 3.5).

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::DesignError;
use crate::clock::Clock;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::journey::execute::root_cause;

/// config.json has to come within this.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The modal's size when config.json gives none: width and height in pixels.
const MODAL_SIZE: (u64, u64) = (1_000, 700);
/// The frames of a running journey (sfmc.md 1.3).
const HOVER_SIZE: (u64, u64) = (200, 243);
const RUNNING_MODAL_SIZE: (u64, u64) = (420, 560);
/// The page of an activity that names none.
const PAGE_DEFAULT: &str = "index.html";
/// Whose texts are shown.
const CULTURE: &str = "en-US";

/// What config.json says beside the activity object: pages, steps, texts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoint {
    /// With a slash at its end; relative addresses start here.
    pub(super) url: String,
    pub(super) name: String,
    /// `{key,label,active}` each, labels resolved.
    pub(super) steps: Vec<Value>,
    /// The texts that labels may name.
    pub(super) texts: Value,
    pub(super) modal: Frame,
    pub(super) hover: Option<Frame>,
    pub(super) running_modal: Option<Frame>,
    pub(super) supports_read_only: bool,
}

/// A page and the size of its frame in pixels.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Frame {
    pub(super) url: String,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) fullscreen: bool,
}

/// Reads `{base}/activities/{kind}/config.json`. Answers the endpoint and the object that a first drop hands to the page.
pub(super) async fn dropped(
    client: &reqwest::Client,
    clock: &Arc<dyn Clock>,
    base: &str,
    kind: &str,
    key: &str,
) -> Result<(Endpoint, Value), DesignError> {
    let address = format!("{}/activities/{kind}/", base.trim_end_matches('/'));
    let bad = |problem: String| DesignError::Endpoint { url: format!("{address}config.json"), problem };
    let url = Url::parse(&address).map_err(|error| bad(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("an address begins with http:// or https://".to_owned()));
    }
    let config = url.join("config.json").map_err(|error| bad(error.to_string()))?;
    let request = async {
        let answer = client.get(config).send().await?;
        let status = answer.status().as_u16();
        answer.bytes().await.map(|body| (status, body))
    };
    let answer = tokio::select! {
        answer = request => answer,
        () = clock.sleep(TIMEOUT) => return Err(bad("nothing in time".to_owned())),
    };
    let (status, body) = answer.map_err(|error| bad(root_cause(&error)))?;
    if status != 200 {
        return Err(bad(format!("status {status}")));
    }
    let config: Value = serde_json::from_slice(&body).map_err(|error| bad(error.to_string()))?;
    if !config.is_object() {
        return Err(bad("it is no JSON object".to_owned()));
    }
    Ok((endpoint(&url, &config), first_object(&url, &config, key)))
}

fn endpoint(url: &Url, config: &Value) -> Endpoint {
    let texts = config.at("lang").at(CULTURE).clone();
    let text = |value: &Value| {
        let label = value.as_str().unwrap_or_default();
        texts.at(label).as_str().unwrap_or(label).to_owned()
    };
    let step = |step: &Value| {
        let is_active = step.at("active").as_bool().unwrap_or(true);
        json!({ "key": step.at("key"), "label": text(step.at("label")), "active": is_active })
    };
    let interfaces = config.at("userInterfaces");
    let frame = |described: &Value, size: (u64, u64)| Frame {
        url: absolute(url, described.at("url").as_str().filter(|url| !url.is_empty()).unwrap_or(PAGE_DEFAULT)),
        width: described.at("width").as_u64().unwrap_or(size.0),
        height: described.at("height").as_u64().unwrap_or(size.1),
        fullscreen: described.at("fullscreen").as_bool().unwrap_or(false),
    };
    let optional = |name: &str, size: (u64, u64)| {
        let described = interfaces.at(name);
        // The platform fixes the sizes of these two.
        described.is_object().then(|| Frame { width: size.0, height: size.1, ..frame(described, size) })
    };
    Endpoint {
        url: url.to_string(),
        name: texts.at("name").as_str().unwrap_or("Custom Activity").to_owned(),
        steps: config.at("wizardSteps").as_array().into_iter().flatten().map(step).collect(),
        modal: frame(interfaces.at("configModal"), MODAL_SIZE),
        hover: optional("runningHover", HOVER_SIZE),
        running_modal: optional("runningModal", RUNNING_MODAL_SIZE),
        supports_read_only: interfaces.at("configurationSupportsReadOnlyMode").as_bool().unwrap_or(false),
        texts,
    }
}

fn absolute(base: &Url, address: &str) -> String {
    base.join(address).map_or_else(|_| address.to_owned(), String::from)
}

fn first_object(url: &Url, config: &Value, key: &str) -> Value {
    let kind = config.at("type").as_str().unwrap_or("REST").to_uppercase();
    let mut activity = json!({
        "id": null, "key": key, "name": "", "type": kind,
        "arguments": config.at("arguments"),
        "configurationArguments": config.at("configurationArguments"),
        "metaData": config.at("metaData"),
        "schema": config.at("schema"),
        "outcomes": config.at("outcomes"),
    });
    activity = rewritten(activity, url.as_str(), None);
    let metadata = activity.get_mut("metaData");
    if let Some(metadata) = metadata.filter(|metadata| metadata.at("isConfigured").is_null()) {
        metadata.set("isConfigured", false);
    }
    activity
}

/// An activity as it is stored after *Done*: icons absolute, what is missing filled in, schema words capitalised,
/// outcomes with a key and the activity they lead to. Rewriting twice changes nothing more.
pub(super) fn rewritten(mut activity: Value, endpoint_url: &str, next: Option<&str>) -> Value {
    fill(&mut activity, "editable", true.into());
    fill(&mut activity, "errors", Value::Null);
    if let Some(arguments) = object_at(&mut activity, "arguments") {
        for (name, expression) in [
            ("executionMode", "{{Context.ExecutionMode}}"),
            ("definitionId", "{{Context.DefinitionId}}"),
            ("activityId", "{{Activity.Id}}"),
            ("contactKey", "{{Context.ContactKey}}"),
            ("startActivityKey", "{{Context.StartActivityKey}}"),
            ("definitionInstanceId", "{{Context.DefinitionInstanceId}}"),
            ("requestObjectId", "{{Context.RequestObjectId}}"),
            ("testExecute", ""),
        ] {
            fill(arguments, name, expression.into());
        }
        if let Some(execute) = object_at(arguments, "execute") {
            for name in ["inArguments", "outArguments"] {
                fill(execute, name, json!([]));
            }
        }
    }
    if let Some(configuration) = object_at(&mut activity, "configurationArguments") {
        for name in ["save", "validate", "publish", "unpublish", "stop"] {
            fill(configuration, name, "".into());
        }
        for name in ["testSave", "testValidate", "testPublish", "testUnpublish", "testStop", "partnerActivityId"] {
            fill(configuration, name, "".into());
        }
        fill(configuration, "outArgumentSchema", json!({}));
    }
    if let (Some(metadata), Ok(base)) = (object_at(&mut activity, "metaData"), Url::parse(endpoint_url)) {
        for name in ["icon", "iconSmall"] {
            make_absolute(metadata, name, &base);
        }
        fill(metadata, "statsContactIcon", "".into());
    }
    if let Some(schema) = object_at(&mut activity, "schema") {
        for (name, direction) in [("inArguments", "In"), ("outArguments", "Out")] {
            complete_schema(schema, name, direction);
        }
    }
    complete_outcomes(&mut activity, next);
    activity
}

fn fill(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.entry(name).or_insert(value);
    }
}

/// The object of that name, made when there is none.
fn object_at<'a>(parent: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    if !parent.at(name).is_object() {
        parent.set(name, Map::new());
    }
    parent.get_mut(name)
}

fn make_absolute(metadata: &mut Value, name: &str, base: &Url) {
    fill(metadata, name, "".into());
    let icon = metadata.at(name).as_str().unwrap_or_default().to_owned();
    if icon.is_empty() || Url::parse(&icon).is_ok() {
        return;
    }
    metadata.set(name, absolute(base, &icon));
    metadata.set(&format!("original_{name}"), icon);
}

/// `schema.arguments.execute.{name}`: an array of objects with one description each.
fn complete_schema(schema: &mut Value, name: &str, direction: &str) {
    let Some(execute) = object_at(schema, "arguments").and_then(|arguments| object_at(arguments, "execute")) else {
        return;
    };
    fill(execute, name, json!([]));
    let described = execute.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten();
    for description in described.filter_map(Value::as_object_mut).flat_map(|object| object.values_mut()) {
        if !description.is_object() {
            continue;
        }
        for (field, default) in [
            ("isNullable", json!(false)),
            ("readOnly", json!(false)),
            ("direction", json!(direction)),
            ("access", json!("Visible")),
        ] {
            fill(description, field, default);
        }
        for field in ["direction", "access"] {
            let word = description.at(field).as_str().map(capitalised);
            if let Some(word) = word {
                description.set(field, word);
            }
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect())
        .unwrap_or_default()
}

fn complete_outcomes(activity: &mut Value, next: Option<&str>) {
    if activity.at("outcomes").as_array().is_none_or(Vec::is_empty) {
        activity.set("outcomes", json!([{}]));
    }
    for outcome in activity.get_mut("outcomes").and_then(Value::as_array_mut).into_iter().flatten() {
        fill(outcome, "key", uuid::Uuid::new_v4().to_string().into());
        fill(outcome, "arguments", json!({}));
        fill(outcome, "metaData", json!({}));
        if let Some(metadata) = outcome.get_mut("metaData") {
            fill(metadata, "invalid", false.into());
        }
        if let Some(next) = next {
            fill(outcome, "next", next.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_activity_is_completed_once() {
        let activity = json!({
            "id": "a", "key": "REST-1", "name": "Hi", "extra": [1],
            "arguments": { "execute": { "inArguments": [{ "text": "Hi" }], "url": "https://x/execute" } },
            "metaData": { "icon": "icon.svg", "iconSmall": "https://cdn.example/s.svg", "isConfigured": true, "ours": { "a": 1 } },
            "schema": { "arguments": { "execute": { "outArguments": [
                { "messageId": { "dataType": "Text", "direction": "out", "access": "hidden" } }, { "odd": 1 } ] } } },
        });
        let stored = rewritten(activity.clone(), "https://x/activities/messaging/", Some("WAIT-1"));
        assert_eq!(stored["metaData"]["icon"], "https://x/activities/messaging/icon.svg");
        assert_eq!(stored["metaData"]["original_icon"], "icon.svg");
        assert_eq!(stored["metaData"]["iconSmall"], "https://cdn.example/s.svg");
        assert_eq!(stored["metaData"].get("original_iconSmall"), None);
        assert_eq!(stored["metaData"]["ours"], activity["metaData"]["ours"]);
        assert_eq!(stored["extra"], activity["extra"]);
        assert_eq!(stored["arguments"]["execute"]["inArguments"], activity["arguments"]["execute"]["inArguments"]);
        assert_eq!(stored["arguments"]["activityId"], "{{Activity.Id}}");
        assert_eq!(stored["configurationArguments"]["testSave"], "");
        let expected = json!({ "dataType": "Text", "direction": "Out", "access": "Hidden", "isNullable": false, "readOnly": false });
        assert_eq!(stored["schema"]["arguments"]["execute"]["outArguments"][0]["messageId"], expected);
        assert_eq!(stored["schema"]["arguments"]["execute"]["inArguments"], json!([]));
        assert_eq!(stored["outcomes"][0]["next"], "WAIT-1");
        assert_eq!(rewritten(stored.clone(), "https://x/activities/messaging/", Some("WAIT-1")), stored);
    }

    #[test]
    fn nonsense_becomes_an_activity_without_a_panic() {
        for nonsense in
            [json!(null), json!([]), json!({ "arguments": 1, "schema": { "arguments": [] }, "outcomes": [1] })]
        {
            let stored = rewritten(nonsense, "not an address", None);
            assert_eq!(rewritten(stored.clone(), "not an address", None), stored);
        }
    }
}
