//! `POST /sms/3/messages`, `POST /sms/1/preview` (infobip.md 1.3, 1.4, 2.1).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::errors::{self, Family, Violation};
use super::ledger::Entry;
use super::outcome;
use super::schema::{Field, INT32, Kind, POSITIVE, check, optional, required};
use super::status::{ACCEPTED, DELIVERED, Status};
use super::text::parts;
use super::webhooks::{Item, What};
use super::{Scene, State, new_id};
use crate::clock::Timestamp;
use crate::sandbox::front::{Call, Reply};

const PARTS_MAX: u32 = 25;
const TEXT_BYTES_MAX: usize = 4_000;
const SEND_AT_DAYS_MAX: u64 = 180;

const ANY: Kind = Kind::Text { max: usize::MAX };
const PLATFORM: &[Field] =
    &[optional("entityId", Kind::Text { max: 255 }), optional("applicationId", Kind::Text { max: 255 })];
const PERIOD: &[Field] =
    &[required("amount", POSITIVE), optional("timeUnit", Kind::OneOf(&["SECONDS", "MINUTES", "HOURS"]))];
const TIME: &[Field] =
    &[required("hour", Kind::Int { min: 0, max: 23 }), required("minute", Kind::Int { min: 0, max: 59 })];
const DAY: Kind = Kind::OneOf(&["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]);
const WINDOW: &[Field] = &[
    required("days", Kind::List { of: &DAY, min: 1 }),
    optional("from", Kind::Object(TIME)),
    optional("to", Kind::Object(TIME)),
];
const REGIONAL: &[Field] = &[
    optional(
        "indiaDlt",
        Kind::Object(&[
            required("principalEntityId", ANY),
            optional("contentTemplateId", ANY),
            optional("telemarketerId", ANY),
        ]),
    ),
    optional(
        "turkeyIys",
        Kind::Object(&[required("recipientType", Kind::OneOf(&["BIREYSEL", "TACIR"])), optional("brandCode", INT32)]),
    ),
    optional("southKorea", Kind::Object(&[optional("title", Kind::Text { max: 66 }), optional("resellerCode", INT32)])),
];
const MESSAGE_OPTIONS: &[Field] = &[
    optional("platform", Kind::Object(PLATFORM)),
    optional("validityPeriod", Kind::Object(PERIOD)),
    optional("deliveryTimeWindow", Kind::Object(WINDOW)),
    optional("campaignReferenceId", Kind::Text { max: 255 }),
    optional("regional", Kind::Object(REGIONAL)),
    optional("flash", Kind::Bool),
];
const LANGUAGE: &[Field] = &[
    optional("languageCode", Kind::OneOf(&["NONE", "TR", "ES", "PT", "AUTODETECT"])),
    optional("singleShift", Kind::Bool),
    optional("lockingShift", Kind::Bool),
];
const TRANSLITERATION: Kind = Kind::OneOf(&[
    "NONE",
    "TURKISH",
    "GREEK",
    "CYRILLIC",
    "SERBIAN_CYRILLIC",
    "BULGARIAN_CYRILLIC",
    "CENTRAL_EUROPEAN",
    "BALTIC",
    "PORTUGUESE",
    "COLOMBIAN",
    "NON_UNICODE",
    "ALL",
]);
const TEXT_CONTENT: &[Field] = &[
    required("text", Kind::Filled { max: usize::MAX }),
    optional("transliteration", TRANSLITERATION),
    optional("language", Kind::Object(LANGUAGE)),
];
const BINARY_CONTENT: &[Field] =
    &[required("hex", Kind::Filled { max: usize::MAX }), optional("dataCoding", INT32), optional("esmClass", INT32)];
const DESTINATION: Kind = Kind::Object(&[
    required("to", Kind::Text { max: 64 }),
    optional("messageId", Kind::Text { max: 200 }),
    optional("networkId", INT32),
]);
const WEBHOOKS: &[Field] = &[
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
const MESSAGE: Kind = Kind::Object(&[
    optional("sender", ANY),
    required("destinations", Kind::List { of: &DESTINATION, min: 1 }),
    required("content", Kind::Either(content_fields)),
    optional("options", Kind::Object(MESSAGE_OPTIONS)),
    optional("webhooks", Kind::Object(WEBHOOKS)),
]);
const SPEED_LIMIT: &[Field] =
    &[required("amount", POSITIVE), optional("timeUnit", Kind::OneOf(&["MINUTE", "HOUR", "DAY"]))];
const SCHEDULE: &[Field] = &[
    optional("bulkId", Kind::Text { max: 100 }),
    optional("sendAt", Kind::Date),
    optional("sendingSpeedLimit", Kind::Object(SPEED_LIMIT)),
];
const TRACKING: &[Field] = &[
    optional("shortenUrl", Kind::Bool),
    optional("trackClicks", Kind::Bool),
    optional("trackingUrl", Kind::Url),
    optional("removeProtocol", Kind::Bool),
    optional("customDomain", ANY),
];
const REQUEST_OPTIONS: &[Field] = &[
    optional("schedule", Kind::Object(SCHEDULE)),
    optional("tracking", Kind::Object(TRACKING)),
    optional("includeSmsCountInResponse", Kind::Bool),
    optional(
        "conversionTracking",
        Kind::Object(&[optional("useConversionTracking", Kind::Bool), optional("conversionTrackingName", ANY)]),
    ),
];
const REQUEST: Kind = Kind::Object(&[
    required("messages", Kind::List { of: &MESSAGE, min: 1 }),
    optional("options", Kind::Object(REQUEST_OPTIONS)),
]);
const PREVIEW: Kind = Kind::Object(&[
    required("text", Kind::Filled { max: usize::MAX }),
    optional("languageCode", Kind::OneOf(&["NONE", "TR", "ES", "PT", "AUTODETECT"])),
    optional("transliteration", TRANSLITERATION),
]);

/// Binary content excludes text, so a mixture violates.
fn content_fields(content: &Map<String, Value>) -> &'static [Field] {
    if content.contains_key("hex") { BINARY_CONTENT } else { TEXT_CONTENT }
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

pub(super) fn send(state: &mut State, scene: &Scene, call: &Call, api_key: &str) -> Reply {
    let body = match checked_body(call, &REQUEST, Family::New) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let options = &body["options"];
    let violations = further_violations(state, scene, messages, options);
    if !violations.is_empty() {
        return errors::bad_request(Family::New, &violations);
    }
    let destinations: usize =
        messages.iter().map(|message| message["destinations"].as_array().map_or(0, Vec::len)).sum();
    let given_bulk = options.pointer("/schedule/bulkId").and_then(Value::as_str).map(Arc::<str>::from);
    let bulk_id = given_bulk.or_else(|| (destinations > 1).then(|| Arc::from(new_id())));
    let shows_count = options["includeSmsCountInResponse"].as_bool().unwrap_or(false);
    let request = Request {
        api_key,
        path: "/sms/3/messages",
        request_no: state.calls,
        bulk_id: bulk_id.clone(),
        tracking_url: tracking_url(options),
    };
    let mut answers = Vec::with_capacity(destinations);
    for message in messages {
        let raw: Arc<str> = message.to_string().into();
        for destination in message["destinations"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let accepted = accept(state, scene, &request, message, &raw, destination);
            let mut answer = json!({
                "messageId": accepted.message_id,
                "status": accepted.status.to_json(),
                "destination": destination["to"],
            });
            if shows_count {
                answer["details"] = json!({ "messageCount": accepted.parts });
            }
            answers.push(answer);
        }
    }
    let mut answer = json!({ "messages": answers });
    if let Some(bulk_id) = bulk_id {
        answer["bulkId"] = (*bulk_id).into();
    }
    Reply::json(200, &answer)
}

/// What the schema's tables cannot say.
fn further_violations(state: &State, scene: &Scene, messages: &[Value], options: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        if let Some(marker) = &state.poison
            && message.pointer("/content/text").and_then(Value::as_str).is_some_and(|text| text.contains(marker))
        {
            violations.push((format!("messages[{index}].content.text"), "is not allowed".to_owned()));
        }
        if let Some(window) = message.pointer("/options/deliveryTimeWindow") {
            let minutes = |end: &str| {
                let time = window.get(end)?;
                Some(time["hour"].as_i64()? * 60 + time["minute"].as_i64()?)
            };
            let is_valid = match (minutes("from"), minutes("to")) {
                (None, None) => true,
                // Across midnight counts as well.
                (Some(from), Some(to)) => (to - from).rem_euclid(24 * 60) >= 60,
                _ => false,
            };
            if !is_valid {
                let property = format!("messages[{index}].options.deliveryTimeWindow");
                violations.push((property, "needs from and to, at least one hour apart, or neither".to_owned()));
            }
        }
    }
    let send_at = options.pointer("/schedule/sendAt").and_then(Value::as_str).and_then(Timestamp::parse);
    let latest = scene.wall.plus(Duration::from_secs(SEND_AT_DAYS_MAX * 86_400));
    if send_at.is_some_and(|send_at| send_at > latest) {
        violations.push(("options.schedule.sendAt".to_owned(), "must be at most 180 days ahead".to_owned()));
    }
    violations
}

/// Where clicks are reported; shortening must be on for any other tracking option to work.
fn tracking_url(options: &Value) -> Option<Arc<str>> {
    let tracking = options.get("tracking")?;
    let is_on = |name: &str| tracking[name].as_bool().unwrap_or(true);
    let url = tracking["trackingUrl"].as_str()?;
    (is_on("shortenUrl") && is_on("trackClicks")).then(|| Arc::from(url))
}

/// What all messages of a request share.
struct Request<'a> {
    api_key: &'a str,
    path: &'static str,
    request_no: u64,
    bulk_id: Option<Arc<str>>,
    tracking_url: Option<Arc<str>>,
}

struct Accepted {
    message_id: String,
    status: Status,
    parts: u32,
}

/// Judges one destination of one message; an accepted one is recorded and its reports are scheduled.
fn accept(
    state: &mut State,
    scene: &Scene,
    request: &Request<'_>,
    message: &Value,
    raw: &Arc<str>,
    destination: &Value,
) -> Accepted {
    let to = destination["to"].as_str().unwrap_or_default();
    let given_id = destination["messageId"].as_str().filter(|id| !id.is_empty());
    let message_id = given_id.map_or_else(new_id, str::to_owned);
    let text = message.pointer("/content/text").and_then(Value::as_str).unwrap_or_default();
    let parts = parts(text).count;
    let sender = message["sender"].as_str().unwrap_or_default();
    let rejection = state.ledger.is_repeated(&message_id).then_some(23).or_else(|| {
        let magic = outcome::magic(to).filter(|status| status.group == 5).map(|status| status.id);
        let is_too_long = parts > PARTS_MAX || text.len() > TEXT_BYTES_MAX;
        magic
            .or_else(|| (!is_plausible(to)).then_some(8))
            .or_else(|| state.refused_senders.get(sender).copied())
            .or_else(|| is_too_long.then_some(25))
    });
    // Only what nothing else refuses is charged. A refused id is not remembered: it may be sent again.
    let rejection = rejection.or_else(|| {
        let account = state.accounts.get_mut(request.api_key);
        (!account.is_some_and(|account| account.charge(parts))).then_some(12)
    });
    if let Some(id) = rejection {
        return Accepted { message_id, status: Status::of(id), parts };
    }
    let fate = outcome::choose(state.seed, to, &state.script);
    let delay = state.delay();
    let delivery = message.pointer("/webhooks/delivery");
    let notifies = delivery.and_then(|delivery| delivery["notify"].as_bool()).unwrap_or(true);
    let url = delivery.and_then(|delivery| delivery["url"].as_str()).filter(|_| notifies).map(Arc::<str>::from);
    let entry = Entry {
        message_id: message_id.as_str().into(),
        to: to.into(),
        raw: Arc::clone(raw),
        path: request.path,
        bulk_id: request.bulk_id.clone(),
        at: scene.now,
        wall_at: scene.wall,
        delay,
        request_no: request.request_no,
        fate,
        parts,
        is_pollable: url.is_none(),
    };
    let place = state.ledger.add(entry);
    let due = scene.now.plus(delay);
    if let Some(url) = url {
        if delivery.and_then(|delivery| delivery["intermediateReport"].as_bool()).unwrap_or(false) {
            let what = What::Intermediate;
            state.outbox.schedule(scene.now.plus(delay / 2), Item { url: Arc::clone(&url), place, what });
        }
        state.outbox.schedule(due, Item { url, place, what: What::Final });
    }
    if let Some(url) = &request.tracking_url
        && fate == DELIVERED
        && text.contains("://")
        && outcome::is_clicked(state.seed, to, &state.script)
    {
        state.outbox.schedule(due.plus(delay), Item { url: Arc::clone(url), place, what: What::Click });
    }
    Accepted { message_id, status: ACCEPTED, parts }
}

/// Whether a number can be one in E.164: digits only, 8 to 15 of them, no leading zero.
fn is_plausible(to: &str) -> bool {
    (8..=15).contains(&to.len()) && !to.starts_with('0') && to.bytes().all(|byte| byte.is_ascii_digit())
}

/// `POST /sms/1/preview`: how a text is split.
pub(super) fn preview(_: &mut State, _: &Scene, call: &Call, _: &str) -> Reply {
    let body = match checked_body(call, &PREVIEW, Family::Old) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let text = body["text"].as_str().unwrap_or_default();
    let counted = parts(text);
    let single = if counted.is_unicode { 70 } else { 160 };
    let joined = if counted.is_unicode { 67 } else { 153 };
    let room = if counted.count == 1 { single } else { joined * counted.count as usize };
    let preview = json!({
        "textPreview": text,
        "messageCount": counted.count,
        "charactersRemaining": room.saturating_sub(counted.length),
        "configuration": {},
    });
    Reply::json(200, &json!({ "originalText": text, "previews": [preview] }))
}
