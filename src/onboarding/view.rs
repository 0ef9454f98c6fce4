//! A tenant as people may see it: secrets are masked here, on the server's side of the socket.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::tenant::{Account, KakaoWay, MaybeSent, MmsReports, ReportKind, ReportTarget, Tenant, Tracking};

/// One line of the list of tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TenantSummary {
    pub(crate) mid: u64,
    pub(crate) name: String,
    /// Labels of its Infobip accounts.
    pub(crate) accounts: Vec<String>,
}

/// A whole tenant, secrets masked. Its `Display` is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TenantView {
    pub(crate) mid: u64,
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) auth_origin: String,
    pub(crate) soap_origin: String,
    pub(crate) rest_origin: Option<String>,
    pub(crate) signing_secret: Option<String>,
    pub(crate) salt_customer_key: Option<String>,
    pub(crate) salt_value: Option<String>,
    pub(crate) default_country: Option<String>,
    pub(crate) send_in_test_mode: bool,
    /// Zone of the dates that are written; UTC without one.
    pub(crate) time_zone: Option<String>,
    pub(crate) replies_take_buttons: bool,
    pub(crate) event_delay_secs: u32,
    pub(crate) pairing_days: u16,
    pub(crate) retention_messages_days: u16,
    pub(crate) retention_reports_days: u16,
    pub(crate) accounts: Vec<AccountView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountView {
    pub(crate) label: String,
    pub(crate) base_url: String,
    pub(crate) api_key: String,
    pub(crate) sms_senders: Vec<String>,
    pub(crate) whatsapp_senders: Vec<String>,
    pub(crate) viber_senders: Vec<String>,
    pub(crate) rcs_senders: Vec<String>,
    pub(crate) kakao_senders: Vec<String>,
    pub(crate) custom_domains: Vec<String>,
    pub(crate) channels: Vec<String>,
    /// `native` or `external`.
    pub(crate) tracking: String,
    /// External key of the data extension, or the URL without its query, which may hold a key.
    pub(crate) sms_reports: String,
    pub(crate) omni_reports: String,
    pub(crate) url_clicks: String,
    pub(crate) inbound_messages: String,
    /// Whether posts to the customer's URLs are signed.
    pub(crate) signs_posts: bool,
    /// What webhooks must carry besides the path: `basic`, `hmac`, both or nothing.
    pub(crate) webhook_auth: String,
    /// `omni` or `sms`: among which reports those of MMS count.
    pub(crate) mms_reports: String,
    /// `direct` or `omni`: how Kakao messages go to Infobip.
    pub(crate) kakao: String,
    pub(crate) maybe_sent: String,
    /// Webhook addresses in use; the tokens themselves are secrets.
    pub(crate) webhook_tokens: usize,
}

impl From<&Tenant> for TenantSummary {
    fn from(tenant: &Tenant) -> Self {
        Self {
            mid: tenant.mid.get(),
            name: tenant.name.clone(),
            accounts: tenant.accounts.iter().map(|account| account.id.to_string()).collect(),
        }
    }
}

impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        let verification = &tenant.verification;
        Self {
            mid: tenant.mid.get(),
            name: tenant.name.clone(),
            client_id: tenant.sfmc.client_id.clone(),
            client_secret: tenant.sfmc.client_secret.masked(),
            auth_origin: tenant.sfmc.auth_origin.clone(),
            soap_origin: tenant.sfmc.soap_origin.clone(),
            rest_origin: tenant.sfmc.rest_origin.clone(),
            signing_secret: verification.signing_secret.as_ref().map(|secret| secret.masked()),
            salt_customer_key: verification.salt.as_ref().map(|salt| salt.customer_key.clone()),
            salt_value: verification.salt.as_ref().map(|salt| salt.value.masked()),
            default_country: tenant.default_country.clone(),
            send_in_test_mode: tenant.send_in_test_mode,
            time_zone: tenant.time_zone.clone(),
            replies_take_buttons: tenant.replies.takes_buttons,
            event_delay_secs: tenant.replies.event_delay_secs,
            pairing_days: tenant.replies.pairing_days,
            retention_messages_days: tenant.retention.messages_days,
            retention_reports_days: tenant.retention.reports_days,
            accounts: tenant.accounts.iter().map(AccountView::from).collect(),
        }
    }
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        let tracking = match &account.tracking {
            Tracking::Native(_) => "native",
            Tracking::External(_) => "external",
        };
        let target = |reports| match account.report_target(reports) {
            ReportTarget::Extension(key) => key.to_owned(),
            ReportTarget::Url(url) => without_query(url),
            ReportTarget::Nowhere => String::new(),
        };
        let mms_reports = match account.mms_reports {
            MmsReports::Omni => "omni",
            MmsReports::Sms => "sms",
        };
        let auth = &account.webhook_auth;
        let webhook_auth: Vec<_> =
            auth.basic.iter().map(|_| "basic").chain(auth.hmac_key.iter().map(|_| "hmac")).collect();
        let kakao = match account.kakao_way {
            KakaoWay::Direct => "direct",
            KakaoWay::Omni => "omni",
        };
        let maybe_sent = match account.maybe_sent {
            MaybeSent::Repeat => "repeat",
            MaybeSent::ReportUnknown => "report_unknown",
        };
        Self {
            label: account.id.to_string(),
            base_url: account.base_url.clone(),
            api_key: account.api_key.masked(),
            sms_senders: account.senders.sms.clone(),
            whatsapp_senders: account.senders.whatsapp.clone(),
            viber_senders: account.senders.viber.clone(),
            rcs_senders: account.senders.rcs.clone(),
            kakao_senders: account.senders.kakao.clone(),
            custom_domains: account.custom_domains.clone(),
            channels: account.channels.iter().map(|channel| channel.name().to_owned()).collect(),
            tracking: tracking.to_owned(),
            sms_reports: target(ReportKind::Sms),
            omni_reports: target(ReportKind::Omni),
            url_clicks: target(ReportKind::Clicks),
            inbound_messages: target(ReportKind::Inbound),
            signs_posts: matches!(&account.tracking, Tracking::External(urls) if urls.signing_key.is_some()),
            webhook_auth: webhook_auth.join(", "),
            mms_reports: mms_reports.to_owned(),
            kakao: kakao.to_owned(),
            maybe_sent: maybe_sent.to_owned(),
            webhook_tokens: account.webhook_tokens.len(),
        }
    }
}

fn without_query(url: &str) -> String {
    url.split_once('?').map_or_else(|| url.to_owned(), |(address, _)| format!("{address}?…"))
}

impl fmt::Display for TenantView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = || "(none)".to_owned();
        writeln!(f, "{} (MID {})", self.name, self.mid)?;
        let rows = [
            ("client id", self.client_id.clone()),
            ("client secret", self.client_secret.clone()),
            ("auth origin", self.auth_origin.clone()),
            ("SOAP origin", self.soap_origin.clone()),
            ("REST origin", self.rest_origin.clone().unwrap_or_else(|| "(the token's)".to_owned())),
            ("signing secret", self.signing_secret.clone().unwrap_or_else(none)),
            ("salt key", self.salt_customer_key.clone().unwrap_or_else(none)),
            ("salt value", self.salt_value.clone().unwrap_or_else(none)),
            ("default country", self.default_country.clone().unwrap_or_else(none)),
            ("test mode sends", yes_no(self.send_in_test_mode)),
            ("time zone", self.time_zone.clone().unwrap_or_else(|| "UTC".to_owned())),
            ("button replies", yes_no(self.replies_take_buttons)),
            ("event delay", format!("{} s", self.event_delay_secs)),
            ("pairing", format!("{} days", self.pairing_days)),
            ("messages kept", format!("{} days", self.retention_messages_days)),
            ("reports kept", format!("{} days", self.retention_reports_days)),
        ];
        for (name, value) in rows {
            writeln!(f, "  {name:<16} {value}")?;
        }
        for account in &self.accounts {
            writeln!(f, "  account {}", account.label)?;
            let rows = [
                ("base URL", account.base_url.clone()),
                ("API key", account.api_key.clone()),
                ("SMS senders", account.sms_senders.join(", ")),
                ("WhatsApp senders", account.whatsapp_senders.join(", ")),
                ("Viber senders", account.viber_senders.join(", ")),
                ("RCS senders", account.rcs_senders.join(", ")),
                ("Kakao senders", account.kakao_senders.join(", ")),
                ("custom domains", account.custom_domains.join(", ")),
                ("channels", account.channels.join(", ")),
                ("SMS reports", format!("{}: {}", account.tracking, account.sms_reports)),
                ("Omni reports", format!("{}: {}", account.tracking, account.omni_reports)),
                ("URL clicks", format!("{}: {}", account.tracking, account.url_clicks)),
                ("inbound", format!("{}: {}", account.tracking, account.inbound_messages)),
                ("posts signed", yes_no(account.signs_posts)),
                ("webhook auth", account.webhook_auth.clone()),
                ("MMS reports", account.mms_reports.clone()),
                ("Kakao", account.kakao.clone()),
                ("maybe sent", account.maybe_sent.clone()),
                ("webhook tokens", account.webhook_tokens.to_string()),
            ];
            for (name, value) in rows {
                writeln!(f, "    {name:<16} {}", if value.is_empty() { none() } else { value })?;
            }
        }
        Ok(())
    }
}

fn yes_no(flag: bool) -> String {
    if flag { "yes".to_owned() } else { "no".to_owned() }
}
