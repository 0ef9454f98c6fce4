//! `waypost status`.

use serde_json::Value;

use super::{CliError, Session};
use crate::control::ControlRequest;

#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &mut Session<'_>, args: &StatusArgs) -> Result<(), CliError> {
    let status = session.ask_server(&ControlRequest::Status)?;
    if args.json {
        return session.print_json(&status);
    }
    let mut lines = Vec::new();
    flatten(String::new(), &status, &mut lines);
    session.print(&lines.join("\n"))
}

/// One line per value, named by its path: the shape is the server's, and grows with it.
fn flatten(path: String, value: &Value, lines: &mut Vec<String>) {
    let joined = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| flatten(joined(key), value, lines)),
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                flatten(format!("{path}[{}]", index + 1), value, lines);
            }
        }
        Value::String(text) => lines.push(format!("{path}: {text}")),
        Value::Null => lines.push(format!("{path}: none")),
        Value::Bool(_) | Value::Number(_) => lines.push(format!("{path}: {value}")),
    }
}
