//! Merge fields in in-arguments: what they are called, and what takes their place when somebody looks at a message or
//! tests it before SFMC has filled it (spec M7, M8).

use std::collections::HashMap;

use super::message::contract::ARGUMENTS;
use super::message::{names, stand_in};

/// Longest value that somebody types for a merge field, in bytes: more than any text takes.
pub(crate) const VALUE_BYTES_MAX: usize = 8 * 1_024;

/// In-arguments that Waypost sets itself: whose expressions stand in them nobody is asked for.
const OWN: [&str; 7] = [
    names::CONTACT_KEY,
    names::IS_TEST,
    names::VERSION_NUMBER,
    names::JOURNEY_NAME,
    names::PHONE_PREFIX,
    names::PHONE_CHOICE,
    names::PHONE_DEFAULT,
];

/// In-arguments for which `1` is a better example than a word.
const NUMBERS: [&str; 12] = [
    names::RESELLER_CODE,
    names::PROMOTIONAL,
    names::TEMPLATE_NAME,
    names::PLACEHOLDER_COUNT,
    names::HEADER_LATITUDE,
    names::HEADER_LONGITUDE,
    names::VIDEO_SECONDS,
    names::SUGGESTION_LATITUDE_PREFIX,
    names::SUGGESTION_LONGITUDE_PREFIX,
    names::SPEED_LIMIT_COUNT,
    names::VALIDITY_MINUTES,
    names::SHORTEN_URL,
];

/// A part of an in-argument's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    /// An expression without its braces, such as `Event.DEAudience-1.FirstName`.
    Field(&'a str),
}

/// The parts of a value, in their order; none of them is empty.
pub(crate) fn pieces(value: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = value;
    while let Some((head, tail)) = rest.split_once("}}") {
        match head.rsplit_once("{{").map(|(before, inner)| (before, inner.trim())) {
            Some((before, inner)) if !inner.is_empty() => {
                push_text(&mut pieces, before);
                pieces.push(Piece::Field(inner));
            }
            _ => {
                push_text(&mut pieces, head);
                push_text(&mut pieces, "}}");
            }
        }
        rest = tail;
    }
    push_text(&mut pieces, rest);
    pieces
}

fn push_text<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
}

/// What a person calls the field that an expression names: the name of its attribute.
pub(crate) fn label(expression: &str) -> String {
    if expression == "Contact.Key" {
        return "Contact key".to_owned();
    }
    let quoted = expression.strip_suffix('"').and_then(|rest| rest.rsplit_once('"')).map(|(_, name)| name);
    let name = quoted.or_else(|| expression.rsplit('.').next()).unwrap_or(expression).trim();
    if name.is_empty() { expression.to_owned() } else { name.to_owned() }
}

/// Values that somebody has typed for expressions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Values(HashMap<String, String>);

/// Why a value can't be filled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NotFilled {
    /// Nothing was typed for the field of this name; typed emptiness is a value.
    Missing { label: String },
    /// It would be longer than this, in bytes.
    TooLong,
}

impl Values {
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let inner = |expression: &str| {
            let expression = expression.trim();
            let inner = expression.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
            inner.unwrap_or(expression).trim().to_owned()
        };
        let fits = |(_, value): &(String, String)| value.len() <= VALUE_BYTES_MAX;
        Self(pairs.into_iter().filter(fits).map(|(expression, value)| (inner(&expression), value)).collect())
    }

    /// The value of an expression without its braces.
    pub(crate) fn get(&self, expression: &str) -> Option<&str> {
        self.0.get(expression).map(String::as_str)
    }

    /// The value with all its expressions filled, at most `bytes_max` long. What takes their place is text: an
    /// expression in it stays as it is.
    pub(crate) fn fill(&self, value: &str, bytes_max: usize) -> Result<String, NotFilled> {
        let mut filled = String::new();
        for piece in pieces(value) {
            let text = match piece {
                Piece::Text(text) => text,
                Piece::Field(expression) => {
                    self.get(expression).ok_or_else(|| NotFilled::Missing { label: label(expression) })?
                }
            };
            if filled.len() + text.len() > bytes_max {
                return Err(NotFilled::TooLong);
            }
            filled.push_str(text);
        }
        Ok(filled)
    }

    /// The value as far as it is known, and the names of the fields that nothing was typed for.
    pub(crate) fn known(&self, value: &str) -> (String, Vec<String>) {
        let (mut known, mut open) = (String::new(), Vec::new());
        for piece in pieces(value) {
            match piece {
                Piece::Text(text) => known.push_str(text),
                Piece::Field(expression) => match self.get(expression) {
                    // A text that fills a page many times over is not worth counting.
                    Some(value) if known.len() < 4 * VALUE_BYTES_MAX => known.push_str(value),
                    Some(_) => {}
                    None => {
                        let label = label(expression);
                        if !open.contains(&label) {
                            open.push(label);
                        }
                    }
                },
            }
        }
        (known, open)
    }
}

/// A field that a value is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AskedField {
    /// With its braces, as [`Values::new`] takes it.
    pub(crate) expression: String,
    pub(crate) label: String,
    /// A value that its in-argument takes.
    pub(crate) example: String,
}

/// The merge fields that somebody must fill to see or test a message, each once, in the in-arguments' order.
pub(crate) fn expressions<'a>(arguments: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<AskedField> {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let is_given = |name: &str| arguments.iter().any(|(own, value)| *own == name && !value.trim().is_empty());
    let mut asked: Vec<AskedField> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (name, value) in &arguments {
        if is_row_of(name, &OWN) {
            continue;
        }
        let pieces = pieces(value);
        let fields = pieces.iter().filter_map(|piece| match piece {
            Piece::Field(inner) => Some(*inner),
            Piece::Text(_) => None,
        });
        for inner in fields {
            if !seen.insert(inner) {
                continue;
            }
            let label = label(inner);
            let whole = value.trim().starts_with("{{") && pieces.len() == 1;
            let stand_in = if whole { stand_in::of(name, &is_given) } else { "" };
            let example = match stand_in {
                "1" if is_row_of(name, &NUMBERS) => "1".to_owned(),
                "" | "1" => label.clone(),
                other => other.to_owned(),
            };
            asked.push(AskedField { expression: format!("{{{{{inner}}}}}"), label, example });
        }
    }
    asked
}

/// Whether an in-argument belongs to one of these rows of the contract.
fn is_row_of(name: &str, rows: &[&str]) -> bool {
    ARGUMENTS.iter().any(|row| rows.contains(&row.name) && row.names(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(pairs: &[(&str, &str)]) -> Values {
        Values::new(pairs.iter().map(|(expression, value)| ((*expression).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn expressions_are_cut_out_of_their_text() {
        use Piece::{Field, Text};
        for (value, expected) in [
            ("", &[][..]),
            ("Hi", &[Text("Hi")]),
            ("Hi {{ Event.E.Name }}!", &[Text("Hi "), Field("Event.E.Name"), Text("!")]),
            ("{{a}}{{b}}", &[Field("a"), Field("b")]),
            ("{{a {{b}} c}}", &[Text("{{a "), Field("b"), Text(" c"), Text("}}")]),
            ("{{}} {{ }}", &[Text("{{"), Text("}}"), Text(" {{ "), Text("}}")]),
            ("}}{{a", &[Text("}}"), Text("{{a")]),
        ] {
            assert_eq!(pieces(value), expected, "{value:?}");
        }
    }

    #[test]
    fn a_field_is_called_by_its_attribute() {
        for (expression, expected) in [
            ("Event.DEAudience-1.FirstName", "FirstName"),
            (r#"Event.DEAudience-1."Contact:Name""#, "Contact:Name"),
            (r#"Event.E."a.b""#, "a.b"),
            ("Contact.Key", "Contact key"),
            ("Interaction.REST-1.messageId", "messageId"),
            ("x", "x"),
            ("Event.E.", "Event.E."),
        ] {
            assert_eq!(label(expression), expected);
        }
    }

    #[test]
    fn what_was_typed_takes_the_place_of_its_field() {
        let values = values(&[("{{Event.E.Name}}", "Ann {{Contact.Key}}"), ("{{ Event.E.Empty }}", "")]);
        assert_eq!(
            values.fill("Hi {{Event.E.Name}}{{ Event.E.Empty }}!", 100).as_deref(),
            Ok("Hi Ann {{Contact.Key}}!"),
            "a typed expression stays a text"
        );
        assert_eq!(values.fill("{{Event.E.Name}}", 10), Err(NotFilled::TooLong));
        let missing = Err(NotFilled::Missing { label: "Contact key".to_owned() });
        assert_eq!(values.fill("{{Contact.Key}}", 100), missing);
        let open = vec!["City".to_owned()];
        assert_eq!(values.known("{{Event.E.City}}: {{Event.E.City}}{{Event.E.Name}}").1, open);
    }

    #[test]
    fn each_field_is_asked_for_once_and_shown_an_example() {
        let arguments = [
            ("phone1", "{{Event.E.Mobile}}"),
            ("contactKey", "{{Contact.Key}}"),
            ("text", "Hi {{Event.E.Name}} {{ Event.E.Name }} of {{Event.E.City}}"),
            ("imageUrl", "{{Event.E.Picture}}"),
            ("videoSeconds", "{{Event.E.Seconds}}"),
            ("callbackValue1", "{{Contact.Key}}"),
            ("card2SuggestionUrl1", "{{Event.E.Link}}"),
        ];
        let asked: Vec<_> = expressions(arguments).into_iter().map(|field| (field.label, field.example)).collect();
        let expected = [
            ("Name", "Name"),
            ("City", "City"),
            ("Picture", "https://example.com/1"),
            ("Seconds", "1"),
            ("Contact key", "Contact key"),
            ("Link", "https://example.com/1"),
        ];
        let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(asked, expected);
    }

    proptest! {
        #[test]
        fn nothing_of_a_value_is_lost(value in "([{}]{0,3}[a-z. \"]{0,4}){0,8}") {
            let texts: String = pieces(&value).into_iter().map(|piece| match piece {
                Piece::Text(text) => { assert!(!text.is_empty()); text.to_owned() }
                Piece::Field(inner) => format!("{{{{{inner}}}}}"),
            }).collect();
            let squeezed = |text: &str| text.replace(' ', "");
            prop_assert_eq!(squeezed(&texts), squeezed(&value));
        }

        #[test]
        fn whatever_is_asked_for_fills(value in "([{}]{0,3}[a-zA-Z.\" ]{0,6}){0,6}") {
            let asked = expressions([("text", value.as_str())]);
            let values = Values::new(asked.into_iter().map(|field| (field.expression, field.example)));
            prop_assert!(values.fill(&value, 10_000).is_ok(), "{value:?}");
        }
    }
}
