//! The judgement on one destination of one message, after the request as a whole was found valid.

use std::sync::Arc;

use serde_json::Value;

use super::ledger::Entry;
use super::outcome;
use super::status::{ACCEPTED, DELIVERED, Status};
use super::text::parts;
use super::webhooks::{Item, What};
use super::{Scene, State, new_id};
use crate::sandbox::fields::Fields as _;

const PARTS_MAX: u32 = 25;
const TEXT_BYTES_MAX: usize = 4_000;

/// What all messages of a request share.
pub(super) struct Request<'a> {
    pub(super) api_key: &'a str,
    pub(super) path: &'static str,
    pub(super) request_no: u64,
    pub(super) bulk_id: Option<Arc<str>>,
    pub(super) tracking_url: Option<Arc<str>>,
}

/// What the answer says about a destination.
pub(super) struct Judgement {
    pub(super) message_id: String,
    pub(super) status: Status,
    pub(super) parts: u32,
}

/// Judges one destination of one message; an accepted one is recorded and its reports are scheduled. The id of a
/// refused message is not remembered: it may be sent again.
pub(super) fn accept(
    state: &mut State,
    scene: &Scene,
    request: &Request<'_>,
    message: &Value,
    raw: &Arc<str>,
    destination: &Value,
) -> Judgement {
    let to = destination.at("to").as_str().unwrap_or_default();
    let given_id = destination.at("messageId").as_str().filter(|id| !id.is_empty());
    let message_id = given_id.map_or_else(new_id, str::to_owned);
    let text = message.pointer("/content/text").and_then(Value::as_str).unwrap_or_default();
    let parts = parts(text).count;
    let sender = message.at("sender").as_str().unwrap_or_default();
    let rejection = if state.ledger.is_repeated(&message_id) {
        Some(23)
    } else if let Some(magic) = outcome::magic(to).filter(|status| status.group == 5) {
        Some(magic.id)
    } else if !is_plausible(to) {
        Some(8)
    } else if let Some(ordered) = state.refused_senders.get(sender) {
        Some(*ordered)
    } else if parts > PARTS_MAX || text.len() > TEXT_BYTES_MAX {
        Some(25)
    } else {
        // Only what nothing else refuses is charged.
        let account = state.accounts.get_mut(request.api_key);
        let is_paid = account.is_some_and(|account| account.charge(parts));
        (!is_paid).then_some(12)
    };
    if let Some(id) = rejection {
        return Judgement { message_id, status: Status::of(id), parts };
    }
    let fate = outcome::choose(state.seed, to, &state.script);
    let delay = state.delay();
    let delivery = message.pointer("/webhooks/delivery");
    let notifies = delivery.and_then(|delivery| delivery.at("notify").as_bool()).unwrap_or(true);
    let url = delivery.and_then(|delivery| delivery.at("url").as_str()).filter(|_| notifies).map(Arc::<str>::from);
    let entry = Entry {
        message_id: message_id.as_str().into(),
        to: to.into(),
        raw: Arc::clone(raw),
        path: request.path,
        bulk_id: request.bulk_id.clone(),
        at: scene.now,
        wall_at: scene.wall,
        delay,
        request_no: request.request_no,
        fate,
        parts,
        is_pollable: url.is_none(),
    };
    let place = state.ledger.add(entry);
    let due = scene.now.plus(delay);
    if let Some(url) = url {
        if delivery.and_then(|delivery| delivery.at("intermediateReport").as_bool()).unwrap_or(false) {
            let what = What::Intermediate;
            state.outbox.schedule(scene.now.plus(delay / 2), Item { url: Arc::clone(&url), place, what });
        }
        state.outbox.schedule(due, Item { url, place, what: What::Final });
    }
    if let Some(url) = &request.tracking_url
        && fate == DELIVERED
        && text.contains("://")
        && outcome::is_clicked(state.seed, to, &state.script)
    {
        state.outbox.schedule(due.plus(delay), Item { url: Arc::clone(url), place, what: What::Click });
    }
    Judgement { message_id, status: ACCEPTED, parts }
}

/// Whether a number can be one in E.164: digits only, 8 to 15 of them, no leading zero.
fn is_plausible(to: &str) -> bool {
    (8..=15).contains(&to.len()) && !to.starts_with('0') && to.bytes().all(|byte| byte.is_ascii_digit())
}
