//! API events and event definitions (sfmc.md 7).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::token::Token;
use super::{Scene, SfmcWorld, State, UnknownUnit, new_guid, rest_error};
use crate::clock::Timestamp;
use crate::sandbox::front::{Call, Reply};
use crate::sandbox::journey::waiting::Awaited;

/// An event definition, such as the API event of a Wait Until Event activity.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDefinition {
    /// `APIEvent-…`, `DEAudience-…`; must not contain a period.
    pub event_definition_key: String,
    pub name: String,
    /// `APIEvent`, `EmailAudience` …
    #[serde(rename = "type")]
    pub kind: String,
    /// External key of the extension whose required columns an event must fill, and into which it is written.
    pub data_extension_key: Option<String>,
}

/// An API event that was accepted.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedEvent {
    pub mid: u64,
    pub contact_key: String,
    pub event_definition_key: String,
    pub data: Value,
    pub event_instance_id: String,
    /// On the steady clock.
    pub at: Timestamp,
    /// How many contacts it released from a Wait Until Event; with none it is lost.
    pub released: usize,
}

impl SfmcWorld {
    /// Registers an event definition with a business unit, or replaces the one of the same key; its id stays.
    ///
    /// # Errors
    ///
    /// When the unit is unknown.
    pub fn add_event_definition(&self, mid: u64, definition: EventDefinition) -> Result<(), UnknownUnit> {
        let mut state = self.lock();
        let definitions = &mut state.units.get_mut(&mid).ok_or(UnknownUnit(mid))?.event_definitions;
        let key = &definition.event_definition_key;
        match definitions.iter_mut().find(|(_, known)| known.event_definition_key == *key) {
            Some((_, known)) => *known = definition,
            None => definitions.push((new_guid(), definition)),
        }
        Ok(())
    }

    /// Makes an API event as *Create New* of Wait Until Event does: into a data extension, under a new key.
    ///
    /// # Errors
    ///
    /// When the unit is unknown.
    pub fn add_api_event(
        &self,
        mid: u64,
        name: &str,
        data_extension_key: &str,
    ) -> Result<EventDefinition, UnknownUnit> {
        let definition = EventDefinition {
            event_definition_key: format!("APIEvent-{}", new_guid()),
            name: name.to_owned(),
            kind: "APIEvent".to_owned(),
            data_extension_key: Some(data_extension_key.to_owned()),
        };
        self.add_event_definition(mid, definition.clone())?;
        Ok(definition)
    }

    /// An event definition of a business unit.
    pub fn event_definition(&self, mid: u64, key: &str) -> Option<EventDefinition> {
        let state = self.lock();
        let definitions = &state.units.get(&mid)?.event_definitions;
        definitions.iter().map(|(_, known)| known).find(|known| known.event_definition_key == key).cloned()
    }

    /// A business unit's event definitions, in the order they were made.
    pub(in crate::sandbox) fn event_definitions(&self, mid: u64) -> Vec<EventDefinition> {
        let state = self.lock();
        let definitions = state.units.get(&mid).into_iter().flat_map(|unit| &unit.event_definitions);
        definitions.map(|(_, definition)| definition.clone()).collect()
    }

    /// An event definition as REST and Journey Builder show it.
    pub(in crate::sandbox) fn shown_event_definition(&self, mid: u64, key: &str) -> Option<Value> {
        let state = self.lock();
        let definitions = &state.units.get(&mid)?.event_definitions;
        let (id, definition) = definitions.iter().find(|(_, known)| known.event_definition_key == key)?;
        Some(shown(&state, mid, id, definition))
    }

    /// The API events received, in order.
    pub fn events(&self) -> Vec<ReceivedEvent> {
        self.lock().events.clone()
    }
}

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
    let awaited = Awaited { mid: token.mid, event_definition_key: key.clone(), contact_key: contact_key.clone() };
    let event = ReceivedEvent {
        mid: token.mid,
        contact_key,
        event_definition_key: key,
        data: Value::Object(data),
        event_instance_id: event_instance_id.clone(),
        at: scene.now,
        released: scene.waiting.release(&awaited),
    };
    state.events.push(event);
    Reply::json(201, &json!({ "eventInstanceId": event_instance_id }))
}

/// `GET /interaction/v1/eventDefinitions`, `/{id}` and `/key:{key}`.
pub(super) fn definitions(state: &State, token: &Token, rest: &[&str], call: &Call) -> Reply {
    let all = state.units.get(&token.mid).map(|unit| unit.event_definitions.as_slice()).unwrap_or_default();
    let shown = |(id, definition): &(String, EventDefinition)| shown(state, token.mid, id, definition);
    match *rest {
        [] => {
            let page = call.query_value("$page").and_then(|page| page.parse().ok()).unwrap_or(1usize).max(1);
            let size = call.query_value("$pageSize").and_then(|size| size.parse().ok()).unwrap_or(50usize).max(1);
            let skipped = (page - 1).saturating_mul(size);
            let items: Vec<Value> = all.iter().skip(skipped).take(size).map(shown).collect();
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

fn shown(state: &State, mid: u64, id: &str, definition: &EventDefinition) -> Value {
    let extension = definition.data_extension_key.as_deref().and_then(|key| state.extension(mid, key));
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
}
