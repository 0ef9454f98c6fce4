//! Sessions: the page's token of the signed-in user is exchanged once for a short-lived token of ours.
//!
//! A session is signed, not stored: it says which business unit and user, and until when. SFMC is asked at an address
//! that is ours or fits its two patterns, else the page could send us anywhere and let its own server vouch for it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::{SignedInUser, UserFailure, UserSource};
use crate::clock::{Clock, Timestamp};
use crate::domain::ids::Mid;
use crate::domain::origin;
use crate::domain::secret::Secret;
use crate::domain::tenant::Tenant;
use crate::store::{Store, StoreError};
use crate::tenants::TenantBook;

/// A session lives so long; the page then exchanges a new token without anybody noticing.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// Exchanges at a time: each is a call to SFMC that anybody can make us make.
const EXCHANGES_MAX: usize = 16;
/// Hosts of the page's answer that are looked at.
const HOSTS_MAX: usize = 4;
/// Longest token of SFMC's that is passed on, in bytes; real ones have up to 1.5 kB.
const TOKEN_BYTES_MAX: usize = 8 * 1_024;
/// Longest user id that is kept, in characters.
const USER_CHARS_MAX: usize = 64;
/// Hosts of SFMC's REST services (sfmc.md 3.8).
const SFMC_HOSTS: [&str; 2] = [".exacttargetapis.com", ".rest.marketingcloudapis.com"];

/// Who a request is from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Session {
    pub(crate) tenant: Arc<Tenant>,
    /// SFMC's id of the user, for the log of what they did.
    pub(crate) user: String,
}

/// A session as the page gets it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Opened {
    pub(crate) token: Secret,
    pub(crate) expires_at: Timestamp,
    pub(crate) mid: Mid,
    pub(crate) business_unit: String,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("the business unit with MID {0} is not connected to Waypost: ask your administrator to connect it")]
    NotConnected(Mid),
    #[error("none of the addresses that the page names belongs to SFMC's REST service")]
    ForeignHost,
    #[error(transparent)]
    User(#[from] UserFailure),
    #[error("too many pages are being opened: try again")]
    Busy,
    #[error("the session is over: open the activity again")]
    Over,
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Serialize, Deserialize)]
struct Claims {
    mid: u64,
    user: String,
    /// Milliseconds since 1970.
    until: u64,
}

/// See the module's documentation.
pub(crate) struct Sessions {
    store: Store,
    clock: Arc<dyn Clock>,
    tenants: TenantBook,
    users: Arc<dyn UserSource>,
    exchanges: Semaphore,
}

impl Sessions {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, tenants: TenantBook, users: Arc<dyn UserSource>) -> Self {
        Self { store, clock, tenants, users, exchanges: Semaphore::new(EXCHANGES_MAX) }
    }

    /// Asks SFMC who the page's token belongs to. `hosts` are the REST addresses that Journey Builder told the page, and
    /// `hint` is the MID of the activity when it has one: its business unit's own address is asked first.
    pub(crate) async fn open(
        &self,
        token: &Secret,
        hosts: &[String],
        hint: Option<Mid>,
    ) -> Result<Opened, SessionError> {
        if token.expose().is_empty() || token.expose().len() > TOKEN_BYTES_MAX {
            return Err(UserFailure::Refused.into());
        }
        let _permit = self.exchanges.try_acquire().map_err(|_| SessionError::Busy)?;
        let user = self.ask(token, hosts, hint).await?;
        let tenant = self.tenants.get(user.mid).ok_or(SessionError::NotConnected(user.mid))?;
        let expires_at = self.clock.now().plus(LIFETIME);
        let until = u64::try_from(expires_at.since(Timestamp::default()).as_millis()).unwrap_or(u64::MAX);
        let claims = Claims { mid: user.mid.get(), user: user.user.chars().take(USER_CHARS_MAX).collect(), until };
        // A struct of numbers and texts always has a JSON form.
        let payload = serde_json::to_vec(&claims).unwrap_or_default();
        let mac = self.mac(&payload)?;
        let text = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(&payload), BASE64_URL_SAFE_NO_PAD.encode(mac));
        Ok(Opened { token: Secret::new(text), expires_at, mid: user.mid, business_unit: tenant.name.clone() })
    }

    /// Whose session a request carries.
    pub(crate) fn check(&self, text: &str) -> Result<Session, SessionError> {
        let (payload, mac) = text.split_once('.').ok_or(SessionError::Over)?;
        let decode = |part| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| SessionError::Over);
        let (payload, mac) = (decode(payload)?, decode(mac)?);
        if !bool::from(self.mac(&payload)?.as_slice().ct_eq(&mac)) {
            return Err(SessionError::Over);
        }
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| SessionError::Over)?;
        if self.clock.now().since(Timestamp::default()) >= Duration::from_millis(claims.until) {
            return Err(SessionError::Over);
        }
        let mid = Mid::new(claims.mid);
        let tenant = self.tenants.get(mid).ok_or(SessionError::NotConnected(mid))?;
        Ok(Session { tenant, user: claims.user })
    }

    fn mac(&self, payload: &[u8]) -> Result<[u8; 16], StoreError> {
        self.store.system_hash("page session", payload)
    }

    async fn ask(&self, token: &Secret, hosts: &[String], hint: Option<Mid>) -> Result<SignedInUser, SessionError> {
        let mut failure = None;
        let mut asked = false;
        if let Some(tenant) = hint.and_then(|mid| self.tenants.get(mid))
            && let Some(own) = self.users.own_origin(&tenant).await
        {
            asked = true;
            match self.users.user(&own, token).await {
                // That address is the business unit's own, so its word counts for nobody else.
                Ok(user) if user.mid == tenant.mid => return Ok(user),
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
        for host in hosts.iter().take(HOSTS_MAX) {
            let Ok(host) = origin::parse_origin(host) else { continue };
            let owners = self.owners(host.as_str());
            if !is_sfmc(host.as_str()) && owners.is_empty() {
                continue;
            }
            asked = true;
            match self.users.user(host.as_str(), token).await {
                Ok(user) if is_sfmc(host.as_str()) || owners.contains(&user.mid) => return Ok(user),
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(failure) => Err(failure.into()),
            None if asked => Err(UserFailure::Refused.into()),
            None => Err(SessionError::ForeignHost),
        }
    }

    /// The business units that have this REST origin in their settings.
    fn owners(&self, host: &str) -> Vec<Mid> {
        let has_it = |tenant: &&Arc<Tenant>| tenant.sfmc.rest_origin.as_deref() == Some(host);
        self.tenants.all().iter().filter(has_it).map(|tenant| tenant.mid).collect()
    }
}

/// Whether an origin is one of SFMC's REST services by its name.
fn is_sfmc(origin: &str) -> bool {
    origin.strip_prefix("https://").is_some_and(|host| SFMC_HOSTS.iter().any(|pattern| host.ends_with(pattern)))
}
