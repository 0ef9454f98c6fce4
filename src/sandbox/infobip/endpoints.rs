//! Which endpoints exist and which scopes they need (infobip.md 1.7, 11). A further channel adds its lines here and a file.

use super::{Scene, State, history, probes, sms};
use crate::sandbox::front::{Call, Reply};

/// Answers an authorised call. The last argument is the API key.
type Answer = fn(&mut State, &Scene, &Call, &str) -> Reply;

/// An endpoint.
pub(super) struct Endpoint {
    /// One of these is enough.
    pub(super) scopes: &'static [&'static str],
    pub(super) answer: Answer,
}

const SMS_SEND: &[&str] = &["message:send", "sms:message:send", "sms:manage"];
const MMS_SEND: &[&str] = &["message:send", "mms:message:send", "mms:manage"];
const VIBER_SEND: &[&str] = &["message:send", "viber-bm:message:send", "viber-bm:manage"];
const RCS_SEND: &[&str] = &["message:send", "rcs:message:send", "rcs:manage"];
const WHATSAPP_SEND: &[&str] = &["message:send", "whatsapp:message:send", "whatsapp:manage"];
const KAKAO_SEND: &[&str] = &["message:send", "kakao:message:send", "kakao:manage"];

/// The endpoint of a method and path; `None` for one that does not exist here.
pub(super) fn find(method: &str, path: &str) -> Option<Endpoint> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (scopes, answer): (&'static [&'static str], Answer) = match (method, segments.as_slice()) {
        ("POST", ["sms", "3", "messages"]) => (SMS_SEND, sms::send),
        ("GET", ["sms", "3", "reports"]) => (SMS_SEND, history::reports),
        ("GET", ["sms", "3", "logs"]) => (&["sms:logs:read", "sms:manage"], history::logs),
        ("POST", ["sms", "1", "preview"]) => (&["sms:manage"], sms::preview),
        ("GET", ["account", "1", "balance"]) => (&["account-management:manage"], probes::balance),
        ("GET", ["numbers", "1", "numbers"]) => (&["numbers:manage"], probes::numbers),
        ("POST", ["resources", "1", "resources"]) => (&["numbers:manage"], probes::resources),
        ("GET", ["mms", "2", "reports"]) => (MMS_SEND, probes::no_results),
        ("GET", ["mms", "2", "logs"]) => (&["mms:logs:read", "mms:manage"], probes::no_results),
        ("GET", ["viber", "2", "reports"]) => (VIBER_SEND, probes::no_results),
        ("GET", ["viber", "2", "logs"]) => (&["viber-bm:logs:read", "viber-bm:manage"], probes::no_results),
        ("GET", ["rcs", "2", "reports"]) => (RCS_SEND, probes::no_results),
        ("GET", ["rcs", "2", "logs"]) => (&["rcs:logs:read", "rcs:manage"], probes::no_results),
        ("GET", ["rcs", "1", "senders"]) => (&["rcs:manage", "rcs:provision"], probes::rcs_senders),
        ("GET", ["kakao-alim" | "kakao-chingu", "1", "reports"]) => (KAKAO_SEND, probes::no_results),
        ("GET", ["kakao-alim" | "kakao-chingu", "1", "logs"]) => {
            (&["kakao:logs:read", "kakao:manage"], probes::no_results)
        }
        ("GET", ["whatsapp", "1", "templates"]) => (&["whatsapp:manage"], probes::templates),
        ("GET", ["whatsapp", "2", "senders", _, "templates"]) => (&["whatsapp:manage"], probes::templates),
        ("POST", ["whatsapp", "1", "message", "template"]) => (WHATSAPP_SEND, probes::whatsapp_probe),
        ("GET", ["omni", "1", "scenarios"]) => (&["omni-failover:manage"], probes::scenarios),
        _ => return None,
    };
    Some(Endpoint { scopes, answer })
}
