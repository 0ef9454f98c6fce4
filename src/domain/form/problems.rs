//! Which fields of a form are wrong. The validation alone judges; who is guilty is found by substitution: a message of
//! values that are known to be good is made in the shape of the activity's, and then the activity's own values are put
//! in, one by one. Each one that is refused is a problem, and its good stand-in stays.
//!
//! Each in-argument is tried a bounded number of times; a rejection that no field explains is told without one.

mod on_page;
mod sentence;

use serde::Serialize;

use super::rows::RowSet;
use super::texts::{Phrase, fill};
use super::{Choice, Context, Control, Field, Form, Rows, Step, channel_of, message_step};
use crate::domain::message::{Rejection, check_configured, names, stand_in};

pub(crate) use on_page::{
    half_filled, no_phone_field, over_already, unknown_event, unknown_template, wrong_expressions,
};

/// Something that is wrong, for a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// The in-argument; `None` where no field can mend it.
    pub(crate) argument: Option<String>,
    pub(crate) step: Step,
    /// One sentence that names the field, the problem and what is allowed.
    pub(crate) message: String,
}

/// Why an activity can't work, field by field in the form's order, then what no field can mend. Empty exactly when the
/// validation takes the in-arguments, which must have what the server adds to the form's: the phone fields above all.
pub(crate) fn problems(context: &Context<'_>) -> Vec<Problem> {
    let judge = Judge { context };
    let all: Filled = context.arguments.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let Err(rejection) = judge.check(&all) else { return Vec::new() };
    if let Some(problem) = of_channel_step(context) {
        return vec![problem];
    }
    let Some(channel) = channel_of(context.accounts, context.arguments) else { return vec![judge.told(rejection)] };
    let form = message_step(context, channel);
    let mut found = Search { judge, form: &form, own: all }.run();
    if found.is_empty() {
        found.push(Judge { context }.told(rejection));
    }
    found
}

/// The first step's own problems: without channel and account there is no form to look into.
fn of_channel_step(context: &Context<'_>) -> Option<Problem> {
    let problem = |argument: &str, phrase| Problem {
        argument: Some(argument.to_owned()),
        step: Step::Channel,
        message: context.texts.phrase(phrase).to_owned(),
    };
    let is_expression = |name| context.arguments.raw(name).contains("{{");
    if channel_of(context.accounts, context.arguments).is_none() && !is_expression(names::CHANNEL) {
        return Some(problem(names::CHANNEL, Phrase::ChooseChannel));
    }
    if context.account().is_none() && !is_expression(names::ACCOUNT) {
        let argument = (!context.accounts.is_empty()).then(|| names::ACCOUNT.to_owned());
        let phrase = if argument.is_some() { Phrase::UnknownAccount } else { Phrase::NoAccount };
        return Some(Problem { argument, ..problem(names::ACCOUNT, phrase) });
    }
    None
}

/// Fields that need each other stand beside each other: so many of the next ones are tried, which keeps the work in
/// proportion to the form.
const PARTNERS_MAX: usize = 8;

/// In-arguments while they are tried.
type Filled = std::collections::BTreeMap<String, String>;

#[derive(Clone, Copy)]
struct Judge<'a> {
    context: &'a Context<'a>,
}

impl Judge<'_> {
    fn check(self, filled: &Filled) -> Result<(), Rejection> {
        let pairs = filled.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        check_configured(pairs, self.context.mid, self.context.accounts, self.context.default_country)
    }

    fn takes(self, filled: &Filled) -> bool {
        self.check(filled).is_ok()
    }

    /// A rejection that no field explains.
    fn told(self, rejection: Rejection) -> Problem {
        let message = sentence::without_field(self.context.texts, rejection);
        Problem { argument: None, step: Step::Message, message }
    }
}

struct Search<'a> {
    judge: Judge<'a>,
    form: &'a Form,
    /// As the activity is.
    own: Filled,
}

impl Search<'_> {
    fn run(self) -> Vec<Problem> {
        let fields = self.form.fields();
        let mut good = self.shaped(&fields);
        let mut of_fields = vec![None; fields.len()];
        let mut others = Vec::new();
        let missing = self.fill_missing(&fields, &mut good);
        // What is not the form's may itself be wrong, or too many rows are.
        let missing = match missing {
            Ok(missing) => missing,
            Err(_) => {
                self.take_rows_out(&fields, &mut good, &mut of_fields);
                self.fill_missing(&fields, &mut good).unwrap_or_else(|_| {
                    self.only_the_forms(&fields, &mut good);
                    self.fill_missing(&fields, &mut good).unwrap_or_default()
                })
            }
        };
        if let Err(rejection) = self.judge.check(&good) {
            return vec![self.judge.told(rejection)];
        }
        for at in missing {
            if let Some((field, place)) = fields.get(at).zip(of_fields.get_mut(at)) {
                *place = self.problem_of_missing(field);
            }
        }
        self.put_others_back(&fields, &mut good, &mut others);
        for (field, place) in fields.iter().zip(&mut of_fields) {
            if place.is_none()
                && let Some(rejection) = self.put_back(field, &mut good)
            {
                *place = Some(self.problem(field, rejection));
            }
        }
        of_fields.into_iter().flatten().chain(others).collect()
    }

    fn own(&self, field: &Field) -> Option<&str> {
        self.own.get(&field.argument).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// The activity with a good value for each of its own. What says which other fields there are stays.
    fn shaped(&self, fields: &[&Field]) -> Filled {
        let mut good = self.own.clone();
        for field in fields {
            let Some(own) = self.own(field) else { continue };
            let is_kept = own.contains("{{")
                || match &field.control {
                    Control::Checkbox { .. } | Control::Hidden => true,
                    Control::Select(_) => first_choice(field).is_none() || is_choice(field, own),
                    Control::Line { .. } | Control::Area { .. } => false,
                };
            if !is_kept {
                good.insert(field.argument.clone(), self.stand_in(field));
            }
        }
        good
    }

    fn stand_in(&self, field: &Field) -> String {
        if let Some(choice) = first_choice(field) {
            return choice.to_owned();
        }
        stand_in::of(&field.argument, &|name| self.own.get(name).is_some_and(|value| !value.trim().is_empty()))
            .to_owned()
    }

    /// Fills what is empty until the validation takes it, and tells what of that is needed.
    fn fill_missing(&self, fields: &[&Field], good: &mut Filled) -> Result<Vec<usize>, Rejection> {
        if self.judge.takes(good) {
            return Ok(Vec::new());
        }
        let is_empty =
            |filled: &Filled, field: &Field| filled.get(&field.argument).is_none_or(|value| value.trim().is_empty());
        let may_be_filled = |field: &Field| match &field.control {
            Control::Line { .. } | Control::Area { .. } => true,
            Control::Select(_) => field.is_required,
            Control::Checkbox { .. } | Control::Hidden => false,
        };
        let mut full = good.clone();
        let mut added: Vec<usize> = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            if is_empty(&full, field) && may_be_filled(field) {
                full.insert(field.argument.clone(), self.stand_in(field));
                added.push(at);
            }
        }
        self.judge.check(&full)?;
        // What is marked as mandatory goes last, so that it is what stays of several that would do.
        let mut order = added;
        order.sort_by_key(|at| (fields.get(*at).is_some_and(|field| field.is_required), std::cmp::Reverse(*at)));
        let mut needed = Vec::new();
        let mut gone = vec![false; fields.len()];
        for (step, at) in order.iter().enumerate() {
            if gone.get(*at).copied().unwrap_or_default() {
                continue;
            }
            let without = |filled: &Filled, at: usize| {
                let mut less = filled.clone();
                fields.get(at).map(|field| less.remove(&field.argument));
                less
            };
            let less = without(&full, *at);
            if self.judge.takes(&less) {
                full = less;
                continue;
            }
            // Two may be needed by each other only, as a button's text and its address are.
            let near = order.iter().skip(step + 1).take(PARTNERS_MAX);
            let partners = near.filter(|partner| !gone.get(**partner).copied().unwrap_or(true));
            let pair = partners.map(|partner| (*partner, without(&less, *partner)));
            let pair = pair.into_iter().find(|(_, less)| self.judge.takes(less));
            match pair {
                Some((partner, less)) => {
                    full = less;
                    if let Some(gone) = gone.get_mut(partner) {
                        *gone = true;
                    }
                }
                None => needed.push(*at),
            }
        }
        *good = full;
        needed.sort_unstable();
        Ok(needed)
    }

    /// Takes rows out, the last ones first, as long as there are more than the channel takes.
    fn take_rows_out(&self, fields: &[&Field], good: &mut Filled, of_fields: &mut [Option<Problem>]) {
        for rows in self.form.rows() {
            let Some(set) = RowSet::by_name(&rows.name) else { continue };
            let over = rows.rows.len().saturating_sub(rows.max);
            for (left, row) in rows.rows.iter().rev().take(over).enumerate() {
                good.retain(|name, _| set.number_of(name) != Some(row.number));
                let is_first = left + 1 == over;
                let first = fields.iter().position(|field| set.number_of(&field.argument) == Some(row.number));
                if let Some(place) = first.filter(|_| is_first).and_then(|first| of_fields.get_mut(first)) {
                    *place = first.and_then(|first| self.too_many(rows, over, fields.get(first)?));
                }
            }
            self.take_kinds_out(set, rows, fields, good, of_fields);
        }
    }

    /// Takes rows out of whose kind there are too many, though not of all together: all of them, and then those that
    /// are taken are put back.
    fn take_kinds_out(
        &self,
        set: RowSet,
        rows: &Rows,
        fields: &[&Field],
        good: &mut Filled,
        of_fields: &mut [Option<Problem>],
    ) {
        let works = |filled: &Filled| self.fill_missing(fields, &mut filled.clone());
        let Err(rejection) = works(good) else { return };
        let mut less = good.clone();
        less.retain(|name, _| set.number_of(name).is_none());
        if works(&less).is_err() {
            return;
        }
        for row in &rows.rows {
            let of_row = |name: &str| set.number_of(name) == Some(row.number);
            let before = less.clone();
            less.extend(
                good.iter().filter(|(name, _)| of_row(name)).map(|(name, value)| (name.clone(), value.clone())),
            );
            if works(&less).is_ok() {
                continue;
            }
            less = before;
            let first = fields.iter().position(|field| of_row(&field.argument));
            let found = first.and_then(|first| fields.get(first).zip(of_fields.get_mut(first)));
            if let Some((field, place)) = found {
                let argument = Some(field.argument.clone());
                *place = place.take().or(Some(Problem { argument, ..self.judge.told(rejection) }));
            }
        }
        *good = less;
    }

    fn too_many(&self, rows: &Rows, over: usize, field: &Field) -> Option<Problem> {
        let values = [("rows", rows.legend.to_owned()), ("max", rows.max.to_string()), ("over", over.to_string())];
        let message = fill(self.judge.context.texts.phrase(Phrase::TooMany), &values);
        Some(Problem { argument: Some(field.argument.clone()), step: Step::Message, message })
    }

    /// Nothing but the form's fields, channel and account, and somebody to send to.
    fn only_the_forms(&self, fields: &[&Field], good: &mut Filled) {
        let is_visible = |name: &str| {
            fields.iter().any(|field| field.argument == name && field.control != Control::Hidden)
                || [names::CHANNEL, names::ACCOUNT].contains(&name)
        };
        good.retain(|name, _| is_visible(name));
        let phone = stand_in::of(names::PHONE_DEFAULT, &|_| false);
        good.insert(names::PHONE_DEFAULT.to_owned(), phone.to_owned());
    }

    /// Puts in again what is not the form's.
    fn put_others_back(&self, fields: &[&Field], good: &mut Filled, others: &mut Vec<Problem>) {
        let is_field = |name: &str| fields.iter().any(|field| field.argument == name);
        let mut tell = |rejection| {
            // The choice that leaves no room for what is there.
            let choice = match rejection {
                Rejection::ContentType => Some(names::CONTENT_TYPE),
                Rejection::Header => Some(names::HEADER_TYPE),
                _ => None,
            };
            let argument = choice.filter(|choice| self.form.shows(choice)).map(str::to_owned);
            let problem = Problem { argument, ..self.judge.told(rejection) };
            if !others.contains(&problem) {
                others.push(problem);
            }
        };
        // Rows that were taken out stay out.
        let is_of_rows = |name: &str| {
            let mut sets = self.form.rows().into_iter().filter_map(|rows| RowSet::by_name(&rows.name));
            sets.any(|set| set.number_of(name).is_some())
        };
        let mut is_phone_refused = false;
        for (name, value) in &self.own {
            let is_back = good.get(name) == Some(value);
            if is_back || (is_field(name) && !self.is_hidden(fields, name)) || is_of_rows(name) {
                continue;
            }
            let before = good.insert(name.clone(), value.clone());
            if let Err(rejection) = self.judge.check(good) {
                tell(rejection);
                is_phone_refused |= name.starts_with(names::PHONE_PREFIX);
                match before {
                    Some(before) => good.insert(name.clone(), before),
                    None => good.remove(name),
                };
            }
        }
        if !self.own.contains_key(names::PHONE_DEFAULT) && !is_phone_refused {
            let stand_in = good.remove(names::PHONE_DEFAULT);
            if let Err(rejection) = self.judge.check(good) {
                tell(rejection);
                good.extend(stand_in.map(|value| (names::PHONE_DEFAULT.to_owned(), value)));
            }
        }
    }

    fn is_hidden(&self, fields: &[&Field], name: &str) -> bool {
        fields.iter().any(|field| field.argument == name && field.control == Control::Hidden)
    }

    /// Puts a field's own value in; what it is refused with, if it is.
    fn put_back(&self, field: &Field, good: &mut Filled) -> Option<Rejection> {
        let own = self.own(field)?;
        let before = good.get(&field.argument).cloned()?;
        if before == own {
            return None;
        }
        good.insert(field.argument.clone(), own.to_owned());
        let rejection = self.judge.check(good).err()?;
        good.insert(field.argument.clone(), before);
        Some(rejection)
    }

    fn problem_of_missing(&self, field: &Field) -> Option<Problem> {
        let message = sentence::missing(self.judge.context.texts, field);
        Some(Problem { argument: Some(field.argument.clone()), step: Step::Message, message })
    }

    fn problem(&self, field: &Field, rejection: Rejection) -> Problem {
        let message = sentence::wrong(self.judge.context.texts, field, rejection);
        Problem { argument: Some(field.argument.clone()), step: Step::Message, message }
    }
}

/// The first choice that says something, of a select that has to say something.
fn first_choice(field: &Field) -> Option<&str> {
    let Control::Select(choices) = &field.control else { return None };
    let is_good = |choice: &&Choice| !choice.value.trim().is_empty() && !choice.is_disabled && !choice.is_unlisted;
    choices.iter().find(is_good).map(|choice| choice.value.as_str())
}

/// Whether a select offers this by itself, not only because it is saved.
fn is_choice(field: &Field, value: &str) -> bool {
    let Control::Select(choices) = &field.control else { return true };
    choices.iter().any(|choice| choice.value.trim() == value.trim() && !choice.is_unlisted)
}
