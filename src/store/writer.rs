//! The one writer: takes what has gathered, applies it as one batch, syncs once, answers all (group commit).
//!
//! There is no timer to wait for more: the sync itself is the gathering time. When a write or a sync fails, the state
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
/// How often the writer lets the callers it has just answered run, to find their next commits in one group instead of
/// the first of them alone.
const YIELDS_MAX: usize = 8;

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
            self.let_callers_run(group.len());
            group.clear();
            if !self.take(&mut group, &mut batch) {
                return;
            }
            let result = match group.as_slice() {
                [request] if request.condition.is_some() => self.commit_conditional(request),
                _ => self.apply_and_sync(&batch),
            };
            if let Err(error) = result {
                // First, so that nobody who was told finds the gate open.
                self.is_open.store(false, Ordering::Release);
                for request in group.drain(..) {
                    request.answer.send(Err(error.clone()));
                }
                // Dropping the gate refuses the rest.
                return;
            }
            self.commits.fetch_add(group.len() as u64, Ordering::Relaxed);
            for request in &mut group {
                std::mem::replace(&mut request.answer, Answer::Nobody).send(Ok(Receipt { _made_by_the_writer: () }));
            }
            batch.clear();
        }
    }

    /// The callers just answered are likely to come again. Without this the first of them would get a sync for itself
    /// while the others wait for the next one.
    fn let_callers_run(&self, answered: usize) {
        for _ in 0..YIELDS_MAX {
            if self.lock().requests.len() >= answered {
                return;
            }
            std::thread::yield_now();
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
