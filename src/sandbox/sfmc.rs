//! Marketing Cloud's side: business units, tokens, data extensions, events, journeys.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

mod async_rows;
mod events;
mod extension;
mod filter;
mod interactions;
mod rest;
mod rows;
mod soap;
mod soap_filter;
mod soap_objects;
mod token;
mod xml;

pub(super) use token::USER_TOKEN_LIFETIME;

pub use events::{EventDefinition, ReceivedEvent};
pub(super) use extension::server_time_of;
pub use extension::{Column, ColumnType, DataExtensionSpec};

use super::faults::{Fault, FaultKind, Faults};
use super::fields::Fields as _;
use super::front::{Call, Reply};
use super::http_client;
use super::journey::runner::Runner;
use super::journey::waiting::Waiting;
use super::journey::{Journey, JourneyError, JourneyOptions, JourneyRun};
use super::journey_builder::Designs;
use crate::clock::{Clock, Timestamp};
use async_rows::AsyncRequest;
use extension::Extension;
use token::Token;

/// How long the platform takes to process an asynchronous row request, until [`SfmcWorld::set_async_delay`].
const ASYNC_DELAY: Duration = Duration::from_secs(1);

/// A business unit with its installed package.
#[derive(Clone, Debug, Default)]
pub struct BusinessUnit {
    /// The unit's MID.
    pub mid: u64,
    pub client_id: String,
    pub client_secret: String,
    /// What a token may do: `data_extensions_read`, `data_extensions_write`, `journeys_read`,
    /// `list_and_subscribers_read` …
    pub scopes: Vec<String>,
    /// The package's JWT signing secret.
    pub signing_secret: String,
    /// Customer key and value of a salt key in Key Management: signs instead of the secret for activities whose
    /// `customerKey` names it.
    pub salt: Option<(String, String)>,
}

/// No business unit of that MID was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownUnit(pub u64);

impl fmt::Display for UnknownUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the sandbox has no business unit {}", self.0)
    }
}

impl std::error::Error for UnknownUnit {}

/// The stand-in of Marketing Cloud. Clones are handles on the same one.
#[derive(Clone)]
pub struct SfmcWorld {
    shared: Arc<Shared>,
}

struct Shared {
    origin: String,
    clock: Arc<dyn Clock>,
    client: reqwest::Client,
    runtime: tokio::runtime::Handle,
    faults: Faults,
    state: Mutex<State>,
    /// Turns true when the sandbox stops; every journey hears it.
    closing: watch::Sender<bool>,
    /// Whom an event can release. Its lock is only ever taken after `state`'s, or alone.
    waiting: Arc<Waiting>,
    /// The journeys of the Journey Builder page. Its lock is never held with another.
    designs: Designs,
}

/// Everything behind the one lock.
struct State {
    units: BTreeMap<u64, Unit>,
    tokens: HashMap<String, Token>,
    async_requests: HashMap<String, AsyncRequest>,
    /// Ids of requests not yet processed, in the order they came.
    async_waiting: std::collections::VecDeque<String>,
    async_delay: Duration,
    async_is_atomic: bool,
    lower_case_columns: bool,
    soap_pages: HashMap<String, soap::Page>,
    row_cursors: HashMap<String, rows::Cursor>,
    events: Vec<ReceivedEvent>,
    runs: Vec<JourneyRun>,
    calls: u64,
}

struct Unit {
    unit: BusinessUnit,
    /// By external key in lower case: SFMC compares keys case-insensitively.
    extensions: BTreeMap<String, Extension>,
    event_definitions: Vec<(String, EventDefinition)>,
    interactions: Vec<Value>,
}

impl fmt::Debug for SfmcWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SfmcWorld").field("origin", &self.shared.origin).finish_non_exhaustive()
    }
}

impl SfmcWorld {
    pub(super) fn new(origin: String, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let state = State {
            units: BTreeMap::new(),
            tokens: HashMap::new(),
            async_requests: HashMap::new(),
            async_waiting: std::collections::VecDeque::new(),
            async_delay: ASYNC_DELAY,
            async_is_atomic: false,
            lower_case_columns: false,
            soap_pages: HashMap::new(),
            row_cursors: HashMap::new(),
            events: Vec::new(),
            runs: Vec::new(),
            calls: 0,
        };
        let shared = Shared {
            origin,
            clock: Arc::clone(&clock),
            client: http_client()?,
            runtime: tokio::runtime::Handle::current(),
            faults: Faults::new(clock),
            state: Mutex::new(state),
            closing: watch::Sender::new(false),
            waiting: Arc::default(),
            designs: Designs::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Registers a business unit, or replaces its credentials when the MID is known; its extensions stay.
    pub fn add_business_unit(&self, unit: BusinessUnit) {
        let mut state = self.lock();
        if let Some(known) = state.units.get_mut(&unit.mid) {
            known.unit = unit;
            return;
        }
        let added = Unit {
            unit: unit.clone(),
            extensions: BTreeMap::new(),
            event_definitions: Vec::new(),
            interactions: Vec::new(),
        };
        state.units.insert(unit.mid, added);
    }

    /// Creates a data extension without asking the rules of SOAP, or replaces the one of the same key.
    ///
    /// # Errors
    ///
    /// When the unit is unknown.
    pub fn create_data_extension(&self, mid: u64, spec: DataExtensionSpec) -> Result<(), UnknownUnit> {
        let mut state = self.lock();
        let unit = state.units.get_mut(&mid).ok_or(UnknownUnit(mid))?;
        let extension = Extension::new(spec, new_guid());
        unit.extensions.insert(extension.key.to_lowercase(), extension);
        Ok(())
    }

    /// The external keys of a unit's extensions.
    pub fn data_extension_keys(&self, mid: u64) -> Vec<String> {
        let state = self.lock();
        let extensions = state.units.get(&mid).into_iter().flat_map(|unit| unit.extensions.values());
        extensions.map(|extension| extension.key.clone()).collect()
    }

    /// The definition of an extension as it is now, columns in order.
    pub fn data_extension(&self, mid: u64, key: &str) -> Option<DataExtensionSpec> {
        self.lock().extension(mid, key).map(Extension::spec)
    }

    /// The rows of an extension in the order they were first written; a column without a value is absent. Empty when
    /// there is no such extension. Booleans are `true` or `false`, other values stand as they were sent.
    pub fn rows(&self, mid: u64, key: &str) -> Vec<BTreeMap<String, String>> {
        let mut state = self.lock();
        state.settle(self.shared.clock.steady());
        state.extension(mid, key).map(Extension::rows).unwrap_or_default()
    }

    /// Writes rows as an import would: by primary key where there is one.
    ///
    /// # Errors
    ///
    /// The first row that the extension's columns refuse, in SFMC's words; the rows before it are written.
    pub fn put_rows(&self, mid: u64, key: &str, rows: Vec<BTreeMap<String, String>>) -> Result<(), String> {
        let mut state = self.lock();
        let extension = state.extension_mut(mid, key).ok_or_else(|| format!("no data extension {key} in {mid}"))?;
        for row in rows {
            let fields = row.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            extension.upsert(&fields)?;
        }
        Ok(())
    }

    /// Registers a journey as `GET /interaction/v1/interactions` shows it. Journeys of the runner are added by
    /// themselves.
    ///
    /// # Errors
    ///
    /// When the unit is unknown.
    pub fn add_interaction(&self, mid: u64, interaction: Value) -> Result<(), UnknownUnit> {
        let mut state = self.lock();
        let unit = state.units.get_mut(&mid).ok_or(UnknownUnit(mid))?;
        unit.interactions.push(interaction);
        Ok(())
    }

    /// Requests received so far, refused ones included, those reset before reading not.
    pub fn requests(&self) -> u64 {
        self.lock().calls
    }

    /// How long asynchronous row requests take to be processed. One second at first.
    pub fn set_async_delay(&self, delay: Duration) {
        self.lock().async_delay = delay;
    }

    /// Whether one bad row makes an asynchronous request store none of its rows. At first only the bad rows are
    /// left out; which of the two the platform does is not documented.
    pub fn set_async_atomic(&self, is_atomic: bool) {
        self.lock().async_is_atomic = is_atomic;
    }

    /// Whether rowset reads spell column names in lower case, as some captures do. Off at first.
    pub fn set_lower_case_columns(&self, lower: bool) {
        self.lock().lower_case_columns = lower;
    }

    /// Makes every token handed out so far invalid, as after two minutes' notice of a changed package.
    pub fn revoke_tokens(&self) {
        self.lock().tokens.clear();
    }

    /// Orders a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// Activates a journey (save, validate, publish of each activity) and lets the audience enter.
    ///
    /// # Errors
    ///
    /// When the unit is unknown, the journey contradicts itself, or an activity's endpoint refuses; the latter blocks
    /// the activation as it would in Journey Builder.
    pub async fn start_journey(
        &self,
        mid: u64,
        journey: Journey,
        audience: Vec<BTreeMap<String, String>>,
        options: JourneyOptions,
    ) -> Result<JourneyRun, JourneyError> {
        let interaction = interactions::of_journey(&journey);
        let run = self.launch(mid, journey, audience, options).await?;
        let mut state = self.lock();
        if let Some(unit) = state.units.get_mut(&mid) {
            unit.interactions.push(interaction);
        }
        Ok(run)
    }

    /// As [`SfmcWorld::start_journey`], of a journey that REST knows already.
    pub(super) async fn launch(
        &self,
        mid: u64,
        journey: Journey,
        audience: Vec<BTreeMap<String, String>>,
        options: JourneyOptions,
    ) -> Result<JourneyRun, JourneyError> {
        let unit = self.lock().units.get(&mid).map(|unit| unit.unit.clone()).ok_or(JourneyError::UnknownUnit(mid))?;
        let unknown = journey.awaited_events().find(|key| self.event_definition(mid, key).is_none());
        if let Some(unknown) = unknown {
            let problem = format!("the business unit has no event definition {unknown}");
            return Err(JourneyError::Invalid(problem));
        }
        let runner = Runner {
            mid,
            waiting: Arc::clone(&self.shared.waiting),
            clock: Arc::clone(&self.shared.clock),
            client: self.shared.client.clone(),
            runtime: self.shared.runtime.clone(),
            signing_secret: unit.signing_secret,
            salt: unit.salt,
            closing: self.shared.closing.subscribe(),
        };
        let run = runner.start(journey, audience, options).await?;
        self.lock().runs.push(run.clone());
        Ok(run)
    }

    /// Shows an interaction over REST from now on, in the place of the one with its id.
    pub(super) fn put_interaction(&self, mid: u64, interaction: Value) {
        let mut state = self.lock();
        let Some(unit) = state.units.get_mut(&mid) else { return };
        let id = interaction.at("id");
        match unit.interactions.iter_mut().find(|known| known.at("id") == id) {
            Some(known) => *known = interaction,
            None => unit.interactions.push(interaction),
        }
    }

    /// The MIDs of the business units, in order.
    pub fn mids(&self) -> Vec<u64> {
        self.lock().units.keys().copied().collect()
    }

    pub(super) fn data_extension_id(&self, mid: u64, key: &str) -> Option<String> {
        self.lock().extension(mid, key).map(|extension| extension.object_id.clone())
    }

    pub(super) fn origin(&self) -> &str {
        &self.shared.origin
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    pub(super) fn client(&self) -> &reqwest::Client {
        &self.shared.client
    }

    pub(super) fn designs(&self) -> &Designs {
        &self.shared.designs
    }

    /// The runs started so far, in order; a run's id is its place.
    pub fn journeys(&self) -> Vec<JourneyRun> {
        self.lock().runs.clone()
    }

    pub(super) fn runtime(&self) -> &tokio::runtime::Handle {
        &self.shared.runtime
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    pub(super) fn shut_down(&self) {
        self.shared.closing.send_replace(true);
    }

    pub(super) fn answer(&self, call: &Call, fault: Option<&FaultKind>) -> Reply {
        let now = self.shared.clock.steady();
        let mut state = self.lock();
        state.calls += 1;
        state.settle(now);
        let is_soap = call.path.eq_ignore_ascii_case("/Service.asmx");
        let async_error = match fault {
            Some(FaultKind::AsyncError { text }) => Some(text.as_str()),
            _ => None,
        };
        let fault = fault.filter(|_| async_error.is_none());
        if let Some(fault) = fault {
            return match fault {
                _ if is_soap => soap::faulty(call, fault),
                FaultKind::Unauthorized if call.path == token::PATH => token::invalid_client(),
                _ => rest::faulty(fault),
            };
        }
        let shared = &self.shared;
        let scene =
            Scene { now, wall: shared.clock.now(), origin: &shared.origin, async_error, waiting: &shared.waiting };
        if is_soap {
            soap::answer(&mut state, &scene, call)
        } else if call.path == token::PATH {
            token::answer(&mut state, &scene, call)
        } else {
            rest::answer(&mut state, &scene, call)
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an answer depends on beside the state.
struct Scene<'a> {
    /// On the steady clock.
    now: Timestamp,
    /// On the wall clock, for dates in answers.
    wall: Timestamp,
    origin: &'a str,
    waiting: &'a Waiting,
    /// How the processing of a row request fails that comes now.
    async_error: Option<&'a str>,
}

impl State {
    fn extension(&self, mid: u64, key: &str) -> Option<&Extension> {
        self.units.get(&mid)?.extensions.get(&key.to_lowercase())
    }

    fn extension_mut(&mut self, mid: u64, key: &str) -> Option<&mut Extension> {
        self.units.get_mut(&mid)?.extensions.get_mut(&key.to_lowercase())
    }
}

fn new_guid() -> String {
    Uuid::new_v4().to_string()
}

/// SFMC's general REST error.
fn rest_error(status: u16, code: u32, message: &str) -> Reply {
    let body = json!({ "message": message, "errorcode": code, "documentation": "" });
    Reply::json(status, &body)
}
