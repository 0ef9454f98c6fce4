//! REST: which call needs which scope, and who answers it.

use serde_json::{Value, json};

use super::extension::Extension;
use super::token::Token;
use super::{Scene, State, async_rows, events, interactions, rest_error, rows};
use crate::sandbox::faults::FaultKind;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

/// The parent of every business unit here.
const ENTERPRISE: u64 = 510_000_000;

const READ_ROWS: &[&str] = &["data_extensions_read", "data_extensions_write"];
const WRITE_ROWS: &[&str] = &["data_extensions_write"];
const FIRE_EVENTS: &[&str] = &["list_and_subscribers_read", "list_and_subscribers_write"];
const READ_JOURNEYS: &[&str] = &["journeys_read", "journeys_write"];
const RUN_JOURNEYS: &[&str] = &["journeys_execute", "journeys_write"];

pub(super) fn answer(state: &mut State, scene: &Scene<'_>, call: &Call) -> Reply {
    let bearer = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = bearer.and_then(|text| state.token(text.trim(), scene.now)) else { return not_authorized() };
    let segments = call.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let Some(scopes) = scopes_of(&call.method, &segments) else {
        return rest_error(404, 0, "Not Found");
    };
    // The scope is checked before the key or the body is looked at.
    if !token.allows_any(scopes) {
        return forbidden();
    }
    route(state, scene, &token, call, &segments)
}

/// The scopes of which one is needed; `None` for a path that does not exist.
fn scopes_of(method: &str, segments: &[&str]) -> Option<&'static [&'static str]> {
    Some(match (method, segments) {
        ("GET", ["platform", "v1", "tokenContext"]) => &[],
        ("POST", ["hub", "v1", "dataevents", _, "rowset"]) => WRITE_ROWS,
        ("PUT", ["hub", "v1", "dataevents", _, "rows", _]) => WRITE_ROWS,
        ("POST" | "PUT", ["data", "v1", "async", "dataextensions", _, "rows"]) => WRITE_ROWS,
        ("GET", ["data", "v1", "async", _, "status" | "results"]) => READ_ROWS,
        ("GET", ["data", "v1", "customobjectdata", "key" | "token", _, "rowset"]) => READ_ROWS,
        ("GET", ["data", "v1", "customobjects"]) => READ_ROWS,
        ("GET", ["data", "v1", "customobjects", _]) => READ_ROWS,
        ("GET", ["data", "v1", "customobjects", _, "fields"]) => READ_ROWS,
        ("POST", ["interaction", "v1", "events"]) => FIRE_EVENTS,
        ("GET", ["interaction", "v1", "eventDefinitions", ..]) => READ_JOURNEYS,
        ("GET", ["interaction", "v1", "interactions", ..]) => READ_JOURNEYS,
        ("POST", ["interaction", "v1", "interactions", "stop" | "pause" | "resume", _]) => RUN_JOURNEYS,
        _ => return None,
    })
}

fn route(state: &mut State, scene: &Scene<'_>, token: &Token, call: &Call, segments: &[&str]) -> Reply {
    match *segments {
        ["platform", ..] => token_context(token),
        ["hub", _, _, target, "rowset"] => match extension_key(state, token, target) {
            Some(key) => rows::post_rowset(state, token, &key, call),
            None => rest_error(400, 10003, &format!("Could not find the data extension {target}.")),
        },
        ["hub", _, _, target, "rows", _] => match extension_key(state, token, target) {
            // The last segment is split before it is decoded.
            Some(key) => rows::put_row(state, token, &key, call.path.rsplit('/').next().unwrap_or_default(), call),
            None => rest_error(400, 10003, &format!("Could not find the data extension {target}.")),
        },
        ["data", _, "async", "dataextensions", target, _] => {
            let key = extension_key(state, token, target);
            // An unknown id is answered as an unknown key is: by a result message.
            async_rows::submit(state, scene, token, key.as_deref().unwrap_or(target), call)
        }
        ["data", _, "async", id, "status"] => async_rows::status(state, scene, token, id),
        ["data", _, "async", id, _] => async_rows::results(state, token, id, call),
        ["data", _, "customobjectdata", "key", key, _] => rows::open(state, scene, token, key, call),
        ["data", _, "customobjectdata", _, id, _] => rows::continued(state, scene, token, id, call),
        ["data", _, "customobjects"] => search(state, token, call),
        ["data", _, "customobjects", id] => described(state, token, id, object),
        ["data", _, "customobjects", id, _] => described(state, token, id, fields),
        ["interaction", _, "events"] => events::fire(state, scene, token, call),
        ["interaction", _, "eventDefinitions", ref rest @ ..] => events::definitions(state, token, rest, call),
        ["interaction", _, "interactions", ref rest @ ..] if call.method == "GET" => {
            interactions::read(state, token, rest, call)
        }
        ["interaction", _, "interactions", verb, target] => interactions::command(state, token, verb, target),
        _ => rest_error(404, 0, "Not Found"),
    }
}

/// `key:{externalKey}` or an object id, as the external key.
fn extension_key(state: &State, token: &Token, target: &str) -> Option<String> {
    match target.strip_prefix("key:") {
        Some(key) => Some(key.to_owned()),
        None => extension_by_id(state, token, target).map(|extension| extension.key.clone()),
    }
}

fn extension_by_id<'a>(state: &'a State, token: &Token, id: &str) -> Option<&'a Extension> {
    state.units.get(&token.mid)?.extensions.values().find(|extension| extension.object_id == id)
}

/// `organization` is the business unit; the enterprise above it has an id of its own.
fn token_context(token: &Token) -> Reply {
    let body = json!({
        "enterprise": { "id": ENTERPRISE },
        "organization": { "id": token.mid },
        "user": { "id": token.user },
    });
    Reply::json(200, &body)
}

/// `GET /data/v1/customobjects?$search=text`; the text is mandatory.
fn search(state: &State, token: &Token, call: &Call) -> Reply {
    let Some(text) = call.query_value("$search").filter(|text| !text.is_empty()) else {
        return rest_error(400, 10001, "The parameter $search is missing.");
    };
    let text = text.to_lowercase();
    let wanted = text.trim_matches('%');
    let extensions = state.units.get(&token.mid).into_iter().flat_map(|unit| unit.extensions.values());
    let matches = |extension: &&Extension| {
        extension.name.to_lowercase().contains(wanted) || extension.key.to_lowercase().contains(wanted)
    };
    let items: Vec<Value> = extensions.filter(matches).map(object).collect();
    Reply::json(200, &json!({ "count": items.len(), "page": 1, "pageSize": 50, "items": items }))
}

fn described(state: &State, token: &Token, id: &str, describe: fn(&Extension) -> Value) -> Reply {
    match extension_by_id(state, token, id) {
        Some(extension) => Reply::json(200, &describe(extension)),
        None => rest_error(404, 10003, "Could not find the data extension."),
    }
}

fn object(extension: &Extension) -> Value {
    json!({
        "id": extension.object_id,
        "key": extension.key,
        "name": extension.name,
        "description": extension.description,
        "isSendable": extension.sendable_column.is_some(),
        "fieldCount": extension.columns.len(),
        "rowCount": extension.raw_rows().len(),
    })
}

fn fields(extension: &Extension) -> Value {
    let fields = extension.columns.iter().enumerate().map(|(ordinal, column)| {
        json!({
            "name": column.name,
            "type": column.column_type.name(),
            "length": column.length.or(column.column_type.fixed_length()),
            "scale": column.scale,
            "ordinal": ordinal,
            "isNullable": !column.required,
            "isPrimaryKey": column.primary_key,
        })
    });
    json!({ "id": extension.object_id, "fields": fields.collect::<Vec<_>>() })
}

fn not_authorized() -> Reply {
    let body = json!({
        "message": "Not Authorized",
        "errorcode": 0,
        "documentation": "https://developer.salesforce.com/docs/atlas.en-us.mc-apis.meta/mc-apis/error-handling.htm",
    });
    Reply::json(401, &body)
}

fn forbidden() -> Reply {
    rest_error(403, 0, "Insufficient privileges to complete this action.")
}

/// How REST shows a fault.
pub(super) fn faulty(fault: &FaultKind) -> Reply {
    match fault {
        FaultKind::RateLimited { retry_after_secs } => {
            let mut body = json!({ "message": "Rate limit exceeded", "errorcode": 50100, "documentation": "" });
            match retry_after_secs {
                Some(seconds) => {
                    body.set("retryAfter", *seconds);
                    Reply::json(429, &body).with_header("Retry-After", seconds.to_string())
                }
                None => Reply::json(429, &body),
            }
        }
        FaultKind::Blocked => rest_error(429, 50200, "Your requests are temporarily blocked."),
        FaultKind::Unauthorized | FaultKind::Status { code: 401 } => not_authorized(),
        FaultKind::Forbidden | FaultKind::Status { code: 403 } => forbidden(),
        FaultKind::Status { code } => rest_error(*code, 0, "The service cannot answer at the moment."),
        FaultKind::SoapFault { text } => rest_error(500, 0, text),
        FaultKind::SoapError { text } | FaultKind::AsyncError { text } => rest_error(400, 0, text),
        FaultKind::Slow { .. } | FaultKind::ResetBeforeReading | FaultKind::ResetMidway => {
            rest_error(500, 0, "Internal Server Error")
        }
    }
}
