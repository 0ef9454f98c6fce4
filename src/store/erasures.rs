//! That a person was erased, without naming them (spec R5).

use serde::{Deserialize, Serialize};

use super::keys::{Family, Hash, Key, Layout};
use super::{Opened, Store, StoreBatch, StoreError};
use crate::domain::ids::Mid;
use crate::domain::person::{NamedBy, Person};
use crate::domain::timestamp::Timestamp;

/// One erasure. Written after all that it counts is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ErasureRecord {
    pub(crate) at: Timestamp,
    pub(crate) by: NamedBy,
    /// Keyed hash of what named the person.
    pub(crate) person: Hash,
    pub(crate) counts: ErasureCounts,
}

/// How many records were removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ErasureCounts {
    /// Messages that waited and are not sent.
    pub(crate) waiting: u64,
    /// Finished messages, dead letters among them.
    pub(crate) sent: u64,
    /// Delivery and seen reports, one for each message.
    pub(crate) reports: u64,
    pub(crate) clicks: u64,
    /// Inbound messages, also of the unassigned.
    pub(crate) inbound: u64,
    /// Rows that waited to be forwarded or had been refused.
    pub(crate) rows: u64,
}

/// Reads of erasures.
#[derive(Clone, Copy)]
pub(crate) struct Erasures<'a>(pub(super) &'a Store);

impl Erasures<'_> {
    /// All of a business unit, oldest first.
    pub(crate) fn all(&self, mid: Mid) -> Result<Vec<ErasureRecord>, StoreError> {
        let (from, to) = Layout::family(Family::Erasure).mid(mid).range();
        Ok(self.0.list(mid, &from, &to, usize::MAX)?.into_iter().filter_map(Opened::record).collect())
    }

    /// What stands for a person in a record.
    pub(crate) fn person_hash(&self, mid: Mid, person: &Person) -> Result<Hash, StoreError> {
        let label = match person.named_by() {
            NamedBy::Phone => "erased phone",
            NamedBy::ContactKey => "erased contact key",
        };
        Ok(self.0.sealer(mid)?.lookup_hash(label, person.expose().as_bytes()))
    }
}

impl StoreBatch {
    pub(crate) fn put_erasure(&mut self, mid: Mid, erasure: &ErasureRecord) -> Result<(), StoreError> {
        self.put(mid, &Key::Erasure(mid, erasure.at.as_nanos()), erasure)
    }
}
