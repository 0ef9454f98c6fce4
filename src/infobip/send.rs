//! Send requests: one endpoint and one encoder per channel, in one table.

mod sms;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::dispatch::SendRequest;
use crate::domain::channel::Channel;
use crate::domain::delivery::{self, MessageAnswer};
use crate::domain::message::{LinkTracking, QueuedMessage};
use crate::domain::report::StatusInfo;
use crate::domain::tenant::Account;

/// How a channel sends.
pub(super) struct Endpoint {
    pub(super) path: &'static str,
    /// Where the provider's log of the channel is, if there is one (infobip.md 1.6).
    pub(super) logs_path: Option<&'static str>,
    pub(super) encode: fn(&SendRequest<'_>, &Webhooks<'_>) -> Result<Vec<u8>, EncodeError>,
}

/// Why a request could not be written. Neither happens to a message that intake accepted.
#[derive(Debug, thiserror::Error)]
pub(super) enum EncodeError {
    #[error("a message has the content of another channel")]
    OtherChannel,
    #[error("the request could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// The channel's endpoint.
pub(super) const fn endpoint(channel: Channel) -> &'static Endpoint {
    match channel {
        _ => &sms::ENDPOINT,
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

    fn delivery(&self) -> Option<String> {
        let token = self.token?;
        Some(format!("{}/infobip/webhooks/deliveryReport/{}/{token}", self.base, self.channel.capability().path))
    }
}

/// The unified family's envelope (infobip.md 1.3), around a channel's content.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest<C> {
    messages: Vec<WireMessage<C>>,
    options: WireRequestOptions,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireMessage<C> {
    sender: String,
    destinations: [WireDestination; 1],
    content: C,
    #[serde(skip_serializing_if = "WireOptions::is_empty")]
    options: WireOptions,
    webhooks: WireWebhooks,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDestination {
    to: String,
    message_id: String,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct WireOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    validity_period: Option<WireValidity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regional: Option<sms::WireRegional>,
}

impl WireOptions {
    fn is_empty(&self) -> bool {
        self.validity_period.is_none() && self.regional.is_none()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireValidity {
    amount: u16,
    time_unit: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireWebhooks {
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<WireDelivery>,
    content_type: &'static str,
    callback_data: String,
}

#[derive(Serialize)]
struct WireDelivery {
    url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequestOptions {
    schedule: WireSchedule,
    tracking: WireTracking,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSchedule {
    bulk_id: String,
}

/// Always sent: what Infobip does to URLs without it is nowhere said for certain, and the defaults within it are *on*
/// (infobip.md 1.3). Off in so many words leaves a marketer's URLs as they were written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTracking {
    shorten_url: bool,
    track_clicks: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    remove_protocol: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_domain: Option<String>,
}

impl WireTracking {
    fn new(asked: Option<&LinkTracking>) -> Self {
        match asked {
            None => Self { shorten_url: false, track_clicks: false, remove_protocol: None, custom_domain: None },
            Some(asked) => Self {
                shorten_url: true,
                track_clicks: asked.track_clicks,
                remove_protocol: Some(asked.remove_protocol),
                custom_domain: asked.custom_domain.clone(),
            },
        }
    }
}

/// What every message of the unified family has besides its content and regional options.
fn message<C>(queued: &QueuedMessage, content: C, now: Timestamp, webhooks: &Webhooks<'_>) -> WireMessage<C> {
    let message = &queued.message;
    let validity = delivery::remaining_validity_minutes(message, &queued.progress, now);
    WireMessage {
        sender: message.content.sender().to_owned(),
        destinations: [WireDestination {
            to: message.recipient.expose().to_owned(),
            message_id: queued.id.to_string(),
        }],
        content,
        options: WireOptions {
            validity_period: validity.map(|amount| WireValidity { amount, time_unit: "MINUTES" }),
            regional: None,
        },
        webhooks: WireWebhooks {
            delivery: webhooks.delivery().map(|url| WireDelivery { url }),
            content_type: "application/json",
            callback_data: message.callback_data.clone(),
        },
    }
}

/// The request around its messages. All messages of a request share their options, so the first one's are the request's.
fn envelope<C>(request: &SendRequest<'_>, messages: Vec<WireMessage<C>>) -> WireRequest<C> {
    let options = request.messages.first().map(|queued| &queued.message.options);
    WireRequest {
        messages,
        options: WireRequestOptions {
            schedule: WireSchedule { bulk_id: options.map(|options| options.bulk_id.clone()).unwrap_or_default() },
            tracking: WireTracking::new(options.and_then(|options| options.tracking.as_ref())),
        },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unified_and_legacy_answers_are_read() {
        let unified = r#"{"bulkId":"b","messages":[{"messageId":"m1","destination":"385911234567","details":{"messageCount":1},
            "status":{"groupId":1,"groupName":"PENDING","id":26,"name":"PENDING_ACCEPTED","description":"d","action":"a"}}]}"#;
        let legacy = unified.replace(r#""destination":"385911234567""#, r#""to":{"phoneNumber":"385911234567"}"#);
        for body in [unified, &legacy] {
            let answers = answers(body.as_bytes()).unwrap();
            assert_eq!(answers.len(), 1);
            assert_eq!((&*answers[0].message_id, answers[0].status.group_id, answers[0].status.id), ("m1", 1, 26));
        }
    }

    #[test]
    fn an_entry_that_says_nothing_does_not_cost_the_others() {
        let body = r#"{"messages":[{"messageId":"m1"},{"status":{"groupId":1}},{"messageId":"m2","status":{"groupId":5,"id":"8"}}]}"#;
        let answers = answers(body.as_bytes()).unwrap();
        assert_eq!(answers.iter().map(|a| (&*a.message_id, a.status.id)).collect::<Vec<_>>(), [("m2", 8)]);
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for body in ["", "<html>", "{}", "[]", r#"{"messages":{}}"#] {
            assert_eq!(answers(body.as_bytes()), None, "{body}");
        }
    }
}
