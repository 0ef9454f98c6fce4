use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::domain::speed_limit::SpeedUnit;

const LIMITS: InFlightLimits = InFlightLimits { unpaced: 2, all: 8 };
const START: Timestamp = Timestamp::from_secs(1_700_000_000);

fn account(mid: u64) -> AccountKey {
    (Mid::new(mid), Arc::new(AccountId::new("main").unwrap()))
}

fn queue(id: u32, mid: u64, limit: Option<SpeedLimit>, last: u64) -> QueueSetup {
    QueueSetup {
        id: QueueId(id),
        account: account(mid),
        bulk_max: 100,
        speed_limit: limit,
        schedule: None,
        first: 1,
        last,
        stopped: false,
    }
}

/// Runs the pacer until `until` or until it idles; every order is answered at once. Returns (moment, order).
fn run(pacer: &mut Pacer, now: &mut Timestamp, until: Timestamp) -> Vec<(Timestamp, Order)> {
    let mut orders = Vec::new();
    loop {
        match pacer.next(*now) {
            Step::Send(order) => {
                pacer.finished(&order, Health::Well, *now);
                orders.push((*now, order));
            }
            Step::SleepUntil(at) if at <= until => *now = at,
            Step::SleepUntil(_) | Step::Idle => return orders,
        }
    }
}

#[test]
fn five_hundred_an_hour_is_one_every_seven_point_two_seconds() {
    let mut pacer = Pacer::new(LIMITS);
    let mut now = START;
    pacer.add_queue(queue(1, 7, SpeedLimit::new(500, SpeedUnit::Hour).ok(), 10_000), now);
    let orders = run(&mut pacer, &mut now, Timestamp::MAX);
    assert_eq!(orders.len(), 10_000);
    for (k, (at, order)) in orders.iter().enumerate() {
        assert_eq!(order.sequences, [k as u64 + 1]);
        assert_eq!(at.since(START), Duration::from_millis(7_200) * u32::try_from(k).unwrap());
    }
}

#[test]
fn fast_queues_share_requests_and_keep_their_rate() {
    let mut pacer = Pacer::new(LIMITS);
    let mut now = START;
    pacer.add_queue(queue(1, 7, SpeedLimit::new(60_000, SpeedUnit::Minute).ok(), 10_000), now);
    let orders = run(&mut pacer, &mut now, Timestamp::MAX);
    let mut slot = START;
    for (at, order) in &orders {
        let last = slot.plus(Duration::from_millis(order.sequences.len() as u64 - 1));
        assert!(*at >= last, "a message went before its slot");
        assert!(at.since(slot) <= SLOT_SHARING, "a message went more than 100 ms after its slot");
        slot = last.plus(Duration::from_millis(1));
    }
    assert!(orders.len() < 200, "{} requests for 10 000 messages", orders.len());
    assert_eq!(slot.since(START), Duration::from_secs(10));
}

#[test]
fn a_late_queue_starts_anew_without_a_burst() {
    let mut pacer = Pacer::new(LIMITS);
    let mut now = START;
    pacer.add_queue(queue(1, 7, SpeedLimit::new(60, SpeedUnit::Minute).ok(), 3), now);
    assert!(matches!(pacer.next(now), Step::Send(_)));
    now = now.plus(Duration::from_secs(30));
    assert!(matches!(pacer.next(now), Step::Send(_)));
    assert_eq!(pacer.next(now), Step::SleepUntil(now.plus(Duration::from_secs(1))));
}

#[test]
fn turns_go_round_over_tenants_and_queues() {
    let mut pacer = Pacer::new(LIMITS);
    let now = START;
    // The first tenant has three queues, the second one; each turn is one request.
    for id in 1..=3 {
        pacer.add_queue(queue(id, 7, None, 1_000), now);
    }
    pacer.add_queue(queue(4, 8, None, 1_000), now);
    let mut counts = HashMap::new();
    for _ in 0..12 {
        let Step::Send(order) = pacer.next(now) else { panic!("there is work for everybody") };
        *counts.entry(order.queue.0).or_insert(0) += 1;
        pacer.finished(&order, Health::Well, now);
    }
    assert_eq!(counts, HashMap::from([(1, 2), (2, 2), (3, 2), (4, 6)]));
}

#[test]
fn an_account_has_so_many_requests_in_flight_and_slots_have_room() {
    let mut pacer = Pacer::new(LIMITS);
    let now = START;
    pacer.add_queue(queue(1, 7, None, 1_000), now);
    let Step::Send(first) = pacer.next(now) else { panic!() };
    let Step::Send(_) = pacer.next(now) else { panic!() };
    assert_eq!(pacer.next(now), Step::Idle);
    pacer.add_queue(queue(2, 7, SpeedLimit::new(60, SpeedUnit::Minute).ok(), 1), now);
    let Step::Send(paced) = pacer.next(now) else { panic!("bulk traffic delays a slot") };
    assert_eq!(paced.queue, QueueId(2));
    pacer.finished(&first, Health::Well, now);
    assert!(matches!(pacer.next(now), Step::Send(_)));
}

#[test]
fn a_held_account_keeps_everything_until_it_is_released() {
    let mut pacer = Pacer::new(LIMITS);
    let now = START;
    pacer.add_queue(queue(1, 7, None, 150), now);
    let Step::Send(order) = pacer.next(now) else { panic!() };
    pacer.hold(&account(7), HoldReason::KeyRefused);
    for sequence in &order.sequences {
        pacer.retry(order.queue, *sequence, now, now);
    }
    pacer.finished(&order, Health::Well, now);
    assert_eq!(pacer.next(now), Step::Idle);
    pacer.release(&account(7), now);
    let mut moment = now;
    let sent: BTreeSet<u64> = run(&mut pacer, &mut moment, now).into_iter().flat_map(|(_, o)| o.sequences).collect();
    assert_eq!(sent, (1..=150).collect());
}

#[test]
fn failures_open_the_breaker_and_one_probe_closes_it() {
    let mut pacer = Pacer::new(LIMITS);
    let mut now = START;
    pacer.add_queue(queue(1, 7, None, 10_000), now);
    for _ in 0..5 {
        let Step::Send(order) = pacer.next(now) else { panic!() };
        pacer.finished(&order, Health::Failing, now);
    }
    let Step::SleepUntil(at) = pacer.next(now) else { panic!("the breaker is not open") };
    now = at;
    let Step::Send(probe) = pacer.next(now) else { panic!("no probe") };
    assert!(!matches!(pacer.next(now), Step::Send(_)), "two probes");
    pacer.finished(&probe, Health::Well, now);
    assert!(matches!(pacer.next(now), Step::Send(_)));
}

#[test]
fn a_slot_in_which_nothing_was_sent_is_given_to_the_next_message() {
    let mut pacer = Pacer::new(LIMITS);
    let mut now = START;
    pacer.add_queue(queue(1, 7, SpeedLimit::new(60, SpeedUnit::Minute).ok(), 5), now);
    let Step::Send(first) = pacer.next(now) else { panic!() };
    pacer.finished(&first, Health::Well, now);
    now = now.plus(Duration::from_secs(1));
    for sequence in 2..=4 {
        let Step::Send(unused) = pacer.next(now) else { panic!("the slot of {sequence} is gone") };
        assert_eq!(unused.sequences, [sequence]);
        pacer.finished(&unused, Health::NotAsked, now);
    }
    let Step::Send(last) = pacer.next(now) else { panic!() };
    pacer.finished(&last, Health::Well, now);
    assert_eq!(last.slot, Some(now));
}

#[test]
fn a_slot_is_not_given_back_once_a_later_one_was_used() {
    let mut pacer = Pacer::new(LIMITS);
    let mut now = START;
    pacer.add_queue(queue(1, 7, SpeedLimit::new(60, SpeedUnit::Minute).ok(), 3), now);
    let Step::Send(unused) = pacer.next(now) else { panic!() };
    now = now.plus(Duration::from_secs(1));
    let Step::Send(_) = pacer.next(now) else { panic!() };
    pacer.finished(&unused, Health::NotAsked, now);
    assert_eq!(pacer.next(now), Step::SleepUntil(now.plus(Duration::from_secs(1))));
}

#[test]
fn a_stopped_queue_waits_and_goes_on() {
    let mut pacer = Pacer::new(LIMITS);
    let now = START;
    pacer.add_queue(queue(1, 7, None, 10), now);
    pacer.set_stopped(QueueId(1), true, now);
    assert_eq!(pacer.next(now), Step::Idle);
    pacer.set_stopped(QueueId(1), false, now);
    assert!(matches!(pacer.next(now), Step::Send(_)));
}

proptest! {
    /// Whatever arrives when, fails and is retried: no two messages of a paced queue within less than the spacing
    /// (but for slots that share a request), nothing twice, nothing forgotten.
    #[test]
    fn a_paced_queue_never_bursts(
        count in 1u32..2_000,
        arrivals in proptest::collection::vec((0u64..20_000, 1u64..20), 1..20),
        failures in proptest::collection::vec(any::<bool>(), 1..40),
    ) {
        let limit = SpeedLimit::new(count, SpeedUnit::Minute).unwrap();
        let mut pacer = Pacer::new(LIMITS);
        let mut now = START;
        pacer.add_queue(queue(1, 7, Some(limit), 0), now);
        let mut failures = failures.into_iter();
        let mut last = 0;
        let mut sent = BTreeSet::new();
        let mut moments: Vec<Timestamp> = Vec::new();
        let mut step = |pacer: &mut Pacer, now: &mut Timestamp, until: Timestamp| {
            loop {
                match pacer.next(*now) {
                    Step::Send(order) => {
                        for sequence in &order.sequences {
                            moments.push(*now);
                            if failures.next() == Some(true) {
                                pacer.retry(order.queue, *sequence, now.plus(Duration::from_secs(1)), *now);
                            } else {
                                assert!(sent.insert(*sequence), "sent twice");
                            }
                        }
                        pacer.finished(&order, Health::Well, *now);
                    }
                    Step::SleepUntil(at) if at <= until => *now = at,
                    Step::SleepUntil(_) | Step::Idle => break,
                }
            }
        };
        for (after_millis, messages) in arrivals {
            let then = now.plus(Duration::from_millis(after_millis));
            step(&mut pacer, &mut now, then);
            now = then;
            last += messages;
            let _is_news = pacer.arrived(QueueId(1), last, now);
        }
        step(&mut pacer, &mut now, Timestamp::MAX);
        prop_assert_eq!(sent.len() as u64, last);
        for window in moments.windows(2) {
            prop_assert!(window[0] <= window[1]);
        }
        // n messages take at least (n - 1) spacings, less what slots may share.
        for (first, at) in moments.iter().enumerate() {
            let within = moments[first..].iter().take_while(|m| m.since(*at) < limit.spacing() * 10).count();
            let within = u32::try_from(within).unwrap();
            let shared = u32::try_from(SLOT_SHARING.as_nanos() / limit.spacing().as_nanos()).unwrap() + 1;
            prop_assert!(within <= 10 + shared, "{within} messages in ten spacings");
        }
    }
}
