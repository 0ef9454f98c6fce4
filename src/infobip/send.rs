//! Send requests: one endpoint and one encoder per channel, in one table.

mod kakao_alim;
mod kakao_chingu;
mod lms;
mod mms;
mod omni;
mod rcs;
mod sms;
#[cfg(test)]
mod tests;
mod unified;
mod viber;
mod whatsapp;

use serde::{Deserialize, Serialize};

use crate::dispatch::SendRequest;
use crate::domain::channel::Channel;
use crate::domain::delivery::MessageAnswer;
use crate::domain::message::LinkTracking;
use crate::domain::report::StatusInfo;
use crate::domain::tenant::Account;

/// How a channel sends.
pub(super) struct Endpoint {
    pub(super) path: &'static str,
    /// Where the provider's log of the channel is, if there is one (infobip.md 1.6).
    pub(super) logs_path: Option<&'static str>,
    pub(super) encode: fn(&SendRequest<'_>, &Webhooks<'_>) -> Result<Vec<u8>, EncodeError>,
}

/// Why a request could not be written. None of it happens to a message that intake accepted.
#[derive(Debug, thiserror::Error)]
pub(super) enum EncodeError {
    #[error("a message has the content of another channel")]
    OtherChannel,
    #[error("the endpoint does not take this number of messages")]
    Count,
    #[error("the request could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// The channel's endpoint.
pub(super) const fn endpoint(channel: Channel) -> &'static Endpoint {
    match channel {
        Channel::Sms => &sms::ENDPOINT,
        Channel::Lms => &lms::ENDPOINT,
        Channel::Mms => &mms::ENDPOINT,
        Channel::WhatsApp => &whatsapp::ENDPOINT,
        Channel::Viber => &viber::ENDPOINT,
        Channel::KakaoChingu => &kakao_chingu::ENDPOINT,
        Channel::KakaoAlim => &kakao_alim::ENDPOINT,
        Channel::Rcs => &rcs::ENDPOINT,
        Channel::ViberOmni | Channel::KakaoChinguOmni | Channel::KakaoAlimOmni => &omni::ENDPOINT,
    }
}

/// The addresses that a request's reports come back to. They carry the account's unguessable token: Infobip
/// offers no other protection for URLs given in a request (infobip.md 9.7).
pub(super) struct Webhooks<'a> {
    base: &'a str,
    channel: Channel,
    token: Option<&'a str>,
}

impl<'a> Webhooks<'a> {
    pub(super) fn new(base: &'a str, channel: Channel, account: &'a Account) -> Self {
        Self { base, channel, token: account.current_webhook_token() }
    }

    /// Where delivery reports go, and seen reports where an endpoint has one address for both: they are told apart by
    /// what is in them (infobip.md 9.3).
    fn delivery(&self) -> Option<String> {
        self.url("deliveryReport")
    }

    /// Where seen reports go.
    fn seen(&self) -> Option<String> {
        self.url("seenReport")
    }

    /// Where clicks go.
    fn click(&self) -> Option<String> {
        self.url("urlTracking")
    }

    fn url(&self, kind: &str) -> Option<String> {
        let token = self.token?;
        Some(format!("{}/infobip/webhooks/{kind}/{}/{token}", self.base, self.channel.capability().path))
    }
}

/// What happens to the URLs of a message, wherever an endpoint has it (infobip.md 1.3, 4.1).
///
/// Always sent: what Infobip does to URLs without it is nowhere said for certain, and the defaults within it are *on*
/// (infobip.md 1.3). Off in so many words leaves a marketer's URLs as they were written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTracking<'a> {
    shorten_url: bool,
    track_clicks: bool,
    /// Where clicks are told; not said where none are tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remove_protocol: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_domain: Option<&'a str>,
}

impl<'a> WireTracking<'a> {
    fn new(asked: Option<&'a LinkTracking>, click: Option<&'a str>) -> Self {
        Self {
            shorten_url: asked.is_some(),
            track_clicks: asked.is_some_and(|asked| asked.track_clicks),
            tracking_url: click.filter(|_| asked.is_some_and(|asked| asked.track_clicks)),
            remove_protocol: asked.map(|asked| asked.remove_protocol),
            custom_domain: asked.and_then(|asked| asked.custom_domain.as_deref()),
        }
    }
}

/// A 200's body, unified or legacy (infobip.md 1.4). Only the ids and statuses matter: recipients are not read at all.
#[derive(Deserialize)]
struct WireAnswer {
    messages: Vec<WireAnswerMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAnswerMessage {
    message_id: Option<super::webhook::Text>,
    #[serde(default)]
    status: super::webhook::WireStatus,
}

/// Reads a 200's answers; `None` when the body is not one.
pub(super) fn answers(body: &[u8]) -> Option<Vec<MessageAnswer>> {
    let wire: WireAnswer = serde_json::from_slice(body).ok()?;
    let answer = |message: WireAnswerMessage| {
        Some(MessageAnswer { message_id: message.message_id?.0?, status: StatusInfo::try_from(message.status).ok()? })
    };
    // An entry without id or status says nothing of its message, which then counts as maybe sent.
    Some(wire.messages.into_iter().filter_map(answer).collect())
}
