//! `POST /kakao-alim/1/messages` (infobip.md 7.1).

use serde::Serialize;

use super::unified::{self, Part};
use super::{EncodeError, Endpoint, Webhooks};
use crate::dispatch::SendRequest;
use crate::domain::message::Content;
use crate::domain::message::kakao_alim::{AlimAction, AlimButton, AlimContent, KakaoRoute, Links};

pub(super) const ENDPOINT: Endpoint =
    Endpoint { path: "/kakao-alim/1/messages", logs_path: Some("/kakao-alim/1/logs"), encode };

/// There is no image in it: the image belongs to the registered template.
#[derive(Serialize)]
#[serde(tag = "type", rename = "TEMPLATE", rename_all = "camelCase")]
struct WireContent<'a> {
    template_code: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<WireButton<'a>>,
}

/// A button of both direct Kakao channels.
#[derive(Serialize)]
pub(super) struct WireButton<'a> {
    pub(super) name: &'a str,
    #[serde(flatten)]
    pub(super) action: WireAction<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub(super) enum WireAction<'a> {
    AppLink(WireLinks<'a>),
    Url {
        #[serde(flatten)]
        links: WireLinks<'a>,
        /// `out` opens the external browser.
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<&'static str>,
    },
    DeliveryTracking,
    ChatbotSwitch {
        #[serde(skip_serializing_if = "Option::is_none")]
        chat_extra: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        chat_event: Option<&'a str>,
    },
    BotKeyword,
    MessageDelivery,
    AddChannel,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireLinks<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    scheme_android: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheme_ios: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url_mobile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url_pc: Option<&'a str>,
}

impl<'a> WireLinks<'a> {
    pub(super) fn all(links: &'a Links) -> Self {
        Self {
            scheme_android: links.android_scheme.as_deref(),
            scheme_ios: links.ios_scheme.as_deref(),
            ..Self::web(links)
        }
    }

    /// Without schemes, for which a web link has no place.
    pub(super) fn web(links: &'a Links) -> Self {
        Self {
            scheme_android: None,
            scheme_ios: None,
            url_mobile: links.url_mobile.as_deref(),
            url_pc: links.url_pc.as_deref(),
        }
    }
}

impl<'a> From<&'a AlimContent> for WireContent<'a> {
    fn from(content: &'a AlimContent) -> Self {
        Self {
            template_code: &content.template_code,
            text: &content.text,
            title: content.title.as_deref(),
            buttons: content.buttons.iter().map(WireButton::from).collect(),
        }
    }
}

impl<'a> From<&'a AlimButton> for WireButton<'a> {
    fn from(button: &'a AlimButton) -> Self {
        let action = match &button.action {
            AlimAction::AppLink(links) => WireAction::AppLink(WireLinks::all(links)),
            AlimAction::WebLink { links, opens_outside } => {
                WireAction::Url { links: WireLinks::web(links), target: opens_outside.then_some("out") }
            }
            AlimAction::ChatbotSwitch { extra, event } => {
                WireAction::ChatbotSwitch { chat_extra: extra.as_deref(), chat_event: event.as_deref() }
            }
            AlimAction::DeliveryTracking => WireAction::DeliveryTracking,
            AlimAction::BotKeyword => WireAction::BotKeyword,
            AlimAction::MessageDelivery => WireAction::MessageDelivery,
            AlimAction::AddChannel => WireAction::AddChannel,
        };
        Self { name: &button.name, action }
    }
}

fn encode(request: &SendRequest<'_>, webhooks: &Webhooks<'_>) -> Result<Vec<u8>, EncodeError> {
    unified::encode(request, webhooks, |queued| {
        let Content::KakaoAlim(content @ AlimContent { route: KakaoRoute::Direct { .. }, .. }) =
            &queued.message.content
        else {
            return None;
        };
        Some(Part { fallback: content.fallback.as_ref(), ..Part::new(WireContent::from(content)) })
    })
}
