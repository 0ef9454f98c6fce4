//! Problems that only a page can see, because it knows the journey and the account's lists.

use super::super::texts::{Phrase, fill, row_of};
use super::super::{Context, List, Step, channel_of, message_step};
use super::Problem;
use crate::domain::message::names;
use crate::domain::whatsapp_template::check_choice;

fn problem(argument: &str, message: String) -> Problem {
    Problem { argument: Some(argument.to_owned()), step: Step::Message, message }
}

fn label(context: &Context<'_>, argument: &str) -> &'static str {
    let channel = channel_of(context.accounts, context.arguments);
    context.texts.field(channel, row_of(argument)).0
}

/// Merge expressions of the entry source (`{{Event.…}}`) that it does not have, field by field. Nothing where the
/// journey's merge fields are not known.
pub(crate) fn foreign_expressions(context: &Context<'_>) -> Vec<Problem> {
    let groups = &context.journey.merge_groups;
    let known: Vec<String> = groups
        .iter()
        .flat_map(|group| &group.fields)
        .filter_map(|field| Some(plain(field.expression.as_ref().ok()?)))
        .collect();
    let Some(channel) = channel_of(context.accounts, context.arguments) else { return Vec::new() };
    if !known.iter().any(|expression| is_of_entry(expression)) {
        return Vec::new();
    }
    let form = message_step(context, channel);
    let mut problems = Vec::new();
    for field in form.fields() {
        let foreign = expressions(&field.value)
            .find(|expression| is_of_entry(&plain(expression)) && !known.contains(&plain(expression)));
        if let Some(expression) = foreign {
            let values = [("label", field.label.clone()), ("expression", expression.to_owned())];
            problems.push(problem(&field.argument, fill(context.texts.phrase(Phrase::UnknownMergeField), &values)));
        }
    }
    problems
}

fn is_of_entry(plain: &str) -> bool {
    plain.starts_with("event.")
}

/// An expression without what makes no difference: braces, quotes, white space and case.
fn plain(expression: &str) -> String {
    let is_nothing = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | '"' | '\'');
    expression.chars().filter(|c| !is_nothing(*c)).flat_map(char::to_lowercase).collect()
}

/// The expressions in a text, with their braces.
fn expressions(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("{{").filter_map(|(at, _)| {
        let rest = text.get(at..)?;
        rest.get(..rest.find("}}")? + 2)
    })
}

/// A WhatsApp template that the sender does not have, or that can't be sent. Nothing where the list is not known.
pub(crate) fn unknown_template(context: &Context<'_>) -> Option<Problem> {
    let List::Loaded(templates) = &context.lists.templates else { return None };
    let (arguments, name) = (context.arguments, context.arguments.given(names::TEMPLATE_NAME)?);
    let language = arguments.given(names::TEMPLATE_LANGUAGE)?;
    let is_expression = |text: &str| text.contains("{{");
    if is_expression(name) || is_expression(language) || arguments.raw(names::SENDER).contains("{{") {
        return None;
    }
    let count = arguments.given(names::PLACEHOLDER_COUNT).and_then(|count| count.parse().ok());
    let wrong = check_choice(templates, name, language, count).err()?;
    Some(problem(names::TEMPLATE_NAME, format!("{}: {wrong}.", label(context, names::TEMPLATE_NAME))))
}

/// An event definition that no Wait Until Event of the journey has.
pub(crate) fn unknown_event(context: &Context<'_>) -> Option<Problem> {
    let key = context.arguments.given(names::EVENT_DEFINITION_KEY)?;
    let channel = channel_of(context.accounts, context.arguments)?;
    channel.capability().replies?;
    let is_known = context.journey.event_definitions.iter().any(|event| event.key == key);
    let values = [("label", label(context, names::EVENT_DEFINITION_KEY).to_owned())];
    let message = fill(context.texts.phrase(Phrase::UnknownEvent), &values);
    (!is_known).then(|| problem(names::EVENT_DEFINITION_KEY, message))
}

/// What is turned on and says nothing: a speed limit without a count, which would be sent without one.
pub(crate) fn half_filled(context: &Context<'_>) -> Option<Problem> {
    let arguments = context.arguments;
    let is_on = arguments.has(names::SPEED_LIMIT_COUNT) || arguments.given(names::SPEED_LIMIT_UNIT).is_some();
    let is_empty = is_on && arguments.given(names::SPEED_LIMIT_COUNT).is_none();
    let message = context.texts.phrase(Phrase::NoSpeedCount).to_owned();
    is_empty.then(|| problem(names::SPEED_LIMIT_COUNT, message))
}
