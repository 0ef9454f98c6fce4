//! Business units and their data keys: coming, being there, and going with all their records.

use std::collections::{BTreeMap, HashSet};
use std::sync::PoisonError;

use super::keys::{Family, Key, Layout, SYSTEM};
use super::kv::{Entry, Kv, KvError};
use super::seal::{DataKey, Sealer};
use super::{Opened, Receipt, SWEEP_WRITES, Store, StoreBatch, StoreError};
use crate::domain::ids::Mid;
use crate::domain::tenant::Tenant;

/// Followed by a MID: its records are being removed.
const META_REMOVING: &str = "removing/";

/// Reads of business units.
#[derive(Clone, Copy)]
pub(crate) struct Tenants<'a>(pub(super) &'a Store);

impl Tenants<'_> {
    #[cfg(test)]
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

impl Store {
    /// Adds a business unit with a data key of its own, or writes the record of one that is there.
    pub(crate) async fn create_tenant(&self, tenant: &Tenant) -> Result<Receipt, StoreError> {
        let mid = tenant.mid;
        if mid == SYSTEM {
            return Err(StoreError::NoSuchTenant { mid });
        }
        let _one_at_a_time = self.0.changing_keys.lock().await;
        let mut batch = self.batch();
        {
            let ring = self.0.ring.lock().unwrap_or_else(PoisonError::into_inner);
            if ring.removing.contains(&mid) {
                return Err(StoreError::BeingRemoved { mid });
            }
            if self.sealer(mid).is_err() {
                let place = Key::TenantKey(mid).to_bytes();
                if self.0.kv.get(&place)?.is_some() {
                    // Damaged: a new key would make its records unreadable for good, even after a repair.
                    return Err(StoreError::NoSuchTenant { mid });
                }
                let key = DataKey::random();
                batch.batch.put(
                    place.clone(),
                    key.wrap(&self.0.master.lock().unwrap_or_else(PoisonError::into_inner), &place)?,
                );
                self.change_ring(|sealers| drop(sealers.insert(mid, key.sealer())));
            }
        }
        batch.put_tenant(tenant)?;
        // On an error the gate is closed, and what the ring holds too much dies with the process.
        self.commit(batch).await
    }

    /// Removes a business unit: first its key, with which all its records become unreadable, then the records. Freed
    /// file space and backups still hold their sealed bytes.
    pub(crate) async fn remove_tenant(&self, mid: Mid) -> Result<(), StoreError> {
        if mid == SYSTEM {
            return Err(StoreError::NoSuchTenant { mid });
        }
        let _one_at_a_time = self.0.changing_keys.lock().await;
        let mut batch = self.batch();
        {
            let mut ring = self.0.ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.removing.insert(mid);
            self.change_ring(|sealers| drop(sealers.remove(&mid)));
        }
        batch.batch.put(removing_key(mid), Vec::new());
        batch.delete(&Key::TenantKey(mid));
        batch.delete(&Key::Tenant(mid));
        let _receipt = self.commit(batch).await?;
        self.remove_records(mid).await
    }

    /// Finishes the removals that a stop interrupted. To be called once after opening.
    pub(crate) async fn resume_removals(&self) -> Result<(), StoreError> {
        let removing = self.0.ring.lock().unwrap_or_else(PoisonError::into_inner).removing.clone();
        for mid in removing {
            self.remove_records(mid).await?;
        }
        Ok(())
    }

    async fn remove_records(&self, mid: Mid) -> Result<(), StoreError> {
        for family in Family::OF_TENANT {
            let layout = Layout::family(family).mid(mid);
            self.remove_range(layout.clone()).await?;
            self.remove_range(Layout(Key::Quarantine(layout.0).to_bytes())).await?;
        }
        self.remove_range(super::heard::of_tenant(mid)).await?;
        // Answers lie by day first.
        let mut from = Layout::family(Family::Answer).0;
        let (_, end) = Layout::family(Family::Answer).range();
        while let Some((key, _)) = self.scan(&from, &end, 1)?.pop() {
            let Some(Key::Answer(day, ..)) = Key::parse(&key) else { break };
            let layout = Layout::family(Family::Answer).day(day);
            self.remove_range(layout.clone().mid(mid)).await?;
            self.remove_range(Layout(Key::Quarantine(layout.clone().mid(mid).0).to_bytes())).await?;
            from = layout.range().1;
        }
        let mut batch = self.batch();
        batch.delete_raw(removing_key(mid));
        let _receipt = self.commit(batch).await?;
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner).removing.remove(&mid);
        Ok(())
    }

    /// Deletes the keys that begin with `prefix`, in bounded batches.
    async fn remove_range(&self, prefix: Layout) -> Result<(), StoreError> {
        let (from, to) = prefix.range();
        loop {
            let entries = self.scan(&from, &to, SWEEP_WRITES)?;
            if entries.is_empty() {
                return Ok(());
            }
            let mut batch = self.batch();
            entries.into_iter().for_each(|(key, _)| batch.delete_raw(key));
            let _receipt = self.commit(batch).await?;
        }
    }

    fn change_ring(&self, change: impl Fn(&mut BTreeMap<Mid, Sealer>)) {
        self.0.sealers.rcu(|sealers| {
            let mut sealers = BTreeMap::clone(sealers);
            change(&mut sealers);
            sealers
        });
    }
}

fn removing_key(mid: Mid) -> Vec<u8> {
    Key::Meta(format!("{META_REMOVING}{mid}").into()).to_bytes()
}

pub(super) fn load_removing(kv: &dyn Kv) -> Result<HashSet<Mid>, KvError> {
    let (from, to) = Layout(Key::Meta(META_REMOVING.into()).to_bytes()).range();
    let entries = kv.range(&from, &to, usize::MAX)?;
    let mid = |(key, _): &Entry| match Key::parse(key)? {
        Key::Meta(name) => name.strip_prefix(META_REMOVING)?.parse().ok(),
        _ => None,
    };
    Ok(entries.iter().filter_map(mid).collect())
}
