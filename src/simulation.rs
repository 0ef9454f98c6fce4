//! The whole pipeline in one thread, repeatable by its seed: intake, store, pacer and sender, a scripted provider, its
//! reports, the forwarder and a scripted data extension; under crashes at any point, failing writes, restarts, clock
//! jumps, held accounts and bad answers. After each step the promises of `intake`, `dispatch` and `reporting` are
//! checked; at the end everything must come to rest.
//!
//! A failing run says its seed; `WAYPOST_SIMULATION_SEEDS=N` runs that many, `WAYPOST_SIMULATION_SEED=S` runs that one.
//! A seed that found a fault stays as a test with a name.

mod model;
mod paced;
pub(crate) mod process;
pub(crate) mod provider;
mod queue_model;
mod run;
pub(crate) mod target;

/// Seeds that an ordinary test run tries.
const SEEDS: u64 = 24;
/// Steps of a run before it is brought to rest.
const STEPS: usize = 1_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a whole number"))
}

#[test]
fn nothing_is_lost_or_sent_twice_whatever_happens() {
    if let Some(seed) = number("WAYPOST_SIMULATION_SEED") {
        return run::run(seed, STEPS);
    }
    for seed in 0..number("WAYPOST_SIMULATION_SEEDS").unwrap_or(SEEDS) {
        run::run(seed, STEPS);
    }
}

#[test]
fn a_seed_repeats_its_run() {
    assert_eq!(run::trace(7, 400), run::trace(7, 400));
}
