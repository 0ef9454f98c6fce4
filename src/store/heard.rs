//! When an account's webhooks were last heard: after a long silence what they would have told is asked for.

use super::keys::{Key, Layout};
use super::{Store, StoreBatch, StoreError};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::timestamp::Timestamp;

/// Followed by the MID and the account.
const META_HEARD: &str = "heard/";

/// Reads of when accounts were heard.
#[derive(Clone, Copy)]
pub(crate) struct Heard<'a>(pub(super) &'a Store);

impl Heard<'_> {
    /// When a webhook of the account last came, to within a minute; `None` when none ever came.
    pub(crate) fn last(&self, mid: Mid, account: &AccountId) -> Result<Option<Timestamp>, StoreError> {
        let value = self.0.0.kv.get(&key(mid, account).to_bytes())?;
        let nanos = value.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        Ok(nanos.map(Timestamp::from_nanos))
    }
}

impl StoreBatch {
    /// Notes that a webhook of the account came.
    pub(crate) fn put_heard(&mut self, mid: Mid, account: &AccountId, at: Timestamp) {
        self.batch.put(key(mid, account).to_bytes(), at.as_nanos().to_be_bytes().to_vec());
    }
}

fn key(mid: Mid, account: &AccountId) -> Key {
    Key::Meta(format!("{META_HEARD}{mid}/{account}").into())
}

/// All of a business unit.
pub(super) fn of_tenant(mid: Mid) -> Layout {
    Layout(Key::Meta(format!("{META_HEARD}{mid}/").into()).to_bytes())
}
