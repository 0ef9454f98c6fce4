//! The small endpoints that tell what an account has and may do (infobip.md 11).

use serde_json::json;

use super::errors::{self, Family};
use super::{Scene, State};
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

pub(super) fn balance(state: &mut State, _: &Scene, _: &Call, api_key: &str) -> Reply {
    let balance = state.accounts.get(api_key).map(super::Account::balance);
    Reply::json(200, &json!({ "balance": balance, "currency": "EUR" }))
}

pub(super) fn numbers(_: &mut State, _: &Scene, call: &Call, _: &str) -> Reply {
    let number = json!({
        "numberKey": "6FED0BC540BFADD9B05ED7D89AAC22FA",
        "number": "385915550000",
        "country": "HR",
        "countryName": "Croatia",
        "type": "VIRTUAL_LONG_NUMBER",
        "capabilities": ["SMS", "MMS", "WHATSAPP"],
        "shared": false,
        "price": { "pricePerMonth": 5.0, "setupPrice": 0.0, "currency": "EUR" },
        "network": "VIP",
        "keywords": [],
        "editPermissions": { "canEditNumber": true, "canEditConfiguration": true },
    });
    let wanted = call.query_value("number");
    let is_wanted = wanted.is_none_or(|wanted| number.at("number").as_str().is_some_and(|own| own.contains(&wanted)));
    let numbers = if is_wanted { vec![number] } else { Vec::new() };
    Reply::json(200, &json!({ "numbers": numbers, "numberCount": numbers.len() }))
}

pub(super) fn resources(_: &mut State, _: &Scene, call: &Call, _: &str) -> Reply {
    let Ok(body) = call.json() else {
        let violation = ("request".to_owned(), "is not valid JSON".to_owned());
        return errors::bad_request(Family::Old, &[violation]);
    };
    let sender = |kind: &str, name: &str, value: &str, capability: &str| {
        let mut sender = json!({ "resourceType": kind, "countryCode": "HR", "capabilities": [capability] });
        sender.set(name, value);
        sender
    };
    let results = match body.at("resourceType").as_str() {
        Some(kind @ "ALPHANUMERIC") => vec![sender(kind, "senderName", "ACME", "SMS")],
        Some(kind @ "NUMBER") => vec![sender(kind, "number", "385915550000", "SMS")],
        Some(kind @ "VIBER_RESOURCE") => vec![sender(kind, "resource", "AcmeViber", "VIBER_BM")],
        Some(kind @ "RCS_RESOURCE") => vec![sender(kind, "resource", "AcmeRcs", "RCS")],
        Some("APPLE_RESOURCE" | "OPEN_CHANNEL_RESOURCE") => Vec::new(),
        _ => {
            let violation = ("resourceType".to_owned(), "is not a known resource type".to_owned());
            return errors::bad_request(Family::Old, &[violation]);
        }
    };
    let paging = json!({ "page": 0, "size": 20, "totalPages": 1, "totalResults": results.len() });
    Reply::json(200, &json!({ "results": results, "paging": paging }))
}

pub(super) fn no_results(_: &mut State, _: &Scene, _: &Call, _: &str) -> Reply {
    Reply::json(200, &json!({ "results": [] }))
}

pub(super) fn rcs_senders(_: &mut State, _: &Scene, _: &Call, _: &str) -> Reply {
    Reply::json(200, &json!({ "results": [], "paging": { "page": 0, "size": 20, "totalPages": 0, "totalResults": 0 } }))
}

pub(super) fn templates(_: &mut State, _: &Scene, _: &Call, _: &str) -> Reply {
    Reply::json(
        200,
        &json!({ "templates": [], "paging": { "page": 0, "size": 20, "totalPages": 0, "totalResults": 0 } }),
    )
}

pub(super) fn scenarios(_: &mut State, _: &Scene, _: &Call, _: &str) -> Reply {
    Reply::json(200, &json!({ "scenarios": [] }))
}

/// Only the probe with an empty list is understood so far: 400 with the scope, 403 without.
pub(super) fn whatsapp_probe(_: &mut State, _: &Scene, _: &Call, _: &str) -> Reply {
    errors::bad_request(Family::Old, &[("messages".to_owned(), "must not be empty".to_owned())])
}
