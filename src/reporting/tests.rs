//! The recorder and the forwarder on a real store, with a scripted data extension.

use std::task::Poll;
use std::time::Duration;

use proptest::prelude::*;

use crate::clock::{Clock, Timestamp};
use crate::domain::channel::Channel;
use crate::domain::ids::{AccountId, MessageId, Mid};
use crate::domain::report::{DeliveryReport, Origin, is_final_group};
use crate::domain::tenant::MaybeSent;
use crate::simulation::process::{Call, Process, START, World, account, now, poll, tenant};
use crate::simulation::provider::status;
use crate::simulation::target::{POISON_ENDING, Write};
use crate::store::{OutboxSubject, OutboxTarget, PlacedEntry, ReportRef};

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

fn waiting(process: &Process) -> usize {
    process.store.reports().outbox(MID, OutboxTarget::SMS_REPORTS, None, 1_000).unwrap().len()
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

#[test]
fn a_refused_row_is_found_by_halves_and_set_aside() {
    let (world, process) = start();
    let ids = sent(&process, 16, Some(5));
    record(&process, ids.iter().map(|id| delivered(id)).collect());
    process.forward();
    let poison: MessageId = ids[5].parse().unwrap();
    assert_eq!(refused(&process), [ReportRef::of(poison.queue, poison.sequence)]);
    assert_eq!(waiting(&process), 0);
    assert_eq!(world.target.table().rows.len(), 15);
    assert_eq!(world.target.table().requests[..5], [16, 8, 4, 4, 2]);
}

#[test]
fn a_report_that_changes_while_it_is_under_way_goes_again() {
    let (world, process) = start();
    let ids = sent(&process, 1, None);
    record(&process, vec![report(&ids[0], 2, 9, "UNDELIVERABLE_NOT_DELIVERED", START)]);
    world.target.table().is_slow = true;
    let tenant = process.tenants.get(MID).unwrap();
    let mut forwarding = std::pin::pin!(process.forwarder.forward_tenant(&tenant, &process.running.1));
    assert!(poll(forwarding.as_mut()).is_pending());
    record(&process, vec![report(&ids[0], 3, 5, "DELIVERED_TO_HANDSET", START.plus(Duration::from_secs(1)))]);
    world.target.table().is_slow = false;
    while poll(forwarding.as_mut()) == Poll::Pending {}
    assert_eq!(waiting(&process), 1, "the newer report has not gone");
    process.forward();
    assert_eq!(world.target.table().rows[&ids[0]], "DELIVERED_TO_HANDSET");
    assert_eq!(waiting(&process), 0);
}

#[test]
fn a_report_that_changes_while_its_row_is_refused_is_tried() {
    let (world, process) = start();
    let ids = sent(&process, 1, Some(0));
    record(&process, vec![report(&ids[0], 2, 9, "UNDELIVERABLE_NOT_DELIVERED", START)]);
    world.target.table().is_slow = true;
    let tenant = process.tenants.get(MID).unwrap();
    let mut forwarding = std::pin::pin!(process.forwarder.forward_tenant(&tenant, &process.running.1));
    assert!(poll(forwarding.as_mut()).is_pending());
    record(&process, vec![report(&ids[0], 3, 5, "DELIVERED_TO_HANDSET", START.plus(Duration::from_secs(1)))]);
    world.target.table().is_slow = false;
    while poll(forwarding.as_mut()) == Poll::Pending {}
    assert_eq!((waiting(&process), refused(&process).len()), (1, 0));
}

#[test]
fn a_restart_repeats_what_was_not_confirmed_and_the_key_makes_it_one_row() {
    let (world, process) = start();
    let ids = sent(&process, 3, None);
    record(&process, ids.iter().map(|id| delivered(id)).collect());
    world.target.table().writes.extend([Write::StoredAndLater]);
    process.forward();
    assert_eq!(waiting(&process), 3);
    world.kv.crash();
    let process = world.start(process.clock.now());
    process.forward();
    assert_eq!((waiting(&process), world.target.table().rows.len()), (0, 3));
    assert_eq!(world.target.table().requests, [3, 3]);
}

#[test]
fn a_target_that_is_down_is_left_alone_for_a_while() {
    let (world, process) = start();
    let ids = sent(&process, 1, None);
    record(&process, vec![delivered(&ids[0])]);
    for write in [Write::Later, Write::TargetWrong] {
        world.target.table().writes.extend([write]);
        process.forward();
        process.forward();
        assert_eq!(waiting(&process), 1);
        process.advance(&world, Duration::from_secs(10));
    }
    assert_eq!(world.target.table().requests.len(), 2, "each trouble was met once");
    process.forward();
    assert_eq!(waiting(&process), 0);
}

#[test]
fn a_pending_report_makes_no_row_and_takes_none_away() {
    let (world, process) = start();
    let ids = sent(&process, 1, None);
    record(&process, vec![report(&ids[0], 1, 3, "PENDING_WAITING_DELIVERY", START)]);
    process.forward();
    assert!(world.target.table().requests.is_empty());
    record(&process, vec![delivered(&ids[0])]);
    record(&process, vec![report(&ids[0], 1, 3, "PENDING_WAITING_DELIVERY", START.plus(Duration::from_secs(9)))]);
    process.forward();
    assert_eq!(world.target.table().rows[&ids[0]], "DELIVERED_TO_HANDSET");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Reports of one message, told in any order, any of them again, in one call or several, end in the same record.
    #[test]
    fn any_order_and_any_repeats_end_in_the_same_report(
        kinds in proptest::collection::vec((1i32..6, 0u64..4), 1..5),
        repeats in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..8),
        forwarded_between: bool,
        seed in any::<u64>(),
    ) {
        use rand::seq::SliceRandom as _;
        use rand::{SeedableRng, rngs::StdRng};

        let (world, process) = start();
        let ids = sent(&process, 2, None);
        let all = |id: &str| -> Vec<DeliveryReport> {
            kinds.iter().map(|(group, secs)| {
                report(id, *group, 100 + *group, "ANY", START.plus(Duration::from_secs(*secs)))
            }).collect()
        };
        for report in all(&ids[0]) {
            record(&process, vec![report]);
        }
        let mut reports = all(&ids[1]);
        for (index, _) in &repeats {
            reports.push(index.get(&all(&ids[1])).clone());
        }
        reports.shuffle(&mut StdRng::seed_from_u64(seed));
        let mut call = Vec::new();
        for (index, report) in reports.into_iter().enumerate() {
            call.push(report);
            if repeats.get(index).is_none_or(|(_, ends)| *ends) {
                record(&process, std::mem::take(&mut call));
                if forwarded_between {
                    process.forward();
                }
            }
        }
        record(&process, call);
        let stands = |id: &str| {
            let id: MessageId = id.parse().unwrap();
            let record = process.store.reports().get(MID, ReportRef::of(id.queue, id.sequence)).unwrap();
            record.unwrap().reports.delivery.unwrap()
        };
        let (one, other) = (stands(&ids[0]), stands(&ids[1]));
        prop_assert_eq!((one.status, one.done_at, one.is_final), (other.status.clone(), other.done_at, other.is_final));
        process.forward();
        prop_assert_eq!(waiting(&process), 0);
        let table = world.target.table();
        prop_assert_eq!(table.rows.contains_key(&ids[1]), other.is_final);
    }
}
