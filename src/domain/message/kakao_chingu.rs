//! KakaoChinguTalk: free-form text, image and buttons (infobip.md 7.2, 7.3).

use serde::{Deserialize, Serialize};

use super::kakao_alim::{KakaoRoute, Links};
use super::{Content, ContentFacts, Draft, Rejection, SmsFallback, Subject};

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
    /// With a mobile URL.
    WebLink(Links),
    /// With an Android and an iOS scheme.
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

pub(crate) fn validate(_draft: &Draft<'_>) -> Result<Content, Rejection> {
    Err(Rejection::Channel)
}

pub(crate) fn validate_omni(_draft: &Draft<'_>) -> Result<Content, Rejection> {
    Err(Rejection::Channel)
}
