//! What the demonstration shows: for each channel, the kinds of content that it has.

/// The entry source of every journey of the demonstration.
macro_rules! entry {
    () => {
        "DEAudience-waypost-demo"
    };
}

/// The expression of a column of the audience.
macro_rules! event {
    ($column:literal) => {
        concat!("{{Event.", entry!(), ".", $column, "}}")
    };
}

mod basic;
mod rich;

use crate::cli::options::DemoChannels;
use crate::domain::channel::{Channel, ReportFamily};
use crate::domain::extension::{OMNI_REPORTS, SMS_DELIVERY_REPORTS};

/// One kind of content of one channel.
pub(super) struct Show {
    /// The way that it is sent: Kakao over OMNI failover is a channel of its own here.
    pub(super) channel: Channel,
    pub(super) content: &'static str,
    /// In-arguments of the messaging activity, besides those that all have.
    pub(super) arguments: &'static [(&'static str, &'static str)],
}

pub(super) use rich::{ALIM_TEMPLATE, ALIM_TEXT};

pub(super) const ENTRY: &str = entry!();

/// A sender of SMS that is a name: nobody can reply to it.
const SMS_NAME: &str = "Waypost";

/// Label of the account that sends everything but Kakao over OMNI failover.
pub(super) const MAIN_ACCOUNT: &str = "main";
/// Label of the account that sends Kakao over OMNI failover.
pub(super) const OMNI_ACCOUNT: &str = "kakao-over-omni";

impl Show {
    /// Label of the account that sends it.
    pub(super) fn account(&self) -> &'static str {
        // The account chooses the way where one name stands for two.
        if is_by_account(self.channel) { OMNI_ACCOUNT } else { MAIN_ACCOUNT }
    }

    /// Whether persons can reply to it: the channel has replies, and its sender is not a name.
    pub(super) fn is_two_way(&self) -> bool {
        self.channel.capability().replies.is_some() && self.argument("sender") != Some(SMS_NAME)
    }

    /// Whether clicks on it are reported.
    pub(super) fn is_tracked(&self) -> bool {
        self.channel.capability().tracks_links && self.argument("shortenUrl") == Some("true")
    }

    fn argument(&self, name: &str) -> Option<&'static str> {
        self.arguments.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// The channel as the summary names it.
pub(super) fn title(channel: Channel) -> String {
    let name = channel.name();
    if is_by_account(channel) { format!("{name} over OMNI failover") } else { name.to_owned() }
}

/// External key of the data extension that a channel's reports belong to. The demonstration's accounts leave those of
/// MMS among the Omni reports.
pub(super) fn extension_of(channel: Channel) -> &'static str {
    match channel.capability().reports {
        ReportFamily::Sms => SMS_DELIVERY_REPORTS.external_key,
        ReportFamily::Omni | ReportFamily::AsAccountSays => OMNI_REPORTS.external_key,
    }
}

fn is_by_account(channel: Channel) -> bool {
    Channel::by_name(channel.name()) != Some(channel)
}

/// The shows of the chosen channels, in the order of the manual's table.
pub(super) fn chosen(channels: DemoChannels) -> Vec<&'static Show> {
    let is_chosen = |show: &&Show| match channels {
        DemoChannels::All => true,
        DemoChannels::One(channel) => show.channel == channel,
    };
    basic::SHOWS.iter().chain(rich::SHOWS).filter(is_chosen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn values(channel: Channel, prefix: &str) -> BTreeSet<&'static str> {
        let shows = chosen(DemoChannels::One(channel));
        let arguments = shows.iter().flat_map(|show| show.arguments);
        arguments.filter(|(name, _)| name.starts_with(prefix)).map(|(_, value)| *value).collect()
    }

    #[test]
    fn every_way_to_send_is_shown() {
        let shown = chosen(DemoChannels::All);
        for channel in Channel::all() {
            assert!(shown.iter().any(|show| show.channel == channel), "{channel:?}");
        }
        assert!(chosen(DemoChannels::One(Channel::Sms)).iter().all(|show| show.channel == Channel::Sms));
    }

    #[test]
    fn replies_and_clicks_are_shown_wherever_a_channel_has_them() {
        let shown = chosen(DemoChannels::All);
        for channel in Channel::all() {
            let capability = channel.capability();
            let of_channel = || shown.iter().filter(|show| show.channel == channel);
            assert_eq!(of_channel().any(|show| show.is_two_way()), capability.replies.is_some(), "{channel:?}");
            assert!(capability.tracks_links || !of_channel().any(|show| show.is_tracked()), "{channel:?}");
        }
        let tracked: BTreeSet<_> =
            shown.iter().filter(|show| show.is_tracked()).map(|show| show.channel.name()).collect();
        assert_eq!(tracked, BTreeSet::from(["SMS", "WhatsApp", "Viber", "KakaoChinguTalk", "RCS"]));
        // To a name nobody replies.
        assert!(shown.iter().any(|show| show.channel == Channel::Sms && !show.is_two_way()));
    }

    #[test]
    fn every_type_of_a_channels_parts_is_shown() {
        let alim = values(Channel::KakaoAlim, "buttonType");
        assert_eq!(alim.len(), 7, "{alim:?}");
        let chingu = values(Channel::KakaoChingu, "buttonType");
        assert_eq!(chingu.len(), 2, "{chingu:?}");
        let suggestions = values(Channel::Rcs, "suggestionType");
        assert_eq!(suggestions.len(), 6, "{suggestions:?}");
        let segments = values(Channel::Mms, "segmentType");
        assert_eq!(segments.len(), 3, "{segments:?}");
        assert_eq!(values(Channel::Rcs, "contentType"), BTreeSet::from(["TEXT", "FILE", "CARD", "CAROUSEL"]));
        assert_eq!(values(Channel::Viber, "contentType"), BTreeSet::from(["TEXT", "IMAGE", "VIDEO", "FILE"]));
    }
}
