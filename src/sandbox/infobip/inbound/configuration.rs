//! `POST /resource-management/1/inbound-message-configurations` (infobip.md 9.6).

use serde_json::{Value, json};

use super::{InboundFormat, InboundForward};
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};
use crate::sandbox::infobip::errors::{self, Family};
use crate::sandbox::infobip::schema::{ANY, Kind, optional, required};
use crate::sandbox::infobip::unified::checked_body;
use crate::sandbox::infobip::{InfobipAccount, Scene, State, new_id};

/// The formats that a channel takes beside `MO_MESSAGES_API_JSON`; the first is its default.
const OWN_FORMATS: &[(&str, &[&str])] = &[
    ("SMS", &["MO_JSON_2"]),
    ("MMS", &["MO_MMS_2"]),
    ("WHATSAPP", &["MO_OTT_CONTACT"]),
    ("VIBER_BM", &["MO_OTT_MSISDN"]),
    // Two sources differ on the default.
    ("RCS", &["MO_RCS_JSON", "MO_OTT_MSISDN"]),
];
const MESSAGES_API: &str = "MO_MESSAGES_API_JSON";

const REQUEST: Kind = Kind::Object(&[
    required("channel", Kind::OneOf(&["SMS", "MMS", "WHATSAPP", "VIBER_BM", "RCS"])),
    optional("numberKey", ANY),
    optional("number", ANY),
    // The sender of channels without numbers.
    optional("resource", ANY),
    optional("countryCode", Kind::Sized { min: 2, max: 2 }),
    required(
        "forwarding",
        Kind::Object(&[
            required("type", Kind::OneOf(&["HTTP_FORWARD"])),
            required("url", Kind::Url),
            optional("format", ANY),
        ]),
    ),
    optional("conversations", Kind::Opaque),
    optional("autoResponse", Kind::Opaque),
    optional("blockListConfiguration", Kind::Opaque),
    optional("keyword", ANY),
    optional("platform", Kind::Opaque),
]);

/// Sets where messages to a number are posted; the one before is replaced.
pub(in crate::sandbox::infobip) fn create(state: &mut State, _: &Scene, call: &Call, api_key: &str) -> Reply {
    let body = match checked_body(call, &REQUEST, Family::Old) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let account = state.registered(api_key);
    let refused = |property: &str, problem: String| errors::bad_request(Family::Old, &[(property.to_owned(), problem)]);
    let channel = body.at("channel").as_str().unwrap_or_default();
    let Some(number) = number(&account, &body) else {
        return refused("number", "must be given, or numberKey of a number of the account".to_owned());
    };
    if !account.can_receive(channel, &number) {
        return refused("number", format!("cannot receive {channel} messages"));
    }
    let own = OWN_FORMATS.iter().find(|(known, _)| *known == channel).map(|(_, own)| *own).unwrap_or_default();
    let given = body.at("forwarding").at("format").as_str();
    let format = match given {
        Some(MESSAGES_API) => InboundFormat::MessagesApi,
        None => InboundFormat::ChannelDefault,
        Some(format) if own.contains(&format) => InboundFormat::ChannelDefault,
        Some(_) => return refused("forwarding.format", format!("must be one of {MESSAGES_API}, {}", own.join(", "))),
    };
    let url = body.at("forwarding").at("url").as_str().unwrap_or_default().to_owned();
    let forward = InboundForward { channel: channel.to_owned(), number, url, format };
    if let Some(account) = state.accounts.get_mut(api_key) {
        account.change(|account| account.set_inbound(forward));
    }
    let mut answer = body.clone();
    answer.set("configurationKey", new_id());
    if given.is_none()
        && let Some(forwarding) = answer.get_mut("forwarding")
    {
        forwarding.set("format", own.first().copied().unwrap_or(MESSAGES_API));
    }
    Reply::json(200, &json!(answer))
}

/// The number or resource that is meant.
fn number(account: &InfobipAccount, body: &Value) -> Option<String> {
    let named = body.at("number").as_str().or_else(|| body.at("resource").as_str());
    let by_key = || {
        let key = body.at("numberKey").as_str()?;
        account.numbers.iter().find(|own| own.key() == key).map(|own| own.number.clone())
    };
    named.map(str::to_owned).or_else(by_key).filter(|number| !number.is_empty())
}
