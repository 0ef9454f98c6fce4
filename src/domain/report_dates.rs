//! How dates are written for the customer: in rows, in events and in out-arguments alike (spec R2).

use jiff::tz::TimeZone;

use super::timestamp::Timestamp;

/// `yyyy-MM-ddTHH:mm:ss`: local time carries no offset, because SFMC would convert it by one.
const LOCAL: &str = "%Y-%m-%dT%H:%M:%S";

/// A moment as the customer gets it: ISO 8601 in UTC with `Z` and whole seconds; with a zone, the zone's local time
/// without an offset. A zone that is not known any more counts as none.
pub(crate) fn written(at: Timestamp, zone: Option<&str>) -> String {
    let local = zone.and_then(|name| TimeZone::get(name).ok()).and_then(|zone| {
        let moment = jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).ok()?;
        Some(moment.to_zoned_datetime(zone).strftime(LOCAL).to_string())
    });
    local.unwrap_or_else(|| at.to_iso())
}

/// Whether this is the IANA name of a time zone, such as `Europe/Zagreb`.
pub(crate) fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn without_a_zone_dates_are_utc_in_whole_seconds() {
        assert_eq!(written(at("2026-03-03T14:22:30.999+0100"), None), "2026-03-03T13:22:30Z");
    }

    #[test]
    fn with_a_zone_they_are_its_local_time_in_summer_and_winter() {
        for (moment, zone, expected) in [
            ("2026-01-15T12:00:00Z", "Europe/Zagreb", "2026-01-15T13:00:00"),
            ("2026-07-15T12:00:00.9Z", "Europe/Zagreb", "2026-07-15T14:00:00"),
            // The hour that the clocks go back over is written twice.
            ("2026-10-25T00:30:00Z", "Europe/Zagreb", "2026-10-25T02:30:00"),
            ("2026-10-25T01:30:00Z", "Europe/Zagreb", "2026-10-25T02:30:00"),
            ("2026-12-31T23:59:59Z", "Asia/Seoul", "2027-01-01T08:59:59"),
            ("2026-07-15T12:00:00Z", "Asia/Kolkata", "2026-07-15T17:30:00"),
        ] {
            assert_eq!(written(at(moment), Some(zone)), expected, "{moment} in {zone}");
        }
    }

    #[test]
    fn only_names_of_zones_are_zones() {
        assert!(is_zone("Europe/Zagreb") && is_zone("UTC") && is_zone("America/Argentina/Buenos_Aires"));
        for name in ["", "Europe/Atlantis", "+01:00", "CET-1CEST", "../etc/passwd"] {
            assert!(!is_zone(name), "{name}");
        }
        assert_eq!(written(at("2026-01-15T12:00:00Z"), Some("Europe/Atlantis")), "2026-01-15T12:00:00Z");
    }
}
