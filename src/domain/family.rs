//! Channel families: how Infobip groups scopes and senders, coarser than the channels that an activity offers.

use serde::{Deserialize, Serialize};

/// A family of channels. `Omni` is OMNI failover, which is used through scenario keys only (infobip.md 5.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    Sms,
    Mms,
    WhatsApp,
    Viber,
    Rcs,
    Kakao,
    Omni,
}

impl Family {
    /// As the manual's pages write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sms => "SMS/LMS",
            Self::Mms => "MMS",
            Self::WhatsApp => "WhatsApp",
            Self::Viber => "Viber",
            Self::Rcs => "RCS",
            Self::Kakao => "Kakao",
            Self::Omni => "OMNI failover",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The families that an account uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Families(u8);

impl Families {
    /// Those of the manual's list of scopes: all but OMNI failover.
    #[cfg(test)]
    pub(crate) const MANUAL: Self = Self(
        Family::Sms.bit()
            | Family::Mms.bit()
            | Family::WhatsApp.bit()
            | Family::Viber.bit()
            | Family::Rcs.bit()
            | Family::Kakao.bit(),
    );

    pub(crate) const fn has(self, family: Family) -> bool {
        self.0 & family.bit() != 0
    }
}

impl FromIterator<Family> for Families {
    fn from_iter<T: IntoIterator<Item = Family>>(families: T) -> Self {
        Self(families.into_iter().fold(0, |bits, family| bits | family.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it_and_the_manual_has_no_omni() {
        let some: Families = [Family::Sms, Family::Omni].into_iter().collect();
        for family in
            [Family::Sms, Family::Mms, Family::WhatsApp, Family::Viber, Family::Rcs, Family::Kakao, Family::Omni]
        {
            assert_eq!(some.has(family), matches!(family, Family::Sms | Family::Omni), "{family:?}");
            assert_eq!(Families::MANUAL.has(family), family != Family::Omni, "{family:?}");
            assert!(!Families::default().has(family));
        }
    }
}
