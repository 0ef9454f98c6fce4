//! WhatsApp: an approved template and what fills it (infobip.md 4.1).

use serde::{Deserialize, Serialize};

use super::contract::NUMBERED_MAX;
use super::fields::{URL_UNITS_MAX, degrees, is_unbroken, nth, numbers, required_text, units, web_address};
use super::{Content, ContentFacts, Draft, InArguments, Rejection, SmsFallback, Subject, names};

/// Longest sender, in UTF-16 units (infobip.md 4.1: 24 characters).
pub(crate) const SENDER_CHARS_MAX: usize = 24;
/// Longest name of a template, in characters (infobip.md 4.1).
const TEMPLATE_NAME_CHARS_MAX: usize = 512;
/// Longest language code, in characters. Infobip states no limit; WhatsApp's longest codes have five.
const LANGUAGE_CHARS_MAX: usize = 20;
/// Longest value of a placeholder, in UTF-16 units: WhatsApp takes no longer body, and the value is a part of it.
/// Infobip's schema states no limit.
pub(crate) const PLACEHOLDER_UNITS_MAX: usize = 1_024;
/// Most consecutive spaces in a placeholder (infobip.md 4.1).
const SPACES_MAX: usize = 4;
/// Longest text of a header, in UTF-16 units (infobip.md 4.2); its placeholder's value is a part of it.
pub(crate) const HEADER_TEXT_UNITS_MAX: usize = 60;
/// Longest name of a document, in UTF-16 units (infobip.md 4.1).
const FILENAME_UNITS_MAX: usize = 240;
/// Most buttons (infobip.md 4.1).
const BUTTONS_MAX: usize = 10;
/// Most buttons with a dynamic URL (infobip.md 4.1).
const URL_BUTTONS_MAX: usize = 2;
/// Most buttons that copy a code (infobip.md 4.1).
const COPY_CODE_BUTTONS_MAX: usize = 1;
/// Longest parameter of a quick reply, in UTF-16 units (infobip.md 4.1).
pub(crate) const QUICK_REPLY_UNITS_MAX: usize = 128;
/// Longest code to copy, in UTF-16 units (infobip.md 4.1).
pub(crate) const COPY_CODE_UNITS_MAX: usize = 15;

/// What a WhatsApp message says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct WhatsAppContent {
    pub(crate) sender: String,
    pub(crate) template_name: String,
    /// Exactly the code of the registered template, such as `en_GB`.
    pub(crate) language: String,
    /// Values of `{{1}}`, `{{2}}`, … of the template's body; none is empty.
    pub(crate) placeholders: Vec<String>,
    /// Only where the template's header has a placeholder, media or a place.
    pub(crate) header: Option<Header>,
    /// Only the buttons that take a parameter, in the registered order.
    pub(crate) buttons: Vec<Button>,
    pub(crate) fallback: Option<SmsFallback>,
}

/// What fills a template's header.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Header {
    Text { placeholder: String },
    Image { media_url: String },
    Video { media_url: String },
    Gif { media_url: String },
    Document { media_url: String, filename: String },
    Location { latitude: f64, longitude: f64 },
}

/// What fills a template's button.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Button {
    /// What comes back when it is pressed.
    QuickReply {
        parameter: String,
    },
    /// The end of a dynamic URL.
    Url {
        parameter: String,
    },
    CopyCode {
        parameter: String,
    },
}

pub(crate) fn validate(draft: &Draft<'_>) -> Result<Content, Rejection> {
    let arguments = draft.arguments;
    let sender = draft.sender(SENDER_CHARS_MAX)?;
    let template_name = arguments.get(names::TEMPLATE_NAME).filter(|name| is_template_name(name));
    let template_name = template_name.ok_or(Rejection::TemplateName)?.to_owned();
    let language = arguments.get(names::TEMPLATE_LANGUAGE).filter(|code| is_language(code));
    let language = language.ok_or(Rejection::TemplateLanguage)?.to_owned();
    Ok(Content::WhatsApp(WhatsAppContent {
        sender,
        template_name,
        language,
        placeholders: placeholders(arguments)?,
        header: header(arguments)?,
        buttons: buttons(arguments)?,
        fallback: draft.sms_fallback()?,
    }))
}

fn is_template_name(name: &str) -> bool {
    name.len() <= TEMPLATE_NAME_CHARS_MAX
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_language(code: &str) -> bool {
    code.len() <= LANGUAGE_CHARS_MAX && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// As many as the template has; values beyond them are of another template. Without their count, up to the last one
/// that came at all: one that came empty is a value that the contact lacks.
fn placeholders(arguments: &InArguments) -> Result<Vec<String>, Rejection> {
    let count = match arguments.get(names::PLACEHOLDER_COUNT) {
        Some(count) => count.parse().ok().filter(|count| *count <= NUMBERED_MAX).ok_or(Rejection::Placeholders)?,
        None => arguments.last_number(names::PLACEHOLDER_PREFIX),
    };
    let placeholder = |number| {
        let value = arguments.raw(&nth(names::PLACEHOLDER_PREFIX, number));
        if units(value) > PLACEHOLDER_UNITS_MAX {
            return Err(Rejection::TextLength);
        }
        if is_placeholder(value) { Ok(value.to_owned()) } else { Err(Rejection::Placeholders) }
    };
    (1..=count).map(placeholder).collect()
}

/// Whether WhatsApp takes it: not blank, no line break, no tab, no wide gap (infobip.md 4.1).
fn is_placeholder(value: &str) -> bool {
    let gap = " ".repeat(SPACES_MAX + 1);
    !value.trim().is_empty() && !value.contains(['\n', '\r', '\t']) && !value.contains(&gap)
}

fn header(arguments: &InArguments) -> Result<Option<Header>, Rejection> {
    let media = |wrong| {
        let url = arguments.get(names::HEADER_MEDIA_URL).and_then(|url| web_address(url, URL_UNITS_MAX));
        url.ok_or(wrong)
    };
    let degrees = |name, most| degrees(arguments.get(name), most).ok_or(Rejection::Header);
    let header = match arguments.get(names::HEADER_TYPE).unwrap_or_default().to_ascii_uppercase().as_str() {
        "TEXT" => {
            let text = arguments.raw(names::HEADER_TEXT);
            let placeholder = required_text(text, HEADER_TEXT_UNITS_MAX, Rejection::Header)?;
            if !is_placeholder(&placeholder) {
                return Err(Rejection::Header);
            }
            Header::Text { placeholder }
        }
        "IMAGE" => Header::Image { media_url: media(Rejection::ImageUrlLength)? },
        "VIDEO" => Header::Video { media_url: media(Rejection::MediaUrl)? },
        "GIF" => Header::Gif { media_url: media(Rejection::MediaUrl)? },
        "DOCUMENT" => {
            let media_url = media(Rejection::MediaUrl)?;
            let filename = arguments.get(names::HEADER_FILENAME).unwrap_or_default();
            Header::Document { media_url, filename: required_text(filename, FILENAME_UNITS_MAX, Rejection::Header)? }
        }
        "LOCATION" => Header::Location {
            latitude: degrees(names::HEADER_LATITUDE, 90.0)?,
            longitude: degrees(names::HEADER_LONGITUDE, 180.0)?,
        },
        "" => {
            // Better refused than sent without what the marketer meant to show.
            let fields = [
                names::HEADER_TEXT,
                names::HEADER_MEDIA_URL,
                names::HEADER_FILENAME,
                names::HEADER_LATITUDE,
                names::HEADER_LONGITUDE,
            ];
            let filled = fields.iter().any(|name| arguments.get(name).is_some());
            return if filled { Err(Rejection::Header) } else { Ok(None) };
        }
        _ => return Err(Rejection::Header),
    };
    Ok(Some(header))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ButtonKind {
    QuickReply,
    Url,
    CopyCode,
}

/// The buttons in the order of their numbers, which may have gaps.
fn buttons(arguments: &InArguments) -> Result<Vec<Button>, Rejection> {
    let numbers = numbers(arguments, &[names::BUTTON_TYPE_PREFIX, names::BUTTON_PARAMETER_PREFIX]);
    if numbers.len() > BUTTONS_MAX {
        return Err(Rejection::ButtonsLength);
    }
    let kind = |number| match arguments.get(&nth(names::BUTTON_TYPE_PREFIX, number)) {
        Some(kind) if kind.eq_ignore_ascii_case("QUICK_REPLY") => Ok((number, ButtonKind::QuickReply)),
        Some(kind) if kind.eq_ignore_ascii_case("URL") => Ok((number, ButtonKind::Url)),
        Some(kind) if kind.eq_ignore_ascii_case("COPY_CODE") => Ok((number, ButtonKind::CopyCode)),
        _ => Err(Rejection::ButtonType),
    };
    let kinds = numbers.into_iter().map(kind).collect::<Result<Vec<_>, _>>()?;
    let count = |of| kinds.iter().filter(|(_, kind)| *kind == of).count();
    if count(ButtonKind::Url) > URL_BUTTONS_MAX || count(ButtonKind::CopyCode) > COPY_CODE_BUTTONS_MAX {
        return Err(Rejection::ButtonsLength);
    }
    kinds.into_iter().map(|(number, kind)| button(arguments, number, kind)).collect()
}

fn button(arguments: &InArguments, number: usize, kind: ButtonKind) -> Result<Button, Rejection> {
    let name = nth(names::BUTTON_PARAMETER_PREFIX, number);
    let trimmed = arguments.get(&name).unwrap_or_default();
    match kind {
        ButtonKind::QuickReply => {
            let text = required_text(arguments.raw(&name), QUICK_REPLY_UNITS_MAX, Rejection::ButtonTextLength)?;
            Ok(Button::QuickReply { parameter: text })
        }
        ButtonKind::CopyCode => {
            let code = required_text(trimmed, COPY_CODE_UNITS_MAX, Rejection::ButtonTextLength)?;
            Ok(Button::CopyCode { parameter: code })
        }
        ButtonKind::Url => {
            let end = required_text(trimmed, URL_UNITS_MAX, Rejection::ButtonUrlLength)?;
            if is_unbroken(&end) { Ok(Button::Url { parameter: end }) } else { Err(Rejection::ButtonUrlLength) }
        }
    }
}

impl ContentFacts for WhatsAppContent {
    fn sender(&self) -> &str {
        &self.sender
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Template(&self.template_name)
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        [&self.sender, &self.template_name, &self.language].into_iter().for_each(|text| visit(text));
        self.placeholders.iter().for_each(|placeholder| visit(placeholder));
        match &self.header {
            Some(Header::Text { placeholder }) => visit(placeholder),
            Some(Header::Image { media_url } | Header::Video { media_url } | Header::Gif { media_url }) => {
                visit(media_url);
            }
            Some(Header::Document { media_url, filename }) => {
                visit(media_url);
                visit(filename);
            }
            Some(Header::Location { .. }) | None => {}
        }
        for button in &self.buttons {
            let (Button::QuickReply { parameter } | Button::Url { parameter } | Button::CopyCode { parameter }) =
                button;
            visit(parameter);
        }
        self.fallback.iter().for_each(|fallback| fallback.each_text(visit));
    }
}
