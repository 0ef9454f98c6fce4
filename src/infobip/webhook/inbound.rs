//! Inbound messages: the Messages API's format, and the one of each channel (infobip.md 9.5, 9.6).

use serde::Deserialize;
use serde_json::Value;

use super::value::{Integer, Moment, Text, lenient};
use super::{LONG_CHARS_MAX, Malformed, SHORT_CHARS_MAX, message_id};
use crate::clock::Timestamp;
use crate::domain::ids::MessageId;
use crate::domain::inbound::{BUTTON_TYPES, HeardInbound, InboundChannel, InboundMessage};

/// The event of a message; others of the Messages API tell that somebody types.
const MESSAGE_EVENT: &str = "MO";
const TEXT: &str = "TEXT";
const SUBJECT: &str = "SUBJECT";
/// Parts of one message that are read.
const PARTS_MAX: usize = 50;
/// Longest text of a kept message, in bytes: a record must fit its place in the store, whatever the script.
const LONG_BYTES_MAX: usize = 12_000;

/// All formats in one: no two use a name for different things.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireInbound {
    event: Text,
    channel: Text,
    /// The channels' own formats' name of `channel`.
    integration_type: Text,
    sender: Text,
    /// The name of `sender` in the formats of SMS, MMS and WhatsApp.
    from: Text,
    destination: Text,
    /// The channels' own formats' name of `destination`.
    to: Text,
    content: Value,
    message: Value,
    text: Text,
    clean_text: Text,
    keyword: Text,
    received_at: Moment,
    message_id: Text,
    paired_message_id: Text,
    callback_data: Text,
    message_count: Integer,
    sms_count: Integer,
    rcs_count: Integer,
    #[serde(deserialize_with = "lenient")]
    platform: WirePlatform,
    #[serde(flatten)]
    own_platform: WirePlatform,
    campaign_reference_id: Text,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WirePlatform {
    entity_id: Text,
    application_id: Text,
}

/// A part of a message.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WirePart {
    r#type: Text,
    text: Text,
    /// What a button or list entry of WhatsApp says.
    title: Text,
    clean_text: Text,
    keyword: Text,
    /// MMS.
    content_type: Text,
    /// Text of an MMS's part.
    value: Text,
    /// Comes back from the Viber message that is answered.
    tracking_data: Text,
    /// The WhatsApp message that is answered.
    #[serde(deserialize_with = "lenient")]
    context: WireContext,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireContext {
    id: Text,
}

pub(super) fn inbound(now: Timestamp, entry: Value) -> Result<Option<HeardInbound>, Malformed> {
    let wire: WireInbound = serde_json::from_value(entry).map_err(|_| Malformed::NotAnObject)?;
    if wire.event.0.as_deref().is_some_and(|event| !event.eq_ignore_ascii_case(MESSAGE_EVENT)) {
        return Ok(None);
    }
    let Some(channel) = channel(&wire)? else { return Ok(None) };
    let short = |text: Text| text.cut(SHORT_CHARS_MAX);
    let mut parts = parts(wire.content, wire.message);
    if parts.is_empty() {
        parts.push(WirePart { text: wire.text, clean_text: wire.clean_text, ..WirePart::default() });
    }
    let ours = parts.iter_mut().flat_map(|part| [part.tracking_data.0.take(), part.context.id.0.take()]).flatten();
    let answered = ours.into_iter().find(|id| id.parse::<MessageId>().is_ok());
    let kinds: Vec<String> = parts.iter().map(kind).collect();
    let keyword = parts.iter_mut().find_map(|part| part.keyword.0.take());
    let mut said = Said::default();
    for (part, kind) in parts.into_iter().zip(&kinds) {
        said.add(kind, part);
    }
    let text = if said.texts.is_empty() { said.subjects } else { said.texts };
    let message = InboundMessage {
        message_id: message_id(wire.message_id)?,
        channel,
        sender: short(wire.sender).or(short(wire.from)).ok_or(Malformed::NoSender)?,
        destination: short(wire.destination).or(short(wire.to)).unwrap_or_default(),
        content_type: kinds.into_iter().next().map(|kind| bounded(kind, SHORT_CHARS_MAX)).unwrap_or_default(),
        text: bounded(text.join("\n"), LONG_CHARS_MAX),
        clean_text: Some(bounded(said.clean_texts.join("\n"), LONG_CHARS_MAX)).filter(|text| !text.is_empty()),
        keyword: short(wire.keyword).or(keyword.map(|keyword| bounded(keyword, SHORT_CHARS_MAX))),
        received_at: wire.received_at.0.unwrap_or(now),
        message_count: wire
            .message_count
            .0
            .or(wire.sms_count.0)
            .or(wire.rcs_count.0)
            .and_then(|count| u32::try_from(count).ok()),
        paired_message_id: short(wire.paired_message_id).or(answered),
        callback_data: wire.callback_data.0.map(|data| bounded(data, LONG_CHARS_MAX)),
        entity_id: short(wire.platform.entity_id).or(short(wire.own_platform.entity_id)),
        application_id: short(wire.platform.application_id).or(short(wire.own_platform.application_id)),
        campaign_reference_id: short(wire.campaign_reference_id),
    };
    let button = Some(bounded(said.buttons.join("\n"), LONG_CHARS_MAX)).filter(|text| !text.is_empty());
    Ok(Some(HeardInbound { message, button }))
}

/// What a message says, by how it was said.
#[derive(Default)]
struct Said {
    texts: Vec<String>,
    clean_texts: Vec<String>,
    /// Of an MMS. They stand for the text only where there is none: many phones fill them by themselves.
    subjects: Vec<String>,
    buttons: Vec<String>,
}

impl Said {
    fn add(&mut self, kind: &str, part: WirePart) {
        let text = part.text.0.or(part.title.0).or(part.value.0).filter(|text| !text.trim().is_empty());
        match kind {
            TEXT => {
                self.texts.extend(text);
                self.clean_texts.extend(part.clean_text.0);
            }
            SUBJECT => self.subjects.extend(text),
            kind if BUTTON_TYPES.contains(&kind) => self.buttons.extend(text),
            // A file, a place, a reaction: no reply in words, whatever is written below it.
            _ => {}
        }
    }
}

/// The channel that a message came on. One that has no replies of ours, such as Instagram, is `None`.
fn channel(wire: &WireInbound) -> Result<Option<InboundChannel>, Malformed> {
    if let Some(name) = wire.channel.0.as_ref().or(wire.integration_type.0.as_ref()) {
        return Ok(match name.trim().to_ascii_uppercase().as_str() {
            "SMS" => Some(InboundChannel::Sms),
            "MMS" => Some(InboundChannel::Mms),
            "WHATSAPP" => Some(InboundChannel::WhatsApp),
            "VIBER" | "VIBER_BM" | "VIBER_BOT" => Some(InboundChannel::Viber),
            "RCS" => Some(InboundChannel::Rcs),
            _ => None,
        });
    }
    // Without a name the form tells: MMS has a list of parts, SMS a text, and bodies of Viber bots an object.
    match &wire.message {
        Value::Array(_) => Ok(Some(InboundChannel::Mms)),
        Value::Object(_) => Ok(Some(InboundChannel::Viber)),
        _ if wire.text.0.is_some() => Ok(Some(InboundChannel::Sms)),
        _ => Err(Malformed::NoChannel),
    }
}

/// The parts of a message. One that is no object is left out.
fn parts(content: Value, message: Value) -> Vec<WirePart> {
    let parts = match (content, message) {
        (Value::Array(parts), _) | (_, Value::Array(parts)) => parts,
        (part @ Value::Object(_), _) | (_, part @ Value::Object(_)) => vec![part],
        _ => Vec::new(),
    };
    parts.into_iter().take(PARTS_MAX).filter_map(|part| serde_json::from_value(part).ok()).collect()
}

/// A part's type; an MMS's says it as a media type.
fn kind(part: &WirePart) -> String {
    if let Some(kind) = &part.r#type.0 {
        return kind.trim().to_ascii_uppercase();
    }
    let media = part.content_type.0.as_ref().map(|media| media.trim().to_ascii_lowercase());
    match media.as_deref().map(|media| media.split(['/', ';']).map(str::trim).collect::<Vec<_>>()).as_deref() {
        None | Some(["text", "plain", ..]) => TEXT.to_owned(),
        Some([family @ ("image" | "video" | "audio"), ..]) => family.to_ascii_uppercase(),
        Some(_) => "FILE".to_owned(),
    }
}

/// Cut to so many characters, and to the bytes that a record has room for.
fn bounded(mut text: String, chars_max: usize) -> String {
    let by_chars = text.char_indices().nth(chars_max).map_or(text.len(), |(at, _)| at);
    let end = (0..=by_chars.min(LONG_BYTES_MAX)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
    text
}
