//! `POST /rcs/2/messages` (infobip.md 6).

use serde_json::Value;

use super::channel::{Channel, Envelope, Verdict, items, lines};
use super::mms;
use super::schema::{ANY, Field, Kind, optional, required};
use super::status::ACCEPTED;
use super::unified::{
    CAMPAIGN_OPTION, DESTINATIONS, PLATFORM_OPTION, SCHEDULE, SEEN_WEBHOOKS, SMS_FAILOVER, TRACKING, VALIDITY_OPTION,
    WINDOW_OPTION,
};
use crate::sandbox::fields::Fields as _;

/// Published for RCS alone.
const REQUEST_BYTES_MAX: usize = 10 << 20;

pub(super) const CHANNEL: &Channel = &Channel {
    path: "/rcs/2/messages",
    name: "RCS",
    envelope: Envelope::Unified,
    request: &REQUEST,
    body_bytes_max: REQUEST_BYTES_MAX,
    accepted: ACCEPTED,
    text: |_, message| text(message.at("content")),
    judge: |account, message| {
        Verdict::of_sender(message.at("sender"), &account.rcs_senders, |known, sender| {
            known.name == sender && known.status == "LAUNCHED"
        })
    },
};

fn text(content: &Value) -> String {
    let of_card = |card: &Value| lines([card.at("title"), card.at("description")]);
    match content.at("type").as_str() {
        Some("CARD") => of_card(content.at("content")),
        Some("CAROUSEL") => items(content.at("contents")).iter().map(of_card).collect::<Vec<_>>().join("\n"),
        _ => content.at("text").as_str().unwrap_or_default().to_owned(),
    }
}

const URL: Field = required("url", Kind::Link { max: 2_048 });
const FILE: Field = required("file", Kind::Object(&[URL]));
const THUMBNAIL: Field = optional("thumbnail", Kind::Object(&[URL]));

const SUGGESTION_TEXT: Field = required("text", Kind::Sized { min: 1, max: 25 });
const POSTBACK: Field = required("postbackData", Kind::Sized { min: 1, max: 2_024 });
const SUGGESTION: Kind = Kind::Tagged(&[
    ("REPLY", &[SUGGESTION_TEXT, POSTBACK]),
    (
        "OPEN_URL",
        &[
            SUGGESTION_TEXT,
            POSTBACK,
            URL,
            optional("application", Kind::OneOf(&["BROWSER", "WEBVIEW"])),
            optional("webviewViewMode", Kind::OneOf(&["FULL", "HALF", "TALL"])),
        ],
    ),
    (
        "DIAL_PHONE",
        &[
            SUGGESTION_TEXT,
            POSTBACK,
            required("phoneNumber", Kind::Shaped { is_valid: is_phone_number, pattern: "^\\+?[0-9]\\d{1,14}$" }),
        ],
    ),
    (
        "SHOW_LOCATION",
        &[
            SUGGESTION_TEXT,
            POSTBACK,
            required("latitude", Kind::Decimal { min: -90.0, max: 90.0 }),
            required("longitude", Kind::Decimal { min: -180.0, max: 180.0 }),
            optional("label", Kind::Sized { min: 1, max: 100 }),
        ],
    ),
    ("REQUEST_LOCATION", &[SUGGESTION_TEXT, POSTBACK]),
    (
        "CREATE_CALENDAR_EVENT",
        &[
            SUGGESTION_TEXT,
            POSTBACK,
            required("startTime", Kind::Date),
            required("endTime", Kind::Date),
            required("title", Kind::Sized { min: 1, max: 100 }),
            optional("description", Kind::Sized { min: 1, max: 500 }),
        ],
    ),
]);
const SUGGESTIONS: Field = optional("suggestions", Kind::List { of: &SUGGESTION, min: 0, max: 11 });
const CARD: Kind = Kind::Ruled(
    &Kind::Object(&[
        optional("title", Kind::Sized { min: 1, max: 200 }),
        optional("description", Kind::Sized { min: 1, max: 2_000 }),
        optional(
            "media",
            Kind::Object(&[FILE, THUMBNAIL, required("height", Kind::OneOf(&["SHORT", "MEDIUM", "TALL"]))]),
        ),
        optional("suggestions", Kind::List { of: &SUGGESTION, min: 0, max: 4 }),
    ]),
    |card| {
        let is_empty = card.at("media").is_null() && card.at("title").is_null();
        is_empty.then(|| ("title".to_owned(), "must not be null without media".to_owned()))
    },
);
const CONTENT: Kind = Kind::Tagged(&[
    ("TEXT", &[required("text", Kind::Text { max: 3_072 }), SUGGESTIONS]),
    ("FILE", &[FILE, THUMBNAIL, SUGGESTIONS]),
    (
        "CARD",
        &[
            required("orientation", Kind::OneOf(&["HORIZONTAL", "VERTICAL"])),
            required("alignment", Kind::OneOf(&["LEFT", "RIGHT"])),
            required("content", CARD),
            SUGGESTIONS,
        ],
    ),
    (
        "CAROUSEL",
        &[
            required("cardWidth", Kind::OneOf(&["SMALL", "MEDIUM"])),
            required("contents", Kind::List { of: &CARD, min: 2, max: 10 }),
            SUGGESTIONS,
        ],
    ),
    (
        "PROVIDER_TEMPLATE",
        &[
            required("templateId", ANY),
            optional(
                "parameters",
                Kind::List {
                    of: &Kind::Object(&[required("name", ANY), required("value", ANY)]),
                    min: 0,
                    max: usize::MAX,
                },
            ),
        ],
    ),
]);
const MESSAGE_OPTIONS: Kind = Kind::Ruled(
    &Kind::Object(&[
        PLATFORM_OPTION,
        VALIDITY_OPTION,
        WINDOW_OPTION,
        CAMPAIGN_OPTION,
        SMS_FAILOVER,
        optional(
            "mmsFailover",
            Kind::Object(&[required("sender", ANY), required("content", mms::CONTENT), VALIDITY_OPTION]),
        ),
    ]),
    |options| {
        let has_both = !options.at("smsFailover").is_null() && !options.at("mmsFailover").is_null();
        has_both.then(|| ("mmsFailover".to_owned(), "must be null with smsFailover".to_owned()))
    },
);
const MESSAGE: Kind = Kind::Object(&[
    optional("sender", ANY),
    DESTINATIONS,
    required("content", CONTENT),
    optional("options", MESSAGE_OPTIONS),
    SEEN_WEBHOOKS,
]);
const ORDERING: Field = optional(
    "messageOrdering",
    Kind::Object(&[optional("respectOrder", Kind::Bool), optional("stopOnFailure", Kind::Bool)]),
);
const REQUEST: Kind = Kind::Object(&[
    required("messages", Kind::List { of: &MESSAGE, min: 1, max: usize::MAX }),
    optional("options", Kind::Object(&[SCHEDULE, TRACKING, ORDERING])),
]);

fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}
