//! What of webhooks was left out since the start, for `waypost status`: nothing is dropped in silence.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Timestamp;

/// That entries were left out is logged this often, in seconds: anybody can bring such to the bare path.
const LOGGED_EVERY_SECS: u64 = 60;

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct LeftOut {
    unreadable: AtomicU64,
    other_events: AtomicU64,
    no_replies: AtomicU64,
    logged_at_secs: AtomicU64,
}

impl LeftOut {
    /// Entries that could not be read. Says whether to log it.
    pub(super) fn unreadable(&self, count: usize, now: Timestamp) -> bool {
        add(&self.unreadable, count);
        let now = now.as_secs();
        let logged = self.logged_at_secs.load(Ordering::Relaxed);
        // A clock that was set back must not silence it.
        let is_due = now < logged || now - logged >= LOGGED_EVERY_SECS;
        is_due && self.logged_at_secs.compare_exchange(logged, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Entries of the inbound path that are no messages on one of our channels: somebody types, or writes on Instagram.
    pub(super) fn other_events(&self, count: usize) {
        add(&self.other_events, count);
    }

    /// Inbound messages that are no replies: pictures, and buttons where the business unit takes none.
    pub(super) fn no_replies(&self, count: usize) {
        add(&self.no_replies, count);
    }

    /// Entries left out since the start: unreadable ones, other events, and messages that are no replies.
    pub(crate) fn left_out(&self) -> [u64; 3] {
        [&self.unreadable, &self.other_events, &self.no_replies].map(|figure| figure.load(Ordering::Relaxed))
    }
}

fn add(figure: &AtomicU64, count: usize) {
    figure.fetch_add(count as u64, Ordering::Relaxed);
}
