//! Inbound messages: whose they are, what they answer, and the event that they fire (spec R3).

use std::time::Duration;

use super::{Recorder, entry};
use crate::clock::Timestamp;
use crate::domain::callback_data;
use crate::domain::ids::{AccountId, MessageId, Mid, QueueId};
use crate::domain::inbound::{InboundMessage, Pairing, normalised_party};
use crate::domain::message::QueuedMessage;
use crate::domain::tenant::ReplyPolicy;
use crate::store::{
    Found, Hash, InboundRecord, OutboxPlace, OutboxSubject, OutboxTarget, ReplyEvent, ReplyOf, Store, StoreError,
    UNASSIGNED,
};

const DAY: Duration = Duration::from_secs(86_400);
/// Messages of an activity that are looked through, newest first, for the one that a reply's callback data names.
const LOOKED_THROUGH_MAX: usize = 2_000;

/// Whose an inbound message is, and how that business unit takes replies.
#[derive(Clone, Debug)]
pub(crate) struct ReplyTo {
    pub(crate) mid: Mid,
    pub(crate) account: AccountId,
    pub(crate) policy: ReplyPolicy,
    /// The queue of the activity that the callback data names, when it is one of ours.
    pub(crate) queue: Option<QueueId>,
    /// Whether it may fire an event: not when nothing but its destination tells whose it is.
    pub(crate) may_fire: bool,
}

impl Recorder {
    /// Stores an inbound message; returns once it is durable. One that is known already changes nothing.
    pub(crate) async fn record_inbound(&self, to: ReplyTo, inbound: InboundMessage) -> Result<(), StoreError> {
        let mid = to.mid;
        let hash = self.store.reports().inbound_hash(mid, &inbound.message_id)?;
        let _locked = self.lock_inbound(&hash).await;
        if self.store.reports().inbound(mid, hash)?.is_some() {
            return Ok(());
        }
        let now = self.clock.now();
        let message = self.paired(&to, &inbound).await?;
        let event = message.as_ref().filter(|_| to.may_fire).and_then(|message| event(message, &to.policy, now));
        let mut batch = self.store.batch();
        if let Some(message) = &message {
            let reply = ReplyOf { received_at: inbound.received_at };
            batch.put_reply_of(mid, message.id, hash, &reply)?;
        }
        let account = message.as_ref().map_or(to.account, |message| message.message.account.clone());
        let pairing = message.map(|message| Pairing {
            message_id: message.id,
            contact_key: message.message.contact_key,
            callback_data: message.message.callback_data,
        });
        let due_at = event.as_ref().map_or(now, |event| event.due_at);
        let place = OutboxPlace { target: OutboxTarget::INBOUND, due_at, subject: OutboxSubject::Inbound(hash) };
        batch.put_outbox(mid, place, &entry(&account))?;
        let record = InboundRecord { inbound, account: Some(account), pairing, event, stored_at: now, taken_at: None };
        batch.put_inbound(mid, hash, &record)?;
        let _receipt = self.store.commit(batch).await?;
        self.arrived.notify_one();
        Ok(())
    }

    /// Keeps an inbound message of which nobody knows whose it is. One that an operator gave to one of `units` meanwhile,
    /// or that came by another path, is a repeat: it stays where it is.
    pub(crate) async fn record_unassigned(
        &self,
        inbound: InboundMessage,
        units: impl Iterator<Item = Mid>,
    ) -> Result<(), StoreError> {
        let reports = self.store.reports();
        let hash = reports.inbound_hash(UNASSIGNED, &inbound.message_id)?;
        let _locked = self.lock_inbound(&hash).await;
        if reports.inbound(UNASSIGNED, hash)?.is_some() {
            return Ok(());
        }
        for mid in units {
            // One that is being removed has no key any more, and nothing to be found.
            match reports.inbound_hash(mid, &inbound.message_id) {
                Ok(hash) if reports.inbound(mid, hash)?.is_some() => return Ok(()),
                Ok(_) | Err(StoreError::NoSuchTenant { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let stored_at = self.clock.now();
        let record = InboundRecord { inbound, account: None, pairing: None, event: None, stored_at, taken_at: None };
        let mut batch = self.store.batch();
        batch.put_inbound(UNASSIGNED, hash, &record)?;
        let _receipt = self.store.commit(batch).await?;
        Ok(())
    }

    /// Removes one of those that nobody was known for.
    pub(crate) async fn forget_unassigned(&self, hash: Hash) -> Result<(), StoreError> {
        let _locked = self.lock_inbound(&hash).await;
        let mut batch = self.store.batch();
        batch.delete_inbound(UNASSIGNED, hash);
        let _receipt = self.store.commit(batch).await?;
        Ok(())
    }

    /// The time by which it is told when something came.
    pub(in crate::reporting) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn lock_inbound(&self, hash: &Hash) -> super::ReportsLocked<'_> {
        self.lock(std::iter::once(&crate::store::ReportRef::Stray(*hash))).await
    }

    /// The message that an inbound one answers: by its own word, else by the callback data, else the newest that its
    /// destination sent to its sender on its channel, within the time of the policy.
    async fn paired(&self, to: &ReplyTo, inbound: &InboundMessage) -> Result<Option<QueuedMessage>, StoreError> {
        if answers_test(inbound) {
            return Ok(None);
        }
        if let Some(message) = self.message(to.mid, inbound.paired_message_id.as_deref())? {
            return Ok(Some(message));
        }
        let last = self.store.reports().last_sent(to.mid, inbound.channel, &inbound.destination, &inbound.sender)?;
        let newest = match last {
            Some(last) => self.message(to.mid, Some(&last.message_id.to_string()))?,
            None => None,
        };
        if let (Some(data), Some(queue)) = (&inbound.callback_data, to.queue) {
            let named = Named { data: data.clone(), person: normalised_party(&inbound.sender) };
            // Nearly always it is the newest, which needs no search.
            if let Some(newest) = newest.as_ref().filter(|newest| newest.id.queue == queue && named.is(newest)) {
                return Ok(Some(newest.clone()));
            }
            if let Some(message) = self.search(to.mid, queue, named).await? {
                return Ok(Some(message));
            }
        }
        let oldest = self.clock.now().minus(DAY * u32::from(to.policy.pairing_days));
        Ok(newest.filter(|_| last.is_some_and(|last| last.sent_at >= oldest)))
    }

    /// Looks for a message among the newest [`LOOKED_THROUGH_MAX`] of a queue, on a thread that may wait for the disk, a
    /// few searches at a time: anybody can ask for one on the bare path.
    async fn search(&self, mid: Mid, queue: QueueId, named: Named) -> Result<Option<QueuedMessage>, StoreError> {
        // Never closed.
        let Ok(_turn) = self.searches.acquire().await else { return Err(StoreError::Closed) };
        let (store, span) = (self.store.clone(), tracing::Span::current());
        let searching = tokio::task::spawn_blocking(move || span.in_scope(|| named.newest(&store, mid, queue)));
        // The thread ends early only when the process does.
        searching.await.unwrap_or(Err(StoreError::Closed))
    }

    fn message(&self, mid: Mid, message_id: Option<&str>) -> Result<Option<QueuedMessage>, StoreError> {
        let Some(id) = message_id.and_then(|id| id.parse::<MessageId>().ok()) else { return Ok(None) };
        Ok(self.store.messages().find(mid, id)?.map(|found| match found {
            Found::Waiting(message) => message,
            Found::Sent(sent) => sent.message,
        }))
    }
}

/// What tells a message by callback data: the data, and whom it was sent to.
struct Named {
    data: String,
    person: String,
}

impl Named {
    fn is(&self, message: &QueuedMessage) -> bool {
        message.message.callback_data == self.data
            && normalised_party(message.message.recipient.expose()) == self.person
    }

    /// The newest such message of a queue. Reads from disk.
    fn newest(&self, store: &Store, mid: Mid, queue: QueueId) -> Result<Option<QueuedMessage>, StoreError> {
        let mut before = None;
        let mut looked_through = 0;
        while looked_through < LOOKED_THROUGH_MAX {
            let page = store.messages().newest_sent(mid, queue, before)?;
            let Some(last) = page.last() else { return Ok(None) };
            before = Some(last.message.id.sequence);
            looked_through += page.len();
            if let Some(sent) = page.into_iter().find(|sent| self.is(&sent.message)) {
                return Ok(Some(sent.message));
            }
        }
        Ok(None)
    }
}

/// Whether it says itself that it answers a test message, which is no message of any journey (spec M7).
fn answers_test(inbound: &InboundMessage) -> bool {
    let paired = inbound.paired_message_id.as_deref().and_then(|id| id.parse::<MessageId>().ok());
    let activity = inbound.callback_data.as_deref().and_then(callback_data::activity_id);
    paired.is_some_and(MessageId::is_of_test) || activity.is_some_and(|activity| activity.is_placeholder())
}

/// The event that a reply to a message fires; not before its contact can be waiting for it.
fn event(message: &QueuedMessage, policy: &ReplyPolicy, now: Timestamp) -> Option<ReplyEvent> {
    let key = message.message.reply_event.clone()?;
    let waits_from = message.accepted_at.plus(Duration::from_secs(u64::from(policy.event_delay_secs)));
    Some(ReplyEvent { event_definition_key: key, due_at: now.max(waits_from), fired_at: None, refused: None })
}
