//! The bodies of inbound messages, per format and channel (infobip.md 9.5, 9.6).

use serde_json::{Value, json};

use super::{InboundFormat, InboundKind, InboundMessage, inbound_name};
use crate::clock::Timestamp;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::infobip::text::parts;
use crate::sandbox::infobip::webhooks::date;

/// Wraps messages of one format and channel into a request's body.
pub(in crate::sandbox::infobip) fn body(messages: &[(&InboundMessage, &str, Timestamp)]) -> Value {
    let results: Vec<Value> = messages.iter().map(|(message, id, received)| message.to_json(id, *received)).collect();
    let is_sms = messages
        .iter()
        .any(|(message, ..)| message.format == InboundFormat::ChannelDefault && message.channel_name() == "SMS");
    if is_sms {
        return json!({ "messageCount": results.len(), "pendingMessageCount": 0, "results": results });
    }
    json!({ "results": results })
}

impl InboundMessage {
    pub(in crate::sandbox::infobip) fn channel_name(&self) -> &'static str {
        inbound_name(&self.channel).unwrap_or("SMS")
    }

    /// The first word in capitals, and the rest.
    fn keyword(&self) -> (String, &str) {
        let text = self.text.trim();
        let (keyword, clean) = text.split_once(' ').unwrap_or((text, ""));
        (keyword.to_uppercase(), clean)
    }

    fn to_json(&self, id: &str, received: Timestamp) -> Value {
        let mut result = match (self.format, self.channel_name()) {
            (InboundFormat::MessagesApi, _) => self.of_messages_api(),
            (InboundFormat::ChannelDefault, "MMS") => self.of_mms(),
            (InboundFormat::ChannelDefault, "WHATSAPP") => self.of_whatsapp(),
            (InboundFormat::ChannelDefault, "VIBER_BM") => self.of_viber(),
            (InboundFormat::ChannelDefault, "RCS") => self.of_rcs(),
            (InboundFormat::ChannelDefault, _) => self.of_sms(),
        };
        result.set("messageId", id);
        result.set("receivedAt", date(received));
        let is_sms = self.format == InboundFormat::ChannelDefault && self.channel_name() == "SMS";
        // The older format of SMS has no field for it.
        if let Some(paired) = self.paired_message_id.as_deref().filter(|_| !is_sms) {
            result.set("pairedMessageId", paired);
        }
        if let Some(data) = &self.callback_data {
            result.set("callbackData", data.as_str());
        }
        if let Some(platform) = &self.platform {
            if is_sms {
                for name in ["entityId", "applicationId"] {
                    if let Some(value) = platform.get(name) {
                        result.set(name, value.clone());
                    }
                }
            } else if self.format == InboundFormat::MessagesApi || self.channel_name() == "RCS" {
                result.set("platform", platform.clone());
            }
        }
        result
    }

    fn of_messages_api(&self) -> Value {
        let (keyword, clean) = self.keyword();
        let text = json!({ "type": "TEXT", "text": self.text, "cleanText": clean, "keyword": keyword });
        let content = match (&self.kind, self.channel_name()) {
            (InboundKind::Button { payload }, "WHATSAPP" | "RCS") => {
                json!([{ "type": "BUTTON_REPLY", "text": self.text, "payload": payload, "id": payload }])
            }
            // A message of several parts.
            (InboundKind::Image { url }, "MMS") if !self.text.is_empty() => {
                json!([text, { "type": "IMAGE", "url": url }])
            }
            (InboundKind::Image { url }, "MMS" | "WHATSAPP" | "VIBER_BM" | "RCS") => {
                let mut image = json!({ "type": "IMAGE", "url": url });
                if !self.text.is_empty() {
                    image.set("text", self.text.as_str());
                }
                json!([image])
            }
            _ => json!([text]),
        };
        json!({
            "event": "MO",
            "channel": self.channel_name(),
            "sender": self.sender,
            "destination": self.destination,
            "content": content,
            "messageCount": self.message_count(),
        })
    }

    /// Parts of an SMS; one of everything else.
    fn message_count(&self) -> u32 {
        if self.channel_name() == "SMS" { parts(&self.text).count } else { 1 }
    }

    /// `MO_JSON_2`.
    fn of_sms(&self) -> Value {
        let (keyword, clean) = self.keyword();
        json!({
            "from": self.sender,
            "to": self.destination,
            "text": self.text,
            "cleanText": clean,
            "keyword": keyword,
            "smsCount": self.message_count(),
            "price": free(),
        })
    }

    /// `MO_MMS_2`.
    fn of_mms(&self) -> Value {
        let mut message = Vec::new();
        if !self.text.is_empty() {
            message.push(json!({ "contentType": "text/plain", "value": self.text }));
        }
        if let InboundKind::Image { url } = &self.kind {
            message.push(json!({ "contentType": "image/jpeg", "url": url }));
        }
        json!({
            "from": self.sender,
            "to": self.destination,
            "userAgent": "Android",
            "message": message,
            "group": [],
            "price": free(),
        })
    }

    /// `MO_OTT_CONTACT`.
    fn of_whatsapp(&self) -> Value {
        let mut message = match &self.kind {
            InboundKind::Text => json!({ "type": "TEXT", "text": self.text }),
            InboundKind::Button { payload } => json!({ "type": "BUTTON", "text": self.text, "payload": payload }),
            InboundKind::Image { url } => json!({ "type": "IMAGE", "caption": self.text, "url": url }),
        };
        if let Some(paired) = &self.paired_message_id {
            message.set("context", json!({ "id": paired, "from": self.destination }));
        }
        json!({
            "from": self.sender,
            "to": self.destination,
            "integrationType": "WHATSAPP",
            "keyword": self.keyword().0,
            "message": message,
            "price": free(),
            "contact": { "name": "Frank", "phoneNumber": self.sender },
        })
    }

    /// `MO_OTT_MSISDN`.
    fn of_viber(&self) -> Value {
        let message = match &self.kind {
            InboundKind::Image { url } => json!({ "type": "FILE", "url": url, "fileName": file_name(url) }),
            _ => json!({ "type": "TEXT", "text": self.text, "trackingData": "" }),
        };
        json!({
            "sender": self.sender,
            "to": self.destination,
            "integrationType": "VIBER",
            "keyword": self.keyword().0,
            "message": message,
            "price": free(),
        })
    }

    /// `MO_RCS_JSON`.
    fn of_rcs(&self) -> Value {
        let message = match &self.kind {
            InboundKind::Text => json!({ "type": "TEXT", "text": self.text }),
            InboundKind::Button { payload } => {
                json!({ "type": "SUGGESTION", "text": self.text, "postbackData": payload })
            }
            InboundKind::Image { url } => json!({ "type": "FILE", "url": url, "fileName": file_name(url) }),
        };
        json!({
            "sender": self.sender,
            "to": self.destination,
            "integrationType": "RCS",
            "message": message,
            "interactionType": "CONVERSATIONAL",
            "rcsCount": 1,
            "conversation": { "id": format!("{}-{}", self.sender, self.destination) },
            "price": free(),
        })
    }
}

/// Receiving costs nothing here.
fn free() -> Value {
    json!({ "pricePerMessage": 0.0, "currency": "EUR" })
}

fn file_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}
