//! What tests read from a store that no server has open: whether what was acknowledged is there.
//!
//! It goes the product's own way of opening, so a store that `waypost serve` would refuse is refused here.

use std::path::Path;

use super::{AppError, Parts, Ports};
use crate::config::{Config, MasterKey};
use crate::domain::ids::{ActivityId, DefinitionInstanceId, MessageId, Mid};
use crate::store::{Found, ReportRef, UNASSIGNED};

/// Clicks of a message, and inbound messages, that are looked at.
const LOOKED_AT_MAX: usize = 10_000;

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

/// What was heard of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Name of the status of the delivery report that stands.
    pub status_name: Option<String>,
    /// When it was seen, in ISO 8601.
    pub seen_at: Option<String>,
    /// When, in ISO 8601, and on which URL it was clicked, in order.
    pub clicks: Vec<(String, String)>,
}

/// An inbound message that was kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredInbound {
    pub message_id: String,
    pub channel: String,
    pub text: String,
    /// Label of the account; `None` while nobody is known for it.
    pub account: Option<String>,
    /// Id of the message that it answers.
    pub answers: Option<String>,
    /// Key of the event definition that it fires.
    pub fires: Option<String>,
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
    /// What was heard of a message, ours or not.
    pub fn heard(&self, mid: u64, message_id: &str) -> Result<Heard, AppError> {
        let (store, mid) = (&self.0.store, Mid::new(mid));
        let reports = store.reports();
        let known = match message_id.parse::<MessageId>() {
            Ok(id) => store.messages().find(mid, id)?.map(|_| ReportRef::of(id.queue, id.sequence)),
            Err(_) => None,
        };
        let report = match known {
            Some(known) => known,
            None => reports.stray(mid, message_id)?,
        };
        let (status_name, seen_at) = match reports.get(mid, report)?.map(|record| record.reports) {
            Some(stands) => {
                (stands.delivery.map(|report| report.status.name), stands.seen.map(|seen| seen.seen_at.to_iso()))
            }
            None => (None, None),
        };
        let clicks = reports.clicks_of(mid, report, LOOKED_AT_MAX)?.into_iter().map(|record| record.click);
        let mut clicks: Vec<_> =
            clicks.map(|click| (click.clicked_at.to_iso(), click.url.unwrap_or_default())).collect();
        clicks.sort();
        Ok(Heard { status_name, seen_at, clicks })
    }

    /// The inbound messages of a business unit, by their ids; without one, those that nobody is known for.
    pub fn inbound(&self, mid: Option<u64>) -> Result<Vec<StoredInbound>, AppError> {
        let mid = mid.map_or(UNASSIGNED, Mid::new);
        let records = self.0.store.reports().all_inbound(mid, LOOKED_AT_MAX)?.into_iter();
        let mut kept: Vec<_> = records
            .map(|record| StoredInbound {
                message_id: record.inbound.message_id,
                channel: record.inbound.channel.reported_as().to_owned(),
                text: record.inbound.text,
                account: record.account.map(|account| account.to_string()),
                answers: record.pairing.map(|pairing| pairing.message_id.to_string()),
                fires: record.event.map(|event| event.event_definition_key),
            })
            .collect();
        kept.sort();
        Ok(kept)
    }
}
