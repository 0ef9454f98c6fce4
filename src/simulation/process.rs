//! One run of Waypost without its sockets: the parts that `app` joins, on a store in memory, driven by hand.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::sync::watch;

use super::provider::Provider;
use super::target::Target;
use crate::clock::{Clock, Timestamp, VirtualClock};
use crate::dispatch::book::QueueBook;
use crate::dispatch::pacer::{InFlightLimits, Pacer, Step};
use crate::dispatch::{Dispatch, DispatchParts, DispatchSettings};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::secret::Secret;
use crate::domain::tenant::{
    Account, KakaoWay, MaybeSent, MmsReports, ReplyPolicy, ReportExtensions, Retention, Senders, SfmcAccess, Tenant,
    Tracking, Verification, WebhookAuth,
};
use crate::intake::{Answer, Intake, Verified, verify_execute};
use crate::random::Random;
use crate::reporting::forwarder::{Forwarder, ForwarderParts, ForwarderSettings};
use crate::reporting::lookup::Lookup;
use crate::reporting::recorder::Recorder;
use crate::sfmc::activity::ExecuteCall;
use crate::store::{MasterKey, MemoryKv, Store, StoreError};
use crate::tenants::TenantBook;

pub(crate) const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const SECRET: &str = "the package's signing secret";

/// Numbers that a seed repeats.
pub(crate) struct SeededRandom(Mutex<StdRng>);

impl SeededRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn number(&self) -> u64 {
        self.0.lock().unwrap().random()
    }
}

/// What outlives a run: the disk, the provider, the customer's extension.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) kv: MemoryKv,
    pub(crate) provider: Provider,
    pub(crate) target: Target,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) random: Arc<SeededRandom>,
    pub(crate) lookups_per_minute: u32,
    pub(crate) rows_max: usize,
    pub(crate) calls_per_minute: u32,
}

/// A run.
pub(crate) struct Process {
    pub(crate) store: Store,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) tenants: TenantBook,
    pub(crate) book: Arc<QueueBook>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) dispatch: Arc<Dispatch>,
    pub(crate) forwarder: Arc<Forwarder>,
    pub(crate) lookup: Arc<Lookup>,
    pub(crate) intake: Arc<Intake>,
    /// Never says stop: the simulation stops a run by dropping it.
    pub(crate) running: (watch::Sender<bool>, watch::Receiver<bool>),
}

pub(crate) fn account(label: &str, maybe_sent: MaybeSent) -> Account {
    Account {
        id: AccountId::new(label).unwrap(),
        base_url: "https://example.api.infobip.com".into(),
        api_key: Secret::new("key"),
        senders: Senders { sms: vec!["Waypost".into()], ..Senders::default() },
        custom_domains: Vec::new(),
        channels: Vec::new(),
        tracking: Tracking::Native(ReportExtensions {
            sms_reports: "reports".into(),
            omni_reports: "omni reports".into(),
            ..ReportExtensions::default()
        }),
        mms_reports: MmsReports::Omni,
        kakao_way: KakaoWay::Direct,
        maybe_sent,
        webhook_auth: WebhookAuth::default(),
        webhook_tokens: vec![Secret::new("token")],
    }
}

pub(crate) fn tenant(mid: u64, accounts: Vec<Account>) -> Tenant {
    Tenant {
        mid: Mid::new(mid),
        name: "Simulated".into(),
        sfmc: SfmcAccess {
            client_id: "id".into(),
            client_secret: Secret::new("secret"),
            auth_origin: "https://auth.example.com".into(),
            soap_origin: "https://soap.example.com".into(),
            rest_origin: None,
        },
        verification: Verification { signing_secret: Some(Secret::new(SECRET)), salt: None },
        default_country: None,
        send_in_test_mode: false,
        replies: ReplyPolicy::default(),
        retention: Retention::default(),
        time_zone: None,
        accounts,
    }
}

/// One contact's execute call, to be signed.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) mid: Mid,
    pub(crate) activity: String,
    pub(crate) instance: String,
    pub(crate) account: String,
    pub(crate) phone: String,
    pub(crate) text: String,
    pub(crate) channel: &'static str,
    /// In-arguments besides those of each call, or instead of them.
    pub(crate) arguments: &'static [(&'static str, &'static str)],
    /// As `500/HOUR`.
    pub(crate) pace: Option<String>,
    pub(crate) validity_minutes: Option<u16>,
    pub(crate) latest_send_at: Option<Timestamp>,
}

impl Call {
    pub(crate) fn new(mid: u64, activity: &str, number: usize) -> Self {
        Self {
            mid: Mid::new(mid),
            activity: activity.into(),
            instance: format!("instance-{number}"),
            account: "main".into(),
            phone: format!("+491700000{number:05}0"),
            text: format!("Hello {number}"),
            channel: "SMS",
            arguments: &[],
            pace: None,
            validity_minutes: None,
            latest_send_at: None,
        }
    }

    fn signed(&self) -> Vec<u8> {
        let mut arguments = vec![
            json!({ "mid": self.mid.to_string(), "channel": self.channel, "account": self.account, "phone1": self.phone }),
            json!({ "sender": "Waypost", "text": self.text }),
        ];
        arguments.extend(self.arguments.iter().map(|(name, value)| json!({ *name: value })));
        if let Some((count, unit)) = self.pace.as_deref().and_then(|pace| pace.split_once('/')) {
            arguments.push(json!({ "speedLimitCount": count, "speedLimitUnit": unit }));
        }
        if let Some(minutes) = self.validity_minutes {
            arguments.push(json!({ "validityMinutes": minutes.to_string() }));
        }
        if let Some(at) = self.latest_send_at {
            arguments.push(json!({ "latestSendAt": at.to_iso() }));
        }
        let body = json!({
            "inArguments": arguments, "activityId": self.activity, "definitionInstanceId": self.instance,
            "journeyId": "journey", "keyValue": self.instance, "mode": 0,
        });
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!("{}.{}", encode(br#"{"alg":"HS256"}"#), encode(body.to_string().as_bytes()));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", encode(&mac.finalize().into_bytes())).into_bytes()
    }

    pub(crate) fn verified(&self, process: &Process) -> Verified<ExecuteCall> {
        verify_execute(&process.tenants, &self.signed(), None, process.clock.now()).unwrap()
    }
}

impl World {
    pub(crate) fn new(seed: u64, tenants: Vec<Tenant>) -> Self {
        Self {
            kv: MemoryKv::default(),
            provider: Provider::new(seed ^ 1, START),
            target: Target::new(seed ^ 2),
            tenants,
            random: Arc::new(SeededRandom::new(seed ^ 3)),
            lookups_per_minute: 1_000,
            rows_max: 20,
            calls_per_minute: 60,
        }
    }

    /// Starts a run whose wall clock says `wall`.
    pub(crate) fn start(&self, wall: Timestamp) -> Process {
        let store = Store::in_memory(self.kv.clone(), MasterKey::from_bytes([7; 32])).unwrap();
        for tenant in &self.tenants {
            if store.tenants().get(tenant.mid).unwrap().is_none() {
                drop(now(store.create_tenant(tenant)).unwrap());
            }
        }
        let clock = Arc::new(VirtualClock::starting_at(wall));
        let random: Arc<dyn Random> = self.random.clone();
        let tenants = TenantBook::new(store.tenants().all().unwrap());
        let limits = InFlightLimits { unpaced: 2, all: 8 };
        let book = Arc::new(QueueBook::new(store.clone(), clock.clone(), Pacer::new(limits)));
        let recorder = Arc::new(Recorder::new(store.clone(), clock.clone()));
        let dispatch = Arc::new(Dispatch::new(DispatchParts {
            store: store.clone(),
            clock: clock.clone(),
            random: Arc::clone(&random),
            tenants: tenants.clone(),
            gateway: Arc::new(self.provider.clone()),
            recorder: Arc::clone(&recorder),
            book: Arc::clone(&book),
            settings: DispatchSettings {
                maybe_sent_recheck: Duration::from_secs(120),
                lookups_per_minute: self.lookups_per_minute,
            },
        }));
        for tenant in tenants.all() {
            dispatch.load(tenant.mid).unwrap();
        }
        let forwarder = Arc::new(Forwarder::new(ForwarderParts {
            store: store.clone(),
            clock: clock.clone(),
            random: Arc::clone(&random),
            tenants: tenants.clone(),
            recorder: Arc::clone(&recorder),
            rows: Arc::new(self.target.clone()),
            events: Arc::new(self.target.clone()),
            posts: Arc::new(self.target.clone()),
            settings: ForwarderSettings {
                flush_every: Duration::from_secs(5),
                rows_max: self.rows_max,
                calls_per_minute: self.calls_per_minute,
            },
        }));
        let lookup =
            Arc::new(Lookup::new(store.clone(), Arc::clone(&book), Arc::new(self.target.clone()), clock.clone()));
        let intake = Intake::new(store.clone(), clock.clone(), random, tenants.clone(), Arc::clone(&book));
        Process {
            store,
            clock,
            tenants,
            book,
            recorder,
            dispatch,
            forwarder,
            lookup,
            intake: Arc::new(intake),
            running: watch::channel(false),
        }
    }
}

impl Process {
    /// Moves real time and both clocks on.
    pub(crate) fn advance(&self, world: &World, by: Duration) {
        let mut desk = world.provider.desk();
        desk.now = desk.now.plus(by);
        drop(desk);
        self.clock.advance(by);
    }

    pub(crate) fn execute(&self, call: &Call) -> Result<Answer, StoreError> {
        now(self.intake.accept(call.verified(self)))
    }

    /// Carries out, one after the other and to their ends, the orders that may go now; tells how many there were.
    pub(crate) fn send_all(&self) -> usize {
        let mut orders = 0;
        while let Step::Send(order) = self.dispatch.step() {
            now(Arc::clone(&self.dispatch).carry_out(order));
            orders += 1;
            assert!(orders < 100_000, "the pacer gives orders without an end");
        }
        orders
    }

    pub(crate) fn resolve(&self) {
        now(self.dispatch.resolve_due()).unwrap();
    }

    pub(crate) fn forward(&self) {
        for tenant in self.tenants.all() {
            now(self.forwarder.forward_tenant(&tenant, &self.running.1)).unwrap();
        }
    }
}

/// The result of a future that waits for nothing outside.
#[track_caller]
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    // Within one of tokio's tests, its locks would give way after so many of them, and nobody would wake them.
    let mut future = std::pin::pin!(tokio::task::coop::unconstrained(future));
    for _ in 0..1_000 {
        if let Poll::Ready(result) = poll(future.as_mut()) {
            return result;
        }
    }
    panic!("the future waits for something that does not happen");
}

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
