//! What the control socket's commands do, with and without a running server.

mod account;
mod erase;
mod inbound;
mod peers;
mod refusals;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Outside, Parts};
use crate::config::MasterKey;
use crate::control::{
    ActivityKind, ActivityRequest, CatchUpOutcome, Check, CheckOutcome, CheckReport, ControlAnswer, ControlHandler,
    ControlRequest, EndedMessage, ErrorCode, QueueSummary,
};
use crate::dispatch::book::account_key;
use crate::domain::check::{self, CheckLine, CheckResult};
use crate::domain::delivery::LocalEnd;
use crate::domain::extension::{
    INBOUND_MESSAGES, OMNI_REPORTS, SAMPLE_AUDIENCE, SMS_DELIVERY_REPORTS, SMS_URL_TRACKING, UNIFIED_URL_TRACKING,
    VIBER_URL_TRACKING,
};
use crate::domain::ids::Mid;
use crate::domain::message::names;
use crate::domain::report;
use crate::domain::tenant::{ReportKind, ReportTarget, Tenant};
use crate::intake::check_works;
use crate::onboarding::{self, TenantSummary, TenantView};
use crate::pages::configuration::{CONFIGURATION_PARAMETER, CONTRACT};
use crate::reporting::RowSinkError;
use crate::sfmc::activity::{ActivitySettings, Kind, saved_activity};
use crate::sfmc::data_extension::Provisioned;
use crate::store::{self, OutboxTarget, QueueMark, StoreError};

/// In-arguments without which no contact can be sent to on one channel or another, and what stands for any value of
/// theirs.
const REQUIRED: [&str; 9] = [
    names::CHANNEL,
    "phone1",
    names::SENDER,
    names::TEXT,
    names::TITLE,
    names::RESELLER_CODE,
    names::TEMPLATE_NAME,
    names::TEMPLATE_LANGUAGE,
    names::SCENARIO_KEY,
];
const ANY_VALUE: &str = "{{…}}";
/// Entries of an outbox that are counted; beyond, "at least".
const COUNTED_MAX: usize = 10_000;
/// Dead letters of one queue that are listed.
const LISTED_MAX: usize = 1_000;

/// See the module's documentation.
pub(super) struct Commands {
    parts: Arc<Parts>,
    /// Of a running server.
    outside: Option<Outside>,
}

/// Why a command was not carried out.
enum Refusal {
    NotFound(Mid),
    Exists(Mid),
    Refused(String),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for ControlAnswer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(mid) => {
                Self::error(ErrorCode::NotFound, format!("there is no business unit with MID {mid}"))
            }
            Refusal::Exists(mid) => Self::error(
                ErrorCode::Exists,
                format!("the business unit with MID {mid} is there already: use --replace to change it"),
            ),
            Refusal::Refused(sentence) => Self::error(ErrorCode::Refused, sentence),
            Refusal::Store(error) => Self::error(ErrorCode::Failed, error.to_string()),
        }
    }
}

impl ControlHandler for Commands {
    fn handle(&self, request: ControlRequest) -> BoxFuture<'_, ControlAnswer> {
        Box::pin(async move { self.carry_out(request).await.unwrap_or_else(ControlAnswer::from) })
    }
}

impl Commands {
    pub(super) fn new(parts: Arc<Parts>, outside: Option<Outside>) -> Self {
        Self { parts, outside }
    }

    async fn carry_out(&self, request: ControlRequest) -> Result<ControlAnswer, Refusal> {
        let tenants = &self.parts.tenants;
        let known = |mid: Mid| tenants.get(mid).ok_or(Refusal::NotFound(mid));
        Ok(match request {
            ControlRequest::TenantAdd { tenant, replace } => self.add(*tenant, replace).await?,
            ControlRequest::TenantList => {
                let list: Vec<_> = tenants.all().iter().map(|tenant| TenantSummary::from(&**tenant)).collect();
                ControlAnswer::ok(&list)
            }
            ControlRequest::TenantShow { mid } => ControlAnswer::ok(&TenantView::from(&*known(mid)?)),
            ControlRequest::TenantCheck { mid } => self.check(&*known(mid)?).await?,
            ControlRequest::TenantProvision { mid } => self.provision(&*known(mid)?).await,
            ControlRequest::TenantRemove { mid } => {
                known(mid)?;
                tenants.remove(mid);
                self.parts.templates.forget(mid);
                self.parts.senders.forget(mid);
                self.parts.book.forget(mid);
                self.parts.store.remove_tenant(mid).await?;
                self.parts.forwarder.forget(mid);
                tracing::info!(tenant.mid = %mid, "A business unit was removed, and its key destroyed");
                ControlAnswer::Ok(json!({ "removed": mid.get() }))
            }
            ControlRequest::QueueList => ControlAnswer::ok(&self.queues().await),
            ControlRequest::QueueEnded { mid } => {
                known(mid)?;
                ControlAnswer::ok(&self.ended(mid)?)
            }
            ControlRequest::QueueRelease { mid, queue } => {
                known(mid)?;
                self.release(mid, queue).await?
            }
            ControlRequest::ReportRefused { mid } => {
                known(mid)?;
                ControlAnswer::ok(&self.refused(mid)?)
            }
            ControlRequest::ReportReplay { mid } => {
                known(mid)?;
                ControlAnswer::Ok(json!(self.replay(mid).await?))
            }
            ControlRequest::InboundAddress { of } => {
                let tenant = known(of.mid)?;
                self.inbound_address(account::named(&tenant, of.account.as_ref())?)?
            }
            ControlRequest::InboundUnassigned => self.unassigned()?,
            ControlRequest::InboundAssign { to, destination } => {
                let tenant = known(to.mid)?;
                let account = account::named(&tenant, to.account.as_ref())?;
                self.assign(&tenant, account, &destination).await?
            }
            ControlRequest::ReportCatchUp { mid } => {
                let caught_up = self.parts.catch_up.now(&*known(mid)?).await?;
                ControlAnswer::ok(&CatchUpOutcome {
                    asked: caught_up.asked,
                    found: caught_up.found,
                    without_log: caught_up.without_log,
                    stopped_short: caught_up.stopped_short,
                    problem: caught_up.problem.unwrap_or_default(),
                })
            }
            ControlRequest::Erase { mid, person } => self.erase(&*known(mid)?, &person).await?,
            ControlRequest::ErasureList { mid } => {
                known(mid)?;
                self.erasures(mid, None)?
            }
            ControlRequest::ErasureCheck { mid, person } => self.erasures_of(&*known(mid)?, &person)?,
            ControlRequest::KeyRotate { new } => {
                let new = MasterKey::from_text(new.expose()).map_err(Refusal::Refused)?;
                let new = store::MasterKey::from_bytes(*new.expose());
                let keys = self.parts.store.rotate_master_key(&new).await?;
                tracing::info!("The master key was changed; the next start needs the new one");
                ControlAnswer::Ok(json!({ "keys": keys }))
            }
            ControlRequest::Account { of, request } => {
                let tenant = known(of.mid)?;
                let account = account::named(&tenant, of.account.as_ref())?;
                self.ask_account(of.mid, account, request).await?
            }
            ControlRequest::ActivityNew(request) => self.new_activity(request).await?,
            ControlRequest::Peers => self.peers(),
            ControlRequest::Status => ControlAnswer::Ok(self.status()?),
        })
    }

    async fn add(&self, tenant: Tenant, replace: bool) -> Result<ControlAnswer, Refusal> {
        let mid = tenant.mid;
        let tenant = match self.parts.tenants.get(mid) {
            Some(_) if !replace => return Err(Refusal::Exists(mid)),
            Some(existing) => onboarding::replacing(&existing, tenant),
            None => tenant,
        };
        let _receipt = self.parts.store.create_tenant(&tenant).await?;
        let summary = TenantSummary::from(&tenant);
        self.parts.tenants.put(tenant);
        self.parts.templates.forget(mid);
        self.parts.senders.forget(mid);
        // Whoever changes it may have repaired what its reports wait for.
        self.parts.forwarder.forget(mid);
        tracing::info!(tenant.mid = %mid, "A business unit was connected or changed");
        Ok(ControlAnswer::ok(&summary))
    }

    /// Asks both platforms; an account whose own lines all pass may send again (spec Q4).
    async fn check(&self, tenant: &Tenant) -> Result<ControlAnswer, Refusal> {
        let mut checks: Vec<Check> = self.parts.sfmc.check(tenant).await.into_iter().map(Check::from).collect();
        for account in &tenant.accounts {
            let mut queued = Vec::new();
            for queue in self.parts.book.of_tenant(tenant.mid) {
                let record = queue.record.lock().await;
                queued.extend(Some(record.channel).filter(|_| record.account == account.id));
            }
            let used = account::used(account, queued.into_iter());
            let lines = self.parts.accounts.check(account, used).await;
            if check::passed(&lines) {
                self.parts.dispatch.release(tenant.mid, &account.id).await?;
            }
            checks.extend(lines.into_iter().map(|line| {
                let check = Check::from(line);
                Check { name: format!("Infobip account {}: {}", account.id, check.name), ..check }
            }));
        }
        Ok(ControlAnswer::ok(&CheckReport { checks }))
    }

    /// Creates the package's extensions that are missing: the sample audience, and the reports' where an account reports
    /// to it (spec T4). An extension of the customer's own is theirs to create.
    async fn provision(&self, tenant: &Tenant) -> ControlAnswer {
        let mut wanted = std::collections::BTreeSet::new();
        for account in &tenant.accounts {
            for kind in ReportKind::ALL {
                if let ReportTarget::Extension(key) = account.report_target(kind) {
                    wanted.insert((kind, key));
                }
            }
        }
        let mut checks = Vec::new();
        for (kind, key) in wanted {
            let sfmc = &self.parts.sfmc;
            let outcome = match (kind, key) {
                (_, key) if key == SMS_DELIVERY_REPORTS.external_key => {
                    sfmc.provision(tenant, &SMS_DELIVERY_REPORTS).await
                }
                (_, key) if key == OMNI_REPORTS.external_key => sfmc.provision(tenant, &OMNI_REPORTS).await,
                (ReportKind::Clicks, key) if key == UNIFIED_URL_TRACKING.external_key => {
                    sfmc.provision(tenant, &UNIFIED_URL_TRACKING).await
                }
                (ReportKind::Clicks, key) if key == SMS_URL_TRACKING.external_key => {
                    sfmc.provision(tenant, &SMS_URL_TRACKING).await
                }
                (ReportKind::Clicks, key) if key == VIBER_URL_TRACKING.external_key => {
                    sfmc.provision(tenant, &VIBER_URL_TRACKING).await
                }
                (ReportKind::Inbound, key) if key == INBOUND_MESSAGES.external_key => {
                    sfmc.provision(tenant, &INBOUND_MESSAGES).await
                }
                (_, key) => {
                    let detail = "is an extension of your own: only the package's are created".to_owned();
                    checks.push(Check {
                        name: format!("Data extension {key}"),
                        outcome: CheckOutcome::Unknown,
                        detail,
                    });
                    continue;
                }
            };
            checks.push(provisioned(key, outcome));
        }
        let sample = self.parts.sfmc.provision(tenant, &SAMPLE_AUDIENCE).await;
        checks.push(provisioned(SAMPLE_AUDIENCE.external_key, sample));
        ControlAnswer::ok(&CheckReport { checks })
    }

    /// The activity as the configuration page stores it in a journey, with a configuration id of its own.
    async fn new_activity(&self, request: ActivityRequest) -> Result<ControlAnswer, Refusal> {
        let tenant = self.parts.tenants.get(request.mid).ok_or(Refusal::NotFound(request.mid))?;
        let own = [names::CONTRACT, names::MID, names::CONFIGURATION_ID];
        if let Some(name) = own.iter().find(|name| request.arguments.contains_key(**name)) {
            return Err(Refusal::Refused(format!("{name} can't be set: Waypost fills it in")));
        }
        let kept = match request.kind {
            ActivityKind::Messaging => request.arguments.clone().into_iter().collect::<Vec<_>>(),
            ActivityKind::Reports => Vec::new(),
        };
        // What is set must be right; what is still missing is validate's to say.
        let missing = REQUIRED.iter().filter(|name| !request.arguments.contains_key(**name));
        let whole: Vec<_> =
            missing.map(|name| ((*name).to_owned(), ANY_VALUE.to_owned())).chain(kept.clone()).collect();
        if request.kind == ActivityKind::Messaging {
            check_works(&tenant, &whole, &self.parts.templates)
                .map_err(|refusal| Refusal::Refused(refusal.to_string()))?;
        }
        let configuration = self.parts.lifecycle.new_configuration(tenant.mid, kept).await?;
        let mut arguments = vec![
            (names::CONTRACT.to_owned(), CONTRACT.to_owned()),
            (names::MID.to_owned(), tenant.mid.to_string()),
            (names::CONFIGURATION_ID.to_owned(), configuration.clone()),
        ];
        let defaults = [
            (names::CONTACT_KEY, "{{Contact.Key}}"),
            (names::IS_TEST, "{{Context.IsTest}}"),
            (names::VERSION_NUMBER, "{{Context.VersionNumber}}"),
        ];
        for (name, expression) in defaults {
            if !request.arguments.contains_key(name) {
                arguments.push((name.to_owned(), expression.to_owned()));
            }
        }
        arguments.extend(request.arguments);
        let kind = match request.kind {
            ActivityKind::Messaging => Kind::Messaging,
            ActivityKind::Reports => Kind::Reports,
        };
        let settings = ActivitySettings {
            customer_key: tenant.verification.salt.as_ref().map(|salt| salt.customer_key.clone()),
            ..self.parts.activity_settings.clone()
        };
        let query = format!("{}={configuration}", CONFIGURATION_PARAMETER);
        Ok(ControlAnswer::Ok(saved_activity(kind, &settings, &request.key, arguments, &query)))
    }

    async fn queues(&self) -> Vec<QueueSummary> {
        let mut summaries = Vec::new();
        for tenant in self.parts.tenants.all() {
            for queue in self.parts.book.of_tenant(tenant.mid) {
                let record = queue.record.lock().await.clone();
                summaries.push(QueueSummary {
                    mid: tenant.mid.get(),
                    queue: queue.id.0,
                    activity_id: record.activity_id.to_string(),
                    journey_id: record.journey_id.map(|id| id.to_string()),
                    channel: record.channel.name().to_owned(),
                    account: record.account.to_string(),
                    mark: format!("{:?}", record.mark).to_ascii_lowercase(),
                    queued: queue.queued(record.done),
                    speed_limit: record.policy.speed_limit.map(|limit| limit.to_string()),
                });
            }
        }
        summaries.sort_by_key(|summary| (summary.mid, summary.queue));
        summaries
    }

    async fn release(&self, mid: Mid, queue: Option<u32>) -> Result<ControlAnswer, Refusal> {
        let mut released = Vec::new();
        for handle in self.parts.book.of_tenant(mid) {
            let stopped =
                matches!(handle.record.lock().await.mark, QueueMark::Paused | QueueMark::Held | QueueMark::Moved);
            if stopped && queue.is_none_or(|queue| queue == handle.id.0) {
                self.parts.dispatch.release_queue(&handle).await?;
                tracing::info!(tenant.mid = %mid, queue.id = %handle.id, "An operator released a queue");
                released.push(handle.id.0);
            }
        }
        match queue {
            Some(queue) if released.is_empty() => {
                Err(Refusal::Refused(format!("queue {queue} of {mid} is not there, or is not stopped")))
            }
            _ => Ok(ControlAnswer::ok(&released)),
        }
    }

    /// The dead letters, each with its history as far as it is kept.
    fn ended(&self, mid: Mid) -> Result<Vec<EndedMessage>, StoreError> {
        let messages = self.parts.store.messages();
        let mut list = Vec::new();
        for queue in self.parts.book.of_tenant(mid) {
            for (sequence, letter) in messages.dead_letters(mid, queue.id, 0, LISTED_MAX)? {
                let Some(sent) = messages.sent(mid, queue.id, sequence)? else { continue };
                let progress = sent.message.progress;
                let problem = match &letter.end {
                    LocalEnd::RequestRefused { problem } => problem.clone(),
                    _ => progress.last_problem.unwrap_or_default(),
                };
                list.push(EndedMessage {
                    message_id: sent.message.id.to_string(),
                    queue: queue.id.0,
                    at: letter.at.to_iso(),
                    status_name: report::local_status(&letter.end).name,
                    attempts: progress.attempts,
                    problem,
                });
            }
        }
        list.sort_by(|a, b| (&a.at, &a.message_id).cmp(&(&b.at, &b.message_id)));
        Ok(list)
    }

    /// Figures for `waypost status`.
    fn status(&self) -> Result<Value, Refusal> {
        let Parts { store, tenants, book, dispatch, forwarder, .. } = &*self.parts;
        let mut units = Vec::new();
        for tenant in tenants.all() {
            let mut queued = 0;
            for queue in book.of_tenant(tenant.mid) {
                // A record that is just being committed is a moment old when it is read from the store.
                let done = match queue.record.try_lock() {
                    Ok(record) => record.done,
                    Err(_) => store.queues().get(tenant.mid, queue.id)?.map_or(0, |record| record.done),
                };
                queued += queue.queued(done);
            }
            let mut waiting = 0;
            for lane in OutboxTarget::ALL {
                waiting += store.reports().outbox(tenant.mid, lane, None, COUNTED_MAX)?.len();
            }
            let refused = self.refused_counts(tenant.mid)?;
            let mut held = Vec::new();
            for (account, state) in store.accounts().held(tenant.mid)? {
                // It is stored a moment before its queues stop; only both together mean that nothing goes out.
                let stands = book.pacer().held(&account_key(tenant.mid, &account)).is_some();
                if state.released_at.is_none() && stands {
                    held.push(json!({ "account": account.as_str(), "since": state.since.to_iso(),
                        "problem": state.problem, "what to do": state.held.sentence() }));
                }
            }
            let accounts = tenant.accounts.iter();
            let problems: Vec<_> = accounts.filter_map(|account| forwarder.problem(tenant.mid, &account.id)).collect();
            units.push(json!({
                "mid": tenant.mid.get(), "name": tenant.name, "queued": queued, "reports_waiting": waiting,
                "reports_refused": refused.reports, "events_refused": refused.events, "held_accounts": held, "report_problems": problems,
            }));
        }
        let (commits, groups) = store.commit_counts();
        Ok(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "store": { "open": store.is_open(), "commits": commits, "synced_groups": groups, "quarantined": store.quarantined() },
            "maybe_sent": dispatch.unresolved(),
            "callers_refused": self.callers_refused(),
            "webhook_entries_left_out": self.left_out(),
            "reports_in_memory_most": forwarder.held_most(),
            "business_units": units,
        }))
    }
}

fn provisioned(key: &str, result: Result<Provisioned, RowSinkError>) -> Check {
    let (outcome, detail) = match result {
        Ok(Provisioned::Created) => (CheckOutcome::Ok, "created".to_owned()),
        Ok(Provisioned::Unchanged) => (CheckOutcome::Ok, "is there, as it should be".to_owned()),
        Ok(Provisioned::Differs(differences)) => {
            let list: Vec<_> = differences.iter().map(|d| format!("{}: {}", d.column, d.what)).collect();
            (CheckOutcome::Unknown, format!("is there, and differs; nothing was changed: {}", list.join("; ")))
        }
        Err(error) => (CheckOutcome::Failed, error.to_string()),
    };
    Check { name: format!("Data extension {key}"), outcome, detail }
}

impl From<CheckLine> for Check {
    fn from(line: CheckLine) -> Self {
        let outcome = match line.result {
            CheckResult::Ok => CheckOutcome::Ok,
            CheckResult::Missing | CheckResult::Failed => CheckOutcome::Failed,
            CheckResult::NotTested => CheckOutcome::Unknown,
            CheckResult::NotNeeded => CheckOutcome::NotNeeded,
        };
        Self { name: line.what, outcome, detail: line.detail }
    }
}
