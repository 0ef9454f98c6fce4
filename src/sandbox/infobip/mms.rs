//! `POST /mms/2/messages` (infobip.md 3.1).

use serde_json::{Map, Value};

use super::channel::{BODY_BYTES_MAX, Channel, Envelope, Verdict, items, lines};
use super::schema::{ANY, Field, Kind, length, optional, required};
use super::status::ACCEPTED;
use super::unified::{
    CAMPAIGN_OPTION, MMS_REGIONAL, MMS_SMS_FAILOVER, PLATFORM_OPTION, REQUEST_OPTIONS, VALIDITY_OPTION, WEBHOOKS,
    WINDOW_OPTION,
};
use crate::sandbox::fields::Fields as _;

/// Longer texts are refused with status 77, below the limit of the schema.
const PLATFORM_TEXT_MAX: usize = 1_600;
const GROUP_MAX: usize = 200;

pub(super) const CHANNEL: &Channel = &Channel {
    path: "/mms/2/messages",
    name: "MMS",
    envelope: Envelope::Unified,
    request: &REQUEST,
    body_bytes_max: BODY_BYTES_MAX,
    accepted: ACCEPTED,
    text: |_, message| {
        lines(items(message.at("content").at("messageSegments")).iter().map(|segment| segment.at("text")))
    },
    judge: |_, message| {
        let mut segments = items(message.at("content").at("messageSegments")).iter();
        let is_long =
            |segment: &Value| segment.at("text").as_str().is_some_and(|text| length(text) > PLATFORM_TEXT_MAX);
        if segments.any(is_long) { Verdict::rejected(77) } else { Verdict::FINE }
    },
};

const CONTENT_ID: Field = optional(
    "contentId",
    Kind::Shaped {
        is_valid: |id| (1..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphabetic()),
        pattern: "^[a-zA-Z]{1,20}$",
    },
);
const SEGMENT: Kind = Kind::Tagged(&[
    ("TEXT", &[required("text", Kind::Text { max: 4_096 }), CONTENT_ID]),
    ("LINK", &[required("contentUrl", Kind::Url), optional("contentType", ANY), CONTENT_ID]),
    ("SMIL", &[required("smil", ANY), required("contentType", ANY), CONTENT_ID]),
    ("UPLOADED_REFERENCE", &[required("uploadedContentId", ANY), CONTENT_ID]),
]);
/// Also the content of an MMS that stands in for an RCS message.
pub(super) const CONTENT: Kind = Kind::Ruled(
    &Kind::Object(&[
        optional("title", Kind::Text { max: 66 }),
        required("messageSegments", Kind::List { of: &SEGMENT, min: 1, max: usize::MAX }),
    ]),
    |content| {
        let ids: Vec<&str> = items(content.at("messageSegments"))
            .iter()
            .filter_map(|segment| segment.at("contentId").as_str())
            .collect();
        let is_repeated = |place: usize| ids.iter().take(place).any(|id| Some(id) == ids.get(place));
        let repeated = (0..ids.len()).any(is_repeated);
        repeated.then(|| ("messageSegments".to_owned(), "must have a contentId only once each".to_owned()))
    },
);
const SINGLE: Kind = Kind::Object(SINGLE_FIELDS);
const SINGLE_FIELDS: &[Field] = &[required("to", ANY), optional("messageId", Kind::Text { max: 200 })];
const GROUP_FIELDS: &[Field] = &[required("group", Kind::List { of: &SINGLE, min: 1, max: GROUP_MAX })];
const DESTINATION: Kind = Kind::Either(destination_fields);
const MESSAGE: Kind = Kind::Object(&[
    optional("sender", ANY),
    required("destinations", Kind::List { of: &DESTINATION, min: 1, max: usize::MAX }),
    required("content", CONTENT),
    optional(
        "options",
        Kind::Object(&[
            PLATFORM_OPTION,
            VALIDITY_OPTION,
            WINDOW_OPTION,
            CAMPAIGN_OPTION,
            optional("regional", MMS_REGIONAL),
            MMS_SMS_FAILOVER,
        ]),
    ),
    WEBHOOKS,
]);
const REQUEST: Kind =
    Kind::Object(&[required("messages", Kind::List { of: &MESSAGE, min: 1, max: usize::MAX }), REQUEST_OPTIONS]);

fn destination_fields(destination: &Map<String, Value>) -> &'static [Field] {
    if destination.contains_key("group") { GROUP_FIELDS } else { SINGLE_FIELDS }
}
