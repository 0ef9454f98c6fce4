//! Erasing a person, and telling that one was erased (spec R5).

use super::{Commands, Refusal};
use crate::control::{ControlAnswer, ErasureOutcome, ErasureSummary, PersonName, RemovedRecords};
use crate::domain::ids::Mid;
use crate::domain::person::{NamedBy, Person};
use crate::domain::phone::Phone;
use crate::domain::tenant::Tenant;
use crate::store::{ErasureCounts, ErasureRecord};

/// What no erasure here reaches.
const REMAINS: [&str; 4] = [
    "the bytes in the store's freed file space, sealed, until they are overwritten",
    "backups and copies of the store that were made before",
    "rows that were written to SFMC's data extensions or posted to notification URLs, and SFMC's own contact",
    "what Infobip keeps of the messages, and reports of them that still come: these are kept anew until retention",
];
const REMAINS_BY_CONTACT_KEY: &str = "what only a phone number names: reports of messages that this store does not know, and unassigned replies; \
     repeat with the number";

impl Commands {
    pub(super) async fn erase(&self, tenant: &Tenant, name: &PersonName) -> Result<ControlAnswer, Refusal> {
        let person = person(tenant, name)?;
        let by = person.named_by();
        let erased = self.parts.eraser.erase(tenant.mid, person).await?;
        if erased.unsettled == 0 {
            tracing::info!(tenant.mid = %tenant.mid, "A person was erased at an operator's request");
        }
        let mut remains: Vec<_> = REMAINS.into_iter().map(str::to_owned).collect();
        if by == NamedBy::ContactKey {
            remains.push(REMAINS_BY_CONTACT_KEY.to_owned());
        }
        Ok(ControlAnswer::ok(&ErasureOutcome {
            removed: erased.counts.into(),
            unsettled_messages: erased.unsettled,
            remains,
        }))
    }

    /// The erasures of a person.
    pub(super) fn erasures_of(&self, tenant: &Tenant, name: &PersonName) -> Result<ControlAnswer, Refusal> {
        let hash = self.parts.store.erasures().person_hash(tenant.mid, &person(tenant, name)?)?;
        self.erasures(tenant.mid, Some(hash))
    }

    pub(super) fn erasures(&self, mid: Mid, person: Option<[u8; 16]>) -> Result<ControlAnswer, Refusal> {
        let all = self.parts.store.erasures().all(mid)?;
        let wanted = all.into_iter().filter(|erasure| person.is_none_or(|person| person == erasure.person));
        Ok(ControlAnswer::ok(&wanted.map(ErasureSummary::from).collect::<Vec<_>>()))
    }
}

/// The sentence does not repeat what was given.
fn person(tenant: &Tenant, name: &PersonName) -> Result<Person, Refusal> {
    match name {
        PersonName::Phone(text) => Phone::parse(text.expose(), tenant.country())
            .map(|phone| Person::by_phone(&phone))
            .map_err(|error| Refusal::Refused(error.to_string())),
        PersonName::ContactKey(text) if text.expose().trim().is_empty() => {
            Err(Refusal::Refused("the contact key is empty".to_owned()))
        }
        PersonName::ContactKey(text) => Ok(Person::by_contact_key(text.expose())),
    }
}

impl From<ErasureCounts> for RemovedRecords {
    fn from(counts: ErasureCounts) -> Self {
        Self {
            waiting_messages: counts.waiting,
            finished_messages: counts.sent,
            reports: counts.reports,
            clicks: counts.clicks,
            inbound_messages: counts.inbound,
            unforwarded_rows: counts.rows,
        }
    }
}

impl From<ErasureRecord> for ErasureSummary {
    fn from(record: ErasureRecord) -> Self {
        let by = match record.by {
            NamedBy::Phone => "phone",
            NamedBy::ContactKey => "contact key",
        };
        Self {
            at: record.at.to_iso(),
            by: by.to_owned(),
            person: record.person.iter().map(|byte| format!("{byte:02x}")).collect(),
            removed: record.counts.into(),
        }
    }
}
