//! `waypost key`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{CliError, Session, named};
use crate::config::{generate_master_key_file, read_master_key_file};
use crate::control::ControlRequest;

#[derive(Debug, clap::Subcommand)]
pub(super) enum KeyCommand {
    /// Write a new master key to a new file that only its owner can read
    ///
    /// Keep a copy in a safe place: without it, nobody can read the store or its backups.
    Generate {
        /// The file to make; an existing one is left alone
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Change the master key of the store: wraps all of its keys by another one
    ///
    /// The next start needs the new key: put it in the old one's place, and keep the old one for old backups.
    Rotate {
        /// File with the new master key, made by waypost key generate
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

pub(super) fn run(session: &mut Session<'_>, command: &KeyCommand) -> Result<(), CliError> {
    let file = match command {
        KeyCommand::Generate { file } => file,
        KeyCommand::Rotate { to } => return rotate(session, to),
    };
    generate_master_key_file(file).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            CliError::Refused(format!("{} is there already: a master key is never overwritten", named(file)))
        }
        _ => CliError::Other(format!("the master key can't be written to {}: {error}", named(file))),
    })?;
    session.print(&format!("a new master key is in {}; keep a copy of it in a safe place", named(file)))
}

fn rotate(session: &mut Session<'_>, to: &Path) -> Result<(), CliError> {
    let new = read_master_key_file(to)?.to_text();
    session.ask(ControlRequest::KeyRotate { new })?;
    session.print(&format!("the store's keys are wrapped by the one in {}: the next start needs it", named(to)))
}
