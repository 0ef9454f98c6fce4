//! Stores what is said about messages, before anybody is told that it was heard.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard, Notify};

use crate::clock::{Clock, Timestamp};
use crate::domain::channel::{Channel, ReportFamily};
use crate::domain::delivery::LocalEnd;
use crate::domain::ids::{AccountId, MessageId, Mid};
use crate::domain::message::QueuedMessage;
use crate::domain::report::{DeliveryReport, ReportSubject};
use crate::store::Found;
use crate::store::{OutboxEntry, OutboxPlace, ReportRecord};
use crate::store::{OutboxTarget, ReportRef};
use crate::store::{Store, StoreBatch, StoreError};

/// Reports of different messages are combined side by side; those of one message one after the other.
const STRIPES: usize = 256;
/// Reports written in one commit; each takes at most three writes.
const REPORTS_PER_COMMIT: usize = 40;

/// See the module's documentation.
pub(crate) struct Recorder {
    store: Store,
    clock: Arc<dyn Clock>,
    stripes: Vec<Mutex<()>>,
    /// Told when the outbox has something new.
    pub(crate) arrived: Notify,
}

/// While it lives, nobody else changes the reports that it was taken for.
pub(crate) struct ReportsLocked<'a> {
    _guards: Vec<MutexGuard<'a, ()>>,
}

impl Recorder {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        let stripes = (0..STRIPES).map(|_| Mutex::default()).collect();
        Self { store, clock, stripes, arrived: Notify::new() }
    }

    /// Stores delivery reports of one webhook call; returns once they are durable. Repeats, reordering and reports
    /// of messages that we don't know are all taken (spec R1).
    pub(crate) async fn record(
        &self,
        mid: Mid,
        account: &AccountId,
        channel: Channel,
        reports: Vec<DeliveryReport>,
    ) -> Result<(), StoreError> {
        let mut reports = reports.into_iter().peekable();
        while reports.peek().is_some() {
            let some: Vec<_> = reports.by_ref().take(REPORTS_PER_COMMIT).collect();
            let mut refs = Vec::with_capacity(some.len());
            for report in &some {
                refs.push(self.place(mid, &report.message_id)?);
            }
            let _locked = self.lock(refs.iter()).await;
            let mut batch = self.store.batch();
            // Reports of one message within one call are combined among themselves first: the store has not seen them.
            let mut merged: Vec<(ReportRef, DeliveryReport)> = Vec::with_capacity(some.len());
            for (report_ref, report) in refs.into_iter().zip(some) {
                match merged.iter_mut().find(|(known, _)| *known == report_ref) {
                    Some((_, known)) => *known = known.clone().combine(report),
                    None => merged.push((report_ref, report)),
                }
            }
            for (report_ref, mut report) in merged {
                let account = self.complete(mid, account, channel, &mut report)?;
                self.add(&mut batch, mid, &account, report_ref, report)?;
            }
            let _receipt = self.store.commit(batch).await?;
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Where the report of a message id belongs.
    fn place(&self, mid: Mid, message_id: &str) -> Result<ReportRef, StoreError> {
        if let Ok(id) = message_id.parse::<MessageId>()
            && self.store.messages().find(mid, id)?.is_some()
        {
            return Ok(ReportRef::of(id.queue, id.sequence));
        }
        self.store.reports().stray(mid, message_id)
    }

    /// Fills a report from its message; tells whose account's tracking it goes by: the message's own, else the one
    /// whose webhook brought it.
    fn complete(
        &self,
        mid: Mid,
        account: &AccountId,
        channel: Channel,
        report: &mut DeliveryReport,
    ) -> Result<AccountId, StoreError> {
        let found = match report.message_id.parse::<MessageId>() {
            Ok(id) => self.store.messages().find(mid, id)?,
            Err(_) => None,
        };
        let message = match found {
            Some(Found::Waiting(message)) => message,
            Some(Found::Sent(sent)) => sent.message,
            None => {
                channel.capability().reported_as.clone_into(&mut report.channel);
                return Ok(account.clone());
            }
        };
        let id = message.id.to_string();
        report.complete(subject(&message, &id));
        Ok(message.message.account)
    }

    /// Takes the locks for reports that [`Recorder::add_local`] will change.
    pub(crate) async fn lock(&self, refs: impl Iterator<Item = &ReportRef>) -> ReportsLocked<'_> {
        let mut wanted: Vec<usize> = refs.map(stripe).collect();
        // Always in the same order, so that two callers never wait for each other.
        wanted.sort_unstable();
        wanted.dedup();
        let mut guards = Vec::with_capacity(wanted.len());
        for index in wanted {
            if let Some(stripe) = self.stripes.get(index) {
                guards.push(stripe.lock().await);
            }
        }
        ReportsLocked { _guards: guards }
    }

    /// Adds the report of a message that ended here to the batch that ends it (spec Q5). The caller holds the lock and
    /// tells [`Recorder::arrived`] after the commit.
    pub(crate) fn add_local(
        &self,
        batch: &mut StoreBatch,
        _locked: &ReportsLocked<'_>,
        mid: Mid,
        message: &QueuedMessage,
        end: &LocalEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = message.id.to_string();
        let report = DeliveryReport::local(end, subject(message, &id), now);
        let report_ref = ReportRef::of(message.id.queue, message.id.sequence);
        self.add(batch, mid, &message.message.account, report_ref, report)
    }

    fn add(
        &self,
        batch: &mut StoreBatch,
        mid: Mid,
        account: &AccountId,
        report_ref: ReportRef,
        report: DeliveryReport,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let known = self.store.reports().get(mid, report_ref)?;
        // An outbox entry that still waits will carry whatever report stands by then.
        let mut waits = false;
        let stands = match known {
            None => report,
            Some(known) => {
                waits = known.report.is_final && known.forwarded_at.is_none();
                let stands = known.report.clone().combine(report);
                if stands == known.report {
                    return Ok(());
                }
                stands
            }
        };
        // A pending report makes no row (spec R1).
        if stands.is_final && !waits {
            let place = OutboxPlace { target: lane(&stands), stored_at: now, report: report_ref };
            batch.put_outbox(mid, place, &OutboxEntry { account: account.clone(), attempts: 0, problem: None })?;
        }
        batch.put_report(mid, report_ref, &ReportRecord { report: stands, stored_at: now, forwarded_at: None })
    }
}

/// The forwarder's lane for a report, by its channel's family. A channel that is not known any more goes with SMS.
fn lane(report: &DeliveryReport) -> OutboxTarget {
    match Channel::family_of(&report.channel) {
        Some(ReportFamily::Sms) | None => OutboxTarget::SMS_REPORTS,
        Some(ReportFamily::Omni | ReportFamily::AsAccountSays) => OutboxTarget::OMNI_REPORTS,
    }
}

fn stripe(report: &ReportRef) -> usize {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    report.hash(&mut hasher);
    usize::try_from(hasher.finish() % STRIPES as u64).unwrap_or(0)
}

fn subject<'a>(message: &'a QueuedMessage, id: &'a str) -> ReportSubject<'a> {
    ReportSubject {
        message_id: id,
        bulk_id: &message.message.options.bulk_id,
        channel: message.message.channel,
        to: message.message.recipient.expose(),
        sender: message.message.content.sender(),
        callback_data: &message.message.callback_data,
        accepted_at: message.accepted_at,
        last_attempt_at: message.progress.last_attempt_at,
    }
}
