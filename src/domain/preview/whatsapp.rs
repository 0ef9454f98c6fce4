//! WhatsApp: the registered template with what fills it.

use super::super::merge_field::{Piece, pieces};
use super::super::message::{names, nth};
use super::super::whatsapp_template::{Structure, Template};
use super::{Button, Media, Part, Preview, PreviewContext, Text};

/// Formats of headers that a phone loads or draws.
const FORMATS: [(&str, &str); 5] =
    [("IMAGE", "Picture"), ("VIDEO", "Video"), ("GIF", "GIF"), ("DOCUMENT", "Document"), ("LOCATION", "Place")];

pub(super) fn whatsapp(preview: &mut Preview, context: &PreviewContext<'_>) {
    match context.template {
        Some(template) => registered(preview, context, template),
        None => unknown(preview, context),
    }
}

fn registered(preview: &mut Preview, context: &PreviewContext<'_>, template: &Template) {
    let Structure { header, body, footer, buttons, .. } = &template.structure;
    let mut parts = Vec::new();
    if let Some(header) = header {
        match header.text.as_deref().filter(|_| header.format == "TEXT") {
            Some(text) => parts.push(Part::Title(fill(text, |_| context.text(names::HEADER_TEXT)))),
            None => parts.extend(header_media(context, &header.format).map(Part::Media)),
        }
    }
    match body {
        Some(body) => {
            parts.push(Part::Text(fill(body, |number| context.body(&nth(names::PLACEHOLDER_PREFIX, number)))));
        }
        None => preview.remarks.push("WhatsApp writes the text of this template itself."),
    }
    parts.extend(footer.as_ref().map(|footer| Part::Footer(Text::plain(footer.clone()))));
    let wanted = template.wanted().buttons;
    for (index, button) in buttons.iter().enumerate() {
        // The in-arguments number the buttons that take a parameter.
        let number = wanted.iter().position(|want| want.index == index).map(|at| at + 1);
        let parameter = number.map(|number| context.text(&nth(names::BUTTON_PARAMETER_PREFIX, number)));
        let (does, target) = match button.kind.as_str() {
            "URL" => {
                let url = button.url.as_deref().unwrap_or_default();
                ("Opens", fill(url, |_| parameter.clone().unwrap_or_default()))
            }
            "QUICK_REPLY" => ("Replies", Text::default()),
            "PHONE_NUMBER" => ("Calls", Text::default()),
            "COPY_CODE" => ("Copies", parameter.unwrap_or_default()),
            _ => ("", Text::default()),
        };
        parts.push(Part::Button(Button { text: Text::plain(button.text.clone()), does, target }));
    }
    preview.say(parts);
}

/// Without the template there is only what fills it.
fn unknown(preview: &mut Preview, context: &PreviewContext<'_>) {
    let mut parts: Vec<_> = context.titled(names::TEMPLATE_NAME).into_iter().collect();
    if parts.is_empty() {
        preview.remarks.push("Choose a template to see the message.");
        return;
    }
    preview.remarks.push("The template is not known here yet: only what fills it is shown.");
    parts.extend(header_media(context, &context.choice(names::HEADER_TYPE)).map(Part::Media));
    parts.extend(context.titled(names::HEADER_TEXT));
    for number in context.numbers(&[names::PLACEHOLDER_PREFIX]) {
        let mut line = Text::plain(format!("{number}: "));
        line.append(context.body(&nth(names::PLACEHOLDER_PREFIX, number)));
        parts.push(Part::Text(line));
    }
    for number in context.numbers(&[names::BUTTON_TYPE_PREFIX, names::BUTTON_PARAMETER_PREFIX]) {
        let target = context.text(&nth(names::BUTTON_PARAMETER_PREFIX, number));
        parts.push(Part::Button(Button { text: Text::plain(format!("Button {number}")), does: "", target }));
    }
    preview.say(parts);
}

fn header_media(context: &PreviewContext<'_>, format: &str) -> Option<Media> {
    let (format, kind) = FORMATS.iter().find(|(name, _)| *name == format)?;
    let mut media = Media { kind, name: Text::default(), address: Text::default(), link: Text::default() };
    match *format {
        "LOCATION" => {
            media.name = context.text(names::HEADER_LATITUDE);
            let longitude = context.text(names::HEADER_LONGITUDE);
            if !media.name.is_empty() && !longitude.is_empty() {
                media.name.append(Text::plain(", "));
            }
            media.name.append(longitude);
        }
        _ => {
            media.address = context.text(names::HEADER_MEDIA_URL);
            media.name = context.text(names::HEADER_FILENAME);
        }
    }
    Some(media)
}

/// A template's text with its `{{n}}` filled; those without a value stay as they are.
fn fill(template: &str, value: impl Fn(usize) -> Text) -> Text {
    let mut filled = Text::default();
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => filled.append(Text::plain(text)),
            Piece::Field(name) => {
                let value = name.parse().map(&value).unwrap_or_default();
                filled.append(if value.is_empty() { Text::field(name) } else { value });
            }
        }
    }
    filled
}
