//! The whole pipeline in one thread, repeatable by its seed: intake, store, pacer and sender, a scripted provider, its
//! reports, the forwarder and a scripted data extension; under crashes at any point, failing writes, restarts, clock
//! jumps, held accounts and bad answers. After each step the promises of `intake`, `dispatch` and `reporting` are
//! checked; at the end everything must come to rest.
//!
//! A failing run says its seed; `WAYPOST_SIMULATION_SEED=S` runs that one,
//! `WAYPOST_SIMULATION_SEEDS=N` runs that many, from `S` or from 0, and longer ones.
//! A fault that a seed finds becomes a test with a name, beside the code that had it.

mod model;
mod paced;
pub(crate) mod process;
pub(crate) mod provider;
mod queue_model;
mod run;
pub(crate) mod target;

/// Seeds that an ordinary test run tries.
const SEEDS: u64 = 20;
/// Steps of a run before it is brought to rest.
const STEPS: usize = 600;
const STEPS_ON_DEMAND: usize = 1_500;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a whole number"))
}

#[test]
fn nothing_is_lost_or_sent_twice_whatever_happens() {
    let (first, only) = match number("WAYPOST_SIMULATION_SEED") {
        Some(seed) => (seed, Some(1)),
        None => (0, None),
    };
    let wanted = number("WAYPOST_SIMULATION_SEEDS").or(only);
    let (seeds, steps) = wanted.map_or((SEEDS, STEPS), |seeds| (seeds, STEPS_ON_DEMAND));
    for seed in first..first + seeds {
        run::run(seed, steps);
    }
}

#[test]
fn a_seed_repeats_its_run() {
    assert_eq!(run::trace(7, 400), run::trace(7, 400));
}
