//! The real binary under load, killed at random moments and started again on the same directory (spec Q7).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};

use crate::support::serve;

/// Lives of the process.
const ROUNDS: usize = 30;
/// Contacts at a time.
const CALLERS: usize = 16;
/// Longest life under load.
const LIFE_MAX: Duration = Duration::from_millis(900);
/// Every so many rounds everything is brought to its end: lookups have a budget, which a process that only ever dies
/// would use up.
const SETTLED_EVERY: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_again_and_again_loses_nothing_that_it_acknowledged() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let mut served = serve().await;
    let mut next = 0;
    for round in 0..ROUNDS {
        let acknowledged = served.caller.acknowledged().len();
        let load: Vec<_> = (0..CALLERS)
            .map(|n| tokio::spawn(served.caller.clone().execute_until_refused(next + n, CALLERS)))
            .collect();
        next += 1_000_000 / ROUNDS;
        // A random moment is what this test is about.
        tokio::time::sleep(LIFE_MAX.mul_f64(rng.random_range(0.05..1.0))).await;
        served.server.kill();
        for caller in load {
            caller.await.unwrap();
        }
        let more = served.caller.acknowledged().len() - acknowledged;
        println!("round {round}: {more} messages acknowledged");
        served.server.start().await;
        if (round + 1) % SETTLED_EVERY == 0 {
            served.drain().await;
        }
    }

    let acknowledged: HashSet<_> = served.caller.acknowledged().into_iter().collect();
    assert!(
        acknowledged.len() > ROUNDS * 10,
        "only {} messages: too little load to prove anything",
        acknowledged.len()
    );
    let received = served.sandbox.infobip().received();
    let mut by_id: HashMap<&str, Vec<u64>> = HashMap::new();
    for message in &received {
        by_id.entry(&message.message_id).or_default().push(message.request_no);
    }
    let lost: Vec<_> = acknowledged.iter().filter(|id| !by_id.contains_key(id.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged messages are lost", lost.len(), acknowledged.len());
    // One contact, one message id: a repeat is one of the same id, which Infobip refuses.
    let mut by_contact: HashMap<&str, HashSet<&str>> = HashMap::new();
    for message in &received {
        by_contact.entry(&message.to).or_default().insert(&message.message_id);
    }
    assert!(by_contact.values().all(|ids| ids.len() == 1), "a contact got two messages");
    assert_eq!(received.len(), by_id.len(), "Infobip accepted a message twice");
    // The log was asked for what was in flight, so that even a repeat of the same id is the exception.
    let repeated = received.iter().filter(|message| message.attempts > 1).count();
    println!("{} acknowledged, {} received, {repeated} repeated with the same id", acknowledged.len(), received.len());
    assert_eq!(repeated, 0, "a message was repeated that the log knew");

    assert!(served.server.terminate().await.success());
    let log = served.server.log();
    assert!(!log.contains("panicked") && !log.contains(" ERROR "), "{log}");
}
