//! ChromeDriver, and a headless Chromium for each test.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a page may take to get where a test wants it.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The size of Journey Builder's window in which its modal has the size that config.json asks for.
pub(crate) const WINDOW: (u32, u32) = (1_280, 960);

/// Why there is no browser.
pub(crate) struct Missing(pub(crate) String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A running ChromeDriver.
pub(crate) struct Driver {
    process: Child,
    port: u16,
}

fn found(names: &[&str], variable: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(PathBuf::from(path));
    }
    let path = std::env::var_os("PATH")?;
    let places = std::env::split_paths(&path).flat_map(|dir| names.iter().map(move |name| dir.join(name)));
    places.into_iter().find(|place| place.is_file())
}

fn chromium() -> Option<PathBuf> {
    found(&["chromium", "chromium-browser", "google-chrome"], "WAYPOST_CHROMIUM")
}

fn is_local(url: &str) -> bool {
    ["http://127.0.0.1:", "data:", "blob:", "about:", "chrome:", "chrome-untrusted:"]
        .iter()
        .any(|start| url.starts_with(start))
}

impl Driver {
    pub(crate) fn start() -> Result<Self, Missing> {
        let missing =
            |what: &str| Missing(format!("{what} is not installed (Debian: apt-get install chromium chromium-driver)"));
        chromium().ok_or_else(|| missing("chromium"))?;
        let driver = found(&["chromedriver"], "WAYPOST_CHROMEDRIVER").ok_or_else(|| missing("chromedriver"))?;
        let started = Command::new(driver).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = started.map_err(|error| Missing(format!("chromedriver does not start: {error}")))?;
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        // "Starting ChromeDriver … on port 0", then "ChromeDriver was started successfully on port 43211."
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.rsplit_once("on port ")?;
            port.trim_end_matches('.').parse().ok().filter(|port| *port != 0)
        });
        // Its further words must go somewhere, or it stops when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        let port = port.ok_or_else(|| Missing("chromedriver named no port".to_owned()))?;
        Ok(Self { process, port })
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// One headless Chromium with a profile of its own.
pub(crate) struct Browser {
    pub(crate) client: Client,
    /// Of the driver.
    address: String,
    _profile: TempDir,
}

impl Browser {
    pub(crate) async fn open(driver: &str) -> Self {
        let profile = TempDir::new().unwrap();
        let profile_argument = format!("--user-data-dir={}", profile.path().display());
        let window = format!("--window-size={},{}", WINDOW.0, WINDOW.1);
        // The network flags keep Chromium from looking for hosts of its own.
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--force-device-scale-factor=1",
            &window,
            &profile_argument,
        ];
        let capabilities = json!({
            "goog:chromeOptions": { "binary": chromium().unwrap(), "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("it is an object") };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(driver).await.unwrap();
        Self { client, address: driver.to_owned(), _profile: profile }
    }

    /// Fails when the console has errors, or something was asked of another host than this one.
    pub(crate) async fn close(self) {
        self.complain_of_console().await;
        let requests = self.requests().await;
        let strangers: Vec<_> = requests.iter().filter(|url| !is_local(url)).collect();
        assert!(strangers.is_empty(), "requests to other hosts: {strangers:?}");
        self.client.close().await.unwrap();
    }

    async fn complain_of_console(&self) {
        let entries = self.log("browser").await;
        let is_fault = |entry: &&Value| {
            let message = entry["message"].as_str().unwrap_or_default();
            // Chromium itself writes down what a server refused, and what comes when the test has stopped it.
            let is_of_network = ["the server responded with a status of", "net::ERR_CONNECTION_"];
            entry["level"] == "SEVERE" && !is_of_network.iter().any(|words| message.contains(words))
        };
        let faults: Vec<_> = entries.iter().filter(is_fault).map(|entry| &entry["message"]).collect();
        assert!(faults.is_empty(), "errors on the console: {faults:#?}");
    }

    /// What a log of the driver has gathered since the last call: `browser` or `performance`.
    pub(crate) async fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.command("se/log", &json!({ "type": kind })).await;
        entries.as_array().cloned().unwrap_or_default()
    }

    /// The addresses of all requests since the last call, of all frames.
    pub(crate) async fn requests(&self) -> Vec<String> {
        let entries = self.log("performance").await;
        let messages =
            entries.iter().filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok());
        let sent = messages.filter(|message| message["message"]["method"] == "Network.requestWillBeSent");
        sent.filter_map(|message| message["message"]["params"]["request"]["url"].as_str().map(str::to_owned)).collect()
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).await
    }

    /// A command that only ChromeDriver knows.
    async fn command(&self, path: &str, body: &Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let url = format!("{}/session/{session}/{path}", self.address);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.post(url).json(body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["value"].clone()
    }

    /// Runs a script in the current frame; `arguments` are its parameters.
    pub(crate) async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        match self.client.execute(script, arguments).await {
            Ok(value) => value,
            Err(error) => panic!("{script}: {error}"),
        }
    }

    /// Waits until a script gives something that is neither null nor false.
    pub(crate) async fn wait_for(&self, what: &str, script: &str) -> Value {
        let mut last = String::new();
        let looking = async {
            loop {
                match self.client.execute(script, Vec::new()).await {
                    Ok(Value::Null | Value::Bool(false)) => {}
                    Ok(value) => return value,
                    Err(error) => last = error.to_string(),
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if let Ok(value) = tokio::time::timeout(PATIENCE, looking).await {
            return value;
        }
        self.screenshot(&format!("failed-{}", what.replace(|c: char| !c.is_alphanumeric(), "-"))).await;
        let words = self.client.execute("return document.body.innerText", Vec::new()).await.unwrap_or_default();
        let words = words.as_str().unwrap_or_default();
        panic!("waited in vain for {what}: {last}\n{words}");
    }

    pub(crate) async fn wait_for_element(&self, css: &str) -> fantoccini::elements::Element {
        self.wait_for(css, &format!("return document.querySelector({}) !== null", json!(css))).await;
        self.client.find(Locator::Css(css)).await.unwrap()
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        self.wait_for_element(css).await.text().await.unwrap()
    }

    /// Keeps a picture of the window for people to look at.
    pub(crate) async fn screenshot(&self, name: &str) {
        let dir = std::env::var_os("WAYPOST_SCREENSHOTS")
            .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots"), PathBuf::from);
        std::fs::create_dir_all(&dir).unwrap();
        if let Ok(png) = self.client.screenshot().await {
            std::fs::write(dir.join(format!("{name}.png")), png).unwrap();
        }
    }
}
