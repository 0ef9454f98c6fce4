//! Delivery reports (infobip.md 9.1, 9.2).

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

use super::value::{Decimal, Flag, Integer, Moment, Text, lenient};
use super::{LONG_CHARS_MAX, Malformed, SHORT_CHARS_MAX, message_id};
use crate::domain::channel::Channel;
use crate::domain::report::{DeliveryReport, ErrorInfo, Origin, StatusInfo, is_final_group};

pub(super) fn delivery_report(channel: Channel, entry: Value) -> Result<DeliveryReport, Malformed> {
    let wire: WireReport = serde_json::from_value(entry).map_err(|_| Malformed::NotAnObject)?;
    let message_id = message_id(wire.message_id)?;
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
        channel: other_channel(channel, wire.channel).unwrap_or_default(),
        to: short(wire.to.0).or(short(wire.destination)),
        sender: short(wire.sender).or(short(wire.from)),
        message_count: wire.message_count.0.or(wire.sms_count.0).and_then(|count| u32::try_from(count).ok()),
        price_per_message: wire.price.price_per_message.0,
        price_currency: short(wire.price.currency),
        callback_data: wire.callback_data.cut(LONG_CHARS_MAX),
        mcc_mnc: short(wire.mcc_mnc).filter(|code| code.bytes().all(|b| b.is_ascii_digit())),
    })
}

/// Channels by the name that reports of RCS, OMNI failover and the Messages API give them (infobip.md 9.1, 12.2).
const CHANNELS: [(&str, Channel); 8] = [
    ("SMS", Channel::Sms),
    ("MMS", Channel::Mms),
    ("RCS", Channel::Rcs),
    ("VIBER", Channel::Viber),
    ("VIBER_BM", Channel::Viber),
    ("WHATSAPP", Channel::WhatsApp),
    ("KAKAO_ALIM", Channel::KakaoAlim),
    ("KAKAO_CHINGU", Channel::KakaoChingu),
];

/// Our spelling of the channel that a report names, when its message went by another one than it was meant for: an RCS
/// message that failed over to SMS, say. What shares senders and scopes is one channel to Infobip: it has no LMS.
fn other_channel(of_address: Channel, named: Text) -> Option<String> {
    let named = named.cut(SHORT_CHARS_MAX)?;
    let (_, named) = CHANNELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(named.trim()))?;
    let is_other = named.capability().family != of_address.capability().family;
    is_other.then(|| named.capability().reported_as.to_owned())
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
    channel: Text,
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
pub(in crate::infobip) struct WireStatus {
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
        let name = wire.name.cut(SHORT_CHARS_MAX).unwrap_or_default();
        let by_name = |sought: &str| GROUPS.iter().find(|(name, _)| sought.eq_ignore_ascii_case(name)).copied();
        let (group_id, group_name) = match wire.group_id.as_i32().or_else(|| Some(by_name(&group_name)?.1)) {
            Some(group_id) => (group_id, group_name),
            // Statuses are named after their groups: DELIVERED_TO_HANDSET (infobip.md 10).
            None => {
                let (group, group_id) =
                    name.split_once('_').and_then(|(group, _)| by_name(group)).ok_or(Malformed::NoStatus)?;
                (group_id, if group_name.is_empty() { group.to_owned() } else { group_name })
            }
        };
        Ok(Self {
            group_id,
            group_name,
            id: wire.id.as_i32().unwrap_or_default(),
            name,
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
