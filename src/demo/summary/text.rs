//! The summary for people.

use std::collections::BTreeMap;
use std::fmt;

use super::{ChannelSummary, Summary};

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.all;
        let channels = match self.channels.as_slice() {
            [only] => only.channel.clone(),
            several => format!("{} channels", several.len()),
        };
        writeln!(f, "Journeys: entry → Infobip Messaging ({channels}) → Wait Until Event →")?;
        writeln!(f, "  [event] Infobip Reports (reply) → reply split →")?;
        writeln!(f, "  Infobip Reports (click) → click split → Infobip Reports (delivery) → status split\n")?;
        row(f, "contacts entered", &all.contacts)?;
        row(f, "accepted (messageStatus Success)", &all.accepted)?;
        for (status, count) in &all.refused {
            row(f, &format!("refused: {status}"), count)?;
        }
        row(f, "ejected by an error", &all.ejected)?;
        writeln!(f, "\nInfobip")?;
        row(f, "messages sent", &format!("{} in {} requests", all.sent, all.requests))?;
        row(f, "sent more than once", &all.sent_again)?;
        let spacing = format!("{:.2} ms asked, {:.2} ms achieved", self.spacing.asked_ms, self.spacing.achieved_ms);
        row(f, &format!("spacing ({})", self.spacing.limit), &spacing)?;
        for (group, count) in &all.reported {
            row(f, &format!("reported {group}"), count)?;
        }
        row(f, "seen", &all.seen)?;
        row(f, "clicked", &all.clicks)?;
        row(f, "answered", &all.replies)?;
        writeln!(f, "\nSFMC")?;
        for (extension, count) in &all.rows_by_extension {
            row(f, &format!("rows in {extension}"), count)?;
        }
        row(f, "rows with seenAt", &all.rows_seen)?;
        row(f, "events fired", &format!("{}, {} of them lost", all.events, all.events_lost))?;
        let splits = [
            ("Wait Until Event", &all.event_branches),
            ("reply", &all.reply_branches),
            ("click", &all.click_branches),
            ("status", &all.branches),
        ];
        for (split, branches) in splits {
            for (branch, count) in branches {
                row(f, &format!("{split} branch: {branch}"), count)?;
            }
        }
        for channel in &self.channels {
            writeln!(f, "\n{channel}")?;
        }
        writeln!(f)?;
        for problem in &self.problems {
            writeln!(f, "  PROBLEM: {problem}")?;
        }
        let verdict = if self.passed {
            "Every accepted contact was sent exactly once, every report, click and reply arrived once, and contacts went their way"
        } else {
            "The run is not as it should be"
        };
        write!(f, "{verdict} ({} s).", self.seconds)
    }
}

/// Eight lines at most and one for each kind of content.
impl fmt::Display for ChannelSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = &self.figures;
        write!(f, "{}", self.channel)?;
        for content in &self.contents {
            let mut counts = format!("{} sent, {} delivered", content.sent, content.delivered);
            for (name, count) in [("seen", content.seen), ("clicked", content.clicks), ("answered", content.replies)] {
                if count > 0 {
                    counts.push_str(&format!(", {count} {name}"));
                }
            }
            write!(f, "\n  {:<42} {counts}", content.content)?;
        }
        write!(f, "\n  {:<42} {} of {} contacts", "accepted", figures.accepted, figures.contacts)?;
        let maps = [
            ("refused", &figures.refused),
            ("reported", &figures.reported),
            ("rows", &figures.rows_by_extension),
            ("reply branches", &figures.reply_branches),
            ("click branches", &figures.click_branches),
            ("status branches", &figures.branches),
        ];
        for (name, counts) in maps.into_iter().filter(|(_, counts)| !counts.is_empty()) {
            write!(f, "\n  {name:<42} {}", listed(counts))?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display) -> fmt::Result {
    writeln!(f, "  {name:<42} {value}")
}

fn listed(counts: &BTreeMap<String, u64>) -> String {
    let each: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    each.join(", ")
}
