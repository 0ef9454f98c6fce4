//! The message of one contact: from the activity's in-arguments to something that can be sent.
//!
//! A contact's mistake is a value: everything here answers `Result<_, Rejection>`, and a [`Rejection`] becomes a 200
//! with `messageStatus`, never an error of the call (spec M9).

mod configured;
pub(crate) mod contract;
mod draft;
pub(crate) mod fields;
#[cfg(test)]
mod given;
mod kakao;
pub(crate) mod kakao_alim;
pub(crate) mod kakao_chingu;
mod kinds;
pub(crate) mod lms;
pub(crate) mod mms;
mod numbered_fields;
pub(crate) mod rcs;
mod rejection;
pub(crate) mod sms;
pub(crate) mod stand_in;
#[cfg(test)]
mod tests;
pub(crate) mod viber;
pub(crate) mod whatsapp;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::ids::{AccountId, MessageId};
use super::phone::Phone;
use super::speed_limit::SpeedLimit;
use super::timestamp::Timestamp;

pub(crate) use configured::check_configured;
pub(crate) use contract::names;
pub(crate) use draft::{Draft, InArguments, OnStop, chosen_account, chosen_channel};
pub(crate) use fields::nth;
pub(crate) use rejection::{Rejection, STATUS_TABLE};

/// How long a message may be tried and delivered, in minutes, when the activity sets nothing: 48 hours, which is also
/// the most that Infobip takes (infobip.md 1.3).
pub(crate) const VALIDITY_MINUTES_MAX: u16 = 2_880;

/// Longest bulk id at Infobip, in UTF-16 units (infobip.md 1.3: 100 characters).
pub(crate) const BULK_ID_UNITS_MAX: usize = 100;

/// Longest key of an event definition that is taken, in UTF-16 units; SFMC's own have 45.
pub(crate) const EVENT_KEY_UNITS_MAX: usize = 200;

/// Most text of one message, in bytes. A stored record takes 64 KiB, and callback data may need 16 of them.
pub(crate) const CONTENT_BYTES_MAX: usize = 40 * 1_024;

/// A validated message of one contact.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) account: AccountId,
    pub(crate) channel: Channel,
    pub(crate) recipient: Phone,
    pub(crate) content: Content,
    pub(crate) options: RequestOptions,
    pub(crate) callback_data: String,
    /// The contact key; personal data.
    pub(crate) contact_key: String,
    /// Validity in minutes, counted from the first attempt (spec Q4).
    pub(crate) validity_minutes: u16,
    /// Not sent after this moment, if the activity says so (spec Q4).
    pub(crate) latest_send_at: Option<Timestamp>,
    /// Key of the event definition that a reply fires for the contact (spec M6).
    pub(crate) reply_event: Option<String>,
}

/// What is the same for all messages of one request: messages that differ here can't share one.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct RequestOptions {
    pub(crate) bulk_id: String,
    pub(crate) tracking: Option<LinkTracking>,
}

/// URL shortening and tracking (spec M5). Present only when the marketer enabled it: `shortenUrl` must be on for any
/// other option to work (infobip.md 1.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct LinkTracking {
    pub(crate) track_clicks: bool,
    /// A domain registered at Infobip; its default domain without one.
    pub(crate) custom_domain: Option<String>,
    /// The manual's *Remove https://*.
    pub(crate) remove_protocol: bool,
}

/// What a message says. A stored number stands for the kind in the order of this list: new ones go to the end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Content {
    Sms(sms::SmsContent),
    Lms(lms::LmsContent),
    Mms(mms::MmsContent),
    WhatsApp(whatsapp::WhatsAppContent),
    Viber(viber::ViberContent),
    ViberOmni(viber::ViberOmniContent),
    KakaoChingu(kakao_chingu::ChinguContent),
    KakaoAlim(kakao_alim::AlimContent),
    Rcs(rcs::RcsContent),
}

/// The SMS that is sent when a channel that offers it could not deliver (Infobip's `smsFailover`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct SmsFallback {
    /// Empty where a scenario has it.
    pub(crate) sender: String,
    pub(crate) text: String,
}

/// What callback data tells of a message (spec M4).
pub(crate) enum Subject<'a> {
    /// The text that people read.
    Message(Cow<'a, str>),
    /// Where the channel sends templates.
    Template(&'a str),
}

/// What is asked of every channel's content.
pub(crate) trait ContentFacts {
    /// The sender, for callback data, reports and pairing; empty where a scenario has it.
    fn sender(&self) -> &str;

    fn subject(&self) -> Subject<'_>;

    /// Shows every text in it.
    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str));
}

impl SmsFallback {
    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        visit(&self.sender);
        visit(&self.text);
    }
}

impl Content {
    fn facts(&self) -> &dyn ContentFacts {
        match self {
            Self::Sms(content) => content,
            Self::Lms(content) => content,
            Self::Mms(content) => content,
            Self::WhatsApp(content) => content,
            Self::Viber(content) => content,
            Self::ViberOmni(content) => content,
            Self::KakaoChingu(content) => content,
            Self::KakaoAlim(content) => content,
            Self::Rcs(content) => content,
        }
    }

    /// The sender, for callback data, reports and pairing; empty where a scenario has it.
    pub(crate) fn sender(&self) -> &str {
        self.facts().sender()
    }

    /// Name and value of the callback data field that tells what was sent: `Message`, or `TemplateName` where the
    /// channel sends templates (spec M4).
    pub(crate) fn callback_subject(&self) -> (&'static str, Cow<'_, str>) {
        match self.facts().subject() {
            Subject::Message(text) => ("Message", text),
            Subject::Template(name) => ("TemplateName", name.into()),
        }
    }

    /// How many bytes of text it brings into a request.
    pub(crate) fn bytes(&self) -> usize {
        let mut bytes = 0;
        self.facts().each_text(&mut |text| bytes += text.len());
        bytes
    }

    /// Whether a text in it holds a control character that no channel can send: any but line feed, carriage return,
    /// tab and form feed.
    fn has_forbidden_character(&self) -> bool {
        let is_forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}');
        let mut found = false;
        self.facts().each_text(&mut |text| found |= text.chars().any(is_forbidden));
        found
    }
}

/// How a queue treats the messages of an activity: what intake tells dispatch besides the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct QueuePolicy {
    /// `None`: as fast as the account's rate allows.
    pub(crate) speed_limit: Option<SpeedLimit>,
    pub(crate) on_stop: OnStop,
}

/// A message with its place, on its way.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct QueuedMessage {
    pub(crate) id: MessageId,
    pub(crate) message: Message,
    pub(crate) accepted_at: Timestamp,
    pub(crate) progress: Progress,
}

/// What was tried so far.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) attempts: u16,
    /// The validity runs from here (spec Q4); `None` before the first attempt.
    pub(crate) first_attempt_at: Option<Timestamp>,
    pub(crate) last_attempt_at: Option<Timestamp>,
    /// Earliest moment of the next attempt.
    pub(crate) not_before: Option<Timestamp>,
    /// What the last attempt met, in words without personal data or secrets.
    pub(crate) last_problem: Option<String>,
}
