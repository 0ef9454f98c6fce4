//! Infobip's side: accounts, sending, logs, probes, webhooks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

mod acceptance;
mod account;
mod endpoints;
mod errors;
mod history;
mod ledger;
mod outcome;
mod probes;
mod schema;
mod sms;
mod status;
mod text;
mod unified;
mod webhooks;

pub use account::InfobipAccount;

use super::DeliveryScript;
use super::faults::{Fault, FaultKind, Faults, WebhookFaults};
use super::front::{Call, Reply};
use super::http_client;
use crate::clock::{Clock, Timestamp};
use crate::sandbox::fields::Fields as _;
use account::Account;
use ledger::Ledger;
use webhooks::Outbox;

/// One accepted occurrence of a message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedMessage {
    pub message_id: String,
    pub to: String,
    /// The text of the content; empty for content without one.
    pub text: String,
    pub sender: String,
    pub bulk_id: Option<String>,
    pub callback_data: Option<String>,
    /// When the request came, on the steady clock.
    pub at: Timestamp,
    /// Which of the requests of [`InfobipWorld::requests`] brought it, from 1.
    pub request_no: u64,
    /// The path it was sent to.
    pub path: String,
    /// How often a message of this id has been sent by now, refused duplicates included: 1 without repeats.
    pub attempts: u32,
    /// The message object as it was sent, with all its destinations.
    pub raw: Value,
}

/// A final delivery report, whether or not a webhook has taken it away yet.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentReport {
    pub message_id: String,
    pub to: String,
    /// The status id: 5 delivered, 9 undeliverable, 15 expired …
    pub status_id: u32,
    pub status_name: String,
    pub group_name: String,
    /// When the message's fate was decided, on the steady clock.
    pub at: Timestamp,
}

/// The stand-in of Infobip. Clones are handles on the same one.
#[derive(Clone)]
pub struct InfobipWorld {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    client: reqwest::Client,
    runtime: tokio::runtime::Handle,
    faults: Faults,
    state: Mutex<State>,
    /// Rung when a webhook was added or its rules changed.
    outbox_changed: Notify,
    closing: watch::Sender<bool>,
}

/// Everything behind the one lock.
struct State {
    seed: u64,
    script: DeliveryScript,
    accounts: BTreeMap<String, Account>,
    ledger: Ledger,
    outbox: Outbox,
    webhook_faults: WebhookFaults,
    poison: Option<String>,
    /// Rejection statuses ordered for senders, as for one that is not registered.
    refused_senders: HashMap<String, u32>,
    calls: u64,
    /// Times of the latest log lookups, for their limit.
    log_calls: VecDeque<Timestamp>,
}

impl fmt::Debug for InfobipWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InfobipWorld").finish_non_exhaustive()
    }
}

impl InfobipWorld {
    pub(super) fn new(seed: u64, script: DeliveryScript, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let state = State {
            seed,
            script,
            accounts: BTreeMap::new(),
            ledger: Ledger::default(),
            outbox: Outbox::default(),
            webhook_faults: WebhookFaults::default(),
            poison: None,
            refused_senders: HashMap::new(),
            calls: 0,
            log_calls: VecDeque::new(),
        };
        let shared = Shared {
            clock,
            client: http_client()?,
            runtime: tokio::runtime::Handle::current(),
            faults: Faults::default(),
            state: Mutex::new(state),
            outbox_changed: Notify::new(),
            closing: watch::Sender::new(false),
        };
        let world = Self { shared: Arc::new(shared) };
        world.shared.runtime.spawn(webhooks::deliver(world.clone()));
        Ok(world)
    }

    /// Registers an account, or replaces the one of the same key.
    pub fn add_account(&self, account: InfobipAccount) {
        self.lock().accounts.insert(account.api_key.clone(), Account::new(account));
    }

    /// Makes an API key unknown from now on.
    pub fn revoke_key(&self, api_key: &str) {
        self.lock().accounts.remove(api_key);
    }

    /// Sets what an account may still spend.
    pub fn set_balance(&self, api_key: &str, balance: f64) {
        if let Some(account) = self.lock().accounts.get_mut(api_key) {
            account.set_balance(balance);
        }
    }

    /// What an account may still spend; `None` for an unknown key.
    pub fn balance(&self, api_key: &str) -> Option<f64> {
        self.lock().accounts.get(api_key).map(Account::balance)
    }

    /// Every accepted message in order, one entry per occurrence.
    pub fn received(&self) -> Vec<ReceivedMessage> {
        self.received_from(0, usize::MAX)
    }

    /// Accepted messages from the `first` on (0 is the oldest), at most `limit`: for reading many piece by piece.
    pub fn received_from(&self, first: usize, limit: usize) -> Vec<ReceivedMessage> {
        self.lock().ledger.received(first, limit)
    }

    /// How many messages were accepted.
    pub fn received_count(&self) -> usize {
        self.lock().ledger.len()
    }

    /// Requests received so far, refused ones included, those reset before reading not.
    pub fn requests(&self) -> u64 {
        self.lock().calls
    }

    /// How often a message id was sent, refused duplicates included.
    pub fn attempts(&self, message_id: &str) -> u32 {
        self.lock().ledger.attempts(message_id)
    }

    /// The final reports of messages whose fate is decided, in order of acceptance.
    pub fn reports(&self) -> Vec<SentReport> {
        self.reports_from(0, usize::MAX)
    }

    /// Final reports of the messages from the `first` accepted on, at most `limit`.
    pub fn reports_from(&self, first: usize, limit: usize) -> Vec<SentReport> {
        let now = self.shared.clock.steady();
        self.lock().ledger.reports(now, first, limit)
    }

    /// Webhook requests that were answered with 2xx.
    pub fn webhooks_sent(&self) -> u64 {
        self.lock().outbox.sent
    }

    /// Webhook requests that failed; each is repeated on Infobip's schedule.
    pub fn webhooks_failed(&self) -> u64 {
        self.lock().outbox.failed
    }

    /// Reports and clicks that wait for their moment, for a retry, for webhooks to be on, or for an answer.
    pub fn webhooks_pending(&self) -> usize {
        self.lock().outbox.pending()
    }

    /// Replaces what becomes of messages accepted from now on.
    pub fn set_delivery(&self, script: DeliveryScript) {
        self.lock().script = script;
    }

    /// Makes every message from `sender` be refused with a status of group 5, 11 `REJECTED_SOURCE` for example; `None` ends
    /// it.
    pub fn refuse_sender(&self, sender: &str, status_id: Option<u32>) {
        let mut state = self.lock();
        match status_id {
            Some(id) => state.refused_senders.insert(sender.to_owned(), id),
            None => state.refused_senders.remove(sender),
        };
    }

    /// Orders a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// Ends all faults, those of webhooks and the poison marker too.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
        self.set_poison(None);
        self.set_webhook_faults(WebhookFaults::default());
    }

    /// While set, a request with this marker in any message's text is refused as a whole with 400.
    pub fn set_poison(&self, marker: Option<&str>) {
        self.lock().poison = marker.map(str::to_owned);
    }

    /// Sets what webhooks do wrong.
    pub fn set_webhook_faults(&self, faults: WebhookFaults) {
        self.lock().webhook_faults = faults;
        self.shared.outbox_changed.notify_one();
    }

    /// Posts an inbound message in the format `MO_MESSAGES_API_JSON` (infobip.md 9.5) and returns the status it was
    /// answered with. Not retried.
    ///
    /// # Errors
    ///
    /// When the URL does not answer.
    pub async fn send_inbound(&self, url: &str, message: InboundMessage) -> Result<u16, reqwest::Error> {
        let body = json!({ "results": [message.to_json(self.shared.clock.now())] });
        let answer = self.shared.client.post(url).json(&body).send().await?;
        Ok(answer.status().as_u16())
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    pub(super) fn shut_down(&self) {
        self.shared.closing.send_replace(true);
    }

    pub(super) fn answer(&self, call: &Call, fault: Option<&FaultKind>) -> Reply {
        let scene = Scene { now: self.shared.clock.steady(), wall: self.shared.clock.now() };
        let mut state = self.lock();
        state.calls += 1;
        let reply = match fault {
            Some(fault) => errors::faulty(fault),
            None => state.route(&scene, call),
        };
        drop(state);
        self.shared.outbox_changed.notify_one();
        reply
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message from a person, as [`InfobipWorld::send_inbound`] posts it.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InboundMessage {
    /// `SMS`, `MMS`, `WHATSAPP`, `VIBER_BM`, `RCS`; `SMS` when empty.
    pub channel: String,
    /// The person's number.
    pub sender: String,
    /// Our number.
    pub destination: String,
    pub text: String,
    /// Made up when missing.
    pub message_id: Option<String>,
    /// The message it answers, when Infobip could tell.
    pub paired_message_id: Option<String>,
    pub callback_data: Option<String>,
}

impl InboundMessage {
    fn to_json(&self, now: Timestamp) -> Value {
        let text = self.text.trim();
        let (keyword, clean) = text.split_once(' ').unwrap_or((text, ""));
        let mut body = json!({
            "event": "MO",
            "channel": if self.channel.is_empty() { "SMS" } else { &self.channel },
            "sender": self.sender,
            "destination": self.destination,
            "content": [{ "type": "TEXT", "text": self.text, "cleanText": clean, "keyword": keyword.to_uppercase() }],
            "receivedAt": webhooks::date(now),
            "messageId": self.message_id.clone().unwrap_or_else(new_id),
            "messageCount": 1,
        });
        if let Some(paired) = &self.paired_message_id {
            body.set("pairedMessageId", paired.as_str());
        }
        if let Some(data) = &self.callback_data {
            body.set("callbackData", data.as_str());
        }
        body
    }
}

/// What an answer depends on beside the state.
struct Scene {
    /// On the steady clock.
    now: Timestamp,
    /// On the wall clock, for dates in answers.
    wall: Timestamp,
}

impl State {
    /// Authentication, then scope, then the endpoint itself.
    fn route(&mut self, scene: &Scene, call: &Call) -> Reply {
        let family = errors::Family::of(&call.path);
        let key = call.header("authorization").and_then(|value| value.strip_prefix("App "));
        let Some(api_key) = key.filter(|key| self.accounts.contains_key(*key)).map(str::to_owned) else {
            return errors::unauthorized(family);
        };
        let Some(endpoint) = endpoints::find(&call.method, &call.path) else { return errors::not_found(family) };
        let is_allowed = self.accounts.get(&api_key).is_some_and(|account| account.allows_any(endpoint.scopes));
        if !is_allowed {
            return errors::forbidden(family);
        }
        (endpoint.answer)(self, scene, call, &api_key)
    }

    /// The delay from acceptance to the delivery report.
    fn delay(&self) -> Duration {
        self.script.delay + Duration::from_millis(self.webhook_faults.late_ms)
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
