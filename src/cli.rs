//! The command line, one file per subcommand.
//!
//! Results go to standard output, sentences about what went wrong to standard error. Commands that need the store ask
//! the running server over its control socket; when none runs, tenant and activity commands open the store themselves.

mod account;
mod activity;
mod check;
mod erase;
mod inbound;
mod key;
pub(crate) mod options;
mod peers;
mod queue;
mod report;
mod serve;
mod status;
mod tenant;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, Parser, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::{self, AppError};
use crate::config::{Config, ConfigError, DEFAULT_FILE, FILE_VARIABLE, LogFormat, LogLevel, read_master_key};
use crate::control::{self, ControlAnswer, ControlError, ControlRequest};
use crate::onboarding::TenantFileError;
use crate::telemetry;

/// Exit codes, also in `--help`.
const OK: u8 = 0;
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const OTHER: u8 = 3;

/// Connects Salesforce Marketing Cloud Journey Builder to the Infobip messaging platform
#[derive(Debug, Parser)]
#[command(
    name = "waypost",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done; 1 a check failed or the server refused; 2 wrong usage, configuration or tenant file; 3 the server is not reachable, or anything else.\n\nSecrets are never given on the command line: they stand in files, environment variables or systemd credentials."
)]
struct Cli {
    /// Configuration file; without it $WAYPOST_CONFIG, then /etc/waypost/waypost.toml if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Check the configuration, and print what is in force
    Check(check::CheckArgs),
    /// Add, show, check and remove business units
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// Show what an Infobip account has to send with: senders, WhatsApp templates, scenarios
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Write activities for journeys
    #[command(subcommand)]
    Activity(activity::ActivityCommand),
    /// List queues and let stopped ones go on
    #[command(subcommand)]
    Queue(queue::QueueCommand),
    /// Show reports whose rows were refused, and try them again
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// Show inbound messages of which nobody knows whose they are, and give them to an account
    #[command(subcommand)]
    Inbound(inbound::InboundCommand),
    /// Erase a person from a business unit: messages, reports, clicks and replies
    Erase(erase::EraseArgs),
    /// List the addresses that have called the running server, to build an allowlist from
    ///
    /// Up to 1000 of activities, webhooks and monitoring each, since the start, the last seen first. Calls that succeeded had
    /// business here: of webhooks, those that knew a token, or brought something to the bare path.
    Peers(peers::PeersArgs),
    /// Show what the running server does
    Status(status::StatusArgs),
    /// Run a whole journey against stand-ins of both platforms, on this machine only
    ///
    /// Contacts get a message, wait for an event that their reply fires, and are split by reply, click and delivery report.
    /// The summary compares rows, events and branches with what the stand-ins sent, and names every difference a problem.
    Demo(options::DemoOptions),
    /// Run stand-ins of both platforms on loopback, to try journeys without sending
    Sandbox(options::SandboxOptions),
    /// Make master keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What a run of the command line may touch of its process.
pub struct Process<'a> {
    /// Arguments, the program's name first.
    pub args: Vec<OsString>,
    /// Looks up an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Names of all environment variables, to find misspelt ones of ours.
    pub env_names: Vec<String>,
    /// Standard output: results.
    pub out: &'a mut dyn Write,
    /// Standard error: what went wrong.
    pub err: &'a mut dyn Write,
}

/// Why a command failed, by its exit code.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    TenantFile(#[from] TenantFileError),
    /// The server has answered, with a refusal.
    #[error("{0}")]
    Refused(String),
    /// A check failed, and what it found was printed.
    #[error("")]
    CheckFailed,
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error(transparent)]
    App(#[from] AppError),
    #[error("the result can't be written: {0}")]
    Output(#[from] io::Error),
    #[error("{0}")]
    Other(String),
}

impl CliError {
    fn exit_code(&self) -> u8 {
        match self {
            // Whoever reads our output has seen enough (`| head`).
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => OK,
            Self::Usage(_) | Self::Config(_) | Self::TenantFile(_) => USAGE,
            Self::Refused(_) | Self::CheckFailed => FAILED,
            Self::Control(_) | Self::App(_) | Self::Output(_) | Self::Other(_) => OTHER,
        }
    }
}

/// Runs one command and returns its exit code.
pub fn run(mut process: Process<'_>) -> u8 {
    let cli = match Cli::try_parse_from(&process.args) {
        Ok(cli) => cli,
        Err(error) => return print_clap(&error, &mut process),
    };
    let mut session = Session { config_file: cli.config, process };
    let done = session.run(cli.command).and_then(|()| Ok(session.process.out.flush()?));
    match done {
        Ok(()) => OK,
        Err(error) => {
            let (code, sentence) = (error.exit_code(), error.to_string());
            if code != OK && !sentence.is_empty() {
                // Nobody is left to hear that standard error is gone.
                writeln!(session.process.err, "waypost: {sentence}").ok();
            }
            code
        }
    }
}

fn print_clap(error: &clap::Error, process: &mut Process<'_>) -> u8 {
    let text = error.render();
    // A usage error is one also when nobody hears it.
    if error.use_stderr() {
        write!(process.err, "{text}").ok();
        USAGE
    } else {
        write!(process.out, "{text}").ok();
        OK
    }
}

/// One command on its way: its process and the way to its configuration.
struct Session<'a> {
    config_file: Option<PathBuf>,
    process: Process<'a>,
}

impl Session<'_> {
    fn run(&mut self, command: Command) -> Result<(), CliError> {
        match command {
            Command::Serve => serve::run(self),
            Command::Check(args) => check::run(self, &args),
            Command::Tenant(command) => tenant::run(self, command),
            Command::Account(command) => account::run(self, command),
            Command::Activity(command) => activity::run(self, command),
            Command::Queue(command) => queue::run(self, &command),
            Command::Report(command) => report::run(self, &command),
            Command::Inbound(command) => inbound::run(self, command),
            Command::Erase(args) => erase::run(self, args),
            Command::Peers(args) => peers::run(self, &args),
            Command::Status(args) => status::run(self, &args),
            Command::Demo(options) => {
                telemetry::init(LogFormat::Human, LogLevel::Warn, io::stderr).ok();
                let out = &mut *self.process.out;
                Ok(runtime()?.block_on(app::demo(options, out))?)
            }
            Command::Sandbox(options) => {
                telemetry::init(LogFormat::Human, LogLevel::Info, io::stderr).ok();
                let out = &mut *self.process.out;
                Ok(runtime()?.block_on(app::sandbox(options, out))?)
            }
            Command::Key(command) => key::run(self, &command),
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "waypost", &mut script);
                Ok(self.process.out.write_all(&script)?)
            }
        }
    }

    /// The configuration file to read, if any. One that was named must be there; the usual one need not.
    fn config_file(&self) -> Option<PathBuf> {
        let named = self.config_file.clone().or_else(|| (self.process.env)(FILE_VARIABLE).map(PathBuf::from));
        named.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()))
    }

    fn config(&self) -> Result<Config, CliError> {
        Config::check_variable_names(self.process.env_names.iter().map(String::as_str))?;
        Ok(Config::load(self.config_file().as_deref(), self.process.env)?)
    }

    /// Asks the running server, or the store itself when none runs.
    fn ask(&self, request: ControlRequest) -> Result<serde_json::Value, CliError> {
        let config = self.config()?;
        let socket = config.control_socket();
        let answer = runtime()?.block_on(async {
            match control::call(&socket, &request).await {
                Err(ControlError::NotRunning { .. }) => {
                    owned(&config.store.dir)?;
                    let master_key = read_master_key(&config, self.process.env)?;
                    let handler = app::offline_handler(&config, master_key)?;
                    Ok::<_, CliError>(handler.handle(request).await)
                }
                answer => Ok(answer?),
            }
        })?;
        value_of(answer)
    }

    /// Asks the running server; there must be one.
    fn ask_server(&self, request: &ControlRequest) -> Result<serde_json::Value, CliError> {
        let socket = self.config()?.control_socket();
        value_of(runtime()?.block_on(control::call(&socket, request))?)
    }

    fn print(&mut self, text: &str) -> Result<(), CliError> {
        Ok(writeln!(self.process.out, "{text}")?)
    }

    fn print_json(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value).map_err(|error| CliError::Other(error.to_string()))?;
        self.print(&text)
    }
}

fn value_of(answer: ControlAnswer) -> Result<serde_json::Value, CliError> {
    match answer {
        ControlAnswer::Ok(value) => Ok(value),
        ControlAnswer::Error { sentence, .. } => Err(CliError::Refused(sentence)),
    }
}

/// Reads the server's answer as what this version of the command expects.
fn read_answer<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, CliError> {
    serde_json::from_value(value).map_err(|_| {
        CliError::Other("the server's answer can't be read; is it of the same version as this command?".to_owned())
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Other(format!("the runtime can't start: {error}")))
}

/// Refuses a store of another user: files that root leaves in it keep the server's user from opening it.
fn owned(store: &Path) -> Result<(), CliError> {
    use std::os::unix::fs::MetadataExt as _;
    let uid = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.uid());
    match (uid(store), uid(Path::new("/proc/self"))) {
        (Ok(owner), Ok(own)) if owner != own => Err(CliError::Other(format!(
            "no server is running, and the store in {} belongs to another user: start the server, or run this as its user",
            named(store)
        ))),
        // A store that is not there yet will be made by this user.
        _ => Ok(()),
    }
}

/// How a path is named in a sentence.
fn named(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests;
