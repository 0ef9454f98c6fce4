//! Brings what is stored to where the customer wants it: rows of a data extension, the customer's URL, the event that a
//! contact waits for.
//!
//! * An entry leaves the outbox only when its target has taken it, in the same commit that says so; so a crash repeats,
//!   and a key in the extension makes the repeat harmless (`a_restart_repeats_what_was_not_confirmed_and_the_key_makes_it_one_row`).
//! * What changed while it was on its way goes again (`a_report_that_changes_while_it_is_under_way_goes_again`).
//! * Each account's kind of reports has its target, which waits by itself when it fails
//!   (`a_target_that_is_down_holds_up_no_other`).
//! * A refused row is found by halves, kept with the target's own words, and does not block the others (spec R2;
//!   `a_refused_row_is_found_by_halves_and_set_aside`).
//! * An event that is recorded as fired is never repeated (spec R3; `a_fired_event_is_not_fired_again_over_a_crash`); one that
//!   was fired and not recorded is (`a_crash_between_the_answer_and_its_record_fires_the_same_event_once_more`).
//! * Memory holds a page of each lane, however much waits (`an_outage_of_six_hours_loses_nothing_and_repeats_nothing`).

mod events;
mod isolation;
mod lane;
mod parcel;
mod posts;
mod rows;
mod settle;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

use self::events::EventState;
use self::lane::{TargetKey, TargetState};
use super::recorder::Recorder;
use super::{EventSink, ReportPost, RowSink};
use crate::clock::{Clock, Timestamp};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::tenant::{ReportKind, Tenant};
use crate::random::Random;
use crate::store::{OutboxTarget, Store, StoreError};
use crate::tenants::TenantBook;

/// The longest that reports gather when the call budget asks for it (spec R2).
const FLUSH_MAX: Duration = Duration::from_secs(60);

/// How the forwarder behaves.
#[derive(Clone, Debug)]
pub(crate) struct ForwarderSettings {
    /// Reports are gathered this long before they are written together.
    pub(crate) flush_every: Duration,
    /// Rows in one request.
    pub(crate) rows_max: usize,
    /// REST calls that a business unit may cost in a minute; beyond, reports gather for up to [`FLUSH_MAX`].
    pub(crate) calls_per_minute: u32,
}

/// See the module's documentation.
pub(crate) struct Forwarder {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    tenants: TenantBook,
    recorder: Arc<Recorder>,
    rows: Arc<dyn RowSink>,
    events: Arc<dyn EventSink>,
    posts: Arc<dyn ReportPost>,
    settings: ForwarderSettings,
    state: std::sync::Mutex<State>,
    held: Held,
}

/// How many reports are in memory on their way.
#[derive(Default)]
struct Held {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// Counts reports as held while it lives.
struct Holding<'a>(&'a Held, usize);

impl Held {
    fn hold(&self, count: usize) -> Holding<'_> {
        let now = self.now.fetch_add(count, Ordering::Relaxed) + count;
        self.most.fetch_max(now, Ordering::Relaxed);
        Holding(self, count)
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// What a [`Forwarder`] works with.
pub(crate) struct ForwarderParts {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) tenants: TenantBook,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) rows: Arc<dyn RowSink>,
    pub(crate) events: Arc<dyn EventSink>,
    pub(crate) posts: Arc<dyn ReportPost>,
    pub(crate) settings: ForwarderSettings,
}

/// What is remembered between rounds.
#[derive(Default)]
struct State {
    targets: HashMap<TargetKey, TargetState>,
    /// By event definition key.
    events: HashMap<(Mid, String), EventState>,
    /// No round of the business unit begins before this moment of the steady clock.
    not_before: HashMap<Mid, Timestamp>,
}

impl Forwarder {
    pub(crate) fn new(parts: ForwarderParts) -> Self {
        let ForwarderParts { store, clock, random, tenants, recorder, rows, events, posts, settings } = parts;
        let state = std::sync::Mutex::default();
        let held = Held::default();
        Self { store, clock, random, tenants, recorder, rows, events, posts, settings, state, held }
    }

    /// Forwards until `shutdown` says so; then finishes the requests that are under way.
    pub(crate) async fn run(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        let mut busy: JoinSet<()> = JoinSet::new();
        let mut at_work: HashMap<Id, Mid> = HashMap::new();
        while !*shutdown.borrow() {
            tokio::select! {
                () = self.clock.sleep(self.settings.flush_every) => {}
                _ = shutdown.changed() => continue,
            }
            while let Some(done) = busy.try_join_next_with_id() {
                // Only the one that ended may begin anew: two rounds of one business unit would fire an event twice.
                let id = match done {
                    Ok((id, ())) => id,
                    Err(error) => {
                        tracing::error!(%error, "Forwarding the reports of a business unit ended unexpectedly");
                        error.id()
                    }
                };
                at_work.remove(&id);
            }
            for tenant in self.tenants.all() {
                let mid = tenant.mid;
                if at_work.values().any(|busy| *busy == mid) {
                    continue;
                }
                let forwarder = Arc::clone(&self);
                let shutdown = shutdown.clone();
                let round = busy.spawn(async move {
                    match forwarder.round(&tenant, &shutdown).await {
                        Ok(()) => {}
                        // It was removed meanwhile, and all that waited with it.
                        Err(_) if forwarder.tenants.get(mid).is_none() => forwarder.forget(mid),
                        Err(error) => {
                            tracing::error!(%error, tenant.mid = %mid, "Reports could not be forwarded: the store failed");
                        }
                    }
                });
                at_work.insert(round.id(), mid);
            }
        }
        while busy.join_next().await.is_some() {}
    }

    /// [`Forwarder::forward_tenant`], unless the business unit's call budget says that it is too early. Replies go all the
    /// same: the contact whose event they fire waits only so long.
    pub(crate) async fn round(&self, tenant: &Tenant, shutdown: &watch::Receiver<bool>) -> Result<(), StoreError> {
        let mid = tenant.mid;
        let began = self.clock.steady();
        if self.state().not_before.get(&mid).is_some_and(|until| *until > began) {
            return self.forward_lane(tenant, OutboxTarget::INBOUND, shutdown).await;
        }
        let before = self.rows.calls(mid);
        let result = self.forward_tenant(tenant, shutdown).await;
        let calls = self.rows.calls(mid).saturating_sub(before);
        let until = began.plus(budget_pause(calls, self.settings.calls_per_minute));
        self.state().not_before.insert(mid, until);
        result
    }

    /// Forwards what waits for one business unit, until nothing that may go is left. Its lanes go side by side: one that
    /// looks for a refused row, or waits for an answer, holds up no other.
    pub(crate) async fn forward_tenant(
        &self,
        tenant: &Tenant,
        shutdown: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let lanes = OutboxTarget::ALL.into_iter().map(|lane| self.forward_lane(tenant, lane, shutdown));
        try_join_all(lanes).await.map(|_| ())
    }

    /// What the last attempt at an account's targets met; `None` when it went well.
    pub(crate) fn problem(&self, mid: Mid, account: &AccountId) -> Option<String> {
        let state = self.state();
        let of = |reports| state.targets.get(&(mid, account.clone(), reports))?.waiting.problem.clone();
        let of_event = || {
            let mut events = state.events.iter().filter(|((of, _), _)| *of == mid);
            events.find_map(|(_, event)| event.waiting.problem.clone())
        };
        ReportKind::ALL.into_iter().find_map(of).or_else(of_event)
    }

    /// The most reports that were ever in memory at a time: a page of each lane, whatever waits.
    pub(crate) fn held_most(&self) -> usize {
        self.held.most.load(Ordering::Relaxed)
    }

    /// Forgets what it met at a business unit's targets: they were changed, or are no more.
    pub(crate) fn forget(&self, mid: Mid) {
        let mut state = self.state();
        state.targets.retain(|(of, _, _), _| *of != mid);
        state.events.retain(|(of, _), _| *of != mid);
        state.not_before.remove(&mid);
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// How long after its beginning a round that cost `calls` may be followed by the next.
fn budget_pause(calls: u64, calls_per_minute: u32) -> Duration {
    let millis = calls.saturating_mul(60_000) / u64::from(calls_per_minute.max(1));
    Duration::from_millis(millis).min(FLUSH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_budget_stretches_the_rounds_up_to_a_minute() {
        for (calls, per_minute, secs) in [(0, 60, 0), (3, 60, 3), (6, 60, 6), (12, 24, 30), (500, 60, 60), (1, 0, 60)] {
            assert_eq!(budget_pause(calls, per_minute), Duration::from_secs(secs), "{calls} of {per_minute}");
        }
    }
}
