//! The queues, in memory: which queue an activity has, and the place that the next message gets in it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::Notify;

use super::pacer::{AccountKey, Pacer, QueueSetup};
use crate::clock::{Clock, Timestamp};
use crate::domain::channel::Channel;
use crate::domain::delivery;
use crate::domain::ids::{AccountId, ActivityId, JourneyId, Mid, QueueId};
use crate::domain::message::QueuePolicy;
use crate::domain::speed_limit::Schedule;
use crate::store::{ConfigurationId, ConfigurationQueue, QueueMark, QueueRecord};
use crate::store::{Store, StoreError};

/// A queue in memory.
pub(crate) struct QueueHandle {
    pub(crate) mid: Mid,
    pub(crate) id: QueueId,
    pub(crate) activity_id: ActivityId,
    /// The record as last committed. Held over each commit that writes it, so that an older state never overwrites a
    /// newer one.
    pub(crate) record: tokio::sync::Mutex<QueueRecord>,
    /// Shared by who reads messages of the queue and settles them; held alone by who takes some out.
    pub(crate) at_work: tokio::sync::RwLock<()>,
    /// A copy of what intake compares on every call, without waiting for a commit.
    known: Mutex<Known>,
    line: Mutex<Line>,
    /// Places whose messages were taken out and to which the sender has not come yet.
    taken_out: Mutex<BTreeSet<u64>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Known {
    policy: QueuePolicy,
    account: Arc<AccountId>,
    /// The configuration that the queue is noted to be of, since this start.
    configuration: Option<ConfigurationId>,
}

/// Sequences: which are given, and up to which all are durable. Commits may end out of order, and a queue must not be
/// read past a message that is still on its way to the disk.
struct Line {
    given: u64,
    durable: u64,
    early: BTreeSet<u64>,
}

impl QueueHandle {
    /// The next sequence. It must be settled with [`QueueBook::settled`], whatever became of it.
    pub(crate) fn give_sequence(&self) -> u64 {
        let mut line = lock(&self.line);
        line.given += 1;
        line.given
    }

    /// The last sequence that was given.
    pub(crate) fn last_given(&self) -> u64 {
        lock(&self.line).given
    }

    /// How many messages wait, when so many are done.
    pub(crate) fn queued(&self, done: u64) -> u64 {
        let taken_out = lock(&self.taken_out).len() as u64;
        self.last_given().saturating_sub(done).saturating_sub(taken_out)
    }

    /// Messages were taken out: their places are empty until the sender comes there.
    pub(super) fn note_taken_out(&self, sequences: Vec<u64>) {
        lock(&self.taken_out).extend(sequences);
    }

    /// The sender came to an empty place, which counts as done from now on.
    pub(super) fn pass_taken_out(&self, sequence: u64) {
        lock(&self.taken_out).remove(&sequence);
    }

    fn settle(&self, sequence: u64) -> u64 {
        let mut line = lock(&self.line);
        line.early.insert(sequence);
        while line.early.first() == Some(&(line.durable + 1)) {
            line.early.pop_first();
            line.durable += 1;
        }
        line.durable
    }
}

/// See the module's documentation.
pub(crate) struct QueueBook {
    store: Store,
    clock: Arc<dyn Clock>,
    pacer: Mutex<Pacer>,
    /// Told whenever the pacer may have something new to say.
    pub(crate) changed: Notify,
    by_activity: RwLock<HashMap<(Mid, ActivityId), Arc<QueueHandle>>>,
    by_id: RwLock<HashMap<QueueId, Arc<QueueHandle>>>,
    creating: tokio::sync::Mutex<()>,
}

/// What intake knows of the queue that a message belongs to.
pub(crate) struct QueueWish<'a> {
    pub(crate) mid: Mid,
    pub(crate) activity_id: &'a ActivityId,
    pub(crate) journey_id: Option<&'a JourneyId>,
    pub(crate) channel: Channel,
    pub(crate) account: &'a AccountId,
    pub(crate) policy: QueuePolicy,
    /// The configuration of the activity, when the call names one.
    pub(crate) configuration: Option<ConfigurationId>,
}

impl QueueBook {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, pacer: Pacer) -> Self {
        Self {
            store,
            clock,
            pacer: Mutex::new(pacer),
            changed: Notify::new(),
            by_activity: RwLock::default(),
            by_id: RwLock::default(),
            creating: tokio::sync::Mutex::default(),
        }
    }

    /// Takes up the stored queues of a business unit. Reads a few keys per queue, whatever its length.
    pub(crate) fn load(&self, mid: Mid) -> Result<Vec<Arc<QueueHandle>>, StoreError> {
        let mut handles = Vec::new();
        for mut record in self.store.queues().all(mid)? {
            let last = self.store.messages().last_sequence(mid, record.id)?;
            // What is in flight comes back when its outcome is known; it must not be given out besides.
            let frontier = self.store.messages().frontier(mid, record.id, record.done, last)?;
            self.start(mid, &record, frontier.next, last);
            self.give_again(mid, record.id, &frontier.passed)?;
            // Empty places that nobody will come to any more were not counted: messages that were taken out, or lost.
            record.done = record.done.max(frontier.empty);
            let taken_out = self.store.messages().taken_out(mid, record.id, frontier.next)?;
            let handle = self.take_up(mid, record, last);
            handle.note_taken_out(taken_out);
            handles.push(handle);
        }
        Ok(handles)
    }

    fn take_up(&self, mid: Mid, record: QueueRecord, last: u64) -> Arc<QueueHandle> {
        let handle = Arc::new(QueueHandle {
            mid,
            id: record.id,
            activity_id: record.activity_id.clone(),
            known: Mutex::new(Known {
                policy: record.policy,
                account: Arc::new(record.account.clone()),
                configuration: None,
            }),
            record: tokio::sync::Mutex::new(record),
            at_work: tokio::sync::RwLock::default(),
            line: Mutex::new(Line { given: last, durable: last, early: BTreeSet::new() }),
            taken_out: Mutex::default(),
        });
        let key = (mid, handle.activity_id.clone());
        write(&self.by_activity).insert(key, Arc::clone(&handle));
        write(&self.by_id).insert(handle.id, Arc::clone(&handle));
        handle
    }

    fn start(&self, mid: Mid, record: &QueueRecord, first: u64, last: u64) {
        let (now, steady) = (self.clock.now(), self.clock.steady());
        let offset = i128::from(steady.as_nanos()) - i128::from(now.as_nanos());
        let cancelled = record.mark == QueueMark::Cancelled;
        let setup = QueueSetup {
            id: record.id,
            account: (mid, Arc::new(record.account.clone())),
            bulk_max: record.channel.capability().bulk_max,
            // Cancelled messages end at once; they take no slots.
            speed_limit: record.policy.speed_limit.filter(|_| !cancelled),
            schedule: record.schedule.map(|schedule| schedule.resumed(now).shifted(offset)),
            first,
            last,
            stopped: is_stopped(record.mark),
        };
        self.pacer().add_queue(setup, steady);
        self.changed.notify_one();
    }

    /// Lets messages that were tried before a restart go again, each when its pause is over.
    fn give_again(&self, mid: Mid, queue: QueueId, sequences: &[u64]) -> Result<(), StoreError> {
        for sequence in sequences {
            let message = self.store.messages().waiting_at(mid, queue, *sequence)?;
            let steady = self.clock.steady();
            let not_before = message.and_then(|message| message.progress.not_before);
            let at = not_before.map_or(steady, |at| self.pause_ends(at));
            self.pacer().retry(queue, *sequence, at, steady);
        }
        Ok(())
    }

    /// When a pause that was stored before a restart ends, on the steady clock. No pause is longer than the longest
    /// that is ever given: one that seems so is an effect of a clock that was set back.
    pub(super) fn pause_ends(&self, not_before: Timestamp) -> Timestamp {
        self.steady_of(not_before).min(self.clock.steady().plus(delivery::PAUSE_MAX))
    }

    /// The queue of an activity; created, durably, when there is none yet. A changed policy or account is taken over.
    pub(crate) async fn queue(&self, wish: QueueWish<'_>) -> Result<Arc<QueueHandle>, StoreError> {
        let key = (wish.mid, wish.activity_id.clone());
        let existing = read(&self.by_activity).get(&key).cloned();
        let handle = match existing {
            Some(handle) => handle,
            None => return self.create(wish).await,
        };
        let wished = |known: &Known| known.policy == wish.policy && *known.account == *wish.account;
        if !wished(&lock(&handle.known)) {
            self.change(&handle, &wish).await?;
        }
        if let Some(configuration) = wish.configuration
            && lock(&handle.known).configuration != Some(configuration)
        {
            self.note_configuration(&handle, configuration).await?;
        }
        Ok(handle)
    }

    /// Notes whose queue it is, once for each start and configuration. Queues from before this was kept get it, too.
    async fn note_configuration(&self, handle: &QueueHandle, configuration: ConfigurationId) -> Result<(), StoreError> {
        if !self.store.configurations().has_queue(handle.mid, configuration, handle.id)? {
            let known = ConfigurationQueue { since: self.clock.now() };
            let mut batch = self.store.batch();
            batch.put_configuration_queue(handle.mid, configuration, handle.id, &known)?;
            let _receipt = self.store.commit(batch).await?;
        }
        lock(&handle.known).configuration = Some(configuration);
        Ok(())
    }

    async fn create(&self, wish: QueueWish<'_>) -> Result<Arc<QueueHandle>, StoreError> {
        let _one_at_a_time = self.creating.lock().await;
        let key = (wish.mid, wish.activity_id.clone());
        if let Some(handle) = read(&self.by_activity).get(&key).cloned() {
            return Ok(handle);
        }
        let record = QueueRecord {
            id: self.store.queues().allocate(),
            activity_id: wish.activity_id.clone(),
            journey_id: wish.journey_id.cloned(),
            original_definition_id: None,
            interaction_id: None,
            channel: wish.channel,
            account: wish.account.clone(),
            policy: wish.policy,
            schedule: None,
            done: 0,
            erased_to: 0,
            mark: QueueMark::Running,
            released_at: None,
            created_at: self.clock.now(),
        };
        let mut batch = self.store.batch();
        batch.put_queue(wish.mid, &record)?;
        if let Some(configuration) = wish.configuration {
            let known = ConfigurationQueue { since: record.created_at };
            batch.put_configuration_queue(wish.mid, configuration, record.id, &known)?;
        }
        let _receipt = self.store.commit(batch).await?;
        self.start(wish.mid, &record, 1, 0);
        let handle = self.take_up(wish.mid, record, 0);
        lock(&handle.known).configuration = wish.configuration;
        Ok(handle)
    }

    async fn change(&self, handle: &QueueHandle, wish: &QueueWish<'_>) -> Result<(), StoreError> {
        let mut record = handle.record.lock().await;
        let mut changed = record.clone();
        changed.policy = wish.policy;
        changed.account = wish.account.clone();
        if *record != changed {
            if record.policy.speed_limit != changed.policy.speed_limit {
                // A changed pace starts anew from now, also after a restart (spec Q2).
                let now = self.clock.now();
                changed.schedule = wish.policy.speed_limit.map(|limit| Schedule::started(limit, now));
            }
            let mut batch = self.store.batch();
            batch.put_queue(handle.mid, &changed)?;
            let _receipt = self.store.commit(batch).await?;
            *record = changed;
        }
        let mut known = lock(&handle.known);
        (known.policy, known.account) = (wish.policy, Arc::new(wish.account.clone()));
        drop(known);
        let steady = self.clock.steady();
        let mut pacer = self.pacer();
        pacer.set_account(handle.id, account_key(handle.mid, wish.account), steady);
        pacer.set_speed_limit(handle.id, wish.policy.speed_limit, steady);
        drop(pacer);
        self.changed.notify_one();
        Ok(())
    }

    /// A given sequence is durable, or will never be. Only then may the queue be read past it.
    pub(crate) fn settled(&self, handle: &QueueHandle, sequence: u64) {
        let durable = handle.settle(sequence);
        let is_news = self.pacer().arrived(handle.id, durable, self.clock.steady());
        if is_news {
            self.changed.notify_one();
        }
    }

    pub(crate) fn by_id(&self, id: QueueId) -> Option<Arc<QueueHandle>> {
        read(&self.by_id).get(&id).cloned()
    }

    pub(crate) fn by_activity(&self, mid: Mid, activity: &ActivityId) -> Option<Arc<QueueHandle>> {
        read(&self.by_activity).get(&(mid, activity.clone())).cloned()
    }

    /// A business unit's queues.
    pub(crate) fn of_tenant(&self, mid: Mid) -> Vec<Arc<QueueHandle>> {
        read(&self.by_id).values().filter(|handle| handle.mid == mid).cloned().collect()
    }

    /// Marks a queue. It bites at once.
    pub(crate) async fn mark(&self, handle: &QueueHandle, mark: QueueMark) -> Result<(), StoreError> {
        let mut record = handle.record.lock().await;
        let goes_on = is_stopped(record.mark) && !is_stopped(mark);
        let released_at = if goes_on { Some(self.clock.now()) } else { record.released_at };
        let changed = QueueRecord { mark, released_at, ..record.clone() };
        let mut batch = self.store.batch();
        batch.put_queue(handle.mid, &changed)?;
        let _receipt = self.store.commit(batch).await?;
        *record = changed;
        let now = self.clock.steady();
        let mut pacer = self.pacer();
        // Cancelled messages end at once; a queue that goes on gets its pace back.
        let pace = record.policy.speed_limit.filter(|_| mark != QueueMark::Cancelled);
        pacer.set_speed_limit(handle.id, pace, now);
        pacer.set_stopped(handle.id, is_stopped(mark), now);
        drop(pacer);
        self.changed.notify_one();
        Ok(())
    }

    /// What waits in a queue up to its last sequence is no longer given out: it was set aside to be looked up.
    pub(super) fn pass(&self, handle: &QueueHandle) -> u64 {
        let last = handle.last_given();
        self.pacer().pass(handle.id, last);
        last
    }

    /// Forgets a business unit's queues.
    pub(crate) fn forget(&self, mid: Mid) {
        write(&self.by_activity).retain(|(owner, _), _| *owner != mid);
        let mut pacer = self.pacer();
        write(&self.by_id).retain(|id, handle| {
            let keep = handle.mid != mid;
            if !keep {
                pacer.remove_queue(*id);
            }
            keep
        });
    }

    pub(crate) fn pacer(&self) -> MutexGuard<'_, Pacer> {
        lock(&self.pacer)
    }

    /// The steady-clock moment that a stored wall-clock moment is.
    pub(crate) fn steady_of(&self, wall: Timestamp) -> Timestamp {
        let (now, steady) = (self.clock.now(), self.clock.steady());
        if wall > now { steady.plus(wall.since(now)) } else { steady.minus(now.since(wall)) }
    }
}

/// The pacer's name of an account.
pub(crate) fn account_key(mid: Mid, account: &AccountId) -> AccountKey {
    (mid, Arc::new(account.clone()))
}

fn is_stopped(mark: QueueMark) -> bool {
    matches!(mark, QueueMark::Paused | QueueMark::Held | QueueMark::Moved)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
