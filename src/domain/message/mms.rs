//! MMS: a title and segments in their order (infobip.md 3.1).

use serde::{Deserialize, Serialize};

use super::fields::{URL_UNITS_MAX, nth, numbers, optional_text, required_text, web_address};
use super::lms::TITLE_UNITS_MAX;
use super::{Content, ContentFacts, Draft, Rejection, SmsFallback, Subject, names, sms};

/// Most segments. Infobip states no limit; the operators' 300 KB hold fewer pictures than this.
const SEGMENTS_MAX: usize = 20;
/// Longest text of a segment, in UTF-16 units: the schema takes 4096, but more than 1600 are refused with status 77
/// (infobip.md 3.1).
pub(crate) const TEXT_UNITS_MAX: usize = 1_600;
/// Longest SMIL document, in UTF-16 units. Infobip states no limit; twenty segments are arranged with a tenth of it.
pub(crate) const SMIL_UNITS_MAX: usize = 16_384;
/// Longest type or subtype of a MIME type, in characters (RFC 6838, 4.2).
const MEDIA_TYPE_PART_CHARS_MAX: usize = 127;

/// What an MMS says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct MmsContent {
    pub(crate) sender: String,
    pub(crate) title: Option<String>,
    /// At least one.
    pub(crate) segments: Vec<Segment>,
    pub(crate) fallback: Option<SmsFallback>,
}

/// A part of an MMS.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Segment {
    Text {
        text: String,
    },
    /// Media by its public address; image, video, audio or document.
    Link {
        url: String,
        /// MIME type, such as `image/png`; Infobip finds out without it.
        media_type: Option<String>,
    },
    /// How the others are arranged: the text of a SMIL document.
    Smil {
        smil: String,
    },
}

pub(crate) fn validate(draft: &Draft<'_>) -> Result<Content, Rejection> {
    let sender = draft.sender(sms::SENDER_CHARS_MAX)?;
    let segments = segments(draft)?;
    let title = optional_text(draft.arguments.raw(names::TITLE), TITLE_UNITS_MAX, Rejection::TitleLength)?;
    Ok(Content::Mms(MmsContent { sender, title, segments, fallback: draft.sms_fallback()? }))
}

/// The segments in the order of their numbers, which may have gaps.
fn segments(draft: &Draft<'_>) -> Result<Vec<Segment>, Rejection> {
    let prefixes = [
        names::SEGMENT_TYPE_PREFIX,
        names::SEGMENT_TEXT_PREFIX,
        names::SEGMENT_URL_PREFIX,
        names::SEGMENT_MEDIA_TYPE_PREFIX,
    ];
    let numbers = numbers(draft.arguments, &prefixes);
    for number in &numbers {
        check_text(draft, *number)?;
    }
    if !(1..=SEGMENTS_MAX).contains(&numbers.len()) {
        return Err(Rejection::Segments);
    }
    numbers.into_iter().map(|number| segment(draft, number)).collect()
}

/// The texts that people read are checked before all else in the segments.
fn check_text(draft: &Draft<'_>, number: usize) -> Result<(), Rejection> {
    let kind = draft.arguments.get(&nth(names::SEGMENT_TYPE_PREFIX, number)).unwrap_or_default();
    if kind.eq_ignore_ascii_case("TEXT") { text(draft, number).map(|_| ()) } else { Ok(()) }
}

fn text(draft: &Draft<'_>, number: usize) -> Result<String, Rejection> {
    let text = draft.arguments.raw(&nth(names::SEGMENT_TEXT_PREFIX, number));
    required_text(text, TEXT_UNITS_MAX, Rejection::TextLength)
}

fn smil(draft: &Draft<'_>, number: usize) -> Result<String, Rejection> {
    let smil = draft.arguments.raw(&nth(names::SEGMENT_TEXT_PREFIX, number));
    required_text(smil, SMIL_UNITS_MAX, Rejection::Segments)
}

fn segment(draft: &Draft<'_>, number: usize) -> Result<Segment, Rejection> {
    let value = |prefix| draft.arguments.get(&nth(prefix, number));
    match value(names::SEGMENT_TYPE_PREFIX).unwrap_or_default().to_ascii_uppercase().as_str() {
        "TEXT" => Ok(Segment::Text { text: text(draft, number)? }),
        "SMIL" => Ok(Segment::Smil { smil: smil(draft, number)? }),
        "LINK" => {
            let url = value(names::SEGMENT_URL_PREFIX).and_then(|url| web_address(url, URL_UNITS_MAX));
            let media_type = value(names::SEGMENT_MEDIA_TYPE_PREFIX);
            if !media_type.is_none_or(is_media_type) {
                return Err(Rejection::Segments);
            }
            Ok(Segment::Link { url: url.ok_or(Rejection::MediaUrl)?, media_type: media_type.map(str::to_owned) })
        }
        _ => Err(Rejection::Segments),
    }
}

/// Whether a text is `type/subtype`, without parameters (RFC 6838, 4.2).
fn is_media_type(text: &str) -> bool {
    let is_part = |part: &str| {
        (1..=MEDIA_TYPE_PART_CHARS_MAX).contains(&part.len())
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, subtype)| is_part(kind) && is_part(subtype))
}

impl ContentFacts for MmsContent {
    fn sender(&self) -> &str {
        &self.sender
    }

    fn subject(&self) -> Subject<'_> {
        let texts: Vec<&str> = self
            .segments
            .iter()
            .filter_map(|segment| match segment {
                Segment::Text { text } => Some(text.as_str()),
                Segment::Link { .. } | Segment::Smil { .. } => None,
            })
            .collect();
        Subject::Message(texts.join("\n").into())
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        visit(&self.sender);
        self.title.iter().for_each(|title| visit(title));
        for segment in &self.segments {
            match segment {
                Segment::Text { text } => visit(text),
                Segment::Link { url, media_type } => {
                    visit(url);
                    media_type.iter().for_each(|media_type| visit(media_type));
                }
                Segment::Smil { smil } => visit(smil),
            }
        }
        self.fallback.iter().for_each(|fallback| fallback.each_text(visit));
    }
}
