//! Asks the provider's log for delivery reports that no webhook has brought: after an outage of the way that webhooks
//! take, or of Waypost itself, longer than the provider repeats them.
//!
//! Only what the log can know is asked for: channels that have one, messages of the last 48 hours, without a final
//! report. Half of each account's lookups stay with what is perhaps sent. What the log says is recorded like a webhook's
//! report, so a webhook that comes after all changes nothing, or adds what the log does not say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::recorder::Recorder;
use crate::clock::{Clock, Timestamp};
use crate::dispatch::{Dispatch, IDS_PER_LOOKUP};
use crate::domain::channel::Channel;
use crate::domain::delivery::LogEntry;
use crate::domain::ids::{AccountId, MessageId, Mid, QueueId};
use crate::domain::report::{DeliveryReport, Origin, is_final_group};
use crate::domain::tenant::Tenant;
use crate::store::{ReportRef, SentMessage, SentOutcome, Store, StoreError};
use crate::tenants::TenantBook;

/// How far the log reaches back (infobip.md 1.6).
const LOG_REACHES: Duration = Duration::from_hours(48);
/// A report takes its time: younger messages are not asked for.
const YOUNGEST: Duration = Duration::from_mins(5);
/// The same while webhooks are only quiet: then most reports that are missing are those of phones that are off.
const YOUNGEST_WHILE_QUIET: Duration = Duration::from_hours(2);
/// An account that was not heard for so long is looked after.
const QUIET_AFTER: Duration = Duration::from_hours(1);
const LOOKED_AFTER_EVERY: Duration = Duration::from_hours(1);
/// From the start to the first look: webhooks that were held back come first.
const FIRST_AFTER: Duration = Duration::from_mins(2);
/// Finished messages of one queue that are looked through in one run, newest first.
const LOOKED_THROUGH_MAX: usize = 500_000;
/// Pause when the minute's lookups are used up.
const BUDGET_PAUSE: Duration = Duration::from_secs(15);

/// What one run came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct CaughtUp {
    /// Messages that the log was asked for.
    pub(crate) asked: u64,
    /// Final reports that it had.
    pub(crate) found: u64,
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
}

/// Which messages one run asks for, and whether it waits for its budget.
struct Run<'a> {
    tenant: &'a Tenant,
    accounts: Vec<&'a AccountId>,
    youngest: Duration,
    /// Without it, a used-up budget ends the run.
    waits: Option<watch::Receiver<bool>>,
}

/// Messages that share lookups.
type Group = (AccountId, Channel);

impl CatchUp {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        tenants: TenantBook,
        recorder: Arc<Recorder>,
        dispatch: Arc<Dispatch>,
    ) -> Self {
        Self { store, clock, tenants, recorder, dispatch }
    }

    /// Looks after quiet accounts, once after the start and then once an hour.
    pub(crate) async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        let (mut pause, mut youngest) = (FIRST_AFTER, YOUNGEST);
        while !*stopping.borrow() {
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                _ = stopping.changed() => continue,
            }
            if let Err(error) = self.look_after_all(youngest, &stopping).await {
                tracing::error!(%error, "Reports that are missing could not be asked for");
            }
            (pause, youngest) = (LOOKED_AFTER_EVERY, YOUNGEST_WHILE_QUIET);
        }
    }

    async fn look_after_all(&self, youngest: Duration, stopping: &watch::Receiver<bool>) -> Result<(), StoreError> {
        for tenant in self.tenants.all() {
            let mut accounts = Vec::new();
            for account in &tenant.accounts {
                let heard = self.store.heard().last(tenant.mid, &account.id)?;
                if heard.is_none_or(|heard| self.clock.now().since(heard) >= QUIET_AFTER) {
                    accounts.push(&account.id);
                }
            }
            let run = Run { tenant: &tenant, accounts, youngest, waits: Some(stopping.clone()) };
            self.carry_out(run).await?;
        }
        Ok(())
    }

    /// Asks for all that is missing of a business unit, as far as this minute's lookups go.
    pub(crate) async fn now(&self, tenant: &Tenant) -> Result<CaughtUp, StoreError> {
        let accounts = tenant.accounts.iter().map(|account| &account.id).collect();
        self.carry_out(Run { tenant, accounts, youngest: YOUNGEST, waits: None }).await
    }

    async fn carry_out(&self, mut run: Run<'_>) -> Result<CaughtUp, StoreError> {
        let mut caught_up = CaughtUp::default();
        if run.accounts.is_empty() {
            return Ok(caught_up);
        }
        let mid = run.tenant.mid;
        let now = self.clock.now();
        let (oldest, youngest) = (now.minus(LOG_REACHES), now.minus(run.youngest));
        'queues: for queue in self.dispatch.book.of_tenant(mid) {
            let (mut before, mut looked_through) = (None, 0);
            while looked_through < LOOKED_THROUGH_MAX {
                let page = self.page(mid, queue.id, before).await?;
                let Some(last) = page.sent.last() else { break };
                before = Some(last.message.id.sequence);
                looked_through += page.sent.len();
                if page.sent.iter().all(|sent| sent.ended_at < oldest) {
                    break;
                }
                let mut groups: HashMap<Group, Vec<MessageId>> = HashMap::new();
                for message in page.missing(oldest, youngest) {
                    let group = (message.message.account.clone(), message.message.channel);
                    if run.accounts.contains(&&group.0) && group.1.capability().has_log {
                        groups.entry(group).or_default().push(message.id);
                    }
                }
                for (group, ids) in groups {
                    if !self.ask(&mut run, &group, &ids, &mut caught_up).await? {
                        caught_up.stopped_short = true;
                        break 'queues;
                    }
                }
            }
        }
        let CaughtUp { asked, found, .. } = caught_up;
        if found > 0 {
            tracing::info!(tenant.mid = %mid, asked, found, "Delivery reports that no webhook had brought were read from the provider's log");
        }
        if let Some(problem) = &caught_up.problem {
            tracing::warn!(tenant.mid = %mid, problem, "The provider's log could not be asked for missing reports");
        }
        Ok(caught_up)
    }

    async fn page(&self, mid: Mid, queue: QueueId, before: Option<u64>) -> Result<Page, StoreError> {
        let store = self.store.clone();
        let reading = tokio::task::spawn_blocking(move || Page::read(&store, mid, queue, before));
        // The thread ends early only when the process does.
        reading.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Asks for messages of one account and channel; `false` when the run has to end.
    async fn ask(
        &self,
        run: &mut Run<'_>,
        (account, channel): &Group,
        ids: &[MessageId],
        caught_up: &mut CaughtUp,
    ) -> Result<bool, StoreError> {
        let Some(account) = run.tenant.account(account) else { return Ok(true) };
        for ids in ids.chunks(IDS_PER_LOOKUP) {
            let answer = loop {
                match self.dispatch.look_up_spare(run.tenant.mid, account, *channel, ids).await {
                    Some(answer) => break answer,
                    None if !self.budget_comes(&mut run.waits).await => return Ok(false),
                    None => {}
                }
            };
            match answer {
                Ok(entries) => {
                    caught_up.asked += ids.len() as u64;
                    let reports: Vec<_> = entries.into_iter().filter_map(final_report).collect();
                    caught_up.found += reports.len() as u64;
                    self.recorder.record_looked_up(run.tenant.mid, &account.id, *channel, reports).await?;
                }
                Err(failure) => {
                    // Others of the group would meet the same.
                    caught_up.problem = Some(failure.problem);
                    break;
                }
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

/// Finished messages of a queue, newest first, and which of them have a final report.
struct Page {
    sent: Vec<SentMessage>,
    reported: Vec<bool>,
}

impl Page {
    fn read(store: &Store, mid: Mid, queue: QueueId, before: Option<u64>) -> Result<Self, StoreError> {
        let sent = store.messages().newest_sent(mid, queue, before)?;
        let mut reported = Vec::with_capacity(sent.len());
        for message in &sent {
            let report = store.reports().get(mid, ReportRef::of(queue, message.message.id.sequence))?;
            reported.push(report.is_some_and(|record| record.reports.final_delivery().is_some()));
        }
        Ok(Self { sent, reported })
    }

    /// Messages that were sent between two moments and lack a report.
    fn missing(
        &self,
        oldest: Timestamp,
        youngest: Timestamp,
    ) -> impl Iterator<Item = &crate::domain::message::QueuedMessage> {
        let unreported = self.sent.iter().zip(&self.reported).filter(|(_, reported)| !**reported);
        unreported.filter_map(move |(sent, _)| match sent.outcome {
            SentOutcome::Sent { at, .. } if oldest <= at && at <= youngest => Some(&sent.message),
            _ => None,
        })
    }
}

/// What the log says of a message as a delivery report, when it is final. The log's answer has no moment of its own: the
/// report of a webhook, which has one, stands before it.
fn final_report(entry: LogEntry) -> Option<DeliveryReport> {
    is_final_group(entry.status.group_id).then(|| DeliveryReport {
        origin: Origin::Infobip,
        is_final: true,
        done_at: None,
        sent_at: entry.sent_at,
        status: entry.status,
        error: None,
        message_id: entry.message_id.to_string(),
        bulk_id: None,
        channel: String::new(),
        to: None,
        sender: None,
        message_count: None,
        price_per_message: None,
        price_currency: None,
        callback_data: None,
        mcc_mnc: None,
    })
}

#[cfg(test)]
mod tests;
