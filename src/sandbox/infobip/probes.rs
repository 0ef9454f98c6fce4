//! Which endpoints exist, which scopes they need, and the answers of the small ones (infobip.md 1.7, 11).

use std::time::Duration;

use serde_json::{Value, json};

use super::errors::{self, Family};
use super::{Scene, State, sms};
use crate::sandbox::front::{Call, Reply};

/// Log lookups per minute.
const LOG_CALLS_MAX: usize = 120;
const LOG_WINDOW: Duration = Duration::from_secs(60);
/// Logs reach back this far.
const LOG_REACH: Duration = Duration::from_secs(48 * 3600);
const ROWS_MAX: usize = 1_000;
const ROWS_DEFAULT: usize = 50;

/// An endpoint.
pub(super) struct Endpoint {
    /// One of these is enough.
    pub(super) scopes: &'static [&'static str],
    pub(super) answer: fn(&mut State, &Scene, &Call, &str) -> Reply,
}

const SMS_SEND: &[&str] = &["message:send", "sms:message:send", "sms:manage"];
const MMS_SEND: &[&str] = &["message:send", "mms:message:send", "mms:manage"];
const VIBER_SEND: &[&str] = &["message:send", "viber-bm:message:send", "viber-bm:manage"];
const RCS_SEND: &[&str] = &["message:send", "rcs:message:send", "rcs:manage"];
const WHATSAPP_SEND: &[&str] = &["message:send", "whatsapp:message:send", "whatsapp:manage"];
const KAKAO_SEND: &[&str] = &["message:send", "kakao:message:send", "kakao:manage"];

/// The endpoint of a method and path; `None` for one that does not exist here.
pub(super) fn endpoint(method: &str, path: &str) -> Option<Endpoint> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (scopes, answer): (&'static [&'static str], fn(&mut State, &Scene, &Call, &str) -> Reply) =
        match (method, segments.as_slice()) {
            ("POST", ["sms", "3", "messages"]) => (SMS_SEND, sms::send),
            ("GET", ["sms", "3", "reports"]) => (SMS_SEND, reports),
            ("GET", ["sms", "3", "logs"]) => (&["sms:logs:read", "sms:manage"], logs),
            ("POST", ["sms", "1", "preview"]) => (&["sms:manage"], sms::preview),
            ("GET", ["account", "1", "balance"]) => (&["account-management:manage"], balance),
            ("GET", ["numbers", "1", "numbers"]) => (&["numbers:manage"], numbers),
            ("POST", ["resources", "1", "resources"]) => (&["numbers:manage"], resources),
            ("GET", ["mms", "2", "reports"]) => (MMS_SEND, no_results),
            ("GET", ["mms", "2", "logs"]) => (&["mms:logs:read", "mms:manage"], no_results),
            ("GET", ["viber", "2", "reports"]) => (VIBER_SEND, no_results),
            ("GET", ["viber", "2", "logs"]) => (&["viber-bm:logs:read", "viber-bm:manage"], no_results),
            ("GET", ["rcs", "2", "reports"]) => (RCS_SEND, no_results),
            ("GET", ["rcs", "2", "logs"]) => (&["rcs:logs:read", "rcs:manage"], no_results),
            ("GET", ["rcs", "1", "senders"]) => (&["rcs:manage", "rcs:provision"], rcs_senders),
            ("GET", ["kakao-alim" | "kakao-chingu", "1", "reports"]) => (KAKAO_SEND, no_results),
            ("GET", ["kakao-alim" | "kakao-chingu", "1", "logs"]) => (&["kakao:logs:read", "kakao:manage"], no_results),
            ("GET", ["whatsapp", "1", "templates"]) => (&["whatsapp:manage"], templates),
            ("GET", ["whatsapp", "2", "senders", _, "templates"]) => (&["whatsapp:manage"], templates),
            ("POST", ["whatsapp", "1", "message", "template"]) => (WHATSAPP_SEND, whatsapp_probe),
            ("GET", ["omni", "1", "scenarios"]) => (&["omni-failover:manage"], scenarios),
            _ => return None,
        };
    Some(Endpoint { scopes, answer })
}

fn balance(state: &mut State, _: &Scene, _: &Call, api_key: &str) -> Reply {
    let balance = state.accounts.get(api_key).map(super::Account::balance);
    Reply::json(200, &json!({ "balance": balance, "currency": "EUR" }))
}

fn numbers(_: &mut State, _: &Scene, call: &Call, _: &str) -> Reply {
    let number = json!({
        "numberKey": "6FED0BC540BFADD9B05ED7D89AAC22FA",
        "number": "385915550000",
        "country": "HR",
        "countryName": "Croatia",
        "type": "VIRTUAL_LONG_NUMBER",
        "capabilities": ["SMS", "MMS", "WHATSAPP"],
        "shared": false,
        "price": { "pricePerMonth": 5.0, "setupPrice": 0.0, "currency": "EUR" },
        "network": "VIP",
        "keywords": [],
        "editPermissions": { "canEditNumber": true, "canEditConfiguration": true },
    });
    let wanted = call.query_value("number");
    let is_wanted = wanted.is_none_or(|wanted| number["number"].as_str().is_some_and(|own| own.contains(&wanted)));
    let numbers = if is_wanted { vec![number] } else { Vec::new() };
    Reply::json(200, &json!({ "numbers": numbers, "numberCount": numbers.len() }))
}

fn resources(_: &mut State, _: &Scene, call: &Call, _: &str) -> Reply {
    let Ok(body) = call.json() else {
        let violation = ("request".to_owned(), "is not valid JSON".to_owned());
        return errors::bad_request(Family::Old, &[violation]);
    };
    let sender = |kind: &str, name: &str, value: &str, capability: &str| {
        let mut sender = json!({ "resourceType": kind, "countryCode": "HR", "capabilities": [capability] });
        sender[name] = value.into();
        sender
    };
    let results = match body["resourceType"].as_str() {
        Some(kind @ "ALPHANUMERIC") => vec![sender(kind, "senderName", "ACME", "SMS")],
        Some(kind @ "NUMBER") => vec![sender(kind, "number", "385915550000", "SMS")],
        Some(kind @ "VIBER_RESOURCE") => vec![sender(kind, "resource", "AcmeViber", "VIBER_BM")],
        Some(kind @ "RCS_RESOURCE") => vec![sender(kind, "resource", "AcmeRcs", "RCS")],
        Some("APPLE_RESOURCE" | "OPEN_CHANNEL_RESOURCE") => Vec::new(),
        _ => {
            let violation = ("resourceType".to_owned(), "is not a known resource type".to_owned());
            return errors::bad_request(Family::Old, &[violation]);
        }
    };
    let paging = json!({ "page": 0, "size": 20, "totalPages": 1, "totalResults": results.len() });
    Reply::json(200, &json!({ "results": results, "paging": paging }))
}

fn no_results(_: &mut State, _: &Scene, _: &Call, _: &str) -> Reply {
    Reply::json(200, &json!({ "results": [] }))
}

fn rcs_senders(_: &mut State, _: &Scene, _: &Call, _: &str) -> Reply {
    Reply::json(200, &json!({ "results": [], "paging": { "page": 0, "size": 20, "totalPages": 0, "totalResults": 0 } }))
}

fn templates(_: &mut State, _: &Scene, _: &Call, _: &str) -> Reply {
    Reply::json(
        200,
        &json!({ "templates": [], "paging": { "page": 0, "size": 20, "totalPages": 0, "totalResults": 0 } }),
    )
}

fn scenarios(_: &mut State, _: &Scene, _: &Call, _: &str) -> Reply {
    Reply::json(200, &json!({ "scenarios": [] }))
}

/// Only the probe with an empty list is understood so far: 400 with the scope, 403 without.
fn whatsapp_probe(_: &mut State, _: &Scene, _: &Call, _: &str) -> Reply {
    errors::bad_request(Family::Old, &[("messages".to_owned(), "must not be empty".to_owned())])
}

fn limit(call: &Call) -> usize {
    let limit = call.query_value("limit").and_then(|limit| limit.parse().ok()).unwrap_or(ROWS_DEFAULT);
    limit.clamp(1, ROWS_MAX)
}

/// Ids given as repeated parameters or as a list with commas.
fn listed(call: &Call, name: &str) -> Vec<String> {
    let values = call.query_values(name);
    values.iter().flat_map(|value| value.split(',')).filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// `GET /sms/3/reports`: each report once.
fn reports(state: &mut State, scene: &Scene, call: &Call, _: &str) -> Reply {
    let (message_ids, bulk_ids) = (listed(call, "messageId"), listed(call, "bulkId"));
    let results = state.ledger.poll(scene.now, limit(call), |entry| {
        let bulk_id = entry.bulk_id.as_deref().unwrap_or_default();
        (message_ids.is_empty() || message_ids.iter().any(|id| **id == *entry.message_id))
            && (bulk_ids.is_empty() || bulk_ids.iter().any(|id| id == bulk_id))
    });
    Reply::json(200, &json!({ "results": results }))
}

/// `GET /sms/3/logs`: latest first, of the last 48 hours, 120 calls a minute.
fn logs(state: &mut State, scene: &Scene, call: &Call, _: &str) -> Reply {
    while state.log_calls.front().is_some_and(|at| scene.now.since(*at) >= LOG_WINDOW) {
        state.log_calls.pop_front();
    }
    if state.log_calls.len() >= LOG_CALLS_MAX {
        return errors::too_many(Family::New, None);
    }
    state.log_calls.push_back(scene.now);
    let (message_ids, bulk_ids) = (listed(call, "messageId"), listed(call, "bulkId"));
    let is_recent = |at| scene.now.since(at) <= LOG_REACH;
    let limit = limit(call);
    let results: Vec<Value> = if message_ids.is_empty() {
        let latest = state.ledger.latest().filter(|entry| is_recent(entry.at));
        let wanted = latest.filter(|entry| {
            bulk_ids.is_empty() || entry.bulk_id.as_deref().is_some_and(|bulk| bulk_ids.iter().any(|id| id == bulk))
        });
        wanted.take(limit).map(|entry| entry.log(scene.now)).collect()
    } else {
        let found = message_ids.iter().filter_map(|id| state.ledger.by_id(id));
        found.filter(|entry| is_recent(entry.at)).take(limit).map(|entry| entry.log(scene.now)).collect()
    };
    Reply::json(200, &json!({ "results": results }))
}
