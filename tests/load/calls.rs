//! Signed bodies of execute, as Journey Builder sends them: each contact of a run with its own definition instance id.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::{MID, SIGNING_SECRET};

pub(crate) const ACTIVITY_ID: &str = "9f2c7a51-4f0e-4d3b-9a86-1d0c5a7be001";
const JOURNEY_ID: &str = "41b0e8a2-7c16-4f5e-8d1f-3a5d2c9be002";

/// What all calls of a run have in common.
pub(crate) struct Calls {
    /// Keeps the instance ids of runs against one store apart.
    pub(crate) run: u32,
    pub(crate) activity_id: &'static str,
    /// Path and query of the call.
    pub(crate) path: String,
    /// In-arguments besides those of the contact.
    pub(crate) arguments: Map<String, Value>,
}

impl Calls {
    /// In-arguments of an SMS of usual size, with `more` added.
    pub(crate) fn messaging(run: u32, more: &[(&str, &str)]) -> Self {
        let mut arguments = Map::new();
        let usual = [
            ("contract", "1"),
            ("channel", "SMS"),
            ("account", "main"),
            ("sender", "Waypost"),
            ("isTest", "false"),
            ("versionNumber", "3"),
            ("journeyName", "Spring offers"),
            ("bulkId", "Spring offer by SMS"),
            ("callbackName1", "Segment"),
            ("callbackValue1", "frequent-buyers"),
        ];
        let mid = MID.to_string();
        for (name, value) in usual.iter().chain(&[("mid", mid.as_str())]).chain(more) {
            arguments.insert((*name).to_owned(), (*value).into());
        }
        Self { run, activity_id: ACTIVITY_ID, path: "/activities/messaging/execute".to_owned(), arguments }
    }

    /// The id of a contact's pass through the activity.
    pub(crate) fn instance_id(&self, contact: u64) -> String {
        format!("{:08x}-5eed-4000-8000-{contact:012x}", self.run | 0x1000_0000)
    }

    pub(crate) fn contact_key(&self, contact: u64) -> String {
        format!("contact-{:x}-{contact:07}", self.run)
    }

    pub(crate) fn text(&self, contact: u64) -> String {
        format!(
            "Hello {contact}, your spring offer is here: 20 % off everything until Sunday, in the shop and on the web. \
             Show this message at the till. Reply STOP to end."
        )
    }

    /// The whole HTTP request of a contact.
    pub(crate) fn request(&self, contact: u64) -> Vec<u8> {
        whole_request(&self.path, &self.body(contact))
    }

    fn body(&self, contact: u64) -> String {
        let mut arguments = self.arguments.clone();
        let contact_key = self.contact_key(contact);
        arguments.insert("contactKey".to_owned(), contact_key.as_str().into());
        arguments.insert("phone1".to_owned(), format!("+38591{:07}", contact % 10_000_000).into());
        arguments.insert("text".to_owned(), self.text(contact).into());
        let body = json!({
            "inArguments": [arguments],
            "outArguments": [{ "messageId": "" }, { "messageStatus": "" }, { "statusDetail": "" }],
            "activityObjectID": self.activity_id,
            "journeyId": JOURNEY_ID,
            "activityId": self.activity_id,
            "definitionInstanceId": self.instance_id(contact),
            "activityInstanceId": format!("{:08x}-ac71-4000-8000-{contact:012x}", self.run),
            "keyValue": contact_key,
            "mode": 0,
        });
        sign(&body)
    }
}

/// The whole HTTP request of a contact that comes to the reports activity.
#[allow(dead_code, reason = "not every harness asks for reports")]
pub(crate) fn reports_request(path: &str, kind: &str, message_id: &str, contact: u64) -> Vec<u8> {
    let body = json!({
        "inArguments": [{ "contract": "1", "mid": MID.to_string(), "messageId": message_id, "reportKind": kind }],
        "activityObjectID": ACTIVITY_ID,
        "journeyId": JOURNEY_ID,
        "activityId": ACTIVITY_ID,
        "definitionInstanceId": format!("4e904751-5eed-4000-8000-{contact:012x}"),
        "keyValue": format!("contact-{contact:07}"),
        "mode": 0,
    });
    whole_request(path, &sign(&body))
}

fn whole_request(path: &str, body: &str) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/jwt\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    request.push_str(body);
    request.into_bytes()
}

/// A compact JWS with HS256.
fn sign(payload: &Value) -> String {
    let mut token = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload.to_string(), &mut token);
    let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING_SECRET.as_bytes()).expect("HMAC takes any key");
    mac.update(token.as_bytes());
    let signature = mac.finalize().into_bytes();
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}
