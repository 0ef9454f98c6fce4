//! Who sits before a page: SFMC tells by the token that Journey Builder gave the page (sfmc.md 3.8).

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use super::client::SfmcClient;
use crate::domain::ids::Mid;
use crate::domain::secret::Secret;
use crate::domain::tenant::Tenant;
use crate::outbound;
use crate::pages::{SignedInUser, UserFailure, UserSource};

/// Largest answer that is read.
const BODY_BYTES_MAX: usize = 64 * 1_024;
/// A page waits for this.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct TokenContext {
    organization: Option<Named>,
    user: Option<Named>,
}

/// Ids come as numbers and as texts.
#[derive(Deserialize)]
struct Named {
    id: Value,
}

impl Named {
    fn text(&self) -> Option<String> {
        match &self.id {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl UserSource for SfmcClient {
    fn user<'a>(&'a self, rest_origin: &'a str, token: &'a Secret) -> BoxFuture<'a, Result<SignedInUser, UserFailure>> {
        Box::pin(async move {
            let url = format!("{rest_origin}/platform/v1/tokenContext");
            let request = self.http.get(url).bearer_auth(token.expose()).timeout(TIMEOUT);
            let answer = outbound::exchange(request, BODY_BYTES_MAX, self.clock.now()).await;
            let answer = answer.map_err(|problem| UserFailure::NoAnswer(problem.to_string()))?;
            match answer.status {
                200 => {}
                401 | 403 => return Err(UserFailure::Refused),
                status => return Err(UserFailure::NoAnswer(format!("HTTP {status}"))),
            }
            let unreadable = || UserFailure::NoAnswer("the answer can't be read".to_owned());
            let context: TokenContext = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
            let mid = context.organization.and_then(|organization| organization.text()?.parse::<Mid>().ok());
            let user = context.user.and_then(|user| user.text()).unwrap_or_default();
            Ok(SignedInUser { mid: mid.ok_or_else(unreadable)?, user })
        })
    }

    fn own_origin<'a>(&'a self, tenant: &'a Tenant) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move {
            match &tenant.sfmc.rest_origin {
                Some(origin) => Some(origin.clone()),
                None => self.tokens.get(tenant).await.ok()?.rest_origin.clone(),
            }
        })
    }
}
