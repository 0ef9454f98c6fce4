//! A connected business unit and its Infobip accounts.

use serde::{Deserialize, Serialize};

use super::channel::{Channel, ReportFamily};
use super::extension;
use super::ids::{AccountId, Mid};
use super::inbound::InboundChannel;
use super::phone::Country;
use super::report_dates;
use super::secret::Secret;
use super::timestamp::Timestamp;

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
    pub(crate) replies: ReplyPolicy,
    pub(crate) retention: Retention,
    /// IANA name of the zone whose local time dates are written in; UTC without one (spec R2).
    pub(crate) time_zone: Option<String>,
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
    /// Channels that it will be used for, where its senders and messages do not say so yet (spec T2).
    pub(crate) channels: Vec<Channel>,
    pub(crate) tracking: Tracking,
    pub(crate) mms_reports: MmsReports,
    pub(crate) kakao_way: KakaoWay,
    pub(crate) maybe_sent: MaybeSent,
    pub(crate) webhook_auth: WebhookAuth,
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
    pub(crate) url_tracking: String,
    pub(crate) inbound_messages: String,
}

impl Default for ReportExtensions {
    /// The package's own.
    fn default() -> Self {
        Self {
            sms_reports: extension::SMS_DELIVERY_REPORTS.external_key.to_owned(),
            omni_reports: extension::OMNI_REPORTS.external_key.to_owned(),
            url_tracking: extension::UNIFIED_URL_TRACKING.external_key.to_owned(),
            inbound_messages: extension::INBOUND_MESSAGES.external_key.to_owned(),
        }
    }
}

/// The customer's URLs that reports are posted to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct NotificationUrls {
    pub(crate) sms_url: String,
    pub(crate) omni_url: String,
    /// Without one, clicks are kept here only.
    pub(crate) clicks_url: Option<String>,
    /// Without one, replies are kept here only.
    pub(crate) inbound_url: Option<String>,
    /// Key of the HMAC that every post carries; without one they are not signed.
    pub(crate) signing_key: Option<Secret>,
}

/// What an account's webhooks must carry besides the unguessable path, where it sets that up at Infobip: subscriptions
/// can, URLs of a request can't (infobip.md 9.7). So it is asked of calls that come with it, and of the bare path.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct WebhookAuth {
    pub(crate) basic: Option<BasicAuth>,
    pub(crate) hmac_key: Option<Secret>,
}

/// Whether a call has proven to come from whom it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Authenticity {
    Proven,
    /// It carries nothing that the account has set up.
    NotShown,
    /// It carries what is not right.
    Wrong,
}

/// A user name and password.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct BasicAuth {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

/// How replies are taken (spec R3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ReplyPolicy {
    /// Whether a tapped button counts as a reply, with the text that the person saw.
    pub(crate) takes_buttons: bool,
    /// How long after a message was sent its contact is taken to be waiting for the event, in seconds.
    pub(crate) event_delay_secs: u32,
    /// How far back a reply is paired with the newest message, in days.
    pub(crate) pairing_days: u16,
}

impl Default for ReplyPolicy {
    fn default() -> Self {
        Self { takes_buttons: false, event_delay_secs: 30, pairing_days: 30 }
    }
}

/// How long a business unit's data is kept, in days (spec R5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Retention {
    /// Finished messages.
    pub(crate) messages_days: u16,
    /// Reports, clicks and inbound messages that their target has taken.
    pub(crate) reports_days: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Self { messages_days: 180, reports_days: 180 }
    }
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

/// The kinds of reports that have an extension, or URL, of their own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum ReportKind {
    /// Delivery reports of the SMS family.
    Sms,
    /// Delivery and seen reports of the Omni family.
    Omni,
    Clicks,
    Inbound,
}

impl ReportKind {
    pub(crate) const ALL: [Self; 4] = [Self::Sms, Self::Omni, Self::Clicks, Self::Inbound];
}

/// Where one kind of reports goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReportTarget<'a> {
    /// External key of a data extension.
    Extension(&'a str),
    Url(&'a str),
    /// Nowhere: it is kept here only.
    Nowhere,
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

    /// A moment as rows, events and out-arguments of this business unit have it (spec R2).
    pub(crate) fn written_date(&self, at: Timestamp) -> String {
        report_dates::written(at, self.time_zone.as_deref())
    }

    /// A date that comes back from a row of this business unit; `None` when it can't be read.
    pub(crate) fn read_date(&self, text: &str) -> Option<Timestamp> {
        report_dates::read(text, self.time_zone.as_deref())
    }
}

impl Senders {
    /// What replies on a channel are sent to.
    pub(crate) fn on(&self, channel: InboundChannel) -> &[String] {
        match channel {
            InboundChannel::Sms | InboundChannel::Mms => &self.sms,
            InboundChannel::WhatsApp => &self.whatsapp,
            InboundChannel::Viber => &self.viber,
            InboundChannel::Rcs => &self.rcs,
        }
    }
}

impl Account {
    /// Among which delivery reports those of a channel count. A spelling that is not known any more counts as SMS.
    pub(crate) fn delivery_reports(&self, reported_as: &str) -> ReportKind {
        match (Channel::family_of(reported_as), self.mms_reports) {
            (Some(ReportFamily::Omni), _) | (Some(ReportFamily::AsAccountSays), MmsReports::Omni) => ReportKind::Omni,
            (Some(ReportFamily::Sms) | None, _) | (Some(ReportFamily::AsAccountSays), MmsReports::Sms) => {
                ReportKind::Sms
            }
        }
    }

    /// Where reports of a kind go.
    pub(crate) fn report_target(&self, kind: ReportKind) -> ReportTarget<'_> {
        match (&self.tracking, kind) {
            (Tracking::Native(keys), ReportKind::Sms) => ReportTarget::Extension(&keys.sms_reports),
            (Tracking::Native(keys), ReportKind::Omni) => ReportTarget::Extension(&keys.omni_reports),
            (Tracking::Native(keys), ReportKind::Clicks) => ReportTarget::Extension(&keys.url_tracking),
            (Tracking::Native(keys), ReportKind::Inbound) => ReportTarget::Extension(&keys.inbound_messages),
            (Tracking::External(urls), ReportKind::Sms) => ReportTarget::Url(&urls.sms_url),
            (Tracking::External(urls), ReportKind::Omni) => ReportTarget::Url(&urls.omni_url),
            (Tracking::External(urls), ReportKind::Clicks) => optional(urls.clicks_url.as_deref()),
            (Tracking::External(urls), ReportKind::Inbound) => optional(urls.inbound_url.as_deref()),
        }
    }

    /// The token that new requests carry in their webhook URLs.
    pub(crate) fn current_webhook_token(&self) -> Option<&str> {
        self.webhook_tokens.last().map(Secret::expose)
    }
}

fn optional(url: Option<&str>) -> ReportTarget<'_> {
    url.map_or(ReportTarget::Nowhere, ReportTarget::Url)
}
