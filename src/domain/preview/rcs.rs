//! RCS: text, file, card or carousel, with suggestions.

use super::super::message::contract::CARDS_MAX;
use super::super::message::{names, nth};
use super::chat::kind_of;
use super::{Arrangement, Bubble, Button, Part, Preview, PreviewContext, Text, card_argument};

const FIELDS: [&str; 6] = [
    names::SUGGESTION_TYPE_PREFIX,
    names::SUGGESTION_TEXT_PREFIX,
    names::SUGGESTION_URL_PREFIX,
    names::SUGGESTION_PHONE_PREFIX,
    names::SUGGESTION_LABEL_PREFIX,
    names::SUGGESTION_TITLE_PREFIX,
];

pub(super) fn rcs(preview: &mut Preview, context: &PreviewContext<'_>) {
    match context.choice(names::CONTENT_TYPE).as_str() {
        "FILE" => {
            let address = context.arguments.get(names::FILE_URL).unwrap_or_default();
            let file = context.media(kind_of("", address), names::FILE_URL);
            preview.say(file.map(Part::Media).into_iter().collect());
        }
        "CARD" => {
            let arrangement = match context.choice(names::CARD_ORIENTATION).as_str() {
                "HORIZONTAL" if context.choice(names::CARD_ALIGNMENT) == "RIGHT" => Arrangement::MediaRight,
                "HORIZONTAL" => Arrangement::MediaLeft,
                _ => Arrangement::Stacked,
            };
            preview.bubbles.push(Bubble { parts: card(context, 1), arrangement });
        }
        "CAROUSEL" => {
            preview.is_carousel = true;
            (1..=CARDS_MAX).for_each(|number| preview.say(card(context, number)));
        }
        _ => preview.say(context.written(names::TEXT).into_iter().collect()),
    }
    preview.suggestions = suggestions(context, str::to_owned);
}

fn card(context: &PreviewContext<'_>, card: usize) -> Vec<Part> {
    let name = |name| card_argument(card, name);
    let address = context.arguments.get(&name(names::CARD_MEDIA_URL)).unwrap_or_default();
    let media = context.media(kind_of("", address), &name(names::CARD_MEDIA_URL));
    let texts =
        context.titled(&name(names::CARD_TITLE)).into_iter().chain(context.written(&name(names::CARD_DESCRIPTION)));
    let buttons = suggestions(context, |field| card_argument(card, field));
    media.map(Part::Media).into_iter().chain(texts).chain(buttons.into_iter().map(Part::Button)).collect()
}

fn suggestions(context: &PreviewContext<'_>, name: impl Fn(&str) -> String) -> Vec<Button> {
    let fields = FIELDS.map(&name);
    let numbers = context.numbers(&fields.each_ref().map(String::as_str));
    let suggestion = |number| {
        let text = |field: &str| context.text(&nth(&name(field), number));
        let (does, target) = match context.choice(&nth(&name(names::SUGGESTION_TYPE_PREFIX), number)).as_str() {
            "REPLY" => ("Replies", Text::default()),
            "OPEN_URL" => ("Opens", text(names::SUGGESTION_URL_PREFIX)),
            "DIAL_PHONE" => ("Calls", text(names::SUGGESTION_PHONE_PREFIX)),
            "SHOW_LOCATION" => ("Shows on the map", text(names::SUGGESTION_LABEL_PREFIX)),
            "REQUEST_LOCATION" => ("Asks for the place", Text::default()),
            "CREATE_CALENDAR_EVENT" => ("Adds to the calendar", text(names::SUGGESTION_TITLE_PREFIX)),
            _ => ("", Text::default()),
        };
        let mut shown = text(names::SUGGESTION_TEXT_PREFIX);
        if shown.is_empty() {
            shown = Text::plain(format!("Suggestion {number}"));
        }
        Button { text: shown, does, target }
    };
    numbers.into_iter().map(suggestion).collect()
}
