//! `POST /omni/1/advanced`: one content for all destinations, so one message in a request (infobip.md 5.3, 7.3). The
//! senders are the scenario's.

use serde::Serialize;

use super::{EncodeError, Endpoint, Webhooks};
use crate::dispatch::SendRequest;
use crate::domain::delivery;
use crate::domain::message::kakao_alim::{AlimAction, AlimButton, AlimContent, KakaoRoute, Links};
use crate::domain::message::kakao_chingu::{ChinguButton, ChinguButtonKind, ChinguContent};
use crate::domain::message::viber::{Label, ViberOmniContent};
use crate::domain::message::{Content, QueuedMessage, SmsFallback, VALIDITY_MINUTES_MAX};

pub(super) const ENDPOINT: Endpoint = Endpoint { path: "/omni/1/advanced", logs_path: Some("/omni/1/logs"), encode };

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest<'a> {
    scenario_key: &'a str,
    bulk_id: &'a str,
    destinations: [WireDestination<'a>; 1],
    #[serde(flatten)]
    step: WireStep<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms: Option<WireSms<'a>>,
    /// Gets delivery and seen reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_url: Option<String>,
    notify_content_type: &'static str,
    callback_data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDestination<'a> {
    message_id: String,
    to: WireRecipient<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRecipient<'a> {
    phone_number: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum WireStep<'a> {
    Viber(WireViber<'a>),
    KakaoChingu(WireChingu<'a>),
    KakaoAlim(WireAlim<'a>),
}

/// How long a step may take before the next one begins. Always said: Viber's own is not the 48 hours of the others but
/// up to 14 days (infobip.md 5.3), and its SMS would be as late.
#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
struct WireValidity {
    validity_period: u16,
    validity_period_time_unit: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireViber<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(rename = "imageURL", skip_serializing_if = "Option::is_none")]
    image_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    button_text: Option<&'a str>,
    #[serde(rename = "buttonURL", skip_serializing_if = "Option::is_none")]
    button_url: Option<&'a str>,
    is_promotional: bool,
    tracking_data: String,
    #[serde(flatten)]
    validity: WireValidity,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireChingu<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_promotional: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<WireButton<'a>>,
    #[serde(flatten)]
    validity: WireValidity,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAlim<'a> {
    text: &'a str,
    template_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<WireButton<'a>>,
    #[serde(flatten)]
    validity: WireValidity,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireButton<'a> {
    button_text: &'a str,
    #[serde(flatten)]
    action: WireAction<'a>,
}

/// Both kinds of Kakao: the fields of their buttons differ only in which are there.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
enum WireAction<'a> {
    AppLink(WireLinks<'a>),
    Url {
        #[serde(flatten)]
        links: WireLinks<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<&'static str>,
    },
    DeliveryTracking,
    /// Here both fields are mandatory, though they may be empty.
    ChatbotSwitch {
        chat_extra: &'a str,
        chat_event: &'a str,
    },
    BotKeyword,
    MessageDelivery,
    AddChannel,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct WireLinks<'a> {
    /// Chingu's only web address.
    #[serde(skip_serializing_if = "Option::is_none")]
    button_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    button_url_mobile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    button_url_pc: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    android_scheme: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ios_scheme: Option<&'a str>,
}

#[derive(Serialize)]
struct WireSms<'a> {
    text: &'a str,
    #[serde(flatten)]
    validity: WireValidity,
}

/// What a content gives: the scenario, its first step and the text of its SMS step.
struct Part<'a> {
    scenario_key: &'a str,
    step: WireStep<'a>,
    sms_text: Option<&'a str>,
}

fn encode(request: &SendRequest<'_>, webhooks: &Webhooks<'_>) -> Result<Vec<u8>, EncodeError> {
    let [queued] = request.messages else { return Err(EncodeError::Count) };
    let message = &queued.message;
    let minutes = delivery::remaining_validity_minutes(message, &queued.progress, request.now);
    let validity =
        WireValidity { validity_period: minutes.unwrap_or(VALIDITY_MINUTES_MAX), validity_period_time_unit: "MINUTES" };
    let part = part(queued, validity).ok_or(EncodeError::OtherChannel)?;
    Ok(serde_json::to_vec(&WireRequest {
        scenario_key: part.scenario_key,
        bulk_id: &message.options.bulk_id,
        destinations: [WireDestination {
            message_id: queued.id.to_string(),
            to: WireRecipient { phone_number: message.recipient.expose() },
        }],
        step: part.step,
        sms: part.sms_text.map(|text| WireSms { text, validity }),
        notify_url: webhooks.delivery(),
        notify_content_type: "application/json",
        callback_data: &message.callback_data,
    })?)
}

fn part(queued: &QueuedMessage, validity: WireValidity) -> Option<Part<'_>> {
    match &queued.message.content {
        Content::ViberOmni(content) => Some(Part {
            scenario_key: &content.scenario_key,
            step: WireStep::Viber(viber(content, queued, validity)),
            sms_text: content.sms_text.as_deref(),
        }),
        Content::KakaoChingu(content) => Some(Part {
            scenario_key: scenario_of(&content.route)?,
            step: WireStep::KakaoChingu(chingu(content, validity)),
            sms_text: sms_of(content.fallback.as_ref()),
        }),
        Content::KakaoAlim(content) => Some(Part {
            scenario_key: scenario_of(&content.route)?,
            step: WireStep::KakaoAlim(alim(content, validity)),
            sms_text: sms_of(content.fallback.as_ref()),
        }),
        Content::Sms(_)
        | Content::Lms(_)
        | Content::Mms(_)
        | Content::WhatsApp(_)
        | Content::Viber(_)
        | Content::Rcs(_) => None,
    }
}

fn scenario_of(route: &KakaoRoute) -> Option<&str> {
    match route {
        KakaoRoute::Omni { scenario_key } => Some(scenario_key),
        KakaoRoute::Direct { .. } => None,
    }
}

fn sms_of(fallback: Option<&SmsFallback>) -> Option<&str> {
    fallback.map(|fallback| fallback.text.as_str())
}

fn viber<'a>(content: &'a ViberOmniContent, queued: &QueuedMessage, validity: WireValidity) -> WireViber<'a> {
    WireViber {
        text: content.text.as_deref(),
        image_url: content.image_url.as_deref(),
        button_text: content.button.as_ref().map(|button| button.text.as_str()),
        button_url: content.button.as_ref().map(|button| button.url.as_str()),
        is_promotional: content.label == Label::Promotional,
        tracking_data: queued.id.to_string(),
        validity,
    }
}

fn chingu(content: &ChinguContent, validity: WireValidity) -> WireChingu<'_> {
    WireChingu {
        text: &content.text,
        image_url: content.image.as_ref().map(|image| image.url.as_str()),
        image_link: content.image.as_ref().and_then(|image| image.link.as_deref()),
        is_promotional: content.is_promotional,
        buttons: content.buttons.iter().map(WireButton::from).collect(),
        validity,
    }
}

fn alim(content: &AlimContent, validity: WireValidity) -> WireAlim<'_> {
    WireAlim {
        text: &content.text,
        template_code: &content.template_code,
        title: content.title.as_deref(),
        buttons: content.buttons.iter().map(WireButton::from).collect(),
        validity,
    }
}

impl<'a> From<&'a ChinguButton> for WireButton<'a> {
    fn from(button: &'a ChinguButton) -> Self {
        let action = match &button.kind {
            ChinguButtonKind::AppLink(links) => WireAction::AppLink(WireLinks {
                android_scheme: links.android_scheme.as_deref(),
                ios_scheme: links.ios_scheme.as_deref(),
                ..WireLinks::default()
            }),
            ChinguButtonKind::WebLink(links) => WireAction::Url {
                links: WireLinks { button_url: links.url_mobile.as_deref(), ..WireLinks::default() },
                target: None,
            },
        };
        Self { button_text: &button.name, action }
    }
}

impl<'a> From<&'a AlimButton> for WireButton<'a> {
    fn from(button: &'a AlimButton) -> Self {
        let action = match &button.action {
            AlimAction::AppLink(links) => WireAction::AppLink(WireLinks {
                android_scheme: links.android_scheme.as_deref(),
                ios_scheme: links.ios_scheme.as_deref(),
                ..alim_urls(links)
            }),
            AlimAction::WebLink { links, opens_outside } => {
                WireAction::Url { links: alim_urls(links), target: opens_outside.then_some("out") }
            }
            AlimAction::ChatbotSwitch { extra, event } => WireAction::ChatbotSwitch {
                chat_extra: extra.as_deref().unwrap_or_default(),
                chat_event: event.as_deref().unwrap_or_default(),
            },
            AlimAction::DeliveryTracking => WireAction::DeliveryTracking,
            AlimAction::BotKeyword => WireAction::BotKeyword,
            AlimAction::MessageDelivery => WireAction::MessageDelivery,
            AlimAction::AddChannel => WireAction::AddChannel,
        };
        Self { button_text: &button.name, action }
    }
}

fn alim_urls(links: &Links) -> WireLinks<'_> {
    WireLinks {
        button_url_mobile: links.url_mobile.as_deref(),
        button_url_pc: links.url_pc.as_deref(),
        ..WireLinks::default()
    }
}
