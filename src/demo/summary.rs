//! What came of the run, by what the stand-ins know, and whether it is as it should be.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::journey::{MESSAGING, SPLIT};
use super::setting::{MID, Setting};
use crate::domain::extension::SMS_DELIVERY_REPORTS;
use crate::domain::speed_limit::SpeedLimit;
use crate::sandbox::journey::JourneyOutcome;

/// Most problems that are listed.
const PROBLEMS_MAX: usize = 20;

/// The run in figures. Its JSON form is `waypost demo --json`.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Every accepted contact was sent exactly once and every report row arrived.
    pub(super) passed: bool,
    contacts: u64,
    /// Contacts whose messageStatus is Success.
    accepted: u64,
    /// The others, by messageStatus.
    refused: BTreeMap<String, u64>,
    /// Contacts that an error put out of the journey.
    ejected: u64,
    /// Messages that Infobip's stand-in took.
    sent: u64,
    /// Of them, taken more than once.
    sent_again: u64,
    requests: u64,
    spacing: Spacing,
    /// Final reports that Infobip's stand-in sent, by status group.
    reported: BTreeMap<String, u64>,
    rows: u64,
    /// Contacts by the branch that they took.
    branches: BTreeMap<String, u64>,
    seconds: f64,
    /// What is not as it should be.
    problems: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Spacing {
    limit: String,
    asked_ms: f64,
    /// First to last arrival at Infobip's stand-in, over the gaps between them.
    achieved_ms: f64,
}

impl Summary {
    pub(super) fn of(
        outcome: &JourneyOutcome,
        setting: &Setting,
        limit: SpeedLimit,
        settled: bool,
        took: Duration,
    ) -> Self {
        let infobip = setting.sandbox.infobip();
        let received = infobip.received();
        let reports = infobip.reports();
        let rows = setting.sandbox.sfmc().rows(MID, SMS_DELIVERY_REPORTS.external_key);
        let mut problems = Vec::new();
        if !settled {
            problems.push("something is still on its way after the time for it".to_owned());
        }
        let mut accepted = HashMap::new();
        let mut refused: BTreeMap<String, u64> = BTreeMap::new();
        for contact in outcome.contacts.iter().filter(|contact| contact.out_arguments.contains_key(MESSAGING)) {
            let status = contact.out(MESSAGING, "messageStatus");
            if status == "Success" {
                let id = contact.out(MESSAGING, "messageId");
                if accepted.insert(id, contact.contact_key.clone()).is_some() {
                    problems.push(format!("{} got the message id of another contact", contact.contact_key));
                }
            } else {
                *refused.entry(status).or_default() += 1;
            }
        }
        let mut taken: HashMap<&str, u64> = HashMap::new();
        for message in &received {
            *taken.entry(&message.message_id).or_default() += 1;
        }
        let mut rows_of: HashMap<&str, Vec<&str>> = HashMap::new();
        for row in &rows {
            let value = |name: &str| row.get(name).map(String::as_str).unwrap_or_default();
            rows_of.entry(value("messageId")).or_default().push(value("statusName"));
        }
        let statuses: HashMap<&str, &str> =
            reports.iter().map(|report| (report.message_id.as_str(), report.status_name.as_str())).collect();
        for (id, contact) in &accepted {
            if taken.get(id.as_str()) != Some(&1) {
                let times = taken.get(id.as_str()).copied().unwrap_or_default();
                problems.push(format!("the message of {contact} was sent {times} times"));
            }
            let expected = statuses.get(id.as_str()).copied();
            if expected.is_none() || rows_of.get(id.as_str()).map(Vec::as_slice) != expected.as_slice().into() {
                problems.push(format!("the report row of {contact} is missing, or not as it was reported"));
            }
        }
        let unknown = taken.keys().filter(|id| !accepted.contains_key(**id)).count();
        if unknown > 0 {
            problems.push(format!("{unknown} messages were sent that no contact was told of"));
        }
        if outcome.progress.ejected > 0 {
            problems.push(format!("{} contacts were ejected", outcome.progress.ejected));
        }
        let mut reported: BTreeMap<String, u64> = BTreeMap::new();
        for report in &reports {
            *reported.entry(report.group_name.clone()).or_default() += 1;
        }
        let prefix = format!("{SPLIT}/");
        let branches = outcome.progress.branches.iter();
        let branches = branches.map(|(name, n)| (name.strip_prefix(&prefix).unwrap_or(name).to_owned(), *n)).collect();
        let passed = problems.is_empty();
        problems.truncate(PROBLEMS_MAX);
        Self {
            passed,
            contacts: outcome.progress.entered,
            accepted: accepted.len() as u64,
            refused,
            ejected: outcome.progress.ejected,
            sent: taken.len() as u64,
            sent_again: received.len() as u64 - taken.len() as u64,
            requests: received.iter().map(|message| message.request_no).collect::<BTreeSet<_>>().len() as u64,
            spacing: Spacing {
                limit: limit.to_string(),
                asked_ms: limit.spacing().as_secs_f64() * 1_000.0,
                achieved_ms: achieved_ms(&received),
            },
            reported,
            rows: rows.len() as u64,
            branches,
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
            problems,
        }
    }
}

fn achieved_ms(received: &[crate::sandbox::ReceivedMessage]) -> f64 {
    let times = received.iter().map(|message| message.at);
    let (Some(first), Some(last)) = (times.clone().min(), times.max()) else { return 0.0 };
    let gaps = received.len().saturating_sub(1).max(1);
    last.since(first).as_secs_f64() * 1_000.0 / gaps as f64
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row =
            |f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display| writeln!(f, "  {name:<42} {value}");
        writeln!(f, "Journey: entry → Infobip Messaging (SMS) → wait → Infobip Reports → decision split")?;
        row(f, "contacts entered", &self.contacts)?;
        row(f, "accepted (messageStatus Success)", &self.accepted)?;
        for (status, count) in &self.refused {
            row(f, &format!("refused: {status}"), count)?;
        }
        row(f, "ejected by an error", &self.ejected)?;
        writeln!(f, "\nInfobip")?;
        row(f, "messages sent", &format!("{} in {} requests", self.sent, self.requests))?;
        row(f, "sent more than once", &self.sent_again)?;
        let spacing = format!("{:.2} ms asked, {:.2} ms achieved", self.spacing.asked_ms, self.spacing.achieved_ms);
        row(f, &format!("spacing ({})", self.spacing.limit), &spacing)?;
        for (group, count) in &self.reported {
            row(f, &format!("reported {group}"), count)?;
        }
        writeln!(f, "\nSFMC")?;
        row(f, "rows in SMS Delivery Reports", &self.rows)?;
        for (branch, count) in &self.branches {
            row(f, &format!("branch {branch}"), count)?;
        }
        writeln!(f)?;
        for problem in &self.problems {
            writeln!(f, "  PROBLEM: {problem}")?;
        }
        let verdict = if self.passed {
            "Every accepted contact was sent exactly once, and every report row arrived"
        } else {
            "The run is not as it should be"
        };
        write!(f, "{verdict} ({} s).", self.seconds)
    }
}
