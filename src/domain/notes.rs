//! What the page says beside its fields while a message is written: how long a text is, what a speed limit means, how
//! large callback data gets; and what is allowed but not wise (spec M3, M4, M8).
//!
//! Whether something is refused is the validation's to say; nothing here refuses.

mod callback;
mod sizes;

use super::channel::Channel;
use super::ids::Mid;
use super::journey::Journey;
use super::merge_field::{Piece, Values, pieces};
use super::message::{InArguments, names};
use super::pace::Pace;

/// What the page calls the rows of custom callback data: their note has no field of its own.
pub(crate) const CALLBACK_ROWS: &str = "callback";
/// What the page calls the segments of an MMS.
pub(crate) const SEGMENT_ROWS: &str = "segments";

/// What is written, and what it meets.
#[derive(Clone, Copy)]
pub(crate) struct NotesContext<'a> {
    pub(crate) mid: Mid,
    /// The channel that sends, by the account's way; `None` until one is chosen, or when the journey's data choose it.
    pub(crate) channel: Option<Channel>,
    pub(crate) arguments: &'a InArguments,
    /// What was typed for merge fields, where something was.
    pub(crate) values: &'a Values,
    pub(crate) journey: &'a Journey,
    /// Contacts that the marketer expects.
    pub(crate) audience: Option<u64>,
}

/// Something that is allowed, but rarely meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Warning {
    /// The in-argument that it is about.
    pub(crate) argument: Option<String>,
    pub(crate) message: String,
}

/// See the module's documentation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Notes {
    /// By in-argument, or by the name of rows; each name at most once.
    pub(crate) notes: Vec<(String, String)>,
    pub(crate) warnings: Vec<Warning>,
}

impl Notes {
    fn note(&mut self, argument: &str, text: String) {
        self.notes.push((argument.to_owned(), text));
    }

    fn warn(&mut self, argument: &str, message: String) {
        self.warnings.push(Warning { argument: Some(argument.to_owned()), message });
    }
}

/// All notes and warnings of the messaging activity's page.
pub(crate) fn notes(context: &NotesContext<'_>) -> Notes {
    let mut notes = Notes::default();
    sizes::add(&mut notes, context);
    speed_limit(&mut notes, context);
    callback::add(&mut notes, context);
    notes
}

fn speed_limit(notes: &mut Notes, context: &NotesContext<'_>) {
    let field = names::SPEED_LIMIT_COUNT;
    let is_open = |name| pieces(context.arguments.raw(name)).iter().any(|piece| matches!(piece, Piece::Field(_)));
    if is_open(field) || is_open(names::SPEED_LIMIT_UNIT) {
        notes.note(field, "What the limit means is known when the journey runs.".to_owned());
        return;
    }
    let Ok(Some(limit)) = context.arguments.speed_limit() else { return };
    let wait_before_reports_secs = context.journey.wait_before_reports();
    let pace = Pace { limit, audience: context.audience, wait_before_reports_secs };
    notes.note(field, pace.note());
    pace.warnings().into_iter().for_each(|warning| notes.warn(field, warning));
}

/// `FirstName`, or `FirstName and City`, or `FirstName, City and 3 more`.
fn listed(labels: &[String]) -> String {
    match labels {
        [] => String::new(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [one, other, more @ ..] => format!("{one}, {other} and {} more", more.len()),
    }
}

#[cfg(test)]
mod tests;
