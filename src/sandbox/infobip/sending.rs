//! The walk of a send request, the same for every channel (infobip.md 1.3, 1.4).

use std::sync::Arc;

use serde_json::{Value, json};

use super::acceptance::{Message, Request, accept};
use super::channel::{Channel, Envelope};
use super::errors::{self, Violation};
use super::unified::{checked_body, send_at_violation};
use super::{InfobipAccount, Scene, State, links, new_id, omni};
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

pub(super) fn send(state: &mut State, scene: &Scene, call: &Call, api_key: &str, channel: &'static Channel) -> Reply {
    let envelope = channel.envelope;
    if call.body.len() > channel.body_bytes_max {
        return errors::too_large(envelope.family());
    }
    let body = match checked_body(call, channel.request, envelope.family()) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let account = state.registered(api_key);
    let messages = envelope.messages(&body);
    let violations = further_violations(state, scene, &account, channel, &body);
    if !violations.is_empty() {
        return errors::bad_request(envelope.family(), &violations);
    }
    let addressees: Vec<_> = messages.iter().map(|message| envelope.addressees(message)).collect();
    let given_bulk = envelope.given_bulk_id(&body).map(Arc::<str>::from);
    let is_bulk = addressees.iter().map(Vec::len).sum::<usize>() > 1;
    let bulk_id = given_bulk.or_else(|| is_bulk.then(|| Arc::from(new_id())));
    let request = Request { api_key, channel, request_no: state.calls, bulk_id: bulk_id.clone() };
    let shows_count = body.pointer("/options/includeSmsCountInResponse").and_then(Value::as_bool).unwrap_or(false);
    let mut answers = Vec::new();
    for (message, addressees) in messages.iter().zip(addressees) {
        let message = Message::new(&account, channel, &body, message);
        for addressee in addressees {
            let accepted = accept(state, scene, &request, &message, &addressee);
            let mut answer = json!({ "messageId": accepted.message_id, "status": accepted.status.to_json() });
            answer.set(envelope.answer_field(), addressee.shown);
            match envelope {
                Envelope::WhatsApp => answer.set("messageCount", 1),
                Envelope::Unified if shows_count => {
                    answer.set("details", json!({ "messageCount": accepted.parts }));
                }
                Envelope::Unified | Envelope::Omni => {}
            }
            answers.push(answer);
        }
    }
    let mut answer = json!({ "messages": answers });
    // WhatsApp gives the id back only for several destinations.
    if let Some(bulk_id) = bulk_id.filter(|_| is_bulk || envelope != Envelope::WhatsApp) {
        answer.set("bulkId", &*bulk_id);
    }
    Reply::json(200, &answer)
}

/// What the tables cannot say.
fn further_violations(
    state: &State,
    scene: &Scene,
    account: &InfobipAccount,
    channel: &Channel,
    body: &Value,
) -> Vec<Violation> {
    let envelope = channel.envelope;
    let mut violations = Vec::new();
    if let Some(marker) = &state.poison {
        for (index, message) in envelope.messages(body).iter().enumerate() {
            let place = envelope.place(index);
            let holder = match envelope {
                Envelope::Unified | Envelope::WhatsApp => {
                    links::holder_of(marker, message.at("content"), &format!("{place}content"))
                }
                Envelope::Omni => omni::contents(message)
                    .find_map(|(name, content)| links::holder_of(marker, content, &format!("{place}{name}"))),
            };
            violations.extend(holder.map(|property| (property, "is not allowed".to_owned())));
        }
    }
    match envelope {
        Envelope::Unified => violations.extend(send_at_violation(scene, body.at("options"))),
        Envelope::WhatsApp => {}
        Envelope::Omni => violations.extend(omni::scenario_violation(account, body)),
    }
    violations
}
