//! WhatsApp: an approved template and what fills it.

use super::super::builder::{Builder, RowWords, default_choice, offered};
use super::super::rows::RowSet;
use super::super::texts::{Phrase, fill};
use super::super::{Action, Choice, Control, Field, Item, Keyboard, Limit, List, Rows, Section, common};
use crate::domain::message::fields::URL_UNITS_MAX;
use crate::domain::message::rcs::suggestion::{LATITUDE_MAX, LONGITUDE_MAX};
use crate::domain::message::{names, whatsapp};
use crate::domain::whatsapp_template::{ButtonWant, HeaderWant, Template, Wanted};

const PLACEHOLDERS: RowWords =
    RowWords { legend: Phrase::Placeholders, row: Phrase::Placeholder, add: Phrase::AddPlaceholder, is_ordered: false };
const BUTTONS: RowWords =
    RowWords { legend: Phrase::Buttons, row: Phrase::Button, add: Phrase::AddButton, is_ordered: false };

pub(super) fn content(builder: &Builder<'_>) -> Vec<Section> {
    let templates = match &builder.context.lists.templates {
        List::Loaded(templates) => Some(templates.as_slice()),
        List::NotAsked | List::Failed(_) => None,
    };
    let chosen = chosen(builder, templates.unwrap_or_default());
    let wanted = chosen.map(Template::wanted);
    let mut items = vec![builder.sender(Limit::at_most(whatsapp::SENDER_CHARS_MAX)).rerenders().into()];
    items.extend(template(builder, templates));
    // What a template of the list wants was put into the in-arguments when it was chosen.
    items.extend(header(builder, wanted.as_ref()));
    items.extend(placeholders(builder, wanted.as_ref()));
    items.extend(buttons(builder, wanted.as_ref()));
    vec![builder.section("content", Phrase::Template, items), common::failover(builder)]
}

/// The template of the list that the activity names, if it may be sent.
fn chosen<'t>(builder: &Builder<'_>, templates: &'t [Template]) -> Option<&'t Template> {
    let name = builder.given(names::TEMPLATE_NAME)?;
    let language = builder.given(names::TEMPLATE_LANGUAGE)?;
    let is_it = |template: &&Template| template.name == name && template.language == language && template.is_offered();
    templates.iter().find(is_it)
}

/// Name and language: chosen from the list, or typed where there is none.
fn template(builder: &Builder<'_>, templates: Option<&[Template]>) -> Vec<Item> {
    let mut items = Vec::new();
    if let List::Failed(why) = &builder.context.lists.templates {
        items.push(Item::Note(fill(builder.phrase(Phrase::TemplatesFailed), &[("why", why.clone())])));
    }
    let Some(templates) = templates else {
        if builder.given(names::SENDER).is_none() {
            items.push(Item::Note(builder.phrase(Phrase::NoTemplatesYet).to_owned()));
        }
        let name = builder.line(names::TEMPLATE_NAME).limit(Limit::Words(Phrase::AllowedTemplateName));
        let language = builder.line(names::TEMPLATE_LANGUAGE).limit(Limit::Words(Phrase::AllowedLanguage));
        items.extend([name.required().into(), language.required().into()]);
        items.push(Item::Action(Action::RefreshTemplates));
        return items;
    };
    let mut by_name: Vec<&Template> = Vec::new();
    for template in templates {
        match by_name.iter_mut().find(|other| other.name == template.name) {
            Some(other) if !other.is_offered() => *other = template,
            Some(_) => {}
            None => by_name.push(template),
        }
    }
    by_name.sort_by(|a, b| a.name.cmp(&b.name));
    let labels: Vec<String> = by_name.iter().map(|template| template_label(template)).collect();
    let choices = by_name.iter().zip(&labels);
    let choices = choices.map(|(template, label)| (template.name.as_str(), &[][..], label.as_str()));
    let mut names_field = builder.select_of(names::TEMPLATE_NAME, choices).required().rerenders();
    disable(&mut names_field, &by_name);
    items.push(names_field.into());
    let name = builder.given(names::TEMPLATE_NAME);
    let languages = templates.iter().filter(|template| Some(template.name.as_str()) == name && template.is_offered());
    let languages: Vec<_> = languages.map(|template| template.language.as_str()).collect();
    let choices = languages.iter().map(|language| (*language, &[][..], *language));
    items.push(builder.select_of(names::TEMPLATE_LANGUAGE, choices).required().rerenders().into());
    items.push(Item::Action(Action::RefreshTemplates));
    items
}

fn template_label(template: &Template) -> String {
    template.not_offered().map_or_else(|| template.name.clone(), |why| format!("{}: {why}", template.name))
}

/// Shows what can't be sent, with its reason, without letting it be chosen anew.
fn disable(field: &mut Field, templates: &[&Template]) {
    let Control::Select(choices) = &mut field.control else { return };
    let is_refused = |choice: &Choice| {
        templates.iter().any(|template| template.name == choice.value && !template.is_offered()) && !choice.is_selected
    };
    for choice in choices {
        choice.is_disabled = is_refused(choice);
    }
}

fn header(builder: &Builder<'_>, wanted: Option<&Wanted>) -> Vec<Item> {
    let named = builder.given(names::HEADER_TYPE).map(str::to_ascii_uppercase);
    let kind = wanted.map_or(named.as_deref(), |wanted| header_type(wanted.header));
    let mut items = Vec::new();
    if wanted.is_some() {
        if kind.is_some() || named.is_some() {
            items.push(builder.hidden(names::HEADER_TYPE).into());
        }
    } else {
        let choices = [
            default_choice(&[]),
            offered("TEXT"),
            offered("IMAGE"),
            offered("VIDEO"),
            offered("GIF"),
            offered("DOCUMENT"),
            offered("LOCATION"),
        ];
        items.push(builder.select(names::HEADER_TYPE, &choices).rerenders().into());
    }
    let is_unknown =
        kind.is_some_and(|kind| !["TEXT", "IMAGE", "VIDEO", "GIF", "DOCUMENT", "LOCATION"].contains(&kind));
    let is = |kinds: &[&str]| is_unknown || kind.is_some_and(|kind| kinds.contains(&kind));
    let required = |field: Field| if is_unknown { field } else { field.required() };
    if is(&["TEXT"]) {
        let text = builder.line(names::HEADER_TEXT).limit(Limit::at_most(whatsapp::HEADER_TEXT_UNITS_MAX));
        items.push(required(text.with_merge_fields()).into());
    }
    if is(&["IMAGE", "VIDEO", "GIF", "DOCUMENT"]) {
        items.push(required(builder.address(names::HEADER_MEDIA_URL, URL_UNITS_MAX)).into());
    }
    if is(&["DOCUMENT"]) {
        let name = builder.line(names::HEADER_FILENAME).limit(Limit::at_most(whatsapp::FILENAME_UNITS_MAX));
        items.push(required(name.with_merge_fields()).into());
    }
    if is(&["LOCATION"]) {
        for (argument, most) in [(names::HEADER_LATITUDE, LATITUDE_MAX), (names::HEADER_LONGITUDE, LONGITUDE_MAX)] {
            let field = builder.line(argument).keyboard(Keyboard::Decimal).limit(Limit::Degrees { most });
            items.push(required(field.with_merge_fields()).into());
        }
    }
    items
}

/// `headerType` of what a template wants.
pub(in crate::domain::form) const fn header_type(want: HeaderWant) -> Option<&'static str> {
    Some(match want {
        HeaderWant::Nothing => return None,
        HeaderWant::Placeholder => "TEXT",
        HeaderWant::Image => "IMAGE",
        HeaderWant::Video => "VIDEO",
        HeaderWant::Gif => "GIF",
        HeaderWant::Document => "DOCUMENT",
        HeaderWant::Location => "LOCATION",
    })
}

fn placeholders(builder: &Builder<'_>, wanted: Option<&Wanted>) -> Vec<Item> {
    let rows = builder.rows(RowSet::Placeholders, 0, PLACEHOLDERS, |number| {
        let label = fill(builder.phrase(Phrase::PlaceholderLabel), &[("number", number.to_string())]);
        let field = builder.line(&RowSet::Placeholders.argument(names::PLACEHOLDER_PREFIX, number)).labelled(label);
        let limit = Limit::at_most(whatsapp::PLACEHOLDER_UNITS_MAX);
        vec![field.limit(limit).required().with_merge_fields().into()]
    });
    let mut items = vec![builder.hidden(names::PLACEHOLDER_COUNT).into()];
    if wanted.is_none() || !rows.rows.is_empty() {
        items.push(Item::Rows(Rows { may_change: wanted.is_none(), ..rows }));
    }
    items
}

fn buttons(builder: &Builder<'_>, wanted: Option<&Wanted>) -> Option<Item> {
    let numbers: Vec<_> = RowSet::Buttons.numbers(builder.context.arguments).into_iter().collect();
    let rows = builder.rows(RowSet::Buttons, 0, BUTTONS, |number| {
        let place = numbers.iter().position(|own| *own == number);
        let want = place.and_then(|place| wanted?.buttons.get(place));
        button(builder, number, wanted.is_some(), want)
    });
    let is_needed = wanted.is_none() || !rows.rows.is_empty();
    is_needed.then(|| Item::Rows(Rows { may_change: wanted.is_none(), ..rows }))
}

fn button(builder: &Builder<'_>, number: usize, is_of_template: bool, want: Option<&ButtonWant>) -> Vec<Item> {
    let kind = RowSet::Buttons.argument(names::BUTTON_TYPE_PREFIX, number);
    let named = builder.given(&kind).unwrap_or_default().to_ascii_uppercase();
    let limit = match named.as_str() {
        "QUICK_REPLY" => Limit::at_most(whatsapp::QUICK_REPLY_UNITS_MAX),
        "COPY_CODE" => Limit::at_most(whatsapp::COPY_CODE_UNITS_MAX),
        "URL" => Limit::at_most(URL_UNITS_MAX),
        _ => Limit::None,
    };
    let value = builder.line(&RowSet::Buttons.argument(names::BUTTON_PARAMETER_PREFIX, number));
    let mut value = value.limit(limit).required().with_merge_fields();
    if let Some(want) = want {
        value = value.labelled(fill(builder.phrase(Phrase::ButtonParameterLabel), &[("text", want.text.clone())]));
    }
    let kinds = [offered("QUICK_REPLY"), offered("URL"), offered("COPY_CODE")];
    let kind = match is_of_template {
        true => builder.hidden(&kind),
        false => builder.select(&kind, &kinds).required().rerenders(),
    };
    vec![kind.into(), value.into()]
}
