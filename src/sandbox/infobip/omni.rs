//! `POST /omni/1/advanced` and the scenarios it follows (infobip.md 5.3, 7.3).

use serde_json::{Value, json};

use super::channel::{BODY_BYTES_MAX, Channel, Envelope, Verdict};
use super::errors::{self, Family, Violation};
use super::registered::Scenario;
use super::schema::{ANY, Field, INT32, Kind, optional, required};
use super::status::ENROUTE;
use super::unified::{INDIA_DLT, checked_body};
use super::{InfobipAccount, Scene, State, kakao_alim, sms};
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

/// The content of each channel that a scenario can name.
const CONTENTS: &[(&str, &str)] = &[
    ("VIBER", "viber"),
    ("KAKAO_ALIM", "kakaoAlim"),
    ("KAKAO_CHINGU", "kakaoChingu"),
    ("SMS", "sms"),
    ("EMAIL", "email"),
    ("VOICE", "voice"),
    ("PUSH", "push"),
    ("LINE", "line"),
    ("VKONTAKTE", "vKontakte"),
    ("WHATSAPP", "whatsApp"),
];

pub(super) const CHANNEL: &Channel = &Channel {
    path: "/omni/1/advanced",
    name: "OMNI",
    envelope: Envelope::Omni,
    request: &REQUEST,
    body_bytes_max: BODY_BYTES_MAX,
    accepted: ENROUTE,
    text: |account, body| {
        let content = first(account, body).map(|(_, _, content)| content.at("text"));
        content.and_then(Value::as_str).unwrap_or_default().to_owned()
    },
    judge: |account, body| {
        let Some((channel, sender, content)) = first(account, body) else { return Verdict::FINE };
        let sender = Value::from(sender);
        let is_same = |known: &String, sender: &str| known == sender;
        match channel {
            "VIBER" => Verdict::of_sender(&sender, &account.viber_senders, is_same),
            "KAKAO_CHINGU" => Verdict::of_sender(&sender, &account.kakao_profile_keys, is_same),
            "KAKAO_ALIM" => Verdict::of_sender(&sender, &account.kakao_profile_keys, is_same)
                .or(|| kakao_alim::template_verdict(account, &sender, content)),
            _ => Verdict::FINE,
        }
    },
};

/// The contents of a request, by the name of their field.
pub(super) fn contents(body: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    CONTENTS.iter().filter_map(|(_, name)| Some((*name, body.get(*name)?)))
}

/// The scenario of a request; the account's default one when it names none.
fn scenario<'a>(account: &'a InfobipAccount, body: &Value) -> Option<&'a Scenario> {
    let key = body.at("scenarioKey").as_str();
    account.scenarios.iter().find(|scenario| match key {
        Some(key) => scenario.key == key,
        None => scenario.is_default,
    })
}

/// The first step that has a content: channel, sender, content.
fn first<'a>(account: &'a InfobipAccount, body: &'a Value) -> Option<(&'static str, &'a str, &'a Value)> {
    let mut steps = scenario(account, body)?.flow.iter();
    steps.find_map(|(channel, sender)| {
        let (channel, name) = CONTENTS.iter().find(|(known, _)| known == channel)?;
        Some((*channel, sender.as_str(), body.get(*name).filter(|content| !content.is_null())?))
    })
}

/// Sender and channel of the first step; nothing fails in this world so that a further one would be taken.
pub(super) fn first_step<'a>(account: &'a InfobipAccount, body: &'a Value) -> (&'a str, &'static str) {
    first(account, body).map_or(("", "OMNI"), |(channel, sender, _)| (sender, channel))
}

/// A request needs a scenario, and a content for one of its steps.
pub(super) fn scenario_violation(account: &InfobipAccount, body: &Value) -> Option<Violation> {
    if scenario(account, body).is_none() {
        return Some(("scenarioKey".to_owned(), "is not the key of a scenario".to_owned()));
    }
    first(account, body)
        .is_none()
        .then(|| ("scenarioKey".to_owned(), "is of a scenario for whose channels there is no content".to_owned()))
}

const TIME_UNIT: Field = optional(
    "validityPeriodTimeUnit",
    Kind::OneOf(&["NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS"]),
);
const VALIDITY: Field = optional("validityPeriod", INT32);
const VIBER: Kind = Kind::Ruled(
    &Kind::Object(&[
        optional("text", ANY),
        optional("imageURL", Kind::Text { max: 1_000 }),
        optional("buttonText", Kind::Text { max: 30 }),
        optional("buttonURL", Kind::Text { max: 1_000 }),
        optional("fileName", Kind::Text { max: 25 }),
        optional("fileType", ANY),
        optional("fileUrl", Kind::Url),
        optional("trackingData", Kind::Text { max: 100 }),
        optional("isPromotional", Kind::Bool),
        optional("forcePrimaryDevice", Kind::Bool),
        VALIDITY,
        TIME_UNIT,
    ]),
    validity_violation,
);

const SCHEME: Kind = Kind::Sized { min: 1, max: 500 };
const BUTTON_TEXT: Field = required("buttonText", Kind::Sized { min: 1, max: 28 });
const URL_MOBILE: Field = optional("buttonUrlMobile", SCHEME);
const URL_PC: Field = optional("buttonUrlPc", SCHEME);
const ALIM_BUTTON: Kind = Kind::Tagged(&[
    (
        "URL",
        &[BUTTON_TEXT, optional("buttonUrl", SCHEME), URL_MOBILE, URL_PC, optional("target", Kind::OneOf(&["out"]))],
    ),
    ("APP_LINK", &[BUTTON_TEXT, optional("androidScheme", SCHEME), optional("iosScheme", SCHEME), URL_MOBILE, URL_PC]),
    (
        "CHATBOT_SWITCH",
        &[BUTTON_TEXT, required("chatExtra", Kind::Text { max: 50 }), required("chatEvent", Kind::Text { max: 50 })],
    ),
    ("DELIVERY_TRACKING", &[BUTTON_TEXT]),
    ("BOT_KEYWORD", &[BUTTON_TEXT]),
    ("MESSAGE_DELIVERY", &[BUTTON_TEXT]),
    ("ADD_CHANNEL", &[BUTTON_TEXT]),
]);
const KAKAO_ALIM: Kind = Kind::Object(&[
    required("text", Kind::Sized { min: 1, max: 1_000 }),
    required("templateCode", Kind::Sized { min: 1, max: 30 }),
    optional("title", Kind::Text { max: 50 }),
    optional("groupKey", ANY),
    optional("buttons", Kind::List { of: &ALIM_BUTTON, min: 1, max: 5 }),
    VALIDITY,
    TIME_UNIT,
]);
const CHINGU_BUTTON: Kind = Kind::Tagged(&[
    ("URL", &[BUTTON_TEXT, required("buttonUrl", SCHEME)]),
    ("APP_LINK", &[BUTTON_TEXT, required("androidScheme", SCHEME), required("iosScheme", SCHEME)]),
    ("MESSAGE_DELIVERY", &[BUTTON_TEXT]),
    ("BOT_KEYWORD", &[BUTTON_TEXT]),
]);
const KAKAO_CHINGU: Kind = Kind::Object(&[
    required("text", ANY),
    optional("imageUrl", Kind::Sized { min: 1, max: 250 }),
    optional("imageLink", Kind::Sized { min: 1, max: 250 }),
    optional("isPromotional", Kind::Bool),
    optional("buttons", Kind::List { of: &CHINGU_BUTTON, min: 1, max: 5 }),
    VALIDITY,
    TIME_UNIT,
]);
const SMS: Kind = Kind::Object(&[
    optional("text", Kind::Sized { min: 1, max: usize::MAX }),
    optional(
        "language",
        Kind::Object(&[optional("languageCode", Kind::OneOf(&["NONE", "TR", "ES", "PT", "AUTODETECT"]))]),
    ),
    optional("transliteration", sms::TRANSLITERATION),
    optional(
        "regional",
        Kind::Object(&[INDIA_DLT, optional("korea", Kind::Object(&[optional("title", Kind::Text { max: 66 })]))]),
    ),
    VALIDITY,
    TIME_UNIT,
]);
const DESTINATION: Kind = Kind::Object(&[
    optional("messageId", ANY),
    required(
        "to",
        Kind::Object(&[
            required("phoneNumber", ANY),
            optional("emailAddress", ANY),
            optional("pushRegistrationId", ANY),
            optional("whatsAppUserId", ANY),
        ]),
    ),
]);
const REQUEST: Kind = Kind::Object(&[
    required("destinations", Kind::List { of: &DESTINATION, min: 1, max: usize::MAX }),
    optional("scenarioKey", ANY),
    optional("bulkId", ANY),
    optional("viber", VIBER),
    optional("kakaoAlim", KAKAO_ALIM),
    optional("kakaoChingu", KAKAO_CHINGU),
    optional("sms", SMS),
    optional("email", Kind::Opaque),
    optional("voice", Kind::Opaque),
    optional("push", Kind::Opaque),
    optional("line", Kind::Opaque),
    optional("vKontakte", Kind::Opaque),
    optional("whatsApp", Kind::Opaque),
    optional("notify", Kind::Bool),
    optional("notifyUrl", Kind::Url),
    optional("notifyContentType", Kind::OneOf(&["application/json", "application/xml"])),
    optional("intermediateReport", Kind::Bool),
    optional("sendAt", Kind::Date),
    optional("callbackData", Kind::Text { max: 4_000 }),
]);

/// Viber keeps a message for more than 35 seconds and at most 14 days.
fn validity_violation(viber: &Value) -> Option<Violation> {
    const SECOND: i128 = 1_000_000_000;
    let period = viber.at("validityPeriod").as_i64()?;
    let unit = match viber.at("validityPeriodTimeUnit").as_str() {
        Some("NANOSECONDS") => 1,
        Some("MICROSECONDS") => 1_000,
        Some("MILLISECONDS") => 1_000_000,
        Some("SECONDS") => SECOND,
        Some("HOURS") => 3_600 * SECOND,
        Some("DAYS") => 86_400 * SECOND,
        _ => 60 * SECOND,
    };
    let nanos = i128::from(period) * unit;
    let is_allowed = nanos > 35 * SECOND && nanos <= 14 * 86_400 * SECOND;
    (!is_allowed).then(|| ("validityPeriod".to_owned(), "must be more than 35 seconds and at most 14 days".to_owned()))
}

const SCENARIO: Kind = Kind::Object(&[
    optional("name", ANY),
    required(
        "flow",
        Kind::List {
            of: &Kind::Object(&[
                optional("from", ANY),
                required(
                    "channel",
                    Kind::OneOf(&[
                        "SMS",
                        "EMAIL",
                        "VOICE",
                        "PUSH",
                        "VIBER",
                        "LINE",
                        "VKONTAKTE",
                        "KAKAO_CHINGU",
                        "KAKAO_ALIM",
                        "WHATSAPP",
                    ]),
                ),
            ]),
            min: 1,
            max: usize::MAX,
        },
    ),
    optional("default", Kind::Bool),
]);

/// `GET /omni/1/scenarios/{key}`.
pub(super) fn scenario_by_key(state: &mut State, _: &Scene, call: &Call, api_key: &str) -> Reply {
    let key = call.segments().pop().unwrap_or_default();
    let account = state.registered(api_key);
    match account.scenarios.iter().find(|scenario| scenario.key == key) {
        Some(scenario) => Reply::json(200, &scenario.to_json()),
        None => errors::not_found(Family::Old),
    }
}

/// `POST /omni/1/scenarios`; a new default takes the place of the old one.
pub(super) fn create_scenario(state: &mut State, _: &Scene, call: &Call, api_key: &str) -> Reply {
    let body = match checked_body(call, &SCENARIO, Family::Old) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let steps = super::channel::items(body.at("flow")).iter();
    let scenario = Scenario {
        key: uuid::Uuid::new_v4().simple().to_string().to_uppercase(),
        name: text(body.at("name")),
        flow: steps.map(|step| (text(step.at("channel")), text(step.at("from")))).collect(),
        is_default: body.at("default").as_bool().unwrap_or(false),
    };
    let answer: Value = json!(scenario.to_json());
    if let Some(account) = state.accounts.get_mut(api_key) {
        account.change(|registered| {
            if scenario.is_default {
                registered.scenarios.iter_mut().for_each(|known| known.is_default = false);
            }
            registered.scenarios.push(scenario);
        });
    }
    Reply::json(201, &answer)
}
