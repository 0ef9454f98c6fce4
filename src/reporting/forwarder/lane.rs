//! A lane: its entries in the order in which they may go, each brought to its target, and targets that wait.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::watch;

use super::Forwarder;
use super::parcel::Parcel;
use crate::clock::{Clock, Timestamp};
use crate::domain::delivery;
use crate::domain::ids::{AccountId, Mid, QueueId};
use crate::domain::tenant::{Account, MmsReports, ReportKind, ReportTarget, Tenant, Tracking};
use crate::random::Random;
use crate::reporting::recorder::SEEN_WAITS;
use crate::reporting::{ActualColumn, RowSinkError};
use crate::store::{OutboxPlace, OutboxSubject, OutboxTarget, PlacedEntry, ReportRef, StoreError};

/// Whose reports, and which of theirs: each has a target of its own, and waits by itself when that fails.
pub(super) type TargetKey = (Mid, AccountId, ReportKind);

/// What is remembered of one target between rounds.
#[derive(Default, Clone)]
pub(super) struct TargetState {
    pub(super) waiting: Waiting,
    /// When they were read, of which extension.
    pub(super) columns: Option<(Timestamp, String, Arc<[ActualColumn]>)>,
    /// What was refused alone since something was taken: rows or reports, and seen reports that are posts of their own.
    pub(super) refused_in_a_row: [usize; 2],
}

/// That something is left alone for a while after it failed.
#[derive(Default, Clone)]
pub(super) struct Waiting {
    /// Not tried before this moment of the steady clock.
    until: Option<Timestamp>,
    failures: u16,
    pub(super) problem: Option<String>,
}

impl Waiting {
    pub(super) fn waits(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until > now)
    }

    /// Notes a failure; tells whether its problem is a new one.
    pub(super) fn failed(
        &mut self,
        problem: String,
        retry_after: Option<Duration>,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> bool {
        self.failures = self.failures.saturating_add(1);
        let pause = delivery::backoff(self.failures, retry_after, random.jitter());
        self.until = Some(clock.steady().plus(pause));
        let is_new = self.problem.as_ref() != Some(&problem);
        self.problem = Some(problem);
        is_new
    }

    /// Notes that it went well; tells whether it had not before.
    pub(super) fn succeeded(&mut self) -> bool {
        std::mem::take(self).problem.is_some()
    }
}

/// A page's entries, sorted out.
#[derive(Default)]
struct Sorted {
    by_target: BTreeMap<TargetKey, Vec<Parcel>>,
    /// Replies whose rows wait for their target; their events don't.
    events_only: Vec<Parcel>,
    /// Places whose entries have nothing left to do.
    done: Vec<OutboxPlace>,
}

impl Forwarder {
    /// Forwards what is due of one lane, a page at a time.
    pub(super) async fn forward_lane(
        &self,
        tenant: &Tenant,
        lane: OutboxTarget,
        shutdown: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.forward_due(tenant, lane, None, now, shutdown).await?;
        // Nothing is ever put so far ahead, unless the clock was set back since: that must not make it wait.
        let subject = OutboxSubject::Report(ReportRef::Known(QueueId(0), 0));
        let ahead = OutboxPlace { target: lane, due_at: now.plus(ahead_max(lane)), subject };
        self.forward_due(tenant, lane, Some(ahead), Timestamp::MAX, shutdown).await
    }

    /// Forwards the entries of a lane behind `after` that are due by `until`, a page at a time.
    async fn forward_due(
        &self,
        tenant: &Tenant,
        lane: OutboxTarget,
        mut after: Option<OutboxPlace>,
        until: Timestamp,
        shutdown: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        while !*shutdown.borrow() && !self.all_wait(tenant, lane) {
            let page = self.store.reports().outbox(tenant.mid, lane, after, self.settings.rows_max)?;
            let Some(last) = page.last().map(|placed| placed.place) else { return Ok(()) };
            let has_more = page.len() >= self.settings.rows_max && last.due_at <= until;
            let _holding = self.held.hold(page.len());
            let due = page.into_iter().take_while(|placed| placed.place.due_at <= until);
            let Sorted { by_target, events_only, done } = self.sort(tenant, due)?;
            self.delete_entries(tenant.mid, &done).await?;
            if !events_only.is_empty() {
                let _ready_and_waiting = self.fire_due(tenant, events_only).await?;
            }
            let targets = by_target.into_iter().map(|(key, parcels)| self.forward_parcels(tenant, key, parcels));
            try_join_all(targets).await?;
            if !has_more {
                return Ok(());
            }
            after = Some(last);
        }
        Ok(())
    }

    /// Whether no target of a lane may be tried now: then its entries need not even be read.
    /// Replies are read all the same: the events that they fire have nothing to do with the rows' target.
    fn all_wait(&self, tenant: &Tenant, lane: OutboxTarget) -> bool {
        if lane == OutboxTarget::INBOUND {
            return false;
        }
        let now = self.clock.steady();
        let state = self.state();
        tenant.accounts.iter().all(|account| {
            kinds(account, lane).iter().all(|kind| {
                let target = state.targets.get(&(tenant.mid, account.id.clone(), *kind));
                target.is_some_and(|target| target.waiting.waits(now))
            })
        })
    }

    fn waits(&self, key: &TargetKey) -> bool {
        self.state().targets.get(key).is_some_and(|target| target.waiting.waits(self.clock.steady()))
    }

    fn sort(&self, tenant: &Tenant, page: impl Iterator<Item = PlacedEntry>) -> Result<Sorted, StoreError> {
        let mut sorted = Sorted::default();
        let mut subjects = HashSet::new();
        for placed in page {
            let Some(account) = account_of(tenant, &placed.entry.account) else { continue };
            let key = |kind| (tenant.mid, account.id.clone(), kind);
            let kinds = kinds(account, placed.place.target);
            let fires_events = placed.place.target == OutboxTarget::INBOUND;
            if !fires_events && kinds.iter().all(|kind| self.waits(&key(*kind))) {
                continue;
            }
            // A second entry of one subject finds nothing left to do, once the first has gone.
            if !subjects.insert(placed.place.subject) {
                continue;
            }
            let place = placed.place;
            let Some(parcel) = self.load(tenant.mid, placed)? else {
                sorted.done.push(place);
                continue;
            };
            let key = key(parcel.kind(account));
            if !self.waits(&key) {
                sorted.by_target.entry(key).or_default().push(parcel);
            } else if parcel.inbound().is_some_and(|record| record.open_event().is_some()) {
                sorted.events_only.push(parcel);
            }
        }
        Ok(sorted)
    }

    async fn forward_parcels(&self, tenant: &Tenant, key: TargetKey, parcels: Vec<Parcel>) -> Result<(), StoreError> {
        let Some(account) = tenant.account(&key.1) else { return Ok(()) };
        let (ready, waiting) = self.fire_due(tenant, parcels).await?;
        let result = match account.report_target(key.2) {
            // The event may insert the row: the row goes after it.
            ReportTarget::Extension(extension) => self.write_rows(tenant, &key, extension, ready).await?,
            ReportTarget::Url(url) => {
                let signing_key = match &account.tracking {
                    Tracking::External(urls) => urls.signing_key.as_ref(),
                    Tracking::Native(_) => None,
                };
                let all = ready.into_iter().chain(waiting).collect();
                self.post(&key, url, signing_key, all).await?
            }
            ReportTarget::Nowhere => {
                let all: Vec<Parcel> = ready.into_iter().chain(waiting).collect();
                self.mark_taken(tenant.mid, &all, super::settle::Part::ALL).await?;
                Ok(())
            }
        };
        self.note(account, key, result);
        Ok(())
    }

    /// What was refused alone since the target took something.
    pub(super) fn refused_in_a_row(&self, key: &TargetKey) -> [usize; 2] {
        self.state().targets.get(key).map(|target| target.refused_in_a_row).unwrap_or_default()
    }

    pub(super) fn note_refused_in_a_row(&self, key: &TargetKey, which: usize, count: usize) {
        let mut state = self.state();
        let target = state.targets.entry(key.clone()).or_default();
        if let Some(known) = target.refused_in_a_row.get_mut(which) {
            *known = count;
        }
    }

    fn note(&self, account: &Account, key: TargetKey, result: Result<(), RowSinkError>) {
        let mid = key.0;
        let kind = key.2;
        let is_url = matches!(account.report_target(kind), ReportTarget::Url(_));
        let account = &account.id;
        let mut state = self.state();
        let target = state.targets.entry(key).or_default();
        let Err(error) = result else {
            if target.waiting.succeeded() {
                tracing::info!(tenant.mid = %mid, account = %account, "Reports are forwarded again");
            }
            return;
        };
        let retry_after = match &error {
            RowSinkError::Later { retry_after, .. } => *retry_after,
            RowSinkError::SomeRefused { .. } => None,
            RowSinkError::TargetWrong { .. } => {
                // Whoever repairs it may have changed it.
                target.columns = None;
                None
            }
        };
        if target.waiting.failed(error.to_string(), retry_after, &*self.clock, &*self.random) {
            // Whoever is brought reports may quote whatever they hold: a target's words are for `waypost status` only.
            let problem = match &error {
                RowSinkError::TargetWrong { .. } if is_url => "the notification URL refuses all that it is posted",
                _ if is_url => "the notification URL takes nothing now",
                RowSinkError::TargetWrong { .. } => "the data extension, or the access to it, is not as it should be",
                _ => "SFMC takes no rows now",
            };
            tracing::warn!(tenant.mid = %mid, account = %account, reports = ?kind, problem,
                "Reports wait: their target does not take them; nothing is lost; `waypost status` says why");
        }
    }
}

/// The account that reports go by: a removed account's go where the unit's first account's go, better there than nowhere.
fn account_of<'a>(tenant: &'a Tenant, account: &AccountId) -> Option<&'a Account> {
    tenant.account(account).or(tenant.accounts.first())
}

/// How far ahead of the clock an entry of a lane may be due: a seen report waits, and so does an event, whose delay is at
/// most a day.
const fn ahead_max(lane: OutboxTarget) -> Duration {
    match lane {
        OutboxTarget::INBOUND => Duration::from_secs(86_400),
        _ => SEEN_WAITS,
    }
}

/// The kinds of reports that a lane has of an account.
fn kinds(account: &Account, lane: OutboxTarget) -> &'static [ReportKind] {
    match (lane, account.mms_reports) {
        (OutboxTarget::CLICKS, _) => &[ReportKind::Clicks],
        (OutboxTarget::INBOUND, _) => &[ReportKind::Inbound],
        (OutboxTarget::OMNI_REPORTS, MmsReports::Omni) => &[ReportKind::Omni],
        (OutboxTarget::OMNI_REPORTS, MmsReports::Sms) => &[ReportKind::Omni, ReportKind::Sms],
        // A channel that is not known any more is in this lane, and with SMS.
        _ => &[ReportKind::Sms],
    }
}
