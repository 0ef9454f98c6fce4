//! Problems that only a page can see, because it knows the journey and the account's lists.

use std::collections::HashSet;

use super::super::texts::{Phrase, fill, row_of};
use super::super::{Context, List, Step, channel_of, message_step};
use super::Problem;
use crate::domain::journey::expressions;
use crate::domain::message::{names, nth};
use crate::domain::timestamp::Timestamp;
use crate::domain::whatsapp_template::check_choice;

fn problem(argument: &str, message: String) -> Problem {
    Problem { argument: Some(argument.to_owned()), step: Step::Message, message }
}

fn label(context: &Context<'_>, argument: &str) -> &'static str {
    let channel = channel_of(context.accounts, context.arguments);
    context.texts.field(channel, row_of(argument)).0
}

/// What is wrong with a field's merge expressions: SFMC would not compile them, which fails the publish or disables the
/// journey (sfmc.md 1.5), or they name what the entry source or the journey does not have. Nothing of the latter where
/// the journey's merge fields are not known.
pub(crate) fn wrong_expressions(context: &Context<'_>) -> Vec<Problem> {
    let groups = &context.journey.merge_groups;
    let known: HashSet<String> = groups
        .iter()
        .flat_map(|group| &group.fields)
        .filter_map(|field| Some(plain(field.expression.as_ref().ok()?)))
        .collect();
    let has = |root: &str| known.iter().any(|expression| expression.starts_with(root));
    let (knows_entry, knows_journey) = (has(EVENT), has(INTERACTION));
    let Some(channel) = channel_of(context.accounts, context.arguments) else { return Vec::new() };
    let form = message_step(context, channel);
    let mut problems = Vec::new();
    for field in form.fields() {
        let values = |expression: &str| [("label", field.label.clone()), ("expression", expression.to_owned())];
        let wrong = expressions(&field.value).find_map(|expression| {
            let plain = plain(expression);
            let is_foreign = (plain.starts_with(EVENT) && knows_entry
                || plain.starts_with(INTERACTION) && knows_journey)
                && !known.contains(&plain);
            let phrase = match () {
                () if !ROOTS.iter().any(|root| plain.starts_with(root)) => Phrase::NoExpression,
                () if is_foreign => Phrase::UnknownMergeField,
                () => return None,
            };
            Some(fill(context.texts.phrase(phrase), &values(&format!("{{{{{expression}}}}}"))))
        });
        let open = || {
            let is_open = field.value.matches("{{").count() != field.value.matches("}}").count();
            is_open.then(|| fill(context.texts.phrase(Phrase::OpenExpression), &values("")))
        };
        problems.extend(wrong.or_else(open).map(|message| problem(&field.argument, message)));
    }
    problems
}

const EVENT: &str = "Event.";
const INTERACTION: &str = "Interaction.";
/// What expressions begin with (sfmc.md 1.5).
const ROOTS: [&str; 6] = [EVENT, INTERACTION, "Contact.", "Context.", "InteractionDefaults.", "Activity."];

/// An expression without what makes no difference: quotes and white space. Case does.
fn plain(expression: &str) -> String {
    expression.chars().filter(|c| !(c.is_whitespace() || matches!(c, '{' | '}' | '"' | '\''))).collect()
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

/// A latest send time that is over: nothing of the activity could be sent.
pub(crate) fn over_already(context: &Context<'_>, now: Timestamp) -> Option<Problem> {
    let until = context.arguments.given(names::LATEST_SEND_AT).and_then(Timestamp::parse)?;
    let values = [("label", label(context, names::LATEST_SEND_AT).to_owned())];
    let message = fill(context.texts.phrase(Phrase::OverAlready), &values);
    (until <= now).then(|| problem(names::LATEST_SEND_AT, message))
}

/// The Text field that numbers come from, where there is no Phone field: the journey's default number is no choice.
pub(crate) fn no_phone_field(context: &Context<'_>) -> Option<Problem> {
    let journey = context.journey;
    let first = nth(names::PHONE_PREFIX, 1);
    let is_asked = journey.phone_fields.is_empty() && !journey.text_phones.is_empty();
    let message = fill(context.texts.phrase(Phrase::ChoosePhone), &[("label", label(context, &first).to_owned())]);
    (is_asked && context.arguments.given(&first).is_none()).then(|| problem(&first, message))
}
