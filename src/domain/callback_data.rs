//! Callback data: what a message carries to Infobip and every report brings back (spec M4).

use serde::Deserialize;

use super::ids::ActivityId;
use super::message::Rejection;

/// Longest callback data at Infobip and in the data extensions, in UTF-16 units (the manual; spec M4).
pub(crate) const UNITS_MAX: usize = 4_000;

/// Field names that the system fields have; a custom field can't take them (the manual's list).
pub(crate) const RESTRICTED_NAMES: [&str; 10] = [
    "ActivityId",
    "BulkId",
    "From",
    "Message",
    "JourneyName",
    "ContactKey",
    "MID",
    "VersionId",
    "VersionNumber",
    "TemplateName",
];

/// A marketer's own field of the callback data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CustomField<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
}

/// Whether a custom field may have this name: not empty, not restricted, without `"`, `\` and U+0000–U+001F.
pub(crate) fn is_name_allowed(name: &str) -> bool {
    !name.trim().is_empty() && !RESTRICTED_NAMES.contains(&name) && !name.chars().any(is_forbidden_in_name)
}

/// Whether no custom field's name may have this character.
pub(crate) fn is_forbidden_in_name(c: char) -> bool {
    matches!(c, '"' | '\\' | '\u{0}'..='\u{1f}')
}

/// What every message's callback data says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemFields<'a> {
    pub(crate) activity_id: &'a str,
    pub(crate) bulk_id: &'a str,
    pub(crate) from: &'a str,
    /// `Message` or `TemplateName`, by the channel, and its value.
    pub(crate) subject: (&'static str, &'a str),
    pub(crate) journey_name: &'a str,
    pub(crate) contact_key: &'a str,
    pub(crate) mid: &'a str,
    pub(crate) version_id: &'a str,
    pub(crate) version_number: &'a str,
}

impl<'a> SystemFields<'a> {
    /// In their order, which is part of the contract.
    fn rows(&self) -> [(&'static str, &'a str); 9] {
        [
            ("ActivityId", self.activity_id),
            ("BulkId", self.bulk_id),
            ("From", self.from),
            self.subject,
            ("JourneyName", self.journey_name),
            ("ContactKey", self.contact_key),
            ("MID", self.mid),
            ("VersionId", self.version_id),
            ("VersionNumber", self.version_number),
        ]
    }
}

/// One JSON object of the system fields, in their order, and then the custom ones, in the activity's order.
pub(crate) fn compose(system: &SystemFields<'_>, custom: &[CustomField<'_>]) -> Result<String, Rejection> {
    let text = composed(&system.rows(), custom).ok_or(Rejection::Characters)?;
    // No text has more UTF-16 units than bytes.
    if text.len() > UNITS_MAX && text.encode_utf16().count() > UNITS_MAX {
        return Err(Rejection::CallbackDataLength);
    }
    Ok(text)
}

/// How many UTF-16 units callback data has, however many.
pub(crate) fn units(system: &SystemFields<'_>, custom: &[CustomField<'_>]) -> usize {
    composed(&system.rows(), custom).map_or(0, |text| text.encode_utf16().count())
}

/// Built by hand because the order is part of the contract and a map would sort or lose duplicates.
fn composed(system: &[(&'static str, &str)], custom: &[CustomField<'_>]) -> Option<String> {
    let mut text = Vec::with_capacity(1_024);
    text.push(b'{');
    let fields = system.iter().map(|(name, value)| (*name, *value)).chain(custom.iter().map(|f| (f.name, f.value)));
    for (index, (name, value)) in fields.enumerate() {
        if index > 0 {
            text.push(b',');
        }
        push_json(&mut text, name);
        text.push(b':');
        push_json(&mut text, value);
    }
    text.push(b'}');
    String::from_utf8(text).ok()
}

/// The activity that callback data of ours names; `None` for anything else.
pub(crate) fn activity_id(callback_data: &str) -> Option<ActivityId> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Named {
        activity_id: String,
    }
    let named: Named = serde_json::from_str(callback_data).ok()?;
    ActivityId::new(&named.activity_id).ok()
}

/// The contact key that callback data of ours names; `None` for anything else. Personal data.
pub(crate) fn contact_key(callback_data: &str) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Named {
        contact_key: String,
    }
    serde_json::from_str::<Named>(callback_data).ok().map(|named| named.contact_key)
}

fn push_json(text: &mut Vec<u8>, value: &str) {
    // Text can always be written as JSON, and memory takes it.
    serde_json::to_writer(text, value).ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> SystemFields<'_> {
        SystemFields { subject: ("Message", text), ..SystemFields::default() }
    }

    #[test]
    fn the_activity_is_found_in_what_was_composed() {
        let data = compose(
            &SystemFields { activity_id: "a1", bulk_id: "b", ..message("") },
            &[CustomField { name: "Own", value: "x" }],
        )
        .unwrap();
        assert_eq!(activity_id(&data), ActivityId::new("a1").ok());
        for other in ["", "x", "{}", "[1]", r#"{"ActivityId":7}"#, r#"{"ActivityId":""}"#, r#"{"activityId":"a1"}"#] {
            assert_eq!(activity_id(other), None, "{other}");
        }
    }

    #[test]
    fn restricted_names_and_characters_are_refused() {
        for name in RESTRICTED_NAMES {
            assert!(!is_name_allowed(name), "{name}");
        }
        for name in ["", "  ", "a\"b", "a\\b", "a\tb", "a\u{1f}b"] {
            assert!(!is_name_allowed(name), "{name:?}");
        }
        for name in ["Segment", "activityid", "für alle", "a b"] {
            assert!(is_name_allowed(name), "{name:?}");
        }
    }

    #[test]
    fn the_limit_counts_utf16_units_of_the_whole() {
        let frame = units(&message(""), &[]);
        let fits = "x".repeat(UNITS_MAX - frame);
        assert!(compose(&message(&fits), &[]).is_ok());
        let over = format!("{fits}x");
        assert_eq!(compose(&message(&over), &[]), Err(Rejection::CallbackDataLength));
        assert_eq!((units(&message(&fits), &[]), units(&message(&over), &[])), (UNITS_MAX, UNITS_MAX + 1));
        // An emoji is two units.
        let emoji = format!("{}😀", "x".repeat(UNITS_MAX - frame - 1));
        assert_eq!(compose(&message(&emoji), &[]), Err(Rejection::CallbackDataLength));
    }

    proptest! {
        #[test]
        fn hostile_values_stay_values(value in ".{0,200}") {
            let text = compose(&message(&value), &[CustomField { name: "Own", value: &value }]).unwrap();
            let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&parsed["Message"], &serde_json::Value::from(value.as_str()));
            prop_assert_eq!(&parsed["Own"], &serde_json::Value::from(value.as_str()));
        }
    }
}
