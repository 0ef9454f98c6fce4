//! Erasing a person from a real store.

use super::*;
use crate::domain::channel::Channel;
use crate::domain::delivery::HoldReason;
use crate::domain::ids::AccountId;
use crate::domain::inbound::{InboundChannel, InboundMessage};
use crate::domain::phone::Phone;
use crate::domain::report::SeenReport;
use crate::domain::tenant::{MaybeSent, ReplyPolicy};
use crate::reporting::lookup::Question;
use crate::reporting::recorder::ReplyTo;
use crate::simulation::process::{Call, Process, START, World, account, now, tenant};
use crate::simulation::provider::{REFUSED, Reply};
use crate::store::Found as FoundMessage;

const MID: Mid = Mid::new(1);
const ADA: &str = "491701234567";

struct Desk {
    world: World,
    process: Process,
}

impl Desk {
    fn new() -> Self {
        let world = World::new(5, vec![tenant(1, vec![account("main", MaybeSent::Repeat)])]);
        let process = world.start(START);
        Self { world, process }
    }

    fn execute(&self, call: &Call) -> MessageId {
        self.process.execute(call).unwrap().message_id.parse().unwrap()
    }

    async fn erase(&self, person: Person) -> Erased {
        let Process { store, clock, dispatch, recorder, book, .. } = &self.process;
        let remover = Arc::new(Remover::new(store.clone(), Arc::clone(recorder), Arc::clone(book)));
        Eraser::new(remover, Arc::clone(dispatch), clock.clone()).erase(MID, person).await.unwrap()
    }

    fn is_there(&self, id: MessageId) -> bool {
        self.process.store.messages().find(MID, id).unwrap().is_some()
    }

    fn queued(&self, id: MessageId) -> u64 {
        let handle = self.process.book.by_id(id.queue).unwrap();
        handle.queued(handle.record.try_lock().unwrap().done)
    }

    fn inbound(&self, id: &str, sender: &str) -> InboundMessage {
        InboundMessage {
            message_id: id.to_owned(),
            channel: InboundChannel::Sms,
            sender: sender.to_owned(),
            destination: "Waypost".into(),
            content_type: "TEXT".into(),
            text: "Yes".into(),
            clean_text: None,
            keyword: None,
            received_at: START,
            message_count: None,
            paired_message_id: None,
            callback_data: None,
            entity_id: None,
            application_id: None,
            campaign_reference_id: None,
        }
    }
}

fn to_ada(number: usize) -> Call {
    Call { phone: format!("+{ADA}"), ..Call::new(1, "activity", number) }
}

fn ada() -> Person {
    Person::by_phone(&Phone::parse("+49 170 1234567", None).unwrap())
}

#[tokio::test]
async fn a_person_goes_from_everywhere_and_nobody_else_does() {
    let desk = Desk::new();
    let sent = desk.execute(&to_ada(1));
    let dead = desk.execute(&Call { text: REFUSED.into(), ..to_ada(2) });
    let other = desk.execute(&Call::new(1, "activity", 3));
    desk.process.send_all();
    let main = AccountId::new("main").unwrap();
    let stray = SeenReport {
        seen_at: START,
        sent_at: None,
        message_id: "before the restore".into(),
        recipient: Some(format!("+{ADA}")),
        sender: None,
    };
    let seen = |id: MessageId| SeenReport { message_id: id.to_string(), recipient: None, ..stray.clone() };
    let recorder = &desk.process.recorder;
    let arrived = vec![stray.clone().into(), seen(sent).into(), seen(other).into()];
    now(recorder.record(MID, &main, Channel::Sms, arrived)).unwrap();
    let to = ReplyTo { mid: MID, account: main, policy: ReplyPolicy::default(), queue: None, may_fire: false };
    let answer =
        InboundMessage { paired_message_id: Some(sent.to_string()), ..desk.inbound("in-1", "+49 170 1234567") };
    now(recorder.record_inbound(to.clone(), answer)).unwrap();
    now(recorder.record_inbound(to, desk.inbound("in-2", "491709999999"))).unwrap();
    now(recorder.record_unassigned(desk.inbound("in-3", ADA), std::iter::empty())).unwrap();
    let waiting = desk.execute(&to_ada(4));

    let erased = desk.erase(ada()).await;
    // A dead letter's report, a seen report, and the stray one; their rows, and the reply's.
    let counts = ErasureCounts { waiting: 1, sent: 2, reports: 3, clicks: 0, inbound: 2, rows: 4 };
    assert_eq!(erased, Erased { counts, unsettled: 0 });
    assert!(![sent, dead, waiting].into_iter().any(|id| desk.is_there(id)) && desk.is_there(other));
    let reports = desk.process.store.reports();
    assert!(reports.get(MID, ReportRef::of(other.queue, other.sequence)).unwrap().is_some());
    assert_eq!(reports.all_inbound(MID, 9).unwrap().len(), 1);
    assert!(reports.all_inbound(UNASSIGNED, 9).unwrap().is_empty());
    assert!(reports.replies_to(MID, sent, 9).unwrap().is_empty());
    assert!(desk.process.store.messages().dead_letters(MID, dead.queue, 0, 9).unwrap().is_empty());
    assert_eq!(desk.erase(ada()).await.counts, ErasureCounts::default(), "nothing is left");
}

#[tokio::test]
async fn an_erased_message_is_never_sent_and_counts_as_done() {
    let desk = Desk::new();
    let calls = [Call::new(1, "activity", 1), to_ada(2), Call::new(1, "activity", 3), to_ada(4)];
    let ids = calls.map(|call| desk.execute(&call));
    assert_eq!(desk.erase(ada()).await.counts.waiting, 2);
    assert_eq!(desk.queued(ids[0]), 2, "at once, and not when their turn comes");
    desk.process.send_all();
    let taken = ids.map(|id| desk.world.provider.times_taken(&id.to_string()));
    assert_eq!(taken, [1, 0, 1, 0]);
    assert_eq!(desk.queued(ids[0]), 0);
    assert_eq!(desk.execute(&Call::new(1, "activity", 5)).sequence, 5, "its number is not given again");
}

#[tokio::test]
async fn an_erased_message_that_waited_was_not_sent() {
    let desk = Desk::new();
    let status = |process: &Process, id: MessageId| {
        let arguments = [("messageId".to_owned(), id.to_string())].into_iter().collect();
        let question = Question { arguments: &arguments, instance: None, configuration: None };
        now(process.lookup.answer(&process.tenants.get(MID).unwrap(), question)).unwrap().queue_status
    };
    let (waits, other) = (desk.execute(&to_ada(1)), desk.execute(&Call::new(1, "activity", 2)));
    desk.erase(ada()).await;
    assert_eq!((status(&desk.process, waits), status(&desk.process, other)), ("NOT_SENT", "QUEUED"));
    let guessed = MessageId { nonce: waits.nonce ^ 1, ..waits };
    assert_eq!(status(&desk.process, guessed), "SENT", "what another id's place says is not told");
    desk.process.send_all();
    let desk = Desk { process: desk.world.start(START.plus(std::time::Duration::from_secs(60))), ..desk };
    let sent = desk.execute(&to_ada(3));
    desk.process.send_all();
    desk.erase(ada()).await;
    assert_eq!([waits, other, sent].map(|id| status(&desk.process, id)), ["NOT_SENT", "SENT", "SENT"]);
}

#[tokio::test]
async fn over_a_restart_an_erased_message_is_neither_sent_nor_counted() {
    let desk = Desk::new();
    // The first attempts fail, so that all have been given out before.
    desk.world.provider.will([Reply::NotSent(None)]);
    let calls = [to_ada(1), Call::new(1, "activity", 2), Call::new(1, "activity", 3), to_ada(4)];
    let ids = calls.map(|call| desk.execute(&call));
    desk.process.send_all();
    assert_eq!(desk.erase(ada()).await.counts.waiting, 2);
    let desk = Desk { process: desk.world.start(START.plus(std::time::Duration::from_secs(60))), ..desk };
    assert_eq!(desk.queued(ids[0]), 2);
    desk.process.advance(&desk.world, std::time::Duration::from_secs(120));
    desk.process.send_all();
    assert_eq!(ids.map(|id| desk.world.provider.times_taken(&id.to_string())), [0, 1, 1, 0]);
    assert_eq!(desk.queued(ids[0]), 0);
    assert_eq!(desk.execute(&Call::new(1, "activity", 5)).sequence, 5);
}

#[tokio::test]
async fn a_message_that_is_perhaps_sent_stays_and_nothing_is_put_on_record() {
    let desk = Desk::new();
    desk.world.provider.will([Reply::TakenUnanswered]);
    let id = desk.execute(&to_ada(1));
    desk.process.send_all();
    let erased = desk.erase(ada()).await;
    assert_eq!((erased.counts, erased.unsettled), (ErasureCounts::default(), 1));
    assert!(matches!(desk.process.store.messages().find(MID, id).unwrap(), Some(FoundMessage::Waiting(_))));
    assert_eq!(desk.process.store.erasures().all(MID).unwrap(), []);
    desk.process.advance(&desk.world, std::time::Duration::from_secs(5));
    desk.process.resolve();
    let erased = desk.erase(ada()).await;
    assert_eq!((erased.counts.sent, erased.unsettled), (1, 0));
    assert!(!desk.is_there(id));
}

#[tokio::test]
async fn a_contact_key_finds_what_it_names_and_the_record_names_nobody() {
    let desk = Desk::new();
    // The key of a call is its instance.
    let id = desk.execute(&to_ada(1));
    let same_number = desk.execute(&to_ada(2));
    let person = Person::by_contact_key("instance-1");
    assert_eq!(desk.erase(person.clone()).await.counts.waiting, 1);
    assert!(!desk.is_there(id) && desk.is_there(same_number));
    let erasures = desk.process.store.erasures();
    let [record] = erasures.all(MID).unwrap()[..] else { panic!("one erasure was made") };
    assert_eq!(record.person, erasures.person_hash(MID, &person).unwrap());
    assert_ne!(record.person, erasures.person_hash(MID, &ada()).unwrap());
    assert_ne!(record.person, erasures.person_hash(MID, &Person::by_contact_key("instance-2")).unwrap());
}

#[tokio::test]
async fn a_held_queue_gives_its_messages_up_too() {
    let desk = Desk::new();
    desk.world.provider.will([Reply::Hold(HoldReason::KeyRefused)]);
    let id = desk.execute(&to_ada(1));
    desk.process.send_all();
    assert_eq!(desk.erase(ada()).await.counts.waiting, 1);
    assert!(!desk.is_there(id));
}

/// Nothing but its callback data says whose a reply is that was paired with no message.
#[tokio::test]
async fn a_contact_key_in_callback_data_is_found() {
    let desk = Desk::new();
    let main = AccountId::new("main").unwrap();
    let to = ReplyTo { mid: MID, account: main, policy: ReplyPolicy::default(), queue: None, may_fire: false };
    for (id, key) in [("in-1", "C-1"), ("in-2", "C-2")] {
        let callback_data = Some(format!(r#"{{"ActivityId":"a","ContactKey":"{key}"}}"#));
        let inbound = InboundMessage { callback_data, ..desk.inbound(id, "491709999999") };
        now(desk.process.recorder.record_inbound(to.clone(), inbound)).unwrap();
    }
    assert_eq!(desk.erase(Person::by_contact_key("C-1")).await.counts.inbound, 1);
    let left = desk.process.store.reports().all_inbound(MID, 9).unwrap();
    assert_eq!(left.iter().map(|record| record.inbound.message_id.as_str()).collect::<Vec<_>>(), ["in-2"]);
}
