//! The stand-ins and a Waypost connected with them, as an admin would connect it.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::show::{ALIM_TEMPLATE, ALIM_TEXT, MAIN_ACCOUNT, OMNI_ACCOUNT};
use crate::app::{Addresses, App, AppError, Ports};
use crate::clock::Clock;
use crate::config::{Config, MasterKey};
use crate::control::account::AccountName;
use crate::control::{self, CheckReport, ControlAnswer, ControlRequest};
use crate::domain::extension::{self, SMS_DELIVERY_REPORTS};
use crate::domain::ids::{AccountId, Mid};
use crate::onboarding::read_tenant_file;
use crate::sandbox::{
    BusinessUnit, DeliveryScript, InboundForward, InfobipAccount, KakaoTemplate, Sandbox, SandboxOptions, sample,
};

/// The demonstration's business unit.
pub(super) const MID: u64 = 510_001_234;
/// Invented credentials; they open nothing but the stand-ins.
const CLIENT_ID: &str = "democlientid000000000000";
const CLIENT_SECRET: &str = "demo-client-secret-0001";
const SIGNING_SECRET: &str = "demo-signing-secret-0001";
const API_KEY: &str = "demo-api-key-0001";
const OMNI_API_KEY: &str = "demo-api-key-0002";
/// The hosted connector's manual does not list it; Viber (deprecated) and Kakao over OMNI failover need it.
const OMNI_SCOPE: &str = "omni-failover:manage";
const SCOPES: [&str; 4] =
    ["data_extensions_read", "data_extensions_write", "journeys_read", "list_and_subscribers_read"];
/// Journey Builder calls so many contacts at a time in the demonstration, all journeys together; at least
/// [`CONCURRENT_REQUESTS_MIN`] in each.
const CONCURRENT_REQUESTS: u64 = 20;
/// The smallest that the configuration takes.
const CONCURRENT_REQUESTS_MIN: u64 = 1;

/// The largest that the configuration takes.
const CALLS_PER_MINUTE: u32 = 2_500;

const SMS_REPORTS: &str = SMS_DELIVERY_REPORTS.external_key;
const OMNI_REPORTS: &str = extension::OMNI_REPORTS.external_key;
const URL_TRACKING: &str = extension::UNIFIED_URL_TRACKING.external_key;
const INBOUND_MESSAGES: &str = extension::INBOUND_MESSAGES.external_key;

/// Senders to which persons can reply, by the channel as Infobip's forwards name it.
const RECEIVERS: [(&str, &str); 5] = [
    ("SMS", sample::NUMBER),
    ("MMS", sample::NUMBER),
    ("WHATSAPP", sample::NUMBER),
    ("VIBER_BM", sample::VIBER_SENDER),
    ("RCS", sample::RCS_SENDER),
];

/// An Infobip account of the tenant file.
struct DemoAccount {
    label: &'static str,
    api_key: &'static str,
    /// `direct` or `omni`.
    kakao: &'static str,
}

const MAIN: DemoAccount = DemoAccount { label: MAIN_ACCOUNT, api_key: API_KEY, kakao: "direct" };
const OMNI: DemoAccount = DemoAccount { label: OMNI_ACCOUNT, api_key: OMNI_API_KEY, kakao: "omni" };

/// A running demonstration.
pub(super) struct Setting {
    pub(super) sandbox: Sandbox,
    addresses: Addresses,
    socket: PathBuf,
    shutdown: oneshot::Sender<()>,
    server: JoinHandle<Result<(), AppError>>,
    // Removed, with the store in it, when everything has stopped.
    directory: tempfile::TempDir,
}

impl Setting {
    /// Starts the stand-ins and a Waypost with an empty store, then connects the business unit: tenant file, check of
    /// both platforms, data extensions. `journeys` of them will run at a time.
    pub(super) async fn start(
        record: Option<PathBuf>,
        delivery: DeliveryScript,
        journeys: usize,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AppError> {
        let failed = |error: &dyn std::fmt::Display| AppError::Demo(error.to_string());
        let options = SandboxOptions { record, delivery, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options, Arc::clone(&clock)).await.map_err(|error| failed(&error))?;
        populate(&sandbox);
        let directory = tempfile::tempdir().map_err(|error| failed(&error))?;
        let mut config = Config::for_store(&directory.path().join("store"));
        config.reports.flush_secs = 1;
        config.reports.poll_secs = 1;
        // Rows that are saved up to spare calls hold up the events as well, and the contacts wait for seconds only.
        config.reports.calls_per_minute = CALLS_PER_MINUTE;
        config.activity.concurrent_requests =
            (CONCURRENT_REQUESTS / journeys.max(1) as u64).max(CONCURRENT_REQUESTS_MIN);
        let app =
            App::build(config.clone(), MasterKey::from_bytes(rand::random()), Ports { clock, ..Ports::default() })
                .await?;
        let addresses = app.addresses();
        let (shutdown, shut_down) = oneshot::channel::<()>();
        let server = tokio::spawn(app.run(async move {
            // Dropped without a word, it stops all the same.
            shut_down.await.ok();
        }));
        let setting = Self { sandbox, addresses, socket: config.control_socket(), shutdown, server, directory };
        setting.connect().await?;
        Ok(setting)
    }

    async fn connect(&self) -> Result<(), AppError> {
        let file = self.directory.path().join("tenant.toml");
        std::fs::write(&file, tenant_text(&self.sandbox, &[MAIN, OMNI]))
            .map_err(|error| AppError::Demo(error.to_string()))?;
        let tenant = read_tenant_file(&file, &|_| None).map_err(|error| AppError::Demo(error.to_string()))?;
        self.control(ControlRequest::TenantAdd { tenant: Box::new(tenant), replace: false }).await?;
        for request in [ControlRequest::TenantProvision { mid: mid() }, ControlRequest::TenantCheck { mid: mid() }] {
            let answer = self.control(request).await?;
            let report: CheckReport =
                serde_json::from_value(answer).map_err(|error| AppError::Demo(error.to_string()))?;
            let failed = report.checks.iter().find(|check| check.outcome == control::CheckOutcome::Failed);
            if let Some(check) = failed {
                return Err(AppError::Demo(format!("{}: {}", check.name, check.detail)));
            }
        }
        self.forward_replies().await
    }

    /// Has Infobip's stand-in bring replies to the account's own inbound address, as an admin would in Infobip's portal.
    async fn forward_replies(&self) -> Result<(), AppError> {
        let account = AccountId::new(MAIN.label).map_err(|error| AppError::Demo(error.to_string()))?;
        let of = AccountName { mid: mid(), account: Some(account) };
        let address = self.control(ControlRequest::InboundAddress { of }).await?;
        let url = address.as_str().unwrap_or_default();
        self.sandbox.infobip().change_account(API_KEY, |account| {
            for (channel, receiver) in RECEIVERS {
                *account = account.clone().with_inbound(InboundForward::new(channel, receiver, url));
            }
        });
        Ok(())
    }

    /// One command over the control socket.
    pub(super) async fn control(&self, request: ControlRequest) -> Result<Value, AppError> {
        match control::call(&self.socket, &request).await? {
            ControlAnswer::Ok(value) => Ok(value),
            ControlAnswer::Error { sentence, .. } => Err(AppError::Demo(sentence)),
        }
    }

    /// What stays open, for people.
    pub(super) fn addresses(&self) -> String {
        format!(
            "\nStill open, until Ctrl-C: Waypost at http://{}, its health at http://{}/readyz, SFMC's stand-in at {}, Infobip's at {}.\nIts control socket is {}.",
            self.addresses.public,
            self.addresses.monitoring,
            self.sandbox.sfmc_origin(),
            self.sandbox.infobip_base_url(),
            self.socket.display()
        )
    }

    pub(super) async fn stop(self) -> Result<(), AppError> {
        // An error means that the server ended by itself; its result says why.
        self.shutdown.send(()).ok();
        let result = self.server.await.map_err(|error| AppError::Demo(error.to_string()))?;
        self.sandbox.stop().await;
        result
    }
}

pub(super) fn mid() -> Mid {
    Mid::new(MID)
}

/// Registers the business unit and the account with the stand-ins.
pub(super) fn populate(sandbox: &Sandbox) {
    sandbox.sfmc().add_business_unit(BusinessUnit {
        mid: MID,
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        scopes: SCOPES.map(str::to_owned).to_vec(),
        signing_secret: SIGNING_SECRET.to_owned(),
        salt: None,
    });
    for api_key in [API_KEY, OMNI_API_KEY] {
        let template = KakaoTemplate::new(sample::KAKAO_PROFILE_KEY, ALIM_TEMPLATE, ALIM_TEXT);
        let account = InfobipAccount::new(api_key).with_scope(OMNI_SCOPE).with_kakao_template(template);
        sandbox.infobip().add_account(account);
    }
}

/// The tenant file that connects a Waypost with the stand-ins, by one account.
pub(super) fn tenant_file(sandbox: &Sandbox) -> String {
    tenant_text(sandbox, &[MAIN])
}

fn tenant_text(sandbox: &Sandbox, accounts: &[DemoAccount]) -> String {
    let (sfmc, infobip) = (sandbox.sfmc_origin(), sandbox.infobip_base_url());
    let mut text = format!(
        r#"mid = {MID}
name = "Sandbox"
default_country = "HR"

[sfmc]
client_id = "{CLIENT_ID}"
client_secret = "{CLIENT_SECRET}"
auth_origin = "{sfmc}"
soap_origin = "{sfmc}"
rest_origin = "{sfmc}"

[verification]
signing_secret = "{SIGNING_SECRET}"

# A reply of the stand-in's persons never comes before their contact waits for its event.
[replies]
event_delay_secs = 0
"#
    );
    let (number, viber, rcs, profile) =
        (sample::NUMBER, sample::VIBER_SENDER, sample::RCS_SENDER, sample::KAKAO_PROFILE_KEY);
    for DemoAccount { label, api_key, kakao } in accounts {
        text.push_str(&format!(
            r#"
[[account]]
label = "{label}"
base_url = "{infobip}"
api_key = "{api_key}"
sms_senders = ["Waypost", "{number}"]
whatsapp_senders = ["{number}"]
viber_senders = ["{viber}"]
rcs_senders = ["{rcs}"]
kakao_senders = ["{profile}"]
kakao = "{kakao}"

[account.tracking]
native = {{ sms_reports = "{SMS_REPORTS}", omni_reports = "{OMNI_REPORTS}", url_tracking = "{URL_TRACKING}", inbound_messages = "{INBOUND_MESSAGES}" }}
"#
        ));
    }
    text
}
