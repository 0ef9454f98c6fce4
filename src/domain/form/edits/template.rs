//! What choosing a WhatsApp template prepares.

use super::super::channels::header_type;
use super::super::rows::RowSet;
use super::super::{Arguments, Context, List};
use crate::domain::message::contract::NUMBERED_MAX;
use crate::domain::message::names;
use crate::domain::whatsapp_template::{ButtonParameter, Template, Wanted};

/// Language, count of placeholders, header and buttons as the chosen template wants them. Without the list, or with a
/// template that it does not offer, everything stays as it is.
pub(super) fn settle(context: &Context<'_>, arguments: &mut Arguments) {
    let List::Loaded(templates) = &context.lists.templates else {
        // What is there is counted, so that one more that is empty is noticed.
        let last = RowSet::Placeholders.numbers(arguments).last().copied();
        if let Some(last) = last.filter(|_| !arguments.has(names::PLACEHOLDER_COUNT)) {
            arguments.set(names::PLACEHOLDER_COUNT, last.to_string());
        }
        return;
    };
    let Some(name) = arguments.given(names::TEMPLATE_NAME).map(str::to_owned) else { return };
    let of_name = |template: &&Template| template.name == name && template.is_offered();
    let languages: Vec<_> = templates.iter().filter(of_name).collect();
    let language = arguments.given(names::TEMPLATE_LANGUAGE).unwrap_or_default().to_owned();
    let is_registered = templates.iter().any(|template| template.name == name && template.language == language);
    let chosen = match languages.as_slice() {
        [only] if !is_registered => Some(*only),
        _ => languages.iter().find(|template| template.language == language).copied(),
    };
    let Some(template) = chosen else { return };
    if language != template.language {
        arguments.set(names::TEMPLATE_LANGUAGE, template.language.as_str());
    }
    let wanted = template.wanted();
    let count = (wanted.body_placeholders as usize).min(NUMBERED_MAX).to_string();
    if arguments.given(names::PLACEHOLDER_COUNT) != Some(count.as_str()) {
        arguments.set(names::PLACEHOLDER_COUNT, count);
    }
    header(arguments, &wanted);
    buttons(arguments, &wanted);
}

fn header(arguments: &mut Arguments, wanted: &Wanted) {
    let fields: &[&str] = match header_type(wanted.header) {
        None => &[],
        Some("TEXT") => &[names::HEADER_TEXT],
        Some("DOCUMENT") => &[names::HEADER_MEDIA_URL, names::HEADER_FILENAME],
        Some("LOCATION") => &[names::HEADER_LATITUDE, names::HEADER_LONGITUDE],
        Some(_) => &[names::HEADER_MEDIA_URL],
    };
    // The header of another template would be refused, or sent in silence.
    let is_foreign = |name: &str| name.starts_with("header") && name != names::HEADER_TYPE && !fields.contains(&name);
    arguments.retain(|name| !is_foreign(name));
    match header_type(wanted.header) {
        None => arguments.retain(|name| name != names::HEADER_TYPE),
        Some(kind) if arguments.given(names::HEADER_TYPE).is_some_and(|own| own.eq_ignore_ascii_case(kind)) => {}
        Some(kind) => arguments.set(names::HEADER_TYPE, kind),
    }
}

fn buttons(arguments: &mut Arguments, wanted: &Wanted) {
    let kinds: Vec<&str> = wanted.buttons.iter().map(|button| button_type(button.parameter)).collect();
    let numbers: Vec<_> = RowSet::Buttons.numbers(arguments).into_iter().collect();
    let own = |number: usize| arguments.given(&RowSet::Buttons.argument(names::BUTTON_TYPE_PREFIX, number));
    let is_same = |(number, kind): (&usize, &&str)| own(*number).is_some_and(|own| own.eq_ignore_ascii_case(kind));
    if numbers.len() == kinds.len() && numbers.iter().zip(&kinds).all(is_same) {
        return;
    }
    arguments.retain(|name| RowSet::Buttons.number_of(name).is_none_or(|number| number <= kinds.len()));
    for (at, kind) in kinds.iter().enumerate() {
        let argument = |field| RowSet::Buttons.argument(field, at + 1);
        let type_name = argument(names::BUTTON_TYPE_PREFIX);
        if !arguments.given(&type_name).is_some_and(|own| own.eq_ignore_ascii_case(kind)) {
            arguments.set(&type_name, *kind);
            // What filled a button of another kind fits this one by chance at most.
            arguments.set(&argument(names::BUTTON_PARAMETER_PREFIX), "");
        }
    }
}

const fn button_type(parameter: ButtonParameter) -> &'static str {
    match parameter {
        ButtonParameter::QuickReply => "QUICK_REPLY",
        ButtonParameter::UrlSuffix => "URL",
        ButtonParameter::CopyCode => "COPY_CODE",
    }
}
