//! A connected business unit and its Infobip accounts.

use serde::{Deserialize, Serialize};

use super::channel::{Channel, ReportFamily};
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
    pub(crate) senders: Senders,
    pub(crate) custom_domains: Vec<String>,
    pub(crate) tracking: Tracking,
    pub(crate) mms_reports: MmsReports,
    pub(crate) kakao_way: KakaoWay,
    pub(crate) maybe_sent: MaybeSent,
    /// Unguessable parts of the webhook paths, the current one last. Old ones stay valid (spec §2).
    pub(crate) webhook_tokens: Vec<Secret>,
}

/// What the activity offers as senders, by channel (spec T3).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Senders {
    /// Of SMS, LMS and MMS.
    pub(crate) sms: Vec<String>,
    pub(crate) whatsapp: Vec<String>,
    pub(crate) viber: Vec<String>,
    pub(crate) rcs: Vec<String>,
    /// Profile keys of Kakao channels.
    pub(crate) kakao: Vec<String>,
}

/// Where reports go (spec T3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Tracking {
    /// To data extensions, by external key.
    Native(ReportExtensions),
    /// To the customer's URLs.
    External(NotificationUrls),
}

/// External keys of the data extensions that reports are written to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ReportExtensions {
    pub(crate) sms_reports: String,
    pub(crate) omni_reports: String,
}

/// The customer's URLs that reports are posted to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct NotificationUrls {
    pub(crate) sms_url: String,
    pub(crate) omni_url: String,
}

/// Which reports MMS counts among: the manual names it in both lists (spec T3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) enum MmsReports {
    #[default]
    Omni,
    Sms,
}

/// How Kakao messages go to Infobip.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) enum KakaoWay {
    /// By Kakao's own endpoints, with a profile key as sender.
    #[default]
    Direct,
    /// By a scenario of OMNI failover, as older set-ups do.
    Omni,
}

/// One of the two extensions, or URLs, that delivery reports go to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum DeliveryReports {
    Sms,
    Omni,
}

/// Where one kind of reports goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReportTarget<'a> {
    /// External key of a data extension.
    Extension(&'a str),
    Url(&'a str),
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
    /// Among which delivery reports those of a channel count. A spelling that is not known any more counts as SMS.
    pub(crate) fn delivery_reports(&self, reported_as: &str) -> DeliveryReports {
        match (Channel::family_of(reported_as), self.mms_reports) {
            (Some(ReportFamily::Omni), _) | (Some(ReportFamily::AsAccountSays), MmsReports::Omni) => {
                DeliveryReports::Omni
            }
            (Some(ReportFamily::Sms) | None, _) | (Some(ReportFamily::AsAccountSays), MmsReports::Sms) => {
                DeliveryReports::Sms
            }
        }
    }

    /// Where delivery reports go.
    pub(crate) fn report_target(&self, reports: DeliveryReports) -> ReportTarget<'_> {
        match (&self.tracking, reports) {
            (Tracking::Native(keys), DeliveryReports::Sms) => ReportTarget::Extension(&keys.sms_reports),
            (Tracking::Native(keys), DeliveryReports::Omni) => ReportTarget::Extension(&keys.omni_reports),
            (Tracking::External(urls), DeliveryReports::Sms) => ReportTarget::Url(&urls.sms_url),
            (Tracking::External(urls), DeliveryReports::Omni) => ReportTarget::Url(&urls.omni_url),
        }
    }

    /// The token that new requests carry in their webhook URLs.
    pub(crate) fn current_webhook_token(&self) -> Option<&str> {
        self.webhook_tokens.last().map(Secret::expose)
    }
}
