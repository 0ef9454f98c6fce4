//! The unified family's envelope (infobip.md 1.3): SMS, LMS, MMS, Viber, RCS and both direct Kakao channels differ in
//! their content and in a few options.

use serde::Serialize;

use super::{EncodeError, Webhooks, WireTracking};
use crate::dispatch::SendRequest;
use crate::domain::delivery;
use crate::domain::message::sms::IndiaDlt;
use crate::domain::message::{QueuedMessage, SmsFallback};

/// What a channel gives for one message; the rest of the envelope is the same for all.
pub(super) struct Part<'a, C> {
    pub(super) content: C,
    pub(super) regional: Option<WireRegional<'a>>,
    pub(super) fallback: Option<&'a SmsFallback>,
    pub(super) label: Option<&'static str>,
    /// What comes back with the reply of the person.
    pub(super) tracking_data: Option<String>,
    /// Whether the channel tells when a message was seen.
    pub(super) reports_seen: bool,
}

impl<C> Part<'_, C> {
    pub(super) const fn new(content: C) -> Self {
        Self { content, regional: None, fallback: None, label: None, tracking_data: None, reports_seen: false }
    }
}

#[derive(Serialize)]
struct WireRequest<'a, C> {
    messages: Vec<WireMessage<'a, C>>,
    options: WireRequestOptions<'a>,
}

#[derive(Serialize)]
struct WireMessage<'a, C> {
    sender: &'a str,
    destinations: [WireDestination<'a>; 1],
    content: C,
    #[serde(skip_serializing_if = "WireOptions::is_empty")]
    options: WireOptions<'a>,
    webhooks: WireWebhooks<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDestination<'a> {
    to: &'a str,
    message_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireOptions<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    validity_period: Option<WireValidity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regional: Option<WireRegional<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms_failover: Option<WireFailover<'a>>,
}

impl WireOptions<'_> {
    fn is_empty(&self) -> bool {
        let Self { validity_period, regional, label, tracking_data, sms_failover } = self;
        validity_period.is_none()
            && regional.is_none()
            && label.is_none()
            && tracking_data.is_none()
            && sms_failover.is_none()
    }
}

#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
struct WireValidity {
    amount: u16,
    time_unit: &'static str,
}

/// Only one of them: a text is bound for India or for South Korea.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum WireRegional<'a> {
    #[serde(rename_all = "camelCase")]
    IndiaDlt {
        principal_entity_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        content_template_id: Option<&'a str>,
    },
    #[serde(rename_all = "camelCase")]
    SouthKorea { title: &'a str, reseller_code: u32 },
}

impl<'a> From<&'a IndiaDlt> for WireRegional<'a> {
    fn from(dlt: &'a IndiaDlt) -> Self {
        Self::IndiaDlt {
            principal_entity_id: &dlt.principal_entity_id,
            content_template_id: dlt.content_template_id.as_deref(),
        }
    }
}

/// The SMS may take as long as the message itself: both are of use to the person until the same moment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireFailover<'a> {
    sender: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    validity_period: Option<WireValidity>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireWebhooks<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<WireWebhook<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<WireWebhook<'a>>,
    content_type: &'static str,
    callback_data: &'a str,
}

#[derive(Serialize)]
struct WireWebhook<'a> {
    url: &'a str,
}

#[derive(Serialize)]
struct WireRequestOptions<'a> {
    schedule: WireSchedule<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking: Option<WireTracking<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSchedule<'a> {
    bulk_id: &'a str,
}

/// Where reports go.
#[derive(Clone, Copy)]
struct Reports<'a> {
    delivery: Option<&'a str>,
    seen: Option<&'a str>,
}

/// The request's body; `part` gives what is the channel's own, or `None` for the content of another channel.
pub(super) fn encode<'a, C: Serialize>(
    request: &SendRequest<'a>,
    webhooks: &Webhooks<'_>,
    part: impl Fn(&'a QueuedMessage) -> Option<Part<'a, C>>,
) -> Result<Vec<u8>, EncodeError> {
    let (delivery, seen, click) = (webhooks.delivery(), webhooks.seen(), webhooks.click());
    let reports = Reports { delivery: delivery.as_deref(), seen: seen.as_deref() };
    let messages = request.messages.iter().map(|queued| {
        let part = part(queued).ok_or(EncodeError::OtherChannel)?;
        Ok(message(request, queued, part, reports))
    });
    let messages = messages.collect::<Result<Vec<_>, EncodeError>>()?;
    // All messages of a request share their options, so the first one's are the request's.
    let first = request.messages.first().map(|queued| &queued.message.options).ok_or(EncodeError::Count)?;
    let tracks_links = request.channel.capability().tracks_links;
    let tracking = tracks_links.then(|| WireTracking::new(first.tracking.as_ref(), click.as_deref()));
    let options = WireRequestOptions { schedule: WireSchedule { bulk_id: &first.bulk_id }, tracking };
    Ok(serde_json::to_vec(&WireRequest { messages, options })?)
}

fn message<'a, C>(
    request: &SendRequest<'a>,
    queued: &'a QueuedMessage,
    part: Part<'a, C>,
    reports: Reports<'a>,
) -> WireMessage<'a, C> {
    let message = &queued.message;
    let validity_period = delivery::remaining_validity_minutes(message, &queued.progress, request.now)
        .map(|amount| WireValidity { amount, time_unit: "MINUTES" });
    WireMessage {
        sender: message.content.sender(),
        destinations: [WireDestination { to: message.recipient.expose(), message_id: queued.id.to_string() }],
        content: part.content,
        options: WireOptions {
            validity_period,
            regional: part.regional,
            label: part.label,
            tracking_data: part.tracking_data,
            sms_failover: part.fallback.map(|fallback| WireFailover {
                sender: &fallback.sender,
                text: &fallback.text,
                validity_period,
            }),
        },
        webhooks: WireWebhooks {
            delivery: reports.delivery.map(|url| WireWebhook { url }),
            seen: reports.seen.filter(|_| part.reports_seen).map(|url| WireWebhook { url }),
            content_type: "application/json",
            callback_data: &message.callback_data,
        },
    }
}
