//! Load for the measuring and the crashing harnesses: signed execute calls, and a client that costs little beside the
//! server it drives.

pub(crate) mod calls;
pub(crate) mod client;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use waypost::cli::{self, Process};

/// The business unit of every call.
pub(crate) const MID: u64 = 514_001_234;
pub(crate) const SIGNING_SECRET: &str = "load-signing-secret-0123456789abcdef";
pub(crate) const API_KEY: &str = "load-api-key";
pub(crate) const CLIENT_ID: &str = "load-client-id";
pub(crate) const CLIENT_SECRET: &str = "load-client-secret";
/// 32 bytes in hexadecimal digits.
pub(crate) const MASTER_KEY: &str = "4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d";

/// Where a Waypost under load has its files and addresses.
pub(crate) struct Site {
    pub(crate) store: PathBuf,
    /// Not in the store's directory: what lies there is the store's alone.
    pub(crate) control_socket: PathBuf,
    pub(crate) public: SocketAddr,
    pub(crate) monitoring: SocketAddr,
}

impl Site {
    /// Files under `dir`, and ports that were free a moment ago.
    pub(crate) fn new(store: PathBuf, dir: &Path) -> std::io::Result<Self> {
        // Both are held until both are known: the ports must differ.
        let (public, monitoring) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
        Ok(Self {
            store,
            control_socket: dir.join("control.sock"),
            public: public.local_addr()?,
            monitoring: monitoring.local_addr()?,
        })
    }

    /// The configuration, as environment variables.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("WAYPOST_STORE_DIR", self.store.display().to_string()),
            ("WAYPOST_SERVER_CONTROL_SOCKET", self.control_socket.display().to_string()),
            ("WAYPOST_SERVER_LISTEN", self.public.to_string()),
            ("WAYPOST_SERVER_MONITORING_LISTEN", self.monitoring.to_string()),
            ("WAYPOST_LOG_LEVEL", "error".to_owned()),
            ("WAYPOST_MASTER_KEY", MASTER_KEY.to_owned()),
        ]
    }

    /// Runs a command of the product against the server of this site and returns what it printed. Blocks, and has a
    /// runtime of its own: not for tasks.
    pub(crate) fn waypost(&self, args: &[&str]) -> Result<String, String> {
        let environment = self.environment();
        let env = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = cli::run(Process {
            args: ["waypost"].iter().chain(args).map(Into::into).collect(),
            env: &env,
            env_names: environment.iter().map(|(name, _)| (*name).to_owned()).collect(),
            out: &mut out,
            err: &mut err,
        });
        if code == 0 {
            return String::from_utf8(out).map_err(|error| error.to_string());
        }
        Err(format!("waypost {} ended with {code}: {}", args.join(" "), String::from_utf8_lossy(&err).trim()))
    }

    /// Connects the business unit of the calls; both platforms are at the given origins.
    pub(crate) fn add_tenant(&self, dir: &Path, sfmc: &str, infobip: &str) -> Result<(), String> {
        let file = dir.join("tenant.toml");
        let text = format!(
            "mid = {MID}\nname = \"Load\"\n\n\
             [sfmc]\nclient_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\n\
             auth_origin = \"{sfmc}\"\nsoap_origin = \"{sfmc}\"\nrest_origin = \"{sfmc}\"\n\n\
             [verification]\nsigning_secret = \"{SIGNING_SECRET}\"\n\n\
             [[account]]\nlabel = \"main\"\nbase_url = \"{infobip}\"\napi_key = \"{API_KEY}\"\n"
        );
        std::fs::write(&file, text).map_err(|error| error.to_string())?;
        self.waypost(&["tenant", "add", "--file", &file.display().to_string()]).map(drop)
    }
}
