//! Business units and their data keys.

use super::keys::{Family, Key, Layout};
use super::{Opened, Store, StoreBatch, StoreError};
use crate::domain::ids::Mid;
use crate::domain::tenant::Tenant;

/// Reads of business units.
#[derive(Clone, Copy)]
pub(crate) struct Tenants<'a>(pub(super) &'a Store);

impl Tenants<'_> {
    pub(crate) fn get(&self, mid: Mid) -> Result<Option<Tenant>, StoreError> {
        self.0.read(mid, &Key::Tenant(mid))
    }

    /// All of them, by MID. One whose record or key is damaged is missing, logged and counted.
    pub(crate) fn all(&self) -> Result<Vec<Tenant>, StoreError> {
        let (from, to) = Layout::family(Family::Tenant).range();
        let entries = self.0.scan(&from, &to, usize::MAX)?;
        let mut tenants = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let Some(Key::Tenant(mid)) = Key::parse(&key) else { continue };
            match self.0.unseal(mid, key, value) {
                Ok(Opened::Record(tenant)) => tenants.push(tenant),
                Ok(Opened::Quarantined(_)) | Err(StoreError::NoSuchTenant { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(tenants)
    }
}

impl StoreBatch {
    /// Writes the business unit's record; its key must be there, see [`Store::create_tenant`].
    pub(crate) fn put_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        self.put(tenant.mid, &Key::Tenant(tenant.mid), tenant)
    }
}
