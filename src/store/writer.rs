//! The one writer: takes what has gathered, applies it as one batch, syncs once, answers all (group commit).
//!
//! There is no timer to wait for more: the sync itself is the gathering time. (Yielding to the
//! callers just answered, before the next group, was tried: no gain that stood out of the noise.) When a write or a sync fails, the state
//! of the files is unknown, so a gate closes: all of that group get the error, and every later commit is refused at
//! once until the process has opened the store anew.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, oneshot};

use super::StoreError;
use super::kv::{Batch, Kv, KvError};

/// Most writes that one group applies together; sled's memory follows it (reference/storage.md). A single caller's
/// larger batch must stay atomic and is applied alone.
pub(crate) const GROUP_WRITES_MAX: usize = 128;
/// Most bytes that one group applies together.
pub(crate) const GROUP_BYTES_MAX: usize = 1024 * 1024;
/// Most commits of tasks that may wait for the writer: some milliseconds' worth. Further callers wait to get in, and
/// their memory stays bounded by whoever limits the requests in flight.
const WAITING_MAX: usize = 4_096;

/// Proof that a commit is on disk. Only the writer can make one.
#[must_use = "a receipt is what allows an acknowledgement"]
#[derive(Debug)]
pub(crate) struct Receipt {
    _made_by_the_writer: (),
}

/// The way to the writer.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    /// `None`: commits are applied on the caller's thread, one at a time, for tests that must be deterministic.
    thread: Option<Mutex<Option<JoinHandle<()>>>>,
}

struct Shared {
    kv: Arc<dyn Kv>,
    is_open: AtomicBool,
    queue: Mutex<Queue>,
    filled: Condvar,
    room: Semaphore,
    commits: AtomicU64,
    groups: AtomicU64,
}

#[derive(Default)]
struct Queue {
    requests: VecDeque<Request>,
    /// Saves the wake-up call while the writer is busy anyway.
    writer_waits: bool,
    is_closing: bool,
}

struct Request {
    batch: Batch,
    /// Apply only while this key still has this value.
    condition: Option<(Vec<u8>, Vec<u8>)>,
    answer: Answer,
}

enum Answer {
    Task(oneshot::Sender<Result<Receipt, StoreError>>),
    Thread(mpsc::SyncSender<Result<Receipt, StoreError>>),
    Nobody,
}

impl Writer {
    /// Starts the writer's thread.
    pub(crate) fn start(kv: Arc<dyn Kv>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(kv));
        let gate = Gate(Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || gate.0.run())?;
        Ok(Self { shared, thread: Some(Mutex::new(Some(thread))) })
    }

    /// A writer without a thread: each commit is applied and synced on the caller's own.
    #[cfg(test)]
    pub(crate) fn inline(kv: Arc<dyn Kv>) -> Self {
        Self { shared: Arc::new(Shared::new(kv)), thread: None }
    }

    /// Commits `batch`; answers once it is durable. Dropping the future does not take the batch back.
    pub(crate) async fn commit(&self, batch: Batch) -> Result<Receipt, StoreError> {
        self.shared.check(&batch)?;
        if self.thread.is_none() {
            return self.shared.commit_here(batch);
        }
        let permit = self.shared.room.acquire().await.map_err(|_| StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        self.shared.push(Request { batch, condition: None, answer: Answer::Task(answer) })?;
        // Given back by the writer when it takes the request.
        permit.forget();
        // An error means that the writer's thread is gone.
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// The same for a thread, which waits: at start, in commands and in blocking jobs, never in a task.
    pub(crate) fn commit_blocking(&self, batch: Batch) -> Result<Receipt, StoreError> {
        self.shared.check(&batch)?;
        if self.thread.is_none() {
            return self.shared.commit_here(batch);
        }
        let (answer, answered) = mpsc::sync_channel(1);
        self.shared.push(Request { batch, condition: None, answer: Answer::Thread(answer) })?;
        answered.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Applies `batch` some time soon, if `key` has still the value `seen` then. Nobody is told.
    pub(crate) fn submit_if(&self, key: Vec<u8>, seen: Vec<u8>, batch: Batch) -> Result<(), StoreError> {
        self.shared.check(&batch)?;
        let condition = Some((key, seen));
        let request = Request { batch, condition, answer: Answer::Nobody };
        if self.thread.is_none() {
            let queue = self.shared.lock();
            let result = self.shared.commit_conditional(&request);
            drop(queue);
            return result;
        }
        self.shared.push(request)
    }

    /// Whether commits are taken: neither failed nor closed.
    pub(crate) fn is_open(&self) -> bool {
        self.shared.is_open.load(Ordering::Acquire)
    }

    /// Commits answered, and groups that they were applied in, since the start.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.shared.commits.load(Ordering::Relaxed), self.shared.groups.load(Ordering::Relaxed))
    }

    /// Takes nothing more, finishes what waits, and returns when the thread has ended.
    pub(crate) fn close(&self) {
        self.shared.is_open.store(false, Ordering::Release);
        self.shared.room.close();
        self.shared.lock().is_closing = true;
        self.shared.filled.notify_one();
        let thread = self.thread.as_ref().and_then(|thread| {
            let mut thread = thread.lock().unwrap_or_else(PoisonError::into_inner);
            thread.take()
        });
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the store's writer ended by a panic; what it had not acknowledged is not stored");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn new(kv: Arc<dyn Kv>) -> Self {
        Self {
            kv,
            is_open: AtomicBool::new(true),
            queue: Mutex::default(),
            filled: Condvar::new(),
            room: Semaphore::new(WAITING_MAX),
            commits: AtomicU64::new(0),
            groups: AtomicU64::new(0),
        }
    }

    /// One caller's mistake must not fail the others of its group, nor close the gate.
    fn check(&self, batch: &Batch) -> Result<(), StoreError> {
        if !self.is_open.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        Ok(batch.check()?)
    }

    fn push(&self, request: Request) -> Result<(), StoreError> {
        let mut queue = self.lock();
        if queue.is_closing {
            return Err(StoreError::Closed);
        }
        queue.requests.push_back(request);
        let wake = std::mem::take(&mut queue.writer_waits);
        drop(queue);
        if wake {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// The writer's thread.
    fn run(&self) {
        let mut group = Vec::with_capacity(GROUP_WRITES_MAX);
        let mut batch = Batch::default();
        loop {
            group.clear();
            if !self.take(&mut group, &mut batch) {
                return;
            }
            let result = match group.as_slice() {
                [request] if request.condition.is_some() => self.commit_conditional(request),
                _ => self.apply_and_sync(&batch),
            };
            if let Err(error) = result {
                // First of all, so that nobody who hears of the error finds the gate open.
                self.shut();
                for request in group.drain(..) {
                    request.answer.send(Err(error.clone()));
                }
                return;
            }
            self.commits.fetch_add(group.len() as u64, Ordering::Relaxed);
            for request in &mut group {
                std::mem::replace(&mut request.answer, Answer::Nobody).send(Ok(Receipt { _made_by_the_writer: () }));
            }
            batch.clear();
        }
    }

    /// Waits for requests and moves up to a group of them, and their writes. `false`: closed, and nothing is left.
    fn take(&self, group: &mut Vec<Request>, batch: &mut Batch) -> bool {
        let mut queue = self.lock();
        while queue.requests.is_empty() {
            if queue.is_closing {
                return false;
            }
            queue.writer_waits = true;
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.writer_waits = false;
        let mut freed = 0;
        while let Some(mut request) = queue.requests.pop_front() {
            let fits = batch.len() + request.batch.len() <= GROUP_WRITES_MAX
                && batch.bytes() + request.batch.bytes() <= GROUP_BYTES_MAX;
            let is_conditional = request.condition.is_some();
            if !group.is_empty() && (!fits || is_conditional) {
                queue.requests.push_front(request);
                break;
            }
            freed += usize::from(matches!(request.answer, Answer::Task(_)));
            if !is_conditional {
                batch.append(&mut request.batch);
            }
            group.push(request);
            if !fits || is_conditional {
                break;
            }
        }
        drop(queue);
        self.room.add_permits(freed);
        true
    }

    fn apply_and_sync(&self, batch: &Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.kv.apply(batch)?;
        Ok(self.kv.sync()?)
    }

    /// Nobody else writes meanwhile: the writer's thread calls this, or the holder of the queue's lock.
    fn commit_conditional(&self, request: &Request) -> Result<(), StoreError> {
        let Some((key, seen)) = &request.condition else { return Ok(()) };
        match self.kv.get(key)? {
            Some(value) if value == *seen => self.apply_and_sync(&request.batch),
            _ => Ok(()),
        }
    }

    /// The commit of a writer without a thread.
    fn commit_here(&self, batch: Batch) -> Result<Receipt, StoreError> {
        let queue = self.lock();
        let result = if queue.is_closing { Err(StoreError::Closed) } else { self.apply_and_sync(&batch) };
        drop(queue);
        match result {
            Ok(()) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
                Ok(Receipt { _made_by_the_writer: () })
            }
            Err(error) => {
                self.shut();
                Err(error)
            }
        }
    }

    /// Refuses everything from now on, also what waits.
    fn shut(&self) {
        self.is_open.store(false, Ordering::Release);
        self.room.close();
        let mut queue = self.lock();
        queue.is_closing = true;
        let refused = std::mem::take(&mut queue.requests);
        drop(queue);
        for request in refused {
            request.answer.send(Err(StoreError::Closed));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    fn send(self, result: Result<Receipt, StoreError>) {
        // Who no longer waits does not need to be told.
        match self {
            Self::Task(answer) => drop(answer.send(result)),
            Self::Thread(answer) => drop(answer.send(result)),
            Self::Nobody => {}
        }
    }
}

/// Shuts the way to the writer when its thread ends, by whatever cause.
struct Gate(Arc<Shared>);

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.shut();
    }
}

impl From<KvError> for StoreError {
    fn from(error: KvError) -> Self {
        Self::Kv(error)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::store::kv::Entry;
    use crate::store::kv_memory::MemoryKv;

    /// Lets syncs through one by one.
    struct Stepped {
        kv: MemoryKv,
        turns: Mutex<mpsc::Receiver<()>>,
        syncing: AtomicUsize,
    }

    impl Kv for Stepped {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
            self.kv.get(key)
        }

        fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, KvError> {
            self.kv.range(from, to, limit)
        }

        fn count(&self, from: &[u8], to: &[u8], limit: usize) -> Result<usize, KvError> {
            self.kv.count(from, to, limit)
        }

        fn last(&self, prefix: &[u8]) -> Result<Option<Entry>, KvError> {
            self.kv.last(prefix)
        }

        fn apply(&self, batch: &Batch) -> Result<(), KvError> {
            self.kv.apply(batch)
        }

        fn sync(&self) -> Result<(), KvError> {
            self.syncing.fetch_add(1, Ordering::SeqCst);
            // An error means that the test has let all go.
            self.turns.lock().unwrap().recv().ok();
            self.kv.sync()
        }
    }

    struct Setup {
        kv: MemoryKv,
        stepped: Arc<Stepped>,
        /// Dropping it lets all syncs through.
        turns: mpsc::Sender<()>,
        writer: Arc<Writer>,
        runtime: tokio::runtime::Runtime,
    }

    fn setup() -> Setup {
        let kv = MemoryKv::default();
        let (turns, taken) = mpsc::channel();
        let stepped = Arc::new(Stepped { kv: kv.clone(), turns: Mutex::new(taken), syncing: AtomicUsize::new(0) });
        let writer = Arc::new(Writer::start(stepped.clone()).unwrap());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        Setup { kv, stepped, turns, writer, runtime }
    }

    type Commit = tokio::task::JoinHandle<Result<Receipt, StoreError>>;

    impl Setup {
        fn commit(&self, writes: std::ops::Range<u32>) -> Commit {
            let writer = Arc::clone(&self.writer);
            self.runtime.spawn(async move { writer.commit(batch(writes)).await })
        }

        /// Waits until the writer is in its `count`-th sync and `waiting` requests are in the queue.
        fn settle(&self, count: usize, waiting: usize) {
            let settled = || {
                self.stepped.syncing.load(Ordering::SeqCst) == count
                    && self.writer.shared.lock().requests.len() == waiting
            };
            for _ in 0..2_000_000 {
                if settled() {
                    return;
                }
                std::thread::yield_now();
            }
            panic!("did not come to {count} syncs and {waiting} waiting");
        }

        fn answer(&self, commit: Commit) -> Result<(), StoreError> {
            self.runtime.block_on(commit).unwrap().map(drop)
        }
    }

    fn batch(writes: std::ops::Range<u32>) -> Batch {
        let mut batch = Batch::default();
        writes.for_each(|i| batch.put(i.to_be_bytes().to_vec(), vec![1; 700]));
        batch
    }

    #[test]
    fn answers_come_only_after_the_sync() {
        let setup = setup();
        let commit = setup.commit(0..1);
        setup.settle(1, 0);
        assert_eq!((setup.kv.applies(), setup.kv.syncs()), (1, 0));
        assert!(!commit.is_finished());
        setup.turns.send(()).unwrap();
        assert_eq!(setup.answer(commit), Ok(()));
        assert_eq!(setup.kv.syncs(), 1);
        setup.kv.crash();
        assert_eq!(setup.kv.entries().len(), 1);
    }

    #[test]
    fn callers_at_the_same_time_share_syncs() {
        let setup = setup();
        let mut commits = vec![setup.commit(0..1)];
        setup.settle(1, 0);
        commits.extend((1..=64).map(|i| setup.commit(2 * i..2 * i + 2)));
        setup.settle(1, 64);
        setup.turns.send(()).unwrap();
        setup.turns.send(()).unwrap();
        for commit in commits {
            assert_eq!(setup.answer(commit), Ok(()));
        }
        // 64 commits of 2 writes are exactly one group.
        assert_eq!(setup.kv.syncs(), 2);
        assert_eq!(setup.writer.counts(), (65, 2));
    }

    #[test]
    fn a_batch_larger_than_a_group_is_applied_alone_and_whole() {
        let setup = setup();
        let first = setup.commit(0..1);
        setup.settle(1, 0);
        let large = setup.commit(1..301);
        setup.settle(1, 1);
        let small = setup.commit(301..302);
        setup.settle(1, 2);
        drop(setup.turns);
        for commit in [first, large, small] {
            assert!(setup.runtime.block_on(commit).unwrap().is_ok());
        }
        assert_eq!(setup.kv.applies(), 3);
        assert_eq!(setup.kv.entries().len(), 302);
    }

    #[test]
    fn the_gate_closes_on_a_failed_sync() {
        let setup = setup();
        let first = setup.commit(0..1);
        setup.settle(1, 0);
        let mut group = vec![setup.commit(1..2)];
        setup.settle(1, 1);
        group.push(setup.commit(2..3));
        setup.settle(1, 2);
        setup.turns.send(()).unwrap();
        assert_eq!(setup.answer(first), Ok(()));
        setup.settle(2, 0);
        let later = setup.commit(3..4);
        setup.settle(2, 1);
        setup.kv.fail_next_sync();
        setup.turns.send(()).unwrap();
        for commit in group {
            assert!(matches!(setup.runtime.block_on(commit).unwrap(), Err(StoreError::Kv(KvError::Io(_)))));
        }
        assert!(matches!(setup.runtime.block_on(later).unwrap(), Err(StoreError::Closed)));
        assert!(!setup.writer.is_open());
        assert!(matches!(setup.writer.commit_blocking(batch(9..10)), Err(StoreError::Closed)));
        setup.kv.crash();
        assert_eq!(setup.kv.entries().len(), 1, "only what was acknowledged is promised");
    }

    #[test]
    fn a_full_disk_closes_the_gate() {
        let kv = MemoryKv::default();
        let writer = Writer::start(Arc::new(kv.clone())).unwrap();
        kv.set_disk_full(true);
        assert_eq!(writer.commit_blocking(batch(0..1)).map(drop), Err(StoreError::Kv(KvError::DiskFull)));
        kv.set_disk_full(false);
        assert_eq!(writer.commit_blocking(batch(0..1)).map(drop), Err(StoreError::Closed));
    }

    #[test]
    fn a_failed_apply_closes_the_gate() {
        let kv = MemoryKv::default();
        let writer = Writer::start(Arc::new(kv.clone())).unwrap();
        kv.fail_next_apply();
        assert!(writer.commit_blocking(batch(0..1)).is_err());
        assert!(!writer.is_open());
        assert!(kv.entries().is_empty());
    }

    #[test]
    fn a_value_too_large_is_its_callers_mistake_alone() {
        let writer = Writer::start(Arc::new(MemoryKv::default())).unwrap();
        let mut large = Batch::default();
        large.put(vec![1], vec![0; crate::store::kv::VALUE_BYTES_MAX + 1]);
        assert!(matches!(writer.commit_blocking(large), Err(StoreError::Kv(KvError::ValueTooLarge { .. }))));
        assert!(writer.is_open());
    }

    #[test]
    fn closing_finishes_what_waits_and_takes_nothing_more() {
        let setup = setup();
        let first = setup.commit(0..1);
        setup.settle(1, 0);
        let second = setup.commit(1..2);
        setup.settle(1, 1);
        drop(setup.turns);
        setup.writer.close();
        assert!(setup.runtime.block_on(first).unwrap().is_ok());
        assert!(setup.runtime.block_on(second).unwrap().is_ok());
        assert!(matches!(setup.writer.commit_blocking(batch(2..3)), Err(StoreError::Closed)));
        assert_eq!(setup.kv.entries().len(), 2);
    }
}
