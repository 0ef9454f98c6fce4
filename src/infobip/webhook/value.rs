//! Values as loosely as Infobip writes them: numbers as strings, nulls, and things of another kind than expected. None of
//! them costs the entry that it stands in.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::clock::Timestamp;

/// Whole digits of a price that a Decimal 18,6 column takes.
const PRICE_MAX: f64 = 1e12;

/// A text, or a number written as one; nothing when it is null, empty or anything else.
#[derive(Default)]
pub(in crate::infobip) struct Text(pub(in crate::infobip) Option<String>);

impl Text {
    pub(super) fn cut(self, chars_max: usize) -> Option<String> {
        let mut text = self.0?;
        if let Some((end, _)) = text.char_indices().nth(chars_max) {
            text.truncate(end);
        }
        Some(text)
    }
}

/// A whole number, or a text that is one.
#[derive(Default)]
pub(super) struct Integer(pub(super) Option<i64>);

impl Integer {
    pub(super) fn as_i32(&self) -> Option<i32> {
        self.0.and_then(|value| i32::try_from(value).ok())
    }
}

/// A decimal number with a point, as text.
#[derive(Default)]
pub(super) struct Decimal(pub(super) Option<String>);

#[derive(Default)]
pub(super) struct Flag(pub(super) Option<bool>);

/// A moment in any spelling that [`Timestamp::parse`] reads, or in milliseconds since 1970, as a number or in digits.
#[derive(Default)]
pub(in crate::infobip) struct Moment(pub(in crate::infobip) Option<Timestamp>);

impl From<Scalar> for Text {
    fn from(scalar: Scalar) -> Self {
        Self(match scalar {
            Scalar::Text(text) => Some(text).filter(|text| !text.is_empty()),
            Scalar::Integer(value) => Some(value.to_string()),
            Scalar::Float(value) => Some(value.to_string()),
            Scalar::Flag(value) => Some(value.to_string()),
            Scalar::Nothing => None,
        })
    }
}

impl From<Scalar> for Integer {
    fn from(scalar: Scalar) -> Self {
        Self(match scalar {
            Scalar::Integer(value) => Some(value),
            Scalar::Text(text) => text.trim().parse().ok(),
            #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
            Scalar::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => Some(value as i64),
            Scalar::Float(_) | Scalar::Flag(_) | Scalar::Nothing => None,
        })
    }
}

impl From<Scalar> for Decimal {
    fn from(scalar: Scalar) -> Self {
        let value = match &scalar {
            Scalar::Integer(value) => return Self(Some(value.to_string()).filter(|_| value.abs() < 1_000_000_000_000)),
            Scalar::Float(value) => Some(*value),
            Scalar::Text(text) => text.trim().parse::<f64>().ok(),
            Scalar::Flag(_) | Scalar::Nothing => None,
        };
        let is_price = value.is_some_and(|value| value.is_finite() && value.abs() < PRICE_MAX);
        Self(match scalar {
            _ if !is_price => None,
            // Written as it came, unless it came with an exponent or a sign of its own kind.
            Scalar::Text(text) if text.trim().bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
                Some(text.trim().to_owned())
            }
            // `Display` of a float never has an exponent.
            _ => value.map(|value| value.to_string()),
        })
    }
}

impl From<Scalar> for Flag {
    fn from(scalar: Scalar) -> Self {
        Self(match scalar {
            Scalar::Flag(value) => Some(value),
            Scalar::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Scalar::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Scalar::Text(_) | Scalar::Integer(_) | Scalar::Float(_) | Scalar::Nothing => None,
        })
    }
}

impl From<Scalar> for Moment {
    fn from(scalar: Scalar) -> Self {
        Self(match scalar {
            Scalar::Text(text) => {
                text.trim().parse().ok().map(Timestamp::from_millis).or_else(|| Timestamp::parse(&text))
            }
            number @ (Scalar::Integer(_) | Scalar::Float(_)) => {
                Integer::from(number).0.and_then(|millis| u64::try_from(millis).ok()).map(Timestamp::from_millis)
            }
            Scalar::Flag(_) | Scalar::Nothing => None,
        })
    }
}

macro_rules! from_scalar {
    ($($name:ident)*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(ScalarVisitor).map(Self::from)
            }
        }
    )*};
}

from_scalar!(Text Integer Decimal Flag Moment);

/// A JSON value that is not nested; a nested one is nothing.
enum Scalar {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Nothing,
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Scalar, E> {
        Ok(i64::try_from(value).map_or_else(|_| Scalar::Text(value.to_string()), Scalar::Integer))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Flag(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }
}

/// An object, or the default when there is something else in its place.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: Default + de::DeserializeOwned>(
    deserializer: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}
