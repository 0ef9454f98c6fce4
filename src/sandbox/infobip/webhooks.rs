//! Webhooks: when they are due, how they are batched, and Infobip's retry schedule (infobip.md 9.8).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::inbound::WebhookSecurity;
use super::inbound::replies::{self, Reply};
use super::status::WAITING;
use super::{InfobipWorld, State};
use crate::clock::Timestamp;

/// Requests to one URL at a time. What comes due meanwhile gathers into the next batch.
const IN_FLIGHT_MAX: usize = 4;
/// A receiver that takes longer has failed. On the system's time: a test that moves the clock must not make a receiver
/// in the same process look slow.
const TIMEOUT: Duration = Duration::from_secs(30);
/// After about two days a report is lost: the wait before retry 20 ends 48 h 11 min after the first attempt.
const RETRIES_MAX: u32 = 20;

/// `yyyy-MM-dd'T'HH:mm:ss.SSS+0000`, the offset without a colon.
pub(super) fn date(at: Timestamp) -> String {
    format!("{}+0000", at.to_iso_millis().trim_end_matches('Z'))
}

/// Something to report about the message at `place` in the ledger, or among the replies.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) url: Arc<str>,
    pub(super) place: usize,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A report with a pending status, asked for by `intermediateReport`.
    Intermediate,
    Final,
    Seen,
    Click,
    Reply,
}

/// A failed request that will be repeated as it was.
#[derive(Debug)]
struct Parcel {
    url: Arc<str>,
    items: Vec<Item>,
    /// Failures so far.
    failures: u32,
}

/// Everything that is still to be sent.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    due: BTreeMap<(Timestamp, u64), Item>,
    repeats: BTreeMap<(Timestamp, u64), Parcel>,
    /// Due, by URL, waiting for a free request.
    ready: HashMap<Arc<str>, VecDeque<Item>>,
    in_flight: HashMap<Arc<str>, usize>,
    /// Items in the requests that are in flight.
    on_their_way: usize,
    order: u64,
    /// Requests answered with 2xx.
    pub(super) sent: u64,
    pub(super) failed: u64,
}

impl Outbox {
    pub(super) fn schedule(&mut self, at: Timestamp, item: Item) {
        self.order += 1;
        self.due.insert((at, self.order), item);
    }

    pub(super) fn pending(&self) -> usize {
        let ready: usize = self.ready.values().map(VecDeque::len).sum();
        let repeats: usize = self.repeats.values().map(|parcel| parcel.items.len()).sum();
        self.due.len() + ready + repeats + self.on_their_way
    }

    fn earliest(&self) -> Option<Timestamp> {
        let due = self.due.keys().next().map(|(at, _)| *at);
        let repeat = self.repeats.keys().next().map(|(at, _)| *at);
        due.into_iter().chain(repeat).min()
    }

    /// Takes what is due at `now` and may be sent.
    fn collect(&mut self, now: Timestamp, batch_max: usize, is_reordered: bool, replies: &[Reply]) -> Vec<Parcel> {
        let after_now = (now.plus_nanos(1), 0);
        let later = self.due.split_off(&after_now);
        let mut due: Vec<Item> = std::mem::replace(&mut self.due, later).into_values().collect();
        if is_reordered {
            due.reverse();
        }
        for item in due {
            self.ready.entry(Arc::clone(&item.url)).or_default().push_back(item);
        }
        let later = self.repeats.split_off(&after_now);
        let mut parcels: Vec<Parcel> = std::mem::replace(&mut self.repeats, later).into_values().collect();
        for parcel in &parcels {
            *self.in_flight.entry(Arc::clone(&parcel.url)).or_default() += 1;
        }
        for (url, ready) in &mut self.ready {
            let in_flight = self.in_flight.entry(Arc::clone(url)).or_default();
            while *in_flight < IN_FLIGHT_MAX && !ready.is_empty() {
                parcels.push(Parcel {
                    url: Arc::clone(url),
                    items: batch(ready, batch_max.max(1), replies),
                    failures: 0,
                });
                *in_flight += 1;
            }
        }
        self.ready.retain(|_, ready| !ready.is_empty());
        self.on_their_way += parcels.iter().map(|parcel| parcel.items.len()).sum::<usize>();
        parcels
    }

    fn done(&mut self, parcel: Parcel, is_taken: bool, now: Timestamp) {
        if let Some(in_flight) = self.in_flight.get_mut(&parcel.url) {
            *in_flight = in_flight.saturating_sub(1);
        }
        self.on_their_way = self.on_their_way.saturating_sub(parcel.items.len());
        if is_taken {
            self.sent += 1;
            return;
        }
        self.failed += 1;
        if parcel.failures >= RETRIES_MAX {
            return;
        }
        let minutes = 1 + u64::from(parcel.failures) * u64::from(parcel.failures);
        let at = now.plus(Duration::from_secs(60 * minutes));
        self.order += 1;
        self.repeats.insert((at, self.order), Parcel { failures: parcel.failures + 1, ..parcel });
    }
}

/// The next request's items: one click, or up to `max` reports or replies of one kind.
fn batch(ready: &mut VecDeque<Item>, max: usize, replies: &[Reply]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    while let Some(item) = ready.front() {
        // A click is a single object, never part of a list; seen reports have requests of their own.
        let is_click = item.what == What::Click;
        let is_other = items.first().is_some_and(|first| is_click || !go_together(first, item, replies));
        if items.len() >= max || is_other {
            break;
        }
        items.extend(ready.pop_front());
        if is_click {
            break;
        }
    }
    items
}

/// Whether two items, neither a click, can be in one request.
fn go_together(first: &Item, second: &Item, replies: &[Reply]) -> bool {
    match (first.what, second.what) {
        (What::Reply, What::Reply) => {
            let both = replies.get(first.place).zip(replies.get(second.place));
            both.is_some_and(|(first, second)| first.fits(second))
        }
        (What::Reply, _) | (_, What::Reply) => false,
        (first, second) => (first == What::Seen) == (second == What::Seen),
    }
}

impl State {
    /// The replies among a request's items: all of them or none.
    fn replies_of<'a>(&'a self, items: &'a [Item]) -> impl Iterator<Item = &'a Reply> {
        items.iter().filter(|item| item.what == What::Reply).filter_map(|item| self.replies.get(item.place))
    }

    fn security(&self, items: &[Item]) -> Option<WebhookSecurity> {
        self.replies_of(items).next().and_then(|reply| reply.security.clone())
    }

    fn body(&self, items: &[Item], now: Timestamp) -> Value {
        if items.first().is_some_and(|item| item.what == What::Reply) {
            return replies::body(self.replies_of(items));
        }
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            let Some(entry) = self.ledger.entry(item.place) else { continue };
            match item.what {
                What::Intermediate => results.push(entry.report(WAITING)),
                What::Final => results.push(entry.report(entry.fate)),
                What::Seen => results.push(entry.seen_report()),
                What::Click => return entry.click(now),
                What::Reply => {}
            }
        }
        json!({ "results": results })
    }
}

/// A request's content beside its address.
struct Posting {
    body: Value,
    security: Option<WebhookSecurity>,
    is_duplicated: bool,
}

/// Sends webhooks until the sandbox stops.
pub(super) async fn deliver(world: InfobipWorld) {
    let mut closing = world.shared.closing.subscribe();
    let mut sending = FuturesUnordered::new();
    loop {
        let now = world.shared.clock.steady();
        let (parcels, earliest) = {
            let mut state = world.lock();
            let faults = state.webhook_faults.clone();
            let batch_max = state.script.batch_max;
            let mut parcels = Vec::new();
            if !faults.off {
                let State { outbox, replies, .. } = &mut *state;
                for parcel in outbox.collect(now, batch_max, faults.reordered, replies) {
                    let posting = Posting {
                        body: state.body(&parcel.items, world.shared.clock.now()),
                        security: state.security(&parcel.items),
                        is_duplicated: faults.duplicated,
                    };
                    parcels.push((parcel, posting));
                }
            }
            let earliest = if faults.off { None } else { state.outbox.earliest() };
            (parcels, earliest)
        };
        for (parcel, posting) in parcels {
            sending.push(post(world.clone(), parcel, posting));
        }
        let alarm = async {
            match earliest {
                Some(at) => world.shared.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some((parcel, is_taken)) = sending.next(), if !sending.is_empty() => {
                let now = world.shared.clock.steady();
                world.lock().outbox.done(parcel, is_taken, now);
            }
            () = alarm => {}
            () = world.shared.outbox_changed.notified() => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
    }
}

async fn post(world: InfobipWorld, parcel: Parcel, posting: Posting) -> (Parcel, bool) {
    let Posting { body, security, is_duplicated } = posting;
    // What is signed is what is sent, to the byte.
    let body = Bytes::from(body.to_string());
    let credentials = security.map(|security| security.header(&body));
    let mut is_taken = false;
    for _ in 0..if is_duplicated { 2 } else { 1 } {
        let mut request = world.shared.client.post(&*parcel.url).header(CONTENT_TYPE, "application/json");
        if let Some((name, value)) = &credentials {
            request = request.header(name, value);
        }
        let answer = request.body(body.clone()).timeout(TIMEOUT).send().await;
        is_taken = answer.is_ok_and(|answer| answer.status().is_success());
    }
    (parcel, is_taken)
}
