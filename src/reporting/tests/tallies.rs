//! Figures of a queue, kept current while reports come in any order, against a recount.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::domain::ids::{MessageId, QueueId};
use crate::domain::report::Standing;
use crate::reporting::tallies::Tally;

/// A process of its own has counted nothing yet: what it says is a recount.
async fn recounted(world: &World) -> Tally {
    let process = world.start(START);
    process.recorder.tally(MID, QueueId(1)).await.unwrap()
}

fn of(id: &str) -> MessageId {
    id.parse().unwrap()
}

/// Reports as they may come: pending, final, corrected, repeated, seen.
fn some_reports(ids: &[String], random: &mut StdRng) -> Vec<Arrived> {
    let mut reports: Vec<Arrived> = Vec::new();
    for id in ids {
        for _ in 0..random.random_range(0..4) {
            let at = START.plus(Duration::from_secs(random.random_range(0..3)));
            reports.push(match random.random_range(0..6) {
                0 => report(id, 1, 3, "PENDING_WAITING_DELIVERY", at).into(),
                1 => report(id, 2, 4, "UNDELIVERABLE_REJECTED_OPERATOR", at).into(),
                2 => report(id, 5, 6, "REJECTED_NETWORK", at).into(),
                3 => seen(id, random.random_range(0..9)).into(),
                _ => report(id, 3, 5, "DELIVERED_TO_HANDSET", at).into(),
            });
        }
    }
    let repeats: Vec<_> = reports.iter().filter(|_| random.random_bool(0.3)).cloned().collect();
    reports.extend(repeats);
    reports.shuffle(random);
    reports
}

#[tokio::test]
async fn figures_kept_current_are_those_of_a_recount() {
    for seed in 0..12 {
        let mut random = StdRng::seed_from_u64(seed);
        let (world, process) = start();
        let ids = sent(&process, 40, None);
        assert_eq!(of(&ids[0]).queue, QueueId(1));
        let reports = some_reports(&ids, &mut random);
        let asked_at = random.random_range(0..=reports.len());
        for (number, arrived) in reports.into_iter().enumerate() {
            if number == asked_at {
                process.recorder.tally(MID, QueueId(1)).await.unwrap();
            }
            process.recorder.record(MID, &main_account(), Channel::Sms, vec![arrived]).await.unwrap();
        }
        let kept = process.recorder.tally(MID, QueueId(1)).await.unwrap();
        assert_eq!(kept, recounted(&world).await, "seed {seed}");
        assert!(kept.delivered + kept.failed > 0, "seed {seed}: nothing was counted");
    }
}

/// Reports come while the first question is being answered.
#[test]
fn reports_that_come_while_it_is_counted_are_counted_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for seed in 0..6 {
        let mut random = StdRng::seed_from_u64(1_000 + seed);
        let (world, process) = start();
        // More than a page.
        let ids = sent(&process, 700, None);
        let recorder = Arc::clone(&process.recorder);
        runtime.block_on(async {
            recorder.record(MID, &main_account(), Channel::Sms, some_reports(&ids, &mut random)).await.unwrap();
            let later = some_reports(&ids, &mut random);
            let writing = tokio::spawn(async move {
                for arrived in later {
                    recorder.record(MID, &main_account(), Channel::Sms, vec![arrived]).await.unwrap();
                }
            });
            process.recorder.tally(MID, QueueId(1)).await.unwrap();
            writing.await.unwrap();
            let kept = process.recorder.tally(MID, QueueId(1)).await.unwrap();
            assert_eq!(kept, recounted(&world).await, "seed {seed}");
        });
    }
}

#[tokio::test]
async fn what_ended_here_is_failed_until_infobip_says_otherwise() {
    let (_world, process) = start();
    let id = sent(&process, 1, None).remove(0);
    let mut local = report(&id, 5, 9_001, "REJECTED_HERE", START);
    local.origin = Origin::Local;
    let counts = async || {
        let tally = process.recorder.tally(MID, QueueId(1)).await.unwrap();
        (tally.delivered, tally.failed, tally.ended_here)
    };
    record(&process, vec![local]);
    assert_eq!(counts().await, (0, 1, 1));
    record(&process, vec![delivered(&id)]);
    assert_eq!(counts().await, (1, 0, 0));
    assert_eq!(Standing::default(), crate::domain::report::MessageReports::default().standing());
}

#[tokio::test]
async fn figures_that_nobody_asks_for_are_forgotten_and_counted_anew() {
    let (_world, process) = start();
    let ids = sent(&process, 3, None);
    record(&process, vec![delivered(&ids[0])]);
    assert_eq!(process.recorder.tally(MID, QueueId(1)).await.unwrap().delivered, 1);
    process.clock.advance(Duration::from_secs(3_601));
    record(&process, vec![delivered(&ids[1])]);
    assert_eq!(process.recorder.tally(MID, QueueId(1)).await.unwrap().delivered, 2);
    process.recorder.forget_tallies(MID, &[ReportRef::of(QueueId(1), 1)]);
    record(&process, vec![delivered(&ids[2])]);
    assert_eq!(process.recorder.tally(MID, QueueId(1)).await.unwrap().delivered, 3);
}
