//! What the channels of the unified family share: fields of the envelope and reading a body (infobip.md 1.3).

use std::time::Duration;

use serde_json::Value;

use super::Scene;
use super::errors::{self, Family, Violation};
use super::schema::{ANY, Field, INT32, Kind, POSITIVE, check, optional, required};
use crate::clock::Timestamp;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

const SEND_AT_DAYS_MAX: u64 = 180;

const PLATFORM: Kind =
    Kind::Object(&[optional("entityId", Kind::Text { max: 255 }), optional("applicationId", Kind::Text { max: 255 })]);
const PERIOD: Kind =
    Kind::Object(&[required("amount", POSITIVE), optional("timeUnit", Kind::OneOf(&["SECONDS", "MINUTES", "HOURS"]))]);
const TIME: Kind =
    Kind::Object(&[required("hour", Kind::Int { min: 0, max: 23 }), required("minute", Kind::Int { min: 0, max: 59 })]);
const DAY: Kind = Kind::OneOf(&["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]);
const WINDOW: Kind = Kind::Ruled(
    &Kind::Object(&[
        required("days", Kind::List { of: &DAY, min: 1, max: usize::MAX }),
        optional("from", TIME),
        optional("to", TIME),
    ]),
    window_violation,
);

// Message options that every channel takes.
pub(super) const PLATFORM_OPTION: Field = optional("platform", PLATFORM);
pub(super) const VALIDITY_OPTION: Field = optional("validityPeriod", PERIOD);
pub(super) const WINDOW_OPTION: Field = optional("deliveryTimeWindow", WINDOW);
pub(super) const CAMPAIGN_OPTION: Field = optional("campaignReferenceId", Kind::Text { max: 255 });

pub(super) const INDIA_DLT: Field = optional(
    "indiaDlt",
    Kind::Object(&[
        required("principalEntityId", ANY),
        optional("contentTemplateId", ANY),
        optional("telemarketerId", ANY),
    ]),
);
const TURKEY_IYS: Field = optional(
    "turkeyIys",
    Kind::Object(&[required("recipientType", Kind::OneOf(&["BIREYSEL", "TACIR"])), optional("brandCode", INT32)]),
);
/// The regional block of SMS, and of an SMS that stands in for another channel (infobip.md 2.1).
pub(super) const REGIONAL: Kind = Kind::Object(&[
    INDIA_DLT,
    TURKEY_IYS,
    optional("southKorea", Kind::Object(&[optional("title", Kind::Text { max: 66 }), optional("resellerCode", INT32)])),
]);
/// The regional block of MMS, which knows nothing but the reseller.
pub(super) const MMS_REGIONAL: Kind =
    Kind::Object(&[optional("southKorea", Kind::Object(&[optional("resellerCode", INT32)]))]);

/// The SMS to send when the channel cannot deliver.
pub(super) const SMS_FAILOVER: Field = optional(
    "smsFailover",
    Kind::Object(&[optional("sender", ANY), required("text", ANY), VALIDITY_OPTION, optional("regional", REGIONAL)]),
);
/// The same with the regional block of MMS.
pub(super) const MMS_SMS_FAILOVER: Field = optional(
    "smsFailover",
    Kind::Object(&[
        optional("sender", ANY),
        required("text", ANY),
        VALIDITY_OPTION,
        optional("regional", MMS_REGIONAL),
    ]),
);

const DESTINATION: Kind = Kind::Object(&[required("to", ANY), optional("messageId", Kind::Text { max: 200 })]);
pub(super) const DESTINATIONS: Field =
    required("destinations", Kind::List { of: &DESTINATION, min: 1, max: usize::MAX });

const DELIVERY_URL: Field = optional("url", Kind::Url);
const INTERMEDIATE: Field = optional("intermediateReport", Kind::Bool);
const NOTIFY: Field = optional("notify", Kind::Bool);
const DELIVERY: Field = optional("delivery", Kind::Object(&[DELIVERY_URL, INTERMEDIATE, NOTIFY]));
const FAILOVER_DELIVERY: Field = optional(
    "delivery",
    Kind::Object(&[DELIVERY_URL, INTERMEDIATE, NOTIFY, optional("receiveTriggeredFailoverReports", Kind::Bool)]),
);
const CONTENT_TYPE: Field = optional("contentType", Kind::OneOf(&["application/json", "application/xml"]));
const CALLBACK_DATA: Field = optional("callbackData", Kind::Text { max: 4_000 });
/// SMS, MMS, Kakao Alim.
pub(super) const WEBHOOKS: Field = optional("webhooks", Kind::Object(&[DELIVERY, CONTENT_TYPE, CALLBACK_DATA]));
/// Kakao Chingu: with reports of the failover, without seen reports.
pub(super) const FAILOVER_WEBHOOKS: Field =
    optional("webhooks", Kind::Object(&[FAILOVER_DELIVERY, CONTENT_TYPE, CALLBACK_DATA]));
/// Viber, RCS.
pub(super) const SEEN_WEBHOOKS: Field = optional(
    "webhooks",
    Kind::Object(&[
        FAILOVER_DELIVERY,
        CONTENT_TYPE,
        CALLBACK_DATA,
        optional("seen", Kind::Object(&[optional("url", Kind::Url)])),
    ]),
);

const SPEED_LIMIT: Kind =
    Kind::Object(&[required("amount", POSITIVE), optional("timeUnit", Kind::OneOf(&["MINUTE", "HOUR", "DAY"]))]);
// Request options.
pub(super) const SCHEDULE: Field = optional(
    "schedule",
    Kind::Object(&[
        optional("bulkId", Kind::Text { max: 100 }),
        optional("sendAt", Kind::Date),
        optional("sendingSpeedLimit", SPEED_LIMIT),
    ]),
);
pub(super) const TRACKING_FIELDS: &[Field] = &[
    optional("shortenUrl", Kind::Bool),
    optional("trackClicks", Kind::Bool),
    optional("trackingUrl", Kind::Url),
    optional("removeProtocol", Kind::Bool),
    optional("customDomain", ANY),
];
pub(super) const TRACKING: Field = optional("tracking", Kind::Object(TRACKING_FIELDS));
/// Request options without anything of a single channel.
pub(super) const REQUEST_OPTIONS: Field = optional("options", Kind::Object(&[SCHEDULE, TRACKING]));

/// Whether a text is a duration in ISO 8601, `PT5S`.
pub(super) fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) => (days, Some(time)),
        None => (rest, None),
    };
    let is_run = |mut text: &str, units: &[char]| {
        let mut is_some = false;
        for unit in units {
            if let Some((digits, rest)) = text.split_once(*unit) {
                let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                if digits.is_empty() || !is_number {
                    return None;
                }
                (text, is_some) = (rest, true);
            }
        }
        text.is_empty().then_some(is_some)
    };
    match (is_run(days, &['D']), time.map(|time| is_run(time, &['H', 'M', 'S']))) {
        (Some(has_days), None) => has_days,
        (Some(_), Some(Some(has_time))) => has_time,
        _ => false,
    }
}

/// Reads a body that must be JSON of this kind.
pub(super) fn checked_body(call: &Call, kind: &Kind, family: Family) -> Result<Value, Reply> {
    let is_json = call.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json {
        return Err(errors::unsupported_media(family));
    }
    let body = call.json().map_err(|error| {
        let problem = ("request".to_owned(), format!("is not valid JSON: {error}"));
        errors::bad_request(family, &[problem])
    })?;
    let mut violations = Vec::new();
    check(&body, kind, "", &mut violations);
    if violations.is_empty() { Ok(body) } else { Err(errors::bad_request(family, &violations)) }
}

/// A delivery time window needs both ends, an hour apart, or none.
fn window_violation(window: &Value) -> Option<Violation> {
    let minutes = |end: &str| {
        let time = window.get(end)?;
        Some(time.at("hour").as_i64()? * 60 + time.at("minute").as_i64()?)
    };
    let is_valid = match (minutes("from"), minutes("to")) {
        (None, None) => true,
        // Across midnight counts as well.
        (Some(from), Some(to)) => (to - from).rem_euclid(24 * 60) >= 60,
        _ => false,
    };
    (!is_valid).then(|| (String::new(), "needs from and to, at least one hour apart, or neither".to_owned()))
}

/// A message can be scheduled at most 180 days ahead.
pub(super) fn send_at_violation(scene: &Scene, options: &Value) -> Option<Violation> {
    let send_at = options.pointer("/schedule/sendAt").and_then(Value::as_str).and_then(Timestamp::parse)?;
    let latest = scene.wall.plus(Duration::from_secs(SEND_AT_DAYS_MAX * 86_400));
    let problem = ("options.schedule.sendAt".to_owned(), "must be at most 180 days ahead".to_owned());
    (send_at > latest).then_some(problem)
}

#[cfg(test)]
mod tests {
    use super::is_duration;

    #[test]
    fn durations_are_of_iso_8601() {
        for text in ["PT5S", "PT1M30S", "PT0.5S", "P1D", "P1DT1H"] {
            assert!(is_duration(text), "{text}");
        }
        for text in ["", "P", "PT", "5", "PT5", "PTS", "P1H", "PT1S1M", "pt5s", "P1DT"] {
            assert!(!is_duration(text), "{text}");
        }
    }
}
