//! What the power-cut harness reads from a store that no server has open: whether what was acknowledged is there.
//!
//! It goes the product's own way of opening, so a store that `waypost serve` would refuse is refused here.

use std::path::Path;

use super::{AppError, Parts, Ports};
use crate::config::{Config, MasterKey};
use crate::domain::ids::{ActivityId, DefinitionInstanceId, MessageId, Mid};
use crate::store::Found;

/// A store, opened to be looked into.
pub struct Inspection(Parts);

/// An acknowledged message, wherever it is by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    pub message_id: String,
    pub contact_key: String,
    pub text: String,
    /// It has left the queue.
    pub is_finished: bool,
}

impl Inspection {
    pub fn open(dir: &Path, master_key: &MasterKey) -> Result<Self, AppError> {
        // Looking does not tell the store where it is looked into.
        let ports = Ports { machine_id: None, ..Ports::default() };
        Ok(Self(Parts::open(&Config::for_store(dir), master_key, ports, None)?))
    }

    /// The first answer to a contact's pass through an activity, and the message that it names. `None` when either is
    /// missing: then it was not acknowledged, or is lost.
    pub fn message(&self, mid: u64, instance: &str, activity: &str) -> Result<Option<StoredMessage>, AppError> {
        let Parts { store, clock, .. } = &self.0;
        let mid = Mid::new(mid);
        let (Ok(instance), Ok(activity)) = (DefinitionInstanceId::new(instance), ActivityId::new(activity)) else {
            return Ok(None);
        };
        let Some(answer) = store.answers().get(mid, &instance, &activity, clock.now())? else { return Ok(None) };
        let Ok(id) = answer.message_id.parse::<MessageId>() else { return Ok(None) };
        let (message, is_finished) = match store.messages().find(mid, id)? {
            Some(Found::Waiting(message)) => (message.message, false),
            Some(Found::Sent(sent)) => (sent.message.message, true),
            None => return Ok(None),
        };
        let (_, text) = message.content.callback_subject();
        let text = text.into_owned();
        Ok(Some(StoredMessage { message_id: answer.message_id, contact_key: message.contact_key, text, is_finished }))
    }
}
