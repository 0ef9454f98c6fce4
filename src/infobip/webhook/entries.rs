//! The entries of a body. Anybody may send one, so that none is held as a tree: the body is looked through where it lies,
//! and each entry is read by itself.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Entries, Malformed};

/// Most entries of one body: Infobip's buckets hold up to 2000 (infobip.md 9.7).
pub(super) const ENTRIES_MAX: usize = 5_000;
/// Longest entry, in bytes; the largest that are published have a few kB. Read, one may take some forty times as much.
pub(super) const ENTRY_BYTES_MAX: usize = 256 * 1024;
/// Where a body has its entries when it is an object; it may be written with escapes.
const RESULTS: &str = "results";
/// Longest spelling of [`RESULTS`], in bytes: quotes, and six for each letter.
const RESULTS_BYTES_MAX: usize = 2 + 6 * RESULTS.len();
const REPLACEMENT: &str = "\u{fffd}";

/// Reads the entries of `{"results":[…]}`, of a bare array, or a single one. Bytes that are no text stand as U+FFFD.
pub(super) fn read<T>(body: &[u8], mut read: impl FnMut(Value) -> Result<T, Malformed>) -> Entries<T> {
    let text = String::from_utf8_lossy(body);
    // Some writers of JSON put a mark before it, which is none of it (RFC 8259 8.1).
    let body = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|_| Malformed::NotJson)?;
    Ok(entries(body)?.into_iter().map(|entry| read(value(entry)?)).collect())
}

fn entries(body: &RawValue) -> Result<Vec<&RawValue>, Malformed> {
    let results = match body.get().as_bytes().first() {
        Some(b'{') => results(body),
        _ => Some(body),
    };
    let Some(results) = results else { return Ok(vec![body]) };
    match results.get().as_bytes().first() {
        Some(b'[') => list(results),
        // Of a body that is `null` itself that is the entry.
        Some(b'n') if !std::ptr::eq(results, body) => Ok(Vec::new()),
        _ => Ok(vec![results]),
    }
}

/// The items of an array, which must not be too many.
fn list(array: &RawValue) -> Result<Vec<&RawValue>, Malformed> {
    struct List;

    impl<'de> Visitor<'de> for List {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an array of at most {ENTRIES_MAX} entries")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = array.next_element()? {
                if items.len() == ENTRIES_MAX {
                    return Err(A::Error::invalid_length(ENTRIES_MAX + 1, &self));
                }
                items.push(item);
            }
            Ok(items)
        }
    }

    // It has been found to be JSON, so nothing else can be wrong with it.
    serde_json::Deserializer::from_str(array.get()).deserialize_seq(List).map_err(|_| Malformed::TooMany)
}

/// What an object has as `results`, the last where there are several.
fn results(object: &RawValue) -> Option<&RawValue> {
    struct Results;

    impl<'de> Visitor<'de> for Results {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            let mut results = None;
            while let Some((name, value)) = object.next_entry::<&RawValue, &RawValue>()? {
                if is_results(name.get()) {
                    results = Some(value);
                }
            }
            Ok(results)
        }
    }

    serde_json::Deserializer::from_str(object.get()).deserialize_map(Results).unwrap_or_default()
}

fn is_results(name: &str) -> bool {
    // Names are kept apart from their reading: one that is no text must not cost the body.
    name.len() <= RESULTS_BYTES_MAX && serde_json::from_str::<String>(name).is_ok_and(|name| name == RESULTS)
}

/// Reads an entry. Where something in it can't be held, it is read without that.
fn value(entry: &RawValue) -> Result<Value, Malformed> {
    let entry = entry.get();
    if entry.len() > ENTRY_BYTES_MAX {
        return Err(Malformed::TooLong);
    }
    // What is left then is nested too deeply.
    serde_json::from_str(entry).or_else(|_| serde_json::from_str(&mended(entry))).map_err(|_| Malformed::NotAnObject)
}

/// JSON in which halves of surrogate pairs are U+FFFD and numbers beyond all bounds are null. Such come of texts that were
/// cut between two halves, and of other languages' infinities.
fn mended(json: &str) -> String {
    let mut mended = String::with_capacity(json.len());
    let (mut rest, mut is_in_text) = (json, false);
    while let Some(first) = rest.chars().next() {
        let (piece, length): (Cow<'_, str>, _) = match first {
            '\\' if is_in_text => escape(rest),
            '-' | '0'..='9' if !is_in_text => number(rest),
            _ => {
                is_in_text ^= first == '"';
                let length = first.len_utf8();
                (rest.get(..length).unwrap_or_default().into(), length)
            }
        };
        mended.push_str(&piece);
        rest = rest.get(length..).unwrap_or_default();
    }
    mended
}

/// The escape that a text begins with, and the bytes that it stands in.
fn escape(text: &str) -> (Cow<'_, str>, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let length = match (unit(0), unit(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
        (Some(0xd800..=0xdfff), _) => return (REPLACEMENT.into(), 6),
        (Some(_), _) => 6,
        // The backslash and what it stands before, which is ASCII in JSON.
        (None, _) => 2,
    };
    (text.get(..length).unwrap_or_default().into(), length)
}

/// The number that a text begins with, and its bytes.
fn number(text: &str) -> (Cow<'_, str>, usize) {
    let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
    let length = text.find(|c| !is_of_number(c)).unwrap_or(text.len());
    let number = text.get(..length).unwrap_or_default();
    let can_be_held = serde_json::from_str::<Value>(number).is_ok();
    (if can_be_held { number } else { "null" }.into(), length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(body: &str) -> Entries<Value> {
        read(body.as_bytes(), Ok)
    }

    #[test]
    fn entries_stand_in_results_in_an_array_or_alone() {
        let one = || Ok(vec![Ok(serde_json::json!({ "a": 1 }))]);
        for body in [
            r#"{"results":[{"a":1}]}"#,
            r#"{"results":{"a":1}}"#,
            r#" {"x\ud800":1e999,"\u0072esults":[{"a":1}]} "#,
            r#"{"results":[7,8],"results":[{"a":2,"a":1}]}"#,
            r#"[{"a":1}]"#,
            r#"{"a":1}"#,
        ] {
            assert_eq!(values(body), one(), "{body}");
        }
        for nothing in [r#"{"results":null}"#, r#"{"results":[]}"#, "[]"] {
            assert_eq!(values(nothing), Ok(Vec::new()), "{nothing}");
        }
        assert_eq!(values("null"), Ok(vec![Ok(Value::Null)]));
        for none in ["", "[1", "[1]]", r#"{"results":[1]"#, "[nul]", "[\"\n\"]"] {
            assert_eq!(values(none), Err(Malformed::NotJson), "{none}");
        }
    }

    #[test]
    fn too_many_entries_are_refused_and_too_long_ones_left_out() {
        let many = |count: usize| format!(r#"{{"results":[{}0]}}"#, r#"{"":0},"#.repeat(count - 1));
        assert_eq!(values(&many(ENTRIES_MAX)).map(|entries| entries.len()), Ok(ENTRIES_MAX));
        assert_eq!(values(&many(ENTRIES_MAX + 1)), Err(Malformed::TooMany));
        let text = |bytes: usize| format!("\"{}\"", "a".repeat(bytes - 2));
        let kinds = values(&format!("[{},{},1]", text(ENTRY_BYTES_MAX), text(ENTRY_BYTES_MAX + 1))).unwrap();
        assert!(matches!(&kinds[..], [Ok(Value::String(_)), Err(Malformed::TooLong), Ok(Value::Number(_))]));
    }

    #[test]
    fn what_cant_be_held_is_replaced_and_the_rest_stands() {
        for (given, expected) in [
            (r#"{"a":"cut \ud83d","b":1e999,"c":[-1E+999,1.5]}"#, r#"{"a":"cut �","b":null,"c":[null,1.5]}"#),
            (r#"["\ud83d\ude00","\ude00\ud83d","\ud83d\u0041","\\ud83d",1e999]"#, r#"["😀","��","�A","\\ud83d",null]"#),
            (r#"["\" 1e999 \ud83d",1e999]"#, r#"["\" 1e999 �",null]"#),
            (r#"{"\ud83d":"é1e999"}"#, r#"{"�":"é1e999"}"#),
        ] {
            let entries = values(&format!("[0,{given}]")).unwrap();
            assert_eq!(entries[1], Ok(serde_json::from_str(expected).unwrap()), "{given}");
        }
        let deep = format!("[{}{},2]", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(values(&deep), Ok(vec![Err(Malformed::NotAnObject), Ok(2.into())]));
    }

    proptest! {
        #[test]
        fn what_can_be_held_stays_as_it_is(text in ".{0,20}", number: f64) {
            let json = serde_json::json!([{ &text: text }, number, text]).to_string();
            prop_assert_eq!(mended(&json), json);
        }

        #[test]
        fn anything_is_mended_to_something(text in r#"(\\u[d0][89dcf0-9]{3}|\\.|["1e\-+]|.){0,20}"#) {
            mended(&text);
        }
    }
}
