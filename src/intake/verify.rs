//! Whose call is it? Only the keys of the tenant that the call itself names may answer (spec T8).

use std::sync::Arc;

use super::ConfigurationToken;
use crate::clock::Timestamp;
use crate::domain::ids::Mid;
use crate::domain::message::names;
use crate::domain::tenant::Tenant;
use crate::sfmc::activity::{ActivityError, ExecuteCall};
use crate::sfmc::jwt::{self, Body, JwtError};
use crate::store::StoreError;
use crate::tenants::TenantBook;

/// A call that a tenant's key has signed. Made here and nowhere else.
pub(crate) struct Verified<T> {
    tenant: Arc<Tenant>,
    call: T,
}

impl<T> Verified<T> {
    pub(crate) fn into_parts(self) -> (Arc<Tenant>, T) {
        (self.tenant, self.call)
    }
}

/// Why a call is answered with an error status (spec M10): everything else is a soft error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// 400.
    #[error("the body is neither JSON nor a JWT")]
    NeitherJsonNorJwt,
    /// 400.
    #[error(transparent)]
    Malformed(#[from] ActivityError),
    /// 401.
    #[error("the call is not signed: set useJwt in the activity")]
    Unsigned,
    /// 401.
    #[error(transparent)]
    Signature(#[from] JwtError),
    /// 401. The same for an unknown business unit and for two that disagree: who can't sign learns nothing.
    #[error("the call names no business unit that is connected here")]
    NoTenant,
    /// 503.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Verifies the body of an execute call. `token` is the configuration id of the call's URL, already checked.
pub(crate) fn verify_execute(
    tenants: &TenantBook,
    body: &[u8],
    token: Option<ConfigurationToken>,
    now: Timestamp,
) -> Result<Verified<ExecuteCall>, CallError> {
    let jws = match jwt::split(body) {
        Body::Token(jws) => jws,
        // A body that can't be read is told so before it is told that it is not signed.
        Body::Json(json) => {
            ExecuteCall::parse(json)?;
            return Err(CallError::Unsigned);
        }
        Body::Empty | Body::Neither => return Err(CallError::NeitherJsonNorJwt),
    };
    let unverified = jwt::peek(&jws).ok_or(JwtError::Malformed)?;
    let call = ExecuteCall::parse(unverified.payload());
    let named = call.as_ref().ok().and_then(|call| call.arguments.get(names::MID)).map(str::parse::<Mid>);
    let mid = match (named, token) {
        (Some(Ok(named)), Some(token)) if named != token.mid => return Err(CallError::NoTenant),
        (Some(Ok(named)), _) => named,
        (None, Some(token)) => token.mid,
        (Some(Err(_)), _) | (None, None) => {
            // Without a business unit nobody can have signed it; a body that is no call at all is malformed.
            call?;
            return Err(CallError::NoTenant);
        }
    };
    let tenant = tenants.get(mid).ok_or(CallError::NoTenant)?;
    let keys = jwt::keys_of(&tenant.verification);
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_slice()).collect();
    unverified.verify(&keys, now)?;
    Ok(Verified { tenant, call: call? })
}
