//! A message from a person, and the message of ours that it answers (infobip.md 9.5, 12.5; spec R3).

use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::ids::MessageId;
use super::timestamp::Timestamp;

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

impl InboundChannel {
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
