//! What the reports activity answers, from a real store and from scripted data extensions.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::*;
use crate::domain::channel::Channel;
use crate::domain::click::{Click, HeardClick};
use crate::domain::ids::AccountId;
use crate::domain::inbound::{InboundChannel, InboundMessage};
use crate::domain::report::Arrived;
use crate::domain::report::{DeliveryReport, Origin, SeenReport};
use crate::domain::tenant::{MaybeSent, ReplyPolicy};
use crate::reporting::recorder::ReplyTo;
use crate::reporting::{ActualColumn, ActualRow, RowSearch};
use crate::simulation::process::{Call, Process, START, World, account, now, tenant};
use crate::simulation::provider::status;

const MID: Mid = Mid::new(1);

/// Data extensions: the external key, and the row that it has for one message id.
#[derive(Default)]
struct Extensions {
    rows: Vec<(&'static str, &'static str, FoundRow)>,
    asked: Mutex<Vec<(String, String)>>,
    is_down: bool,
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
        search: RowSearch<'a>,
    ) -> BoxFuture<'a, Result<Vec<FoundRow>, RowSinkError>> {
        self.asked.lock().unwrap().push((external_key.to_owned(), search.column.to_owned()));
        if self.is_down {
            let problem = "SFMC is down".to_owned();
            return Box::pin(async { Err(RowSinkError::Later { retry_after: None, problem }) });
        }
        let rows = self.rows.iter().filter(|(key, id, _)| *key == external_key && *id == search.value);
        let rows = rows.map(|(.., row)| row.clone()).collect();
        Box::pin(async move { Ok(rows) })
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
        let unit = tenant(1, vec![account("main", MaybeSent::Repeat)]);
        Self::of(unit, Extensions { rows, ..Extensions::default() })
    }

    fn of(unit: Tenant, extensions: Extensions) -> Self {
        let world = World::new(3, vec![unit]);
        let process = world.start(START);
        let extensions = Arc::new(extensions);
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
        now(self.lookup.answer(&tenant, Question { arguments: &arguments, instance: None, configuration: None }))
            .unwrap()
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
        now(self.process.recorder.record_clicks(
            MID,
            &main(),
            Channel::Sms,
            vec![HeardClick { click, says_when: true }],
        ))
        .unwrap();
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

#[test]
fn where_a_message_is_follows_one_rule_whatever_the_kind() {
    let rows = vec![("reports", "theirs", row(&[("statusName", "EXPIRED_EXPIRED")]))];
    let desk = Desk::new(rows);
    let gone = MessageId::new(crate::domain::ids::QueueId(77), 5, 9).to_string();
    for kind in ["DELIVERY", "CLICK", "REPLY", "SOMETHING NEW"] {
        assert_eq!(desk.ask(kind, &gone).queue_status, "SENT", "{kind} of a message that is not kept any more");
        assert_eq!(desk.ask(kind, "").queue_status, "NOT_SENT", "{kind} of a contact without a message");
    }
    for kind in ["DELIVERY", "CLICK", "REPLY"] {
        assert_eq!(desk.ask(kind, "nobody's").queue_status, "NOT_SENT", "{kind} of an id that nobody knows");
    }
    assert_eq!(desk.ask("DELIVERY", "theirs").queue_status, "SENT");
    let unit = tenant(1, vec![account("main", MaybeSent::Repeat)]);
    let desk = Desk::of(unit, Extensions { is_down: true, ..Extensions::default() });
    for kind in ["DELIVERY", "CLICK", "REPLY"] {
        assert_eq!(desk.ask(kind, "theirs").queue_status, "SENT", "{kind}: nobody could be asked");
    }
}

#[test]
fn an_expression_that_was_not_resolved_names_no_message() {
    let desk = Desk::new(Vec::new());
    for text in ["{{Interaction.REST-1.messageId}}", " {{Interaction.REST-1.messageId}} ", &"x".repeat(201)] {
        let answer = desk.ask("DELIVERY", text);
        assert_eq!((answer.status_name.as_str(), answer.queue_status), ("NOT_AVAILABLE", "NOT_SENT"));
    }
    assert_eq!(desk.asked(), []);
}

#[test]
fn a_row_that_stands_in_for_a_delivery_report_tells_only_that_it_was_seen() {
    let pending = [
        ("statusName", "PENDING_ACCEPTED"),
        ("statusGroupName", "PENDING"),
        ("doneAt", "11/24/2026 8:34:11 AM"),
        ("sentAt", "11/24/2026 8:34:10 AM"),
        ("seenAt", "11/24/2026 8:34:12 AM"),
    ];
    let group_less = [("statusName", "PENDING_ENROUTE"), ("doneAt", "11/24/2026 8:34:11 AM")];
    let desk = Desk::new(vec![("omni reports", "m", row(&pending)), ("reports", "n", row(&group_less))]);
    let nothing = |answer: &ReportAnswer| {
        let names = [&answer.status_name, &answer.status_group_name, &answer.error_name];
        assert_eq!(names, ["NOT_AVAILABLE", "NOT_AVAILABLE", ""]);
        assert_eq!([&answer.done_at, &answer.sent_at], ["", ""]);
    };
    let answer = desk.ask("DELIVERY", "m");
    nothing(&answer);
    assert_eq!(
        (answer.seen_at, answer.seen_time.as_str(), answer.queue_status),
        ("SEEN", "2026-11-24T14:34:12Z", "SENT")
    );
    let answer = desk.ask("DELIVERY", "n");
    nothing(&answer);
    assert_eq!(answer.seen_at, "NOT_SEEN");
}

#[test]
fn of_several_rows_without_a_key_the_final_one_counts() {
    let seen = [("statusName", "PENDING_ACCEPTED"), ("statusGroupName", "PENDING"), ("seenAt", "2026-11-24T15:00:00Z")];
    let delivered = [("statusName", "DELIVERED_TO_HANDSET"), ("statusGroupName", "DELIVERED"), ("doneAt", "soon")];
    let desk = Desk::new(vec![("reports", "m", row(&seen)), ("reports", "m", row(&delivered))]);
    let answer = desk.ask("DELIVERY", "m");
    assert_eq!(
        (answer.status_name.as_str(), answer.seen_time.as_str()),
        ("DELIVERED_TO_HANDSET", "2026-11-24T15:00:00Z")
    );
    assert_eq!(answer.done_at, "soon", "what can't be read goes on as it is");
}

#[test]
fn the_newest_row_counts_whatever_the_form_of_its_date() {
    let click = |url, at| ("Unified URL Tracking", "m", row(&[("url", url), ("sendDateTime", at)]));
    let reply = |text, at| ("Inbound Messages", "m", row(&[("message", text), ("receivedAt", at)]));
    let rows = vec![
        click("https://a", "11/24/2026 11:59:59 AM"),
        click("https://b", "11/24/2026 1:00:00 PM"),
        click("https://c", "1795600000000"),
        click("https://d", ""),
        reply("first", "11/24/2026 9:00:00 AM"),
        reply("last", "11/24/2026 10:00:00 AM"),
    ];
    let desk = Desk::new(rows.clone());
    assert_eq!(desk.ask("CLICK", "m").url, "https://c");
    let answer = desk.ask("REPLY", "m");
    assert_eq!((answer.response_text.as_str(), answer.response_time.as_str()), ("last", "2026-11-24T16:00:00Z"));
    let unit =
        Tenant { time_zone: Some("Europe/Zagreb".into()), ..tenant(1, vec![account("main", MaybeSent::Repeat)]) };
    let desk = Desk::of(unit, Extensions { rows, ..Extensions::default() });
    assert_eq!(desk.ask("REPLY", "m").response_time, "2026-11-24T10:00:00", "it was written in the zone's local time");
}

#[test]
fn without_an_account_of_that_name_all_extensions_are_asked() {
    let unit = tenant(1, vec![account("main", MaybeSent::Repeat), account("second", MaybeSent::Repeat)]);
    let desk = Desk::of(unit, Extensions::default());
    let ask = |label: &str| {
        let arguments = [("messageId", "m"), ("reportKind", "CLICK"), ("account", label)];
        let arguments = arguments.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let question = Question { arguments: &arguments, instance: None, configuration: None };
        now(desk.lookup.answer(&desk.process.tenants.get(MID).unwrap(), question)).unwrap();
        desk.asked().len()
    };
    assert_eq!((ask("main"), ask("renamed")), (1, 1), "both have the same one");
}

#[test]
fn a_unit_without_an_account_asks_nobody() {
    let desk = Desk::of(tenant(1, Vec::new()), Extensions::default());
    let answer = desk.ask("DELIVERY", "m");
    assert_eq!((answer.status_name.as_str(), answer.queue_status), ("NOT_AVAILABLE", "NOT_SENT"));
    assert_eq!(desk.asked(), []);
}
