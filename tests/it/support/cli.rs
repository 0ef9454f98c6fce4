//! `waypost …` in this process, as an operator would type it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

use serde_json::Value;
use waypost::cli::{Process, run};

use super::tenant::MASTER_KEY_HEX;

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Its output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        serde_json::from_str(&self.out).unwrap()
    }

    #[track_caller]
    pub(crate) fn succeeded(&self) -> &Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }
}

/// Runs a command with a configuration file. It makes a runtime of its own, so it gets a thread of its own.
pub(crate) async fn run_cli(config_file: &Path, args: &[&str]) -> Ran {
    let program = ["waypost", "--config"].map(OsString::from).into_iter().chain([config_file.into()]);
    let args: Vec<OsString> = program.chain(args.iter().map(OsString::from)).collect();
    tokio::task::spawn_blocking(move || {
        let variables = HashMap::from([("WAYPOST_MASTER_KEY", MASTER_KEY_HEX)]);
        let env = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        let env_names = variables.keys().map(|name| (*name).to_owned()).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run(Process { args, env: &env, env_names, out: &mut out, err: &mut err });
        Ran { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    })
    .await
    .unwrap()
}
