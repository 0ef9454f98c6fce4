//! Stand-ins of both platforms on loopback, over real HTTP.
//!
//! `waypost sandbox` lets a user try journeys without an account, `waypost demo` runs one, and every black-box test
//! talks to it. It imports nothing of the rest of the crate but the clock: a wrong belief about a platform must not
//! test itself.
//!
//! Two listeners, so that origins have no path prefix:
//!
//! * [`SfmcWorld`]: tokens, data extensions over SOAP and REST, events, journeys, and the [journey runner](journey).
//!   `{origin}/v2/token`, `{origin}/Service.asmx` and REST all live on [`Sandbox::sfmc_origin`]. So does the
//!   [Journey Builder page](journey_builder), `{origin}/journey-builder`.
//! * [`InfobipWorld`]: sending over SMS, MMS, Viber, RCS, WhatsApp templates, Kakao and OMNI with the published validation;
//!   logs, listings, and webhooks for delivery, seen and click reports and for replies. What is registered on an account (senders,
//!   templates, scenarios) decides which messages are refused or fail; [`sample`] names what each account has at first.
//!
//! Delays (webhooks, waits, retries, token expiry, slow answers) sleep on the [`Clock`] given to [`Sandbox::start`].
//!
//! # Control endpoints
//!
//! For users of `waypost sandbox`; tests use the handles. They need no credentials, are not recorded, and faults do
//! not apply to them.
//!
//! | call | on | meaning |
//! |---|---|---|
//! | `POST /_sandbox/faults` | both | adds a [`Fault`]: `{"fault":{"kind":"rateLimited","retryAfterSecs":5},"times":3,"path":"/sms/3","forMs":60000}`; all but `fault` are optional |
//! | `GET /_sandbox/faults` | both | those in force |
//! | `DELETE /_sandbox/faults` | both | ends them all, webhook faults and the poison marker too |
//! | `POST /_sandbox/webhooks` | Infobip | sets [`WebhookFaults`]: `{"off":true}` |
//! | `POST /_sandbox/poison` | Infobip | `{"marker":"☠"}`: a request with this in a text is refused as a whole; `null` ends it |
//! | `POST /_sandbox/inbound` | Infobip | `{"url":"…","channel":"SMS","sender":"…","destination":"…","text":"…"}`: posts an inbound message; with `"format":"CHANNEL_DEFAULT"` in its channel's own layout, with `"kind":{"type":"IMAGE","url":"…"}` or `{"type":"BUTTON","payload":"…"}` no text |
//! | `GET /_sandbox/messages?from=0&limit=1000` | Infobip | accepted messages in order |
//! | `GET /_sandbox/reports?from=0&limit=1000` | Infobip | final reports in order |
//! | `GET /_sandbox/seen?from=0&limit=1000` | Infobip | seen reports in order |
//! | `GET /_sandbox/clicks?from=0&limit=1000` | Infobip | clicks in order |
//! | `GET /_sandbox/replies?from=0&limit=1000` | Infobip | replies by script in order |
//! | `GET /_sandbox/rows/{mid}/{key}` | SFMC | a data extension's rows |
//! | `POST /_sandbox/eventDefinitions` | SFMC | `{"mid":…,"name":"SMS Response","dataExtensionKey":"…"}`: makes an API event as *Create New* of Wait Until Event does; answers its [`EventDefinition`] |
//! | `GET /_sandbox/events` | SFMC | the API events received, with how many contacts each released |
//! | `POST /_sandbox/journeys` | SFMC | `{"mid":…,"journey":{…},"audience":[{"SubscriberKey":"…"}],"audienceCsv":"…","isTest":false}`: activates a [`journey::Journey`] and lets the audience enter; answers `{"runId":…}` |
//! | `GET /_sandbox/journeys/{runId}` | SFMC | its [`journey::Progress`]; with `?contacts=true` each contact's path as well |
//! | `POST /_sandbox/journeys/{runId}/stop` | SFMC | stops it |
//! | `POST /_sandbox/designs` | SFMC | a [`journey_builder::Design`]: makes a journey for the Journey Builder page; answers `{"id":…,"url":…}` |
//! | `GET /_sandbox/designs` | SFMC | the ids of all, the newest last |
//! | `GET /_sandbox/designs/{id}` | SFMC | a [`journey_builder::Designed`]: the activities as stored, status, version |
//!
//! Kinds of faults are those of [`FaultKind`].
//!
//! # Magic numbers
//!
//! A recipient `999SSSS…` (country code 999 is not assigned; `SSSS` is a status id with leading zeros, infobip.md 10)
//! meets that fate whatever the [`DeliveryScript`] says: ids of group 5 are refused in the answer, others are
//! reported. `99900080001` is refused as `REJECTED_PREFIX_MISSING`, `99900150001` expires.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;

mod control;
mod faults;
mod fields;
mod front;
mod infobip;
pub mod journey;
pub mod journey_builder;
mod record;
mod sfmc;
#[cfg(test)]
mod tests;

pub use faults::{Fault, FaultKind, WebhookFaults};
pub use infobip::{
    InboundFormat, InboundForward, InboundKind, InboundMessage, InfobipAccount, InfobipWorld, KakaoTemplate, OwnNumber,
    RcsSender, ReceivedMessage, Scenario, SentClick, SentReply, SentReport, SentSeen, SignatureEncoding,
    WebhookSecurity, WhatsAppSender, WhatsAppTemplate, sample,
};
pub use sfmc::{
    BusinessUnit, Column, ColumnType, DataExtensionSpec, EventDefinition, ReceivedEvent, SfmcWorld, UnknownUnit,
};

use front::{Listener, Platform};
use record::Recorder;

/// How often a record file is written out.
const RECORD_FLUSH: Duration = Duration::from_secs(1);

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Where both platforms listen. Must be loopback. Port 0 picks two free ports; a port `n` gives SFMC `n` and
    /// Infobip `n + 1`.
    pub listen: SocketAddr,
    /// Every request that either platform receives is appended here as one JSON line
    /// `{"platform":"sfmc"|"infobip","method","path","headers","body"}`, credentials and all; with
    /// `"probe":true` for a send request without a message, which only asks whether the key may send.
    pub record: Option<PathBuf>,
    /// Outcomes are chosen from this and the recipient's number, so that a run can be repeated.
    pub seed: u64,
    /// What becomes of accepted messages.
    pub delivery: DeliveryScript,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { listen, record: None, seed: 0, delivery: DeliveryScript::default() }
    }
}

/// What becomes of accepted messages. What the shares leave is delivered.
#[derive(Clone, Debug)]
pub struct DeliveryScript {
    /// From acceptance to the delivery webhook.
    pub delay: Duration,
    /// Share that ends as status 9, `UNDELIVERABLE_NOT_DELIVERED`.
    pub undeliverable_per_mille: u16,
    /// Share that is accepted and then ends as status 6, `REJECTED_NETWORK`.
    pub rejected_per_mille: u16,
    /// Share that ends as status 15, `EXPIRED_EXPIRED`.
    pub expired_per_mille: u16,
    /// Share of the delivered messages with tracked links that are clicked, one `delay` after delivery.
    pub clicked_per_mille: u16,
    /// Share of the delivered messages with seen reports (Viber, RCS, WhatsApp) that are seen.
    pub seen_per_mille: u16,
    /// From the delivery report to the seen report.
    pub seen_delay: Duration,
    /// Whether the seen report comes before the delivery report instead, half of `delay` after acceptance.
    pub is_seen_first: bool,
    /// Share of the delivered messages that are answered, of those from a sender that can receive and has a forward
    /// ([`InboundForward`]): SMS, MMS, WhatsApp, Viber, RCS.
    pub reply_per_mille: u16,
    /// From the delivery report to the reply.
    pub reply_delay: Duration,
    /// What persons write; chosen from the seed and their number.
    pub replies: Vec<String>,
    /// Share of the replies that name the message they answer.
    pub paired_per_mille: u16,
    /// Share of the replies that carry the callback data of the message they answer.
    pub reply_callback_per_mille: u16,
    /// Share of the replies on WhatsApp and RCS that are a tap on the message's quick reply, where it has one.
    pub reply_button_per_mille: u16,
    /// Share of the other replies that are an image with the text as its caption; never on SMS.
    pub reply_image_per_mille: u16,
    /// Whether reports of MMS lack `to` and `error`, as an example of Infobip's does (infobip.md 9.1).
    pub is_mms_report_bare: bool,
    /// Results per webhook request.
    pub batch_max: usize,
}

impl Default for DeliveryScript {
    /// Everything is delivered after half a second, up to 100 results per webhook request.
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(500),
            undeliverable_per_mille: 0,
            rejected_per_mille: 0,
            expired_per_mille: 0,
            clicked_per_mille: 0,
            seen_per_mille: 0,
            seen_delay: Duration::from_millis(500),
            is_seen_first: false,
            reply_per_mille: 0,
            reply_delay: Duration::from_millis(500),
            replies: ["YES", "no thanks", "STOP", "👍 sounds good", "نعم من فضلك"].map(str::to_owned).to_vec(),
            paired_per_mille: 1_000,
            reply_callback_per_mille: 500,
            reply_button_per_mille: 0,
            reply_image_per_mille: 0,
            is_mms_report_bare: false,
            batch_max: 100,
        }
    }
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The sandbox has no protection whatever, so it is not for other machines.
    #[error("the sandbox listens on loopback only, not on {0}: use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// The address is taken or not allowed.
    #[error("the sandbox cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    /// The record file cannot be opened.
    #[error("the sandbox cannot write its record file {}: {source}", path.display())]
    Record { path: PathBuf, source: std::io::Error },
    /// The HTTP client for webhooks and journeys cannot be built.
    #[error("the sandbox cannot build its HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running sandbox. Clones are handles on the same one.
#[derive(Clone, Debug)]
pub struct Sandbox {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    sfmc: SfmcWorld,
    infobip: InfobipWorld,
    sfmc_listener: Listener,
    infobip_listener: Listener,
    recorder: Arc<Recorder>,
    flusher: tokio::task::AbortHandle,
}

impl Sandbox {
    /// Starts both platforms. Must be called inside a tokio runtime, which then runs webhooks and journeys.
    ///
    /// # Errors
    ///
    /// When the address is not loopback or taken, or the record file cannot be opened.
    pub async fn start(options: SandboxOptions, clock: Arc<dyn Clock>) -> Result<Self, SandboxError> {
        // An error says that a provider is installed already, which is all that is needed.
        rustls::crypto::ring::default_provider().install_default().ok();
        if !options.listen.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(options.listen));
        }
        let recorder = Recorder::open(options.record.as_deref()).map_err(|source| {
            let path = options.record.clone().unwrap_or_default();
            SandboxError::Record { path, source }
        })?;
        let recorder = Arc::new(recorder);
        let (sfmc_socket, infobip_socket) = listen_twice(options.listen)?;
        let failed = |source| SandboxError::Listen { address: options.listen, source };
        let sfmc_address = sfmc_socket.local_addr().map_err(failed)?;

        let sfmc = SfmcWorld::new(format!("http://{sfmc_address}"), Arc::clone(&clock))?;
        let infobip = InfobipWorld::new(options.seed, options.delivery.clone(), Arc::clone(&clock))?;
        let platform = Platform::Sfmc(sfmc.clone());
        let sfmc_listener =
            Listener::start(sfmc_socket, platform, Arc::clone(&recorder), Arc::clone(&clock)).map_err(failed)?;
        let platform = Platform::Infobip(infobip.clone());
        let infobip_listener =
            Listener::start(infobip_socket, platform, Arc::clone(&recorder), clock).map_err(failed)?;
        let flusher = tokio::spawn(flush_each_second(Arc::clone(&recorder))).abort_handle();
        let parts = Parts { sfmc, infobip, sfmc_listener, infobip_listener, recorder, flusher };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// `http://127.0.0.1:PORT`: auth, REST and SOAP origin in one.
    pub fn sfmc_origin(&self) -> String {
        format!("http://{}", self.parts.sfmc_listener.address)
    }

    /// The address of the Journey Builder page.
    pub fn journey_builder_url(&self) -> String {
        format!("{}{}", self.sfmc_origin(), journey_builder::PREFIX)
    }

    /// `http://127.0.0.1:PORT`, the base URL of every Infobip account here.
    pub fn infobip_base_url(&self) -> String {
        format!("http://{}", self.parts.infobip_listener.address)
    }

    /// The Marketing Cloud side.
    pub fn sfmc(&self) -> &SfmcWorld {
        &self.parts.sfmc
    }

    /// The Infobip side.
    pub fn infobip(&self) -> &InfobipWorld {
        &self.parts.infobip
    }

    /// Takes Infobip down: connections are closed and connecting is refused, which is how a client learns that nothing
    /// of its request was written. A client with an idle connection may see that one break first. Webhooks go on.
    pub async fn infobip_down(&self) {
        self.parts.infobip_listener.stop().await;
    }

    /// Brings Infobip up again on the same port.
    ///
    /// # Errors
    ///
    /// When somebody else took the port.
    pub async fn infobip_up(&self) -> Result<(), SandboxError> {
        restarted(&self.parts.infobip_listener)
    }

    /// Takes SFMC down, as [`Sandbox::infobip_down`] does with Infobip. Journeys go on.
    pub async fn sfmc_down(&self) {
        self.parts.sfmc_listener.stop().await;
    }

    /// Brings SFMC up again on the same port.
    ///
    /// # Errors
    ///
    /// When somebody else took the port.
    pub async fn sfmc_up(&self) -> Result<(), SandboxError> {
        restarted(&self.parts.sfmc_listener)
    }

    /// Hands what was recorded so far to the record file, without waiting for the next second.
    pub fn flush_record(&self) {
        self.parts.recorder.flush();
    }

    /// Stops listening, webhooks and journeys, and completes the record file. Connecting is refused from then on.
    pub async fn stop(self) {
        self.parts.shut_down();
        self.parts.sfmc_listener.stop().await;
        self.parts.infobip_listener.stop().await;
        self.parts.recorder.flush();
    }
}

impl Parts {
    fn shut_down(&self) {
        self.sfmc.shut_down();
        self.infobip.shut_down();
        self.flusher.abort();
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.shut_down();
        self.recorder.flush();
    }
}

fn restarted(listener: &Listener) -> Result<(), SandboxError> {
    listener.restart().map_err(|source| SandboxError::Listen { address: listener.address, source })
}

/// Two sockets: ports 0 and 0, or `n` and `n + 1`.
fn listen_twice(first: SocketAddr) -> Result<(TcpListener, TcpListener), SandboxError> {
    let listen =
        |address: SocketAddr| TcpListener::bind(address).map_err(|source| SandboxError::Listen { address, source });
    let mut second = first;
    if first.port() != 0 {
        second.set_port(first.port().saturating_add(1));
    }
    Ok((listen(first)?, listen(second)?))
}

/// On the system's time, whatever the sandbox's clock does: a reader of the file waits in real time.
async fn flush_each_second(recorder: Arc<Recorder>) {
    if !recorder.is_on() {
        return;
    }
    loop {
        tokio::time::sleep(RECORD_FLUSH).await;
        recorder.flush();
    }
}

/// The HTTP client of webhooks and of the journey runner: no proxy, no redirects.
fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    /// Enough for every activity's `concurrentRequests` at once.
    const IDLE_MAX: usize = 256;
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(IDLE_MAX)
        .connect_timeout(Duration::from_secs(10))
        .build()
}
