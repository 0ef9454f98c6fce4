//! A message from a person, and the message of ours that it answers (infobip.md 9.5, 12.5; spec R3).

use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::ids::MessageId;
use super::tenant::ReplyPolicy;
use super::timestamp::Timestamp;

/// Types of the parts that are a tap on something that was offered, over all formats (infobip.md 9.5, 9.6).
pub(crate) const BUTTON_TYPES: [&str; 6] =
    ["BUTTON_REPLY", "BUTTON", "INTERACTIVE_BUTTON_REPLY", "LIST_REPLY", "INTERACTIVE_LIST_REPLY", "SUGGESTION"];

/// An inbound message as it was heard: whether it is a reply depends on the business unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HeardInbound {
    /// Its text is empty when nothing was written.
    pub(crate) message: InboundMessage,
    /// What the tapped button says; personal data.
    pub(crate) button: Option<String>,
}

impl HeardInbound {
    /// The reply that it is to this business unit: what was written, else the button that was tapped, where buttons
    /// count. `None` when it is none, such as a picture.
    pub(crate) fn reply(self, policy: &ReplyPolicy) -> Option<InboundMessage> {
        let Self { message, button } = self;
        if !message.text.is_empty() {
            return Some(message);
        }
        button.filter(|_| policy.takes_buttons).map(|text| InboundMessage { text, ..message })
    }

    /// What may be a reply, while nobody knows whose policy says so.
    pub(crate) fn possible_reply(self) -> Option<InboundMessage> {
        self.reply(&ReplyPolicy { takes_buttons: true, ..ReplyPolicy::default() })
    }
}

/// A message from a person, normalised over all of Infobip's formats.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct InboundMessage {
    /// Infobip's id; repeats have the same.
    pub(crate) message_id: String,
    pub(crate) channel: InboundChannel,
    /// The person's number; personal data.
    pub(crate) sender: String,
    /// Our number or sender.
    pub(crate) destination: String,
    /// Type of the first part: `TEXT`, `BUTTON_REPLY`, …
    pub(crate) content_type: String,
    /// Texts of the text parts, one per line; personal data.
    pub(crate) text: String,
    pub(crate) clean_text: Option<String>,
    pub(crate) keyword: Option<String>,
    pub(crate) received_at: Timestamp,
    pub(crate) message_count: Option<u32>,
    /// The message that it answers, when Infobip could tell.
    pub(crate) paired_message_id: Option<String>,
    pub(crate) callback_data: Option<String>,
    pub(crate) entity_id: Option<String>,
    pub(crate) application_id: Option<String>,
    pub(crate) campaign_reference_id: Option<String>,
}

/// A channel that replies come on. A stored number stands for it in the order of this list: new ones go to the end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) enum InboundChannel {
    Sms,
    Mms,
    WhatsApp,
    Viber,
    Rcs,
}

/// The message of ours that an inbound one answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Pairing {
    pub(crate) message_id: MessageId,
    pub(crate) contact_key: String,
    pub(crate) callback_data: String,
}

/// What one row of *Inbound Messages* is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct InboundRow {
    pub(crate) inbound: InboundMessage,
    pub(crate) pairing: Option<Pairing>,
}

impl InboundMessage {
    /// Whether a kept message is a reply to this business unit: see [`HeardInbound::reply`].
    pub(crate) fn is_reply(&self, policy: &ReplyPolicy) -> bool {
        policy.takes_buttons || !BUTTON_TYPES.contains(&self.content_type.as_str())
    }
}

impl InboundChannel {
    pub(crate) const ALL: [Self; 5] = [Self::Sms, Self::Mms, Self::WhatsApp, Self::Viber, Self::Rcs];

    /// The `channel` column of all data extensions.
    pub(crate) fn reported_as(self) -> &'static str {
        match self {
            Self::Sms => Channel::Sms,
            Self::Mms => Channel::Mms,
            Self::WhatsApp => Channel::WhatsApp,
            Self::Viber => Channel::Viber,
            Self::Rcs => Channel::Rcs,
        }
        .capability()
        .reported_as
    }
}

/// A number or sender as both sides of a pairing spell it: digits of what looks like a number, else lower case.
pub(crate) fn normalised_party(party: &str) -> String {
    let party = party.trim();
    let digits = party.trim_start_matches('+').trim_start_matches("00");
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-'));
    if is_number { digits.chars().filter(char::is_ascii_digit).collect() } else { party.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_of_a_number_does_not_matter() {
        for spelling in ["+385 91 1234567", "00385911234567", "385911234567", "385-91-1234567"] {
            assert_eq!(normalised_party(spelling), "385911234567", "{spelling}");
        }
        assert_eq!(normalised_party(" ACME "), "acme");
        assert_eq!(normalised_party("+"), "+");
    }
}
