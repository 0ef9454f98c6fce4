//! What the log is asked for, and what becomes of its answers.

use super::*;
use crate::domain::report::{DeliveryReport, Origin};
use crate::domain::tenant::MaybeSent;
use crate::simulation::process::{Call, Process, START, World, account, now, tenant};
use crate::simulation::provider::{Log, logged, status};

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
        Self::run(world, START)
    }

    fn run(world: World, at: Timestamp) -> Self {
        let process = world.start(at);
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

    fn look_after(&self) {
        block_on(self.catch_up.look_after_all(&AGES, &self.process.running.1)).unwrap();
    }

    /// Another run on the same store.
    fn restarted(self) -> Self {
        let Self { world, process, .. } = self;
        let at = process.clock.now();
        drop(process);
        Self::run(world, at)
    }

    fn status_of(&self, id: MessageId) -> Option<String> {
        let record = self.process.store.reports().get(MID, ReportRef::of(id.queue, id.sequence)).unwrap()?;
        Some(record.reports.final_delivery()?.status.name.clone())
    }

    fn webhook(&self, id: MessageId, name: &str) {
        let report = logged(id, status(2, 9, name), self.process.clock.now()).report;
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
    desk.pass(MINUTE);
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
fn an_account_that_is_not_heard_is_looked_after() {
    let desk = Desk::new(1_000);
    let ids = desk.sent(0..3);
    desk.pass(30 * MINUTE);
    desk.webhook(ids[0], "UNDELIVERABLE_NOT_DELIVERED");
    desk.look_after();
    assert_eq!(desk.asked(), 0, "it was heard just now");
    desk.pass(HOUR);
    desk.look_after();
    assert_eq!(desk.asked(), 0, "a phone may be off");
    desk.pass(HOUR);
    desk.look_after();
    assert_eq!(desk.asked(), 2);
    let heard = desk.process.store.heard().last(MID, &AccountId::new("main").unwrap()).unwrap();
    assert_eq!(heard, Some(START.plus(30 * MINUTE)), "what the log says is no webhook");
}

/// Tells of a message that is delivered at once, so that its account is heard.
fn hear(desk: &Desk, number: usize) {
    let id = desk.sent(number..number + 1)[0];
    desk.webhook(id, "UNDELIVERABLE_NOT_DELIVERED");
}

#[test]
fn what_a_silence_cost_is_asked_for_although_the_account_is_heard_again() {
    let desk = Desk::new(1_000);
    hear(&desk, 0);
    desk.pass(10 * MINUTE);
    // Sent while the account is heard: a phone is off, and that is all.
    desk.sent(1..3);
    for number in 3..20 {
        desk.pass(10 * MINUTE);
        hear(&desk, number);
    }
    let lost = desk.sent(20..23);
    desk.pass(5 * HOUR);
    hear(&desk, 23);
    desk.look_after();
    assert_eq!(desk.asked(), 3);
    assert_eq!(desk.status_of(lost[0]).as_deref(), Some("DELIVERED_TO_HANDSET"));
    desk.pass(40 * HOUR);
    hear(&desk, 24);
    desk.look_after();
    assert_eq!(desk.asked(), 3, "what was sent long before the silence is left alone, in the log's last hours too");
}

#[test]
fn what_the_log_does_not_know_yet_is_asked_for_once_at_each_age_also_over_restarts() {
    let mut desk = Desk::new(1_000);
    desk.sent(0..60);
    let mut asked = Vec::new();
    for hour in 1..=49 {
        desk.pass(HOUR);
        desk.world.provider.log_will([Log::Nothing; 2]);
        desk.look_after();
        if hour % 3 == 0 {
            desk = desk.restarted();
        }
        desk.look_after();
        asked.push(desk.asked());
    }
    let first_at = |count| asked.iter().position(|seen| *seen == count).map(|at| at + 1);
    assert_eq!([60, 120, 180, 240].map(first_at), [Some(2), Some(8), Some(24), Some(46)]);
    assert_eq!(asked.last(), Some(&240));
}

#[test]
fn a_look_goes_on_after_a_restart_where_it_was() {
    // Half of four: two lookups, of 50 messages each.
    let desk = Desk::new(4);
    desk.sent(0..300);
    desk.pass(3 * HOUR);
    desk.world.provider.log_will([Log::Nothing; 6]);
    let looking = async {
        let look = desk.catch_up.look_after_all(&AGES, &desk.process.running.1);
        tokio::select! {
            looked = look => panic!("{looked:?}, although there is no budget for all"),
            () = async { while desk.asked() < 100 { tokio::task::yield_now().await } } => {}
        }
        // It has come to where it waits for the next minute.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    };
    block_on(looking);
    let mut desk = desk.restarted();
    desk.world.lookups_per_minute = 1_000;
    desk = desk.restarted();
    desk.look_after();
    let ids: Vec<_> = desk.world.provider.desk().lookups.iter().flat_map(|(_, ids)| ids.clone()).collect();
    let once: HashSet<_> = ids.iter().collect();
    // What was asked last before the end may not have been written down.
    assert_eq!(once.len(), 300);
    assert!(ids.len() <= 350, "{}", ids.len());
}

#[test]
fn a_log_that_does_not_answer_is_asked_again_an_hour_later() {
    let desk = Desk::new(1_000);
    let ids = desk.sent(0..2);
    desk.pass(3 * HOUR);
    desk.world.provider.log_will([Log::Failure]);
    desk.look_after();
    assert_eq!(desk.status_of(ids[0]), None);
    desk.pass(HOUR);
    desk.look_after();
    assert!(desk.status_of(ids[0]).is_some() && desk.status_of(ids[1]).is_some());
}

#[test]
fn a_look_by_hand_that_was_stopped_short_goes_on_from_there() {
    let desk = Desk::new(2);
    desk.sent(0..120);
    desk.pass(10 * MINUTE);
    desk.world.provider.log_will([Log::Nothing; 9]);
    for stopped_short in [true, true, false] {
        assert_eq!(desk.by_hand().stopped_short, stopped_short);
        desk.pass(MINUTE);
    }
    let ids: HashSet<_> = desk.world.provider.desk().lookups.iter().flat_map(|(_, ids)| ids.clone()).collect();
    assert_eq!((desk.asked(), ids.len()), (120, 120));
}

#[test]
fn a_report_from_the_log_is_whole() {
    let desk = Desk::new(1_000);
    let id = desk.sent(0..1)[0];
    desk.pass(10 * MINUTE);
    desk.by_hand();
    let record = desk.process.store.reports().get(MID, ReportRef::of(id.queue, id.sequence)).unwrap().unwrap();
    let report: DeliveryReport = record.reports.delivery.unwrap();
    assert_eq!((report.origin, report.done_at), (Origin::Infobip, Some(desk.process.clock.now())));
    assert_eq!((report.message_count, report.price_per_message.as_deref()), (Some(2), Some("0.15")));
    assert!(report.to.is_some() && report.callback_data.is_some() && report.sent_at.is_some());
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
