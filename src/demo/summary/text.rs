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
        writeln!(f, "Journeys: entry → Infobip Messaging ({channels}) → wait → Infobip Reports → decision split")?;
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
        writeln!(f, "\nSFMC")?;
        for (extension, count) in &all.rows_by_extension {
            row(f, &format!("rows in {extension}"), count)?;
        }
        for (branch, count) in &all.branches {
            row(f, &format!("branch {branch}"), count)?;
        }
        for channel in &self.channels {
            writeln!(f, "\n{channel}")?;
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

/// Six lines at most and one for each kind of content.
impl fmt::Display for ChannelSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = &self.figures;
        write!(f, "{}", self.channel)?;
        for content in &self.contents {
            let counts = format!("{} sent, {} delivered", content.sent, content.delivered);
            write!(f, "\n  {:<42} {counts}", content.content)?;
        }
        write!(f, "\n  {:<42} {} of {} contacts", "accepted", figures.accepted, figures.contacts)?;
        let maps = [
            ("refused", &figures.refused),
            ("reported", &figures.reported),
            ("rows", &figures.rows_by_extension),
            ("branches", &figures.branches),
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
