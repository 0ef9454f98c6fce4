//! What came of the run, by what the stand-ins know, and whether it is as it should be.

mod text;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::journey::{MESSAGING, SPLIT};
use super::setting::{MID, Setting};
use super::show::{self, Show};
use crate::domain::channel::Channel;
use crate::domain::extension::{OMNI_REPORTS, SMS_DELIVERY_REPORTS};
use crate::domain::speed_limit::SpeedLimit;
use crate::sandbox::journey::JourneyOutcome;
use crate::sandbox::{ReceivedMessage, SentReport};

/// Most problems that are listed.
const PROBLEMS_MAX: usize = 20;
/// So many messages of one kind don't all fail by chance: one in ten does.
const ENOUGH_TO_DELIVER: usize = 6;
const EXTENSIONS: [&str; 2] = [SMS_DELIVERY_REPORTS.external_key, OMNI_REPORTS.external_key];
const DELIVERED: &str = "DELIVERED";

/// One kind of content after its journey's end.
pub(super) struct Shown {
    pub(super) show: &'static Show,
    pub(super) outcome: Arc<JourneyOutcome>,
}

/// The run in figures. Its JSON form is `waypost demo --json`.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Every accepted contact was sent exactly once and every report row arrived.
    pub(super) passed: bool,
    #[serde(flatten)]
    all: Figures,
    spacing: Spacing,
    channels: Vec<ChannelSummary>,
    seconds: f64,
    /// What is not as it should be.
    problems: Vec<String>,
}

/// Figures of the whole run, of a channel or of a kind of content.
#[derive(Debug, Default, Serialize)]
struct Figures {
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
    /// Final reports that Infobip's stand-in sent, by status group.
    reported: BTreeMap<String, u64>,
    /// Rows of both data extensions.
    rows: u64,
    /// The same by data extension; one without rows is left out.
    rows_by_extension: BTreeMap<String, u64>,
    /// Contacts by the branch that they took.
    branches: BTreeMap<String, u64>,
}

/// A channel by one way to send it.
#[derive(Debug, Serialize)]
struct ChannelSummary {
    channel: String,
    #[serde(flatten)]
    figures: Figures,
    contents: Vec<ContentSummary>,
}

#[derive(Debug, Serialize)]
struct ContentSummary {
    content: &'static str,
    contacts: u64,
    accepted: u64,
    sent: u64,
    delivered: u64,
    /// First to last arrival at Infobip's stand-in, over the gaps between them.
    achieved_ms: f64,
}

#[derive(Debug, Serialize)]
struct Spacing {
    limit: String,
    asked_ms: f64,
    /// Mean of the journeys', each of which has a queue of its own.
    achieved_ms: f64,
}

/// What the stand-ins know, by message id.
struct Known {
    received: HashMap<String, Vec<ReceivedMessage>>,
    reports: HashMap<String, SentReport>,
    /// Of each of [`EXTENSIONS`].
    rows: [HashMap<String, Vec<Row>>; 2],
}

struct Row {
    status: String,
    channel: String,
}

impl Known {
    fn of(setting: &Setting) -> Self {
        let infobip = setting.sandbox.infobip();
        let mut received: HashMap<_, Vec<_>> = HashMap::new();
        for message in infobip.received() {
            received.entry(message.message_id.clone()).or_default().push(message);
        }
        let reports = infobip.reports().into_iter().map(|report| (report.message_id.clone(), report)).collect();
        let rows = EXTENSIONS.map(|key| {
            let mut rows: HashMap<_, Vec<_>> = HashMap::new();
            for mut row in setting.sandbox.sfmc().rows(MID, key) {
                let mut value = |name: &str| row.remove(name).unwrap_or_default();
                let (id, status, channel) = (value("messageId"), value("statusName"), value("channel"));
                rows.entry(id).or_default().push(Row { status, channel });
            }
            rows
        });
        Self { received, reports, rows }
    }

    /// What is wrong with what became of an accepted message.
    fn problem_of(&self, id: &str, channel: Channel) -> Option<String> {
        let times = self.received.get(id).map_or(0, Vec::len);
        if times != 1 {
            return Some(format!("was sent {times} times"));
        }
        let Some(report) = self.reports.get(id) else { return Some("was never reported".to_owned()) };
        for (key, rows) in EXTENSIONS.iter().zip(&self.rows) {
            let found = rows.get(id).map(Vec::as_slice).unwrap_or_default();
            let is_right = match found {
                [] => *key != show::extension_of(channel),
                [row] => {
                    *key == show::extension_of(channel)
                        && row.status == report.status_name
                        && row.channel == channel.capability().reported_as
                }
                _ => false,
            };
            if !is_right {
                return Some(format!("has {} rows in {key}, or one that is not as it was reported", found.len()));
            }
        }
        None
    }
}

impl Summary {
    pub(super) fn of(shown: &[Shown], setting: &Setting, limit: SpeedLimit, settled: bool, took: Duration) -> Self {
        let known = Known::of(setting);
        let mut problems = Vec::new();
        if !settled {
            problems.push("something is still on its way after the time for it".to_owned());
        }
        let mut owners: HashMap<String, &str> = HashMap::new();
        let mut channels: Vec<ChannelSummary> = Vec::new();
        let mut all = Figures::default();
        for Shown { show, outcome } in shown {
            let title = show::title(show.channel);
            let mut ids = Vec::new();
            let mut figures = Figures::of_journey(outcome);
            let reached = outcome.contacts.iter().filter(|contact| contact.out_arguments.contains_key(MESSAGING));
            for contact in reached {
                let status = contact.out(MESSAGING, "messageStatus");
                if status != "Success" {
                    *figures.refused.entry(status).or_default() += 1;
                    continue;
                }
                let id = contact.out(MESSAGING, "messageId");
                if owners.insert(id.clone(), &contact.contact_key).is_some() {
                    problems.push(format!("{} got the message id of another contact", contact.contact_key));
                }
                if let Some(problem) = known.problem_of(&id, show.channel) {
                    problems.push(format!("the {title} message of {} {problem}", contact.contact_key));
                }
                ids.push(id);
            }
            figures.count(&ids, &known);
            let content = ContentSummary::of(show, &figures, &ids, &known);
            if content.delivered == 0 && ids.len() >= ENOUGH_TO_DELIVER {
                problems.push(format!("nothing of {title}, {}, was delivered", show.content));
            }
            if figures.ejected > 0 {
                problems.push(format!("{} contacts of {title}, {}, were ejected", figures.ejected, show.content));
            }
            all.add(&figures);
            match channels.iter_mut().find(|channel| channel.channel == title) {
                Some(channel) => {
                    channel.figures.add(&figures);
                    channel.contents.push(content);
                }
                None => channels.push(ChannelSummary { channel: title, figures, contents: vec![content] }),
            }
        }
        problems.extend(known.strays(&owners));
        let passed = problems.is_empty();
        problems.truncate(PROBLEMS_MAX);
        let achieved: Vec<_> = channels.iter().flat_map(|channel| &channel.contents).map(|it| it.achieved_ms).collect();
        Self {
            passed,
            all,
            spacing: Spacing {
                limit: limit.to_string(),
                asked_ms: limit.spacing().as_secs_f64() * 1_000.0,
                achieved_ms: achieved.iter().sum::<f64>() / achieved.len().max(1) as f64,
            },
            channels,
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
            problems,
        }
    }
}

impl Known {
    /// What was sent or written that no contact was told of.
    fn strays(&self, owners: &HashMap<String, &str>) -> Vec<String> {
        let strays = |ids: &mut dyn Iterator<Item = &String>| ids.filter(|id| !owners.contains_key(*id)).count();
        let mut problems = Vec::new();
        let sent = strays(&mut self.received.keys());
        if sent > 0 {
            problems.push(format!("{sent} messages were sent that no contact was told of"));
        }
        for (key, rows) in EXTENSIONS.iter().zip(&self.rows) {
            let written = strays(&mut rows.keys());
            if written > 0 {
                problems.push(format!("{written} rows of {key} are of no contact's message"));
            }
        }
        problems
    }
}

impl Figures {
    fn of_journey(outcome: &JourneyOutcome) -> Self {
        let prefix = format!("{SPLIT}/");
        let branches = outcome.progress.branches.iter();
        let branches = branches.map(|(name, n)| (name.strip_prefix(&prefix).unwrap_or(name).to_owned(), *n)).collect();
        Self { contacts: outcome.progress.entered, ejected: outcome.progress.ejected, branches, ..Self::default() }
    }

    /// Counts what became of one journey's accepted messages. Its activity has a queue, and so requests, of its own.
    fn count(&mut self, ids: &[String], known: &Known) {
        let received: Vec<_> = ids.iter().filter_map(|id| known.received.get(id)).collect();
        let requests: BTreeSet<_> = received.iter().copied().flatten().map(|message| message.request_no).collect();
        self.accepted = ids.len() as u64;
        self.sent = received.iter().map(|messages| messages.len() as u64).sum();
        self.sent_again = self.sent - received.len() as u64;
        self.requests = requests.len() as u64;
        for report in ids.iter().filter_map(|id| known.reports.get(id)) {
            *self.reported.entry(report.group_name.clone()).or_default() += 1;
        }
        for (key, rows) in EXTENSIONS.iter().zip(&known.rows) {
            let count = ids.iter().filter_map(|id| rows.get(id)).map(|rows| rows.len() as u64).sum::<u64>();
            if count > 0 {
                self.rows_by_extension.insert((*key).to_owned(), count);
            }
            self.rows += count;
        }
    }

    fn add(&mut self, other: &Self) {
        let Self { contacts, accepted, ejected, sent, sent_again, requests, rows, .. } = other;
        let sums = [
            (&mut self.contacts, contacts),
            (&mut self.accepted, accepted),
            (&mut self.ejected, ejected),
            (&mut self.sent, sent),
            (&mut self.sent_again, sent_again),
            (&mut self.requests, requests),
            (&mut self.rows, rows),
        ];
        for (sum, more) in sums {
            *sum += more;
        }
        let maps = [
            (&mut self.refused, &other.refused),
            (&mut self.reported, &other.reported),
            (&mut self.rows_by_extension, &other.rows_by_extension),
            (&mut self.branches, &other.branches),
        ];
        for (sums, more) in maps {
            for (name, count) in more {
                *sums.entry(name.clone()).or_default() += count;
            }
        }
    }
}

impl ContentSummary {
    fn of(show: &Show, figures: &Figures, ids: &[String], known: &Known) -> Self {
        let received: Vec<_> = ids.iter().filter_map(|id| known.received.get(id)).flatten().collect();
        Self {
            content: show.content,
            contacts: figures.contacts,
            accepted: figures.accepted,
            sent: figures.sent,
            delivered: figures.reported.get(DELIVERED).copied().unwrap_or_default(),
            achieved_ms: achieved_ms(&received),
        }
    }
}

fn achieved_ms(received: &[&ReceivedMessage]) -> f64 {
    let times = received.iter().map(|message| message.at);
    let (Some(first), Some(last)) = (times.clone().min(), times.max()) else { return 0.0 };
    let gaps = received.len().saturating_sub(1).max(1);
    last.since(first).as_secs_f64() * 1_000.0 / gaps as f64
}
