//! The encrypted store on disk.
//!
//! One sled tree, record families by a prefix byte ([`keys`]), one writer with group commit ([`writer`]), every value
//! sealed for its place ([`seal`]), every record versioned ([`record`]).
//!
//! Invariants, each with the test that holds it:
//!
//! * A [`Receipt`] exists only after a successful sync of what it is for: `answers_come_only_after_the_sync`.
//! * A batch is there as a whole or not at all, whatever happens: `the_store_agrees_with_a_map_over_crashes`,
//!   `a_kv_agrees_with_a_map`.
//! * After a failed write or sync nothing is acknowledged any more: `the_gate_closes_on_a_failed_sync`.
//! * Callers at the same time share syncs: `callers_at_the_same_time_share_syncs`.
//! * Keys are scanned in the order of their fields: `keys_sort_as_their_tuples`.
//! * A value opens only unchanged and in its place: `one_flipped_bit_never_opens`.
//! * A record that won't open is moved aside, and the loop goes on: `a_damaged_record_is_quarantined_once`.
//! * What an older version wrote is read: `golden_records_keep_decoding`.
//! * Removing a business unit destroys its key first and leaves none of its records, whenever the process stops:
//!   `a_removed_tenant_leaves_nothing_even_over_a_crash`.
//! * Nothing readable of a secret or a person is in the bytes on disk: `nothing_readable_reaches_the_disk`.

mod accounts;
mod answer_filter;
mod answers;
mod configurations;
mod erasures;
mod heard;
pub(crate) mod keys;
mod kv;
#[cfg(test)]
mod kv_memory;
mod kv_sled;
mod messages;
mod queues;
mod record;
mod reports;
#[cfg(test)]
pub(crate) mod samples;
mod seal;
mod tenants;
#[cfg(test)]
mod tests;
mod traces;
mod writer;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::domain::ids::Mid;
use crate::domain::timestamp::Timestamp;

pub(crate) use accounts::{AccountState, Accounts};
#[cfg(test)]
pub(crate) use answers::ANSWER_KEPT;
pub(crate) use answers::{Answers, FirstAnswer};
pub(crate) use configurations::{ConfigurationId, ConfigurationQueue, ConfigurationRecord, Configurations};
pub(crate) use erasures::{ErasureCounts, ErasureRecord, Erasures};
pub(crate) use heard::{LookPlace, Silence};
pub(crate) use keys::{Hash, OutboxSubject, OutboxTarget, ReportRef};
pub(crate) use kv::KvError;
#[cfg(test)]
pub(crate) use kv_memory::MemoryKv;
pub(crate) use kv_sled::OpenKvError;
pub(crate) use messages::{DeadLetter, Found, InFlight, Messages, SentMessage, SentOutcome, TakenOut};
pub(crate) use queues::{QueueMark, QueueRecord, Queues};
pub(crate) use record::RecordError;
pub(crate) use reports::{
    ClickRecord, InboundRecord, LastSent, OutboxEntry, OutboxPlace, PlacedEntry, ReplyEvent, ReplyOf, ReportRecord,
    Reports, Taken, UNASSIGNED,
};
pub(crate) use seal::{MasterKey, SealError};
pub(crate) use tenants::Tenants;
pub(crate) use traces::{Kept, Trace, TraceFamily, TracePage, Traces};
pub(crate) use writer::Receipt;

use answer_filter::AnswerFilter;
use keys::{Family, Key, Layout, SYSTEM};
use kv::{Batch, Entry, Kv};
use kv_sled::SledKv;
use record::Record;
use seal::{DataKey, Sealer};
use writer::{GROUP_WRITES_MAX, Writer};

/// Format of the whole store: which families there are, how keys are laid out, how values are sealed.
const FORMAT: u8 = 1;
/// Most writes in one batch of a sweep, so that sweeping leaves room for others.
const SWEEP_WRITES: usize = GROUP_WRITES_MAX / 2;
/// Most quarantined keys that are remembered to log each once. Beyond, the store is in such a state that repeats in
/// the log do no harm.
const QUARANTINE_REMEMBERED: usize = 10_000;

const META_FORMAT: &str = "format";
const META_CREATED_AT: &str = "created_at";
const META_MACHINE: &str = "machine";
/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// The gate: a write failed earlier, or the store is being closed. Answered as 503.
    #[error("the store takes no more writes: an earlier write failed, or Waypost is stopping")]
    Closed,
    #[error(transparent)]
    Kv(KvError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("business unit {mid} is not in the store, or its key is damaged")]
    NoSuchTenant { mid: Mid },
    #[error("business unit {mid} is being removed: try again when that has ended")]
    BeingRemoved { mid: Mid },
}

/// Why the store could not be opened: one sentence that says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Kv(#[from] OpenKvError),
    #[error(
        "the master key does not fit this store: give the key that it was created with, or restore a backup made with this one"
    )]
    WrongMasterKey,
    #[error(
        "the store has format {found}, but this Waypost knows formats up to {FORMAT}: install the newer Waypost again"
    )]
    NewerFormat { found: u8 },
    #[error("the directory holds a database that is not a Waypost store: choose an empty directory")]
    NotAStore,
    #[error("the store lacks its {what}: restore a backup, or move the directory aside and start empty")]
    Incomplete { what: &'static str },
    #[error("the store can't be read or written ({0}): restore a backup, or move the directory aside and start empty")]
    Store(#[from] StoreError),
    #[error("the store's writer thread can't be started: {0}")]
    Thread(std::io::Error),
}

/// What opening a store takes.
pub(crate) struct StoreOptions {
    pub(crate) dir: PathBuf,
    pub(crate) master: MasterKey,
    /// sled's page cache. Its index and buffers come on top.
    pub(crate) cache_bytes: u64,
}

/// A record that was asked for in a list.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Opened<T> {
    Record(T),
    /// It would not open and was moved aside. The key says which it was: a message has to be counted as done.
    Quarantined(Key),
}

impl<T> Opened<T> {
    pub(crate) fn record(self) -> Option<T> {
        match self {
            Self::Record(record) => Some(record),
            Self::Quarantined(_) => None,
        }
    }
}

/// The store. Cheap to clone. Reads block for as long as a disk takes; long scans belong in `spawn_blocking`.
#[derive(Clone)]
pub(crate) struct Store(Arc<Inner>);

struct Inner {
    kv: Arc<dyn Kv>,
    writer: Writer,
    master: Mutex<MasterKey>,
    sealers: ArcSwap<BTreeMap<Mid, Sealer>>,
    /// Held while the ring of sealers changes, together with the records that it mirrors.
    ring: Mutex<Ring>,
    /// Held over the commits that add, remove or wrap data keys anew: each must see what the one before has done.
    changing_keys: tokio::sync::Mutex<()>,
    next_queue: AtomicU32,
    answer_filter: AnswerFilter,
    quarantined: Mutex<Quarantined>,
}

#[derive(Default)]
struct Ring {
    removing: HashSet<Mid>,
}

#[derive(Default)]
struct Quarantined {
    count: u64,
    seen: HashSet<Vec<u8>>,
}

/// Writes that will be committed together. Values are sealed on the thread that adds them, not by the writer.
#[must_use = "a batch does nothing until it is committed"]
pub(crate) struct StoreBatch {
    store: Store,
    batch: Batch,
}

impl Store {
    /// Opens the store, or creates it in an empty directory. Blocks: about a second per 0.6 GB written since the
    /// last time.
    pub(crate) fn open(options: StoreOptions, now: Timestamp) -> Result<Self, OpenError> {
        let kv: Arc<dyn Kv> = Arc::new(SledKv::open(&options.dir, options.cache_bytes)?);
        let writer = Writer::start(Arc::clone(&kv)).map_err(OpenError::Thread)?;
        let store = Self::with(kv, writer, options.master, now)?;
        SledKv::remember_filled(&options.dir)?;
        Ok(store)
    }

    /// A store in memory that commits on the caller's thread: for tests and the simulation, which must be
    /// deterministic.
    #[cfg(test)]
    pub(crate) fn in_memory(kv: MemoryKv, master: MasterKey) -> Result<Self, OpenError> {
        let kv: Arc<dyn Kv> = Arc::new(kv);
        let writer = Writer::inline(Arc::clone(&kv));
        Self::with(kv, writer, master, Timestamp::ZERO)
    }

    fn with(kv: Arc<dyn Kv>, writer: Writer, master: MasterKey, now: Timestamp) -> Result<Self, OpenError> {
        let of_kv = |error| OpenError::Store(StoreError::Kv(error));
        let meta = |name: &str| kv.get(&Key::Meta(name.into()).to_bytes()).map_err(of_kv);
        match meta(META_FORMAT)?.as_deref() {
            Some([format]) if *format <= FORMAT => {}
            Some([format, ..]) => return Err(OpenError::NewerFormat { found: *format }),
            Some([]) => return Err(OpenError::NotAStore),
            None if kv.range(&[], &[u8::MAX; 64], 1).map_err(of_kv)?.is_empty() => create(&writer, &master, now)?,
            None => return Err(OpenError::NotAStore),
        }
        let sealers = load_sealers(&*kv, &master)?;
        let ring = Ring { removing: tenants::load_removing(&*kv).map_err(of_kv)? };
        let next_queue = last_queue(&*kv, sealers.keys()).map_err(of_kv)?.saturating_add(1);
        Ok(Self(Arc::new(Inner {
            kv,
            writer,
            master: Mutex::new(master),
            sealers: ArcSwap::from_pointee(sealers),
            ring: Mutex::new(ring),
            changing_keys: tokio::sync::Mutex::default(),
            next_queue: AtomicU32::new(next_queue),
            answer_filter: AnswerFilter::default(),
            quarantined: Mutex::default(),
        })))
    }

    pub(crate) fn tenants(&self) -> Tenants<'_> {
        Tenants(self)
    }

    pub(crate) fn queues(&self) -> Queues<'_> {
        Queues(self)
    }

    pub(crate) fn messages(&self) -> Messages<'_> {
        Messages(self)
    }

    pub(crate) fn answers(&self) -> Answers<'_> {
        Answers(self)
    }

    pub(crate) fn reports(&self) -> Reports<'_> {
        Reports(self)
    }

    pub(crate) fn accounts(&self) -> Accounts<'_> {
        Accounts(self)
    }

    pub(crate) fn configurations(&self) -> Configurations<'_> {
        Configurations(self)
    }

    pub(crate) fn traces(&self) -> Traces<'_> {
        Traces(self)
    }

    pub(crate) fn erasures(&self) -> Erasures<'_> {
        Erasures(self)
    }

    pub(crate) fn heard(&self) -> heard::Heard<'_> {
        heard::Heard(self)
    }

    /// An empty batch.
    pub(crate) fn batch(&self) -> StoreBatch {
        StoreBatch { store: self.clone(), batch: Batch::default() }
    }

    /// Commits a batch; answers once it is durable. Dropping the future does not take the batch back.
    pub(crate) async fn commit(&self, batch: StoreBatch) -> Result<Receipt, StoreError> {
        self.0.writer.commit(batch.batch).await
    }

    /// The same for a thread that may wait: at start, in commands and in blocking jobs, never in a task.
    pub(crate) fn commit_blocking(&self, batch: StoreBatch) -> Result<Receipt, StoreError> {
        self.0.writer.commit_blocking(batch.batch)
    }

    /// Whether writes are taken. Once closed, only a new start opens the gate.
    pub(crate) fn is_open(&self) -> bool {
        self.0.writer.is_open()
    }

    /// Takes no more writes, finishes those that wait, and returns when all is on disk. Blocks.
    pub(crate) fn close(&self) {
        self.0.writer.close();
    }

    /// Records moved aside since the start because they would not open.
    pub(crate) fn quarantined(&self) -> u64 {
        self.0.quarantined.lock().unwrap_or_else(PoisonError::into_inner).count
    }

    /// Keyed hash of the machine that the store was last open on; `None` when it never told.
    pub(crate) fn machine(&self) -> Result<Option<[u8; 16]>, StoreError> {
        let value = self.0.kv.get(&Key::Meta(META_MACHINE.into()).to_bytes())?;
        Ok(value.and_then(|bytes| bytes.try_into().ok()))
    }

    /// Wraps every data key by another master key, in one batch: a crash leaves all of them under the old one or all
    /// under the new one. The next start needs the new one (spec T6).
    pub(crate) async fn rotate_master_key(&self, new: &MasterKey) -> Result<usize, StoreError> {
        let _one_at_a_time = self.0.changing_keys.lock().await;
        let batch = {
            let mut master = self.0.master.lock().unwrap_or_else(PoisonError::into_inner);
            let (from, to) = Layout::family(Family::TenantKey).range();
            let mut batch = Batch::default();
            for (place, wrapped) in self.0.kv.range(&from, &to, usize::MAX)? {
                let key = DataKey::unwrap_from(&master, &place, &wrapped)?;
                batch.put(place.clone(), key.wrap(new, &place)?);
            }
            *master = new.clone();
            batch
        };
        let count = batch.len();
        let _receipt = self.0.writer.commit(batch).await?;
        Ok(count)
    }

    /// Commits, and the synced groups that they shared, since the start.
    pub(crate) fn commit_counts(&self) -> (u64, u64) {
        self.0.writer.counts()
    }

    /// A keyed hash under the system's own key, for what belongs to no business unit.
    pub(crate) fn system_hash(&self, label: &str, bytes: &[u8]) -> Result<[u8; 16], StoreError> {
        Ok(self.sealer(SYSTEM)?.lookup_hash(label, bytes))
    }

    fn sealer(&self, mid: Mid) -> Result<Sealer, StoreError> {
        self.0.sealers.load().get(&mid).cloned().ok_or(StoreError::NoSuchTenant { mid })
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, StoreError> {
        Ok(self.0.kv.range(from, to, limit)?)
    }

    fn count(&self, from: &[u8], to: &[u8], limit: usize) -> Result<usize, StoreError> {
        Ok(self.0.kv.count(from, to, limit)?)
    }

    fn last(&self, prefix: &[u8]) -> Result<Option<Entry>, StoreError> {
        Ok(self.0.kv.last(prefix)?)
    }

    fn read<R: Record>(&self, mid: Mid, key: &Key) -> Result<Option<R>, StoreError> {
        let key = key.to_bytes();
        match self.0.kv.get(&key)? {
            Some(value) => Ok(self.unseal(mid, key, value)?.record()),
            None => Ok(None),
        }
    }

    fn list<R: Record>(&self, mid: Mid, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Opened<R>>, StoreError> {
        let entries = self.scan(from, to, limit)?;
        entries.into_iter().map(|(key, value)| self.unseal(mid, key, value)).collect()
    }

    /// Opens a value, or moves it aside when it is damaged. A record of a newer version is no damage but an error.
    fn unseal<R: Record>(&self, mid: Mid, key: Vec<u8>, value: Vec<u8>) -> Result<Opened<R>, StoreError> {
        let plain = self.sealer(mid)?.open(&key, &value).map_err(StoreError::from);
        match plain.and_then(|plain| Ok(R::decode(&plain)?)) {
            Ok(record) => Ok(Opened::Record(record)),
            Err(error @ StoreError::Record(RecordError::Newer { .. })) => Err(error),
            Err(error) => Ok(Opened::Quarantined(self.quarantine::<R>(mid, key, value, &error))),
        }
    }

    /// Moves a damaged value aside, under its original key, unless it was written anew meanwhile.
    fn quarantine<R: Record>(&self, mid: Mid, key: Vec<u8>, value: Vec<u8>, error: &StoreError) -> Key {
        let parsed = Key::parse(&key).unwrap_or_else(|| Key::Quarantine(key.clone()));
        let mut quarantined = self.0.quarantined.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !quarantined.seen.contains(&key);
        if is_first && quarantined.seen.len() < QUARANTINE_REMEMBERED {
            quarantined.seen.insert(key.clone());
        }
        quarantined.count += u64::from(is_first);
        drop(quarantined);
        if !is_first {
            return parsed;
        }
        let mut batch = Batch::default();
        batch.put(Key::Quarantine(key.clone()).to_bytes(), value.clone());
        batch.delete(key);
        let [put, delete] = batch.writes() else { return parsed };
        let place = delete.key.clone();
        tracing::error!(
            tenant.mid = %mid, record.family = R::FAMILY, record.key = %hex(&put.key),
            "a stored record would not open and was moved aside: {error}"
        );
        if let Err(error) = self.0.writer.submit_if(place, value, batch) {
            tracing::error!(tenant.mid = %mid, "a damaged record could not be moved aside: {error}");
        }
        parsed
    }
}

impl StoreBatch {
    pub(crate) fn is_empty(&self) -> bool {
        self.batch.len() == 0
    }

    /// Operations so far.
    pub(crate) fn len(&self) -> usize {
        self.batch.len()
    }

    /// Remembers the machine that the store is open on.
    pub(crate) fn put_machine(&mut self, machine: [u8; 16]) {
        self.batch.put(Key::Meta(META_MACHINE.into()).to_bytes(), machine.to_vec());
    }

    fn put<R: Record>(&mut self, mid: Mid, key: &Key, record: &R) -> Result<(), StoreError> {
        let key = key.to_bytes();
        let sealer = self.store.sealer(mid)?;
        let mut buffer = Sealer::buffer(RECORD_BYTES_USUAL);
        record.encode(&mut buffer)?;
        let sealed = sealer.seal_buffer(&key, buffer)?;
        if sealed.len() > kv::VALUE_BYTES_MAX {
            return Err(KvError::ValueTooLarge { bytes: sealed.len() }.into());
        }
        self.batch.put(key, sealed);
        Ok(())
    }

    fn delete(&mut self, key: &Key) {
        self.batch.delete(key.to_bytes());
    }

    fn delete_raw(&mut self, key: Vec<u8>) {
        self.batch.delete(key);
    }
}

/// Room made for a record before it is encoded, so that most need no second allocation.
const RECORD_BYTES_USUAL: usize = 1_024;

/// Writes what every store has.
fn create(writer: &Writer, master: &MasterKey, now: Timestamp) -> Result<(), OpenError> {
    let place = Key::TenantKey(SYSTEM).to_bytes();
    let wrapped = DataKey::random().wrap(master, &place).map_err(StoreError::from)?;
    let mut batch = Batch::default();
    batch.put(Key::Meta(META_FORMAT.into()).to_bytes(), vec![FORMAT]);
    batch.put(Key::Meta(META_CREATED_AT.into()).to_bytes(), now.as_nanos().to_be_bytes().to_vec());
    batch.put(place, wrapped);
    let _receipt = writer.commit_blocking(batch)?;
    Ok(())
}

/// Unwraps all data keys. The system's own tells whether the master key is the right one; another that won't open is
/// damaged, and only its business unit can't work.
fn load_sealers(kv: &dyn Kv, master: &MasterKey) -> Result<BTreeMap<Mid, Sealer>, OpenError> {
    let (from, to) = Layout::family(Family::TenantKey).range();
    let mut sealers = BTreeMap::new();
    for (place, wrapped) in kv.range(&from, &to, usize::MAX).map_err(StoreError::Kv)? {
        let Some(Key::TenantKey(mid)) = Key::parse(&place) else { continue };
        match DataKey::unwrap_from(master, &place, &wrapped) {
            Ok(key) => drop(sealers.insert(mid, key.sealer())),
            Err(_) if mid == SYSTEM => return Err(OpenError::WrongMasterKey),
            Err(error) => tracing::error!(
                tenant.mid = %mid,
                "the key of a business unit would not open, so it can't work: restore a backup, or remove and connect it anew ({error})"
            ),
        }
    }
    if sealers.contains_key(&SYSTEM) { Ok(sealers) } else { Err(OpenError::Incomplete { what: "system key" }) }
}

/// The highest queue number of all business units: one look at the end of each one's queues.
fn last_queue<'a>(kv: &dyn Kv, mids: impl Iterator<Item = &'a Mid>) -> Result<u32, KvError> {
    let mut last = 0;
    for mid in mids {
        let prefix = Layout::family(Family::Queue).mid(*mid).0;
        let found = kv.last(&prefix)?.and_then(|(key, _)| Key::parse(&key));
        if let Some(Key::Queue(_, queue)) = found {
            last = last.max(queue.0);
        }
    }
    Ok(last)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
