//! Retention on a real store, with days that pass in no time.

use super::*;
use crate::domain::ids::MessageId;
use crate::domain::tenant::MaybeSent;
use crate::reporting::removal::Remover;
use crate::simulation::process::{Call, Process, START, World, account, tenant};
use crate::store::{Found, ReportRef};

const MID: Mid = Mid::new(1);

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

    fn restart(&mut self) {
        let wall = self.process.clock.now();
        self.process = self.world.start(wall);
    }

    fn days_pass(&self, days: u32) {
        self.process.advance(&self.world, DAY * days);
    }

    fn execute(&self, number: usize) -> MessageId {
        self.process.execute(&Call::new(1, "activity", number)).unwrap().message_id.parse().unwrap()
    }

    /// Sends what waits; every message is refused, and so has a report.
    fn end_all(&self) {
        self.process.send_all();
    }

    fn sweep(&self) -> Option<Removed> {
        let Process { store, clock, tenants, recorder, book, running, .. } = &self.process;
        let remover = Arc::new(Remover::new(store.clone(), Arc::clone(recorder), Arc::clone(book)));
        let settings = RetentionSettings { first_after: Duration::ZERO, pause: Duration::ZERO };
        let retention = Retention::new(remover, clock.clone(), tenants.clone(), settings);
        let kept = tenant::Retention { messages_days: 30, reports_days: 90 };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(retention.sweep(MID, kept, &running.1)).unwrap()
    }

    fn is_there(&self, id: MessageId) -> bool {
        self.process.store.messages().find(MID, id).unwrap().is_some()
    }

    fn has_report(&self, id: MessageId) -> bool {
        self.process.store.reports().get(MID, ReportRef::of(id.queue, id.sequence)).unwrap().is_some()
    }

    fn queued(&self, id: MessageId) -> u64 {
        let handle = self.process.book.by_id(id.queue).unwrap();
        handle.last_given() - handle.record.try_lock().unwrap().done
    }
}

/// A contact whose message ends here, with a report.
fn refused(number: usize) -> Call {
    Call { text: crate::simulation::provider::REFUSED.into(), ..Call::new(1, "activity", number) }
}

#[test]
fn messages_and_reports_go_each_at_its_time() {
    let desk = Desk::new();
    let id: MessageId = desk.process.execute(&refused(1)).unwrap().message_id.parse().unwrap();
    desk.end_all();
    desk.process.forward();
    desk.days_pass(29);
    assert_eq!(desk.sweep(), Some(Removed::default()));
    desk.days_pass(2);
    assert_eq!(desk.sweep(), Some(Removed { messages: 1, ..Removed::default() }));
    assert!(!desk.is_there(id) && desk.has_report(id));
    assert!(desk.process.store.messages().dead_letters(MID, id.queue, 0, 9).unwrap().is_empty());
    desk.days_pass(60);
    assert_eq!(desk.sweep(), Some(Removed { reports: 1, ..Removed::default() }));
    assert!(!desk.has_report(id));
}

#[test]
fn what_waits_for_a_send_or_for_its_row_stays() {
    let desk = Desk::new();
    let unforwarded: MessageId = desk.process.execute(&refused(1)).unwrap().message_id.parse().unwrap();
    desk.end_all();
    let waiting = desk.execute(2);
    desk.days_pass(400);
    assert_eq!(desk.sweep(), Some(Removed::default()));
    assert!(matches!(desk.process.store.messages().find(MID, waiting).unwrap(), Some(Found::Waiting(_))));
    desk.process.forward();
    desk.days_pass(91);
    assert_eq!(desk.sweep(), Some(Removed { messages: 1, reports: 1, ..Removed::default() }));
    assert!(!desk.is_there(unforwarded) && desk.is_there(waiting));
}

#[test]
fn numbers_go_on_behind_what_was_removed_and_the_count_stays_right() {
    let mut desk = Desk::new();
    let last = (1..=300).map(|number| desk.execute(number)).reduce(|_, id| id).unwrap();
    desk.end_all();
    desk.days_pass(31);
    assert_eq!(desk.sweep().unwrap().messages, 300);
    desk.restart();
    assert_eq!(desk.queued(last), 0);
    let next = desk.execute(301);
    assert_eq!((next.queue, next.sequence), (last.queue, 301));
    assert_eq!(desk.queued(next), 1);
    desk.end_all();
    assert_eq!(desk.queued(next), 0);
}

#[test]
fn it_stops_when_it_is_told_to_and_goes_on_the_next_time() {
    let desk = Desk::new();
    for number in 1..=3 {
        desk.execute(number);
    }
    desk.end_all();
    desk.days_pass(31);
    desk.process.running.0.send(true).unwrap();
    assert_eq!(desk.sweep(), Some(Removed::default()));
    desk.process.running.0.send(false).unwrap();
    assert_eq!(desk.sweep().unwrap().messages, 3);
}

#[tokio::test]
async fn it_runs_by_itself_day_after_day() {
    let desk = Desk::new();
    let first = desk.execute(1);
    desk.end_all();
    let Process { store, clock, tenants, recorder, book, running, .. } = &desk.process;
    let remover = Arc::new(Remover::new(store.clone(), Arc::clone(recorder), Arc::clone(book)));
    let settings = RetentionSettings { first_after: Duration::from_secs(60), pause: Duration::ZERO };
    let retention = Arc::new(Retention::new(remover, clock.clone(), tenants.clone(), settings));
    let task = tokio::spawn(retention.run(running.1.clone()));
    let is_gone = async |id: MessageId| {
        let gone = async {
            // A run that is under way sleeps on, a day at a time.
            while desk.is_there(id) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
    };
    tokio::task::yield_now().await;
    desk.days_pass(181);
    is_gone(first).await;
    let second = desk.execute(2);
    desk.end_all();
    // The first run must have ended for the second to be due: its sleep begins then.
    let mut days = 0;
    while desk.is_there(second) {
        desk.days_pass(1);
        days += 1;
        assert!(days < 100_000, "the second run did not come");
        tokio::task::yield_now().await;
    }
    assert!(days >= 180, "removed after {days} days, before the default's time");
    running.0.send(true).unwrap();
    task.await.unwrap();
}
