//! The channels, and what each of them can do: one table instead of a `match` wherever it matters.

use serde::{Deserialize, Serialize};

use super::message::{Content, Draft, Rejection, sms};

/// A channel that the messaging activity offers. The name is the in-argument's value and never changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum Channel {
    Sms,
}

/// Which data extension a channel's delivery reports belong to (spec R1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReportFamily {
    Sms,
}

/// What a channel is and can do.
pub(crate) struct Capability {
    pub(crate) channel: Channel,
    /// In-argument `channel`, and the `channel` column of the reports.
    pub(crate) name: &'static str,
    /// Path segment of the channel's webhooks.
    pub(crate) path: &'static str,
    /// Bulk id when the activity has no name of its own (the manual's defaults).
    pub(crate) bulk_id: &'static str,
    pub(crate) reports: ReportFamily,
    /// Largest number of messages in one request; 1 where the endpoint has no bulk form. Infobip publishes no
    /// maximum: 100 is our own ceiling (infobip.md 1.8).
    pub(crate) bulk_max: usize,
    /// Whether the provider's log can be asked for one of our message ids (infobip.md 1.6).
    pub(crate) has_log: bool,
    /// Draft → validated content, in the manual's order of checks (spec M9).
    pub(crate) validate: fn(&Draft<'_>) -> Result<Content, Rejection>,
}

const SMS: Capability = Capability {
    channel: Channel::Sms,
    name: "SMS",
    path: "sms",
    bulk_id: "Infobip SMS",
    reports: ReportFamily::Sms,
    bulk_max: 100,
    has_log: true,
    validate: sms::validate,
};

const CAPABILITIES: &[&Capability] = &[&SMS];

impl Channel {
    /// The channel's row of the capability table.
    pub(crate) fn capability(self) -> &'static Capability {
        match self {
            Self::Sms => &SMS,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.capability().name
    }

    /// By the in-argument's value, in any case.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        CAPABILITIES.iter().find(|row| row.name.eq_ignore_ascii_case(name.trim())).map(|row| row.channel)
    }

    /// By the path segment of a webhook.
    pub(crate) fn by_path(path: &str) -> Option<Self> {
        CAPABILITIES.iter().find(|row| row.path == path).map(|row| row.channel)
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        CAPABILITIES.iter().map(|row| row.channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_finds_its_own_row() {
        for channel in Channel::all() {
            assert_eq!(channel.capability().channel, channel);
            assert_eq!(Channel::by_name(channel.name()), Some(channel));
            assert_eq!(Channel::by_path(channel.capability().path), Some(channel));
        }
    }
}
