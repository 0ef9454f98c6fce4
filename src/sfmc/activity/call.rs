//! Execute and lifecycle bodies (sfmc.md 2.1, 2.3): unknown fields are ignored, missing ones accepted, order is free,
//! and of a field given twice the last counts.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::domain::ids::{ActivityId, DefinitionInstanceId, JourneyId};
use crate::domain::message::InArguments;

/// Most in-arguments that a call may carry. Our page writes fewer than 200.
const ARGUMENTS_MAX: usize = 1_000;

/// One contact's execute call.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ExecuteCall {
    pub(crate) arguments: InArguments,
    pub(crate) activity_id: ActivityId,
    pub(crate) journey_id: Option<JourneyId>,
    pub(crate) definition_instance_id: Option<DefinitionInstanceId>,
    /// This run of the activity; informative, may differ between retries (sfmc.md 2.1).
    pub(crate) activity_instance_id: Option<String>,
    /// The contact key; empty when the call has none.
    pub(crate) key_value: String,
    /// 0 in production; what others mean is not documented (sfmc.md 11, row 2).
    pub(crate) mode: i64,
}

/// A save, validate, publish, unpublish or stop call. Nothing in it is required.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct LifecycleCall {
    pub(crate) activity_object_id: Option<String>,
    /// The journey's version.
    pub(crate) interaction_id: Option<String>,
    /// The journey.
    pub(crate) original_definition_id: Option<String>,
    pub(crate) interaction_key: Option<String>,
    /// A number in a string; either is taken.
    pub(crate) interaction_version: Option<String>,
    /// Only on publish, and without meaning (sfmc.md 2.3).
    pub(crate) is_published: Option<bool>,
}

/// Why a body is no call. Each is answered 400 (spec M10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ActivityError {
    #[error("the body is not a JSON object of the expected form")]
    NotJson,
    #[error("the body has no activityId")]
    NoActivityId,
    #[error("activityId is not valid: it must be 1 to 128 bytes without control characters")]
    ActivityId,
    #[error("the body has more than 1000 in-arguments")]
    TooManyArguments,
}

/// Personal data: shows the ids only.
impl fmt::Debug for ExecuteCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecuteCall")
            .field("activity_id", &self.activity_id)
            .field("journey_id", &self.journey_id)
            .field("definition_instance_id", &self.definition_instance_id)
            .finish_non_exhaustive()
    }
}

impl ExecuteCall {
    /// Reads the body, without its JWT. An older form has the same fields under `contents`.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ActivityError> {
        let wire = Wire::read(body)?;
        if wire.arguments_seen > ARGUMENTS_MAX {
            return Err(ActivityError::TooManyArguments);
        }
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let activity_id = given(wire.activity_id).or(given(wire.activity_object_id));
        let activity_id = activity_id.ok_or(ActivityError::NoActivityId)?;
        Ok(Self {
            arguments: wire.arguments,
            activity_id: ActivityId::new(&activity_id).map_err(|_| ActivityError::ActivityId)?,
            // What is not required is left out rather than refused when it is no id.
            journey_id: given(wire.journey_id).and_then(|id| JourneyId::new(&id).ok()),
            definition_instance_id: given(wire.definition_instance_id)
                .and_then(|id| DefinitionInstanceId::new(&id).ok()),
            activity_instance_id: given(wire.activity_instance_id),
            key_value: wire.key_value.unwrap_or_default(),
            mode: wire.mode.and_then(|mode| mode.trim().parse().ok()).unwrap_or_default(),
        })
    }
}

impl LifecycleCall {
    /// Reads the body, without its JWT if it has one; an empty body is a call that says nothing.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ActivityError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let wire = Wire::read(body)?;
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Ok(Self {
            activity_object_id: given(wire.activity_object_id).or(given(wire.activity_id)),
            interaction_id: given(wire.interaction_id),
            original_definition_id: given(wire.original_definition_id),
            interaction_key: given(wire.interaction_key),
            interaction_version: given(wire.interaction_version),
            is_published: given(wire.is_published).map(|text| text.eq_ignore_ascii_case("true")),
        })
    }
}

impl Wire {
    fn read(body: &[u8]) -> Result<Self, ActivityError> {
        let parse = |body: &[u8]| {
            let mut wire = Self::default();
            let mut json = serde_json::Deserializer::from_slice(body);
            WireSeed(&mut wire).deserialize(&mut json).and_then(|()| json.end()).map(|()| wire)
        };
        // Half a character at the end of a name that SFMC has cut is no reason to lose the contact.
        let read = parse(body).or_else(|error| mend_surrogates(body).map_or(Err(error), |mended| parse(&mended)));
        read.map_err(|_| ActivityError::NotJson)
    }
}

/// The body with each escape of half a surrogate pair replaced by the replacement character; `None` when there is none.
/// JSON allows them (RFC 8259, 8.2), and SFMC counts and cuts texts in UTF-16 units.
fn mend_surrogates(body: &[u8]) -> Option<Vec<u8>> {
    const ESCAPE_BYTES: usize = 6;
    let unit = |at: usize| {
        let digits = body.get(at..at + ESCAPE_BYTES)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut mended = Vec::with_capacity(body.len());
    let mut found = false;
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        let take = match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + ESCAPE_BYTES), Some(0xdc00..=0xdfff)) => 2 * ESCAPE_BYTES,
            Some(0xd800..=0xdfff) => {
                mended.extend_from_slice(b"\\ufffd");
                found = true;
                at += ESCAPE_BYTES;
                continue;
            }
            Some(_) => ESCAPE_BYTES,
            // Another escape: what follows its backslash begins none.
            None if *byte == b'\\' => 2,
            None => 1,
        };
        mended.extend_from_slice(body.get(at..(at + take).min(body.len())).unwrap_or_default());
        at += take;
    }
    found.then_some(mended)
}

/// Everything that either kind of body says, as text.
#[derive(Default)]
struct Wire {
    arguments: InArguments,
    arguments_seen: usize,
    activity_id: Option<String>,
    activity_object_id: Option<String>,
    journey_id: Option<String>,
    definition_instance_id: Option<String>,
    activity_instance_id: Option<String>,
    key_value: Option<String>,
    mode: Option<String>,
    interaction_id: Option<String>,
    original_definition_id: Option<String>,
    interaction_key: Option<String>,
    interaction_version: Option<String>,
    is_published: Option<String>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    InArguments,
    ActivityId,
    #[serde(rename = "activityObjectID", alias = "activityObjectId")]
    ActivityObjectId,
    JourneyId,
    DefinitionInstanceId,
    ActivityInstanceId,
    KeyValue,
    Mode,
    InteractionId,
    OriginalDefinitionId,
    InteractionKey,
    InteractionVersion,
    IsPublished,
    Contents,
    #[serde(other)]
    Other,
}

/// Fills a [`Wire`] from an object, straight from the bytes: this is the hot path.
struct WireSeed<'a>(&'a mut Wire);

impl<'de> DeserializeSeed<'de> for WireSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for WireSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let wire = self.0;
        while let Some(field) = map.next_key()? {
            let slot = match field {
                Field::InArguments => {
                    map.next_value_seed(ArgumentsSeed(wire))?;
                    continue;
                }
                Field::Contents => {
                    map.next_value_seed(WireSeed(wire))?;
                    continue;
                }
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                Field::ActivityId => &mut wire.activity_id,
                Field::ActivityObjectId => &mut wire.activity_object_id,
                Field::JourneyId => &mut wire.journey_id,
                Field::DefinitionInstanceId => &mut wire.definition_instance_id,
                Field::ActivityInstanceId => &mut wire.activity_instance_id,
                Field::KeyValue => &mut wire.key_value,
                Field::Mode => &mut wire.mode,
                Field::InteractionId => &mut wire.interaction_id,
                Field::OriginalDefinitionId => &mut wire.original_definition_id,
                Field::InteractionKey => &mut wire.interaction_key,
                Field::InteractionVersion => &mut wire.interaction_version,
                Field::IsPublished => &mut wire.is_published,
            };
            *slot = map.next_value::<LooseText>()?.0;
        }
        Ok(())
    }
}

/// Merges the in-arguments' objects, whatever their number and arity, left to right.
struct ArgumentsSeed<'a>(&'a mut Wire);

impl<'de> DeserializeSeed<'de> for ArgumentsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ArgumentsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(ArgumentsSeed(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value::<LooseText>()?.0;
            self.0.arguments_seen += 1;
            if let Some(value) = value
                && self.0.arguments_seen <= ARGUMENTS_MAX
            {
                self.0.arguments.insert(name, value);
            }
        }
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Any JSON value as text: strings as they are, numbers and booleans as they are written. Null and nested values are no
/// text that anybody could read: nothing.
struct LooseText(Option<String>);

impl<'de> Deserialize<'de> for LooseText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseTextVisitor).map(Self)
    }
}

struct LooseTextVisitor;

impl<'de> Visitor<'de> for LooseTextVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(text))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECORDED: &str = r#"{
        "inArguments": [ { "contactKey": "C-100200" }, { "to": "+821012345678", "channel": "SMS" },
                         { "templateData": { "name": "Kim" }, "count": 7, "ratio": 1.5, "yes": true, "none": null } ],
        "outArguments": [ { "messageId": "" } ],
        "activityObjectID": "0d9b6d55-4a1e-4a0e-9d15-1d0f6f0a8c11",
        "journeyId": "7f0d8a3e-02a1-4f1b-8d1c-63c1fd1f2a10",
        "activityId": "0d9b6d55-4a1e-4a0e-9d15-1d0f6f0a8c11",
        "definitionInstanceId": "b1a7f6d2-6a7f-4a52-8d5e-0a9a0b7c2f33",
        "activityInstanceId": "5b3f1f9e-2f5d-4a64-b9a4-6a1c0f9d7e44",
        "keyValue": "C-100200", "mode": 0, "novelty": [1, {"x": null}] }"#;

    fn parse(body: &str) -> Result<ExecuteCall, ActivityError> {
        ExecuteCall::parse(body.as_bytes())
    }

    #[test]
    fn half_a_character_costs_nobody_the_contact() {
        for (written, read) in [
            (r"Ana \ud83d", "Ana \u{fffd}"),
            (r"\udc00x", "\u{fffd}x"),
            (r"\ud83d\ude00", "\u{1f600}"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
            (r"\\ud83d \ud83d", "\\ud83d \u{fffd}"),
        ] {
            let body = format!(r#"{{"activityId":"a","inArguments":[{{"text":"{written}"}}]}}"#);
            let call = ExecuteCall::parse(body.as_bytes()).unwrap();
            assert_eq!(call.arguments.raw("text"), read, "{written}");
        }
    }

    #[test]
    fn the_recorded_form_is_read() {
        let call = parse(RECORDED).unwrap();
        assert_eq!(call.activity_id.as_str(), "0d9b6d55-4a1e-4a0e-9d15-1d0f6f0a8c11");
        assert_eq!(call.journey_id.as_ref().unwrap().as_str(), "7f0d8a3e-02a1-4f1b-8d1c-63c1fd1f2a10");
        assert!(call.definition_instance_id.as_ref().unwrap().is_real());
        assert_eq!((call.key_value.as_str(), call.mode), ("C-100200", 0));
        let argument = |name| call.arguments.get(name);
        assert_eq!(argument("contactKey"), Some("C-100200"));
        assert_eq!(argument("to"), Some("+821012345678"));
        assert_eq!(argument("templateData"), None);
        assert_eq!(argument("count"), Some("7"));
        assert_eq!(argument("ratio"), Some("1.5"));
        assert!(call.arguments.flag("yes"));
        assert_eq!(argument("none"), None);
        assert_eq!(parse(&format!(r#"{{"contents":{RECORDED}}}"#)), Ok(call));
    }

    #[test]
    fn the_debug_form_has_no_personal_data() {
        let shown = format!("{:?}", parse(RECORDED).unwrap());
        assert!(!shown.contains("C-100200") && !shown.contains("8210"), "{shown}");
    }

    #[test]
    fn only_an_activity_id_is_required() {
        let call = parse(r#"{"activityObjectID":"a","inArguments":null,"journeyId":null,"mode":"1"}"#).unwrap();
        assert_eq!((call.activity_id.as_str(), call.mode, call.key_value.as_str()), ("a", 1, ""));
        assert_eq!((call.journey_id, call.definition_instance_id), (None, None));
        assert_eq!(parse(r#"{"activityId":"","activityObjectID":"b"}"#).unwrap().activity_id.as_str(), "b");
        assert_eq!(parse("{}"), Err(ActivityError::NoActivityId));
        assert_eq!(parse(r#"{"activityId":" "}"#), Err(ActivityError::NoActivityId));
        assert_eq!(parse(&format!(r#"{{"activityId":"{}"}}"#, "x".repeat(129))), Err(ActivityError::ActivityId));
    }

    #[test]
    fn of_a_name_given_twice_the_last_counts() {
        let call = parse(r#"{"activityId":"a","activityId":"b","inArguments":[{"x":"1","x":"2"},{"x":"3"}]}"#).unwrap();
        assert_eq!((call.activity_id.as_str(), call.arguments.get("x")), ("b", Some("3")));
        let call = parse(r#"{"activityId":"a","inArguments":{"x":"1"}}"#).unwrap();
        assert_eq!(call.arguments.get("x"), Some("1"));
    }

    #[test]
    fn a_nested_value_is_no_text() {
        for nested in ["[]", "{}", r#"["Hi"]"#, r#"{"text":"Hi","more":[1,{"x":null}]}"#] {
            let call = parse(&format!(r#"{{"activityId":"a","inArguments":[{{"x":{nested},"y":"1"}}]}}"#)).unwrap();
            assert_eq!((call.arguments.get("x"), call.arguments.get("y")), (None, Some("1")), "{nested}");
        }
    }

    #[test]
    fn hostile_bodies_are_refused() {
        for body in
            ["", "null", "[]", "\"x\"", "{", r#"{"activityId":"a"} x"#, r#"{"activityId":"a","inArguments":["x"]}"#]
        {
            assert_eq!(parse(body), Err(ActivityError::NotJson), "{body}");
        }
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        // What is unknown or no text is skipped without recursion, however deep.
        let argument = format!(r#"{{"activityId":"a","inArguments":[{{"x":{deep}}}]}}"#);
        assert_eq!(parse(&argument).unwrap().arguments.get("x"), None);
        assert!(parse(&format!(r#"{{"activityId":"a","unknown":{deep}}}"#)).is_ok());
        let contents = format!("{}{{}}{}", r#"{"contents":"#.repeat(10_000), "}".repeat(10_000));
        assert_eq!(parse(&contents), Err(ActivityError::NotJson));
        let many = (0..=ARGUMENTS_MAX).map(|n| format!(r#""a{n}":"x""#)).collect::<Vec<_>>().join(",");
        let many = format!(r#"{{"activityId":"a","inArguments":[{{{many}}}]}}"#);
        assert_eq!(parse(&many), Err(ActivityError::TooManyArguments));
        assert_eq!(ExecuteCall::parse(b"{\"activityId\":\"\xff\"}"), Err(ActivityError::NotJson));
    }

    #[test]
    fn lifecycle_bodies_may_say_anything_or_nothing() {
        assert_eq!(LifecycleCall::parse(b" \n"), Ok(LifecycleCall::default()));
        assert_eq!(LifecycleCall::parse(b"{}"), Ok(LifecycleCall::default()));
        let body = r#"{"activityObjectID":"a","interactionId":"v","originalDefinitionId":"j","interactionKey":"k",
                       "interactionVersion":2,"isPublished":true,"more":{"x":[]}}"#;
        let call = LifecycleCall::parse(body.as_bytes()).unwrap();
        assert_eq!(call.interaction_version.as_deref(), Some("2"));
        assert_eq!(call.original_definition_id.as_deref(), Some("j"));
        assert_eq!(call.is_published, Some(true));
        let text = LifecycleCall::parse(br#"{"interactionVersion":"2","isPublished":false}"#).unwrap();
        assert_eq!((text.interaction_version.as_deref(), text.is_published), (Some("2"), Some(false)));
        assert_eq!(LifecycleCall::parse(b"<html>"), Err(ActivityError::NotJson));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body: Vec<u8>, text in r#"[\{\}\[\]",:a-z0-9]{0,60}"#) {
            for body in [&body[..], text.as_bytes()] {
                let (execute, lifecycle) = (ExecuteCall::parse(body), LifecycleCall::parse(body));
                prop_assert!(execute.is_err() || lifecycle.is_ok());
            }
        }

        #[test]
        fn strings_arrive_unchanged(value in any::<String>()) {
            let body = serde_json::json!({"activityId": "a", "inArguments": [{"x": &value}]}).to_string();
            let call = parse(&body).unwrap();
            prop_assert_eq!(call.arguments.raw("x"), &value);
        }
    }
}
