//! KakaoChinguTalk: free-form text, image and buttons (infobip.md 7.2, 7.3).

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::fields::{strict_flag, web_address};
use super::kakao::{self, Needed};
use super::kakao_alim::{KakaoRoute, Links};
use super::numbered_fields::Row;
use super::{Content, ContentFacts, Draft, Rejection, SmsFallback, Subject, names};

/// Longest text, in UTF-16 units (infobip.md 7.2: 1300 characters). OMNI failover's schema has no limit, but what it
/// sends on is the same channel.
pub(crate) const TEXT_UNITS_MAX: usize = 1_300;
/// Longest address of an image and of its link, in UTF-16 units (infobip.md 7.2, 7.3: 250 characters).
const IMAGE_URL_UNITS_MAX: usize = 250;
/// Longest text of a button by the channel's own endpoint, in UTF-16 units (infobip.md 7.2: 14 characters).
pub(crate) const BUTTON_NAME_UNITS_MAX: usize = 14;
/// Longest text of a button over OMNI failover, in UTF-16 units (its schema: 28 characters).
pub(crate) const BUTTON_NAME_OMNI_UNITS_MAX: usize = 28;
/// Links that an app link needs by the channel's own endpoint. Its schema asks for none (infobip.md 7.2); one that
/// leads nowhere is refused here.
const APP_LINKS_MIN: usize = 1;

/// What a KakaoChinguTalk message says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ChinguContent {
    pub(crate) route: KakaoRoute,
    pub(crate) text: String,
    pub(crate) image: Option<ChinguImage>,
    /// At most five.
    pub(crate) buttons: Vec<ChinguButton>,
    /// Marks an advertisement; only OMNI failover asks.
    pub(crate) is_promotional: Option<bool>,
    pub(crate) fallback: Option<SmsFallback>,
}

/// An image above the text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ChinguImage {
    pub(crate) url: String,
    /// What opens when it is tapped.
    pub(crate) link: Option<String>,
}

/// A button below the text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ChinguButton {
    pub(crate) name: String,
    pub(crate) kind: ChinguButtonKind,
}

/// The manual's two types.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum ChinguButtonKind {
    /// With a mobile URL; over OMNI failover only that is sent.
    WebLink(Links),
    /// At least one of Android scheme, iOS scheme and mobile URL; over OMNI failover both schemes, and only they are
    /// sent.
    AppLink(Links),
}

impl ContentFacts for ChinguContent {
    fn sender(&self) -> &str {
        self.route.sender()
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Message((&self.text).into())
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        [self.route.text(), &self.text].into_iter().for_each(&mut *visit);
        if let Some(image) = &self.image {
            visit(&image.url);
            image.link.iter().for_each(|link| visit(link));
        }
        for button in &self.buttons {
            visit(&button.name);
            let (ChinguButtonKind::WebLink(links) | ChinguButtonKind::AppLink(links)) = &button.kind;
            links.each_text(visit);
        }
        self.fallback.iter().for_each(|fallback| fallback.each_text(visit));
    }
}

pub(crate) fn validate(draft: &Draft<'_>) -> Result<Content, Rejection> {
    let route = kakao::direct(draft)?;
    let content = content(draft, route, |row| button(row, BUTTON_NAME_UNITS_MAX, Needed::Some(APP_LINKS_MIN)))?;
    Ok(Content::KakaoChingu(content))
}

pub(crate) fn validate_omni(draft: &Draft<'_>) -> Result<Content, Rejection> {
    let route = kakao::over_omni(draft)?;
    let content = content(draft, route, |row| button(row, BUTTON_NAME_OMNI_UNITS_MAX, Needed::BothSchemes))?;
    Ok(Content::KakaoChingu(content))
}

fn content(
    draft: &Draft<'_>,
    route: KakaoRoute,
    button: impl Fn(&Row<'_>) -> Result<ChinguButton, Rejection>,
) -> Result<ChinguContent, Rejection> {
    let text = draft.text(TEXT_UNITS_MAX)?;
    let image = image(draft)?;
    let buttons = kakao::buttons(draft, button)?;
    let is_promotional = match route {
        KakaoRoute::Direct { .. } => None,
        // Promotional, unless the activity says otherwise.
        KakaoRoute::Omni { .. } => {
            Some(strict_flag(draft.arguments, names::PROMOTIONAL, true).ok_or(Rejection::PromotionalFlag)?)
        }
    };
    let fallback = kakao::fallback(draft, &route)?;
    Ok(ChinguContent { route, text, image, buttons, is_promotional, fallback })
}

fn image(draft: &Draft<'_>) -> Result<Option<ChinguImage>, Rejection> {
    let address = |name| {
        let text = draft.arguments.get(name);
        text.map(|text| web_address(text, IMAGE_URL_UNITS_MAX).ok_or(Rejection::ImageUrlLength)).transpose()
    };
    match (address(names::IMAGE_URL)?, address(names::IMAGE_LINK)?) {
        (Some(url), link) => Ok(Some(ChinguImage { url, link })),
        // A link of nothing.
        (None, Some(_)) => Err(Rejection::ImageUrlLength),
        (None, None) => Ok(None),
    }
}

fn button(row: &Row<'_>, name_units_max: usize, needed: Needed) -> Result<ChinguButton, Rejection> {
    let is_app_link = kakao::button_type(row, &[("WEB_LINK", false), ("APP_LINK", true)])?;
    let name = kakao::button_name(row, name_units_max)?;
    let kind = if is_app_link {
        ChinguButtonKind::AppLink(kakao::app_link(row, needed)?)
    } else {
        ChinguButtonKind::WebLink(kakao::web_link(row)?)
    };
    Ok(ChinguButton { name, kind })
}
