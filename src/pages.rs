//! The use cases behind the pages that a marketer meets in Journey Builder (spec M1, M7, M12, R4).
//!
//! Invariants:
//!
//! * Nothing of a business unit is shown or changed without a session of that very unit, and a session comes only from
//!   SFMC's own word on who is signed in ([`session`]).
//! * What the page sends is checked by the rules that execute is checked by; the page has none of its own.
//! * An activity that is opened and saved unchanged is the same activity ([`configuration`]).
//! * A test message is counted nowhere, and a reply to it is taken for no contact's ([`test_send`]).

pub(crate) mod configuration;
pub(crate) mod figures;
pub(crate) mod message_form;
pub(crate) mod preview;
pub(crate) mod session;
pub(crate) mod test_send;

use futures_util::future::BoxFuture;

use crate::domain::ids::Mid;
use crate::domain::secret::Secret;
use crate::domain::tenant::Tenant;

/// Who sits before the page, as SFMC says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SignedInUser {
    pub(crate) mid: Mid,
    /// SFMC's id of the user; empty when it was not told.
    pub(crate) user: String,
}

/// Why SFMC did not say who it is.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum UserFailure {
    #[error("SFMC does not know the page's token any more: close the activity and open it again")]
    Refused,
    #[error("SFMC did not say who is signed in ({0}): try again")]
    NoAnswer(String),
}

/// The way to SFMC's word on a user. Implemented by the SFMC client and by tests' scripts.
pub(crate) trait UserSource: Send + Sync + 'static {
    /// Asks the REST service at `rest_origin` whose token it is.
    fn user<'a>(&'a self, rest_origin: &'a str, token: &'a Secret) -> BoxFuture<'a, Result<SignedInUser, UserFailure>>;

    /// The business unit's own REST origin, without trailing slash; `None` when it can't be told now.
    fn own_origin<'a>(&'a self, tenant: &'a Tenant) -> BoxFuture<'a, Option<String>>;
}
