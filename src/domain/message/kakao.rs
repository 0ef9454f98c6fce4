//! What Kakao Alim and KakaoChinguTalk have in common: the two ways to Kakao, and buttons (infobip.md 7).

use super::fields::is_unbroken;
use super::kakao_alim::{KakaoRoute, Links, SENDER_CHARS_MAX};
use super::numbered_fields::{Row, rows};
use super::{Draft, Rejection, SmsFallback, names, sms};

/// Most buttons of a message (infobip.md 7.1 to 7.3).
pub(crate) const BUTTONS_MAX: usize = 5;
/// Longest address or scheme of a button, in UTF-16 units (infobip.md 7.1 to 7.3: 500 characters).
pub(crate) const LINK_UNITS_MAX: usize = 500;

/// Every field of a button. A row that holds any of them is a button, so nothing gets lost in silence.
const FIELDS: &[&str] = &[
    names::BUTTON_TYPE_PREFIX,
    names::BUTTON_NAME_PREFIX,
    names::BUTTON_URL_MOBILE_PREFIX,
    names::BUTTON_URL_PC_PREFIX,
    names::BUTTON_ANDROID_SCHEME_PREFIX,
    names::BUTTON_IOS_SCHEME_PREFIX,
    names::BUTTON_TARGET_PREFIX,
    names::BUTTON_CHAT_EXTRA_PREFIX,
    names::BUTTON_CHAT_EVENT_PREFIX,
];

/// By the channel's own endpoint.
pub(super) fn direct(draft: &Draft<'_>) -> Result<KakaoRoute, Rejection> {
    Ok(KakaoRoute::Direct { sender: draft.sender(SENDER_CHARS_MAX)? })
}

/// By a scenario of OMNI failover.
pub(super) fn over_omni(draft: &Draft<'_>) -> Result<KakaoRoute, Rejection> {
    Ok(KakaoRoute::Omni { scenario_key: draft.scenario_key()? })
}

/// The SMS to fall back on. Over OMNI failover the scenario has its sender, so the activity needs none.
pub(super) fn fallback(draft: &Draft<'_>, route: &KakaoRoute) -> Result<Option<SmsFallback>, Rejection> {
    if let KakaoRoute::Direct { .. } = route {
        return draft.sms_fallback();
    }
    let text = draft.arguments.raw(names::FALLBACK_TEXT);
    if text.trim().is_empty() {
        return Ok(None);
    }
    let fits = sms::fits(text);
    fits.then(|| Some(SmsFallback { sender: String::new(), text: text.to_owned() })).ok_or(Rejection::FallbackText)
}

/// The buttons in the order of their numbers, each read by `read`.
pub(super) fn buttons<T>(
    draft: &Draft<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, Rejection>,
) -> Result<Vec<T>, Rejection> {
    let rows = rows(draft.arguments.filled(), FIELDS, |field, name| field == name);
    if rows.len() > BUTTONS_MAX {
        return Err(Rejection::ButtonsLength);
    }
    rows.values().map(read).collect()
}

/// What a button is, by the manual's types.
pub(super) fn button_type<T: Copy>(button: &Row<'_>, types: &[(&str, T)]) -> Result<T, Rejection> {
    button.choice(names::BUTTON_TYPE_PREFIX, types, Rejection::ButtonType)?.ok_or(Rejection::ButtonType)
}

/// The text on a button.
pub(super) fn button_name(button: &Row<'_>, units_max: usize) -> Result<String, Rejection> {
    let wrong = Rejection::ButtonTextLength;
    button.text(names::BUTTON_NAME_PREFIX, units_max, wrong)?.ok_or(wrong)
}

/// Where a web link leads: with a mobile address.
pub(super) fn web_link(button: &Row<'_>) -> Result<Links, Rejection> {
    let address = |name| button.address(name, LINK_UNITS_MAX, Rejection::ButtonUrlLength);
    Ok(Links {
        url_mobile: Some(address(names::BUTTON_URL_MOBILE_PREFIX)?.ok_or(Rejection::ButtonUrlLength)?),
        url_pc: address(names::BUTTON_URL_PC_PREFIX)?,
        ..Links::default()
    })
}

/// Which links an app link needs.
#[derive(Clone, Copy)]
pub(super) enum Needed {
    /// At least so many of Android scheme, iOS scheme and mobile address.
    Some(usize),
    /// Android scheme and iOS scheme.
    BothSchemes,
}

/// Where an app link leads.
pub(super) fn app_link(button: &Row<'_>, needed: Needed) -> Result<Links, Rejection> {
    let scheme = |name| {
        let scheme = button.identifier(name, LINK_UNITS_MAX, Rejection::SchemesLength)?;
        if scheme.as_deref().is_none_or(is_unbroken) { Ok(scheme) } else { Err(Rejection::SchemesLength) }
    };
    let address = |name| button.address(name, LINK_UNITS_MAX, Rejection::SchemesLength);
    let links = Links {
        android_scheme: scheme(names::BUTTON_ANDROID_SCHEME_PREFIX)?,
        ios_scheme: scheme(names::BUTTON_IOS_SCHEME_PREFIX)?,
        url_mobile: address(names::BUTTON_URL_MOBILE_PREFIX)?,
        url_pc: address(names::BUTTON_URL_PC_PREFIX)?,
    };
    let enough = match needed {
        Needed::Some(count) => {
            [&links.android_scheme, &links.ios_scheme, &links.url_mobile].into_iter().flatten().count() >= count
        }
        Needed::BothSchemes => links.android_scheme.is_some() && links.ios_scheme.is_some(),
    };
    enough.then_some(links).ok_or(Rejection::SchemesLength)
}
