//! The walk: one loop per journey, no task per contact.
//!
//! A contact is either ready at an activity, in flight to its endpoint, asleep until a moment, or held until an event and
//! at most until a moment; the loop moves it from one to the next. Executes in flight are bounded by each activity's `concurrentRequests`.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::execute::{Attempt, Pass, attempt};
use super::step::{Branch, Rule, Step, steps};
use super::template::{Defaults, Scope};
use super::waiting::{Awaited, Waiting};
use super::{
    Activity, CONTACT_KEY_COLUMN, ContactPath, Ejection, Journey, JourneyError, JourneyOptions, JourneyOutcome,
    JourneyRun, check_audience, lifecycle,
};
use crate::clock::{Clock, Timestamp};

/// What a journey needs from its business unit and the sandbox.
pub(in crate::sandbox) struct Runner {
    pub(in crate::sandbox) mid: u64,
    pub(in crate::sandbox) waiting: Arc<Waiting>,
    pub(in crate::sandbox) clock: Arc<dyn Clock>,
    pub(in crate::sandbox) client: reqwest::Client,
    pub(in crate::sandbox) runtime: tokio::runtime::Handle,
    pub(in crate::sandbox) signing_secret: String,
    pub(in crate::sandbox) salt: Option<(String, String)>,
    /// Turns true when the sandbox stops.
    pub(in crate::sandbox) closing: watch::Receiver<bool>,
}

impl Runner {
    /// Activates the journey and lets the audience enter; the walk goes on in the background.
    pub(in crate::sandbox) async fn start(
        self,
        journey: Journey,
        audience: Vec<BTreeMap<String, String>>,
        options: JourneyOptions,
    ) -> Result<JourneyRun, JourneyError> {
        journey.check()?;
        check_audience(&audience)?;
        let steps = steps(&journey, &self.signing_secret, self.salt.as_ref())?;
        let ids: Vec<String> = steps
            .iter()
            .map(|step| match step {
                Step::Rest { settings, .. } => settings.activity_id.clone(),
                Step::Wait { .. } | Step::Event { .. } | Step::Split { .. } => String::new(),
            })
            .collect();
        if !options.skips_activation {
            for call in ["save", "validate", "publish"] {
                lifecycle::call_all(&self.client, &self.clock, &journey, &ids, call).await?;
            }
        }
        let run = JourneyRun::new();
        run.lock().entered = audience.len() as u64;
        let (release, released) = mpsc::unbounded_channel();
        let walk = Walk {
            release,
            released,
            defaults: Defaults::of(&journey),
            contacts: audience.into_iter().map(Contact::new).collect(),
            ready: steps.iter().map(|_| VecDeque::new()).collect(),
            in_flight: vec![0; steps.len()],
            asleep: BTreeMap::new(),
            sleeps: 0,
            inside: 0,
            executing: FuturesUnordered::new(),
            run: run.clone(),
            runner: self,
            is_test: options.is_test,
            ids,
            journey,
            steps,
        };
        walk.runner.runtime.clone().spawn(walk.go());
        Ok(run)
    }
}

struct Contact {
    row: BTreeMap<String, String>,
    definition_instance_id: String,
    /// Of the activity the contact is at; the same over retries.
    activity_instance_id: String,
    attempts: u64,
    /// Places of the activities it arrived at.
    path: Vec<usize>,
    branches: Vec<String>,
    out_arguments: BTreeMap<String, BTreeMap<String, Value>>,
    held: Option<Hold>,
    /// Neither finished nor ejected.
    is_inside: bool,
    ejected: Option<Ejection>,
}

impl Contact {
    fn new(row: BTreeMap<String, String>) -> Self {
        Self {
            row,
            definition_instance_id: Uuid::new_v4().to_string(),
            activity_instance_id: String::new(),
            attempts: 0,
            path: Vec::new(),
            branches: Vec::new(),
            out_arguments: BTreeMap::new(),
            held: None,
            is_inside: true,
            ejected: None,
        }
    }

    fn key(&self) -> &str {
        self.row.get(CONTACT_KEY_COLUMN).map(String::as_str).unwrap_or_default()
    }
}

/// A contact's wait for an event.
struct Hold {
    awaited: Awaited,
    ticket: u64,
    /// Under which its longest wait is among the sleeps.
    alarm: (Timestamp, u64),
    came: Branch,
    otherwise: Branch,
}

/// What a sleeping contact does when it wakes.
#[derive(Clone, Copy)]
enum Waking {
    Goes(Option<usize>),
    Retries(usize),
    GivesUp,
}

struct Executed {
    contact: usize,
    place: usize,
    attempt: Attempt,
}

/// A moment and the sleep until it.
type Alarm = (Timestamp, Pin<Box<dyn Future<Output = ()> + Send>>);

type Executing = Pin<Box<dyn Future<Output = Executed> + Send>>;

struct Walk {
    runner: Runner,
    journey: Journey,
    steps: Vec<Step>,
    /// The activity ids, by place.
    ids: Vec<String>,
    defaults: Defaults,
    is_test: bool,
    contacts: Vec<Contact>,
    /// Contacts waiting for a free request, by place.
    ready: Vec<VecDeque<usize>>,
    in_flight: Vec<usize>,
    asleep: BTreeMap<(Timestamp, u64), (usize, Waking)>,
    sleeps: u64,
    /// Given to whoever fires events; gets the place of a contact whose event came.
    release: mpsc::UnboundedSender<usize>,
    released: mpsc::UnboundedReceiver<usize>,
    /// How many contacts are inside.
    inside: usize,
    executing: FuturesUnordered<Executing>,
    run: JourneyRun,
}

/// What woke the loop.
enum Wake {
    Executed(Executed),
    Event(usize),
    Time,
    Stop,
    Closing,
}

impl Walk {
    async fn go(mut self) {
        self.inside = self.contacts.len();
        for contact in 0..self.contacts.len() {
            self.arrive(contact, Some(0));
        }
        let mut closing = self.runner.closing.clone();
        let run = self.run.clone();
        // The same sleep is kept while the earliest moment stays the same.
        let mut alarm: Option<Alarm> = None;
        loop {
            self.dispatch();
            if self.inside == 0 {
                break;
            }
            let earliest = self.asleep.keys().next().map(|(until, _)| *until);
            if alarm.as_ref().map(|(until, _)| *until) != earliest {
                alarm = earliest.map(|until| (until, self.runner.clock.sleep_until(until)));
            }
            let wake = tokio::select! {
                Some(executed) = self.executing.next(), if !self.executing.is_empty() => Wake::Executed(executed),
                Some(contact) = self.released.recv() => Wake::Event(contact),
                () = ring(&mut alarm), if alarm.is_some() => Wake::Time,
                () = run.shared.stopping.notified() => Wake::Stop,
                _ = closing.wait_for(|closing| *closing) => Wake::Closing,
            };
            match wake {
                Wake::Executed(executed) => self.executed(executed),
                Wake::Event(contact) => self.event_came(contact),
                Wake::Time => {
                    alarm = None;
                    self.wake_up();
                }
                Wake::Stop => {
                    self.stop().await;
                    break;
                }
                Wake::Closing => {
                    self.eject_all("the sandbox was stopped");
                    break;
                }
            }
        }
        self.finish();
    }

    /// Moves a contact to an activity, and on through those that need no waiting.
    fn arrive(&mut self, index: usize, to: Option<usize>) {
        let mut to = to;
        loop {
            let Some(contact) = self.contacts.get_mut(index) else { return };
            let Some(place) = to else {
                contact.is_inside = false;
                self.inside -= 1;
                self.run.lock().finished += 1;
                return;
            };
            contact.path.push(place);
            let key = self.journey.activities.get(place).map(Activity::key).unwrap_or_default();
            *self.run.lock().arrived.entry(key.to_owned()).or_default() += 1;
            match self.steps.get(place) {
                Some(Step::Rest { .. }) => {
                    contact.attempts = 0;
                    contact.activity_instance_id = Uuid::new_v4().to_string();
                    if let Some(ready) = self.ready.get_mut(place) {
                        ready.push_back(index);
                    }
                    return;
                }
                Some(Step::Wait { duration, next }) => {
                    let (until, next) = (self.runner.clock.steady().plus(*duration), *next);
                    self.sleep(until, index, Waking::Goes(next));
                    return;
                }
                Some(Step::Event { event_definition_key, max_wait, came, otherwise }) => {
                    let awaited = Awaited {
                        mid: self.runner.mid,
                        event_definition_key: event_definition_key.clone(),
                        contact_key: contact.key().to_owned(),
                    };
                    let (came, otherwise) = (came.clone(), otherwise.clone());
                    let until = self.runner.clock.steady().plus(*max_wait);
                    let ticket = self.runner.waiting.hold(awaited.clone(), index, self.release.clone());
                    let alarm = self.sleep(until, index, Waking::GivesUp);
                    if let Some(contact) = self.contacts.get_mut(index) {
                        contact.held = Some(Hold { awaited, ticket, alarm, came, otherwise });
                    }
                    return;
                }
                Some(Step::Split { rules, otherwise }) => {
                    let scope = self.scope(index, place);
                    let holds = |rule: &&Rule| {
                        let operand = scope.as_ref().map(|scope| rule.operand.resolve(scope)).unwrap_or_default();
                        rule.operator.holds(&operand, &rule.value)
                    };
                    let branch = rules.iter().find(holds).map_or(otherwise, |rule| &rule.branch).clone();
                    to = branch.next;
                    self.takes(index, branch.label);
                }
                None => to = None,
            }
        }
    }

    fn scope(&self, index: usize, place: usize) -> Option<Scope<'_>> {
        let contact = self.contacts.get(index)?;
        Some(Scope {
            journey: &self.journey,
            is_test: self.is_test,
            row: &contact.row,
            out_arguments: &contact.out_arguments,
            definition_instance_id: &contact.definition_instance_id,
            activity_id: self.ids.get(place)?,
            activity_key: self.journey.activities.get(place)?.key(),
            defaults: &self.defaults,
        })
    }

    /// Returns the key among the sleeps.
    fn sleep(&mut self, until: Timestamp, index: usize, waking: Waking) -> (Timestamp, u64) {
        self.sleeps += 1;
        self.asleep.insert((until, self.sleeps), (index, waking));
        (until, self.sleeps)
    }

    fn event_came(&mut self, index: usize) {
        let Some(hold) = self.contacts.get_mut(index).and_then(|contact| contact.held.take()) else { return };
        self.asleep.remove(&hold.alarm);
        self.take_branch(index, &hold.came);
    }

    fn gives_up(&mut self, index: usize) {
        let Some(contact) = self.contacts.get_mut(index) else { return };
        let waiting = &self.runner.waiting;
        // When the event came at the same moment, its release decides.
        let ended = contact.held.take_if(|hold| waiting.give_up(&hold.awaited, hold.ticket));
        if let Some(hold) = ended {
            self.take_branch(index, &hold.otherwise);
        }
    }

    fn take_branch(&mut self, index: usize, branch: &Branch) {
        self.takes(index, branch.label.clone());
        self.arrive(index, branch.next);
    }

    fn takes(&mut self, index: usize, label: String) {
        *self.run.lock().branches.entry(label.clone()).or_default() += 1;
        if let Some(contact) = self.contacts.get_mut(index) {
            contact.branches.push(label);
        }
    }

    fn wake_up(&mut self) {
        let now = self.runner.clock.steady();
        while let Some(entry) = self.asleep.first_entry() {
            if entry.key().0 > now {
                return;
            }
            match entry.remove() {
                (index, Waking::Goes(next)) => self.arrive(index, next),
                (index, Waking::Retries(place)) => {
                    if let Some(ready) = self.ready.get_mut(place) {
                        ready.push_front(index);
                    }
                }
                (index, Waking::GivesUp) => self.gives_up(index),
            }
        }
    }

    /// Sends what may be sent.
    fn dispatch(&mut self) {
        for place in 0..self.steps.len() {
            let Some(Step::Rest { settings, .. }) = self.steps.get(place) else { continue };
            let max = settings.concurrent_max;
            while self.in_flight.get(place).is_some_and(|in_flight| *in_flight < max) {
                let Some(index) = self.ready.get_mut(place).and_then(VecDeque::pop_front) else { break };
                self.send(index, place);
            }
        }
    }

    fn send(&mut self, index: usize, place: usize) {
        let (Some(Step::Rest { settings, .. }), Some(scope), Some(contact)) =
            (self.steps.get(place), self.scope(index, place), self.contacts.get(index))
        else {
            return;
        };
        let in_arguments = settings.in_arguments.resolve(&scope);
        let pass = Pass {
            journey_id: &self.journey.journey_id,
            definition_instance_id: &contact.definition_instance_id,
            activity_instance_id: &contact.activity_instance_id,
            contact_key: contact.key(),
        };
        let request = settings.request(&pass, in_arguments);
        let is_retry = contact.attempts > 0;
        let (client, clock) = (self.runner.client.clone(), Arc::clone(&self.runner.clock));
        self.executing.push(Box::pin(async move {
            let attempt = attempt(client, clock, request).await;
            Executed { contact: index, place, attempt }
        }));
        if let Some(contact) = self.contacts.get_mut(index) {
            contact.attempts += 1;
        }
        if let Some(in_flight) = self.in_flight.get_mut(place) {
            *in_flight += 1;
        }
        let mut progress = self.run.lock();
        progress.executes += 1;
        progress.retries += u64::from(is_retry);
    }

    fn executed(&mut self, executed: Executed) {
        let Executed { contact: index, place, attempt } = executed;
        if let Some(in_flight) = self.in_flight.get_mut(place) {
            *in_flight -= 1;
        }
        let Some(Step::Rest { settings, next }) = self.steps.get(place) else { return };
        let next = *next;
        let Some(contact) = self.contacts.get_mut(index) else { return };
        match attempt {
            Attempt::Passed(out_arguments) => {
                let key = self.journey.activities.get(place).map(Activity::key).unwrap_or_default();
                contact.out_arguments.insert(key.to_owned(), out_arguments);
                self.arrive(index, next);
            }
            Attempt::Failed(_) if contact.attempts <= settings.retry_count => {
                let until = self.runner.clock.steady().plus(settings.retry_delay);
                self.sleep(until, index, Waking::Retries(place));
            }
            Attempt::Failed(reason) | Attempt::Refused(reason) => self.eject(index, reason),
        }
    }

    fn eject(&mut self, index: usize, reason: String) {
        let Some(contact) = self.contacts.get_mut(index).filter(|contact| contact.is_inside) else { return };
        if let Some(hold) = contact.held.take() {
            self.runner.waiting.give_up(&hold.awaited, hold.ticket);
        }
        contact.is_inside = false;
        let place = contact.path.last().copied().unwrap_or_default();
        let activity = self.journey.activities.get(place).map(Activity::key).unwrap_or_default().to_owned();
        contact.ejected = Some(Ejection { activity, reason });
        self.inside -= 1;
        self.run.lock().ejected += 1;
    }

    /// Lets the executes in flight end, tells the endpoints, and puts everybody out.
    async fn stop(&mut self) {
        // From here on events find nobody here; who was released before goes on and is ejected at the next activity.
        self.released.close();
        while let Ok(contact) = self.released.try_recv() {
            self.event_came(contact);
        }
        for ready in &mut self.ready {
            // They stay inside and are ejected below; none is sent any more.
            ready.clear();
        }
        while let Some(executed) = self.executing.next().await {
            self.executed(executed);
        }
        let called =
            lifecycle::call_all(&self.runner.client, &self.runner.clock, &self.journey, &self.ids, "stop").await;
        if let Err(error) = called {
            tracing::warn!(%error, "an activity did not take the stop of its journey");
        }
        self.eject_all("the journey was stopped");
    }

    fn eject_all(&mut self, reason: &str) {
        self.asleep.clear();
        for index in 0..self.contacts.len() {
            self.eject(index, reason.to_owned());
        }
    }

    fn finish(self) {
        let keys: Vec<String> = self.journey.activities.iter().map(|activity| activity.key().to_owned()).collect();
        let contacts = self.contacts.into_iter().map(|contact| ContactPath {
            contact_key: contact.key().to_owned(),
            path: contact.path.iter().filter_map(|place| keys.get(*place)).cloned().collect(),
            definition_instance_id: contact.definition_instance_id,
            branches: contact.branches,
            out_arguments: contact.out_arguments,
            ejected: contact.ejected,
        });
        let contacts = contacts.collect();
        let progress = self.run.progress();
        self.run.finish(JourneyOutcome { progress, contacts });
    }
}

async fn ring(alarm: &mut Option<Alarm>) {
    match alarm {
        Some((_, sleep)) => sleep.await,
        None => std::future::pending().await,
    }
}
