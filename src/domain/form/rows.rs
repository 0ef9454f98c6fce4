//! What an activity may have several of, by the names that edits use: which in-arguments a row has, and how a row gets
//! another number.

use std::collections::BTreeSet;

use super::Arguments;
use crate::domain::channel::Channel;
use crate::domain::message::contract::{ARGUMENTS, CARD_PREFIX, CARDS_MAX, NUMBERED_MAX};
use crate::domain::message::fields::nth;
use crate::domain::message::numbered_fields::{is_card_spelling, number, split_card, split_number};
use crate::domain::message::rcs::suggestion;
use crate::domain::message::{kakao, mms, names, whatsapp};

/// Rows of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RowSet {
    Callback,
    Segments,
    Buttons,
    Placeholders,
    Suggestions,
    Cards,
    /// The suggestions of the card with this number.
    CardSuggestions(usize),
}

const OF_CARDS: &str = "Suggestions";

impl RowSet {
    /// By the name that edits and the page use.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "callback" => Self::Callback,
            "segments" => Self::Segments,
            "buttons" => Self::Buttons,
            "placeholders" => Self::Placeholders,
            "suggestions" => Self::Suggestions,
            "cards" => Self::Cards,
            _ => {
                let card = number(name.strip_prefix(CARD_PREFIX)?.strip_suffix(OF_CARDS)?)?;
                Self::CardSuggestions(Some(card).filter(|card| *card <= CARDS_MAX)?)
            }
        })
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Callback => "callback".to_owned(),
            Self::Segments => "segments".to_owned(),
            Self::Buttons => "buttons".to_owned(),
            Self::Placeholders => "placeholders".to_owned(),
            Self::Suggestions => "suggestions".to_owned(),
            Self::Cards => "cards".to_owned(),
            Self::CardSuggestions(card) => format!("{CARD_PREFIX}{card}{OF_CARDS}"),
        }
    }

    /// How many a message of this channel may have.
    pub(crate) fn count_max(self, channel: Channel) -> usize {
        match self {
            Self::Callback | Self::Placeholders => NUMBERED_MAX,
            Self::Segments => mms::SEGMENTS_MAX,
            Self::Buttons if channel == Channel::WhatsApp => whatsapp::BUTTONS_MAX,
            Self::Buttons => kakao::BUTTONS_MAX,
            Self::Suggestions => suggestion::ON_MESSAGE_MAX,
            Self::Cards => CARDS_MAX,
            Self::CardSuggestions(_) => suggestion::ON_CARD_MAX,
        }
    }

    const fn number_max(self) -> usize {
        match self {
            Self::Cards => CARDS_MAX,
            _ => NUMBERED_MAX,
        }
    }

    /// What the rows' in-arguments begin with, as the contract spells it.
    fn is_field(self, name: &str) -> bool {
        match self {
            Self::Callback => [names::CALLBACK_NAME_PREFIX, names::CALLBACK_VALUE_PREFIX].contains(&name),
            Self::Segments => name.starts_with("segment"),
            Self::Buttons => name.starts_with("button"),
            Self::Placeholders => name == names::PLACEHOLDER_PREFIX,
            Self::Suggestions | Self::CardSuggestions(_) => name.starts_with("suggestion"),
            Self::Cards => false,
        }
    }

    /// The number of the row that an in-argument is of.
    pub(crate) fn number_of(self, argument: &str) -> Option<usize> {
        if !ARGUMENTS.iter().any(|row| row.names(argument)) {
            return None;
        }
        match self {
            Self::Cards => split_card(argument).map(|(card, _)| card),
            Self::CardSuggestions(card) => {
                let (of, field) = split_card(argument)?;
                let (base, number) = split_number(field)?;
                let is_suggestion = is_card_spelling(base.get(..10)?, "suggestion");
                (of == card && is_suggestion).then_some(number)
            }
            _ => split_number(argument).filter(|(base, _)| self.is_field(base)).map(|(_, number)| number),
        }
    }

    /// The same in-argument of another row.
    pub(crate) fn renumbered(self, argument: &str, number: usize) -> String {
        let renamed = match self {
            Self::Cards => split_card(argument).map(|(_, field)| format!("{CARD_PREFIX}{number}{field}")),
            _ => split_number(argument).map(|(base, _)| nth(base, number)),
        };
        renamed.unwrap_or_else(|| argument.to_owned())
    }

    /// The name of a row's in-argument, by its row of the contract.
    pub(crate) fn argument(self, field: &str, number: usize) -> String {
        match self {
            Self::Cards => format!("{CARD_PREFIX}{number}{field}"),
            Self::CardSuggestions(card) => {
                let rest = field.strip_prefix('s').unwrap_or(field);
                format!("{CARD_PREFIX}{card}S{rest}{number}")
            }
            _ => nth(field, number),
        }
    }

    /// The rows that are there. Of placeholders those that the template is known to have.
    pub(crate) fn numbers(self, arguments: &Arguments) -> BTreeSet<usize> {
        let there = arguments.iter().filter_map(|(name, _)| self.number_of(name)).collect::<BTreeSet<_>>();
        if self != Self::Placeholders {
            return there;
        }
        let counted = arguments.given(names::PLACEHOLDER_COUNT).and_then(|count| count.parse().ok());
        let count = counted.filter(|count| *count <= NUMBERED_MAX);
        (1..=count.unwrap_or_else(|| there.last().copied().unwrap_or_default())).collect()
    }

    /// The number of one more row; `None` where there is no room.
    pub(crate) fn next(self, arguments: &Arguments, channel: Channel) -> Option<usize> {
        let numbers = self.numbers(arguments);
        let next = numbers.last().copied().unwrap_or_default() + 1;
        (numbers.len() < self.count_max(channel) && next <= self.number_max()).then_some(next)
    }

    /// What a new row begins with.
    pub(crate) fn beginning(self, channel: Channel) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Callback => &[(names::CALLBACK_NAME_PREFIX, ""), (names::CALLBACK_VALUE_PREFIX, "")],
            Self::Segments => &[(names::SEGMENT_TYPE_PREFIX, "TEXT"), (names::SEGMENT_TEXT_PREFIX, "")],
            Self::Buttons if channel == Channel::WhatsApp => {
                &[(names::BUTTON_TYPE_PREFIX, "QUICK_REPLY"), (names::BUTTON_PARAMETER_PREFIX, "")]
            }
            Self::Buttons => &[(names::BUTTON_TYPE_PREFIX, "WEB_LINK"), (names::BUTTON_NAME_PREFIX, "")],
            Self::Placeholders => &[(names::PLACEHOLDER_PREFIX, "")],
            Self::Suggestions | Self::CardSuggestions(_) => {
                &[(names::SUGGESTION_TYPE_PREFIX, "REPLY"), (names::SUGGESTION_TEXT_PREFIX, "")]
            }
            Self::Cards => &[(names::CARD_TITLE, "")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_numbers_and_arguments_belong_together() {
        for (set, field, argument) in [
            (RowSet::Callback, "callbackName", "callbackName2"),
            (RowSet::Segments, "segmentUrl", "segmentUrl2"),
            (RowSet::Buttons, "buttonType", "buttonType2"),
            (RowSet::Placeholders, "placeholder", "placeholder2"),
            (RowSet::Suggestions, "suggestionUrl", "suggestionUrl2"),
            (RowSet::Cards, "Title", "card2Title"),
            (RowSet::CardSuggestions(3), "suggestionText", "card3SuggestionText2"),
        ] {
            assert_eq!(RowSet::by_name(&set.name()), Some(set));
            assert_eq!(set.argument(field, 2), argument);
            assert_eq!(set.number_of(argument), Some(2));
            assert_eq!(set.number_of(&set.renumbered(argument, 7)), Some(7));
        }
        assert_eq!(RowSet::Buttons.number_of("buttonText"), None);
        assert_eq!(RowSet::Cards.number_of("card2SuggestionText1"), Some(2));
        assert_eq!(RowSet::CardSuggestions(3).number_of("card2SuggestionText1"), None);
        for name in ["card0Suggestions", "card11Suggestions", "cards1", "x"] {
            assert_eq!(RowSet::by_name(name), None, "{name}");
        }
    }
}
