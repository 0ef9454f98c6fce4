//! The configuration: one TOML file, and `WAYPOST_*` variables that win over it (spec O2).
//!
//! The table in [`settings!`] is the only place that knows a key: structs, defaults, parser, environment names,
//! `waypost check` and the packaged example all come from it.

mod master_key;
mod setting;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::nearest::{shown, suggestion};

pub use crate::domain::networks::Networks;
pub(crate) use master_key::read_master_key_file;
pub use master_key::{MasterKey, MasterKeySource, generate_master_key_file, read_master_key};
use setting::Setting;
pub use setting::{FrameHosts, Label, LogFormat, LogLevel, PublicUrl};

/// Where the configuration is looked for when nobody says where it is.
pub const DEFAULT_FILE: &str = "/etc/waypost/waypost.toml";
/// Largest configuration file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Prefix of the variables that are keys: `server.listen` is `WAYPOST_SERVER_LISTEN`.
const VARIABLE_PREFIX: &str = "WAYPOST_";
/// Holds the master key itself.
pub const MASTER_KEY_VARIABLE: &str = "WAYPOST_MASTER_KEY";
/// Holds the path of the configuration file.
pub const FILE_VARIABLE: &str = "WAYPOST_CONFIG";

/// What is wrong with the configuration: one sentence that names the key and what is allowed. Values are never shown:
/// one of them may be a secret in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration file {path} can't be read: {problem}")]
    File { path: String, problem: String },
    #[error("the configuration file {path} is not valid TOML: line {line}: {problem}")]
    Syntax { path: String, line: usize, problem: String },
    #[error("{key} is not a key of the configuration{suggestion}")]
    UnknownKey { key: String, suggestion: String },
    #[error("{key} is not valid: it must be {allowed}")]
    Value { key: String, allowed: String },
    #[error("the master key {place} can't be used: {problem}")]
    MasterKey { place: MasterKeySource, problem: String },
    #[error(
        "there is no master key: set store.master_key_file, the environment variable WAYPOST_MASTER_KEY or the systemd credential master-key; waypost key generate makes one"
    )]
    NoMasterKey,
}

/// Declares sections as structs, and [`KEYS`] as the table of all keys.
macro_rules! settings {
    ($(
        $(#[doc = $section_doc:literal])+
        $section:ident: $Section:ident {
            $(
                $(#[doc = $doc:literal])+
                $key:ident: $type:ty = $default:expr $(, in $range:expr)?;
            )+
        }
    )+) => {
        /// The whole configuration.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Config {
            $( $(#[doc = $section_doc])+ pub $section: $Section, )+
        }

        $(
            $(#[doc = $section_doc])+
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $Section {
                $( $(#[doc = $doc])+ pub $key: $type, )+
            }

            impl Default for $Section {
                fn default() -> Self {
                    Self { $( $key: $default, )+ }
                }
            }
        )+

        /// Every section with its explanation, in the order of the file.
        pub(crate) const SECTIONS: &[(&str, &[&str])] = &[
            $( (stringify!($section), &[$($section_doc),+]), )+
        ];

        /// Every key, in the order of the file.
        pub(crate) const KEYS: &[Key] = &[$($(
            Key {
                section: stringify!($section),
                name: concat!(stringify!($section), ".", stringify!($key)),
                kind: <$type as Setting>::KIND,
                range: settings!(@range $($range)?),
                doc: &[$($doc),+],
                set: |config, value, range| {
                    config.$section.$key = <$type as Setting>::from_toml(value, range)?;
                    Ok(())
                },
                set_text: |config, text, range| {
                    config.$section.$key = <$type as Setting>::from_text(text, range)?;
                    Ok(())
                },
                get: |config| config.$section.$key.to_toml(),
            },
        )+)+];
    };
    (@range) => { setting::ANY };
    (@range $range:expr) => { $range };
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

settings! {
    /// The addresses that SFMC, Infobip and monitoring call.
    server: Server {
        /// Address of the activities and webhooks. Plain HTTP: on another address than loopback it needs
        /// server.behind_proxy.
        listen: SocketAddr = loopback(8080);
        /// Says that a reverse proxy ends TLS in front of server.listen.
        behind_proxy: bool = false;
        /// Proxies whose X-Forwarded-For is believed: whoever calls from them is who they say. Needed for allowlists
        /// behind a proxy, such as ["127.0.0.1"].
        trusted_proxies: Networks = Networks::default();
        /// How SFMC and Infobip reach this server, such as https://waypost.example.com. Needed in production: report
        /// addresses are made from it. Without it, a server on loopback uses server.listen.
        public_base_url: Option<PublicUrl> = None;
        /// Address of /healthz and /readyz.
        monitoring_listen: SocketAddr = loopback(8081);
        /// Threads that answer HTTP.
        workers: usize = 2, in 1..=64;
        /// Time to finish what is in flight after SIGTERM. The systemd unit's TimeoutStopSec must be longer.
        stop_timeout_secs: u64 = 25, in 1..=600;
        /// Largest body of a request, in bytes.
        body_bytes_max: usize = 1_048_576, in 16_384..=16_777_216;
        /// Socket through which the other commands talk to the running server. Without it, control.sock in store.dir.
        control_socket: Option<PathBuf> = None;
    }

    /// Who may call, by address. An empty list lets everybody; others are answered 403. waypost peers lists who has called.
    allowlist: Allowlist {
        /// Of the activities: SFMC's servers, and the marketers whose browsers load config.json.
        activities: Networks = Networks::default();
        /// Of the webhooks. "infobip" stands for the ranges that Infobip publishes, which are not complete: look at
        /// waypost peers before and after, or reports are lost. Inbound messages without other proof fire events when
        /// they come from this list.
        webhooks: Networks = Networks::default();
        /// Of server.monitoring_listen.
        console: Networks = Networks::default();
    }

    /// The encrypted store on disk.
    store: Store {
        /// Directory of the store. One server at a time.
        dir: PathBuf = PathBuf::from("/var/lib/waypost");
        /// Memory for cached pages of the store, in MiB.
        cache_mb: u64 = 64, in 8..=16_384;
        /// File with the master key: 32 bytes as 64 hexadecimal digits or Base64, readable by its owner only. Without
        /// it, the environment variable WAYPOST_MASTER_KEY, then the systemd credential master-key. The key itself
        /// never stands in this file.
        master_key_file: Option<PathBuf> = None;
    }

    /// How messages go to Infobip.
    dispatch: Dispatch {
        /// Most requests at a time to one Infobip account.
        requests_in_flight_max: usize = 4, in 1..=64;
        /// Time between the two looks into Infobip's log that prove a message of unknown fate unsent. Lower only
        /// against a sandbox: the log lags behind.
        maybe_sent_recheck_secs: u64 = 120, in 1..=86_400;
        /// Budget of such looks per account. Infobip allows 120 a minute, for all its callers together.
        lookups_per_minute: u32 = 60, in 1..=120;
    }

    /// How reports go to the data extensions.
    reports: Reports {
        /// Time that reports gather before they are written as one batch.
        flush_secs: u64 = 5, in 1..=60;
        /// Most rows in one batch.
        rows_max: usize = 2_000, in 1..=2_000;
        /// Time between two questions whether SFMC has stored a batch.
        poll_secs: u64 = 5, in 1..=300;
        /// REST calls that a business unit's reports may cost in a minute; beyond, they gather for up to a minute. A
        /// batch costs three or four. SFMC's contracts count calls: 2 million a year are 4 a minute, 6 million 11.
        calls_per_minute: u32 = 60, in 1..=2_500;
    }

    /// How Journey Builder shows and SFMC calls the activities: written into config.json and each saved activity.
    activity: Activity {
        /// What Journey Builder calls the activity that sends. Without it, Infobip Messaging.
        messaging_name: Option<Label> = None;
        /// What Journey Builder says of it. Without it, a sentence in the user's language.
        messaging_description: Option<Label> = None;
        /// What Journey Builder calls the activity that answers what became of a message. Without it, Infobip Reports.
        reports_name: Option<Label> = None;
        /// What Journey Builder says of it. Without it, a sentence in the user's language.
        reports_description: Option<Label> = None;
        /// Time that SFMC waits for an answer, in milliseconds.
        timeout_ms: u64 = 20_000, in 1_000..=100_000;
        /// How often SFMC repeats a call that failed.
        retry_count: u64 = 5, in 0..=5;
        /// Time between such calls, in milliseconds.
        retry_delay_ms: u64 = 10_000, in 0..=10_000;
        /// How many contacts SFMC sends at a time. More than 10 must be agreed with SFMC.
        concurrent_requests: u64 = 5, in 1..=50;
    }

    /// The configuration pages that Journey Builder shows.
    pages: Pages {
        /// Hosts whose pages may show ours in a frame and talk to them, with spaces between. `*.` stands for any
        /// subdomain; without a scheme it is https.
        frame_hosts: FrameHosts = FrameHosts::default();
    }

    /// Logs, on standard error.
    log: Log {
        /// Lines for people, or one JSON object a line.
        format: LogFormat = LogFormat::Human;
        /// Least severity that is logged.
        level: LogLevel = LogLevel::Info;
    }
}

type SetFromToml = fn(&mut Config, &Value, &setting::Range) -> Result<(), String>;
type SetFromText = fn(&mut Config, &str, &setting::Range) -> Result<(), String>;

/// One row of the table of keys.
pub(crate) struct Key {
    pub(crate) section: &'static str,
    /// `section.key`.
    pub(crate) name: &'static str,
    /// What kind of value it takes, in words.
    pub(crate) kind: &'static str,
    pub(crate) range: setting::Range,
    /// Lines of the explanation, each with a leading space.
    doc: &'static [&'static str],
    set: SetFromToml,
    set_text: SetFromText,
    get: fn(&Config) -> Option<Value>,
}

impl Key {
    /// `WAYPOST_SERVER_LISTEN` of `server.listen`.
    pub(crate) fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// The value in `config` as TOML; `None` when it has none.
    pub(crate) fn value(&self, config: &Config) -> Option<Value> {
        (self.get)(config)
    }

    /// The explanation as one text.
    pub(crate) fn explanation(&self) -> String {
        self.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }

    /// What the value must be, in words.
    pub(crate) fn allowed(&self) -> String {
        if self.range == setting::ANY {
            return self.kind.to_owned();
        }
        format!("{} from {} to {}", self.kind, self.range.start(), self.range.end())
    }

    fn short_name(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, key)| key)
    }
}

impl Config {
    /// The defaults, overridden by `file` if given, overridden by the environment.
    pub fn load(file: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if let Some(path) = file {
            config.read_file(path)?;
        }
        config.read_environment(env)?;
        config.check()?;
        Ok(config)
    }

    /// The defaults with a store in `dir`, for tests and the demonstration: everything listens on free loopback ports.
    pub fn for_store(dir: &Path) -> Self {
        let mut config = Self::default();
        dir.clone_into(&mut config.store.dir);
        config.server.listen = loopback(0);
        config.server.monitoring_listen = loopback(0);
        config
    }

    /// The path of the control socket.
    pub fn control_socket(&self) -> PathBuf {
        self.server.control_socket.clone().unwrap_or_else(|| self.store.dir.join("control.sock"))
    }

    /// Whether the names of the environment's variables contain one that looks like ours and is not.
    pub fn check_variable_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), ConfigError> {
        let mut known: Vec<String> = KEYS.iter().map(Key::variable).collect();
        known.extend([MASTER_KEY_VARIABLE, FILE_VARIABLE].map(str::to_owned));
        for name in names.into_iter().filter(|name| name.starts_with(VARIABLE_PREFIX)) {
            if !known.iter().any(|k| k == name) {
                let suggestion = suggestion(name, known.iter().map(String::as_str));
                return Err(ConfigError::UnknownKey { key: shown(name), suggestion });
            }
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = read_limited(path, FILE_BYTES_MAX)
            .map_err(|problem| ConfigError::File { path: path.display().to_string(), problem })?;
        let table = parse_toml(&text).map_err(|(line, problem)| ConfigError::Syntax {
            path: path.display().to_string(),
            line,
            problem,
        })?;
        self.apply(&table)
    }

    fn apply(&mut self, table: &Table) -> Result<(), ConfigError> {
        for (section, value) in table {
            let known = SECTIONS.iter().any(|(name, _)| name == section);
            let keys = match value {
                Value::Table(keys) if known => keys,
                _ if known => {
                    let allowed = format!("a section, written [{section}]");
                    return Err(ConfigError::Value { key: section.clone(), allowed });
                }
                _ => return Err(unknown_key(section)),
            };
            for (key, value) in keys {
                let name = format!("{section}.{key}");
                let row = KEYS.iter().find(|row| row.name == name).ok_or_else(|| unknown_key(&name))?;
                (row.set)(self, value, &row.range).map_err(|allowed| ConfigError::Value { key: name, allowed })?;
            }
        }
        Ok(())
    }

    fn read_environment(&mut self, env: &dyn Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        for row in KEYS {
            let variable = row.variable();
            let Some(text) = env(&variable) else { continue };
            (row.set_text)(self, text.trim(), &row.range)
                .map_err(|allowed| ConfigError::Value { key: variable, allowed })?;
        }
        Ok(())
    }

    /// What no single key can say.
    fn check(&self) -> Result<(), ConfigError> {
        let wrong =
            |key: &str, allowed: &str| Err(ConfigError::Value { key: key.to_owned(), allowed: allowed.to_owned() });
        let exposed = !self.server.listen.ip().is_loopback();
        if exposed && !self.server.behind_proxy {
            return wrong(
                "server.listen",
                "a loopback address such as 127.0.0.1:8080, because it speaks plain HTTP; with server.behind_proxy = true, when a proxy ends TLS, any address",
            );
        }
        if (exposed || self.server.behind_proxy) && self.server.public_base_url.is_none() {
            return wrong(
                "server.public_base_url",
                "given when server.listen is not loopback or server.behind_proxy is set: the https:// address under which SFMC and Infobip reach this server",
            );
        }
        let lists_public = !self.allowlist.activities.is_empty() || !self.allowlist.webhooks.is_empty();
        if lists_public && self.server.behind_proxy && self.server.trusted_proxies.is_empty() {
            return wrong(
                "server.trusted_proxies",
                "the addresses of the proxy when server.behind_proxy and an allowlist are set: without them every call seems to come from the proxy",
            );
        }
        if self.server.listen == self.server.monitoring_listen && self.server.listen.port() != 0 {
            return wrong("server.monitoring_listen", "another address than server.listen");
        }
        Ok(())
    }
}

/// The configuration file with every key commented out at its default: what is packaged, and what
/// `waypost check --print-reference` prints.
pub fn reference() -> String {
    Reference.to_string()
}

struct Reference;

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Configuration of Waypost. Every key is here with its default; remove the # to change one.")?;
        writeln!(f, "# An environment variable wins over its key: server.listen is WAYPOST_SERVER_LISTEN, and so on.")?;
        let defaults = Config::default();
        for (section, docs) in SECTIONS {
            writeln!(f)?;
            for line in *docs {
                writeln!(f, "#{line}")?;
            }
            writeln!(f, "[{section}]")?;
            for key in KEYS.iter().filter(|key| key.section == *section) {
                writeln!(f)?;
                for line in key.doc {
                    writeln!(f, "#{line}")?;
                }
                writeln!(f, "# Allowed: {}.", key.allowed())?;
                match key.value(&defaults) {
                    Some(value) => writeln!(f, "#{} = {value}", key.short_name())?,
                    None => writeln!(f, "#{} = \"\"", key.short_name())?,
                }
            }
        }
        Ok(())
    }
}

/// Reads a text file of at most `bytes_max` bytes; the error says what is wrong in words.
pub(crate) fn read_limited(path: &Path, bytes_max: u64) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| in_words(&error))?;
    read_open_file(file, bytes_max)
}

/// [`read_limited`] of a file that is already open.
pub(crate) fn read_open_file(file: std::fs::File, bytes_max: u64) -> Result<String, String> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = file.take(bytes_max + 1).read_to_string(&mut text).map_err(|error| in_words(&error))?;
    if u64::try_from(read).is_ok_and(|read| read <= bytes_max) {
        return Ok(text);
    }
    Err(format!("it has more than {bytes_max} bytes"))
}

fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}

/// Parses TOML; an error is the line and what is wrong there, without the line's content, which may be a secret.
pub(crate) fn parse_toml(text: &str) -> Result<Table, (usize, String)> {
    text.parse::<Table>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        (before.matches('\n').count() + 1, error.message().lines().next().unwrap_or_default().to_owned())
    })
}

fn unknown_key(name: &str) -> ConfigError {
    let suggestion = if name == "store.master_key" {
        ": the master key never stands in the file; name its file with store.master_key_file".to_owned()
    } else {
        suggestion(name, KEYS.iter().map(|key| key.name).chain(SECTIONS.iter().map(|(section, _)| *section)))
    };
    ConfigError::UnknownKey { key: shown(name), suggestion }
}

#[cfg(test)]
mod tests;
