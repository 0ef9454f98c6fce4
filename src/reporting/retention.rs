//! Removes messages and reports whose retention time is over (spec R5): once a day for each business unit, page by
//! page, with pauses, so that nobody waits for it.
//!
//! Invariants, each with its test below:
//!
//! * Nothing that waits to be sent is touched, and nothing whose row waits to be forwarded.
//! * A queue's numbers go on behind what was removed, and its count of what is queued stays right.
//! * It may stop anywhere: the next run finds what is left.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::removal::{Remover, Wanted};
use crate::clock::{Clock, Timestamp};
use crate::domain::ids::Mid;
use crate::domain::tenant;
use crate::store::{Kept, OutboxSubject, OutboxTarget, StoreError, Trace, TraceFamily, UNASSIGNED};
use crate::tenants::TenantBook;

const DAY: Duration = Duration::from_hours(24);
/// Rows waiting to be forwarded that are kept in mind during a run: some megabytes. With more of them the target is
/// down, and the run is put off.
const WAITING_MAX: usize = 200_000;
const WAITING_PAGE: usize = 1_000;

/// In the order in which they are gone through: a row that was refused is nothing without its report.
const FAMILIES: [TraceFamily; 9] = [
    TraceFamily::Refused,
    TraceFamily::Sent,
    TraceFamily::TakenOut,
    TraceFamily::Reports,
    TraceFamily::StrayReports,
    TraceFamily::Clicks,
    TraceFamily::ReplyOf,
    TraceFamily::Inbound,
    TraceFamily::LastSent,
];

/// When it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetentionSettings {
    /// From the start to the first run: a start has better things to do.
    pub(crate) first_after: Duration,
    /// Between two pages.
    pub(crate) pause: Duration,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self { first_after: Duration::from_mins(10), pause: Duration::from_millis(20) }
    }
}

/// What one run has removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Removed {
    pub(crate) messages: u64,
    pub(crate) reports: u64,
    pub(crate) clicks: u64,
    pub(crate) inbound: u64,
    /// Refused rows, indexes, and notes of erased messages that were never sent.
    pub(crate) others: u64,
}

/// See the module's documentation.
pub(crate) struct Retention {
    remover: Arc<Remover>,
    clock: Arc<dyn Clock>,
    tenants: TenantBook,
    settings: RetentionSettings,
}

impl Retention {
    pub(crate) fn new(
        remover: Arc<Remover>,
        clock: Arc<dyn Clock>,
        tenants: TenantBook,
        settings: RetentionSettings,
    ) -> Self {
        Self { remover, clock, tenants, settings }
    }

    /// Runs once a day until `stopping` says so.
    pub(crate) async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        let mut pause = self.settings.first_after;
        while !*stopping.borrow() {
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                _ = stopping.changed() => continue,
            }
            pause = DAY;
            let mut kept: Vec<_> = self.tenants.all().iter().map(|tenant| (tenant.mid, tenant.retention)).collect();
            kept.push((UNASSIGNED, tenant::Retention::default()));
            for (mid, retention) in kept {
                match self.sweep(mid, retention, &stopping).await {
                    Ok(None) => {
                        tracing::warn!(tenant.mid = %mid, "Nothing old was removed today: too many rows wait to be forwarded")
                    }
                    Ok(Some(removed)) if removed == Removed::default() => {}
                    Ok(Some(Removed { messages, reports, clicks, inbound, others })) => tracing::info!(
                        tenant.mid = %mid, messages, reports, clicks, inbound, others,
                        "Records were removed whose retention time is over"
                    ),
                    // Its business unit was removed meanwhile, and all records with it.
                    Err(StoreError::NoSuchTenant { .. }) => {}
                    Err(error) => tracing::error!(tenant.mid = %mid, %error, "Old records could not be removed"),
                }
            }
        }
    }

    /// Removes what is old of a business unit; `None` when too much waits to be forwarded.
    pub(crate) async fn sweep(
        &self,
        mid: Mid,
        retention: tenant::Retention,
        stopping: &watch::Receiver<bool>,
    ) -> Result<Option<Removed>, StoreError> {
        let now = self.clock.now();
        let Some(waiting) = self.waiting(mid)? else { return Ok(None) };
        let wanted = is_old(
            now.minus(DAY * u32::from(retention.messages_days)),
            now.minus(DAY * u32::from(retention.reports_days)),
            waiting,
        );
        let mut removed = Removed::default();
        for family in FAMILIES {
            let mut from = None;
            loop {
                if *stopping.borrow() {
                    return Ok(Some(removed));
                }
                let page = self.remover.page(mid, family, from, &wanted).await?;
                let traces: Vec<_> = page.found.iter().map(|(trace, _)| *trace).collect();
                let count = self.remover.remove(mid, &traces, &wanted).await?;
                *removed.of(family) += count;
                match page.next {
                    Some(next) => from = Some(next),
                    None => break,
                }
                self.clock.sleep(self.settings.pause).await;
            }
        }
        Ok(Some(removed))
    }

    /// What waits to be forwarded; `None` when it is too much.
    fn waiting(&self, mid: Mid) -> Result<Option<HashSet<OutboxSubject>>, StoreError> {
        let mut waiting = HashSet::new();
        for lane in OutboxTarget::ALL {
            let mut after = None;
            loop {
                let page = self.remover.store.reports().outbox(mid, lane, after, WAITING_PAGE)?;
                after = page.last().map(|placed| placed.place);
                waiting.extend(page.iter().map(|placed| placed.place.subject));
                if waiting.len() > WAITING_MAX {
                    return Ok(None);
                }
                if page.len() < WAITING_PAGE {
                    break;
                }
            }
        }
        Ok(Some(waiting))
    }
}

impl Removed {
    fn of(&mut self, family: TraceFamily) -> &mut u64 {
        match family {
            TraceFamily::Sent => &mut self.messages,
            TraceFamily::Reports | TraceFamily::StrayReports => &mut self.reports,
            TraceFamily::Clicks => &mut self.clicks,
            TraceFamily::Inbound => &mut self.inbound,
            _ => &mut self.others,
        }
    }
}

/// Finished messages from before one moment, and reports from before another, of which nothing waits.
fn is_old(messages: Timestamp, reports: Timestamp, waiting: HashSet<OutboxSubject>) -> Wanted {
    Arc::new(move |trace, kept| match (*trace, kept) {
        (Trace::Sent(queue, sequence), Kept::Sent(sent)) => {
            let report = OutboxSubject::Report(crate::store::ReportRef::of(queue, sequence));
            sent.ended_at < messages && !waiting.contains(&report)
        }
        (Trace::TakenOut(..), Kept::TakenOut(taken_out)) => taken_out.at < messages,
        (Trace::Report(report), Kept::Report(record)) => {
            let waits = record.waits_at.is_some() || waiting.contains(&OutboxSubject::Report(report));
            record.stored_at < reports && !waits
        }
        (Trace::Click(report, hash), Kept::Click(record)) => {
            record.stored_at < reports && !waiting.contains(&OutboxSubject::Click(report, hash))
        }
        (Trace::Inbound(hash), Kept::Inbound(record)) => {
            record.stored_at < reports && !waiting.contains(&OutboxSubject::Inbound(hash))
        }
        (Trace::ReplyOf(_, _, hash), Kept::ReplyOf(reply)) => {
            reply.received_at < reports && !waiting.contains(&OutboxSubject::Inbound(hash))
        }
        (Trace::LastSent(_), Kept::LastSent(last)) => last.sent_at < messages,
        (Trace::Refused(place), Kept::Outbox(_)) => place.due_at < reports,
        _ => false,
    })
}

#[cfg(test)]
mod tests;
