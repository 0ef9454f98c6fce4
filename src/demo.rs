//! The demonstration: the sandbox and a Waypost configured against it, over real HTTP.

use std::io::Write;

use crate::app::AppError;
use crate::cli::options::{DemoOptions, SandboxOptions};

pub(crate) async fn run(_options: DemoOptions, _out: &mut dyn Write) -> Result<(), AppError> {
    Err(AppError::Demo("not there yet".to_owned()))
}

pub(crate) async fn sandbox(_options: SandboxOptions, _out: &mut dyn Write) -> Result<(), AppError> {
    Err(AppError::Sandbox("not there yet".to_owned()))
}
