//! The connected business units, in memory: what every call looks up.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::domain::ids::{AccountId, Mid};
use crate::domain::tenant::{Account, Tenant};

/// All tenants by MID. Reads take no lock; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct TenantBook(Arc<ArcSwap<HashMap<Mid, Arc<Tenant>>>>);

impl TenantBook {
    pub(crate) fn new(tenants: impl IntoIterator<Item = Tenant>) -> Self {
        let map = tenants.into_iter().map(|tenant| (tenant.mid, Arc::new(tenant))).collect();
        Self(Arc::new(ArcSwap::from_pointee(map)))
    }

    pub(crate) fn get(&self, mid: Mid) -> Option<Arc<Tenant>> {
        self.0.load().get(&mid).cloned()
    }

    /// All of them, by MID.
    pub(crate) fn all(&self) -> Vec<Arc<Tenant>> {
        let mut tenants: Vec<_> = self.0.load().values().cloned().collect();
        tenants.sort_by_key(|tenant| tenant.mid);
        tenants
    }

    /// Takes up a business unit, or its changes.
    pub(crate) fn put(&self, tenant: Tenant) {
        let tenant = Arc::new(tenant);
        self.0.rcu(|map| {
            let mut map = HashMap::clone(map);
            map.insert(tenant.mid, Arc::clone(&tenant));
            map
        });
    }

    pub(crate) fn remove(&self, mid: Mid) {
        self.0.rcu(|map| {
            let mut map = HashMap::clone(map);
            map.remove(&mid);
            map
        });
    }

    /// The account whose webhook paths have this token. Every token of every account is compared, each in constant
    /// time, so that the answer's delay tells nothing.
    pub(crate) fn by_webhook_token(&self, token: &str) -> Option<(Arc<Tenant>, AccountId)> {
        use subtle::ConstantTimeEq;
        let map = self.0.load();
        let mut found = None;
        for tenant in map.values() {
            for account in &tenant.accounts {
                for own in &account.webhook_tokens {
                    if bool::from(own.expose().as_bytes().ct_eq(token.as_bytes())) {
                        found = Some((Arc::clone(tenant), account.id.clone()));
                    }
                }
            }
        }
        found
    }
}

/// An account together with its tenant, for as long as a request takes.
#[derive(Clone)]
pub(crate) struct TenantAccount {
    tenant: Arc<Tenant>,
    index: usize,
}

impl TenantAccount {
    pub(crate) fn of(tenant: Arc<Tenant>, id: &AccountId) -> Option<Self> {
        let index = tenant.accounts.iter().position(|account| account.id == *id)?;
        Some(Self { tenant, index })
    }

    pub(crate) fn account(&self) -> &Account {
        #[expect(clippy::indexing_slicing, reason = "the index was found in this very tenant, which does not change")]
        &self.tenant.accounts[self.index]
    }
}
