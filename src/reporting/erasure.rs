//! Erases a person from a business unit (spec R5): from the queues, what was sent, reports, clicks and replies.
//!
//! The record that says so is written last, so that it never says more than was done. A message that is perhaps being
//! sent can't be taken back: while there is one, no record is written, and the erasure is to be repeated.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::removal::{Remover, Wanted};
use crate::clock::Clock;
use crate::dispatch::Dispatch;
use crate::domain::callback_data;
use crate::domain::ids::{MessageId, Mid, QueueId};
use crate::domain::person::Person;
use crate::store::{
    ErasureCounts, ErasureRecord, Kept, OutboxSubject, ReportRef, StoreError, Trace, TraceFamily, UNASSIGNED,
};

/// What an erasure came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Erased {
    pub(crate) counts: ErasureCounts,
    /// Messages that are perhaps sent and not settled yet; with any, the erasure is not complete.
    pub(crate) unsettled: u64,
}

/// See the module's documentation.
pub(crate) struct Eraser {
    remover: Arc<Remover>,
    dispatch: Arc<Dispatch>,
    clock: Arc<dyn Clock>,
    /// One at a time: each reads all that the business unit has.
    erasing: tokio::sync::Mutex<()>,
}

/// What was found of the person so far, by which more is found.
#[derive(Default)]
struct Found {
    messages: HashSet<(QueueId, u64)>,
    strays: HashSet<ReportRef>,
    inbound: HashSet<[u8; 16]>,
    /// What rows of the outbox may be about.
    subjects: HashSet<OutboxSubject>,
}

impl Eraser {
    pub(crate) fn new(remover: Arc<Remover>, dispatch: Arc<Dispatch>, clock: Arc<dyn Clock>) -> Self {
        Self { remover, dispatch, clock, erasing: tokio::sync::Mutex::default() }
    }

    /// Erases a person. What comes of them afterwards is not stopped.
    pub(crate) async fn erase(&self, mid: Mid, person: Person) -> Result<Erased, StoreError> {
        let _one_at_a_time = self.erasing.lock().await;
        let store = &self.remover.store;
        let person = Arc::new(person);
        let mut found = Found::default();
        let mut counts = ErasureCounts::default();

        // In the order in which a message goes, so that none slips by.
        let (waiting, unsettled) = self.take_from_queues(mid, &person, &mut found).await?;
        counts.waiting = waiting;
        counts.sent = self.remove(mid, TraceFamily::Sent, &mut found, recipients(&person)).await?;
        for family in [TraceFamily::Reports, TraceFamily::StrayReports] {
            let wanted = reports(&person, &found);
            counts.reports += self.remove(mid, family, &mut found, wanted).await?;
        }
        let wanted = clicks(&person, &found);
        counts.clicks = self.remove(mid, TraceFamily::Clicks, &mut found, wanted).await?;
        let wanted = replies(&person, &found);
        counts.inbound = self.remove(mid, TraceFamily::Inbound, &mut found, Arc::clone(&wanted)).await?;
        counts.inbound += self.remove(UNASSIGNED, TraceFamily::Inbound, &mut found, wanted).await?;
        for family in [TraceFamily::ReplyOf, TraceFamily::LastSent] {
            let wanted = indexes(&found);
            self.remove(mid, family, &mut found, wanted).await?;
        }
        for family in [TraceFamily::Outbox, TraceFamily::Refused] {
            let wanted = rows(&found);
            counts.rows += self.remove(mid, family, &mut found, wanted).await?;
        }

        if unsettled == 0 {
            let hash = store.erasures().person_hash(mid, &person)?;
            // The moment is the record's key: one of a clock that stood still must not replace another.
            let known: HashSet<_> = store.erasures().all(mid)?.into_iter().map(|erasure| erasure.at).collect();
            let mut at = self.clock.now();
            while known.contains(&at) {
                at = at.plus(Duration::from_nanos(1));
            }
            let record = ErasureRecord { at, by: person.named_by(), person: hash, counts };
            let mut batch = store.batch();
            batch.put_erasure(mid, &record)?;
            let _receipt = store.commit(batch).await?;
        }
        Ok(Erased { counts, unsettled })
    }

    /// Ends waiting messages without a send and without a report. Those that are perhaps on their way stay.
    async fn take_from_queues(
        &self,
        mid: Mid,
        person: &Arc<Person>,
        found: &mut Found,
    ) -> Result<(u64, u64), StoreError> {
        let waiting = self.remover.all(mid, TraceFamily::Waiting, &recipients(person)).await?;
        let mut of_queues: BTreeMap<QueueId, Vec<u64>> = BTreeMap::new();
        for (trace, _) in &waiting {
            if let Trace::Waiting(queue, sequence) = *trace {
                of_queues.entry(queue).or_default().push(sequence);
                found.messages.insert((queue, sequence));
            }
        }
        let (mut taken, mut unsettled) = (0, 0);
        for (queue, sequences) in of_queues {
            let outcome = self.dispatch.take_out(queue, &sequences).await?;
            taken += outcome.taken;
            unsettled += outcome.unsettled;
        }
        Ok((taken, unsettled))
    }

    async fn remove(
        &self,
        mid: Mid,
        family: TraceFamily,
        found: &mut Found,
        wanted: Wanted,
    ) -> Result<u64, StoreError> {
        let all = self.remover.all(mid, family, &wanted).await?;
        for (trace, _) in &all {
            found.note(*trace);
        }
        let traces: Vec<_> = all.iter().map(|(trace, _)| *trace).collect();
        self.remover.remove(mid, &traces, &wanted).await
    }
}

impl Found {
    fn note(&mut self, trace: Trace) {
        match trace {
            Trace::Sent(queue, sequence) => drop(self.messages.insert((queue, sequence))),
            Trace::Report(report) => {
                if let ReportRef::Stray(_) = report {
                    self.strays.insert(report);
                }
                self.subjects.insert(OutboxSubject::Report(report));
            }
            Trace::Click(report, hash) => drop(self.subjects.insert(OutboxSubject::Click(report, hash))),
            Trace::Inbound(hash) => {
                self.inbound.insert(hash);
                self.subjects.insert(OutboxSubject::Inbound(hash));
            }
            _ => {}
        }
    }
}

fn recipients(person: &Arc<Person>) -> Wanted {
    let person = Arc::clone(person);
    Arc::new(move |_, kept| match kept {
        Kept::Waiting(message) => person.is_recipient_of(&message.message),
        Kept::Sent(sent) => person.is_recipient_of(&sent.message.message),
        _ => false,
    })
}

fn reports(person: &Arc<Person>, found: &Found) -> Wanted {
    let (person, messages) = (Arc::clone(person), found.messages.clone());
    Arc::new(move |trace, kept| {
        let (Trace::Report(report), Kept::Report(record)) = (*trace, kept) else { return false };
        let theirs = |number: Option<&String>| number.is_some_and(|number| person.has_number(number));
        let to = record.reports.delivery.as_ref().and_then(|report| report.to.as_ref());
        let seen_by = record.reports.seen.as_ref().and_then(|seen| seen.recipient.as_ref());
        let data = record.reports.delivery.as_ref().and_then(|report| report.callback_data.as_ref());
        is_of(report, &messages) || theirs(to) || theirs(seen_by) || names(&person, data)
    })
}

fn clicks(person: &Arc<Person>, found: &Found) -> Wanted {
    let (person, messages, strays) = (Arc::clone(person), found.messages.clone(), found.strays.clone());
    Arc::new(move |trace, kept| {
        let (Trace::Click(report, _), Kept::Click(record)) = (*trace, kept) else { return false };
        let clicked = record.click.recipient.as_ref().is_some_and(|number| person.has_number(number));
        clicked
            || names(&person, record.click.callback_data.as_ref())
            || is_of(report, &messages)
            || strays.contains(&report)
    })
}

fn replies(person: &Arc<Person>, found: &Found) -> Wanted {
    let (person, messages) = (Arc::clone(person), found.messages.clone());
    Arc::new(move |_, kept| {
        let Kept::Inbound(record) = kept else { return false };
        let answers = record.pairing.as_ref().is_some_and(|pairing| {
            person.has_contact_key(&pairing.contact_key) || messages.contains(&place(pairing.message_id))
        });
        answers || names(&person, record.inbound.callback_data.as_ref()) || person.has_number(&record.inbound.sender)
    })
}

/// Whether callback data names the person: it always carries the contact key (spec M4), also where nothing else does.
fn names(person: &Person, callback_data: Option<&String>) -> bool {
    callback_data.and_then(|data| callback_data::contact_key(data)).is_some_and(|key| person.has_contact_key(&key))
}

fn indexes(found: &Found) -> Wanted {
    let (messages, inbound) = (found.messages.clone(), found.inbound.clone());
    Arc::new(move |trace, kept| match (*trace, kept) {
        (Trace::ReplyOf(queue, sequence, hash), _) => messages.contains(&(queue, sequence)) || inbound.contains(&hash),
        (_, Kept::LastSent(last)) => messages.contains(&place(last.message_id)),
        _ => false,
    })
}

fn rows(found: &Found) -> Wanted {
    let subjects = found.subjects.clone();
    Arc::new(move |trace, _| match trace {
        Trace::Outbox(place) | Trace::Refused(place) => subjects.contains(&place.subject),
        _ => false,
    })
}

fn is_of(report: ReportRef, messages: &HashSet<(QueueId, u64)>) -> bool {
    matches!(report, ReportRef::Known(queue, sequence) if messages.contains(&(queue, sequence)))
}

fn place(id: MessageId) -> (QueueId, u64) {
    (id.queue, id.sequence)
}

#[cfg(test)]
mod tests;
