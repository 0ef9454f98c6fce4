//! What the form's buttons do to the in-arguments.

mod template;

use serde::Deserialize;

use super::rows::RowSet;
use super::{Arguments, Context};
use crate::domain::channel::Channel;
use crate::domain::message::contract::NUMBERED_MAX;
use crate::domain::message::rcs::card;
use crate::domain::message::{kinds, names};

/// A change that a button of the form asks for.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Edit {
    /// One more row, or a switch turned on.
    Add { add: String },
    /// Without this row, or a switch turned off.
    Remove {
        remove: String,
        #[serde(default)]
        number: usize,
    },
    /// A row changes places with its neighbour.
    Move {
        #[serde(rename = "move")]
        rows: String,
        number: usize,
        #[serde(alias = "direction")]
        to: Direction,
    },
    /// A value that other fields depend on.
    Choose { choose: String, value: String },
    /// A list is read anew, which is the caller's matter.
    Refresh { refresh: String },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Direction {
    Up,
    Down,
}

/// The in-arguments after an edit. One that makes no sense changes nothing.
pub(crate) fn edited(channel: Channel, arguments: &Arguments, edit: &Edit) -> Arguments {
    let mut edited = arguments.clone();
    match edit {
        Edit::Add { add } => match switch(add) {
            Some(switch) if !switch.iter().any(|(name, _)| edited.has(name)) => {
                switch.iter().filter(|(_, value)| !value.is_empty()).for_each(|(name, value)| edited.set(name, *value));
            }
            Some(_) => {}
            None => {
                if let Some(set) = RowSet::by_name(add) {
                    add_row(channel, &mut edited, set);
                }
            }
        },
        Edit::Remove { remove, number } => match (switch(remove), RowSet::by_name(remove)) {
            (Some(switch), _) => edited.retain(|name| !switch.iter().any(|(own, _)| *own == name)),
            (None, Some(set)) => remove_row(&mut edited, set, *number),
            (None, None) => {}
        },
        Edit::Move { rows, number, to } => {
            if let Some(set) = RowSet::by_name(rows) {
                move_row(&mut edited, set, *number, *to);
            }
        }
        Edit::Choose { choose, value } => edited.set(choose, value.as_str()),
        Edit::Refresh { .. } => {}
    }
    edited
}

/// The in-arguments of a switch, and what turning it on sets.
fn switch(name: &str) -> Option<&'static [(&'static str, &'static str)]> {
    match name {
        "speedLimit" => Some(&[(names::SPEED_LIMIT_COUNT, ""), (names::SPEED_LIMIT_UNIT, "HOUR")]),
        "dlt" => {
            Some(&[(names::DLT, "true"), (names::DLT_PRINCIPAL_ENTITY_ID, ""), (names::DLT_CONTENT_TEMPLATE_ID, "")])
        }
        _ => None,
    }
}

fn add_row(channel: Channel, arguments: &mut Arguments, set: RowSet) {
    let Some(number) = set.next(arguments, channel) else { return };
    for (field, value) in set.beginning(channel) {
        arguments.set(&set.argument(field, number), *value);
    }
    count_placeholders(arguments, set, number);
}

fn remove_row(arguments: &mut Arguments, set: RowSet, number: usize) {
    let count = set.numbers(arguments).len();
    if !set.numbers(arguments).contains(&number) {
        return;
    }
    arguments.rename(|name| match set.number_of(name) {
        Some(own) if own == number => None,
        Some(own) if own > number => Some(set.renumbered(name, own - 1)),
        _ => Some(name.to_owned()),
    });
    count_placeholders(arguments, set, count.saturating_sub(1));
}

/// The count of placeholders is kept, so that a last one that is empty is noticed.
fn count_placeholders(arguments: &mut Arguments, set: RowSet, count: usize) {
    if set == RowSet::Placeholders && arguments.has(names::PLACEHOLDER_COUNT) {
        arguments.set(names::PLACEHOLDER_COUNT, count.to_string());
    }
}

fn move_row(arguments: &mut Arguments, set: RowSet, number: usize, to: Direction) {
    let numbers = set.numbers(arguments);
    let other = match to {
        Direction::Up => numbers.range(..number).next_back(),
        Direction::Down => numbers.range(number + 1..).next(),
    };
    let Some(other) = other.copied().filter(|_| numbers.contains(&number)) else { return };
    arguments.rename(|name| {
        Some(match set.number_of(name) {
            Some(own) if own == number => set.renumbered(name, other),
            Some(own) if own == other => set.renumbered(name, number),
            _ => name.to_owned(),
        })
    });
}

/// The in-arguments with what follows from them: what a chosen WhatsApp template wants filled, and the rows that a kind
/// of content can't do without. Doing it twice changes nothing more.
pub(crate) fn settled(context: &Context<'_>, channel: Channel) -> Arguments {
    let mut settled = context.arguments.clone();
    match channel {
        Channel::WhatsApp => template::settle(context, &mut settled),
        Channel::Mms => ensure_rows(channel, &mut settled, RowSet::Segments, 1),
        Channel::Rcs => {
            let kind = settled.given(names::CONTENT_TYPE).unwrap_or_default();
            let kind = kinds::of(channel).iter().find(|own| own.name.eq_ignore_ascii_case(kind)).map(|kind| kind.name);
            match kind {
                Some("CARD") => ensure_rows(channel, &mut settled, RowSet::Cards, 1),
                Some("CAROUSEL") => ensure_rows(channel, &mut settled, RowSet::Cards, *card::IN_CAROUSEL.start()),
                _ => {}
            }
        }
        _ => {}
    }
    settled
}

fn ensure_rows(channel: Channel, arguments: &mut Arguments, set: RowSet, min: usize) {
    for _ in 0..NUMBERED_MAX {
        if set.numbers(arguments).len() >= min {
            return;
        }
        add_row(channel, arguments, set);
    }
}
