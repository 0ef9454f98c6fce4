//! The messaging activity's page.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Json, ServiceConfig};

use super::{PageError, SignedIn, ToMake, make};
use crate::pages::configuration::Configurations;
use crate::sfmc::activity::Kind;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/activity", web::post().to(activity));
}

async fn activity(
    signed_in: SignedIn,
    to_make: Json<ToMake>,
    configurations: Data<Configurations>,
) -> Result<HttpResponse, PageError> {
    make(&signed_in.0, Kind::Messaging, &to_make, to_make.arguments.clone(), &configurations).await
}
