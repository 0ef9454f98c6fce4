//! Which queue sends next, and when: the pure core of dispatch.
//!
//! [`Pacer::next`] says what to do at a moment; the runner does it and tells what came of it. No clock, no store, no
//! socket: tests and the simulation call it by hand. Times are those of the steady clock.
//!
//! * A **paced** queue sends one message a slot; slots of one queue within [`SLOT_SHARING`] share a request (spec Q2).
//! * An **unpaced** queue sends bulk requests as fast as its account's share of requests in flight allows; turns go
//!   round over tenants, then over each tenant's accounts, then over each account's queues (spec Q3).
//! * Memory: one entry per queue, and eight bytes for each message in flight or waiting for a retry. Messages that were
//!   never tried are a range of sequences, whatever their number (spec Q8).

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::domain::delivery::{Breaker, HoldReason, Permission};
use crate::domain::ids::{AccountId, Mid, QueueId};
use crate::domain::speed_limit::{SLOT_SHARING, Schedule, SpeedLimit};

/// An account as the pacer knows it.
pub(crate) type AccountKey = (Mid, Arc<AccountId>);

/// How many requests one account may have in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InFlightLimits {
    /// For unpaced queues.
    pub(crate) unpaced: usize,
    /// For all together: the difference is room that only slots may take, so that bulk traffic doesn't delay them.
    pub(crate) all: usize,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Send(Order),
    /// Nothing before this moment, unless something is told meanwhile.
    SleepUntil(Timestamp),
    /// Nothing until something is told.
    Idle,
}

/// Messages of one queue that go now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) account: AccountKey,
    pub(crate) queue: QueueId,
    /// Retries first; ascending within retries and within first attempts; not empty.
    pub(crate) sequences: Vec<u64>,
    /// How many of the sequences are retries. The others are given out for the first time in this run.
    pub(crate) retries: usize,
    /// The schedule before this order's slots, for when none of them is used.
    pub(crate) schedule_before: Option<Schedule>,
    /// The schedule after this order's slots, to be stored before the request is written; `None` for unpaced queues.
    pub(crate) schedule: Option<Schedule>,
    /// The slot of the first message; `None` for unpaced queues.
    pub(crate) slot: Option<Timestamp>,
}

/// A queue to pace.
#[derive(Debug, Clone)]
pub(crate) struct QueueSetup {
    pub(crate) id: QueueId,
    pub(crate) account: AccountKey,
    pub(crate) bulk_max: usize,
    pub(crate) speed_limit: Option<SpeedLimit>,
    /// As stored, moved onto the steady clock; `None` when no slot was used yet.
    pub(crate) schedule: Option<Schedule>,
    /// Sequence of the first message not tried yet.
    pub(crate) first: u64,
    /// Sequence of the last message that is durable; below `first` when there is none.
    pub(crate) last: u64,
    pub(crate) stopped: bool,
}

#[derive(Debug)]
struct Queue {
    account: AccountKey,
    bulk_max: usize,
    speed_limit: Option<SpeedLimit>,
    schedule: Option<Schedule>,
    next: u64,
    last: u64,
    /// When the oldest untried message became ready: a late arrival's slot is not earlier.
    ready_since: Timestamp,
    retries: BTreeSet<(Timestamp, u64)>,
    /// Paused, held by an operator, or cancelled.
    stopped: bool,
    /// In its account's line, waiting for its turn.
    in_line: bool,
    /// The wake-up that counts; others in the heap are stale.
    wake_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Account {
    breaker: Breaker,
    held: Option<HoldReason>,
    paced_line: VecDeque<QueueId>,
    unpaced_line: VecDeque<QueueId>,
    paced_in_flight: usize,
    unpaced_in_flight: usize,
    in_line: bool,
    queues: BTreeSet<QueueId>,
}

#[derive(Debug, Default)]
struct Tenant {
    line: VecDeque<AccountKey>,
    in_line: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Wake {
    Queue(QueueId),
    Account(AccountKey),
}

/// What became of an order's request, as far as the provider itself is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It answered.
    Well,
    /// It did not answer, or said that it can't.
    Failing,
    /// Nothing was asked (all messages had expired, say).
    NotAsked,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Pacer {
    limits: InFlightLimits,
    queues: HashMap<QueueId, Queue>,
    accounts: HashMap<AccountKey, Account>,
    tenants: HashMap<Mid, Tenant>,
    line: VecDeque<Mid>,
    wakes: BinaryHeap<Reverse<(Timestamp, Wake)>>,
}

impl Pacer {
    pub(crate) fn new(limits: InFlightLimits) -> Self {
        Self {
            limits,
            queues: HashMap::new(),
            accounts: HashMap::new(),
            tenants: HashMap::new(),
            line: VecDeque::new(),
            wakes: BinaryHeap::new(),
        }
    }

    /// Takes up a queue, or replaces what is known of its pace and state; messages in flight stay counted.
    pub(crate) fn add_queue(&mut self, setup: QueueSetup, now: Timestamp) {
        let QueueSetup { id, account, bulk_max, speed_limit, schedule, first, last, stopped } = setup;
        self.accounts.entry(account.clone()).or_default().queues.insert(id);
        let queue = Queue {
            account,
            bulk_max: bulk_max.max(1),
            speed_limit,
            schedule: schedule.filter(|schedule| Some(schedule.limit()) == speed_limit),
            next: first,
            last,
            ready_since: now,
            retries: BTreeSet::new(),
            stopped,
            in_line: false,
            wake_at: None,
        };
        self.queues.insert(id, queue);
        self.wake_queue(id, now);
    }

    /// Forgets a queue and its account's share in it.
    pub(crate) fn remove_queue(&mut self, id: QueueId) {
        if let Some(queue) = self.queues.remove(&id)
            && let Some(account) = self.accounts.get_mut(&queue.account)
        {
            account.queues.remove(&id);
        }
    }

    /// Messages up to `last` are durable. Says whether [`Pacer::next`] may answer otherwise than before: a queue that
    /// is in line or has a wake-up goes on by itself.
    #[must_use = "whoever waits for the next step must be told"]
    pub(crate) fn arrived(&mut self, id: QueueId, last: u64, now: Timestamp) -> bool {
        let Some(queue) = self.queues.get_mut(&id) else { return false };
        if last <= queue.last {
            return false;
        }
        if queue.next > queue.last {
            queue.ready_since = now;
        }
        queue.last = last;
        let is_asleep = !queue.in_line && queue.wake_at.is_none();
        if is_asleep {
            self.wake_queue(id, now);
        }
        is_asleep
    }

    /// Messages up to `last` are not given out any more, tried before or not.
    pub(crate) fn pass(&mut self, id: QueueId, last: u64) {
        if let Some(queue) = self.queues.get_mut(&id) {
            queue.next = queue.next.max(last + 1);
            queue.retries.retain(|(_, sequence)| *sequence > last);
        }
    }

    /// A changed pace starts anew from now (spec Q2).
    pub(crate) fn set_speed_limit(&mut self, id: QueueId, limit: Option<SpeedLimit>, now: Timestamp) {
        let Some(queue) = self.queues.get_mut(&id) else { return };
        if queue.speed_limit == limit {
            return;
        }
        queue.speed_limit = limit;
        queue.schedule = limit.map(|limit| Schedule::started(limit, now));
        self.wake_queue(id, now);
    }

    /// The queue's messages go by another account from now on: its line, its hold, its breaker.
    pub(crate) fn set_account(&mut self, id: QueueId, account: AccountKey, now: Timestamp) {
        let Some(queue) = self.queues.get_mut(&id).filter(|queue| queue.account != account) else { return };
        queue.in_line = false;
        let old = std::mem::replace(&mut queue.account, account.clone());
        if let Some(old) = self.accounts.get_mut(&old) {
            old.queues.remove(&id);
            old.paced_line.retain(|other| *other != id);
            old.unpaced_line.retain(|other| *other != id);
        }
        self.accounts.entry(account).or_default().queues.insert(id);
        self.wake_queue(id, now);
    }

    /// Stops or starts a queue; messages keep their places.
    pub(crate) fn set_stopped(&mut self, id: QueueId, stopped: bool, now: Timestamp) {
        if let Some(queue) = self.queues.get_mut(&id) {
            queue.stopped = stopped;
            self.wake_queue(id, now);
        }
    }

    /// Holds an account's queues: nothing goes until [`Pacer::release`] (spec Q4).
    pub(crate) fn hold(&mut self, account: &AccountKey, reason: HoldReason) {
        self.accounts.entry(account.clone()).or_default().held = Some(reason);
    }

    pub(crate) fn release(&mut self, account: &AccountKey, now: Timestamp) {
        let Some(entry) = self.accounts.get_mut(account) else { return };
        entry.held = None;
        entry.breaker = Breaker::default();
        let queues: Vec<_> = entry.queues.iter().copied().collect();
        for id in queues {
            self.wake_queue(id, now);
        }
        self.line_up(account.clone());
    }

    /// The provider asked an account to send nothing until then (`Retry-After`).
    pub(crate) fn leave_alone(&mut self, account: &AccountKey, until: Timestamp) {
        self.accounts.entry(account.clone()).or_default().breaker.leave_alone(until);
    }

    pub(crate) fn held(&self, account: &AccountKey) -> Option<HoldReason> {
        self.accounts.get(account).and_then(|entry| entry.held)
    }

    /// A message goes again at `not_before`. A retry takes a slot.
    pub(crate) fn retry(&mut self, id: QueueId, sequence: u64, not_before: Timestamp, now: Timestamp) {
        let Some(queue) = self.queues.get_mut(&id) else { return };
        queue.retries.insert((not_before, sequence));
        self.wake_queue(id, now);
    }

    /// An order's last request is through.
    pub(crate) fn finished(&mut self, order: &Order, health: Health, now: Timestamp) {
        let Some(account) = self.accounts.get_mut(&order.account) else { return };
        let in_flight = match order.schedule {
            Some(_) => &mut account.paced_in_flight,
            None => &mut account.unpaced_in_flight,
        };
        *in_flight = in_flight.saturating_sub(1);
        match health {
            Health::Well => account.breaker.succeeded(now),
            Health::Failing => account.breaker.failed(now),
            Health::NotAsked => account.breaker.not_asked(),
        }
        if health == Health::NotAsked {
            self.give_back(order, now);
        }
        self.line_up(order.account.clone());
    }

    /// Nothing was sent in these slots, so the next message may have them; unless a later one was used meanwhile.
    fn give_back(&mut self, order: &Order, now: Timestamp) {
        if let Some(queue) = self.queues.get_mut(&order.queue)
            && order.schedule.is_some()
            && queue.schedule == order.schedule
        {
            queue.schedule = order.schedule_before;
            self.wake_queue(order.queue, now);
        }
    }

    /// What to do at `now`.
    pub(crate) fn next(&mut self, now: Timestamp) -> Step {
        self.take_due_wakes(now);
        // Each tenant in line gets one look; whoever can't send leaves the line and comes back by a wake-up.
        for _ in 0..self.line.len() {
            let Some(mid) = self.line.pop_front() else { break };
            let order = self.next_of_tenant(mid, now);
            let waits = self.tenants.get(&mid).is_some_and(|tenant| !tenant.line.is_empty());
            if waits {
                self.line.push_back(mid);
            } else if let Some(tenant) = self.tenants.get_mut(&mid) {
                tenant.in_line = false;
            }
            if let Some(order) = order {
                return Step::Send(order);
            }
        }
        match self.wakes.peek() {
            Some(Reverse((at, _))) => Step::SleepUntil(*at),
            None => Step::Idle,
        }
    }

    fn next_of_tenant(&mut self, mid: Mid, now: Timestamp) -> Option<Order> {
        let looks = self.tenants.get(&mid).map_or(0, |tenant| tenant.line.len());
        for _ in 0..looks {
            let key = self.tenants.get_mut(&mid)?.line.pop_front()?;
            let order = self.next_of_account(&key, now);
            let account = self.accounts.get_mut(&key)?;
            // Without an order the account waits for an answer or a wake-up; both line it up again.
            account.in_line = order.is_some();
            if let Some(order) = order {
                self.tenants.get_mut(&mid)?.line.push_back(key);
                return Some(order);
            }
        }
        None
    }

    fn next_of_account(&mut self, key: &AccountKey, now: Timestamp) -> Option<Order> {
        let account = self.accounts.get_mut(key)?;
        if account.held.is_some() {
            return None;
        }
        let all = account.paced_in_flight + account.unpaced_in_flight;
        let paced_may = all < self.limits.all && !account.paced_line.is_empty();
        let unpaced_may = all < self.limits.all
            && account.unpaced_in_flight < self.limits.unpaced
            && !account.unpaced_line.is_empty();
        if !paced_may && !unpaced_may {
            return None;
        }
        if let Permission::WaitUntil(at) = account.breaker.permission(now) {
            self.wakes.push(Reverse((at, Wake::Account(key.clone()))));
            return None;
        }
        let order = self.first_order(key, now, paced_may, unpaced_may);
        if order.is_none()
            && let Some(account) = self.accounts.get_mut(key)
        {
            account.breaker.not_asked();
        }
        order
    }

    fn first_order(&mut self, key: &AccountKey, now: Timestamp, paced: bool, unpaced: bool) -> Option<Order> {
        for (allowed, is_paced) in [(paced, true), (unpaced, false)] {
            if !allowed {
                continue;
            }
            loop {
                let account = self.accounts.get_mut(key)?;
                let line = if is_paced { &mut account.paced_line } else { &mut account.unpaced_line };
                let Some(id) = line.pop_front() else { break };
                let Some(queue) = self.queues.get_mut(&id) else { continue };
                queue.in_line = false;
                let order = queue.take(id, now);
                self.wake_queue(id, now);
                if let Some(order) = order {
                    let account = self.accounts.get_mut(key)?;
                    let in_flight = if order.schedule.is_some() {
                        &mut account.paced_in_flight
                    } else {
                        &mut account.unpaced_in_flight
                    };
                    *in_flight += 1;
                    return Some(order);
                }
            }
        }
        None
    }

    fn take_due_wakes(&mut self, now: Timestamp) {
        while let Some(Reverse((at, _))) = self.wakes.peek() {
            if *at > now {
                break;
            }
            let Some(Reverse((at, wake))) = self.wakes.pop() else { break };
            match wake {
                Wake::Account(key) => self.line_up(key),
                Wake::Queue(id) => {
                    let Some(queue) = self.queues.get_mut(&id) else { continue };
                    if queue.wake_at == Some(at) {
                        queue.wake_at = None;
                        self.wake_queue(id, now);
                    }
                }
            }
        }
    }

    /// Puts the queue into its account's line if it can send now, else sets its wake-up.
    fn wake_queue(&mut self, id: QueueId, now: Timestamp) {
        let Some(queue) = self.queues.get_mut(&id) else { return };
        if queue.in_line || queue.stopped {
            return;
        }
        match queue.due() {
            None => queue.wake_at = None,
            Some(at) if at <= now => {
                queue.in_line = true;
                queue.wake_at = None;
                let key = queue.account.clone();
                let paced = queue.speed_limit.is_some();
                let account = self.accounts.entry(key.clone()).or_default();
                let line = if paced { &mut account.paced_line } else { &mut account.unpaced_line };
                line.push_back(id);
                self.line_up(key);
            }
            Some(at) => {
                if queue.wake_at != Some(at) {
                    queue.wake_at = Some(at);
                    self.wakes.push(Reverse((at, Wake::Queue(id))));
                }
            }
        }
    }

    fn line_up(&mut self, key: AccountKey) {
        let Some(account) = self.accounts.get_mut(&key) else { return };
        let has_work = !account.paced_line.is_empty() || !account.unpaced_line.is_empty();
        if account.in_line || account.held.is_some() || !has_work {
            return;
        }
        account.in_line = true;
        let mid = key.0;
        let tenant = self.tenants.entry(mid).or_default();
        tenant.line.push_back(key);
        if !tenant.in_line {
            tenant.in_line = true;
            self.line.push_back(mid);
        }
    }
}

impl Queue {
    /// When the queue has something to send: the slot of its next message, or the moment a retry is allowed.
    fn due(&self) -> Option<Timestamp> {
        let ready = self.ready()?;
        let Some(schedule) = &self.schedule else { return Some(ready) };
        // The upcoming slot may lie a little before the moment the message is ready.
        let first = schedule.slot_for(ready).max(ready);
        // Slots within the sharing time wait for the last of them: one request instead of many, and none early.
        let spacing = schedule.limit().spacing();
        if spacing >= SLOT_SHARING || self.waiting() <= 1 {
            return Some(first);
        }
        let shared = SLOT_SHARING.as_nanos() / spacing.as_nanos().max(1);
        let others = shared.min(u128::from(self.waiting() - 1)).min(self.bulk_max as u128 - 1);
        Some(first.plus_nanos(others * spacing.as_nanos()))
    }

    /// When the first of its messages may go, pace aside.
    fn ready(&self) -> Option<Timestamp> {
        let fresh = (self.next <= self.last).then_some(self.ready_since);
        let retry = self.retries.first().map(|(at, _)| *at);
        match (fresh, retry) {
            (Some(fresh), Some(retry)) => Some(fresh.min(retry)),
            (fresh, retry) => fresh.or(retry),
        }
    }

    fn waiting(&self) -> u64 {
        (self.last + 1).saturating_sub(self.next) + self.retries.len() as u64
    }

    /// Takes what may go at `now`; `None` when nothing may.
    fn take(&mut self, id: QueueId, now: Timestamp) -> Option<Order> {
        if self.stopped {
            return None;
        }
        let schedule_before = self.schedule;
        let mut sequences = Vec::new();
        let mut retries = 0;
        let mut first_slot = None;
        while sequences.len() < self.bulk_max {
            let slot = match (self.speed_limit, &self.schedule) {
                (None, _) => None,
                // The very first slot of a queue is now.
                (Some(limit), None) => Some((now, Schedule::started(limit, now))),
                (Some(_), Some(schedule)) => {
                    let Some(ready) = self.ready() else { break };
                    let slot = schedule.slot_for(ready.max(self.lateness_floor(now)));
                    Some((slot, schedule.after(slot)))
                }
            };
            if slot.is_some_and(|(at, _)| at > now) {
                break;
            }
            let Some((sequence, is_retry)) = self.pop(now) else { break };
            retries += usize::from(is_retry);
            if let Some((at, schedule)) = slot {
                first_slot.get_or_insert(at);
                self.schedule = Some(schedule);
            }
            sequences.push(sequence);
        }
        if sequences.is_empty() {
            return None;
        }
        let schedule = self.speed_limit.and(self.schedule);
        Some(Order {
            account: self.account.clone(),
            queue: id,
            sequences,
            retries,
            schedule_before,
            schedule,
            slot: first_slot,
        })
    }

    /// A slot that is later than the sharing time is given up: the schedule starts anew from now, without a burst.
    fn lateness_floor(&self, now: Timestamp) -> Timestamp {
        match &self.schedule {
            Some(schedule) if schedule.upcoming().plus(SLOT_SHARING) < now => now,
            _ => Timestamp::ZERO,
        }
    }

    /// The next sequence that may go, and whether it is a retry.
    fn pop(&mut self, now: Timestamp) -> Option<(u64, bool)> {
        if let Some((at, sequence)) = self.retries.first().copied()
            && at <= now
        {
            self.retries.pop_first();
            return Some((sequence, true));
        }
        if self.next > self.last || self.ready_since > now {
            return None;
        }
        let sequence = self.next;
        self.next += 1;
        Some((sequence, false))
    }
}

#[cfg(test)]
mod tests;
