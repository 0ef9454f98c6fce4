//! A report as it was written first: delivery reports only, and whether they were forwarded.

use serde::Deserialize;

use super::super::reports::{ReportRecord, Taken};
use crate::domain::report::{DeliveryReport, MessageReports};
use crate::domain::timestamp::Timestamp;

#[derive(Deserialize)]
pub(super) struct ReportV1 {
    report: DeliveryReport,
    stored_at: Timestamp,
    forwarded_at: Option<Timestamp>,
}

impl From<ReportV1> for ReportRecord {
    fn from(form: ReportV1) -> Self {
        Self {
            channel: form.report.channel.clone(),
            reports: MessageReports { delivery: Some(form.report), seen: None },
            stored_at: form.stored_at,
            waits_at: None,
            taken: form.forwarded_at.map(|first_at| Taken { first_at, delivery: true, seen: false }),
        }
    }
}
