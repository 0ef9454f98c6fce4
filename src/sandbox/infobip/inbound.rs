//! Inbound messages in the format `MO_MESSAGES_API_JSON` (infobip.md 9.5).

use serde_json::{Value, json};

use super::{new_id, webhooks};
use crate::clock::Timestamp;
use crate::sandbox::fields::Fields as _;

/// A message from a person, as [`InfobipWorld::send_inbound`](super::InfobipWorld::send_inbound) posts it.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InboundMessage {
    /// `SMS`, `MMS`, `WHATSAPP`, `VIBER_BM`, `RCS`; `SMS` when empty.
    pub channel: String,
    /// The person's number.
    pub sender: String,
    /// Our number.
    pub destination: String,
    pub text: String,
    /// Made up when missing.
    pub message_id: Option<String>,
    /// The message it answers, when Infobip could tell.
    pub paired_message_id: Option<String>,
    pub callback_data: Option<String>,
}

impl InboundMessage {
    pub(super) fn to_json(&self, now: Timestamp) -> Value {
        let text = self.text.trim();
        let (keyword, clean) = text.split_once(' ').unwrap_or((text, ""));
        let mut body = json!({
            "event": "MO",
            "channel": if self.channel.is_empty() { "SMS" } else { &self.channel },
            "sender": self.sender,
            "destination": self.destination,
            "content": [{ "type": "TEXT", "text": self.text, "cleanText": clean, "keyword": keyword.to_uppercase() }],
            "receivedAt": webhooks::date(now),
            "messageId": self.message_id.clone().unwrap_or_else(new_id),
            "messageCount": 1,
        });
        if let Some(paired) = &self.paired_message_id {
            body.set("pairedMessageId", paired.as_str());
        }
        if let Some(data) = &self.callback_data {
            body.set("callbackData", data.as_str());
        }
        body
    }
}
