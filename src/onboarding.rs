//! How a business unit becomes a tenant: read from its file, checked, and shown without its secrets.

mod tenant_file;
mod view;

pub(crate) use tenant_file::{TenantFileError, read_tenant_file};
pub(crate) use view::{TenantSummary, TenantView};

use crate::domain::tenant::Tenant;

/// Webhook tokens of one account that stay valid; of more, the oldest are forgotten.
const TOKENS_KEPT_MAX: usize = 8;

/// `new` in the place of `existing`: accounts of the same label keep their webhook tokens, because reports and clicks
/// of messages on their way come to the addresses that these were sent with (spec §2).
pub(crate) fn replacing(existing: &Tenant, mut new: Tenant) -> Tenant {
    for account in &mut new.accounts {
        let Some(before) = existing.account(&account.id) else { continue };
        if !before.webhook_tokens.is_empty() {
            account.webhook_tokens.clone_from(&before.webhook_tokens);
            let surplus = account.webhook_tokens.len().saturating_sub(TOKENS_KEPT_MAX);
            account.webhook_tokens.drain(..surplus);
        }
    }
    new
}
