//! Clicks (infobip.md 9.4). The body is published for SMS and MMS only, as one object; the other channels' are taken to
//! be the same, and read more widely.

use serde::Deserialize;
use serde_json::Value;

use super::value::{Moment, Text, lenient};
use super::{LONG_CHARS_MAX, Malformed, SHORT_CHARS_MAX, message_id};
use crate::clock::Timestamp;
use crate::domain::channel::Channel;
use crate::domain::click::{Click, HeardClick};

/// What a click without a type of its own is.
const CLICKED: &str = "CLICKED";

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireClick {
    notification_type: Text,
    message_id: Text,
    bulk_id: Text,
    recipient: Text,
    url: Text,
    send_date_time: Moment,
    #[serde(deserialize_with = "lenient")]
    recipient_info: WireDevice,
    #[serde(flatten)]
    device: WireDevice,
    callback_data: Text,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireDevice {
    device_type: Text,
    os: Text,
    device_name: Text,
}

/// A click that was heard at `now`.
pub(super) fn click(channel: Channel, now: Timestamp, entry: Value) -> Result<HeardClick, Malformed> {
    let wire: WireClick = serde_json::from_value(entry).map_err(|_| Malformed::NotAnObject)?;
    let short = |text: Text| text.cut(SHORT_CHARS_MAX);
    let nested = wire.recipient_info;
    let says_when = wire.send_date_time.0.is_some();
    let click = Click {
        notification_type: short(wire.notification_type).unwrap_or_else(|| CLICKED.to_owned()),
        message_id: message_id(wire.message_id)?,
        bulk_id: short(wire.bulk_id),
        channel: channel.capability().reported_as.to_owned(),
        recipient: short(wire.recipient),
        url: wire.url.cut(LONG_CHARS_MAX),
        clicked_at: wire.send_date_time.0.unwrap_or(now),
        device_type: short(nested.device_type).or(short(wire.device.device_type)),
        os: short(nested.os).or(short(wire.device.os)),
        device_name: short(nested.device_name).or(short(wire.device.device_name)),
        callback_data: wire.callback_data.cut(LONG_CHARS_MAX),
    };
    Ok(HeardClick { click, says_when })
}
