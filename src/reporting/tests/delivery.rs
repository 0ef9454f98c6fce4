//! Delivery reports of messages that were sent here.

use std::task::Poll;

use super::*;
use crate::domain::ids::MessageId;
use crate::domain::inbound::InboundChannel;

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

#[test]
fn a_newer_report_of_a_refused_row_goes_and_the_replay_finds_nothing_left() {
    let (world, process) = start();
    let ids = sent(&process, 1, Some(0));
    record(&process, vec![report(&ids[0], 2, 9, "UNDELIVERABLE_NOT_DELIVERED", START)]);
    process.forward();
    assert_eq!((waiting(&process), refused(&process).len()), (0, 1));
    record(&process, vec![report(&ids[0], 3, 5, "DELIVERED_TO_HANDSET", START.plus(Duration::from_secs(1)))]);
    assert_eq!(waiting(&process), 1, "the newer report has an entry of its own");
    // Now somebody has repaired the extension: the poison is harmless.
    let mut changed = report(&ids[0], 3, 5, "DELIVERED_TO_HANDSET", START.plus(Duration::from_secs(2)));
    changed.to = Some("385911234500".into());
    record(&process, vec![changed]);
    process.forward();
    assert_eq!(world.target.table().rows[&ids[0]], "DELIVERED_TO_HANDSET");
    let entries = process.store.reports().refused(MID, OutboxTarget::SMS_REPORTS, None, 10).unwrap();
    let mut batch = process.store.batch();
    for placed in entries {
        batch.replay_outbox(MID, placed.place, &placed.entry).unwrap();
    }
    drop(now(process.store.commit(batch)).unwrap());
    assert_eq!(waiting(&process), 1);
    let requests = world.target.table().requests.len();
    process.forward();
    assert_eq!((waiting(&process), world.target.table().requests.len()), (0, requests));
}

#[test]
fn an_entry_without_a_record_is_deleted() {
    let (world, process) = start();
    let place = crate::store::OutboxPlace {
        target: OutboxTarget::CLICKS,
        due_at: START,
        subject: OutboxSubject::Click(ReportRef::Stray([1; 16]), [2; 16]),
    };
    let entry = crate::store::OutboxEntry { account: main_account(), attempts: 0, problem: None };
    let mut batch = process.store.batch();
    batch.put_outbox(MID, place, &entry).unwrap();
    drop(now(process.store.commit(batch)).unwrap());
    process.forward();
    assert_eq!((waiting_in(&process, OutboxTarget::CLICKS), world.target.table().requests.len()), (0, 0));
}

#[test]
fn the_newest_message_of_a_sender_to_a_recipient_is_noted_when_it_is_sent() {
    let (_, process) = start();
    let phone = Call::new(1, "activity", 0).phone;
    let last = || process.store.reports().last_sent(MID, InboundChannel::Sms, "waypost", &phone).unwrap();
    assert_eq!(last(), None);
    let first = sent(&process, 1, None);
    assert_eq!(last().unwrap().message_id.to_string(), first[0]);
    let again = Call { instance: "again".into(), ..Call::new(1, "activity", 0) };
    let second = process.execute(&again).unwrap().message_id;
    process.send_all();
    assert_eq!(last().unwrap().message_id.to_string(), second);
}
