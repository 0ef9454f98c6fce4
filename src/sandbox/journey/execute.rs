//! One execute call: body, signature, request, and what its answer means (sfmc.md 2.1, 2.2, 2.4).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;

use super::template::Template;
use crate::clock::Clock;

const TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);
const TIMEOUT_MIN_MS: u64 = 1_000;
const TIMEOUT_MAX_MS: u64 = 100_000;
const RETRY_COUNT_MAX: u64 = 5;
const RETRY_DELAY_DEFAULT_MS: u64 = 1_000;
const RETRY_DELAY_MAX_MS: u64 = 10_000;
const CONCURRENT_MAX: u64 = 50;

/// What the saved activity says about its execute call, read once.
pub(super) struct ExecuteSettings {
    pub(super) activity_id: String,
    pub(super) in_arguments: Template,
    out_arguments: Value,
    url: String,
    key: Option<Vec<u8>>,
    timeout: Duration,
    pub(super) retry_count: u64,
    pub(super) retry_delay: Duration,
    pub(super) concurrent_max: usize,
}

impl ExecuteSettings {
    /// `activity_id` is used when the activity has no id of its own. Numbers out of range are cut to it, as the platform does.
    pub(super) fn read(
        activity: &Value,
        activity_id: String,
        signing_secret: &str,
        salt: Option<&(String, String)>,
    ) -> Result<Self, String> {
        let execute = activity.pointer("/arguments/execute").ok_or("arguments.execute is missing")?;
        let url = execute.get("url").and_then(Value::as_str).ok_or("arguments.execute.url is missing")?;
        let customer_key = execute.get("customerKey").and_then(Value::as_str).filter(|key| !key.is_empty());
        let is_signed = execute.get("useJwt").and_then(Value::as_bool).unwrap_or(false);
        let key = match (is_signed, customer_key) {
            (false, _) => None,
            (true, None) => Some(signing_secret.as_bytes().to_vec()),
            (true, Some(wanted)) => match salt {
                Some((known, value)) if known == wanted => Some(value.as_bytes().to_vec()),
                _ => return Err(format!("the customerKey {wanted} is not a salt key of the business unit")),
            },
        };
        let number = |name: &str, default: u64| execute.get(name).and_then(Value::as_u64).unwrap_or(default);
        let timeout = match number("timeout", 0) {
            0 => TIMEOUT_DEFAULT,
            millis => Duration::from_millis(millis.clamp(TIMEOUT_MIN_MS, TIMEOUT_MAX_MS)),
        };
        let retry_delay = number("retryDelay", RETRY_DELAY_DEFAULT_MS).min(RETRY_DELAY_MAX_MS);
        let concurrent_max = number("concurrentRequests", 1).clamp(1, CONCURRENT_MAX);
        let own_id = activity.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        Ok(Self {
            activity_id: own_id.map_or(activity_id, str::to_owned),
            in_arguments: Template::parse(execute.get("inArguments").unwrap_or(&Value::Array(Vec::new()))),
            out_arguments: execute.get("outArguments").cloned().unwrap_or_else(|| Value::Array(Vec::new())),
            url: url.to_owned(),
            key,
            timeout,
            retry_count: number("retryCount", 0).min(RETRY_COUNT_MAX),
            retry_delay: Duration::from_millis(retry_delay),
            concurrent_max: usize::try_from(concurrent_max).unwrap_or(1),
        })
    }

    /// The request of one contact: the whole body is the token when it is signed.
    pub(super) fn request(&self, pass: &Pass<'_>, in_arguments: Value) -> ExecuteRequest {
        let body = Body {
            in_arguments,
            out_arguments: &self.out_arguments,
            activity_object_id: &self.activity_id,
            journey_id: pass.journey_id,
            activity_id: &self.activity_id,
            definition_instance_id: pass.definition_instance_id,
            activity_instance_id: pass.activity_instance_id,
            key_value: pass.contact_key,
            mode: 0,
        };
        // Serialising a struct of texts and JSON values cannot fail.
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let (content_type, body) = match &self.key {
            Some(key) => ("application/jwt", signed(key, &json).into_bytes()),
            None => ("application/json", json),
        };
        ExecuteRequest { url: self.url.clone(), content_type, body, timeout: self.timeout }
    }
}

/// Which contact's pass through which activity a call belongs to.
pub(super) struct Pass<'a> {
    pub(super) journey_id: &'a str,
    pub(super) definition_instance_id: &'a str,
    pub(super) activity_instance_id: &'a str,
    pub(super) contact_key: &'a str,
}

/// Field order as in every capture.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "inArguments")]
    in_arguments: Value,
    #[serde(rename = "outArguments")]
    out_arguments: &'a Value,
    #[serde(rename = "activityObjectID")]
    activity_object_id: &'a str,
    #[serde(rename = "journeyId")]
    journey_id: &'a str,
    #[serde(rename = "activityId")]
    activity_id: &'a str,
    #[serde(rename = "definitionInstanceId")]
    definition_instance_id: &'a str,
    #[serde(rename = "activityInstanceId")]
    activity_instance_id: &'a str,
    #[serde(rename = "keyValue")]
    key_value: &'a str,
    mode: u8,
}

/// A compact JWS with HS256 over `payload`.
fn signed(key: &[u8], payload: &[u8]) -> String {
    let mut token = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    // HMAC takes keys of every length.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(token.as_bytes());
        let signature = mac.finalize().into_bytes();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    }
    token
}

/// A request ready to be sent.
pub(super) struct ExecuteRequest {
    url: String,
    content_type: &'static str,
    body: Vec<u8>,
    timeout: Duration,
}

/// What an attempt came to.
#[derive(Debug)]
pub(super) enum Attempt {
    /// 200 with these out-arguments.
    Passed(BTreeMap<String, Value>),
    /// Retried, then ejected.
    Failed(String),
    /// Ejected at once.
    Refused(String),
}

/// Sends one attempt.
pub(super) async fn attempt(client: reqwest::Client, clock: Arc<dyn Clock>, request: ExecuteRequest) -> Attempt {
    let timeout = clock.sleep(request.timeout);
    let answer = async {
        let sent = client
            .post(&request.url)
            .header(CONTENT_TYPE, HeaderValue::from_static(request.content_type))
            .body(request.body)
            .send()
            .await?;
        let status = sent.status().as_u16();
        sent.bytes().await.map(|body| (status, body))
    };
    let answered = tokio::select! {
        answered = answer => answered,
        () = timeout => return Attempt::Failed("time-out".to_owned()),
    };
    match answered {
        Ok((200, body)) => match serde_json::from_slice::<Value>(&body) {
            Ok(Value::Object(fields)) => Attempt::Passed(fields.into_iter().collect()),
            // An answer without a body has no out-arguments; the contact goes on.
            _ => Attempt::Passed(BTreeMap::new()),
        },
        Ok((status @ 500.., _)) => Attempt::Failed(format!("status {status}")),
        Ok((status, _)) => Attempt::Refused(format!("status {status}")),
        Err(error) => Attempt::Failed(format!("network: {}", root_cause(&error))),
    }
}

/// reqwest's own text names only the URL; the reason is at the bottom.
pub(in crate::sandbox) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_match_the_known_vector_of_hs256() {
        // The example of jwt.io, which everybody's verifier accepts.
        let payload = br#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#;
        let token = signed(b"your-256-bit-secret", payload);
        let expected = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
                        eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.\
                        SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        assert_eq!(token, expected);
    }

    #[test]
    fn settings_are_cut_to_their_range() {
        let activity = serde_json::json!({ "arguments": { "execute": {
            "url": "http://x/", "timeout": 5, "retryCount": 9, "retryDelay": 99_999, "concurrentRequests": 999 } } });
        let settings = ExecuteSettings::read(&activity, "a".into(), "s", None).unwrap();
        assert_eq!(settings.timeout, Duration::from_secs(1));
        assert_eq!((settings.retry_count, settings.retry_delay), (5, Duration::from_secs(10)));
        assert_eq!(settings.concurrent_max, 50);
        assert_eq!(settings.activity_id, "a");
    }
}
