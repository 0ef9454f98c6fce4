//! One seeded run: what happens next is drawn, then happens, then everything is checked.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::model::{Model, Pass};
use super::process::{Call, Process, START, World, account, now, poll, tenant};
use super::provider::{POISON, REFUSED, Weather, status};
use crate::clock::{Clock, Timestamp};
use crate::dispatch::pacer::Step;
use crate::domain::channel::Channel;
use crate::domain::delivery::HoldReason;
use crate::domain::ids::{AccountId, ActivityId, MessageId, Mid};
use crate::domain::message::InArguments;
use crate::domain::report::{DeliveryReport, Origin};
use crate::domain::tenant::MaybeSent;
use crate::intake::Answer;
use crate::reporting::lookup::Question;
use crate::store::{QueueMark, StoreError};

/// How far the wall clock strays before it is set back towards the true time: with the last jump, never by a day, so
/// that first answers are known all the time.
const JUMP_MAX: Duration = Duration::from_hours(5);
/// Acknowledged messages are looked at so often, in steps; what the provider got is looked at after each.
const LOOK_EVERY: usize = 25;
/// What was at rest is looked at again after so many restarts; it can only be lost by one.
const LOOK_AGAIN_EVERY: usize = 4;
/// Virtual time that a run may take to come to rest.
const REST_STEPS: usize = 20_000;

enum Done {
    Ordered,
    Executed(usize, Result<Answer, StoreError>),
    /// A webhook call, by its number.
    Recorded(usize, Result<(), StoreError>),
    Forwarded(Mid),
    Resolved,
    Told,
}

/// A report that the provider tells until it is heard.
#[derive(Clone)]
struct Report {
    due: Timestamp,
    mid: Mid,
    account: AccountId,
    id: MessageId,
    report: DeliveryReport,
}

type Task = Pin<Box<dyn Future<Output = Done>>>;

struct Run {
    rng: StdRng,
    world: World,
    model: Model,
    process: Process,
    tasks: Vec<Task>,
    resolving: bool,
    forwarding: Vec<Mid>,
    reports: Vec<Report>,
    /// Webhook calls that wait for their answer.
    told: BTreeMap<usize, Vec<Report>>,
    calls: usize,
    steps: usize,
    log: Vec<String>,
    stormy: Weather,
}

/// Runs a seed; says it when it fails.
pub(super) fn run(seed: u64, steps: usize) {
    struct Tell(u64, usize);
    impl Drop for Tell {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("the simulation failed: WAYPOST_SIMULATION_SEED={}, {} steps", self.0, self.1);
            }
        }
    }
    let _tell = Tell(seed, steps);
    Run::new(seed).go(steps);
}

/// What happened in a run, step by step.
pub(super) fn trace(seed: u64, steps: usize) -> Vec<String> {
    Run::new(seed).go(steps)
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let tenants = vec![
            tenant(1, vec![account("main", MaybeSent::Repeat), account("careful", MaybeSent::ReportUnknown)]),
            tenant(2, vec![account("other", MaybeSent::Repeat)]),
        ];
        let mut world = World::new(seed, tenants);
        let has_small_budget = rng.random_bool(0.2);
        world.lookups_per_minute = if has_small_budget { 2 } else { 1_000 };
        let mut up_to = |most: u32| if rng.random_bool(0.5) { rng.random_range(0..=most) } else { 0 };
        let stormy = Weather {
            not_sent: up_to(40),
            unanswered: up_to(25),
            half_answered: up_to(20),
            no_credit: up_to(3),
            slow: up_to(70),
            log_fails: up_to(60),
            log_lies: up_to(20),
        };
        let process = world.start(START);
        let model = Model { has_small_budget, ..Model::default() };
        Self {
            rng,
            world,
            model,
            process,
            tasks: Vec::new(),
            resolving: false,
            forwarding: Vec::new(),
            reports: Vec::new(),
            told: BTreeMap::new(),
            calls: 0,
            steps: 0,
            log: Vec::new(),
            stormy,
        }
    }

    fn go(mut self, steps: usize) -> Vec<String> {
        self.world.provider.desk().weather = self.stormy;
        for _ in 0..steps {
            self.step();
            self.settle();
        }
        self.rest();
        self.model.check_end(&self.world, &self.process);
        self.log
    }

    fn note(&mut self, what: impl FnOnce(&Self) -> String) {
        let line = what(self);
        self.log.push(line);
    }

    fn step(&mut self) {
        let draw = self.rng.random_range(0..1_000);
        self.note(|run| format!("{draw} {} {}", run.process.clock.now(), run.tasks.len()));
        match draw {
            0..250 => self.execute(),
            250..300 => self.repeat(),
            300..450 => drop(self.order()),
            450..650 => self.pass_time(),
            650..720 => self.resolve(),
            720..800 => self.forward(),
            800..900 => self.report(),
            900..920 => self.jump(),
            920..950 => self.change_weather(),
            950..965 => self.release(),
            965..975 => self.mark(),
            975..985 => self.fail_a_write(),
            985..993 => self.crash(0),
            _ => self.restart(),
        }
    }

    /// Lets whatever can go on go on, and checks.
    fn settle(&mut self) {
        self.poll_tasks();
        if !self.process.store.is_open() {
            // A write failed: the process ends, and what was not synced is lost or not.
            let lost = self.rng.random_range(0..2);
            self.crash(lost);
        }
        self.hear_of_taken();
        self.steps += 1;
        self.model.check(&self.world, &self.process);
        if self.steps.is_multiple_of(LOOK_EVERY) {
            self.model.check_open(&self.world, &self.process);
        }
    }

    fn poll_tasks(&mut self) {
        let mut tasks = std::mem::take(&mut self.tasks);
        let mut done = Vec::new();
        tasks.retain_mut(|task| match poll(task.as_mut()) {
            Poll::Pending => true,
            Poll::Ready(result) => {
                done.push(result);
                false
            }
        });
        tasks.append(&mut self.tasks);
        self.tasks = tasks;
        for done in done {
            match done {
                Done::Executed(pass, Ok(answer)) => self.model.answered(pass, answer),
                Done::Recorded(call, result) => {
                    let reports = self.told.remove(&call).unwrap_or_default();
                    match result {
                        Ok(()) => self.heard(&reports),
                        // Infobip tells again what it got no 200 for.
                        Err(_) => self.reports.extend(reports),
                    }
                }
                Done::Forwarded(mid) => self.forwarding.retain(|busy| *busy != mid),
                Done::Resolved => self.resolving = false,
                Done::Executed(_, Err(_)) | Done::Ordered | Done::Told => {}
            }
        }
    }

    fn execute(&mut self) {
        let number = self.model.passes.len();
        // Which activity says by which account, and at which pace.
        let (mid, account, activity, pace) = match self.rng.random_range(0..8) {
            0 => (1, "main", "unpaced", None),
            1 => (1, "main", "hourly", Some("500/HOUR")),
            2 => (1, "main", "each second", Some("60/MINUTE")),
            3 => (1, "main", "fast", Some("1200/MINUTE")),
            4 => (1, "careful", "careful", None),
            5 => (1, "careful", "cancelled", Some("120/MINUTE")),
            6 => (2, "other", "other unpaced", None),
            _ => (2, "other", "other paced", Some("10/MINUTE")),
        };
        let mut call = Call::new(mid, activity, number);
        call.account = account.into();
        call.pace = pace.map(str::to_owned);
        // A refused request of a shared slot is sent again in parts, which is not what slots are about.
        if activity != "fast" {
            match self.rng.random_range(0..40) {
                0 => call.text = format!("{POISON} {number}"),
                1 => call.text = format!("{REFUSED} {number}"),
                2 => call.validity_minutes = Some(30),
                3 => call.phone.replace_range(call.phone.len() - 2.., super::target::POISON_ENDING),
                _ => {}
            }
        }
        self.model.passes.push(Pass { call, answer: None });
        self.call(number);
        // The retry of an impatient caller.
        if self.rng.random_bool(0.1) {
            self.call(number);
        }
    }

    fn repeat(&mut self) {
        if self.model.passes.is_empty() {
            return;
        }
        let oldest = self.model.passes.len().saturating_sub(40);
        let pass = self.rng.random_range(oldest..self.model.passes.len());
        self.call(pass);
    }

    fn call(&mut self, pass: usize) {
        let call = self.model.passes[pass].call.verified(&self.process);
        let intake = Arc::clone(&self.process.intake);
        self.begin(async move { Done::Executed(pass, intake.accept(call).await) });
    }

    fn begin(&mut self, task: impl Future<Output = Done> + 'static) {
        self.tasks.push(Box::pin(task));
    }

    /// Carries out what the pacer says, as the runner does, without waiting for the answers. Tells how long it may sleep.
    fn order(&mut self) -> Option<Duration> {
        const ORDERS_MAX: usize = 5_000;
        for _ in 0..ORDERS_MAX {
            let order = match self.process.dispatch.step() {
                Step::Send(order) => order,
                Step::SleepUntil(at) => return Some(at.since(self.process.clock.steady())),
                Step::Idle => return None,
            };
            let dispatch = Arc::clone(&self.process.dispatch);
            self.begin(async move {
                dispatch.carry_out(order).await;
                Done::Ordered
            });
            self.poll_tasks();
            if !self.process.store.is_open() {
                return None;
            }
        }
        panic!("the pacer gives orders without an end");
    }

    fn pass_time(&mut self) {
        let wake = self.order();
        let by = match self.rng.random_range(0..10) {
            // To the moment, and a little late.
            0..5 => wake.unwrap_or(Duration::from_secs(1)),
            5..7 => wake.unwrap_or_default() + Duration::from_millis(self.rng.random_range(0..400)),
            7..9 => Duration::from_millis(self.rng.random_range(0..20_000)),
            _ => Duration::from_secs(self.rng.random_range(0..200)),
        };
        self.process.advance(&self.world, by.min(Duration::from_secs(400)));
        self.order();
    }

    fn resolve(&mut self) {
        if !std::mem::replace(&mut self.resolving, true) {
            let dispatch = Arc::clone(&self.process.dispatch);
            self.begin(async move {
                // An error means that the store failed; the run ends then.
                dispatch.resolve_due().await.ok();
                Done::Resolved
            });
        }
    }

    fn forward(&mut self) {
        for tenant in self.process.tenants.all() {
            if self.forwarding.contains(&tenant.mid) {
                continue;
            }
            self.forwarding.push(tenant.mid);
            let (forwarder, running) = (Arc::clone(&self.process.forwarder), self.process.running.1.clone());
            self.begin(async move {
                forwarder.forward_tenant(&tenant, &running).await.ok();
                Done::Forwarded(tenant.mid)
            });
        }
    }

    /// The provider has taken messages: sooner or later it reports them, in any order, some more than once.
    fn hear_of_taken(&mut self) {
        let taken = std::mem::take(&mut self.world.provider.desk().newly_taken);
        let real = self.world.provider.desk().now;
        for (account, id) in taken {
            let mid = if account.as_str() == "other" { Mid::new(2) } else { Mid::new(1) };
            let is_delivered = self.rng.random_bool(0.8);
            let last = if is_delivered {
                status(3, 5, "DELIVERED_TO_HANDSET")
            } else {
                status(2, 9, "UNDELIVERABLE_NOT_DELIVERED")
            };
            let pending = status(1, 3, "PENDING_WAITING_DELIVERY");
            let repeats = self.rng.random_range(1..3);
            let statuses = std::iter::repeat_n(last, repeats).chain(self.rng.random_bool(0.3).then_some(pending));
            for status in statuses.collect::<Vec<_>>() {
                let after = match self.rng.random_range(0..4) {
                    0 => 0,
                    1 => self.rng.random_range(0..5_000),
                    2 => self.rng.random_range(0..600_000),
                    _ => self.rng.random_range(0..40_000_000),
                };
                let report = report(id, status, real);
                let due = real.plus(Duration::from_millis(after));
                self.reports.push(Report { due, mid, account: account.clone(), id, report });
            }
        }
    }

    /// One webhook call with some of what is due.
    fn report(&mut self) {
        let real = self.world.provider.desk().now;
        let mut some = Vec::new();
        let most = self.rng.random_range(1..6);
        while some.len() < most {
            let due = self.reports.iter().position(|report| {
                let first = some.first();
                report.due <= real && first.is_none_or(|f: &Report| f.account == report.account)
            });
            let Some(index) = due else { break };
            some.push(self.reports.swap_remove(index));
        }
        let Some(first) = some.first() else { return };
        let (mid, account) = (first.mid, first.account.clone());
        let reports = some.iter().map(|report| report.report.clone().into()).collect();
        let recorder = Arc::clone(&self.process.recorder);
        self.calls += 1;
        let call = self.calls;
        self.told.insert(call, some);
        self.begin(async move { Done::Recorded(call, recorder.record(mid, &account, Channel::Sms, reports).await) });
    }

    /// Reports were acknowledged to the provider: from now on the reports activity says so.
    fn heard(&mut self, reports: &[Report]) {
        for heard in reports.iter().filter(|heard| heard.report.is_final) {
            self.model.reported.insert(heard.id, heard.report.status.name.clone());
            let tenant = self.process.tenants.get(heard.mid).unwrap();
            let arguments: InArguments = [("messageId".to_owned(), heard.id.to_string())].into_iter().collect();
            let answer = now(self
                .process
                .lookup
                .answer(&tenant, Question { arguments: &arguments, instance: None, configuration: None }))
            .unwrap();
            assert_eq!(answer.status_name, heard.report.status.name);
        }
    }

    fn jump(&mut self) {
        let most = [200, 60_000, 18_000_000][self.rng.random_range(0..3)];
        let by = Duration::from_millis(self.rng.random_range(1..most));
        // Back and forth around the true time, so that jumps don't add up.
        let real = self.world.provider.desk().now;
        let wall = self.process.clock.now();
        let forward = if wall > real.plus(JUMP_MAX) {
            false
        } else if wall.plus(JUMP_MAX) < real {
            true
        } else {
            self.rng.random_bool(0.5)
        };
        let nanos = i128::try_from(by.as_nanos()).unwrap();
        if forward {
            self.model.forward += by;
        }
        self.process.clock.jump_wall(if forward { nanos } else { -nanos });
    }

    fn change_weather(&mut self) {
        let weather = if self.rng.random_bool(0.5) { Weather::CALM } else { self.stormy };
        self.world.target.table().trouble = if self.rng.random_bool(0.5) { 0 } else { 30 };
        let refuses = self.rng.random_bool(0.2);
        let label = ["main", "careful", "other"][self.rng.random_range(0..3)];
        let mut desk = self.world.provider.desk();
        desk.weather = weather;
        if refuses {
            let reason = if label == "main" { HoldReason::KeyRefused } else { HoldReason::ScopeMissing };
            desk.refused_keys.insert(AccountId::new(label).unwrap(), reason);
        }
    }

    /// Somebody repairs an account and checks it.
    fn release(&mut self) {
        let (mid, label) = [(1, "main"), (1, "careful"), (2, "other")][self.rng.random_range(0..3)];
        let account = AccountId::new(label).unwrap();
        self.world.provider.desk().refused_keys.remove(&account);
        let dispatch = Arc::clone(&self.process.dispatch);
        self.begin(async move {
            dispatch.release(Mid::new(mid), &account).await.ok();
            Done::Told
        });
    }

    fn mark(&mut self) {
        let (mid, activity) =
            [(1, "hourly"), (1, "unpaced"), (2, "other paced"), (1, "cancelled")][self.rng.random_range(0..4)];
        let activity = ActivityId::new(activity).unwrap();
        let Some(queue) = self.process.book.by_activity(Mid::new(mid), &activity) else { return };
        let mark = match self.rng.random_range(0..4) {
            0 => QueueMark::Paused,
            1 => QueueMark::Held,
            2 if activity.as_str() == "cancelled" => QueueMark::Cancelled,
            _ => QueueMark::Running,
        };
        let book = Arc::clone(&self.process.book);
        self.begin(async move {
            book.mark(&queue, mark).await.ok();
            Done::Told
        });
    }

    /// The next commit is applied, or not, and never synced.
    fn fail_a_write(&mut self) {
        match self.rng.random_range(0..2) {
            0 => self.world.kv.fail_next_apply(),
            _ => self.world.kv.fail_next_sync(),
        }
        self.order();
    }

    /// The process dies: everything in memory is gone, and of the unsynced batches the last `lost`.
    fn crash(&mut self, lost: usize) {
        self.note(|run| format!("crash with {} tasks", run.tasks.len()));
        self.tasks.clear();
        self.world.kv.crash_losing(lost);
        self.begin_anew();
    }

    /// SIGTERM: what is in flight is finished first.
    fn restart(&mut self) {
        for _ in 0..200 {
            self.process.advance(&self.world, Duration::from_millis(100));
            self.poll_tasks();
            self.hear_of_taken();
        }
        self.crash(0);
    }

    fn begin_anew(&mut self) {
        self.resolving = false;
        self.forwarding.clear();
        // Webhook calls that died with the process are told again.
        self.reports.extend(std::mem::take(&mut self.told).into_values().flatten());
        let downtime = match self.rng.random_range(0..3) {
            0 => Duration::ZERO,
            1 => Duration::from_millis(self.rng.random_range(0..10_000)),
            _ => Duration::from_secs(self.rng.random_range(0..600)),
        };
        self.process.advance(&self.world, downtime);
        self.model.check(&self.world, &self.process);
        self.process = self.world.start(self.process.clock.now());
        self.model.run += 1;
        if self.model.run.is_multiple_of(LOOK_AGAIN_EVERY) {
            self.model.check_all(&self.world, &self.process);
        } else {
            self.model.check_open(&self.world, &self.process);
        }
    }

    /// The weather clears, everybody repairs what is theirs, and time goes by until nothing is left to do.
    fn rest(&mut self) {
        self.world.provider.desk().weather = Weather::CALM;
        self.world.provider.desk().refused_keys.clear();
        self.world.target.table().trouble = 0;
        self.world.kv.set_disk_full(false);
        self.crash(0);
        for (mid, label) in [(1, "main"), (1, "careful"), (2, "other")] {
            now(self.process.dispatch.release(Mid::new(mid), &AccountId::new(label).unwrap())).unwrap();
        }
        for tenant in self.process.tenants.all() {
            for queue in self.process.book.of_tenant(tenant.mid) {
                let is_cancelled = now(queue.record.lock()).mark == QueueMark::Cancelled;
                if !is_cancelled {
                    now(self.process.book.mark(&queue, QueueMark::Running)).unwrap();
                }
            }
        }
        for _ in 0..REST_STEPS {
            let wake = self.order().unwrap_or(Duration::from_secs(15));
            self.process.advance(&self.world, wake.min(Duration::from_secs(15)));
            self.order();
            self.resolve();
            self.forward();
            for report in &mut self.reports {
                report.due = Timestamp::ZERO;
            }
            self.report();
            self.settle();
            let waits = !self.tasks.is_empty()
                || !self.reports.is_empty()
                || !self.told.is_empty()
                || self.process.dispatch.unresolved() > 0;
            if !waits && self.model.open.is_empty() {
                break;
            }
        }
        // Whatever target had to wait may be tried again by now.
        for _ in 0..4 {
            self.process.advance(&self.world, Duration::from_secs(400));
            self.forward();
            self.settle();
            self.settle();
        }
    }
}

/// As Infobip tells it, equal each time.
fn report(id: MessageId, status: crate::domain::report::StatusInfo, done_at: Timestamp) -> DeliveryReport {
    DeliveryReport {
        origin: Origin::Infobip,
        is_final: crate::domain::report::is_final_group(status.group_id),
        done_at: Some(done_at),
        sent_at: Some(done_at),
        status,
        error: None,
        message_id: id.to_string(),
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
