//! A journey on the canvas: a fixed row of steps, and the journey that the runner makes of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::activity::Endpoint;
use super::source::Source;
use crate::clock::Timestamp;
use crate::sandbox::ColumnType;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::journey::{Activity, Journey, JourneyRun, SplitOperator, SplitRule};

/// What stands on the canvas. In JSON `"message"`, `"messageWaitReport"`, `"messageEventReport"`, `"twoMessages"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CanvasTemplate {
    /// `REST-1`, a message.
    #[default]
    Message,
    /// `REST-1` message → `WAITBYDURATION-1` → `REST-2` report → `MULTICRITERIADECISION-1`.
    MessageWaitReport,
    /// `REST-1` message → `WAITUNTILAPIEVENT-1` → `REST-2` report → `MULTICRITERIADECISION-1`.
    MessageEventReport,
    /// `REST-1` → `REST-2`, both messages.
    TwoMessages,
}

impl CanvasTemplate {
    /// The custom activities: kind of the endpoint and key.
    pub(super) fn activities(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Message => &[("messaging", "REST-1")],
            Self::MessageWaitReport | Self::MessageEventReport => &[("messaging", "REST-1"), ("reports", "REST-2")],
            Self::TwoMessages => &[("messaging", "REST-1"), ("messaging", "REST-2")],
        }
    }
}

/// A journey's state, in Journey Builder's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DesignStatus {
    /// The only one in which it can be changed.
    Draft,
    Published,
    /// A newer version takes the contacts.
    Unpublished,
    Stopped,
}

/// One rule of a decision split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DesignRule {
    /// Usually one expression.
    pub operand: String,
    pub operator: SplitOperator,
    #[serde(default)]
    pub value: String,
}

impl Default for DesignRule {
    /// A message that came to the phone, as the report says.
    fn default() -> Self {
        Self {
            operand: "{{Interaction.REST-2.statusName}}".to_owned(),
            operator: SplitOperator::Equals,
            value: "DELIVERED_TO_HANDSET".to_owned(),
        }
    }
}

impl DesignRule {
    /// The branch's name: the value, or the operator when there is none.
    fn label(&self) -> String {
        if self.value.is_empty() {
            // `empty` or `notEmpty`, or a value that was left out.
            return json!(self.operator).as_str().unwrap_or_default().to_owned();
        }
        self.value.clone()
    }
}

/// A step of the canvas.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) kind: StepKind,
}

#[derive(Clone, Debug)]
pub(super) enum StepKind {
    Rest { activity: Value, endpoint: Box<Endpoint> },
    Wait { duration_secs: u64 },
    Event { event_definition_key: String, max_wait_secs: u64 },
    Split { rules: Vec<DesignRule> },
}

impl Step {
    pub(super) fn new(key: &str, kind: StepKind) -> Self {
        Self { key: key.to_owned(), id: new_id(), kind }
    }
}

pub(super) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A version of a designed journey.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) definition_id: String,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) mid: u64,
    pub(super) status: DesignStatus,
    pub(super) endpoint_base: String,
    pub(super) source: Option<Source>,
    pub(super) steps: Vec<Step>,
    pub(super) run: Option<JourneyRun>,
    /// On the wall clock.
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
}

impl Draft {
    pub(super) fn step_mut(&mut self, key: &str) -> Option<&mut Step> {
        self.steps.iter_mut().find(|step| step.key == key)
    }

    /// The key of the step after one.
    pub(super) fn next(&self, key: &str) -> Option<&str> {
        let place = self.steps.iter().position(|step| step.key == key)?;
        self.steps.get(place + 1).map(|step| step.key.as_str())
    }

    /// New ids for every activity, as at each save.
    pub(super) fn renew_ids(&mut self) {
        for step in &mut self.steps {
            step.id = new_id();
            if let StepKind::Rest { activity, .. } = &mut step.kind {
                activity.set("id", step.id.as_str());
            }
        }
    }

    /// What the runner walks. Every branch of a split ends the path.
    pub(super) fn journey(&self) -> Journey {
        let activity = |step: &Step| {
            let (key, next) = (step.key.clone(), self.next(&step.key).map(str::to_owned));
            match &step.kind {
                StepKind::Rest { activity, .. } => Activity::Rest { key, activity: activity.clone(), next },
                StepKind::Wait { duration_secs } => {
                    Activity::Wait { key, duration: Duration::from_secs(*duration_secs), next }
                }
                StepKind::Event { event_definition_key, max_wait_secs } => Activity::WaitUntilEvent {
                    key,
                    event_definition_key: event_definition_key.clone(),
                    max_wait: Duration::from_secs(*max_wait_secs),
                    otherwise: next.clone(),
                    next,
                },
                StepKind::Split { rules } => {
                    let rule = |rule: &DesignRule| SplitRule {
                        label: rule.label(),
                        operand: rule.operand.clone(),
                        operator: rule.operator,
                        value: rule.value.clone(),
                        next: next.clone(),
                    };
                    Activity::DecisionSplit { key, rules: rules.iter().map(rule).collect(), otherwise: next.clone() }
                }
            }
        };
        Journey {
            name: self.name.clone(),
            key: Some(self.key.clone()),
            version_number: self.version,
            journey_id: self.id.clone(),
            original_definition_id: self.definition_id.clone(),
            event_definition_key: self
                .source
                .as_ref()
                .map(|source| source.event_definition_key.clone())
                .unwrap_or_default(),
            default_mobile_number: self.default_of(ColumnType::Phone),
            default_email: self.default_of(ColumnType::EmailAddress),
            activities: self.steps.iter().map(activity).collect(),
        }
    }

    fn default_of(&self, wanted: ColumnType) -> Option<String> {
        self.source.as_ref().and_then(|source| source.first_of(wanted))
    }

    /// `defaults` of the journey (sfmc.md 3.4).
    pub(super) fn defaults(&self) -> Value {
        let list = |wanted| self.default_of(wanted).into_iter().collect::<Vec<_>>();
        json!({
            "email": list(ColumnType::EmailAddress),
            "mobileNumber": list(ColumnType::Phone),
            "transactionKeys": null,
            "properties": {},
        })
    }

    /// The activities as the journey object shows them, in the canvas' order.
    pub(super) fn activities(&self) -> Vec<Value> {
        self.steps.iter().map(|step| self.shown(step)).collect()
    }

    fn shown(&self, step: &Step) -> Value {
        let outcome = |label: &str| {
            let mut outcome = json!({ "key": format!("{}-{label}", step.id), "arguments": {}, "metaData": { "label": label, "invalid": false } });
            if let Some(next) = self.next(&step.key) {
                outcome.set("next", next);
            }
            outcome
        };
        let built_in = |name: &str, kind: &str, configuration: Value, outcomes: Vec<Value>| {
            json!({
                "id": step.id, "key": step.key, "name": name, "type": kind, "description": "",
                "arguments": {}, "configurationArguments": configuration, "outcomes": outcomes,
                "metaData": { "isConfigured": true },
            })
        };
        match &step.kind {
            StepKind::Rest { activity, .. } => activity.clone(),
            StepKind::Wait { duration_secs } => {
                let configuration = json!({ "waitDuration": duration_secs, "waitUnit": "SECONDS" });
                built_in(&format!("{duration_secs} seconds"), "WAIT", configuration, vec![outcome("")])
            }
            StepKind::Event { event_definition_key, max_wait_secs } => {
                let configuration = json!({
                    "eventDefinitionKey": event_definition_key,
                    "waitDuration": max_wait_secs,
                    "waitUnit": "SECONDS",
                });
                let outcomes = vec![outcome("event"), outcome("otherwise")];
                built_in("Wait Until Event", "WAITUNTILAPIEVENT", configuration, outcomes)
            }
            StepKind::Split { rules } => {
                let branches = rules.iter().map(|rule| outcome(&rule.label())).chain([outcome("otherwise")]).collect();
                let criteria = json!({ "criteria": rules });
                built_in("Decision Split", "MULTICRITERIADECISION", criteria, branches)
            }
        }
    }

    /// The journey object (sfmc.md 3.6), its entry source by the id of the event definition.
    pub(super) fn interaction(&self, event_definition_id: Option<&str>) -> Value {
        let trigger = |source: &Source| {
            json!({
                "id": self.definition_id, "key": "TRIGGER", "name": source.name, "description": "", "type": "EmailAudience",
                "outcomes": [], "arguments": {}, "configurationArguments": {},
                "metaData": {
                    "eventDefinitionId": event_definition_id,
                    "eventDefinitionKey": source.event_definition_key,
                },
            })
        };
        json!({
            "id": self.id, "key": self.key, "name": self.name, "description": "", "version": self.version,
            "workflowApiVersion": 1, "entryMode": "MultipleEntries", "modelVersion": 2, "executionMode": "Production",
            "definitionId": self.definition_id, "categoryId": 1, "status": self.status,
            "activities": self.activities(),
            "triggers": self.source.iter().map(trigger).collect::<Vec<_>>(),
            "goals": [], "exits": [], "notifiers": [], "stats": {}, "metaData": {},
            "defaults": self.defaults(),
            "createdDate": self.created.to_iso(), "modifiedDate": self.modified.to_iso(),
        })
    }
}
