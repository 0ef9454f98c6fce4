//! Ratios of execute, side by side on one machine: `cargo bench`, with `-- --quick` in half a minute, with
//! `-- --million` also memory and opening with a million queued messages. `-- --reports-million` measures the reports
//! activity instead ([`reports`]), `-- --reports 20000` with fewer of them.
//!
//! The server is the product's own binary in a process of its own, on a store in the working directory's file system.
//! Three kinds of rounds take turns, at 64 connections or producers each, and the medians are compared:
//!
//! * **execute**: the messaging activity; answered when the message and its first answer are on disk.
//! * **verify** (a): the same bodies to the same server's reports activity. They name no message, so it is answered from
//!   what was verified and parsed, and the store is not asked.
//! * **append** (b): records of the size that a message takes, appended to a file by group commit with `fdatasync`.
//!
//! The queue is paced at one message a day: what is measured is taking messages in, not sending them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measurement: whatever surprises it ends it, and it asks the system for the time"
)]

mod append;
#[path = "../load/load.rs"]
mod load;
mod provider;
mod reports;
mod server;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use load::Site;
use load::calls::Calls;
use load::client::Connection;
use server::Server;

/// Connections of the client, and producers of appends.
const CONNECTIONS: usize = 64;
/// A million queued messages are sent in parts, so that their bodies need not be in memory together.
const MILLION: u64 = 1_000_000;
const PART: u64 = 50_000;

/// What the figures should reach, on a quiet machine (spec Q8, M10).
const OF_VERIFY_MIN: f64 = 0.35;
const OF_APPEND_MIN: f64 = 0.25;
const RSS_MB_MAX: f64 = 300.0;
const OPENING_MAX: Duration = Duration::from_secs(10);

struct Options {
    rounds: u32,
    requests: u64,
    million: bool,
    /// With so many reports in the store.
    reports: Option<u64>,
}

impl Options {
    fn read() -> Self {
        let has = |flag: &str| std::env::args().any(|arg| arg == flag);
        let (rounds, requests) = if has("--quick") { (5, 8_000) } else { (15, 20_000) };
        let given = std::env::args().skip_while(|arg| arg != "--reports").nth(1).and_then(|count| count.parse().ok());
        let reports = if has("--reports-million") { Some(MILLION) } else { given };
        Self { rounds, requests, million: has("--million"), reports }
    }
}

fn main() {
    let options = Options::read();
    // Not in /tmp, which may be memory: the figures are about a disk.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    if let Some(reports) = options.reports {
        return reports::run(dir.path(), reports);
    }
    start_and_stop(dir.path());
    ratios(dir.path(), &options);
    if options.million {
        million(dir.path());
    }
}

fn start_and_stop(dir: &Path) {
    let mut starts = Vec::new();
    let mut stops = Vec::new();
    for n in 0..5 {
        let server = start(dir, &format!("empty-{n}"));
        starts.push(server.started_in);
        stops.push(server.stop());
    }
    println!(
        "waypost serve with an empty store: answers after {:.0?}, stops in {:.0?} (medians of 5)",
        median(starts),
        median(stops)
    );
}

fn start(dir: &Path, name: &str) -> Server {
    Server::start(Site::new(dir.join(name), dir).unwrap())
}

/// A server with its business unit, and the calls of a saved activity of it.
fn connect(dir: &Path, server: &Server) -> Calls {
    // Nobody is to be sent to: a port that nothing listens on.
    server.site.add_tenant(dir, "http://127.0.0.1:9", "http://127.0.0.1:9").unwrap();
    let mid = load::MID.to_string();
    let saved = server.site.waypost(&["activity", "new", "--mid", &mid, "--kind", "messaging"]).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&saved).unwrap();
    let url = saved["arguments"]["execute"]["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&format!("http://{}", server.site.public)).unwrap().to_owned();
    let mut arguments = saved["arguments"]["execute"]["inArguments"].as_array().unwrap().iter();
    let id = arguments.find_map(|argument| argument["configurationId"].as_str()).unwrap().to_owned();
    let own = [("configurationId", id.as_str()), ("speedLimitCount", "1"), ("speedLimitUnit", "DAY")];
    let mut calls = Calls::messaging(1, &own);
    calls.path = path;
    calls
}

fn ratios(dir: &Path, options: &Options) {
    let server = start(dir, "ratios");
    let mut calls = connect(dir, &server);
    let (mut execute, mut verify, mut append) = (Vec::new(), Vec::new(), Vec::new());
    let (mut of_verify, mut of_append) = (Vec::new(), Vec::new());
    let body_bytes = calls.request(0).len();
    println!(
        "{} rounds of {} calls of {body_bytes} bytes each, at {CONNECTIONS} connections; execute, verify and append in turns",
        options.rounds, options.requests
    );
    let executing = calls.path.clone();
    let verifying = executing.replace("/messaging/", "/reports/");
    // One unmeasured round: the queue, the allocator and the disk's file are warm then.
    for round in 0..=options.rounds {
        calls.run += 1;
        calls.path.clone_from(&executing);
        let executed = measure(&server, &calls, options.requests);
        calls.path.clone_from(&verifying);
        let verified = measure(&server, &calls, options.requests);
        let appended = append::rate(&dir.join("append"), CONNECTIONS, options.requests);
        if round > 0 {
            println!("  round {round}: execute {executed}; verify {verified}; append {appended:.0}/s");
            of_verify.push(executed.rate / verified.rate);
            of_append.push(executed.rate / appended);
            execute.push(executed);
            verify.push(verified);
            append.push(appended);
        }
    }
    let rate = |rounds: &[Driven]| median(rounds.iter().map(|round| round.rate).collect());
    let p = |rounds: &[Driven], at: fn(&Driven) -> Duration| median(rounds.iter().map(at).collect());
    let line = |name: &str, rounds: &[Driven]| {
        println!(
            "{name}: {:.0}/s, p50 {:.2?}, p99 {:.2?}, {:.0?} of the server's CPU each",
            rate(rounds),
            p(rounds, |round| round.p50),
            p(rounds, |round| round.p99),
            p(rounds, |round| round.cpu)
        );
    };
    line("execute, durable       ", &execute);
    line("(a) verified and parsed", &verify);
    println!("(b) raw appends, synced : {:.0}/s of {} bytes", median(append), append::RECORD_BYTES);
    println!("Ratios are medians of the rounds' own: what else the machine does meets all three of a round alike.");
    goal("execute / (a)", median(of_verify), OF_VERIFY_MIN);
    goal("execute / (b)", median(of_append), OF_APPEND_MIN);
    let cpu = |rounds: &[Driven]| p(rounds, |round| round.cpu).as_secs_f64();
    println!(
        "What limits: the processor. Of an execute call's CPU, {:.0} % is HTTP, signature and parsing as in (a); the rest \
         is validation, sealing, the commit and its sync.",
        100.0 * cpu(&verify) / cpu(&execute)
    );
    let status: serde_json::Value = serde_json::from_str(&server.site.waypost(&["status", "--json"]).unwrap()).unwrap();
    let (commits, groups) = (&status["store"]["commits"], &status["store"]["synced_groups"]);
    let share = commits.as_f64().unwrap_or(0.0) / groups.as_f64().unwrap_or(1.0);
    println!("{commits} commits shared {groups} syncs: {share:.1} each");
    server.stop();
}

fn million(dir: &Path) {
    println!("a million queued messages, each by a real execute call:");
    let server = start(dir, "million");
    let mut calls = connect(dir, &server);
    calls.run = 1_000;
    let began = Instant::now();
    for part in 0..MILLION / PART {
        let driven = drive(server.site.public, &calls, part * PART..(part + 1) * PART);
        let rate = driven.rate;
        if part % 4 == 3 {
            println!("  {} queued, {rate:.0}/s, RSS {:.0} MB", (part + 1) * PART, server.rss_mb());
        }
    }
    let (rss, peak) = (server.rss_mb(), server.peak_mb());
    println!("filled in {:.0?}; RSS {rss:.0} MB, at its highest {peak:.0} MB", began.elapsed());
    println!("stopped in {:.1?}", server.stop());
    for opening in ["opened", "opened again"] {
        let server = start(dir, "million");
        let status: serde_json::Value =
            serde_json::from_str(&server.site.waypost(&["status", "--json"]).unwrap()).unwrap();
        println!(
            "{opening} in {:.1?} with {:.1?} of CPU, RSS {:.0} MB, {} queued",
            server.started_in,
            server.cpu(),
            server.rss_mb(),
            status["business_units"][0]["queued"]
        );
        if opening == "opened" {
            println!("  goal: at most {OPENING_MAX:?}: {}", verdict(server.started_in <= OPENING_MAX));
        }
        server.stop();
    }
    println!("  goal: RSS at most {RSS_MB_MAX} MB: {}", verdict(rss <= RSS_MB_MAX));
}

fn goal(name: &str, ratio: f64, min: f64) {
    println!("{name} = {ratio:.2}, goal {min}: {}", verdict(ratio >= min));
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// What one round came to.
struct Driven {
    rate: f64,
    p50: Duration,
    p99: Duration,
    /// The server's, for one call.
    cpu: Duration,
}

impl std::fmt::Display for Driven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0}/s p50 {:.2?} p99 {:.2?} CPU {:.0?}", self.rate, self.p50, self.p99, self.cpu)
    }
}

/// [`drive`], and what it cost the server.
fn measure(server: &Server, calls: &Calls, count: u64) -> Driven {
    let before = server.cpu();
    let driven = drive(server.site.public, calls, 0..count);
    let cpu = (server.cpu() - before) / u32::try_from(count).unwrap();
    Driven { cpu, ..driven }
}

/// Sends each contact's call once, over all connections; the bodies are made before the clock runs.
fn drive(address: SocketAddr, calls: &Calls, contacts: std::ops::Range<u64>) -> Driven {
    let requests: Vec<Vec<u8>> = contacts.map(|contact| calls.request(contact)).collect();
    let next = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (elapsed, mut latencies) = runtime.block_on(async {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(address).await.unwrap());
        }
        let began = Instant::now();
        let workers = connections.into_iter().map(|mut connection| {
            let (next, requests) = (&next, &requests);
            async move {
                let mut latencies = Vec::with_capacity(requests.len() / CONNECTIONS * 2);
                while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sent = Instant::now();
                    let answer = connection.exchange(request).await.unwrap();
                    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(answer.body));
                    latencies.push(sent.elapsed());
                }
                latencies
            }
        });
        let latencies = futures_util::future::join_all(workers).await.concat();
        (began.elapsed(), latencies)
    });
    latencies.sort_unstable();
    let at = |per_mille: usize| latencies[latencies.len() * per_mille / 1_000];
    Driven { rate: requests.len() as f64 / elapsed.as_secs_f64(), p50: at(500), p99: at(990), cpu: Duration::ZERO }
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("no round has no figure"));
    values[values.len() / 2]
}
