//! In-arguments of things that an activity has several of: the fields of buttons, cards and suggestions, numbered from
//! 1. Numbers may have gaps; their order is the order of what is sent.

use std::collections::BTreeMap;

use super::Rejection;
use super::contract::{CARD_PREFIX, CARDS_MAX, NUMBERED_MAX};
use super::fields::{optional_text, web_address};

/// The fields of one button, card or suggestion that hold something, by their names in the contract.
#[derive(Default)]
pub(crate) struct Row<'a>(Vec<(&'static str, &'a str)>);

/// Rows in the order of their numbers.
pub(crate) type Rows<'a> = BTreeMap<usize, Row<'a>>;

impl<'a> Row<'a> {
    pub(crate) fn add(&mut self, name: &'static str, value: &'a str) {
        self.0.push((name, value));
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// The value exactly as it came.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    /// The value without surrounding white space.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.raw(name).map(str::trim)
    }

    /// A text exactly as it came, of at most `units_max` UTF-16 units.
    pub(crate) fn text(&self, name: &str, units_max: usize, wrong: Rejection) -> Result<Option<String>, Rejection> {
        optional_text(self.raw(name).unwrap_or_default(), units_max, wrong)
    }

    /// Likewise without surrounding white space: an identifier.
    pub(crate) fn identifier(
        &self,
        name: &str,
        units_max: usize,
        wrong: Rejection,
    ) -> Result<Option<String>, Rejection> {
        optional_text(self.get(name).unwrap_or_default(), units_max, wrong)
    }

    /// A web address of at most `units_max` UTF-16 units.
    pub(crate) fn address(&self, name: &str, units_max: usize, wrong: Rejection) -> Result<Option<String>, Rejection> {
        self.raw(name).map(|text| web_address(text, units_max).ok_or(wrong)).transpose()
    }

    /// One of the choices, in any case.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
        wrong: Rejection,
    ) -> Result<Option<T>, Rejection> {
        self.get(name).map(|value| choice(value, choices).ok_or(wrong)).transpose()
    }
}

/// What a value chooses, in any case.
pub(crate) fn choice<T: Copy>(value: &str, choices: &[(&str, T)]) -> Option<T> {
    choices.iter().find(|(name, _)| value.eq_ignore_ascii_case(name)).map(|(_, chosen)| *chosen)
}

/// Gathers fields into rows: those whose name without its number is one of `names`, as `is_name` compares the two.
/// Blank values are no fields.
pub(crate) fn rows<'a>(
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    names: &[&'static str],
    is_name: fn(&str, &'static str) -> bool,
) -> Rows<'a> {
    let mut rows = Rows::new();
    for (field, value) in fields {
        let Some((base, number)) = split_number(field) else { continue };
        let Some(name) = names.iter().find(|name| is_name(base, name)) else { continue };
        if !value.trim().is_empty() {
            rows.entry(number).or_default().add(name, value);
        }
    }
    rows
}

/// Name and number: `buttonName2` is `buttonName` and 2.
pub(crate) fn split_number(field: &str) -> Option<(&str, usize)> {
    let base = field.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((base, number(field.strip_prefix(base)?)?))
}

/// Number and name of a card's field: `card2SuggestionText1` is 2 and `SuggestionText1`. Up to [`CARDS_MAX`].
pub(crate) fn split_card(field: &str) -> Option<(usize, &str)> {
    let rest = field.strip_prefix(CARD_PREFIX)?;
    let name = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let card = number(rest.strip_suffix(name)?).filter(|card| *card <= CARDS_MAX)?;
    Some((card, name))
}

/// Whether a card's field is called as the message's own is: `SuggestionText` for `suggestionText`.
pub(crate) fn is_card_spelling(field: &str, name: &str) -> bool {
    let (mut field, mut name) = (field.chars(), name.chars());
    let first = name.next().map(|c| c.to_ascii_uppercase());
    field.next() == first && field.as_str() == name.as_str()
}

/// A number from 1 to [`NUMBERED_MAX`], without sign and leading zeros.
pub(crate) fn number(digits: &str) -> Option<usize> {
    let digits = digits.starts_with(|c| matches!(c, '1'..='9')).then_some(digits)?;
    digits.parse().ok().filter(|number| *number <= NUMBERED_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_come_apart() {
        assert_eq!(split_number("buttonName2"), Some(("buttonName", 2)));
        assert_eq!(split_number("buttonName50"), Some(("buttonName", 50)));
        assert_eq!(split_card("card1Title"), Some((1, "Title")));
        assert_eq!(split_card("card10SuggestionText3"), Some((10, "SuggestionText3")));
        for name in ["buttonName", "buttonName0", "buttonName01", "buttonName51", "buttonName99999999999999999999", ""]
        {
            assert_eq!(split_number(name), None, "{name}");
        }
        for name in ["cardWidth", "card0Title", "card11Title", "Card1Title", "card", ""] {
            assert_eq!(split_card(name), None, "{name}");
        }
    }

    #[test]
    fn rows_keep_their_order_over_gaps_and_leave_out_what_is_blank() {
        let fields = [("b10", "ten"), ("a2", " two "), ("b2", "zwei"), ("a3", " \n"), ("c2", "other"), ("a", "none")];
        let rows = rows(fields, &["a", "b"], |base, name| base == name);
        assert_eq!(rows.keys().copied().collect::<Vec<_>>(), [2, 10]);
        let second = &rows[&2];
        assert_eq!((second.raw("a"), second.get("a"), second.get("b")), (Some(" two "), Some("two"), Some("zwei")));
        assert_eq!(second.get("c"), None);
    }
}
