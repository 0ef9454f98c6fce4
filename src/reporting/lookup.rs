//! What the reports activity answers: from our own store, else from the data extension (spec R4).

use std::sync::Arc;

use super::{RowSink, RowSinkError};
use crate::dispatch::book::{QueueBook, account_key};
use crate::domain::ids::{MessageId, Mid};
use crate::domain::message::{InArguments, names};
use crate::domain::report::DeliveryReport;
use crate::domain::tenant::{ReportKind, ReportTarget, Tenant};
use crate::store::{Found, QueueMark, ReportRef, SentOutcome, Store, StoreError};

/// `statusName` and `statusGroupName` without a final report (the manual).
const NOT_AVAILABLE: &str = "NOT_AVAILABLE";
/// In-argument `reportKind` of delivery reports; also what its absence means.
const KIND_DELIVERY: &str = "DELIVERY";
const NOT_SEEN: &str = "NOT_SEEN";
/// Columns that are read from a data extension.
const WANTED: [&str; 5] = ["statusName", "statusGroupName", "errorName", "doneAt", "sentAt"];

/// The out-arguments of the reports activity for delivery reports: all text, all always present.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeliveryAnswer {
    pub(crate) status_name: String,
    pub(crate) status_group_name: String,
    pub(crate) error_name: String,
    pub(crate) done_at: String,
    pub(crate) sent_at: String,
    pub(crate) seen_at: &'static str,
    pub(crate) seen_time: String,
    pub(crate) queue_status: &'static str,
}

impl DeliveryAnswer {
    fn without_report(queue_status: &'static str) -> Self {
        Self {
            status_name: NOT_AVAILABLE.into(),
            status_group_name: NOT_AVAILABLE.into(),
            error_name: String::new(),
            done_at: String::new(),
            sent_at: String::new(),
            seen_at: NOT_SEEN,
            seen_time: String::new(),
            queue_status,
        }
    }

    fn of(report: &DeliveryReport, queue_status: &'static str) -> Self {
        let error_name = report.error.as_ref().and_then(|error| error.name.clone());
        Self {
            status_name: report.status.name.clone(),
            status_group_name: report.status.group_name.clone(),
            error_name: error_name.unwrap_or_default(),
            done_at: report.done_at.map(|at| at.to_iso()).unwrap_or_default(),
            sent_at: report.sent_at.map(|at| at.to_iso()).unwrap_or_default(),
            ..Self::without_report(queue_status)
        }
    }
}

/// `queueStatus` values.
mod queue_status {
    pub(super) const QUEUED: &str = "QUEUED";
    pub(super) const HELD: &str = "HELD";
    pub(super) const SENT: &str = "SENT";
    /// Of a contact whose message was refused before the queue, or ended here.
    pub(super) const NOT_SENT: &str = "NOT_SENT";
}

/// See the module's documentation.
pub(crate) struct Lookup {
    store: Store,
    book: Arc<QueueBook>,
    rows: Arc<dyn RowSink>,
}

impl Lookup {
    pub(crate) fn new(store: Store, book: Arc<QueueBook>, rows: Arc<dyn RowSink>) -> Self {
        Self { store, book, rows }
    }

    /// What became of the message that the in-arguments name.
    pub(crate) async fn delivery(
        &self,
        tenant: &Tenant,
        arguments: &InArguments,
    ) -> Result<DeliveryAnswer, StoreError> {
        // A kind that this version does not know has no report yet.
        if arguments.get(names::REPORT_KIND).is_some_and(|kind| !kind.eq_ignore_ascii_case(KIND_DELIVERY)) {
            return Ok(DeliveryAnswer::without_report(queue_status::SENT));
        }
        let Some(text) = arguments.get(names::MESSAGE_ID) else {
            return Ok(DeliveryAnswer::without_report(queue_status::NOT_SENT));
        };
        if let Ok(id) = text.parse::<MessageId>()
            && let Some(answer) = self.stored(tenant.mid, id)?
        {
            return Ok(answer);
        }
        let stray = self.store.reports().get(tenant.mid, self.store.reports().stray(tenant.mid, text)?)?;
        if let Some(record) = stray.as_ref().and_then(|record| record.reports.final_delivery()) {
            return Ok(DeliveryAnswer::of(record, queue_status::SENT));
        }
        Ok(self.in_extension(tenant, arguments, text).await)
    }

    fn stored(&self, mid: Mid, id: MessageId) -> Result<Option<DeliveryAnswer>, StoreError> {
        let Some(found) = self.store.messages().find(mid, id)? else { return Ok(None) };
        let status = match &found {
            Found::Waiting(message) => {
                let held = self.book.pacer().held(&account_key(mid, &message.message.account)).is_some();
                if held || self.is_stopped(id) { queue_status::HELD } else { queue_status::QUEUED }
            }
            Found::Sent(sent) => match sent.outcome {
                SentOutcome::Sent { .. } => queue_status::SENT,
                SentOutcome::Ended(_) => queue_status::NOT_SENT,
            },
        };
        let report = self.store.reports().get(mid, ReportRef::of(id.queue, id.sequence))?;
        Ok(Some(match report.as_ref().and_then(|record| record.reports.final_delivery()) {
            Some(report) => DeliveryAnswer::of(report, status),
            None => DeliveryAnswer::without_report(status),
        }))
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

    /// The row of a message that this store does not know, sent before a restore. SFMC's trouble is not the contact's:
    /// without an answer the report is not available.
    async fn in_extension(&self, tenant: &Tenant, arguments: &InArguments, message_id: &str) -> DeliveryAnswer {
        let account = match arguments.get(names::ACCOUNT) {
            Some(label) => tenant.accounts.iter().find(|account| account.id.as_str() == label),
            None => tenant.accounts.first(),
        };
        // Which of the two has the row is not known: the channel went with the message.
        let mut found = Ok(None);
        for reports in [ReportKind::Sms, ReportKind::Omni] {
            let Some(ReportTarget::Extension(key)) = account.map(|account| account.report_target(reports)) else {
                return DeliveryAnswer::without_report(queue_status::SENT);
            };
            match self.rows.find(tenant, key, "messageId", message_id, &WANTED).await {
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
        let row = match found {
            Ok(Some(row)) => row,
            // An id of our form was given out once, by a store that knew more; any other is nobody's.
            Ok(None) if message_id.parse::<MessageId>().is_err() => {
                return DeliveryAnswer::without_report(queue_status::NOT_SENT);
            }
            Ok(None) => return DeliveryAnswer::without_report(queue_status::SENT),
            Err(error) => {
                let (RowSinkError::Later { problem, .. }
                | RowSinkError::SomeRefused { problem }
                | RowSinkError::TargetWrong { problem }) = &error;
                tracing::warn!(tenant.mid = %tenant.mid, problem, "A report could not be read from its data extension");
                return DeliveryAnswer::without_report(queue_status::SENT);
            }
        };
        let value = |name: &str| {
            let cell = row.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
            cell.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let available = |text: String| if text.is_empty() { NOT_AVAILABLE.to_owned() } else { text };
        DeliveryAnswer {
            status_name: available(value("statusName")),
            status_group_name: available(value("statusGroupName")),
            error_name: value("errorName"),
            done_at: value("doneAt"),
            sent_at: value("sentAt"),
            ..DeliveryAnswer::without_report(queue_status::SENT)
        }
    }
}
