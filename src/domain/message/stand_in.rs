//! What an expression could stand for when an activity is judged before it runs: a value that its in-argument takes,
//! where `1` would be refused.

use super::contract::{NUMBERED_MAX, names};
use super::fields::nth;

const ADDRESS: &str = "https://example.com/1";

/// The kinds of content that an expression in `contentType` could name; which, is known at run time only.
pub(crate) const CONTENT_TYPES: &[&str] = &["TEXT", "IMAGE", "VIDEO", "FILE", "CARD", "CAROUSEL"];

/// A value for an in-argument of LMS, MMS, WhatsApp or a Viber, by what else `is_given`: a kind is guessed from the
/// fields that it would need. `None` where any value does.
pub(crate) fn of_texts(name: &str, is_given: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    match name {
        names::SENDER => Some("Sender"),
        names::TEMPLATE_LANGUAGE => Some("en"),
        names::IMAGE_URL
        | names::FILE_URL
        | names::VIDEO_URL
        | names::THUMBNAIL_URL
        | names::BUTTON_URL
        | names::HEADER_MEDIA_URL => Some(ADDRESS),
        names::FILE_NAME => Some("1.pdf"),
        names::HEADER_TYPE if is_given(names::HEADER_FILENAME) => Some("DOCUMENT"),
        names::HEADER_TYPE if is_given(names::HEADER_MEDIA_URL) => Some("IMAGE"),
        names::HEADER_TYPE if is_given(names::HEADER_LATITUDE) => Some("LOCATION"),
        names::HEADER_TYPE => Some("TEXT"),
        _ if number(name, names::SEGMENT_URL_PREFIX).is_some() => Some(ADDRESS),
        _ if number(name, names::SEGMENT_MEDIA_TYPE_PREFIX).is_some() => Some("image/png"),
        _ => kind_of_row(name, is_given),
    }
}

fn kind_of_row(name: &str, is_given: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    if let Some(number) = number(name, names::SEGMENT_TYPE_PREFIX) {
        // A document of SMIL may be longer than a text.
        let is_link = is_given(&nth(names::SEGMENT_URL_PREFIX, number));
        return Some(if is_link { "LINK" } else { "SMIL" });
    }
    let number = number(name, names::BUTTON_TYPE_PREFIX)?;
    is_given(&nth(names::BUTTON_PARAMETER_PREFIX, number)).then_some("QUICK_REPLY")
}

fn number(name: &str, prefix: &str) -> Option<usize> {
    let digits = name.strip_prefix(prefix).filter(|digits| digits.starts_with(|c| matches!(c, '1'..='9')))?;
    digits.parse().ok().filter(|number| *number <= NUMBERED_MAX)
}
