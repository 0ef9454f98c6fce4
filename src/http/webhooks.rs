//! What Infobip calls. Everything is stored before it is answered (spec R1).

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path, ServiceConfig};

use super::error::HttpError;
use crate::domain::channel::Channel;
use crate::infobip::webhook;
use crate::intake::Intake;
use crate::reporting::recorder::{Arrived, Recorder};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/infobip/webhooks/deliveryReport/{channel}/{token}", web::post().to(delivery_report));
}

/// Delivery reports of one account: the token is the account's, and all that authenticates them (infobip.md 9.7).
async fn delivery_report(
    path: Path<(String, String)>,
    body: Bytes,
    intake: Data<Intake>,
    recorder: Data<Recorder>,
) -> Result<HttpResponse, HttpError> {
    let (channel, token) = path.into_inner();
    let (tenant, account) = intake.tenants().by_webhook_token(&token).ok_or(HttpError::NotFound)?;
    let channel = Channel::by_path(&channel).ok_or(HttpError::NotFound)?;
    let entries =
        webhook::delivery_reports(channel, &body).map_err(|error| HttpError::BadRequest(error.to_string()))?;
    let mut reports = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            Ok(report) => reports.push(Arrived::from(report)),
            // The others of the batch must not suffer for it, and a repeat would not mend it.
            Err(error) => tracing::warn!(tenant.mid = %tenant.mid, account = %account, reason = %error,
                "An entry of a delivery webhook was not understood and is left out"),
        }
    }
    // A task of its own, like execute: what was begun is finished also when Infobip hangs up.
    let recorded = actix_web::rt::spawn(async move { recorder.record(tenant.mid, &account, channel, reports).await });
    recorded.await.map_err(|_| HttpError::Lost)??;
    Ok(HttpResponse::Ok().finish())
}
