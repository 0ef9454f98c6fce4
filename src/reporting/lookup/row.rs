//! What the reports activity answers from rows of a data extension (spec R4).

use crate::domain::report;
use crate::domain::report_answer::{AskedKind, CLICKED, NOT_AVAILABLE, ReportAnswer};
use crate::domain::tenant::{ReportKind, Tenant};
use crate::reporting::{FoundRow, RowSearch};

/// Where a kind's rows are, and what is wanted of them: our own names of the columns (spec T4).
pub(super) struct Place {
    /// Extensions that may have them, in this order.
    pub(super) kinds: &'static [ReportKind],
    /// The column that has the message's id.
    column: &'static str,
    wanted: &'static [&'static str],
    newest_by: &'static str,
}

/// Which of the two has the row is not known: the channel went with the message.
const DELIVERY: Place = Place {
    kinds: &[ReportKind::Sms, ReportKind::Omni],
    column: "messageId",
    wanted: &["statusName", "statusGroupName", "errorName", "doneAt", "sentAt", "seenAt"],
    newest_by: "doneAt",
};
const CLICK: Place = Place {
    kinds: &[ReportKind::Clicks],
    column: "messageId",
    wanted: &["notificationType", "url", "sendDateTime"],
    newest_by: "sendDateTime",
};
const REPLY: Place = Place {
    kinds: &[ReportKind::Inbound],
    column: "pairedMessageId",
    wanted: &["message", "receivedAt"],
    newest_by: "receivedAt",
};

impl Place {
    pub(super) fn of(kind: AskedKind) -> &'static Self {
        match kind {
            AskedKind::Delivery => &DELIVERY,
            AskedKind::Click => &CLICK,
            AskedKind::Reply => &REPLY,
        }
    }

    pub(super) fn search<'a>(&self, message_id: &'a str) -> RowSearch<'a> {
        RowSearch { column: self.column, value: message_id, wanted: self.wanted, newest_by: self.newest_by }
    }
}

/// The answer that a message's rows give; `nothing` is what stands without them.
pub(super) fn answer(kind: AskedKind, rows: &[FoundRow], tenant: &Tenant, nothing: ReportAnswer) -> ReportAnswer {
    let date = |row: &FoundRow, name: &str| rewritten(tenant, value(row, name));
    match kind {
        AskedKind::Delivery => delivery(rows, tenant, nothing),
        AskedKind::Click => match newest(rows.iter(), CLICK.newest_by, tenant) {
            Some(row) => ReportAnswer {
                notification_type: or(value(row, "notificationType"), CLICKED),
                url: value(row, "url").to_owned(),
                ..nothing
            },
            None => nothing,
        },
        AskedKind::Reply => match newest(rows.iter(), REPLY.newest_by, tenant) {
            Some(row) => ReportAnswer {
                response_text: value(row, "message").to_owned(),
                response_time: date(row, "receivedAt"),
                ..nothing
            },
            None => nothing,
        },
    }
}

/// An extension without a key has a row for the delivery report and may have another for the seen report, which holds a
/// place for the status that was known then: only a final one is told (spec R4).
fn delivery(rows: &[FoundRow], tenant: &Tenant, nothing: ReportAnswer) -> ReportAnswer {
    let is_final = |row: &&FoundRow| report::is_final_name(value(row, "statusGroupName"), value(row, "statusName"));
    let date = |row: &FoundRow, name: &str| rewritten(tenant, value(row, name));
    let answer = match newest(rows.iter().filter(is_final), DELIVERY.newest_by, tenant) {
        Some(row) => ReportAnswer {
            status_name: or(value(row, "statusName"), NOT_AVAILABLE),
            status_group_name: or(value(row, "statusGroupName"), NOT_AVAILABLE),
            error_name: value(row, "errorName").to_owned(),
            done_at: date(row, "doneAt"),
            sent_at: date(row, "sentAt"),
            ..nothing
        },
        None => nothing,
    };
    match newest(rows.iter().filter(|row| !value(row, "seenAt").is_empty()), "seenAt", tenant) {
        Some(row) => answer.with_seen(date(row, "seenAt")),
        None => answer,
    }
}

/// The first of the rows with the newest date; one that can't be read is older than any.
fn newest<'a>(rows: impl Iterator<Item = &'a FoundRow>, date: &str, tenant: &Tenant) -> Option<&'a FoundRow> {
    let dated = rows.map(|row| (tenant.read_date(value(row, date)), row));
    dated.reduce(|newest, row| if row.0 > newest.0 { row } else { newest }).map(|(_, row)| row)
}

/// A date as the business unit wants it; what can't be read goes on as it is.
fn rewritten(tenant: &Tenant, text: &str) -> String {
    tenant.read_date(text).map_or_else(|| text.to_owned(), |at| tenant.written_date(at))
}

/// A cell, `""` without one; a blank one is none.
fn value<'a>(row: &'a FoundRow, name: &str) -> &'a str {
    let cell = row.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
    cell.map(|(_, value)| value.as_str()).filter(|value| !value.trim().is_empty()).unwrap_or_default()
}

fn or(value: &str, sentinel: &str) -> String {
    if value.is_empty() { sentinel.to_owned() } else { value.to_owned() }
}
