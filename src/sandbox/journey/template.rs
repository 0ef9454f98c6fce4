//! Mustache expressions of in-arguments (sfmc.md 1.5), parsed once and resolved per contact.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{CONTACT_KEY_COLUMN, Journey};

/// What expressions can refer to.
pub(super) struct Scope<'a> {
    pub(super) journey: &'a Journey,
    pub(super) is_test: bool,
    pub(super) row: &'a BTreeMap<String, String>,
    pub(super) out_arguments: &'a BTreeMap<String, BTreeMap<String, Value>>,
    pub(super) definition_instance_id: &'a str,
    /// The id of the activity the expression stands in, and its key.
    pub(super) activity_id: &'a str,
    pub(super) activity_key: &'a str,
    pub(super) defaults: &'a Defaults,
}

/// The journey's default addresses.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    pub(super) mobile_number: Text,
    pub(super) email: Text,
}

impl Defaults {
    pub(super) fn of(journey: &Journey) -> Self {
        let parsed = |text: &Option<String>| Text::parse(text.as_deref().unwrap_or_default());
        Self { mobile_number: parsed(&journey.default_mobile_number), email: parsed(&journey.default_email) }
    }
}

/// A JSON value with expressions in its texts. Values without any keep their type.
#[derive(Debug)]
pub(super) enum Template {
    Fixed(Value),
    Text(Text),
    Array(Vec<Template>),
    Object(Vec<(String, Template)>),
}

impl Template {
    pub(super) fn parse(value: &Value) -> Self {
        match value {
            Value::String(text) if text.contains("{{") => Self::Text(Text::parse(text)),
            Value::Array(items) => Self::Array(items.iter().map(Self::parse).collect()),
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(name, value)| (name.clone(), Self::parse(value))).collect())
            }
            other => Self::Fixed(other.clone()),
        }
    }

    pub(super) fn resolve(&self, scope: &Scope<'_>) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(text) => Value::String(text.resolve(scope)),
            Self::Array(items) => Value::Array(items.iter().map(|item| item.resolve(scope)).collect()),
            Self::Object(fields) => {
                let resolved = fields.iter().map(|(name, value)| (name.clone(), value.resolve(scope)));
                Value::Object(resolved.collect::<Map<_, _>>())
            }
        }
    }
}

/// Text with expressions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// The segments of an expression, quotes removed.
    Expression(Vec<String>),
}

impl Text {
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((expression, after)) = after.split_once("}}") else { break };
            if !before.is_empty() {
                parts.push(Part::Literal(before.to_owned()));
            }
            parts.push(Part::Expression(segments(expression.trim())));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Self { parts }
    }

    pub(super) fn resolve(&self, scope: &Scope<'_>) -> String {
        self.resolve_at(scope, 0)
    }

    fn resolve_at(&self, scope: &Scope<'_>, depth: usize) -> String {
        let mut resolved = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => resolved.push_str(text),
                Part::Expression(segments) => {
                    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
                    resolved.push_str(&lookup(&segments, scope, depth));
                }
            }
        }
        resolved
    }
}

/// `Event.key."Field Name"` as its segments.
fn segments(expression: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut is_quoted = false;
    for character in expression.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => segments.push(String::new()),
            other => {
                if let Some(last) = segments.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    segments
}

/// What an expression stands for; the empty string when it stands for nothing. Case matters.
fn lookup(segments: &[&str], scope: &Scope<'_>, depth: usize) -> String {
    let column = |name: &str| scope.row.get(name).cloned().unwrap_or_default();
    // A default may be an expression, but not one that refers to defaults again.
    let default = |text: &Text| if depth == 0 { text.resolve_at(scope, 1) } else { String::new() };
    let journey = scope.journey;
    match *segments {
        ["Contact", "Key"] | ["Context", "ContactKey"] => column(CONTACT_KEY_COLUMN),
        ["Contact", "Default", "SMS" | "PhoneNumber"] | ["InteractionDefaults", "MobileNumber"] => {
            default(&scope.defaults.mobile_number)
        }
        ["Contact", "Default", "Email"] | ["InteractionDefaults", "Email"] => default(&scope.defaults.email),
        // Attribute sets are not modelled; their fields are looked for in the entry data.
        ["Contact", "Attribute", .., field] => column(field),
        ["Event", key, field] if key == journey.event_definition_key => column(field),
        ["Interaction", key, field] if key == journey.event_definition_key => column(field),
        ["Interaction", key, name] => {
            let value = scope.out_arguments.get(key).and_then(|arguments| arguments.get(name));
            value.map(as_text).unwrap_or_default()
        }
        ["Context", "IsTest"] => scope.is_test.to_string(),
        ["Context", "VersionNumber"] => journey.version_number.to_string(),
        ["Context", "DefinitionInstanceId"] => scope.definition_instance_id.to_owned(),
        ["Context", "DefinitionId" | "PublicationId"] => journey.journey_id.clone(),
        ["Context", "ExecutionMode"] => if scope.is_test { "Test" } else { "Production" }.to_owned(),
        ["Context", "StartActivityKey"] => scope.activity_key.to_owned(),
        ["Activity", "Id"] => scope.activity_id.to_owned(),
        _ => String::new(),
    }
}

/// A value as text: strings bare, null empty, the rest as JSON.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolve(template: &Value) -> Value {
        let journey: Journey = serde_json::from_value(json!({
            "name": "Spring", "versionNumber": 3, "journeyId": "j-1", "originalDefinitionId": "o-1",
            "eventDefinitionKey": "DEAudience-1", "defaultMobileNumber": "{{Event.DEAudience-1.Mobile}}", "activities": [],
        }))
        .unwrap();
        let row = [("SubscriberKey", "C-1"), ("Mobile", "491701"), ("First Name", "Kim")];
        let row = row.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let out = BTreeMap::from([("messageId".to_owned(), json!("m-1")), ("count".to_owned(), json!(2))]);
        let out_arguments = BTreeMap::from([("REST-1".to_owned(), out)]);
        let defaults = Defaults::of(&journey);
        let scope = Scope {
            journey: &journey,
            is_test: false,
            row: &row,
            out_arguments: &out_arguments,
            definition_instance_id: "d-1",
            activity_id: "a-1",
            activity_key: "REST-2",
            defaults: &defaults,
        };
        Template::parse(template).resolve(&scope)
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(resolve(&json!(text)), json!(expected), "{text}");
    }

    #[test]
    fn every_documented_expression_resolves() {
        check("{{Contact.Key}}", "C-1");
        check("{{Event.DEAudience-1.Mobile}}", "491701");
        check("Hi {{Event.DEAudience-1.\"First Name\"}}!", "Hi Kim!");
        check("{{ Interaction.REST-1.messageId }}/{{Interaction.REST-1.count}}", "m-1/2");
        check("{{Interaction.DEAudience-1.Mobile}}", "491701");
        check("{{InteractionDefaults.MobileNumber}}", "491701");
        check("{{Context.IsTest}}", "false");
        check("{{Context.VersionNumber}}", "3");
        check("{{Context.DefinitionInstanceId}}", "d-1");
        check("{{Activity.Id}}", "a-1");
        check("{{Contact.Attribute.Set.\"First Name\"}}", "Kim");
    }

    #[test]
    fn what_resolves_to_nothing_is_empty_and_case_matters() {
        check("{{Event.Other.Mobile}}", "");
        check("{{Event.DEAudience-1.mobile}}", "");
        check("{{contact.key}}", "");
        check("{{Interaction.REST-9.messageId}}", "");
        check("{{}}", "");
        check("{{Contact.Key", "{{Contact.Key");
    }

    #[test]
    fn values_without_expressions_keep_their_type() {
        let template = json!({ "count": 3, "list": [true, null, "{{Contact.Key}}"], "plain": "x" });
        assert_eq!(resolve(&template), json!({ "count": 3, "list": [true, null, "C-1"], "plain": "x" }));
    }

    proptest::proptest! {
        #[test]
        fn text_without_expressions_stays_as_it_is(text in "[^{}]*") {
            proptest::prop_assert_eq!(resolve(&json!(text)), json!(text));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[{}.\"A-Za-z -]*") {
            resolve(&json!(text));
        }
    }
}
