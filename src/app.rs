//! Composition root: the one file that knows every part.

mod commands;
#[doc(hidden)]
pub mod inspection;

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::commands::Commands;
use crate::cli::options::{DemoOptions, SandboxOptions};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Label, MasterKey};
use crate::control::{ControlError, ControlHandler, ControlServer};
use crate::dispatch::book::QueueBook;
use crate::dispatch::pacer::{InFlightLimits, Pacer};
use crate::dispatch::{self, Dispatch, DispatchParts, DispatchSettings};
use crate::http::{self, Allowlists, Gate, LeftOut, Readiness, Services};
use crate::infobip::account::AccountReader;
use crate::infobip::client::InfobipClient;
use crate::intake::{Intake, Lifecycle};
use crate::listings::sender_book::SenderBook;
use crate::listings::template_book::TemplateBook;
use crate::outbound::ClientSetup;
use crate::pages::configuration::Configurations;
use crate::pages::figures::Figures;
use crate::pages::message_form::MessageForms;
use crate::pages::preview::Previews;
use crate::pages::session::Sessions;
use crate::pages::test_send::{TestSendParts, TestSends};
use crate::random::{Random, SystemRandom};
use crate::reporting::catch_up::CatchUp;
use crate::reporting::erasure::Eraser;
use crate::reporting::forwarder::{Forwarder, ForwarderParts, ForwarderSettings};
use crate::reporting::inbox::{Inbox, UNASSIGNED_MAX};
use crate::reporting::lookup::Lookup;
use crate::reporting::notification_url::NotificationUrls;
use crate::reporting::recorder::Recorder;
use crate::reporting::removal::Remover;
use crate::reporting::retention::{Retention, RetentionSettings};
use crate::sfmc::activity::{ActivitySettings, GivenWords};
use crate::sfmc::client::SfmcClient;
use crate::store::{self, OpenError, Store, StoreError, StoreOptions};
use crate::tenants::TenantBook;

/// Requests of paced queues may have this many times the places of unpaced ones: slots must not wait for bulk traffic.
const PACED_SHARE: usize = 4;
/// How often the store's gate is looked at, and old first answers are swept out.
const GATE_LOOKED_AT_EVERY: Duration = Duration::from_secs(1);
const ANSWERS_SWEPT_EVERY: Duration = Duration::from_secs(3_600);

/// Why the process can't do what it was started for. One sentence each.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("{key} {address} can't be used: {problem}")]
    Listen { key: &'static str, address: SocketAddr, problem: std::io::Error },
    #[error("{0}")]
    Open(String),
    #[error("{0}")]
    Control(String),
    #[error("{0}")]
    Outbound(String),
    #[error("the store failed: {0}")]
    Store(String),
    #[error("server.public_base_url is not set: SFMC and Infobip need an address to call")]
    NoPublicAddress,
    #[error("the store can't be written any more; a new start opens it again")]
    StoreClosed,
    #[error("{0}")]
    Sandbox(String),
    #[error("{0}")]
    Demo(String),
    #[error("the HTTP server ended: {0}")]
    Server(std::io::Error),
}

impl From<OpenError> for AppError {
    fn from(error: OpenError) -> Self {
        Self::Open(error.to_string())
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        // Before serving, nothing is in memory that could be lost: what to do is the same as for a store that won't open.
        Self::Store(format!("{error}: restore a backup, or move the directory aside and start empty"))
    }
}

impl From<ClientSetup> for AppError {
    fn from(error: ClientSetup) -> Self {
        Self::Outbound(error.to_string())
    }
}

impl From<ControlError> for AppError {
    fn from(error: ControlError) -> Self {
        Self::Control(error.to_string())
    }
}

/// What the world gives: replaced by tests.
#[derive(Clone)]
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    /// What tells this machine from a copy of it; `None` when it can't be told.
    pub machine_id: Option<String>,
}

impl Default for Ports {
    fn default() -> Self {
        // A clone of a virtual machine is given another one at its first start (machine-id(5)).
        let machine_id = std::fs::read_to_string("/etc/machine-id").ok().map(|id| id.trim().to_owned());
        Self { clock: Arc::new(SystemClock::new()), machine_id: machine_id.filter(|id| !id.is_empty()) }
    }
}

/// Where a running server is reached.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// Activities and webhooks.
    pub public: SocketAddr,
    /// Health.
    pub monitoring: SocketAddr,
}

/// A whole Waypost, bound to its addresses and with its store open, not yet serving.
pub struct App {
    config: Config,
    parts: Arc<Parts>,
    outside: Outside,
    addresses: Addresses,
    public: TcpListener,
    monitoring: actix_web::dev::Server,
    readiness: Readiness,
    control: ControlServer,
}

/// What is known of who calls, and of what was left out of what they brought.
#[derive(Clone)]
pub(crate) struct Outside {
    gate: Arc<Gate>,
    left_out: Arc<LeftOut>,
}

/// The parts, joined.
pub(crate) struct Parts {
    store: Store,
    clock: Arc<dyn Clock>,
    tenants: TenantBook,
    book: Arc<QueueBook>,
    recorder: Arc<Recorder>,
    dispatch: Arc<Dispatch>,
    forwarder: Arc<Forwarder>,
    inbox: Arc<Inbox>,
    lookup: Arc<Lookup>,
    retention: Arc<Retention>,
    eraser: Arc<Eraser>,
    catch_up: Arc<CatchUp>,
    intake: Arc<Intake>,
    lifecycle: Arc<Lifecycle>,
    accounts: Arc<AccountReader>,
    templates: Arc<TemplateBook>,
    sfmc: Arc<SfmcClient>,
    activity_settings: ActivitySettings,
    sessions: Arc<Sessions>,
    configurations: Arc<Configurations>,
    figures: Arc<Figures>,
    message_forms: Arc<MessageForms>,
    previews: Arc<Previews>,
    senders: Arc<SenderBook>,
    test_sends: Arc<TestSends>,
}

impl App {
    /// Binds the addresses, then opens the store: callers wait in the socket's queue meanwhile, and monitoring is
    /// answered from the first moment.
    pub async fn build(config: Config, master_key: MasterKey, ports: Ports) -> Result<Self, AppError> {
        let (monitoring_listener, monitoring_address) =
            listen("server.monitoring_listen", config.server.monitoring_listen)?;
        let readiness = Readiness::default();
        let lists = Allowlists {
            activities: config.allowlist.activities.clone(),
            webhooks: config.allowlist.webhooks.clone(),
            console: config.allowlist.console.clone(),
            trusted_proxies: config.server.trusted_proxies.clone(),
        };
        let outside = Outside { gate: Arc::new(Gate::new(lists, Arc::clone(&ports.clock))), left_out: Arc::default() };
        let monitoring = http::monitoring_server(readiness.clone(), Arc::clone(&outside.gate), monitoring_listener)
            .map_err(AppError::Server)?;
        let (public, public_address) = listen("server.listen", config.server.listen)?;
        let opening = {
            let config = config.clone();
            tokio::task::spawn_blocking(move || Parts::open(&config, &master_key, ports, Some(public_address)))
        };
        let parts = opening.await.map_err(|_| AppError::Open("opening the store ended unexpectedly".to_owned()))??;
        // Behind the store's own lock, so that only the server that holds it takes over a socket left behind.
        let control = ControlServer::bind(&config.control_socket()).await?;
        parts.store.resume_removals().await?;
        readiness.opened(parts.store.clone());
        let addresses = Addresses { public: public_address, monitoring: monitoring_address };
        Ok(Self { config, parts: Arc::new(parts), outside, addresses, public, monitoring, readiness, control })
    }

    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves until `shutdown` completes, then stops in order: no new calls, what is in flight finished, the store
    /// flushed (spec O7). An error when the store fails meanwhile.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), AppError> {
        let Self { config, parts, outside, public, monitoring, readiness, control, .. } = self;
        let services = Services {
            intake: Arc::clone(&parts.intake),
            lifecycle: Arc::clone(&parts.lifecycle),
            inbox: Arc::clone(&parts.inbox),
            lookup: Arc::clone(&parts.lookup),
            recorder: Arc::clone(&parts.recorder),
            activity_settings: parts.activity_settings.clone(),
            sessions: Arc::clone(&parts.sessions),
            configurations: Arc::clone(&parts.configurations),
            figures: Arc::clone(&parts.figures),
            message_forms: Arc::clone(&parts.message_forms),
            previews: Arc::clone(&parts.previews),
            test_sends: Arc::clone(&parts.test_sends),
            frame_hosts: config.pages.frame_hosts.clone(),
            gate: Arc::clone(&outside.gate),
            left_out: Arc::clone(&outside.left_out),
            body_bytes_max: config.server.body_bytes_max,
        };
        let stop_timeout = config.server.stop_timeout_secs;
        let server =
            http::public_server(services, public, config.server.workers, stop_timeout).map_err(AppError::Server)?;
        let (handle, monitoring_handle) = (server.handle(), monitoring.handle());
        let server = tokio::spawn(server);
        let monitoring = tokio::spawn(monitoring);
        let (stop, stopping) = watch::channel(false);
        let (stop_control, control_stopping) = watch::channel(false);
        let background: Vec<JoinHandle<()>> = vec![
            tokio::spawn(Arc::clone(&parts.dispatch).run(stopping.clone())),
            tokio::spawn(Arc::clone(&parts.forwarder).run(stopping.clone())),
            tokio::spawn(Arc::clone(&parts.catch_up).run(stopping.clone())),
            tokio::spawn(Arc::clone(&parts.retention).run(stopping.clone())),
            tokio::spawn(sweep_answers(Arc::clone(&parts), stopping.clone())),
            tokio::spawn(remember_answers(parts.store.clone(), stopping.clone())),
        ];
        let control =
            tokio::spawn(control.run(Arc::new(Commands::new(Arc::clone(&parts), Some(outside))), control_stopping));
        tracing::info!(address = %self.addresses.public, "Waypost serves");
        let failed = tokio::select! {
            () = shutdown => false,
            () = gate_closed(&parts) => true,
        };
        readiness.stopping();
        tracing::info!("Waypost stops: it takes no new calls and finishes what is in flight");
        let finish = async {
            handle.stop(true).await;
            // Told to all: nobody can have gone before.
            stop.send(true).ok();
            for task in background {
                task.await.ok();
            }
            stop_control.send(true).ok();
            control.await.ok();
        };
        if tokio::time::timeout(Duration::from_secs(stop_timeout), finish).await.is_err() {
            tracing::warn!("The time to stop is over with work in flight; it is looked up at the next start");
        }
        server.abort();
        let store = parts.store.clone();
        tokio::task::spawn_blocking(move || store.close()).await.ok();
        monitoring_handle.stop(false).await;
        monitoring.abort();
        if failed { Err(AppError::StoreClosed) } else { Ok(()) }
    }
}

fn listen(key: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), AppError> {
    let failed = |problem| AppError::Listen { key, address, problem };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

async fn gate_closed(parts: &Parts) {
    while parts.store.is_open() {
        parts.clock.sleep(GATE_LOOKED_AT_EVERY).await;
    }
    tracing::error!("The store can't be written: Waypost ends, so that a new start opens it again");
}

async fn sweep_answers(parts: Arc<Parts>, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        if let Err(error) = parts.store.answers().sweep(parts.clock.now()).await {
            tracing::error!(%error, "Old first answers could not be swept out");
        }
        tokio::select! {
            () = parts.clock.sleep(ANSWERS_SWEPT_EVERY) => {}
            _ = stopping.changed() => {}
        }
    }
}

/// Takes the stored first answers into memory, so that calls that are no repeats need not look into the store. It is
/// right without, and slower, so a failure is the store's own to report.
async fn remember_answers(store: Store, stopping: watch::Receiver<bool>) {
    let mut from = None;
    while !*stopping.borrow() {
        let store = store.clone();
        let step = tokio::task::spawn_blocking(move || store.answers().remember(from)).await;
        match step {
            Ok(Ok(Some(next))) => from = Some(next),
            Ok(Ok(None)) => return,
            Ok(Err(error)) => return tracing::error!(%error, "The first answers could not be read"),
            Err(error) => return tracing::error!(%error, "Reading the first answers ended unexpectedly"),
        }
    }
}

impl Parts {
    /// Opens the store and joins the parts. Blocks for as long as opening takes. `bound` stands in for
    /// `server.public_base_url` on loopback.
    fn open(
        config: &Config,
        master_key: &MasterKey,
        ports: Ports,
        bound: Option<SocketAddr>,
    ) -> Result<Self, AppError> {
        let public_base_url = match (&config.server.public_base_url, bound) {
            (Some(url), _) => url.as_str().to_owned(),
            (None, Some(address)) if address.ip().is_loopback() => format!("http://{address}"),
            // Without a server nobody is given an address.
            (None, None) => format!("http://{}", config.server.listen),
            (None, Some(_)) => return Err(AppError::NoPublicAddress),
        };
        let options = StoreOptions {
            dir: config.store.dir.clone(),
            master: store::MasterKey::from_bytes(*master_key.expose()),
            cache_bytes: config.store.cache_mb.saturating_mul(1024 * 1024),
        };
        let Ports { clock, machine_id } = ports;
        let store = Store::open(options, clock.now())?;
        if dispatch::hold_if_moved(&store, machine_id.as_deref())? {
            tracing::error!(
                "The store was last open on another machine: all queues are held, because that one may have \
                sent on; waypost queue release lets them go, and looks up at Infobip what waited"
            );
        }
        let tenants = TenantBook::new(store.tenants().all()?);
        let infobip = Arc::new(InfobipClient::new(&public_base_url)?);
        let accounts = Arc::new(AccountReader::new(Arc::clone(&infobip), Arc::clone(&clock)));
        let templates = Arc::new(TemplateBook::new(accounts.clone(), Arc::clone(&clock)));
        let poll = Duration::from_secs(config.reports.poll_secs);
        let sfmc = Arc::new(SfmcClient::new(Arc::clone(&clock))?.with_poll_interval(poll));
        let unpaced = config.dispatch.requests_in_flight_max;
        let limits = InFlightLimits { unpaced, all: unpaced.saturating_mul(PACED_SHARE) };
        let book = Arc::new(QueueBook::new(store.clone(), Arc::clone(&clock), Pacer::new(limits)));
        let recorder = Arc::new(Recorder::new(store.clone(), Arc::clone(&clock)));
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let dispatch = Arc::new(Dispatch::new(DispatchParts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            tenants: tenants.clone(),
            gateway: infobip.clone(),
            recorder: Arc::clone(&recorder),
            book: Arc::clone(&book),
            settings: DispatchSettings {
                maybe_sent_recheck: Duration::from_secs(config.dispatch.maybe_sent_recheck_secs),
                lookups_per_minute: config.dispatch.lookups_per_minute,
            },
        }));
        for tenant in tenants.all() {
            dispatch.load(tenant.mid)?;
        }
        let forwarder = Arc::new(Forwarder::new(ForwarderParts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            tenants: tenants.clone(),
            recorder: Arc::clone(&recorder),
            rows: sfmc.clone(),
            events: sfmc.clone(),
            posts: Arc::new(NotificationUrls::new(Arc::clone(&clock))?),
            settings: ForwarderSettings {
                flush_every: Duration::from_secs(config.reports.flush_secs),
                rows_max: config.reports.rows_max,
                calls_per_minute: config.reports.calls_per_minute,
            },
        }));
        let inbox = Arc::new(Inbox::new(
            store.clone(),
            tenants.clone(),
            Arc::clone(&book),
            Arc::clone(&recorder),
            UNASSIGNED_MAX,
        ));
        let lookup = Arc::new(Lookup::new(store.clone(), Arc::clone(&book), sfmc.clone(), Arc::clone(&clock)));
        let remover = Arc::new(Remover::new(store.clone(), Arc::clone(&recorder), Arc::clone(&book)));
        let retention =
            Retention::new(Arc::clone(&remover), Arc::clone(&clock), tenants.clone(), RetentionSettings::default());
        let eraser = Eraser::new(remover, Arc::clone(&dispatch), Arc::clone(&clock));
        let catch_up = CatchUp::new(
            store.clone(),
            Arc::clone(&clock),
            tenants.clone(),
            Arc::clone(&recorder),
            Arc::clone(&dispatch),
        );
        let intake =
            Intake::new(store.clone(), Arc::clone(&clock), Arc::clone(&random), tenants.clone(), Arc::clone(&book));
        let lifecycle = Lifecycle::new(
            store.clone(),
            Arc::clone(&clock),
            tenants.clone(),
            Arc::clone(&book),
            Arc::clone(&templates),
        );
        let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let given = |name: &Option<Label>, description: &Option<Label>| GivenWords {
            name: name.as_ref().map(|label| label.as_str().to_owned()),
            description: description.as_ref().map(|label| label.as_str().to_owned()),
        };
        let activity = &config.activity;
        let activity_settings = ActivitySettings {
            messaging: given(&activity.messaging_name, &activity.messaging_description),
            reports: given(&activity.reports_name, &activity.reports_description),
            timeout_ms: number(config.activity.timeout_ms),
            retry_count: number(config.activity.retry_count),
            retry_delay_ms: number(config.activity.retry_delay_ms),
            concurrent_requests: number(config.activity.concurrent_requests),
            ..ActivitySettings::new(public_base_url)
        };
        let previews = Previews::new(Arc::clone(&templates), Arc::clone(&clock));
        let test_sends = TestSends::new(TestSendParts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            gateway: infobip,
            book: Arc::clone(&book),
        });
        let senders = Arc::new(SenderBook::new(accounts.clone(), Arc::clone(&clock)));
        let message_forms = MessageForms::new(
            accounts.clone(),
            Arc::clone(&senders),
            Arc::clone(&templates),
            Arc::clone(&clock),
            activity_settings.clone(),
        );
        let sessions = Sessions::new(store.clone(), Arc::clone(&clock), tenants.clone(), sfmc.clone());
        let lifecycle = Arc::new(lifecycle);
        let configurations = Configurations::new(Arc::clone(&lifecycle), activity_settings.clone());
        let figures = Figures::new(Arc::clone(&book), Arc::clone(&recorder), Arc::clone(&lifecycle));
        Ok(Self {
            store,
            clock,
            tenants,
            book,
            recorder,
            dispatch,
            forwarder,
            inbox,
            lookup,
            retention: Arc::new(retention),
            eraser: Arc::new(eraser),
            catch_up: Arc::new(catch_up),
            intake: Arc::new(intake),
            lifecycle,
            accounts,
            templates,
            sfmc,
            activity_settings,
            sessions: Arc::new(sessions),
            configurations: Arc::new(configurations),
            figures: Arc::new(figures),
            message_forms: Arc::new(message_forms),
            previews: Arc::new(previews),
            senders,
            test_sends: Arc::new(test_sends),
        })
    }
}

/// Runs the server until it is told to stop by SIGTERM or SIGINT.
pub(crate) async fn serve(config: Config, master_key: MasterKey) -> Result<(), AppError> {
    let app = App::build(config, master_key, Ports::default()).await?;
    app.run(stop_signal()).await
}

/// Completes at SIGTERM or SIGINT.
pub(crate) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM can't be heard; only SIGINT stops Waypost in order");
            tokio::signal::ctrl_c().await.ok();
        }
    }
}

/// The control commands on a store that no server has open.
pub(crate) fn offline_handler(config: &Config, master_key: MasterKey) -> Result<Arc<dyn ControlHandler>, AppError> {
    let parts = Parts::open(config, &master_key, Ports::default(), None)?;
    Ok(Arc::new(Commands::new(Arc::new(parts), None)))
}

/// Runs the demonstration; prints its progress and summary to `out`.
pub(crate) async fn demo(options: DemoOptions, out: &mut dyn Write) -> Result<(), AppError> {
    crate::demo::run(options, out).await
}

/// Runs the sandbox until it is told to stop; prints its addresses to `out`.
pub(crate) async fn sandbox(options: SandboxOptions, out: &mut dyn Write) -> Result<(), AppError> {
    crate::demo::sandbox(options, out).await
}
