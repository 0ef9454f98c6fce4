//! What a sending speed limit means for a marketer: spacing, how long the audience takes, and what does not go well with
//! it (spec M3).

use std::time::Duration;

use super::speed_limit::SpeedLimit;

/// Messages a second above which the manual would rather have no limit: "more than couple hundred messages per second".
const SENSIBLE_PER_SECOND_MAX: u64 = 200;
const NANOS: u64 = 1_000_000_000;

/// A limit and what it meets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pace {
    pub(crate) limit: SpeedLimit,
    /// Contacts that the marketer expects.
    pub(crate) audience: Option<u64>,
    /// The least wait before a reports activity on this message, in seconds, when one follows.
    pub(crate) wait_before_reports_secs: Option<u64>,
}

impl Pace {
    /// How long the audience takes when it comes all at once: from the first slot to the last.
    pub(crate) fn duration(&self) -> Option<Duration> {
        let audience = self.audience.filter(|audience| *audience > 0)?;
        let nanos = u128::from(audience - 1) * u128::from(self.limit.unit().nanos()) / u128::from(self.limit.count());
        Some(Duration::from_secs(u64::try_from(nanos / u128::from(NANOS)).unwrap_or(u64::MAX)))
    }

    /// Spacing, and how long the audience takes where one is known.
    pub(crate) fn line(&self) -> String {
        let spacing = self.spacing();
        let Some((duration, audience)) = self.duration().zip(self.audience) else { return spacing };
        let (contacts, take) = if audience == 1 { ("contact", "takes") } else { ("contacts", "take") };
        format!("{spacing}; {} {contacts} {take} about {}", grouped(audience), words(duration))
    }

    /// One line below the field.
    pub(crate) fn note(&self) -> String {
        let mut note = self.line();
        if self.duration().is_none() && self.wait_before_reports_secs.is_some() {
            note += "; say how many contacts you expect, to see whether the reports activity waits long enough";
        }
        note + ". The limit counts for this activity in this version of the journey alone."
    }

    /// What does not go well with it: a sentence each.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if u64::from(self.limit.count()) * NANOS > SENSIBLE_PER_SECOND_MAX * self.limit.unit().nanos() {
            warnings.push(format!(
                "The limit allows more than {SENSIBLE_PER_SECOND_MAX} messages a second, which Salesforce and Infobip \
                 hardly reach for one activity: turn it off."
            ));
        }
        if let (Some(wait_secs), Some(duration)) = (self.wait_before_reports_secs, self.duration())
            && wait_secs < duration.as_secs()
        {
            let wait = match wait_secs {
                0 => "follows without a fixed wait".to_owned(),
                secs => format!("follows after {}", words(Duration::from_secs(secs))),
            };
            warnings.push(format!(
                "A reports activity {wait}, but sending to all contacts takes about {takes}: until their message is \
                 sent it finds NOT_AVAILABLE. Let it wait at least {takes}, or raise the limit.",
                takes = words(duration)
            ));
        }
        warnings
    }

    /// "One message about every 7.2 s" (the manual's example of 500 an hour).
    fn spacing(&self) -> String {
        let (count, unit) = (u64::from(self.limit.count()), self.limit.unit().nanos());
        if count * NANOS > unit {
            return format!("About {} messages a second", tenths(rounded(count * NANOS * 10, unit)));
        }
        let every = |what: &str, nanos: u64| match rounded(unit * 10, count * nanos) {
            10 => format!("One message about every {what}"),
            other => format!("One message about every {} {what}s", tenths(other)),
        };
        match unit / count / NANOS {
            0..120 => format!("One message about every {} s", tenths(rounded(unit * 10, count * NANOS))),
            120..7_200 => every("minute", 60 * NANOS),
            _ => every("hour", 3_600 * NANOS),
        }
    }
}

fn rounded(number: u64, by: u64) -> u64 {
    number / by + u64::from(number % by >= by.div_ceil(2))
}

/// `7.2` of 72, `12` of 120; from a hundred on without the tenth.
fn tenths(tenths: u64) -> String {
    match (tenths / 10, tenths % 10) {
        (whole, 0) => grouped(whole),
        (whole @ 100.., _) => grouped(rounded(tenths, 10).max(whole)),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

/// A number as people read it: `100,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A duration as people say it, in at most two units.
pub(crate) fn words(duration: Duration) -> String {
    let named = |number: u64, unit: &str| match number {
        1 => format!("1 {unit}"),
        _ => format!("{} {unit}s", grouped(number)),
    };
    let both = |(number, unit), (rest, small)| match rest {
        0 => named(number, unit),
        _ => format!("{} {}", named(number, unit), named(rest, small)),
    };
    let secs = duration.as_secs();
    let minutes = rounded(secs, 60);
    let hours = rounded(secs, 3_600);
    match secs {
        0..120 => named(secs.max(1), "second"),
        120..7_200 if minutes < 120 && minutes != 60 => named(minutes, "minute"),
        120..172_800 if hours < 48 => both((minutes / 60, "hour"), (minutes % 60, "minute")),
        _ if hours < 240 => both((hours / 24, "day"), (hours % 24, "hour")),
        _ => named(rounded(secs, 86_400), "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::speed_limit::SpeedUnit::{self, Day, Hour, Minute};
    use super::*;
    use proptest::prelude::*;

    fn pace(count: u32, unit: SpeedUnit) -> Pace {
        let limit = SpeedLimit::new(count, unit).unwrap();
        Pace { limit, audience: None, wait_before_reports_secs: None }
    }

    #[test]
    fn spacing_is_said_in_sensible_units() {
        for (count, unit, expected) in [
            (500, Hour, "One message about every 7.2 s"),
            (3_600, Hour, "One message about every 1 s"),
            (1, Minute, "One message about every 60 s"),
            (100, Day, "One message about every 14.4 minutes"),
            (1, Hour, "One message about every 60 minutes"),
            (24, Day, "One message about every 60 minutes"),
            (1, Day, "One message about every 24 hours"),
            (50_000, Day, "One message about every 1.7 s"),
            (100, Minute, "About 1.7 messages a second"),
            (30_000, Minute, "About 500 messages a second"),
            (100_000, Minute, "About 1,667 messages a second"),
        ] {
            let note = pace(count, unit).note();
            assert!(note.starts_with(&format!("{expected}. ")), "{count} {unit:?}: {note}");
        }
    }

    #[test]
    fn the_manual_s_example_takes_two_days_and_is_warned_of() {
        let pace = Pace { audience: Some(100_000), wait_before_reports_secs: Some(3_600), ..pace(50_000, Day) };
        assert!(pace.note().contains("; 100,000 contacts take about 2 days."), "{}", pace.note());
        let [warning] = &pace.warnings()[..] else { panic!("{:?}", pace.warnings()) };
        assert!(warning.contains("follows after 1 hour, but sending to all contacts takes about 2 days"), "{warning}");
        let waiting = Pace { wait_before_reports_secs: Some(2 * 86_400), ..pace };
        assert!(waiting.warnings().is_empty());
    }

    #[test]
    fn a_limit_is_too_fast_above_200_a_second() {
        assert!(pace(12_000, Minute).warnings().is_empty());
        assert_eq!(pace(12_001, Minute).warnings().len(), 1);
        assert!(pace(100_000, Hour).warnings().is_empty());
    }

    #[test]
    fn durations_are_said_in_at_most_two_units() {
        for (secs, expected) in [
            (0, "1 second"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (3_600, "1 hour"),
            (7_170, "2 hours"),
            (9_000, "2 hours 30 minutes"),
            (86_400, "24 hours"),
            (172_798, "2 days"),
            (720_000, "8 days 8 hours"),
            (8_640_000, "100 days"),
            (100_000 * 86_400, "100,000 days"),
        ] {
            assert_eq!(words(Duration::from_secs(secs)), expected, "{secs}");
        }
    }

    proptest! {
        #[test]
        fn any_pace_can_be_said(count in 1..=100_000_u32, unit in 0..3_usize, audience: u64, wait: u64) {
            let unit = [Minute, Hour, Day][unit];
            let pace = Pace { audience: Some(audience), wait_before_reports_secs: Some(wait), ..pace(count, unit) };
            prop_assert!(pace.note().ends_with('.'));
            let _ = pace.warnings();
        }
    }
}
