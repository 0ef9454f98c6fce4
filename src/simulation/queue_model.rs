//! The real queue, on its store, against a naive map: the same messages wait, in the same order, after each action and
//! each reopening.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::process::{Call, Process, START, World, account, now, tenant};
use super::provider::Reply;
use crate::clock::Clock;
use crate::dispatch::pacer::Step;
use crate::domain::channel::Channel;
use crate::domain::ids::{Mid, QueueId};
use crate::domain::tenant::MaybeSent;
use crate::store::{Opened, QueueMark};

#[derive(Clone, Debug)]
enum Action {
    Queue(usize),
    /// One order; its request is taken or refused for now.
    Send {
        is_taken: bool,
    },
    PassTime(u64),
    Mark(bool),
    Reopen,
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => (1usize..60).prop_map(Action::Queue),
        4 => any::<bool>().prop_map(|is_taken| Action::Send { is_taken }),
        2 => (0u64..400).prop_map(Action::PassTime),
        1 => any::<bool>().prop_map(Action::Mark),
        2 => Just(Action::Reopen),
    ]
}

/// What waits, with how often it was tried.
type Naive = BTreeMap<u64, u16>;

fn compare(process: &Process, naive: &Naive, last: u64) {
    let Some(queue) = process.book.by_id(QueueId(1)) else { return assert_eq!(last, 0) };
    let waiting = process.store.messages().waiting(Mid::new(1), QueueId(1), 0, usize::MAX).unwrap();
    let waiting: Naive = waiting
        .into_iter()
        .map(|opened| match opened {
            Opened::Record(message) => (message.id.sequence, message.progress.attempts),
            Opened::Quarantined(key) => panic!("{key:?} would not open"),
        })
        .collect();
    assert_eq!(waiting, *naive);
    assert_eq!(queue.last_given(), last);
    assert_eq!(last - now(queue.record.lock()).done, naive.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_agrees_with_a_map(actions in proptest::collection::vec(any_action(), 1..40)) {
        let world = World::new(0, vec![tenant(1, vec![account("main", MaybeSent::Repeat)])]);
        let mut process = world.start(START);
        let mut naive = Naive::new();
        let mut last = 0;
        let mut is_stopped = false;
        for action in actions {
            match action {
                Action::Queue(count) => {
                    for _ in 0..count {
                        last += 1;
                        process.execute(&Call::new(1, "queue", usize::try_from(last).unwrap())).unwrap();
                        naive.insert(last, 0);
                    }
                }
                Action::Send { is_taken } => {
                    world.provider.will([if is_taken { Reply::Taken } else { Reply::NotSent(None) }]);
                    if let Step::Send(order) = process.dispatch.step() {
                        prop_assert!(!is_stopped);
                        now(Arc::clone(&process.dispatch).carry_out(order));
                    }
                    let mut desk = world.provider.desk();
                    desk.replies.clear();
                    for written in desk.written.drain(..) {
                        let sequences: Vec<u64> = written.ids.iter().map(|id| id.sequence).collect();
                        prop_assert!(sequences.len() <= Channel::Sms.capability().bulk_max);
                        let unique: BTreeSet<u64> = sequences.iter().copied().collect();
                        prop_assert_eq!(unique.len(), sequences.len());
                        // Messages that were never tried go in their order, none passed over.
                        let fresh = |naive: &Naive| naive.iter().filter(|(_, tried)| **tried == 0).map(|(s, _)| *s).collect();
                        let untried: Vec<u64> = fresh(&naive);
                        let sent: Vec<u64> = sequences.iter().copied().filter(|s| naive.get(s) == Some(&0)).collect();
                        prop_assert_eq!(&untried[..sent.len()], &sent[..]);
                        for sequence in sequences {
                            let tried = naive.get_mut(&sequence).expect("what goes was waiting");
                            *tried += 1;
                            if is_taken {
                                naive.remove(&sequence);
                            }
                        }
                    }
                }
                Action::PassTime(secs) => process.advance(&world, Duration::from_secs(secs)),
                Action::Mark(stop) => {
                    if let Some(queue) = process.book.by_id(QueueId(1)) {
                        let mark = if stop { QueueMark::Paused } else { QueueMark::Running };
                        now(process.book.mark(&queue, mark)).unwrap();
                        is_stopped = stop;
                    }
                }
                Action::Reopen => {
                    world.kv.crash();
                    process = world.start(process.clock.now());
                }
            }
            compare(&process, &naive, last);
        }
        // In the end every message goes, whatever happened before.
        if let Some(queue) = process.book.by_id(QueueId(1)) {
            now(process.book.mark(&queue, QueueMark::Running)).unwrap();
        }
        for _ in 0..10 {
            process.send_all();
            process.advance(&world, Duration::from_secs(400));
        }
        prop_assert_eq!(world.provider.desk().taken.len() as u64, last);
        prop_assert!(world.provider.desk().taken.values().all(|times| times.len() == 1));
        compare(&process, &Naive::new(), last);
    }
}
