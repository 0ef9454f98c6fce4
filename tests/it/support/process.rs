//! The real binary, in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use waypost::clock::SystemClock;
use waypost::sandbox::{DeliveryScript, Sandbox, SandboxOptions};

use super::tenant::MASTER_KEY_HEX;
use super::{Activity, Call, eventually, run_cli, tenant};

/// A directory with a configuration, and the `waypost serve` that runs on it.
pub(crate) struct Server {
    pub(crate) config_file: PathBuf,
    pub(crate) store_dir: PathBuf,
    pub(crate) monitoring: String,
    child: Option<Child>,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Writes the configuration into `dir`; its ports were free a moment ago. `more` are further lines of TOML, each
    /// with its section.
    pub(crate) fn new(dir: &Path, more: &str) -> Self {
        let [public, monitoring] = free_ports();
        let key_file = dir.join("master.key");
        std::fs::write(&key_file, MASTER_KEY_HEX).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&key_file, mode).unwrap();
        let store_dir = dir.join("store");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:{public}\"\nmonitoring_listen = \"127.0.0.1:{monitoring}\"\n\
             control_socket = {:?}\n\
             [store]\ndir = {store_dir:?}\nmaster_key_file = {key_file:?}\n\
             [dispatch]\nmaybe_sent_recheck_secs = 1\nlookups_per_minute = 120\n\
             [reports]\nflush_secs = 1\npoll_secs = 1\n{more}",
            dir.join("control.sock"),
        );
        let config_file = dir.join("waypost.toml");
        std::fs::write(&config_file, text).unwrap();
        let monitoring = format!("http://127.0.0.1:{monitoring}");
        Self { config_file, store_dir, monitoring, child: None, log: Arc::default() }
    }

    /// Another server on the same store, with addresses and a control socket of its own.
    pub(crate) fn beside(other: &Self) -> Self {
        let dir = other.config_file.with_file_name("beside");
        std::fs::create_dir(&dir).unwrap();
        let server = Self::new(&dir, "");
        let text = std::fs::read_to_string(&server.config_file).unwrap();
        let (own, theirs) = (format!("{:?}", server.store_dir), format!("{:?}", other.store_dir));
        std::fs::write(&server.config_file, text.replace(&own, &theirs)).unwrap();
        server
    }

    /// Starts the process and waits until it takes calls.
    pub(crate) async fn start(&mut self) {
        self.spawn();
        let ready = format!("{}/readyz", self.monitoring);
        eventually("the server to be ready", async || {
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("the server ended with {status}: {}", self.log());
            }
            reqwest::get(&ready).await.ok().filter(|answer| answer.status().is_success()).map(drop)
        })
        .await;
    }

    fn spawn(&mut self) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_waypost"))
            .args(["serve", "--config"])
            .arg(&self.config_file)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        self.child = Some(child);
    }

    /// Starts a process that is expected to give up by itself.
    pub(crate) async fn start_in_vain(&mut self) -> ExitStatus {
        self.spawn();
        self.ended().await
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM, and the exit status.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.ended().await
    }

    async fn ended(&mut self) -> ExitStatus {
        let status = eventually("the process to end", async || self.child.as_mut().unwrap().try_wait().unwrap()).await;
        self.child = None;
        status
    }

    /// What it wrote to standard error, over all its runs.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) async fn cli(&self, args: &[&str]) -> super::Ran {
        run_cli(&self.config_file, args).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// Two ports that nobody listens on. Both are held while they are chosen, so that they differ.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.each_ref().map(|listener| listener.local_addr().unwrap().port())
}

/// A served business unit with a messaging activity, against a sandbox of its own.
pub(crate) struct Served {
    pub(crate) server: Server,
    pub(crate) sandbox: Sandbox,
    pub(crate) caller: Caller,
    // Dropped last: the server's files.
    _dir: TempDir,
}

/// SFMC's side of a served unit: executes, and knows what was acknowledged.
#[derive(Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    activity: Activity,
    key: String,
    acknowledged: Arc<Mutex<Vec<String>>>,
}

/// Starts the real binary with one business unit.
pub(crate) async fn serve() -> Served {
    let dir = TempDir::new().unwrap();
    let delivery = DeliveryScript { delay: Duration::from_millis(50), ..DeliveryScript::default() };
    let options = SandboxOptions { delivery, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options, Arc::new(SystemClock::new())).await.unwrap();
    let unit = tenant();
    unit.register(&sandbox);
    let mut server = Server::new(dir.path(), "");
    server.start().await;
    let file = dir.path().join("tenant.toml");
    std::fs::write(&file, unit.toml(&sandbox.sfmc_origin(), &sandbox.infobip_base_url())).unwrap();
    server.cli(&["tenant", "add", "--file", file.to_str().unwrap()]).await.succeeded();
    let mid = unit.mid.to_string();
    let mut args = vec!["activity", "new", "--mid", &mid, "--kind", "messaging"];
    args.extend(["--set", "channel=SMS", "--set", "sender=Waypost", "--set", "text=Hi"]);
    let activity = Activity::new(server.cli(&args).await.json());
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    let caller = Caller { http, activity, key: unit.signing_secret, acknowledged: Arc::default() };
    Served { server, sandbox, caller, _dir: dir }
}

impl Served {
    /// Waits until nothing waits to be sent, and nothing is of unknown fate. What it meets on the way is printed, for
    /// the test that waits in vain.
    pub(crate) async fn drain(&self) {
        let mut before = Value::Null;
        eventually("everything to be sent", async || {
            let status = self.server.cli(&["status", "--json"]).await.json();
            let is_done = status["maybe_sent"] == 0 && status["business_units"][0]["queued"] == 0;
            let figures = serde_json::json!([status["maybe_sent"], status["business_units"][0]]);
            if figures != before {
                println!("maybe sent and unit: {figures}");
                before = figures;
            }
            is_done.then_some(())
        })
        .await;
    }
}

impl Caller {
    /// Executes for a contact; whether the message was acknowledged.
    pub(crate) async fn execute(&self, contact: usize) -> bool {
        let call = Call::new(&self.activity, &self.key, &format!("C-{contact}")).to(&format!("38591{contact:07}"));
        let Ok(answer) = self.http.post(&call.url).body(call.bytes()).send().await else { return false };
        let status = answer.status().as_u16();
        let Ok(body) = answer.json::<Value>().await else { return false };
        // A server on its way down may answer 503; never anything else.
        assert!(matches!(status, 200 | 503), "{status} {body}");
        if status == 200 {
            assert_eq!(body["messageStatus"], "Success");
            self.acknowledged.lock().unwrap().push(body["messageId"].as_str().unwrap().to_owned());
        }
        status == 200
    }

    /// Executes for one contact after the other, from `first` on in steps of `step`, until the server is gone.
    pub(crate) async fn execute_until_refused(self, first: usize, step: usize) {
        let mut contact = first;
        while self.execute(contact).await {
            contact += step;
        }
    }

    /// Message ids of everything that was acknowledged.
    pub(crate) fn acknowledged(&self) -> Vec<String> {
        self.acknowledged.lock().unwrap().clone()
    }
}
