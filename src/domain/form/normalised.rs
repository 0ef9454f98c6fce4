//! What of the in-arguments is saved.

use super::texts::LANGUAGES;
use super::{Arguments, Context, JourneyFacts, Lists, message_step, texts};
use crate::domain::channel::Channel;
use crate::domain::ids::Mid;
use crate::domain::message::contract::{ARGUMENTS, ReadBy};
use crate::domain::message::names;
use crate::domain::message::numbered_fields::{split_card, split_number};

/// Rows of the contract that no field of the message's form is for: the first step's, and what the server puts there.
pub(crate) const NOT_IN_THE_MESSAGE_FORM: &[&str] = &[
    names::CONTRACT,
    names::MID,
    names::CONFIGURATION_ID,
    names::CONTACT_KEY,
    names::IS_TEST,
    names::VERSION_NUMBER,
    names::JOURNEY_NAME,
    names::ACCOUNT,
    names::CHANNEL,
    names::PHONE_PREFIX,
    names::PHONE_DEFAULT,
];

/// The in-arguments as they are saved: without what the chosen channel and kind of content don't show, without what is
/// blank, each name once, in the contract's order. Names that the contract doesn't know stay as they are, at the end.
pub(crate) fn normalised(channel: Channel, arguments: &Arguments) -> Arguments {
    let journey = JourneyFacts::default();
    let lists = Lists::default();
    let context = Context {
        texts: LANGUAGES.first().copied().unwrap_or_else(|| texts::of_language("")),
        mid: Mid::new(1),
        business_unit: "",
        accounts: &[],
        default_country: None,
        journey: &journey,
        lists: &lists,
        audience: None,
        arguments,
    };
    let form = message_step(&context, channel);
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for (name, value) in arguments.iter() {
        let Some(row) = ARGUMENTS.iter().position(|row| row.names(name) && row.read_by != ReadBy::Reports) else {
            unknown.push((name.to_owned(), value.to_owned()));
            continue;
        };
        let is_kept = ARGUMENTS.get(row).is_some_and(|row| NOT_IN_THE_MESSAGE_FORM.contains(&row.name));
        let is_first = !known.iter().any(|(_, own, _): &(_, String, String)| own == name);
        // The last of several values counts.
        let value = arguments.raw(name);
        if (is_kept || form.shows(name)) && !value.trim().is_empty() && is_first {
            known.push((place(row, name), name.to_owned(), value.to_owned()));
        }
    }
    known.sort();
    known.into_iter().map(|(_, name, value)| (name, value)).chain(unknown).collect()
}

/// Where a name stands in the contract's order: cards one after the other, and rows of several fields too.
fn place(row: usize, name: &str) -> (usize, usize, usize, usize) {
    let group = |name: &str| {
        let starts = ["segment", "button", "suggestion", "callback"].into_iter().find(|start| name.starts_with(start));
        starts.and_then(|start| ARGUMENTS.iter().position(|row| row.name.starts_with(start))).unwrap_or(row)
    };
    match split_card(name) {
        Some((card, field)) => {
            let first = ARGUMENTS.iter().position(|row| row.name == names::CARD_TITLE).unwrap_or(row);
            (first, card, split_number(field).map_or(0, |(_, number)| number), row)
        }
        None => match split_number(name) {
            Some((base, number)) => (group(base), 0, number, row),
            None => (row, 0, 0, row),
        },
    }
}
