//! The command line in, text and an exit code out.

use std::process::ExitCode;

use waypost::cli::{self, Process};

fn main() -> ExitCode {
    // An error would mean that a provider is there already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let env = |name: &str| std::env::var(name).ok();
    ExitCode::from(cli::run(Process {
        args: std::env::args_os().collect(),
        env: &env,
        env_names: std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect(),
        out: &mut std::io::stdout(),
        err: &mut std::io::stderr(),
    }))
}
