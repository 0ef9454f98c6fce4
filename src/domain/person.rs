//! A person as a request for erasure names them (spec R5).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::inbound::normalised_party;
use super::message::Message;
use super::phone::Phone;

/// By what. A stored number stands for it in the order of this list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum NamedBy {
    Phone,
    ContactKey,
}

/// A person, by a phone number or a contact key; personal data.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Person {
    by: NamedBy,
    text: String,
}

impl Person {
    pub(crate) fn by_phone(phone: &Phone) -> Self {
        Self { by: NamedBy::Phone, text: phone.expose().to_owned() }
    }

    pub(crate) fn by_contact_key(key: &str) -> Self {
        Self { by: NamedBy::ContactKey, text: key.trim().to_owned() }
    }

    pub(crate) fn named_by(&self) -> NamedBy {
        self.by
    }

    /// The digits or the key. Never for a log.
    pub(crate) fn expose(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_recipient_of(&self, message: &Message) -> bool {
        match self.by {
            NamedBy::Phone => message.recipient.expose() == self.text,
            NamedBy::ContactKey => message.contact_key.trim() == self.text,
        }
    }

    /// Whether this number, however it is spelt, is theirs. A contact key has none.
    pub(crate) fn has_number(&self, number: &str) -> bool {
        self.by == NamedBy::Phone && normalised_party(number) == self.text
    }

    pub(crate) fn has_contact_key(&self, key: &str) -> bool {
        self.by == NamedBy::ContactKey && key.trim() == self.text
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person(by {:?})", self.by)
    }
}
