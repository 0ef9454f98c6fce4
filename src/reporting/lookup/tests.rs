//! What the reports activity answers, from a real store and from scripted data extensions.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::*;
use crate::domain::channel::Channel;
use crate::domain::click::Click;
use crate::domain::ids::AccountId;
use crate::domain::inbound::{InboundChannel, InboundMessage};
use crate::domain::report::Arrived;
use crate::domain::report::{DeliveryReport, Origin, SeenReport};
use crate::domain::tenant::{MaybeSent, ReplyPolicy};
use crate::reporting::recorder::ReplyTo;
use crate::reporting::{ActualColumn, ActualRow};
use crate::simulation::process::{Call, Process, START, World, account, now, tenant};
use crate::simulation::provider::status;

const MID: Mid = Mid::new(1);

/// Data extensions: the external key, and the row that it has for one message id.
#[derive(Default)]
struct Extensions {
    rows: Vec<(&'static str, &'static str, FoundRow)>,
    asked: Mutex<Vec<(String, String)>>,
}

impl RowSink for Extensions {
    fn columns<'a>(
        &'a self,
        _tenant: &'a Tenant,
        _external_key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<ActualColumn>, RowSinkError>> {
        Box::pin(async { panic!("the lookup asks for rows only") })
    }

    fn write<'a>(
        &'a self,
        _tenant: &'a Tenant,
        _external_key: &'a str,
        _rows: &'a [ActualRow],
        _upsert: bool,
    ) -> BoxFuture<'a, Result<(), RowSinkError>> {
        Box::pin(async { panic!("the lookup writes nothing") })
    }

    fn calls(&self, _mid: Mid) -> u64 {
        0
    }

    fn find<'a>(
        &'a self,
        _tenant: &'a Tenant,
        external_key: &'a str,
        column: &'a str,
        value: &'a str,
        _wanted: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Option<FoundRow>, RowSinkError>> {
        self.asked.lock().unwrap().push((external_key.to_owned(), column.to_owned()));
        let row = self.rows.iter().find(|(key, id, _)| *key == external_key && *id == value);
        let row = row.map(|(.., row)| row.clone());
        Box::pin(async move { Ok(row) })
    }
}

struct Desk {
    world: World,
    process: Process,
    extensions: Arc<Extensions>,
    lookup: Lookup,
}

impl Desk {
    fn new(rows: Vec<(&'static str, &'static str, FoundRow)>) -> Self {
        let world = World::new(3, vec![tenant(1, vec![account("main", MaybeSent::Repeat)])]);
        let process = world.start(START);
        let extensions = Arc::new(Extensions { rows, ..Extensions::default() });
        let lookup =
            Lookup::new(process.store.clone(), Arc::clone(&process.book), extensions.clone(), process.clock.clone());
        Self { world, process, extensions, lookup }
    }

    fn sent(&self, number: usize) -> String {
        let id = self.process.execute(&Call::new(1, "activity", number)).unwrap().message_id;
        self.process.send_all();
        id
    }

    fn ask(&self, kind: &str, message_id: &str) -> ReportAnswer {
        let arguments = [("messageId", message_id), ("reportKind", kind)];
        let arguments = arguments.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let tenant = self.process.tenants.get(MID).unwrap();
        now(self.lookup.answer(&tenant, Asked { arguments: &arguments, instance: None, configuration: None })).unwrap()
    }

    fn asked(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.extensions.asked.lock().unwrap())
    }

    fn hear(&self, arrived: Arrived) {
        now(self.process.recorder.record(MID, &main(), Channel::Sms, vec![arrived])).unwrap();
    }

    fn click(&self, message_id: &str, url: &str, at: u64) {
        let click = Click {
            notification_type: "CLICKED".into(),
            message_id: message_id.to_owned(),
            bulk_id: None,
            channel: String::new(),
            recipient: None,
            url: Some(url.to_owned()),
            clicked_at: START.plus(Duration::from_secs(at)),
            device_type: None,
            os: None,
            device_name: None,
            callback_data: None,
        };
        now(self.process.recorder.record_clicks(MID, &main(), Channel::Sms, vec![click])).unwrap();
    }

    fn reply(&self, inbound_id: &str, to: &str, text: &str, at: u64) {
        let inbound = InboundMessage {
            message_id: inbound_id.to_owned(),
            channel: InboundChannel::Sms,
            sender: "491700000000000".into(),
            destination: "Waypost".into(),
            content_type: "TEXT".into(),
            text: text.to_owned(),
            clean_text: None,
            keyword: None,
            received_at: START.plus(Duration::from_secs(at)),
            message_count: None,
            paired_message_id: Some(to.to_owned()),
            callback_data: None,
            entity_id: None,
            application_id: None,
            campaign_reference_id: None,
        };
        let policy = ReplyPolicy::default();
        let reply_to = ReplyTo { mid: MID, account: main(), policy, queue: None, may_fire: false };
        now(self.process.recorder.record_inbound(reply_to, inbound)).unwrap();
    }
}

fn main() -> AccountId {
    AccountId::new("main").unwrap()
}

fn row(cells: &[(&str, &str)]) -> FoundRow {
    cells.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn final_report(id: &str) -> DeliveryReport {
    DeliveryReport {
        origin: Origin::Infobip,
        is_final: true,
        done_at: Some(START),
        sent_at: Some(START),
        status: status(3, 5, "DELIVERED_TO_HANDSET"),
        error: None,
        message_id: id.to_owned(),
        bulk_id: None,
        channel: String::new(),
        to: None,
        sender: None,
        message_count: Some(1),
        price_per_message: None,
        price_currency: None,
        callback_data: None,
        mcc_mnc: None,
    }
}

fn seen_report(id: &str) -> SeenReport {
    SeenReport { seen_at: START, sent_at: None, message_id: id.to_owned(), recipient: None, sender: None }
}

#[test]
fn a_seen_message_is_seen_also_before_its_delivery_report() {
    let desk = Desk::new(Vec::new());
    let id = desk.sent(1);
    let answer = desk.ask("DELIVERY", &id);
    assert_eq!((answer.seen_at, answer.seen_time.as_str()), ("NOT_SEEN", ""));
    desk.hear(seen_report(&id).into());
    let answer = desk.ask("DELIVERY", &id);
    assert_eq!((answer.seen_at, answer.seen_time), ("SEEN", START.to_iso()));
    assert_eq!(answer.status_name, "NOT_AVAILABLE");
    desk.hear(final_report(&id).into());
    let answer = desk.ask("DELIVERY", &id);
    assert_eq!((answer.seen_at, answer.status_name.as_str()), ("SEEN", "DELIVERED_TO_HANDSET"));
    assert_eq!((answer.url.as_str(), answer.response_text.as_str()), ("", ""), "other kinds are not asked for");
}

#[test]
fn the_newest_click_is_told_with_its_original_url() {
    let desk = Desk::new(Vec::new());
    let (clicked, other) = (desk.sent(1), desk.sent(2));
    for (url, at) in
        [("https://example.com/a?b=C%20d#e", 20), ("https://example.com/later", 30), ("https://x.example", 5)]
    {
        desk.click(&clicked, url, at);
    }
    let answer = desk.ask("click", &clicked);
    assert_eq!(
        (answer.notification_type.as_str(), answer.url.as_str(), answer.queue_status),
        ("CLICKED", "https://example.com/later", "SENT")
    );
    let answer = desk.ask("CLICK", &other);
    assert_eq!((answer.notification_type.as_str(), answer.url.as_str()), ("NOT_CLICKED", "NOT_CLICKED"));
    desk.click(&other, "https://example.com/a?b=C%20d#e", 1);
    assert_eq!(desk.ask("CLICK", &other).url, "https://example.com/a?b=C%20d#e");
}

#[test]
fn the_newest_reply_is_told_with_its_time() {
    let desk = Desk::new(Vec::new());
    let (answered, other) = (desk.sent(1), desk.sent(2));
    desk.reply("in-1", &answered, "Yes", 10);
    desk.reply("in-2", &answered, "No, wait", 40);
    desk.reply("in-3", &answered, "Hm", 20);
    let answer = desk.ask("REPLY", &answered);
    assert_eq!(answer.response_text, "No, wait");
    assert_eq!(answer.response_time, START.plus(Duration::from_secs(40)).to_iso());
    let answer = desk.ask("REPLY", &other);
    assert_eq!((answer.response_text.as_str(), answer.response_time.as_str()), ("NO_RESPONSE", ""));
}

#[test]
fn a_message_that_the_store_knows_is_asked_of_nobody_else() {
    let desk = Desk::new(vec![
        ("reports", "m", row(&[("statusName", "EXPIRED_EXPIRED")])),
        ("Unified URL Tracking", "m", row(&[("url", "https://example.com")])),
    ]);
    let id = desk.sent(1);
    for kind in ["DELIVERY", "CLICK", "REPLY", "delivery", "SOMETHING NEW"] {
        desk.ask(kind, &id);
    }
    assert_eq!(desk.asked(), []);
}

#[test]
fn an_id_that_the_store_does_not_know_is_asked_of_the_extension_of_its_kind() {
    let desk = Desk::new(vec![
        ("omni reports", "m", row(&[("statusName", "DELIVERED_TO_HANDSET"), ("SeenAt", "2026-11-24T08:00:01Z")])),
        ("Unified URL Tracking", "m", row(&[("notificationType", ""), ("url", "https://example.com/x")])),
        ("Inbound Messages", "m", row(&[("message", "Yes"), ("receivedAt", "2026-11-24T09:00:00Z")])),
    ]);
    let asked = |key: &str, column: &str| (key.to_owned(), column.to_owned());
    let answer = desk.ask("DELIVERY", "m");
    assert_eq!(
        (answer.status_name.as_str(), answer.status_group_name.as_str(), answer.seen_at, answer.seen_time.as_str()),
        ("DELIVERED_TO_HANDSET", "NOT_AVAILABLE", "SEEN", "2026-11-24T08:00:01Z")
    );
    assert_eq!(desk.asked(), [asked("reports", "messageId"), asked("omni reports", "messageId")]);
    let answer = desk.ask("CLICK", "m");
    assert_eq!((answer.notification_type.as_str(), answer.url.as_str()), ("CLICKED", "https://example.com/x"));
    assert_eq!(desk.asked(), [asked("Unified URL Tracking", "messageId")]);
    let answer = desk.ask("REPLY", "m");
    assert_eq!((answer.response_text.as_str(), answer.response_time.as_str()), ("Yes", "2026-11-24T09:00:00Z"));
    assert_eq!(desk.asked(), [asked("Inbound Messages", "pairedMessageId")]);
    assert_eq!(desk.ask("CLICK", "nobody's").url, "NOT_CLICKED");
    assert_eq!(desk.ask("DELIVERY", "nobody's").queue_status, "NOT_SENT");
}

#[test]
fn clicks_of_a_message_that_is_not_here_are_told_from_the_store() {
    let desk = Desk::new(Vec::new());
    desk.click("sent before the restore", "https://example.com", 1);
    assert_eq!(desk.ask("CLICK", "sent before the restore").url, "https://example.com");
    assert_eq!(desk.asked(), []);
}

#[test]
fn a_wrong_nonce_opens_nobody_s_reports() {
    let desk = Desk::new(Vec::new());
    let id = desk.sent(1);
    desk.hear(final_report(&id).into());
    desk.click(&id, "https://example.com", 1);
    desk.reply("in-1", &id, "Yes", 2);
    let guessed: MessageId = id.parse().unwrap();
    let guessed = MessageId { nonce: guessed.nonce ^ 1, ..guessed }.to_string();
    assert_eq!(desk.ask("DELIVERY", &guessed).status_name, "NOT_AVAILABLE");
    assert_eq!(desk.ask("CLICK", &guessed).url, "NOT_CLICKED");
    assert_eq!(desk.ask("REPLY", &guessed).response_text, "NO_RESPONSE");
    drop(desk.world);
}
