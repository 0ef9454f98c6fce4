//! A connected business unit and its Infobip accounts.

use serde::{Deserialize, Serialize};

use super::ids::{AccountId, Mid};
use super::phone::Country;
use super::secret::Secret;

/// One SFMC business unit (spec T1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Tenant {
    pub(crate) mid: Mid,
    /// What people call it; not unique.
    pub(crate) name: String,
    pub(crate) sfmc: SfmcAccess,
    pub(crate) verification: Verification,
    /// ISO 3166-1 code of the country of national numbers; without one they are refused.
    pub(crate) default_country: Option<String>,
    /// Whether test-mode contacts are really sent to (spec M11).
    pub(crate) send_in_test_mode: bool,
    pub(crate) accounts: Vec<Account>,
}

/// Credentials and addresses of the business unit's installed package. Origins have no trailing slash.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct SfmcAccess {
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) auth_origin: String,
    pub(crate) soap_origin: String,
    /// When not given, the token's `rest_instance_url` says it (sfmc.md 5).
    pub(crate) rest_origin: Option<String>,
}

/// The keys that may have signed an execute call; at least one is there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Verification {
    /// The package's JWT signing secret, as text.
    pub(crate) signing_secret: Option<Secret>,
    /// The salt key of Key Management.
    pub(crate) salt: Option<Salt>,
}

/// A salt key (sfmc.md 2.2): the bytes of the text are the HMAC key; SFMC has them entered as `0x…`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Salt {
    /// `customerKey`: the key's external key in SFMC.
    pub(crate) customer_key: String,
    pub(crate) value: Secret,
}

/// One Infobip account of a tenant (spec T2, T3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    /// `https://xxxxx.api.infobip.com`, without trailing slash.
    pub(crate) base_url: String,
    pub(crate) api_key: Secret,
    pub(crate) sms_senders: Vec<String>,
    pub(crate) custom_domains: Vec<String>,
    pub(crate) tracking: Tracking,
    pub(crate) maybe_sent: MaybeSent,
    /// Unguessable parts of the webhook paths, the current one last. Old ones stay valid (spec §2).
    pub(crate) webhook_tokens: Vec<Secret>,
}

/// Where reports go (spec T3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Tracking {
    /// To data extensions, by external key.
    Native { sms_reports: String },
    /// To the customer's URLs.
    External { sms_url: String },
}

/// What happens to a message of which nobody can say whether it was sent (spec Q6b).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) enum MaybeSent {
    /// It is sent again with the same message id.
    #[default]
    Repeat,
    /// It is not sent again, and reported as unknown.
    ReportUnknown,
}

impl Tenant {
    pub(crate) fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == *id)
    }

    pub(crate) fn country(&self) -> Option<Country> {
        self.default_country.as_deref().and_then(Country::by_code)
    }
}

impl Account {
    /// The token that new requests carry in their webhook URLs.
    pub(crate) fn current_webhook_token(&self) -> Option<&str> {
        self.webhook_tokens.last().map(Secret::expose)
    }
}
