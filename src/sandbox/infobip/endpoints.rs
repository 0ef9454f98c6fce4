//! Which endpoints exist and which scopes they need (infobip.md 1.7, 11).

use super::channel::Channel;
use super::inbound::configuration;
use super::{Scene, State, history, kakao_alim, kakao_chingu, listings, mms, omni, rcs, sending, sms, viber, whatsapp};
use crate::sandbox::front::{Call, Reply};

/// What an endpoint does with an authorised call. The last argument of a function is the API key.
pub(super) enum Action {
    Send(&'static Channel),
    Reports(&'static Channel),
    Logs(&'static Channel),
    Answer(fn(&mut State, &Scene, &Call, &str) -> Reply),
}

/// An endpoint.
pub(super) struct Endpoint {
    /// One of these is enough.
    pub(super) scopes: &'static [&'static str],
    pub(super) action: Action,
}

impl Endpoint {
    pub(super) fn answer(&self, state: &mut State, scene: &Scene, call: &Call, api_key: &str) -> Reply {
        match self.action {
            Action::Send(channel) => sending::send(state, scene, call, api_key, channel),
            Action::Reports(channel) => history::reports(state, scene, call, channel),
            Action::Logs(channel) => history::logs(state, scene, call, channel),
            Action::Answer(answer) => answer(state, scene, call, api_key),
        }
    }
}

/// Where a channel's endpoints are and what they need. WhatsApp has neither reports nor logs.
struct Row {
    channel: &'static Channel,
    /// The first segments of the path; `send` is the last one of sending.
    product: &'static str,
    version: &'static str,
    send: &'static str,
    send_scopes: &'static [&'static str],
    log_scopes: &'static [&'static str],
}

const KAKAO_SEND: &[&str] = &["message:send", "kakao:message:send", "kakao:manage"];
const KAKAO_LOGS: &[&str] = &["kakao:logs:read", "kakao:manage"];

const CHANNELS: &[Row] = &[
    Row {
        channel: sms::CHANNEL,
        product: "sms",
        version: "3",
        send: "messages",
        send_scopes: &["message:send", "sms:message:send", "sms:manage"],
        log_scopes: &["sms:logs:read", "sms:manage"],
    },
    Row {
        channel: mms::CHANNEL,
        product: "mms",
        version: "2",
        send: "messages",
        send_scopes: &["message:send", "mms:message:send", "mms:manage"],
        log_scopes: &["mms:logs:read", "mms:manage"],
    },
    Row {
        channel: viber::CHANNEL,
        product: "viber",
        version: "2",
        send: "messages",
        send_scopes: &["message:send", "viber-bm:message:send", "viber-bm:manage"],
        log_scopes: &["viber-bm:logs:read", "viber-bm:manage"],
    },
    Row {
        channel: rcs::CHANNEL,
        product: "rcs",
        version: "2",
        send: "messages",
        send_scopes: &["message:send", "rcs:message:send", "rcs:manage"],
        log_scopes: &["rcs:logs:read", "rcs:manage"],
    },
    Row {
        channel: kakao_alim::CHANNEL,
        product: "kakao-alim",
        version: "1",
        send: "messages",
        send_scopes: KAKAO_SEND,
        log_scopes: KAKAO_LOGS,
    },
    Row {
        channel: kakao_chingu::CHANNEL,
        product: "kakao-chingu",
        version: "1",
        send: "messages",
        send_scopes: KAKAO_SEND,
        log_scopes: KAKAO_LOGS,
    },
    Row {
        channel: omni::CHANNEL,
        product: "omni",
        version: "1",
        send: "advanced",
        send_scopes: &["message:send", "omni-failover:message:send", "omni-failover:manage"],
        log_scopes: &["omni-failover:logs:read", "omni-failover:manage"],
    },
];

const WHATSAPP_SEND: &[&str] = &["message:send", "whatsapp:message:send", "whatsapp:manage"];
const WHATSAPP_MANAGE: &[&str] = &["whatsapp:manage"];
const NUMBERS: &[&str] = &["numbers:manage"];
const OMNI_MANAGE: &[&str] = &["omni-failover:manage"];

/// The endpoint of a method and path; `None` for one that does not exist here.
pub(super) fn find(method: &str, path: &str) -> Option<Endpoint> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let of_account: Option<(&'static [&'static str], Action)> = match (method, segments.as_slice()) {
        ("POST", ["whatsapp", "1", "message", "template"]) => Some((WHATSAPP_SEND, Action::Send(whatsapp::CHANNEL))),
        ("GET", ["whatsapp", "1", "templates"]) => Some((WHATSAPP_MANAGE, Action::Answer(listings::templates))),
        ("GET", ["whatsapp", "2", "senders", _, "templates"]) => {
            Some((WHATSAPP_MANAGE, Action::Answer(listings::sender_templates)))
        }
        ("GET", ["whatsapp", "1", "senders", "quality"]) => {
            Some((WHATSAPP_MANAGE, Action::Answer(listings::sender_quality)))
        }
        ("POST", ["sms", "1", "preview"]) => Some((&["sms:manage"], Action::Answer(sms::preview))),
        ("GET", ["rcs", "1", "senders"]) => {
            Some((&["rcs:manage", "rcs:provision"], Action::Answer(listings::rcs_senders)))
        }
        ("GET", ["omni", "1", "scenarios"]) => Some((OMNI_MANAGE, Action::Answer(listings::scenarios))),
        ("POST", ["omni", "1", "scenarios"]) => Some((OMNI_MANAGE, Action::Answer(omni::create_scenario))),
        ("GET", ["omni", "1", "scenarios", _]) => Some((OMNI_MANAGE, Action::Answer(omni::scenario_by_key))),
        ("GET", ["account", "1", "balance"]) => {
            Some((&["account-management:manage"], Action::Answer(listings::balance)))
        }
        ("GET", ["numbers", "1", "numbers"]) => Some((NUMBERS, Action::Answer(listings::numbers))),
        ("POST", ["resource-management", "1", "inbound-message-configurations"]) => {
            Some((NUMBERS, Action::Answer(configuration::create)))
        }
        ("POST", ["resources", "1", "resources"]) => Some((NUMBERS, Action::Answer(listings::resources))),
        _ => None,
    };
    let (scopes, action) = of_account.or_else(|| of_channel(method, &segments))?;
    Some(Endpoint { scopes, action })
}

fn of_channel(method: &str, segments: &[&str]) -> Option<(&'static [&'static str], Action)> {
    let [product, version, last] = segments else { return None };
    let row = CHANNELS.iter().find(|row| row.product == *product && row.version == *version)?;
    match (method, *last) {
        ("POST", last) if last == row.send => Some((row.send_scopes, Action::Send(row.channel))),
        ("GET", "reports") => Some((row.send_scopes, Action::Reports(row.channel))),
        ("GET", "logs") => Some((row.log_scopes, Action::Logs(row.channel))),
        _ => None,
    }
}
