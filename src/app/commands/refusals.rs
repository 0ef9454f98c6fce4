//! What its target refused, for `waypost report` and `waypost status`.

use super::{COUNTED_MAX, Commands};
use crate::control::RefusedReport;
use crate::domain::ids::Mid;
use crate::store::{OutboxSubject, OutboxTarget, PlacedEntry, ReportRef, StoreError};

/// Refused reports that one commit puts back into the outbox, each with at most three writes.
const REPLAYED_TOGETHER: usize = 60;
/// What stands for the status of an event.
const EVENT: &str = "EVENT";

/// How many of each were refused, counted up to a limit.
#[derive(Default)]
pub(super) struct RefusedCounts {
    /// Rows, and reports that were posted.
    pub(super) reports: usize,
    pub(super) events: usize,
}

impl Commands {
    pub(super) fn refused_counts(&self, mid: Mid) -> Result<RefusedCounts, StoreError> {
        let mut counts = RefusedCounts::default();
        for refused in self.refused(mid)? {
            let count = if refused.status_name == EVENT { &mut counts.events } else { &mut counts.reports };
            *count += 1;
        }
        Ok(counts)
    }

    pub(super) fn refused(&self, mid: Mid) -> Result<Vec<RefusedReport>, StoreError> {
        let reports = self.parts.store.reports();
        let mut list = Vec::new();
        for lane in OutboxTarget::ALL {
            for placed in reports.refused(mid, lane, None, COUNTED_MAX)? {
                self.add_refused(mid, placed, &mut list)?;
            }
        }
        Ok(list)
    }

    /// What was taken since, by a newer report say, is refused no more.
    fn add_refused(&self, mid: Mid, placed: PlacedEntry, list: &mut Vec<RefusedReport>) -> Result<(), StoreError> {
        let reports = self.parts.store.reports();
        let account = placed.entry.account.to_string();
        let problem = placed.entry.problem;
        match placed.place.subject {
            OutboxSubject::Report(report) => {
                let record = reports.get(mid, report)?.filter(|record| !record.is_all_taken());
                list.extend(record.map(|record| RefusedReport {
                    message_id: record.message_id().to_owned(),
                    account,
                    stored_at: record.stored_at.to_iso(),
                    status_name: record.reports.delivery.map_or_else(|| "SEEN".to_owned(), |report| report.status.name),
                    problem: problem.unwrap_or_default(),
                }));
            }
            OutboxSubject::Click(report, hash) => {
                let record = reports.click(mid, report, hash)?.filter(|record| record.taken_at.is_none());
                list.extend(record.map(|record| RefusedReport {
                    message_id: record.click.message_id,
                    account,
                    status_name: record.click.notification_type,
                    stored_at: record.stored_at.to_iso(),
                    problem: problem.unwrap_or_default(),
                }));
            }
            OutboxSubject::Inbound(hash) => {
                let Some(record) = reports.inbound(mid, hash)? else { return Ok(()) };
                // Without words the entry is there for the event only.
                let of_row = problem.filter(|_| record.taken_at.is_none()).map(|problem| ("REPLY", problem));
                let of_event = record.event.and_then(|event| event.refused).map(|problem| (EVENT, problem));
                list.extend([of_event, of_row].into_iter().flatten().map(|(status_name, problem)| RefusedReport {
                    message_id: record.inbound.message_id.clone(),
                    account: account.clone(),
                    status_name: status_name.to_owned(),
                    stored_at: record.stored_at.to_iso(),
                    problem,
                }));
            }
        }
        Ok(())
    }

    /// Lets every refused entry of the four lanes be tried again, once: what is refused anew meanwhile stays so. Tells how
    /// many there were.
    pub(super) async fn replay(&self, mid: Mid) -> Result<usize, StoreError> {
        let store = &self.parts.store;
        let before = self.refused(mid)?.len();
        for lane in OutboxTarget::ALL {
            let mut after = None;
            loop {
                let page = store.reports().refused(mid, lane, after, REPLAYED_TOGETHER)?;
                let Some(last) = page.last() else { break };
                after = Some(last.place);
                self.replay_page(mid, page).await?;
                self.parts.recorder.arrived.notify_one();
            }
        }
        Ok(before)
    }

    async fn replay_page(&self, mid: Mid, page: Vec<PlacedEntry>) -> Result<(), StoreError> {
        let store = &self.parts.store;
        let replies = page.iter().filter_map(|placed| match placed.place.subject {
            OutboxSubject::Inbound(hash) => Some(ReportRef::Stray(hash)),
            _ => None,
        });
        let replies: Vec<_> = replies.collect();
        let _locked = self.parts.recorder.lock(replies.iter()).await;
        let mut batch = store.batch();
        for PlacedEntry { place, mut entry } in page {
            if let OutboxSubject::Inbound(hash) = place.subject
                && let Some(mut record) = store.reports().inbound(mid, hash)?
                && let Some(event) = record.event.as_mut().filter(|event| event.refused.is_some())
            {
                event.refused = None;
                batch.put_inbound(mid, hash, &record)?;
            }
            // What the target said last is of the attempt before.
            entry.problem = None;
            batch.replay_outbox(mid, place, &entry)?;
        }
        store.commit(batch).await.map(drop)
    }
}
