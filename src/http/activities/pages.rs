//! The pages that a marketer meets in Journey Builder, and what they ask (spec M1, M12, R4).

mod figures;
mod form;
mod messaging;
mod preview;
mod reports;

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, ContentType};
use actix_web::web::{self, Data, Json, JsonConfig, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::assets;
use super::super::error::PageError;
use crate::config::FrameHosts;
use crate::domain::ids::Mid;
use crate::domain::journey::Journey;
use crate::domain::secret::Secret;
use crate::pages::configuration::{Arguments, Configurations, ToSave};
use crate::pages::session::{Session, SessionError, Sessions};
use crate::sfmc::activity::Kind;
use crate::sfmc::journey_builder::Answers;

/// Largest body of a page's call: a journey of some hundred activities with all their settings.
const BODY_BYTES_MAX: usize = 4 * 1_024 * 1_024;

pub(in super::super) fn routes(config: &mut ServiceConfig) {
    let json = JsonConfig::default().limit(BODY_BYTES_MAX).error_handler(|error, _| PageError::body(&error).into());
    config.app_data(json);
    config.route(&assets::route(), web::get().to(assets::asset));
    config.route("/activities/session", web::post().to(open_session));
    config.route("/activities/page/journey", web::post().to(journey));
    for kind in [Kind::Messaging, Kind::Reports] {
        config.service(
            web::scope(&format!("/activities/{}/page", kind.path()))
                .app_data(Data::new(kind))
                .route("/open", web::post().to(open))
                .route("/figures", web::post().to(figures::figures))
                .configure(|config| match kind {
                    Kind::Messaging => messaging::routes(config),
                    Kind::Reports => reports::routes(config),
                }),
        );
    }
}

/// The request is of a signed-in user of a business unit.
pub(super) struct SignedIn(pub(super) Session);

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(SessionError::Over);
        let sessions = request.app_data::<Data<Sessions>>().ok_or(SessionError::Over);
        let session = token.and_then(|token| sessions?.check(token.trim()));
        ready(session.map(Self).map_err(PageError::from))
    }
}

#[derive(Template)]
#[template(path = "activities/messaging/index.html")]
struct MessagingPage<'a> {
    assets: String,
    hosts: &'a str,
    kind: &'static str,
}

#[derive(Template)]
#[template(path = "activities/reports/index.html")]
struct ReportsPage<'a> {
    assets: String,
    hosts: &'a str,
    kind: &'static str,
}

/// An activity's page: nothing in it is of any business unit.
pub(super) async fn index(kind: Data<Kind>, hosts: Data<FrameHosts>) -> Result<HttpResponse, PageError> {
    let (assets, hosts) = (assets::base(), hosts.as_str());
    let html = match **kind {
        Kind::Messaging => MessagingPage { assets, hosts, kind: kind.path() }.render()?,
        Kind::Reports => ReportsPage { assets, hosts, kind: kind.path() }.render()?,
    };
    Ok(page(hosts, html))
}

#[derive(Template)]
#[template(path = "activities/messaging/hover.html")]
struct HoverPage<'a> {
    assets: String,
    hosts: &'a str,
    kind: &'static str,
}

/// What Journey Builder shows over an activity of a running journey: nothing in it is of any business unit.
pub(super) async fn hover(kind: Data<Kind>, hosts: Data<FrameHosts>) -> Result<HttpResponse, PageError> {
    let hosts = hosts.as_str();
    let html = HoverPage { assets: assets::base(), hosts, kind: kind.path() }.render()?;
    Ok(page(hosts, html))
}

/// A page under its content security policy: its own scripts, styles and pictures, shown by Journey Builder only.
fn page(hosts: &str, html: String) -> HttpResponse {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'none'; base-uri 'none'; frame-ancestors {hosts}"
    );
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header(("Content-Security-Policy", policy))
        .insert_header(("Cache-Control", "no-cache"))
        .body(html)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exchange {
    token: Secret,
    #[serde(default)]
    rest_hosts: Vec<String>,
    #[serde(default)]
    mid: Option<Mid>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenedSession<'a> {
    session: &'a str,
    /// Milliseconds since 1970.
    expires_at: u64,
    mid: Mid,
    business_unit: &'a str,
}

async fn open_session(exchange: Json<Exchange>, sessions: Data<Sessions>) -> Result<HttpResponse, PageError> {
    let opened = sessions.open(&exchange.token, &exchange.rest_hosts, exchange.mid).await?;
    let since = opened.expires_at.since(crate::domain::timestamp::Timestamp::default());
    Ok(HttpResponse::Ok().json(OpenedSession {
        session: opened.token.expose(),
        expires_at: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        mid: opened.mid,
        business_unit: &opened.business_unit,
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JourneyAnswer {
    read_only: bool,
    notices: Vec<&'static str>,
    journey: Journey,
}

async fn journey(_: SignedIn, answers: Json<Answers>) -> HttpResponse {
    let journey = answers.journey();
    let mut notices = Vec::new();
    if journey.entry.is_none() {
        notices.push(
            "This journey has no entry source: define it first, because phone fields and merge fields come from it.",
        );
    }
    HttpResponse::Ok().json(JourneyAnswer { read_only: journey.is_read_only(), notices, journey })
}

#[derive(Deserialize)]
struct ToOpen {
    activity: Value,
    journey: Journey,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenAnswer {
    arguments: Arguments,
    is_new: bool,
    copied: Option<&'static str>,
    notices: Vec<String>,
    audience: Option<u64>,
}

async fn open(
    signed_in: SignedIn,
    kind: Data<Kind>,
    to_open: Json<ToOpen>,
    configurations: Data<Configurations>,
) -> Result<HttpResponse, PageError> {
    let opened = configurations.open(&signed_in.0, **kind, &to_open.activity, &to_open.journey)?;
    Ok(HttpResponse::Ok().json(OpenAnswer {
        arguments: opened.arguments,
        is_new: opened.is_new,
        copied: opened.copied,
        notices: opened.notices,
        audience: opened.audience,
    }))
}

/// What a page sends to have its activity made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToMake {
    activity: Value,
    pub(super) arguments: Arguments,
    pub(super) journey: Journey,
    #[serde(default)]
    pub(super) audience: Option<u64>,
    #[serde(default)]
    confirmed_copy: bool,
    /// The activity's name on the canvas, when the page knows a newer one.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    pub(super) culture: String,
}

impl ToMake {
    /// The activity's name on the canvas.
    pub(super) fn name(&self) -> &str {
        let of_activity = || self.activity.get("name").and_then(Value::as_str);
        self.name.as_deref().or_else(of_activity).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct MadeActivity {
    activity: Value,
}

/// Gives back the activity for Journey Builder; `arguments` are checked.
async fn make(
    session: &Session,
    kind: Kind,
    to_make: &ToMake,
    arguments: Arguments,
    configurations: &Configurations,
) -> Result<HttpResponse, PageError> {
    let to_save = ToSave {
        kind,
        activity: &to_make.activity,
        arguments,
        journey: &to_make.journey,
        audience: to_make.audience,
        copy_confirmed: to_make.confirmed_copy,
    };
    let activity = configurations.save(session, to_save).await?;
    Ok(HttpResponse::Ok().json(MadeActivity { activity }))
}
