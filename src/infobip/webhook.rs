//! Delivery webhooks, in all shapes that Infobip gives them (infobip.md 9.1, 9.2). Fields are optional, numbers may come
//! as strings, unknown statuses and fields are kept or passed over: a report is never lost to a novelty.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::channel::Channel;
use crate::domain::report::{DeliveryReport, ErrorInfo, Origin, StatusInfo, is_final_group};

/// Most entries of one body: Infobip's buckets hold up to 2000 (infobip.md 9.7).
const ENTRIES_MAX: usize = 5_000;
/// Longest message id, in bytes; Infobip's own limit is 200 characters (infobip.md 1.3).
const MESSAGE_ID_BYTES_MAX: usize = 200;
/// Longer texts are cut, in characters. The data extensions' columns cut further.
const SHORT_CHARS_MAX: usize = 255;
const LONG_CHARS_MAX: usize = 4_000;
/// Whole digits of a price that a Decimal 18,6 column takes.
const PRICE_MAX: f64 = 1e12;

/// Why a body or an entry is no delivery report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the body is not JSON")]
    NotJson,
    #[error("the body has more than 5000 reports")]
    TooMany,
    #[error("the entry is not an object")]
    NotAnObject,
    #[error("the entry has no messageId of 1 to 200 bytes")]
    MessageId,
    #[error("the entry has no status")]
    NoStatus,
}

/// Reads the body of a delivery webhook of `channel`: `{"results":[…]}`, a bare array or a single report. A malformed
/// entry does not cost the others; a seen report, for which the same address is given, is passed over.
pub(crate) fn delivery_reports(
    channel: Channel,
    body: &[u8],
) -> Result<Vec<Result<DeliveryReport, Malformed>>, Malformed> {
    let body: Value = serde_json::from_slice(body).map_err(|_| Malformed::NotJson)?;
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
    if entries.len() > ENTRIES_MAX {
        return Err(Malformed::TooMany);
    }
    let entries = entries.into_iter().filter(|entry| !is_seen_report(entry));
    Ok(entries.map(|entry| delivery_report(channel, entry)).collect())
}

/// Seen reports have `seenAt` and no status, those of the Messages API an event of their own (infobip.md 9.3).
fn is_seen_report(entry: &Value) -> bool {
    let has = |field| entry.get(field).is_some_and(|value| !value.is_null());
    entry.get("event").and_then(Value::as_str) == Some("SEEN") || (has("seenAt") && !has("status"))
}

fn delivery_report(channel: Channel, entry: Value) -> Result<DeliveryReport, Malformed> {
    let wire: WireReport = serde_json::from_value(entry).map_err(|_| Malformed::NotAnObject)?;
    let message_id = wire.message_id.0.map(|id| id.trim().to_owned());
    let message_id =
        message_id.filter(|id| (1..=MESSAGE_ID_BYTES_MAX).contains(&id.len())).ok_or(Malformed::MessageId)?;
    let status = StatusInfo::try_from(wire.status)?;
    let short = |text: Text| text.cut(SHORT_CHARS_MAX);
    Ok(DeliveryReport {
        origin: Origin::Infobip,
        is_final: is_final_group(status.group_id),
        done_at: wire.done_at.0,
        sent_at: wire.sent_at.0,
        status,
        error: wire.error.and_then(Option::<ErrorInfo>::from),
        message_id,
        bulk_id: short(wire.bulk_id),
        channel: channel.capability().reported_as.to_owned(),
        to: short(wire.to.0).or(short(wire.destination)),
        sender: short(wire.sender).or(short(wire.from)),
        message_count: wire.message_count.0.or(wire.sms_count.0).and_then(|count| u32::try_from(count).ok()),
        price_per_message: wire.price.price_per_message.0,
        price_currency: short(wire.price.currency),
        callback_data: wire.callback_data.cut(LONG_CHARS_MAX),
        mcc_mnc: short(wire.mcc_mnc).filter(|code| code.bytes().all(|b| b.is_ascii_digit())),
    })
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireReport {
    message_id: Text,
    bulk_id: Text,
    to: Recipient,
    /// The Messages API's name of `to`.
    destination: Text,
    sender: Text,
    /// The legacy name of `sender`.
    from: Text,
    sent_at: Moment,
    done_at: Moment,
    message_count: Integer,
    /// The legacy name of `message_count`.
    sms_count: Integer,
    price: WirePrice,
    #[serde(deserialize_with = "lenient")]
    status: WireStatus,
    #[serde(deserialize_with = "lenient")]
    error: Option<WireError>,
    callback_data: Text,
    mcc_mnc: Text,
}

/// A recipient: OMNI failover may wrap the number in an object (infobip.md 1.4).
#[derive(Default)]
struct Recipient(Text);

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RecipientFields {
    phone_number: Text,
}

impl<'de> Deserialize<'de> for Recipient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_object() {
            return Ok(Self(RecipientFields::deserialize(value).unwrap_or_default().phone_number));
        }
        Ok(Self(Text::deserialize(value).unwrap_or_default()))
    }
}

#[derive(Default)]
struct WirePrice {
    price_per_message: Decimal,
    currency: Text,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WirePriceFields {
    price_per_message: Decimal,
    currency: Text,
}

impl<'de> Deserialize<'de> for WirePrice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WirePriceFields { price_per_message, currency } = lenient(deserializer)?;
        Ok(Self { price_per_message, currency })
    }
}

/// A `status` object; of send answers and logs too.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WireStatus {
    group_id: Integer,
    group_name: Text,
    id: Integer,
    name: Text,
    description: Text,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireError {
    group_id: Integer,
    group_name: Text,
    id: Integer,
    name: Text,
    description: Text,
    permanent: Flag,
}

/// Status groups by name, for a status that has no group id (infobip.md 10).
const GROUPS: [(&str, i32); 7] = [
    ("OK", 0),
    ("ACCEPTED", 0),
    ("PENDING", 1),
    ("UNDELIVERABLE", 2),
    ("DELIVERED", 3),
    ("EXPIRED", 4),
    ("REJECTED", 5),
];

impl TryFrom<WireStatus> for StatusInfo {
    type Error = Malformed;

    fn try_from(wire: WireStatus) -> Result<Self, Malformed> {
        let group_name = wire.group_name.cut(SHORT_CHARS_MAX).unwrap_or_default();
        let by_name = || GROUPS.iter().find(|(name, _)| group_name.eq_ignore_ascii_case(name)).map(|(_, id)| *id);
        let group_id = wire.group_id.as_i32().or_else(by_name).ok_or(Malformed::NoStatus)?;
        Ok(Self {
            group_id,
            group_name,
            id: wire.id.as_i32().unwrap_or_default(),
            name: wire.name.cut(SHORT_CHARS_MAX).unwrap_or_default(),
            description: wire.description.cut(LONG_CHARS_MAX).unwrap_or_default(),
        })
    }
}

impl From<WireError> for Option<ErrorInfo> {
    fn from(wire: WireError) -> Self {
        let error = ErrorInfo {
            group_id: wire.group_id.as_i32(),
            group_name: wire.group_name.cut(SHORT_CHARS_MAX),
            id: wire.id.as_i32(),
            name: wire.name.cut(SHORT_CHARS_MAX),
            description: wire.description.cut(LONG_CHARS_MAX),
            permanent: wire.permanent.0,
        };
        (error != ErrorInfo::default()).then_some(error)
    }
}

/// A text, or a number written as one; nothing when it is null, empty or anything else.
#[derive(Default)]
pub(super) struct Text(pub(super) Option<String>);

impl Text {
    fn cut(self, chars_max: usize) -> Option<String> {
        let mut text = self.0?;
        if let Some((end, _)) = text.char_indices().nth(chars_max) {
            text.truncate(end);
        }
        Some(text)
    }
}

/// A whole number, or a text that is one.
#[derive(Default)]
struct Integer(Option<i64>);

impl Integer {
    fn as_i32(&self) -> Option<i32> {
        self.0.and_then(|value| i32::try_from(value).ok())
    }
}

/// A decimal number with a point, as text.
#[derive(Default)]
struct Decimal(Option<String>);

#[derive(Default)]
struct Flag(Option<bool>);

/// A moment in any spelling that [`Timestamp::parse`] reads, or in milliseconds since 1970.
#[derive(Default)]
pub(super) struct Moment(pub(super) Option<Timestamp>);

impl From<Scalar> for Text {
    fn from(scalar: Scalar) -> Self {
        Self(match scalar {
            Scalar::Text(text) => Some(text).filter(|text| !text.is_empty()),
            Scalar::Integer(value) => Some(value.to_string()),
            Scalar::Float(value) => Some(value.to_string()),
            Scalar::Flag(value) => Some(value.to_string()),
            Scalar::Nothing => None,
        })
    }
}

impl From<Scalar> for Integer {
    fn from(scalar: Scalar) -> Self {
        Self(match scalar {
            Scalar::Integer(value) => Some(value),
            Scalar::Text(text) => text.trim().parse().ok(),
            #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
            Scalar::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => Some(value as i64),
            Scalar::Float(_) | Scalar::Flag(_) | Scalar::Nothing => None,
        })
    }
}

impl From<Scalar> for Decimal {
    fn from(scalar: Scalar) -> Self {
        let value = match &scalar {
            Scalar::Integer(value) => return Self(Some(value.to_string()).filter(|_| value.abs() < 1_000_000_000_000)),
            Scalar::Float(value) => Some(*value),
            Scalar::Text(text) => text.trim().parse::<f64>().ok(),
            Scalar::Flag(_) | Scalar::Nothing => None,
        };
        let is_price = value.is_some_and(|value| value.is_finite() && value.abs() < PRICE_MAX);
        Self(match scalar {
            _ if !is_price => None,
            // Written as it came, unless it came with an exponent or a sign of its own kind.
            Scalar::Text(text) if text.trim().bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
                Some(text.trim().to_owned())
            }
            // `Display` of a float never has an exponent.
            _ => value.map(|value| value.to_string()),
        })
    }
}

impl From<Scalar> for Flag {
    fn from(scalar: Scalar) -> Self {
        Self(match scalar {
            Scalar::Flag(value) => Some(value),
            Scalar::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Scalar::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Scalar::Text(_) | Scalar::Integer(_) | Scalar::Float(_) | Scalar::Nothing => None,
        })
    }
}

impl From<Scalar> for Moment {
    fn from(scalar: Scalar) -> Self {
        Self(match scalar {
            Scalar::Text(text) => Timestamp::parse(&text),
            Scalar::Integer(millis) => u64::try_from(millis).ok().map(Timestamp::from_millis),
            Scalar::Float(_) | Scalar::Flag(_) | Scalar::Nothing => None,
        })
    }
}

macro_rules! from_scalar {
    ($($name:ident)*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(ScalarVisitor).map(Self::from)
            }
        }
    )*};
}

from_scalar!(Text Integer Decimal Flag Moment);

/// A JSON value that is not nested; a nested one is nothing.
enum Scalar {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Nothing,
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Scalar, E> {
        Ok(i64::try_from(value).map_or_else(|_| Scalar::Text(value.to_string()), Scalar::Integer))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Flag(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }
}

/// An object, or the default when there is something else in its place.
fn lenient<'de, D: Deserializer<'de>, T: Default + de::DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

#[cfg(test)]
mod tests;
