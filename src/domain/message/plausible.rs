//! What an expression could stand for: a value that its in-argument takes, where `1` would be refused.

use super::contract::names;
use super::numbered_fields::{is_card_spelling, split_card, split_number};

const ADDRESS: &str = "https://example.com/";

/// For the in-arguments of RCS and the Kakao channels; numbered ones without their number.
const RICH: &[(&str, &str)] = &[
    (names::IMAGE_URL, ADDRESS),
    (names::IMAGE_LINK, ADDRESS),
    (names::FILE_URL, ADDRESS),
    (names::THUMBNAIL_URL, ADDRESS),
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
    (names::SUGGESTION_PHONE_PREFIX, "+12025550123"),
    // So far apart that any constant lies between them.
    (names::SUGGESTION_STARTS_AT_PREFIX, "1970-01-01T00:00:00Z"),
    (names::SUGGESTION_ENDS_AT_PREFIX, "2550-01-01T00:00:00Z"),
];

const OF_CARDS: &[(&str, &str)] =
    &[(names::CARD_MEDIA_URL, ADDRESS), (names::CARD_THUMBNAIL_URL, ADDRESS), (names::CARD_MEDIA_HEIGHT, "MEDIUM")];

/// A value for an in-argument of RCS or a Kakao channel.
pub(crate) fn rich(name: &str) -> Option<&'static str> {
    let base = |name| split_number(name).map_or(name, |(base, _)| base);
    let found = match split_card(name) {
        Some((_, field)) => OF_CARDS
            .iter()
            .find(|(name, _)| *name == field)
            .or_else(|| RICH.iter().find(|(name, _)| is_card_spelling(base(field), name))),
        None => RICH.iter().find(|(own, _)| *own == base(name)),
    };
    found.map(|(_, value)| *value)
}
