//! What an entry of the outbox brings.

use super::Forwarder;
use crate::domain::click::Click;
use crate::domain::ids::Mid;
use crate::domain::inbound::InboundRow;
use crate::domain::report::{self, DeliveryReport, DeliveryRow, SeenReport, StatusInfo};
use crate::domain::tenant::{Account, ReportKind};
use crate::reporting::recorder::subject;
use crate::store::{
    ClickRecord, Found, InboundRecord, OutboxEntry, OutboxPlace, OutboxSubject, PlacedEntry, ReportRecord, ReportRef,
    SentOutcome, StoreError,
};

/// An entry on its way, with its record as it stood when it set out.
pub(super) struct Parcel {
    pub(super) place: OutboxPlace,
    pub(super) entry: OutboxEntry,
    pub(super) content: Content,
}

pub(super) enum Content {
    Message(ReportRef, Box<ReportRecord>),
    Click(ReportRef, Box<ClickRecord>),
    Inbound(Box<InboundRecord>),
}

impl Parcel {
    pub(super) fn kind(&self, account: &Account) -> ReportKind {
        match &self.content {
            Content::Message(_, record) => account.delivery_reports(&record.channel),
            Content::Click(..) => ReportKind::Clicks,
            Content::Inbound(_) => ReportKind::Inbound,
        }
    }

    /// What to lock, so that nobody else changes its record.
    pub(super) fn locked_as(&self) -> ReportRef {
        match self.place.subject {
            OutboxSubject::Report(report) | OutboxSubject::Click(report, _) => report,
            OutboxSubject::Inbound(hash) => ReportRef::Stray(hash),
        }
    }

    pub(super) fn message_id(&self) -> &str {
        match &self.content {
            Content::Message(_, record) => record.message_id(),
            Content::Click(_, record) => &record.click.message_id,
            Content::Inbound(record) => &record.inbound.message_id,
        }
    }

    pub(super) fn click(&self) -> Option<&Click> {
        match &self.content {
            Content::Click(_, record) => Some(&record.click),
            _ => None,
        }
    }

    pub(super) fn inbound(&self) -> Option<&InboundRecord> {
        match &self.content {
            Content::Inbound(record) => Some(record),
            _ => None,
        }
    }
}

/// What a row of *Inbound Messages* is made of.
pub(super) fn inbound_row(record: &InboundRecord) -> InboundRow {
    InboundRow { inbound: record.inbound.clone(), pairing: record.pairing.clone() }
}

impl Forwarder {
    /// The entry with its record; `None` when the record is gone, or nothing of it is left to do.
    pub(super) fn load(&self, mid: Mid, placed: PlacedEntry) -> Result<Option<Parcel>, StoreError> {
        let reports = self.store.reports();
        let content = match placed.place.subject {
            OutboxSubject::Report(report) => reports
                .get(mid, report)?
                .filter(|record| !record.is_all_taken())
                .map(|record| Content::Message(report, Box::new(record))),
            OutboxSubject::Click(report, hash) => reports
                .click(mid, report, hash)?
                .filter(|record| record.taken_at.is_none())
                .map(|record| Content::Click(report, Box::new(record))),
            OutboxSubject::Inbound(hash) => reports
                .inbound(mid, hash)?
                .filter(|record| record.taken_at.is_none() || record.open_event().is_some())
                .map(|record| Content::Inbound(Box::new(record))),
        };
        Ok(content.map(|content| Parcel { place: placed.place, entry: placed.entry, content }))
    }

    /// What the row of a message is made of. Without a final report it stands for a message that was seen, with the
    /// status that is known (spec R1); `None` when there is nothing to tell.
    pub(super) fn delivery_row(
        &self,
        mid: Mid,
        report_ref: ReportRef,
        record: &ReportRecord,
    ) -> Result<Option<DeliveryRow>, StoreError> {
        let seen = record.reports.seen.as_ref();
        let mut report = match (&record.reports.delivery, seen) {
            // Also a final one: OMNI's names no sender, and a row that stood in for it may have had the seen report's.
            (Some(report), Some(seen)) => filled_from_seen(report.clone(), seen),
            (Some(report), None) if report.is_final => report.clone(),
            (None, Some(seen)) => self.standing_in(mid, report_ref, record, seen)?,
            (_, None) => return Ok(None),
        };
        // Neither column is nullable: a moment near by is better than no row.
        if report.sent_at.is_none() && report.done_at.is_none() {
            report.done_at = Some(seen.map_or(record.stored_at, |seen| seen.seen_at));
        }
        Ok(Some(DeliveryRow { report, seen_at: seen.map(|seen| seen.seen_at) }))
    }

    fn standing_in(
        &self,
        mid: Mid,
        report_ref: ReportRef,
        record: &ReportRecord,
        seen: &SeenReport,
    ) -> Result<DeliveryReport, StoreError> {
        let found = match (report_ref, seen.message_id.parse()) {
            (ReportRef::Known(..), Ok(id)) => self.store.messages().find(mid, id)?,
            _ => None,
        };
        let stand_in = |status: StatusInfo| DeliveryReport::standing_in(seen, &record.channel, status);
        let (message, mut report) = match found {
            Some(Found::Sent(sent)) => match sent.outcome {
                SentOutcome::Sent { status, .. } => (Some(sent.message), stand_in(status)),
                SentOutcome::Ended(end) => (Some(sent.message), stand_in(report::local_status(&end))),
            },
            Some(Found::Waiting(message)) => (Some(message), stand_in(report::pending_accepted())),
            None => (None, stand_in(report::pending_accepted())),
        };
        if let Some(message) = message {
            let id = message.id.to_string();
            report.complete(subject(&message, &id));
        }
        Ok(report)
    }
}

fn filled_from_seen(mut report: DeliveryReport, seen: &SeenReport) -> DeliveryReport {
    report.to = report.to.or_else(|| seen.recipient.clone());
    report.sender = report.sender.or_else(|| seen.sender.clone());
    report.sent_at = report.sent_at.or(seen.sent_at);
    report
}
