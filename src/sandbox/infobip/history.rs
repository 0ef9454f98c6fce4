//! Logs and polled reports of what was accepted (infobip.md 1.6, 1.8).

use std::time::Duration;

use serde_json::{Value, json};

use super::channel::Channel;
use super::errors;
use super::ledger::Entry;
use super::{Scene, State};
use crate::sandbox::front::{Call, Reply};

/// Log lookups per minute.
const LOG_CALLS_MAX: usize = 120;
const LOG_WINDOW: Duration = Duration::from_secs(60);
/// Logs reach back this far.
const LOG_REACH: Duration = Duration::from_secs(48 * 3600);
const ROWS_MAX: usize = 1_000;
const ROWS_DEFAULT: usize = 50;

fn limit(call: &Call) -> usize {
    let limit = call.query_value("limit").and_then(|limit| limit.parse().ok()).unwrap_or(ROWS_DEFAULT);
    limit.clamp(1, ROWS_MAX)
}

/// Ids given as repeated parameters or as a list with commas.
fn listed(call: &Call, name: &str) -> Vec<String> {
    let values = call.query_values(name);
    values.iter().flat_map(|value| value.split(',')).filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// `GET …/reports` of a channel: each report once.
pub(super) fn reports(state: &mut State, scene: &Scene, call: &Call, channel: &Channel) -> Reply {
    let (message_ids, bulk_ids) = (listed(call, "messageId"), listed(call, "bulkId"));
    let results = state.ledger.poll(scene.now, limit(call), |entry| {
        let bulk_id = entry.bulk_id.as_deref().unwrap_or_default();
        entry.channel.path == channel.path
            && (message_ids.is_empty() || message_ids.iter().any(|id| **id == *entry.message_id))
            && (bulk_ids.is_empty() || bulk_ids.iter().any(|id| id == bulk_id))
    });
    Reply::json(200, &json!({ "results": results }))
}

/// `GET …/logs` of a channel: latest first, of the last 48 hours, 120 calls a minute.
pub(super) fn logs(state: &mut State, scene: &Scene, call: &Call, channel: &Channel) -> Reply {
    let log_calls = state.log_calls.entry(channel.path).or_default();
    while log_calls.front().is_some_and(|at| scene.now.since(*at) >= LOG_WINDOW) {
        log_calls.pop_front();
    }
    if log_calls.len() >= LOG_CALLS_MAX {
        return errors::too_many(channel.envelope.family(), None);
    }
    log_calls.push_back(scene.now);
    let (message_ids, bulk_ids) = (listed(call, "messageId"), listed(call, "bulkId"));
    let is_shown = |entry: &&Entry| entry.channel.path == channel.path && scene.now.since(entry.at) <= LOG_REACH;
    let limit = limit(call);
    let results: Vec<Value> = if message_ids.is_empty() {
        let latest = state.ledger.latest().filter(is_shown);
        let wanted = latest.filter(|entry| {
            bulk_ids.is_empty() || entry.bulk_id.as_deref().is_some_and(|bulk| bulk_ids.iter().any(|id| id == bulk))
        });
        wanted.take(limit).map(|entry| entry.log(scene.now)).collect()
    } else {
        let found = message_ids.iter().filter_map(|id| state.ledger.by_id(id));
        found.filter(is_shown).take(limit).map(|entry| entry.log(scene.now)).collect()
    };
    Reply::json(200, &json!({ "results": results }))
}
