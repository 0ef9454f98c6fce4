//! Replies by script: what persons answer to delivered messages (infobip.md 9.5 to 9.7).

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{InboundFormat, InboundKind, InboundMessage, WebhookSecurity, formats, inbound_name};
use crate::clock::Timestamp;
use crate::sandbox::DeliveryScript;
use crate::sandbox::infobip::outcome::{draw, pick};
use crate::sandbox::infobip::{InfobipAccount, new_id};

/// The image that persons send.
const IMAGE_URL: &str = "https://media.example/inbound/photo.jpg";

/// A reply by script, whether or not its webhook has taken it away yet.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentReply {
    /// The reply's own id.
    pub message_id: String,
    /// `SMS`, `MMS`, `WHATSAPP`, `VIBER_BM`, `RCS`.
    pub channel: String,
    /// The person who wrote it.
    pub sender: String,
    /// Our number or resource.
    pub destination: String,
    pub text: String,
    pub kind: InboundKind,
    /// The message it answers, whether or not the body says so.
    pub answers: String,
    /// What the body says that it answers. The default format of SMS never says it.
    pub paired_message_id: Option<String>,
    pub callback_data: Option<String>,
    /// On the steady clock.
    pub at: Timestamp,
}

/// A reply that is scheduled or was sent.
#[derive(Debug)]
pub(in crate::sandbox::infobip) struct Reply {
    pub(in crate::sandbox::infobip) id: String,
    pub(in crate::sandbox::infobip) message: InboundMessage,
    answers: Box<str>,
    /// On the steady clock and on the wall clock.
    pub(in crate::sandbox::infobip) at: Timestamp,
    pub(in crate::sandbox::infobip) wall_at: Timestamp,
    pub(in crate::sandbox::infobip) url: Arc<str>,
    pub(in crate::sandbox::infobip) security: Option<WebhookSecurity>,
}

/// The delivered message that may be answered.
pub(in crate::sandbox::infobip) struct Answered<'a> {
    pub(in crate::sandbox::infobip) message_id: &'a str,
    pub(in crate::sandbox::infobip) channel_name: &'a str,
    pub(in crate::sandbox::infobip) sender: &'a str,
    pub(in crate::sandbox::infobip) to: &'a str,
    pub(in crate::sandbox::infobip) callback_data: Option<&'a str>,
    pub(in crate::sandbox::infobip) platform: Option<&'a Value>,
    /// Label and payload of its first button.
    pub(in crate::sandbox::infobip) button: Option<&'a (String, String)>,
    /// When the person answers, on the steady and on the wall clock.
    pub(in crate::sandbox::infobip) at: Timestamp,
    pub(in crate::sandbox::infobip) wall_at: Timestamp,
}

impl Reply {
    /// The person's reply; `None` when there is none, or nowhere to take it.
    pub(in crate::sandbox::infobip) fn to(
        answered: &Answered<'_>,
        account: &InfobipAccount,
        seed: u64,
        script: &DeliveryScript,
    ) -> Option<Self> {
        let (to, channel) = (answered.to, inbound_name(answered.channel_name)?);
        let is_drawn = |purpose: &str, per_mille: u16| draw(seed, to, purpose) < per_mille;
        if !is_drawn("reply", script.reply_per_mille) || !account.can_receive(channel, answered.sender) {
            return None;
        }
        let forward = account.forward(channel, answered.sender)?;
        let text = pick(seed, to, "reply text", &script.replies).cloned().unwrap_or_default();
        let button = answered.button.filter(|_| is_drawn("reply button", script.reply_button_per_mille));
        let (kind, text) = if let Some((label, payload)) = button {
            (InboundKind::Button { payload: payload.clone() }, label.clone())
        } else if channel != "SMS" && is_drawn("reply image", script.reply_image_per_mille) {
            (InboundKind::Image { url: IMAGE_URL.to_owned() }, text)
        } else {
            (InboundKind::Text, text)
        };
        let is_paired = is_drawn("reply paired", script.paired_per_mille);
        let has_data = is_drawn("reply data", script.reply_callback_per_mille);
        let message = InboundMessage {
            channel: channel.to_owned(),
            sender: to.to_owned(),
            destination: answered.sender.to_owned(),
            text,
            kind,
            format: forward.format,
            message_id: None,
            paired_message_id: is_paired.then(|| answered.message_id.to_owned()),
            callback_data: answered.callback_data.filter(|_| has_data).map(str::to_owned),
            platform: answered.platform.filter(|_| is_paired).cloned(),
        };
        Some(Self {
            id: new_id(),
            message,
            answers: answered.message_id.into(),
            at: answered.at,
            wall_at: answered.wall_at,
            url: forward.url.as_str().into(),
            security: account.inbound_security.clone(),
        })
    }

    /// Whether both can be in one request: the layout and the credentials are a request's, not a message's.
    pub(in crate::sandbox::infobip) fn fits(&self, other: &Self) -> bool {
        let layout = |reply: &Self| (reply.message.format, reply.message.channel_name());
        layout(self) == layout(other) && self.security == other.security
    }

    pub(in crate::sandbox::infobip) fn shown(&self) -> SentReply {
        let message = &self.message;
        let is_silent = message.format == InboundFormat::ChannelDefault && message.channel_name() == "SMS";
        SentReply {
            message_id: self.id.clone(),
            channel: message.channel.clone(),
            sender: message.sender.clone(),
            destination: message.destination.clone(),
            text: message.text.clone(),
            kind: message.kind.clone(),
            answers: self.answers.to_string(),
            paired_message_id: message.paired_message_id.clone().filter(|_| !is_silent),
            callback_data: message.callback_data.clone(),
            at: self.at,
        }
    }
}

/// The body of a request with these replies.
pub(in crate::sandbox::infobip) fn body<'a>(replies: impl Iterator<Item = &'a Reply>) -> Value {
    let messages: Vec<_> = replies.map(|reply| (&reply.message, reply.id.as_str(), reply.wall_at)).collect();
    formats::body(&messages)
}

/// The body of a request with one message.
pub(in crate::sandbox::infobip) fn body_of_one(message: &InboundMessage, now: Timestamp) -> Value {
    let id = message.message_id.clone().unwrap_or_else(new_id);
    formats::body(&[(message, &id, now)])
}
