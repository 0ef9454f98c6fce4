//! What an expression could stand for when an activity is judged before it runs: a value that its in-argument takes,
//! where `1` would be refused.

use super::contract::names;
use super::fields::nth;
use super::numbered_fields::{is_card_spelling, split_card, split_number};

const ADDRESS: &str = "https://example.com/1";
const PHONE: &str = "+12025550123";

/// By name, numbered ones without their number; those of a card are spelt as the message's own.
const VALUES: &[(&str, &str)] = &[
    (names::PHONE_PREFIX, PHONE),
    (names::PHONE_DEFAULT, PHONE),
    (names::SENDER, "Sender"),
    (names::SPEED_LIMIT_UNIT, "HOUR"),
    (names::LATEST_SEND_AT, "2030-01-01T00:00:00Z"),
    (names::CUSTOM_DOMAIN, "go.example.com"),
    (names::TEMPLATE_LANGUAGE, "en"),
    (names::SEGMENT_URL_PREFIX, ADDRESS),
    (names::SEGMENT_MEDIA_TYPE_PREFIX, "image/png"),
    (names::HEADER_MEDIA_URL, ADDRESS),
    (names::IMAGE_URL, ADDRESS),
    (names::IMAGE_LINK, ADDRESS),
    (names::FILE_URL, ADDRESS),
    (names::FILE_NAME, "1.pdf"),
    (names::VIDEO_URL, ADDRESS),
    (names::THUMBNAIL_URL, ADDRESS),
    (names::BUTTON_URL, ADDRESS),
    (names::BUTTON_TYPE_PREFIX, "WEB_LINK"),
    (names::BUTTON_URL_MOBILE_PREFIX, ADDRESS),
    (names::BUTTON_URL_PC_PREFIX, ADDRESS),
    (names::BUTTON_TARGET_PREFIX, "out"),
    (names::CARD_ORIENTATION, "VERTICAL"),
    (names::CARD_ALIGNMENT, "LEFT"),
    (names::CARD_WIDTH, "MEDIUM"),
    (names::SUGGESTION_TYPE_PREFIX, "REPLY"),
    (names::SUGGESTION_URL_PREFIX, ADDRESS),
    (names::SUGGESTION_OPENS_IN_PREFIX, "BROWSER"),
    (names::SUGGESTION_PHONE_PREFIX, PHONE),
    // So far apart that any constant lies between them.
    (names::SUGGESTION_STARTS_AT_PREFIX, "1970-01-01T00:00:00Z"),
    (names::SUGGESTION_ENDS_AT_PREFIX, "2550-01-01T00:00:00Z"),
];

const OF_CARDS: &[(&str, &str)] =
    &[(names::CARD_MEDIA_URL, ADDRESS), (names::CARD_THUMBNAIL_URL, ADDRESS), (names::CARD_MEDIA_HEIGHT, "MEDIUM")];

/// A value for an in-argument, by what else `is_given`: a kind is guessed from the fields that it would need.
pub(crate) fn of(name: &str, is_given: &dyn Fn(&str) -> bool) -> &'static str {
    let base = |name| split_number(name).map_or(name, |(base, _)| base);
    let found = match split_card(name) {
        Some((_, field)) => OF_CARDS
            .iter()
            .find(|(name, _)| *name == field)
            .or_else(|| VALUES.iter().find(|(name, _)| is_card_spelling(base(field), name))),
        None => VALUES.iter().find(|(own, _)| *own == base(name)),
    };
    match split_number(name) {
        Some((names::SEGMENT_TYPE_PREFIX, number)) => {
            // A document of SMIL may be longer than a text.
            let is_link = is_given(&nth(names::SEGMENT_URL_PREFIX, number));
            if is_link { "LINK" } else { "SMIL" }
        }
        None if name == names::HEADER_TYPE => header_type(is_given),
        _ => found.map_or("1", |(_, value)| value),
    }
}

fn header_type(is_given: &dyn Fn(&str) -> bool) -> &'static str {
    let of_fields = [
        (names::HEADER_FILENAME, "DOCUMENT"),
        (names::HEADER_MEDIA_URL, "IMAGE"),
        (names::HEADER_LATITUDE, "LOCATION"),
    ];
    of_fields.iter().find(|(field, _)| is_given(field)).map_or("TEXT", |(_, kind)| kind)
}
