//! Execute calls as SFMC makes them, signed by a signer of our own: the product's would prove itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::Activity;

/// One contact's execute call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) url: String,
    pub(crate) body: Map<String, Value>,
    arguments: Vec<(String, Value)>,
    pub(crate) content_type: Option<&'static str>,
    key: Vec<u8>,
    is_signed: bool,
}

impl Call {
    /// `activity`'s call for a contact: expressions of the in-arguments resolved as SFMC does.
    pub(crate) fn new(activity: &Activity, key: &str, contact: &str) -> Self {
        let body = json!({
            "outArguments": [],
            "activityObjectID": activity.id,
            "journeyId": activity.journey_id,
            "activityId": activity.id,
            "definitionInstanceId": Uuid::new_v4().to_string(),
            "activityInstanceId": Uuid::new_v4().to_string(),
            "keyValue": contact,
            "mode": 0,
        });
        let arguments = activity.in_arguments().iter().flat_map(|argument| {
            argument.as_object().unwrap().iter().map(|(name, value)| (name.clone(), resolved(value, contact)))
        });
        Self {
            url: activity.execute_url().to_owned(),
            body: body.as_object().unwrap().clone(),
            arguments: arguments.collect(),
            content_type: Some("application/jwt"),
            key: key.as_bytes().to_vec(),
            is_signed: true,
        }
    }

    /// An in-argument.
    #[must_use]
    pub(crate) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.arguments.retain(|(known, _)| known != name);
        self.arguments.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.arguments.retain(|(known, _)| known != name);
        self
    }

    /// A field of the body.
    #[must_use]
    pub(crate) fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub(crate) fn instance(self, id: &str) -> Self {
        self.field("definitionInstanceId", id)
    }

    #[must_use]
    pub(crate) fn to(self, phone: &str) -> Self {
        self.set("phone1", phone)
    }

    #[must_use]
    pub(crate) fn text(self, text: &str) -> Self {
        self.set("text", text)
    }

    #[must_use]
    pub(crate) fn signed_with(mut self, key: &str) -> Self {
        self.key = key.as_bytes().to_vec();
        self
    }

    /// Plain JSON, as of an activity without `useJwt`.
    #[must_use]
    pub(crate) fn unsigned(mut self) -> Self {
        self.is_signed = false;
        self.content_type = Some("application/json");
        self
    }

    #[must_use]
    pub(crate) fn content_type(mut self, content_type: Option<&'static str>) -> Self {
        self.content_type = content_type;
        self
    }

    /// To another address.
    #[must_use]
    pub(crate) fn at(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// The body before it is signed, field order as in captures: in-arguments first.
    pub(crate) fn json(&self) -> Value {
        let arguments: Vec<Value> = self.arguments.iter().map(|(name, value)| json!({ name: value })).collect();
        let mut body = self.body.clone();
        body.insert("inArguments".to_owned(), arguments.into());
        body.into()
    }

    /// What goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let json = self.json().to_string();
        if self.is_signed {
            jws(r#"{"alg":"HS256","typ":"JWT"}"#, &json, &self.key).into_bytes()
        } else {
            json.into_bytes()
        }
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }
}

/// A compact JWS, whatever the header claims: its signature is always HMAC-SHA-256.
pub(crate) fn jws(header: &str, payload: &str, key: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// The few expressions that the tests' activities use.
fn resolved(value: &Value, contact: &str) -> Value {
    let text = value.as_str().unwrap();
    Value::from(
        text.replace("{{Contact.Key}}", contact)
            .replace("{{Context.IsTest}}", "false")
            .replace("{{Context.VersionNumber}}", "1")
            // A contact without a number, until the test gives it one.
            .replace("{{Event.E.Phone}}", ""),
    )
}
