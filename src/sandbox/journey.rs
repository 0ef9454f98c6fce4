//! A journey runner: walks contacts through activities by calling the real endpoints.
//!
//! A journey is data, so that a JSON file can describe one:
//!
//! ```json
//! {
//!   "name": "Spring sale",
//!   "key": "spring-sale",
//!   "versionNumber": 2,
//!   "journeyId": "7f0d8a3e-02a1-4f1b-8d1c-63c1fd1f2a10",
//!   "originalDefinitionId": "44c8ed2a-9f41-4a9e-8a1d-0e6a5b2a7c55",
//!   "eventDefinitionKey": "DEAudience-spring",
//!   "defaultMobileNumber": "{{Event.DEAudience-spring.MobilePhone}}",
//!   "activities": [
//!     { "kind": "rest", "key": "REST-1", "next": "WAIT-1", "activity": {
//!         "id": "0d9b6d55-4a1e-4a0e-9d15-1d0f6f0a8c11",
//!         "arguments": { "execute": {
//!           "inArguments": [ { "phone": "{{Event.DEAudience-spring.\"Mobile Phone\"}}" } ],
//!           "outArguments": [ { "messageId": "" } ],
//!           "url": "https://…/execute", "useJwt": true, "timeout": 20000,
//!           "retryCount": 5, "retryDelay": 10000, "concurrentRequests": 5 } },
//!         "configurationArguments": { "save": { "url": "…" }, "validate": { "url": "…" },
//!           "publish": { "url": "…" }, "stop": { "url": "…" } } } },
//!     { "kind": "wait", "key": "WAIT-1", "durationMs": 60000, "next": "EVENT-1" },
//!     { "kind": "waitUntilEvent", "key": "EVENT-1", "eventDefinitionKey": "APIEvent-5a1c0f6e", "maxWaitMs": 86400000,
//!       "next": "REST-2", "otherwise": "REST-2" },
//!     { "kind": "rest", "key": "REST-2", "next": "SPLIT-1", "activity": {} },
//!     { "kind": "decisionSplit", "key": "SPLIT-1",
//!       "rules": [ { "label": "Delivered", "operand": "{{Interaction.REST-2.statusName}}",
//!                    "operator": "beginsWith", "value": "DELIVERED", "next": "REST-3" } ],
//!       "otherwise": null }
//!   ]
//! }
//! ```
//!
//! The first activity is where contacts enter; a `next` that is null or missing ends the path. `activity` is the
//! object as Journey Builder stores it. Contacts come as rows with a `SubscriberKey` column; the other columns are the
//! entry event's data.
//!
//! How calls behave is sfmc.md 2: save, validate and publish go unsigned and block the activation unless they answer
//! 200; execute is signed with HS256 and sent as `application/jwt`; 5xx, network errors and time-outs are retried, then
//! eject; any other answer but 200 ejects; redirects are not followed.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Notify, watch};

pub(super) mod execute;
pub(super) mod lifecycle;
pub(super) mod runner;
mod step;
mod template;
pub(super) mod waiting;

/// The column that holds the contact key.
const CONTACT_KEY_COLUMN: &str = "SubscriberKey";

/// A journey version. The module documentation has the JSON form.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Journey {
    pub name: String,
    /// Free text, Journey Builder's `interactionKey`; the name when missing.
    #[serde(default)]
    pub key: Option<String>,
    pub version_number: u32,
    /// This version's id.
    pub journey_id: String,
    /// The id all versions share.
    pub original_definition_id: String,
    /// The entry source: `{{Event.<this>.Field}}` finds the audience's columns.
    pub event_definition_key: String,
    /// What `{{InteractionDefaults.MobileNumber}}` stands for; may be an expression itself.
    #[serde(default)]
    pub default_mobile_number: Option<String>,
    /// The same for `{{InteractionDefaults.Email}}`.
    #[serde(default)]
    pub default_email: Option<String>,
    pub activities: Vec<Activity>,
}

impl Journey {
    pub(super) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.name)
    }

    fn check(&self) -> Result<(), JourneyError> {
        let broken = |problem: String| Err(JourneyError::Invalid(problem));
        if self.activities.is_empty() {
            return broken("the journey has no activities".to_owned());
        }
        let mut keys = HashSet::new();
        for activity in &self.activities {
            if !keys.insert(activity.key()) {
                return broken(format!("two activities have the key {}", activity.key()));
            }
        }
        for activity in &self.activities {
            if let Some(unknown) = activity.targets().into_iter().find(|target| !keys.contains(target)) {
                return broken(format!("{} leads to {unknown}, which does not exist", activity.key()));
            }
        }
        let mut awaited = HashSet::new();
        if let Some(twice) = self.awaited_events().find(|event| !awaited.insert(*event)) {
            return broken(format!("two activities wait for the event {twice}"));
        }
        Ok(())
    }

    /// The event definitions that activities wait for.
    pub(super) fn awaited_events(&self) -> impl Iterator<Item = &str> {
        self.activities.iter().filter_map(|activity| match activity {
            Activity::WaitUntilEvent { event_definition_key, .. } => Some(event_definition_key.as_str()),
            _ => None,
        })
    }
}

/// One step of a journey.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Activity {
    /// A custom activity: its endpoint is called for every contact.
    Rest {
        /// `REST-1`; out-arguments are found under `{{Interaction.REST-1.…}}`.
        key: String,
        /// The activity as Journey Builder stores it.
        activity: Value,
        #[serde(default)]
        next: Option<String>,
    },
    /// Holds each contact for a time.
    Wait {
        key: String,
        #[serde(rename = "durationMs", with = "millis")]
        duration: Duration,
        #[serde(default)]
        next: Option<String>,
    },
    /// Holds each contact until an API event of a definition comes with its contact key to `POST /interaction/v1/events`.
    /// An event that comes before the contact does is lost; one that comes releases every instance of the contact
    /// (sfmc.md 7).
    WaitUntilEvent {
        key: String,
        /// Of a definition of the business unit; no two activities of a journey wait for the same one.
        event_definition_key: String,
        /// After which the contact goes on without an event.
        #[serde(rename = "maxWaitMs", with = "millis")]
        max_wait: Duration,
        #[serde(default)]
        next: Option<String>,
        /// Where contacts go for whom no event came.
        #[serde(default)]
        otherwise: Option<String>,
    },
    /// Sends each contact along the first rule that holds.
    DecisionSplit {
        key: String,
        rules: Vec<SplitRule>,
        /// Where contacts go for whom no rule holds.
        #[serde(default)]
        otherwise: Option<String>,
    },
}

impl Activity {
    /// The activity's key.
    pub fn key(&self) -> &str {
        match self {
            Self::Rest { key, .. }
            | Self::Wait { key, .. }
            | Self::WaitUntilEvent { key, .. }
            | Self::DecisionSplit { key, .. } => key,
        }
    }

    fn targets(&self) -> Vec<&str> {
        match self {
            Self::Rest { next, .. } | Self::Wait { next, .. } => next.iter().map(String::as_str).collect(),
            Self::WaitUntilEvent { next, otherwise, .. } => next.iter().chain(otherwise).map(String::as_str).collect(),
            Self::DecisionSplit { rules, otherwise, .. } => {
                rules.iter().filter_map(|rule| rule.next.as_deref()).chain(otherwise.as_deref()).collect()
            }
        }
    }
}

mod millis {
    //! A duration as a whole number of milliseconds.

    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// One branch of a decision split.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SplitRule {
    /// The branch's name in [`Progress::branches`].
    pub label: String,
    /// Usually one expression: `{{Interaction.REST-2.statusName}}`.
    pub operand: String,
    pub operator: SplitOperator,
    /// Not used by `empty` and `notEmpty`.
    #[serde(default)]
    pub value: String,
    #[serde(default)]
    pub next: Option<String>,
}

/// How a split compares. Text is compared exactly. In JSON `beginsWith` or `begins_with`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SplitOperator {
    Equals,
    #[serde(alias = "not_equals")]
    NotEquals,
    #[serde(alias = "begins_with")]
    BeginsWith,
    #[serde(alias = "ends_with")]
    EndsWith,
    Contains,
    Empty,
    #[serde(alias = "not_empty")]
    NotEmpty,
}

impl SplitOperator {
    fn holds(self, operand: &str, value: &str) -> bool {
        match self {
            Self::Equals => operand == value,
            Self::NotEquals => operand != value,
            Self::BeginsWith => operand.starts_with(value),
            Self::EndsWith => operand.ends_with(value),
            Self::Contains => operand.contains(value),
            Self::Empty => operand.is_empty(),
            Self::NotEmpty => !operand.is_empty(),
        }
    }
}

/// How a journey is run.
#[derive(Clone, Debug, Default)]
pub struct JourneyOptions {
    /// What `{{Context.IsTest}}` stands for.
    pub is_test: bool,
    /// Leaves out save, validate and publish, as for contacts that enter a journey already running.
    pub skips_activation: bool,
}

/// Why a journey does not start.
#[derive(Debug, thiserror::Error)]
pub enum JourneyError {
    /// No business unit of that MID.
    #[error("the sandbox has no business unit {0}")]
    UnknownUnit(u64),
    /// The definition contradicts itself.
    #[error("the journey is not valid: {0}")]
    Invalid(String),
    /// The audience cannot be read.
    #[error("the audience is not valid: {0}")]
    Audience(String),
    /// An endpoint did not answer 200, which blocks publishing.
    #[error("{call} of {activity} answered {answer}")]
    Blocked { activity: String, call: &'static str, answer: String },
}

/// What has happened so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Contacts that entered.
    pub entered: u64,
    /// Execute calls sent, retries included.
    pub executes: u64,
    /// Of those, retries.
    pub retries: u64,
    /// Contacts put out of the journey.
    pub ejected: u64,
    /// Contacts that reached an end of their path.
    pub finished: u64,
    /// Contacts per branch taken, under `SPLIT-1/label`; `SPLIT-1/otherwise` for the rest. Of a wait until an event
    /// `EVENT-1/event` and `EVENT-1/otherwise`.
    pub branches: BTreeMap<String, u64>,
    /// Contacts that arrived at each activity.
    pub arrived: BTreeMap<String, u64>,
}

impl Progress {
    /// Contacts still in the journey.
    pub fn inside(&self) -> u64 {
        self.entered.saturating_sub(self.ejected + self.finished)
    }
}

/// Why a contact was put out of a journey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ejection {
    /// The activity it was at.
    pub activity: String,
    /// `status 401`, `time-out`, `network: …`, `the journey was stopped` …
    pub reason: String,
}

/// One contact's walk.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactPath {
    pub contact_key: String,
    /// New for each contact and run.
    pub definition_instance_id: String,
    /// The keys of the activities it arrived at, in order.
    pub path: Vec<String>,
    /// The branches it took, in order, named as in [`Progress::branches`].
    pub branches: Vec<String>,
    /// By activity key, as answered.
    pub out_arguments: BTreeMap<String, BTreeMap<String, Value>>,
    pub ejected: Option<Ejection>,
}

impl ContactPath {
    /// An out-argument as text, empty when it is missing.
    pub fn out(&self, activity: &str, name: &str) -> String {
        let value = self.out_arguments.get(activity).and_then(|arguments| arguments.get(name));
        value.map(template::as_text).unwrap_or_default()
    }
}

/// How a run ended.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JourneyOutcome {
    pub progress: Progress,
    /// In the order of the audience.
    pub contacts: Vec<ContactPath>,
}

/// A journey that runs or has run. Clones are handles on the same one.
#[derive(Clone, Debug)]
pub struct JourneyRun {
    shared: Arc<RunShared>,
}

#[derive(Debug)]
struct RunShared {
    progress: Mutex<Progress>,
    /// Asks the walk to end.
    stopping: Notify,
    outcome: watch::Sender<Option<Arc<JourneyOutcome>>>,
}

impl JourneyRun {
    fn new() -> Self {
        let shared = RunShared {
            progress: Mutex::new(Progress::default()),
            stopping: Notify::new(),
            outcome: watch::Sender::new(None),
        };
        Self { shared: Arc::new(shared) }
    }

    /// What has happened so far.
    pub fn progress(&self) -> Progress {
        self.lock().clone()
    }

    /// Whether every contact finished or was ejected.
    pub fn is_finished(&self) -> bool {
        self.shared.outcome.borrow().is_some()
    }

    /// Waits for the end.
    pub async fn outcome(&self) -> Arc<JourneyOutcome> {
        let mut outcome = self.shared.outcome.subscribe();
        loop {
            if let Some(outcome) = outcome.borrow_and_update().clone() {
                return outcome;
            }
            if outcome.changed().await.is_err() {
                // Not reached: `self` keeps the sender alive.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Stops the journey: calls each activity's `stop`, ejects the contacts still inside, and waits for the end. Executes
    /// in flight are waited for. On a run that has ended it does nothing.
    pub async fn stop(&self) -> Arc<JourneyOutcome> {
        self.shared.stopping.notify_one();
        self.outcome().await
    }

    fn finish(&self, outcome: JourneyOutcome) {
        self.shared.outcome.send_replace(Some(Arc::new(outcome)));
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.shared.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads an audience from CSV with a header row, one of whose columns is `SubscriberKey`. A byte order mark is skipped.
///
/// # Errors
///
/// When the text is not CSV, the column is missing, or a contact has no key.
pub fn audience_from_csv(reader: impl Read) -> Result<Vec<BTreeMap<String, String>>, JourneyError> {
    let bad = |error: csv::Error| JourneyError::Audience(error.to_string());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(reader);
    let mut headers: Vec<String> = reader.headers().map_err(bad)?.iter().map(str::to_owned).collect();
    if let Some(first) = headers.first_mut() {
        *first = first.trim_start_matches('\u{feff}').to_owned();
    }
    let mut audience = Vec::new();
    for record in reader.records() {
        let record = record.map_err(bad)?;
        audience.push(headers.iter().cloned().zip(record.iter().map(str::to_owned)).collect());
    }
    check_audience(&audience)?;
    Ok(audience)
}

fn check_audience(audience: &[BTreeMap<String, String>]) -> Result<(), JourneyError> {
    let without_key = |row: &BTreeMap<String, String>| row.get(CONTACT_KEY_COLUMN).is_none_or(String::is_empty);
    match audience.iter().position(without_key) {
        Some(index) => {
            Err(JourneyError::Audience(format!("row {} has no value in the column {CONTACT_KEY_COLUMN}", index + 1)))
        }
        None => Ok(()),
    }
}
