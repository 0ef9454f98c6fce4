//! The sending speed limit of an activity, and the slots of a paced queue.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::timestamp::Timestamp;

/// Largest message count per unit that the activity takes (spec M3, the manual's "between 1 and 100.000").
pub(crate) const COUNT_MAX: u32 = 100_000;

/// Slots of one queue within this time may share one request (spec Q2). It is also how late a slot may be used before
/// the schedule starts anew from the present, so that lateness never turns into a burst.
pub(crate) const SLOT_SHARING: Duration = Duration::from_millis(100);

/// The time unit of a speed limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum SpeedUnit {
    Minute,
    Hour,
    Day,
}

impl SpeedUnit {
    pub(crate) const fn nanos(self) -> u64 {
        let secs = match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        };
        secs * 1_000_000_000
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "MINUTE",
            Self::Hour => "HOUR",
            Self::Day => "DAY",
        }
    }
}

/// So many messages per unit, evenly spread: 500 an hour is one every 7.2 s.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct SpeedLimit {
    count: NonZeroU32,
    unit: SpeedUnit,
}

/// Why a speed limit was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("speed limit is not valid: it must be COUNT/UNIT with a count from 1 to 100000 and MINUTE, HOUR or DAY")]
pub(crate) struct InvalidSpeedLimit;

impl SpeedLimit {
    pub(crate) fn new(count: u32, unit: SpeedUnit) -> Result<Self, InvalidSpeedLimit> {
        NonZeroU32::new(count)
            .filter(|c| c.get() <= COUNT_MAX)
            .map(|count| Self { count, unit })
            .ok_or(InvalidSpeedLimit)
    }

    pub(crate) fn count(self) -> u32 {
        self.count.get()
    }

    pub(crate) fn unit(self) -> SpeedUnit {
        self.unit
    }

    /// The time between two slots, rounded down to a nanosecond. For display; slots are computed by [`slot`].
    pub(crate) fn spacing(self) -> Duration {
        Duration::from_nanos(self.unit.nanos() / u64::from(self.count.get()))
    }
}

impl fmt::Display for SpeedLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.unit.as_str())
    }
}

impl FromStr for SpeedLimit {
    type Err = InvalidSpeedLimit;

    /// Reads `500/HOUR`; the unit in any case.
    fn from_str(text: &str) -> Result<Self, InvalidSpeedLimit> {
        let (count, unit) = text.split_once('/').ok_or(InvalidSpeedLimit)?;
        let count = count.trim().parse().map_err(|_| InvalidSpeedLimit)?;
        let unit = match unit.trim().to_ascii_uppercase().as_str() {
            "MINUTE" => SpeedUnit::Minute,
            "HOUR" => SpeedUnit::Hour,
            "DAY" => SpeedUnit::Day,
            _ => return Err(InvalidSpeedLimit),
        };
        Self::new(count, unit)
    }
}

/// The k-th slot after `anchor`. Computed from the anchor each time, so a million slots later there is no drift.
pub(crate) fn slot(anchor: Timestamp, limit: SpeedLimit, k: u64) -> Timestamp {
    anchor.plus_nanos(u128::from(k) * u128::from(limit.unit.nanos()) / u128::from(limit.count.get()))
}

/// Where a paced queue stands in its schedule: the last slot used is the `used`-th after `anchor`.
///
/// Stored before each send, so that a restart keeps the spacing. Times are those of the clock the caller passes; the
/// runner passes one that does not jump (see [`Schedule::resumed`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Schedule {
    limit: SpeedLimit,
    anchor: Timestamp,
    used: u64,
}

impl Schedule {
    /// A schedule whose first slot is `now` and has just been used.
    pub(crate) fn started(limit: SpeedLimit, now: Timestamp) -> Self {
        Self { limit, anchor: now, used: 0 }
    }

    pub(crate) fn limit(&self) -> SpeedLimit {
        self.limit
    }

    /// The last slot that was used.
    pub(crate) fn last(&self) -> Timestamp {
        slot(self.anchor, self.limit, self.used)
    }

    /// The slot that comes next when nothing is late.
    pub(crate) fn upcoming(&self) -> Timestamp {
        slot(self.anchor, self.limit, self.used.saturating_add(1))
    }

    /// The slot for a message that is ready at `ready`: the upcoming one, or `ready` when that has passed by more than
    /// [`SLOT_SHARING`] (a late arrival gets max(now, last slot + spacing), spec Q2).
    pub(crate) fn slot_for(&self, ready: Timestamp) -> Timestamp {
        let upcoming = self.upcoming();
        if upcoming.plus(SLOT_SHARING) < ready { ready } else { upcoming }
    }

    /// The schedule after `slot`, as [`Schedule::slot_for`] gave it, was used.
    #[must_use]
    pub(crate) fn after(&self, slot: Timestamp) -> Self {
        if slot == self.upcoming() {
            Self { used: self.used.saturating_add(1), ..*self }
        } else {
            Self::started(self.limit, slot)
        }
    }

    /// The stored schedule moved onto a clock that reads `now` on both sides of a restart or wall-clock jump.
    ///
    /// A last slot in the future means that the clock was set back: the queue then waits one spacing from now, no
    /// longer (spec Q2: a jump delays at most one spacing).
    #[must_use]
    pub(crate) fn resumed(&self, now: Timestamp) -> Self {
        if self.last() > now { Self::started(self.limit, now) } else { *self }
    }

    /// The same schedule on another clock, `offset_nanos` ahead of this one.
    #[must_use]
    pub(crate) fn shifted(&self, offset_nanos: i128) -> Self {
        let anchor = i128::from(self.anchor.as_nanos()) + offset_nanos;
        Self { anchor: Timestamp::from_nanos(u64::try_from(anchor.max(0)).unwrap_or(u64::MAX)), ..*self }
    }
}
