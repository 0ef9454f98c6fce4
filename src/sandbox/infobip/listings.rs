//! What an account has and may do: balance, numbers, senders, templates, scenarios (infobip.md 4.2, 4.3, 5.3, 6, 11).

use serde_json::{Value, json};

use super::errors::{self, Family};
use super::schema::{Kind, required};
use super::unified::checked_body;
use super::{Scene, State};
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

/// Rows of one page where a caller may say.
const SIZE_MAX: usize = 100;
const SIZE_DEFAULT: usize = 20;
/// Numbers and scenarios are asked for by `limit`.
const NUMBERS_DEFAULT: usize = 50;
const SCENARIOS_DEFAULT: usize = 100;
/// Senders of one `senders/quality` call.
const QUALITY_SENDERS_MAX: usize = 100;

/// A page of a listing.
struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// `page` from 0 and the size, by whichever name, from 1 to 100.
    fn of(call: &Call, size_name: &str, size_default: usize) -> Result<Self, Reply> {
        let number = |name: &str, default: usize, min: usize, max: usize| match call.query_value(name) {
            None => Ok(default),
            Some(text) => text.parse().ok().filter(|value| (min..=max).contains(value)).ok_or_else(|| {
                let problem = format!("must be between {min} and {max}");
                errors::bad_request(Family::Old, &[(name.to_owned(), problem)])
            }),
        };
        Ok(Self { number: number("page", 0, 0, usize::MAX)?, size: number(size_name, size_default, 1, SIZE_MAX)? })
    }

    fn cut(&self, all: Vec<Value>) -> Vec<Value> {
        all.into_iter().skip(self.number.saturating_mul(self.size)).take(self.size).collect()
    }

    /// `results` and `paging`.
    fn answer(&self, all: Vec<Value>) -> Reply {
        let total = all.len();
        let paging = json!({
            "page": self.number,
            "size": self.size,
            "totalPages": total.div_ceil(self.size),
            "totalResults": total,
        });
        Reply::json(200, &json!({ "results": self.cut(all), "paging": paging }))
    }
}

pub(super) fn balance(state: &mut State, _: &Scene, _: &Call, api_key: &str) -> Reply {
    let balance = state.accounts.get(api_key).map(super::Account::balance);
    Reply::json(200, &json!({ "balance": balance, "currency": "EUR" }))
}

/// `GET /numbers/1/numbers`; `number` finds a part of a number.
pub(super) fn numbers(state: &mut State, _: &Scene, call: &Call, api_key: &str) -> Reply {
    let page = match Page::of(call, "limit", NUMBERS_DEFAULT) {
        Ok(page) => page,
        Err(refusal) => return refusal,
    };
    let wanted = call.query_value("number").unwrap_or_default();
    let account = state.registered(api_key);
    let found = account.numbers.iter().filter(|own| own.number.contains(&wanted));
    let found: Vec<Value> = found.map(super::registered::OwnNumber::to_json).collect();
    let count = found.len();
    Reply::json(200, &json!({ "numbers": page.cut(found), "numberCount": count }))
}

/// `POST /resources/1/resources`: senders by kind.
pub(super) fn resources(state: &mut State, _: &Scene, call: &Call, api_key: &str) -> Reply {
    const FILTER: Kind = Kind::Object(&[required(
        "resourceType",
        Kind::OneOf(&[
            "ALPHANUMERIC",
            "NUMBER",
            "RCS_RESOURCE",
            "VIBER_RESOURCE",
            "APPLE_RESOURCE",
            "OPEN_CHANNEL_RESOURCE",
        ]),
    )]);
    let asked =
        checked_body(call, &FILTER, Family::Old).and_then(|body| Ok((body, Page::of(call, "size", SIZE_DEFAULT)?)));
    let (body, page) = match asked {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let kind = body.at("resourceType").as_str().unwrap_or_default();
    let sender = |name: &str, value: &str, capabilities: Value| {
        let mut sender = json!({ "resourceType": kind, "countryCode": "HR", "capabilities": capabilities });
        sender.set(name, value);
        sender
    };
    let account = state.registered(api_key);
    let found: Vec<Value> = match kind {
        "ALPHANUMERIC" => {
            account.alphanumeric_senders.iter().map(|name| sender("senderName", name, json!(["SMS"]))).collect()
        }
        "NUMBER" => account.numbers.iter().map(|own| sender("number", &own.number, json!(own.capabilities))).collect(),
        "VIBER_RESOURCE" => {
            account.viber_senders.iter().map(|name| sender("resource", name, json!(["VIBER_BM"]))).collect()
        }
        "RCS_RESOURCE" => account.rcs_senders.iter().map(|own| sender("resource", &own.name, json!(["RCS"]))).collect(),
        _ => Vec::new(),
    };
    page.answer(found)
}

/// `GET /rcs/1/senders`.
pub(super) fn rcs_senders(state: &mut State, _: &Scene, call: &Call, api_key: &str) -> Reply {
    let account = state.registered(api_key);
    let senders = account.rcs_senders.iter().map(super::registered::RcsSender::to_json).collect();
    Page::of(call, "size", SIZE_DEFAULT).map_or_else(|refusal| refusal, |page| page.answer(senders))
}

/// `GET /whatsapp/2/senders/{sender}/templates`; a sender that is not the account's does not exist.
pub(super) fn sender_templates(state: &mut State, _: &Scene, call: &Call, api_key: &str) -> Reply {
    let sender = call.segments().into_iter().nth(3).unwrap_or_default();
    let account = state.registered(api_key);
    if !account.whatsapp_senders.iter().any(|known| known.number == sender) {
        return errors::not_found(Family::Old);
    }
    let of_sender = account.whatsapp_templates.iter().filter(|template| template.sender == sender);
    let templates: Vec<Value> = of_sender.map(super::registered::WhatsAppTemplate::to_json).collect();
    Reply::json(200, &json!({ "templates": templates }))
}

/// `GET /whatsapp/1/templates`: of all senders, in pages, filtered by equality.
pub(super) fn templates(state: &mut State, _: &Scene, call: &Call, api_key: &str) -> Reply {
    let page = match Page::of(call, "size", SIZE_DEFAULT) {
        Ok(page) => page,
        Err(refusal) => return refusal,
    };
    let account = state.registered(api_key);
    let is_wanted = |name: &str, value: &str| call.query_value(name).is_none_or(|wanted| wanted == value);
    let found = account.whatsapp_templates.iter().filter(|template| {
        is_wanted("sender", &template.sender)
            && is_wanted("status", &template.status)
            && is_wanted("name", &template.name)
            && is_wanted("language", &template.language)
            && is_wanted("category", &template.category)
    });
    page.answer(found.map(super::registered::WhatsAppTemplate::to_json).collect())
}

/// `GET /whatsapp/1/senders/quality?senders=a,b`. Senders of somebody else are left out.
pub(super) fn sender_quality(state: &mut State, _: &Scene, call: &Call, api_key: &str) -> Reply {
    let values = call.query_values("senders");
    let wanted: Vec<&str> =
        values.iter().flat_map(|value| value.split(',')).filter(|sender| !sender.is_empty()).collect();
    if wanted.is_empty() || wanted.len() > QUALITY_SENDERS_MAX {
        let problem = format!("size must be between 1 and {QUALITY_SENDERS_MAX}");
        return errors::bad_request(Family::Old, &[("senders".to_owned(), problem)]);
    }
    let account = state.registered(api_key);
    let found = account.whatsapp_senders.iter().filter(|sender| wanted.contains(&sender.number.as_str()));
    let results: Vec<Value> = found.map(super::registered::WhatsAppSender::to_json).collect();
    Reply::json(200, &json!({ "results": results }))
}

/// `GET /omni/1/scenarios?isDefault=&limit=&page=`.
pub(super) fn scenarios(state: &mut State, _: &Scene, call: &Call, api_key: &str) -> Reply {
    let page = match Page::of(call, "limit", SCENARIOS_DEFAULT) {
        Ok(page) => page,
        Err(refusal) => return refusal,
    };
    let is_default = call.query_value("isDefault").and_then(|wanted| wanted.parse::<bool>().ok());
    let account = state.registered(api_key);
    let found = account.scenarios.iter().filter(|scenario| is_default.is_none_or(|it| it == scenario.is_default));
    let found = found.map(super::registered::Scenario::to_json).collect();
    Reply::json(200, &json!({ "scenarios": page.cut(found) }))
}
