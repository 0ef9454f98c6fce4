//! A small stand-in of Journey Builder: a page on SFMC's origin that embeds the activities' configuration pages.
//!
//! `GET /journey-builder` lists business units and journeys and makes new ones; `GET /journey-builder/journeys/{id}` is
//! one journey, a fixed row of steps with nothing to drag. A click on a custom activity opens its page in a modal and
//! speaks Postmonger's wire with it (sfmc.md 3.2): texts of JSON, heard only from the frame's own window. The activity that
//! the page hands over is stored as Journey Builder stores it, completed (sfmc.md 3.5), and gets a new id at every
//! save of the draft. Published, the journey's contacts walk by the [runner](super::journey).
//!
//! What its own paths take is not recorded, not counted as a request of a client, and no fault applies to them. The same
//! can be done without a browser: [`SfmcWorld::design_journey`] and its neighbours, or `POST /_sandbox/designs`.
//!
//! What is not documented, and decided here: a copy keeps the entry source, a draft's save calls the activities that
//! are not yet configured as well, and the modal's size is that of the whole modal with its steps and buttons.
//!
//! # Controls
//!
//! Ids of the journey page, which browser tests rely on:
//!
//! | id | what |
//! |---|---|
//! | `#journey-name`, `#journey-status` | name with version; `Draft`, `Published`, `Unpublished`, `Stopped` |
//! | `#activity-REST-1` | button of a step that opens the modal of a custom activity, or the form of another step; `data-configured="true"` on configured ones |
//! | `#modal`, `#modal iframe` | the dialog, open or not, and the page in it; the frame is gone when the dialog is closed |
//! | `#modal-steps` | the wizard's steps, the present one with `aria-current="step"` |
//! | `#modal-next`, `#modal-back`, `#modal-cancel` | its buttons; Next says `Done` on the last step |
//! | `#discard`, `#discard-yes`, `#discard-no` | asks whether to throw changes away, after Cancel on a page that is dirty |
//! | `#hover-REST-1 iframe`, `#details-REST-1` | a running journey's hover page, and the button of its running modal |
//! | `#step`, `#step-seconds`, `#step-event`, `#step-save`, `#step-cancel` | form of a wait |
//! | `#rule-0-operand`, `#rule-0-operator`, `#rule-0-value`, `#rule-add`, `#rule-0-remove` | rules in the form of a decision split |
//! | `#save`, `#validate`, `#publish`, `#run`, `#copy`, `#new-version`, `#stop` | the journey's actions; copy and new version go to the new journey's page |
//! | `#problem` | `role=alert`: what was refused; `#done`, `role=status`, what was done |
//! | `#progress` | numbers of the run; `data-finished="true"` at its end |
//! | `#outcome` | table of the contacts, one row each, with their path, branches and out-arguments |
//! | `#wire` | list of the messages in both directions, tokens left out; each item has `data-direction` (`in` from the page, `out` to it) and `data-event` |
//!
//! Of the list page: `#units`, `#journeys`, `#new-name`, `#new-mid`, `#new-base`, `#new-template`, `#new-wait`, `#new-file`,
//! `#new-csv`, `#new-no-entry`, `#new-columns` (a select `data-column="NAME"` each), `#new-event`, `#new-event-name`,
//! `#new-event-extension`, `#new-create`, `#problem`.
//!
//! # Behaviours
//!
//! Query parameters of the journey page choose what else a page has to bear:
//!
//! | parameter | what happens |
//! |---|---|
//! | `answers=reversed` | answers, `initActivity` among them, are kept for a moment and come in reverse order |
//! | `answers=early` | all answers and `initActivity` are sent again and again from the frame's creation until `ready`, and then as usual |
//! | `delay=300` | every answer comes so many milliseconds late |
//! | `withhold=requestedSchema,requestedTokens` | these never come |
//! | `trigger=null`, `trigger=wrapped` | the trigger event definition as without an entry source, or in `{"eventDefinition":…}` |
//! | `schema=bare` | the schema as an array |
//! | `culture=object`, `language=ko-KR` | `{"culture":"ko-KR"}` |
//! | `entryKey=string` | the entry event definition's key as a string |
//! | `init=twice` | `initActivity` comes twice |
//! | `foreign=1` | another frame of this origin posts a forged `initActivity`, `requestedTokens`, `requestedInteraction` and `clickedNext` (named `FORGED`) to the page, before the true ones and half a second after, and a forged `updateActivity` to the host |
//! | `objects=1` | before and after each message the host posts a forged one that is an object and not a string |
//! | `objects=only` | the host posts objects only: nothing ever arrives |
//! | `unknown=1` | events that nobody knows, texts that are no JSON, and JSON without an event come between the others |
//! | `status=Published` | the journey is shown as if it ran: read-only, activities with `editable` false |

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod actions;
mod activity;
mod answers;
mod draft;
mod pages;
mod source;

pub use draft::{CanvasTemplate, DesignRule, DesignStatus};
pub use source::DesignEntry;

pub(super) use pages::{PREFIX, answer, is_page};

use super::journey::{JourneyError, JourneyRun};
use super::sfmc::SfmcWorld;
use draft::{Draft, Step, StepKind};
use source::Source;

/// Seconds of a wait by duration when the design does not say.
const WAIT_SECS: u64 = 10;
/// Seconds that a contact waits for an event at most when the design does not say.
const MAX_WAIT_SECS: u64 = 60;

/// A journey to be made for the Journey Builder page. In JSON only `mid` and `endpointBase` are mandatory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Design {
    #[serde(default)]
    pub name: String,
    pub mid: u64,
    /// Where the activities are: `{endpointBase}/activities/messaging/config.json` and `…/reports/config.json`.
    pub endpoint_base: String,
    #[serde(default)]
    pub template: CanvasTemplate,
    /// `None` is a journey without an entry source, which can be configured and saved but not published.
    #[serde(default)]
    pub entry: Option<DesignEntry>,
    /// Of the wait by duration.
    #[serde(default)]
    pub wait_secs: Option<u64>,
    /// What the Wait Until Event waits for.
    #[serde(default)]
    pub event: Option<DesignEvent>,
    /// At most, in the Wait Until Event.
    #[serde(default)]
    pub max_wait_secs: Option<u64>,
    /// Of the decision split; whether the message came to the phone when empty.
    #[serde(default)]
    pub rules: Vec<DesignRule>,
}

impl Design {
    /// A journey of one message, without an entry source.
    pub fn new(name: &str, mid: u64, endpoint_base: &str) -> Self {
        Self { name: name.to_owned(), mid, endpoint_base: endpoint_base.to_owned(), ..Self::default() }
    }

    /// With another canvas.
    #[must_use]
    pub fn template(mut self, template: CanvasTemplate) -> Self {
        self.template = template;
        self
    }

    /// With an entry source.
    #[must_use]
    pub fn entry(mut self, entry: DesignEntry) -> Self {
        self.entry = Some(entry);
        self
    }

    /// With an event to wait for.
    #[must_use]
    pub fn event(mut self, event: DesignEvent) -> Self {
        self.event = Some(event);
        self
    }
}

/// The event of a Wait Until Event. In JSON `{"key":"APIEvent-…"}` or `{"name":"…","dataExtensionKey":"…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum DesignEvent {
    /// A definition that the business unit has.
    Known { key: String },
    /// *Create New*: a new API event into a data extension.
    New { name: String, data_extension_key: String },
}

/// A designed journey as it is now.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Designed {
    /// This version's id.
    pub id: String,
    /// The id that all versions share.
    pub original_definition_id: String,
    pub key: String,
    pub name: String,
    pub mid: u64,
    pub version: u32,
    pub status: DesignStatus,
    /// Of the entry source.
    pub event_definition_key: Option<String>,
    /// External key of the entry source's data extension.
    pub data_extension_key: Option<String>,
    /// In the canvas' order, as they are stored; the custom ones are what their pages handed over, completed.
    pub activities: Vec<Value>,
    /// The last run over the entry source's contacts.
    #[serde(skip)]
    pub run: Option<JourneyRun>,
}

impl Designed {
    /// An activity by its key, null when there is none.
    pub fn activity(&self, key: &str) -> &Value {
        let found = self.activities.iter().find(|activity| activity.get("key").and_then(Value::as_str) == Some(key));
        found.unwrap_or(&Value::Null)
    }
}

/// Why something cannot be done with a designed journey.
#[derive(Debug, thiserror::Error)]
pub enum DesignError {
    /// No business unit of that MID.
    #[error("the sandbox has no business unit {0}")]
    UnknownUnit(u64),
    /// No such journey.
    #[error("Journey Builder has no journey {0}")]
    Unknown(String),
    /// No such step, or one of another kind.
    #[error("the journey has no such step {0}")]
    UnknownStep(String),
    /// The entry source cannot be made.
    #[error("the entry source is not valid: {0}")]
    Entry(String),
    /// An activity's config.json cannot be read.
    #[error("{url} cannot be read: {problem}")]
    Endpoint { url: String, problem: String },
    /// A Wait Until Event without an event, or with one that cannot be made.
    #[error("the Wait Until Event has no event: {0}")]
    Event(String),
    /// The journey's status does not allow it.
    #[error("the journey is {status:?}: {problem}")]
    Status { status: DesignStatus, problem: &'static str },
    /// Journey Builder, or endpoints of activities, refuse; one sentence each.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
    /// The journey does not start.
    #[error(transparent)]
    Journey(#[from] JourneyError),
}

/// The journeys of the page, by id.
#[derive(Default)]
pub(super) struct Designs {
    drafts: Mutex<BTreeMap<String, Draft>>,
}

impl fmt::Debug for Designs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Designs").field("ids", &self.lock().keys().collect::<Vec<_>>()).finish()
    }
}

impl Designs {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Draft>> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &str) -> Result<Draft, DesignError> {
        self.lock().get(id).cloned().ok_or_else(|| DesignError::Unknown(id.to_owned()))
    }

    fn add(&self, draft: Draft) {
        self.lock().insert(draft.id.clone(), draft);
    }

    /// Changes a journey, and answers what it is then.
    fn change(
        &self,
        id: &str,
        change: impl FnOnce(&mut Draft) -> Result<(), DesignError>,
    ) -> Result<Draft, DesignError> {
        let mut drafts = self.lock();
        let draft = drafts.get_mut(id).ok_or_else(|| DesignError::Unknown(id.to_owned()))?;
        change(draft)?;
        Ok(draft.clone())
    }

    /// The newest last.
    fn all(&self) -> Vec<Draft> {
        let mut all: Vec<Draft> = self.lock().values().cloned().collect();
        all.sort_by(|a, b| (a.created, &a.name, a.version).cmp(&(b.created, &b.name, b.version)));
        all
    }
}

impl SfmcWorld {
    /// Makes a journey for the Journey Builder page, as its form does, and answers its id: data extension and event
    /// definition of the entry source, the activities from their config.json, the steps between.
    ///
    /// # Errors
    ///
    /// When the unit is unknown, the entry source is not valid, an endpoint's config.json cannot be read, or a Wait
    /// Until Event has no event. An entry source made by then stays.
    pub async fn design_journey(&self, design: Design) -> Result<String, DesignError> {
        let Design { name, mid, endpoint_base, template, entry, wait_secs, event, max_wait_secs, rules } = design;
        if !self.mids().contains(&mid) {
            return Err(DesignError::UnknownUnit(mid));
        }
        let name = if name.trim().is_empty() { "Untitled journey".to_owned() } else { name };
        let mut steps = Vec::new();
        for (kind, key) in template.activities() {
            let (endpoint, activity) =
                activity::dropped(self.client(), self.clock(), &endpoint_base, kind, key).await?;
            steps.push(Step::new(key, StepKind::Rest { activity, endpoint: Box::new(endpoint) }));
        }
        let between = match template {
            CanvasTemplate::Message | CanvasTemplate::TwoMessages => None,
            CanvasTemplate::MessageWaitReport => {
                let duration_secs = wait_secs.unwrap_or(WAIT_SECS);
                Some(Step::new("WAITBYDURATION-1", StepKind::Wait { duration_secs }))
            }
            CanvasTemplate::MessageEventReport => {
                let event = event.ok_or_else(|| DesignError::Event("the design names none".to_owned()))?;
                let event_definition_key = self.event_key(mid, event)?;
                let max_wait_secs = max_wait_secs.unwrap_or(MAX_WAIT_SECS);
                Some(Step::new("WAITUNTILAPIEVENT-1", StepKind::Event { event_definition_key, max_wait_secs }))
            }
        };
        if let Some(between) = between {
            steps.insert(1, between);
            let rules = if rules.is_empty() { vec![DesignRule::default()] } else { rules };
            steps.push(Step::new("MULTICRITERIADECISION-1", StepKind::Split { rules }));
        }
        let source = entry.map(|entry| Source::make(self, mid, &name, &entry)).transpose()?;
        let (id, now) = (draft::new_id(), self.clock().now());
        let mut draft = Draft {
            definition_id: id.clone(),
            key: draft::new_id(),
            id: id.clone(),
            name,
            version: 1,
            mid,
            status: DesignStatus::Draft,
            endpoint_base,
            source,
            steps,
            run: None,
            created: now,
            modified: now,
        };
        draft.lead_on();
        self.show(&draft);
        self.designs().add(draft);
        Ok(id)
    }

    fn event_key(&self, mid: u64, event: DesignEvent) -> Result<String, DesignError> {
        match event {
            DesignEvent::Known { key } if self.event_definition(mid, &key).is_some() => Ok(key),
            DesignEvent::Known { key } => {
                Err(DesignError::Event(format!("the business unit has no event definition {key}")))
            }
            DesignEvent::New { name, data_extension_key } => {
                if self.data_extension(mid, &data_extension_key).is_none() {
                    let problem = format!("the business unit has no data extension {data_extension_key}");
                    return Err(DesignError::Event(problem));
                }
                let made = self.add_api_event(mid, &name, &data_extension_key);
                made.map(|made| made.event_definition_key).map_err(|_| DesignError::UnknownUnit(mid))
            }
        }
    }

    /// A designed journey as it is now.
    pub fn designed(&self, id: &str) -> Option<Designed> {
        self.designs().get(id).ok().map(|draft| Designed {
            activities: draft.activities(),
            event_definition_key: draft.source.as_ref().map(|source| source.event_definition_key.clone()),
            data_extension_key: draft.source.as_ref().map(|source| source.data_extension_key.clone()),
            id: draft.id,
            original_definition_id: draft.definition_id,
            key: draft.key,
            name: draft.name,
            mid: draft.mid,
            version: draft.version,
            status: draft.status,
            run: draft.run,
        })
    }

    /// The ids of all designed journeys, the newest last.
    pub fn designed_ids(&self) -> Vec<String> {
        self.designs().all().into_iter().map(|draft| draft.id).collect()
    }

    /// The address of a designed journey's page; the module's documentation lists query parameters for it.
    pub fn designed_url(&self, id: &str) -> String {
        format!("{}{PREFIX}/journeys/{id}", self.origin())
    }

    /// Lets REST show a journey as it is now.
    fn show(&self, draft: &Draft) {
        self.put_interaction(draft.mid, answers::interaction(self, draft));
    }
}
