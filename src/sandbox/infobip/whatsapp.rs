//! `POST /whatsapp/1/message/template` (infobip.md 4.1).

use serde_json::Value;

use super::InfobipAccount;
use super::channel::{BODY_BYTES_MAX, Channel, Envelope, Verdict, items, lines};
use super::errors::Violation;
use super::registered::WhatsAppTemplate;
use super::schema::{ANY, Field, Kind, optional, required};
use super::status::{ENROUTE, INVALID_TEMPLATE, INVALID_TEMPLATE_ARGS};
use super::unified::TRACKING_FIELDS;
use crate::sandbox::fields::Fields as _;

const BUTTONS_MAX: usize = 10;
/// How many buttons of a type a message may fill.
const BUTTONS_OF_TYPE_MAX: &[(&str, usize)] = &[("URL", 2), ("COPY_CODE", 1), ("FLOW", 1)];
/// Consecutive spaces in a placeholder's value.
const SPACES_MAX: usize = 4;

pub(super) const CHANNEL: &Channel = &Channel {
    path: "/whatsapp/1/message/template",
    name: "WHATSAPP",
    envelope: Envelope::WhatsApp,
    request: &REQUEST,
    body_bytes_max: BODY_BYTES_MAX,
    accepted: ENROUTE,
    text,
    judge: |account, message| {
        Verdict::of_sender(message.at("from"), &account.whatsapp_senders, |known, sender| known.number == sender)
            .or(|| template_verdict(account, message))
    },
};

/// The template of a message, usable or not.
fn template_of<'a>(account: &'a InfobipAccount, message: &Value) -> Option<&'a WhatsAppTemplate> {
    let content = message.at("content");
    account.whatsapp_templates.iter().find(|template| {
        *message.at("from") == *template.sender.as_str()
            && *content.at("templateName") == *template.name.as_str()
            && *content.at("language") == *template.language.as_str()
    })
}

/// The template's body with the placeholders filled in; the values alone when there is no such template.
fn text(account: &InfobipAccount, message: &Value) -> String {
    let values = items(message.at("content").at("templateData").at("body").at("placeholders"));
    let Some(template) = template_of(account, message) else { return lines(values) };
    let numbered = values.iter().enumerate();
    numbered.fold(template.body().to_owned(), |text, (index, value)| {
        text.replace(&format!("{{{{{}}}}}", index + 1), value.as_str().unwrap_or_default())
    })
}

/// Wrong templates are accepted and fail later.
fn template_verdict(account: &InfobipAccount, message: &Value) -> Verdict {
    let usable = template_of(account, message).filter(|template| template.status == "APPROVED");
    let Some(template) = usable else { return Verdict::failing(INVALID_TEMPLATE) };
    let data = message.at("content").at("templateData");
    let buttons: Vec<&str> = items(data.at("buttons")).iter().filter_map(|button| button.at("type").as_str()).collect();
    let fits = items(data.at("body").at("placeholders")).len() == template.placeholders()
        && data.at("header").at("type").as_str() == template.header_input()
        && buttons == template.button_inputs();
    if fits { Verdict::FINE } else { Verdict::failing(INVALID_TEMPLATE_ARGS) }
}

const PLACEHOLDER: Kind = Kind::Shaped {
    is_valid: is_placeholder,
    pattern: "not empty, without new lines, tabs or more than 4 consecutive spaces",
};
const BODY: Kind = Kind::Object(&[required("placeholders", Kind::List { of: &PLACEHOLDER, min: 0, max: usize::MAX })]);
const MEDIA_URL: Field = required("mediaUrl", Kind::Link { max: 2_048 });
const HEADER: Kind = Kind::Tagged(&[
    ("TEXT", &[required("placeholder", PLACEHOLDER)]),
    ("IMAGE", &[MEDIA_URL]),
    ("VIDEO", &[MEDIA_URL]),
    ("GIF", &[MEDIA_URL]),
    ("DOCUMENT", &[MEDIA_URL, required("filename", Kind::Sized { min: 1, max: 240 })]),
    (
        "LOCATION",
        &[
            required("latitude", Kind::Decimal { min: -90.0, max: 90.0 }),
            required("longitude", Kind::Decimal { min: -180.0, max: 180.0 }),
        ],
    ),
]);
const QUICK_REPLY: (&str, &[Field]) = ("QUICK_REPLY", &[required("parameter", Kind::Sized { min: 1, max: 128 })]);
const URL: (&str, &[Field]) = ("URL", &[required("parameter", ANY)]);
const RETAILER_ID: Kind = Kind::Text { max: 3_000 };
const THUMBNAIL: Field = optional("thumbnailProductRetailerId", RETAILER_ID);
const SECTION: Kind = Kind::Object(&[
    required("title", Kind::Text { max: 24 }),
    required("productRetailerIds", Kind::List { of: &RETAILER_ID, min: 0, max: usize::MAX }),
]);
const BUTTON: Kind = Kind::Tagged(&[
    QUICK_REPLY,
    URL,
    ("COPY_CODE", &[required("parameter", Kind::Sized { min: 1, max: 15 })]),
    ("FLOW", &[optional("flowToken", Kind::Text { max: 3_000 }), optional("data", Kind::Opaque)]),
    ("CATALOG", &[THUMBNAIL]),
    ("MULTI_PRODUCT", &[THUMBNAIL, required("sections", Kind::List { of: &SECTION, min: 1, max: 10 })]),
    ("ORDER_DETAILS", &[optional("action", Kind::Opaque)]),
    (
        "VOICE_CALL",
        &[
            optional("callValidityPeriod", Kind::Int { min: 1, max: 43_200 }),
            optional("callContextPayload", Kind::Sized { min: 1, max: 512 }),
        ],
    ),
]);
const CARD: Kind = Kind::Object(&[
    required("header", HEADER),
    optional("body", BODY),
    optional("buttons", Kind::List { of: &Kind::Tagged(&[QUICK_REPLY, URL]), min: 1, max: 2 }),
]);
const TEMPLATE_DATA: Kind = Kind::Ruled(
    &Kind::Object(&[
        required("body", BODY),
        optional("header", HEADER),
        optional("buttons", Kind::List { of: &BUTTON, min: 0, max: BUTTONS_MAX }),
        optional("carousel", Kind::Object(&[required("cards", Kind::List { of: &CARD, min: 1, max: 10 })])),
        optional("limitedTimeOffer", Kind::Object(&[required("expirationTime", Kind::Date)])),
        optional("orderStatus", Kind::Opaque),
    ]),
    buttons_violation,
);
const MESSAGE: Kind = Kind::Object(&[
    required("from", Kind::Sized { min: 1, max: 24 }),
    required("to", Kind::Sized { min: 1, max: 150 }),
    optional("messageId", Kind::Text { max: 200 }),
    required(
        "content",
        Kind::Object(&[
            required("templateName", Kind::Shaped { is_valid: is_template_name, pattern: "^[a-z0-9_]{1,512}$" }),
            required("language", ANY),
            required("templateData", TEMPLATE_DATA),
        ]),
    ),
    optional("callbackData", Kind::Text { max: 4_000 }),
    optional("notifyUrl", Kind::Link { max: 2_048 }),
    optional("urlOptions", Kind::Object(TRACKING_FIELDS)),
    optional(
        "smsFailover",
        Kind::Object(&[
            required("from", Kind::Sized { min: 1, max: 24 }),
            required("text", Kind::Sized { min: 1, max: 4_096 }),
        ]),
    ),
    optional("entityId", Kind::Text { max: 255 }),
    optional("applicationId", Kind::Text { max: 255 }),
    optional("context", Kind::Object(&[required("replyToMessageId", ANY)])),
]);
const REQUEST: Kind = Kind::Object(&[
    required("messages", Kind::List { of: &MESSAGE, min: 1, max: usize::MAX }),
    optional("bulkId", Kind::Text { max: 100 }),
]);

fn is_placeholder(value: &str) -> bool {
    let has_gap = value.contains(&" ".repeat(SPACES_MAX + 1));
    !value.is_empty() && !has_gap && !value.contains(['\n', '\r', '\t'])
}

fn is_template_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=512).contains(&name.len()) && name.bytes().all(is_allowed)
}

fn buttons_violation(data: &Value) -> Option<Violation> {
    let buttons = items(data.at("buttons"));
    let count = |kind: &str| buttons.iter().filter(|button| button.at("type") == kind).count();
    let mut limits = BUTTONS_OF_TYPE_MAX.iter();
    let (kind, max) = limits.find(|(kind, max)| count(kind) > *max)?;
    Some(("buttons".to_owned(), format!("must have at most {max} of type {kind}")))
}
