//! Queues: one for each activity of a business unit.

use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::keys::{Family, Key, Layout};
use super::{Store, StoreBatch, StoreError};
use crate::domain::channel::Channel;
use crate::domain::ids::{AccountId, ActivityId, JourneyId, Mid, QueueId};
use crate::domain::message::QueuePolicy;
use crate::domain::speed_limit::Schedule;
use crate::domain::timestamp::Timestamp;

/// A queue and where it stands. Messages left = last sequence − done, without a scan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct QueueRecord {
    pub(crate) id: QueueId,
    pub(crate) activity_id: ActivityId,
    pub(crate) journey_id: Option<JourneyId>,
    /// The journey, over all its versions.
    pub(crate) original_definition_id: Option<String>,
    /// The journey version, as lifecycle calls name it.
    pub(crate) interaction_id: Option<String>,
    pub(crate) channel: Channel,
    pub(crate) account: AccountId,
    pub(crate) policy: QueuePolicy,
    /// Where a paced queue stands; stored before each slot is used (spec Q2).
    pub(crate) schedule: Option<Schedule>,
    /// Messages finished so far, whatever became of them.
    pub(crate) done: u64,
    /// Highest sequence whose finished message was removed by retention; numbers go on behind it.
    pub(crate) erased_to: u64,
    pub(crate) mark: QueueMark,
    /// When it last went on after it was stopped: validity runs anew from here (spec Q4).
    pub(crate) released_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

/// What an operator or SFMC told a queue (spec Q6, M12). Bites at once; cleaning up comes later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) enum QueueMark {
    #[default]
    Running,
    /// By an operator.
    Paused,
    /// By `stop`.
    Held,
    /// Its messages end as cancelled.
    Cancelled,
    /// The store woke up on another machine, or from a backup: what waits may have been sent meanwhile (spec Q9).
    Moved,
}

/// Reads of queues.
#[derive(Clone, Copy)]
pub(crate) struct Queues<'a>(pub(super) &'a Store);

impl Queues<'_> {
    pub(crate) fn get(&self, mid: Mid, queue: QueueId) -> Result<Option<QueueRecord>, StoreError> {
        self.0.read(mid, &Key::Queue(mid, queue))
    }

    /// A business unit's queues by number. There are as many as activities ever called; they are small.
    pub(crate) fn all(&self, mid: Mid) -> Result<Vec<QueueRecord>, StoreError> {
        let (from, to) = Layout::family(Family::Queue).mid(mid).range();
        Ok(self.0.list(mid, &from, &to, usize::MAX)?.into_iter().filter_map(super::Opened::record).collect())
    }

    /// A number that no queue of this store has, over all business units. Not given again in this run; what is stored
    /// under it makes it last.
    pub(crate) fn allocate(&self) -> QueueId {
        QueueId(self.0.0.next_queue.fetch_add(1, Ordering::Relaxed))
    }
}

impl StoreBatch {
    pub(crate) fn put_queue(&mut self, mid: Mid, queue: &QueueRecord) -> Result<(), StoreError> {
        self.put(mid, &Key::Queue(mid, queue.id), queue)
    }
}
