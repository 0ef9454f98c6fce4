//! The event that a contact waits for, fired by its reply (spec R3).
//!
//! Fired, recorded as fired as soon as SFMC has answered, and only then the row: whatever fails after that repeats the row,
//! never the event. At least once: a crash between SFMC's answer and the record, and a request without an answer, are
//! repeated with the same content. The other order would lose a reply for good (see the Decisions).
//!
//! An event that SFMC refuses is tried once more when its extension's columns have changed since they were read; then it
//! is set aside, and its row goes on.

use std::sync::Arc;

use futures_util::future::join_all;

use super::Forwarder;
use super::lane::Waiting;
use super::parcel::{Content, Parcel, inbound_row};
use super::rows::all_cells;
use crate::clock::Timestamp;
use crate::domain::extension::INBOUND_MESSAGES;
use crate::domain::ids::Mid;
use crate::domain::tenant::{ReportKind, Tenant};
use crate::reporting::{ActualColumn, Event, EventSinkError};
use crate::store::{InboundRecord, OutboxEntry, OutboxSubject, ReplyEvent, StoreError};

/// Events fired at a time for one business unit; REST calls share five of them (sfmc.md 6.4).
const FIRED_TOGETHER: usize = 4;
/// Event definitions remembered; beyond, those that do not wait are forgotten, which costs a call each.
const REMEMBERED_MAX: usize = 1_000;

/// What is remembered of one event definition.
#[derive(Default, Clone)]
pub(super) struct EventState {
    pub(super) waiting: Waiting,
    /// When they were read; `None` inside when SFMC does not tell them.
    columns: Option<(Timestamp, Option<Arc<[ActualColumn]>>)>,
}

/// Columns of an event definition's extension; `None` when SFMC does not tell them.
struct EventColumns {
    columns: Option<Arc<[ActualColumn]>>,
    /// Read just now.
    is_fresh: bool,
}

/// How an attempt ended.
enum Fired {
    Taken,
    Refused(String),
    Later,
}

impl Forwarder {
    /// Fires the events that are due. Gives back the parcels whose event is settled, or that have none, and those whose
    /// event waits.
    pub(super) async fn fire_due(
        &self,
        tenant: &Tenant,
        parcels: Vec<Parcel>,
    ) -> Result<(Vec<Parcel>, Vec<Parcel>), StoreError> {
        let has_event = |parcel: &Parcel| parcel.inbound().is_some_and(|record| record.open_event().is_some());
        let (mut open, mut ready): (Vec<_>, Vec<_>) = parcels.into_iter().partition(has_event);
        let mut waiting = Vec::new();
        while !open.is_empty() {
            let some: Vec<Parcel> = open.drain(..open.len().min(FIRED_TOGETHER)).collect();
            // Each is recorded as soon as it is answered, whatever the others wait for; a store that fails for one must not
            // drop another between its answer and its record.
            let fired = join_all(some.into_iter().map(|parcel| self.fire_and_record(tenant, parcel))).await;
            for fired in fired {
                let (parcel, is_settled) = fired?;
                if is_settled { ready.push(parcel) } else { waiting.push(parcel) }
            }
        }
        Ok((ready, waiting))
    }

    /// Tells with the parcel whether its event is settled.
    async fn fire_and_record(&self, tenant: &Tenant, mut parcel: Parcel) -> Result<(Parcel, bool), StoreError> {
        let fired = self.fire_one(tenant, &parcel).await;
        if matches!(fired, Fired::Later) {
            return Ok((parcel, false));
        }
        self.record_fired(tenant.mid, &mut parcel, &fired).await?;
        Ok((parcel, true))
    }

    async fn fire_one(&self, tenant: &Tenant, parcel: &Parcel) -> Fired {
        let Some((record, event)) = parcel.inbound().and_then(|record| Some((record, record.open_event()?))) else {
            return Fired::Later;
        };
        let key = (tenant.mid, event.event_definition_key.clone());
        let waits = self.state().events.get(&key).is_some_and(|event| event.waiting.waits(self.clock.steady()));
        if waits {
            return Fired::Later;
        }
        let fired = self.attempt(tenant, record, event).await;
        let mut state = self.state();
        let event = state.events.entry(key).or_default();
        match fired {
            Ok(()) => {
                event.waiting.succeeded();
                Fired::Taken
            }
            Err(EventSinkError::Refused { problem }) => {
                event.waiting.succeeded();
                // SFMC's words may quote the reply: they are in the store only.
                tracing::warn!(tenant.mid = %tenant.mid, message.id = %parcel.message_id(),
                    "SFMC refused an event; it is kept to be replayed, and its contact waits");
                Fired::Refused(problem)
            }
            Err(EventSinkError::Later { retry_after, problem }) => {
                if event.waiting.failed(problem, retry_after, &*self.clock, &*self.random) {
                    tracing::warn!(tenant.mid = %tenant.mid,
                        "Events wait: SFMC does not take them now; `waypost status` says why");
                }
                Fired::Later
            }
        }
    }

    /// Fires; once more when it was refused and the definition's extension is not as it was.
    async fn attempt(&self, tenant: &Tenant, record: &InboundRecord, event: &ReplyEvent) -> Result<(), EventSinkError> {
        let definition = &event.event_definition_key;
        let EventColumns { columns, is_fresh } = self.event_columns(tenant, definition).await?;
        let refused = self.events.fire(tenant, &filled(tenant, record, event, columns.as_deref())).await;
        if is_fresh || !matches!(refused, Err(EventSinkError::Refused { .. })) {
            return refused;
        }
        let now = self.read_event_columns(tenant, definition).await?;
        if now == columns {
            refused
        } else {
            self.events.fire(tenant, &filled(tenant, record, event, now.as_deref())).await
        }
    }

    /// Columns of the extension of an event definition.
    async fn event_columns(&self, tenant: &Tenant, event_definition_key: &str) -> Result<EventColumns, EventSinkError> {
        let key = (tenant.mid, event_definition_key.to_owned());
        let known = self.state().events.get(&key).and_then(|event| event.columns.clone());
        if let Some((read_at, columns)) = known
            && self.clock.steady().since(read_at) < super::rows::COLUMNS_KEPT
        {
            return Ok(EventColumns { columns, is_fresh: false });
        }
        let columns = self.read_event_columns(tenant, event_definition_key).await?;
        Ok(EventColumns { columns, is_fresh: true })
    }

    async fn read_event_columns(
        &self,
        tenant: &Tenant,
        event_definition_key: &str,
    ) -> Result<Option<Arc<[ActualColumn]>>, EventSinkError> {
        let now = self.clock.steady();
        let columns = self.events.event_columns(tenant, event_definition_key).await?.map(Arc::from);
        let mut state = self.state();
        if state.events.len() >= REMEMBERED_MAX {
            state.events.retain(|_, event| event.waiting.waits(now));
        }
        let key = (tenant.mid, event_definition_key.to_owned());
        state.events.entry(key).or_default().columns = Some((now, columns.clone()));
        Ok(columns)
    }

    /// Records what came of an event. A refused one gets an entry among what was refused, by which it is found; that of its
    /// row, which goes on, stays where it is.
    async fn record_fired(&self, mid: Mid, parcel: &mut Parcel, fired: &Fired) -> Result<(), StoreError> {
        let OutboxSubject::Inbound(hash) = parcel.place.subject else { return Ok(()) };
        let now = self.clock.now();
        let change = |event: &mut ReplyEvent| match fired {
            Fired::Taken => event.fired_at = Some(now),
            Fired::Refused(problem) => event.refused = Some(problem.clone()),
            Fired::Later => {}
        };
        let locked_as = parcel.locked_as();
        let _locked = self.recorder.lock(std::iter::once(&locked_as)).await;
        let mut batch = self.store.batch();
        if let Some(mut stands) = self.store.reports().inbound(mid, hash)? {
            stands.event.iter_mut().for_each(change);
            batch.put_inbound(mid, hash, &stands)?;
            if let Fired::Refused(_) = fired {
                let entry = OutboxEntry { problem: None, ..parcel.entry.clone() };
                batch.put_refused(mid, parcel.place, &entry)?;
            }
            let _receipt = self.store.commit(batch).await?;
        }
        if let Content::Inbound(record) = &mut parcel.content {
            record.event.iter_mut().for_each(change);
        }
        Ok(())
    }
}

/// The event for the contact of a reply: the columns of the definition's own extension; all that we have when those can't
/// be read. The same reply makes the same event, whenever it is repeated.
fn filled(tenant: &Tenant, record: &InboundRecord, event: &ReplyEvent, columns: Option<&[ActualColumn]>) -> Event {
    let ours = INBOUND_MESSAGES.row(&inbound_row(record));
    let data = match columns {
        Some(columns) => super::rows::fitted(ours, ReportKind::Inbound, columns, tenant),
        None => all_cells(ours),
    };
    let contact_key = record.pairing.as_ref().map(|pairing| pairing.contact_key.clone()).unwrap_or_default();
    Event { event_definition_key: event.event_definition_key.clone(), contact_key, data }
}
