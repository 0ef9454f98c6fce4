//! Messages from persons: what one is, where an account has them forwarded, and with which credentials (infobip.md 9.5 to 9.7).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

pub(super) mod configuration;
mod formats;
pub(super) mod replies;

pub use replies::SentReply;

use super::InfobipAccount;

/// A message from a person, as [`InfobipWorld::send_inbound`](super::InfobipWorld::send_inbound) posts it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InboundMessage {
    /// `SMS`, `MMS`, `WHATSAPP`, `VIBER_BM`, `RCS`; `SMS` when empty.
    pub channel: String,
    /// The person's number.
    pub sender: String,
    /// Our number, or the resource of Viber and RCS.
    pub destination: String,
    /// What was written; of a button its label, of an image its caption.
    pub text: String,
    pub kind: InboundKind,
    /// How the body is laid out.
    pub format: InboundFormat,
    /// Made up when missing.
    pub message_id: Option<String>,
    /// The message it answers, when Infobip could tell.
    pub paired_message_id: Option<String>,
    pub callback_data: Option<String>,
    /// `entityId` and `applicationId` of the message it answers.
    pub platform: Option<Value>,
}

/// What a person sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InboundKind {
    #[default]
    Text,
    /// A quick reply of WhatsApp or a suggestion of RCS was tapped; other channels show it as a text.
    Button { payload: String },
    /// SMS shows its caption as a text.
    Image { url: String },
}

/// How an inbound body is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InboundFormat {
    /// The same for every channel (infobip.md 9.5).
    #[default]
    #[serde(rename = "MO_MESSAGES_API_JSON")]
    MessagesApi,
    /// `MO_JSON_2` of SMS, `MO_MMS_2`, `MO_OTT_CONTACT` of WhatsApp, `MO_OTT_MSISDN` of Viber, `MO_RCS_JSON`
    /// (infobip.md 9.6).
    #[serde(rename = "CHANNEL_DEFAULT")]
    ChannelDefault,
}

/// Where messages to one of an account's numbers or resources are posted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboundForward {
    /// `SMS`, `MMS`, `WHATSAPP`, `VIBER_BM`, `RCS`.
    pub channel: String,
    /// The number, or the resource of Viber and RCS.
    pub number: String,
    pub url: String,
    pub format: InboundFormat,
}

impl InboundForward {
    /// In `MO_MESSAGES_API_JSON`.
    pub fn new(channel: &str, number: &str, url: &str) -> Self {
        let [channel, number, url] = [channel, number, url].map(str::to_owned);
        Self { channel, number, url, format: InboundFormat::MessagesApi }
    }

    #[must_use]
    pub fn in_channel_default(mut self) -> Self {
        self.format = InboundFormat::ChannelDefault;
        self
    }
}

/// How inbound requests prove that they are Infobip's (infobip.md 9.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookSecurity {
    Basic {
        username: String,
        password: String,
    },
    /// HMAC-SHA-256 over the body. Header, prefix and encoding are guesses of public code; Infobip publishes none.
    Hmac {
        secret: String,
        /// `X-Hub-Signature-256`, `X-Infobip-Signature` …
        header: String,
        /// Before the signature, `sha256=` for example.
        prefix: String,
        encoding: SignatureEncoding,
    },
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureEncoding {
    Hex,
    Base64,
}

impl WebhookSecurity {
    /// `X-Hub-Signature-256: sha256=<hex>`, the most frequent guess.
    pub fn hub_signature(secret: &str) -> Self {
        Self::Hmac {
            secret: secret.to_owned(),
            header: "X-Hub-Signature-256".to_owned(),
            prefix: "sha256=".to_owned(),
            encoding: SignatureEncoding::Hex,
        }
    }

    /// Name and value of the header that a request with this body carries.
    pub(super) fn header(&self, body: &[u8]) -> (String, String) {
        match self {
            Self::Basic { username, password } => {
                let value = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
                ("Authorization".to_owned(), value)
            }
            Self::Hmac { secret, header, prefix, encoding } => {
                let signature = signature(secret.as_bytes(), body);
                let text = match encoding {
                    SignatureEncoding::Hex => signature.iter().map(|byte| format!("{byte:02x}")).collect(),
                    SignatureEncoding::Base64 => STANDARD.encode(signature),
                };
                (header.clone(), format!("{prefix}{text}"))
            }
        }
    }
}

fn signature(key: &[u8], body: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

/// A channel as inbound messages and configurations name it; `None` for one without inbound messages.
pub(super) fn inbound_name(channel_name: &str) -> Option<&'static str> {
    let names = ["SMS", "MMS", "WHATSAPP", "VIBER_BM", "RCS"];
    let name = if channel_name == "VIBER" { "VIBER_BM" } else { channel_name };
    names.into_iter().find(|known| *known == name)
}

impl InfobipAccount {
    /// Whether a person can write to a sender: names of SMS receive nothing.
    pub(super) fn can_receive(&self, channel: &str, sender: &str) -> bool {
        let has_number = |capability: &str| {
            let mut numbers = self.numbers.iter().filter(|own| own.number == sender);
            numbers.any(|own| own.capabilities.iter().any(|known| known == capability))
        };
        match channel {
            "WHATSAPP" => has_number(channel) || self.whatsapp_senders.iter().any(|known| known.number == sender),
            "VIBER_BM" => self.viber_senders.iter().any(|known| known == sender),
            "RCS" => self.rcs_senders.iter().any(|known| known.name == sender),
            _ => has_number(channel),
        }
    }

    /// Where messages to a sender are posted.
    pub(super) fn forward(&self, channel: &str, sender: &str) -> Option<&InboundForward> {
        self.inbound.iter().find(|forward| forward.channel == channel && forward.number == sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_match_the_known_vector_and_basic_the_known_example() {
        // RFC 4231, test case 2; RFC 7617, section 2.
        let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let (header, value) = WebhookSecurity::hub_signature("Jefe").header(b"what do ya want for nothing?");
        assert_eq!((header.as_str(), value), ("X-Hub-Signature-256", format!("sha256={hex}")));
        let basic = WebhookSecurity::Basic { username: "Aladdin".into(), password: "open sesame".into() };
        assert_eq!(basic.header(b""), ("Authorization".into(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".into()));
        let base64 = WebhookSecurity::Hmac {
            secret: "Jefe".into(),
            header: "X-Infobip-Signature".into(),
            prefix: String::new(),
            encoding: SignatureEncoding::Base64,
        };
        assert_eq!(base64.header(b"what do ya want for nothing?").1, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    }

    #[test]
    fn only_numbers_and_resources_receive() {
        use crate::sandbox::sample;
        let account = InfobipAccount::new("key");
        for (channel, sender, expected) in [
            ("SMS", sample::NUMBER, true),
            ("MMS", sample::NUMBER, true),
            ("SMS", "ACME", false),
            ("SMS", sample::WHATSAPP_ONLY_NUMBER, false),
            ("WHATSAPP", sample::WHATSAPP_ONLY_NUMBER, true),
            ("VIBER_BM", sample::VIBER_SENDER, true),
            ("VIBER_BM", "Other", false),
            ("RCS", sample::RCS_SENDER, true),
            ("RCS", "Other", false),
        ] {
            assert_eq!(account.can_receive(channel, sender), expected, "{channel} {sender}");
        }
        assert_eq!(inbound_name("VIBER"), Some("VIBER_BM"));
        assert_eq!(inbound_name("KAKAO_ALIM"), None);
    }
}
