//! `waypost serve`.

use super::{CliError, Session, runtime};
use crate::config::read_master_key;
use crate::{app, telemetry};

pub(super) fn run(session: &mut Session<'_>) -> Result<(), CliError> {
    let config = session.config()?;
    let master_key = read_master_key(&config, session.process.env)?;
    telemetry::init(config.log.format, config.log.level, std::io::stderr)
        .map_err(|error| CliError::Other(error.to_string()))?;
    Ok(runtime()?.block_on(app::serve(config, master_key))?)
}
