//! `waypost check`: is the configuration valid, and what is in force?

use serde::Serialize;

use super::{CliError, Session, named};
use crate::config::{Config, ConfigError, KEYS, MasterKeySource, read_master_key, reference};

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Print every key with its explanation and default, as a configuration file
    #[arg(long)]
    print_reference: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// The file that was read.
    file: Option<String>,
    /// Where the master key is, in words.
    master_key: Option<String>,
    keys: Vec<KeyReport>,
}

#[derive(Serialize)]
struct KeyReport {
    key: &'static str,
    variable: String,
    allowed: String,
    explanation: String,
    /// In force; null without one.
    value: Option<toml::Value>,
    default: Option<toml::Value>,
}

pub(super) fn run(session: &mut Session<'_>, args: &CheckArgs) -> Result<(), CliError> {
    if args.print_reference {
        return if args.json {
            session.print_json(&key_reports(&Config::default()))
        } else {
            session.print(reference().trim_end())
        };
    }
    let report = match checked(session) {
        Ok((config, source)) => Report {
            valid: true,
            problem: None,
            file: session.config_file().as_deref().map(named),
            master_key: source.as_ref().map(ToString::to_string),
            keys: key_reports(&config),
        },
        Err(CliError::Config(error)) => Report {
            valid: false,
            problem: Some(error.to_string()),
            file: session.config_file().as_deref().map(named),
            master_key: None,
            keys: Vec::new(),
        },
        Err(error) => return Err(error),
    };
    if args.json {
        session.print_json(&report)?;
    } else {
        print_report(session, &report)?;
    }
    if report.valid { Ok(()) } else { Err(CliError::CheckFailed) }
}

/// A master key that is not there is no fault of the configuration: systemd shows its credential to the service only.
fn checked(session: &Session<'_>) -> Result<(Config, Option<MasterKeySource>), CliError> {
    let config = session.config()?;
    match read_master_key(&config, session.process.env) {
        Ok(_) => {
            let source = MasterKeySource::find(&config, session.process.env);
            Ok((config, source))
        }
        Err(ConfigError::NoMasterKey) => Ok((config, None)),
        Err(error) => Err(error.into()),
    }
}

fn key_reports(config: &Config) -> Vec<KeyReport> {
    let defaults = Config::default();
    KEYS.iter()
        .map(|key| KeyReport {
            key: key.name,
            variable: key.variable(),
            allowed: key.allowed(),
            explanation: key.explanation(),
            value: key.value(config),
            default: key.value(&defaults),
        })
        .collect()
}

fn print_report(session: &mut Session<'_>, report: &Report) -> Result<(), CliError> {
    match &report.file {
        Some(file) => session.print(&format!("configuration file: {file}"))?,
        None => session.print("configuration file: none; defaults and environment")?,
    }
    if let Some(problem) = &report.problem {
        return session.print(&format!("not valid: {problem}"));
    }
    let source = report.master_key.as_deref().unwrap_or("not found by this user; systemd may give it to the service");
    session.print(&format!("master key: {source}"))?;
    for key in &report.keys {
        let value = key.value.as_ref().map_or_else(|| "(none)".to_owned(), ToString::to_string);
        let origin = if key.value == key.default { "  (default)" } else { "" };
        session.print(&format!("{} = {value}{origin}", key.key))?;
    }
    session.print("valid")
}
