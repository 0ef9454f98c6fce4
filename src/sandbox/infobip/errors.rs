//! Error answers in their two shapes (infobip.md 1.5).

use serde_json::{Map, Value, json};

use crate::sandbox::faults::FaultKind;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::Reply;

/// Which shape an endpoint's errors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// `errorCode`, `violations`: sms/3, mms/2, viber/2, rcs/2, kakao, messages-api.
    New,
    /// `requestError.serviceException`: everything else.
    Old,
}

impl Family {
    pub(super) fn of(path: &str) -> Self {
        let new = ["/sms/3/", "/mms/2/", "/viber/2/", "/rcs/2/", "/kakao", "/messages-api/"];
        if new.iter().any(|prefix| path.starts_with(prefix)) { Self::New } else { Self::Old }
    }
}

/// A property and what is wrong with it.
pub(super) type Violation = (String, String);

pub(super) fn bad_request(family: Family, violations: &[Violation]) -> Reply {
    let body = match family {
        Family::New => {
            let listed =
                violations.iter().map(|(property, problem)| json!({ "property": property, "violation": problem }));
            json!({
                "errorCode": "E400",
                "description": "Request cannot be processed.",
                "action": "Check the syntax, violations and adjust the request.",
                "violations": listed.collect::<Vec<_>>(),
                "resources": [],
            })
        }
        Family::Old => {
            let mut by_property = Map::new();
            for (property, problem) in violations {
                let problems = by_property.entry(property.clone()).or_insert_with(|| json!([]));
                if let Value::Array(problems) = problems {
                    problems.push(problem.as_str().into());
                }
            }
            let mut exception = json!({ "messageId": "BAD_REQUEST", "text": "Bad request" });
            exception.set("validationErrors", by_property);
            json!({ "requestError": { "serviceException": exception } })
        }
    };
    Reply::json(400, &body)
}

fn plain(family: Family, status: u16) -> Reply {
    let (new_code, old_code, text, action) = match status {
        401 => (
            "E401",
            "UNAUTHORIZED",
            "The request lacks valid authentication credentials for the requested resource.",
            "Check the resources and adjust authentication credentials.",
        ),
        403 => (
            "E403",
            "FORBIDDEN",
            "Insufficient permissions to access the requested resource.",
            "Check the resources and adjust the API key scopes.",
        ),
        404 => ("E404", "NOT_FOUND", "Requested URL not found.", "Check the URL."),
        405 => ("E405", "METHOD_NOT_ALLOWED", "The method is not allowed.", "Check the method."),
        413 => ("E413", "PAYLOAD_TOO_LARGE", "The request is too large.", "Send less."),
        415 => ("E415", "UNSUPPORTED_MEDIA_TYPE", "The content type is not supported.", "Send application/json."),
        429 => ("E429", "TOO_MANY_REQUESTS", "Too many requests.", "Reduce the rate of requests."),
        _ => ("E500", "GENERAL_ERROR", "Something went wrong.", "Try again later."),
    };
    let body = match family {
        Family::New => {
            let resource = match status {
                401 => {
                    json!([{ "name": "API Authentication", "url": "https://www.infobip.com/docs/essentials/api-authentication" }])
                }
                403 => {
                    json!([{ "name": "API Scopes", "url": "https://www.infobip.com/docs/essentials/api-authorization" }])
                }
                _ => json!([]),
            };
            json!({ "errorCode": new_code, "description": text, "action": action, "violations": [], "resources": resource })
        }
        Family::Old => json!({ "requestError": { "serviceException": { "messageId": old_code, "text": text } } }),
    };
    Reply::json(status, &body)
}

pub(super) fn unauthorized(family: Family) -> Reply {
    plain(family, 401)
}

pub(super) fn forbidden(family: Family) -> Reply {
    plain(family, 403)
}

pub(super) fn not_found(family: Family) -> Reply {
    plain(family, 404)
}

pub(super) fn too_large(family: Family) -> Reply {
    plain(family, 413)
}

pub(super) fn unsupported_media(family: Family) -> Reply {
    plain(family, 415)
}

pub(super) fn too_many(family: Family, retry_after_secs: Option<u64>) -> Reply {
    let reply = plain(family, 429);
    match retry_after_secs {
        Some(seconds) => reply.with_header("Retry-After", seconds.to_string()),
        None => reply,
    }
}

/// How a fault is shown. The family does not matter to a client that reads both, so faults use the new one.
pub(super) fn faulty(fault: &FaultKind) -> Reply {
    match fault {
        FaultKind::RateLimited { retry_after_secs } => too_many(Family::New, *retry_after_secs),
        FaultKind::Blocked => too_many(Family::New, None),
        FaultKind::Unauthorized => unauthorized(Family::New),
        FaultKind::Forbidden => forbidden(Family::New),
        FaultKind::Status { code: 400 } => {
            bad_request(Family::New, &[("request".to_owned(), "is refused by a fault of the sandbox".to_owned())])
        }
        FaultKind::Status { code } => plain(Family::New, *code),
        FaultKind::SoapFault { .. } => plain(Family::New, 500),
        FaultKind::SoapError { .. } | FaultKind::AsyncError { .. } => plain(Family::New, 400),
        FaultKind::Slow { .. } | FaultKind::ResetBeforeReading | FaultKind::ResetMidway => plain(Family::New, 500),
    }
}
