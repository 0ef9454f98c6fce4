//! Inbound messages: their rows, and the events that they fire.

use super::*;
use crate::config::{LogFormat, LogLevel};
use crate::domain::extension::INBOUND_MESSAGES;
use crate::domain::ids::MessageId;
use crate::domain::inbound::{InboundChannel, InboundRow, Pairing};
use crate::domain::tenant::{NotificationUrls, ReplyPolicy, Tracking};
use crate::reporting::recorder::ReplyTo;
use crate::reporting::{Event, EventSinkError};
use crate::simulation::target::{as_provisioned, shown};
use crate::store::{Found, InboundRecord, OutboxEntry, OutboxPlace, ReplyEvent, samples};
use crate::telemetry::Capture;

/// Stores a reply that was paired, with an event that is due at `due_at` when there is one.
fn reply(process: &Process, id: &str, due_at: Option<Timestamp>) {
    let mut record: InboundRecord = samples::inbound();
    record.inbound.message_id = id.into();
    record.account = Some(main_account());
    record.taken_at = None;
    record.event = due_at.map(|due_at| ReplyEvent {
        event_definition_key: "APIEvent-1".into(),
        due_at,
        fired_at: None,
        refused: None,
    });
    record.pairing = Some(Pairing {
        message_id: samples::message(3).id,
        contact_key: "C-1".into(),
        callback_data: "their data".into(),
    });
    let hash = process.store.reports().inbound_hash(MID, id).unwrap();
    let subject = OutboxSubject::Inbound(hash);
    let place = OutboxPlace { target: OutboxTarget::INBOUND, due_at: due_at.unwrap_or(START), subject };
    let mut batch = process.store.batch();
    batch.put_inbound(MID, hash, &record).unwrap();
    let entry = OutboxEntry { account: main_account(), attempts: 0, problem: None };
    batch.put_outbox(MID, place, &entry).unwrap();
    drop(now(process.store.commit(batch)).unwrap());
}

fn stored(process: &Process, id: &str) -> InboundRecord {
    let reports = process.store.reports();
    reports.inbound(MID, reports.inbound_hash(MID, id).unwrap()).unwrap().unwrap()
}

fn refused(process: &Process) -> Vec<PlacedEntry> {
    process.store.reports().refused(MID, OutboxTarget::INBOUND, None, 100).unwrap()
}

/// As the command does it.
fn replay(process: &Process, id: &str, refused: &PlacedEntry) {
    let hash = process.store.reports().inbound_hash(MID, id).unwrap();
    let mut record = stored(process, id);
    record.event.as_mut().unwrap().refused = None;
    let mut batch = process.store.batch();
    batch.put_inbound(MID, hash, &record).unwrap();
    batch.replay_outbox(MID, refused.place, &refused.entry).unwrap();
    drop(now(process.store.commit(batch)).unwrap());
}

fn later() -> EventSinkError {
    EventSinkError::Later { retry_after: None, problem: "the events are down".into() }
}

fn rows(world: &World) -> Vec<String> {
    world.target.table().kept(INBOUND).iter().map(|row| row["messageId"].clone()).collect()
}

#[test]
fn a_reply_is_a_row_with_contact_and_message_written_once() {
    let (world, process) = keeping();
    reply(&process, "mo-1", None);
    process.forward();
    let record = stored(&process, "mo-1");
    let source = InboundRow { inbound: record.inbound, pairing: record.pairing };
    let expected: SeenRow = INBOUND_MESSAGES
        .row(&source)
        .into_iter()
        .filter(|(_, cell)| !shown(cell).is_empty())
        .map(|(name, cell)| (name.to_owned(), shown(&cell)))
        .collect();
    assert_eq!(expected["contactKey"], "C-1");
    assert_eq!(world.target.table().kept(INBOUND), [expected]);
    assert!(stored(&process, "mo-1").taken_at.is_some());
    process.forward();
    assert_eq!((rows(&world).len(), waiting_in(&process, OutboxTarget::INBOUND)), (1, 0));
    assert!(world.target.table().fired.is_empty(), "nobody asked for an event");
}

#[test]
fn an_event_is_fired_when_it_is_due_with_the_columns_of_its_own_extension() {
    let (world, process) = keeping();
    let mut columns = as_provisioned(&INBOUND_MESSAGES);
    columns.retain(|column| ["message", "contactKey"].contains(&&*column.name));
    columns[0].name = "Message".into();
    world.target.table().event_columns = Some(columns);
    reply(&process, "mo-1", Some(START.plus(Duration::from_secs(30))));
    process.forward();
    assert!(rows(&world).is_empty(), "the contact may not wait yet");
    assert!(world.target.table().fired.is_empty());
    process.advance(&world, Duration::from_secs(30));
    process.forward();
    let fired = world.target.table().fired.clone();
    assert_eq!((fired.len(), &*fired[0].event_definition_key, &*fired[0].contact_key), (1, "APIEvent-1", "C-1"));
    let data: Vec<_> = fired[0].data.iter().map(|(name, cell)| (&**name, shown(cell))).collect();
    let text = stored(&process, "mo-1").inbound.text;
    assert_eq!(data, [("Message", text), ("contactKey", "C-1".into())]);
    assert_eq!(rows(&world), ["mo-1"]);
    assert_eq!(stored(&process, "mo-1").event.unwrap().fired_at, Some(process.clock.now()));
}

#[test]
fn a_fired_event_is_not_fired_again_over_a_crash() {
    let (world, process) = keeping();
    reply(&process, "mo-1", Some(START));
    world.target.table().down.push(INBOUND.into());
    process.forward();
    assert_eq!((world.target.table().fired.len(), waiting_in(&process, OutboxTarget::INBOUND)), (1, 1));
    let data = &world.target.table().fired[0].data.clone();
    assert!(data.iter().any(|(name, _)| &**name == "receivedAt"), "without its extension the event gets all we have");
    world.kv.crash();
    let process = world.start(process.clock.now());
    world.target.table().down.clear();
    process.forward();
    assert_eq!(rows(&world), ["mo-1"]);
    assert_eq!(world.target.table().fired.len(), 1);
    assert_eq!(waiting_in(&process, OutboxTarget::INBOUND), 0);
}

#[test]
fn a_refused_event_does_not_keep_its_row_back() {
    let (world, process) = keeping();
    reply(&process, "mo-1", Some(START));
    world.target.table().event_answers.push_back(EventSinkError::Refused { problem: "SFMC says: no".into() });
    process.forward();
    process.forward();
    assert_eq!((rows(&world), world.target.table().fired.len()), (vec!["mo-1".to_owned()], 0));
    assert_eq!(stored(&process, "mo-1").event.unwrap().refused.as_deref(), Some("SFMC says: no"));
    let refused = refused(&process);
    assert!(refused.len() == 1 && refused[0].entry.problem.is_none(), "it is listed, for its event only");
    assert_eq!(waiting_in(&process, OutboxTarget::INBOUND), 0);
    // Replayed, it is fired, and its row is not written again.
    world.target.table().kept.as_mut().unwrap().clear();
    replay(&process, "mo-1", &refused[0]);
    process.forward();
    assert_eq!((rows(&world).len(), world.target.table().fired.len()), (0, 1));
    assert_eq!(waiting_in(&process, OutboxTarget::INBOUND), 0);
}

#[test]
fn the_words_of_an_event_or_a_rows_target_are_in_no_log() {
    let (world, process) = keeping();
    for id in ["mo-1", "mo-2"] {
        reply(&process, id, Some(START));
    }
    let said = || "SFMC says: bad: my \\\"real\\\" name".to_owned();
    let refused = EventSinkError::Refused { problem: said() };
    let later = EventSinkError::Later { retry_after: None, problem: said() };
    world.target.table().event_answers.extend([refused, later]);
    world.target.table().writes.push_back(Write::TargetWrong);
    let (capture, guard) = Capture::start(LogFormat::Json, LogLevel::Trace);
    process.forward();
    drop(guard);
    let log = capture.text();
    for told in ["SFMC refused an event", "Events wait", "Reports wait", "is not as it should be"] {
        assert!(log.contains(told), "{told}: {log}");
    }
    assert!(!log.contains("real") && !log.contains("no permission"), "{log}");
    let kept = ["mo-1", "mo-2"].map(|id| stored(&process, id).event.unwrap().refused);
    assert!(kept.contains(&Some(said())), "the words stay in the store");
}

#[test]
fn a_refused_event_is_fired_again_when_its_extension_has_changed_and_only_then() {
    let (world, process) = keeping();
    let all = as_provisioned(&INBOUND_MESSAGES);
    let only = |names: &[&str]| all.iter().filter(|column| names.contains(&&*column.name)).cloned().collect::<Vec<_>>();
    world.target.table().event_columns = Some(only(&["messageId"]));
    reply(&process, "mo-1", Some(START));
    process.forward();
    // A column was added, and is required.
    world.target.table().event_columns = Some(only(&["messageId", "message"]));
    let no = || EventSinkError::Refused { problem: "SFMC says: message is required".into() };
    world.target.table().event_answers.push_back(no());
    reply(&process, "mo-2", Some(START));
    process.forward();
    let fired = world.target.table().fired.clone();
    assert_eq!((fired.len(), fired[1].data.len()), (2, 2));
    assert!(stored(&process, "mo-2").event.unwrap().fired_at.is_some() && refused(&process).is_empty());
    // As it is already: the same would be refused again.
    world.target.table().event_answers.push_back(no());
    let calls = world.target.table().calls;
    reply(&process, "mo-3", Some(START));
    process.forward();
    assert_eq!(refused(&process).len(), 1);
    // One for the event, three for the row.
    assert_eq!(world.target.table().calls - calls, 4);
}

/// At least once: what was fired and not recorded is fired once more, with the same content; what was recorded never is.
#[test]
fn a_crash_between_the_answer_and_its_record_fires_the_same_event_once_more() {
    let (world, process) = keeping();
    reply(&process, "mo-1", Some(START));
    reply(&process, "mo-2", Some(START));
    world.target.table().hanging_event = Some("mo-1");
    {
        let tenant = process.tenants.get(MID).unwrap();
        let mut round = std::pin::pin!(process.forwarder.forward_tenant(&tenant, &process.running.1));
        while world.target.table().fired.len() < 2 {
            assert!(poll(round.as_mut()).is_pending());
        }
        for _ in 0..100 {
            assert!(poll(round.as_mut()).is_pending());
        }
        let fired_at = |id| stored(&process, id).event.unwrap().fired_at;
        assert_eq!((fired_at("mo-1"), fired_at("mo-2")), (None, Some(START)), "one waits for no other's answer");
    }
    world.kv.crash();
    world.target.table().hanging_event = None;
    for _ in 0..2 {
        let process = world.start(START.plus(Duration::from_secs(5)));
        process.forward();
        process.forward();
        world.kv.crash();
    }
    let fired = world.target.table().fired.clone();
    let of = |id: &str| {
        let is_it = |event: &&Event| event.data.iter().any(|(name, cell)| &**name == "messageId" && shown(cell) == id);
        fired.iter().filter(is_it).collect::<Vec<_>>()
    };
    assert_eq!((of("mo-1").len(), of("mo-2").len()), (2, 1));
    assert_eq!(of("mo-1")[0], of("mo-1")[1]);
}

/// A customer's URL that does not take a reply costs it neither its event nor its place among what was refused.
#[test]
fn a_reply_that_the_url_refuses_keeps_its_event() {
    let mut own = account("main", MaybeSent::Repeat);
    own.tracking = Tracking::External(NotificationUrls {
        sms_url: "https://sms".into(),
        omni_url: "https://omni".into(),
        clicks_url: None,
        inbound_url: Some("https://inbound".into()),
        signing_key: None,
    });
    let world = World::new(9, vec![tenant(1, vec![own])]);
    let process = world.start(START);
    reply(&process, "mo-1", Some(START));
    world.target.table().refused_results = vec!["*"];
    world.target.table().event_answers.push_back(later());
    process.forward();
    assert_eq!((refused(&process).len(), world.target.table().posts_tried), (0, 1), "the event is still to be fired");
    process.advance(&world, Duration::from_secs(10));
    process.forward();
    let table = || world.target.table();
    assert_eq!(table().fired.len(), 1);
    assert_eq!(table().posts_tried, 1);
    assert_eq!(refused(&process)[0].entry.problem.as_deref(), Some("the page says no"));
    assert_eq!(waiting_in(&process, OutboxTarget::INBOUND), 0);
}

#[test]
fn an_event_that_waits_keeps_only_its_own_row_back() {
    let (world, process) = keeping();
    reply(&process, "mo-1", Some(START));
    reply(&process, "mo-2", None);
    world.target.table().event_answers.push_back(later());
    process.forward();
    process.forward();
    assert_eq!(rows(&world), ["mo-2"]);
    assert_eq!(process.forwarder.problem(MID, &main_account()).as_deref(), Some("the events are down"));
    process.advance(&world, Duration::from_secs(10));
    process.forward();
    assert_eq!((rows(&world).len(), world.target.table().fired.len()), (2, 1));
    assert_eq!(process.forwarder.problem(MID, &main_account()), None);
}

/// The contact waits only so long for its event, whatever the call budget says.
#[test]
fn the_call_budget_holds_up_no_reply() {
    let mut world = World::new(9, vec![tenant(1, vec![account("main", MaybeSent::Repeat)])]);
    world.calls_per_minute = 1;
    let process = world.start(START);
    let tenant = process.tenants.get(MID).unwrap();
    let round = || now(process.forwarder.round(&tenant, &process.running.1)).unwrap();
    record(&process, vec![whatsapp("a", 3, "DELIVERED", 1)]);
    round();
    record(&process, vec![whatsapp("b", 3, "DELIVERED", 1)]);
    reply(&process, "mo-1", Some(START));
    process.advance(&world, Duration::from_secs(1));
    round();
    assert_eq!(waiting(&process), 1, "the reports wait for the budget");
    assert!(stored(&process, "mo-1").event.unwrap().fired_at.is_some());
    assert!(stored(&process, "mo-1").taken_at.is_some());
}

/// The contact waits only so long for its event, whatever the rows' target does.
#[test]
fn an_event_does_not_wait_for_the_target_of_the_rows() {
    let (world, process) = keeping();
    world.target.table().down.push(INBOUND.to_owned());
    reply(&process, "mo-1", None);
    process.forward();
    assert!(rows(&world).is_empty());
    reply(&process, "mo-2", Some(START));
    process.forward();
    let record = stored(&process, "mo-2");
    assert!(record.event.unwrap().fired_at.is_some() && record.taken_at.is_none());
    world.target.table().down.clear();
    process.advance(&world, Duration::from_secs(600));
    process.forward();
    assert_eq!(rows(&world).len(), 2);
}

/// A reply to the phone's first message, although a second one to it is newer; `data` is what Infobip brings back.
fn paired_by_callback_data(data: impl Fn(&str) -> String) -> (String, String, String) {
    let (_world, process) = keeping();
    let ids: Vec<MessageId> = (0..2)
        .map(|number| {
            let mut call = Call::new(1, "activity", number);
            call.phone = "385911234567".into();
            process.execute(&call).unwrap().message_id.parse().unwrap()
        })
        .collect();
    process.send_all();
    let Some(Found::Sent(first)) = process.store.messages().find(MID, ids[0]).unwrap() else { panic!("it is sent") };
    let mut inbound = samples::inbound().inbound;
    inbound.message_id = "mo-1".into();
    inbound.paired_message_id = None;
    inbound.channel = InboundChannel::Sms;
    inbound.sender = "385911234567".into();
    inbound.destination = first.message.message.content.sender().to_owned();
    inbound.callback_data = Some(data(&first.message.message.callback_data));
    let to = ReplyTo {
        mid: MID,
        account: main_account(),
        policy: ReplyPolicy::default(),
        queue: Some(ids[0].queue),
        may_fire: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(process.recorder.record_inbound(to, inbound)).unwrap();
    let pairing = stored(&process, "mo-1").pairing.unwrap();
    (pairing.message_id.to_string(), ids[0].to_string(), ids[1].to_string())
}

#[test]
fn callback_data_finds_an_older_message_than_the_newest() {
    let (paired, first, _) = paired_by_callback_data(str::to_owned);
    assert_eq!(paired, first);
    let (paired, _, second) = paired_by_callback_data(|data| format!("{data} "));
    assert_eq!(paired, second, "what no message carries leaves the newest");
}
