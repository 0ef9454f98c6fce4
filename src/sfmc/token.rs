//! Access tokens of the client-credentials grant (sfmc.md 5): one per business unit, fetched by one request at a time,
//! renewed before it ends while the old one goes on serving.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::clock::{Clock, Timestamp};
use crate::domain::ids::Mid;
use crate::domain::origin;
use crate::domain::secret::Secret;
use crate::domain::tenant::Tenant;
use crate::outbound::{self, Unanswered};

/// Largest answer that is read: a token has up to 1.5 kB (sfmc.md 5).
const BODY_BYTES_MAX: usize = 64 * 1_024;
/// A token is renewed this long before it ends, and up to [`RENEW_SPREAD_SECS`] earlier, so that business units which
/// were authorised together don't renew together (sfmc.md 5: 60 to 120 s).
const RENEW_EARLY_SECS: u64 = 60;
const RENEW_SPREAD_SECS: u64 = 60;
/// Taken when the answer does not say how long the token lives (sfmc.md 5: 1079 s is the real value).
const LIFETIME_DEFAULT_SECS: u64 = 1_079;
/// No token is trusted for longer than this, whatever the answer says.
const LIFETIME_MAX_SECS: u64 = 3_600;

/// A token that SFMC gave, and what came with it.
pub(crate) struct Token {
    access: Secret,
    /// What the integration may do, such as `data_extensions_read`.
    pub(crate) scopes: Vec<String>,
    /// Without trailing slash; absent when the answer had none that may be called.
    pub(crate) rest_origin: Option<String>,
    pub(crate) soap_origin: Option<String>,
    renew_at: Timestamp,
    ends_at: Timestamp,
}

/// Why there is no token. The sentence names the field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the client id or the client secret is wrong, or belongs to another auth origin: SFMC says {said}")]
    InvalidClient { said: String },
    #[error("the installed package may not be used for this: SFMC says {said}")]
    InvalidScope { said: String },
    /// 400 with another code: most often an `account_id` that the package is not licensed to.
    #[error("SFMC refuses the token request, check the MID and that the package is licensed to it: SFMC says {said}")]
    InvalidRequest { said: String },
    #[error("SFMC forbids the token request, check its Login IP Allowlist for API users: SFMC says {said}")]
    Forbidden { said: String },
    #[error("the auth origin is wrong: what answers there is not SFMC's token service (HTTP {status})")]
    WrongAddress { status: u16 },
    #[error("the auth origin can't be reached: {problem}")]
    Unreachable { problem: Unanswered },
    #[error("SFMC throttles token requests")]
    Throttled { retry_after: Option<Duration> },
    #[error("SFMC's token service fails (HTTP {status})")]
    Unavailable { status: u16 },
}

/// Fetches and keeps the tokens of all business units.
pub(crate) struct TokenClient {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    slots: Mutex<HashMap<Mid, Arc<Slot>>>,
}

/// One business unit's place.
struct Slot {
    /// Hash of the credentials that the token belongs to: changed credentials get a place of their own.
    fingerprint: [u8; 32],
    state: Mutex<State>,
    /// Held while a token is being fetched.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// How the last fetch failed; for those who waited for it, so that they don't fetch again one after another.
    failure: Option<TokenError>,
    fetches: u64,
}

#[derive(Serialize)]
struct TokenRequest<'a> {
    grant_type: &'static str,
    client_id: &'a str,
    client_secret: &'a str,
    account_id: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Option<f64>,
    scope: Option<String>,
    rest_instance_url: Option<String>,
    soap_instance_url: Option<String>,
}

#[derive(Deserialize, Default)]
struct ErrorAnswer {
    error: Option<String>,
    error_description: Option<String>,
    message: Option<String>,
}

impl Token {
    /// For the `Authorization` header and the SOAP `fueloauth` element; never for anything that is shown or kept.
    pub(crate) fn expose(&self) -> &str {
        self.access.expose()
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|given| given == scope)
    }
}

impl Slot {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token while it lives.
    fn living(&self, now: Timestamp) -> Option<Arc<Token>> {
        self.state().token.clone().filter(|token| now < token.ends_at)
    }
}

impl TokenClient {
    pub(crate) fn new(http: reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        Self { http, clock, slots: Mutex::default() }
    }

    /// A token of the business unit, from memory when there is one.
    pub(crate) async fn get(&self, tenant: &Tenant) -> Result<Arc<Token>, TokenError> {
        let slot = self.slot(tenant);
        let now = self.clock.steady();
        let living = slot.living(now);
        if let Some(token) = &living
            && now < token.renew_at
        {
            return Ok(token.clone());
        }
        let fetches_seen = slot.state().fetches;
        let _fetching = match (slot.fetching.try_lock(), living.clone()) {
            (Ok(guard), _) => guard,
            // Someone is renewing it: the old one serves meanwhile.
            (Err(_), Some(token)) => return Ok(token),
            (Err(_), None) => {
                let guard = slot.fetching.lock().await;
                let state = slot.state();
                if state.fetches != fetches_seen {
                    // Whoever we waited for has the answer for us too.
                    if let Some(failure) = &state.failure {
                        return Err(failure.clone());
                    }
                    if let Some(token) = &state.token {
                        return Ok(token.clone());
                    }
                }
                drop(state);
                guard
            }
        };
        let fetched = self.fetch(tenant).await;
        let mut state = slot.state();
        state.fetches += 1;
        match fetched {
            Ok(token) => {
                let token = Arc::new(token);
                *state = State { token: Some(token.clone()), failure: None, fetches: state.fetches };
                Ok(token)
            }
            Err(failure) => {
                state.failure = Some(failure.clone());
                living.ok_or(failure)
            }
        }
    }

    /// Forgets `token` after it was refused (401). A newer one that came meanwhile stays.
    pub(crate) fn invalidate(&self, tenant: &Tenant, token: &Arc<Token>) {
        let slot = self.slot(tenant);
        let mut state = slot.state();
        if state.token.as_ref().is_some_and(|current| Arc::ptr_eq(current, token)) {
            state.token = None;
        }
    }

    /// Forgets whatever is kept for the business unit, so that a check asks SFMC itself.
    pub(crate) fn forget(&self, mid: Mid) {
        self.slots().remove(&mid);
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<Mid, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, tenant: &Tenant) -> Arc<Slot> {
        let fingerprint = fingerprint(tenant);
        let fresh = || Arc::new(Slot { fingerprint, state: Mutex::default(), fetching: tokio::sync::Mutex::default() });
        let mut slots = self.slots();
        let slot = slots.entry(tenant.mid).or_insert_with(fresh);
        if slot.fingerprint != fingerprint {
            *slot = fresh();
        }
        slot.clone()
    }

    async fn fetch(&self, tenant: &Tenant) -> Result<Token, TokenError> {
        let access = &tenant.sfmc;
        // No `scope`: all scopes of the integration (sfmc.md 5).
        let body = TokenRequest {
            grant_type: "client_credentials",
            client_id: &access.client_id,
            client_secret: access.client_secret.expose(),
            account_id: tenant.mid.to_string(),
        };
        let request = self.http.post(format!("{}/v2/token", access.auth_origin.trim_end_matches('/'))).json(&body);
        let answer = outbound::exchange(request, BODY_BYTES_MAX, self.clock.now()).await;
        let answer = answer.map_err(|problem| TokenError::Unreachable { problem })?;
        if answer.status != 200 {
            return Err(refusal(answer.status, answer.retry_after, &answer.body));
        }
        let wire: TokenAnswer =
            serde_json::from_slice(&answer.body).map_err(|_| TokenError::WrongAddress { status: 200 })?;
        self.token(wire, tenant.mid).ok_or(TokenError::WrongAddress { status: 200 })
    }

    fn token(&self, wire: TokenAnswer, mid: Mid) -> Option<Token> {
        let is_sendable = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_sendable(&wire.access_token) {
            return None;
        }
        let now = self.clock.steady();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=3600 before")]
        let lifetime =
            wire.expires_in.map_or(LIFETIME_DEFAULT_SECS, |secs| secs.clamp(1.0, LIFETIME_MAX_SECS as f64) as u64);
        let early = RENEW_EARLY_SECS + mid.get() % (RENEW_SPREAD_SECS + 1);
        let until_renewal = lifetime.saturating_sub(early).max(lifetime / 2);
        let instance = |url: Option<String>| {
            url.and_then(|url| origin::parse_origin(&url).ok()).map(|origin| origin.as_str().to_owned())
        };
        Some(Token {
            access: Secret::new(wire.access_token),
            scopes: wire.scope.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            rest_origin: instance(wire.rest_instance_url),
            soap_origin: instance(wire.soap_instance_url),
            renew_at: now.plus(Duration::from_secs(until_renewal)),
            ends_at: now.plus(Duration::from_secs(lifetime)),
        })
    }
}

fn refusal(status: u16, retry_after: Option<Duration>, body: &[u8]) -> TokenError {
    let answer: Option<ErrorAnswer> = serde_json::from_slice(body).ok();
    let is_sfmc = answer.is_some();
    let ErrorAnswer { error, error_description, message } = answer.unwrap_or_default();
    let code = error.unwrap_or_default();
    let said = match error_description.or(message) {
        Some(text) => outbound::words(&format!("{code} {text}")),
        None => outbound::words(&code),
    };
    match (status, code.as_str()) {
        (429, _) => TokenError::Throttled { retry_after },
        (500.., _) => TokenError::Unavailable { status },
        (_, "invalid_client" | "unauthorized_client") => TokenError::InvalidClient { said },
        (_, "invalid_scope") => TokenError::InvalidScope { said },
        (401, _) => TokenError::InvalidClient { said },
        (400, _) if is_sfmc => TokenError::InvalidRequest { said },
        (403, _) => TokenError::Forbidden { said },
        _ => TokenError::WrongAddress { status },
    }
}

fn fingerprint(tenant: &Tenant) -> [u8; 32] {
    let access = &tenant.sfmc;
    let mut hash = Sha256::new();
    for part in [access.auth_origin.as_str(), &access.client_id, access.client_secret.expose()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;
    use crate::outbound::stub::{Reply, Stub};
    use crate::sfmc::client::tests::tenant;

    fn granted(expires_in: u64) -> Reply {
        let body = serde_json::json!({
            "access_token": "t0ken", "token_type": "Bearer", "expires_in": expires_in,
            "scope": "data_extensions_read journeys_read",
            "rest_instance_url": "https://x.rest.marketingcloudapis.com/",
        });
        Reply::json(200, &body.to_string())
    }

    fn client() -> (Arc<VirtualClock>, TokenClient) {
        let clock = Arc::new(VirtualClock::starting_at(Timestamp::from_secs(1_790_000_000)));
        (clock.clone(), TokenClient::new(crate::outbound::stub::http_client(), clock))
    }

    #[tokio::test]
    async fn concurrent_callers_share_one_request() {
        let stub = Stub::start(vec![granted(1_079)]).await;
        let (_, client) = client();
        let tenant = tenant(&stub.origin());
        let (a, b, c) = tokio::join!(client.get(&tenant), client.get(&tenant), client.get(&tenant));
        let a = a.unwrap();
        assert!(Arc::ptr_eq(&a, &b.unwrap()) && Arc::ptr_eq(&a, &c.unwrap()));
        assert_eq!(a.rest_origin.as_deref(), Some("https://x.rest.marketingcloudapis.com"));
        assert!(a.has_scope("journeys_read") && !a.has_scope("data_extensions_write"));
        assert_eq!(stub.requests().len(), 1);
        let body: serde_json::Value = serde_json::from_str(&stub.requests()[0].body).unwrap();
        assert_eq!(body["account_id"], "510001234");
        assert_eq!(body["grant_type"], "client_credentials");
    }

    #[tokio::test]
    async fn a_token_is_renewed_before_it_ends_and_survives_a_failed_renewal() {
        let stub = Stub::start(vec![granted(1_079), Reply::json(503, "{}"), granted(1_079)]).await;
        let (clock, client) = client();
        let tenant = tenant(&stub.origin());
        let first = client.get(&tenant).await.unwrap();
        clock.advance(Duration::from_secs(1_079 - 121));
        assert!(Arc::ptr_eq(&first, &client.get(&tenant).await.unwrap()));
        assert_eq!(stub.requests().len(), 1);
        clock.advance(Duration::from_secs(61));
        assert!(Arc::ptr_eq(&first, &client.get(&tenant).await.unwrap()), "the old one serves after a failed renewal");
        assert_eq!(stub.requests().len(), 2);
        assert!(!Arc::ptr_eq(&first, &client.get(&tenant).await.unwrap()));
    }

    #[tokio::test]
    async fn a_refused_token_and_changed_credentials_are_fetched_anew() {
        let stub = Stub::start(vec![granted(1_079), granted(1_079), granted(1_079)]).await;
        let (_, client) = client();
        let mut tenant = tenant(&stub.origin());
        let first = client.get(&tenant).await.unwrap();
        client.invalidate(&tenant, &first);
        let second = client.get(&tenant).await.unwrap();
        client.invalidate(&tenant, &first);
        assert!(Arc::ptr_eq(&second, &client.get(&tenant).await.unwrap()));
        tenant.sfmc.client_secret = Secret::new("other");
        assert!(!Arc::ptr_eq(&second, &client.get(&tenant).await.unwrap()));
    }

    #[test]
    fn refusals_name_what_is_wrong() {
        let refused = |status, body: &str| refusal(status, None, body.as_bytes());
        let client =
            refused(401, r#"{"error":"invalid_client","error_description":"Invalid client ID.","error_uri":"u"}"#);
        assert_eq!(client, TokenError::InvalidClient { said: "invalid_client Invalid client ID.".into() });
        assert!(matches!(refused(400, r#"{"error":"invalid_scope"}"#), TokenError::InvalidScope { .. }));
        assert!(matches!(refused(400, r#"{"error":"invalid_request"}"#), TokenError::InvalidRequest { .. }));
        assert!(matches!(refused(403, "<html>"), TokenError::Forbidden { .. }));
        assert_eq!(refused(404, "<html>"), TokenError::WrongAddress { status: 404 });
        assert_eq!(refused(301, ""), TokenError::WrongAddress { status: 301 });
        assert_eq!(refused(503, ""), TokenError::Unavailable { status: 503 });
        assert!(matches!(refused(429, ""), TokenError::Throttled { .. }));
    }

    #[tokio::test]
    async fn an_unreachable_origin_says_so() {
        let (_, client) = client();
        let failure = client.get(&tenant("http://127.0.0.1:1")).await.err();
        assert_eq!(failure, Some(TokenError::Unreachable { problem: Unanswered::NoConnection }));
    }
}
