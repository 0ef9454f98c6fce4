//! Asynchronous row requests (sfmc.md 6.2): taken at once, processed later, errors without the row's name.

use serde_json::{Map, Value, json};
use std::collections::HashSet;

use super::rest_error;
use super::token::Token;
use super::{Scene, State, new_guid};
use crate::clock::Timestamp;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

const ITEMS_MAX: usize = 32_000;
const BODY_BYTES_MAX: usize = 5_900_000;
const PAGE_SIZE: usize = 50;

/// A request and, once processed, what became of it.
#[derive(Debug)]
pub(super) struct AsyncRequest {
    mid: u64,
    key: String,
    mode: Mode,
    called: Timestamp,
    due: Timestamp,
    /// Emptied by processing.
    items: Vec<Map<String, Value>>,
    errors: Vec<String>,
    /// Why processing fails as a whole.
    failure: Option<String>,
    is_done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Insert,
    Upsert,
}

impl State {
    /// Processes every request that is due, in the order they came.
    pub(super) fn settle(&mut self, now: Timestamp) {
        while let Some(id) = self.async_waiting.front() {
            if self.async_requests.get(id).is_some_and(|request| now < request.due) {
                return;
            }
            let Some(id) = self.async_waiting.pop_front() else { return };
            let Some(mut request) = self.async_requests.remove(&id) else { continue };
            self.process(&mut request);
            self.async_requests.insert(id, request);
        }
    }

    fn process(&mut self, request: &mut AsyncRequest) {
        let is_atomic = self.async_is_atomic;
        let items = std::mem::take(&mut request.items);
        request.is_done = true;
        if let Some(failure) = &request.failure {
            request.errors.extend(items.iter().map(|_| failure.clone()));
            return;
        }
        let Some(extension) = self.extension_mut(request.mid, &request.key) else {
            let failure = "The data extension was deleted.".to_owned();
            request.errors.push(failure.clone());
            request.failure = Some(failure);
            return;
        };
        let mut keys = HashSet::new();
        let mut good = Vec::with_capacity(items.len());
        for item in &items {
            match extension.check(item) {
                Ok(row) if row.key.clone().is_some_and(|key| !keys.insert(key)) => {
                    request.errors.push("The request contains several rows with the same primary key.".to_owned());
                }
                Ok(row) => good.push(row),
                Err(error) => request.errors.push(error),
            }
        }
        if is_atomic {
            // Inserting is the one step that can still fail, so it is tried on paper first.
            let try_out = |row| match request.mode {
                Mode::Insert => extension.would_insert(row),
                Mode::Upsert => extension.would_write(row),
            };
            request.errors.extend(good.iter().filter_map(|row| try_out(row).err()));
            if !request.errors.is_empty() {
                return;
            }
        }
        for row in good {
            let written = if request.mode == Mode::Insert { extension.insert(row) } else { extension.write(row) };
            request.errors.extend(written.err());
        }
    }
}

/// `POST` and `PUT /data/v1/async/dataextensions/key:{key}/rows`.
pub(super) fn submit(state: &mut State, scene: &Scene<'_>, token: &Token, key: &str, call: &Call) -> Reply {
    if call.body.len() > BODY_BYTES_MAX {
        return rest_error(413, 0, "The request body is larger than 5.9 MB.");
    }
    let mode = if call.method == "PUT" { Mode::Upsert } else { Mode::Insert };
    let items = match call.json() {
        Ok(Value::Object(mut body)) => body.remove("items"),
        _ => return rest_error(400, 10001, "The request body is not a JSON object."),
    };
    let Some(Value::Array(items)) = items else {
        return rest_error(400, 10001, "The request body has no array named items.");
    };
    if items.len() > ITEMS_MAX {
        return rest_error(400, 10002, "More than 32000 items in one request.");
    }
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let Value::Object(row) = item else {
            return rest_error(400, 10001, "Every item must be an object.");
        };
        rows.push(row);
    }
    let Some(extension) = state.extension(token.mid, key) else {
        let message = json!({
            "resultType": "Operational",
            "resultClass": "Error",
            "resultCode": "CustomObjectNotFound",
            "message": format!("Unable to find the data extension {key}."),
        });
        return Reply::json(200, &json!({ "requestId": new_guid(), "resultMessages": [message] }));
    };
    if mode == Mode::Upsert && !extension.has_primary_key() {
        return rest_error(400, 10006, "The data extension has no primary key, so rows cannot be updated.");
    }
    let id = new_guid();
    let request = AsyncRequest {
        mid: token.mid,
        key: key.to_owned(),
        mode,
        called: scene.wall,
        due: scene.now.plus(state.async_delay),
        items: rows,
        errors: Vec::new(),
        failure: scene.async_error.map(str::to_owned),
        is_done: false,
    };
    state.async_requests.insert(id.clone(), request);
    state.async_waiting.push_back(id.clone());
    state.settle(scene.now);
    Reply::json(202, &json!({ "requestId": id, "resultMessages": [] }))
}

/// `GET /data/v1/async/{requestId}/status`.
pub(super) fn status(state: &State, scene: &Scene<'_>, token: &Token, id: &str) -> Reply {
    let Some(request) = state.async_requests.get(id).filter(|request| request.mid == token.mid) else {
        return not_found(id);
    };
    let has_errors = !request.errors.is_empty();
    let is_picked_up = request.is_done || request.due.since(scene.now) < state.async_delay / 2;
    let request_status = match (&request.failure, request.is_done) {
        (Some(_), true) => "Error",
        (None, true) => "Complete",
        (_, false) if is_picked_up => "Executing",
        (_, false) => "Pending",
    };
    let mut status = json!({
        "callDateTime": millis(request.called),
        "hasErrors": has_errors,
        "requestStatus": request_status,
        "resultStatus": if has_errors { "Error" } else { "OK" },
        "requestId": id,
    });
    if is_picked_up {
        status.set("pickupDateTime", millis(request.called.plus(state.async_delay / 2).min(scene.wall)));
    }
    if request.is_done {
        let done = request.called.plus(state.async_delay).min(scene.wall);
        status.set("completionDateTime", millis(done));
    }
    Reply::json(200, &json!({ "status": status, "requestId": new_guid(), "resultMessages": [] }))
}

/// `GET /data/v1/async/{requestId}/results`.
pub(super) fn results(state: &State, token: &Token, id: &str, call: &Call) -> Reply {
    let Some(request) = state.async_requests.get(id).filter(|request| request.mid == token.mid) else {
        return not_found(id);
    };
    let page = call.query_value("$page").or_else(|| call.query_value("page"));
    let page = page.and_then(|page| page.parse::<usize>().ok()).unwrap_or(1).max(1);
    let errors = request.errors.iter().skip((page - 1) * PAGE_SIZE).take(PAGE_SIZE);
    let mut items: Vec<Value> = errors
        .map(|message| json!({ "errorCode": "UnexpectedError", "message": message, "status": "Error" }))
        .collect();
    if request.is_done && request.errors.is_empty() {
        items.push(json!({ "errorCode": "NoError", "message": "The rows were processed.", "status": "OK" }));
    }
    let count = request.errors.len().max(items.len());
    let body = json!({
        "page": page,
        "pageSize": PAGE_SIZE,
        "count": count,
        "items": items,
        "requestId": new_guid(),
        "resultMessages": [],
    });
    Reply::json(200, &body)
}

fn not_found(id: &str) -> Reply {
    let message = json!({
        "resultType": "Operational",
        "resultClass": "Error",
        "resultCode": "AsyncRequestStatusNotFound",
        "message": format!("There is no asynchronous request {id}."),
    });
    Reply::json(200, &json!({ "requestId": new_guid(), "resultMessages": [{ "resultMessage": message }] }))
}

/// The platform's local form with a short fraction and no offset.
fn millis(moment: Timestamp) -> String {
    moment.to_iso_millis().trim_end_matches('Z').to_owned()
}
