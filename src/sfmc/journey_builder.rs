//! Journey Builder's answers to the pages, read into what the pages work with (sfmc.md 3.4–3.7).
//!
//! Most of these shapes are documented nowhere and come wrapped or bare, so everything is looked for rather than
//! demanded: what can't be read is missing, never an error. This is the only place that knows them.

use serde::Deserialize;
use serde_json::Value;

use super::activity::Kind;
use crate::domain::journey::{
    ActivityKind, EntryField, EntrySource, FieldKind, Journey, JourneyActivity, MessageSettings, reported_activity,
};
use crate::domain::message::{InArguments, names};

/// Activities of a journey that are looked at; Journey Builder draws a few hundred at most.
const ACTIVITIES_MAX: usize = 1_000;
/// Ways out of one activity that are looked at.
const OUTCOMES_MAX: usize = 200;
/// Fields of an entry source that are offered. A data extension may have 4000 columns.
const FIELDS_MAX: usize = 4_000;

/// What the page was told, each as it came or null.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Answers {
    /// `requestedInteraction`.
    pub(crate) interaction: Value,
    /// `requestedTriggerEventDefinition`.
    pub(crate) trigger: Value,
    /// `requestedSchema`.
    pub(crate) schema: Value,
    /// `requestedDataSources`.
    pub(crate) data_sources: Value,
    /// `requestedInteractionDefaults`.
    pub(crate) defaults: Value,
    /// Key of the activity whose page is open.
    pub(crate) activity_key: Value,
}

impl Answers {
    /// What they say together.
    pub(crate) fn journey(&self) -> Journey {
        let interaction = unwrapped(&self.interaction, "interaction");
        let activities = list(interaction, "activities").iter().take(ACTIVITIES_MAX).filter_map(activity).collect();
        Journey {
            name: text(interaction, "name").unwrap_or_default(),
            version_id: text(interaction, "id"),
            definition_id: text(interaction, "definitionId"),
            status: text(interaction, "status"),
            activity_key: scalar(&self.activity_key).unwrap_or_default(),
            entry: self.entry(interaction),
            default_mobile_number: self.has_default_number(interaction),
            activities,
        }
    }

    fn entry(&self, interaction: &Value) -> Option<EntrySource> {
        let trigger = unwrapped(&self.trigger, "eventDefinition");
        let of_journey = list(interaction, "triggers").first().and_then(|trigger| trigger.get("metaData"));
        let sources = self.data_sources.as_array().map(Vec::as_slice).unwrap_or_default();
        let source = |key: Option<&str>| {
            let is_it = |source: &&Value| match (key, text(source, "eventDefinitionKey")) {
                (Some(wanted), Some(key)) => key == wanted,
                (None, Some(_)) => true,
                (_, None) => false,
            };
            sources.iter().find(is_it)
        };
        let schema = self.schema();
        let key = text(trigger, "eventDefinitionKey")
            .or_else(|| text(of_journey?, "eventDefinitionKey"))
            .or_else(|| text(source(None)?, "eventDefinitionKey"))
            .or_else(|| schema.iter().find_map(|(key, _)| key.clone()))?;
        let source = source(Some(&key));
        let mut fields: Vec<EntryField> = source
            .map(|source| list(source.get("deSchema").unwrap_or(&Value::Null), "fields"))
            .unwrap_or_default()
            .iter()
            .filter(|field| !field.get("isHidden").and_then(Value::as_bool).unwrap_or_default())
            .filter_map(|field| Some(EntryField { name: text(field, "name")?, kind: kind(field) }))
            .collect();
        if fields.is_empty() {
            let of_entry = schema.into_iter().filter(|(of, _)| of.as_deref().is_none_or(|of| of == key));
            fields = of_entry.map(|(_, field)| field).collect();
        }
        fields.truncate(FIELDS_MAX);
        let name = text(trigger, "name").or_else(|| text(source?, "name")).unwrap_or_default();
        Some(EntrySource { key, name, fields })
    }

    /// The fields of `requestedSchema`, each with its entry source's key where that is said.
    fn schema(&self) -> Vec<(Option<String>, EntryField)> {
        let wrapped = self.schema.get("schema").unwrap_or(&self.schema);
        let rows = wrapped.as_array().map(Vec::as_slice).unwrap_or_default();
        let field = |row: &Value| {
            let path = text(row, "key").or_else(|| text(row, "name"))?;
            let (entry, name) = match path.strip_prefix("Event.") {
                // An attribute's name may hold periods, an event definition's key none (sfmc.md 7).
                Some(rest) => rest.split_once('.').map(|(entry, name)| (Some(entry.trim_matches('"')), name))?,
                None => (None, path.as_str()),
            };
            let name = name.trim_matches('"').to_owned();
            Some((entry.map(str::to_owned), EntryField { name, kind: kind(row) }))
        };
        rows.iter().filter_map(field).collect()
    }

    fn has_default_number(&self, interaction: &Value) -> bool {
        let defaults = unwrapped(&self.defaults, "interactionDefaults");
        let of = |value: &Value| match value.get("mobileNumber") {
            Some(Value::Array(numbers)) => numbers.iter().any(|number| number.as_str().is_some_and(|n| !n.is_empty())),
            Some(Value::String(number)) => !number.is_empty(),
            _ => false,
        };
        of(defaults) || interaction.get("defaults").is_some_and(of)
    }
}

/// An activity as Journey Builder hands it to its page (sfmc.md 3.5).
#[derive(Clone, Debug, Default)]
pub(crate) struct SavedActivity {
    /// In order; each name once, the last value counts. Values that are no text are written as JSON.
    pub(crate) arguments: Vec<(String, String)>,
    /// `metaData.waypost`: what is no in-argument.
    pub(crate) settings: Value,
    pub(crate) is_configured: bool,
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    /// `editable: false` of running versions.
    pub(crate) is_editable: bool,
}

impl SavedActivity {
    pub(crate) fn read(activity: &Value) -> Self {
        let mut arguments: Vec<(String, String)> = Vec::new();
        for (name, value) in in_arguments(activity) {
            match arguments.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => arguments.push((name, value)),
            }
        }
        let of_metadata = |name| activity.get("metaData").and_then(|data| data.get(name));
        Self {
            arguments,
            settings: of_metadata("waypost").cloned().unwrap_or_default(),
            is_configured: of_metadata("isConfigured").and_then(Value::as_bool).unwrap_or_default(),
            id: text(activity, "id"),
            name: text(activity, "name").unwrap_or_default(),
            is_editable: activity.get("editable").and_then(Value::as_bool) != Some(false),
        }
    }
}

fn in_arguments(activity: &Value) -> impl Iterator<Item = (String, String)> + '_ {
    let objects = activity.pointer("/arguments/execute/inArguments").and_then(Value::as_array);
    let pairs = objects.into_iter().flatten().filter_map(Value::as_object).flatten();
    pairs.map(|(name, value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        (name.clone(), value)
    })
}

fn activity(raw: &Value) -> Option<JourneyActivity> {
    let key = text(raw, "key")?;
    let saved = SavedActivity::read(raw);
    let argument = |name: &str| {
        let found = saved.arguments.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        found.filter(|value| !value.is_empty())
    };
    let settings = raw.get("configurationArguments").unwrap_or(&Value::Null);
    let kind = activity_kind(raw);
    let outcomes =
        list(raw, "outcomes").iter().take(OUTCOMES_MAX).filter_map(|outcome| text(outcome, "next")).collect();
    let reports_on = argument(names::MESSAGE_ID).filter(|_| kind == ActivityKind::Reports);
    Some(JourneyActivity {
        key,
        name: saved.name.clone(),
        kind,
        configuration_id: argument(names::CONFIGURATION_ID)
            .filter(|_| matches!(kind, ActivityKind::Messaging | ActivityKind::Reports)),
        event_definition_key: text(settings, "eventDefinitionKey")
            .or_else(|| text(raw.get("metaData")?, "eventDefinitionKey"))
            .filter(|_| kind == ActivityKind::WaitUntilEvent),
        reports_on: reports_on.as_deref().and_then(reported_activity).map(str::to_owned),
        message: message_settings(&saved).filter(|_| kind == ActivityKind::Messaging),
        wait_secs: wait_secs(settings).filter(|_| kind == ActivityKind::Wait),
        out_arguments: out_arguments(raw),
        next: outcomes,
    })
}

/// `None` for an activity that was never configured.
fn message_settings(saved: &SavedActivity) -> Option<MessageSettings> {
    let arguments: InArguments = saved.arguments.iter().cloned().collect();
    let text = |name: &str| arguments.get(name).unwrap_or_default().to_owned();
    arguments.get(names::CHANNEL)?;
    let shortens_urls = arguments.flag(names::SHORTEN_URL);
    Some(MessageSettings {
        channel: text(names::CHANNEL),
        account: text(names::ACCOUNT),
        shortens_urls,
        // On unless it says otherwise.
        tracks_clicks: shortens_urls
            && (arguments.get(names::TRACK_CLICKS).is_none() || arguments.flag(names::TRACK_CLICKS)),
        event_definition_key: text(names::EVENT_DEFINITION_KEY),
        speed_limit_count: text(names::SPEED_LIMIT_COUNT),
        speed_limit_unit: text(names::SPEED_LIMIT_UNIT),
        audience: saved.settings.get("audience").and_then(Value::as_u64),
    })
}

fn activity_kind(raw: &Value) -> ActivityKind {
    let url = raw.pointer("/arguments/execute/url").and_then(Value::as_str).unwrap_or_default();
    let is_ours = |kind: Kind| url.contains(&format!("/activities/{}/execute", kind.path()));
    let kind = text(raw, "type").unwrap_or_default().to_ascii_uppercase();
    match kind.as_str() {
        _ if is_ours(Kind::Messaging) => ActivityKind::Messaging,
        _ if is_ours(Kind::Reports) => ActivityKind::Reports,
        // No capture of a Wait Until Event is public; whatever waits and names an event definition is one.
        kind if kind.contains("WAIT") && (kind.contains("EVENT") || kind.contains("UNTILAPI")) => {
            ActivityKind::WaitUntilEvent
        }
        kind if kind.starts_with("WAIT") => ActivityKind::Wait,
        _ => ActivityKind::Other,
    }
}

fn wait_secs(settings: &Value) -> Option<u64> {
    let duration = match settings.get("waitDuration")? {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    let unit = text(settings, "waitUnit").unwrap_or_default().to_ascii_uppercase();
    let secs = match unit.trim_end_matches('S') {
        "SECOND" => 1,
        "MINUTE" => 60,
        "HOUR" => 3_600,
        "DAY" => 86_400,
        "WEEK" => 7 * 86_400,
        "MONTH" => 30 * 86_400,
        _ => return None,
    };
    Some(duration.saturating_mul(secs))
}

/// The names of the out-arguments that a later activity may use. A schema's are preferred: it says what is hidden.
fn out_arguments(raw: &Value) -> Vec<String> {
    let named = |path: &str| {
        let objects = raw.pointer(path).and_then(Value::as_array);
        objects.into_iter().flatten().filter_map(Value::as_object).flatten()
    };
    let is_visible = |value: &Value| text(value, "access").is_none_or(|access| access.eq_ignore_ascii_case("visible"));
    let of_schema = named("/schema/arguments/execute/outArguments").filter(|(_, value)| is_visible(value));
    let names: Vec<_> = of_schema.map(|(name, _)| name.clone()).collect();
    if names.is_empty() {
        named("/arguments/execute/outArguments").map(|(name, _)| name.clone()).collect()
    } else {
        names
    }
}

fn kind(field: &Value) -> FieldKind {
    let kind = text(field, "type").or_else(|| text(field, "dataType")).unwrap_or_default();
    match kind.to_ascii_lowercase().as_str() {
        "phone" => FieldKind::Phone,
        "text" => FieldKind::Text,
        _ => FieldKind::Other,
    }
}

/// The value itself, or what is below `wrapper` in it.
fn unwrapped<'a>(value: &'a Value, wrapper: &str) -> &'a Value {
    value.get(wrapper).filter(|inner| inner.is_object()).unwrap_or(value)
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A text that is there and not empty.
fn text(value: &Value, name: &str) -> Option<String> {
    scalar(value.get(name)?)
}

/// A text that is not empty; numbers count as texts.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
