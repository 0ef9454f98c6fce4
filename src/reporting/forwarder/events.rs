//! The event that a contact waits for, fired by its reply (spec R3).
//!
//! Fired, recorded as fired, and only then the row: whatever fails after that repeats the row, never the event. A crash
//! between SFMC's answer and the commit is the one moment in which an event may be fired twice; the other order would
//! lose it.

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
use crate::store::{InboundRecord, OutboxSubject, ReplyEvent, StoreError};

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
            let fired = join_all(some.iter().map(|parcel| self.fire_one(tenant, parcel))).await;
            let some = some.into_iter().zip(fired).collect();
            for (parcel, is_settled) in self.record_fired(tenant.mid, some).await? {
                if is_settled { ready.push(parcel) } else { waiting.push(parcel) }
            }
        }
        Ok((ready, waiting))
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
        let fired = match self.event(tenant, record, event).await {
            Ok(event) => self.events.fire(tenant, &event).await,
            Err(error) => Err(error),
        };
        let mut state = self.state();
        let event = state.events.entry(key).or_default();
        match fired {
            Ok(()) => {
                event.waiting.succeeded();
                Fired::Taken
            }
            Err(EventSinkError::Refused { problem }) => {
                event.waiting.succeeded();
                tracing::warn!(tenant.mid = %tenant.mid, message.id = %parcel.message_id(), problem,
                    "SFMC refused an event: the contact that waits for it goes its no-event way");
                Fired::Refused(problem)
            }
            Err(EventSinkError::Later { retry_after, problem }) => {
                if event.waiting.failed(problem.clone(), retry_after, &*self.clock, &*self.random) {
                    tracing::warn!(tenant.mid = %tenant.mid, problem, "Events wait: SFMC does not take them now");
                }
                Fired::Later
            }
        }
    }

    /// The event for the contact of a reply: the columns of the definition's own extension; all that we have when those
    /// can't be read.
    async fn event(
        &self,
        tenant: &Tenant,
        record: &InboundRecord,
        event: &ReplyEvent,
    ) -> Result<Event, EventSinkError> {
        let columns = self.event_columns(tenant, &event.event_definition_key).await?;
        let ours = INBOUND_MESSAGES.row(&inbound_row(record));
        let data = match &columns {
            Some(columns) => super::rows::fitted(ours, ReportKind::Inbound, columns, tenant),
            None => all_cells(ours),
        };
        let contact_key = record.pairing.as_ref().map(|pairing| pairing.contact_key.clone()).unwrap_or_default();
        Ok(Event { event_definition_key: event.event_definition_key.clone(), contact_key, data })
    }

    async fn event_columns(
        &self,
        tenant: &Tenant,
        event_definition_key: &str,
    ) -> Result<Option<Arc<[ActualColumn]>>, EventSinkError> {
        let key = (tenant.mid, event_definition_key.to_owned());
        let now = self.clock.steady();
        let known = self.state().events.get(&key).and_then(|event| event.columns.clone());
        if let Some((read_at, columns)) = known
            && now.since(read_at) < super::rows::COLUMNS_KEPT
        {
            return Ok(columns);
        }
        let columns = self.events.event_columns(tenant, event_definition_key).await?.map(Arc::from);
        let mut state = self.state();
        if state.events.len() >= REMEMBERED_MAX {
            state.events.retain(|_, event| event.waiting.waits(now));
        }
        state.events.entry(key).or_default().columns = Some((now, columns.clone()));
        Ok(columns)
    }

    /// Records what came of events, at once; tells for each parcel whether its event is settled.
    async fn record_fired(&self, mid: Mid, fired: Vec<(Parcel, Fired)>) -> Result<Vec<(Parcel, bool)>, StoreError> {
        let now = self.clock.now();
        let refs: Vec<_> = fired.iter().map(|(parcel, _)| parcel.locked_as()).collect();
        let _locked = self.recorder.lock(refs.iter()).await;
        let mut batch = self.store.batch();
        let mut settled = Vec::with_capacity(fired.len());
        for (mut parcel, fired) in fired {
            let OutboxSubject::Inbound(hash) = parcel.place.subject else { continue };
            let change = |event: &mut ReplyEvent| match &fired {
                Fired::Taken => event.fired_at = Some(now),
                Fired::Refused(problem) => event.refused = Some(problem.clone()),
                Fired::Later => {}
            };
            let is_settled = !matches!(fired, Fired::Later);
            if let (true, Content::Inbound(record)) = (is_settled, &mut parcel.content) {
                record.event.iter_mut().for_each(change);
                if let Some(mut stands) = self.store.reports().inbound(mid, hash)? {
                    stands.event.iter_mut().for_each(change);
                    batch.put_inbound(mid, hash, &stands)?;
                }
            }
            settled.push((parcel, is_settled));
        }
        if settled.iter().any(|(_, is_settled)| *is_settled) {
            let _receipt = self.store.commit(batch).await?;
        }
        Ok(settled)
    }
}
