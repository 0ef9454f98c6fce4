//! One order of the pacer: read, written down, sent, and its answers stored.
//!
//! What is about to be sent is written down first (`InFlight`), durably, together with the slot that it uses. So after a
//! crash exactly those messages are maybe sent, and a restart keeps the spacing (spec Q2, Q6b, Q7).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::book::{QueueHandle, account_key};
use super::pacer::{Health, Order};
use super::{Dispatch, SendRequest};
use crate::clock::Timestamp;
use crate::domain::delivery::{self, HoldReason, Judgement, LocalEnd, MessageAnswer, SendFailure};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::message::{QueuedMessage, RequestOptions};
use crate::domain::report::Origin;
use crate::reporting::recorder::ReportsLocked;
use crate::store::AccountState;
use crate::store::ReportRef;
use crate::store::{DeadLetter, InFlight, LastSent, SentMessage, SentOutcome};
use crate::store::{Opened, StoreBatch, StoreError};
use crate::store::{QueueMark, QueueRecord};
use crate::tenants::TenantAccount;

/// Most text of one request, in bytes: our own ceiling is 1 MB a request (infobip.md 1.8), and JSON adds to it.
const REQUEST_BYTES_MAX: usize = 500_000;
/// Operations after which a commit goes on in the next one: sled's memory follows the operations of a batch, and some 256
/// of them are its most (storage.md). What waits again, and is in flight, comes on top.
const COMMIT_OPERATIONS: usize = 200;
/// How often a message is looked at whose account is held while its queue's account is not: the queue changed hands.
const HELD_ELSEWHERE_RETRY: Duration = Duration::from_secs(60);

/// What an order's messages came to.
#[derive(Default)]
struct Outcome {
    finished: Vec<(QueuedMessage, SentOutcome)>,
    /// With the moment (wall clock) of the next attempt.
    again: Vec<(QueuedMessage, Timestamp)>,
    /// Unchanged, for when the account's hold ends.
    kept: Vec<u64>,
    hold: Option<(AccountId, HoldReason, String)>,
}

impl Dispatch {
    /// Sends an order. Returns an error only when the store fails; then nothing more is sent by anybody.
    pub(super) async fn send_order(&self, order: &Order) -> Result<Health, StoreError> {
        let Some(queue) = self.book.by_id(order.queue) else { return Ok(Health::NotAsked) };
        let _at_work = queue.at_work.read().await;
        let (messages, lost) = self.read(&queue, &order.sequences)?;
        // Retries come when their pause is over on the steady clock; the others may have one from before a restart.
        let retries: HashSet<u64> = order.sequences.iter().take(order.retries).copied().collect();
        let mut ready = Vec::with_capacity(messages.len());
        let mut ended = Vec::new();
        let mut sent = Vec::new();
        let now = self.clock.now();
        let (mark, queue_released_at) = {
            let record = queue.record.lock().await;
            (record.mark, record.released_at)
        };
        for mut message in messages {
            if self.unresolved.contains(queue.id, message.id.sequence) {
                continue;
            }
            if let Some(outcome) = self.proved_sent(queue.mid, &message)? {
                sent.push((message, outcome));
                continue;
            }
            if mark != QueueMark::Cancelled && self.keep_if_held(order, &message) {
                continue;
            }
            let account_released = self.release_of(&message.message.account, queue.mid).map(|release| release.at);
            delivery::restart_validity(&mut message.progress, account_released.max(queue_released_at));
            if mark == QueueMark::Cancelled {
                ended.push((message, LocalEnd::Cancelled));
            } else if delivery::is_expired(&message.message, &message.progress, now) {
                ended.push((message, LocalEnd::Expired));
            } else if let Some(at) = message.progress.not_before.filter(|at| *at > now)
                && !retries.contains(&message.id.sequence)
            {
                let at = self.book.pause_ends(at);
                self.book.pacer().retry(queue.id, message.id.sequence, at, self.clock.steady());
            } else {
                ready.push(message);
            }
        }
        let ended = ended.into_iter().map(|(message, end)| (message, SentOutcome::Ended(end)));
        let outcome = Outcome { finished: ended.chain(sent).collect(), ..Outcome::default() };
        let schedule = order.schedule.map(|schedule| schedule.shifted(self.wall_offset_nanos()));
        let mut health = Health::NotAsked;
        let mut first = Some((schedule, outcome, lost));
        let groups = groups(ready);
        if groups.is_empty() {
            // The pacer gives the slot to another message, so it does not count as used.
            let (_, outcome, lost) = first.take().unwrap_or_default();
            self.conclude(&queue, outcome, None, None, lost).await?;
        }
        for group in groups {
            let (schedule, outcome, lost) = first.take().unwrap_or_default();
            let in_flight = InFlight {
                sequences: group.iter().map(|message| message.id.sequence).collect(),
                started_at: self.clock.now(),
                lookups: 0,
                last_lookup_at: None,
            };
            self.conclude(&queue, outcome, Some(&in_flight), schedule, lost).await?;
            health = worse(health, self.send_group(&queue, group, in_flight).await?);
        }
        Ok(health)
    }

    /// Whether a report came since an attempt of which nobody knew whether it had reached the provider (spec Q6b).
    fn proved_sent(&self, mid: Mid, message: &QueuedMessage) -> Result<Option<SentOutcome>, StoreError> {
        let Some(attempt_at) = message.progress.last_attempt_at else { return Ok(None) };
        let report = self.store.reports().get(mid, ReportRef::of(message.id.queue, message.id.sequence))?;
        let report =
            report.and_then(|record| record.reports.delivery).filter(|report| report.origin == Origin::Infobip);
        Ok(report.map(|report| SentOutcome::Sent { at: attempt_at, status: report.status }))
    }

    /// Puts a message back whose account is held. The pacer holds by the queue's account, and met this one before the
    /// hold began, or in a queue that goes by another account now.
    fn keep_if_held(&self, order: &Order, message: &QueuedMessage) -> bool {
        let key = account_key(order.account.0, &message.message.account);
        let steady = self.clock.steady();
        let mut pacer = self.book.pacer();
        if pacer.held(&key).is_none() {
            return false;
        }
        let at = if key == order.account { steady } else { steady.plus(HELD_ELSEWHERE_RETRY) };
        pacer.retry(order.queue, message.id.sequence, at, steady);
        true
    }

    /// The messages that are still waiting, and how many places of the queue hold none and never will: their records
    /// would not open, they were taken out, or their commit was not durable when the process died, with later ones already on
    /// the disk.
    fn read(&self, queue: &QueueHandle, sequences: &[u64]) -> Result<(Vec<QueuedMessage>, u64), StoreError> {
        let mut found = BTreeMap::new();
        let mut take = |opened: Opened<QueuedMessage>| {
            if let Opened::Record(message) = opened {
                found.insert(message.id.sequence, message);
            }
        };
        let in_a_row = sequences.windows(2).all(|pair| matches!(pair, [a, b] if a + 1 == *b));
        match sequences.first() {
            Some(first) if in_a_row => {
                let waiting = self.store.messages().waiting(queue.mid, queue.id, *first, sequences.len())?;
                waiting.into_iter().for_each(&mut take);
            }
            _ => {
                for sequence in sequences {
                    let waiting = self.store.messages().waiting(queue.mid, queue.id, *sequence, 1)?;
                    waiting.into_iter().for_each(&mut take);
                }
            }
        }
        let mut messages = Vec::with_capacity(sequences.len());
        let mut lost = 0;
        for sequence in sequences {
            // Where a place is empty, a later message was read in its stead; that one is left where it is.
            match found.remove(sequence) {
                Some(message) => messages.push(message),
                // Finished meanwhile, or before a restart.
                None if self.store.messages().sent(queue.mid, queue.id, *sequence)?.is_some() => {}
                None => {
                    queue.pass_taken_out(*sequence);
                    lost += 1;
                }
            }
        }
        Ok((messages, lost))
    }

    /// Sends messages that share a request; a refused request is halved until the guilty message is alone (spec Q4).
    async fn send_group(
        &self,
        queue: &QueueHandle,
        group: Vec<QueuedMessage>,
        in_flight: InFlight,
    ) -> Result<Health, StoreError> {
        let mut health = Health::NotAsked;
        let mut stack = vec![group];
        let mut in_flight = in_flight;
        while let Some(mut group) = stack.pop() {
            let mut outcome = Outcome::default();
            let (attempt_at, began) = (self.clock.now(), self.clock.steady());
            let account = group.first().map(|message| message.message.account.clone());
            let tenant = self.tenants.get(queue.mid);
            let account = tenant.zip(account).and_then(|(tenant, id)| TenantAccount::of(tenant, &id));
            let Some(account) = account else {
                outcome.end_all(group, &LocalEnd::AccountGone);
                self.advance(queue, outcome, &mut in_flight, &[]).await?;
                continue;
            };
            let order_account = account_key(queue.mid, &account.account().id);
            let Some(channel) = group.first().map(|message| message.message.channel) else { continue };
            let request = SendRequest { account: account.account(), channel, messages: &group, now: attempt_at };
            let result = self.gateway.send(request).await;
            let sequences: Vec<u64> = group.iter().map(|message| message.id.sequence).collect();
            match result {
                Ok(answers) => {
                    health = worse(health, Health::Well);
                    let silent = outcome.judge_all(group, &answers, attempt_at, self.random.jitter());
                    self.forget_old_hold(queue.mid, &mut outcome, began);
                    self.advance(queue, outcome, &mut in_flight, &sequences_except(&sequences, &silent)).await?;
                }
                Err(SendFailure::Refused { .. }) if group.len() > 1 => {
                    health = worse(health, Health::Well);
                    let second = group.split_off(group.len() / 2);
                    stack.push(second);
                    stack.push(group);
                }
                Err(SendFailure::Refused { problem }) => {
                    health = worse(health, Health::Well);
                    group.iter_mut().for_each(|message| attempted(message, attempt_at));
                    outcome.end_all(group, &LocalEnd::RequestRefused { problem });
                    self.advance(queue, outcome, &mut in_flight, &sequences).await?;
                }
                Err(SendFailure::NotSent { retry_after, problem }) => {
                    health = Health::Failing;
                    if let Some(asked) = retry_after {
                        // What was asked for is asked of the whole account, not of these messages.
                        let until = self.clock.steady().plus(asked.min(delivery::RETRY_AFTER_MAX));
                        self.book.pacer().leave_alone(&order_account, until);
                    }
                    for mut message in group {
                        attempted(&mut message, attempt_at);
                        message.progress.last_problem = Some(problem.clone());
                        let pause = delivery::backoff(message.progress.attempts, retry_after, self.random.jitter());
                        outcome.again.push((message, attempt_at.plus(pause)));
                    }
                    self.advance(queue, outcome, &mut in_flight, &sequences).await?;
                }
                Err(SendFailure::Hold { reason, problem }) => {
                    health = worse(health, Health::Well);
                    outcome.kept.clone_from(&sequences);
                    outcome.hold = Some((account.account().id.clone(), reason, problem));
                    self.forget_old_hold(queue.mid, &mut outcome, began);
                    self.advance(queue, outcome, &mut in_flight, &sequences).await?;
                }
                Err(SendFailure::MaybeSent { problem }) => {
                    health = Health::Failing;
                    tracing::warn!(queue.id = %queue.id, tenant.mid = %queue.mid, messages = group.len(), problem,
                        "A request was written and not answered: the provider's log will be asked");
                }
            }
        }
        // What is left of the request is maybe sent.
        if !in_flight.sequences.is_empty() {
            self.leave_unresolved(queue.id, in_flight);
        }
        Ok(health)
    }

    /// Stores what became of some of a request's messages, and takes them out of what is in flight.
    async fn advance(
        &self,
        queue: &QueueHandle,
        outcome: Outcome,
        in_flight: &mut InFlight,
        settled: &[u64],
    ) -> Result<(), StoreError> {
        let settled_all =
            outcome.finished.iter().map(|(message, _)| message.id.sequence).chain(settled.iter().copied());
        let settled: HashSet<u64> = settled_all.collect();
        let mut left = in_flight.clone();
        left.sequences.retain(|sequence| !settled.contains(sequence));
        let mut record = queue.record.lock().await;
        self.commit_outcome(queue, &mut record, outcome, 0, |batch| {
            if let Some(first) = in_flight.sequences.first() {
                batch.delete_in_flight(queue.mid, queue.id, *first);
            }
            if left.sequences.is_empty() { Ok(()) } else { batch.put_in_flight(queue.mid, queue.id, &left) }
        })
        .await?;
        *in_flight = left;
        Ok(())
    }

    /// Stores an outcome that belongs to no request, the slot that is used now, and the request that is sent next.
    async fn conclude(
        &self,
        queue: &QueueHandle,
        outcome: Outcome,
        next: Option<&InFlight>,
        schedule: Option<crate::domain::speed_limit::Schedule>,
        lost: u64,
    ) -> Result<(), StoreError> {
        let mut record = queue.record.lock().await;
        if schedule.is_some() && record.policy.speed_limit == schedule.map(|schedule| schedule.limit()) {
            // Orders of one queue may come here in another order than their slots: the latest slot is what counts.
            let latest = [record.schedule, schedule].into_iter().flatten().max_by_key(|schedule| schedule.last());
            record.schedule = latest;
        }
        let add = |batch: &mut StoreBatch| match next {
            Some(in_flight) => batch.put_in_flight(queue.mid, queue.id, in_flight),
            None => Ok(()),
        };
        self.commit_outcome(queue, &mut record, outcome, lost, add).await
    }

    /// Each message is finished in one batch with the queue's count of what is done. A bulk of 100 takes two such batches.
    /// What is in flight changes with the last one: after a crash between them the request still names all its messages,
    /// and those that are finished already are gone from the queue.
    async fn commit_outcome(
        &self,
        queue: &QueueHandle,
        record: &mut QueueRecord,
        outcome: Outcome,
        lost: u64,
        add: impl FnOnce(&mut StoreBatch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let ended_here = outcome.finished.iter().filter(|(_, outcome)| matches!(outcome, SentOutcome::Ended(_)));
        let refs: Vec<_> = ended_here.map(|(message, _)| ReportRef::of(queue.id, message.id.sequence)).collect();
        let locked = self.recorder.lock(refs.iter()).await;
        let result = self.store_outcome(queue, record, outcome, lost, add, &locked).await;
        if result.is_err() {
            // What was counted of them is not stored.
            self.recorder.forget_tallies(queue.mid, &refs);
        }
        drop(locked);
        if !refs.is_empty() {
            self.recorder.arrived.notify_one();
        }
        result
    }

    async fn store_outcome(
        &self,
        queue: &QueueHandle,
        record: &mut QueueRecord,
        outcome: Outcome,
        lost: u64,
        add: impl FnOnce(&mut StoreBatch) -> Result<(), StoreError>,
        locked: &ReportsLocked<'_>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mid = queue.mid;
        let mut batch = self.store.batch();
        for (message, outcome) in outcome.finished {
            if batch.len() >= COMMIT_OPERATIONS {
                batch.put_queue(mid, record)?;
                let full = std::mem::replace(&mut batch, self.store.batch());
                let _receipt = self.store.commit(full).await?;
            }
            record.done += 1;
            if let SentOutcome::Ended(end) = &outcome {
                self.recorder.add_local(&mut batch, locked, mid, &message, end, now)?;
                batch.put_dead_letter(mid, message.id, &DeadLetter { end: end.clone(), at: now })?;
            }
            if let SentOutcome::Sent { at, .. } = &outcome {
                self.note_last_sent(&mut batch, mid, &message, *at)?;
            }
            batch.finish(mid, &SentMessage { message, outcome, ended_at: now })?;
        }
        record.done += lost;
        batch.put_queue(mid, record)?;
        add(&mut batch)?;
        let mut again = Vec::with_capacity(outcome.again.len());
        for (mut message, at) in outcome.again {
            message.progress.not_before = Some(at);
            batch.put_waiting(mid, &message)?;
            again.push((message.id.sequence, self.book.steady_of(at)));
        }
        let _one_at_a_time = match outcome.hold {
            Some(_) => Some(self.holding.lock().await),
            None => None,
        };
        if let Some((account, reason, problem)) = &outcome.hold {
            let state = AccountState { held: *reason, problem: problem.clone(), since: now, released_at: None };
            batch.put_account_state(mid, account, &state)?;
        }
        let _receipt = self.store.commit(batch).await?;
        let steady = self.clock.steady();
        if let Some((account, reason, problem)) = outcome.hold {
            self.alarm(mid, &account, reason, &problem);
        }
        let mut pacer = self.book.pacer();
        for (sequence, at) in again {
            pacer.retry(queue.id, sequence, at, steady);
        }
        for sequence in outcome.kept {
            pacer.retry(queue.id, sequence, steady, steady);
        }
        drop(pacer);
        // Lookups end here too, and nobody else wakes the runner for what they give back.
        self.book.changed.notify_one();
        Ok(())
    }

    /// Notes a message as the newest of its sender to its recipient, for pairing a reply with it (spec R3). Of two that
    /// end in another order than they were sent in, the one sent later stays.
    fn note_last_sent(
        &self,
        batch: &mut StoreBatch,
        mid: Mid,
        message: &QueuedMessage,
        sent_at: Timestamp,
    ) -> Result<(), StoreError> {
        let (content, recipient) = (&message.message.content, message.message.recipient.expose());
        let channel = message.message.channel;
        let Some(place) = self.store.reports().last_sent_place(mid, channel, content.sender(), recipient)? else {
            return Ok(());
        };
        let known = self.store.reports().last_sent_at(mid, place)?;
        if known.is_some_and(|known| (known.sent_at, known.message_id) > (sent_at, message.id)) {
            return Ok(());
        }
        batch.put_last_sent(mid, place, &LastSent { message_id: message.id, sent_at })
    }

    /// A request that began before its account was released says nothing about the account as it is now.
    fn forget_old_hold(&self, mid: Mid, outcome: &mut Outcome, began: Timestamp) {
        let released = |(account, ..): &(AccountId, HoldReason, String)| self.release_of(account, mid)?.steady;
        if outcome.hold.as_ref().and_then(released).is_some_and(|released| released > began) {
            outcome.hold = None;
        }
    }

    fn alarm(&self, mid: Mid, account: &AccountId, reason: HoldReason, problem: &str) {
        let key = account_key(mid, account);
        let mut pacer = self.book.pacer();
        if pacer.held(&key).is_none() {
            tracing::error!(tenant.mid = %mid, account = %account, problem,
                "The account's queues are held, nothing is dropped: {}", reason.sentence());
        }
        pacer.hold(&key, reason);
    }

    /// Finishes messages that a lookup or report proved to be sent, and forgets those that are gone from the queue.
    pub(super) async fn finish_sent(
        &self,
        queue: &QueueHandle,
        in_flight: &mut InFlight,
        sent: Vec<(QueuedMessage, SentOutcome)>,
        gone: &[u64],
    ) -> Result<(), StoreError> {
        let outcome = Outcome { finished: sent, ..Outcome::default() };
        self.advance(queue, outcome, in_flight, gone).await
    }

    /// Puts messages that were not sent after all back into the queue, at once.
    pub(super) async fn send_again(
        &self,
        queue: &Arc<QueueHandle>,
        in_flight: &mut InFlight,
        messages: Vec<QueuedMessage>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut settled = Vec::with_capacity(messages.len());
        let mut outcome = Outcome::default();
        for mut message in messages {
            settled.push(message.id.sequence);
            attempted(&mut message, in_flight.started_at);
            message.progress.last_problem = Some("sent without an answer, and not found in the provider's log".into());
            outcome.again.push((message, now));
        }
        // They are no longer unresolved before the pacer may give them out again.
        self.unresolved.forget(queue.id, &settled);
        self.advance(queue, outcome, in_flight, &settled).await
    }

    /// Ends messages of which nobody can say whether they were sent.
    pub(super) async fn end_unknown(
        &self,
        queue: &QueueHandle,
        in_flight: &mut InFlight,
        messages: Vec<QueuedMessage>,
    ) -> Result<(), StoreError> {
        let started_at = in_flight.started_at;
        let mut outcome = Outcome::default();
        let messages = messages.into_iter().map(|mut message| {
            attempted(&mut message, started_at);
            message
        });
        outcome.end_all(messages.collect(), &LocalEnd::Unknown);
        self.advance(queue, outcome, in_flight, &[]).await
    }
}

impl Outcome {
    fn end_all(&mut self, messages: Vec<QueuedMessage>, end: &LocalEnd) {
        self.finished.extend(messages.into_iter().map(|message| (message, SentOutcome::Ended(end.clone()))));
    }

    /// Judges each message by its answer; returns the sequences that got none.
    fn judge_all(
        &mut self,
        messages: Vec<QueuedMessage>,
        answers: &[MessageAnswer],
        at: Timestamp,
        jitter: u8,
    ) -> Vec<u64> {
        let by_id: HashMap<&str, &MessageAnswer> = answers.iter().map(|a| (a.message_id.as_str(), a)).collect();
        let mut silent = Vec::new();
        for mut message in messages {
            let id = message.id.to_string();
            let Some(answer) = by_id.get(id.as_str()) else {
                silent.push(message.id.sequence);
                continue;
            };
            let is_repeat = message.progress.attempts > 0;
            match delivery::judge(&answer.status, is_repeat) {
                Judgement::Accepted => {
                    attempted(&mut message, at);
                    self.finished.push((message, SentOutcome::Sent { at, status: answer.status.clone() }));
                }
                Judgement::Refused => {
                    attempted(&mut message, at);
                    let end = LocalEnd::Refused(answer.status.clone());
                    self.finished.push((message, SentOutcome::Ended(end)));
                }
                Judgement::Hold(reason) => {
                    // The provider saw this id, so a repeat of it may be called a duplicate; but a hold takes nothing
                    // of the validity.
                    message.progress.attempts = message.progress.attempts.saturating_add(1);
                    self.hold = Some((message.message.account.clone(), reason, answer.status.name.clone()));
                    self.again.push((message, at.plus(delivery::backoff(1, None, jitter))));
                }
            }
        }
        silent
    }
}

fn attempted(message: &mut QueuedMessage, at: Timestamp) {
    let progress = &mut message.progress;
    progress.attempts = progress.attempts.saturating_add(1);
    progress.first_attempt_at.get_or_insert(at);
    progress.last_attempt_at = Some(at);
    progress.not_before = None;
}

fn sequences_except(sequences: &[u64], except: &[u64]) -> Vec<u64> {
    sequences.iter().copied().filter(|sequence| !except.contains(sequence)).collect()
}

fn worse(a: Health, b: Health) -> Health {
    match (a, b) {
        (Health::Failing, _) | (_, Health::Failing) => Health::Failing,
        (Health::Well, _) | (_, Health::Well) => Health::Well,
        _ => Health::NotAsked,
    }
}

/// Splits messages into requests: equal account, channel and options, not more than the channel takes, and not too much
/// text. A queue has messages of two channels when the activity's channel is an expression, or the account has changed
/// the way that its messages take.
fn groups(messages: Vec<QueuedMessage>) -> Vec<Vec<QueuedMessage>> {
    let mut groups: Vec<Vec<QueuedMessage>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        let size = message.message.callback_data.len() + message.message.content.bytes();
        let same = |other: &QueuedMessage| -> bool {
            let (a, b): (&RequestOptions, &RequestOptions) = (&other.message.options, &message.message.options);
            a == b
                && other.message.account == message.message.account
                && other.message.channel == message.message.channel
        };
        let most = message.message.channel.capability().bulk_max;
        match groups.last_mut() {
            Some(group)
                if group.first().is_some_and(same) && group.len() < most && bytes + size <= REQUEST_BYTES_MAX =>
            {
                bytes += size;
                group.push(message);
            }
            _ => {
                bytes = size;
                groups.push(vec![message]);
            }
        }
    }
    groups
}
