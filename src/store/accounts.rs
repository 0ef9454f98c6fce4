//! Accounts that can't send until someone repairs them (spec Q4).

use serde::{Deserialize, Serialize};

use super::keys::{Family, Key, Layout};
use super::{Opened, Store, StoreBatch, StoreError};
use crate::domain::delivery::HoldReason;
use crate::domain::ids::{AccountId, Mid};
use crate::domain::timestamp::Timestamp;

/// An account whose queues are held. No record: not held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct AccountState {
    pub(crate) held: HoldReason,
    /// What the provider said.
    pub(crate) problem: String,
    pub(crate) since: Timestamp,
    /// When *Connect* succeeded again; then nothing is held, but validity runs anew from here (spec Q4).
    pub(crate) released_at: Option<Timestamp>,
}

/// Reads of account states.
#[derive(Clone, Copy)]
pub(crate) struct Accounts<'a>(pub(super) &'a Store);

impl Accounts<'_> {
    pub(crate) fn get(&self, mid: Mid, account: &AccountId) -> Result<Option<AccountState>, StoreError> {
        self.0.read(mid, &Key::AccountState(mid, account.clone()))
    }

    /// The business unit's held accounts.
    pub(crate) fn held(&self, mid: Mid) -> Result<Vec<(AccountId, AccountState)>, StoreError> {
        let (from, to) = Layout::family(Family::AccountState).mid(mid).range();
        let mut held = Vec::new();
        for (key, value) in self.0.scan(&from, &to, usize::MAX)? {
            let Some(Key::AccountState(_, account)) = Key::parse(&key) else { continue };
            if let Opened::Record(state) = self.0.unseal(mid, key, value)? {
                held.push((account, state));
            }
        }
        Ok(held)
    }
}

impl StoreBatch {
    pub(crate) fn put_account_state(
        &mut self,
        mid: Mid,
        account: &AccountId,
        state: &AccountState,
    ) -> Result<(), StoreError> {
        self.put(mid, &Key::AccountState(mid, account.clone()), state)
    }
}
