//! What was accepted, compactly: a few hundred thousand messages must fit.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::channel::Channel;
use super::status::{Status, StatusError};
use super::{ReceivedMessage, SentClick, SentReport, SentSeen};
use crate::clock::Timestamp;

/// One accepted occurrence. What is not here is read from `raw` when somebody asks.
pub(super) struct Entry {
    pub(super) message_id: Box<str>,
    pub(super) to: Box<str>,
    /// The message object, shared by its destinations.
    pub(super) raw: Arc<str>,
    pub(super) channel: &'static Channel,
    /// The channel that delivers it: of OMNI the first of the scenario, else the endpoint's.
    pub(super) channel_name: &'static str,
    pub(super) sender: Arc<str>,
    pub(super) text: Arc<str>,
    /// The link that is tracked.
    pub(super) link: Option<Arc<str>>,
    pub(super) bulk_id: Option<Arc<str>>,
    pub(super) at: Timestamp,
    pub(super) wall_at: Timestamp,
    pub(super) delay: Duration,
    /// When it is seen, for one whose seen report is asked for and comes.
    pub(super) seen_after: Option<Duration>,
    pub(super) clicked_after: Option<Duration>,
    pub(super) request_no: u64,
    pub(super) fate: Status,
    /// Why the platform lets it fail, other than by its fate.
    pub(super) failure: Option<StatusError>,
    pub(super) parts: u32,
    /// Whether its reports lack `to` and `error`.
    pub(super) is_bare: bool,
    /// Reports without a webhook wait for `GET …/reports`.
    pub(super) is_pollable: bool,
}

impl Entry {
    pub(super) fn is_decided(&self, now: Timestamp) -> bool {
        self.at.plus(self.delay) <= now
    }

    pub(super) fn message(&self) -> Value {
        serde_json::from_str(&self.raw).unwrap_or_default()
    }
}

/// All accepted messages in order.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
    /// Where the first occurrence of an id is, and how often the id was sent.
    by_id: HashMap<Box<str>, (usize, u32)>,
    /// Entries whose report nobody has fetched, in order of acceptance.
    unpolled: VecDeque<usize>,
}

impl Ledger {
    pub(super) fn add(&mut self, entry: Entry) -> usize {
        let place = self.entries.len();
        self.by_id.entry(entry.message_id.clone()).or_insert((place, 1));
        if entry.is_pollable {
            self.unpolled.push_back(place);
        }
        self.entries.push(entry);
        place
    }

    /// Whether the id was accepted before; counts the attempt if so.
    pub(super) fn is_repeated(&mut self, message_id: &str) -> bool {
        match self.by_id.get_mut(message_id) {
            Some((_, attempts)) => {
                *attempts += 1;
                true
            }
            None => false,
        }
    }

    pub(super) fn attempts(&self, message_id: &str) -> u32 {
        self.by_id.get(message_id).map_or(0, |(_, attempts)| *attempts)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entry(&self, place: usize) -> Option<&Entry> {
        self.entries.get(place)
    }

    pub(super) fn by_id(&self, message_id: &str) -> Option<&Entry> {
        self.by_id.get(message_id).and_then(|(place, _)| self.entries.get(*place))
    }

    /// Latest first.
    pub(super) fn latest(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// Takes up to `limit` decided reports that no webhook brings; each is handed out once.
    pub(super) fn poll(&mut self, now: Timestamp, limit: usize, is_wanted: impl Fn(&Entry) -> bool) -> Vec<Value> {
        let mut reports = Vec::new();
        let entries = &self.entries;
        self.unpolled.retain(|place| {
            let Some(entry) = entries.get(*place) else { return false };
            if reports.len() >= limit || !entry.is_decided(now) || !is_wanted(entry) {
                return true;
            }
            reports.push(entry.report(entry.fate));
            false
        });
        reports
    }

    pub(super) fn received(&self, first: usize, limit: usize) -> Vec<ReceivedMessage> {
        let entries = self.entries.iter().skip(first).take(limit);
        entries
            .map(|entry| {
                let raw = entry.message();
                let callback_data = entry.channel.envelope.callback_data(&raw).as_str().map(str::to_owned);
                ReceivedMessage {
                    message_id: entry.message_id.to_string(),
                    to: entry.to.to_string(),
                    text: entry.text.to_string(),
                    sender: entry.sender.to_string(),
                    bulk_id: entry.bulk_id.as_deref().map(str::to_owned),
                    callback_data,
                    at: entry.at,
                    request_no: entry.request_no,
                    path: entry.channel.path.to_owned(),
                    attempts: self.attempts(&entry.message_id),
                    raw,
                }
            })
            .collect()
    }

    pub(super) fn reports(&self, now: Timestamp, first: usize, limit: usize) -> Vec<SentReport> {
        let entries = self.entries.iter().skip(first).take(limit);
        entries
            .filter(|entry| entry.is_decided(now))
            .map(|entry| SentReport {
                message_id: entry.message_id.to_string(),
                to: entry.to.to_string(),
                status_id: entry.fate.id,
                status_name: entry.fate.name.to_owned(),
                group_name: entry.fate.group_name().to_owned(),
                at: entry.at.plus(entry.delay),
            })
            .collect()
    }

    pub(super) fn seen(&self, now: Timestamp, first: usize, limit: usize) -> Vec<SentSeen> {
        let entries = self.entries.iter().skip(first).take(limit);
        let seen = entries.filter_map(|entry| {
            let at = entry.at.plus(entry.seen_after?);
            (at <= now).then(|| SentSeen {
                message_id: entry.message_id.to_string(),
                from: entry.to.to_string(),
                to: entry.sender.to_string(),
                at,
            })
        });
        seen.collect()
    }

    pub(super) fn clicks(&self, now: Timestamp, first: usize, limit: usize) -> Vec<SentClick> {
        let entries = self.entries.iter().skip(first).take(limit);
        let clicks = entries.filter_map(|entry| {
            let at = entry.at.plus(entry.clicked_after?);
            (at <= now).then(|| SentClick {
                message_id: entry.message_id.to_string(),
                to: entry.to.to_string(),
                url: entry.link.as_deref().unwrap_or_default().to_owned(),
                at,
            })
        });
        clicks.collect()
    }
}
