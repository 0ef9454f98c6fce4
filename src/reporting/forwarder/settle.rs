//! What becomes of entries: taken, refused, held back, or gone.

use std::borrow::Borrow;

use super::Forwarder;
use super::parcel::{Content, Parcel};
use crate::clock::Timestamp;
use crate::domain::ids::Mid;
use crate::store::{
    ClickRecord, InboundRecord, OutboxEntry, OutboxPlace, OutboxSubject, OutboxTarget, ReportRecord, StoreBatch,
    StoreError, Taken,
};

/// Entries settled in one commit; each takes at most three writes.
const SETTLED_PER_COMMIT: usize = 60;

/// What of a message's reports a target has taken.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) delivery: bool,
    pub(super) seen: bool,
}

impl Part {
    pub(super) const fn and(self, other: Self) -> Self {
        Self { delivery: self.delivery || other.delivery, seen: self.seen || other.seen }
    }

    pub(super) const ALL: Self = Self { delivery: true, seen: true };
    pub(super) const DELIVERY: Self = Self { delivery: true, seen: false };
    pub(super) const SEEN: Self = Self { delivery: false, seen: true };
}

impl Forwarder {
    /// Notes what was taken, and takes entries off that have nothing left to do. What changed while it was on its way
    /// stays, and goes again.
    pub(super) async fn mark_taken<P: Borrow<Parcel>>(
        &self,
        mid: Mid,
        parcels: &[P],
        part: Part,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        for parcels in parcels.chunks(SETTLED_PER_COMMIT) {
            let refs: Vec<_> = parcels.iter().map(|parcel| parcel.borrow().locked_as()).collect();
            let _locked = self.recorder.lock(refs.iter()).await;
            let mut batch = self.store.batch();
            for parcel in parcels {
                self.add_taken(&mut batch, mid, parcel.borrow(), part, now)?;
            }
            let _receipt = self.store.commit(batch).await?;
        }
        Ok(())
    }

    fn add_taken(
        &self,
        batch: &mut StoreBatch,
        mid: Mid,
        parcel: &Parcel,
        part: Part,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let reports = self.store.reports();
        let place = parcel.place;
        match (place.subject, &parcel.content) {
            (OutboxSubject::Report(report), Content::Message(_, sent)) => {
                let Some(mut stands) = reports.get(mid, report)? else {
                    batch.delete_outbox(mid, place);
                    return Ok(());
                };
                let before = stands.taken.unwrap_or(Taken { first_at: now, delivery: false, seen: false });
                let has = |part: bool, before: bool, is_same: bool| before || (part && is_same);
                let (sent, stand) = (&sent.reports, &stands.reports);
                let taken = Taken {
                    first_at: before.first_at,
                    delivery: has(part.delivery, before.delivery, sent.delivery == stand.delivery),
                    seen: has(part.seen, before.seen, sent.seen == stand.seen),
                };
                stands.taken = Some(taken);
                if stands.is_all_taken() {
                    if let Some(other) = waiting_place(&mut stands, place.subject).filter(|other| *other != place) {
                        batch.delete_outbox(mid, other);
                    }
                    batch.delete_outbox(mid, place);
                }
                batch.put_report(mid, report, &stands)?;
            }
            (OutboxSubject::Click(report, hash), _) => {
                if let Some(stands) = reports.click(mid, report, hash)? {
                    batch.put_click(mid, report, hash, &ClickRecord { taken_at: Some(now), ..stands })?;
                }
                batch.delete_outbox(mid, place);
            }
            (OutboxSubject::Inbound(hash), _) => {
                let stands = reports.inbound(mid, hash)?;
                // An entry whose event is still to be fired stays for it.
                if stands.as_ref().is_none_or(|stands| stands.open_event().is_none()) {
                    batch.delete_outbox(mid, place);
                }
                if let Some(stands) = stands {
                    let taken_at = stands.taken_at.or(Some(now));
                    batch.put_inbound(mid, hash, &InboundRecord { taken_at, ..stands })?;
                }
            }
            (OutboxSubject::Report(_), _) => {}
        }
        Ok(())
    }

    /// Keeps a refused entry with the target's own words, out of the way of the others. `part`: what of a message's
    /// reports was refused; an entry stays as long as its target has neither taken nor refused the other.
    /// A reply whose event is still to be fired stays for that, and is set aside afterwards.
    pub(super) async fn set_aside(
        &self,
        mid: Mid,
        parcel: &Parcel,
        part: Part,
        problem: &str,
    ) -> Result<(), StoreError> {
        let locked_as = parcel.locked_as();
        let _locked = self.recorder.lock(std::iter::once(&locked_as)).await;
        let mut batch = self.store.batch();
        if let Content::Message(report, sent) = &parcel.content {
            let Some(mut stands) = self.store.reports().get(mid, *report)? else { return Ok(()) };
            // Changed while it was on its way: the newer report may well be taken.
            if stands.reports != sent.reports {
                return Ok(());
            }
            let (has_delivery, has_seen) = stands.taken.map_or((false, false), |taken| (taken.delivery, taken.seen));
            let delivery_waits = stands.reports.final_delivery().is_some() && !has_delivery && !part.delivery;
            let seen_waits = stands.reports.seen.is_some() && !has_seen && !part.seen;
            if delivery_waits || seen_waits {
                return Ok(());
            }
            // A newer report needs an entry of its own.
            waiting_place(&mut stands, parcel.place.subject);
            batch.put_report(mid, *report, &stands)?;
        }
        let attempts = parcel.entry.attempts.saturating_add(1);
        let entry = OutboxEntry { attempts, problem: Some(problem.to_owned()), ..parcel.entry.clone() };
        if let OutboxSubject::Inbound(hash) = parcel.place.subject
            && self.store.reports().inbound(mid, hash)?.is_some_and(|stands| stands.open_event().is_some())
        {
            batch.put_outbox(mid, parcel.place, &entry)?;
        } else {
            // The target's words may quote what they are about: they are in the store only.
            tracing::warn!(tenant.mid = %mid, message.id = %parcel.message_id(),
                "A report was refused; it is kept to be replayed");
            batch.refuse_outbox(mid, parcel.place, &entry)?;
        }
        let _receipt = self.store.commit(batch).await?;
        Ok(())
    }

    /// Puts entries back until a later moment, unless something came meanwhile.
    pub(super) async fn hold_back(&self, mid: Mid, parcels: Vec<(Parcel, Timestamp)>) -> Result<(), StoreError> {
        for parcels in parcels.chunks(SETTLED_PER_COMMIT) {
            let refs: Vec<_> = parcels.iter().map(|(parcel, _)| parcel.locked_as()).collect();
            let _locked = self.recorder.lock(refs.iter()).await;
            let mut batch = self.store.batch();
            for (parcel, until) in parcels {
                let Content::Message(report, sent) = &parcel.content else { continue };
                let Some(mut stands) = self.store.reports().get(mid, *report)? else { continue };
                if stands.reports != sent.reports {
                    continue;
                }
                batch.delete_outbox(mid, parcel.place);
                let place = OutboxPlace { due_at: *until, ..parcel.place };
                batch.put_outbox(mid, place, &parcel.entry)?;
                stands.waits_at = Some((place.target.0, place.due_at));
                batch.put_report(mid, *report, &stands)?;
            }
            let _receipt = self.store.commit(batch).await?;
        }
        Ok(())
    }

    /// Takes entries off that have nothing left to do.
    pub(super) async fn delete_entries(&self, mid: Mid, places: &[OutboxPlace]) -> Result<(), StoreError> {
        for places in places.chunks(SETTLED_PER_COMMIT) {
            let mut batch = self.store.batch();
            for place in places {
                batch.delete_outbox(mid, *place);
            }
            let _receipt = self.store.commit(batch).await?;
        }
        Ok(())
    }
}

/// Takes note that no entry of a message's reports waits any more; tells where it did.
fn waiting_place(record: &mut ReportRecord, subject: OutboxSubject) -> Option<OutboxPlace> {
    record.waits_at.take().map(|(target, due_at)| OutboxPlace { target: OutboxTarget(target), due_at, subject })
}
