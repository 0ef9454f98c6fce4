//! What a problem is called: one sentence that names the field, what is wrong and what is allowed.

use super::super::texts::{Phrase, Texts, fill};
use super::super::{Control, Field, Limit};
use crate::domain::callback_data::{RESTRICTED_NAMES, is_forbidden_in_name};
use crate::domain::message::Rejection;

/// A field that is empty and must not be.
pub(super) fn missing(texts: &Texts, field: &Field) -> String {
    let phrase = if let Control::Select(_) = field.control { Phrase::ChooseOne } else { Phrase::Enter };
    fill(texts.phrase(phrase), &[("label", within(&field.label))])
}

/// A field whose value is refused.
pub(super) fn wrong(texts: &Texts, field: &Field, rejection: Rejection) -> String {
    if field.value.trim().is_empty() {
        return missing(texts, field);
    }
    let label = &field.label;
    let unlisted =
        |choices: &[super::super::Choice]| choices.iter().any(|choice| choice.is_selected && choice.is_unlisted);
    if let Control::Select(choices) = &field.control
        && unlisted(choices)
        && field.limit == Limit::None
    {
        return format!("{label} {}.", texts.phrase(Phrase::NotOffered));
    }
    let by_rejection = match rejection {
        Rejection::Characters => Some(Phrase::HasControl),
        Rejection::MessageSize => Some(Phrase::TogetherTooLong),
        Rejection::CallbackDataLength => Some(Phrase::CallbackTooLong),
        Rejection::Suggestions if field.limit == Limit::Moment => Some(Phrase::EndsBeforeStart),
        _ => None,
    };
    if let Some(broken) = field.limit.broken_by(&field.value, texts) {
        return format!("{label} {broken}.");
    }
    if let Some(phrase) = by_rejection {
        return format!("{label} {}.", texts.phrase(phrase));
    }
    if rejection == Rejection::CallbackDataName
        && let Some(sentence) = callback_name(texts, field)
    {
        return sentence;
    }
    let allowed = field.limit.allowed(texts);
    if allowed.is_empty() { format!("{label}: {}.", rejection.meaning()) } else { format!("{label}: {allowed}") }
}

/// Why a custom field of the callback data can't be called so.
fn callback_name(texts: &Texts, field: &Field) -> Option<String> {
    if RESTRICTED_NAMES.contains(&field.value.as_str()) {
        return Some(fill(texts.phrase(Phrase::OwnCallbackName), &[("name", field.value.clone())]));
    }
    let mut found: Vec<&str> = Vec::new();
    for c in field.value.chars().filter(|c| is_forbidden_in_name(*c)) {
        let name = texts.phrase(match c {
            '"' => Phrase::QuotationMark,
            '\\' => Phrase::Backslash,
            _ => Phrase::ControlCharacter,
        });
        if !found.contains(&name) {
            found.push(name);
        }
    }
    let characters = [("characters", found.join(", "))];
    let why = || fill(texts.phrase(Phrase::HasForbidden), &characters);
    (!found.is_empty()).then(|| format!("{} {}.", field.label, why()))
}

/// What no field explains.
pub(super) fn without_field(texts: &Texts, rejection: Rejection) -> String {
    match rejection {
        Rejection::MissingPhone => texts.phrase(Phrase::NoPhone).to_owned(),
        _ => {
            let meaning = rejection.meaning();
            let mut letters = meaning.chars();
            let first = letters.next().map(char::to_uppercase);
            first.into_iter().flatten().chain(letters).chain(['.']).collect()
        }
    }
}

/// A label within a sentence: `text`, but `URL of the image`.
fn within(label: &str) -> String {
    let mut letters = label.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() && !label.starts_with("iOS") => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => label.to_owned(),
    }
}
