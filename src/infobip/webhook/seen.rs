//! Seen reports (infobip.md 9.3).

use serde::Deserialize;
use serde_json::Value;

use super::value::{Moment, Text};
use super::{Malformed, SHORT_CHARS_MAX, message_id};
use crate::clock::Timestamp;
use crate::domain::report::SeenReport;

/// Seen reports have `seenAt` and no status, those of the Messages API an event of their own.
pub(super) fn is_seen_report(entry: &Value) -> bool {
    let has = |field| entry.get(field).is_some_and(|value| !value.is_null());
    is_seen_event(entry) || (has("seenAt") && !has("status"))
}

fn is_seen_event(entry: &Value) -> bool {
    entry.get("event").and_then(Value::as_str).is_some_and(|event| event.eq_ignore_ascii_case("SEEN"))
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireSeen {
    message_id: Text,
    /// Who saw it: a seen report is written as if the person had sent it.
    from: Text,
    /// Our sender.
    to: Text,
    /// Our sender, in the Messages API's words, where nothing is reversed.
    sender: Text,
    /// Who saw it, in the Messages API's words.
    destination: Text,
    sent_at: Moment,
    /// OMNI's spelling of `sent_at`.
    send_at: Moment,
    seen_at: Moment,
}

/// A seen report that was heard at `now`: without a moment of its own it counts from then. Repeats do no harm, the earliest
/// stands.
pub(super) fn seen_report(now: Timestamp, entry: Value) -> Result<SeenReport, Malformed> {
    let wire: WireSeen = serde_json::from_value(entry).map_err(|_| Malformed::NotAnObject)?;
    let short = |text: Text| text.cut(SHORT_CHARS_MAX);
    Ok(SeenReport {
        message_id: message_id(wire.message_id)?,
        seen_at: wire.seen_at.0.unwrap_or(now),
        sent_at: wire.sent_at.0.or(wire.send_at.0),
        recipient: short(wire.destination).or(short(wire.from)),
        sender: short(wire.sender).or(short(wire.to)),
    })
}
