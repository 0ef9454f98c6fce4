//! Values that must never be shown: their `Debug` is a mask, and reading them takes an explicit word.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A credential. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself: for a header, a key derivation, a sealed record. Never for a log, an error or a page.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What a person may see: that there is one, and how it ends when it is long enough not to give it away.
    pub(crate) fn masked(&self) -> String {
        let chars = self.0.chars().count();
        let tail = if chars >= 16 { self.0.chars().skip(chars - 4).collect() } else { String::new() };
        format!("••••{tail}")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.0.to_string()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(••••)")
    }
}
