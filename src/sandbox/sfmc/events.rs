//! API events and event definitions (sfmc.md 7).

use serde_json::{Value, json};

use super::token::Token;
use super::{EventDefinition, ReceivedEvent, Scene, State, new_guid, rest_error};
use crate::sandbox::front::{Call, Reply};

/// `POST /interaction/v1/events`. An event whose definition has an extension is written into it, as the platform does.
pub(super) fn fire(state: &mut State, scene: &Scene<'_>, token: &Token, call: &Call) -> Reply {
    let Ok(Value::Object(body)) = call.json() else {
        return rest_error(400, 10001, "The request body is not a JSON object.");
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (contact_key, key) = (text("ContactKey"), text("EventDefinitionKey"));
    if contact_key.is_empty() {
        return rest_error(400, 10001, "ContactKey is required.");
    }
    if key.is_empty() || key.contains('.') {
        return rest_error(400, 10001, "EventDefinitionKey is required and must not contain a period.");
    }
    let data = match body.get("Data") {
        None | Some(Value::Null) => serde_json::Map::new(),
        Some(Value::Object(data)) => data.clone(),
        Some(_) => return rest_error(400, 10001, "Data must be an object."),
    };
    let Some(unit) = state.units.get_mut(&token.mid) else { return rest_error(400, 30000, "The unit is unknown.") };
    let known = unit.event_definitions.iter().find(|(_, definition)| definition.event_definition_key == key);
    let Some((_, definition)) = known else {
        return rest_error(400, 30003, &format!("No event definition was found for the key {key}."));
    };
    if let Some(extension_key) = definition.data_extension_key.as_deref() {
        let Some(extension) = unit.extensions.get_mut(&extension_key.to_lowercase()) else {
            return rest_error(400, 30003, "The data extension of the event definition does not exist.");
        };
        if let Err(problem) = extension.upsert(&data) {
            return rest_error(400, 10000, &format!("The event data is not valid: {problem}"));
        }
    }
    let event_instance_id = new_guid();
    let event = ReceivedEvent {
        mid: token.mid,
        contact_key,
        event_definition_key: key,
        data: Value::Object(data),
        event_instance_id: event_instance_id.clone(),
        at: scene.now,
    };
    state.events.push(event);
    Reply::json(201, &json!({ "eventInstanceId": event_instance_id }))
}

/// `GET /interaction/v1/eventDefinitions`, `/{id}` and `/key:{key}`.
pub(super) fn definitions(state: &State, token: &Token, rest: &[&str], call: &Call) -> Reply {
    let all = state.units.get(&token.mid).map(|unit| unit.event_definitions.as_slice()).unwrap_or_default();
    let shown = |(id, definition): &(String, EventDefinition)| {
        let extension = definition.data_extension_key.as_deref().and_then(|key| state.extension(token.mid, key));
        json!({
            "id": id,
            "type": definition.kind,
            "name": definition.name,
            "mode": "Production",
            "eventDefinitionKey": definition.event_definition_key,
            "dataExtensionId": extension.map(|extension| &extension.object_id),
            "dataExtensionName": extension.map(|extension| &extension.name),
            "iconUrl": "",
            "arguments": {},
            "configurationArguments": {},
            "metaData": {},
        })
    };
    match *rest {
        [] => {
            let page = call.query_value("$page").and_then(|page| page.parse().ok()).unwrap_or(1usize).max(1);
            let size = call.query_value("$pageSize").and_then(|size| size.parse().ok()).unwrap_or(50usize).max(1);
            let items: Vec<Value> = all.iter().skip((page - 1) * size).take(size).map(shown).collect();
            let body = json!({ "count": all.len(), "page": page, "pageSize": size, "links": {}, "items": items });
            Reply::json(200, &body)
        }
        [target] => {
            let is_wanted = |(id, definition): &&(String, EventDefinition)| match target.strip_prefix("key:") {
                Some(key) => definition.event_definition_key == key,
                None => id == target,
            };
            match all.iter().find(is_wanted) {
                Some(found) => Reply::json(200, &shown(found)),
                None => rest_error(404, 30003, "The event definition was not found."),
            }
        }
        _ => rest_error(404, 0, "Not Found"),
    }
}
