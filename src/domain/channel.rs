//! The channels, and what each of them can do: one table instead of a `match` wherever it matters.
//!
//! A new channel is a row here with its place in `Channel`, in the list and in `capability`; a file of draft → validated
//! content in `message/` with a variant of `Content`; a file on the wire in `infobip/send/` with a row in its table of
//! endpoints. The in-arguments that only it has are rows of the contract.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::inbound::InboundChannel;
use super::message::{Content, Draft, Rejection, kakao_alim, kakao_chingu, lms, mms, rcs, sms, viber, whatsapp};

/// A way to send. A stored number stands for it in the order of this list: new ones go to the end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum Channel {
    Sms,
    Lms,
    Mms,
    WhatsApp,
    Viber,
    /// The manual's *Viber (deprecated)*, over OMNI failover.
    ViberOmni,
    KakaoChingu,
    /// KakaoChinguTalk over OMNI failover, where the account chooses it.
    KakaoChinguOmni,
    KakaoAlim,
    /// Kakao Alim over OMNI failover, where the account chooses it.
    KakaoAlimOmni,
    Rcs,
}

/// Which data extension a channel's delivery reports belong to (spec R1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReportFamily {
    /// *SMS Delivery Reports*.
    Sms,
    /// *Omni Reports*.
    Omni,
    /// One of the two: the manual names both for MMS, so the account says which (spec T3).
    AsAccountSays,
}

/// What a channel is and can do.
pub(crate) struct Capability {
    pub(crate) channel: Channel,
    /// In-argument `channel`; never changes. Over OMNI it is the direct channel's own, except for Viber, which the
    /// manual offers as two.
    pub(crate) name: &'static str,
    /// The `channel` column of all data extensions.
    pub(crate) reported_as: &'static str,
    /// Path segment of the channel's webhooks.
    pub(crate) path: &'static str,
    /// Bulk id when the activity has no name of its own (the manual's defaults).
    pub(crate) bulk_id: &'static str,
    pub(crate) reports: ReportFamily,
    /// Whose scopes and senders it uses at Infobip.
    pub(crate) family: Family,
    /// Largest number of messages in one request; 1 where the endpoint has no bulk form. Infobip publishes no
    /// maximum: 100 is our own ceiling (infobip.md 1.8).
    pub(crate) bulk_max: usize,
    /// Whether the provider's log can be asked for one of our message ids (infobip.md 1.6).
    pub(crate) has_log: bool,
    /// Whether the endpoint can shorten and track URLs; where it can't, the activity's wish is passed over.
    pub(crate) tracks_links: bool,
    /// Whether Infobip tells when a person has seen a message (infobip.md 9.3).
    pub(crate) reports_seen: bool,
    /// What replies to it come on; `None` where there are none.
    pub(crate) replies: Option<InboundChannel>,
    /// What sends instead when the account sends Kakao over OMNI failover.
    pub(crate) over_omni: Option<Channel>,
    /// Draft → validated content, in the manual's order of checks (spec M9).
    pub(crate) validate: fn(&Draft<'_>) -> Result<Content, Rejection>,
}

const BULK_MAX: usize = 100;

const SMS: Capability = Capability {
    channel: Channel::Sms,
    name: "SMS",
    reported_as: "SMS",
    path: "sms",
    bulk_id: "Infobip SMS",
    reports: ReportFamily::Sms,
    family: Family::Sms,
    bulk_max: BULK_MAX,
    has_log: true,
    tracks_links: true,
    reports_seen: false,
    replies: Some(InboundChannel::Sms),
    over_omni: None,
    validate: sms::validate,
};

const LMS: Capability = Capability {
    channel: Channel::Lms,
    name: "LMS",
    reported_as: "LMS",
    path: "lms",
    bulk_id: "Infobip LMS",
    replies: None,
    validate: lms::validate,
    ..SMS
};

const MMS: Capability = Capability {
    channel: Channel::Mms,
    name: "MMS",
    reported_as: "MMS",
    path: "mms",
    bulk_id: "Infobip MMS",
    reports: ReportFamily::AsAccountSays,
    replies: Some(InboundChannel::Mms),
    family: Family::Mms,
    validate: mms::validate,
    ..SMS
};

const WHATSAPP: Capability = Capability {
    channel: Channel::WhatsApp,
    name: "WhatsApp",
    reported_as: "WhatsApp",
    path: "whatsapp",
    bulk_id: "Infobip WhatsApp",
    reports: ReportFamily::Omni,
    family: Family::WhatsApp,
    bulk_max: BULK_MAX,
    has_log: false,
    tracks_links: true,
    reports_seen: true,
    replies: Some(InboundChannel::WhatsApp),
    over_omni: None,
    validate: whatsapp::validate,
};

const VIBER: Capability = Capability {
    channel: Channel::Viber,
    name: "Viber",
    reported_as: "Viber",
    path: "viber",
    bulk_id: "Infobip Viber",
    reports: ReportFamily::Omni,
    family: Family::Viber,
    bulk_max: BULK_MAX,
    has_log: true,
    tracks_links: true,
    reports_seen: true,
    replies: Some(InboundChannel::Viber),
    over_omni: None,
    validate: viber::validate,
};

/// One content for all destinations of a request, so one message each; and no tracking of URLs (infobip.md 5.3).
const VIBER_OMNI: Capability = Capability {
    channel: Channel::ViberOmni,
    name: "Viber (deprecated)",
    path: "viber-omni",
    family: Family::Omni,
    bulk_max: 1,
    tracks_links: false,
    replies: None,
    validate: viber::validate_omni,
    ..VIBER
};

const KAKAO_CHINGU: Capability = Capability {
    channel: Channel::KakaoChingu,
    name: "KakaoChinguTalk",
    reported_as: "KakaoChinguTalk",
    path: "kakao-chingu",
    bulk_id: "Infobip Kakao",
    reports: ReportFamily::Omni,
    family: Family::Kakao,
    bulk_max: BULK_MAX,
    has_log: true,
    tracks_links: true,
    reports_seen: false,
    replies: None,
    over_omni: Some(Channel::KakaoChinguOmni),
    validate: kakao_chingu::validate,
};

const KAKAO_CHINGU_OMNI: Capability = Capability {
    channel: Channel::KakaoChinguOmni,
    path: "kakao-chingu-omni",
    family: Family::Omni,
    bulk_max: 1,
    tracks_links: false,
    over_omni: None,
    validate: kakao_chingu::validate_omni,
    ..KAKAO_CHINGU
};

const KAKAO_ALIM: Capability = Capability {
    channel: Channel::KakaoAlim,
    name: "Kakao Alim",
    reported_as: "Kakao Alim",
    path: "kakao-alim",
    tracks_links: false,
    over_omni: Some(Channel::KakaoAlimOmni),
    validate: kakao_alim::validate,
    ..KAKAO_CHINGU
};

const KAKAO_ALIM_OMNI: Capability = Capability {
    channel: Channel::KakaoAlimOmni,
    path: "kakao-alim-omni",
    family: Family::Omni,
    bulk_max: 1,
    over_omni: None,
    validate: kakao_alim::validate_omni,
    ..KAKAO_ALIM
};

const RCS: Capability = Capability {
    channel: Channel::Rcs,
    name: "RCS",
    reported_as: "RCS",
    path: "rcs",
    bulk_id: "Infobip RCS",
    reports: ReportFamily::Omni,
    family: Family::Rcs,
    bulk_max: BULK_MAX,
    has_log: true,
    tracks_links: true,
    reports_seen: true,
    replies: Some(InboundChannel::Rcs),
    over_omni: None,
    validate: rcs::validate,
};

const CAPABILITIES: &[&Capability] = &[
    &SMS,
    &LMS,
    &MMS,
    &WHATSAPP,
    &VIBER,
    &VIBER_OMNI,
    &KAKAO_CHINGU,
    &KAKAO_CHINGU_OMNI,
    &KAKAO_ALIM,
    &KAKAO_ALIM_OMNI,
    &RCS,
];

impl Channel {
    /// The channel's row of the capability table.
    pub(crate) fn capability(self) -> &'static Capability {
        match self {
            Self::Sms => &SMS,
            Self::Lms => &LMS,
            Self::Mms => &MMS,
            Self::WhatsApp => &WHATSAPP,
            Self::Viber => &VIBER,
            Self::ViberOmni => &VIBER_OMNI,
            Self::KakaoChingu => &KAKAO_CHINGU,
            Self::KakaoChinguOmni => &KAKAO_CHINGU_OMNI,
            Self::KakaoAlim => &KAKAO_ALIM,
            Self::KakaoAlimOmni => &KAKAO_ALIM_OMNI,
            Self::Rcs => &RCS,
        }
    }

    /// Name of the channel as marketers know it.
    pub(crate) fn name(self) -> &'static str {
        self.capability().name
    }

    /// By the in-argument's value. Case, spaces and punctuation don't matter: `kakao_alim` is *Kakao Alim*.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        CAPABILITIES.iter().find(|row| letters(row.name).eq(letters(name))).map(|row| row.channel)
    }

    /// By the path segment of a webhook.
    pub(crate) fn by_path(path: &str) -> Option<Self> {
        CAPABILITIES.iter().find(|row| row.path == path).map(|row| row.channel)
    }

    /// Which family the reports of a channel belong to, by its spelling in the `channel` column.
    pub(crate) fn family_of(reported_as: &str) -> Option<ReportFamily> {
        CAPABILITIES.iter().find(|row| row.reported_as == reported_as).map(|row| row.reports)
    }

    /// Whether there are seen reports of a channel, by its spelling in the `channel` column.
    pub(crate) fn reports_seen(reported_as: &str) -> bool {
        CAPABILITIES.iter().any(|row| row.reported_as == reported_as && row.reports_seen)
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        CAPABILITIES.iter().map(|row| row.channel)
    }

    /// The channels that an activity can choose, in the order of the manual's table.
    pub(crate) fn offered() -> impl Iterator<Item = Self> {
        Self::all().filter(|channel| Self::by_name(channel.name()) == Some(*channel))
    }
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_finds_its_own_row() {
        for channel in Channel::all() {
            assert_eq!(channel.capability().channel, channel);
            assert_eq!(Channel::by_path(channel.capability().path), Some(channel));
            assert_eq!(Channel::family_of(channel.capability().reported_as), Some(channel.capability().reports));
            assert!(channel.capability().bulk_id.len() <= super::super::message::BULK_ID_UNITS_MAX);
        }
    }

    #[test]
    fn an_activity_chooses_the_direct_channel_and_the_account_the_way() {
        let offered: Vec<_> = Channel::offered().map(Channel::name).collect();
        let expected =
            ["SMS", "LMS", "MMS", "WhatsApp", "Viber", "Viber (deprecated)", "KakaoChinguTalk", "Kakao Alim", "RCS"];
        assert_eq!(offered, expected);
        for channel in Channel::all() {
            let Some(omni) = channel.capability().over_omni else { continue };
            assert_eq!(omni.name(), channel.name());
            assert_eq!(omni.capability().reported_as, channel.capability().reported_as);
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        for name in ["kakao alim", "KAKAO_ALIM", "KakaoAlim"] {
            assert_eq!(Channel::by_name(name), Some(Channel::KakaoAlim), "{name}");
        }
        assert_eq!(Channel::by_name("Viber deprecated"), Some(Channel::ViberOmni));
        assert_eq!(Channel::by_name(""), None);
        assert_eq!(Channel::by_name("Email"), None);
    }
}
