//! `POST /sms/3/messages`, `POST /sms/1/preview` (infobip.md 1.3, 1.4, 2.1).

use serde_json::{Map, Value, json};

use super::channel::{BODY_BYTES_MAX, Channel, Envelope, Verdict};
use super::errors::Family;
use super::schema::{ANY, Field, INT32, Kind, optional, required};
use super::status::ACCEPTED;
use super::text::parts;
use super::unified::{
    CAMPAIGN_OPTION, PLATFORM_OPTION, REGIONAL, SCHEDULE, TRACKING, VALIDITY_OPTION, WEBHOOKS, WINDOW_OPTION,
    checked_body,
};
use super::{Scene, State};
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

const PARTS_MAX: u32 = 25;
const TEXT_BYTES_MAX: usize = 4_000;

pub(super) const CHANNEL: &Channel = &Channel {
    path: "/sms/3/messages",
    name: "SMS",
    envelope: Envelope::Unified,
    request: &REQUEST,
    body_bytes_max: BODY_BYTES_MAX,
    accepted: ACCEPTED,
    text: |_, message| text(message).to_owned(),
    judge: |_, message| {
        let text = text(message);
        let is_too_long = parts(text).count > PARTS_MAX || text.len() > TEXT_BYTES_MAX;
        if is_too_long { Verdict::rejected(25) } else { Verdict::FINE }
    },
};

fn text(message: &Value) -> &str {
    message.at("content").at("text").as_str().unwrap_or_default()
}

const DESTINATION: Kind = Kind::Object(&[
    required("to", Kind::Text { max: 64 }),
    optional("messageId", Kind::Text { max: 200 }),
    optional("networkId", INT32),
]);
const MESSAGE_OPTIONS: &[Field] = &[
    PLATFORM_OPTION,
    VALIDITY_OPTION,
    WINDOW_OPTION,
    CAMPAIGN_OPTION,
    optional("regional", REGIONAL),
    optional("flash", Kind::Bool),
];
const LANGUAGE: &[Field] = &[
    optional("languageCode", Kind::OneOf(&["NONE", "TR", "ES", "PT", "AUTODETECT"])),
    optional("singleShift", Kind::Bool),
    optional("lockingShift", Kind::Bool),
];
pub(super) const TRANSLITERATION: Kind = Kind::OneOf(&[
    "NONE",
    "TURKISH",
    "GREEK",
    "CYRILLIC",
    "SERBIAN_CYRILLIC",
    "BULGARIAN_CYRILLIC",
    "CENTRAL_EUROPEAN",
    "BALTIC",
    "PORTUGUESE",
    "COLOMBIAN",
    "NON_UNICODE",
    "ALL",
]);
const TEXT_CONTENT: &[Field] = &[
    required("text", Kind::Filled { max: usize::MAX }),
    optional("transliteration", TRANSLITERATION),
    optional("language", Kind::Object(LANGUAGE)),
];
const BINARY_CONTENT: &[Field] =
    &[required("hex", Kind::Filled { max: usize::MAX }), optional("dataCoding", INT32), optional("esmClass", INT32)];
const MESSAGE: Kind = Kind::Object(&[
    optional("sender", ANY),
    required("destinations", Kind::List { of: &DESTINATION, min: 1, max: usize::MAX }),
    required("content", Kind::Either(content_fields)),
    optional("options", Kind::Object(MESSAGE_OPTIONS)),
    WEBHOOKS,
]);
const REQUEST_OPTIONS: &[Field] = &[
    SCHEDULE,
    TRACKING,
    optional("includeSmsCountInResponse", Kind::Bool),
    optional(
        "conversionTracking",
        Kind::Object(&[optional("useConversionTracking", Kind::Bool), optional("conversionTrackingName", ANY)]),
    ),
];
const REQUEST: Kind = Kind::Object(&[
    required("messages", Kind::List { of: &MESSAGE, min: 1, max: usize::MAX }),
    optional("options", Kind::Object(REQUEST_OPTIONS)),
]);
const PREVIEW: Kind = Kind::Object(&[
    required("text", Kind::Filled { max: usize::MAX }),
    optional("languageCode", Kind::OneOf(&["NONE", "TR", "ES", "PT", "AUTODETECT"])),
    optional("transliteration", TRANSLITERATION),
]);

/// Binary content excludes text, so a mixture violates.
fn content_fields(content: &Map<String, Value>) -> &'static [Field] {
    if content.contains_key("hex") { BINARY_CONTENT } else { TEXT_CONTENT }
}

/// `POST /sms/1/preview`: how a text is split.
pub(super) fn preview(_: &mut State, _: &Scene, call: &Call, _: &str) -> Reply {
    let body = match checked_body(call, &PREVIEW, Family::Old) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let text = body.at("text").as_str().unwrap_or_default();
    let counted = parts(text);
    let single = if counted.is_unicode { 70 } else { 160 };
    let joined = if counted.is_unicode { 67 } else { 153 };
    let room = if counted.count == 1 { single } else { joined * counted.count as usize };
    let preview = json!({
        "textPreview": text,
        "messageCount": counted.count,
        "charactersRemaining": room.saturating_sub(counted.length),
        "configuration": {},
    });
    Reply::json(200, &json!({ "originalText": text, "previews": [preview] }))
}
