//! `POST /kakao-chingu/1/messages` (infobip.md 7.2). Of its many content types only the two free forms that the
//! manual's activity can fill.

use serde::Serialize;

use super::kakao_alim::{WireAction, WireButton, WireLinks};
use super::unified::{self, Part};
use super::{EncodeError, Endpoint, Webhooks};
use crate::dispatch::SendRequest;
use crate::domain::message::Content;
use crate::domain::message::kakao_alim::KakaoRoute;
use crate::domain::message::kakao_chingu::{ChinguButton, ChinguButtonKind, ChinguContent};

/// The log is in Infobip's specification (`/kakao-chingu/1/logs`, 120 requests a minute like the others).
pub(super) const ENDPOINT: Endpoint =
    Endpoint { path: "/kakao-chingu/1/messages", logs_path: Some("/kakao-chingu/1/logs"), encode };

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
enum WireContent<'a> {
    TextFreeForm(WireText<'a>),
    ImageFreeForm {
        image: WireImage<'a>,
        #[serde(flatten)]
        text: WireText<'a>,
    },
}

#[derive(Serialize)]
struct WireText<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<WireButton<'a>>,
}

#[derive(Serialize)]
struct WireImage<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
}

impl<'a> From<&'a ChinguContent> for WireContent<'a> {
    fn from(content: &'a ChinguContent) -> Self {
        let text = WireText { text: &content.text, buttons: content.buttons.iter().map(WireButton::from).collect() };
        match &content.image {
            None => Self::TextFreeForm(text),
            Some(image) => {
                Self::ImageFreeForm { image: WireImage { url: &image.url, link: image.link.as_deref() }, text }
            }
        }
    }
}

impl<'a> From<&'a ChinguButton> for WireButton<'a> {
    fn from(button: &'a ChinguButton) -> Self {
        let action = match &button.kind {
            ChinguButtonKind::AppLink(links) => WireAction::AppLink(WireLinks::all(links)),
            ChinguButtonKind::WebLink(links) => WireAction::Url { links: WireLinks::web(links), target: None },
        };
        Self { name: &button.name, action }
    }
}

fn encode(request: &SendRequest<'_>, webhooks: &Webhooks<'_>) -> Result<Vec<u8>, EncodeError> {
    unified::encode(request, webhooks, |queued| {
        let Content::KakaoChingu(content @ ChinguContent { route: KakaoRoute::Direct { .. }, .. }) =
            &queued.message.content
        else {
            return None;
        };
        Some(Part { fallback: content.fallback.as_ref(), ..Part::new(WireContent::from(content)) })
    })
}
