//! Contacts held by Wait Until Event activities, of every journey of a sandbox (sfmc.md 7).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

/// What a contact waits for: an event of this definition with its own contact key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::sandbox) struct Awaited {
    pub(in crate::sandbox) mid: u64,
    pub(in crate::sandbox) event_definition_key: String,
    pub(in crate::sandbox) contact_key: String,
}

/// One contact at one activity.
struct Held {
    ticket: u64,
    /// The contact's place in its journey's audience.
    contact: usize,
    released: UnboundedSender<usize>,
}

/// Who waits for what. An event that finds nobody is lost: it is not kept for a contact that comes later.
#[derive(Default)]
pub(in crate::sandbox) struct Waiting {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    held: HashMap<Awaited, Vec<Held>>,
    tickets: u64,
}

impl Waiting {
    /// Holds a contact until the event comes; its place is then sent to `released`. Returns the ticket for
    /// [`Waiting::give_up`].
    pub(super) fn hold(&self, awaited: Awaited, contact: usize, released: UnboundedSender<usize>) -> u64 {
        let mut inner = self.lock();
        inner.tickets += 1;
        let ticket = inner.tickets;
        inner.held.entry(awaited).or_default().push(Held { ticket, contact, released });
        ticket
    }

    /// Ends a wait without an event. False when an event came first, whose release is then on its way.
    pub(super) fn give_up(&self, awaited: &Awaited, ticket: u64) -> bool {
        let mut inner = self.lock();
        let Some(held) = inner.held.get_mut(awaited) else { return false };
        let before = held.len();
        held.retain(|held| held.ticket != ticket);
        let is_ended = held.len() < before;
        if held.is_empty() {
            inner.held.remove(awaited);
        }
        is_ended
    }

    /// Releases everybody who waits for an event, several instances of one contact too, and says how many that were.
    pub(in crate::sandbox) fn release(&self, awaited: &Awaited) -> usize {
        let held = self.lock().held.remove(awaited).unwrap_or_default();
        // Of a journey that has ended or is being stopped, nobody is left to be released.
        held.into_iter().filter(|held| held.released.send(held.contact).is_ok()).count()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
