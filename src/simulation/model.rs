//! What the simulation knows to be true, and compares the pipeline with.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::process::{Call, Process, World};
use super::provider::{POISON, REFUSED};
use super::target::POISON_ENDING;
use crate::clock::{Clock as _, Timestamp};
use crate::domain::delivery::LocalEnd;
use crate::domain::ids::{MessageId, Mid, QueueId};
use crate::domain::speed_limit::SLOT_SHARING;
use crate::intake::Answer;
use crate::store::{Found, Opened, OutboxSubject, OutboxTarget, ReportRef, SentOutcome};

/// A contact's pass through an activity: its call, repeated or not, and the answer that it got.
pub(crate) struct Pass {
    pub(crate) call: Call,
    pub(crate) answer: Option<Answer>,
}

/// A message that was acknowledged.
pub(crate) struct Acknowledged {
    pub(crate) mid: Mid,
    pub(crate) pass: usize,
}

/// A moment of a paced queue's sending.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    /// Which run of Waypost it was.
    pub(crate) run: usize,
    /// How far the wall clock had been set forward in all.
    pub(crate) forward: Duration,
}

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) passes: Vec<Pass>,
    pub(crate) acknowledged: BTreeMap<MessageId, Acknowledged>,
    /// Not seen at rest yet: looked at after each step.
    pub(crate) open: BTreeSet<MessageId>,
    /// Final status names that Infobip's reports brought and that were acknowledged to it.
    pub(crate) reported: BTreeMap<MessageId, String>,
    pub(crate) spacings: BTreeMap<QueueId, Duration>,
    pub(crate) moments: BTreeMap<QueueId, Vec<Moment>>,
    pub(crate) written_seen: usize,
    pub(crate) run: usize,
    pub(crate) forward: Duration,
    pub(crate) has_small_budget: bool,
}

impl Model {
    /// An execute call got its answer.
    pub(crate) fn answered(&mut self, index: usize, answer: Answer) {
        let pass = &mut self.passes[index];
        match &pass.answer {
            Some(first) => assert_eq!(*first, answer, "a repeated call got another answer: {:?}", pass.call),
            None => {
                let id: MessageId = answer.message_id.parse().unwrap();
                let known = self.acknowledged.insert(id, Acknowledged { mid: pass.call.mid, pass: index });
                assert!(known.is_none(), "a message id was given twice");
                self.open.insert(id);
                pass.answer = Some(answer);
            }
        }
    }

    fn call(&self, id: MessageId) -> Option<&Call> {
        self.acknowledged.get(&id).map(|message| &self.passes[message.pass].call)
    }

    pub(crate) fn check(&mut self, world: &World, process: &Process) {
        self.check_provider(world, process);
    }

    /// What is not at rest yet must not be lost, nor end without a reason.
    pub(crate) fn check_open(&mut self, world: &World, process: &Process) {
        let open: Vec<MessageId> = self.open.iter().copied().collect();
        for id in open {
            if self.check_message(world, process, id) {
                self.open.remove(&id);
            }
        }
    }

    /// Looks at everything again, also at what was at rest: after a restart.
    pub(crate) fn check_all(&mut self, world: &World, process: &Process) {
        self.open = self.acknowledged.keys().copied().collect();
        self.check(world, process);
        self.check_open(world, process);
        self.check_counts(process);
    }

    /// Not taken twice, and spaced.
    fn check_provider(&mut self, world: &World, process: &Process) {
        let desk = world.provider.desk();
        for written in desk.written.iter().skip(self.written_seen) {
            for id in &written.ids {
                let times = desk.taken.get(id).map_or(0, Vec::len);
                let excused =
                    desk.unanswered.contains(id) && (self.has_small_budget || desk.log_unreliable.contains(id));
                assert!(times <= 1 || excused, "{id} was taken {times} times, though its first request was settled");
            }
            let record = process.book.by_id(written.queue);
            let limit = record.and_then(|queue| queue.record.try_lock().ok().and_then(|r| r.policy.speed_limit));
            if let Some(limit) = limit {
                let spacing = *self.spacings.entry(written.queue).or_insert(limit.spacing());
                let moments = self.moments.entry(written.queue).or_default();
                for _ in &written.ids {
                    moments.push(Moment { at: written.at, run: self.run, forward: self.forward });
                    check_spacing(moments, spacing);
                }
            }
        }
        self.written_seen = desk.written.len();
    }

    /// Tells whether the message is at rest.
    fn check_message(&self, world: &World, process: &Process, id: MessageId) -> bool {
        let message = &self.acknowledged[&id];
        let call = &self.passes[message.pass].call;
        let found = process.store.messages().find(message.mid, id).unwrap();
        let sent = match found.unwrap_or_else(|| panic!("the acknowledged message {id} is lost: {call:?}")) {
            Found::Waiting(_) => return false,
            Found::Sent(sent) => sent,
        };
        let desk = world.provider.desk();
        let taken = desk.taken.contains_key(&id);
        let end = match &sent.outcome {
            SentOutcome::Sent { .. } => {
                assert!(taken, "{id} counts as sent, but the provider never took it");
                return true;
            }
            SentOutcome::Ended(end) => end,
        };
        match end {
            LocalEnd::RequestRefused { .. } => assert!(call.text.contains(POISON), "{id} ended for another's fault"),
            LocalEnd::Refused(status) => {
                assert!(call.text.contains(REFUSED), "{id} ended as {status:?}");
                assert!(!taken && desk.turned_down.contains(&id));
            }
            LocalEnd::Unknown => assert!(desk.unanswered.contains(&id), "{id} ended as unknown without a reason"),
            LocalEnd::Cancelled => assert!(call.activity.contains("cancelled"), "{id} was cancelled by nobody"),
            LocalEnd::Expired => assert!(call.validity_minutes.is_some(), "{id} expired within 48 hours"),
            LocalEnd::AccountGone => panic!("no account was removed"),
        }
        let report = process.store.reports().get(message.mid, ReportRef::of(id.queue, id.sequence)).unwrap();
        assert!(
            report.is_some_and(|record| record.reports.final_delivery().is_some()),
            "{id} ended here without a report"
        );
        true
    }

    /// Messages left = last sequence − done, without a scan; and what is acknowledged sends once for each pass.
    fn check_counts(&self, process: &Process) {
        for tenant in process.tenants.all() {
            for record in process.store.queues().all(tenant.mid).unwrap() {
                let last = process.store.messages().last_sequence(tenant.mid, record.id).unwrap();
                let waiting = process.store.messages().waiting(tenant.mid, record.id, 0, usize::MAX).unwrap();
                assert!(waiting.iter().all(|opened| matches!(opened, Opened::Record(_))));
                assert_eq!(last - record.done, waiting.len() as u64, "queue {} counts wrongly", record.id);
            }
        }
    }

    /// Everything has come to rest: each message once, each final report one row.
    pub(crate) fn check_end(&mut self, world: &World, process: &Process) {
        self.check_all(world, process);
        if let Some(id) = self.open.first() {
            let message = process.store.messages().find(self.acknowledged[id].mid, *id).unwrap();
            let unresolved = process.dispatch.unresolved();
            let in_flight = process.store.messages().in_flight(self.acknowledged[id].mid, id.queue).unwrap();
            let record = process.book.by_id(id.queue).and_then(|q| q.record.try_lock().ok().map(|r| r.clone()));
            panic!(
                "{} messages still wait, such as {message:?} of {record:?}; {unresolved} are unresolved; {in_flight:?} at {}",
                self.open.len(),
                process.clock.now()
            );
        }
        let desk = world.provider.desk();
        for id in desk.taken.keys() {
            // What was stored, but not acknowledged because the answer was lost, is sent all the same.
            let known = process.store.messages().find(id_mid(process, *id), *id).unwrap();
            assert!(known.is_some(), "{id} was sent, and is not known");
        }
        let table = world.target.table();
        let mut refused = BTreeSet::new();
        for tenant in process.tenants.all() {
            let outbox = process.store.reports().outbox(tenant.mid, OutboxTarget::SMS_REPORTS, None, 10).unwrap();
            assert!(outbox.is_empty(), "reports still wait: {outbox:?}");
            let lane = process.store.reports().refused(tenant.mid, OutboxTarget::SMS_REPORTS, None, 100_000).unwrap();
            refused.extend(lane.into_iter().map(|placed| placed.place.subject));
        }
        for (id, message) in &self.acknowledged {
            let place = ReportRef::of(id.queue, id.sequence);
            let record = process.store.reports().get(message.mid, place).unwrap();
            let row = table.rows.get(&id.to_string());
            if let Some(name) = self.reported.get(id) {
                let stands = record
                    .as_ref()
                    .and_then(|record| record.reports.delivery.as_ref())
                    .map(|report| &report.status.name);
                assert_eq!(stands, Some(name), "the report of {id} is not Infobip's");
            }
            let call = self.call(*id).unwrap();
            match record.as_ref().and_then(|record| record.reports.final_delivery()) {
                None => assert!(row.is_none()),
                Some(_) if call.phone.ends_with(POISON_ENDING) => {
                    assert!(
                        row.is_none() && refused.contains(&OutboxSubject::Report(place)),
                        "the refused row of {id} was not kept"
                    );
                }
                Some(report) => assert_eq!(row, Some(&report.status.name), "the row of {id}"),
            }
        }
    }
}

fn id_mid(process: &Process, id: MessageId) -> Mid {
    process.book.by_id(id.queue).unwrap().mid
}

/// The last moment against those before it: n messages take n − 1 spacings, less what slots may share.
fn check_spacing(moments: &[Moment], spacing: Duration) {
    const LOOKED_BACK: usize = 30;
    let Some((last, before)) = moments.split_last() else { return };
    for (count, first) in before.iter().rev().take(LOOKED_BACK).enumerate() {
        let spacings = spacing * u32::try_from(count + 1).unwrap();
        let real = last.at.since(first.at);
        // A slot is stored in wall-clock time. Set forward between it and a restart, the clock says that more time has
        // passed than has, and nothing can tell.
        let seems = if last.run == first.run { real } else { real + (last.forward - first.forward) };
        assert!(
            seems + SLOT_SHARING >= spacings.saturating_sub(Duration::from_micros(1)),
            "{} messages in {real:?} with a spacing of {spacing:?}: {first:?} {last:?}",
            count + 2
        );
    }
}
