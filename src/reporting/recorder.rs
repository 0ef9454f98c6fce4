//! Stores what is said about messages, before anybody is told that it was heard.

mod inbound;

pub(crate) use inbound::ReplyTo;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, Notify, Semaphore};

use super::tallies::{Tallies, Tally};
use crate::clock::{Clock, Timestamp};
use crate::domain::channel::{Channel, ReportFamily};
use crate::domain::click::HeardClick;
use crate::domain::delivery::LocalEnd;
use crate::domain::ids::{AccountId, MessageId, Mid, QueueId};
use crate::domain::message::QueuedMessage;
use crate::domain::report::{Arrived, DeliveryReport, MessageReports, ReportSubject};
use crate::store::{
    ClickRecord, Found, OutboxEntry, OutboxPlace, OutboxSubject, OutboxTarget, ReportRecord, ReportRef, Silence,
};
use crate::store::{Store, StoreBatch, StoreError};

/// Reports of different messages are combined side by side; those of one message one after the other.
const STRIPES: usize = 256;
/// Reports written in one commit; each takes at most four writes.
const REPORTS_PER_COMMIT: usize = 40;
/// How long a seen report waits for its delivery report (spec R1).
pub(super) const SEEN_WAITS: Duration = Duration::from_secs(15 * 60);

/// Searches for the message that a reply's callback data names, at a time.
const SEARCHES_MAX: usize = 2;
/// Without a webhook for so long an account is silent: one that has little to tell, or none that gets here. Whatever is
/// kept away for less is repeated by Infobip soon enough (infobip.md 9.8).
pub(super) const QUIET_AFTER: Duration = Duration::from_hours(1);
/// How long a silence is remembered: the provider's log reaches no further back.
const SILENCE_MATTERS: Duration = Duration::from_hours(48);
/// When an account was last heard is written this often.
const HEARD_NOTED_EVERY: Duration = Duration::from_secs(60);

/// Where reports come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Webhook,
    Log,
}

/// See the module's documentation.
pub(crate) struct Recorder {
    store: Store,
    clock: Arc<dyn Clock>,
    stripes: Vec<Mutex<()>>,
    searches: Semaphore,
    /// When each account's webhooks were last written down as heard.
    heard: std::sync::Mutex<HashMap<(Mid, AccountId), Timestamp>>,
    tallies: Tallies,
    /// Told when the outbox has something new.
    pub(crate) arrived: Notify,
}

/// While it lives, nobody else changes the reports that it was taken for.
pub(crate) struct ReportsLocked<'a> {
    _guards: Vec<MutexGuard<'a, ()>>,
}

/// What a webhook says, with what is known of its message.
struct Known {
    message: Option<QueuedMessage>,
    report_ref: ReportRef,
}

impl Recorder {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        let stripes = (0..STRIPES).map(|_| Mutex::default()).collect();
        let searches = Semaphore::new(SEARCHES_MAX);
        let (heard, tallies) = (std::sync::Mutex::default(), Tallies::default());
        Self { store, clock, stripes, searches, heard, tallies, arrived: Notify::new() }
    }

    /// Stores delivery and seen reports of one webhook call; returns once they are durable. Repeats, reordering and
    /// reports of messages that we don't know are all taken (spec R1).
    pub(crate) async fn record(
        &self,
        mid: Mid,
        account: &AccountId,
        channel: Channel,
        arrived: Vec<Arrived>,
    ) -> Result<(), StoreError> {
        self.store_reports(mid, account, channel, arrived, Source::Webhook).await
    }

    /// The same for delivery reports that were asked for because no webhook had brought them.
    pub(crate) async fn record_looked_up(
        &self,
        mid: Mid,
        account: &AccountId,
        channel: Channel,
        reports: Vec<DeliveryReport>,
    ) -> Result<(), StoreError> {
        let arrived = reports.into_iter().map(Arrived::from).collect();
        self.store_reports(mid, account, channel, arrived, Source::Log).await
    }

    async fn store_reports(
        &self,
        mid: Mid,
        account: &AccountId,
        channel: Channel,
        arrived: Vec<Arrived>,
        source: Source,
    ) -> Result<(), StoreError> {
        let mut arrived = arrived.into_iter().peekable();
        while arrived.peek().is_some() {
            let some: Vec<_> = arrived.by_ref().take(REPORTS_PER_COMMIT).collect();
            let mut known = Vec::with_capacity(some.len());
            for entry in &some {
                known.push(self.known(mid, entry.message_id())?);
            }
            let _locked = self.lock(known.iter().map(|known| &known.report_ref)).await;
            // Reports of one message within one call are combined among themselves first: the store has not seen them.
            let mut merged: Vec<(Known, MessageReports)> = Vec::with_capacity(some.len());
            for (known, entry) in known.into_iter().zip(some) {
                match merged.iter_mut().find(|(other, _)| other.report_ref == known.report_ref) {
                    Some((_, reports)) => *reports = std::mem::take(reports).combine(entry.reports()),
                    None => merged.push((known, entry.reports())),
                }
            }
            let mut batch = self.store.batch();
            if source == Source::Webhook {
                self.note_heard(&mut batch, mid, account)?;
            }
            let mut result = Ok(());
            let refs: Vec<ReportRef> = merged.iter().map(|(known, _)| known.report_ref).collect();
            for (known, mut reports) in merged {
                let (account, channel) = complete(&known, account, channel, &mut reports);
                result = result.and_then(|()| self.add(&mut batch, mid, account, channel, known.report_ref, reports));
            }
            let result = match result {
                Ok(()) => self.store.commit(batch).await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                // What was counted of them is not stored.
                self.forget_tallies(mid, &refs);
                return Err(error);
            }
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// What became of a queue's messages, as far as reports say. The first question of an hour goes through all of them.
    pub(crate) async fn tally(&self, mid: Mid, queue: QueueId) -> Result<Tally, StoreError> {
        let settle = async {
            for stripe in &self.stripes {
                drop(stripe.lock().await);
            }
        };
        self.tallies.of(&self.store, mid, queue, self.clock.now(), settle).await
    }

    /// Reports were removed.
    pub(crate) fn forget_tallies(&self, mid: Mid, reports: &[ReportRef]) {
        for report in reports {
            if let ReportRef::Known(queue, _) = *report {
                self.tallies.forget(mid, queue);
            }
        }
    }

    /// Stores clicks of one webhook call; returns once they are durable. A click that is known already changes nothing.
    pub(crate) async fn record_clicks(
        &self,
        mid: Mid,
        account: &AccountId,
        channel: Channel,
        clicks: Vec<HeardClick>,
    ) -> Result<(), StoreError> {
        let mut clicks = clicks.into_iter().peekable();
        while clicks.peek().is_some() {
            let some: Vec<_> = clicks.by_ref().take(REPORTS_PER_COMMIT).collect();
            let mut known = Vec::with_capacity(some.len());
            for heard in &some {
                known.push(self.known(mid, &heard.click.message_id)?);
            }
            // Without it, two calls with one click would both find it new, and forward it twice.
            let _locked = self.lock(known.iter().map(|known| &known.report_ref)).await;
            let now = self.clock.now();
            let mut batch = self.store.batch();
            let mut new = HashSet::new();
            for (Known { message, report_ref }, heard) in known.into_iter().zip(some) {
                let hash = self.store.reports().click_hash(mid, &heard)?;
                let mut click = heard.click;
                if !new.insert((report_ref, hash)) || self.store.reports().click(mid, report_ref, hash)?.is_some() {
                    continue;
                }
                let reported_as = message.as_ref().map_or(channel, |message| message.message.channel);
                reported_as.capability().reported_as.clone_into(&mut click.channel);
                let mut account = account.clone();
                if let Some(message) = message.map(|message| message.message) {
                    click.recipient.get_or_insert_with(|| message.recipient.expose().to_owned());
                    click.callback_data.get_or_insert(message.callback_data);
                    click.bulk_id.get_or_insert(message.options.bulk_id);
                    account = message.account;
                }
                let subject = OutboxSubject::Click(report_ref, hash);
                let place = OutboxPlace { target: OutboxTarget::CLICKS, due_at: now, subject };
                batch.put_outbox(mid, place, &entry(&account))?;
                let record = ClickRecord { click, account, stored_at: now, taken_at: None };
                batch.put_click(mid, report_ref, hash, &record)?;
            }
            let _receipt = self.store.commit(batch).await?;
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Notes that a report of the account came, at most once a minute, and the silence before it when it was long. Clicks
    /// and replies come by ways of their own and say nothing about that of the reports.
    fn note_heard(&self, batch: &mut StoreBatch, mid: Mid, account: &AccountId) -> Result<(), StoreError> {
        let now = self.clock.now();
        {
            let mut heard = self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let noted = heard.entry((mid, account.clone())).or_default();
            // A clock that was set back must not silence it.
            if now >= *noted && now.since(*noted) < HEARD_NOTED_EVERY {
                return Ok(());
            }
            *noted = now;
        }
        let from = self.store.heard().last(mid, account)?.unwrap_or_default();
        if now.since(from) >= QUIET_AFTER {
            let mut silences = self.store.heard().silences(mid, account)?;
            silences.retain(|silence| now.since(silence.to) < SILENCE_MATTERS);
            silences.push(Silence { from, to: now });
            batch.put_silences(mid, account, &silences);
        }
        batch.put_heard(mid, account, now);
        Ok(())
    }

    /// The message that a webhook's message id names, and where its reports are.
    fn known(&self, mid: Mid, message_id: &str) -> Result<Known, StoreError> {
        if let Ok(id) = message_id.parse::<MessageId>() {
            let report_ref = ReportRef::of(id.queue, id.sequence);
            if let Some(found) = self.store.messages().find(mid, id)? {
                let message = match found {
                    Found::Waiting(message) => message,
                    Found::Sent(sent) => sent.message,
                };
                return Ok(Known { message: Some(message), report_ref });
            }
            // A message goes by its own retention time, its reports by theirs: what comes late joins those that are kept.
            let kept = self.store.reports().get(mid, report_ref)?;
            if kept.is_some_and(|record| record.message_id() == message_id) {
                return Ok(Known { message: None, report_ref });
            }
        }
        Ok(Known { message: None, report_ref: self.store.reports().stray(mid, message_id)? })
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
        let reports = MessageReports { delivery: Some(report), seen: None };
        self.add(batch, mid, &message.message.account, message.message.channel, report_ref, reports)
    }

    /// Adds what was heard of one message to a batch, and the outbox entry that it needs.
    fn add(
        &self,
        batch: &mut StoreBatch,
        mid: Mid,
        account: &AccountId,
        channel: Channel,
        report_ref: ReportRef,
        heard: MessageReports,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let known = self.store.reports().get(mid, report_ref)?;
        let was = known.as_ref().map(|known| known.reports.standing()).unwrap_or_default();
        let mut record = match known {
            None => ReportRecord {
                reports: heard,
                channel: channel.capability().reported_as.to_owned(),
                stored_at: now,
                waits_at: None,
                taken: None,
            },
            Some(known) => {
                let stands = known.reports.clone().combine(heard);
                if stands == known.reports {
                    return Ok(());
                }
                let taken = known.taken.map(|mut taken| {
                    taken.delivery &= stands.delivery == known.reports.delivery;
                    taken.seen &= stands.seen == known.reports.seen;
                    taken
                });
                ReportRecord { reports: stands, stored_at: now, taken, ..known }
            }
        };
        if let Some(due_at) = due(&record, now) {
            let subject = OutboxSubject::Report(report_ref);
            let place = |(target, due_at)| OutboxPlace { target: OutboxTarget(target), due_at, subject };
            let waits_at = (lane(&record.channel).0, due_at);
            // An entry that waits already carries whatever stands by then, unless it may go earlier now.
            if record.waits_at.is_none_or(|(_, waits_until)| due_at < waits_until) {
                if let Some(earlier) = record.waits_at {
                    batch.delete_outbox(mid, place(earlier));
                }
                batch.put_outbox(mid, place(waits_at), &entry(account))?;
                record.waits_at = Some(waits_at);
            }
        }
        batch.put_report(mid, report_ref, &record)?;
        if let ReportRef::Known(queue, sequence) = report_ref {
            self.tallies.changed(mid, queue, sequence, was, record.reports.standing());
        }
        Ok(())
    }
}

/// When the reports of a message may go to their target; `None` when there is nothing to tell it. A seen report waits for
/// its delivery report. A pending delivery report makes no row, but has its say in one that a seen report has made (spec
/// R1).
fn due(record: &ReportRecord, now: Timestamp) -> Option<Timestamp> {
    let taken = record.taken.unwrap_or(crate::store::Taken { first_at: now, delivery: false, seen: false });
    let seen_is_new = record.reports.seen.is_some() && !taken.seen;
    match record.reports.final_delivery() {
        Some(_) => (!taken.delivery || seen_is_new).then_some(now),
        None if record.is_all_taken() => None,
        None if record.taken.is_some() => Some(now),
        None => seen_is_new.then(|| now.plus(SEEN_WAITS)),
    }
}

/// Fills reports from the message that they are about. Tells whose account's tracking they go by, and which channel's
/// they are: the message's own, else the one whose webhook brought them.
fn complete<'a>(
    known: &'a Known,
    account: &'a AccountId,
    channel: Channel,
    reports: &mut MessageReports,
) -> (&'a AccountId, Channel) {
    let Some(message) = &known.message else {
        if let Some(report) = &mut reports.delivery {
            report.name_channel(channel);
        }
        return (account, channel);
    };
    if let Some(report) = &mut reports.delivery {
        let id = message.id.to_string();
        report.complete(subject(message, &id));
    }
    if let Some(seen) = &mut reports.seen {
        seen.recipient.get_or_insert_with(|| message.message.recipient.expose().to_owned());
        seen.sender.get_or_insert_with(|| message.message.content.sender().to_owned());
    }
    (&message.message.account, message.message.channel)
}

fn entry(account: &AccountId) -> OutboxEntry {
    OutboxEntry { account: account.clone(), attempts: 0, problem: None }
}

/// The forwarder's lane for a message's reports, by its channel's family. A channel that is not known any more goes with
/// SMS.
fn lane(reported_as: &str) -> OutboxTarget {
    match Channel::family_of(reported_as) {
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

pub(super) fn subject<'a>(message: &'a QueuedMessage, id: &'a str) -> ReportSubject<'a> {
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
