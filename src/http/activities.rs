//! The two activities: config.json, execute and the lifecycle calls.

#[allow(dead_code, reason = "the routes of the pages are wired to it")]
mod pages;

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::{self, Bytes, Data, Path, Query, ServiceConfig};
use serde::Serialize;

use super::error::HttpError;
use crate::domain::report_answer::OUT_ARGUMENTS;
use crate::intake::{
    CallError, ConfigurationToken, Intake, Lifecycle, LifecycleRefusal, Phase, Verified, verify_execute,
};
use crate::reporting::lookup::Lookup;
use crate::sfmc::activity::{ActivitySettings, ExecuteCall, Kind, LifecycleCall, config_json};
use crate::sfmc::jwt::{self, Body};
use crate::store::StoreError;

/// The activities' picture on the canvas.
const ICON: &str = include_str!("../../assets/icons/activity.svg");

/// Name of the query parameter with the signed configuration id (spec T8, M12).
pub(crate) const CONFIGURATION_PARAMETER: &str = "c";

pub(super) fn routes(config: &mut ServiceConfig) {
    // A scope for each, and not one with the activity as a variable: that would be a regular expression over every path.
    for kind in [Kind::Messaging, Kind::Reports] {
        config.service(
            web::scope(&format!("/activities/{}", kind.path()))
                .app_data(Data::new(kind))
                .route("/execute", web::post().to(execute))
                .route("/config.json", web::get().to(config_document))
                .route("/icon.svg", web::get().to(icon))
                .route("/{phase}", web::post().to(lifecycle)),
        );
    }
}

/// All parameters of a URL: what SFMC or a marketer adds to ours is no reason to refuse a contact.
type UrlParameters = Vec<(String, String)>;

fn token(lifecycle: &Lifecycle, parameters: &UrlParameters) -> Result<Option<ConfigurationToken>, StoreError> {
    let ours = parameters.iter().find(|(name, _)| name == CONFIGURATION_PARAMETER);
    ours.map_or(Ok(None), |(_, text)| lifecycle.check(text))
}

/// Public and fetched from SFMC's pages, so open to any origin; it holds no secret (sfmc.md 1.1).
async fn config_document(kind: Data<Kind>, settings: Data<ActivitySettings>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Access-Control-Allow-Origin", "*"))
        .insert_header(("Cache-Control", "no-cache"))
        .json(config_json(**kind, &settings))
}

async fn icon() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header(("Access-Control-Allow-Origin", "*"))
        .insert_header(("Cache-Control", "max-age=86400"))
        .body(ICON)
}

async fn execute(
    kind: Data<Kind>,
    parameters: Query<UrlParameters>,
    body: Bytes,
    intake: Data<Intake>,
    lifecycle: Data<Lifecycle>,
    lookup: Data<Lookup>,
) -> Result<HttpResponse, HttpError> {
    let token = token(&lifecycle, &parameters)?;
    let call = verify_execute(intake.tenants(), &body, token, intake.clock().now()).map_err(HttpError::Call)?;
    match **kind {
        Kind::Messaging => execute_messaging(call, intake).await,
        Kind::Reports => execute_reports(call, lookup).await,
    }
}

/// What the messaging activity answers (spec M9).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutArguments<'a> {
    message_status: &'a str,
    message_id: &'a str,
    status_detail: &'a str,
}

async fn execute_messaging(call: Verified<ExecuteCall>, intake: Data<Intake>) -> Result<HttpResponse, HttpError> {
    // In a task of its own: a caller that hangs up drops this handler, but a place in the queue must be settled.
    let accepted = actix_web::rt::spawn(async move { intake.accept(call).await });
    let answer = accepted.await.map_err(|_| HttpError::Lost)??;
    Ok(HttpResponse::Ok().json(OutArguments {
        message_status: &answer.message_status,
        message_id: &answer.message_id,
        status_detail: &answer.status_detail,
    }))
}

async fn execute_reports(call: Verified<ExecuteCall>, lookup: Data<Lookup>) -> Result<HttpResponse, HttpError> {
    let (tenant, call) = call.into_parts();
    let answer = lookup.answer(&tenant, &call.arguments).await?;
    // Every declared out-argument is answered, and never with null.
    let out = OUT_ARGUMENTS.iter().map(|row| (row.name.to_owned(), (row.value)(&answer).into()));
    let out: serde_json::Map<String, serde_json::Value> = out.collect();
    Ok(HttpResponse::Ok().json(out))
}

fn phase(path: &str) -> Option<Phase> {
    Some(match path {
        "save" => Phase::Save,
        "validate" => Phase::Validate,
        "publish" => Phase::Publish,
        "unpublish" => Phase::Unpublish,
        "stop" => Phase::Stop,
        "pause" => Phase::Pause,
        "resume" => Phase::Resume,
        _ => return None,
    })
}

async fn lifecycle(
    path: Path<String>,
    parameters: Query<UrlParameters>,
    body: Bytes,
    intake: Data<Intake>,
    lifecycle: Data<Lifecycle>,
) -> Result<HttpResponse, HttpError> {
    let phase = phase(&path).ok_or(HttpError::NotFound)?;
    let token = token(&lifecycle, &parameters)?;
    let call = match jwt::split(&body) {
        Body::Json(json) => LifecycleCall::parse(json).map_err(CallError::Malformed)?,
        Body::Token(jws) => {
            // Not signed in practice; but what is signed must be signed by the tenant (sfmc.md 2.3).
            let tenant = token.and_then(|token| intake.tenants().get(token.mid)).ok_or(LifecycleRefusal::NoTenant)?;
            let keys = jwt::keys_of(&tenant.verification);
            let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_slice()).collect();
            let payload = jwt::verify(&jws, &keys, intake.clock().now()).map_err(CallError::Signature)?;
            LifecycleCall::parse(&payload).map_err(CallError::Malformed)?
        }
        Body::Empty => LifecycleCall::default(),
        Body::Neither => return Err(HttpError::Call(CallError::NeitherJsonNorJwt)),
    };
    lifecycle.call(phase, token, &call).await?;
    Ok(HttpResponse::Ok().insert_header(ContentType::json()).body("{}"))
}
