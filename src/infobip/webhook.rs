//! Webhooks, in all shapes that Infobip gives them (infobip.md 9). Fields are optional, numbers may come as strings, unknown
//! statuses and fields are kept or passed over: nothing is lost to a novelty, and a malformed entry does not cost the
//! others.

pub(crate) mod authentication;
mod click;
mod delivery;
mod inbound;
mod seen;
mod value;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::domain::channel::Channel;
use crate::domain::click::HeardClick;
use crate::domain::inbound::HeardInbound;
use crate::domain::report::{Arrived, DeliveryReport};

pub(super) use delivery::WireStatus;
pub(super) use value::Text;

/// Most entries of one body: Infobip's buckets hold up to 2000 (infobip.md 9.7).
const ENTRIES_MAX: usize = 5_000;
/// Longest message id, in bytes; Infobip's own limit is 200 characters (infobip.md 1.3).
const MESSAGE_ID_BYTES_MAX: usize = 200;
/// Longer texts are cut, in characters. The data extensions' columns cut further.
const SHORT_CHARS_MAX: usize = 255;
const LONG_CHARS_MAX: usize = 4_000;

/// Why a body or an entry can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the body is not JSON")]
    NotJson,
    #[error("the body has more than 5000 entries")]
    TooMany,
    #[error("the entry is not an object")]
    NotAnObject,
    #[error("the entry has no messageId of 1 to 200 bytes")]
    MessageId,
    #[error("the entry has no status")]
    NoStatus,
    #[error("the entry does not say who sent it")]
    NoSender,
    #[error("the entry does not say on which channel it came")]
    NoChannel,
}

/// What each entry of a body came to.
type Entries<T> = Result<Vec<Result<T, Malformed>>, Malformed>;

/// Reads delivery and seen reports of `channel` that came at `now`. Both come to one address, also in one body: WhatsApp and OMNI have but one
/// for both (infobip.md 9.3).
pub(crate) fn reports(channel: Channel, now: Timestamp, body: &[u8]) -> Entries<Arrived> {
    let read = |entry| match seen::is_seen_report(&entry) {
        true => seen::seen_report(now, entry).map(Arrived::from),
        false => delivery::delivery_report(channel, entry).map(Arrived::from),
    };
    Ok(entries(body)?.into_iter().map(read).collect())
}

/// Reads a row of the provider's log as the delivery report that it is; `None` for one that is about no message, or says
/// nothing of it.
pub(super) fn log_row(channel: Channel, row: Value) -> Option<DeliveryReport> {
    delivery::delivery_report(channel, row).ok()
}

/// Reads clicks on links of messages of `channel` that came at `now`.
pub(crate) fn clicks(channel: Channel, now: Timestamp, body: &[u8]) -> Entries<HeardClick> {
    Ok(entries(body)?.into_iter().map(|entry| click::click(channel, now, entry)).collect())
}

/// Reads inbound messages that came at `now`. What is none, such as a notice that somebody types, is `None`.
pub(crate) fn inbound(now: Timestamp, body: &[u8]) -> Entries<Option<HeardInbound>> {
    Ok(entries(body)?.into_iter().map(|entry| inbound::inbound(now, entry)).collect())
}

/// The entries of `{"results":[…]}`, of a bare array, or a single one. Bytes that are no text stand as U+FFFD.
fn entries(body: &[u8]) -> Result<Vec<Value>, Malformed> {
    let text = String::from_utf8_lossy(body);
    // Some writers of JSON put a mark before it, which is none of it (RFC 8259 8.1).
    let text = text.trim_start_matches('\u{feff}');
    let Ok(body) = serde_json::from_str::<Value>(text) else { return entries_apart(text) };
    let entries = match body {
        Value::Object(mut object) => match object.remove("results") {
            Some(Value::Array(entries)) => entries,
            Some(Value::Null) => Vec::new(),
            Some(single) => vec![single],
            None => vec![Value::Object(object)],
        },
        Value::Array(entries) => entries,
        other => vec![other],
    };
    if entries.len() > ENTRIES_MAX { Err(Malformed::TooMany) } else { Ok(entries) }
}

/// The entries of a body that can't be read as a whole, such as for half a surrogate pair in one of them: each is read by
/// itself, and one that can't be is null, which is no entry.
fn entries_apart(body: &str) -> Result<Vec<Value>, Malformed> {
    #[derive(Deserialize)]
    struct Results<'a> {
        #[serde(borrow)]
        results: Vec<&'a RawValue>,
    }
    let results = serde_json::from_str::<Results<'_>>(body).map(|body| body.results);
    let entries = results.or_else(|_| serde_json::from_str(body)).map_err(|_| Malformed::NotJson)?;
    if entries.len() > ENTRIES_MAX {
        return Err(Malformed::TooMany);
    }
    Ok(entries.into_iter().map(|entry| serde_json::from_str(entry.get()).unwrap_or_default()).collect())
}

fn message_id(given: Text) -> Result<String, Malformed> {
    let id = given.0.map(|id| id.trim().to_owned());
    id.filter(|id| (1..=MESSAGE_ID_BYTES_MAX).contains(&id.len())).ok_or(Malformed::MessageId)
}

#[cfg(test)]
mod tests;
