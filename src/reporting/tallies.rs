//! How many messages of a queue were delivered, failed, seen: figures for whoever looks at an activity (spec M12).
//!
//! A queue's figures are counted once, when somebody first asks, by going through its stored reports in pages; from then
//! on each change of a report changes them. They are right after any order and any repeats of reports, because what is
//! counted is the report that stands, and after a restart, because they are counted anew.
//!
//! Reports change while they are counted. So the counting
//!
//! * begins behind every change that was under way: it takes and lets go each of the recorder's locks once;
//! * then is told of every change. One of a report that it has passed corrects the figures; one of a report ahead is
//!   remembered, and counts instead of what is read there.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::domain::ids::{Mid, QueueId};
use crate::domain::report::Standing;
use crate::store::{Store, StoreError};

/// Reports read at a time: some milliseconds' worth.
const PAGE_REPORTS: usize = 256;
/// Figures that nobody has asked for this long are forgotten.
const KEPT: Duration = Duration::from_secs(3_600);

/// Figures of one queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) delivered: u64,
    /// Undeliverable, expired, rejected, or ended here.
    pub(crate) failed: u64,
    /// Of the failed, those that Infobip never took: they ended here.
    pub(crate) ended_here: u64,
    pub(crate) seen: u64,
}

impl Tally {
    fn add(&mut self, standing: Standing) {
        self.delivered += u64::from(standing.is_delivered());
        self.failed += u64::from(standing.is_failed());
        self.ended_here += u64::from(standing.is_ended_here());
        self.seen += u64::from(standing.is_seen);
    }

    fn take(&mut self, standing: Standing) {
        self.delivered = self.delivered.saturating_sub(u64::from(standing.is_delivered()));
        self.failed = self.failed.saturating_sub(u64::from(standing.is_failed()));
        self.ended_here = self.ended_here.saturating_sub(u64::from(standing.is_ended_here()));
        self.seen = self.seen.saturating_sub(u64::from(standing.is_seen));
    }
}

/// The figures of a queue, complete or in the making.
struct Counted {
    tally: Tally,
    asked_at: Timestamp,
    /// Sequences below this one are in the tally.
    passed: u64,
    /// What stands now at sequences that are not in the tally yet.
    ahead: HashMap<u64, Standing>,
    /// Tells a counting from an earlier one of the same queue that was forgotten meanwhile.
    generation: u64,
}

impl Counted {
    fn is_complete(&self) -> bool {
        self.passed == u64::MAX
    }

    fn changed(&mut self, sequence: u64, was: Standing, is: Standing) {
        if sequence < self.passed {
            self.tally.take(was);
            self.tally.add(is);
        } else {
            self.ahead.insert(sequence, is);
        }
    }

    /// Takes what was read of the sequences below `next`.
    fn pass(&mut self, read: Vec<(u64, Standing)>, next: u64) {
        for (sequence, standing) in read {
            let standing = self.ahead.remove(&sequence).unwrap_or(standing);
            self.tally.add(standing);
        }
        // First reports of messages in between came after the page was read.
        let tally = &mut self.tally;
        self.ahead.retain(|sequence, standing| {
            let is_ahead = *sequence >= next;
            if !is_ahead {
                tally.add(*standing);
            }
            is_ahead
        });
        self.passed = next;
    }
}

#[derive(Default)]
struct State {
    queues: HashMap<(Mid, QueueId), Counted>,
    generations: u64,
}

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct Tallies {
    state: Mutex<State>,
    /// One counting at a time, whoever asks: the disk is the senders'.
    counting: tokio::sync::Mutex<()>,
}

impl Tallies {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A report has changed. Called while it is locked.
    pub(super) fn changed(&self, mid: Mid, queue: QueueId, sequence: u64, was: Standing, is: Standing) {
        if was == is {
            return;
        }
        if let Some(counted) = self.state().queues.get_mut(&(mid, queue)) {
            counted.changed(sequence, was, is);
        }
    }

    /// Reports of a queue are removed, or what was told of them is not sure: whoever asks next has them counted anew.
    pub(super) fn forget(&self, mid: Mid, queue: QueueId) {
        self.state().queues.remove(&(mid, queue));
    }

    fn known(&self, mid: Mid, queue: QueueId, now: Timestamp) -> Option<Tally> {
        let mut state = self.state();
        state.queues.retain(|_, counted| now.since(counted.asked_at) < KEPT);
        let counted = state.queues.get_mut(&(mid, queue)).filter(|counted| counted.is_complete())?;
        counted.asked_at = now;
        Some(counted.tally)
    }

    /// The figures of a queue. `settle` returns when no change of a report is under way that began before it was called.
    pub(super) async fn of(
        &self,
        store: &Store,
        mid: Mid,
        queue: QueueId,
        now: Timestamp,
        settle: impl Future<Output = ()>,
    ) -> Result<Tally, StoreError> {
        if let Some(tally) = self.known(mid, queue, now) {
            return Ok(tally);
        }
        let _one_at_a_time = self.counting.lock().await;
        if let Some(tally) = self.known(mid, queue, now) {
            return Ok(tally);
        }
        let generation = self.begin(mid, queue, now);
        settle.await;
        let mut own = Tally::default();
        let mut from = 0;
        loop {
            let page = read(store, mid, queue, from).await;
            let (read, next) = match page {
                Ok(page) => page,
                Err(error) => {
                    self.forget(mid, queue);
                    return Err(error);
                }
            };
            read.iter().for_each(|(_, standing)| own.add(*standing));
            let mut state = self.state();
            let counted = state.queues.get_mut(&(mid, queue)).filter(|counted| counted.generation == generation);
            if let Some(counted) = counted {
                counted.pass(read, next);
                own = counted.tally;
            }
            drop(state);
            if next == u64::MAX {
                return Ok(own);
            }
            from = next;
        }
    }

    fn begin(&self, mid: Mid, queue: QueueId, now: Timestamp) -> u64 {
        let mut state = self.state();
        state.generations += 1;
        let generation = state.generations;
        let begun = Counted { tally: Tally::default(), asked_at: now, passed: 0, ahead: HashMap::new(), generation };
        state.queues.insert((mid, queue), begun);
        generation
    }
}

/// One page, and the sequence that the next one begins with; the largest at the end.
async fn read(store: &Store, mid: Mid, queue: QueueId, from: u64) -> Result<(Vec<(u64, Standing)>, u64), StoreError> {
    let store = store.clone();
    let reading = tokio::task::spawn_blocking(move || store.reports().standings(mid, queue, from, PAGE_REPORTS));
    // The thread ends early only when the process does.
    reading.await.unwrap_or(Err(StoreError::Closed))
}
