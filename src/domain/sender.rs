//! The senders that an activity is offered: what the operator typed, and what the account has (spec T3).

use serde::{Deserialize, Serialize};

use super::family::Family;

/// Where a sender is known from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SenderSource {
    /// The tenant's configuration.
    Typed,
    /// The account's own numbers.
    Number,
    /// The account's named senders.
    Resource,
    /// The account's RCS senders.
    RcsSender,
}

impl SenderSource {
    /// For people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Typed => "typed",
            Self::Number => "own number",
            Self::Resource => "named sender",
            Self::RcsSender => "RCS sender",
        }
    }
}

/// Whether a sender can be sent from. The more certain one comes later: it wins when two sources disagree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SenderState {
    /// Nobody says.
    Unknown,
    Usable,
    Unusable,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct OfferedSender {
    pub(crate) sender: String,
    pub(crate) state: SenderState,
    /// What is behind the state, such as `LAUNCHED`; may be empty.
    pub(crate) detail: String,
    pub(crate) sources: Vec<SenderSource>,
}

/// The senders of one channel family, the typed ones first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ChannelSenders {
    pub(crate) channel: Family,
    pub(crate) senders: Vec<OfferedSender>,
}

/// A source that could not be read, or not wholly.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct SourceProblem {
    pub(crate) source: String,
    pub(crate) problem: String,
}

/// What could be read, and what could not.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SenderListing {
    pub(crate) channels: Vec<ChannelSenders>,
    pub(crate) problems: Vec<SourceProblem>,
}

/// Typed senders first, each sender once. What the account says of a typed one is added to it.
pub(crate) fn merged(typed: &[String], listed: impl IntoIterator<Item = OfferedSender>) -> Vec<OfferedSender> {
    let typed = typed.iter().map(|sender| OfferedSender {
        sender: sender.clone(),
        state: SenderState::Unknown,
        detail: String::new(),
        sources: vec![SenderSource::Typed],
    });
    let mut places = std::collections::HashMap::new();
    let mut merged: Vec<OfferedSender> = Vec::new();
    for sender in typed.chain(listed) {
        let place = *places.entry(plain(&sender.sender).to_owned()).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(known) => {
                if sender.state > known.state {
                    (known.state, known.detail) = (sender.state, sender.detail);
                }
                for source in sender.sources {
                    if !known.sources.contains(&source) {
                        known.sources.push(source);
                    }
                }
            }
            None => merged.push(sender),
        }
    }
    merged
}

/// A number without its plus: `+385…` and `385…` are one sender.
fn plain(sender: &str) -> &str {
    match sender.strip_prefix('+') {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => digits,
        _ => sender,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(sender: &str, state: SenderState, detail: &str, source: SenderSource) -> OfferedSender {
        OfferedSender { sender: sender.into(), state, detail: detail.into(), sources: vec![source] }
    }

    #[test]
    fn typed_senders_come_first_and_each_sender_once() {
        use SenderSource::{Number, RcsSender, Resource, Typed};
        use SenderState::{Unknown, Unusable, Usable};
        let typed = ["ACME", "+385911000111", "Agent", "ACME"].map(str::to_owned);
        let merged = merged(
            &typed,
            [
                listed("385911000111", Usable, "", Number),
                listed("385911000222", Usable, "", Number),
                listed("Agent", Unusable, "not launched (DRAFT)", RcsSender),
                listed("Agent", Usable, "", Resource),
                listed("acme", Usable, "", Resource),
            ],
        );
        let expected = [
            ("ACME", Unknown, "", vec![Typed]),
            ("+385911000111", Usable, "", vec![Typed, Number]),
            ("Agent", Unusable, "not launched (DRAFT)", vec![Typed, RcsSender, Resource]),
            ("385911000222", Usable, "", vec![Number]),
            // Sender names are told apart by case at Infobip.
            ("acme", Usable, "", vec![Resource]),
        ];
        let merged: Vec<_> =
            merged.iter().map(|m| (m.sender.as_str(), m.state, m.detail.as_str(), m.sources.clone())).collect();
        assert_eq!(merged, expected);
    }

    #[test]
    fn a_plus_alone_or_before_a_name_is_no_number() {
        for (sender, expected) in [("+385", "385"), ("+", "+"), ("+ACME", "+ACME"), ("385", "385"), ("", "")] {
            assert_eq!(plain(sender), expected);
        }
    }
}
