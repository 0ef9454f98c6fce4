//! `POST /sms/3/messages`, `POST /sms/1/preview` (infobip.md 1.3, 1.4, 2.1).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::acceptance::{Request, accept};
use super::errors::{self, Family, Violation};
use super::schema::{Field, INT32, Kind, optional, required};
use super::text::parts;
use super::unified::{
    self, ANY, DESTINATION, PERIOD, PLATFORM, SCHEDULE, TRACKING, WEBHOOKS, WINDOW, checked_body, tracking_url,
};
use super::{Scene, State, new_id};
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

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
const MESSAGE: Kind = Kind::Object(&[
    optional("sender", ANY),
    required("destinations", Kind::List { of: &DESTINATION, min: 1 }),
    required("content", Kind::Either(content_fields)),
    optional("options", Kind::Object(MESSAGE_OPTIONS)),
    optional("webhooks", Kind::Object(WEBHOOKS)),
]);
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

pub(super) fn send(state: &mut State, scene: &Scene, call: &Call, api_key: &str) -> Reply {
    let body = match checked_body(call, &REQUEST, Family::New) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let messages = body.at("messages").as_array().map(Vec::as_slice).unwrap_or_default();
    let options = body.at("options");
    let violations = further_violations(state, scene, messages, options);
    if !violations.is_empty() {
        return errors::bad_request(Family::New, &violations);
    }
    let destinations: usize =
        messages.iter().map(|message| message.at("destinations").as_array().map_or(0, Vec::len)).sum();
    let given_bulk = options.pointer("/schedule/bulkId").and_then(Value::as_str).map(Arc::<str>::from);
    let bulk_id = given_bulk.or_else(|| (destinations > 1).then(|| Arc::from(new_id())));
    let shows_count = options.at("includeSmsCountInResponse").as_bool().unwrap_or(false);
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
        for destination in message.at("destinations").as_array().map(Vec::as_slice).unwrap_or_default() {
            let accepted = accept(state, scene, &request, message, &raw, destination);
            let mut answer = json!({
                "messageId": accepted.message_id,
                "status": accepted.status.to_json(),
                "destination": destination.at("to"),
            });
            if shows_count {
                answer.set("details", json!({ "messageCount": accepted.parts }));
            }
            answers.push(answer);
        }
    }
    let mut answer = json!({ "messages": answers });
    if let Some(bulk_id) = bulk_id {
        answer.set("bulkId", &*bulk_id);
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
        violations.extend(unified::window_violation(index, message));
    }
    violations.extend(unified::send_at_violation(scene, options));
    violations
}

/// `POST /sms/1/preview`: how a text is split.
pub(super) fn preview(_: &mut State, _: &Scene, call: &Call, _: &str) -> Reply {
    let body = match checked_body(call, &PREVIEW, Family::Old) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let text = body.at("text").as_str().unwrap_or_default();
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
