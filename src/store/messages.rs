//! Messages: waiting, in flight, finished, dead.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::keys::{Family, Key, Layout};
use super::{Opened, Store, StoreBatch, StoreError};
use crate::domain::delivery::LocalEnd;
use crate::domain::ids::{MessageId, Mid, QueueId};
use crate::domain::message::QueuedMessage;
use crate::domain::report::StatusInfo;
use crate::domain::timestamp::Timestamp;

/// A finished message: all that reports and its timeline need.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct SentMessage {
    pub(crate) message: QueuedMessage,
    pub(crate) outcome: SentOutcome,
    pub(crate) ended_at: Timestamp,
}

/// How a message left the queue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum SentOutcome {
    /// The provider took it.
    Sent { at: Timestamp, status: StatusInfo },
    /// It ended here.
    Ended(LocalEnd),
}

/// A request that was written down before it was sent (spec Q6b, Q7). Found at start: maybe sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct InFlight {
    /// The queue's sequences in the request; not empty.
    pub(crate) sequences: Vec<u64>,
    pub(crate) started_at: Timestamp,
    /// How often the provider's log was asked.
    pub(crate) lookups: u8,
    pub(crate) last_lookup_at: Option<Timestamp>,
}

/// Why a message was given up, for the operator who retries or drops it (spec Q6).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    pub(crate) end: LocalEnd,
    pub(crate) at: Timestamp,
}

/// That a message was taken out of its queue while it waited, and so was never sent (spec R5). Names nobody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct TakenOut {
    /// The message id's; its place says the rest.
    pub(crate) nonce: u64,
    pub(crate) at: Timestamp,
}

/// Where a message is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Found {
    Waiting(QueuedMessage),
    Sent(SentMessage),
}

/// Where a queue goes on after a restart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Frontier {
    /// Waiting messages that were given out before, and were not settled: to be given out again, once.
    pub(crate) passed: Vec<u64>,
    /// The first sequence to be given out; it and what follows wait without a gap.
    pub(crate) next: u64,
    /// Places before `next` at which no message waits.
    pub(crate) empty: u64,
}

/// Keys read at a time while the frontier is looked for.
const FRONTIER_PAGE: usize = 256;
/// Sequences looked at for one page of a queue's newest messages.
const NEWEST_PAGE: u64 = 200;

/// Reads of messages.
#[derive(Clone, Copy)]
pub(crate) struct Messages<'a>(pub(super) &'a Store);

impl Messages<'_> {
    /// Waiting messages from `from_sequence` on, in order, at most `limit`.
    pub(crate) fn waiting(
        &self,
        mid: Mid,
        queue: QueueId,
        from_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Opened<QueuedMessage>>, StoreError> {
        let (from, to) = range_from(Family::Waiting, mid, queue, from_sequence);
        self.0.list(mid, &from, &to, limit)
    }

    pub(crate) fn waiting_at(
        &self,
        mid: Mid,
        queue: QueueId,
        sequence: u64,
    ) -> Result<Option<QueuedMessage>, StoreError> {
        self.0.read(mid, &Key::Waiting(mid, queue, sequence))
    }

    /// Sequences of waiting messages from `from_sequence` on, in order, at most `limit`, without opening them.
    pub(crate) fn waiting_sequences(
        &self,
        mid: Mid,
        queue: QueueId,
        from_sequence: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let (from, to) = range_from(Family::Waiting, mid, queue, from_sequence);
        Ok(self.0.scan(&from, &to, limit)?.iter().filter_map(|(key, _)| sequence_of(key)).collect())
    }

    /// Where the queue goes on, given how many of its messages are done and the last sequence that it gave. Reads the
    /// keys of what was tried and is still waiting, and one more, whatever the queue's length.
    pub(crate) fn frontier(&self, mid: Mid, queue: QueueId, done: u64, last: u64) -> Result<Frontier, StoreError> {
        let in_flight = self.in_flight(mid, queue)?;
        let in_flight: HashSet<u64> = in_flight.into_iter().flat_map(|request| request.sequences).collect();
        let sent_to = in_flight.iter().copied().max().unwrap_or(0);
        let (mut from, to) = Layout::family(Family::Waiting).mid(mid).queue(queue).range();
        let mut passed = Vec::new();
        let mut waiting = 0;
        loop {
            let page = self.0.scan(&from, &to, FRONTIER_PAGE)?;
            let Some((last_key, _)) = page.last() else {
                return Ok(Frontier { passed, next: last + 1, empty: last.saturating_sub(waiting) });
            };
            from.clone_from(last_key);
            // The smallest key behind it.
            from.push(0);
            for sequence in page.iter().filter_map(|(key, _)| sequence_of(key)) {
                let gaps = sequence.saturating_sub(waiting + 1);
                // All that is done lies before it, and all that is in flight.
                if gaps >= done && sequence > sent_to {
                    return Ok(Frontier { passed, next: sequence, empty: gaps });
                }
                waiting += 1;
                if !in_flight.contains(&sequence) {
                    passed.push(sequence);
                }
            }
        }
    }

    /// The last sequence ever given in the queue; 0 when there was none. Sequences begin with 1.
    pub(crate) fn last_sequence(&self, mid: Mid, queue: QueueId) -> Result<u64, StoreError> {
        let record = self.0.queues().get(mid, queue)?;
        let mut last = record.map_or(0, |record| record.done.max(record.erased_to));
        for family in [Family::Waiting, Family::Sent] {
            let prefix = Layout::family(family).mid(mid).queue(queue).0;
            // A quarantined message had its number too.
            for prefix in [prefix.clone(), Key::Quarantine(prefix).to_bytes()] {
                let found = self.0.last(&prefix)?.and_then(|(key, _)| sequence_of(&key));
                last = last.max(found.unwrap_or(0));
            }
        }
        Ok(last)
    }

    pub(crate) fn sent(&self, mid: Mid, queue: QueueId, sequence: u64) -> Result<Option<SentMessage>, StoreError> {
        self.0.read(mid, &Key::Sent(mid, queue, sequence))
    }

    /// Finished messages of a queue, newest first, at most [`NEWEST_PAGE`], before a sequence when given.
    pub(crate) fn newest_sent(
        &self,
        mid: Mid,
        queue: QueueId,
        before: Option<u64>,
    ) -> Result<Vec<SentMessage>, StoreError> {
        let last = match before {
            Some(before) => before.checked_sub(1),
            None => {
                let prefix = Layout::family(Family::Sent).mid(mid).queue(queue).0;
                self.0.last(&prefix)?.and_then(|(key, _)| sequence_of(&key))
            }
        };
        let Some(last) = last else { return Ok(Vec::new()) };
        let first = last.saturating_sub(NEWEST_PAGE - 1);
        let from = Key::Sent(mid, queue, first).to_bytes();
        let mut to = Key::Sent(mid, queue, last).to_bytes();
        // The smallest key behind it.
        to.push(0);
        let page = self.0.list(mid, &from, &to, usize::MAX)?;
        let mut page: Vec<SentMessage> = page.into_iter().filter_map(Opened::record).collect();
        page.reverse();
        Ok(page)
    }

    /// Finished messages of a queue from `from_sequence` on, in order, at most `limit`.
    pub(crate) fn sent_from(
        &self,
        mid: Mid,
        queue: QueueId,
        from_sequence: u64,
        limit: usize,
    ) -> Result<Vec<SentMessage>, StoreError> {
        let (from, to) = range_from(Family::Sent, mid, queue, from_sequence);
        Ok(self.0.list(mid, &from, &to, limit)?.into_iter().filter_map(Opened::record).collect())
    }

    /// A sequence before which all finished messages of a queue ended before `at`, but for those that were retried while
    /// later ones went. Found by halving.
    pub(crate) fn ended_since(&self, mid: Mid, queue: QueueId, at: Timestamp) -> Result<u64, StoreError> {
        let (mut low, mut high) = (1, self.last_sequence(mid, queue)?.saturating_add(1));
        while low < high {
            let middle = low + (high - low) / 2;
            match self.sent_from(mid, queue, middle, 1)?.first() {
                Some(sent) if sent.ended_at < at => low = sent.message.id.sequence.saturating_add(1),
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// The message with this id, wherever it is; `None` also when the place is another message's.
    pub(crate) fn find(&self, mid: Mid, id: MessageId) -> Result<Option<Found>, StoreError> {
        if let Some(sent) = self.sent(mid, id.queue, id.sequence)? {
            return Ok((sent.message.id == id).then_some(Found::Sent(sent)));
        }
        if let Some(waiting) = self.waiting_at(mid, id.queue, id.sequence)? {
            return Ok((waiting.id == id).then_some(Found::Waiting(waiting)));
        }
        // Between the two reads it may have been finished.
        let sent = self.sent(mid, id.queue, id.sequence)?;
        Ok(sent.filter(|sent| sent.message.id == id).map(Found::Sent))
    }

    /// All requests of a queue that were written down and not finished.
    pub(crate) fn in_flight(&self, mid: Mid, queue: QueueId) -> Result<Vec<InFlight>, StoreError> {
        let (from, to) = Layout::family(Family::InFlight).mid(mid).queue(queue).range();
        Ok(self.0.list(mid, &from, &to, usize::MAX)?.into_iter().filter_map(Opened::record).collect())
    }

    /// Whether the message was taken out of its queue while it waited.
    pub(crate) fn is_taken_out(&self, mid: Mid, id: MessageId) -> Result<bool, StoreError> {
        let taken_out: Option<TakenOut> = self.0.read(mid, &Key::TakenOut(mid, id.queue, id.sequence))?;
        Ok(taken_out.is_some_and(|taken_out| taken_out.nonce == id.nonce))
    }

    /// Places from `from_sequence` on whose messages were taken out of the queue, in order.
    pub(crate) fn taken_out(&self, mid: Mid, queue: QueueId, from_sequence: u64) -> Result<Vec<u64>, StoreError> {
        let (from, to) = range_from(Family::TakenOut, mid, queue, from_sequence);
        Ok(self.0.scan(&from, &to, usize::MAX)?.iter().filter_map(|(key, _)| sequence_of(key)).collect())
    }

    /// Dead letters of a queue from `from_sequence` on, with their sequences.
    pub(crate) fn dead_letters(
        &self,
        mid: Mid,
        queue: QueueId,
        from_sequence: u64,
        limit: usize,
    ) -> Result<Vec<(u64, DeadLetter)>, StoreError> {
        let (from, to) = range_from(Family::DeadLetter, mid, queue, from_sequence);
        let mut letters = Vec::new();
        for (key, value) in self.0.scan(&from, &to, limit)? {
            let Some(sequence) = sequence_of(&key) else { continue };
            if let Opened::Record(letter) = self.0.unseal(mid, key, value)? {
                letters.push((sequence, letter));
            }
        }
        Ok(letters)
    }
}

impl StoreBatch {
    /// Queues a message, or stores its progress.
    pub(crate) fn put_waiting(&mut self, mid: Mid, message: &QueuedMessage) -> Result<(), StoreError> {
        self.put(mid, &Key::Waiting(mid, message.id.queue, message.id.sequence), message)
    }

    /// Moves a message from the queue to the finished ones.
    pub(crate) fn finish(&mut self, mid: Mid, sent: &SentMessage) -> Result<(), StoreError> {
        let MessageId { queue, sequence, .. } = sent.message.id;
        self.put(mid, &Key::Sent(mid, queue, sequence), sent)?;
        self.delete(&Key::Waiting(mid, queue, sequence));
        Ok(())
    }

    /// Writes down a request before it is sent. Its first sequence names it.
    pub(crate) fn put_in_flight(&mut self, mid: Mid, queue: QueueId, request: &InFlight) -> Result<(), StoreError> {
        let first = request.sequences.first().copied().unwrap_or_default();
        self.put(mid, &Key::InFlight(mid, queue, first), request)
    }

    pub(crate) fn delete_in_flight(&mut self, mid: Mid, queue: QueueId, first_sequence: u64) {
        self.delete(&Key::InFlight(mid, queue, first_sequence));
    }

    /// Takes a waiting message out of its queue, and leaves a note that it was not sent.
    pub(crate) fn take_out(&mut self, mid: Mid, id: MessageId, at: Timestamp) -> Result<(), StoreError> {
        self.delete(&Key::Waiting(mid, id.queue, id.sequence));
        self.put(mid, &Key::TakenOut(mid, id.queue, id.sequence), &TakenOut { nonce: id.nonce, at })
    }

    pub(crate) fn put_dead_letter(&mut self, mid: Mid, id: MessageId, letter: &DeadLetter) -> Result<(), StoreError> {
        self.put(mid, &Key::DeadLetter(mid, id.queue, id.sequence), letter)
    }
}

fn range_from(family: Family, mid: Mid, queue: QueueId, from_sequence: u64) -> (Vec<u8>, Vec<u8>) {
    let layout = Layout::family(family).mid(mid).queue(queue);
    let (_, to) = layout.clone().range();
    (layout.u64(from_sequence).0, to)
}

fn sequence_of(key: &[u8]) -> Option<u64> {
    match Key::parse(key)? {
        Key::Quarantine(original) => sequence_of(&original),
        Key::Waiting(_, _, sequence)
        | Key::Sent(_, _, sequence)
        | Key::DeadLetter(_, _, sequence)
        | Key::TakenOut(_, _, sequence) => Some(sequence),
        _ => None,
    }
}
