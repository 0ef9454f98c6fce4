//! What a field takes, for its help and for the sentence when it doesn't. The validation decides, by the same constants.

use super::texts::{Phrase, Texts, fill};
use crate::domain::message::fields::{has_control, units, web_address};
use crate::domain::message::sms;
use crate::domain::origin;
use crate::domain::timestamp::Timestamp;

#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) enum Limit {
    #[default]
    None,
    /// UTF-16 units.
    Characters { min: usize, max: usize },
    /// What an SMS can carry.
    Sms,
    /// A web address of at most so many UTF-16 units.
    Address { max: usize },
    /// A whole number.
    Whole { min: u32, max: u32 },
    /// At most so many digits.
    Digits { max: usize },
    /// Degrees from `-most` to `most`.
    Degrees { most: f64 },
    /// An ISO 8601 moment.
    Moment,
    /// A domain name.
    Domain,
    /// Something that only words can say.
    Words(Phrase),
}

impl Limit {
    pub(crate) const fn at_most(max: usize) -> Self {
        Self::Characters { min: 0, max }
    }

    /// What is allowed, one sentence; empty where nothing needs saying.
    pub(crate) fn allowed(self, texts: &Texts) -> String {
        let say = |phrase, values: &[(&str, String)]| fill(texts.phrase(phrase), values);
        match self {
            Self::None => String::new(),
            Self::Characters { min: 0, max } => say(Phrase::AllowedCharacters, &[("max", grouped(max))]),
            Self::Characters { min, max } => {
                say(Phrase::AllowedCharactersBetween, &[("min", grouped(min)), ("max", grouped(max))])
            }
            Self::Sms => {
                say(Phrase::AllowedSms, &[("parts", grouped(sms::PARTS_MAX)), ("bytes", grouped(sms::TEXT_BYTES_MAX))])
            }
            Self::Address { max } => say(Phrase::AllowedAddress, &[("max", grouped(max))]),
            Self::Whole { min, max } => {
                say(Phrase::AllowedWhole, &[("min", grouped(min as usize)), ("max", grouped(max as usize))])
            }
            Self::Digits { max } => say(Phrase::AllowedDigits, &[("max", grouped(max))]),
            Self::Degrees { most } => say(Phrase::AllowedDegrees, &[("most", most.to_string())]),
            Self::Moment => say(Phrase::AllowedMoment, &[]),
            Self::Domain => say(Phrase::AllowedDomain, &[]),
            Self::Words(phrase) => say(phrase, &[]),
        }
    }

    /// What of it a value breaks, for a sentence that begins with the field's name; `None` where it keeps to it, or
    /// nobody can tell from the value alone.
    pub(crate) fn broken_by(self, value: &str, texts: &Texts) -> Option<String> {
        let say = |phrase, values: &[(&str, String)]| Some(fill(texts.phrase(phrase), values));
        let too_long = |max: usize| {
            let is = units(value);
            let values = [("is", grouped(is)), ("max", grouped(max)), ("over", grouped(is.saturating_sub(max)))];
            if is > max { say(Phrase::TooLong, &values) } else { None }
        };
        let trimmed = value.trim();
        match self {
            Self::None => None,
            Self::Characters { min, max } => too_long(max).or_else(|| {
                let short = units(trimmed) < min;
                short
                    .then(|| say(Phrase::TooShort, &[("min", grouped(min)), ("is", grouped(units(trimmed)))]))
                    .flatten()
            }),
            Self::Sms => {
                if sms::fits(value) {
                    return None;
                }
                let parts = sms::Parts::of(value).count;
                let values = [
                    ("parts", grouped(parts)),
                    ("bytes", grouped(value.len())),
                    ("partsMax", grouped(sms::PARTS_MAX)),
                    ("bytesMax", grouped(sms::TEXT_BYTES_MAX)),
                ];
                say(Phrase::TooLongForSms, &values)
            }
            Self::Address { max } => too_long(max)
                .or_else(|| web_address(value, max).is_none().then(|| say(Phrase::NoAddress, &[])).flatten()),
            Self::Whole { min, max } => {
                let fits = trimmed.parse::<u32>().is_ok_and(|number| (min..=max).contains(&number));
                let values = [("min", grouped(min as usize)), ("max", grouped(max as usize))];
                (!fits).then(|| say(Phrase::NoWhole, &values)).flatten()
            }
            Self::Digits { max } => {
                let fits = trimmed.len() <= max && trimmed.bytes().all(|b| b.is_ascii_digit());
                (!fits).then(|| say(Phrase::NoDigits, &[("max", grouped(max))])).flatten()
            }
            Self::Degrees { most } => {
                let fits = trimmed.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= most);
                (!fits).then(|| say(Phrase::NoDegrees, &[("most", most.to_string())])).flatten()
            }
            Self::Moment => Timestamp::parse(trimmed).is_none().then(|| say(Phrase::NoMoment, &[])).flatten(),
            Self::Domain => (!origin::is_domain(trimmed)).then(|| say(Phrase::NoDomain, &[])).flatten(),
            Self::Words(_) => None,
        }
        .or_else(|| if has_forbidden(value) { say(Phrase::HasControl, &[]) } else { None })
    }
}

/// Line breaks and tabs aside, which texts may have.
fn has_forbidden(value: &str) -> bool {
    has_control(&value.replace(['\n', '\r', '\t', '\u{c}'], " "))
}

/// A number as people read it: `1,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (100_000, "100,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), expected);
        }
    }
}
