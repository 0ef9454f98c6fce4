//! The manual's example to the letter: 500 an hour is one message each 7.2 s, over restarts and clock jumps (spec Q2).

use std::sync::Arc;
use std::time::Duration;

use super::process::{Call, Process, START, World, account, now, tenant};
use crate::clock::{Clock, Timestamp};
use crate::dispatch::pacer::Step;
use crate::domain::tenant::MaybeSent;

const MESSAGES: usize = 10_000;
const SPACING: Duration = Duration::from_millis(7_200);
/// Something happens after so many messages.
const EVENT_EVERY: usize = 200;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Event {
    ClockSetForward,
    ClockSetBack,
    QuickRestart,
    LongStop,
    ClockSetBackAndRestart,
}

const EVENTS: [Event; 5] =
    [Event::ClockSetForward, Event::QuickRestart, Event::ClockSetBack, Event::LongStop, Event::ClockSetBackAndRestart];

/// Sends what is due, and moves time to the next slot, until `count` messages have been written in all.
fn send_up_to(world: &World, process: &Process, count: usize) {
    while world.provider.desk().written.len() < count {
        match process.dispatch.step() {
            Step::Send(order) => now(Arc::clone(&process.dispatch).carry_out(order)),
            Step::SleepUntil(at) => process.advance(world, at.since(process.clock.steady())),
            Step::Idle => panic!("the queue sleeps with {count} messages to go"),
        }
    }
}

#[test]
fn five_hundred_an_hour_is_7_2_seconds_over_restarts_and_clock_jumps() {
    let world = World::new(1, vec![tenant(1, vec![account("main", MaybeSent::Repeat)])]);
    let mut process = world.start(START);
    for number in 0..MESSAGES {
        let call = Call { pace: Some("500/HOUR".into()), ..Call::new(1, "hourly", number) };
        assert_eq!(process.execute(&call).unwrap().message_status, "Success");
    }
    let hour = 3_600_000_000_000;
    let mut events = Vec::new();
    for (index, event) in (EVENT_EVERY..MESSAGES).step_by(EVENT_EVERY).zip(EVENTS.iter().cycle()) {
        send_up_to(&world, &process, index);
        events.push((index, *event));
        process.advance(&world, Duration::from_millis(1_500));
        let mut stopped_for = None;
        match event {
            Event::ClockSetForward => process.clock.jump_wall(3 * hour),
            Event::ClockSetBack => process.clock.jump_wall(-2 * hour),
            Event::QuickRestart => stopped_for = Some(Duration::from_secs(2)),
            Event::LongStop => stopped_for = Some(Duration::from_secs(60)),
            Event::ClockSetBackAndRestart => {
                process.clock.jump_wall(-2 * hour);
                stopped_for = Some(Duration::ZERO);
            }
        }
        if let Some(stopped_for) = stopped_for {
            process.advance(&world, stopped_for);
            world.kv.crash();
            process = world.start(process.clock.now());
        }
    }
    send_up_to(&world, &process, MESSAGES);

    let desk = world.provider.desk();
    assert_eq!(desk.taken.len(), MESSAGES);
    let moments: Vec<Timestamp> = desk.written.iter().map(|written| written.at).collect();
    for (index, pair) in moments.windows(2).enumerate() {
        let gap = pair[1].since(pair[0]);
        let event = events.iter().find(|(at, _)| *at == index + 1).map(|(_, event)| *event);
        let allowed = match event {
            // The steady clock does not jump, and a restart finds the last slot.
            None | Some(Event::ClockSetForward | Event::ClockSetBack | Event::QuickRestart) => SPACING..=SPACING,
            // One spacing at most beyond what the stop itself took.
            Some(Event::LongStop) => SPACING..=Duration::from_millis(61_500) + SPACING,
            Some(Event::ClockSetBackAndRestart) => SPACING..=SPACING * 2,
        };
        assert!(allowed.contains(&gap), "{gap:?} between messages {index} and {}, {event:?}", index + 1);
    }
}
