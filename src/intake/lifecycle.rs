//! save, validate, publish, unpublish and stop: SFMC sends them unsigned and without MID (spec M12, sfmc.md 2.3).
//!
//! What protects them is the configuration id in their URLs, signed by a key of the store's own: it says whose activity
//! it is. It binds to the journey at its first save or validate; the same id in another journey is a copy.

use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::clock::Clock;
use crate::dispatch::book::QueueBook;
use crate::domain::channel::Channel;
use crate::domain::ids::{ActivityId, Mid, QueueId};
use crate::domain::message::{OnStop, Rejection, check_configured, names};
use crate::domain::tenant::Tenant;
use crate::domain::whatsapp_template::{self, WrongTemplate};
use crate::listings::template_book::TemplateBook;
use crate::sfmc::activity::LifecycleCall;
use crate::store::{ConfigurationId, ConfigurationRecord, QueueMark, Store, StoreError};
use crate::tenants::TenantBook;

const MID_BYTES: usize = 8;
const ID_BYTES: usize = 16;
const MAC_BYTES: usize = 16;

/// Whose activity, and which configuration of theirs: what the signed configuration id says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ConfigurationToken {
    pub(crate) mid: Mid,
    pub(crate) id: ConfigurationId,
}

/// The text as it stands in a URL, not yet checked.
#[derive(Clone, Copy, Debug)]
struct UncheckedToken {
    token: ConfigurationToken,
    mac: [u8; MAC_BYTES],
}

impl FromStr for UncheckedToken {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| ())?;
        let (mid, rest) = bytes.split_first_chunk::<MID_BYTES>().ok_or(())?;
        let (id, rest) = rest.split_first_chunk::<ID_BYTES>().ok_or(())?;
        let mac = rest.try_into().map_err(|_| ())?;
        let token = ConfigurationToken { mid: Mid::new(u64::from_be_bytes(*mid)), id: ConfigurationId(*id) };
        Ok(Self { token, mac })
    }
}

/// The configuration that an in-argument of a signed call names; what signed it is the business unit itself, so its own
/// mark on the id proves nothing more. `None` for another unit's.
pub(crate) fn configuration_of(mid: Mid, text: &str) -> Option<ConfigurationId> {
    let token = text.parse::<UncheckedToken>().ok()?.token;
    (token.mid == mid).then_some(token.id)
}

/// A lifecycle call of SFMC's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Save,
    Validate,
    Publish,
    Unpublish,
    Stop,
    /// Not known to be called; answered all the same (sfmc.md 11, row 7).
    Pause,
    Resume,
}

/// Why an activity can't be validated or published: a sentence for the marketer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LifecycleRefusal {
    #[error("This activity is not configured: open it, fill in its form and save it.")]
    NotConfigured,
    #[error(
        "The business unit of this activity is not connected to Waypost: connect it, or open the activity and save it again."
    )]
    NoTenant,
    #[error("The business unit of this activity has no Infobip account: add one in Waypost.")]
    NoAccount,
    #[error("This activity was copied from another journey: open it, check it and save it.")]
    Copied,
    /// With the messageStatus that every contact would get.
    #[error("This activity can't work, every contact would get \"{}\" ({}): open it, correct it and save it.", .0.message_status(), .0.meaning())]
    CannotWork(Rejection),
    /// The template can't be sent now.
    #[error("This activity can't work: {0}. Open it, choose another template and save it.")]
    Template(WrongTemplate),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Refuses in-arguments with which no contact could be sent to. Without any, for an activity whose copy was lost or
/// that sends nothing, there is nothing to say.
pub(crate) fn check_works(
    tenant: &Tenant,
    arguments: &[(String, String)],
    templates: &TemplateBook,
) -> Result<(), LifecycleRefusal> {
    if arguments.is_empty() {
        return Ok(());
    }
    let pairs = arguments.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    check_configured(pairs, tenant.mid, &tenant.accounts, tenant.country()).map_err(LifecycleRefusal::CannotWork)?;
    check_template(tenant, arguments, templates)
}

/// Refuses a WhatsApp template that Infobip is known not to send. Only a list that is at hand and fresh says so: SFMC
/// waits for the answer, and a list that can't be read proves nothing (spec M12).
fn check_template(
    tenant: &Tenant,
    arguments: &[(String, String)],
    templates: &TemplateBook,
) -> Result<(), LifecycleRefusal> {
    // What is an expression is known at run time only.
    let constant = |wanted: &str| {
        let found = arguments.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.trim());
        found.filter(|value| !value.is_empty() && !value.contains("{{"))
    };
    let is_whatsapp = constant(names::CHANNEL).and_then(Channel::by_name) == Some(Channel::WhatsApp);
    let account = match constant(names::ACCOUNT) {
        Some(label) => tenant.accounts.iter().find(|account| account.id.as_str() == label),
        None => tenant.accounts.first(),
    };
    let (Some(account), Some(sender), Some(name), Some(language)) =
        (account, constant(names::SENDER), constant(names::TEMPLATE_NAME), constant(names::TEMPLATE_LANGUAGE))
    else {
        return Ok(());
    };
    let Some(known) = templates.known(tenant.mid, &account.id, sender).filter(|_| is_whatsapp) else { return Ok(()) };
    let placeholders = constant(names::PLACEHOLDER_COUNT).and_then(|count| count.parse().ok());
    whatsapp_template::check_choice(&known.list, name, language, placeholders).map_err(LifecycleRefusal::Template)
}

/// See the module's documentation.
pub(crate) struct Lifecycle {
    store: Store,
    clock: Arc<dyn Clock>,
    tenants: TenantBook,
    book: Arc<QueueBook>,
    templates: Arc<TemplateBook>,
    /// Bindings are read and written one after the other: there are few, and two must not both be first.
    binding: tokio::sync::Mutex<()>,
}

impl Lifecycle {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        tenants: TenantBook,
        book: Arc<QueueBook>,
        templates: Arc<TemplateBook>,
    ) -> Self {
        Self { store, clock, tenants, book, templates, binding: tokio::sync::Mutex::default() }
    }

    /// A new configuration id of a business unit, stored, as it goes into URLs.
    /// `arguments` are kept, so that `validate` can tell whether the activity works.
    pub(crate) async fn new_configuration(
        &self,
        mid: Mid,
        arguments: Vec<(String, String)>,
    ) -> Result<String, StoreError> {
        let token = ConfigurationToken { mid, id: ConfigurationId(rand::random()) };
        let record = ConfigurationRecord {
            original_definition_id: None,
            last_interaction_id: None,
            last_version: None,
            created_at: self.clock.now(),
            arguments,
        };
        let mut batch = self.store.batch();
        batch.put_configuration(mid, token.id, &record)?;
        let _receipt = self.store.commit(batch).await?;
        let mut bytes = Vec::with_capacity(MID_BYTES + ID_BYTES + MAC_BYTES);
        bytes.extend_from_slice(&mid.get().to_be_bytes());
        bytes.extend_from_slice(&token.id.0);
        bytes.extend_from_slice(&self.mac(token)?);
        Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Whether a configuration is bound to another journey than the one that a page names by the ids of its version and
    /// of all its versions: the activity was copied (spec M12). Without any id nobody knows: Journey Builder may not have
    /// told, and `validate` asks again.
    pub(crate) fn is_copy(&self, token: ConfigurationToken, journey: &[&str]) -> Result<bool, StoreError> {
        let known = self.store.configurations().get(token.mid, token.id)?;
        let bound = known.and_then(|record| record.original_definition_id);
        Ok(!journey.is_empty() && bound.is_some_and(|bound| !journey.contains(&bound.as_str())))
    }

    /// Takes up what a configured activity was changed to, under the id that it has.
    pub(crate) async fn change_configuration(
        &self,
        token: ConfigurationToken,
        arguments: Vec<(String, String)>,
    ) -> Result<(), StoreError> {
        let _one_at_a_time = self.binding.lock().await;
        let known = self.store.configurations().get(token.mid, token.id)?;
        let record = match known {
            Some(record) if record.arguments == arguments => return Ok(()),
            Some(record) => ConfigurationRecord { arguments, ..record },
            None => ConfigurationRecord {
                original_definition_id: None,
                last_interaction_id: None,
                last_version: None,
                created_at: self.clock.now(),
                arguments,
            },
        };
        let mut batch = self.store.batch();
        batch.put_configuration(token.mid, token.id, &record)?;
        let _receipt = self.store.commit(batch).await?;
        Ok(())
    }

    /// Whether two configurations of a business unit are bound to the same journey. What is bound to none yet, or is not
    /// the unit's, is of no journey.
    pub(crate) fn are_of_one_journey(&self, mid: Mid, one: &str, other: &str) -> Result<bool, StoreError> {
        let bound = |text: &str| -> Result<Option<String>, StoreError> {
            let Some(token) = self.check(text)?.filter(|token| token.mid == mid) else { return Ok(None) };
            let known = self.store.configurations().get(mid, token.id)?;
            Ok(known.and_then(|record| record.original_definition_id))
        };
        let one = bound(one)?;
        Ok(one.is_some() && one == bound(other)?)
    }

    /// The newest queue that an activity of a configuration has, when it is one of the business unit's.
    pub(crate) fn newest_queue(&self, mid: Mid, text: &str) -> Result<Option<QueueId>, StoreError> {
        let Some(token) = self.check(text)?.filter(|token| token.mid == mid) else { return Ok(None) };
        Ok(self.store.configurations().queues(mid, token.id, 1)?.pop())
    }

    /// Checks a configuration id of a URL. `None` when it is not one of ours.
    pub(crate) fn check(&self, text: &str) -> Result<Option<ConfigurationToken>, StoreError> {
        let Ok(unchecked) = text.parse::<UncheckedToken>() else { return Ok(None) };
        let expected = self.mac(unchecked.token)?;
        Ok(bool::from(expected.ct_eq(&unchecked.mac)).then_some(unchecked.token))
    }

    fn mac(&self, token: ConfigurationToken) -> Result<[u8; MAC_BYTES], StoreError> {
        let mut bytes = token.mid.get().to_be_bytes().to_vec();
        bytes.extend_from_slice(&token.id.0);
        self.store.system_hash("configuration id", &bytes)
    }

    /// Carries out a lifecycle call.
    pub(crate) async fn call(
        &self,
        phase: Phase,
        token: Option<ConfigurationToken>,
        call: &LifecycleCall,
    ) -> Result<(), LifecycleRefusal> {
        match phase {
            // A draft may be saved in any state.
            Phase::Save => match token {
                Some(token) => match self.bind(token, call).await {
                    Ok(()) | Err(LifecycleRefusal::Copied) => Ok(()),
                    Err(error) => Err(error),
                },
                None => Ok(()),
            },
            Phase::Validate | Phase::Publish => {
                let token = token.ok_or(LifecycleRefusal::NotConfigured)?;
                let tenant = self.tenants.get(token.mid).ok_or(LifecycleRefusal::NoTenant)?;
                if tenant.accounts.is_empty() {
                    return Err(LifecycleRefusal::NoAccount);
                }
                let known = self.store.configurations().get(token.mid, token.id)?;
                let arguments = known.map(|record| record.arguments).unwrap_or_default();
                check_works(&tenant, &arguments, &self.templates)?;
                self.bind(token, call).await
            }
            Phase::Stop => match token {
                Some(token) if self.is_of_another_journey(token, call)? => Ok(()),
                Some(token) => Ok(self.stop(token.mid, call).await?),
                None => Ok(()),
            },
            Phase::Unpublish | Phase::Pause | Phase::Resume => Ok(()),
        }
    }

    /// A copy's stop must not touch the queues of the journey that it was copied from.
    fn is_of_another_journey(&self, token: ConfigurationToken, call: &LifecycleCall) -> Result<bool, StoreError> {
        if self.tenants.get(token.mid).is_none() {
            return Ok(true);
        }
        let bound =
            self.store.configurations().get(token.mid, token.id)?.and_then(|known| known.original_definition_id);
        Ok(bound.is_some() && call.original_definition_id.is_some() && bound != call.original_definition_id)
    }

    /// Binds a configuration to the journey that names it first; a new version of that journey passes.
    async fn bind(&self, token: ConfigurationToken, call: &LifecycleCall) -> Result<(), LifecycleRefusal> {
        if self.tenants.get(token.mid).is_none() {
            return Ok(());
        }
        let _one_at_a_time = self.binding.lock().await;
        let known = self.store.configurations().get(token.mid, token.id)?;
        let journey = call.original_definition_id.as_deref();
        let bound = known.as_ref().and_then(|record| record.original_definition_id.as_deref());
        if let (Some(bound), Some(journey)) = (bound, journey)
            && bound != journey
        {
            return Err(LifecycleRefusal::Copied);
        }
        // The id is signed, so a record that is missing was lost: it begins anew (spec M12).
        let created_at = known.as_ref().map_or_else(|| self.clock.now(), |record| record.created_at);
        let record = ConfigurationRecord {
            original_definition_id: bound.or(journey).map(str::to_owned),
            last_interaction_id: call.interaction_id.clone(),
            last_version: call.interaction_version.as_deref().and_then(|version| version.parse().ok()),
            created_at,
            arguments: known.as_ref().map(|record| record.arguments.clone()).unwrap_or_default(),
        };
        if known.as_ref() != Some(&record) {
            let mut batch = self.store.batch();
            batch.put_configuration(token.mid, token.id, &record)?;
            let _receipt = self.store.commit(batch).await?;
        }
        Ok(())
    }

    /// Treats the queues of a stopped version as their activity chose: by activity id, else by journey version.
    async fn stop(&self, mid: Mid, call: &LifecycleCall) -> Result<(), StoreError> {
        let activity = call.activity_object_id.as_deref().and_then(|id| ActivityId::new(id).ok());
        let by_activity = activity.and_then(|activity| self.book.by_activity(mid, &activity));
        let queues = match by_activity {
            Some(queue) => vec![queue],
            None => {
                let mut queues = Vec::new();
                for queue in self.book.of_tenant(mid) {
                    let version = queue.record.lock().await.journey_id.clone();
                    if version.is_some_and(|version| Some(version.as_str()) == call.interaction_id.as_deref()) {
                        queues.push(queue);
                    }
                }
                queues
            }
        };
        for queue in queues {
            let on_stop = queue.record.lock().await.policy.on_stop;
            let mark = match on_stop {
                OnStop::Keep => continue,
                OnStop::Hold => QueueMark::Held,
                OnStop::Cancel => QueueMark::Cancelled,
            };
            tracing::info!(tenant.mid = %mid, queue.id = %queue.id, ?mark, "SFMC stopped the journey version of a queue");
            self.book.mark(&queue, mark).await?;
        }
        Ok(())
    }
}
