//! What a power cut leaves: a store that is written under load, and a check of what was acknowledged before the cut.
//!
//! * `serve DIR N` runs a whole Waypost on a store in DIR, with both platforms beside it, and sends it N execute calls.
//!   Each line on standard output ends in a number: all contacts up to it are acknowledged.
//! * `check DIR LAST` opens that store as the product does and looks for the contacts 0 to LAST: each first answer with
//!   its message, as it was sent. Exit code 0: all there. 1: something is lost. 3: the store does not open.
//!
//! A rig that records the writes and syncs of `serve` can rebuild what a disk may hold after a cut at any moment, and
//! ask `check` about it. Without arguments both run once, on a directory of their own: no cut, but the harness works.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a harness: whatever surprises it ends it"
)]

#[path = "../load/load.rs"]
mod load;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use load::calls::{ACTIVITY_ID, Calls};
use load::client::Connection;
use load::{API_KEY, CLIENT_ID, CLIENT_SECRET, MID, SIGNING_SECRET, Site};
use waypost::app::inspection::Inspection;
use waypost::app::{App, Ports};
use waypost::clock::SystemClock;
use waypost::config::{Config, MasterKey};
use waypost::sandbox::{BusinessUnit, DeliveryScript, InfobipAccount, Sandbox, SandboxOptions};

/// [`load::MASTER_KEY`] as bytes.
const MASTER_KEY_BYTES: [u8; 32] = [0x4d; 32];
const CONNECTIONS: usize = 32;
const SMOKE_CONTACTS: u64 = 300;
/// From the last acknowledgement to the stop: sends and reports go on, and a cut may come there too.
const AFTERGLOW: Duration = Duration::from_millis(500);
const LOST: u8 = 1;
const USAGE: u8 = 2;
const DOES_NOT_OPEN: u8 = 3;

fn main() -> ExitCode {
    // An error would mean that a provider is there already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &String| text.parse::<u64>().ok();
    match args.as_slice() {
        [mode, dir, contacts] if mode == "serve" => {
            let Some(contacts) = number(contacts) else { return ExitCode::from(USAGE) };
            serve(Path::new(dir), contacts, &|last| {
                // One write for the line, after the write of what it acknowledges.
                std::io::stdout().write_all(format!("acknowledged {last}\n").as_bytes()).unwrap();
            });
            ExitCode::SUCCESS
        }
        [mode, dir, last] if mode == "check" => {
            let Some(last) = number(last) else { return ExitCode::from(USAGE) };
            match check(Path::new(dir), last) {
                Ok(finished) => {
                    println!("all {} there, {finished} of them sent", last + 1);
                    ExitCode::SUCCESS
                }
                Err((code, sentence)) => {
                    println!("{sentence}");
                    ExitCode::from(code)
                }
            }
        }
        [mode, ..] if mode == "serve" || mode == "check" => {
            println!("usage: powercut serve DIR N | check DIR LAST");
            ExitCode::from(USAGE)
        }
        // What a test runner passes (a filter, --nocapture) changes nothing.
        _ => smoke(),
    }
}

fn smoke() -> ExitCode {
    let dir = tempfile::tempdir().unwrap();
    let last = AtomicU64::new(0);
    serve(dir.path(), SMOKE_CONTACTS, &|number| last.store(number, Ordering::Relaxed));
    let last = last.into_inner();
    let outcome = match check(dir.path(), last) {
        Ok(_) if last + 1 == SMOKE_CONTACTS => Ok(()),
        Ok(_) => Err(format!("acknowledged to {last} only")),
        Err((_, sentence)) => Err(sentence),
    };
    // A contact that was never sent must be missed, or the check checks nothing.
    let outcome = outcome.and_then(|()| match check(dir.path(), SMOKE_CONTACTS) {
        Err((LOST, _)) => Ok(()),
        other => Err(format!("a contact that was not sent was not missed: {other:?}")),
    });
    match outcome {
        Ok(()) => {
            println!("test what_is_acknowledged_is_found_by_the_check ... ok");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            println!("test what_is_acknowledged_is_found_by_the_check ... FAILED: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn calls() -> Calls {
    Calls::messaging(1, &[])
}

/// Runs a server with `contacts` calls, and stops it.
fn serve(dir: &Path, contacts: u64, acknowledged: &(dyn Fn(u64) + Sync)) {
    let beside = tempfile::tempdir().unwrap();
    let site = Site::new(dir.to_owned(), beside.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut config = Config::for_store(dir);
    config.server.control_socket = Some(site.control_socket.clone());
    config.server.listen = site.public;
    config.reports.flush_secs = 1;
    config.reports.poll_secs = 1;
    let (sandbox, server) = runtime.block_on(async {
        let sandbox = sandbox().await;
        let app = App::build(config, MasterKey::from_bytes(MASTER_KEY_BYTES), Ports::default()).await.unwrap();
        let server = tokio::spawn(app.run(async { drop(stopped.await) }));
        (sandbox, server)
    });
    site.add_tenant(beside.path(), &sandbox.sfmc_origin(), &sandbox.infobip_base_url()).unwrap();
    // A client of its own: the acknowledgements are printed here, by nobody who also writes the store.
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    client.block_on(send_all(site.public, contacts, acknowledged));
    runtime.block_on(async {
        tokio::time::sleep(AFTERGLOW).await;
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
        sandbox.stop().await;
    });
}

async fn sandbox() -> Sandbox {
    let delivery = DeliveryScript { delay: Duration::from_millis(50), ..DeliveryScript::default() };
    let options = SandboxOptions { delivery, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options, Arc::new(SystemClock::new())).await.unwrap();
    sandbox.infobip().add_account(InfobipAccount::new(API_KEY));
    sandbox.sfmc().add_business_unit(BusinessUnit {
        mid: MID,
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        scopes: ["data_extensions_read", "data_extensions_write"].map(str::to_owned).to_vec(),
        signing_secret: SIGNING_SECRET.to_owned(),
        salt: None,
    });
    sandbox
}

/// Sends each contact once, over many connections, and tells the last one up to which all are acknowledged.
async fn send_all(address: SocketAddr, contacts: u64, acknowledged: &(dyn Fn(u64) + Sync)) {
    let calls = calls();
    let next = AtomicU64::new(0);
    let line = Mutex::new(Line::default());
    let connections = (0..CONNECTIONS).map(|_| async {
        let mut connection = Connection::open(address).await.unwrap();
        loop {
            let contact = next.fetch_add(1, Ordering::Relaxed);
            if contact >= contacts {
                return;
            }
            let answer = connection.exchange(&calls.request(contact)).await.unwrap();
            let body = String::from_utf8_lossy(answer.body);
            assert!(answer.status == 200 && body.contains("Success"), "contact {contact}: {} {body}", answer.status);
            let mut line = line.lock().unwrap();
            if let Some(last) = line.acknowledge(contact) {
                // Under the lock: numbers are printed in order.
                acknowledged(last);
            }
        }
    });
    futures_util::future::join_all(connections).await;
}

/// Which contacts are acknowledged.
#[derive(Default)]
struct Line {
    /// All below are.
    next: u64,
    early: BTreeSet<u64>,
}

impl Line {
    /// The last contact up to which all are acknowledged, when this one moved it.
    fn acknowledge(&mut self, contact: u64) -> Option<u64> {
        self.early.insert(contact);
        let before = self.next;
        while self.early.remove(&self.next) {
            self.next += 1;
        }
        (self.next > before).then(|| self.next - 1)
    }
}

/// How many of the contacts 0 to `last` have left the queue; or the exit code and a sentence.
fn check(dir: &Path, last: u64) -> Result<u64, (u8, String)> {
    let dir = PathBuf::from(dir);
    let store = Inspection::open(&dir, &MasterKey::from_bytes(MASTER_KEY_BYTES))
        .map_err(|error| (DOES_NOT_OPEN, format!("does not open: {error}")))?;
    let calls = calls();
    let mut ids = BTreeSet::new();
    let mut finished = 0;
    for contact in 0..=last {
        let lost = |what: &str| (LOST, format!("lost contact {contact} of {last}: {what}"));
        let found = store.message(MID, &calls.instance_id(contact), ACTIVITY_ID);
        let message = found.map_err(|error| lost(&error.to_string()))?.ok_or_else(|| lost("not there"))?;
        if message.contact_key != calls.contact_key(contact) || message.text != calls.text(contact) {
            return Err(lost("another message is there"));
        }
        if !ids.insert(message.message_id) {
            return Err(lost("its message id is another's too"));
        }
        finished += u64::from(message.is_finished);
    }
    Ok(finished)
}
