//! `-- --reports-million`: how long the reports activity takes with a million reports in the store (spec R4).
//!
//! The store is filled from outside only: each message is an execute call, is sent to a provider that takes everything,
//! and its reports come through the webhooks, many to a body. Of ten reports six are delivery reports, three clicks and
//! one a reply, and one message has fifty clicks more. SFMC can't be reached, so that no row is forwarded and all
//! entries of the outbox are in the store besides: the worst that it can look like.
//!
//! Then random messages are asked for, each kind of report in turn, by signed execute calls. Cold is a server that has
//! just opened the store, whose files the system was told to forget; warm is the same server afterwards.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::load::Site;
use crate::load::calls::{Calls, reports_request};
use crate::load::client::{self, Connection};
use crate::provider::Provider;
use crate::server::Server;
use crate::{start, verdict};

const KINDS: [&str; 3] = ["DELIVERY", "CLICK", "REPLY"];
/// Connections of the fill, and entries of one webhook body: Infobip gathers up to 2000.
const FILLERS: usize = 16;
const ENTRIES: usize = 500;
/// Messages of one part of the fill, so that their bodies need not be in memory together.
const PART: u64 = 50_000;
const CLICKS_OF_ONE: usize = 50;
/// Calls of one measurement.
const CALLS: usize = 15_000;
const COLD_CALLS: usize = 6_000;
const ROUNDS: [usize; 3] = [1, 8, 64];
/// What the figures should reach.
const P99_MAX: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(600);

/// A generator of numbers that nobody has to guess: xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

pub(crate) fn run(dir: &Path, reports: u64) {
    println!("{reports} reports: six of ten delivery reports, three clicks, one a reply; none forwarded:");
    let provider = Provider::start();
    let server = start(dir, "reports");
    let ids = fill(dir, &server, &provider, reports);
    let path = activity(&server.site, "reports");
    println!("filled: RSS {:.0} MB, at its highest {:.0} MB", server.rss_mb(), server.peak_mb());
    println!("stopped in {:.1?}; the store takes {:.0} MB", server.stop(), bytes_of(&dir.join("reports")) / 1e6);

    forget_cached(&dir.join("reports"));
    let server = start(dir, "reports");
    println!("opened in {:.1?}", server.started_in);
    let mut numbers = Numbers(0x5eed);
    let mut met = true;
    for (state, connections, calls) in
        std::iter::once(("cold", 8, COLD_CALLS)).chain(ROUNDS.map(|connections| ("warm", connections, CALLS)))
    {
        let asked: Vec<_> = (0..calls).map(|n| (n % KINDS.len(), ids[numbers.below(ids.len())].as_str())).collect();
        let answered = ask(server.site.public, &path, &asked, connections);
        met &= connections > 8 || answered.latencies.iter().all(|of_kind| at(of_kind, 990) <= P99_MAX);
        print!("  {state}, {connections:>2} connections, {:.0}/s:", answered.rate);
        for (kind, latencies) in KINDS.iter().zip(&answered.latencies) {
            print!("  {kind} p50 {:.2?} p99 {:.2?}", at(latencies, 500), at(latencies, 990));
        }
        println!();
    }
    let asked = vec![(1, ids[0].as_str()); CALLS / 5];
    let answered = ask(server.site.public, &path, &asked, 8);
    let latencies = &answered.latencies[1];
    met &= at(latencies, 990) <= P99_MAX;
    println!(
        "  warm,  8 connections, a message with {CLICKS_OF_ONE} clicks and more: p50 {:.2?} p99 {:.2?}",
        at(latencies, 500),
        at(latencies, 990)
    );
    println!("RSS {:.0} MB, at its highest {:.0} MB", server.rss_mb(), server.peak_mb());
    println!("  goal: p99 at most {P99_MAX:?} at up to 8 connections: {}", verdict(met));
    server.stop();
}

/// Messages, sent and reported. Answers their ids.
fn fill(dir: &Path, server: &Server, provider: &Provider, reports: u64) -> Vec<String> {
    // Nobody listens where SFMC should be.
    server.site.add_tenant(dir, "http://127.0.0.1:9", &provider.origin).unwrap();
    let mut calls = Calls::messaging(2_000, &[]);
    calls.path = activity(&server.site, "messaging");
    let began = Instant::now();
    let messages = reports * 6 / 10;
    let mut ids = Vec::new();
    for first in (0..messages).step_by(usize::try_from(PART).unwrap()) {
        let requests: Vec<_> = (first..messages.min(first + PART)).map(|contact| calls.request(contact)).collect();
        let answers = exchange(server.site.public, &requests, FILLERS);
        ids.extend(answers.iter().map(|body| {
            let answer: Value = serde_json::from_slice(body).unwrap();
            answer["messageId"].as_str().filter(|id| !id.is_empty()).expect("each message is taken").to_owned()
        }));
    }
    println!("  {messages} messages by execute calls in {:.0?}", began.elapsed());
    let queued = || -> u64 {
        let status = server.site.waypost(&["status", "--json"]).unwrap();
        serde_json::from_str::<Value>(&status).unwrap()["business_units"][0]["queued"].as_u64().unwrap()
    };
    while queued() > 0 {
        assert!(began.elapsed() < PATIENCE, "the messages are not sent");
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("  all sent after {:.0?}", began.elapsed());
    let delivery = provider.delivery_url().expect("the first message wanted a report");
    let path = delivery.strip_prefix(&format!("http://{}", server.site.public)).unwrap().to_owned();
    let token = path.rsplit('/').next().unwrap();
    let mut numbers = Numbers(0xc0ffee);
    let some = |numbers: &mut Numbers, count: u64| -> Vec<String> {
        (0..count).map(|_| ids[numbers.below(ids.len())].clone()).collect()
    };
    let mut clicked = some(&mut numbers, reports * 3 / 10);
    clicked.extend(std::iter::repeat_n(ids[0].clone(), CLICKS_OF_ONE));
    let answered = some(&mut numbers, reports / 10);
    let posts = [
        (path.clone(), ids.clone(), delivery_report as Entry),
        (path.replace("/deliveryReport/", "/urlTracking/"), clicked, click as Entry),
        (format!("/infobip/webhooks/inboundMessage/{token}"), answered, reply as Entry),
    ];
    for (path, about, entry) in posts {
        let count = about.len();
        for some in about.chunks(usize::try_from(PART).unwrap()) {
            let bodies = some.chunks(ENTRIES).enumerate().map(|(chunk, ids)| {
                let entries = ids.iter().enumerate().map(|(n, id)| entry(chunk * ENTRIES + n, id));
                post(&path, &json!({ "results": entries.collect::<Vec<_>>() }))
            });
            exchange(server.site.public, &bodies.collect::<Vec<_>>(), FILLERS);
        }
        println!("  {count} entries to {} after {:.0?}", path.replace(token, "…"), began.elapsed());
    }
    ids
}

/// Makes the n-th entry of a webhook about a message.
type Entry = fn(usize, &str) -> Value;

fn moment(n: usize) -> String {
    format!("2026-11-24T{:02}:{:02}:{:02}.000+0000", n / 3_600 % 24, n / 60 % 60, n % 60)
}

fn delivery_report(n: usize, id: &str) -> Value {
    json!({
        "bulkId": "Spring offer by SMS", "messageId": id, "to": "385911234567", "sender": "Waypost",
        "sentAt": moment(n), "doneAt": moment(n + 3), "messageCount": 1, "mccMnc": "21901",
        "price": { "pricePerMessage": 0.0085, "currency": "EUR" },
        "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET",
            "description": "Message delivered to handset" },
        "error": { "groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "description": "No Error",
            "permanent": false },
    })
}

fn click(n: usize, id: &str) -> Value {
    json!({
        "notificationType": "CLICKED", "messageId": id, "recipient": "385911234567",
        "url": format!("https://shop.example/offers/spring?place={n}"), "sendDateTime": 1_795_000_000_000_u64 + n as u64,
        "recipientInfo": { "deviceType": "Phone", "os": "Android 16", "deviceName": "Pixel 9" },
    })
}

fn reply(n: usize, id: &str) -> Value {
    json!({
        "messageId": format!("in-{n}-{id}"), "pairedMessageId": id, "from": "385911234567", "to": "Waypost",
        "text": "Yes please", "cleanText": "Yes please", "smsCount": 1, "receivedAt": moment(n),
    })
}

fn post(path: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head, body].concat().into_bytes()
}

/// Path and query of execute of a new activity.
fn activity(site: &Site, kind: &str) -> String {
    let mid = crate::load::MID.to_string();
    let saved = site.waypost(&["activity", "new", "--mid", &mid, "--kind", kind]).unwrap();
    let saved: Value = serde_json::from_str(&saved).unwrap();
    let url = saved["arguments"]["execute"]["url"].as_str().unwrap();
    url.strip_prefix(&format!("http://{}", site.public)).unwrap().to_owned()
}

/// Sends all requests, and answers the bodies in the requests' order.
fn exchange(address: SocketAddr, requests: &[Vec<u8>], connections: usize) -> Vec<Vec<u8>> {
    let mut answers = vec![Vec::new(); requests.len()];
    for (index, _, body) in timed(address, requests, connections).0 {
        answers[index] = body;
    }
    answers
}

struct Answered {
    rate: f64,
    /// By kind, sorted.
    latencies: Vec<Vec<Duration>>,
}

/// Asks for reports: by kind and message id.
fn ask(address: SocketAddr, path: &str, asked: &[(usize, &str)], connections: usize) -> Answered {
    let numbered = asked.iter().zip(0..);
    let requests: Vec<_> = numbered.map(|((kind, id), n)| reports_request(path, KINDS[*kind], id, n)).collect();
    let (answers, elapsed) = timed(address, &requests, connections);
    let mut latencies = vec![Vec::new(); KINDS.len()];
    for (index, latency, body) in answers {
        let kind = asked[index].0;
        if kind == 0 {
            let answer: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(answer["statusName"], "DELIVERED_TO_HANDSET", "what is asked for is there");
        }
        latencies[kind].push(latency);
    }
    latencies.iter_mut().for_each(|of_kind| of_kind.sort_unstable());
    Answered { rate: asked.len() as f64 / elapsed.as_secs_f64(), latencies }
}

type Timed = Vec<(usize, Duration, Vec<u8>)>;

/// Sends all requests over so many connections; the clock runs without the making of the bodies.
fn timed(address: SocketAddr, requests: &[Vec<u8>], connections: usize) -> (Timed, Duration) {
    let next = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(Connection::open(address).await.unwrap());
        }
        let began = Instant::now();
        let workers = open.into_iter().map(|mut connection| {
            let next = &next;
            async move {
                let mut answers = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(index) else { return answers };
                    let sent = Instant::now();
                    let client::Answer { status, body } = connection.exchange(request).await.unwrap();
                    assert_eq!(status, 200, "{}", String::from_utf8_lossy(body));
                    answers.push((index, sent.elapsed(), body.to_vec()));
                }
            }
        });
        let answers = futures_util::future::join_all(workers).await.concat();
        (answers, began.elapsed())
    })
}

fn at(sorted: &[Duration], per_mille: usize) -> Duration {
    sorted[sorted.len() * per_mille / 1_000]
}

fn bytes_of(dir: &Path) -> f64 {
    files(dir).iter().map(|file| file.metadata().unwrap().len() as f64).sum()
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Tells the system to forget what it has of these files in memory; only `dd` says that without unsafe code.
fn forget_cached(dir: &Path) {
    for file in files(dir) {
        let input = format!("if={}", file.display());
        let told =
            Command::new("dd").args([&input, "of=/dev/null", "iflag=nocache", "count=0", "status=none"]).status();
        assert!(told.unwrap().success(), "dd can't tell the system to forget a file");
    }
}
