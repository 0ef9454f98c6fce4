//! `waypost activity`.

use std::collections::BTreeMap;

use super::{CliError, Session};
use crate::control::{ActivityKind, ActivityRequest, ControlRequest};
use crate::domain::ids::Mid;
use crate::domain::message::names;
use crate::nearest::{shown, suggestion};

/// Largest number of a numbered in-argument that execute looks at (domain/message/draft.rs).
const NUMBERED_MAX: u8 = 50;
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
}

/// In-arguments of both activities that a person may set; the others are the server's.
const COMMON: &[&str] = &[names::CONTACT_KEY, names::IS_TEST, names::VERSION_NUMBER, names::JOURNEY_NAME];

const MESSAGING: &[&str] = &[
    names::ACCOUNT,
    names::CHANNEL,
    names::BULK_ID,
    names::PHONE_CHOICE,
    names::PHONE_DEFAULT,
    names::SENDER,
    names::TEXT,
    names::SHORTEN_URL,
    names::TRACK_CLICKS,
    names::CUSTOM_DOMAIN,
    names::REMOVE_PROTOCOL,
    names::DLT,
    names::DLT_PRINCIPAL_ENTITY_ID,
    names::DLT_CONTENT_TEMPLATE_ID,
    names::SPEED_LIMIT_COUNT,
    names::SPEED_LIMIT_UNIT,
    names::VALIDITY_MINUTES,
    names::LATEST_SEND_AT,
    names::ON_STOP,
];

/// Numbered in-arguments of the messaging activity: the prefix, then a number from 1.
const MESSAGING_NUMBERED: &[&str] = &[names::PHONE_PREFIX, names::CALLBACK_NAME_PREFIX, names::CALLBACK_VALUE_PREFIX];

const REPORTS: &[&str] = &[names::MESSAGE_ID, names::REPORT_KIND];

pub(super) fn run(session: &mut Session<'_>, command: ActivityCommand) -> Result<(), CliError> {
    let ActivityCommand::New { mid, kind, key, arguments } = command;
    let arguments = checked(kind, arguments).map_err(CliError::Usage)?;
    let activity = session.ask(ControlRequest::ActivityNew(ActivityRequest { mid, kind, key, arguments }))?;
    session.print_json(&activity)
}

fn checked(kind: ActivityKind, arguments: Vec<(String, String)>) -> Result<BTreeMap<String, String>, String> {
    let (own, numbered) = match kind {
        ActivityKind::Messaging => (MESSAGING, MESSAGING_NUMBERED),
        ActivityKind::Reports => (REPORTS, &[][..]),
    };
    let mut checked = BTreeMap::new();
    for (name, value) in arguments {
        let is_numbered = numbered.iter().any(|prefix| name.strip_prefix(prefix).is_some_and(is_number));
        if !is_numbered && !COMMON.iter().chain(own).any(|known| *known == name) {
            let suggestion = suggestion(&name, COMMON.iter().chain(own).chain(numbered).copied());
            return Err(format!("{} is not an in-argument of this activity{suggestion}", shown(&name)));
        }
        if checked.insert(name.clone(), value).is_some() {
            return Err(format!("{name} is set twice: it must be set once"));
        }
    }
    Ok(checked)
}

/// A number from 1 to [`NUMBERED_MAX`] without sign and leading zeros.
fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| matches!(c, '1'..='9')) && text.parse::<u8>().is_ok_and(|number| number <= NUMBERED_MAX)
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
    let numbered =
        MESSAGING_NUMBERED.iter().map(|prefix| format!("{prefix}1 to {prefix}{NUMBERED_MAX}")).collect::<Vec<_>>();
    format!(
        "In-arguments of messaging: {}, {}.\n\nIn-arguments of reports: {}.\n\nOf both: {}.",
        MESSAGING.join(", "),
        numbered.join(", "),
        REPORTS.join(", "),
        COMMON.join(", "),
    )
}
