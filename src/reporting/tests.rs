//! The recorder and the forwarder on a real store, with scripted data extensions, events and URLs.

mod clicks;
mod delivery;
mod external;
mod order;
mod outage;
mod replies;
mod rows;
mod seen;
mod tallies;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::domain::channel::Channel;
use crate::domain::click::{Click, HeardClick};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::report::Arrived;
use crate::domain::report::{DeliveryReport, Origin, SeenReport, is_final_group};
use crate::domain::tenant::MaybeSent;
use crate::simulation::process::{Call, Process, START, World, account, now, poll, tenant};
use crate::simulation::provider::status;
use crate::simulation::target::{POISON_ENDING, SeenRow, Write};
use crate::store::{OutboxSubject, OutboxTarget, PlacedEntry, ReportRef};

/// External keys of the account's extensions.
const SMS: &str = "reports";
const OMNI: &str = "omni reports";
const CLICKS: &str = "Unified URL Tracking";
const INBOUND: &str = "Inbound Messages";

const MID: Mid = Mid::new(1);

fn start() -> (World, Process) {
    let world = World::new(9, vec![tenant(1, vec![account("main", MaybeSent::Repeat)])]);
    let process = world.start(START);
    (world, process)
}

/// Messages that were sent; the one at `poison` has a recipient whose rows are refused.
fn sent(process: &Process, count: usize, poison: Option<usize>) -> Vec<String> {
    let ids = (0..count)
        .map(|number| {
            let mut call = Call::new(1, "activity", number);
            if poison == Some(number) {
                call.phone.replace_range(call.phone.len() - 2.., POISON_ENDING);
            }
            process.execute(&call).unwrap().message_id
        })
        .collect();
    process.send_all();
    ids
}

fn report(id: &str, group: i32, status_id: i32, name: &str, done_at: Timestamp) -> DeliveryReport {
    DeliveryReport {
        origin: Origin::Infobip,
        is_final: is_final_group(group),
        done_at: Some(done_at),
        sent_at: Some(done_at),
        status: status(group, status_id, name),
        error: None,
        message_id: id.to_owned(),
        bulk_id: None,
        channel: String::new(),
        to: None,
        sender: None,
        message_count: Some(1),
        price_per_message: None,
        price_currency: None,
        callback_data: None,
        mcc_mnc: None,
    }
}

fn delivered(id: &str) -> DeliveryReport {
    report(id, 3, 5, "DELIVERED_TO_HANDSET", START)
}

fn record(process: &Process, reports: Vec<DeliveryReport>) {
    now(process.recorder.record(
        MID,
        &AccountId::new("main").unwrap(),
        Channel::Sms,
        reports.into_iter().map(Into::into).collect(),
    ))
    .unwrap();
}

fn record_of(process: &Process, channel: Channel, arrived: Vec<Arrived>) {
    now(process.recorder.record(MID, &main_account(), channel, arrived)).unwrap();
}

fn main_account() -> AccountId {
    AccountId::new("main").unwrap()
}

/// A start whose extensions keep whole rows.
fn keeping() -> (World, Process) {
    let (world, process) = start();
    world.target.table().kept = Some(BTreeMap::new());
    (world, process)
}

/// Of a message that only Infobip knows.
fn whatsapp(id: &str, group: i32, name: &str, secs: u64) -> DeliveryReport {
    let mut report = report(id, group, 100 + group, name, START.plus(Duration::from_secs(secs)));
    report.to = Some("385911234500".into());
    report.sender = Some("385990000000".into());
    report
}

fn seen(id: &str, secs: u64) -> SeenReport {
    SeenReport {
        seen_at: START.plus(Duration::from_secs(secs)),
        sent_at: Some(START),
        message_id: id.into(),
        recipient: Some("385911234500".into()),
        sender: Some("385990000000".into()),
    }
}

fn click(id: &str, url: &str, secs: u64) -> Click {
    Click {
        notification_type: "CLICKED".into(),
        message_id: id.into(),
        bulk_id: Some("bulk".into()),
        channel: String::new(),
        recipient: Some("385911234500".into()),
        url: Some(url.into()),
        clicked_at: START.plus(Duration::from_secs(secs)),
        device_type: Some("Phone".into()),
        os: Some("iOS 12".into()),
        device_name: Some("Apple".into()),
        callback_data: Some("data".into()),
    }
}

fn heard(clicks: Vec<Click>) -> Vec<HeardClick> {
    clicks.into_iter().map(|click| HeardClick { click, says_when: true }).collect()
}

fn record_clicks(process: &Process, clicks: Vec<Click>) {
    now(process.recorder.record_clicks(MID, &main_account(), Channel::WhatsApp, heard(clicks))).unwrap();
}

fn row(cells: &[(&str, &str)]) -> SeenRow {
    cells.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn waiting_in(process: &Process, lane: OutboxTarget) -> usize {
    process.store.reports().outbox(MID, lane, None, 200_000).unwrap().len()
}

fn waiting(process: &Process) -> usize {
    waiting_in(process, OutboxTarget::SMS_REPORTS)
}

fn refused(process: &Process) -> Vec<ReportRef> {
    let refused = process.store.reports().refused(MID, OutboxTarget::SMS_REPORTS, None, 1_000).unwrap();
    assert!(refused.iter().all(|placed| placed.entry.problem.as_deref() == Some("a row is not valid")));
    let report = |placed: PlacedEntry| match placed.place.subject {
        OutboxSubject::Report(report) => report,
        other => panic!("{other:?} is no report"),
    };
    refused.into_iter().map(report).collect()
}
