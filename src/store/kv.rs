//! The port to whatever keeps ordered bytes: sled in production, memory in tests and the simulation.

/// Largest value in bytes. A sled leaf holds up to 16 values and must stay under a quarter of a segment, or it becomes
/// a blob file that our sync does not cover and that a power cut loses (reference/storage.md).
pub(crate) const VALUE_BYTES_MAX: usize = 64 * 1024;

/// What can go wrong beneath the store. Clonable: everyone of a failed group gets the same answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KvError {
    #[error("the disk is full")]
    DiskFull,
    #[error("reading or writing the store's files failed: {0}")]
    Io(String),
    #[error("the store's files are damaged: {0}")]
    Damaged(String),
    #[error("a value of {bytes} bytes is larger than the {VALUE_BYTES_MAX} that a record may have")]
    ValueTooLarge { bytes: usize },
}

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// An ordered map of bytes with atomic batches and an explicit sync.
pub(crate) trait Kv: Send + Sync + 'static {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, KvError>;

    /// Ascending entries with from <= key < to, at most `limit`.
    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, KvError>;

    /// How many keys there are with from <= key < to, counted up to `limit`. Keeps no value.
    fn count(&self, from: &[u8], to: &[u8], limit: usize) -> Result<usize, KvError>;

    /// The last entry with the prefix.
    fn last(&self, prefix: &[u8]) -> Result<Option<Entry>, KvError>;

    /// Makes all of a batch visible, or nothing of it. Not durable until the next [`Kv::sync`].
    fn apply(&self, batch: &Batch) -> Result<(), KvError>;

    /// What was applied before is durable when this returns.
    fn sync(&self) -> Result<(), KvError>;
}

/// One write of a batch; without a value the key is deleted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Write {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
}

/// Writes that happen together. A later write of the same key wins.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Batch {
    writes: Vec<Write>,
    bytes: usize,
}

impl Batch {
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.bytes += key.len() + value.len();
        self.writes.push(Write { key, value: Some(value) });
    }

    pub(crate) fn delete(&mut self, key: Vec<u8>) {
        self.bytes += key.len();
        self.writes.push(Write { key, value: None });
    }

    /// Number of writes.
    pub(crate) fn len(&self) -> usize {
        self.writes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Bytes of keys and values.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Moves the writes of `other` behind these.
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.writes.append(&mut other.writes);
        self.bytes += std::mem::take(&mut other.bytes);
    }

    pub(crate) fn clear(&mut self) {
        self.writes.clear();
        self.bytes = 0;
    }

    pub(crate) fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Fails when a value is larger than [`VALUE_BYTES_MAX`].
    pub(crate) fn check(&self) -> Result<(), KvError> {
        let sizes = self.writes.iter().filter_map(|write| write.value.as_ref()).map(Vec::len);
        match sizes.max() {
            Some(bytes) if bytes > VALUE_BYTES_MAX => Err(KvError::ValueTooLarge { bytes }),
            _ => Ok(()),
        }
    }
}

/// The first key after all keys with `prefix`; `None` when the prefix is all 0xff, so that nothing comes after.
pub(crate) fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}
