//! `waypost key`.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::{CliError, Session, named};
use crate::config::generate_master_key_file;

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
}

pub(super) fn run(session: &mut Session<'_>, command: &KeyCommand) -> Result<(), CliError> {
    let KeyCommand::Generate { file } = command;
    generate_master_key_file(file).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            CliError::Refused(format!("{} is there already: a master key is never overwritten", named(file)))
        }
        _ => CliError::Other(format!("the master key can't be written to {}: {error}", named(file))),
    })?;
    session.print(&format!("a new master key is in {}; keep a copy of it in a safe place", named(file)))
}
