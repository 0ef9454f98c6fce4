//! How dates are written for the customer: in rows, in events and in out-arguments alike (spec R2); and how those that
//! come back from a data extension are read.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

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

/// SFMC's server time: UTC-6, summer and winter. What came with an offset is stored in it, and comes back without one
/// (developer.salesforce.com, *Incoming Date Normalization*).
const SERVER_TIME: Offset = Offset::constant(-6);

/// Dates without an offset as SFMC gives them back: the US form over SOAP (sfmc.md 6.8), and both forms over REST.
const WITHOUT_OFFSET: [&str; 4] =
    ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];

/// Digits of epoch milliseconds from 2001 to 2286.
const EPOCH_MILLIS_DIGITS: usize = 13;

/// Reads a date of a row back. Without an offset it is local time of the zone in which [`written`] wrote it; without a
/// zone it was written in UTC, and SFMC made server time of it. The older extensions of clicks have epoch milliseconds.
/// `None` when it is none of these.
pub(crate) fn read(text: &str, zone: Option<&str>) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() == EPOCH_MILLIS_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Timestamp::from_millis);
    }
    if let Some(moment) = Timestamp::parse(text) {
        return Some(moment);
    }
    let local = WITHOUT_OFFSET.iter().find_map(|format| DateTime::strptime(format, text).ok())?;
    let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or_else(|| SERVER_TIME.to_time_zone());
    let moment = zone.to_timestamp(local).ok()?;
    u64::try_from(moment.as_nanosecond()).ok().map(Timestamp::from_nanos)
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
    fn what_comes_back_without_an_offset_is_server_time_or_the_zone_s() {
        let expected = Some(at("2026-11-24T14:34:11Z"));
        for text in [
            "11/24/2026 8:34:11 AM",
            " 11/24/2026 08:34:11 am ",
            "11/24/2026 8:34:11",
            "2026-11-24T08:34:11",
            "2026-11-24 08:34:11.000",
            "2026-11-24T14:34:11Z",
            "2026-11-24T15:34:11+0100",
            "1795530851000",
        ] {
            assert_eq!(read(text, None), expected, "{text}");
        }
        assert_eq!(read("7/24/2026 9:34:11 PM", None), Some(at("2026-07-25T03:34:11Z")), "no summer time");
        assert_eq!(read("7/24/2026 9:34:11 PM", Some("Europe/Zagreb")), Some(at("2026-07-24T19:34:11Z")));
        assert_eq!(read("2026-11-24T14:34:11Z", Some("Europe/Zagreb")), expected);
        for text in ["", "soon", "24.11.2026", "13/45/2026 8:00:00 AM", "12", "1/1/1960 8:00:00 AM"] {
            assert_eq!(read(text, None), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "[0-9/: TZAPM+.-]{0,30}", zone in proptest::option::of("Europe/Zagreb")) {
            read(&text, zone.as_deref());
        }

        #[test]
        fn what_was_written_is_read_back_and_written_the_same(secs in 0_u64..4_000_000_000) {
            for zone in [None, Some("Europe/Zagreb"), Some("Asia/Kolkata")] {
                let text = written(Timestamp::from_secs(secs), zone);
                let back = read(&text, zone).unwrap();
                proptest::prop_assert_eq!(written(back, zone), text);
            }
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
