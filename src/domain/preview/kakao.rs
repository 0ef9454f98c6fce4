//! KakaoChinguTalk and Kakao Alim.

use super::super::message::{names, nth};
use super::{Button, Part, Preview, PreviewContext, Text};

/// What a button does, by its type.
const TYPES: [(&str, &str); 7] = [
    ("WEB_LINK", "Opens"),
    ("APP_LINK", "Opens the app"),
    ("DELIVERY_TRACKING", "Tracks the delivery"),
    ("CHATBOT_SWITCH", "Switches to the chatbot"),
    ("BOT_KEYWORD", "Sends its text to the bot"),
    ("MESSAGE_DELIVERY", "Sends its text and the message"),
    ("ADD_CHANNEL", "Adds the channel"),
];

/// Where a button leads; the first that it has is shown.
const TARGETS: [&str; 4] = [
    names::BUTTON_URL_MOBILE_PREFIX,
    names::BUTTON_ANDROID_SCHEME_PREFIX,
    names::BUTTON_IOS_SCHEME_PREFIX,
    names::BUTTON_URL_PC_PREFIX,
];

pub(super) fn chingu(preview: &mut Preview, context: &PreviewContext<'_>) {
    let image = context.media("Picture", names::IMAGE_URL).map(|mut image| {
        image.link = context.text(names::IMAGE_LINK);
        image
    });
    let mut parts: Vec<_> = image.map(Part::Media).into_iter().chain(context.written(names::TEXT)).collect();
    parts.extend(buttons(context));
    preview.say(parts);
}

pub(super) fn alim(preview: &mut Preview, context: &PreviewContext<'_>) {
    let image = context.media("Picture of the template", names::IMAGE_URL).map(Part::Media);
    let texts = context.titled(names::TITLE).into_iter().chain(context.written(names::TEXT));
    let mut parts: Vec<_> = image.into_iter().chain(texts).collect();
    parts.extend(buttons(context));
    preview.say(parts);
    preview.remarks.push("Kakao delivers it only when it equals the registered template.");
}

fn buttons(context: &PreviewContext<'_>) -> impl Iterator<Item = Part> {
    let prefixes = [&[names::BUTTON_TYPE_PREFIX, names::BUTTON_NAME_PREFIX][..], &TARGETS].concat();
    context
        .numbers(&prefixes)
        .into_iter()
        .map(|number| {
            let kind = context.choice(&nth(names::BUTTON_TYPE_PREFIX, number));
            let does = TYPES.iter().find(|(name, _)| *name == kind).map_or("", |(_, does)| does);
            let mut targets = TARGETS.iter().map(|name| context.text(&nth(name, number)));
            let target = targets.find(|target| !target.is_empty()).unwrap_or_default();
            let mut text = context.text(&nth(names::BUTTON_NAME_PREFIX, number));
            if text.is_empty() {
                text = Text::plain(format!("Button {number}"));
            }
            Part::Button(Button { text, does, target })
        })
        .collect::<Vec<_>>()
        .into_iter()
}
