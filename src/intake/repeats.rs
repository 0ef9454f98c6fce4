//! One call at a time for each contact's pass through an activity: a retry can arrive while the first attempt still
//! runs (sfmc.md 2.4).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::domain::ids::{ActivityId, DefinitionInstanceId, Mid};

type Pass = (Mid, DefinitionInstanceId, ActivityId);
type Locks = Mutex<HashMap<Pass, Arc<tokio::sync::Mutex<()>>>>;

/// The passes that are being worked on.
#[derive(Default)]
pub(super) struct Repeats(Arc<Locks>);

/// While it lives, its pass is worked on by nobody else.
pub(super) struct Entered {
    locks: Arc<Locks>,
    pass: Pass,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Repeats {
    pub(super) async fn enter(&self, pass: Pass) -> Entered {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(pass.clone()).or_default())
        };
        let guard = Some(lock.lock_owned().await);
        Entered { locks: Arc::clone(&self.0), pass, guard }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.guard = None;
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's own is the only one left: nobody waits.
        if locks.get(&self.pass).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.pass);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pass_is_entered_by_one_and_forgotten_by_the_last() {
        let repeats = Repeats::default();
        let pass = (Mid::new(1), DefinitionInstanceId::new("i").unwrap(), ActivityId::new("a").unwrap());
        let first = repeats.enter(pass.clone()).await;
        let mut second = Box::pin(repeats.enter(pass.clone()));
        assert!(futures_util::FutureExt::now_or_never(&mut second).is_none());
        drop(first);
        drop(second.await);
        assert!(repeats.0.lock().unwrap().is_empty());
    }
}
