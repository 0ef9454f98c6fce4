//! Going through what is kept of people, and removing it: what retention and erasure share (spec R5).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::recorder::Recorder;
use crate::dispatch::book::QueueBook;
use crate::domain::ids::{Mid, QueueId};
use crate::store::{Kept, QueueRecord, Store, StoreError, Trace, TraceFamily, TracePage};

/// Records removed in one commit, each with at most two writes.
const REMOVED_TOGETHER: usize = 80;

/// Which records are to go.
pub(super) type Wanted = Arc<dyn Fn(&Trace, &Kept) -> bool + Send + Sync>;

/// See the module's documentation.
pub(crate) struct Remover {
    pub(super) store: Store,
    recorder: Arc<Recorder>,
    book: Arc<QueueBook>,
}

impl Remover {
    pub(crate) fn new(store: Store, recorder: Arc<Recorder>, book: Arc<QueueBook>) -> Self {
        Self { store, recorder, book }
    }

    /// One page of what is wanted of a family, read on a thread that may wait.
    pub(super) async fn page(
        &self,
        mid: Mid,
        family: TraceFamily,
        from: Option<Vec<u8>>,
        wanted: &Wanted,
    ) -> Result<TracePage, StoreError> {
        let (store, wanted) = (self.store.clone(), Arc::clone(wanted));
        let reading = tokio::task::spawn_blocking(move || store.traces().page(mid, family, from, &*wanted));
        // The thread ends early only when the process does.
        reading.await.unwrap_or(Err(StoreError::Closed))
    }

    /// All that is wanted of a family.
    pub(super) async fn all(
        &self,
        mid: Mid,
        family: TraceFamily,
        wanted: &Wanted,
    ) -> Result<Vec<(Trace, Kept)>, StoreError> {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let page = self.page(mid, family, from, wanted).await?;
            found.extend(page.found);
            match page.next {
                Some(next) => from = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// Removes records that are still wanted; tells how many.
    pub(super) async fn remove(&self, mid: Mid, traces: &[Trace], wanted: &Wanted) -> Result<u64, StoreError> {
        let mut removed = 0;
        for some in traces.chunks(REMOVED_TOGETHER) {
            let refs: Vec<_> = some.iter().filter_map(Trace::locked_as).collect();
            let _locked = self.recorder.lock(refs.iter()).await;
            let mut batch = self.store.batch();
            let mut of_queues: BTreeMap<QueueId, Vec<u64>> = BTreeMap::new();
            for trace in some {
                // A report may have come meanwhile, and made the record another one.
                let is_still = match trace.locked_as() {
                    Some(_) => self.store.traces().get(mid, *trace)?.is_some_and(|kept| wanted(trace, &kept)),
                    None => true,
                };
                if !is_still {
                    continue;
                }
                removed += 1;
                match *trace {
                    Trace::Sent(queue, sequence) => of_queues.entry(queue).or_default().push(sequence),
                    trace => batch.remove_trace(mid, trace),
                }
            }
            if !batch.is_empty() {
                let _receipt = self.store.commit(batch).await?;
                self.recorder.forget_tallies(mid, &refs);
            }
            for (queue, sequences) in of_queues {
                self.remove_sent(mid, queue, &sequences).await?;
            }
        }
        Ok(removed)
    }

    /// Removes finished messages; their queue remembers how far, so that no number is given again.
    async fn remove_sent(&self, mid: Mid, queue: QueueId, sequences: &[u64]) -> Result<(), StoreError> {
        let mut batch = self.store.batch();
        for sequence in sequences {
            batch.remove_trace(mid, Trace::Sent(queue, *sequence));
        }
        // Without its record nobody gives numbers in the queue.
        let Some(handle) = self.book.by_id(queue) else { return self.store.commit(batch).await.map(drop) };
        let mut record = handle.record.lock().await;
        let highest = sequences.iter().copied().max().unwrap_or(0);
        let changed = QueueRecord { erased_to: record.erased_to.max(highest), ..record.clone() };
        batch.put_queue(mid, &changed)?;
        let _receipt = self.store.commit(batch).await?;
        *record = changed;
        Ok(())
    }
}
