//! When accounts' webhooks were heard, when they were silent, and how far the provider's log was asked for what a silence has
//! cost. Moments and places only; each is written with what it is about.

use super::keys::{Key, Layout};
use super::{Store, StoreBatch, StoreError};
use crate::domain::ids::{AccountId, Mid, QueueId};
use crate::domain::timestamp::Timestamp;

/// Followed by the MID and the account.
const META_HEARD: &str = "heard/";
/// Behind an account: no account's name has control characters.
const SILENCES: &str = "\u{1}silences";
const ASKED: &str = "\u{1}asked";
/// In the place of an account: none has an empty name.
const LOOK: &str = "\u{1}look";
/// Silences of an account that are kept, the latest.
const SILENCES_MAX: usize = 64;

/// A time without webhooks that ended with one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Silence {
    /// When the last one before it came; zero when none had come.
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// Where a look through the finished messages of a business unit is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LookPlace {
    /// When it began.
    pub(crate) at: Timestamp,
    /// What lies before it is done; queues in the order of their numbers.
    pub(crate) queue: QueueId,
    pub(crate) sequence: u64,
}

/// Reads of when accounts were heard.
#[derive(Clone, Copy)]
pub(crate) struct Heard<'a>(pub(super) &'a Store);

impl Heard<'_> {
    /// When a webhook of the account last came, to within a minute; `None` when none ever came.
    pub(crate) fn last(&self, mid: Mid, account: &AccountId) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.moments(&key(mid, account, ""))?.first().copied())
    }

    /// The account's silences that are kept, the oldest first.
    pub(crate) fn silences(&self, mid: Mid, account: &AccountId) -> Result<Vec<Silence>, StoreError> {
        let moments = self.moments(&key(mid, account, SILENCES))?;
        let (pairs, _) = moments.as_chunks();
        Ok(pairs.iter().map(|&[from, to]| Silence { from, to }).collect())
    }

    /// When the log was last asked for all that was due of the account; `None` when it never was.
    pub(crate) fn asked(&self, mid: Mid, account: &AccountId) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.moments(&key(mid, account, ASKED))?.first().copied())
    }

    /// The look that is under way, or was when the process ended.
    pub(crate) fn look(&self, mid: Mid) -> Result<Option<LookPlace>, StoreError> {
        let place = |numbers: Vec<Timestamp>| {
            let [at, queue, sequence] = numbers.try_into().ok()?;
            let queue = QueueId(u32::try_from(queue.as_nanos()).ok()?);
            Some(LookPlace { at, queue, sequence: sequence.as_nanos() })
        };
        Ok(place(self.moments(&look_key(mid))?))
    }

    /// The numbers of a value, eight bytes each; none when there is no value.
    fn moments(&self, key: &Key) -> Result<Vec<Timestamp>, StoreError> {
        let value = self.0.0.kv.get(&key.to_bytes())?.unwrap_or_default();
        let (numbers, _) = value.as_chunks();
        Ok(numbers.iter().map(|bytes| Timestamp::from_nanos(u64::from_be_bytes(*bytes))).collect())
    }
}

impl StoreBatch {
    /// Notes that a webhook of the account came.
    pub(crate) fn put_heard(&mut self, mid: Mid, account: &AccountId, at: Timestamp) {
        self.put_numbers(&key(mid, account, ""), [at.as_nanos()]);
    }

    /// Keeps the account's silences, the oldest first; of too many the latest.
    pub(crate) fn put_silences(&mut self, mid: Mid, account: &AccountId, silences: &[Silence]) {
        let kept = silences.iter().skip(silences.len().saturating_sub(SILENCES_MAX));
        let moments = kept.flat_map(|silence| [silence.from.as_nanos(), silence.to.as_nanos()]);
        self.put_numbers(&key(mid, account, SILENCES), moments);
    }

    /// Notes that the log was asked for all that was due of the account.
    pub(crate) fn put_asked(&mut self, mid: Mid, account: &AccountId, at: Timestamp) {
        self.put_numbers(&key(mid, account, ASKED), [at.as_nanos()]);
    }

    /// Notes where a look is; `None` when it has ended.
    pub(crate) fn put_look(&mut self, mid: Mid, place: Option<LookPlace>) {
        match place {
            Some(LookPlace { at, queue, sequence }) => {
                self.put_numbers(&look_key(mid), [at.as_nanos(), u64::from(queue.0), sequence]);
            }
            None => self.batch.delete(look_key(mid).to_bytes()),
        }
    }

    fn put_numbers(&mut self, key: &Key, numbers: impl IntoIterator<Item = u64>) {
        self.batch.put(key.to_bytes(), numbers.into_iter().flat_map(u64::to_be_bytes).collect());
    }
}

fn key(mid: Mid, account: &AccountId, what: &str) -> Key {
    Key::Meta(format!("{META_HEARD}{mid}/{account}{what}").into())
}

fn look_key(mid: Mid) -> Key {
    Key::Meta(format!("{META_HEARD}{mid}/{LOOK}").into())
}

/// All of a business unit.
pub(super) fn of_tenant(mid: Mid) -> Layout {
    Layout(Key::Meta(format!("{META_HEARD}{mid}/").into()).to_bytes())
}
