//! A moment in time, as an integer.

use std::fmt;
use std::time::Duration;

/// Nanoseconds since 1970-01-01T00:00:00Z. Good until the year 2554.
///
/// Integer arithmetic only: slots of a paced queue must not drift, whatever the speed limit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Timestamp(u64);

const NANOS_PER_MILLI: u64 = 1_000_000;
const NANOS_PER_SEC: u64 = 1_000_000_000;

impl Timestamp {
    /// The epoch itself; sorts before every real moment.
    pub const ZERO: Self = Self(0);
    /// Later than every real moment.
    pub const MAX: Self = Self(u64::MAX);

    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(NANOS_PER_MILLI))
    }

    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(NANOS_PER_SEC))
    }

    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    pub const fn as_millis(self) -> u64 {
        self.0 / NANOS_PER_MILLI
    }

    pub const fn as_secs(self) -> u64 {
        self.0 / NANOS_PER_SEC
    }

    /// The moment `nanos` later, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn plus_nanos(self, nanos: u128) -> Self {
        Self(u64::try_from(u128::from(self.0) + nanos).unwrap_or(u64::MAX))
    }

    /// The moment `duration` later, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.plus_nanos(duration.as_nanos())
    }

    /// The moment `duration` earlier, at least [`Timestamp::ZERO`].
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// The time from `earlier` to `self`; zero when `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// ISO 8601 in UTC with whole seconds and `Z`, the form that data extensions and out-arguments get (spec R2).
    pub fn to_iso(self) -> String {
        self.zoned("%Y-%m-%dT%H:%M:%SZ")
    }

    /// ISO 8601 in UTC with milliseconds, for logs and records.
    pub fn to_iso_millis(self) -> String {
        self.zoned("%Y-%m-%dT%H:%M:%S%.3fZ")
    }

    fn zoned(self, format: &str) -> String {
        let nanos = i128::from(self.0);
        jiff::Timestamp::from_nanosecond(nanos).map(|moment| moment.strftime(format).to_string()).unwrap_or_default()
    }

    /// Reads `yyyy-MM-dd'T'HH:mm:ss[.fraction]` with an offset written `Z`, `+0100` or `+01:00`.
    ///
    /// Infobip writes the offset without a colon and examples show all three (infobip.md 1.2). `None` when the text
    /// is none of these or lies before 1970.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let moment = text
            .parse::<jiff::Timestamp>()
            .or_else(|_| {
                jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).and_then(|parts| parts.to_timestamp())
            })
            .ok()?;
        u64::try_from(moment.as_nanosecond()).ok().map(Self)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso_millis())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infobip_offsets_are_read_in_all_three_spellings() {
        let expected = Timestamp::from_millis(1_772_544_150_000);
        for text in [
            "2026-03-03T14:22:30.000+0100",
            "2026-03-03T14:22:30.000+01:00",
            "2026-03-03T13:22:30Z",
            "2026-03-03T13:22:30.000000000Z",
            " 2026-03-03T13:22:30.000Z ",
        ] {
            assert_eq!(Timestamp::parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn nonsense_is_not_a_moment() {
        for text in ["", "yesterday", "2026-03-03", "2026-13-03T13:22:30Z", "1969-12-31T23:59:59Z"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn rows_get_whole_seconds_in_utc() {
        assert_eq!(Timestamp::from_millis(1_772_544_150_999).to_iso(), "2026-03-03T13:22:30Z");
    }
}
