//! What Infobip calls (spec §2, R1, R3). Everything is stored before it is answered.
//!
//! The token in a path is an account's own, and enough: URLs that a request gives can carry no other proof. Where the
//! account has set up basic authentication or an HMAC, a call that carries such must be right ([`Credentials`]). The bare
//! path of inbound messages has no token; what comes there is kept for the account that has the number it came to, and
//! fires events only when the call has proven to be that account's. Allowlists of addresses are not looked at here.

use std::sync::Arc;

use actix_web::web::{self, Bytes, Data, Path, PayloadConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::error::HttpError;
use crate::domain::channel::Channel;
use crate::domain::ids::AccountId;
use crate::domain::tenant::{Authenticity, Tenant};
use crate::infobip::webhook::authentication::Credentials;
use crate::infobip::webhook::{self, Malformed};
use crate::intake::Intake;
use crate::reporting::inbox::{Inbox, WrongCredentials};
use crate::reporting::recorder::Recorder;

/// Smallest limit of a body, in bytes: Infobip may gather 2000 entries in one (infobip.md 9.7), of a few hundred bytes each
/// and with callback data of up to 4000 characters, of which some take several bytes.
const BODY_BYTES_MAX_AT_LEAST: usize = 16 * 1024 * 1024;

/// The routes; `body_bytes_max` is the limit of other bodies.
pub(super) fn routes(config: &mut ServiceConfig, body_bytes_max: usize) {
    config.service(
        web::scope("/infobip/webhooks")
            .app_data(PayloadConfig::new(body_bytes_max.max(BODY_BYTES_MAX_AT_LEAST)))
            .route("/deliveryReport/{channel}/{token}", web::post().to(reports))
            .route("/seenReport/{channel}/{token}", web::post().to(reports))
            .route("/urlTracking/{channel}/{token}", web::post().to(clicks))
            .route("/inboundMessage", web::post().to(inbound_of_anybody))
            .route("/inboundMessage/{token}", web::post().to(inbound_of_account)),
    );
}

/// Delivery and seen reports: both paths take both, because WhatsApp and OMNI know but one address.
async fn reports(
    request: HttpRequest,
    path: Path<(String, String)>,
    body: Bytes,
    intake: Data<Intake>,
    recorder: Data<Recorder>,
) -> Result<HttpResponse, HttpError> {
    let (channel, token) = path.into_inner();
    let (tenant, account) = of_token(&intake, &token)?;
    let channel = Channel::by_path(&channel).ok_or(HttpError::NotFound)?;
    authenticate(&request, &body, &tenant, &account)?;
    let arrived = understood(webhook::reports(channel, &body), Some((&tenant, &account)))?;
    stored(async move { recorder.record(tenant.mid, &account, channel, arrived).await }).await
}

/// Clicks on shortened links.
async fn clicks(
    request: HttpRequest,
    path: Path<(String, String)>,
    body: Bytes,
    intake: Data<Intake>,
    recorder: Data<Recorder>,
) -> Result<HttpResponse, HttpError> {
    let (channel, token) = path.into_inner();
    let (tenant, account) = of_token(&intake, &token)?;
    let channel = Channel::by_path(&channel).ok_or(HttpError::NotFound)?;
    authenticate(&request, &body, &tenant, &account)?;
    let clicks = understood(webhook::clicks(channel, &body), Some((&tenant, &account)))?;
    stored(async move { recorder.record_clicks(tenant.mid, &account, channel, clicks).await }).await
}

/// Inbound messages of the account that the token names.
async fn inbound_of_account(
    request: HttpRequest,
    token: Path<String>,
    body: Bytes,
    intake: Data<Intake>,
    inbox: Data<Inbox>,
) -> Result<HttpResponse, HttpError> {
    let (tenant, account) = of_token(&intake, &token)?;
    authenticate(&request, &body, &tenant, &account)?;
    let heard = understood(webhook::inbound(intake.clock().now(), &body), Some((&tenant, &account)))?;
    let addressed = inbox.of_account(&tenant, &account, heard.into_iter().flatten().collect());
    stored(async move { inbox.record(addressed).await }).await
}

/// Inbound messages on the manual's own path, of whichever account has the number that they came to.
async fn inbound_of_anybody(
    request: HttpRequest,
    body: Bytes,
    intake: Data<Intake>,
    inbox: Data<Inbox>,
) -> Result<HttpResponse, HttpError> {
    let heard = understood(webhook::inbound(intake.clock().now(), &body), None)?;
    let credentials = credentials(&request);
    let judge = |auth: &_| credentials.judge(auth, &body);
    let addressed = inbox
        .by_destination(heard.into_iter().flatten().collect(), &judge)
        .map_err(|WrongCredentials| HttpError::WrongCredentials)?;
    stored(async move { inbox.record(addressed).await }).await
}

fn of_token(intake: &Intake, token: &str) -> Result<(Arc<Tenant>, AccountId), HttpError> {
    intake.tenants().by_webhook_token(token).ok_or(HttpError::NotFound)
}

fn credentials(request: &HttpRequest) -> Credentials {
    Credentials::read(|name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default()))
}

/// Refuses a call with credentials that are not the account's; one without any is let pass.
fn authenticate(request: &HttpRequest, body: &[u8], tenant: &Tenant, id: &AccountId) -> Result<(), HttpError> {
    let account = tenant.account(id).ok_or(HttpError::NotFound)?;
    match credentials(request).judge(&account.webhook_auth, body) {
        Authenticity::Wrong => Err(HttpError::WrongCredentials),
        Authenticity::Proven | Authenticity::NotShown => Ok(()),
    }
}

/// The entries that could be read. The others must not cost them, and a repeat would not mend those.
fn understood<T>(
    entries: Result<Vec<Result<T, Malformed>>, Malformed>,
    of: Option<(&Tenant, &AccountId)>,
) -> Result<Vec<T>, HttpError> {
    let entries = entries.map_err(|error| HttpError::BadRequest(error.to_string()))?;
    let mut understood = Vec::with_capacity(entries.len());
    let (mut left_out, mut reason) = (0_u32, None);
    for entry in entries {
        match entry {
            Ok(entry) => understood.push(entry),
            Err(error) => {
                left_out += 1;
                reason.get_or_insert(error);
            }
        }
    }
    if let Some(reason) = reason {
        let (mid, account) = of.map(|(tenant, account)| (tenant.mid.to_string(), account.to_string())).unzip();
        tracing::warn!(tenant.mid = mid, account, left_out, %reason,
            "Entries of a webhook were not understood and are left out; the reason is the first one's");
    }
    Ok(understood)
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
