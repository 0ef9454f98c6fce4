//! What the log is asked for, and what becomes of its answers.

use super::*;
use crate::domain::tenant::MaybeSent;
use crate::simulation::process::{Call, Process, START, World, account, now, tenant};
use crate::simulation::provider::{Log, status};

const MID: Mid = Mid::new(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

struct Desk {
    world: World,
    process: Process,
    catch_up: Arc<CatchUp>,
}

impl Desk {
    fn new(lookups_per_minute: u32) -> Self {
        let mut world = World::new(5, vec![tenant(1, vec![account("main", MaybeSent::Repeat)])]);
        world.lookups_per_minute = lookups_per_minute;
        let process = world.start(START);
        let catch_up = Arc::new(CatchUp::new(
            process.store.clone(),
            process.clock.clone(),
            process.tenants.clone(),
            Arc::clone(&process.recorder),
            Arc::clone(&process.dispatch),
        ));
        Self { world, process, catch_up }
    }

    fn sent(&self, numbers: std::ops::Range<usize>) -> Vec<MessageId> {
        let execute = |number| self.process.execute(&Call::new(1, "activity", number)).unwrap().message_id;
        let ids = numbers.map(|number| execute(number).parse().unwrap()).collect();
        self.process.send_all();
        ids
    }

    fn pass(&self, time: Duration) {
        self.process.advance(&self.world, time);
    }

    fn by_hand(&self) -> CaughtUp {
        block_on(self.catch_up.now(&self.process.tenants.get(MID).unwrap())).unwrap()
    }

    fn look_after(&self, youngest: Duration) {
        block_on(self.catch_up.look_after_all(youngest, &self.process.running.1)).unwrap();
    }

    fn status_of(&self, id: MessageId) -> Option<String> {
        let record = self.process.store.reports().get(MID, ReportRef::of(id.queue, id.sequence)).unwrap()?;
        Some(record.reports.final_delivery()?.status.name.clone())
    }

    fn webhook(&self, id: MessageId, name: &str) {
        let entry = LogEntry { message_id: id, status: status(2, 9, name), sent_at: None };
        let report = DeliveryReport { done_at: Some(self.process.clock.now()), ..final_report(entry).unwrap() };
        let main = AccountId::new("main").unwrap();
        now(self.process.recorder.record(MID, &main, Channel::Sms, vec![report.into()])).unwrap();
    }

    fn asked(&self) -> usize {
        self.world.provider.desk().lookups.iter().map(|(_, ids)| ids.len()).sum()
    }
}

#[test]
fn missing_reports_come_from_the_log_and_become_rows() {
    let desk = Desk::new(1_000);
    let ids = desk.sent(0..3);
    desk.webhook(ids[0], "UNDELIVERABLE_NOT_DELIVERED");
    desk.pass(10 * MINUTE);
    assert_eq!(desk.by_hand(), CaughtUp { asked: 2, found: 2, ..CaughtUp::default() });
    assert_eq!(desk.status_of(ids[0]).as_deref(), Some("UNDELIVERABLE_NOT_DELIVERED"));
    assert_eq!(desk.status_of(ids[2]).as_deref(), Some("DELIVERED_TO_HANDSET"));
    desk.process.forward();
    assert_eq!(desk.world.target.table().rows.len(), 3);
    assert_eq!(desk.by_hand(), CaughtUp::default(), "nothing is missing any more");
    // The webhook comes after all.
    desk.webhook(ids[1], "UNDELIVERABLE_NOT_DELIVERED");
    assert_eq!(desk.status_of(ids[1]).as_deref(), Some("UNDELIVERABLE_NOT_DELIVERED"));
}

#[test]
fn messages_too_young_or_too_old_are_not_asked_for() {
    let desk = Desk::new(1_000);
    desk.sent(0..2);
    desk.pass(4 * MINUTE);
    assert_eq!(desk.by_hand().asked, 0);
    desk.pass(49 * HOUR);
    desk.sent(2..3);
    desk.pass(6 * MINUTE);
    assert_eq!(desk.by_hand().asked, 1);
}

#[test]
fn half_of_the_lookups_are_left_to_what_is_perhaps_sent() {
    let desk = Desk::new(6);
    desk.sent(0..300);
    desk.pass(10 * MINUTE);
    let caught_up = desk.by_hand();
    assert!(caught_up.stopped_short);
    assert_eq!(desk.world.provider.desk().lookups.len(), 3);
    assert!(desk.by_hand().stopped_short, "the minute is not over");
    assert_eq!(desk.world.provider.desk().lookups.len(), 3);
    desk.pass(MINUTE);
    assert!(desk.by_hand().found > 0);
}

#[test]
fn a_log_that_does_not_answer_is_said() {
    let desk = Desk::new(1_000);
    desk.sent(0..2);
    desk.pass(10 * MINUTE);
    desk.world.provider.log_will([Log::Failure]);
    let caught_up = desk.by_hand();
    assert_eq!((caught_up.asked, caught_up.problem.as_deref()), (0, Some("the log is down")));
    assert_eq!(desk.by_hand().found, 2);
}

#[test]
fn only_an_account_that_is_not_heard_is_looked_after() {
    let desk = Desk::new(1_000);
    let ids = desk.sent(0..3);
    desk.pass(30 * MINUTE);
    desk.webhook(ids[0], "UNDELIVERABLE_NOT_DELIVERED");
    desk.look_after(YOUNGEST);
    assert_eq!(desk.asked(), 0, "it was heard just now");
    desk.pass(HOUR);
    desk.look_after(YOUNGEST_WHILE_QUIET);
    assert_eq!(desk.asked(), 0, "a phone may be off");
    desk.pass(HOUR);
    desk.look_after(YOUNGEST_WHILE_QUIET);
    assert_eq!(desk.asked(), 2);
    let heard = desk.process.store.heard().last(MID, &AccountId::new("main").unwrap()).unwrap();
    assert_eq!(heard, Some(START.plus(30 * MINUTE)), "what the log says is no webhook");
}

#[tokio::test]
async fn it_looks_by_itself_soon_after_a_start() {
    let desk = Desk::new(1_000);
    let ids = desk.sent(0..2);
    desk.pass(10 * MINUTE);
    let task = tokio::spawn(Arc::clone(&desk.catch_up).run(desk.process.running.1.clone()));
    tokio::task::yield_now().await;
    desk.pass(3 * MINUTE);
    let found = async {
        while desk.status_of(ids[0]).is_none() || desk.status_of(ids[1]).is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), found).await.unwrap();
    desk.process.running.0.send(true).unwrap();
    task.await.unwrap();
}
