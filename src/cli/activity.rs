//! `waypost activity`.

use std::collections::BTreeMap;

use super::{CliError, Session};
use crate::control::{ActivityKind, ActivityRequest, ControlRequest};
use crate::domain::ids::Mid;
use crate::domain::message::contract::{ARGUMENTS, ArgumentRow, CARDS_MAX, Form, NUMBERED_MAX, ReadBy};
use crate::domain::message::{Rejection, STATUS_TABLE};
use crate::domain::report_answer::OUT_ARGUMENTS;
use crate::nearest::{shown, suggestion};

/// Longest key of an activity, in characters.
const KEY_CHARS_MAX: usize = 100;

#[derive(Debug, clap::Subcommand)]
pub(super) enum ActivityCommand {
    /// Print an activity as Journey Builder saves it, ready to be put into a journey
    ///
    /// Values may be expressions of Journey Builder, such as {{Event.<key>.MobilePhone}}.
    #[command(after_help = after_help())]
    New {
        /// MID of the business unit
        #[arg(long)]
        mid: Mid,
        /// Which of the two activities
        #[arg(long)]
        kind: ActivityKind,
        /// Key of the activity in its journey
        #[arg(long, default_value = "REST-1", value_parser = activity_key)]
        key: String,
        /// An in-argument; may be repeated
        #[arg(long = "set", value_name = "NAME=VALUE", value_parser = argument)]
        arguments: Vec<(String, String)>,
    },
    /// Print what activities and Waypost agree on: in-arguments, and every messageStatus
    Contract,
}

pub(super) fn run(session: &mut Session<'_>, command: ActivityCommand) -> Result<(), CliError> {
    match command {
        ActivityCommand::New { mid, kind, key, arguments } => {
            let arguments = checked(kind, arguments).map_err(CliError::Usage)?;
            let activity = session.ask(ControlRequest::ActivityNew(ActivityRequest { mid, kind, key, arguments }))?;
            session.print_json(&activity)
        }
        ActivityCommand::Contract => session.print(contract().trim_end()),
    }
}

/// The contract as three tables of Markdown; README.md has the same.
fn contract() -> String {
    let mut text = String::from("| in-argument | read by | meaning |\n|---|---|---|\n");
    for ArgumentRow { name, read_by, form, meaning } in ARGUMENTS {
        let name = match form {
            Form::Numbered => format!("`{name}1`, `{name}2`, …"),
            Form::PerCard => format!("`card1{name}`, `card2{name}`, …"),
            Form::Single | Form::Own => format!("`{name}`"),
        };
        let read_by = match read_by {
            ReadBy::Both => "both",
            ReadBy::Messaging => "messaging",
            ReadBy::Reports => "reports",
        };
        text.push_str(&format!("| {name} | {read_by} | {meaning} |\n"));
    }
    text.push_str("\n| messageStatus | whose | when |\n|---|---|---|\n");
    text.push_str(&format!(
        "| `{}` | manual | the message is accepted: it is on disk and will be sent |\n",
        Rejection::success()
    ));
    for row in STATUS_TABLE {
        let whose = if row.from_manual { "manual" } else { "Waypost" };
        text.push_str(&format!("| `{}` | {whose} | {} |\n", row.message_status, row.meaning));
    }
    text.push_str("\n| out-argument of reports | `reportKind` | value |\n|---|---|---|\n");
    for row in &OUT_ARGUMENTS {
        let kind = row.kind.map_or_else(|| "each".to_owned(), |kind| format!("`{}`", kind.name()));
        text.push_str(&format!("| `{}` | {kind} | {} |\n", row.name, row.meaning));
    }
    text
}

/// Rows that a person may set in an activity.
fn settable(kind: ActivityKind) -> impl Iterator<Item = &'static ArgumentRow> {
    let own = match kind {
        ActivityKind::Messaging => ReadBy::Messaging,
        ActivityKind::Reports => ReadBy::Reports,
    };
    ARGUMENTS.iter().filter(move |row| row.form != Form::Own && (row.read_by == own || row.read_by == ReadBy::Both))
}

fn checked(kind: ActivityKind, arguments: Vec<(String, String)>) -> Result<BTreeMap<String, String>, String> {
    let mut checked = BTreeMap::new();
    for (name, value) in arguments {
        if !settable(kind).any(|row| row.names(&name)) {
            let suggestion = suggestion(&name, settable(kind).map(|row| row.name));
            return Err(format!("{} is not an in-argument of this activity{suggestion}", shown(&name)));
        }
        if checked.insert(name.clone(), value).is_some() {
            return Err(format!("{name} is set twice: it must be set once"));
        }
    }
    Ok(checked)
}

fn argument(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("it must be NAME=VALUE".to_owned()),
    }
}

fn activity_key(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=KEY_CHARS_MAX).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(format!("it must be 1 to {KEY_CHARS_MAX} letters, digits, dashes, dots and underscores"))
}

fn after_help() -> String {
    let names = |kind| {
        let name = |row: &ArgumentRow| match row.form {
            Form::Numbered => format!("{0}1 to {0}{NUMBERED_MAX}", row.name),
            Form::PerCard => format!("card1{0} to card{CARDS_MAX}{0}", row.name),
            Form::Single | Form::Own => row.name.to_owned(),
        };
        settable(kind).map(name).collect::<Vec<_>>().join(", ")
    };
    format!(
        "In-arguments of messaging: {}.\n\nIn-arguments of reports: {}.\n\nwaypost activity contract explains them.",
        names(ActivityKind::Messaging),
        names(ActivityKind::Reports),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_contract_as_it_is() {
        let readme = include_str!("../../README.md");
        let contract = contract();
        for line in contract.lines().filter(|line| !line.is_empty()) {
            assert!(readme.contains(line), "README.md lacks the line: {line}");
        }
    }
}
