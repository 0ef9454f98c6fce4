//! WhatsApp templates, kept for a while: pages ask for them at every opening, and they change a few times a month.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{AccountListings, ListingFailure};
use crate::clock::{Clock, Timestamp};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::tenant::Account;
use crate::domain::whatsapp_template::Template;

/// A list is good for so long; Infobip's approval of a template takes minutes to hours.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// A list that can't be renewed still stands in until it is so old.
const STALE_FOR: Duration = Duration::from_secs(24 * 3_600);
/// After a failure nobody asks again for so long.
const FAILURE_KEPT_FOR: Duration = Duration::from_secs(30);
/// Senders whose lists are kept. A list is some 200 kB, at most what one answer may hold (4 MB).
const LISTS_MAX: usize = 64;

/// Whose templates.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    mid: Mid,
    account: AccountId,
    sender: String,
}

/// A list as it was when it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Templates {
    pub(crate) list: Vec<Template>,
    /// On the steady clock.
    read_at: Timestamp,
}

/// A list, and how far to trust it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) templates: Arc<Templates>,
    /// Time since it was read.
    pub(crate) age: Duration,
    /// Why it could not be renewed, when it is older than it should be.
    pub(crate) stale: Option<ListingFailure>,
}

/// Whether a kept list will do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Freshness {
    /// One of the last ten minutes will.
    Kept,
    /// Somebody asked for a new one: it is read now, unless it is being read already.
    New,
}

#[derive(Default)]
struct Slot {
    state: Mutex<State>,
    /// Held while the list is read.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    templates: Option<Arc<Templates>>,
    failure: Option<(ListingFailure, Timestamp)>,
    /// How often it has been read, or failed to be.
    readings: u64,
}

struct Entry {
    slot: Arc<Slot>,
    used: u64,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Key, Entry>,
    uses: u64,
}

/// See the module's documentation.
pub(crate) struct TemplateBook {
    source: Arc<dyn AccountListings>,
    clock: Arc<dyn Clock>,
    entries: Mutex<Entries>,
}

impl TemplateBook {
    pub(crate) fn new(source: Arc<dyn AccountListings>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, entries: Mutex::default() }
    }

    /// The templates of a sender. When Infobip does not answer, an older list stands in and says so.
    pub(crate) async fn get(
        &self,
        mid: Mid,
        account: &Account,
        sender: &str,
        freshness: Freshness,
    ) -> Result<Listed, ListingFailure> {
        let slot = self.slot(Key { mid, account: account.id.clone(), sender: sender.to_owned() });
        let readings = {
            let state = locked(&slot.state);
            if freshness == Freshness::Kept
                && let Some(answer) = state.answer(self.clock.steady())
            {
                return answer;
            }
            state.readings
        };
        let _one_at_a_time = slot.reading.lock().await;
        {
            let state = locked(&slot.state);
            // Whoever was before us has asked on our behalf.
            if state.readings != readings
                && let Some(answer) = state.answer(self.clock.steady())
            {
                return answer;
            }
        }
        let read = self.source.templates(account, sender).await;
        let now = self.clock.steady();
        let mut state = locked(&slot.state);
        state.readings += 1;
        match read {
            Ok(list) => {
                state.failure = None;
                let templates = Arc::new(Templates { list, read_at: now });
                state.templates = Some(Arc::clone(&templates));
                Ok(Listed { templates, age: Duration::ZERO, stale: None })
            }
            Err(failure) => {
                if !failure.is_passing() {
                    state.templates = None;
                }
                state.failure = Some((failure.clone(), now));
                state.stale(&failure, now)
            }
        }
    }

    /// The list that is at hand, without asking anybody: for `validate`, which must not wait for Infobip. `None` also
    /// when it is older than ten minutes: that a template is not on an old list proves nothing.
    pub(crate) fn known(&self, mid: Mid, account: &AccountId, sender: &str) -> Option<Arc<Templates>> {
        let key = Key { mid, account: account.clone(), sender: sender.to_owned() };
        let slot = Arc::clone(&locked(&self.entries).by_key.get(&key)?.slot);
        let templates = locked(&slot.state).templates.clone()?;
        (self.clock.steady().since(templates.read_at) < KEPT_FOR).then_some(templates)
    }

    /// Drops all lists of a business unit: it was changed or removed. What is being read for it meanwhile is kept
    /// nowhere.
    pub(crate) fn forget(&self, mid: Mid) {
        locked(&self.entries).by_key.retain(|key, _| key.mid != mid);
    }

    fn slot(&self, key: Key) -> Arc<Slot> {
        let mut entries = locked(&self.entries);
        entries.uses += 1;
        let used = entries.uses;
        if let Some(entry) = entries.by_key.get_mut(&key) {
            entry.used = used;
            return Arc::clone(&entry.slot);
        }
        if entries.by_key.len() >= LISTS_MAX {
            entries.drop_one();
        }
        let slot = Arc::new(Slot::default());
        entries.by_key.insert(key, Entry { slot: Arc::clone(&slot), used });
        slot
    }
}

impl Entries {
    /// Makes room: the list goes that has not been used for longest, rather one that nobody is reading just now.
    fn drop_one(&mut self) {
        let oldest = self.by_key.iter().min_by_key(|(_, entry)| (Arc::strong_count(&entry.slot) > 1, entry.used));
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.by_key.remove(&key);
        }
    }
}

impl State {
    /// What can be answered without asking Infobip.
    fn answer(&self, now: Timestamp) -> Option<Result<Listed, ListingFailure>> {
        if let Some(templates) = &self.templates {
            let age = now.since(templates.read_at);
            if age < KEPT_FOR {
                return Some(Ok(Listed { templates: Arc::clone(templates), age, stale: None }));
            }
        }
        let (failure, failed_at) = self.failure.as_ref()?;
        (now.since(*failed_at) < FAILURE_KEPT_FOR).then(|| self.stale(failure, now))
    }

    /// The list that stands in after a failure, or the failure.
    fn stale(&self, failure: &ListingFailure, now: Timestamp) -> Result<Listed, ListingFailure> {
        let templates = self.templates.as_ref().ok_or_else(|| failure.clone())?;
        let age = now.since(templates.read_at);
        if age >= STALE_FOR {
            return Err(failure.clone());
        }
        Ok(Listed { templates: Arc::clone(templates), age, stale: Some(failure.clone()) })
    }
}

/// Nothing is left half done under these locks, so a panic elsewhere does not spoil what they hold.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
