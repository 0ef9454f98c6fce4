//! Counts of the whole run, of a channel or of a kind of content.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::branches;
use super::known::{Known, REPORT_EXTENSIONS};
use crate::demo::journey::{CLICK_SPLIT, EVENT, REPLY_SPLIT, STATUS_SPLIT};
use crate::domain::extension::{INBOUND_MESSAGES, UNIFIED_URL_TRACKING};
use crate::sandbox::journey::JourneyOutcome;

#[derive(Debug, Default, Serialize)]
pub(super) struct Figures {
    pub(super) contacts: u64,
    /// Contacts whose messageStatus is Success.
    pub(super) accepted: u64,
    /// The others, by messageStatus.
    pub(super) refused: BTreeMap<String, u64>,
    /// Contacts that an error put out of the journey.
    pub(super) ejected: u64,
    /// Messages that Infobip's stand-in took.
    pub(super) sent: u64,
    /// Of them, taken more than once.
    pub(super) sent_again: u64,
    pub(super) requests: u64,
    /// Final reports that Infobip's stand-in sent, by status group.
    pub(super) reported: BTreeMap<String, u64>,
    /// Seen reports, clicks and replies that Infobip's stand-in sent.
    pub(super) seen: u64,
    pub(super) clicks: u64,
    pub(super) replies: u64,
    /// Rows of both data extensions of delivery reports.
    pub(super) rows: u64,
    /// Of them, with `seenAt` filled.
    pub(super) rows_seen: u64,
    /// Rows by data extension, those of clicks and replies too; one without rows is left out.
    pub(super) rows_by_extension: BTreeMap<String, u64>,
    /// API events that replies fired.
    pub(super) events: u64,
    /// Of them, fired when nobody waited.
    pub(super) events_lost: u64,
    /// Contacts by the branch of the status split that they took.
    pub(super) branches: BTreeMap<String, u64>,
    /// The same of Wait Until Event, of the reply split and of the click split.
    pub(super) event_branches: BTreeMap<String, u64>,
    pub(super) reply_branches: BTreeMap<String, u64>,
    pub(super) click_branches: BTreeMap<String, u64>,
}

impl Figures {
    pub(super) fn of_journey(outcome: &JourneyOutcome) -> Self {
        Self {
            contacts: outcome.progress.entered,
            ejected: outcome.progress.ejected,
            branches: branches::taken(outcome, STATUS_SPLIT),
            event_branches: branches::taken(outcome, EVENT),
            reply_branches: branches::taken(outcome, REPLY_SPLIT),
            click_branches: branches::taken(outcome, CLICK_SPLIT),
            ..Self::default()
        }
    }

    /// Counts what became of one journey's accepted messages. Its activity has a queue, and so requests, of its own.
    pub(super) fn count(&mut self, ids: &[String], known: &Known) {
        let received: Vec<_> = ids.iter().filter_map(|id| known.received.get(id)).collect();
        let requests: BTreeSet<_> = received.iter().copied().flatten().map(|message| message.request_no).collect();
        self.accepted = ids.len() as u64;
        self.sent = received.iter().map(|messages| messages.len() as u64).sum();
        self.sent_again = self.sent - received.len() as u64;
        self.requests = requests.len() as u64;
        for report in ids.iter().filter_map(|id| known.reports.get(id)) {
            *self.reported.entry(report.group_name.clone()).or_default() += 1;
        }
        self.seen = ids.iter().filter(|id| known.seen.contains(*id)).count() as u64;
        self.clicks = ids.iter().filter_map(|id| known.clicks.get(id)).map(|clicks| clicks.len() as u64).sum();
        let replies: Vec<_> = ids.iter().filter_map(|id| known.replies.get(id)).flatten().collect();
        self.replies = replies.len() as u64;
        for (key, rows) in REPORT_EXTENSIONS.iter().zip(&known.rows) {
            let rows: Vec<_> = ids.iter().filter_map(|id| rows.get(id)).flatten().collect();
            self.rows += rows.len() as u64;
            self.rows_seen += rows.iter().filter(|row| row.is_seen).count() as u64;
            self.count_rows(key, rows.len());
        }
        let clicks = ids.iter().filter_map(|id| known.click_rows.get(id)).map(Vec::len).sum();
        self.count_rows(UNIFIED_URL_TRACKING.external_key, clicks);
        let inbound = replies.iter().filter_map(|reply| known.inbound_rows.get(&reply.message_id)).map(Vec::len).sum();
        self.count_rows(INBOUND_MESSAGES.external_key, inbound);
        let events: Vec<_> = replies.iter().filter_map(|reply| known.events.get(&reply.message_id)).flatten().collect();
        self.events = events.len() as u64;
        self.events_lost = events.iter().filter(|event| event.released == 0).count() as u64;
    }

    fn count_rows(&mut self, key: &str, count: usize) {
        if count > 0 {
            self.rows_by_extension.insert(key.to_owned(), count as u64);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let sums = [
            (&mut self.contacts, other.contacts),
            (&mut self.accepted, other.accepted),
            (&mut self.ejected, other.ejected),
            (&mut self.sent, other.sent),
            (&mut self.sent_again, other.sent_again),
            (&mut self.requests, other.requests),
            (&mut self.seen, other.seen),
            (&mut self.clicks, other.clicks),
            (&mut self.replies, other.replies),
            (&mut self.rows, other.rows),
            (&mut self.rows_seen, other.rows_seen),
            (&mut self.events, other.events),
            (&mut self.events_lost, other.events_lost),
        ];
        for (sum, more) in sums {
            *sum += more;
        }
        let maps = [
            (&mut self.refused, &other.refused),
            (&mut self.reported, &other.reported),
            (&mut self.rows_by_extension, &other.rows_by_extension),
            (&mut self.branches, &other.branches),
            (&mut self.event_branches, &other.event_branches),
            (&mut self.reply_branches, &other.reply_branches),
            (&mut self.click_branches, &other.click_branches),
        ];
        for (sums, more) in maps {
            for (name, count) in more {
                *sums.entry(name.clone()).or_default() += count;
            }
        }
    }
}
