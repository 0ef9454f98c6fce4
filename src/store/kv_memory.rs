//! The Kv port in memory: what is applied but not synced can be lost, and faults come on order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::kv::{Batch, Entry, Kv, KvError};

/// A handle; its clones share the same contents, as processes started one after the other share a disk.
#[derive(Clone, Default)]
pub(crate) struct MemoryKv(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// One for each batch that is applied but not synced.
    unsynced: Vec<Undo>,
    applies: usize,
    largest_batch: usize,
    syncs: usize,
    faults: Faults,
}

/// What a batch's keys held before it, to be put back in reverse.
type Undo = Vec<(Vec<u8>, Option<Vec<u8>>)>;

#[derive(Default)]
struct Faults {
    fail_next_apply: bool,
    fail_next_sync: bool,
    disk_full: bool,
    /// Applies that still succeed.
    applies_left: Option<usize>,
}

impl MemoryKv {
    /// Loses everything that was not synced.
    pub(crate) fn crash(&self) {
        self.crash_losing(usize::MAX);
    }

    /// Loses the last `batches` of those not synced; the ones before happened to reach the disk.
    pub(crate) fn crash_losing(&self, batches: usize) {
        let state = &mut *self.lock();
        for _ in 0..batches {
            let Some(undo) = state.unsynced.pop() else { break };
            for (key, before) in undo.into_iter().rev() {
                match before {
                    Some(value) => state.entries.insert(key, value),
                    None => state.entries.remove(&key),
                };
            }
        }
        state.unsynced.clear();
        state.faults = Faults::default();
    }

    /// Batches that a crash would lose now.
    pub(crate) fn unsynced(&self) -> usize {
        self.lock().unsynced.len()
    }

    /// Batches applied so far.
    pub(crate) fn applies(&self) -> usize {
        self.lock().applies
    }

    /// Syncs that succeeded so far.
    /// Operations of the largest batch so far.
    pub(crate) fn largest_batch(&self) -> usize {
        self.lock().largest_batch
    }

    pub(crate) fn syncs(&self) -> usize {
        self.lock().syncs
    }

    pub(crate) fn fail_next_apply(&self) {
        self.lock().faults.fail_next_apply = true;
    }

    /// The next `applies` succeed, those after them fail.
    pub(crate) fn fail_after_applies(&self, applies: usize) {
        self.lock().faults.applies_left = Some(applies);
    }

    pub(crate) fn fail_next_sync(&self) {
        self.lock().faults.fail_next_sync = true;
    }

    pub(crate) fn set_disk_full(&self, full: bool) {
        self.lock().faults.disk_full = full;
    }

    /// Flips a bit of the value at `key`, counted from its start and wrapping; `false` when nothing is there.
    pub(crate) fn flip_bit(&self, key: &[u8], bit: usize) -> bool {
        let mut state = self.lock();
        let Some(value) = state.entries.get_mut(key).filter(|value| !value.is_empty()) else { return false };
        let bit = bit % (value.len() * 8);
        if let Some(byte) = value.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        true
    }

    /// Everything that a reader sees now, in order.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.lock().entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kv for MemoryKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.lock().entries.get(key).cloned())
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, KvError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let state = self.lock();
        let entries = state.entries.range(from.to_vec()..to.to_vec());
        Ok(entries.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn count(&self, from: &[u8], to: &[u8], limit: usize) -> Result<usize, KvError> {
        if from >= to {
            return Ok(0);
        }
        Ok(self.lock().entries.range(from.to_vec()..to.to_vec()).take(limit).count())
    }

    fn last(&self, prefix: &[u8]) -> Result<Option<Entry>, KvError> {
        let state = self.lock();
        let end = super::kv::prefix_end(prefix).map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let mut entries = state.entries.range((std::ops::Bound::Included(prefix.to_vec()), end));
        Ok(entries.next_back().map(|(key, value)| (key.clone(), value.clone())))
    }

    fn apply(&self, batch: &Batch) -> Result<(), KvError> {
        batch.check()?;
        let state = &mut *self.lock();
        if state.faults.disk_full {
            return Err(KvError::DiskFull);
        }
        let is_last = state.faults.applies_left == Some(0);
        if is_last || std::mem::take(&mut state.faults.fail_next_apply) {
            return Err(KvError::Io("apply fails by order".into()));
        }
        if let Some(left) = &mut state.faults.applies_left {
            *left -= 1;
        }
        let undo = batch.writes().iter().map(|write| {
            let before = match &write.value {
                Some(value) => state.entries.insert(write.key.clone(), value.clone()),
                None => state.entries.remove(&write.key),
            };
            (write.key.clone(), before)
        });
        let undo = undo.collect();
        state.unsynced.push(undo);
        state.applies += 1;
        state.largest_batch = state.largest_batch.max(batch.len());
        Ok(())
    }

    fn sync(&self) -> Result<(), KvError> {
        let mut state = self.lock();
        if std::mem::take(&mut state.faults.fail_next_sync) {
            return Err(KvError::Io("sync fails by order".into()));
        }
        state.unsynced.clear();
        state.syncs += 1;
        Ok(())
    }
}
