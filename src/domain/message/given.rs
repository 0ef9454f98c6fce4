//! In-arguments for the tests of the channels' content.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::contract::{ARGUMENTS, Form};
use super::{Content, Draft, InArguments, Rejection, stand_in};
use crate::domain::channel::Channel;
use crate::domain::ids::{ActivityId, Mid};

/// What an activity gives.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    channel: Channel,
    arguments: BTreeMap<String, String>,
}

pub(crate) fn given(channel: Channel, pairs: &[(&str, &str)]) -> Given {
    let arguments = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Given { channel, arguments }
}

impl Given {
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.arguments.insert(name.to_owned(), value.to_owned());
        changed
    }

    pub(crate) fn with_all(&self, pairs: &[(&str, &str)]) -> Self {
        pairs.iter().fold(self.clone(), |given, (name, value)| given.with(name, value))
    }

    pub(crate) fn validate(&self) -> Result<Content, Rejection> {
        let arguments: InArguments = self.arguments.clone().into_iter().collect();
        let activity_id = ActivityId::placeholder();
        let draft = Draft {
            arguments: &arguments,
            mid: Mid::new(1),
            activity_id: &activity_id,
            journey_id: None,
            key_value: "contact",
            accounts: &[],
            default_country: None,
        };
        (self.channel.capability().validate)(&draft)
    }

    #[track_caller]
    pub(crate) fn is_valid(&self) -> Content {
        self.validate().unwrap_or_else(|rejection| panic!("{rejection}"))
    }

    #[track_caller]
    pub(crate) fn is_refused(&self, rejection: Rejection) {
        assert_eq!(self.validate().map(|_| ()), Err(rejection));
    }

    /// A field that takes `max` of what `filled` counts, one less, but not one more.
    #[track_caller]
    pub(crate) fn limits(&self, name: &str, filled: fn(usize) -> String, max: usize, wrong: Rejection) {
        for length in [max - 1, max] {
            let answer = self.with(name, &filled(length)).validate();
            assert!(answer.is_ok(), "{name} of {length}: {answer:?}");
        }
        let answer = self.with(name, &filled(max + 1)).validate();
        assert_eq!(answer.map(|_| ()), Err(wrong), "{name} of {}", max + 1);
    }

    /// A field that a message can't do without: blank is as bad as missing.
    #[track_caller]
    pub(crate) fn needs(&self, name: &str, wrong: Rejection) {
        self.with(name, "").is_refused(wrong);
        self.with(name, " \u{a0}\n").is_refused(wrong);
        let mut without = self.clone();
        without.arguments.remove(name);
        without.is_refused(wrong);
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.arguments.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether each text of the content is one that was given: exactly, or without the white space around it.
    pub(crate) fn gave(&self, content: &Content) -> bool {
        let mut all = true;
        content.facts().each_text(&mut |text| {
            all &= text.is_empty() || self.arguments.values().any(|value| value == text || value.trim() == text);
        });
        all
    }
}

/// A text of so many UTF-16 units; of half as many characters.
pub(crate) fn text(units: usize) -> String {
    "😀".repeat(units / 2) + &"x".repeat(units % 2)
}

/// So many letters.
pub(crate) fn letters(count: usize) -> String {
    "x".repeat(count)
}

/// A web address of so many characters.
pub(crate) fn address(units: usize) -> String {
    format!("{:x<units$}", "https://a.example/")
}

/// What nobody may change: quotes, markup, right-to-left, expressions, white space around it.
pub(crate) const ODD_TEXT: &str = " \"'`<b>&amp;</b>\t{{Contact.Key}} שלום \u{202e}مرحبا 👩‍👩‍👧 \\n\n ";

/// Names of the contract, cards and their suggestions too, each with a value that fits it or with any. Half of the time
/// so few that the rest of an activity stays valid.
pub(crate) fn arguments() -> impl Strategy<Value = Vec<(String, String)>> {
    let one = (select(names()), any_value(), any::<bool>()).prop_map(|(name, any, fits)| {
        let value = if fits { stand_in::of(&name, &|_| false).to_owned() } else { any };
        (name, value)
    });
    prop_oneof![vec(one.clone(), 0..4), vec(one, 0..60)]
}

fn any_value() -> impl Strategy<Value = String> + Clone {
    const VALUES: &[&str] = &[
        "FILE",
        "CARD",
        "CAROUSEL",
        "OPEN_URL",
        "DIAL_PHONE",
        "SHOW_LOCATION",
        "REQUEST_LOCATION",
        "CREATE_CALENDAR_EVENT",
        "APP_LINK",
        "CHATBOT_SWITCH",
        "ADD_CHANNEL",
        "-91",
        "NaN",
        "inf",
        "2026-11-24T08:00:00Z",
        "",
    ];
    prop_oneof![
        select(VALUES).prop_map(str::to_owned),
        any::<String>(),
        "[\\PC\\s]{0,30}",
        (0_usize..4_000).prop_map(text),
        (0_usize..4_000).prop_map(address),
    ]
}

fn names() -> Vec<String> {
    let mut names = Vec::new();
    for row in ARGUMENTS {
        match row.form {
            Form::Own | Form::Single => names.push(row.name.to_owned()),
            Form::Numbered => names.extend((1..=13).map(|number| format!("{}{number}", row.name))),
            Form::PerCard => names.extend((1..=12).map(|card| format!("card{card}{}", row.name))),
        }
        if let Some(rest) = row.name.strip_prefix('s').filter(|_| row.name.starts_with("suggestion")) {
            names.extend((1..=12).flat_map(|card| (1..=5).map(move |number| format!("card{card}S{rest}{number}"))));
        }
    }
    names
}
