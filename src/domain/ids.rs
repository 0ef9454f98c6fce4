//! Identifiers. A newtype has a private field and one way in, so that past it nobody checks again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest id of SFMC or Infobip that we keep as text, in bytes. SFMC's are GUIDs (36); the margin is for the
/// hand-written ones of tests and API events.
pub(crate) const ID_BYTES_MAX: usize = 128;

/// The member id of an SFMC business unit: one tenant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct Mid(u64);

impl Mid {
    pub(crate) const fn new(value: u64) -> Self {
        Self(value)
    }

    pub(crate) const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Mid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Mid {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.trim().parse::<u64>() {
            Ok(value) if value > 0 => Ok(Self(value)),
            _ => Err(InvalidId { what: "MID", allowed: "a positive whole number" }),
        }
    }
}

/// A text was given where an id belongs, and is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not valid: it must be {allowed}")]
pub(crate) struct InvalidId {
    pub(crate) what: &'static str,
    pub(crate) allowed: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub(crate) struct $name(Box<str>);

        impl $name {
            pub(crate) fn new(text: &str) -> Result<Self, InvalidId> {
                let text = text.trim();
                if text.is_empty() || text.len() > ID_BYTES_MAX || text.chars().any(char::is_control) {
                    return Err(InvalidId { what: $what, allowed: "1 to 128 bytes without control characters" });
                }
                Ok(Self(text.into()))
            }

            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// `activityId`: an activity in one journey version; SFMC gives each version's activity its own (sfmc.md 2.1).
    ActivityId, "activityId"
);
text_id!(
    /// `definitionInstanceId`: one contact's pass through a journey (sfmc.md 2.1).
    DefinitionInstanceId, "definitionInstanceId"
);
text_id!(
    /// `journeyId`: the journey version, or the journey; the platform does not say which (sfmc.md 11, row 3).
    JourneyId, "journeyId"
);
text_id!(
    /// The label by which a tenant's in-arguments, pages and command line name an Infobip account.
    AccountId, "account"
);

const NO_ACTIVITY: &str = "00000000-0000-0000-0000-000000000000";

impl ActivityId {
    /// Stands where Journey Builder has given no id yet.
    pub(crate) fn placeholder() -> Self {
        Self(NO_ACTIVITY.into())
    }

    /// Whether it is of no activity: a test message has it.
    pub(crate) fn is_placeholder(&self) -> bool {
        *self.0 == *NO_ACTIVITY
    }
}

impl DefinitionInstanceId {
    /// Whether SFMC filled it in. A missing or all-zero id is never taken for a repeat (spec M11).
    pub(crate) fn is_real(&self) -> bool {
        self.0.chars().any(|c| c.is_ascii_alphanumeric() && c != '0')
    }
}

/// Number of a queue in this store. There is one queue per (tenant, activity id).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct QueueId(pub(crate) u32);

impl QueueId {
    /// Of messages that are in no queue: queues are numbered from below, and never get here.
    const OUTSIDE: Self = Self(u32::MAX);
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Our id of a message, also the `messageId` at Infobip: 32 hexadecimal digits.
///
/// It says where the message lies (queue, sequence), so that a report finds it without an index, and carries 48 random
/// bits, so that it can't be guessed and is not given again by a store restored from an older backup. 32 characters
/// fit Infobip's 50 (infobip.md 1.6) and the data extensions' Text 50.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct MessageId {
    pub(crate) queue: QueueId,
    /// Position in the queue, below 2^48.
    pub(crate) sequence: u64,
    /// Below 2^48.
    pub(crate) nonce: u64,
}

const LOW_48_BITS: u64 = (1 << 48) - 1;

impl MessageId {
    /// Builds the id of the message at `sequence` of `queue`; `random` comes from the caller's generator.
    pub(crate) fn new(queue: QueueId, sequence: u64, random: u64) -> Self {
        Self { queue, sequence: sequence & LOW_48_BITS, nonce: random & LOW_48_BITS }
    }

    /// An id of a test message, which is in no queue (spec M7); both numbers come from the caller's generator.
    pub(crate) fn of_test(random: u64, more: u64) -> Self {
        Self::new(QueueId::OUTSIDE, random, more)
    }

    pub(crate) fn is_of_test(self) -> bool {
        self.queue == QueueId::OUTSIDE
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:012x}{:012x}", self.queue.0, self.sequence, self.nonce)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MessageId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { what: "messageId", allowed: "32 hexadecimal digits" };
        let well_formed = text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let value = u128::from_str_radix(text, 16).ok().filter(|_| well_formed).ok_or(invalid)?;
        #[expect(clippy::cast_possible_truncation, reason = "each part is masked or shifted to its width")]
        Ok(Self {
            queue: QueueId((value >> 96) as u32),
            sequence: (value >> 48) as u64 & LOW_48_BITS,
            nonce: value as u64 & LOW_48_BITS,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn message_ids_round_trip_through_their_text(queue: u32, sequence in 0..=LOW_48_BITS, random: u64) {
            let id = MessageId::new(QueueId(queue), sequence, random);
            prop_assert_eq!(id.to_string().parse::<MessageId>(), Ok(id));
            prop_assert_eq!(id.to_string().len(), 32);
        }

        #[test]
        fn any_text_is_a_message_id_or_an_error(text in ".*") {
            if let Ok(id) = text.parse::<MessageId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn an_all_zero_instance_is_not_real() {
        let zero = DefinitionInstanceId::new("00000000-0000-0000-0000-000000000000").unwrap();
        assert!(!zero.is_real());
        assert!(DefinitionInstanceId::new("00000000-0000-0000-0000-000000000001").unwrap().is_real());
    }
}
