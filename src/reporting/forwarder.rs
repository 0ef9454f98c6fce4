//! Brings stored reports to where the customer wants them: rows of a data extension, or the customer's URL.
//!
//! * An entry leaves the outbox only when its target has taken it, in the same commit that marks the report as
//!   forwarded; so a crash repeats, and a key in the extension makes the repeat harmless.
//! * A business unit whose platform is down waits by itself; the others go on.
//! * A refused row is found by halves, kept with the target's own words, and does not block the others (spec R2).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::recorder::Recorder;
use super::{ActualColumn, ReportPost, RowSink, RowSinkError};
use crate::clock::{Clock, Timestamp};
use crate::domain::delivery;
use crate::domain::extension::{self, Cell, Row};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::report::{DeliveryReport, DeliveryRow};
use crate::domain::tenant::{Account, ReportKind, ReportTarget, Tenant};
use crate::random::Random;
use crate::store::{OutboxEntry, OutboxPlace, OutboxSubject, OutboxTarget, PlacedEntry, ReportRecord, ReportRef};
use crate::store::{Store, StoreError, Taken};
use crate::tenants::TenantBook;

/// Reports marked as forwarded in one commit; each takes two writes.
const FORWARDED_PER_COMMIT: usize = 60;
/// How long the columns of an extension are believed.
const COLUMNS_KEPT: Duration = Duration::from_secs(600);

/// How the forwarder behaves.
#[derive(Clone, Debug)]
pub(crate) struct ForwarderSettings {
    /// Reports are gathered this long before they are written together.
    pub(crate) flush_every: Duration,
    /// Rows in one request.
    pub(crate) rows_max: usize,
}

/// See the module's documentation.
pub(crate) struct Forwarder {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    tenants: TenantBook,
    recorder: Arc<Recorder>,
    rows: Arc<dyn RowSink>,
    posts: Arc<dyn ReportPost>,
    settings: ForwarderSettings,
    state: std::sync::Mutex<HashMap<TargetKey, TargetState>>,
}

/// What a [`Forwarder`] works with.
pub(crate) struct ForwarderParts {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) tenants: TenantBook,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) rows: Arc<dyn RowSink>,
    pub(crate) posts: Arc<dyn ReportPost>,
    pub(crate) settings: ForwarderSettings,
}

/// Whose reports, and which of theirs: each has a target of its own, and waits by itself when that fails.
type TargetKey = (Mid, AccountId, ReportKind);

/// What is remembered of one target between rounds.
#[derive(Default, Clone)]
struct TargetState {
    /// Not tried before this moment of the steady clock.
    waits_until: Option<Timestamp>,
    failures: u16,
    columns: Option<(Timestamp, String, Arc<[ActualColumn]>)>,
    problem: Option<String>,
}

/// One report on its way.
struct Parcel {
    place: OutboxPlace,
    report: ReportRef,
    entry: OutboxEntry,
    record: ReportRecord,
}

impl Forwarder {
    pub(crate) fn new(parts: ForwarderParts) -> Self {
        let ForwarderParts { store, clock, random, tenants, recorder, rows, posts, settings } = parts;
        Self { store, clock, random, tenants, recorder, rows, posts, settings, state: std::sync::Mutex::default() }
    }

    /// Forwards until `shutdown` says so; then finishes the requests that are under way.
    pub(crate) async fn run(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        let mut busy: JoinSet<Mid> = JoinSet::new();
        let mut at_work = std::collections::HashSet::new();
        while !*shutdown.borrow() {
            tokio::select! {
                () = self.clock.sleep(self.settings.flush_every) => {}
                _ = shutdown.changed() => continue,
            }
            while let Some(done) = busy.try_join_next() {
                match done {
                    Ok(mid) => drop(at_work.remove(&mid)),
                    Err(error) => {
                        // Whose it was is not told: let everybody start again.
                        tracing::error!(%error, "Forwarding the reports of a business unit ended unexpectedly");
                        at_work.clear();
                    }
                }
            }
            for tenant in self.tenants.all() {
                if at_work.insert(tenant.mid) {
                    let forwarder = Arc::clone(&self);
                    let shutdown = shutdown.clone();
                    busy.spawn(async move {
                        let mid = tenant.mid;
                        if let Err(error) = forwarder.forward_tenant(&tenant, &shutdown).await {
                            tracing::error!(%error, tenant.mid = %mid, "Reports could not be forwarded: the store failed");
                        }
                        mid
                    });
                }
            }
        }
        while busy.join_next().await.is_some() {}
    }

    /// Forwards what waits for one business unit, until nothing that may go is left.
    pub(crate) async fn forward_tenant(
        &self,
        tenant: &Tenant,
        shutdown: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        for lane in [OutboxTarget::SMS_REPORTS, OutboxTarget::OMNI_REPORTS] {
            self.forward_lane(tenant, lane, shutdown).await?;
        }
        Ok(())
    }

    /// Forwards one lane, a page at a time.
    async fn forward_lane(
        &self,
        tenant: &Tenant,
        lane: OutboxTarget,
        shutdown: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.reports().outbox(tenant.mid, lane, after, self.settings.rows_max)?;
            let Some(last) = page.last().map(|placed| placed.place) else { return Ok(()) };
            let full = page.len() >= self.settings.rows_max;
            for (key, parcels) in self.by_target(tenant, page)? {
                if *shutdown.borrow() {
                    return Ok(());
                }
                self.forward_parcels(tenant, key, parcels).await?;
            }
            if !full {
                return Ok(());
            }
            after = Some(last);
        }
    }

    fn by_target(
        &self,
        tenant: &Tenant,
        page: Vec<PlacedEntry>,
    ) -> Result<BTreeMap<TargetKey, Vec<Parcel>>, StoreError> {
        let mut by_target: BTreeMap<TargetKey, Vec<Parcel>> = BTreeMap::new();
        for PlacedEntry { place, entry } in page {
            let OutboxSubject::Report(report) = place.subject else { continue };
            let Some(record) = self.store.reports().get(tenant.mid, report)? else { continue };
            let Some(account) = account_of(tenant, &entry.account) else { continue };
            let key = (tenant.mid, entry.account.clone(), account.delivery_reports(&record.channel));
            by_target.entry(key).or_default().push(Parcel { place, report, entry, record });
        }
        Ok(by_target)
    }

    async fn forward_parcels(&self, tenant: &Tenant, key: TargetKey, parcels: Vec<Parcel>) -> Result<(), StoreError> {
        let (_, account, reports) = key.clone();
        let now = self.clock.steady();
        if self.state().get(&key).and_then(|state| state.waits_until).is_some_and(|until| until > now) {
            return Ok(());
        }
        let Some(target) = account_of(tenant, &account) else { return Ok(()) };
        let result = match target.report_target(reports) {
            ReportTarget::Extension(extension) => self.write_rows(tenant, &key, extension, parcels).await?,
            ReportTarget::Url(url) => self.post(tenant, url, parcels).await?,
            ReportTarget::Nowhere => Ok(()),
        };
        let mut states = self.state();
        let state = states.entry(key).or_default();
        match result {
            Ok(()) => {
                if state.problem.take().is_some() {
                    tracing::info!(tenant.mid = %tenant.mid, account = %account, "Reports are forwarded again");
                }
                state.failures = 0;
                state.waits_until = None;
            }
            Err(error) => {
                state.failures = state.failures.saturating_add(1);
                let retry_after = match &error {
                    RowSinkError::Later { retry_after, .. } => *retry_after,
                    _ => None,
                };
                let pause = delivery::backoff(state.failures, retry_after, self.random.jitter());
                state.waits_until = Some(self.clock.steady().plus(pause));
                state.columns = None;
                if state.problem.as_ref() != Some(&error.to_string()) {
                    tracing::warn!(tenant.mid = %tenant.mid, account = %account, problem = %error,
                        "Reports wait: their target does not take them; nothing is lost");
                }
                state.problem = Some(error.to_string());
            }
        }
        Ok(())
    }

    /// Writes rows, by halves when some are refused. `Ok(Err(_))`: the target takes nothing now.
    async fn write_rows(
        &self,
        tenant: &Tenant,
        key: &TargetKey,
        extension: &str,
        parcels: Vec<Parcel>,
    ) -> Result<Result<(), RowSinkError>, StoreError> {
        let columns = match self.columns(tenant, key, extension).await {
            Ok(columns) => columns,
            Err(error) => return Ok(Err(error)),
        };
        let upsert = columns.iter().any(|column| column.primary_key);
        let mut stack = vec![parcels];
        while let Some(mut parcels) = stack.pop() {
            let rows: Vec<Row> = parcels.iter().filter_map(|parcel| row(key.2, &parcel.record, &columns)).collect();
            match self.rows.write(tenant, extension, &rows, upsert).await {
                Ok(()) => self.mark_forwarded(tenant.mid, parcels).await?,
                Err(RowSinkError::SomeRefused { .. }) if parcels.len() > 1 => {
                    let second = parcels.split_off(parcels.len() / 2);
                    stack.push(second);
                    stack.push(parcels);
                }
                Err(RowSinkError::SomeRefused { problem }) => self.set_aside(tenant.mid, parcels, &problem).await?,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    async fn columns(
        &self,
        tenant: &Tenant,
        key: &TargetKey,
        extension: &str,
    ) -> Result<Arc<[ActualColumn]>, RowSinkError> {
        let now = self.clock.steady();
        let known = self.state().get(key).and_then(|state| state.columns.clone());
        if let Some((read_at, of, columns)) = known
            && of == extension
            && now.since(read_at) < COLUMNS_KEPT
        {
            return Ok(columns);
        }
        let columns: Arc<[ActualColumn]> = self.rows.columns(tenant, extension).await?.into();
        let mut states = self.state();
        states.entry(key.clone()).or_default().columns = Some((now, extension.to_owned(), Arc::clone(&columns)));
        Ok(columns)
    }

    async fn post(
        &self,
        tenant: &Tenant,
        url: &str,
        parcels: Vec<Parcel>,
    ) -> Result<Result<(), RowSinkError>, StoreError> {
        let reports: Vec<&DeliveryReport> =
            parcels.iter().filter_map(|parcel| parcel.record.reports.delivery.as_ref()).collect();
        match self.posts.post(tenant, url, &reports).await {
            Ok(()) => {
                self.mark_forwarded(tenant.mid, parcels).await?;
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn mark_forwarded(&self, mid: Mid, parcels: Vec<Parcel>) -> Result<(), StoreError> {
        let now = self.clock.now();
        for parcels in parcels.chunks(FORWARDED_PER_COMMIT) {
            let _locked = self.recorder.lock(parcels.iter().map(|parcel| &parcel.report)).await;
            let mut batch = self.store.batch();
            for parcel in parcels {
                let stands = self.store.reports().get(mid, parcel.report)?;
                match stands {
                    // Changed while it was on its way: the entry stays, and the newer report goes next time.
                    Some(stands) if stands.reports != parcel.record.reports => {}
                    Some(stands) => {
                        let first_at = stands.taken.map_or(now, |taken| taken.first_at);
                        let taken = Some(Taken { first_at, delivery: true, seen: true });
                        batch.put_report(mid, parcel.report, &ReportRecord { taken, waits_at: None, ..stands })?;
                        batch.delete_outbox(mid, parcel.place);
                    }
                    None => batch.delete_outbox(mid, parcel.place),
                }
            }
            let _receipt = self.store.commit(batch).await?;
        }
        Ok(())
    }

    /// Keeps a refused report with the target's own words, out of the way of the others.
    async fn set_aside(&self, mid: Mid, parcels: Vec<Parcel>, problem: &str) -> Result<(), StoreError> {
        let _locked = self.recorder.lock(parcels.iter().map(|parcel| &parcel.report)).await;
        let mut batch = self.store.batch();
        for parcel in parcels {
            // Changed while it was on its way: the newer report may well be taken.
            let stands = self.store.reports().get(mid, parcel.report)?;
            if stands.is_some_and(|stands| stands.reports != parcel.record.reports) {
                continue;
            }
            tracing::warn!(tenant.mid = %mid, message.id = %parcel.record.message_id(),
                "SFMC refused a report's row; it is kept to be replayed");
            let attempts = parcel.entry.attempts.saturating_add(1);
            let entry = OutboxEntry { attempts, problem: Some(problem.to_owned()), ..parcel.entry };
            batch.refuse_outbox(mid, parcel.place, &entry)?;
        }
        let _receipt = self.store.commit(batch).await?;
        Ok(())
    }

    /// What the last attempt at an account's targets met; `None` when it went well.
    pub(crate) fn problem(&self, mid: Mid, account: &AccountId) -> Option<String> {
        let states = self.state();
        let of = |reports| states.get(&(mid, account.clone(), reports)).and_then(|state| state.problem.clone());
        of(ReportKind::Sms).or_else(|| of(ReportKind::Omni))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, HashMap<TargetKey, TargetState>> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The account that reports go by: a removed account's go where the unit's first account's go, better there than nowhere.
fn account_of<'a>(tenant: &'a Tenant, account: &AccountId) -> Option<&'a Account> {
    tenant.account(account).or(tenant.accounts.first())
}

/// The report as a row of the actual extension: its own column names, unknown columns left out, nulls not sent.
fn row(kind: ReportKind, record: &ReportRecord, columns: &[ActualColumn]) -> Option<Row> {
    let report = record.reports.delivery.clone()?;
    let source = DeliveryRow { report, seen_at: record.reports.seen.as_ref().map(|seen| seen.seen_at) };
    let ours = match kind {
        ReportKind::Sms => extension::SMS_DELIVERY_REPORTS.row(&source),
        _ => extension::OMNI_REPORTS.row(&source),
    };
    let row = ours
        .into_iter()
        .filter(|(name, cell)| {
            *cell != Cell::Null && columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
        })
        .collect();
    Some(row)
}
