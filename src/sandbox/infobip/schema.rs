//! Request bodies as tables of fields, held strictly: what the published schema does not know is a violation.

use reqwest::Url;
use serde_json::{Map, Value};

use super::errors::Violation;
use crate::clock::Timestamp;

/// A field of an object.
pub(super) struct Field {
    name: &'static str,
    is_required: bool,
    kind: Kind,
}

/// What a value must be. Text lengths count UTF-16 units, as the platform's Java does.
pub(super) enum Kind {
    Text {
        max: usize,
    },
    /// Text that is not blank.
    Filled {
        max: usize,
    },
    OneOf(&'static [&'static str]),
    Bool,
    Int {
        min: i64,
        max: i64,
    },
    /// A moment with an offset.
    Date,
    /// An absolute http or https URL.
    Url,
    Object(&'static [Field]),
    /// An object whose fields depend on what is in it.
    Either(fn(&Map<String, Value>) -> &'static [Field]),
    /// An array with at least `min` items.
    List {
        of: &'static Kind,
        min: usize,
    },
}

pub(super) const INT32: Kind = Kind::Int { min: i32::MIN as i64, max: i32::MAX as i64 };
pub(super) const POSITIVE: Kind = Kind::Int { min: 1, max: i32::MAX as i64 };

pub(super) const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, is_required: true, kind }
}

pub(super) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, is_required: false, kind }
}

/// Every violation of `kind` in `value`; `path` is the property's name so far, empty at the top.
pub(super) fn check(value: &Value, kind: &Kind, path: &str, found: &mut Vec<Violation>) {
    let mut violated = |problem: String| found.push((path.to_owned(), problem));
    match kind {
        Kind::Text { max } | Kind::Filled { max } => match value.as_str() {
            None => violated("must be a string".to_owned()),
            Some(text) if text.encode_utf16().count() > *max => violated(format!("size must be between 0 and {max}")),
            Some(text) if matches!(kind, Kind::Filled { .. }) && text.trim().is_empty() => {
                violated("must not be blank".to_owned());
            }
            Some(_) => {}
        },
        Kind::OneOf(allowed) => {
            if !value.as_str().is_some_and(|text| allowed.contains(&text)) {
                violated(format!("must be one of {}", allowed.join(", ")));
            }
        }
        Kind::Bool => {
            if !value.is_boolean() {
                violated("must be a boolean".to_owned());
            }
        }
        Kind::Int { min, max } => match value.as_i64() {
            None => violated("must be an integer".to_owned()),
            Some(number) if number < *min => violated(format!("must be greater than or equal to {min}")),
            Some(number) if number > *max => violated(format!("must be less than or equal to {max}")),
            Some(_) => {}
        },
        Kind::Date => {
            if value.as_str().and_then(Timestamp::parse).is_none() {
                violated("must be a date and time in the format yyyy-MM-dd'T'HH:mm:ss.SSSZ".to_owned());
            }
        }
        Kind::Url => {
            let url = value.as_str().and_then(|text| Url::parse(text).ok());
            if !url.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
                violated("is not a valid url".to_owned());
            }
        }
        Kind::Object(fields) => match value.as_object() {
            Some(object) => check_object(object, fields, path, found),
            None => violated("must be an object".to_owned()),
        },
        Kind::Either(choose) => match value.as_object() {
            Some(object) => check_object(object, choose(object), path, found),
            None => violated("must be an object".to_owned()),
        },
        Kind::List { of, min } => match value.as_array() {
            None => violated("must be an array".to_owned()),
            Some(items) => {
                if items.len() < *min {
                    violated("must not be empty".to_owned());
                }
                for (index, item) in items.iter().enumerate() {
                    check(item, of, &format!("{path}[{index}]"), found);
                }
            }
        },
    }
}

fn check_object(object: &Map<String, Value>, fields: &[Field], path: &str, found: &mut Vec<Violation>) {
    let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for name in object.keys() {
        if !fields.iter().any(|field| field.name == name) {
            found.push((inner(name), "is not a known field".to_owned()));
        }
    }
    for field in fields {
        match object.get(field.name).filter(|value| !value.is_null()) {
            Some(value) => check(value, &field.kind, &inner(field.name), found),
            None if field.is_required => found.push((inner(field.name), "must not be null".to_owned())),
            None => {}
        }
    }
}
