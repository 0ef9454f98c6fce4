//! The senders that accounts have, kept for a while: every opening of a form shows them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{AccountListings, typed_senders};
use crate::clock::{Clock, Timestamp};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::sender::SenderListing;
use crate::domain::tenant::{Account, Tenant};

/// A listing is good for so long: numbers are bought a few times a year.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// One with problems in it is read again sooner.
const PROBLEMS_KEPT_FOR: Duration = Duration::from_secs(30);
/// Accounts whose listings are kept.
const LISTINGS_MAX: usize = 256;

type Slot = Arc<tokio::sync::Mutex<Option<(Arc<SenderListing>, Timestamp)>>>;

/// See the module's documentation.
pub(crate) struct SenderBook {
    source: Arc<dyn AccountListings>,
    clock: Arc<dyn Clock>,
    slots: Mutex<HashMap<(Mid, AccountId), Slot>>,
}

impl SenderBook {
    pub(crate) fn new(source: Arc<dyn AccountListings>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, slots: Mutex::default() }
    }

    /// The senders of an account, typed ones first; asked for once at a time. `None` when that takes longer than
    /// `patience`: it goes on by itself, and the next one who asks may have it.
    pub(crate) async fn get(
        self: &Arc<Self>,
        tenant: &Arc<Tenant>,
        account: &AccountId,
        patience: Duration,
    ) -> Option<Arc<SenderListing>> {
        let (book, tenant, account) = (Arc::clone(self), Arc::clone(tenant), account.clone());
        let reading = tokio::spawn(async move {
            let account = tenant.account(&account)?;
            Some(book.read(tenant.mid, account).await)
        });
        tokio::select! {
            read = reading => read.ok().flatten(),
            () = self.clock.sleep(patience) => None,
        }
    }

    async fn read(&self, mid: Mid, account: &Account) -> Arc<SenderListing> {
        let slot = self.slot((mid, account.id.clone()));
        let mut kept = slot.lock().await;
        let now = self.clock.steady();
        if let Some((listing, read_at)) = &*kept {
            let good_for = if listing.problems.is_empty() { KEPT_FOR } else { PROBLEMS_KEPT_FOR };
            if now.since(*read_at) < good_for {
                return Arc::clone(listing);
            }
        }
        let listing = Arc::new(self.source.senders(account, &typed_senders(account)).await);
        *kept = Some((Arc::clone(&listing), self.clock.steady()));
        listing
    }

    /// Drops the listings of a business unit: it was changed or removed.
    pub(crate) fn forget(&self, mid: Mid) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| *of != mid);
    }

    fn slot(&self, key: (Mid, AccountId)) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= LISTINGS_MAX && !slots.contains_key(&key) {
            // Whoever still reads holds its slot; it is only not found again.
            slots.clear();
        }
        Arc::clone(slots.entry(key).or_default())
    }
}
