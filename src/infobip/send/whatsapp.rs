//! `POST /whatsapp/1/message/template`: the old envelope, without validity and schedule (infobip.md 4.1).

use serde::Serialize;

use super::{EncodeError, Endpoint, Webhooks, WireTracking};
use crate::dispatch::SendRequest;
use crate::domain::message::whatsapp::{Button, Header, WhatsAppContent};
use crate::domain::message::{Content, SmsFallback};

pub(super) const ENDPOINT: Endpoint = Endpoint { path: "/whatsapp/1/message/template", logs_path: None, encode };

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest<'a> {
    bulk_id: &'a str,
    messages: Vec<WireMessage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireMessage<'a> {
    from: &'a str,
    to: &'a str,
    message_id: String,
    content: WireContent<'a>,
    callback_data: &'a str,
    /// Gets delivery and seen reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_url: Option<&'a str>,
    url_options: WireTracking<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms_failover: Option<WireFailover<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireContent<'a> {
    template_name: &'a str,
    template_data: WireTemplateData<'a>,
    language: &'a str,
}

#[derive(Serialize)]
struct WireTemplateData<'a> {
    body: WireBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<WireHeader<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<WireButton<'a>>,
}

/// Required even when the list is empty.
#[derive(Serialize)]
struct WireBody<'a> {
    placeholders: &'a [String],
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "UPPERCASE", rename_all_fields = "camelCase")]
enum WireHeader<'a> {
    Text { placeholder: &'a str },
    Image { media_url: &'a str },
    Video { media_url: &'a str },
    Gif { media_url: &'a str },
    Document { media_url: &'a str, filename: &'a str },
    Location { latitude: f64, longitude: f64 },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
enum WireButton<'a> {
    QuickReply { parameter: &'a str },
    Url { parameter: &'a str },
    CopyCode { parameter: &'a str },
}

#[derive(Serialize)]
struct WireFailover<'a> {
    from: &'a str,
    text: &'a str,
}

impl<'a> From<&'a WhatsAppContent> for WireContent<'a> {
    fn from(content: &'a WhatsAppContent) -> Self {
        Self {
            template_name: &content.template_name,
            template_data: WireTemplateData {
                body: WireBody { placeholders: &content.placeholders },
                header: content.header.as_ref().map(WireHeader::from),
                buttons: content.buttons.iter().map(WireButton::from).collect(),
            },
            language: &content.language,
        }
    }
}

impl<'a> From<&'a Header> for WireHeader<'a> {
    fn from(header: &'a Header) -> Self {
        match header {
            Header::Text { placeholder } => Self::Text { placeholder },
            Header::Image { media_url } => Self::Image { media_url },
            Header::Video { media_url } => Self::Video { media_url },
            Header::Gif { media_url } => Self::Gif { media_url },
            Header::Document { media_url, filename } => Self::Document { media_url, filename },
            Header::Location { latitude, longitude } => Self::Location { latitude: *latitude, longitude: *longitude },
        }
    }
}

impl<'a> From<&'a Button> for WireButton<'a> {
    fn from(button: &'a Button) -> Self {
        match button {
            Button::QuickReply { parameter } => Self::QuickReply { parameter },
            Button::Url { parameter } => Self::Url { parameter },
            Button::CopyCode { parameter } => Self::CopyCode { parameter },
        }
    }
}

impl<'a> From<&'a SmsFallback> for WireFailover<'a> {
    fn from(fallback: &'a SmsFallback) -> Self {
        Self { from: &fallback.sender, text: &fallback.text }
    }
}

fn encode(request: &SendRequest<'_>, webhooks: &Webhooks<'_>) -> Result<Vec<u8>, EncodeError> {
    let (notify_url, click) = (webhooks.delivery(), webhooks.click());
    let messages = request.messages.iter().map(|queued| {
        let message = &queued.message;
        let Content::WhatsApp(content) = &message.content else { return Err(EncodeError::OtherChannel) };
        Ok(WireMessage {
            from: &content.sender,
            to: message.recipient.expose(),
            message_id: queued.id.to_string(),
            content: WireContent::from(content),
            callback_data: &message.callback_data,
            notify_url: notify_url.as_deref(),
            url_options: WireTracking::new(message.options.tracking.as_ref(), click.as_deref()),
            sms_failover: content.fallback.as_ref().map(WireFailover::from),
        })
    });
    let messages = messages.collect::<Result<Vec<_>, _>>()?;
    let first = request.messages.first().ok_or(EncodeError::Count)?;
    Ok(serde_json::to_vec(&WireRequest { bulk_id: &first.message.options.bulk_id, messages })?)
}
