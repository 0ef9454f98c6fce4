//! Configurations of activities, and the journeys that they are bound to (spec M12).

use serde::{Deserialize, Serialize};

use super::keys::{Hash, Key};
use super::{Store, StoreBatch, StoreError};
use crate::domain::ids::Mid;
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

/// Reads of configurations.
#[derive(Clone, Copy)]
pub(crate) struct Configurations<'a>(pub(super) &'a Store);

impl Configurations<'_> {
    pub(crate) fn get(&self, mid: Mid, id: ConfigurationId) -> Result<Option<ConfigurationRecord>, StoreError> {
        self.0.read(mid, &Key::Configuration(mid, id.0))
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
}
