//! `POST /v2/token`, client credentials (sfmc.md 5), and the check of tokens.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Scene, SfmcWorld, State, new_guid};
use crate::clock::Timestamp;
use crate::sandbox::front::{Call, Reply};

/// The lifetime the platform really gives.
const EXPIRES_IN_SECS: u64 = 1079;

pub(super) const PATH: &str = "/v2/token";

/// How long the REST token of a signed-in user lives, which Journey Builder hands to an activity's page.
pub(in crate::sandbox) const USER_TOKEN_LIFETIME: Duration = Duration::from_secs(20 * 60);

/// Whoever opens the Journey Builder page of the sandbox.
const USER: u64 = 510_000_077;

/// What a token allows.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) mid: u64,
    /// The person who is signed in; 0 for a package's server-to-server token.
    pub(super) user: u64,
    pub(super) scopes: Vec<String>,
    pub(super) expires: Timestamp,
}

impl Token {
    pub(super) fn allows_any(&self, scopes: &[&str]) -> bool {
        scopes.is_empty() || scopes.iter().any(|scope| self.scopes.iter().any(|known| known == scope))
    }
}

impl State {
    /// The token, when it is known and not expired.
    pub(super) fn token(&self, text: &str, now: Timestamp) -> Option<Token> {
        self.tokens.get(text).filter(|token| now < token.expires).cloned()
    }
}

impl SfmcWorld {
    /// The REST token of a user signed in to a business unit, as Journey Builder hands it to an activity's page
    /// (`fuel2token`). It lives 20 minutes on the sandbox's clock and is good for `platform/v1/tokenContext` alone: what
    /// else a user's token may do depends on the user. Of a unit that was not registered it is refused everywhere.
    pub fn user_token(&self, mid: u64) -> String {
        let text = format!("user.{}.{}", new_guid(), new_guid());
        let now = self.shared.clock.steady();
        let mut state = self.lock();
        if state.units.contains_key(&mid) {
            state.tokens.retain(|_, token| now < token.expires);
            let token = Token { mid, user: USER, scopes: Vec::new(), expires: now.plus(USER_TOKEN_LIFETIME) };
            state.tokens.insert(text.clone(), token);
        }
        text
    }
}

pub(super) fn answer(state: &mut State, scene: &Scene<'_>, call: &Call) -> Reply {
    if call.method != "POST" {
        return oauth_error(400, "invalid_request", "Only POST is supported.");
    }
    let Ok(body) = call.json() else {
        return oauth_error(400, "invalid_request", "The request body is not JSON.");
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("grant_type") {
        "client_credentials" => {}
        "" => return oauth_error(400, "invalid_request", "The grant_type is missing."),
        _ => return oauth_error(400, "unsupported_grant_type", "The grant_type is not supported."),
    }
    let client_id = text("client_id");
    let account = body.get("account_id").filter(|account| !account.is_null());
    let mid = match account {
        Some(account) => {
            let parsed = account.as_u64().or_else(|| account.as_str().and_then(|text| text.parse().ok()));
            let Some(mid) = parsed else {
                return oauth_error(400, "invalid_request", "The account_id is not a number.");
            };
            Some(mid)
        }
        None => None,
    };
    let found = state.units.values().map(|unit| &unit.unit).find(|unit| {
        !client_id.is_empty()
            && unit.client_id == client_id
            && unit.client_secret == text("client_secret")
            && mid.is_none_or(|mid| unit.mid == mid)
    });
    let Some(unit) = found else {
        return invalid_client();
    };
    let scopes = match body.get("scope").and_then(Value::as_str) {
        None => unit.scopes.clone(),
        Some(wanted) => {
            let wanted: Vec<String> = wanted.split_whitespace().map(str::to_owned).collect();
            if wanted.iter().any(|scope| !unit.scopes.contains(scope)) {
                return oauth_error(400, "invalid_scope", "A scope was requested that the package does not have.");
            }
            wanted
        }
    };
    let mid = unit.mid;
    let access_token = format!("sandbox.{}.{}", new_guid(), new_guid());
    let answer = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": EXPIRES_IN_SECS,
        "scope": scopes.join(" "),
        "soap_instance_url": format!("{}/", scene.origin),
        "rest_instance_url": format!("{}/", scene.origin),
    });
    let expires = scene.now.plus(Duration::from_secs(EXPIRES_IN_SECS));
    state.tokens.retain(|_, token| scene.now < token.expires);
    state.tokens.insert(access_token, Token { mid, user: 0, scopes, expires });
    Reply::json(200, &answer)
}

pub(super) fn invalid_client() -> Reply {
    oauth_error(401, "invalid_client", "Invalid client ID. Use the client ID in Marketing Cloud Installed Packages.")
}

fn oauth_error(status: u16, error: &str, description: &str) -> Reply {
    let body = json!({
        "error": error,
        "error_description": description,
        "error_uri": "https://developer.salesforce.com/docs",
    });
    Reply::json(status, &body)
}
