//! What one sending endpoint differs in from another, as data; and the three envelopes (infobip.md 1.3, 4.1, 5.3).

use std::sync::Arc;

use serde_json::Value;

use super::InfobipAccount;
use super::errors::Family;
use super::schema::Kind;
use super::status::{Status, StatusError};
use crate::sandbox::fields::Fields as _;

/// A sending endpoint. One file per channel has its tables.
pub(super) struct Channel {
    pub(super) path: &'static str,
    /// How seen reports, OMNI reports and logs name it.
    pub(super) name: &'static str,
    pub(super) envelope: Envelope,
    pub(super) request: &'static Kind,
    /// Larger requests are answered 413.
    pub(super) body_bytes_max: usize,
    /// The status of an accepted message: 26 or 7 (infobip.md 1.4).
    pub(super) accepted: Status,
    /// What the recipient reads, of a message that was found valid.
    pub(super) text: fn(&InfobipAccount, &Value) -> String,
    /// What the platform thinks of a message beyond its syntax.
    pub(super) judge: fn(&InfobipAccount, &Value) -> Verdict,
}

/// No channel but RCS publishes a limit (infobip.md 1.8); the listener's own is higher.
pub(super) const BODY_BYTES_MAX: usize = usize::MAX;

/// What the platform thinks of a valid message before it looks at the recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// A status of group 5 for the answer.
    pub(super) rejection: Option<u32>,
    /// The error of the report of a message that is accepted and then fails.
    pub(super) failure: Option<StatusError>,
}

impl Verdict {
    pub(super) const FINE: Self = Self { rejection: None, failure: None };

    pub(super) fn rejected(status_id: u32) -> Self {
        Self { rejection: Some(status_id), failure: None }
    }

    pub(super) fn failing(error: StatusError) -> Self {
        Self { rejection: None, failure: Some(error) }
    }

    /// 11 `REJECTED_SOURCE` for a sender that is not among those the account lists; an empty list refuses nobody.
    pub(super) fn of_sender<T>(sender: &Value, listed: &[T], is_it: impl Fn(&T, &str) -> bool) -> Self {
        let sender = sender.as_str().unwrap_or_default();
        let is_known = listed.is_empty() || listed.iter().any(|known| is_it(known, sender));
        if is_known { Self::FINE } else { Self::rejected(11) }
    }

    /// This one unless it is fine, else the other.
    pub(super) fn or(self, other: impl FnOnce() -> Self) -> Self {
        if self == Self::FINE { other() } else { self }
    }
}

/// How a request, its answer and its reports are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    Unified,
    WhatsApp,
    Omni,
}

/// One destination of one message.
pub(super) struct Addressee {
    pub(super) to: String,
    pub(super) message_id: Option<String>,
    /// The destination as the answer repeats it.
    pub(super) shown: Value,
}

impl Envelope {
    pub(super) fn family(self) -> Family {
        match self {
            Self::Unified => Family::New,
            Self::WhatsApp | Self::Omni => Family::Old,
        }
    }

    /// The message objects of a valid request. OMNI has one content for all destinations: the request is the message.
    pub(super) fn messages(self, body: &Value) -> &[Value] {
        match self {
            Self::Unified | Self::WhatsApp => items(body.at("messages")),
            Self::Omni => std::slice::from_ref(body),
        }
    }

    /// Where message `index` is in the request, for violations; ends with a dot unless empty.
    pub(super) fn place(self, index: usize) -> String {
        match self {
            Self::Unified | Self::WhatsApp => format!("messages[{index}]."),
            Self::Omni => String::new(),
        }
    }

    pub(super) fn addressees(self, message: &Value) -> Vec<Addressee> {
        let addressee = |destination: &Value, to: &Value, shown: &Value| Addressee {
            to: to.as_str().unwrap_or_default().to_owned(),
            message_id: destination.at("messageId").as_str().filter(|id| !id.is_empty()).map(str::to_owned),
            shown: shown.clone(),
        };
        let direct = |destination: &Value| addressee(destination, destination.at("to"), destination.at("to"));
        match self {
            Self::WhatsApp => vec![direct(message)],
            Self::Unified => {
                let destinations = items(message.at("destinations")).iter();
                let members = destinations.flat_map(|destination| match destination.get("group") {
                    Some(group) => items(group),
                    None => std::slice::from_ref(destination),
                });
                members.map(direct).collect()
            }
            Self::Omni => {
                let destinations = items(message.at("destinations")).iter();
                let to = |destination: &Value| {
                    let to = destination.at("to");
                    addressee(destination, to.at("phoneNumber"), to)
                };
                destinations.map(to).collect()
            }
        }
    }

    /// The name of the destination in answers.
    pub(super) fn answer_field(self) -> &'static str {
        match self {
            Self::Unified => "destination",
            Self::WhatsApp | Self::Omni => "to",
        }
    }

    pub(super) fn given_bulk_id(self, body: &Value) -> Option<&str> {
        let given = match self {
            Self::Unified => body.pointer("/options/schedule/bulkId"),
            Self::WhatsApp | Self::Omni => body.get("bulkId"),
        };
        given.and_then(Value::as_str).filter(|id| !id.is_empty())
    }

    /// The sender named in the message. OMNI names it in the scenario instead.
    pub(super) fn sender(self, message: &Value) -> &str {
        let sender = match self {
            Self::Unified => message.at("sender"),
            Self::WhatsApp => message.at("from"),
            Self::Omni => &Value::Null,
        };
        sender.as_str().unwrap_or_default()
    }

    pub(super) fn callback_data(self, message: &Value) -> &Value {
        match self {
            Self::Unified => message.at("webhooks").at("callbackData"),
            Self::WhatsApp | Self::Omni => message.at("callbackData"),
        }
    }

    /// Where delivery reports go; `None` without a URL or with `notify` off.
    pub(super) fn delivery_url(self, message: &Value) -> Option<Arc<str>> {
        let (url, notify) = match self {
            Self::Unified => {
                let delivery = message.at("webhooks").at("delivery");
                (delivery.at("url"), delivery.at("notify"))
            }
            Self::WhatsApp => (message.at("notifyUrl"), &Value::Null),
            Self::Omni => (message.at("notifyUrl"), message.at("notify")),
        };
        let url = url.as_str().filter(|url| !url.is_empty())?;
        notify.as_bool().unwrap_or(true).then(|| Arc::from(url))
    }

    pub(super) fn wants_intermediate(self, message: &Value) -> bool {
        let wanted = match self {
            Self::Unified => message.at("webhooks").at("delivery").at("intermediateReport"),
            Self::WhatsApp | Self::Omni => message.at("intermediateReport"),
        };
        wanted.as_bool().unwrap_or(false)
    }

    /// Where seen reports go: a URL of their own in the unified family, the same as delivery reports elsewhere.
    pub(super) fn seen_url(self, message: &Value) -> Option<Arc<str>> {
        match self {
            Self::Unified => message.pointer("/webhooks/seen/url").and_then(Value::as_str).map(Arc::from),
            Self::WhatsApp | Self::Omni => self.delivery_url(message),
        }
    }

    /// Where clicks go; shortening must be on for any other tracking option to work.
    pub(super) fn tracking_url(self, body: &Value, message: &Value) -> Option<Arc<str>> {
        let tracking = match self {
            Self::Unified => body.at("options").at("tracking"),
            Self::WhatsApp => message.at("urlOptions"),
            Self::Omni => &Value::Null,
        };
        let is_on = |name: &str| tracking.at(name).as_bool().unwrap_or(true);
        let url = tracking.at("trackingUrl").as_str()?;
        (is_on("shortenUrl") && is_on("trackClicks")).then(|| Arc::from(url))
    }
}

pub(super) fn items(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The texts among values, one a line.
pub(super) fn lines<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let texts: Vec<&str> = values.into_iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).collect();
    texts.join("\n")
}
