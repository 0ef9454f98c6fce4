//! [`spawn_app`]: a whole Waypost on free ports with a fresh store, and the sandbox of both platforms.

use std::future::IntoFuture;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use waypost::app::inspection::Inspection;
use waypost::app::{Addresses, App, AppError, Ports};
use waypost::clock::{Clock, SystemClock, Timestamp, VirtualClock};
use waypost::config::{Config, FrameHosts, MasterKey};
use waypost::sandbox::{DeliveryScript, InfobipWorld, Sandbox, SandboxOptions, SfmcWorld};

use super::tenant::MASTER_KEY;
use super::{Activity, Call, Ran, TenantFile, errors, eventually, run_cli, tenant};

/// How far a virtual clock moves between two looks at a condition.
const TICK: Duration = Duration::from_millis(250);

/// Name of the file with every request that the platforms received.
const RECORD: &str = "record.jsonl";

/// What the in-arguments of every test's messaging activity say.
const MESSAGE: [(&str, &str); 4] =
    [("channel", "SMS"), ("sender", "Waypost"), ("text", "Hi"), ("phone1", "{{Event.E.Phone}}")];

/// Starts a Waypost with one business unit. Await it.
pub(crate) fn spawn_app() -> Spawning {
    Spawning { tenant: tenant(), virtual_clock: None, changes: Vec::new(), is_in_journey_builder: false }
}

/// What is asked for before the start.
pub(crate) struct Spawning {
    tenant: TenantFile,
    virtual_clock: Option<Arc<VirtualClock>>,
    changes: Vec<fn(&mut Config)>,
    is_in_journey_builder: bool,
}

impl Spawning {
    /// Another business unit than the plain one.
    #[must_use]
    pub(crate) fn with_tenant(self, tenant: TenantFile) -> Self {
        Self { tenant, ..self }
    }

    /// Time stands still but while the test waits for something.
    #[must_use]
    pub(crate) fn on_virtual_time(self) -> Self {
        let start = Timestamp::from_secs(1_790_000_000);
        Self { virtual_clock: Some(Arc::new(VirtualClock::starting_at(start))), ..self }
    }

    #[must_use]
    pub(crate) fn with_config(mut self, change: fn(&mut Config)) -> Self {
        self.changes.push(change);
        self
    }

    /// The sandbox's Journey Builder may show the pages.
    #[must_use]
    pub(crate) fn in_journey_builder(self) -> Self {
        Self { is_in_journey_builder: true, ..self }
    }

    async fn start(self) -> TestApp {
        errors::collect();
        let Self { tenant, virtual_clock, changes, is_in_journey_builder } = self;
        let clock: Arc<dyn Clock> = match &virtual_clock {
            Some(clock) => Arc::clone(clock) as Arc<dyn Clock>,
            None => Arc::new(SystemClock::new()),
        };
        let dir = TempDir::new().unwrap();
        let delivery = DeliveryScript { delay: Duration::from_millis(50), ..DeliveryScript::default() };
        let options = SandboxOptions { delivery, record: Some(dir.path().join(RECORD)), ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options, Arc::clone(&clock)).await.unwrap();
        sandbox.sfmc().set_async_delay(Duration::from_millis(100));
        let mut config = Config::for_store(&dir.path().join("store"));
        config.reports.flush_secs = 1;
        config.reports.poll_secs = 1;
        config.dispatch.maybe_sent_recheck_secs = 1;
        if is_in_journey_builder {
            config.pages.frame_hosts = frame_hosts(&sandbox.sfmc_origin());
        }
        changes.iter().for_each(|change| change(&mut config));
        let config_file = dir.path().join("waypost.toml");
        std::fs::write(&config_file, config_toml(&config)).unwrap();
        let running = Running::start(&config, Arc::clone(&clock)).await;
        // A restart comes back to the addresses that SFMC and Infobip know.
        config.server.listen = running.addresses.public;
        let mut app = TestApp {
            mids: Vec::new(),
            activity: Activity::new(Value::Null),
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap(),
            expected_errors: Vec::new(),
            running: Some(running),
            tenant: tenant.clone(),
            sandbox,
            clock,
            virtual_clock,
            config,
            config_file,
            dir,
        };
        app.add_tenant(&tenant).await;
        app.activity = app.new_activity(&[]).await;
        app
    }
}

impl IntoFuture for Spawning {
    type Output = TestApp;
    type IntoFuture = Pin<Box<dyn Future<Output = TestApp>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

/// As an operator sets them.
fn frame_hosts(hosts: &str) -> FrameHosts {
    let set = |name: &str| (name == "WAYPOST_PAGES_FRAME_HOSTS").then(|| hosts.to_owned());
    Config::load(None, &set).unwrap().pages.frame_hosts
}

/// All that the command line needs to find the server or the store.
fn config_toml(config: &Config) -> String {
    format!("[store]\ndir = {:?}\n", config.store.dir)
}

struct Running {
    addresses: Addresses,
    stop: oneshot::Sender<()>,
    run: JoinHandle<Result<(), AppError>>,
}

impl Running {
    async fn start(config: &Config, clock: Arc<dyn Clock>) -> Self {
        // A server that was stopped in this process lets go of the store when its last thread is gone.
        let app = eventually("the store to be free", async || {
            let ports = Ports { clock: Arc::clone(&clock), ..Ports::default() };
            match App::build(config.clone(), MasterKey::from_bytes(MASTER_KEY), ports).await {
                Err(AppError::Open(problem)) if problem.contains("is locked by another process") => None,
                built => Some(built.unwrap()),
            }
        })
        .await;
        let addresses = app.addresses();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        Self { addresses, stop, run: tokio::spawn(app.run(shutdown)) }
    }
}

/// A request that a platform received.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Recorded {
    pub(crate) path: String,
    pub(crate) headers: Value,
    pub(crate) body: Value,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) async fn read(answer: reqwest::Response) -> Self {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Self { status, headers, body: answer.text().await.unwrap() }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts a 200 that accepts the message; gives its id.
    #[track_caller]
    pub(crate) fn message_id(&self) -> String {
        assert_eq!((self.status, self.out("messageStatus").as_str()), (200, "Success"), "{self:?}");
        let id = self.out("messageId");
        assert!((1..=50).contains(&id.len()), "{id:?} is no message id");
        id
    }

    /// An out-argument: text, and there.
    #[track_caller]
    pub(crate) fn out(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {self:?}")).to_owned()
    }
}

/// See [`spawn_app`]. End with [`TestApp::finish`].
pub(crate) struct TestApp {
    pub(crate) sandbox: Sandbox,
    pub(crate) tenant: TenantFile,
    /// A messaging activity of it.
    pub(crate) activity: Activity,
    pub(crate) http: reqwest::Client,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) virtual_clock: Option<Arc<VirtualClock>>,
    config: Config,
    pub(crate) config_file: PathBuf,
    dir: TempDir,
    running: Option<Running>,
    mids: Vec<u64>,
    expected_errors: Vec<&'static str>,
}

impl TestApp {
    pub(crate) fn infobip(&self) -> &InfobipWorld {
        self.sandbox.infobip()
    }

    pub(crate) fn sfmc(&self) -> &SfmcWorld {
        self.sandbox.sfmc()
    }

    pub(crate) fn addresses(&self) -> Addresses {
        self.running.as_ref().expect("the server runs").addresses
    }

    /// An address of the public listener.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses().public)
    }

    pub(crate) async fn cli(&self, args: &[&str]) -> Ran {
        run_cli(&self.config_file, args).await
    }

    /// Writes a file that a command is given.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// The tenant file, written with the sandbox's addresses.
    pub(crate) fn tenant_file(&self, tenant: &TenantFile) -> String {
        let text = tenant.toml(&self.sandbox.sfmc_origin(), &self.sandbox.infobip_base_url());
        self.file(&format!("{}.toml", tenant.mid), &text)
    }

    /// Registers a business unit at both platforms, and adds it as an operator would.
    pub(crate) async fn add_tenant(&mut self, tenant: &TenantFile) {
        tenant.register(&self.sandbox);
        self.mids.push(tenant.mid);
        self.cli(&["tenant", "add", "--file", &self.tenant_file(tenant)]).await.succeeded();
    }

    /// A messaging activity of the plain business unit: channel, sender and text, and these in-arguments.
    pub(crate) async fn new_activity(&self, arguments: &[(&str, &str)]) -> Activity {
        let is_given = |name: &str| arguments.iter().any(|(given, _)| *given == name);
        let usual = MESSAGE.iter().filter(|(name, _)| !is_given(name));
        // Several accounts leave no one to be meant.
        let account = self.tenant.accounts.first().filter(|_| self.tenant.accounts.len() > 1 && !is_given("account"));
        let account = account.map(|account| ("account", account.label.as_str()));
        let arguments: Vec<_> = usual.chain(arguments).copied().chain(account).collect();
        self.new_activity_of(self.tenant.mid, "messaging", &arguments).await
    }

    pub(crate) async fn new_activity_of(&self, mid: u64, kind: &str, arguments: &[(&str, &str)]) -> Activity {
        let mid = mid.to_string();
        let arguments: Vec<String> = arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut args = vec!["activity", "new", "--mid", &mid, "--kind", kind];
        args.extend(arguments.iter().flat_map(|argument| ["--set", argument]));
        Activity::new(self.cli(&args).await.json())
    }

    /// A call of the plain activity for the contact, to a number of its own.
    pub(crate) fn call(&self, contact: &str) -> Call {
        self.call_of(&self.activity, contact)
    }

    pub(crate) fn call_of(&self, activity: &Activity, contact: &str) -> Call {
        Call::new(activity, &self.tenant.signing_secret, contact).to(&phone_of(contact))
    }

    pub(crate) async fn execute(&self, call: &Call) -> Answered {
        let mut request = self.http.post(&call.url).body(call.bytes());
        if let Some(content_type) = call.content_type {
            request = request.header("content-type", content_type);
        }
        Answered::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, url: &str) -> Answered {
        Answered::read(self.http.get(url).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, url: &str, body: impl Into<reqwest::Body>) -> Answered {
        let request = self.http.post(url).header("content-type", "application/json").body(body);
        Answered::read(request.send().await.unwrap()).await
    }

    /// Every request that Infobip received at this path so far: its body, or its path and query when it has none.
    pub(crate) fn requests_to(&self, path: &str) -> Vec<Recorded> {
        self.sandbox.flush_record();
        let record = std::fs::read_to_string(self.dir.path().join(RECORD)).unwrap();
        let requests = record.lines().map(|line| serde_json::from_str::<Recorded>(line).unwrap());
        requests.filter(|request| request.path.split('?').next() == Some(path)).collect()
    }

    /// `waypost status --json`.
    pub(crate) async fn status(&self) -> Value {
        self.cli(&["status", "--json"]).await.json()
    }

    /// The plain business unit's part of the status.
    pub(crate) async fn unit_status(&self) -> Value {
        let status = self.status().await;
        let units = status["business_units"].as_array().unwrap();
        units.iter().find(|unit| unit["mid"] == self.tenant.mid).unwrap().clone()
    }

    /// Rows of the plain business unit's data extension for reports.
    pub(crate) fn rows(&self) -> Vec<std::collections::BTreeMap<String, String>> {
        self.sfmc().rows(self.tenant.mid, super::REPORTS_KEY)
    }

    /// Rows of the plain business unit's data extension for the reports of all channels but SMS and LMS.
    pub(crate) fn omni_rows(&self) -> Vec<std::collections::BTreeMap<String, String>> {
        self.sfmc().rows(self.tenant.mid, super::OMNI_KEY)
    }

    /// Waits for a condition; moves the virtual clock on meanwhile.
    pub(crate) async fn until<T>(&self, what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
        eventually(what, async || {
            let found = probe().await;
            if let (None, Some(clock)) = (&found, &self.virtual_clock) {
                clock.advance(TICK);
            }
            found
        })
        .await
    }

    /// Lets so much virtual time pass, giving everybody the chance to act in it.
    pub(crate) async fn pass(&self, time: Duration) {
        let clock = self.virtual_clock.as_ref().expect("a test on virtual time");
        let until = clock.steady().plus(time);
        self.until("time to pass", async || (clock.steady() >= until).then_some(())).await;
    }

    /// Waits until Infobip has accepted so many messages.
    pub(crate) async fn until_received(&self, count: usize) {
        self.until(&format!("{count} messages at Infobip"), async || {
            (self.infobip().received_count() >= count).then_some(())
        })
        .await;
    }

    /// Waits until the extension has so many rows.
    pub(crate) async fn until_rows(&self, count: usize) -> Vec<std::collections::BTreeMap<String, String>> {
        let what = format!("{count} rows");
        self.until(&what, async || Some(self.rows()).filter(|rows| rows.len() >= count)).await
    }

    /// Waits until everything is sent, every report has come, and every report is where it belongs.
    pub(crate) async fn drain(&self) {
        self.until("everything to be sent and reported", async || {
            // In this order: a message brings reports, and a report that was brought is stored.
            let is_sent = !has_unsent(&self.status().await);
            let is_reported = is_sent && self.infobip().webhooks_pending() == 0;
            (is_reported && !has_work(&self.status().await)).then_some(())
        })
        .await;
    }

    /// The next [`TestApp::finish`] finds an error with this in it, and is content.
    pub(crate) fn expect_error(&mut self, text: &'static str) {
        self.expected_errors.push(text);
    }

    /// Stops the server in order.
    pub(crate) async fn stop(&mut self) {
        let Running { stop, run, .. } = self.running.take().expect("the server runs");
        stop.send(()).expect("the server has not ended by itself");
        // Time must go on for whoever still sleeps.
        let mut run = run;
        let ended = self
            .until("the server to stop", async || tokio::time::timeout(Duration::from_millis(50), &mut run).await.ok());
        ended.await.unwrap().unwrap();
    }

    /// Looks into the store, for which the server is stopped and started again.
    pub(crate) async fn inspect<T>(&mut self, look: impl FnOnce(&Inspection) -> T) -> T {
        self.stop().await;
        let dir = self.config.store.dir.clone();
        let inspection = eventually("the store to be free", async || {
            match Inspection::open(&dir, &MasterKey::from_bytes(MASTER_KEY)) {
                Err(AppError::Open(problem)) if problem.contains("is locked by another process") => None,
                opened => Some(opened.unwrap()),
            }
        })
        .await;
        let seen = look(&inspection);
        drop(inspection);
        self.start().await;
        seen
    }

    /// Starts it again on the same store and address.
    pub(crate) async fn start(&mut self) {
        self.running = Some(Running::start(&self.config, Arc::clone(&self.clock)).await);
    }

    /// Fails when work is left over or an error was logged that was not expected; then stops everything.
    pub(crate) async fn finish(self) {
        let status = self.status().await;
        assert!(!has_work(&status), "work is left over: {status:#}");
        self.finish_with_work_left().await;
    }

    /// Like [`TestApp::finish`], where leaving work over is the point.
    pub(crate) async fn finish_with_work_left(mut self) {
        if self.running.is_some() {
            let status = self.status().await;
            assert_eq!(status["store"]["quarantined"], 0, "{status:#}");
            self.stop().await;
        }
        self.sandbox.clone().stop().await;
        let mut expected = std::mem::take(&mut self.expected_errors);
        for error in errors::take(&self.mids) {
            let is_expected = expected.iter().any(|text| error.text.contains(text));
            assert!(is_expected, "an error was logged that nobody expected: {}", error.text);
            expected.retain(|text| !error.text.contains(text));
        }
        assert!(expected.is_empty(), "expected errors were not logged: {expected:?}");
        self.mids.clear();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let is_finished = self.mids.is_empty();
        assert!(is_finished || std::thread::panicking(), "a test must end with finish()");
    }
}

/// A number that no other contact of a test has.
pub(crate) fn phone_of(contact: &str) -> String {
    let digits: String = contact.chars().filter(char::is_ascii_digit).collect();
    format!("38591{digits:0>7}")
}

fn units(status: &Value) -> &[Value] {
    status["business_units"].as_array().unwrap()
}

/// Whether messages wait to be sent, or nobody knows whether they were.
fn has_unsent(status: &Value) -> bool {
    status["maybe_sent"] != 0 || units(status).iter().any(|unit| unit["queued"] != 0)
}

fn has_work(status: &Value) -> bool {
    has_unsent(status) || units(status).iter().any(|unit| unit["reports_waiting"] != 0)
}
