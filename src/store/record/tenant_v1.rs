//! A tenant as it was written first: its accounts had senders and reports of SMS only.

use serde::Deserialize;

use crate::domain::ids::{AccountId, Mid};
use crate::domain::secret::Secret;
use crate::domain::tenant::{
    Account, KakaoWay, MaybeSent, MmsReports, NotificationUrls, ReplyPolicy, ReportExtensions, Retention, Senders,
    SfmcAccess, Tenant, Tracking, Verification, WebhookAuth,
};

#[derive(Deserialize)]
pub(super) struct TenantV1 {
    mid: Mid,
    name: String,
    sfmc: SfmcAccess,
    verification: Verification,
    default_country: Option<String>,
    send_in_test_mode: bool,
    accounts: Vec<AccountV1>,
}

#[derive(Deserialize)]
struct AccountV1 {
    id: AccountId,
    base_url: String,
    api_key: Secret,
    sms_senders: Vec<String>,
    custom_domains: Vec<String>,
    tracking: TrackingV1,
    maybe_sent: MaybeSent,
    webhook_tokens: Vec<Secret>,
}

#[derive(Deserialize)]
enum TrackingV1 {
    Native { sms_reports: String },
    External { sms_url: String },
}

impl From<TenantV1> for Tenant {
    fn from(form: TenantV1) -> Self {
        Self {
            mid: form.mid,
            name: form.name,
            sfmc: form.sfmc,
            verification: form.verification,
            default_country: form.default_country,
            send_in_test_mode: form.send_in_test_mode,
            replies: ReplyPolicy::default(),
            retention: Retention::default(),
            time_zone: None,
            accounts: form.accounts.into_iter().map(Account::from).collect(),
        }
    }
}

impl From<AccountV1> for Account {
    fn from(form: AccountV1) -> Self {
        let tracking = match form.tracking {
            TrackingV1::Native { sms_reports } => {
                Tracking::Native(ReportExtensions { sms_reports, ..ReportExtensions::default() })
            }
            // Reports of other channels go where the customer already listens.
            TrackingV1::External { sms_url } => Tracking::External(NotificationUrls {
                omni_url: sms_url.clone(),
                sms_url,
                clicks_url: None,
                inbound_url: None,
                signing_key: None,
            }),
        };
        Self {
            id: form.id,
            base_url: form.base_url,
            api_key: form.api_key,
            senders: Senders { sms: form.sms_senders, ..Senders::default() },
            custom_domains: form.custom_domains,
            channels: Vec::new(),
            tracking,
            mms_reports: MmsReports::default(),
            kakao_way: KakaoWay::default(),
            maybe_sent: form.maybe_sent,
            webhook_auth: WebhookAuth::default(),
            webhook_tokens: form.webhook_tokens,
        }
    }
}
