//! Asks the provider's log for delivery reports that no webhook has brought: after an outage of the way that webhooks
//! take, or of Waypost itself, longer than the provider repeats them.
//!
//! Only what the log can know is asked for: channels that have one (WhatsApp has none), messages of the last 48 hours,
//! without a final report. Of these, only those are looked after by themselves that were sent while their account's
//! webhooks were silent, or shortly before: of an account that is heard, what is missing is the report of a phone that is
//! off. Each is asked for at most once at each age of [`AGES`], also over restarts. Half of each account's lookups stay with
//! what is perhaps sent. What the log says is recorded like a webhook's report, so a webhook that comes after all changes
//! nothing, or adds what the log does not say.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::recorder::{QUIET_AFTER, Recorder};
use crate::clock::{Clock, Timestamp};
use crate::dispatch::{Dispatch, IDS_PER_LOOKUP};
use crate::domain::channel::Channel;
use crate::domain::ids::{AccountId, MessageId, Mid, QueueId};
use crate::domain::tenant::Tenant;
use crate::store::{LookPlace, ReportRef, SentMessage, SentOutcome, Silence, Store, StoreError};
use crate::tenants::TenantBook;

/// How far the log reaches back (infobip.md 1.6).
const LOG_REACHES: Duration = Duration::from_hours(48);
/// Asked by hand, younger messages are not asked for: a report takes its time.
const YOUNGEST: Duration = Duration::from_mins(5);
/// How old a message of a silence is when the log is asked for it. First when most reports that are missing are not those
/// of phones that are off, last just before the log forgets.
const AGES: [Duration; 4] =
    [Duration::from_hours(2), Duration::from_hours(8), Duration::from_hours(24), Duration::from_hours(46)];
/// The same, soon after a start: Waypost itself may have been away.
const AGES_AFTER_START: [Duration; 5] = [YOUNGEST, AGES[0], AGES[1], AGES[2], AGES[3]];
/// Reports of messages that were sent so long before a silence came within it.
const SENT_BEFORE: Duration = Duration::from_hours(1);
/// Messages end out of the order of their sequences, by their retries, mostly by less.
const DISORDER: Duration = Duration::from_hours(1);
const LOOKED_AFTER_EVERY: Duration = Duration::from_hours(1);
/// From the start to the first look: webhooks that were held back come first.
const FIRST_AFTER: Duration = Duration::from_mins(2);
/// Finished messages that are read together.
const PAGE: usize = 200;
/// Pause when the minute's lookups are used up.
const BUDGET_PAUSE: Duration = Duration::from_secs(15);

/// What one look came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct CaughtUp {
    /// Messages that the log was asked for.
    pub(crate) asked: u64,
    /// Final reports that it had.
    pub(crate) found: u64,
    /// Messages without a report on channels that have no log: theirs are lost unless Infobip still brings them.
    pub(crate) without_log: u64,
    /// The budget was used up first.
    pub(crate) stopped_short: bool,
    /// What the log said last when it did not answer.
    pub(crate) problem: Option<String>,
}

/// See the module's documentation.
pub(crate) struct CatchUp {
    store: Store,
    clock: Arc<dyn Clock>,
    tenants: TenantBook,
    recorder: Arc<Recorder>,
    dispatch: Arc<Dispatch>,
    /// Where looks by hand go on that were stopped short, so that repeating one does not ask for the same again.
    by_hand: Mutex<HashMap<Mid, LookPlace>>,
}

/// Which messages of an account are asked for.
struct Wanted {
    /// Sent in one of these.
    spans: Vec<Silence>,
    /// And past one of the ages since then; `None`: whatever their age.
    asked_before: Option<Timestamp>,
}

/// One look through a business unit's finished messages.
struct Look<'a> {
    tenant: &'a Tenant,
    wanted: BTreeMap<AccountId, Wanted>,
    ages: &'a [Duration],
    at: Timestamp,
    from: Option<LookPlace>,
    /// Without it, a used-up budget ends the look.
    waits: Option<watch::Receiver<bool>>,
    /// Messages to be asked for, by what shares lookups.
    pending: HashMap<Group, Vec<MessageId>>,
    /// Whose log did not answer: no more of it is asked in this look.
    failed: HashSet<Group>,
    caught_up: CaughtUp,
}

type Group = (AccountId, Channel);

impl CatchUp {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        tenants: TenantBook,
        recorder: Arc<Recorder>,
        dispatch: Arc<Dispatch>,
    ) -> Self {
        Self { store, clock, tenants, recorder, dispatch, by_hand: Mutex::default() }
    }

    /// Looks after what silences have cost, once after the start and then once an hour.
    pub(crate) async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        let (mut pause, mut ages) = (FIRST_AFTER, &AGES_AFTER_START[..]);
        while !*stopping.borrow() {
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                _ = stopping.changed() => continue,
            }
            if let Err(error) = self.look_after_all(ages, &stopping).await {
                tracing::error!(%error, "Reports that are missing could not be asked for");
            }
            (pause, ages) = (LOOKED_AFTER_EVERY, &AGES);
        }
    }

    async fn look_after_all(&self, ages: &[Duration], stopping: &watch::Receiver<bool>) -> Result<(), StoreError> {
        for tenant in self.tenants.all() {
            match self.look_after(&tenant, ages, stopping).await {
                // It was removed meanwhile, which is no reason to leave the others alone.
                Ok(()) | Err(StoreError::NoSuchTenant { .. } | StoreError::BeingRemoved { .. }) => {}
                Err(error) => return Err(error),
            }
            if *stopping.borrow() {
                break;
            }
        }
        Ok(())
    }

    async fn look_after(
        &self,
        tenant: &Tenant,
        ages: &[Duration],
        stopping: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        // The look that an earlier process has not finished, and the one that is due now.
        let unfinished = self.store.heard().look(tenant.mid)?;
        for from in unfinished.map(Some).into_iter().chain([None]) {
            let at = from.map_or(self.clock.now(), |place| place.at);
            let mut look = Look::new(tenant, self.wanted(tenant, at)?, ages, at);
            if look.wanted.is_empty() && from.is_none() {
                continue;
            }
            (look.from, look.waits) = (from, Some(stopping.clone()));
            if self.carry_out(&mut look).await?.is_some() {
                // Waypost stops. The next start goes on from there.
                return Ok(());
            }
            let mut batch = self.store.batch();
            batch.put_look(tenant.mid, None);
            // A log that did not answer is asked again in an hour.
            for account in look.wanted.keys().filter(|id| !look.failed.iter().any(|(failed, _)| failed == *id)) {
                batch.put_asked(tenant.mid, account, at);
            }
            let _receipt = self.store.commit(batch).await?;
        }
        Ok(())
    }

    /// The accounts that were silent within the log's reach, and what of them is wanted.
    fn wanted(&self, tenant: &Tenant, at: Timestamp) -> Result<BTreeMap<AccountId, Wanted>, StoreError> {
        let heard = self.store.heard();
        let mut wanted = BTreeMap::new();
        for account in &tenant.accounts {
            let mut spans = heard.silences(tenant.mid, &account.id)?;
            spans.retain(|silence| at.since(silence.to) < LOG_REACHES);
            let last = heard.last(tenant.mid, &account.id)?.unwrap_or_default();
            if at.since(last) >= QUIET_AFTER {
                spans.push(Silence { from: last, to: at });
            }
            spans.iter_mut().for_each(|span| span.from = span.from.minus(SENT_BEFORE));
            if !spans.is_empty() {
                let asked_before = Some(heard.asked(tenant.mid, &account.id)?.unwrap_or_default());
                wanted.insert(account.id.clone(), Wanted { spans, asked_before });
            }
        }
        Ok(wanted)
    }

    /// Asks for all that is missing of a business unit, as far as this minute's lookups go. After a look that was stopped
    /// short it goes on from there.
    pub(crate) async fn now(&self, tenant: &Tenant) -> Result<CaughtUp, StoreError> {
        let now = self.clock.now();
        let spans = vec![Silence { from: Timestamp::ZERO, to: now.minus(YOUNGEST) }];
        let wanted = tenant.accounts.iter();
        let wanted =
            wanted.map(|account| (account.id.clone(), Wanted { spans: spans.clone(), asked_before: None })).collect();
        let mut look = Look::new(tenant, wanted, &[], now);
        look.from = self.by_hand.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant.mid);
        let stopped_at = self.carry_out(&mut look).await?;
        if let Some(place) = stopped_at {
            self.by_hand.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.mid, place);
        }
        Ok(look.caught_up)
    }

    /// Tells where it stopped when it did not come to the end.
    async fn carry_out(&self, look: &mut Look<'_>) -> Result<Option<LookPlace>, StoreError> {
        let stopped_at = self.go_through(look).await?;
        let mid = look.tenant.mid;
        let CaughtUp { asked, found, without_log, .. } = look.caught_up;
        if asked > 0 || without_log > 0 {
            tracing::info!(tenant.mid = %mid, asked, found, without_log,
                "The provider's log was asked for delivery reports that no webhook had brought; WhatsApp has no log");
        }
        if let Some(problem) = &look.caught_up.problem {
            tracing::warn!(tenant.mid = %mid, problem, "The provider's log could not be asked for missing reports");
        }
        Ok(stopped_at)
    }

    async fn go_through(&self, look: &mut Look<'_>) -> Result<Option<LookPlace>, StoreError> {
        let mid = look.tenant.mid;
        let Some((earliest, latest)) = look.bounds(self.clock.now().minus(LOG_REACHES)) else { return Ok(None) };
        let mut queues: Vec<QueueId> = self.dispatch.book.of_tenant(mid).iter().map(|queue| queue.id).collect();
        queues.sort_unstable();
        let start = look.from.map(|place| (place.queue, place.sequence));
        for queue in queues.into_iter().filter(|queue| start.is_none_or(|(first, _)| *queue >= first)) {
            let mut next = start.filter(|(first, _)| *first == queue).map(|(_, sequence)| sequence);
            loop {
                let page = self.page(mid, queue, next, earliest).await?;
                let Some(last) = page.sent.last() else { break };
                next = Some(last.message.id.sequence.saturating_add(1));
                let oldest = self.clock.now().minus(LOG_REACHES);
                for message in page.missing() {
                    look.add(message, oldest);
                }
                let place = LookPlace { at: look.at, queue, sequence: next.unwrap_or_default() };
                if let Some(stopped_at) = self.ask_full(look, place, IDS_PER_LOOKUP).await? {
                    return Ok(Some(stopped_at));
                }
                if page.sent.iter().all(|sent| sent.ended_at > latest.plus(DISORDER)) {
                    break;
                }
            }
        }
        let end = LookPlace { at: look.at, queue: QueueId(u32::MAX), sequence: 0 };
        self.ask_full(look, end, 1).await
    }

    async fn page(&self, mid: Mid, queue: QueueId, next: Option<u64>, earliest: Timestamp) -> Result<Page, StoreError> {
        let (store, span) = (self.store.clone(), tracing::Span::current());
        let read = move || span.in_scope(|| Page::read(&store, mid, queue, next, earliest));
        // The thread ends early only when the process does.
        tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Closed))
    }

    /// Asks for each group of at least so many messages that wait to be asked for; what was looked through up to `place` is
    /// then done but for what still waits. Tells where to go on when the look has to end.
    async fn ask_full(
        &self,
        look: &mut Look<'_>,
        place: LookPlace,
        at_least: usize,
    ) -> Result<Option<LookPlace>, StoreError> {
        while let Some(group) =
            look.pending.iter().find(|(_, ids)| ids.len() >= at_least).map(|(group, _)| group.clone())
        {
            let Some(ids) = look.pending.get(&group) else { break };
            let ids: Vec<_> = ids.iter().take(IDS_PER_LOOKUP).copied().collect();
            if !self.ask(look, &group, &ids).await? {
                look.caught_up.stopped_short = true;
                return Ok(Some(look.done_to(place)));
            }
            if let Some(waiting) = look.pending.get_mut(&group) {
                waiting.drain(..ids.len());
                if waiting.is_empty() || look.failed.contains(&group) {
                    look.pending.remove(&group);
                }
            }
            // From where a log did not answer it is to be asked again, should the process end.
            if look.waits.is_some() && look.failed.is_empty() {
                let mut batch = self.store.batch();
                batch.put_look(look.tenant.mid, Some(look.done_to(place)));
                let _receipt = self.store.commit(batch).await?;
            }
        }
        Ok(None)
    }

    /// Asks for messages of one account and channel; `false` when the look has to end first.
    async fn ask(&self, look: &mut Look<'_>, group: &Group, ids: &[MessageId]) -> Result<bool, StoreError> {
        let (mid, channel) = (look.tenant.mid, group.1);
        let Some(account) = look.tenant.account(&group.0) else { return Ok(true) };
        let answer = loop {
            match self.dispatch.look_up_spare(mid, account, channel, ids).await {
                Some(answer) => break answer,
                None if !self.budget_comes(&mut look.waits).await => return Ok(false),
                None => {}
            }
        };
        match answer {
            Ok(entries) => {
                look.caught_up.asked += ids.len() as u64;
                let reports = entries.into_iter().map(|entry| entry.report);
                let reports: Vec<_> = reports.filter(|report| report.is_final).collect();
                look.caught_up.found += reports.len() as u64;
                self.recorder.record_looked_up(mid, &account.id, channel, reports).await?;
            }
            Err(failure) => {
                // Others of the group would meet the same.
                look.caught_up.problem = Some(failure.problem);
                look.failed.insert(group.clone());
            }
        }
        Ok(true)
    }

    /// Waits for lookups to be left; `false` when that is not wanted, or Waypost stops.
    async fn budget_comes(&self, waits: &mut Option<watch::Receiver<bool>>) -> bool {
        let Some(stopping) = waits else { return false };
        tokio::select! {
            () = self.clock.sleep(BUDGET_PAUSE) => {}
            _ = stopping.changed() => {}
        }
        !*stopping.borrow()
    }
}

impl<'a> Look<'a> {
    fn new(tenant: &'a Tenant, wanted: BTreeMap<AccountId, Wanted>, ages: &'a [Duration], at: Timestamp) -> Self {
        Self {
            tenant,
            wanted,
            ages,
            at,
            from: None,
            waits: None,
            pending: HashMap::new(),
            failed: HashSet::new(),
            caught_up: CaughtUp::default(),
        }
    }

    /// When the first and the last message were sent that can be wanted; none is before `oldest`.
    fn bounds(&self, oldest: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let spans = || self.wanted.values().flat_map(|wanted| &wanted.spans);
        let first = spans().map(|span| span.from).min()?;
        let last = spans().map(|span| span.to).max()?;
        Some((first.max(oldest).minus(DISORDER), last))
    }

    /// Takes up a message without a report, when it is to be asked for.
    fn add(&mut self, sent: &SentMessage, oldest: Timestamp) {
        let SentOutcome::Sent { at: sent_at, .. } = sent.outcome else { return };
        let message = &sent.message;
        let Some(wanted) = self.wanted.get(&message.message.account) else { return };
        if sent_at < oldest || !wanted.has(sent_at, self.ages, self.at) {
            return;
        }
        let group = (message.message.account.clone(), message.message.channel);
        if !group.1.capability().has_log {
            self.caught_up.without_log += 1;
        } else if !self.failed.contains(&group) {
            self.pending.entry(group).or_default().push(message.id);
        }
    }

    /// Where everything before is done, when `place` was come to: before the first message that still waits.
    fn done_to(&self, place: LookPlace) -> LookPlace {
        let waiting = self.pending.values().filter_map(|ids| ids.first());
        let first = waiting.map(|id| (id.queue, id.sequence)).min();
        match first {
            Some((queue, sequence)) => LookPlace { queue, sequence, ..place },
            None => place,
        }
    }
}

impl Wanted {
    /// Whether a message that was sent then is asked for in a look at `at`.
    fn has(&self, sent_at: Timestamp, ages: &[Duration], at: Timestamp) -> bool {
        if !self.spans.iter().any(|span| span.from <= sent_at && sent_at <= span.to) {
            return false;
        }
        let Some(before) = self.asked_before else { return true };
        ages.iter().map(|age| sent_at.plus(*age)).any(|due| before < due && due <= at)
    }
}

/// Finished messages of a queue in order, and which of them have a final report.
struct Page {
    sent: Vec<SentMessage>,
    reported: Vec<bool>,
}

impl Page {
    /// From the sequence `next` on; without one, from what was sent at `earliest` on.
    fn read(
        store: &Store,
        mid: Mid,
        queue: QueueId,
        next: Option<u64>,
        earliest: Timestamp,
    ) -> Result<Self, StoreError> {
        let messages = store.messages();
        let next = next.map_or_else(|| messages.ended_since(mid, queue, earliest), Ok)?;
        let sent = messages.sent_from(mid, queue, next, PAGE)?;
        let mut reported = Vec::with_capacity(sent.len());
        for message in &sent {
            let report = store.reports().get(mid, ReportRef::of(queue, message.message.id.sequence))?;
            reported.push(report.is_some_and(|record| record.reports.final_delivery().is_some()));
        }
        Ok(Self { sent, reported })
    }

    fn missing(&self) -> impl Iterator<Item = &SentMessage> {
        self.sent.iter().zip(&self.reported).filter(|(_, reported)| !**reported).map(|(sent, _)| sent)
    }
}

#[cfg(test)]
mod tests;
