//! Takes messages out of a queue that nobody shall send any more (spec R5).

use super::Dispatch;
use crate::domain::ids::QueueId;
use crate::store::StoreError;

/// Messages that one commit takes out.
const TAKEN_TOGETHER: usize = 100;

/// What became of messages that were to be taken out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct TakenOut {
    pub(crate) taken: u64,
    /// Perhaps sent, and not settled yet: they stay.
    pub(crate) unsettled: u64,
}

impl Dispatch {
    /// Takes waiting messages out, without a send and without a report; waits for what is being sent of the queue. Their
    /// places are empty from then on: they do not count as queued, the sender counts each as done when its turn comes, and
    /// a start those whose turn is over. Those that are settled meanwhile are passed over.
    pub(crate) async fn take_out(&self, queue: QueueId, sequences: &[u64]) -> Result<TakenOut, StoreError> {
        let mut out = TakenOut::default();
        let Some(queue) = self.book.by_id(queue) else { return Ok(out) };
        let _alone = queue.at_work.write().await;
        for some in sequences.chunks(TAKEN_TOGETHER) {
            let mut record = queue.record.lock().await;
            let mut changed = record.clone();
            let mut batch = self.store.batch();
            let mut taken = Vec::new();
            for sequence in some {
                if self.unresolved.contains(queue.id, *sequence) {
                    out.unsettled += 1;
                } else if let Some(message) = self.store.messages().waiting_at(queue.mid, queue.id, *sequence)? {
                    taken.push(*sequence);
                    batch.take_out(queue.mid, message.id, self.clock.now())?;
                    changed.erased_to = changed.erased_to.max(*sequence);
                }
            }
            batch.put_queue(queue.mid, &changed)?;
            let _receipt = self.store.commit(batch).await?;
            *record = changed;
            out.taken += taken.len() as u64;
            queue.note_taken_out(taken);
        }
        Ok(out)
    }
}
