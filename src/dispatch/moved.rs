//! A store that wakes up on another machine (spec Q9): the one it came from may have sent on, so all queues start held,
//! and what waited is looked up, by Q6b, when an operator releases them.

use std::sync::Arc;

use super::Dispatch;
use super::book::QueueHandle;
use crate::store::{InFlight, QueueMark, QueueRecord, Store, StoreError};

/// Messages that are looked up together; also what one commit sets aside.
const LOOKED_UP_TOGETHER: usize = 100;

/// Compares the machine with the one that the store was last open on, and holds all queues when it is another. Tells
/// whether it is. Blocks; to be called before the queues are loaded.
pub(crate) fn hold_if_moved(store: &Store, machine_id: Option<&str>) -> Result<bool, StoreError> {
    let Some(machine_id) = machine_id else { return Ok(false) };
    let here = store.system_hash("machine id", machine_id.as_bytes())?;
    let before = store.machine()?;
    if before == Some(here) {
        return Ok(false);
    }
    if before.is_some() {
        for tenant in store.tenants().all()? {
            for queue in store.queues().all(tenant.mid)? {
                if matches!(queue.mark, QueueMark::Running | QueueMark::Paused) {
                    let mut batch = store.batch();
                    batch.put_queue(tenant.mid, &QueueRecord { mark: QueueMark::Moved, ..queue })?;
                    let _receipt = store.commit_blocking(batch)?;
                }
            }
        }
    }
    // Last: a crash in between holds them again.
    let mut batch = store.batch();
    batch.put_machine(here);
    let _receipt = store.commit_blocking(batch)?;
    Ok(before.is_some())
}

impl Dispatch {
    /// Lets a stopped queue go on. What waited in one that was moved counts as maybe sent first.
    pub(crate) async fn release_queue(&self, queue: &Arc<QueueHandle>) -> Result<(), StoreError> {
        if queue.record.lock().await.mark == QueueMark::Moved {
            self.set_aside_waiting(queue).await?;
        }
        self.book.mark(queue, QueueMark::Running).await
    }

    async fn set_aside_waiting(&self, queue: &Arc<QueueHandle>) -> Result<(), StoreError> {
        let last = self.book.pass(queue);
        let mut from = 0;
        loop {
            let page = self.store.messages().waiting_sequences(queue.mid, queue.id, from, LOOKED_UP_TOGETHER)?;
            let Some(end) = page.last().copied() else { return Ok(()) };
            let unknown = |sequence: &u64| *sequence <= last && !self.unresolved.contains(queue.id, *sequence);
            let sequences: Vec<u64> = page.into_iter().filter(unknown).collect();
            if !sequences.is_empty() {
                let in_flight = InFlight { sequences, started_at: self.clock.now(), lookups: 0, last_lookup_at: None };
                let mut batch = self.store.batch();
                batch.put_in_flight(queue.mid, queue.id, &in_flight)?;
                let _receipt = self.store.commit(batch).await?;
                self.leave_unresolved(queue.mid, queue.id, in_flight);
            }
            if end >= last {
                return Ok(());
            }
            from = end + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::samples::{MID, QUEUE, queue, tenant};
    use crate::store::{MasterKey, MemoryKv};

    #[tokio::test]
    async fn queues_are_held_on_another_machine_and_only_there() {
        let store = Store::in_memory(MemoryKv::default(), MasterKey::from_bytes([7; 32])).unwrap();
        let _receipt = store.create_tenant(&tenant(MID)).await.unwrap();
        let mut batch = store.batch();
        batch.put_queue(MID, &QueueRecord { mark: QueueMark::Running, ..queue(QUEUE) }).unwrap();
        let _receipt = store.commit(batch).await.unwrap();
        let mark = || store.queues().get(MID, QUEUE).unwrap().unwrap().mark;

        assert!(!hold_if_moved(&store, Some("one machine")).unwrap(), "the first machine is not another one");
        assert!(!hold_if_moved(&store, Some("one machine")).unwrap());
        assert!(!hold_if_moved(&store, None).unwrap(), "what can't be told is not held against it");
        assert_eq!(mark(), QueueMark::Running);
        assert!(hold_if_moved(&store, Some("its clone")).unwrap());
        assert_eq!(mark(), QueueMark::Moved);
        assert!(!hold_if_moved(&store, Some("its clone")).unwrap(), "the clone is known now");
    }
}
