//! Business units: the tenant file that an operator writes, and the same unit at both platforms.

use std::sync::atomic::{AtomicU64, Ordering};

use waypost::sandbox::{BusinessUnit, Column, ColumnType, DataExtensionSpec, InfobipAccount, Sandbox};

/// The master key of every test's store: 32 bytes of 0x17.
pub(crate) const MASTER_KEY_HEX: &str = "1717171717171717171717171717171717171717171717171717171717171717";
pub(crate) const MASTER_KEY: [u8; 32] = [0x17; 32];

/// External key of the data extension for SMS reports.
pub(crate) const REPORTS_KEY: &str = "SMS Delivery Reports";

/// External key of the data extension for the reports of all other channels.
pub(crate) const OMNI_KEY: &str = "Omni Reports";

/// External keys of the data extensions for clicks and replies, which only some tests create.
pub(crate) const CLICKS_KEY: &str = "Unified URL Tracking";
pub(crate) const INBOUND_KEY: &str = "Inbound Messages";

/// What an installed package needs (the manual: data extensions, journeys, List and Subscribers).
const SCOPES: [&str; 4] =
    ["data_extensions_read", "data_extensions_write", "journeys_read", "list_and_subscribers_read"];

/// A tenant file in the making.
#[derive(Clone, Debug)]
pub(crate) struct TenantFile {
    /// Used by no other test of this process.
    pub(crate) mid: u64,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) signing_secret: String,
    /// Customer key and value of a salt key.
    pub(crate) salt: Option<(String, String)>,
    pub(crate) default_country: Option<&'static str>,
    pub(crate) send_in_test_mode: bool,
    pub(crate) accounts: Vec<AccountFile>,
    /// More lines of TOML for the unit itself.
    pub(crate) lines: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct AccountFile {
    pub(crate) label: String,
    pub(crate) api_key: String,
    /// Reports go to this URL instead of the data extension.
    pub(crate) external_url: Option<String>,
    pub(crate) maybe_sent: &'static str,
    /// `omni` or `sms`.
    pub(crate) mms_reports: &'static str,
    /// `direct` or `omni`.
    pub(crate) kakao: &'static str,
    /// Lines of TOML with senders of other channels than SMS.
    pub(crate) senders: &'static str,
    /// User name, password and HMAC key that its webhooks may carry.
    pub(crate) webhook_auth: Option<[&'static str; 3]>,
}

/// A business unit with one Infobip account, `main`.
pub(crate) fn tenant() -> TenantFile {
    static NEXT: AtomicU64 = AtomicU64::new(514_000_001);
    let mid = NEXT.fetch_add(1, Ordering::Relaxed);
    TenantFile {
        mid,
        client_id: format!("client-id-of-{mid}"),
        client_secret: format!("client-secret-of-{mid}"),
        signing_secret: format!("signing-secret-of-{mid}"),
        salt: None,
        default_country: None,
        send_in_test_mode: false,
        accounts: vec![AccountFile {
            label: "main".to_owned(),
            api_key: format!("infobip-api-key-of-{mid}"),
            external_url: None,
            maybe_sent: "repeat",
            mms_reports: "omni",
            kakao: "direct",
            senders: "",
            webhook_auth: None,
        }],
        lines: "",
    }
}

impl TenantFile {
    /// The one account's API key.
    pub(crate) fn api_key(&self) -> &str {
        &self.accounts[0].api_key
    }

    pub(crate) fn toml(&self, sfmc_origin: &str, infobip_base_url: &str) -> String {
        let Self { mid, client_id, client_secret, signing_secret, .. } = self;
        let mut text = format!("mid = {mid}\nname = \"Unit {mid}\"\nsend_in_test_mode = {}\n", self.send_in_test_mode);
        if let Some(country) = self.default_country {
            text.push_str(&format!("default_country = {country:?}\n"));
        }
        text.push_str(self.lines);
        text.push_str(&format!(
            "[sfmc]\nclient_id = {client_id:?}\nclient_secret = {client_secret:?}\n\
             auth_origin = {sfmc_origin:?}\nsoap_origin = {sfmc_origin:?}\nrest_origin = {sfmc_origin:?}\n\
             [verification]\nsigning_secret = {signing_secret:?}\n"
        ));
        if let Some((customer_key, value)) = &self.salt {
            text.push_str(&format!("salt = {{ customer_key = {customer_key:?}, value = {value:?} }}\n"));
        }
        for account in &self.accounts {
            let AccountFile { label, api_key, external_url, maybe_sent, mms_reports, kakao, senders, webhook_auth } =
                account;
            text.push_str(&format!(
                "[[account]]\nlabel = {label:?}\nbase_url = {infobip_base_url:?}\napi_key = {api_key:?}\n\
                 sms_senders = [\"Waypost\"]\nmaybe_sent = {maybe_sent:?}\n\
                 mms_reports = {mms_reports:?}\nkakao = {kakao:?}\n{senders}"
            ));
            if let Some([user, password, key]) = webhook_auth {
                text.push_str(&format!(
                    "webhook_auth = {{ user = {user:?}, password = {password:?}, hmac_key = {key:?} }}\n"
                ));
            }
            if let Some(url) = external_url {
                text.push_str(&format!("[account.tracking]\nexternal = {{ sms_url = {url:?} }}\n"));
            }
        }
        text
    }

    /// The unit as both platforms know it: its package, its keys, and its data extensions for reports.
    pub(crate) fn register(&self, sandbox: &Sandbox) {
        sandbox.sfmc().add_business_unit(BusinessUnit {
            mid: self.mid,
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            scopes: SCOPES.map(str::to_owned).to_vec(),
            signing_secret: self.signing_secret.clone(),
            salt: self.salt.clone(),
        });
        sandbox.sfmc().create_data_extension(self.mid, sms_delivery_reports()).unwrap();
        sandbox.sfmc().create_data_extension(self.mid, omni_reports()).unwrap();
        for account in &self.accounts {
            sandbox.infobip().add_account(InfobipAccount::new(&account.api_key));
        }
    }
}

/// *SMS Delivery Reports* as the manual lists it, with messageId as its primary key.
pub(crate) fn sms_delivery_reports() -> DataExtensionSpec {
    let number = |name: &str| Column::new(name, ColumnType::Number);
    DataExtensionSpec {
        key: REPORTS_KEY.to_owned(),
        name: REPORTS_KEY.to_owned(),
        columns: vec![
            Column::text("messageId", 50).primary_key(),
            number("messageCount"),
            Column::text("to", 50).required(),
            Column::decimal("pricePerMessage", 18, 6),
            Column::text("priceCurrency", 5),
            number("statusGroupId").required(),
            Column::text("statusGroupName", 50).required(),
            number("statusId").required(),
            Column::text("statusName", 50).required(),
            Column::text("statusDescription", 100).required(),
            number("errorGroupId"),
            Column::text("errorGroupName", 50),
            number("errorId"),
            Column::text("errorName", 50),
            Column::text("errorDescription", 1000),
            Column::new("errorPermanent", ColumnType::Boolean),
            Column::text("callbackData", 4000),
            Column::new("sentAt", ColumnType::Date).required(),
            Column::new("doneAt", ColumnType::Date).required(),
            Column::text("originalMCC", 50),
            Column::text("originalMNC", 50),
            Column::text("channel", 50),
        ],
        ..DataExtensionSpec::default()
    }
}

/// *Omni Reports* as the manual lists it: other columns behind the same beginning.
fn omni_reports() -> DataExtensionSpec {
    let mut spec = DataExtensionSpec { key: OMNI_KEY.to_owned(), name: OMNI_KEY.to_owned(), ..sms_delivery_reports() };
    spec.columns.retain(|column| !["originalMCC", "originalMNC", "channel"].contains(&column.name.as_str()));
    spec.columns.extend([
        Column::new("seenAt", ColumnType::Date),
        Column::text("from", 50),
        Column::text("channel", 50),
    ]);
    spec
}

/// *Unified URL Tracking* as the manual lists it: without a key.
pub(crate) fn unified_url_tracking() -> DataExtensionSpec {
    let mut spec = older_url_tracking("Unified URL Tracking");
    for column in &mut spec.columns {
        match column.name.as_str() {
            "messageId" => *column = Column::text("messageId", 50).required(),
            "sendDateTime" => *column = Column::new("sendDateTime", ColumnType::Date),
            _ => {}
        }
    }
    spec.columns.push(Column::text("channel", 50).required());
    spec
}

/// *SMS URL Tracking* or *Viber URL Tracking* as the manual lists them.
pub(crate) fn older_url_tracking(key: &str) -> DataExtensionSpec {
    let lengths = [
        ("notificationType", 50),
        ("messageId", 50),
        ("recipient", 50),
        ("url", 1000),
        ("sendDateTime", 50),
        ("deviceType", 50),
        ("os", 50),
        ("deviceName", 50),
        ("callbackData", 4000),
    ];
    DataExtensionSpec {
        key: key.to_owned(),
        name: key.to_owned(),
        columns: lengths.into_iter().map(|(name, length)| Column::text(name, length)).collect(),
        ..DataExtensionSpec::default()
    }
}

/// *Inbound Messages* (infobip.md 12.5), under a key: an event's extension has the same columns.
pub(crate) fn inbound_messages(key: &str) -> DataExtensionSpec {
    DataExtensionSpec {
        key: key.to_owned(),
        name: key.to_owned(),
        columns: vec![
            Column::text("messageId", 100).primary_key(),
            Column::text("pairedMessageId", 50),
            Column::text("channel", 50).required(),
            Column::text("sender", 50).required(),
            Column::text("destination", 50).required(),
            Column::text("contentType", 50).required(),
            Column::text("message", 4000).required(),
            Column::text("cleanText", 4000),
            Column::text("keyword", 100),
            Column::new("receivedAt", ColumnType::Date).required(),
            Column::new("messageCount", ColumnType::Number),
            Column::text("callbackData", 4000),
            Column::text("contactKey", 254),
            Column::text("entityId", 255),
            Column::text("applicationId", 255),
            Column::text("campaignReferenceId", 255),
        ],
        ..DataExtensionSpec::default()
    }
}
