//! What Journey Builder answers the configuration page (sfmc.md 3.4, 3.6, 3.7), in every shape that was seen.

use serde_json::{Map, Value, json};

use super::draft::{DesignStatus, Draft};
use super::source::Source;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::sfmc::USER_TOKEN_LIFETIME;
use crate::sandbox::{Column, SfmcWorld};

/// The stack that an installation here would be on.
const STACK_KEY: &str = "S11";

/// Which of the shapes that were seen the answers take.
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes {
    /// `?trigger=null` as without an entry source, `?trigger=wrapped` in `eventDefinition`; else bare.
    pub(super) trigger: Option<String>,
    /// `?schema=bare` is an array, else it is in `schema`.
    pub(super) schema: Option<String>,
    /// `?culture=object` is `{"culture":…}`, else a string.
    pub(super) culture: Option<String>,
    /// `?entryKey=string`, else an object.
    pub(super) entry_key: Option<String>,
    /// `?language=ko-KR`; English of the United States when missing.
    pub(super) language: Option<String>,
    /// `?status=Published` shows the journey, and its activities, as if it ran.
    pub(super) status: Option<DesignStatus>,
}

/// `{token, fuel2token, expires, stackKey}` with a new token of the signed-in user.
pub(super) fn tokens(world: &SfmcWorld, mid: u64) -> Value {
    json!({
        // An older kind of token, which REST does not take.
        "token": format!("legacy.{}", uuid::Uuid::new_v4()),
        "fuel2token": world.user_token(mid),
        "expires": world.clock().now().plus(USER_TOKEN_LIFETIME).as_millis(),
        "stackKey": STACK_KEY,
    })
}

/// Every answer but the tokens, by the name of its event.
pub(super) fn all(world: &SfmcWorld, draft: &Draft, shapes: &Shapes) -> Value {
    let status = shapes.status.unwrap_or(draft.status);
    let definition = draft.source.as_ref().and_then(|source| definition(world, draft, source));
    let mut interaction = interaction(world, draft);
    interaction.set("status", json!(status));
    if status != DesignStatus::Draft {
        for activity in interaction.get_mut("activities").and_then(Value::as_array_mut).into_iter().flatten() {
            activity.set("editable", false);
        }
    }
    let mut answers = Map::new();
    let mut answer = |event: &str, value: Value| answers.insert(event.to_owned(), value);
    answer("requestedEndpoints", endpoints(world.origin()));
    answer("requestedCulture", culture(shapes));
    answer("requestedInteractionDefaults", draft.defaults());
    answer("requestedInteraction", interaction);
    answer("requestedTriggerEventDefinition", trigger(definition.as_ref(), shapes));
    answer("requestedSchema", schema(draft.source.as_ref(), shapes));
    answer("requestedDataSources", data_sources(world, draft));
    answer("requestedEntryEventDefinitionKey", entry_key(draft, shapes));
    answer(
        "requestedActivityPermissions",
        json!({ "view": true, "edit": true, "failedViewPermissions": [], "failedEditPermissions": [] }),
    );
    answer(
        "requestedEngineSettings",
        json!({ "journeyPauseEnabled": true, "queueVersion": 2, "preventPathOptimizerHoldback": false }),
    );
    Value::Object(answers)
}

/// The journey object, with the id of its event definition.
pub(super) fn interaction(world: &SfmcWorld, draft: &Draft) -> Value {
    let definition = draft.source.as_ref().and_then(|source| definition(world, draft, source));
    draft.interaction(definition.as_ref().and_then(|definition| definition.at("id").as_str()))
}

fn definition(world: &SfmcWorld, draft: &Draft, source: &Source) -> Option<Value> {
    world.shown_event_definition(draft.mid, &source.event_definition_key)
}

fn endpoints(origin: &str) -> Value {
    let host = origin.split("//").last().unwrap_or_default();
    json!({
        "restHost": host,
        "stackKey": STACK_KEY,
        "stackHost": host,
        "ssoUrl": format!("{origin}/cloud/tools/SSO.aspx"),
        "fuelapiRestHost": format!("{origin}/"),
    })
}

fn culture(shapes: &Shapes) -> Value {
    let language = shapes.language.as_deref().unwrap_or("en-US");
    match shapes.culture.as_deref() {
        Some("object") => json!({ "culture": language }),
        _ => language.into(),
    }
}

fn trigger(definition: Option<&Value>, shapes: &Shapes) -> Value {
    match (definition, shapes.trigger.as_deref()) {
        (None, _) | (_, Some("null")) => Value::Null,
        (Some(definition), Some("wrapped")) => json!({ "eventDefinition": definition }),
        (Some(definition), _) => definition.clone(),
    }
}

fn length(column: &Column) -> Option<u32> {
    column.length.or(column.column_type.fixed_length())
}

fn schema(source: Option<&Source>, shapes: &Shapes) -> Value {
    let field = |source: &Source, column: &Column| {
        json!({
            "key": format!("Event.{}.{}", source.event_definition_key, column.name),
            "type": column.column_type.name(),
            "length": length(column),
            "default": column.default,
            "isNullable": !column.required,
            "isPrimaryKey": column.primary_key,
        })
    };
    let fields: Vec<Value> =
        source.into_iter().flat_map(|source| source.columns.iter().map(move |column| field(source, column))).collect();
    match shapes.schema.as_deref() {
        Some("bare") => fields.into(),
        _ => json!({ "schema": fields }),
    }
}

fn data_sources(world: &SfmcWorld, draft: &Draft) -> Value {
    let Some(source) = &draft.source else { return json!([]) };
    let id = world.data_extension_id(draft.mid, &source.data_extension_key);
    let fields = source.columns.iter().enumerate().map(|(ordinal, column)| {
        json!({
            "name": column.name, "type": column.column_type.name(), "length": length(column), "ordinal": ordinal,
            "isNullable": !column.required, "isPrimaryKey": column.primary_key, "storagetype": "Plain",
            "masktype": "None", "isHidden": false, "isReadOnly": false,
        })
    });
    let fields: Vec<Value> = fields.collect();
    json!([{
        "id": "Event",
        "name": source.name,
        "eventDefinitionKey": source.event_definition_key,
        "keyPrefix": format!("Event.{}.", source.event_definition_key),
        "schema": null,
        "dataExtensionId": id,
        "deSchema": { "id": id, "fieldCount": fields.len(), "links": {}, "fields": fields },
    }])
}

fn entry_key(draft: &Draft, shapes: &Shapes) -> Value {
    let key = draft.source.as_ref().map(|source| source.event_definition_key.as_str());
    match shapes.entry_key.as_deref() {
        Some("string") => json!(key),
        _ => json!({ "entryEventDefinitionKey": key }),
    }
}
