//! Request bodies as tables of fields, held strictly: what the published schema does not know is a violation.

use reqwest::Url;
use serde_json::{Map, Value};

use super::errors::Violation;
use crate::clock::Timestamp;

/// A field of an object.
#[derive(Clone, Copy)]
pub(super) struct Field {
    name: &'static str,
    is_required: bool,
    kind: Kind,
}

/// A rule on a value whose fields are all right by themselves: the property that breaks it, relative to the value (empty
/// for the value itself), and how.
pub(super) type Rule = fn(&Value) -> Option<Violation>;

/// What a value must be. Text lengths count UTF-16 units, as the platform's Java does.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text {
        max: usize,
    },
    /// Text of a length from `min` to `max`.
    Sized {
        min: usize,
        max: usize,
    },
    /// Text that is not blank.
    Filled {
        max: usize,
    },
    /// Text of a published pattern.
    Shaped {
        is_valid: fn(&str) -> bool,
        /// How the pattern reads in a violation.
        pattern: &'static str,
    },
    OneOf(&'static [&'static str]),
    Bool,
    Int {
        min: i64,
        max: i64,
    },
    /// A number with or without a fraction.
    Decimal {
        min: f64,
        max: f64,
    },
    /// A moment with an offset.
    Date,
    /// An absolute http or https URL of any length.
    Url,
    /// An absolute http or https URL of at most `max` characters.
    Link {
        max: usize,
    },
    Object(&'static [Field]),
    /// An object whose field `type` says which fields it has beside that one.
    Tagged(&'static [(&'static str, &'static [Field])]),
    /// An object of texts with names that the caller chose.
    Texts,
    /// An object that is not looked into: the product never sends it.
    Opaque,
    /// What another kind allows, and a rule besides.
    Ruled(&'static Kind, Rule),
    /// An object whose fields depend on what is in it.
    Either(fn(&Map<String, Value>) -> &'static [Field]),
    /// An array of `min` to `max` items.
    List {
        of: &'static Kind,
        min: usize,
        max: usize,
    },
}

pub(super) const INT32: Kind = Kind::Int { min: i32::MIN as i64, max: i32::MAX as i64 };
/// Text of any length.
pub(super) const ANY: Kind = Kind::Text { max: usize::MAX };
pub(super) const POSITIVE: Kind = Kind::Int { min: 1, max: i32::MAX as i64 };

pub(super) const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, is_required: true, kind }
}

pub(super) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, is_required: false, kind }
}

/// Every violation of `kind` in `value`; `path` is the property's name so far, empty at the top.
pub(super) fn check(value: &Value, kind: &Kind, path: &str, found: &mut Vec<Violation>) {
    match kind {
        Kind::Object(fields) => match value.as_object() {
            Some(object) => check_object(object, fields, path, found),
            None => found.push((path.to_owned(), "must be an object".to_owned())),
        },
        Kind::Either(choose) => match value.as_object() {
            Some(object) => check_object(object, choose(object), path, found),
            None => found.push((path.to_owned(), "must be an object".to_owned())),
        },
        Kind::Tagged(variants) => check_tagged(value, variants, path, found),
        Kind::Texts => match value.as_object() {
            Some(object) => {
                for (name, value) in object.iter().filter(|(_, value)| !value.is_string()) {
                    found.push((joined(path, name), format!("must be a string, not {value}")));
                }
            }
            None => found.push((path.to_owned(), "must be an object".to_owned())),
        },
        Kind::Ruled(kind, rule) => {
            let before = found.len();
            check(value, kind, path, found);
            // A rule may rely on what the kind promises.
            if found.len() == before
                && let Some((property, problem)) = rule(value)
            {
                found.push((joined(path, &property), problem));
            }
        }
        Kind::List { of, min, max } => match value.as_array() {
            None => found.push((path.to_owned(), "must be an array".to_owned())),
            Some(items) => {
                if items.len() < *min || items.len() > *max {
                    found.push((path.to_owned(), count_problem(*min, *max)));
                }
                for (index, item) in items.iter().enumerate() {
                    check(item, of, &format!("{path}[{index}]"), found);
                }
            }
        },
        _ => found.extend(problem(value, kind).map(|problem| (path.to_owned(), problem))),
    }
}

/// What is wrong with a value that has no parts.
fn problem(value: &Value, kind: &Kind) -> Option<String> {
    let text_problem = |max: usize, min: usize| match value.as_str().map(length) {
        None => Some("must be a string".to_owned()),
        Some(length) if length < min || length > max => Some(format!("size must be between {min} and {max}")),
        Some(_) => None,
    };
    let is_url = || {
        let url = value.as_str().and_then(|text| Url::parse(text).ok());
        url.is_some_and(|url| matches!(url.scheme(), "http" | "https"))
    };
    let unless = |is_valid: bool, problem: &str| (!is_valid).then(|| problem.to_owned());
    match kind {
        Kind::Text { max } => text_problem(*max, 0),
        Kind::Sized { min, max } => text_problem(*max, *min),
        Kind::Filled { max } => text_problem(*max, 0)
            .or_else(|| unless(value.as_str().is_some_and(|text| !text.trim().is_empty()), "must not be blank")),
        Kind::Shaped { is_valid, pattern } => match value.as_str() {
            None => Some("must be a string".to_owned()),
            Some(text) => unless(is_valid(text), &format!("must match \"{pattern}\"")),
        },
        Kind::OneOf(allowed) => {
            let is_allowed = value.as_str().is_some_and(|text| allowed.contains(&text));
            unless(is_allowed, &format!("must be one of {}", allowed.join(", ")))
        }
        Kind::Bool => unless(value.is_boolean(), "must be a boolean"),
        Kind::Int { min, max } => match value.as_i64() {
            None => Some("must be an integer".to_owned()),
            Some(number) if number < *min => Some(format!("must be greater than or equal to {min}")),
            Some(number) if number > *max => Some(format!("must be less than or equal to {max}")),
            Some(_) => None,
        },
        Kind::Decimal { min, max } => match value.as_f64() {
            None => Some("must be a number".to_owned()),
            Some(number) if number < *min => Some(format!("must be greater than or equal to {min}")),
            Some(number) if number > *max => Some(format!("must be less than or equal to {max}")),
            Some(_) => None,
        },
        Kind::Date => unless(
            value.as_str().and_then(Timestamp::parse).is_some(),
            "must be a date and time in the format yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        ),
        Kind::Url => unless(is_url(), "is not a valid url"),
        Kind::Link { max } => text_problem(*max, 1).or_else(|| unless(is_url(), "is not a valid url")),
        Kind::Opaque => unless(value.is_object(), "must be an object"),
        Kind::Object(_) | Kind::Either(_) | Kind::Tagged(_) | Kind::Texts | Kind::Ruled(..) | Kind::List { .. } => None,
    }
}

/// In UTF-16 units.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn count_problem(min: usize, max: usize) -> String {
    match (min, max) {
        (1, usize::MAX) => "must not be empty".to_owned(),
        (min, usize::MAX) => format!("size must be at least {min}"),
        (min, max) => format!("size must be between {min} and {max}"),
    }
}

/// The name of a property inside another; both may be empty.
fn joined(path: &str, name: &str) -> String {
    if path.is_empty() || name.is_empty() || name.starts_with('[') {
        format!("{path}{name}")
    } else {
        format!("{path}.{name}")
    }
}

fn check_tagged(value: &Value, variants: &[(&str, &'static [Field])], path: &str, found: &mut Vec<Violation>) {
    let Some(object) = value.as_object() else {
        found.push((path.to_owned(), "must be an object".to_owned()));
        return;
    };
    let wanted = object.get("type").filter(|tag| !tag.is_null());
    let variant = wanted.and_then(Value::as_str).and_then(|tag| variants.iter().find(|(name, _)| *name == tag));
    match (variant, wanted) {
        (Some((_, fields)), _) => {
            let mut rest = object.clone();
            rest.remove("type");
            check_object(&rest, fields, path, found);
        }
        (None, None) => found.push((joined(path, "type"), "must not be null".to_owned())),
        (None, Some(_)) => {
            let known: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
            found.push((joined(path, "type"), format!("must be one of {}", known.join(", "))));
        }
    }
}

fn check_object(object: &Map<String, Value>, fields: &[Field], path: &str, found: &mut Vec<Violation>) {
    let inner = |name: &str| joined(path, name);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_one(kind: &Kind, value: Value, expected: &[&str]) {
        let mut found = Vec::new();
        check(&value, kind, "it", &mut found);
        let properties: Vec<&str> = found.iter().map(|(property, _)| property.as_str()).collect();
        assert_eq!(properties, expected, "{found:?} {value}");
    }

    #[test]
    fn a_tag_chooses_the_fields() {
        const SHAPE: Kind =
            Kind::Tagged(&[("CIRCLE", &[required("radius", Kind::Decimal { min: 0.0, max: 2.5 })]), ("POINT", &[])]);
        check_one(&SHAPE, json!({ "type": "CIRCLE", "radius": 2.5 }), &[]);
        check_one(&SHAPE, json!({ "type": "CIRCLE", "radius": 2 }), &[]);
        check_one(&SHAPE, json!({ "type": "CIRCLE", "radius": 2.6 }), &["it.radius"]);
        check_one(&SHAPE, json!({ "type": "CIRCLE", "radius": "2" }), &["it.radius"]);
        check_one(&SHAPE, json!({ "type": "CIRCLE" }), &["it.radius"]);
        check_one(&SHAPE, json!({ "type": "POINT", "radius": 1 }), &["it.radius"]);
        check_one(&SHAPE, json!({ "type": "SQUARE" }), &["it.type"]);
        check_one(&SHAPE, json!({ "type": null }), &["it.type"]);
        check_one(&SHAPE, json!({}), &["it.type"]);
        check_one(&SHAPE, json!("POINT"), &["it"]);
    }

    #[test]
    fn counts_links_and_maps_are_held() {
        const NAMES: Kind = Kind::List { of: &Kind::Sized { min: 1, max: 3 }, min: 1, max: 2 };
        check_one(&NAMES, json!([]), &["it"]);
        check_one(&NAMES, json!(["a", "abc"]), &[]);
        check_one(&NAMES, json!(["a", "", "abcd"]), &["it", "it[1]", "it[2]"]);
        check_one(&Kind::Link { max: 12 }, json!("https://a.io"), &[]);
        check_one(&Kind::Link { max: 12 }, json!("https://a.io/"), &["it"]);
        check_one(&Kind::Link { max: 12 }, json!("ftp://a.io"), &["it"]);
        check_one(&Kind::Texts, json!({ "a": "b" }), &[]);
        check_one(&Kind::Texts, json!({ "a": 1 }), &["it.a"]);
        check_one(&Kind::Opaque, json!([]), &["it"]);
    }

    #[test]
    fn a_rule_sees_only_what_its_kind_allows() {
        const PAIR: Kind = Kind::Ruled(&Kind::Object(&[required("a", INT32), optional("b", INT32)]), |value| {
            (value.get("b").is_none()).then(|| ("b".to_owned(), "is missing".to_owned()))
        });
        check_one(&PAIR, json!({ "a": 1, "b": 1 }), &[]);
        check_one(&PAIR, json!({ "a": 1 }), &["it.b"]);
        check_one(&PAIR, json!({ "a": "1" }), &["it.a"]);
    }
}
