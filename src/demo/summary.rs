//! What came of the run, by what the stand-ins know, and whether it is as it should be.

mod branches;
mod figures;
mod known;
mod text;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use self::figures::Figures;
use self::known::Known;
use super::journey::MESSAGING;
use super::setting::Setting;
use super::show::{self, Show};
use crate::domain::speed_limit::SpeedLimit;
use crate::sandbox::ReceivedMessage;
use crate::sandbox::journey::JourneyOutcome;

/// Most problems that are listed.
const PROBLEMS_MAX: usize = 20;
/// So many messages of one kind don't all fail by chance: one in ten does.
const ENOUGH_TO_DELIVER: usize = 6;
const DELIVERED: &str = "DELIVERED";

/// One kind of content after its journey's end.
pub(super) struct Shown {
    pub(super) show: &'static Show,
    pub(super) outcome: Arc<JourneyOutcome>,
}

/// The run in figures. Its JSON form is `waypost demo --json`.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Every accepted contact was sent exactly once, everything that came back arrived once, and every contact went
    /// the way that it says.
    pub(super) passed: bool,
    #[serde(flatten)]
    all: Figures,
    spacing: Spacing,
    channels: Vec<ChannelSummary>,
    seconds: f64,
    /// What is not as it should be.
    problems: Vec<String>,
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
    seen: u64,
    clicks: u64,
    replies: u64,
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
                if let Some(problem) = known.problem_of(&id, &contact.contact_key, show) {
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
            let strayed = branches::problems(show, outcome, &known);
            problems.extend(strayed.into_iter().map(|problem| format!("of {title}, {}, {problem}", show.content)));
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

impl ContentSummary {
    fn of(show: &Show, figures: &Figures, ids: &[String], known: &Known) -> Self {
        let received: Vec<_> = ids.iter().filter_map(|id| known.received.get(id)).flatten().collect();
        Self {
            content: show.content,
            contacts: figures.contacts,
            accepted: figures.accepted,
            sent: figures.sent,
            delivered: figures.reported.get(DELIVERED).copied().unwrap_or_default(),
            seen: figures.seen,
            clicks: figures.clicks,
            replies: figures.replies,
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
