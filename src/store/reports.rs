//! Delivery reports, and the outbox of those that wait to be forwarded. A report and its entry share a batch, always.

use serde::{Deserialize, Serialize};

use super::keys::{Family, Hash, Key, Layout, OutboxTarget, ReportRef};
use super::{Opened, Store, StoreBatch, StoreError};
use crate::domain::ids::{AccountId, Mid, QueueId};
use crate::domain::report::DeliveryReport;
use crate::domain::timestamp::Timestamp;

/// The report that stands for a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ReportRecord {
    pub(crate) report: DeliveryReport,
    pub(crate) stored_at: Timestamp,
    /// When its target had taken it.
    pub(crate) forwarded_at: Option<Timestamp>,
}

/// An entry of the outbox: which report, for which account's target.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct OutboxEntry {
    /// The account whose tracking says where the report goes.
    pub(crate) account: AccountId,
    pub(crate) attempts: u16,
    /// What the target said last, in its own words.
    pub(crate) problem: Option<String>,
}

/// An outbox entry with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PlacedEntry {
    pub(crate) place: OutboxPlace,
    pub(crate) entry: OutboxEntry,
}

/// The place of an outbox entry: by time of storing, and the report that it is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct OutboxPlace {
    pub(crate) target: OutboxTarget,
    pub(crate) stored_at: Timestamp,
    pub(crate) report: ReportRef,
}

/// Reads of reports and of the outbox.
#[derive(Clone, Copy)]
pub(crate) struct Reports<'a>(pub(super) &'a Store);

impl Reports<'_> {
    pub(crate) fn get(&self, mid: Mid, report: ReportRef) -> Result<Option<ReportRecord>, StoreError> {
        self.0.read(mid, &report_key(mid, report))
    }

    /// How a report about a message id that is not in this store is named.
    pub(crate) fn stray(&self, mid: Mid, message_id: &str) -> Result<ReportRef, StoreError> {
        let hash: Hash = self.0.sealer(mid)?.lookup_hash("stray report", message_id.as_bytes());
        Ok(ReportRef::Stray(hash))
    }

    /// Entries that wait to be forwarded, oldest first, at most `limit`, behind `after` when given.
    pub(crate) fn outbox(
        &self,
        mid: Mid,
        target: OutboxTarget,
        after: Option<OutboxPlace>,
        limit: usize,
    ) -> Result<Vec<PlacedEntry>, StoreError> {
        self.lane(Family::Outbox, mid, target, after, limit)
    }

    /// Entries that their target refused, kept to be shown and replayed (spec R2).
    pub(crate) fn refused(
        &self,
        mid: Mid,
        target: OutboxTarget,
        after: Option<OutboxPlace>,
        limit: usize,
    ) -> Result<Vec<PlacedEntry>, StoreError> {
        self.lane(Family::Refused, mid, target, after, limit)
    }

    fn lane(
        &self,
        family: Family,
        mid: Mid,
        target: OutboxTarget,
        after: Option<OutboxPlace>,
        limit: usize,
    ) -> Result<Vec<PlacedEntry>, StoreError> {
        let (mut from, to) = Layout::family(family).mid(mid).target(target).range();
        if let Some(place) = after {
            from = place.key(family, mid).to_bytes();
            // The smallest key behind it.
            from.push(0);
        }
        let mut placed = Vec::new();
        for (key, value) in self.0.scan(&from, &to, limit)? {
            let Some(place) = OutboxPlace::of(&key) else { continue };
            if let Opened::Record(entry) = self.0.unseal(mid, key, value)? {
                placed.push(PlacedEntry { place, entry });
            }
        }
        Ok(placed)
    }
}

impl OutboxPlace {
    fn key(&self, family: Family, mid: Mid) -> Key {
        let order = self.stored_at.as_nanos();
        match family {
            Family::Refused => Key::Refused(mid, self.target, order, self.report),
            _ => Key::Outbox(mid, self.target, order, self.report),
        }
    }

    fn of(key: &[u8]) -> Option<Self> {
        match Key::parse(key)? {
            Key::Outbox(_, target, order, report) | Key::Refused(_, target, order, report) => {
                Some(Self { target, stored_at: Timestamp::from_nanos(order), report })
            }
            _ => None,
        }
    }
}

impl StoreBatch {
    /// Stores the report that stands for a message. With an outbox entry in the same batch, always, unless it was
    /// forwarded.
    pub(crate) fn put_report(&mut self, mid: Mid, report: ReportRef, record: &ReportRecord) -> Result<(), StoreError> {
        self.put(mid, &report_key(mid, report), record)
    }

    pub(crate) fn put_outbox(&mut self, mid: Mid, place: OutboxPlace, entry: &OutboxEntry) -> Result<(), StoreError> {
        self.put(mid, &place.key(Family::Outbox, mid), entry)
    }

    pub(crate) fn delete_outbox(&mut self, mid: Mid, place: OutboxPlace) {
        self.delete(&place.key(Family::Outbox, mid));
    }

    /// Moves an entry out of the way of the others, with the target's own words in it.
    pub(crate) fn refuse_outbox(
        &mut self,
        mid: Mid,
        place: OutboxPlace,
        entry: &OutboxEntry,
    ) -> Result<(), StoreError> {
        self.put(mid, &place.key(Family::Refused, mid), entry)?;
        self.delete_outbox(mid, place);
        Ok(())
    }

    /// Moves a refused entry back to the waiting ones.
    pub(crate) fn replay_outbox(
        &mut self,
        mid: Mid,
        place: OutboxPlace,
        entry: &OutboxEntry,
    ) -> Result<(), StoreError> {
        self.put_outbox(mid, place, entry)?;
        self.delete_refused(mid, place);
        Ok(())
    }

    pub(crate) fn delete_refused(&mut self, mid: Mid, place: OutboxPlace) {
        self.delete(&place.key(Family::Refused, mid));
    }
}

impl ReportRef {
    /// The report of the message at this place.
    pub(crate) fn of(queue: QueueId, sequence: u64) -> Self {
        Self::Known(queue, sequence)
    }
}

fn report_key(mid: Mid, report: ReportRef) -> Key {
    match report {
        ReportRef::Known(queue, sequence) => Key::Report(mid, queue, sequence),
        ReportRef::Stray(hash) => Key::StrayReport(mid, hash),
    }
}
