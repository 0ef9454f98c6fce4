//! What can be registered on an account: senders, numbers, templates, scenarios (infobip.md 4.2, 4.3, 5.3, 6, 11).

use serde_json::{Value, json};

use super::sample;
use crate::sandbox::fields::Fields as _;

/// A number of the account's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnNumber {
    pub number: String,
    /// `VIRTUAL_LONG_NUMBER`, `SHORT_CODE`, `WHATSAPP` …
    pub kind: String,
    /// `SMS`, `MMS`, `WHATSAPP` …
    pub capabilities: Vec<String>,
}

impl OwnNumber {
    pub fn new(number: &str, kind: &str, capabilities: &[&str]) -> Self {
        let capabilities = capabilities.iter().map(|name| (*name).to_owned()).collect();
        Self { number: number.to_owned(), kind: kind.to_owned(), capabilities }
    }

    /// 32 digits as the real keys have, made of the number.
    pub(super) fn key(&self) -> String {
        format!("{:0>32}", self.number)
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "numberKey": self.key(),
            "number": self.number,
            "country": "HR",
            "countryName": "Croatia",
            "type": self.kind,
            "capabilities": self.capabilities,
            "shared": false,
            "price": { "pricePerMonth": 5.0, "setupPrice": 0.0, "currency": "EUR" },
            "network": "VIP",
            "keywords": [],
            "editPermissions": { "canEditNumber": true, "canEditConfiguration": true },
        })
    }
}

/// An RCS agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RcsSender {
    pub name: String,
    pub display_name: String,
    /// Only `LAUNCHED` may send.
    pub status: String,
}

impl RcsSender {
    pub fn new(name: &str, display_name: &str, status: &str) -> Self {
        Self { name: name.to_owned(), display_name: display_name.to_owned(), status: status.to_owned() }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "senderName": self.name, "displayName": self.display_name, "senderStatus": self.status })
    }
}

/// A WhatsApp sender and the state that `senders/quality` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatsAppSender {
    pub number: String,
    /// `HIGH`, `MEDIUM`, `LOW`, `UNKNOWN`.
    pub quality: String,
    /// `CONNECTED`, `BANNED`, `RESTRICTED` …
    pub status: String,
    /// `LIMIT_250`, `LIMIT_10K`, `UNLIMITED` …
    pub limit: String,
}

impl WhatsAppSender {
    /// A connected sender of high quality.
    pub fn new(number: &str) -> Self {
        let [quality, status, limit] = ["HIGH", "CONNECTED", "LIMIT_10K"].map(str::to_owned);
        Self { number: number.to_owned(), quality, status, limit }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "sender": self.number,
            "qualityRating": self.quality,
            "status": self.status,
            "currentLimit": self.limit,
            "lastUpdated": CREATED,
        })
    }
}

/// When whatever is registered was made.
const CREATED: &str = "2026-01-15T09:00:00.000+0000";

/// A WhatsApp template.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatsAppTemplate {
    /// The sender that it belongs to.
    pub sender: String,
    pub name: String,
    pub language: String,
    /// `APPROVED`, `PENDING`, `REJECTED` …; only approved ones can be sent.
    pub status: String,
    /// `MARKETING`, `UTILITY`, `AUTHENTICATION`.
    pub category: String,
    /// `{"type":"TEXT"|"MEDIA"|"UNSUPPORTED","header":…,"body":{"text":…},"footer":…,"buttons":[…]}`.
    pub structure: Value,
}

impl WhatsAppTemplate {
    /// An approved template of [`sample::NUMBER`] in [`sample::TEMPLATE_LANGUAGE`], with a body and nothing else.
    pub fn text(name: &str, body: &str) -> Self {
        Self {
            sender: sample::NUMBER.to_owned(),
            name: name.to_owned(),
            language: sample::TEMPLATE_LANGUAGE.to_owned(),
            status: "APPROVED".to_owned(),
            category: "UTILITY".to_owned(),
            structure: json!({ "type": "TEXT", "body": { "text": body } }),
        }
    }

    /// With a header: `{"format":"IMAGE"}`, `{"format":"TEXT","text":"Hi {{1}}"}`.
    #[must_use]
    pub fn header(mut self, header: Value) -> Self {
        if header.at("format") != "TEXT" {
            self.structure.set("type", "MEDIA");
        }
        self.structure.set("header", header);
        self
    }

    /// With buttons: `{"type":"QUICK_REPLY","text":"Yes"}` …
    #[must_use]
    pub fn buttons(mut self, buttons: Vec<Value>) -> Self {
        self.structure.set("buttons", buttons);
        self
    }

    #[must_use]
    pub fn status(mut self, status: &str) -> Self {
        status.clone_into(&mut self.status);
        self
    }

    pub(super) fn to_json(&self) -> Value {
        let id: u64 = self.name.bytes().fold(0, |sum, byte| (sum * 31 + u64::from(byte)) % 1_000_000_000);
        json!({
            "id": id.to_string(),
            "businessAccountId": 104_996_122_399_160_u64,
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "structure": self.structure,
            "quality": if self.status == "APPROVED" { "HIGH" } else { "UNKNOWN" },
            "createdAt": CREATED,
            "lastUpdatedAt": CREATED,
        })
    }

    /// How many values the body takes: the highest `{{n}}`.
    pub(super) fn placeholders(&self) -> usize {
        placeholders(self.body())
    }

    pub(super) fn body(&self) -> &str {
        self.structure.pointer("/body/text").and_then(Value::as_str).unwrap_or_default()
    }

    /// The type of header that a message must give.
    pub(super) fn header_input(&self) -> Option<&str> {
        let header = self.structure.at("header");
        let format = header.at("format").as_str()?;
        let text = header.at("text").as_str().unwrap_or_default();
        (format != "TEXT" || placeholders(text) > 0).then_some(format)
    }

    /// The types of the buttons that take a parameter, in order.
    pub(super) fn button_inputs(&self) -> Vec<&str> {
        let buttons = self.structure.at("buttons").as_array().map(Vec::as_slice).unwrap_or_default();
        let taking = buttons.iter().filter_map(|button| {
            let kind = button.at("type").as_str()?;
            let is_dynamic = button.at("url").as_str().is_some_and(|url| url.contains("{{"));
            let takes = matches!(kind, "QUICK_REPLY" | "COPY_CODE" | "FLOW") || (kind == "URL" && is_dynamic);
            takes.then_some(kind)
        });
        taking.collect()
    }
}

/// The highest `{{n}}` in a text.
fn placeholders(text: &str) -> usize {
    let starts = text.split("{{").skip(1);
    starts.filter_map(|rest| rest.split_once("}}")?.0.trim().parse().ok()).max().unwrap_or(0)
}

/// The templates of [`sample`].
pub(super) fn default_templates() -> Vec<WhatsAppTemplate> {
    let media = |format: &str| json!({ "format": format });
    let quick_reply = json!({ "type": "QUICK_REPLY", "text": "Tell me more" });
    vec![
        WhatsAppTemplate::text(sample::TEXT_TEMPLATE, "Hello {{1}}, your order {{2}} is on its way."),
        WhatsAppTemplate::text(sample::PLAIN_TEMPLATE, "We are open from 9 to 5."),
        WhatsAppTemplate::text(sample::IMAGE_TEMPLATE, "Hi {{1}}, our spring sale has begun.")
            .header(media("IMAGE"))
            .buttons(vec![quick_reply.clone()]),
        WhatsAppTemplate::text(sample::VIDEO_TEMPLATE, "See how it works.").header(media("VIDEO")),
        WhatsAppTemplate::text(sample::DOCUMENT_TEMPLATE, "Hi {{1}}, here is your invoice.").header(media("DOCUMENT")),
        WhatsAppTemplate::text(sample::LOCATION_TEMPLATE, "Our new store is close to you.").header(media("LOCATION")),
        WhatsAppTemplate::text(sample::BUTTON_TEMPLATE, "Your coupon is worth {{1}}.")
            .header(json!({ "format": "TEXT", "text": "For you, {{1}}" }))
            .buttons(vec![
                quick_reply,
                json!({ "type": "URL", "text": "Shop", "url": "https://shop.example/{{1}}" }),
                json!({ "type": "COPY_CODE", "text": "Copy" }),
                json!({ "type": "PHONE_NUMBER", "text": "Call", "phoneNumber": sample::NUMBER }),
            ]),
        WhatsAppTemplate::text(sample::PENDING_TEMPLATE, "News of the autumn.").status("PENDING"),
        WhatsAppTemplate::text(sample::REJECTED_TEMPLATE, "Free money!").status("REJECTED"),
    ]
}

/// A registered Alim template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KakaoTemplate {
    /// The profile key that it belongs to.
    pub sender: String,
    pub code: String,
    /// With `#{variables}`.
    pub text: String,
}

impl KakaoTemplate {
    pub fn new(sender: &str, code: &str, text: &str) -> Self {
        Self { sender: sender.to_owned(), code: code.to_owned(), text: text.to_owned() }
    }

    /// Whether `text` is this template's with its variables replaced.
    pub(super) fn fits(&self, text: &str) -> bool {
        let mut pieces = self.text.split("#{");
        let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
        let after = |piece: &'_ str| piece.split_once('}').map_or_else(String::new, |(_, fixed)| fixed.to_owned());
        let fixed: Vec<String> = pieces.map(after).collect();
        let Some((last, inner)) = fixed.split_last() else { return rest.is_empty() };
        for piece in inner {
            let Some((_, behind)) = rest.split_once(piece.as_str()) else { return false };
            rest = behind;
        }
        rest.ends_with(last.as_str())
    }
}

/// An OMNI scenario: channels to try in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// 32 hexadecimal digits.
    pub key: String,
    pub name: String,
    /// Channel (`VIBER`, `KAKAO_ALIM`, `SMS` …) and sender.
    pub flow: Vec<(String, String)>,
    /// Whether requests without a key use it.
    pub is_default: bool,
}

impl Scenario {
    pub fn new(key: &str, name: &str, flow: &[(&str, &str)]) -> Self {
        let flow = flow.iter().map(|(channel, sender)| ((*channel).to_owned(), (*sender).to_owned())).collect();
        Self { key: key.to_owned(), name: name.to_owned(), flow, is_default: false }
    }

    #[must_use]
    pub fn by_default(mut self) -> Self {
        self.is_default = true;
        self
    }

    pub(super) fn to_json(&self) -> Value {
        let flow: Vec<Value> =
            self.flow.iter().map(|(channel, sender)| json!({ "from": sender, "channel": channel })).collect();
        json!({ "key": self.key, "name": self.name, "flow": flow, "default": self.is_default })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_say_what_they_take() {
        let templates = default_templates();
        let of = |name: &str| templates.iter().find(|template| template.name == name).unwrap();
        assert_eq!(of(sample::TEXT_TEMPLATE).placeholders(), 2);
        assert_eq!(of(sample::TEXT_TEMPLATE).header_input(), None);
        assert_eq!(of(sample::PLAIN_TEMPLATE).placeholders(), 0);
        assert_eq!(of(sample::BUTTON_TEMPLATE).header_input(), Some("TEXT"));
        assert_eq!(of(sample::BUTTON_TEMPLATE).button_inputs(), ["QUICK_REPLY", "URL", "COPY_CODE"]);
        assert_eq!(of(sample::LOCATION_TEMPLATE).header_input(), Some("LOCATION"));
        assert_eq!(placeholders("{{2}} {{10}} {{x}} {{"), 10);
    }

    #[test]
    fn alim_texts_are_compared_around_their_variables() {
        let template = KakaoTemplate::new("p", "c", "Order #{no} of #{name} is here");
        assert!(template.fits("Order 1001 of Kim is here"));
        assert!(template.fits("Order  of  is here"));
        for text in ["Order 1001 is here", "order 1 of Kim is here", "Order 1 of Kim is here!"] {
            assert!(!template.fits(text), "{text}");
        }
        assert!(KakaoTemplate::new("p", "c", "Hi").fits("Hi"));
        assert!(!KakaoTemplate::new("p", "c", "Hi").fits("Hi there"));
    }
}
