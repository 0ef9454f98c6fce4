//! The kinds of content that a channel has, and the in-arguments of each.

use super::super::channel::Channel;
use super::contract::{ARGUMENTS, names};
use super::numbered_fields::split_card;
use super::{InArguments, Rejection};

/// A value of `contentType`.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// What it shows. Choices alone, such as a card's width, show nothing.
    fields: &'static [&'static str],
    has_cards: bool,
}

const VIBER: &[Kind] = &[
    kind("TEXT", &[names::TEXT, names::BUTTON_TEXT, names::BUTTON_URL]),
    kind("IMAGE", &[names::TEXT, names::BUTTON_TEXT, names::BUTTON_URL, names::IMAGE_URL]),
    kind(
        "VIDEO",
        &[
            names::TEXT,
            names::BUTTON_TEXT,
            names::BUTTON_URL,
            names::VIDEO_URL,
            names::VIDEO_SECONDS,
            names::THUMBNAIL_URL,
        ],
    ),
    kind("FILE", &[names::FILE_URL, names::FILE_NAME]),
];

const RCS: &[Kind] = &[
    kind("TEXT", &[names::TEXT]),
    kind("FILE", &[names::FILE_URL, names::THUMBNAIL_URL]),
    Kind { name: "CARD", fields: &[], has_cards: true },
    Kind { name: "CAROUSEL", fields: &[], has_cards: true },
];

const fn kind(name: &'static str, fields: &'static [&'static str]) -> Kind {
    Kind { name, fields, has_cards: false }
}

/// The kinds of a channel, the one without a choice first; none where it has but one.
pub(crate) fn of(channel: Channel) -> &'static [Kind] {
    match channel {
        Channel::Viber => VIBER,
        Channel::Rcs => RCS,
        _ => &[],
    }
}

/// The kind that the activity names. What only another one shows must be empty: it would be dropped in silence.
pub(crate) fn chosen(channel: Channel, arguments: &InArguments) -> Result<&'static str, Rejection> {
    let kinds = of(channel);
    let kind = match arguments.get(names::CONTENT_TYPE) {
        Some(named) => kinds.iter().find(|kind| kind.name.eq_ignore_ascii_case(named)),
        None => kinds.first(),
    };
    let kind = kind.ok_or(Rejection::ContentType)?;
    if arguments.filled().any(|(name, _)| kind.is_foreign(kinds, name)) {
        return Err(Rejection::ContentType);
    }
    Ok(kind.name)
}

impl Kind {
    /// Whether only other ones of `kinds` show this in-argument.
    pub(crate) fn is_foreign(&self, kinds: &[Self], name: &str) -> bool {
        !self.shows(name) && kinds.iter().any(|kind| kind.shows(name))
    }

    fn shows(&self, name: &str) -> bool {
        self.fields.contains(&name) || (self.has_cards && is_of_card(name))
    }
}

fn is_of_card(name: &str) -> bool {
    let is_shown = split_card(name).is_some_and(|(_, field)| field != names::CARD_MEDIA_HEIGHT);
    is_shown && ARGUMENTS.iter().any(|row| row.names(name))
}
