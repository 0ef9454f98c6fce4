//! The published limits of the account's listings (infobip.md 1.8), kept over all accounts together: whether Infobip
//! counts by account or by caller is not published.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};

/// An endpoint with a limit of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Endpoint {
    /// `numbers/1/numbers`: 1/s, burst 2.
    Numbers,
    /// `resources/1/resources`: 10/s.
    Resources,
    /// `rcs/1/senders`: 10/s.
    RcsSenders,
    /// `whatsapp/1/templates`: 15/s.
    WhatsAppTemplates,
    /// `whatsapp/1/senders/quality`: 10/s.
    WhatsAppQuality,
    /// No limit is published, or one that a person can't reach.
    Unlimited,
}

impl Endpoint {
    /// Least time between two calls in the long run, and how many may go at once.
    const fn limit(self) -> Option<(Duration, u32)> {
        match self {
            Self::Numbers => Some((Duration::from_secs(1), 2)),
            Self::Resources | Self::RcsSenders | Self::WhatsAppQuality => Some((Duration::from_millis(100), 1)),
            Self::WhatsAppTemplates => Some((Duration::from_millis(70), 1)),
            Self::Unlimited => None,
        }
    }
}

/// Lets calls go at the pace of their endpoint.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    /// For each endpoint with a limit, when its next call would be due if none had gone ahead of its time.
    due: Mutex<[Timestamp; 5]>,
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, due: Mutex::new([Timestamp::ZERO; 5]) }
    }

    /// Waits for a turn at the endpoint.
    pub(super) async fn turn(&self, endpoint: Endpoint) {
        let at = self.reserve(endpoint, self.clock.steady());
        self.clock.sleep_until(at).await;
    }

    fn reserve(&self, endpoint: Endpoint, now: Timestamp) -> Timestamp {
        let Some((interval, burst)) = endpoint.limit() else { return now };
        let mut all = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(due) = all.get_mut(endpoint as usize) else { return now };
        let ahead = interval.saturating_mul(burst.saturating_sub(1));
        // `ahead` before the due time, and not before now.
        let at = now.plus(due.since(now).saturating_sub(ahead));
        *due = (*due).max(at).plus(interval);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    const START: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn pace() -> Pace {
        Pace::new(Arc::new(VirtualClock::starting_at(START)))
    }

    fn millis(at: Timestamp) -> u128 {
        at.since(START).as_millis()
    }

    #[test]
    fn numbers_go_two_at_once_and_then_one_a_second() {
        let pace = pace();
        let at: Vec<_> = (0..5).map(|_| millis(pace.reserve(Endpoint::Numbers, START))).collect();
        assert_eq!(at, [0, 0, 1_000, 2_000, 3_000]);
        let later = START.plus(Duration::from_secs(60));
        let at: Vec<_> = (0..3).map(|_| millis(pace.reserve(Endpoint::Numbers, later))).collect();
        assert_eq!(at, [60_000, 60_000, 61_000]);
    }

    #[test]
    fn endpoints_do_not_wait_for_each_other_and_keep_their_limits() {
        let pace = pace();
        for (endpoint, calls_a_second) in [
            (Endpoint::Numbers, 1),
            (Endpoint::Resources, 10),
            (Endpoint::RcsSenders, 10),
            (Endpoint::WhatsAppTemplates, 15),
            (Endpoint::WhatsAppQuality, 10),
        ] {
            let at: Vec<_> = (0..200).map(|_| millis(pace.reserve(endpoint, START))).collect();
            assert_eq!(at[0], 0, "{endpoint:?}");
            // After the burst, never more in a second than published.
            let burst = at.iter().filter(|at| **at == 0).count();
            for window in at[burst - 1..].windows(calls_a_second + 1) {
                assert!(window[calls_a_second] - window[0] >= 1_000, "{endpoint:?}: {window:?}");
            }
        }
        assert_eq!(pace.reserve(Endpoint::Unlimited, START), START);
    }

    #[tokio::test]
    async fn a_turn_waits_on_the_clock() {
        use futures_util::FutureExt as _;
        let clock = Arc::new(VirtualClock::starting_at(START));
        let pace = Pace::new(clock.clone());
        pace.turn(Endpoint::Numbers).await;
        pace.turn(Endpoint::Numbers).await;
        let mut third = std::pin::pin!(pace.turn(Endpoint::Numbers));
        assert!((&mut third).now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        third.await;
    }
}
