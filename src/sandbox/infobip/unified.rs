//! What the channels of the unified family share: fields of the envelope and reading a body (infobip.md 1.3).

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Scene;
use super::errors::{self, Family, Violation};
use super::schema::{Field, INT32, Kind, POSITIVE, check, optional, required};
use crate::clock::Timestamp;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

const SEND_AT_DAYS_MAX: u64 = 180;

pub(super) const ANY: Kind = Kind::Text { max: usize::MAX };
pub(super) const PLATFORM: &[Field] =
    &[optional("entityId", Kind::Text { max: 255 }), optional("applicationId", Kind::Text { max: 255 })];
pub(super) const PERIOD: &[Field] =
    &[required("amount", POSITIVE), optional("timeUnit", Kind::OneOf(&["SECONDS", "MINUTES", "HOURS"]))];
const TIME: &[Field] =
    &[required("hour", Kind::Int { min: 0, max: 23 }), required("minute", Kind::Int { min: 0, max: 59 })];
const DAY: Kind = Kind::OneOf(&["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]);
pub(super) const WINDOW: &[Field] = &[
    required("days", Kind::List { of: &DAY, min: 1 }),
    optional("from", Kind::Object(TIME)),
    optional("to", Kind::Object(TIME)),
];
pub(super) const DESTINATION: Kind = Kind::Object(&[
    required("to", Kind::Text { max: 64 }),
    optional("messageId", Kind::Text { max: 200 }),
    optional("networkId", INT32),
]);
pub(super) const WEBHOOKS: &[Field] = &[
    optional(
        "delivery",
        Kind::Object(&[
            optional("url", Kind::Url),
            optional("intermediateReport", Kind::Bool),
            optional("notify", Kind::Bool),
        ]),
    ),
    optional("contentType", Kind::OneOf(&["application/json", "application/xml"])),
    optional("callbackData", Kind::Text { max: 4_000 }),
];
const SPEED_LIMIT: &[Field] =
    &[required("amount", POSITIVE), optional("timeUnit", Kind::OneOf(&["MINUTE", "HOUR", "DAY"]))];
pub(super) const SCHEDULE: &[Field] = &[
    optional("bulkId", Kind::Text { max: 100 }),
    optional("sendAt", Kind::Date),
    optional("sendingSpeedLimit", Kind::Object(SPEED_LIMIT)),
];
pub(super) const TRACKING: &[Field] = &[
    optional("shortenUrl", Kind::Bool),
    optional("trackClicks", Kind::Bool),
    optional("trackingUrl", Kind::Url),
    optional("removeProtocol", Kind::Bool),
    optional("customDomain", ANY),
];
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
pub(super) fn window_violation(index: usize, message: &Value) -> Option<Violation> {
    let window = message.pointer("/options/deliveryTimeWindow")?;
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
    let property = format!("messages[{index}].options.deliveryTimeWindow");
    (!is_valid).then(|| (property, "needs from and to, at least one hour apart, or neither".to_owned()))
}

/// A message can be scheduled at most 180 days ahead.
pub(super) fn send_at_violation(scene: &Scene, options: &Value) -> Option<Violation> {
    let send_at = options.pointer("/schedule/sendAt").and_then(Value::as_str).and_then(Timestamp::parse)?;
    let latest = scene.wall.plus(Duration::from_secs(SEND_AT_DAYS_MAX * 86_400));
    let problem = ("options.schedule.sendAt".to_owned(), "must be at most 180 days ahead".to_owned());
    (send_at > latest).then_some(problem)
}

/// Where clicks are reported; shortening must be on for any other tracking option to work.
pub(super) fn tracking_url(options: &Value) -> Option<Arc<str>> {
    let tracking = options.get("tracking")?;
    let is_on = |name: &str| tracking.at(name).as_bool().unwrap_or(true);
    let url = tracking.at("trackingUrl").as_str()?;
    (is_on("shortenUrl") && is_on("trackClicks")).then(|| Arc::from(url))
}
