//! From the queue to Infobip: when a message goes, in which request, and what its answer means.
//!
//! Invariants:
//!
//! * What is written to the provider was written down before, durably: after a crash exactly those messages are maybe
//!   sent, and keep their message ids (`simulation`, `crash`).
//! * A paced queue keeps its spacing over restarts and clock jumps (`pacer::tests`, `simulation`).
//! * A message leaves the queue only when the provider has it, or with a report that says why not (`simulation`).
//! * An account that can't send is held; nothing of it is dropped (`dispatching` in the black-box tests).

pub(crate) mod book;
mod moved;
pub(crate) mod pacer;
mod recovery;
mod sender;
mod taking_out;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use self::moved::hold_if_moved;
pub(crate) use self::recovery::IDS_PER_LOOKUP;

use self::book::{QueueBook, account_key};
use self::pacer::{Order, Step};
use self::recovery::{LookupBudget, Unresolved};
use crate::clock::{Clock, Timestamp};
use crate::domain::channel::Channel;
use crate::domain::delivery::{LogEntry, MessageAnswer, SendFailure};
use crate::domain::ids::{AccountId, MessageId, Mid};
use crate::domain::message::QueuedMessage;
use crate::domain::tenant::Account;
use crate::random::Random;
use crate::reporting::recorder::Recorder;
use crate::store::AccountState;
use crate::store::{Store, StoreError};
use crate::tenants::TenantBook;

/// One request's worth of messages: all of one account, channel and queue, with equal request options.
#[derive(Clone, Copy)]
pub(crate) struct SendRequest<'a> {
    pub(crate) account: &'a Account,
    pub(crate) channel: Channel,
    /// Not empty; at most the channel's `bulk_max`.
    pub(crate) messages: &'a [QueuedMessage],
    /// Wall-clock time, for what is left of each message's validity.
    pub(crate) now: Timestamp,
}

/// Why the provider's log could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the provider's log did not answer: {problem}")]
pub(crate) struct LookupFailure {
    pub(crate) problem: String,
}

/// The way to the provider. Implemented by the Infobip client and by the simulation's script.
pub(crate) trait Gateway: Send + Sync + 'static {
    /// Sends one request. `Ok` has the provider's answers in its own order; a message without one is maybe sent.
    fn send<'a>(&'a self, request: SendRequest<'a>) -> BoxFuture<'a, Result<Vec<MessageAnswer>, SendFailure>>;

    /// Asks the provider's log for messages by id (spec Q6b). Ids that it does not know are missing from the answer.
    fn look_up<'a>(
        &'a self,
        account: &'a Account,
        channel: Channel,
        ids: &'a [MessageId],
    ) -> BoxFuture<'a, Result<Vec<LogEntry>, LookupFailure>>;
}

/// How dispatch behaves.
#[derive(Clone, Debug)]
pub(crate) struct DispatchSettings {
    /// Least time between two lookups that both don't find a message (spec Q6b: two minutes).
    pub(crate) maybe_sent_recheck: Duration,
    /// Log lookups an account may make in a minute.
    pub(crate) lookups_per_minute: u32,
}

/// See the module's documentation.
pub(crate) struct Dispatch {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    tenants: TenantBook,
    gateway: Arc<dyn Gateway>,
    recorder: Arc<Recorder>,
    pub(crate) book: Arc<QueueBook>,
    settings: DispatchSettings,
    unresolved: Unresolved,
    lookup_budget: LookupBudget,
    released: std::sync::Mutex<std::collections::HashMap<(Mid, AccountId), Release>>,
    /// Held while an account's state changes in the store and in the pacer, so that both say the same.
    holding: tokio::sync::Mutex<()>,
}

/// When an account was last released.
#[derive(Clone, Copy)]
struct Release {
    /// On the wall clock, as it is stored: messages' validity runs anew from here.
    at: Timestamp,
    /// On the steady clock, when it was in this run: a wall clock that is set back must not make every refusal look old.
    steady: Option<Timestamp>,
}

/// What a [`Dispatch`] works with.
pub(crate) struct DispatchParts {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) tenants: TenantBook,
    pub(crate) gateway: Arc<dyn Gateway>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) book: Arc<QueueBook>,
    pub(crate) settings: DispatchSettings,
}

impl Dispatch {
    pub(crate) fn new(parts: DispatchParts) -> Self {
        let DispatchParts { store, clock, random, tenants, gateway, recorder, book, settings } = parts;
        Self {
            store,
            clock,
            random,
            tenants,
            gateway,
            recorder,
            book,
            settings,
            unresolved: Unresolved::default(),
            lookup_budget: LookupBudget::default(),
            released: std::sync::Mutex::default(),
            holding: tokio::sync::Mutex::default(),
        }
    }

    /// Takes up the stored queues, holds and unanswered requests of a business unit.
    pub(crate) fn load(&self, mid: Mid) -> Result<(), StoreError> {
        for (account, state) in self.store.accounts().held(mid)? {
            match state.released_at {
                Some(at) => self.remember_release(mid, &account, Release { at, steady: None }),
                None => self.book.pacer().hold(&account_key(mid, &account), state.held),
            }
        }
        for queue in self.store.queues().all(mid)? {
            for in_flight in self.store.messages().in_flight(mid, queue.id)? {
                self.leave_unresolved(queue.id, in_flight);
            }
        }
        self.book.load(mid)?;
        Ok(())
    }

    /// Lets an account send again: *Connect* succeeded (spec Q4). Does nothing when it was not held.
    pub(crate) async fn release(&self, mid: Mid, account: &AccountId) -> Result<bool, StoreError> {
        let _one_at_a_time = self.holding.lock().await;
        let Some(state) = self.store.accounts().get(mid, account)?.filter(|state| state.released_at.is_none()) else {
            return Ok(false);
        };
        let now = self.clock.now();
        let mut batch = self.store.batch();
        batch.put_account_state(mid, account, &AccountState { released_at: Some(now), ..state })?;
        let _receipt = self.store.commit(batch).await?;
        self.remember_release(mid, account, Release { at: now, steady: Some(self.clock.steady()) });
        self.book.pacer().release(&account_key(mid, account), self.clock.steady());
        self.book.changed.notify_one();
        tracing::info!(tenant.mid = %mid, account = %account, "The account's queues go on: its check succeeded");
        Ok(true)
    }

    fn remember_release(&self, mid: Mid, account: &AccountId, release: Release) {
        let mut released = self.released.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        released.insert((mid, account.clone()), release);
    }

    fn release_of(&self, account: &AccountId, mid: Mid) -> Option<Release> {
        let released = self.released.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if released.is_empty() {
            return None;
        }
        released.get(&(mid, account.clone())).copied()
    }

    /// Messages that are perhaps sent, not settled yet.
    pub(crate) fn unresolved(&self) -> usize {
        self.unresolved.len()
    }

    /// How far the wall clock is ahead of the steady one.
    fn wall_offset_nanos(&self) -> i128 {
        i128::from(self.clock.now().as_nanos()) - i128::from(self.clock.steady().as_nanos())
    }

    /// Sends until `shutdown` says so; then finishes what is in flight and returns.
    pub(crate) async fn run(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        let mut orders: JoinSet<()> = JoinSet::new();
        let resolver = tokio::spawn(Arc::clone(&self).run_resolver(shutdown.clone()));
        while !*shutdown.borrow() {
            while orders.try_join_next().is_some() {}
            match self.step() {
                Step::Send(order) => {
                    orders.spawn(Arc::clone(&self).carry_out(order));
                }
                Step::SleepUntil(at) => {
                    tokio::select! {
                        () = self.clock.sleep_until(at) => {}
                        () = self.book.changed.notified() => {}
                        _ = shutdown.changed() => {}
                    }
                }
                Step::Idle => {
                    tokio::select! {
                        () = self.book.changed.notified() => {}
                        _ = shutdown.changed() => {}
                    }
                }
            }
        }
        while orders.join_next().await.is_some() {}
        if let Err(error) = resolver.await {
            tracing::error!(%error, "The lookups of maybe-sent messages ended unexpectedly");
        }
    }

    /// Carries out one order and tells the pacer.
    pub(crate) async fn carry_out(self: Arc<Self>, order: Order) {
        match self.send_order(&order).await {
            Ok(health) => self.book.pacer().finished(&order, health, self.clock.steady()),
            // The order stays open: what the store may not have taken must not be sent on. A restart sorts it out.
            Err(error) => {
                tracing::error!(%error, queue.id = %order.queue, "Sending stopped for this queue: the store failed")
            }
        }
        self.book.changed.notify_one();
    }

    async fn run_resolver(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(1);
        while !*shutdown.borrow() {
            tokio::select! {
                () = self.clock.sleep(LOOK_AT_LEAST_EVERY) => {}
                _ = shutdown.changed() => continue,
            }
            if let Err(error) = self.resolve_due().await {
                tracing::error!(%error, "Lookups of maybe-sent messages stopped: the store failed");
                return;
            }
        }
    }

    /// The pacer's next step. An order that it gives must be carried out.
    pub(crate) fn step(&self) -> Step {
        self.book.pacer().next(self.clock.steady())
    }
}
