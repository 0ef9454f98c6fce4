//! `POST /viber/2/messages` (infobip.md 5.1).

use serde_json::Value;

use super::channel::{BODY_BYTES_MAX, Channel, Envelope, Verdict, items};
use super::errors::Violation;
use super::schema::{ANY, Field, Kind, length, optional, required};
use super::status::ACCEPTED;
use super::unified::{
    CAMPAIGN_OPTION, DESTINATIONS, PLATFORM_OPTION, REQUEST_OPTIONS, SEEN_WEBHOOKS, SMS_FAILOVER, VALIDITY_OPTION,
    WINDOW_OPTION, is_duration,
};
use crate::sandbox::fields::Fields as _;

/// Title lengths of a carousel card's first and second button.
const CARD_TITLES_MAX: [usize; 2] = [10, 12];
const FILE_EXTENSIONS: &[&str] = &[
    "doc", "docx", "dot", "dotx", "rtf", "odt", "odf", "fodt", "txt", "info", "pdf", "xps", "pdax", "eps", "xls",
    "xlsx", "xlsm", "xltx", "ods", "fods", "csv",
];

pub(super) const CHANNEL: &Channel = &Channel {
    path: "/viber/2/messages",
    name: "VIBER",
    envelope: Envelope::Unified,
    request: &REQUEST,
    body_bytes_max: BODY_BYTES_MAX,
    accepted: ACCEPTED,
    text: |_, message| message.at("content").at("text").as_str().unwrap_or_default().to_owned(),
    judge: |account, message| {
        Verdict::of_sender(message.at("sender"), &account.viber_senders, |known, sender| known == sender)
    },
};

const ACTION: Kind = Kind::Text { max: 1_000 };
const TITLE: Kind = Kind::Sized { min: 1, max: 30 };
const MEDIA_URL: Field = required("mediaUrl", Kind::Link { max: 1_000 });
const CAPTION: Field = optional("text", Kind::Sized { min: 1, max: 1_000 });
const BUTTON: Field = optional("button", Kind::Object(&[required("title", TITLE), required("action", ACTION)]));

const CARD: Kind = Kind::Ruled(
    &Kind::Object(&[
        required("text", Kind::Sized { min: 2, max: 38 }),
        MEDIA_URL,
        optional(
            "buttons",
            Kind::List {
                of: &Kind::Object(&[required("title", ANY), required("action", ACTION)]),
                min: 0,
                max: CARD_TITLES_MAX.len(),
            },
        ),
    ]),
    card_violation,
);
const CONTENT: Kind = Kind::Ruled(
    &Kind::Tagged(&[
        ("TEXT", &[required("text", Kind::Text { max: 1_000 }), BUTTON]),
        ("IMAGE", &[MEDIA_URL, CAPTION, optional("showImageInFullScreen", Kind::Bool), BUTTON]),
        (
            "VIDEO",
            &[
                MEDIA_URL,
                required("mediaDuration", Kind::Shaped { is_valid: is_duration, pattern: "an ISO 8601 duration" }),
                required("thumbnailUrl", Kind::Link { max: 1_000 }),
                CAPTION,
                optional("button", Kind::Object(&[required("title", TITLE), optional("action", ACTION)])),
                optional("buttonTitle", TITLE),
            ],
        ),
        (
            "FILE",
            &[
                required("fileName", Kind::Shaped { is_valid: is_file_name, pattern: "a document's file name" }),
                required("mediaUrl", Kind::Url),
            ],
        ),
        (
            "LIST",
            &[
                required("text", Kind::Text { max: 85 }),
                required("options", Kind::List { of: &Kind::Text { max: 50 }, min: 2, max: 5 }),
            ],
        ),
        (
            "CAROUSEL",
            &[required("text", Kind::Text { max: 1_000 }), required("cards", Kind::List { of: &CARD, min: 2, max: 5 })],
        ),
        ("TEMPLATE", &[required("templateId", ANY), optional("parameters", Kind::Texts), required("language", ANY)]),
    ]),
    |content| {
        let is_captionless = content.at("type") == "IMAGE" && content.at("text").is_null();
        let is_violated = is_captionless && !content.at("button").is_null();
        is_violated.then(|| ("text".to_owned(), "must not be null with a button".to_owned()))
    },
);
const MESSAGE: Kind = Kind::Object(&[
    required("sender", Kind::Filled { max: usize::MAX }),
    DESTINATIONS,
    required("content", CONTENT),
    optional(
        "options",
        Kind::Object(&[
            PLATFORM_OPTION,
            VALIDITY_OPTION,
            WINDOW_OPTION,
            CAMPAIGN_OPTION,
            SMS_FAILOVER,
            optional("label", Kind::OneOf(&["PROMOTIONAL", "TRANSACTIONAL"])),
            optional("trackingData", Kind::Sized { min: 1, max: 100 }),
            optional("applySessionRate", Kind::Bool),
            optional("toPrimaryDeviceOnly", Kind::Bool),
            optional("activationCheck", Kind::Bool),
        ]),
    ),
    SEEN_WEBHOOKS,
]);
const REQUEST: Kind =
    Kind::Object(&[required("messages", Kind::List { of: &MESSAGE, min: 1, max: usize::MAX }), REQUEST_OPTIONS]);

fn is_file_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| FILE_EXTENSIONS.contains(&extension))
}

fn card_violation(card: &Value) -> Option<Violation> {
    let mut buttons = items(card.at("buttons")).iter().zip(CARD_TITLES_MAX).enumerate();
    buttons.find_map(|(index, (button, max))| {
        let is_long = button.at("title").as_str().is_some_and(|title| length(title) > max);
        is_long.then(|| (format!("buttons[{index}].title"), format!("size must be between 0 and {max}")))
    })
}
