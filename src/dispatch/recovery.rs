//! Maybe sent: requests that were written without an answer, or were in flight when the process died (spec Q6b).
//!
//! They are not blindly repeated. A report of the message proves that it was sent; else the provider's log is asked by
//! message id. Not found twice, far enough apart, means not sent. Where there is no log, or the key may not read it, or
//! the budget of lookups stays used up, the account's setting decides.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::book::QueueHandle;
use super::{Dispatch, LookupFailure};
use crate::clock::Timestamp;
use crate::domain::channel::Channel;
use crate::domain::delivery::LogEntry;
use crate::domain::ids::{AccountId, MessageId, Mid, QueueId};
use crate::domain::message::QueuedMessage;
use crate::domain::report::{Origin, StatusInfo};
use crate::domain::tenant::{Account, MaybeSent};
use crate::store::ReportRef;
use crate::store::StoreError;
use crate::store::{InFlight, SentOutcome};
use crate::tenants::TenantAccount;

/// A log is asked first after this: it may be a little behind.
const FIRST_LOOKUP_AFTER: Duration = Duration::from_secs(2);
/// Not found this often, so far apart as configured, means not sent.
const NOT_FOUND_MAX: u8 = 2;
/// Lookups that bring no answer, this often, are taken as "no log".
const FAILURES_MAX: u8 = 10;
/// Pause after a lookup that brought no answer, or found the budget used up.
const LOOKUP_RETRY: Duration = Duration::from_secs(15);
/// Message ids asked for in one call.
pub(crate) const IDS_PER_LOOKUP: usize = 50;

/// The requests whose outcome nobody knows yet.
#[derive(Default)]
pub(super) struct Unresolved(Mutex<State>);

#[derive(Default)]
struct State {
    requests: BTreeMap<(QueueId, u64), Request>,
    sequences: HashSet<(QueueId, u64)>,
}

#[derive(Clone)]
struct Request {
    in_flight: InFlight,
    /// On the steady clock: a wall clock that is set must bring two lookups neither together nor apart.
    due: Timestamp,
    failures: u8,
}

impl Unresolved {
    pub(super) fn contains(&self, queue: QueueId, sequence: u64) -> bool {
        self.lock().sequences.contains(&(queue, sequence))
    }

    fn add(&self, queue: QueueId, in_flight: InFlight, due: Timestamp) {
        let Some(first) = in_flight.sequences.first().copied() else { return };
        let mut state = self.lock();
        state.sequences.extend(in_flight.sequences.iter().map(|sequence| (queue, *sequence)));
        state.requests.insert((queue, first), Request { in_flight, due, failures: 0 });
    }

    pub(super) fn forget(&self, queue: QueueId, sequences: &[u64]) {
        let mut state = self.lock();
        for sequence in sequences {
            state.sequences.remove(&(queue, *sequence));
        }
    }

    /// Messages whose outcome nobody knows yet.
    pub(super) fn len(&self) -> usize {
        self.lock().sequences.len()
    }

    fn take_due(&self, now: Timestamp) -> Vec<((QueueId, u64), Request)> {
        let mut state = self.lock();
        let due: Vec<_> = state.requests.iter().filter(|(_, r)| r.due <= now).map(|(key, _)| *key).collect();
        due.into_iter().filter_map(|key| state.requests.remove(&key).map(|request| (key, request))).collect()
    }

    fn put_back(&self, queue: QueueId, request: Request) {
        let Some(first) = request.in_flight.sequences.first().copied() else { return };
        self.lock().requests.insert((queue, first), request);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lookups that an account may still make this minute (infobip.md 1.8: 120 a minute, shared with others).
#[derive(Default)]
pub(super) struct LookupBudget(Mutex<HashMap<(Mid, AccountId), (u64, u32)>>);

impl LookupBudget {
    fn take(&self, mid: Mid, account: &AccountId, per_minute: u32, now: Timestamp) -> bool {
        let minute = now.as_secs() / 60;
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = spent.entry((mid, account.clone())).or_insert((minute, 0));
        if entry.0 != minute {
            *entry = (minute, 0);
        }
        if entry.1 >= per_minute {
            return false;
        }
        entry.1 += 1;
        true
    }
}

/// What a look at the evidence brought.
#[derive(Default)]
struct Evidence {
    sent: Vec<(QueuedMessage, SentOutcome)>,
    open: Vec<QueuedMessage>,
    /// Sequences that are not in the queue any more.
    gone: Vec<u64>,
}

impl Dispatch {
    /// Takes up a request that nobody answered. One whose log was asked before a restart keeps its distance.
    pub(super) fn leave_unresolved(&self, queue: QueueId, in_flight: InFlight) {
        let pause = match in_flight.last_lookup_at {
            Some(at) => self.settings.maybe_sent_recheck.saturating_sub(self.clock.now().since(at)),
            None => FIRST_LOOKUP_AFTER,
        };
        self.unresolved.add(queue, in_flight, self.clock.steady().plus(pause));
    }

    /// Asks the provider's log about messages that were sent, as long as half of the account's lookups are left to what
    /// is perhaps sent; `None` when they are not.
    pub(crate) async fn look_up_spare(
        &self,
        mid: Mid,
        account: &Account,
        channel: Channel,
        ids: &[MessageId],
    ) -> Option<Result<Vec<LogEntry>, LookupFailure>> {
        let half = self.settings.lookups_per_minute / 2;
        let may = self.lookup_budget.take(mid, &account.id, half, self.clock.now());
        if may { Some(self.gateway.look_up(account, channel, ids).await) } else { None }
    }

    /// Resolves what is due. Returns an error only when the store fails.
    pub(crate) async fn resolve_due(&self) -> Result<(), StoreError> {
        for ((queue_id, _), request) in self.unresolved.take_due(self.clock.steady()) {
            match self.book.by_id(queue_id) {
                Some(queue) => self.resolve(&queue, request).await?,
                // Its business unit is gone, and the record with it.
                None => self.unresolved.forget(queue_id, &request.in_flight.sequences),
            }
        }
        Ok(())
    }

    async fn resolve(&self, queue: &Arc<QueueHandle>, mut request: Request) -> Result<(), StoreError> {
        let _at_work = queue.at_work.read().await;
        let mut evidence = self.reports_seen(queue, &request.in_flight)?;
        if let Some(parts) = split_by_log(&request.in_flight, &evidence) {
            return self.split(queue, request, parts).await;
        }
        let asked = self.ask_log(queue, &mut request, &mut evidence).await;
        let mut settled: Vec<u64> = evidence.sent.iter().map(|(message, _)| message.id.sequence).collect();
        settled.extend(&evidence.gone);
        if !settled.is_empty() {
            self.finish_sent(queue, &mut request.in_flight, evidence.sent, &evidence.gone).await?;
            self.unresolved.forget(queue.id, &settled);
        }
        if evidence.open.is_empty() {
            return Ok(());
        }
        let steady = self.clock.steady();
        match asked {
            Asked::Wait => {
                request.due = steady.plus(LOOKUP_RETRY);
                self.unresolved.put_back(queue.id, request);
                Ok(())
            }
            Asked::NotFound if request.in_flight.lookups < NOT_FOUND_MAX => {
                // How often it was asked survives a restart.
                let mut batch = self.store.batch();
                batch.put_in_flight(queue.mid, queue.id, &request.in_flight)?;
                let _receipt = self.store.commit(batch).await?;
                request.due = steady.plus(self.settings.maybe_sent_recheck);
                self.unresolved.put_back(queue.id, request);
                Ok(())
            }
            Asked::NotFound | Asked::NoLog(MaybeSent::Repeat) => {
                self.send_again(queue, &mut request.in_flight, evidence.open).await
            }
            Asked::NoLog(MaybeSent::ReportUnknown) => {
                let sequences: Vec<u64> = evidence.open.iter().map(|message| message.id.sequence).collect();
                self.end_unknown(queue, &mut request.in_flight, evidence.open).await?;
                self.unresolved.forget(queue.id, &sequences);
                Ok(())
            }
        }
    }

    /// Leaves each part of a request to a lookup of its own, in the next round.
    async fn split(&self, queue: &QueueHandle, request: Request, parts: Vec<InFlight>) -> Result<(), StoreError> {
        let mut batch = self.store.batch();
        if let Some(first) = request.in_flight.sequences.first() {
            batch.delete_in_flight(queue.mid, queue.id, *first);
        }
        for part in &parts {
            batch.put_in_flight(queue.mid, queue.id, part)?;
        }
        let _receipt = self.store.commit(batch).await?;
        for part in parts {
            self.unresolved.add(queue.id, part, request.due);
        }
        Ok(())
    }

    /// Which of the messages a report of the provider proves to be sent.
    fn reports_seen(&self, queue: &QueueHandle, in_flight: &InFlight) -> Result<Evidence, StoreError> {
        let mut evidence = Evidence::default();
        for sequence in &in_flight.sequences {
            let Some(mut message) = self.store.messages().waiting_at(queue.mid, queue.id, *sequence)? else {
                evidence.gone.push(*sequence);
                continue;
            };
            let report = self.store.reports().get(queue.mid, ReportRef::of(queue.id, *sequence))?;
            let report = report.and_then(|record| record.reports.delivery);
            match report.filter(|report| report.origin == Origin::Infobip) {
                Some(report) => {
                    message.progress.last_attempt_at = Some(in_flight.started_at);
                    evidence.sent.push((message, sent(in_flight, report.status)));
                }
                None => evidence.open.push(message),
            }
        }
        Ok(evidence)
    }

    /// Asks the provider's log, which all that is still open shares, and moves what it knows to what was sent.
    async fn ask_log(&self, queue: &QueueHandle, request: &mut Request, evidence: &mut Evidence) -> Asked {
        let Some(first) = evidence.open.first() else { return Asked::NotFound };
        let tenant = self.tenants.get(queue.mid);
        let account = tenant.and_then(|tenant| TenantAccount::of(tenant, &first.message.account));
        // Without its account it can't be sent again either; the sender says so in a report.
        let Some(account) = account else { return Asked::NoLog(MaybeSent::Repeat) };
        let account = account.account();
        let channel = first.message.channel;
        if !channel.capability().has_log {
            return Asked::NoLog(account.maybe_sent);
        }
        let ids: Vec<_> = evidence.open.iter().map(|message| message.id).collect();
        let mut found = HashMap::new();
        for ids in ids.chunks(IDS_PER_LOOKUP) {
            let now = self.clock.now();
            let within_budget = self.lookup_budget.take(queue.mid, &account.id, self.settings.lookups_per_minute, now);
            let answer = if within_budget { self.gateway.look_up(account, channel, ids).await.ok() } else { None };
            let Some(entries) = answer else {
                request.failures = request.failures.saturating_add(1);
                let gives_up = request.failures >= FAILURES_MAX;
                return if gives_up { Asked::NoLog(account.maybe_sent) } else { Asked::Wait };
            };
            found.extend(entries.into_iter().map(|entry| (entry.message_id, entry)));
        }
        let in_flight = &mut request.in_flight;
        in_flight.lookups = in_flight.lookups.saturating_add(1);
        in_flight.last_lookup_at = Some(self.clock.now());
        let mut open = Vec::new();
        for mut message in std::mem::take(&mut evidence.open) {
            match found.remove(&message.id) {
                Some(entry) => {
                    message.progress.last_attempt_at = Some(in_flight.started_at);
                    evidence.sent.push((message, sent(in_flight, entry.report.status)));
                }
                None => open.push(message),
            }
        }
        evidence.open = open;
        Asked::NotFound
    }
}

/// The parts of a request whose open messages are in several logs; `None` when they share one. A request has one account
/// and one channel when it is sent; what is set aside because its queue was moved has whatever waited there. What was
/// looked up together was perhaps asked of another's log, so the count of lookups begins again in every part.
fn split_by_log(in_flight: &InFlight, evidence: &Evidence) -> Option<Vec<InFlight>> {
    let mut logs: Vec<((&AccountId, Channel), Vec<u64>)> = Vec::new();
    for message in &evidence.open {
        let log = (&message.message.account, message.message.channel);
        match logs.iter_mut().find(|(of, _)| *of == log) {
            Some((_, sequences)) => sequences.push(message.id.sequence),
            None => logs.push((log, vec![message.id.sequence])),
        }
    }
    if logs.len() < 2 {
        return None;
    }
    // What is settled already goes with the first part, which settles it.
    let (_, first) = logs.first_mut()?;
    first.extend(evidence.sent.iter().map(|(message, _)| message.id.sequence));
    first.extend(&evidence.gone);
    first.sort_unstable();
    let part = |(_, sequences)| InFlight { sequences, lookups: 0, last_lookup_at: None, ..*in_flight };
    Some(logs.into_iter().map(part).collect())
}

enum Asked {
    /// No answer this time.
    Wait,
    /// The log answered; what it knows was moved away.
    NotFound,
    /// There is no log to ask; this is what the account wants then.
    NoLog(MaybeSent),
}

fn sent(in_flight: &InFlight, status: StatusInfo) -> SentOutcome {
    SentOutcome::Sent { at: in_flight.started_at, status }
}
