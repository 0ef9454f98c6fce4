//! Configurations of activities, and the journeys that they are bound to (spec M12).

use serde::{Deserialize, Serialize};

use super::keys::{Family, Hash, Key, Layout};
use super::{Store, StoreBatch, StoreError};
use crate::domain::ids::{Mid, QueueId};
use crate::domain::timestamp::Timestamp;

/// Random id of a configuration; the page puts it, signed, into the activity's lifecycle URLs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ConfigurationId(pub(crate) Hash);

/// What we know of a configuration.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ConfigurationRecord {
    /// The journey that it is bound to since its first save or validate.
    pub(crate) original_definition_id: Option<String>,
    /// The journey version that was seen last.
    pub(crate) last_interaction_id: Option<String>,
    pub(crate) last_version: Option<u32>,
    pub(crate) created_at: Timestamp,
    /// The in-arguments as they were configured, expressions and all; none for the reports activity.
    pub(crate) arguments: Vec<(String, String)>,
}

/// That a queue is of an activity with this configuration: each version of a journey has activities, and so queues, of
/// its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ConfigurationQueue {
    pub(crate) since: Timestamp,
}

/// Reads of configurations.
#[derive(Clone, Copy)]
pub(crate) struct Configurations<'a>(pub(super) &'a Store);

impl Configurations<'_> {
    pub(crate) fn get(&self, mid: Mid, id: ConfigurationId) -> Result<Option<ConfigurationRecord>, StoreError> {
        self.0.read(mid, &Key::Configuration(mid, id.0))
    }

    /// The queues of a configuration, oldest first, at most `limit`.
    pub(crate) fn queues(&self, mid: Mid, id: ConfigurationId, limit: usize) -> Result<Vec<QueueId>, StoreError> {
        let (from, to) = Layout::family(Family::ConfigurationQueue).mid(mid).hash(&id.0).range();
        // Numbers rise, so the last ones are the newest; a configuration has as many as its journey has versions.
        let entries = self.0.scan(&from, &to, usize::MAX)?;
        let queues = entries.iter().filter_map(|(key, _)| match Key::parse(key) {
            Some(Key::ConfigurationQueue(_, _, queue)) => Some(queue),
            _ => None,
        });
        let queues: Vec<_> = queues.collect();
        Ok(queues.into_iter().rev().take(limit).rev().collect())
    }

    /// Whether a queue is known to be of a configuration.
    pub(crate) fn has_queue(&self, mid: Mid, id: ConfigurationId, queue: QueueId) -> Result<bool, StoreError> {
        let known: Option<ConfigurationQueue> = self.0.read(mid, &Key::ConfigurationQueue(mid, id.0, queue))?;
        Ok(known.is_some())
    }
}

impl StoreBatch {
    pub(crate) fn put_configuration(
        &mut self,
        mid: Mid,
        id: ConfigurationId,
        record: &ConfigurationRecord,
    ) -> Result<(), StoreError> {
        self.put(mid, &Key::Configuration(mid, id.0), record)
    }
    /// Notes that a queue is of a configuration.
    pub(crate) fn put_configuration_queue(
        &mut self,
        mid: Mid,
        id: ConfigurationId,
        queue: QueueId,
        known: &ConfigurationQueue,
    ) -> Result<(), StoreError> {
        self.put(mid, &Key::ConfigurationQueue(mid, id.0, queue), known)
    }
}
