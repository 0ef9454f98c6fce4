//! Journeys as REST shows them, and pause, resume and stop (sfmc.md 7).

use serde_json::{Value, json};

use super::token::Token;
use super::{State, rest_error};
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};
use crate::sandbox::journey::{Activity, Journey};

/// A journey of the runner in the shape of a stored interaction.
pub(super) fn of_journey(journey: &Journey) -> Value {
    let activities: Vec<Value> = journey
        .activities
        .iter()
        .map(|activity| match activity {
            Activity::Rest { key, activity, .. } => {
                let mut stored = activity.clone();
                if let Value::Object(fields) = &mut stored {
                    fields.insert("key".to_owned(), key.clone().into());
                    fields.entry("type").or_insert_with(|| "REST".into());
                }
                stored
            }
            Activity::Wait { key, .. } => json!({ "key": key, "type": "WAIT" }),
            Activity::WaitUntilEvent { key, event_definition_key, .. } => json!({
                "key": key,
                "type": "WAITUNTILAPIEVENT",
                "configurationArguments": { "eventDefinitionKey": event_definition_key },
            }),
            Activity::DecisionSplit { key, .. } => json!({ "key": key, "type": "MULTICRITERIADECISION" }),
        })
        .collect();
    json!({
        "id": journey.journey_id,
        "key": journey.key(),
        "name": journey.name,
        "version": journey.version_number,
        "definitionId": journey.original_definition_id,
        "status": "Published",
        "workflowApiVersion": 1,
        "entryMode": "MultipleEntries",
        "activities": activities,
        "triggers": [{
            "type": "EmailAudience",
            "metaData": { "eventDefinitionKey": journey.event_definition_key },
        }],
        "defaults": { "email": [], "mobileNumber": journey.default_mobile_number.iter().collect::<Vec<_>>() },
    })
}

fn is_target(interaction: &Value, target: &str) -> bool {
    let is = |field: &str, wanted: &str| interaction.get(field).and_then(Value::as_str) == Some(wanted);
    match target.strip_prefix("key:") {
        Some(key) => is("key", key),
        None => is("id", target) || is("definitionId", target),
    }
}

/// `GET /interaction/v1/interactions`, `/{id}`, `/key:{key}`, `/status/key:{key}`.
pub(super) fn read(state: &State, token: &Token, rest: &[&str], call: &Call) -> Reply {
    let all = state.units.get(&token.mid).map(|unit| unit.interactions.as_slice()).unwrap_or_default();
    match *rest {
        // Page size and filters are ignored, as one live note has it.
        [] => {
            let items: Vec<Value> = all.iter().map(|one| shown(one, call)).collect();
            Reply::json(200, &json!({ "count": all.len(), "page": 1, "pageSize": 50, "items": items }))
        }
        ["status", target] => {
            let versions = all.iter().filter(|one| is_target(one, target));
            let versions: Vec<Value> = versions
                .map(
                    |one| json!({ "id": one.at("id"), "status": one.at("status"), "versionNumber": one.at("version") }),
                )
                .collect();
            Reply::json(200, &versions.into())
        }
        [target] => {
            let version = call.query_value("versionNumber").and_then(|version| version.parse::<u64>().ok());
            let versions = all.iter().filter(|one| is_target(one, target));
            let wanted = versions.filter(|one| version.is_none_or(|version| one.at("version") == version));
            match wanted.max_by_key(|one| one.at("version").as_u64()) {
                Some(found) => Reply::json(200, &shown(found, call)),
                None => rest_error(404, 30003, "The interaction was not found."),
            }
        }
        _ => rest_error(404, 0, "Not Found"),
    }
}

/// Activities are shown only when asked for.
fn shown(interaction: &Value, call: &Call) -> Value {
    let mut shown = interaction.clone();
    let extras = call.query_values("extras").join(",");
    if !(extras.contains("all") || extras.contains("activities"))
        && let Value::Object(fields) = &mut shown
    {
        fields.remove("activities");
    }
    shown
}

/// `POST /interaction/v1/interactions/{stop|pause|resume}/{target}`. Changes what is shown; contacts of a running
/// journey are not affected, that is what [`crate::sandbox::journey::JourneyRun::stop`] is for.
pub(super) fn command(state: &mut State, token: &Token, verb: &str, target: &str) -> Reply {
    let status = match verb {
        "stop" => "Stopped",
        "pause" => "Paused",
        _ => "Published",
    };
    let all = state.units.get_mut(&token.mid).map(|unit| unit.interactions.as_mut_slice()).unwrap_or_default();
    let mut found = false;
    for interaction in all.iter_mut().filter(|one| is_target(one, target)) {
        interaction.set("status", status);
        found = true;
    }
    if !found {
        return rest_error(404, 30003, "The interaction was not found.");
    }
    Reply::json(202, &json!({ "status": "Accepted" }))
}
