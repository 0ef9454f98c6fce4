//! What the reports activity answers: from our own store, else from the data extension (spec R4).

use std::sync::Arc;
use std::time::Duration;

use super::{FoundRow, RowSink, RowSinkError};
use crate::clock::Clock;
use crate::dispatch::book::{QueueBook, account_key};
use crate::domain::ids::{DefinitionInstanceId, MessageId, Mid};
use crate::domain::inbound::Pairing;
use crate::domain::message::{InArguments, names};
use crate::domain::report_answer::{AskedKind, CLICKED, NOT_AVAILABLE, QueueStatus, ReportAnswer};
use crate::domain::tenant::{ReportKind, ReportTarget, Tenant};
use crate::domain::timestamp::Timestamp;
use crate::store::{ConfigurationId, Found, QueueMark, ReportRecord, ReportRef, SentOutcome, Store, StoreError};

/// Clicks, and replies, of one message that are looked through for the newest.
const LOOKED_THROUGH_MAX: usize = 1_000;

/// How long the data extensions may be asked for one contact: well below the time that SFMC gives an activity.
const EXTENSION_DEADLINE: Duration = Duration::from_secs(8);

/// Versions of a journey whose messages are looked for without a message id, the newest ones.
const VERSIONS_MAX: usize = 16;

/// What a call asks.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) arguments: &'a InArguments,
    /// The contact's way through the journey, and the configuration of the message's activity: where the message id did
    /// not arrive, they find the message for as long as first answers are kept (spec R4).
    pub(crate) instance: Option<&'a DefinitionInstanceId>,
    pub(crate) configuration: Option<ConfigurationId>,
}

/// See the module's documentation.
pub(crate) struct Lookup {
    store: Store,
    book: Arc<QueueBook>,
    rows: Arc<dyn RowSink>,
    clock: Arc<dyn Clock>,
}

/// A message that the store knows, or has reports of.
struct Known {
    /// `None` for a message that is not one of this store's, or not any more.
    id: Option<MessageId>,
    report: ReportRef,
    queue_status: QueueStatus,
    /// Whether there is no need to ask anybody else.
    is_ours: bool,
}

impl Lookup {
    pub(crate) fn new(store: Store, book: Arc<QueueBook>, rows: Arc<dyn RowSink>, clock: Arc<dyn Clock>) -> Self {
        Self { store, book, rows, clock }
    }

    /// What became of the message that the in-arguments name.
    pub(crate) async fn answer(&self, tenant: &Tenant, asked: Asked<'_>) -> Result<ReportAnswer, StoreError> {
        let arguments = asked.arguments;
        // A kind that this version does not know has no report yet.
        let Some(kind) = arguments.get(names::REPORT_KIND).map_or(Some(AskedKind::default()), AskedKind::by_name)
        else {
            return Ok(ReportAnswer::without(AskedKind::default(), QueueStatus::Sent));
        };
        let found;
        let text = match arguments.get(names::MESSAGE_ID) {
            Some(text) => text,
            None => {
                found = self.message_of(tenant.mid, asked)?;
                let Some(text) = &found else { return Ok(ReportAnswer::without(kind, QueueStatus::NotSent)) };
                text.as_str()
            }
        };
        let known = self.known(tenant.mid, text)?;
        if let Some(answer) = self.stored(tenant, kind, text, &known)? {
            return Ok(answer);
        }
        tokio::select! {
            answer = self.in_extension(tenant, kind, arguments, text) => Ok(answer),
            () = self.clock.sleep(EXTENSION_DEADLINE) => {
                tracing::warn!(tenant.mid = %tenant.mid, "SFMC took too long to say what it has of a report");
                Ok(ReportAnswer::without(kind, QueueStatus::Sent))
            }
        }
    }

    /// The message that the contact was sent by an activity of the configuration.
    fn message_of(&self, mid: Mid, asked: Asked<'_>) -> Result<Option<String>, StoreError> {
        let (Some(instance), Some(configuration)) = (asked.instance, asked.configuration) else { return Ok(None) };
        let queues = self.store.configurations().queues(mid, configuration, VERSIONS_MAX)?;
        for queue in queues.into_iter().rev() {
            let Some(queue) = self.book.by_id(queue).filter(|queue| queue.mid == mid) else { continue };
            let first = self.store.answers().get(mid, instance, &queue.activity_id, self.clock.now())?;
            if let Some(first) = first.filter(|first| !first.message_id.is_empty()) {
                return Ok(Some(first.message_id));
            }
        }
        Ok(None)
    }

    fn known(&self, mid: Mid, text: &str) -> Result<Known, StoreError> {
        let Ok(id) = text.parse::<MessageId>() else {
            let report = self.store.reports().stray(mid, text)?;
            return Ok(Known { id: None, report, queue_status: QueueStatus::Sent, is_ours: false });
        };
        let report = ReportRef::of(id.queue, id.sequence);
        if let Some(found) = self.store.messages().find(mid, id)? {
            let queue_status = self.queue_status(mid, id, &found);
            return Ok(Known { id: Some(id), report, queue_status, is_ours: true });
        }
        // A message goes by its own retention time, its reports by theirs; and what was heard of it since is a stray.
        let is_kept = self.store.reports().get(mid, report)?.is_some_and(|record| record.message_id() == text);
        let report = if is_kept { report } else { self.store.reports().stray(mid, text)? };
        Ok(Known { id: Some(id), report, queue_status: QueueStatus::Sent, is_ours: false })
    }

    fn queue_status(&self, mid: Mid, id: MessageId, found: &Found) -> QueueStatus {
        match found {
            Found::Waiting(message) => {
                let held = self.book.pacer().held(&account_key(mid, &message.message.account)).is_some();
                if held || self.is_stopped(id) { QueueStatus::Held } else { QueueStatus::Queued }
            }
            Found::Sent(sent) => match sent.outcome {
                SentOutcome::Sent { .. } => QueueStatus::Sent,
                SentOutcome::Ended(_) => QueueStatus::NotSent,
            },
        }
    }

    fn is_stopped(&self, id: MessageId) -> bool {
        let queue = self.book.by_id(id.queue);
        // A record that is just being committed is of a queue at work.
        queue.is_some_and(|queue| {
            queue
                .record
                .try_lock()
                .is_ok_and(|record| matches!(record.mark, QueueMark::Paused | QueueMark::Held | QueueMark::Moved))
        })
    }

    /// What the store has to say; `None` when the extension may know more.
    fn stored(
        &self,
        tenant: &Tenant,
        kind: AskedKind,
        text: &str,
        known: &Known,
    ) -> Result<Option<ReportAnswer>, StoreError> {
        let (reports, mid) = (self.store.reports(), tenant.mid);
        let nothing = ReportAnswer::without(kind, known.queue_status);
        let written = |at| tenant.written_date(at);
        let answer = match kind {
            AskedKind::Delivery => {
                let record = reports.get(mid, known.report)?;
                record.as_ref().and_then(|record| delivery(record, nothing.clone(), written))
            }
            AskedKind::Click => {
                let mut clicks = reports.clicks_of(mid, known.report, LOOKED_THROUGH_MAX)?;
                if let Some(id) = known.id.filter(|_| !known.is_ours) {
                    // A click that came while the message was here lies where the message was.
                    let there = ReportRef::of(id.queue, id.sequence);
                    if there != known.report {
                        clicks.extend(reports.clicks_of(mid, there, LOOKED_THROUGH_MAX)?);
                    }
                    clicks.retain(|record| record.click.message_id == text);
                }
                let newest = clicks.into_iter().max_by_key(|record| (record.click.clicked_at, record.stored_at));
                newest.map(|record| nothing.clone().with_click(&record.click))
            }
            AskedKind::Reply => {
                let replies = match known.id {
                    Some(id) => reports.replies_to(mid, id, LOOKED_THROUGH_MAX)?,
                    None => Vec::new(),
                };
                let is_its = |pairing: &Pairing| Some(pairing.message_id) == known.id;
                let replies = replies.into_iter().filter(|record| record.pairing.as_ref().is_some_and(is_its));
                let newest = replies.max_by_key(|record| (record.inbound.received_at, record.stored_at));
                newest.map(|record| nothing.clone().with_reply(&record.inbound, written))
            }
        };
        Ok(answer.or_else(|| known.is_ours.then_some(nothing)))
    }

    /// The row of a message that this store does not know, sent before a restore. SFMC's trouble is not the contact's:
    /// without an answer the report is not available.
    async fn in_extension(
        &self,
        tenant: &Tenant,
        kind: AskedKind,
        arguments: &InArguments,
        message_id: &str,
    ) -> ReportAnswer {
        let nothing = |queue_status| ReportAnswer::without(kind, queue_status);
        let account = match arguments.get(names::ACCOUNT) {
            Some(label) => tenant.accounts.iter().find(|account| account.id.as_str() == label),
            None => tenant.accounts.first(),
        };
        let (places, column, wanted): (&[ReportKind], &str, &[&str]) = match kind {
            // Which of the two has the row is not known: the channel went with the message.
            AskedKind::Delivery => (&[ReportKind::Sms, ReportKind::Omni], "messageId", &DELIVERY_COLUMNS),
            AskedKind::Click => (&[ReportKind::Clicks], "messageId", &CLICK_COLUMNS),
            AskedKind::Reply => (&[ReportKind::Inbound], "pairedMessageId", &REPLY_COLUMNS),
        };
        let mut found = Ok(None);
        for place in places {
            let Some(ReportTarget::Extension(key)) = account.map(|account| account.report_target(*place)) else {
                return nothing(QueueStatus::Sent);
            };
            match self.rows.find(tenant, key, column, message_id, wanted).await {
                Ok(Some(row)) => {
                    found = Ok(Some(row));
                    break;
                }
                Ok(None) => {}
                // An extension that is not there, or not as it should be, has no row; the other may have it.
                Err(RowSinkError::TargetWrong { problem }) => {
                    tracing::warn!(tenant.mid = %tenant.mid, problem, "A data extension of reports can't be read");
                }
                Err(error) => found = Err(error),
            }
        }
        match found {
            Ok(Some(row)) => of_row(kind, &row, nothing(QueueStatus::Sent)),
            // An id of our form was given out once, by a store that knew more; any other is nobody's. That nobody has
            // clicked or answered says nothing about it.
            Ok(None) if kind == AskedKind::Delivery && message_id.parse::<MessageId>().is_err() => {
                nothing(QueueStatus::NotSent)
            }
            Ok(None) => nothing(QueueStatus::Sent),
            Err(error) => {
                let (RowSinkError::Later { problem, .. }
                | RowSinkError::SomeRefused { problem }
                | RowSinkError::TargetWrong { problem }) = &error;
                tracing::warn!(tenant.mid = %tenant.mid, problem, "A report could not be read from its data extension");
                nothing(QueueStatus::Sent)
            }
        }
    }
}

/// Columns that are read from a data extension, by kind.
const DELIVERY_COLUMNS: [&str; 6] = ["statusName", "statusGroupName", "errorName", "doneAt", "sentAt", "seenAt"];
const CLICK_COLUMNS: [&str; 2] = ["notificationType", "url"];
const REPLY_COLUMNS: [&str; 2] = ["message", "receivedAt"];

/// `written`: how the business unit wants its dates.
fn delivery(
    record: &ReportRecord,
    nothing: ReportAnswer,
    written: impl Fn(Timestamp) -> String,
) -> Option<ReportAnswer> {
    let (report, seen) = (record.reports.final_delivery(), record.reports.seen.as_ref());
    if report.is_none() && seen.is_none() {
        return None;
    }
    let answer = match report {
        Some(report) => nothing.with_delivery(report, &written),
        None => nothing,
    };
    Some(match seen {
        Some(seen) => answer.with_seen(written(seen.seen_at)),
        None => answer,
    })
}

fn of_row(kind: AskedKind, row: &FoundRow, nothing: ReportAnswer) -> ReportAnswer {
    let value = |name: &str| {
        let cell = row.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
        cell.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let available = |text: String| if text.is_empty() { NOT_AVAILABLE.to_owned() } else { text };
    match kind {
        AskedKind::Delivery => {
            let answer = ReportAnswer {
                status_name: available(value("statusName")),
                status_group_name: available(value("statusGroupName")),
                error_name: value("errorName"),
                done_at: value("doneAt"),
                sent_at: value("sentAt"),
                ..nothing
            };
            match value("seenAt") {
                seen if seen.trim().is_empty() => answer,
                seen => answer.with_seen(seen),
            }
        }
        AskedKind::Click => {
            let notification_type = value("notificationType");
            ReportAnswer {
                notification_type: if notification_type.is_empty() { CLICKED.to_owned() } else { notification_type },
                url: value("url"),
                ..nothing
            }
        }
        AskedKind::Reply => {
            ReportAnswer { response_text: value("message"), response_time: value("receivedAt"), ..nothing }
        }
    }
}

#[cfg(test)]
mod tests;
