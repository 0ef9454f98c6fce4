//! What an Infobip account has for an activity to choose from: senders, WhatsApp templates, scenarios (spec T3).
//!
//! Invariants:
//!
//! * Templates are asked for when somebody wants them, once at a time for each sender, and kept for ten minutes
//!   (`template_book`).
//! * An account that does not answer is not asked again by every page that is opened (`template_book`).
//! * A business unit that is changed or removed leaves no list behind (`template_book`).

pub(crate) mod sender_book;
pub(crate) mod template_book;

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use crate::domain::family::Family;
use crate::domain::scenario::{ScenarioCheck, ScenarioKey};
use crate::domain::sender::SenderListing;
use crate::domain::tenant::Account;
use crate::domain::whatsapp_template::Template;

/// Senders that the operator typed, by channel family.
pub(crate) type TypedSenders = BTreeMap<Family, Vec<String>>;

/// The senders that the operator typed.
pub(crate) fn typed_senders(account: &Account) -> TypedSenders {
    let senders = &account.senders;
    [
        (Family::Sms, senders.sms.clone()),
        (Family::WhatsApp, senders.whatsapp.clone()),
        (Family::Viber, senders.viber.clone()),
        (Family::Rcs, senders.rcs.clone()),
        (Family::Kakao, senders.kakao.clone()),
    ]
    .into()
}

/// Why a listing could not be read: one sentence for people, without a number or a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ListingFailure {
    #[error("Infobip refuses the API key (401): it is mistyped, expired, or not allowed from this address")]
    KeyRefused,
    #[error("the API key lacks the scope {scope} (403): add it at Infobip")]
    ScopeMissing { scope: &'static str },
    #[error("Infobip does not know it (404)")]
    NotFound,
    #[error("Infobip refused the request ({problem})")]
    Refused { problem: String },
    #[error("Infobip takes no more requests for now (429): try again in a minute")]
    Throttled,
    #[error("the answer can't be read (HTTP {status}): is the base URL right?")]
    Unreadable { status: u16 },
    #[error("Infobip did not answer ({problem}): try again later")]
    NoAnswer { problem: String },
}

impl ListingFailure {
    /// Whether it says nothing of the account, so that an older list may stand in.
    pub(crate) const fn is_passing(&self) -> bool {
        match self {
            Self::KeyRefused | Self::ScopeMissing { .. } | Self::NotFound | Self::Refused { .. } => false,
            Self::Throttled | Self::Unreadable { .. } | Self::NoAnswer { .. } => true,
        }
    }
}

/// The way to the accounts' listings. Implemented by the Infobip reader and by tests' scripts.
pub(crate) trait AccountListings: Send + Sync + 'static {
    /// All templates of a WhatsApp sender, in whatever state.
    fn templates<'a>(
        &'a self,
        account: &'a Account,
        sender: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Template>, ListingFailure>>;

    /// The senders of every channel family, merged with the typed ones. What could not be read is named in it.
    fn senders<'a>(&'a self, account: &'a Account, typed: &'a TypedSenders) -> BoxFuture<'a, SenderListing>;

    /// *Verify Scenario Key*.
    fn scenario<'a>(&'a self, account: &'a Account, key: &'a ScenarioKey) -> BoxFuture<'a, ScenarioCheck>;
}
