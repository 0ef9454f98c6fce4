//! Live figures over an activity of a running journey (spec M12).

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PageError, SignedIn};
use crate::pages::figures::Figures;
use crate::sfmc::activity::Kind;

#[derive(Deserialize)]
pub(super) struct Asked {
    activity: Value,
}

#[derive(Serialize)]
struct Told {
    queued: u64,
    sent: u64,
    delivered: u64,
    failed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<u64>,
}

pub(super) async fn figures(
    signed_in: SignedIn,
    kind: Data<Kind>,
    asked: Json<Asked>,
    figures: Data<Figures>,
) -> Result<HttpResponse, PageError> {
    let told = figures.of(&signed_in.0, **kind, &asked.activity).await?;
    let (queued, sent, delivered, failed, seen) = (told.queued, told.sent, told.delivered, told.failed, told.seen);
    Ok(HttpResponse::Ok().json(Told { queued, sent, delivered, failed, seen }))
}
