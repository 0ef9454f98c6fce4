//! What is said about messages, and the outbox of what waits to be forwarded. A report and its entry share a batch,
//! always.

use serde::{Deserialize, Serialize};

use super::keys::{Family, Hash, Key, Layout, OutboxSubject, OutboxTarget, ReportRef, SYSTEM};
use super::{Opened, Store, StoreBatch, StoreError};
use crate::domain::channel::Channel;
use crate::domain::click::{Click, HeardClick};
use crate::domain::ids::{AccountId, MessageId, Mid, QueueId};
use crate::domain::inbound::{InboundChannel, InboundMessage, Pairing, normalised_party};
use crate::domain::report::{MessageReports, Standing};
use crate::domain::timestamp::Timestamp;

/// The reports that stand for a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ReportRecord {
    pub(crate) reports: MessageReports,
    /// The channel's spelling, for reports that do not say it; a seen report never does.
    pub(crate) channel: String,
    pub(crate) stored_at: Timestamp,
    /// Where its entry of the outbox is, while it waits there. A record from before this was kept has none although an
    /// entry waits: a second entry then finds nothing left to do.
    pub(crate) waits_at: Option<(u8, Timestamp)>,
    pub(crate) taken: Option<Taken>,
}

impl ReportRecord {
    /// `messageId` as it came.
    pub(crate) fn message_id(&self) -> &str {
        let delivery = self.reports.delivery.as_ref().map(|report| report.message_id.as_str());
        delivery.or(self.reports.seen.as_ref().map(|seen| seen.message_id.as_str())).unwrap_or_default()
    }

    /// Whether the target has all that there is to tell it. A pending delivery report without a seen one is nothing to
    /// tell.
    pub(crate) fn is_all_taken(&self) -> bool {
        let (delivery, seen) = self.taken.map_or((false, false), |taken| (taken.delivery, taken.seen));
        let reports = &self.reports;
        let tells_delivery =
            reports.final_delivery().is_some() || (reports.seen.is_some() && reports.delivery.is_some());
        (delivery || !tells_delivery) && (seen || reports.seen.is_none())
    }
}

/// What a target has taken of a message's reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// When it took something first.
    pub(crate) first_at: Timestamp,
    /// Whether it has the delivery report that stands now.
    pub(crate) delivery: bool,
    /// Whether it has the seen report that stands now.
    pub(crate) seen: bool,
}

/// A click.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ClickRecord {
    pub(crate) click: Click,
    pub(crate) account: AccountId,
    pub(crate) stored_at: Timestamp,
    pub(crate) taken_at: Option<Timestamp>,
}

/// An inbound message, and what became of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct InboundRecord {
    pub(crate) inbound: InboundMessage,
    /// `None` while nobody knows whose it is (mid 0).
    pub(crate) account: Option<AccountId>,
    pub(crate) pairing: Option<Pairing>,
    pub(crate) event: Option<ReplyEvent>,
    pub(crate) stored_at: Timestamp,
    /// When the row, or the post, was taken.
    pub(crate) taken_at: Option<Timestamp>,
}

/// The event that an inbound message fires for its contact (spec R3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ReplyEvent {
    pub(crate) event_definition_key: String,
    /// Not before: the contact must be waiting by then.
    pub(crate) due_at: Timestamp,
    /// Recorded before anything may repeat it.
    pub(crate) fired_at: Option<Timestamp>,
    /// Why SFMC does not take it, in its own words; then it is not fired any more.
    pub(crate) refused: Option<String>,
}

impl InboundRecord {
    /// The event that is still to be fired.
    pub(crate) fn open_event(&self) -> Option<&ReplyEvent> {
        self.event.as_ref().filter(|event| event.fired_at.is_none() && event.refused.is_none())
    }
}

/// That an inbound message answers a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ReplyOf {
    pub(crate) received_at: Timestamp,
}

/// The newest message of a sender to a recipient on a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LastSent {
    pub(crate) message_id: MessageId,
    pub(crate) sent_at: Timestamp,
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

/// The place of an outbox entry: by when it may go, and what it is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct OutboxPlace {
    pub(crate) target: OutboxTarget,
    /// Not forwarded before this moment of the wall clock.
    pub(crate) due_at: Timestamp,
    pub(crate) subject: OutboxSubject,
}

/// Inbound messages that nobody is known for.
#[derive(Debug)]
pub(crate) struct UnassignedPage {
    pub(crate) records: Vec<(Hash, InboundRecord)>,
    /// The last one that was looked at; the next page is behind it. `None` when there was none.
    pub(crate) last: Option<Hash>,
}

/// Whose the inbound messages are that no account is known for.
pub(crate) const UNASSIGNED: Mid = SYSTEM;

/// Reads of reports and of the outbox.
#[derive(Clone, Copy)]
pub(crate) struct Reports<'a>(pub(super) &'a Store);

impl Reports<'_> {
    pub(crate) fn get(&self, mid: Mid, report: ReportRef) -> Result<Option<ReportRecord>, StoreError> {
        self.0.read(mid, &report_key(mid, report))
    }

    /// What the reports of a queue's messages come to, from a sequence on, looking at `limit` of them; and the sequence to
    /// go on with, the largest number at the end. Blocks.
    pub(crate) fn standings(
        &self,
        mid: Mid,
        queue: QueueId,
        from_sequence: u64,
        limit: usize,
    ) -> Result<(Vec<(u64, Standing)>, u64), StoreError> {
        let layout = Layout::family(Family::Report).mid(mid).queue(queue);
        let (_, to) = layout.clone().range();
        let page = self.0.scan(&layout.u64(from_sequence).0, &to, limit)?;
        let is_last = page.len() < limit;
        let mut next = from_sequence;
        let mut standings = Vec::with_capacity(page.len());
        for (key, value) in page {
            let Some(Key::Report(_, _, sequence)) = Key::parse(&key) else { continue };
            next = sequence.saturating_add(1);
            if let Opened::Record(record) = self.0.unseal::<ReportRecord>(mid, key, value)? {
                standings.push((sequence, record.reports.standing()));
            }
        }
        Ok((standings, if is_last { u64::MAX } else { next }))
    }

    /// How a report about a message id that is not in this store is named.
    pub(crate) fn stray(&self, mid: Mid, message_id: &str) -> Result<ReportRef, StoreError> {
        let hash: Hash = self.0.sealer(mid)?.lookup_hash("stray report", message_id.as_bytes());
        Ok(ReportRef::Stray(hash))
    }

    /// How a click is named: by its message, and what makes it that click.
    pub(crate) fn click_hash(&self, mid: Mid, click: &HeardClick) -> Result<Hash, StoreError> {
        Ok(self.0.sealer(mid)?.lookup_hash("click", click.identity().as_bytes()))
    }

    pub(crate) fn click(&self, mid: Mid, report: ReportRef, hash: Hash) -> Result<Option<ClickRecord>, StoreError> {
        self.0.read(mid, &Key::Click(mid, report, hash))
    }

    /// The clicks of a message, at most `limit`, in no order of time.
    pub(crate) fn clicks_of(&self, mid: Mid, report: ReportRef, limit: usize) -> Result<Vec<ClickRecord>, StoreError> {
        let (from, to) = Layout::family(Family::Click).mid(mid).report(report).range();
        let opened = self.0.list(mid, &from, &to, limit)?;
        Ok(opened.into_iter().filter_map(Opened::record).collect())
    }

    /// How an inbound message is named.
    pub(crate) fn inbound_hash(&self, mid: Mid, message_id: &str) -> Result<Hash, StoreError> {
        Ok(self.0.sealer(mid)?.lookup_hash("inbound", message_id.as_bytes()))
    }

    /// An inbound message; those whose account is not known are the system's ([`UNASSIGNED`]).
    pub(crate) fn inbound(&self, mid: Mid, hash: Hash) -> Result<Option<InboundRecord>, StoreError> {
        self.0.read(mid, &Key::Inbound(mid, hash))
    }

    /// Inbound messages of a business unit, at most `limit`, in no order of time.
    pub(crate) fn all_inbound(&self, mid: Mid, limit: usize) -> Result<Vec<InboundRecord>, StoreError> {
        let (from, to) = Layout::family(Family::Inbound).mid(mid).range();
        Ok(self.0.list(mid, &from, &to, limit)?.into_iter().filter_map(Opened::record).collect())
    }

    /// A page of the inbound messages that nobody is known for, behind `after` when given, in no order of time.
    pub(crate) fn unassigned(&self, after: Option<Hash>, limit: usize) -> Result<UnassignedPage, StoreError> {
        let (mut from, to) = Layout::family(Family::Inbound).mid(UNASSIGNED).range();
        if let Some(hash) = after {
            from = Key::Inbound(UNASSIGNED, hash).to_bytes();
            // The smallest key behind it.
            from.push(0);
        }
        let mut page = UnassignedPage { records: Vec::new(), last: None };
        for (key, value) in self.0.scan(&from, &to, limit)? {
            let Some(Key::Inbound(_, hash)) = Key::parse(&key) else { continue };
            page.last = Some(hash);
            if let Opened::Record(record) = self.0.unseal(UNASSIGNED, key, value)? {
                page.records.push((hash, record));
            }
        }
        Ok(page)
    }

    /// How many inbound messages nobody is known for, counted up to `limit`.
    pub(crate) fn count_unassigned(&self, limit: usize) -> Result<usize, StoreError> {
        let (from, to) = Layout::family(Family::Inbound).mid(UNASSIGNED).range();
        self.0.count(&from, &to, limit)
    }

    /// The inbound messages that answer a message, at most `limit`, in no order of time.
    pub(crate) fn replies_to(&self, mid: Mid, id: MessageId, limit: usize) -> Result<Vec<InboundRecord>, StoreError> {
        let (from, to) = Layout::family(Family::ReplyOf).mid(mid).queue(id.queue).u64(id.sequence).range();
        let mut replies = Vec::new();
        for (key, _) in self.0.scan(&from, &to, limit)? {
            let Some(Key::ReplyOf(_, _, _, hash)) = Key::parse(&key) else { continue };
            replies.extend(self.inbound(mid, hash)?);
        }
        Ok(replies)
    }

    /// The newest message that `sender` has sent to `recipient`, for pairing a reply with it.
    pub(crate) fn last_sent(
        &self,
        mid: Mid,
        channel: InboundChannel,
        sender: &str,
        recipient: &str,
    ) -> Result<Option<LastSent>, StoreError> {
        let hash = self.last_sent_hash(mid, channel, sender, recipient)?;
        self.last_sent_at(mid, hash)
    }

    /// What is kept at a place of [`Reports::last_sent_place`].
    pub(crate) fn last_sent_at(&self, mid: Mid, place: Hash) -> Result<Option<LastSent>, StoreError> {
        self.0.read(mid, &Key::LastSent(mid, place))
    }

    /// Where [`StoreBatch::put_last_sent`] keeps it; `None` for a channel without replies, or a message without sender.
    pub(crate) fn last_sent_place(
        &self,
        mid: Mid,
        channel: Channel,
        sender: &str,
        recipient: &str,
    ) -> Result<Option<Hash>, StoreError> {
        match channel.capability().replies {
            Some(replies) if !sender.is_empty() => self.last_sent_hash(mid, replies, sender, recipient).map(Some),
            _ => Ok(None),
        }
    }

    fn last_sent_hash(
        &self,
        mid: Mid,
        channel: InboundChannel,
        sender: &str,
        recipient: &str,
    ) -> Result<Hash, StoreError> {
        let (sender, recipient) = (normalised_party(sender), normalised_party(recipient));
        let text = format!("{}\n{sender}\n{recipient}", channel.reported_as());
        Ok(self.0.sealer(mid)?.lookup_hash("last sent", text.as_bytes()))
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
        let order = self.due_at.as_nanos();
        match family {
            Family::Refused => Key::Refused(mid, self.target, order, self.subject),
            _ => Key::Outbox(mid, self.target, order, self.subject),
        }
    }

    fn of(key: &[u8]) -> Option<Self> {
        match Key::parse(key)? {
            Key::Outbox(_, target, order, subject) | Key::Refused(_, target, order, subject) => {
                Some(Self { target, due_at: Timestamp::from_nanos(order), subject })
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

    /// Stores a click. With an outbox entry in the same batch, always, unless it was taken.
    pub(crate) fn put_click(
        &mut self,
        mid: Mid,
        report: ReportRef,
        hash: Hash,
        record: &ClickRecord,
    ) -> Result<(), StoreError> {
        self.put(mid, &Key::Click(mid, report, hash), record)
    }

    /// Stores an inbound message. With an outbox entry in the same batch, always, unless it was taken or nobody knows
    /// whose it is.
    pub(crate) fn put_inbound(&mut self, mid: Mid, hash: Hash, record: &InboundRecord) -> Result<(), StoreError> {
        self.put(mid, &Key::Inbound(mid, hash), record)
    }

    pub(crate) fn delete_inbound(&mut self, mid: Mid, hash: Hash) {
        self.delete(&Key::Inbound(mid, hash));
    }

    /// Notes that an inbound message answers a message.
    pub(crate) fn put_reply_of(
        &mut self,
        mid: Mid,
        id: MessageId,
        hash: Hash,
        reply: &ReplyOf,
    ) -> Result<(), StoreError> {
        self.put(mid, &Key::ReplyOf(mid, id.queue, id.sequence, hash), reply)
    }

    /// Notes the newest message of a sender to a recipient, at a place of [`Reports::last_sent_place`].
    pub(crate) fn put_last_sent(&mut self, mid: Mid, place: Hash, last: &LastSent) -> Result<(), StoreError> {
        self.put(mid, &Key::LastSent(mid, place), last)
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

    /// Puts an entry among what was refused, whatever waits at its place.
    pub(crate) fn put_refused(&mut self, mid: Mid, place: OutboxPlace, entry: &OutboxEntry) -> Result<(), StoreError> {
        self.put(mid, &place.key(Family::Refused, mid), entry)
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
