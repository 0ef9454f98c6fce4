//! The sender and the recovery of maybe-sent messages, on a real store, with a scripted provider.

use std::sync::Arc;
use std::time::Duration;

use super::pacer::Step;
use super::{Gateway, SendRequest, hold_if_moved};
use crate::clock::{Clock, Timestamp};
use crate::domain::channel::Channel;
use crate::domain::delivery::{HoldReason, LocalEnd};
use crate::domain::ids::{MessageId, Mid, QueueId};
use crate::domain::report::{DeliveryReport, Origin};
use crate::domain::tenant::MaybeSent;
use crate::simulation::process::{Call, Process, START, World, account, now, tenant};
use crate::simulation::provider::{Log, POISON, REFUSED, Reply, status};
use crate::store::{Found, QueueMark, ReportRef, SentOutcome};

const RECHECK: Duration = Duration::from_secs(120);
const MID: Mid = Mid::new(1);

/// A world with one account, and a run in it.
fn start(maybe_sent: MaybeSent) -> (World, Process) {
    let world = World::new(5, vec![tenant(1, vec![account("main", maybe_sent)])]);
    let process = world.start(START);
    (world, process)
}

fn queue(process: &Process, texts: &[&str]) -> Vec<String> {
    let calls = texts.iter().enumerate();
    calls
        .map(|(number, text)| {
            let call = Call { text: (*text).to_owned(), ..Call::new(1, "activity", number) };
            process.execute(&call).unwrap().message_id
        })
        .collect()
}

fn find(process: &Process, id: &str) -> Found {
    process.store.messages().find(MID, id.parse().unwrap()).unwrap().expect("no message is ever lost")
}

#[track_caller]
fn assert_waits(process: &Process, id: &str) {
    assert!(matches!(find(process, id), Found::Waiting(_)), "{:?}", find(process, id));
}

#[track_caller]
fn assert_sent(process: &Process, id: &str) {
    let Found::Sent(sent) = find(process, id) else { panic!("{id} still waits") };
    assert!(matches!(sent.outcome, SentOutcome::Sent { .. }), "{:?}", sent.outcome);
}

/// The message ended here, and has a report that says so.
#[track_caller]
fn ended(process: &Process, id: &str) -> LocalEnd {
    let Found::Sent(sent) = find(process, id) else { panic!("{id} still waits") };
    let SentOutcome::Ended(end) = sent.outcome else { panic!("{id} was sent") };
    let place: MessageId = id.parse().unwrap();
    let report = process.store.reports().get(MID, ReportRef::of(place.queue, place.sequence)).unwrap();
    assert!(report.expect("a report").reports.final_delivery().is_some());
    end
}

fn crash(world: &World, process: Process) -> Process {
    let wall = process.clock.now();
    drop(process);
    world.kv.crash();
    world.start(wall)
}

/// Dies while the request is on its way or unanswered.
fn crash_in_flight(world: &World, process: Process, reply: Reply) -> Process {
    world.provider.will([reply]);
    world.provider.desk().weather.slow = 100;
    let Step::Send(order) = process.dispatch.step() else { panic!("nothing to send") };
    let mut order = Box::pin(Arc::clone(&process.dispatch).carry_out(order));
    while world.provider.desk().replies.len() == 1 {
        assert!(crate::simulation::process::poll(order.as_mut()).is_pending());
    }
    drop(order);
    world.provider.desk().weather.slow = 0;
    crash(world, process)
}

fn report(id: &str) -> DeliveryReport {
    DeliveryReport {
        origin: Origin::Infobip,
        is_final: true,
        done_at: Some(START),
        sent_at: Some(START),
        status: status(3, 5, "DELIVERED_TO_HANDSET"),
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

fn record(process: &Process, report: DeliveryReport) {
    let account = crate::domain::ids::AccountId::new("main").unwrap();
    now(process.recorder.record(MID, &account, Channel::Sms, vec![report.into()])).unwrap();
}

// Maybe sent (spec Q6b).

#[test]
fn found_in_the_log_is_sent_and_not_repeated() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["a", "b"]);
    let process = crash_in_flight(&world, process, Reply::Taken);
    process.send_all();
    assert_waits(&process, &ids[0]);
    process.advance(&world, Duration::from_secs(2));
    process.resolve();
    for id in &ids {
        assert_sent(&process, id);
        assert_eq!(world.provider.times_taken(id), 1);
    }
    assert_eq!(process.dispatch.unresolved(), 0);
    assert!(process.store.messages().in_flight(MID, QueueId(1)).unwrap().is_empty());
}

#[test]
fn not_found_twice_and_far_enough_apart_is_sent_again_under_the_same_id() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["a"]);
    world.provider.will([Reply::LostUnanswered]);
    process.send_all();
    process.advance(&world, Duration::from_secs(2));
    process.resolve();
    process.advance(&world, RECHECK - Duration::from_secs(1));
    process.resolve();
    process.send_all();
    assert_eq!(world.provider.times_taken(&ids[0]), 0, "one look is not enough");
    process.advance(&world, Duration::from_secs(1));
    process.resolve();
    process.send_all();
    assert_eq!(world.provider.times_taken(&ids[0]), 1);
    assert_sent(&process, &ids[0]);
    let lookups = world.provider.desk().lookups.clone();
    assert_eq!(lookups.len(), 2);
    assert!(lookups[1].0.since(lookups[0].0) >= RECHECK);
}

#[test]
fn two_lookups_keep_apart_over_a_restart_and_a_clock_set_forward() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["a"]);
    world.provider.will([Reply::LostUnanswered]);
    process.send_all();
    process.advance(&world, Duration::from_secs(2));
    process.resolve();
    process.clock.jump_wall(3_600_000_000_000);
    process.advance(&world, Duration::from_secs(3));
    process.resolve();
    assert_eq!(world.provider.desk().lookups.len(), 1, "the wall clock says nothing");
    process.clock.jump_wall(-3_600_000_000_000);
    let process = crash(&world, process);
    process.advance(&world, Duration::from_secs(60));
    process.resolve();
    assert_eq!(world.provider.desk().lookups.len(), 1, "a restart brought the second lookup forward");
    process.advance(&world, RECHECK);
    process.resolve();
    process.send_all();
    assert_sent(&process, &ids[0]);
    assert_eq!(world.provider.times_taken(&ids[0]), 1);
}

#[test]
fn what_was_in_flight_goes_once_when_its_account_was_held_meanwhile() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["a", "b", "c"]);
    let process = crash_in_flight(&world, process, Reply::LostUnanswered);
    // A later message finds out that the key is refused.
    let later = process.execute(&Call::new(1, "activity", 9)).unwrap().message_id;
    world.provider.will([Reply::Hold(HoldReason::KeyRefused)]);
    process.send_all();
    for _ in 0..3 {
        process.advance(&world, RECHECK);
        process.resolve();
    }
    assert_eq!(process.send_all(), 0, "a held account sends nothing");
    let account = crate::domain::ids::AccountId::new("main").unwrap();
    assert!(now(process.dispatch.release(MID, &account)).unwrap());
    process.send_all();
    for id in ids.iter().chain([&later]) {
        assert_eq!(world.provider.times_taken(id), 1);
    }
    for written in &world.provider.desk().written {
        let unique: std::collections::BTreeSet<_> = written.ids.iter().collect();
        assert_eq!(unique.len(), written.ids.len(), "a message is in one request twice");
    }
}

#[test]
fn without_a_log_the_account_decides() {
    for (maybe_sent, is_sent) in [(MaybeSent::Repeat, true), (MaybeSent::ReportUnknown, false)] {
        let (world, process) = start(maybe_sent);
        let ids = queue(&process, &["a"]);
        world.provider.will([Reply::LostUnanswered]);
        world.provider.log_will([Log::Failure; 10]);
        process.send_all();
        for _ in 0..10 {
            process.advance(&world, Duration::from_secs(15));
            process.resolve();
        }
        process.send_all();
        if is_sent {
            assert_sent(&process, &ids[0]);
            assert_eq!(world.provider.times_taken(&ids[0]), 1);
        } else {
            assert_eq!(ended(&process, &ids[0]), LocalEnd::Unknown);
            assert_eq!(world.provider.times_taken(&ids[0]), 0);
        }
        assert_eq!(process.dispatch.unresolved(), 0);
    }
}

#[test]
fn a_budget_that_stays_used_up_counts_as_no_log() {
    let (mut world, process) = start(MaybeSent::ReportUnknown);
    world.lookups_per_minute = 0;
    let process = crash(&world, process);
    let ids = queue(&process, &["a"]);
    world.provider.will([Reply::TakenUnanswered]);
    process.send_all();
    for _ in 0..9 {
        process.advance(&world, Duration::from_secs(15));
        process.resolve();
    }
    assert_waits(&process, &ids[0]);
    process.advance(&world, Duration::from_secs(15));
    process.resolve();
    assert_eq!(ended(&process, &ids[0]), LocalEnd::Unknown);
    assert!(world.provider.desk().lookups.is_empty());
}

#[test]
fn a_report_proves_that_it_was_sent() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["a"]);
    world.provider.will([Reply::TakenUnanswered]);
    process.send_all();
    record(&process, report(&ids[0]));
    process.advance(&world, Duration::from_secs(2));
    process.resolve();
    assert_sent(&process, &ids[0]);
    assert!(world.provider.desk().lookups.is_empty(), "nothing was left to ask for");
}

#[test]
fn a_report_proves_it_up_to_the_last_moment() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["a"]);
    world.provider.will([Reply::TakenUnanswered]);
    world.provider.log_will([Log::Nothing, Log::Nothing]);
    process.send_all();
    for _ in 0..2 {
        process.advance(&world, RECHECK);
        process.resolve();
    }
    assert_eq!(process.dispatch.unresolved(), 0);
    record(&process, report(&ids[0]));
    process.send_all();
    assert_sent(&process, &ids[0]);
    assert_eq!(world.provider.times_taken(&ids[0]), 1);
}

#[test]
fn a_removed_account_ends_its_maybe_sent_messages_with_a_report() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["a"]);
    world.provider.will([Reply::LostUnanswered]);
    process.send_all();
    process.tenants.put(tenant(1, vec![account("another", MaybeSent::Repeat)]));
    process.advance(&world, Duration::from_secs(2));
    process.resolve();
    process.send_all();
    assert_eq!(ended(&process, &ids[0]), LocalEnd::AccountGone);
}

#[test]
fn messages_without_an_answer_are_looked_up_and_the_others_are_done() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["a", "b", "c", "d"]);
    world.provider.will([Reply::TakenHalfAnswered]);
    process.send_all();
    assert_eq!(process.dispatch.unresolved(), 2);
    process.advance(&world, Duration::from_secs(2));
    process.resolve();
    for id in &ids {
        assert_sent(&process, id);
        assert_eq!(world.provider.times_taken(id), 1);
    }
    assert_eq!(world.provider.desk().lookups[0].1.len(), 2);
}

// The sender (spec Q4, Q5).

#[test]
fn a_refused_request_is_halved_until_the_guilty_message_is_alone() {
    let (world, process) = start(MaybeSent::Repeat);
    let poison = format!("{POISON}!");
    let mut texts = vec!["fine"; 20];
    texts[13] = &poison;
    let ids = queue(&process, &texts);
    process.send_all();
    for (index, id) in ids.iter().enumerate() {
        if index == 13 {
            assert!(matches!(ended(&process, id), LocalEnd::RequestRefused { .. }));
        } else {
            assert_sent(&process, id);
            assert_eq!(world.provider.times_taken(id), 1);
        }
    }
    assert_eq!(now(process.book.by_id(QueueId(1)).unwrap().record.lock()).done, 20);
}

#[test]
fn a_refusal_inside_a_200_is_final_for_its_message_alone() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["a", REFUSED, "c"]);
    process.send_all();
    assert_sent(&process, &ids[0]);
    assert_eq!(ended(&process, &ids[1]), LocalEnd::Refused(status(5, 8, "REJECTED_PREFIX_MISSING")));
    assert_sent(&process, &ids[2]);
    assert_eq!(world.provider.desk().written.len(), 1);
}

#[test]
fn a_hold_keeps_everything_and_uses_up_no_validity() {
    for reply in [Reply::Hold(HoldReason::ScopeMissing), Reply::NoCredit] {
        let (world, process) = start(MaybeSent::Repeat);
        let call = Call { validity_minutes: Some(10), ..Call::new(1, "activity", 0) };
        let id = process.execute(&call).unwrap().message_id;
        // The validity has begun.
        world.provider.will([Reply::NotSent(None), reply]);
        process.send_all();
        process.advance(&world, Duration::from_secs(5));
        process.send_all();
        let process = crash(&world, process);
        process.advance(&world, Duration::from_hours(100));
        assert_eq!(process.send_all(), 0);
        assert_waits(&process, &id);
        let account = crate::domain::ids::AccountId::new("main").unwrap();
        assert!(now(process.dispatch.release(MID, &account)).unwrap());
        let process = crash(&world, process);
        process.send_all();
        assert_sent(&process, &id);
    }
}

#[test]
fn the_validity_runs_from_the_first_attempt_and_ends_with_a_report() {
    let (world, process) = start(MaybeSent::Repeat);
    let call = Call { validity_minutes: Some(10), ..Call::new(1, "activity", 0) };
    let id = process.execute(&call).unwrap().message_id;
    // Waiting for the first attempt uses up nothing.
    process.advance(&world, Duration::from_hours(30));
    world.provider.will([Reply::NotSent(None), Reply::NotSent(Some(Duration::from_secs(500)))]);
    process.send_all();
    process.advance(&world, Duration::from_secs(2));
    process.send_all();
    assert_waits(&process, &id);
    process.advance(&world, Duration::from_secs(598));
    process.send_all();
    assert_eq!(ended(&process, &id), LocalEnd::Expired);
    assert_eq!(world.provider.times_taken(&id), 0);
}

#[test]
fn after_its_latest_send_time_a_message_is_not_sent() {
    let (world, process) = start(MaybeSent::Repeat);
    let latest = START.plus(Duration::from_secs(60));
    let call = Call { latest_send_at: Some(latest), ..Call::new(1, "activity", 0) };
    let id = process.execute(&call).unwrap().message_id;
    process.advance(&world, Duration::from_secs(61));
    process.send_all();
    assert_eq!(ended(&process, &id), LocalEnd::Expired);
    assert!(world.provider.desk().written.is_empty());
}

#[test]
fn retry_after_is_kept_over_a_restart_and_a_clock_set_back() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["a"]);
    world.provider.will([Reply::NotSent(Some(Duration::from_secs(300)))]);
    process.send_all();
    let process = crash(&world, process);
    process.advance(&world, Duration::from_secs(299));
    process.send_all();
    assert_waits(&process, &ids[0]);
    // A day back: the pause does not begin anew.
    process.clock.jump_wall(-86_400_000_000_000);
    process.advance(&world, Duration::from_secs(3));
    process.send_all();
    assert_sent(&process, &ids[0]);
}

#[test]
fn a_paced_queue_gives_no_slots_to_what_was_sent_before_a_restart() {
    let (world, process) = start(MaybeSent::Repeat);
    let paced = |number| Call { pace: Some("60/MINUTE".into()), ..Call::new(1, "activity", number) };
    for number in 0..50 {
        process.execute(&paced(number)).unwrap();
    }
    // The first one waits for an hour, the others pass it: the account itself need not.
    world.provider.will([Reply::NotSent(Some(Duration::from_hours(1)))]);
    process.send_all();
    let main = crate::domain::ids::AccountId::new("main").unwrap();
    process.book.pacer().release(&super::book::account_key(MID, &main), process.clock.steady());
    for _ in 0..40 {
        process.send_all();
        process.advance(&world, Duration::from_secs(1));
    }
    assert_eq!(world.provider.desk().taken.len(), 39);
    let process = crash(&world, process);
    for _ in 0..10 {
        process.send_all();
        process.advance(&world, Duration::from_secs(1));
    }
    assert_eq!(world.provider.desk().taken.len(), 49);
    process.advance(&world, Duration::from_hours(1));
    process.send_all();
    assert_eq!(world.provider.desk().taken.len(), 50);
}

#[test]
fn a_queue_that_changes_hands_is_held_by_its_new_account() {
    let accounts = vec![account("main", MaybeSent::Repeat), account("second", MaybeSent::Repeat)];
    let world = World::new(5, vec![tenant(1, accounts)]);
    let process = world.start(START);
    let first = process.execute(&Call::new(1, "activity", 0)).unwrap().message_id;
    let second = Call { account: "second".into(), ..Call::new(1, "activity", 1) };
    let second = process.execute(&second).unwrap().message_id;
    let refused = crate::domain::ids::AccountId::new("second").unwrap();
    world.provider.desk().refused_keys.insert(refused.clone(), HoldReason::KeyRefused);
    process.send_all();
    assert_sent(&process, &first);
    assert_waits(&process, &second);
    assert_eq!(process.send_all(), 0);
    world.provider.desk().refused_keys.clear();
    assert!(now(process.dispatch.release(MID, &refused)).unwrap());
    process.send_all();
    assert_sent(&process, &second);
}

#[test]
fn a_first_answer_that_is_not_on_disk_is_not_given_to_a_repeat() {
    let (world, process) = start(MaybeSent::Repeat);
    let call = Call::new(1, "activity", 0);
    queue(&process, &["another"]);
    world.kv.fail_next_sync();
    let call = Call { instance: "its own".into(), ..call };
    assert!(process.execute(&call).is_err());
    assert!(process.execute(&call).is_err());
    let process = crash(&world, process);
    let answer = process.execute(&call).unwrap();
    assert_waits(&process, &answer.message_id);
}

#[test]
fn a_call_repeated_after_the_clock_was_set_back_over_midnight_sends_once() {
    let midnight = Timestamp::from_secs(START.as_secs() / 86_400 * 86_400 + 86_400);
    let (world, process) = start(MaybeSent::Repeat);
    process.advance(&world, midnight.since(START));
    let call = Call::new(1, "activity", 0);
    let first = process.execute(&call).unwrap();
    process.clock.jump_wall(-1_000_000_000);
    assert_eq!(process.execute(&call).unwrap(), first);
    process.send_all();
    assert_eq!(world.provider.desk().taken.len(), 1);
}

#[test]
fn a_stopped_queue_uses_up_no_validity() {
    let (world, process) = start(MaybeSent::Repeat);
    let call = Call { validity_minutes: Some(10), ..Call::new(1, "activity", 0) };
    let id = process.execute(&call).unwrap().message_id;
    world.provider.will([Reply::NotSent(None)]);
    process.send_all();
    let handle = process.book.by_id(QueueId(1)).unwrap();
    now(process.book.mark(&handle, QueueMark::Paused)).unwrap();
    process.advance(&world, Duration::from_hours(100));
    assert_eq!(process.send_all(), 0);
    now(process.dispatch.release_queue(&handle)).unwrap();
    process.send_all();
    assert_sent(&process, &id);
}

#[test]
fn what_waited_on_another_machine_is_looked_up_before_it_is_sent() {
    let (world, process) = start(MaybeSent::Repeat);
    let ids = queue(&process, &["sent by the other machine", "still waiting"]);
    assert!(!hold_if_moved(&process.store, Some("the one")).unwrap());
    let Found::Waiting(message) = find(&process, &ids[0]) else { panic!("it was just queued") };
    let account = account("main", MaybeSent::Repeat);
    let request =
        SendRequest { account: &account, channel: Channel::Sms, messages: &[message], now: process.clock.now() };
    now(world.provider.send(request)).unwrap();
    assert!(hold_if_moved(&process.store, Some("its clone")).unwrap());
    let process = crash(&world, process);

    assert_eq!(process.send_all(), 0, "all queues are held");
    now(process.dispatch.release_queue(&process.book.by_id(QueueId(1)).unwrap())).unwrap();
    process.send_all();
    assert_eq!(world.provider.times_taken(&ids[1]), 0, "it may have been sent");
    process.advance(&world, Duration::from_secs(2));
    process.resolve();
    process.advance(&world, RECHECK);
    process.resolve();
    process.send_all();
    for id in &ids {
        assert_sent(&process, id);
        assert_eq!(world.provider.times_taken(id), 1);
    }
}

#[test]
fn what_waited_on_another_machine_is_looked_up_in_the_log_of_its_own_account_and_channel() {
    let accounts = vec![account("main", MaybeSent::ReportUnknown), account("second", MaybeSent::Repeat)];
    let world = World::new(5, vec![tenant(1, accounts)]);
    let process = world.start(START);
    type Arguments = &'static [(&'static str, &'static str)];
    let template: Arguments =
        &[("sender", "385915550001"), ("templateName", "hello"), ("templateLanguage", "en"), ("placeholderCount", "0")];
    let kinds: [(&str, &str, Arguments); 6] = [
        ("WhatsApp", "main", template),
        ("WhatsApp", "second", template),
        ("SMS", "main", &[]),
        ("SMS", "second", &[]),
        ("Viber", "main", &[]),
        ("RCS", "main", &[]),
    ];
    // Of each kind one that the other machine sent, and one that it did not.
    let ids: Vec<_> = (0..12)
        .map(|number| {
            let (channel, account, arguments) = kinds[number / 2];
            let call = Call { channel, account: account.into(), arguments, ..Call::new(1, "activity", number) };
            process.execute(&call).unwrap().message_id
        })
        .collect();
    assert!(!hold_if_moved(&process.store, Some("the one")).unwrap());
    for id in ids.iter().step_by(2) {
        let Found::Waiting(message) = find(&process, id) else { panic!("it was just queued") };
        let account = account(message.message.account.as_str(), MaybeSent::Repeat);
        let channel = message.message.channel;
        let request = SendRequest { account: &account, channel, messages: &[message], now: process.clock.now() };
        now(world.provider.send(request)).unwrap();
    }
    assert!(hold_if_moved(&process.store, Some("its clone")).unwrap());
    let process = crash(&world, process);
    now(process.dispatch.release_queue(&process.book.by_id(QueueId(1)).unwrap())).unwrap();
    let round = |after: Duration| {
        process.advance(&world, after);
        process.resolve();
        process.send_all();
    };
    round(Duration::from_secs(2));
    round(Duration::from_secs(1));
    round(RECHECK - Duration::from_secs(1));
    for id in &ids[4..] {
        let sent_before = matches!(find(&process, id), Found::Sent(_));
        assert_eq!(sent_before, world.provider.times_taken(id) == 1, "one look is not enough");
    }
    round(Duration::from_secs(1));

    // WhatsApp has no log: each account decides for its own.
    for id in &ids[..2] {
        assert_eq!(ended(&process, id), LocalEnd::Unknown);
    }
    for id in &ids[3..] {
        assert_sent(&process, id);
        assert_eq!(world.provider.times_taken(id), 1, "{id}");
    }
    assert_eq!(process.dispatch.unresolved(), 0);
    assert!(process.store.messages().in_flight(MID, QueueId(1)).unwrap().is_empty());
}

#[test]
fn a_refusal_from_before_the_release_does_not_hold_the_account_again() {
    let (world, process) = start(MaybeSent::Repeat);
    let early = process.execute(&Call::new(1, "activity", 0)).unwrap().message_id;
    let late = process.execute(&Call::new(1, "another activity", 1)).unwrap().message_id;
    let refused = Reply::Hold(HoldReason::KeyRefused);
    world.provider.will([refused, refused]);
    // The first request hangs while the second one is refused, and the account held and released.
    world.provider.desk().weather.slow = 100;
    let Step::Send(order) = process.dispatch.step() else { panic!("nothing to send") };
    let mut hanging = Box::pin(Arc::clone(&process.dispatch).carry_out(order));
    while world.provider.desk().replies.len() == 2 {
        assert!(crate::simulation::process::poll(hanging.as_mut()).is_pending());
    }
    world.provider.desk().weather.slow = 0;
    process.send_all();
    let main = crate::domain::ids::AccountId::new("main").unwrap();
    process.advance(&world, Duration::from_millis(1));
    assert!(now(process.dispatch.release(MID, &main)).unwrap());
    // No answer is slower than this.
    process.advance(&world, Duration::from_secs(20));
    now(hanging);
    process.send_all();
    assert_sent(&process, &early);
    assert_sent(&process, &late);
}

#[test]
fn a_bulk_of_a_hundred_is_finished_in_batches_that_the_store_takes_and_none_of_it_twice() {
    // The request is written down, and its outcome stored in two batches: the process dies before each of them.
    for applies in 1..=3 {
        let (world, process) = start(MaybeSent::Repeat);
        let ids = queue(&process, &["a"; 100]);
        let before = world.kv.applies();
        world.kv.fail_after_applies(applies);
        let Step::Send(order) = process.dispatch.step() else { panic!("nothing to send") };
        now(Arc::clone(&process.dispatch).carry_out(order));
        assert_eq!(world.kv.applies() - before, applies);
        assert!(world.kv.largest_batch() <= 256, "{}", world.kv.largest_batch());
        world.kv.fail_after_applies(usize::MAX);
        let process = crash(&world, process);
        process.advance(&world, Duration::from_secs(2));
        process.resolve();
        process.send_all();
        for id in &ids {
            assert_sent(&process, id);
            assert_eq!(world.provider.times_taken(id), 1);
        }
        let queue = process.book.by_id(QueueId(1)).unwrap();
        assert_eq!(now(queue.record.lock()).done, 100);
    }
}
