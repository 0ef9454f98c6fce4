//! What was accepted, compactly: a few hundred thousand messages must fit.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::status::{Status, WAITING};
use super::webhooks::date;
use super::{ReceivedMessage, SentReport};
use crate::clock::Timestamp;
use crate::sandbox::fields::Fields as _;

/// One accepted occurrence. Text, sender and the like are read from `raw` when somebody asks.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) message_id: Box<str>,
    pub(super) to: Box<str>,
    /// The message object, shared by its destinations.
    pub(super) raw: Arc<str>,
    pub(super) path: &'static str,
    pub(super) bulk_id: Option<Arc<str>>,
    pub(super) at: Timestamp,
    pub(super) wall_at: Timestamp,
    pub(super) delay: Duration,
    pub(super) request_no: u64,
    pub(super) fate: Status,
    pub(super) parts: u32,
    /// Reports without a webhook wait for `GET …/reports`.
    pub(super) is_pollable: bool,
}

impl Entry {
    fn is_decided(&self, now: Timestamp) -> bool {
        self.at.plus(self.delay) <= now
    }

    fn message(&self) -> Value {
        serde_json::from_str(&self.raw).unwrap_or_default()
    }

    /// A delivery report as the webhook and `GET …/reports` show it.
    pub(super) fn report(&self, status: Status) -> Value {
        let message = self.message();
        let mut report = json!({
            "messageId": self.message_id,
            "to": self.to,
            "sender": message.at("sender"),
            "sentAt": date(self.wall_at),
            "doneAt": date(self.wall_at.plus(self.delay)),
            "messageCount": self.parts,
            "mccMnc": "21910",
            "price": { "pricePerMessage": 0.01, "currency": "EUR" },
            "status": status.to_json(),
            "error": status.error(),
        });
        if let Some(bulk_id) = &self.bulk_id {
            report.set("bulkId", &**bulk_id);
        }
        for (name, pointer) in [
            ("callbackData", "/webhooks/callbackData"),
            ("platform", "/options/platform"),
            ("campaignReferenceId", "/options/campaignReferenceId"),
        ] {
            if let Some(value) = message.pointer(pointer) {
                report.set(name, value.clone());
            }
        }
        report
    }

    /// A line of `GET …/logs`: the state at `now`.
    pub(super) fn log(&self, now: Timestamp) -> Value {
        let is_decided = self.is_decided(now);
        let mut log = self.report(if is_decided { self.fate } else { WAITING });
        log.set("destination", &*self.to);
        log.set("content", self.message().at("content").clone());
        if let Value::Object(fields) = &mut log {
            fields.remove("to");
            fields.remove("callbackData");
            if !is_decided {
                fields.remove("doneAt");
            }
        }
        log
    }

    /// A click on the first link of the text.
    pub(super) fn click(&self, at: Timestamp) -> Value {
        let message = self.message();
        let text = message.pointer("/content/text").and_then(Value::as_str).unwrap_or_default();
        let url = text.split_whitespace().find(|word| word.contains("://")).unwrap_or_default();
        let mut click = json!({
            "notificationType": "CLICKED",
            "recipient": self.to,
            "url": url,
            "sendDateTime": at.as_millis(),
            "messageId": self.message_id,
            "recipientInfo": { "deviceType": "Phone", "os": "iOS 12", "deviceName": "Apple" },
            "geoLocationInfo": { "countryName": "Croatia", "city": "Zagreb" },
        });
        if let Some(bulk_id) = &self.bulk_id {
            click.set("bulkId", &**bulk_id);
        }
        if let Some(data) = message.pointer("/webhooks/callbackData") {
            click.set("callbackData", data.clone());
        }
        click
    }
}

/// All accepted messages in order.
#[derive(Debug, Default)]
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
                let text = |pointer: &str| raw.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
                ReceivedMessage {
                    message_id: entry.message_id.to_string(),
                    to: entry.to.to_string(),
                    text: text("/content/text").unwrap_or_default(),
                    sender: text("/sender").unwrap_or_default(),
                    bulk_id: entry.bulk_id.as_deref().map(str::to_owned),
                    callback_data: text("/webhooks/callbackData"),
                    at: entry.at,
                    request_no: entry.request_no,
                    path: entry.path.to_owned(),
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
}
