//! Viber, and the manual's *Viber (deprecated)* over OMNI failover (infobip.md 5).

use serde::{Deserialize, Serialize};

use super::super::channel::Channel;
use super::fields::{URL_UNITS_MAX, optional_text, required_text, strict_flag, units, web_address};
use super::{Content, ContentFacts, Draft, InArguments, Rejection, SmsFallback, Subject, kinds, names, sms};

/// Longest sender, in UTF-16 units (infobip.md 5.1: 20 characters).
pub(crate) const SENDER_CHARS_MAX: usize = 20;
/// Shortest sender, in UTF-16 units (infobip.md 5.1: 2 characters).
const SENDER_CHARS_MIN: usize = 2;
/// Longest text, in UTF-16 units (infobip.md 5.1). OMNI's schema states no limit; it is the same channel.
pub(crate) const TEXT_UNITS_MAX: usize = 1_000;
/// Longest address of an image, a video, a preview image or a button, in UTF-16 units (infobip.md 5.1, 5.3). For a
/// file none is stated: [`URL_UNITS_MAX`].
const ADDRESS_UNITS_MAX: usize = 1_000;
/// Longest text of a button, in UTF-16 units (infobip.md 5.1, 5.3).
pub(crate) const BUTTON_UNITS_MAX: usize = 30;
/// Longest name of a file, in UTF-16 units. Infobip states no limit here; file systems take no longer ones.
const FILE_NAME_UNITS_MAX: usize = 255;
/// Endings of files that Infobip takes, in lower case only (pattern of `fileName`, infobip.md 5.1).
const FILE_ENDINGS: &[&str] = &[
    "doc", "docx", "dot", "dotx", "rtf", "odt", "odf", "fodt", "txt", "info", "pdf", "xps", "pdax", "eps", "xls",
    "xlsx", "xlsm", "xltx", "ods", "fods", "csv",
];

/// What a Viber message says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ViberContent {
    pub(crate) sender: String,
    pub(crate) body: ViberBody,
    pub(crate) label: Label,
    pub(crate) fallback: Option<SmsFallback>,
}

/// The kinds of content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum ViberBody {
    Text {
        text: String,
        button: Option<ViberButton>,
    },
    /// An image alone, or with a text, or with a text and a button.
    Image {
        media_url: String,
        text: Option<String>,
        button: Option<ViberButton>,
    },
    Video {
        media_url: String,
        thumbnail_url: String,
        /// Whole seconds, at least 1.
        duration_secs: u32,
        text: Option<String>,
        /// Opens the video when it has no action of its own.
        button: Option<ViberButton>,
    },
    File {
        media_url: String,
        file_name: String,
    },
}

/// A button below a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ViberButton {
    pub(crate) title: String,
    /// The URL that it opens; only a video's button may do without.
    pub(crate) action: Option<String>,
}

/// What a message is for; it has a price of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Label {
    Promotional,
    Transactional,
}

/// What a message of *Viber (deprecated)* says. Its sender is the scenario's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ViberOmniContent {
    pub(crate) scenario_key: String,
    pub(crate) text: Option<String>,
    pub(crate) image_url: Option<String>,
    pub(crate) button: Option<OmniButton>,
    pub(crate) label: Label,
    /// Text of the scenario's SMS step, where it has one.
    pub(crate) sms_text: Option<String>,
}

/// A button of *Viber (deprecated)*.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct OmniButton {
    pub(crate) text: String,
    /// `tel:` is allowed besides web addresses.
    pub(crate) url: String,
}

pub(crate) fn validate(draft: &Draft<'_>) -> Result<Content, Rejection> {
    let arguments = draft.arguments;
    let sender = draft.sender(SENDER_CHARS_MAX)?;
    if units(&sender) < SENDER_CHARS_MIN {
        return Err(Rejection::From);
    }
    let body = match kinds::chosen(Channel::Viber, arguments)? {
        "TEXT" => text_body(arguments),
        "IMAGE" => image_body(arguments),
        "VIDEO" => video_body(arguments),
        "FILE" => file_body(arguments),
        _ => Err(Rejection::ContentType),
    }?;
    Ok(Content::Viber(ViberContent { sender, body, label: label(arguments)?, fallback: draft.sms_fallback()? }))
}

fn text_body(arguments: &InArguments) -> Result<ViberBody, Rejection> {
    let text = text(arguments)?.ok_or(Rejection::TextLength)?;
    Ok(ViberBody::Text { text, button: button(arguments)? })
}

/// The ending of the address is not looked at: Infobip names `.jpg`, `.jpeg` and `.png`, but its schema has no pattern
/// for it, and an image service's address ends as it likes.
fn image_body(arguments: &InArguments) -> Result<ViberBody, Rejection> {
    let text = text(arguments)?;
    if text.is_none() && has_button(arguments) {
        return Err(Rejection::TextLength);
    }
    let media_url = address(arguments, names::IMAGE_URL, ADDRESS_UNITS_MAX).ok_or(Rejection::ImageUrlLength)?;
    Ok(ViberBody::Image { media_url, text, button: button(arguments)? })
}

fn video_body(arguments: &InArguments) -> Result<ViberBody, Rejection> {
    let text = text(arguments)?;
    let media_url = address(arguments, names::VIDEO_URL, ADDRESS_UNITS_MAX).ok_or(Rejection::MediaUrl)?;
    let button = match (has_button(arguments), arguments.get(names::BUTTON_URL)) {
        (false, _) => None,
        (true, None) => Some(ViberButton { title: button_text(arguments)?, action: None }),
        (true, Some(_)) => button(arguments)?,
    };
    let thumbnail_url = address(arguments, names::THUMBNAIL_URL, ADDRESS_UNITS_MAX).ok_or(Rejection::Video)?;
    let seconds = arguments.get(names::VIDEO_SECONDS).and_then(|text| text.parse().ok());
    let duration_secs = seconds.filter(|seconds| *seconds > 0).ok_or(Rejection::Video)?;
    Ok(ViberBody::Video { media_url, thumbnail_url, duration_secs, text, button })
}

fn file_body(arguments: &InArguments) -> Result<ViberBody, Rejection> {
    let media_url = address(arguments, names::FILE_URL, URL_UNITS_MAX).ok_or(Rejection::MediaUrl)?;
    let name = arguments.get(names::FILE_NAME).filter(|name| is_file_name(name)).ok_or(Rejection::File)?;
    Ok(ViberBody::File { media_url, file_name: name.to_owned() })
}

fn is_file_name(name: &str) -> bool {
    let has_ending = |(stem, ending): (&str, &str)| !stem.is_empty() && FILE_ENDINGS.contains(&ending);
    name.rsplit_once('.').is_some_and(has_ending)
        && units(name) <= FILE_NAME_UNITS_MAX
        && !name.chars().any(char::is_control)
}

/// *Viber (deprecated)*: a text, an image or both; a button only with a text, as the manual's form has it.
pub(crate) fn validate_omni(draft: &Draft<'_>) -> Result<Content, Rejection> {
    let arguments = draft.arguments;
    let scenario_key = draft.scenario_key()?;
    let text = text(arguments)?;
    let has_image = arguments.get(names::IMAGE_URL).is_some();
    if text.is_none() && (!has_image || has_button(arguments)) {
        return Err(Rejection::TextLength);
    }
    let image_url = address(arguments, names::IMAGE_URL, ADDRESS_UNITS_MAX);
    if has_image && image_url.is_none() {
        return Err(Rejection::ImageUrlLength);
    }
    let button = omni_button(arguments)?;
    let label = label(arguments)?;
    let sms_text = Some(arguments.raw(names::FALLBACK_TEXT)).filter(|text| !text.trim().is_empty());
    if !sms_text.is_none_or(sms::fits) {
        return Err(Rejection::FallbackText);
    }
    let sms_text = sms_text.map(str::to_owned);
    Ok(Content::ViberOmni(ViberOmniContent { scenario_key, text, image_url, button, label, sms_text }))
}

fn omni_button(arguments: &InArguments) -> Result<Option<OmniButton>, Rejection> {
    if !has_button(arguments) {
        return Ok(None);
    }
    let url = arguments.get(names::BUTTON_URL).and_then(|url| match url.split_once(':') {
        Some((scheme, number)) if scheme.eq_ignore_ascii_case("tel") => dialled(number),
        _ => web_address(url, ADDRESS_UNITS_MAX),
    });
    let url = url.ok_or(Rejection::ButtonUrlLength)?;
    Ok(Some(OmniButton { text: button_text(arguments)?, url }))
}

/// `tel:` with a number, which may have visual separators (RFC 3966, 3).
fn dialled(number: &str) -> Option<String> {
    let is_digit_or_separator = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | '(' | ')');
    let digits = number.strip_prefix('+').unwrap_or(number);
    let url = format!("tel:{number}");
    let valid = digits.contains(|c: char| c.is_ascii_digit())
        && digits.chars().all(is_digit_or_separator)
        && units(&url) <= ADDRESS_UNITS_MAX;
    valid.then_some(url)
}

fn text(arguments: &InArguments) -> Result<Option<String>, Rejection> {
    optional_text(arguments.raw(names::TEXT), TEXT_UNITS_MAX, Rejection::TextLength)
}

fn address(arguments: &InArguments, name: &str, units_max: usize) -> Option<String> {
    arguments.get(name).and_then(|url| web_address(url, units_max))
}

fn has_button(arguments: &InArguments) -> bool {
    [names::BUTTON_TEXT, names::BUTTON_URL].iter().any(|name| arguments.get(name).is_some())
}

fn button(arguments: &InArguments) -> Result<Option<ViberButton>, Rejection> {
    if !has_button(arguments) {
        return Ok(None);
    }
    let url = address(arguments, names::BUTTON_URL, ADDRESS_UNITS_MAX).ok_or(Rejection::ButtonUrlLength)?;
    Ok(Some(ViberButton { title: button_text(arguments)?, action: Some(url) }))
}

fn button_text(arguments: &InArguments) -> Result<String, Rejection> {
    required_text(arguments.raw(names::BUTTON_TEXT), BUTTON_UNITS_MAX, Rejection::ButtonTextLength)
}

/// Promotional without a choice: an advertisement sold as a transaction breaks rules, the other way round only costs.
fn label(arguments: &InArguments) -> Result<Label, Rejection> {
    match strict_flag(arguments, names::PROMOTIONAL, true) {
        Some(true) => Ok(Label::Promotional),
        Some(false) => Ok(Label::Transactional),
        None => Err(Rejection::PromotionalFlag),
    }
}

impl ContentFacts for ViberContent {
    fn sender(&self) -> &str {
        &self.sender
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Message(match &self.body {
            ViberBody::Text { text, .. } => text.into(),
            ViberBody::Image { text, .. } | ViberBody::Video { text, .. } => text.as_deref().unwrap_or_default().into(),
            ViberBody::File { file_name, .. } => file_name.into(),
        })
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        visit(&self.sender);
        let button = match &self.body {
            ViberBody::Text { text, button } => {
                visit(text);
                button.as_ref()
            }
            ViberBody::Image { media_url, text, button } => {
                visit(media_url);
                text.iter().for_each(|text| visit(text));
                button.as_ref()
            }
            ViberBody::Video { media_url, thumbnail_url, text, button, .. } => {
                visit(media_url);
                visit(thumbnail_url);
                text.iter().for_each(|text| visit(text));
                button.as_ref()
            }
            ViberBody::File { media_url, file_name } => {
                visit(media_url);
                visit(file_name);
                None
            }
        };
        if let Some(button) = button {
            visit(&button.title);
            button.action.iter().for_each(|action| visit(action));
        }
        self.fallback.iter().for_each(|fallback| fallback.each_text(visit));
    }
}

impl ContentFacts for ViberOmniContent {
    fn sender(&self) -> &str {
        ""
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Message(self.text.as_deref().unwrap_or_default().into())
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        visit(&self.scenario_key);
        [&self.text, &self.image_url, &self.sms_text].into_iter().flatten().for_each(|text| visit(text));
        if let Some(button) = &self.button {
            visit(&button.text);
            visit(&button.url);
        }
    }
}
