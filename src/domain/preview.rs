//! A message as a phone shows it, from an activity's in-arguments as far as they are filled in (spec M8).
//!
//! A preview forgives everything: what is missing or not valid yet is left out or shown as it stands, and the problems are
//! the validation's to name. Nothing is loaded: media are shown by their address.

mod chat;
mod kakao;
mod rcs;
#[cfg(test)]
mod tests;
mod text;
mod whatsapp;

use super::channel::Channel;
use super::merge_field::Values;
use super::message::contract::{CARD_PREFIX, NUMBERED_MAX};
use super::message::{InArguments, names, nth};
use super::whatsapp_template::Template;

pub(crate) use text::{Text, TextPiece};

/// What there is to show.
#[derive(Clone, Copy)]
pub(crate) struct PreviewContext<'a> {
    /// The channel that sends, by the account's way; `None` until one is chosen, or when the journey's data choose it.
    pub(crate) channel: Option<Channel>,
    pub(crate) arguments: &'a InArguments,
    /// The WhatsApp template that the in-arguments name, when it is known.
    pub(crate) template: Option<&'a Template>,
    /// What was typed for merge fields: shown in their place.
    pub(crate) values: &'a Values,
}

/// See the module's documentation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Preview {
    /// Name of the channel, as marketers know it; empty without one.
    pub(crate) channel: &'static str,
    /// The channel as a part of a style class: the path segment of its webhooks.
    pub(crate) look: &'static str,
    /// Empty where a scenario has it, or nothing is chosen yet.
    pub(crate) sender: Text,
    /// From above to below; a carousel's side by side.
    pub(crate) bubbles: Vec<Bubble>,
    pub(crate) is_carousel: bool,
    /// Below the bubbles, to tap.
    pub(crate) suggestions: Vec<Button>,
    /// The SMS that is sent when the channel could not deliver.
    pub(crate) fallback: Option<Fallback>,
    /// What the picture can't show: a sentence each.
    pub(crate) remarks: Vec<&'static str>,
}

/// A bubble, or a card.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Bubble {
    /// From above to below.
    pub(crate) parts: Vec<Part>,
    /// Picture and text side by side.
    pub(crate) arrangement: Arrangement,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Arrangement {
    #[default]
    Stacked,
    MediaLeft,
    MediaRight,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Title(Text),
    Text(Text),
    Footer(Text),
    Media(Media),
    Button(Button),
}

/// What a phone would load: shown by its address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Media {
    /// `Picture`, `Video`, `File` …
    pub(crate) kind: &'static str,
    /// Name of a file, length of a video, name of a place.
    pub(crate) name: Text,
    pub(crate) address: Text,
    /// What opens when it is tapped.
    pub(crate) link: Text,
}

/// Something to tap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Button {
    pub(crate) text: Text,
    /// What it does, such as `Opens`; empty for one that has no type yet.
    pub(crate) does: &'static str,
    /// Where it leads, or what it brings.
    pub(crate) target: Text,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fallback {
    /// Empty where a scenario has it.
    pub(crate) sender: Text,
    pub(crate) text: Text,
}

impl Preview {
    pub(crate) fn of(context: &PreviewContext<'_>) -> Self {
        let Some(channel) = context.channel else {
            return Self { remarks: vec!["Choose a channel to see the message."], ..Self::default() };
        };
        let mut preview = Self {
            channel: channel.name(),
            look: channel.capability().path,
            sender: context.text(names::SENDER),
            ..Self::default()
        };
        match channel {
            Channel::Sms => chat::sms(&mut preview, context),
            Channel::Lms => chat::lms(&mut preview, context),
            Channel::Mms => chat::mms(&mut preview, context),
            Channel::Viber | Channel::ViberOmni => chat::viber(&mut preview, context),
            Channel::WhatsApp => whatsapp::whatsapp(&mut preview, context),
            Channel::KakaoChingu | Channel::KakaoChinguOmni => kakao::chingu(&mut preview, context),
            Channel::KakaoAlim | Channel::KakaoAlimOmni => kakao::alim(&mut preview, context),
            Channel::Rcs => rcs::rcs(&mut preview, context),
        }
        if matches!(channel, Channel::ViberOmni | Channel::KakaoChinguOmni | Channel::KakaoAlimOmni) {
            preview.sender = Text::default();
            preview.remarks.push("The sender is the one of the scenario.");
        }
        preview.bubbles.retain(|bubble| !bubble.parts.is_empty());
        if !matches!(channel, Channel::Sms | Channel::Lms) {
            preview.fallback = fallback(&preview, context);
        }
        preview
    }

    fn say(&mut self, parts: Vec<Part>) {
        self.bubbles.push(Bubble { parts, arrangement: Arrangement::Stacked });
    }
}

fn fallback(preview: &Preview, context: &PreviewContext<'_>) -> Option<Fallback> {
    let text = context.text(names::FALLBACK_TEXT);
    let over_omni = preview.look.ends_with("-omni");
    let sender = if over_omni { Text::default() } else { context.text(names::FALLBACK_SENDER) };
    (!text.is_empty()).then_some(Fallback { sender, text })
}

/// Name of an in-argument of an RCS card: `card2Title`, and `card2SuggestionText` for the message's `suggestionText`.
pub(crate) fn card_argument(card: usize, name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    format!("{CARD_PREFIX}{card}{}{}", first.map(String::from).unwrap_or_default(), letters.as_str())
}

impl<'a> PreviewContext<'a> {
    /// A value as a phone shows it; empty for a blank one.
    fn text(&self, name: &str) -> Text {
        Text::of(self.arguments.raw(name), self.values, None)
    }

    /// Likewise, where links are shortened when the activity says so.
    fn body(&self, name: &str) -> Text {
        Text::of(self.arguments.raw(name), self.values, self.shortened().as_deref())
    }

    /// What links in the text turn into, when they do.
    fn shortened(&self) -> Option<String> {
        let can = self.channel.is_some_and(|channel| channel.capability().tracks_links);
        if !can || !self.arguments.flag(names::SHORTEN_URL) {
            return None;
        }
        Some(self.arguments.get(names::CUSTOM_DOMAIN).map_or_else(
            || "shortened".to_owned(),
            |domain| {
                let bare = self.arguments.flag(names::REMOVE_PROTOCOL);
                let scheme = if bare { "" } else { "https://" };
                // A domain that is no domain yet may be anything.
                let domain: String = domain.chars().take(100).collect();
                format!("shortened to {scheme}{domain}/…")
            },
        ))
    }

    /// One of an in-argument's choices, in capitals; `""` when missing.
    fn choice(&self, name: &str) -> String {
        self.arguments.get(name).unwrap_or_default().to_ascii_uppercase()
    }

    /// The parts that hold a text.
    fn titled(&self, name: &str) -> Option<Part> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(Part::Title)
    }

    fn written(&self, name: &str) -> Option<Part> {
        Some(self.body(name)).filter(|text| !text.is_empty()).map(Part::Text)
    }

    /// A medium, once it has an address.
    fn media(&self, kind: &'static str, address: &str) -> Option<Media> {
        let address = self.text(address);
        (!address.is_empty()).then(|| Media { kind, address, name: Text::default(), link: Text::default() })
    }

    /// The numbers for which one of these numbered in-arguments holds something, in their order.
    fn numbers(&self, prefixes: &[&str]) -> Vec<usize> {
        let is_filled =
            |number: &usize| prefixes.iter().any(|prefix| self.arguments.get(&nth(prefix, *number)).is_some());
        (1..=NUMBERED_MAX).filter(is_filled).collect()
    }
}
