//! Composition root: the one file that knows every part.

use std::io::Write;
use std::sync::Arc;

use crate::cli::options::{DemoOptions, SandboxOptions};
use crate::config::{Config, MasterKey};
use crate::control::ControlHandler;

/// Why the process can't do what it was started for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    #[error("this build has no {0}")]
    Missing(&'static str),
}

/// Runs the server until it is told to stop.
pub(crate) async fn serve(_config: Config, _master_key: MasterKey) -> Result<(), AppError> {
    Err(AppError::Missing("server"))
}

/// The control commands on a store that no server has open.
pub(crate) fn offline_handler(_config: &Config, _master_key: MasterKey) -> Result<Arc<dyn ControlHandler>, AppError> {
    Err(AppError::Missing("store"))
}

/// Runs the demonstration; prints its progress and summary to `out`.
pub(crate) async fn demo(_options: DemoOptions, _out: &mut dyn Write) -> Result<(), AppError> {
    Err(AppError::Missing("demonstration"))
}

/// Runs the sandbox until it is told to stop; prints its addresses to `out`.
pub(crate) async fn sandbox(_options: SandboxOptions, _out: &mut dyn Write) -> Result<(), AppError> {
    Err(AppError::Missing("sandbox"))
}
