//! An activity in a journey version: what `waypost activity new` printed, with the ids that Journey Builder gives.

use serde_json::Value;
use uuid::Uuid;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    /// `activityId`: of this activity in this journey version.
    pub(crate) id: String,
    /// `journeyId`: of this journey version.
    pub(crate) journey_id: String,
    /// The journey, whatever its version.
    pub(crate) original_definition_id: String,
    /// As it is stored in the journey.
    pub(crate) saved: Value,
}

impl Activity {
    pub(crate) fn new(saved: Value) -> Self {
        let id = || Uuid::new_v4().to_string();
        Self { id: id(), journey_id: id(), original_definition_id: id(), saved }
    }

    /// The next version of its journey: new ids of version and activity, the same configuration.
    pub(crate) fn next_version(&self) -> Self {
        Self { original_definition_id: self.original_definition_id.clone(), ..Self::new(self.saved.clone()) }
    }

    /// The same configuration in another journey.
    pub(crate) fn copied(&self) -> Self {
        Self::new(self.saved.clone())
    }

    pub(crate) fn execute_url(&self) -> &str {
        self.saved.pointer("/arguments/execute/url").and_then(Value::as_str).unwrap()
    }

    /// The address of `save`, `validate`, `publish`, `unpublish` or `stop`.
    pub(crate) fn lifecycle_url(&self, phase: &str) -> &str {
        self.saved.pointer(&format!("/configurationArguments/{phase}/url")).and_then(Value::as_str).unwrap()
    }

    pub(crate) fn in_arguments(&self) -> &[Value] {
        self.saved.pointer("/arguments/execute/inArguments").and_then(Value::as_array).unwrap()
    }

    /// The body that SFMC sends with every lifecycle call (sfmc.md 2.3).
    pub(crate) fn lifecycle_body(&self) -> Value {
        serde_json::json!({
            "activityObjectID": self.id,
            "interactionId": self.journey_id,
            "originalDefinitionId": self.original_definition_id,
            "interactionKey": "spring-sale",
            "interactionVersion": "1",
        })
    }
}
