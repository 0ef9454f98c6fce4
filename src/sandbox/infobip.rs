//! Infobip's side: accounts, sending, logs, probes, webhooks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Notify, watch};

mod acceptance;
mod account;
mod channel;
mod endpoints;
mod errors;
mod history;
mod inbound;
mod kakao_alim;
mod kakao_chingu;
mod ledger;
mod links;
mod listings;
mod mms;
mod omni;
mod outcome;
mod rcs;
mod registered;
mod reports;
pub mod sample;
mod schema;
mod sending;
mod sms;
mod status;
mod text;
mod unified;
mod viber;
mod webhooks;
mod whatsapp;

pub use account::InfobipAccount;
pub use inbound::{
    InboundFormat, InboundForward, InboundKind, InboundMessage, SentReply, SignatureEncoding, WebhookSecurity,
};
pub use registered::{KakaoTemplate, OwnNumber, RcsSender, Scenario, WhatsAppSender, WhatsAppTemplate};

use super::DeliveryScript;
use super::faults::{Fault, FaultKind, Faults, WebhookFaults};
use super::front::{Call, Reply};
use super::http_client;
use crate::clock::{Clock, Timestamp};
use account::Account;
use inbound::replies::{self, Reply as PersonsReply};
use ledger::Ledger;
use webhooks::Outbox;

/// One accepted occurrence of a message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedMessage {
    pub message_id: String,
    pub to: String,
    /// What the recipient reads: the text of the content, of a WhatsApp template its body filled in, of RCS cards titles
    /// and descriptions; empty for content without a text.
    pub text: String,
    /// Of OMNI the sender of the scenario's step.
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
    /// The message object as it was sent, with all its destinations; of OMNI the whole request.
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

/// A seen report, whether or not its webhook has taken it away yet.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentSeen {
    pub message_id: String,
    /// The person who saw it.
    pub from: String,
    /// Our sender.
    pub to: String,
    /// On the steady clock.
    pub at: Timestamp,
}

/// A click, whether or not its webhook has taken it away yet.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentClick {
    pub message_id: String,
    /// The person who clicked.
    pub to: String,
    /// The link as it stands in the message.
    pub url: String,
    /// On the steady clock.
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
    /// In the order of the messages they answer.
    replies: Vec<PersonsReply>,
    outbox: Outbox,
    webhook_faults: WebhookFaults,
    poison: Option<String>,
    /// Rejection statuses ordered for senders, as for one that is not registered.
    refused_senders: HashMap<String, u32>,
    calls: u64,
    /// Times of the latest log lookups of each channel's path, for their limit.
    log_calls: HashMap<&'static str, VecDeque<Timestamp>>,
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
            replies: Vec::new(),
            outbox: Outbox::default(),
            webhook_faults: WebhookFaults::default(),
            poison: None,
            refused_senders: HashMap::new(),
            calls: 0,
            log_calls: HashMap::new(),
        };
        let shared = Shared {
            clock: Arc::clone(&clock),
            client: http_client()?,
            runtime: tokio::runtime::Handle::current(),
            faults: Faults::new(clock),
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

    /// Changes what is registered on an account, its scopes for example; nothing for an unknown key. The credit stays:
    /// see [`InfobipWorld::set_balance`].
    pub fn change_account(&self, api_key: &str, change: impl FnOnce(&mut InfobipAccount)) {
        if let Some(account) = self.lock().accounts.get_mut(api_key) {
            account.change(change);
        }
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

    /// Seen reports of messages that are seen by now, in order of acceptance.
    pub fn seen_reports(&self) -> Vec<SentSeen> {
        self.seen_reports_from(0, usize::MAX)
    }

    /// Seen reports of the messages from the `first` accepted on, at most `limit` messages.
    pub fn seen_reports_from(&self, first: usize, limit: usize) -> Vec<SentSeen> {
        let now = self.shared.clock.steady();
        self.lock().ledger.seen(now, first, limit)
    }

    /// Clicks of messages that are clicked by now, in order of acceptance.
    pub fn clicks(&self) -> Vec<SentClick> {
        self.clicks_from(0, usize::MAX)
    }

    /// Clicks of the messages from the `first` accepted on, at most `limit` messages.
    pub fn clicks_from(&self, first: usize, limit: usize) -> Vec<SentClick> {
        let now = self.shared.clock.steady();
        self.lock().ledger.clicks(now, first, limit)
    }

    /// Replies by script that were written by now, in the order of the messages they answer.
    pub fn replies(&self) -> Vec<SentReply> {
        self.replies_from(0, usize::MAX)
    }

    /// Replies from the `first` scheduled on, at most `limit`.
    pub fn replies_from(&self, first: usize, limit: usize) -> Vec<SentReply> {
        let now = self.shared.clock.steady();
        let state = self.lock();
        let written = state.replies.iter().skip(first).take(limit).filter(|reply| reply.at <= now);
        written.map(PersonsReply::shown).collect()
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

    /// Posts an inbound message in its format and returns the status it was answered with. Without credentials, and not
    /// retried.
    ///
    /// # Errors
    ///
    /// When the URL does not answer.
    pub async fn send_inbound(&self, url: &str, message: InboundMessage) -> Result<u16, reqwest::Error> {
        let body = replies::body_of_one(&message, self.shared.clock.now());
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
        endpoint.answer(self, scene, call, &api_key)
    }

    /// What is registered on an account.
    fn registered(&self, api_key: &str) -> Arc<InfobipAccount> {
        self.accounts.get(api_key).map(Account::registered).unwrap_or_default()
    }

    /// The delay from acceptance to the delivery report.
    fn delay(&self) -> Duration {
        self.script.delay + Duration::from_millis(self.webhook_faults.late_ms)
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
