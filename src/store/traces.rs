//! What is kept of people: all records of a business unit that name one or say what became of a message, to be gone
//! through in pages and removed one by one, by retention and on request (spec R5).

use super::keys::{Family, Hash, Key, Layout, OutboxSubject, ReportRef};
use super::record::Record;
use super::reports::{ClickRecord, InboundRecord, LastSent, OutboxEntry, OutboxPlace, ReplyOf, ReportRecord};
use super::{Opened, SentMessage, Store, StoreBatch, StoreError, TakenOut};
use crate::domain::ids::{Mid, QueueId};
use crate::domain::message::QueuedMessage;

/// Records looked at in one page: some milliseconds' worth, and little memory whatever they hold.
const PAGE_RECORDS: usize = 256;

/// A family that is gone through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TraceFamily {
    Waiting,
    Sent,
    TakenOut,
    Reports,
    StrayReports,
    Clicks,
    Inbound,
    ReplyOf,
    LastSent,
    Outbox,
    Refused,
}

/// The place of a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Trace {
    Waiting(QueueId, u64),
    /// With its dead letter, if it has one.
    Sent(QueueId, u64),
    TakenOut(QueueId, u64),
    Report(ReportRef),
    Click(ReportRef, Hash),
    Inbound(Hash),
    ReplyOf(QueueId, u64, Hash),
    LastSent(Hash),
    Outbox(OutboxPlace),
    Refused(OutboxPlace),
}

/// A record as it was found.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Kept {
    Waiting(QueuedMessage),
    Sent(SentMessage),
    TakenOut(TakenOut),
    Report(ReportRecord),
    Click(ClickRecord),
    Inbound(InboundRecord),
    ReplyOf(ReplyOf),
    LastSent(LastSent),
    Outbox(OutboxEntry),
}

/// What one page had, of what was wanted.
pub(crate) struct TracePage {
    pub(crate) found: Vec<(Trace, Kept)>,
    /// Where to go on; `None` at the end.
    pub(crate) next: Option<Vec<u8>>,
}

/// Reads of traces.
#[derive(Clone, Copy)]
pub(crate) struct Traces<'a>(pub(super) &'a Store);

impl TraceFamily {
    fn family(self) -> Family {
        match self {
            Self::Waiting => Family::Waiting,
            Self::Sent => Family::Sent,
            Self::TakenOut => Family::TakenOut,
            Self::Reports => Family::Report,
            Self::StrayReports => Family::StrayReport,
            Self::Clicks => Family::Click,
            Self::Inbound => Family::Inbound,
            Self::ReplyOf => Family::ReplyOf,
            Self::LastSent => Family::LastSent,
            Self::Outbox => Family::Outbox,
            Self::Refused => Family::Refused,
        }
    }
}

impl Trace {
    fn of(key: &Key) -> Option<Self> {
        Some(match *key {
            Key::Waiting(_, queue, sequence) => Self::Waiting(queue, sequence),
            Key::Sent(_, queue, sequence) => Self::Sent(queue, sequence),
            Key::TakenOut(_, queue, sequence) => Self::TakenOut(queue, sequence),
            Key::Report(_, queue, sequence) => Self::Report(ReportRef::Known(queue, sequence)),
            Key::StrayReport(_, hash) => Self::Report(ReportRef::Stray(hash)),
            Key::Click(_, report, hash) => Self::Click(report, hash),
            Key::Inbound(_, hash) => Self::Inbound(hash),
            Key::ReplyOf(_, queue, sequence, hash) => Self::ReplyOf(queue, sequence, hash),
            Key::LastSent(_, hash) => Self::LastSent(hash),
            Key::Outbox(_, target, order, subject) => Self::Outbox(place(target, order, subject)),
            Key::Refused(_, target, order, subject) => Self::Refused(place(target, order, subject)),
            _ => return None,
        })
    }

    fn key(&self, mid: Mid) -> Key {
        match *self {
            Self::Waiting(queue, sequence) => Key::Waiting(mid, queue, sequence),
            Self::Sent(queue, sequence) => Key::Sent(mid, queue, sequence),
            Self::TakenOut(queue, sequence) => Key::TakenOut(mid, queue, sequence),
            Self::Report(ReportRef::Known(queue, sequence)) => Key::Report(mid, queue, sequence),
            Self::Report(ReportRef::Stray(hash)) => Key::StrayReport(mid, hash),
            Self::Click(report, hash) => Key::Click(mid, report, hash),
            Self::Inbound(hash) => Key::Inbound(mid, hash),
            Self::ReplyOf(queue, sequence, hash) => Key::ReplyOf(mid, queue, sequence, hash),
            Self::LastSent(hash) => Key::LastSent(mid, hash),
            Self::Outbox(place) => Key::Outbox(mid, place.target, place.due_at.as_nanos(), place.subject),
            Self::Refused(place) => Key::Refused(mid, place.target, place.due_at.as_nanos(), place.subject),
        }
    }

    /// What must be locked so that nobody writes the record anew from what it was.
    pub(crate) fn locked_as(&self) -> Option<ReportRef> {
        match *self {
            Self::Report(report) | Self::Click(report, _) => Some(report),
            Self::Inbound(hash) => Some(ReportRef::Stray(hash)),
            _ => None,
        }
    }
}

fn place(target: super::OutboxTarget, order: u64, subject: OutboxSubject) -> OutboxPlace {
    OutboxPlace { target, due_at: crate::domain::timestamp::Timestamp::from_nanos(order), subject }
}

impl Traces<'_> {
    /// One page of a family: what `wanted` says yes to. Blocks. A record that would not open is passed over: it was
    /// moved aside.
    pub(crate) fn page(
        &self,
        mid: Mid,
        family: TraceFamily,
        from: Option<Vec<u8>>,
        wanted: &dyn Fn(&Trace, &Kept) -> bool,
    ) -> Result<TracePage, StoreError> {
        let (first, to) = Layout::family(family.family()).mid(mid).range();
        let entries = self.0.scan(&from.unwrap_or(first), &to, PAGE_RECORDS)?;
        let is_last = entries.len() < PAGE_RECORDS;
        let mut page = TracePage { found: Vec::new(), next: None };
        for (key, value) in entries {
            let mut behind = key.clone();
            // The smallest key behind it.
            behind.push(0);
            page.next = Some(behind);
            let Some(trace) = Key::parse(&key).as_ref().and_then(Trace::of) else { continue };
            let Some(kept) = self.open(mid, trace, key, value)? else { continue };
            if wanted(&trace, &kept) {
                page.found.push((trace, kept));
            }
        }
        if is_last {
            page.next = None;
        }
        Ok(page)
    }

    /// The record as it is now.
    pub(crate) fn get(&self, mid: Mid, trace: Trace) -> Result<Option<Kept>, StoreError> {
        let key = trace.key(mid).to_bytes();
        match self.0.0.kv.get(&key)? {
            Some(value) => self.open(mid, trace, key, value),
            None => Ok(None),
        }
    }

    fn open(&self, mid: Mid, trace: Trace, key: Vec<u8>, value: Vec<u8>) -> Result<Option<Kept>, StoreError> {
        match trace {
            Trace::Waiting(..) => self.as_kept(mid, key, value, Kept::Waiting),
            Trace::Sent(..) => self.as_kept(mid, key, value, Kept::Sent),
            Trace::TakenOut(..) => self.as_kept(mid, key, value, Kept::TakenOut),
            Trace::Report(_) => self.as_kept(mid, key, value, Kept::Report),
            Trace::Click(..) => self.as_kept(mid, key, value, Kept::Click),
            Trace::Inbound(_) => self.as_kept(mid, key, value, Kept::Inbound),
            Trace::ReplyOf(..) => self.as_kept(mid, key, value, Kept::ReplyOf),
            Trace::LastSent(_) => self.as_kept(mid, key, value, Kept::LastSent),
            Trace::Outbox(_) | Trace::Refused(_) => self.as_kept(mid, key, value, Kept::Outbox),
        }
    }

    fn as_kept<R: Record>(
        &self,
        mid: Mid,
        key: Vec<u8>,
        value: Vec<u8>,
        kept: fn(R) -> Kept,
    ) -> Result<Option<Kept>, StoreError> {
        Ok(self.0.unseal::<R>(mid, key, value).map(Opened::record)?.map(kept))
    }
}

impl StoreBatch {
    /// Removes a record. The queue of a message must keep its number: see [`super::QueueRecord::erased_to`].
    pub(crate) fn remove_trace(&mut self, mid: Mid, trace: Trace) {
        self.delete(&trace.key(mid));
        if let Trace::Sent(queue, sequence) = trace {
            self.delete(&Key::DeadLetter(mid, queue, sequence));
        }
    }
}
