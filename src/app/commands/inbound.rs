//! Inbound messages that nobody is known for, for `waypost inbound`.

use super::{Commands, ControlAnswer, Refusal};
use crate::control::{AssignedInbound, UnassignedInbound};
use crate::domain::tenant::{Account, Tenant};
use crate::reporting::inbox::InboxError;

/// Messages that are listed: well below the control socket's longest line.
const LISTED_MAX: usize = 500;
/// Last characters of a number that are shown: enough to tell two apart, too few to call.
const SHOWN_CHARS: usize = 3;

impl Commands {
    pub(super) fn unassigned(&self) -> Result<ControlAnswer, Refusal> {
        let records = self.parts.inbox.unassigned(LISTED_MAX)?;
        let list = records.into_iter().map(|record| {
            let inbound = record.inbound;
            UnassignedInbound {
                received_at: inbound.received_at.to_iso(),
                channel: inbound.channel.reported_as().to_owned(),
                destination: inbound.destination,
                sender_ends_with: ending(&inbound.sender),
                content_type: inbound.content_type,
            }
        });
        Ok(ControlAnswer::ok(&list.collect::<Vec<_>>()))
    }

    /// Where Infobip is to bring an account's inbound messages. It carries the account's token.
    pub(super) fn inbound_address(&self, account: &Account) -> Result<ControlAnswer, Refusal> {
        let token = account.current_webhook_token();
        let token = token.ok_or_else(|| Refusal::Refused(format!("account {} has no webhook token", account.id)))?;
        let base = &self.parts.activity_settings.public_base_url;
        Ok(ControlAnswer::ok(&format!("{base}/infobip/webhooks/inboundMessage/{token}")))
    }

    pub(super) async fn assign(
        &self,
        tenant: &Tenant,
        account: &Account,
        destination: &str,
    ) -> Result<ControlAnswer, Refusal> {
        let assigned =
            self.parts.inbox.assign(tenant, &account.id, destination).await.map_err(|error| match error {
                InboxError::Store(error) => Refusal::Store(error),
                full @ InboxError::Full => Refusal::Refused(full.to_string()),
            })?;
        tracing::info!(tenant.mid = %tenant.mid, account = %account.id, given = assigned.given,
            "An operator gave unassigned inbound messages to an account");
        Ok(ControlAnswer::ok(&AssignedInbound { given: assigned.given, left: assigned.left }))
    }
}

/// The end of a number; nothing of one that is hardly longer.
fn ending(number: &str) -> String {
    let length = number.chars().count();
    if length < 2 * SHOWN_CHARS { String::new() } else { number.chars().skip(length - SHOWN_CHARS).collect() }
}
