//! The messaging activity's page.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Json, ServiceConfig};
use serde::{Deserialize, Serialize};

use super::preview::{Named, preview};
use super::{PageError, SignedIn, ToMake, make};
use crate::domain::journey::Journey;
use crate::pages::configuration::{Arguments, Configurations};
use crate::pages::test_send::{TestSends, ToTest};
use crate::sfmc::activity::Kind;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/activity", web::post().to(activity));
    config.route("/preview", web::post().to(preview));
    config.route("/test", web::post().to(test));
}

async fn activity(
    signed_in: SignedIn,
    to_make: Json<ToMake>,
    configurations: Data<Configurations>,
) -> Result<HttpResponse, PageError> {
    make(&signed_in.0, Kind::Messaging, &to_make, to_make.arguments.clone(), &configurations).await
}

#[derive(Deserialize)]
struct TestOrder {
    arguments: Arguments,
    journey: Journey,
    to: String,
    #[serde(default)]
    values: Arguments,
    #[serde(default)]
    activity: Named,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestAnswer {
    sent: bool,
    sentence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
}

async fn test(signed_in: SignedIn, order: Json<TestOrder>, tests: Data<TestSends>) -> Result<HttpResponse, PageError> {
    let TestOrder { arguments, journey, to, values, activity } = order.into_inner();
    let to_test = ToTest { arguments, journey, activity_name: activity.name().to_owned(), to, values };
    // In a task of its own: a page that is closed drops this handler, but what was sent must stand in the log.
    let tested = actix_web::rt::spawn(async move { tests.send(&signed_in.0, to_test).await });
    let tested = tested.await.map_err(|_| PageError::Lost)??;
    let message_id = tested.message_id.map(|id| id.to_string());
    Ok(HttpResponse::Ok().json(TestAnswer { sent: tested.is_sent, sentence: tested.sentence, message_id }))
}
