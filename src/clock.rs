//! The only place that asks the system what time it is.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::oneshot;

pub use crate::domain::timestamp::Timestamp;

/// Where loops get their time from.
pub trait Clock: Send + Sync + 'static {
    /// Wall-clock time. May jump.
    fn now(&self) -> Timestamp;

    /// The wall-clock time of the start plus what has passed since. Never jumps within a run: slots are computed on it.
    fn steady(&self) -> Timestamp;

    /// Completes when [`Clock::steady`] has reached `until`.
    fn sleep_until(&self, until: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Completes when `duration` has passed.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.sleep_until(self.steady().plus(duration))
    }
}

/// The system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
    started_at: Timestamp,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this file is where the system is asked")]
    pub fn new() -> Self {
        Self { started: std::time::Instant::now(), started_at: wall() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(clippy::disallowed_methods, reason = "this file is where the system is asked")]
fn wall() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::ZERO.plus(since)
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        wall()
    }

    fn steady(&self) -> Timestamp {
        self.started_at.plus(self.started.elapsed())
    }

    fn sleep_until(&self, until: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let deadline = self.started + until.since(self.started_at);
        Box::pin(tokio::time::sleep_until(deadline.into()))
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct VirtualClock {
    state: Mutex<VirtualState>,
}

#[derive(Debug)]
struct VirtualState {
    steady: Timestamp,
    wall_offset_nanos: i128,
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
    sleeps: u64,
}

impl VirtualClock {
    pub fn starting_at(start: Timestamp) -> Self {
        let state = VirtualState { steady: start, wall_offset_nanos: 0, sleepers: BTreeMap::new(), sleeps: 0 };
        Self { state: Mutex::new(state) }
    }

    /// Moves both clocks on and wakes whoever slept until then, in the order of their deadlines.
    pub fn advance(&self, by: Duration) {
        let mut state = self.lock();
        state.steady = state.steady.plus(by);
        let after_now = (state.steady.plus_nanos(1), 0);
        let later = state.sleepers.split_off(&after_now);
        let due = std::mem::replace(&mut state.sleepers, later);
        drop(state);
        for wake in due.into_values() {
            // A sleeper that was dropped meanwhile needs no waking.
            wake.send(()).ok();
        }
    }

    /// Sets the wall clock forward or back, as an operator or NTP would; the steady clock goes on.
    pub fn jump_wall(&self, by_nanos: i128) {
        self.lock().wall_offset_nanos += by_nanos;
    }

    /// The earliest moment somebody sleeps until.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let mut state = self.lock();
        state.sleepers.retain(|_, wake| !wake.is_closed());
        state.sleepers.keys().next().map(|(until, _)| *until)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VirtualState> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let state = self.lock();
        let nanos = i128::from(state.steady.as_nanos()) + state.wall_offset_nanos;
        Timestamp::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
    }

    fn steady(&self) -> Timestamp {
        self.lock().steady
    }

    fn sleep_until(&self, until: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut state = self.lock();
        if until <= state.steady {
            return Box::pin(std::future::ready(()));
        }
        let (wake, woken) = oneshot::channel();
        state.sleeps += 1;
        let sleep = state.sleeps;
        state.sleepers.insert((until, sleep), wake);
        Box::pin(async move {
            // An error means that the clock itself is gone, and with it whoever could wait.
            woken.await.ok();
        })
    }
}
