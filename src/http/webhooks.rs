//! What Infobip calls (spec §2, R1, R3). Everything is stored before it is answered.
//!
//! The token in a path is an account's own, and enough: URLs that a request gives can carry no other proof. Where the
//! account has set up basic authentication or an HMAC, a call that carries such must be right ([`Credentials`]). The bare
//! path of inbound messages has no token; what comes there is kept for the account that has the number it came to, and
//! fires events only when the call has proven to be that account's, or comes from an address of the webhooks' allowlist.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::guard;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Bytes, Data, PayloadConfig, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use super::error::HttpError;
use super::left_out::LeftOut;
use super::middleware::allowlist;
use crate::clock::Timestamp;
use crate::domain::channel::Channel;
use crate::domain::ids::AccountId;
use crate::domain::inbound::HeardInbound;
use crate::domain::tenant::{Authenticity, Tenant};
use crate::infobip::webhook::authentication::Credentials;
use crate::infobip::webhook::{self, Entries};
use crate::intake::Intake;
use crate::reporting::inbox::{Inbox, WrongCredentials};
use crate::reporting::recorder::Recorder;

/// Variables of the paths.
const CHANNEL: &str = "channel";
const TOKEN: &str = "token";
/// Smallest limit of a body, in bytes: Infobip may gather 2000 entries in one (infobip.md 9.7), of a few hundred bytes each
/// and with callback data of up to 4000 characters, of which some take several bytes.
const BODY_BYTES_MAX_AT_LEAST: usize = 16 * 1024 * 1024;
/// Limit of a body on the bare path, in bytes, which anybody may send: some inbound messages at a time, of a few kB each.
const BARE_BODY_BYTES_MAX: usize = 256 * 1024;
/// A longer body, in bytes, takes milliseconds to read, and is read on a thread that holds up nobody else.
const READ_AT_ONCE_BYTES_MAX: usize = 64 * 1024;

/// The routes; `body_bytes_max` is the limit of other bodies.
pub(super) fn routes(config: &mut ServiceConfig, body_bytes_max: usize) {
    config.service(
        web::scope("/infobip/webhooks")
            .wrap(from_fn(allowlist::webhooks))
            .app_data(PayloadConfig::new(body_bytes_max.max(BODY_BYTES_MAX_AT_LEAST)))
            .route("/deliveryReport/{channel}/{token}", web::post().to(reports))
            .route("/seenReport/{channel}/{token}", web::post().to(reports))
            .route("/urlTracking/{channel}/{token}", web::post().to(clicks))
            .service(
                web::resource("/inboundMessage")
                    .guard(guard::Post())
                    .app_data(PayloadConfig::new(BARE_BODY_BYTES_MAX))
                    .to(inbound_of_anybody),
            )
            .route("/inboundMessage/{token}", web::post().to(inbound_of_account)),
    );
}

/// Delivery and seen reports: both paths take both, because WhatsApp and OMNI know but one address.
async fn reports(
    request: HttpRequest,
    to: Addressee,
    body: Bytes,
    intake: Data<Intake>,
    recorder: Data<Recorder>,
    counts: Data<LeftOut>,
) -> Result<HttpResponse, HttpError> {
    let (channel, now) = (to.channel()?, intake.clock().now());
    authenticate(&request, &body, &to)?;
    let read = read(body, move |body| webhook::reports(channel, now, body)).await?;
    let arrived = understood(read, to.of_account(), &counts, now)?;
    stored(async move { recorder.record(to.tenant.mid, &to.account, channel, arrived).await }).await
}

/// Clicks on shortened links.
async fn clicks(
    request: HttpRequest,
    to: Addressee,
    body: Bytes,
    intake: Data<Intake>,
    recorder: Data<Recorder>,
    counts: Data<LeftOut>,
) -> Result<HttpResponse, HttpError> {
    let (channel, now) = (to.channel()?, intake.clock().now());
    authenticate(&request, &body, &to)?;
    let read = read(body, move |body| webhook::clicks(channel, now, body)).await?;
    let clicks = understood(read, to.of_account(), &counts, now)?;
    stored(async move { recorder.record_clicks(to.tenant.mid, &to.account, channel, clicks).await }).await
}

/// Inbound messages of the account that the token names.
async fn inbound_of_account(
    request: HttpRequest,
    to: Addressee,
    body: Bytes,
    intake: Data<Intake>,
    inbox: Data<Inbox>,
    counts: Data<LeftOut>,
) -> Result<HttpResponse, HttpError> {
    authenticate(&request, &body, &to)?;
    let now = intake.clock().now();
    let read = read(body, move |body| webhook::inbound(now, body)).await?;
    let heard = messages(understood(read, to.of_account(), &counts, now)?, &counts);
    let addressed = counted(heard.len(), inbox.of_account(&to.tenant, &to.account, heard), &counts);
    stored(async move { inbox.record(addressed).await }).await
}

/// Inbound messages on the manual's own path, of whichever account has the number that they came to.
async fn inbound_of_anybody(
    request: HttpRequest,
    body: Bytes,
    intake: Data<Intake>,
    inbox: Data<Inbox>,
    counts: Data<LeftOut>,
) -> Result<HttpResponse, HttpError> {
    let now = intake.clock().now();
    let read = read(body.clone(), move |body| webhook::inbound(now, body)).await?;
    let heard = messages(understood(read, None, &counts, now)?, &counts);
    let credentials = credentials(&request);
    let is_allowlisted = allowlist::is_allowlisted(&request);
    // Who is on the allowlist needs to show nothing more, but what it shows must be right.
    let judge = |auth: &_| match credentials.judge(auth, &body) {
        Authenticity::NotShown if is_allowlisted => Authenticity::Proven,
        judged => judged,
    };
    let count = heard.len();
    let addressed = inbox.by_destination(heard, &judge).map_err(|WrongCredentials| HttpError::WrongCredentials)?;
    let addressed = counted(count, addressed, &counts);
    stored(async move { inbox.record(addressed).await }).await
}

/// The account whose token a path ends with, and the channel that it names. An extractor, so that whoever knows no token is
/// refused before a body is read.
struct Addressee {
    tenant: Arc<Tenant>,
    account: AccountId,
    /// Of a path that names one.
    channel: Option<Channel>,
}

impl FromRequest for Addressee {
    type Error = HttpError;
    type Future = Ready<Result<Self, HttpError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).ok_or(HttpError::NotFound))
    }
}

impl Addressee {
    fn of(request: &HttpRequest) -> Option<Self> {
        let path = request.match_info();
        let intake = request.app_data::<Data<Intake>>()?;
        let (tenant, account) = intake.tenants().by_webhook_token(path.get(TOKEN)?)?;
        let channel = match path.get(CHANNEL) {
            Some(channel) => Some(Channel::by_path(channel)?),
            None => None,
        };
        Some(Self { tenant, account, channel })
    }

    /// The channel, on the routes that have one.
    fn channel(&self) -> Result<Channel, HttpError> {
        self.channel.ok_or(HttpError::NotFound)
    }

    fn of_account(&self) -> Option<(&Tenant, &AccountId)> {
        Some((&self.tenant, &self.account))
    }
}

fn credentials(request: &HttpRequest) -> Credentials {
    let headers = request.headers().iter();
    Credentials::read(headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default())))
}

/// Refuses a call with credentials that are not the account's; one without any is let pass.
fn authenticate(request: &HttpRequest, body: &[u8], to: &Addressee) -> Result<(), HttpError> {
    let account = to.tenant.account(&to.account).ok_or(HttpError::NotFound)?;
    match credentials(request).judge(&account.webhook_auth, body) {
        Authenticity::Wrong => Err(HttpError::WrongCredentials),
        Authenticity::Proven | Authenticity::NotShown => Ok(()),
    }
}

/// Reads a body, a long one on a thread that may take its time.
async fn read<T: Send + 'static>(
    body: Bytes,
    read: impl FnOnce(&[u8]) -> Entries<T> + Send + 'static,
) -> Result<Entries<T>, HttpError> {
    if body.len() <= READ_AT_ONCE_BYTES_MAX {
        return Ok(read(&body));
    }
    web::block(move || read(&body)).await.map_err(|_| HttpError::Lost)
}

/// The entries that could be read. The others must not cost them, and a repeat would not mend those.
fn understood<T>(
    entries: Entries<T>,
    of: Option<(&Tenant, &AccountId)>,
    counts: &LeftOut,
    now: Timestamp,
) -> Result<Vec<T>, HttpError> {
    let entries = entries.map_err(|error| HttpError::BadRequest(error.to_string()))?;
    let mut understood = Vec::with_capacity(entries.len());
    let (mut left_out, mut reason) = (0, None);
    for entry in entries {
        match entry {
            Ok(entry) => understood.push(entry),
            Err(error) => {
                left_out += 1;
                reason.get_or_insert(error);
            }
        }
    }
    if let Some(reason) = reason
        && counts.unreadable(left_out, now)
    {
        let (mid, account) = of.map(|(tenant, account)| (tenant.mid.to_string(), account.to_string())).unzip();
        tracing::warn!(tenant.mid = mid, account, left_out, %reason,
            "Entries of a webhook were not understood and are left out; the reason is the first one's, waypost status counts all");
    }
    Ok(understood)
}

/// The messages among what came on an inbound path.
fn messages(heard: Vec<Option<HeardInbound>>, counts: &LeftOut) -> Vec<HeardInbound> {
    let all = heard.len();
    let messages: Vec<_> = heard.into_iter().flatten().collect();
    counts.other_events(all - messages.len());
    messages
}

/// Counts the messages that are no replies.
fn counted<T>(heard: usize, replies: Vec<T>, counts: &LeftOut) -> Vec<T> {
    let left_out = heard.saturating_sub(replies.len());
    counts.no_replies(left_out);
    if left_out > 0 {
        tracing::debug!(left_out, "Inbound messages are no replies in words and are left out");
    }
    replies
}

/// Answers once the work is durable. In a task of its own, like execute: what was begun is finished also when Infobip
/// hangs up.
async fn stored<E>(work: impl Future<Output = Result<(), E>> + 'static) -> Result<HttpResponse, HttpError>
where
    E: 'static,
    HttpError: From<E>,
{
    actix_web::rt::spawn(work).await.map_err(|_| HttpError::Lost)??;
    Ok(HttpResponse::Ok().finish())
}
