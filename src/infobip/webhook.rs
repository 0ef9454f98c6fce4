//! Webhooks, in all shapes that Infobip gives them (infobip.md 9). Fields are optional, numbers may come as strings, unknown
//! statuses and fields are kept or passed over: nothing is lost to a novelty, and a malformed entry does not cost the
//! others.

pub(crate) mod authentication;
mod click;
mod delivery;
mod entries;
mod inbound;
mod seen;
mod value;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::channel::Channel;
use crate::domain::click::HeardClick;
use crate::domain::inbound::HeardInbound;
use crate::domain::report::{Arrived, DeliveryReport};

pub(super) use delivery::WireStatus;
pub(super) use value::Text;

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
    #[error("the entry has more than 256 KiB")]
    TooLong,
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
pub(crate) type Entries<T> = Result<Vec<Result<T, Malformed>>, Malformed>;

/// Reads delivery and seen reports of `channel` that came at `now`. Both come to one address, also in one body: WhatsApp and OMNI have but one
/// for both (infobip.md 9.3).
pub(crate) fn reports(channel: Channel, now: Timestamp, body: &[u8]) -> Entries<Arrived> {
    entries::read(body, |entry| match seen::is_seen_report(&entry) {
        true => seen::seen_report(now, entry).map(Arrived::from),
        false => delivery::delivery_report(channel, entry).map(Arrived::from),
    })
}

/// Reads a row of the provider's log as the delivery report that it is; `None` for one that is about no message, or says
/// nothing of it.
pub(super) fn log_row(channel: Channel, row: Value) -> Option<DeliveryReport> {
    delivery::delivery_report(channel, row).ok()
}

/// Reads clicks on links of messages of `channel` that came at `now`.
pub(crate) fn clicks(channel: Channel, now: Timestamp, body: &[u8]) -> Entries<HeardClick> {
    entries::read(body, |entry| click::click(channel, now, entry))
}

/// Reads inbound messages that came at `now`. What is none, such as a notice that somebody types, is `None`.
pub(crate) fn inbound(now: Timestamp, body: &[u8]) -> Entries<Option<HeardInbound>> {
    entries::read(body, |entry| inbound::inbound(now, entry))
}

fn message_id(given: Text) -> Result<String, Malformed> {
    let id = given.0.map(|id| id.trim().to_owned());
    id.filter(|id| (1..=MESSAGE_ID_BYTES_MAX).contains(&id.len())).ok_or(Malformed::MessageId)
}

#[cfg(test)]
mod tests;
