//! Whose the inbound messages are (spec R3): the account that a webhook's token names, or the one that has the number or
//! sender that they came to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::recorder::{Recorder, ReplyTo};
use crate::clock::Timestamp;
use crate::dispatch::book::QueueBook;
use crate::domain::callback_data;
use crate::domain::ids::{AccountId, Mid};
use crate::domain::inbound::{HeardInbound, InboundChannel, InboundMessage, normalised_party};
use crate::domain::tenant::{Authenticity, Tenant, WebhookAuth};
use crate::store::{InboundRecord, Store, StoreError};
use crate::tenants::TenantBook;

/// Inbound messages of one call that are stored side by side, so that they share commits.
const TOGETHER: usize = 64;
/// Unassigned messages that are read together.
const PAGE: usize = 200;
/// Unassigned messages that are kept: anybody can bring them, and each may have 50 kB.
pub(crate) const UNASSIGNED_MAX: usize = 10_000;
/// While they are too many they are counted anew this often, in seconds: old ones are removed some day. Counting takes
/// milliseconds, and anybody can bring some more at any time.
const COUNTED_EVERY_SECS: u64 = 10;

/// See the module's documentation.
pub(crate) struct Inbox {
    store: Store,
    tenants: TenantBook,
    book: Arc<QueueBook>,
    recorder: Arc<Recorder>,
    unassigned_max: usize,
    unassigned: Mutex<Unassigned>,
}

/// How many unassigned messages are kept.
struct Unassigned {
    /// At most so many; a repeat counts until the next count.
    kept: usize,
    /// When that was counted; `None` to count before one is refused.
    counted_at: Option<Timestamp>,
}

/// Why inbound messages could not be stored. Either way they are to come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InboxError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("so many inbound messages are unassigned that no more are kept")]
    Full,
}

/// Whose each sender is, by channel and normalised; `None` for one of several accounts.
type Owners = HashMap<(InboundChannel, String), Option<(Arc<Tenant>, AccountId)>>;

/// A reply, and whose it is.
#[derive(Debug)]
pub(crate) struct Addressed {
    inbound: InboundMessage,
    /// `None` while nobody knows.
    to: Option<ReplyTo>,
}

/// A call carries credentials that are not the account's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongCredentials;

/// What came of giving unassigned messages to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Assigned {
    /// Those that the account has now.
    pub(crate) given: usize,
    /// Those that are no replies to the business unit: tapped buttons, where it takes none. They stay where they are.
    pub(crate) left: usize,
}

impl Inbox {
    /// Keeps at most `unassigned_max` messages that nobody is known for.
    pub(crate) fn new(
        store: Store,
        tenants: TenantBook,
        book: Arc<QueueBook>,
        recorder: Arc<Recorder>,
        unassigned_max: usize,
    ) -> Self {
        Self { store, tenants, book, recorder, unassigned_max, unassigned: Mutex::new(Unassigned::uncounted()) }
    }

    /// Messages of an account whose token has brought them. What is no reply is left out.
    pub(crate) fn of_account(&self, tenant: &Tenant, account: &AccountId, heard: Vec<HeardInbound>) -> Vec<Addressed> {
        let replies = heard.into_iter().filter_map(|heard| heard.reply(&tenant.replies));
        replies.map(|inbound| self.addressed(tenant, account, inbound, true)).collect()
    }

    /// Messages that came without a token: each is the account's whose sender it came to. One that is nobody's, or may be
    /// several accounts', is kept as unassigned. They fire events only where `judge` finds the call to be the account's
    /// own: anybody can call the bare path.
    pub(crate) fn by_destination(
        &self,
        heard: Vec<HeardInbound>,
        judge: &dyn Fn(&WebhookAuth) -> Authenticity,
    ) -> Result<Vec<Addressed>, WrongCredentials> {
        let mut judged: HashMap<(Mid, AccountId), Authenticity> = HashMap::new();
        let senders = self.senders();
        let mut addressed = Vec::with_capacity(heard.len());
        for heard in heard {
            let destination = (heard.message.channel, normalised_party(&heard.message.destination));
            let Some(Some((tenant, account))) = senders.get(&destination) else {
                addressed.extend(heard.possible_reply().map(|inbound| Addressed { inbound, to: None }));
                continue;
            };
            let Some(auth) = tenant.account(account).map(|account| &account.webhook_auth) else { continue };
            let authenticity = *judged.entry((tenant.mid, account.clone())).or_insert_with(|| judge(auth));
            let Some(inbound) = heard.reply(&tenant.replies) else { continue };
            addressed.push(self.addressed(tenant, account, inbound, authenticity == Authenticity::Proven));
        }
        // Right for one account is enough: those of another count as shown nothing.
        let found = |sought| judged.values().any(|authenticity| *authenticity == sought);
        if found(Authenticity::Wrong) && !found(Authenticity::Proven) { Err(WrongCredentials) } else { Ok(addressed) }
    }

    /// Stores them; returns once all are durable. What is known already changes nothing.
    pub(crate) async fn record(&self, addressed: Vec<Addressed>) -> Result<(), InboxError> {
        // Those that somebody is known for first: the others may be too many.
        let (known, unassigned): (Vec<_>, Vec<_>) = addressed.into_iter().partition(|addressed| addressed.to.is_some());
        let mut rest = known.into_iter().chain(unassigned);
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < TOGETHER
                && let Some(next) = rest.next()
            {
                under_way.push(self.record_one(next));
            }
            match under_way.next().await {
                Some(recorded) => recorded?,
                None => return Ok(()),
            }
        }
    }

    async fn record_one(&self, Addressed { inbound, to }: Addressed) -> Result<(), InboxError> {
        match to {
            Some(to) => self.recorder.record_inbound(to, inbound).await?,
            None if self.has_room()? => {
                let units = self.tenants.all();
                self.recorder.record_unassigned(inbound, units.iter().map(|tenant| tenant.mid)).await?;
            }
            None => return Err(InboxError::Full),
        }
        Ok(())
    }

    /// Takes the room for one more unassigned message; a repeat may take one that it does not need.
    fn has_room(&self) -> Result<bool, StoreError> {
        let mut unassigned = self.unassigned.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.recorder.now();
        if unassigned.kept >= self.unassigned_max && unassigned.may_be_counted(now) {
            let kept = self.store.reports().count_unassigned(self.unassigned_max)?;
            *unassigned = Unassigned { kept, counted_at: Some(now) };
        }
        let has_room = unassigned.kept < self.unassigned_max;
        unassigned.kept = unassigned.kept.saturating_add(usize::from(has_room));
        Ok(has_room)
    }

    /// The messages that nobody is known for, the latest first, at most `limit`.
    pub(crate) fn unassigned(&self, limit: usize) -> Result<Vec<InboundRecord>, StoreError> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.reports().unassigned(after, PAGE)?;
            let Some(last) = page.last else { break };
            after = Some(last);
            all.extend(page.records.into_iter().map(|(_, record)| record));
            all.sort_by_key(|record: &InboundRecord| std::cmp::Reverse(record.inbound.received_at));
            all.truncate(limit);
        }
        Ok(all)
    }

    /// Gives an account the unassigned messages that came to `destination`, on whatever channel. They fire no events:
    /// nobody has proven that they are Infobip's, and whoever waited for them may be long past it.
    pub(crate) async fn assign(
        &self,
        tenant: &Tenant,
        account: &AccountId,
        destination: &str,
    ) -> Result<Assigned, InboxError> {
        let destination = normalised_party(destination);
        let mut assigned = Assigned::default();
        let mut after = None;
        loop {
            let page = self.store.reports().unassigned(after, PAGE)?;
            let Some(last) = page.last else { return Ok(assigned) };
            after = Some(last);
            for (hash, record) in page.records {
                if normalised_party(&record.inbound.destination) != destination {
                    continue;
                }
                if !record.inbound.is_reply(&tenant.replies) {
                    assigned.left += 1;
                    continue;
                }
                // Before it is removed here, so that it is never nowhere; a repeat changes nothing.
                self.record_one(self.addressed(tenant, account, record.inbound, false)).await?;
                self.recorder.forget_unassigned(hash).await?;
                *self.unassigned.lock().unwrap_or_else(PoisonError::into_inner) = Unassigned::uncounted();
                assigned.given += 1;
            }
        }
    }

    fn addressed(&self, tenant: &Tenant, account: &AccountId, inbound: InboundMessage, may_fire: bool) -> Addressed {
        let activity = inbound.callback_data.as_deref().and_then(callback_data::activity_id);
        let queue = activity.and_then(|activity| self.book.by_activity(tenant.mid, &activity)).map(|queue| queue.id);
        let to = ReplyTo { mid: tenant.mid, account: account.clone(), policy: tenant.replies, queue, may_fire };
        Addressed { inbound, to: Some(to) }
    }

    fn senders(&self) -> Owners {
        let mut senders = HashMap::new();
        for tenant in self.tenants.all() {
            for account in &tenant.accounts {
                for channel in InboundChannel::ALL {
                    let mut own: Vec<_> = account.senders.on(channel).iter().map(|s| normalised_party(s)).collect();
                    own.sort_unstable();
                    own.dedup();
                    for sender in own {
                        let owner = Some((Arc::clone(&tenant), account.id.clone()));
                        senders.entry((channel, sender)).and_modify(|owner| *owner = None).or_insert(owner);
                    }
                }
            }
        }
        senders
    }
}

impl Unassigned {
    /// Nobody knows how many.
    const fn uncounted() -> Self {
        Self { kept: usize::MAX, counted_at: None }
    }

    fn may_be_counted(&self, now: Timestamp) -> bool {
        // A clock that was set back must not put it off.
        let is_due = |at: Timestamp| now < at || now.as_secs() - at.as_secs() >= COUNTED_EVERY_SECS;
        self.counted_at.is_none_or(is_due)
    }
}

#[cfg(test)]
mod tests;
