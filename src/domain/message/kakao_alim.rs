//! Kakao Alim: a registered template, with its full text (infobip.md 7.1, 7.3).

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::fields::{URL_UNITS_MAX, optional_text, units, web_address};
use super::kakao::{self, Needed};
use super::numbered_fields::Row;
use super::{Content, ContentFacts, Draft, Rejection, SmsFallback, Subject, names};

/// Longest profile key, in characters: Infobip's schema has no limit, Kakao's keys have 40.
pub(crate) const SENDER_CHARS_MAX: usize = 64;
/// Longest template code, in UTF-16 units (infobip.md 7.1: 30 characters).
const TEMPLATE_CODE_UNITS_MAX: usize = 30;
/// Longest text, in UTF-16 units (infobip.md 7.1: 1000 characters).
pub(crate) const TEXT_UNITS_MAX: usize = 1_000;
/// Longest title, in UTF-16 units (infobip.md 7.1: 50 characters).
pub(crate) const TITLE_UNITS_MAX: usize = 50;
/// Longest text of a button, in UTF-16 units (infobip.md 7.1, 7.3: 28 characters).
pub(crate) const BUTTON_NAME_UNITS_MAX: usize = 28;
/// Longest extra information and event of a chatbot switch, in UTF-16 units (infobip.md 7.1: 50 characters).
const CHAT_UNITS_MAX: usize = 50;
/// Links that an app link needs by the channel's own endpoint (infobip.md 7.1).
const APP_LINKS_MIN: usize = 2;
/// Links that an app link needs over OMNI failover. Its schema asks for none (infobip.md 7.3); one that leads nowhere
/// is refused here, what the template needs is left to Kakao.
const APP_LINKS_OMNI_MIN: usize = 1;

/// The manual's seven types.
const BUTTON_TYPES: &[(&str, ButtonType)] = &[
    ("APP_LINK", ButtonType::AppLink),
    ("DELIVERY_TRACKING", ButtonType::DeliveryTracking),
    ("WEB_LINK", ButtonType::WebLink),
    ("CHATBOT_SWITCH", ButtonType::ChatbotSwitch),
    ("BOT_KEYWORD", ButtonType::BotKeyword),
    ("MESSAGE_DELIVERY", ButtonType::MessageDelivery),
    ("ADD_CHANNEL", ButtonType::AddChannel),
];

#[derive(Clone, Copy)]
enum ButtonType {
    AppLink,
    DeliveryTracking,
    WebLink,
    ChatbotSwitch,
    BotKeyword,
    MessageDelivery,
    AddChannel,
}

/// What a Kakao Alim message says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct AlimContent {
    pub(crate) route: KakaoRoute,
    pub(crate) template_code: String,
    /// The template's text with its variables replaced; it must equal the approved one.
    pub(crate) text: String,
    pub(crate) title: Option<String>,
    /// Part of the registered template: kept for whoever reads the message here, but not sent.
    pub(crate) image_url: Option<String>,
    pub(crate) buttons: Vec<AlimButton>,
    pub(crate) fallback: Option<SmsFallback>,
}

/// How a Kakao message gets to Kakao.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum KakaoRoute {
    /// By the channel's own endpoint; the sender is the Kakao channel's profile key.
    Direct { sender: String },
    /// By a scenario of OMNI failover, which has the sender.
    Omni { scenario_key: String },
}

/// A button of a template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct AlimButton {
    pub(crate) name: String,
    pub(crate) action: AlimAction,
}

/// What a button does: the manual's seven types.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum AlimAction {
    /// At least two of Android scheme, iOS scheme and mobile URL; over OMNI failover at least one.
    AppLink(Links),
    DeliveryTracking,
    /// With a mobile URL.
    WebLink {
        links: Links,
        /// Opens the external browser, not Kakao's own.
        opens_outside: bool,
    },
    /// Over OMNI failover both are mandatory, but may be empty.
    ChatbotSwitch {
        extra: Option<String>,
        event: Option<String>,
    },
    BotKeyword,
    MessageDelivery,
    AddChannel,
}

/// Where a button leads.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Links {
    pub(crate) android_scheme: Option<String>,
    pub(crate) ios_scheme: Option<String>,
    pub(crate) url_mobile: Option<String>,
    pub(crate) url_pc: Option<String>,
}

impl KakaoRoute {
    pub(crate) fn sender(&self) -> &str {
        match self {
            Self::Direct { sender } => sender,
            Self::Omni { .. } => "",
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Direct { sender } => sender,
            Self::Omni { scenario_key } => scenario_key,
        }
    }
}

impl Links {
    pub(super) fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        let links = [&self.android_scheme, &self.ios_scheme, &self.url_mobile, &self.url_pc];
        links.into_iter().flatten().for_each(|link| visit(link));
    }
}

impl ContentFacts for AlimContent {
    fn sender(&self) -> &str {
        self.route.sender()
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Template(&self.template_code)
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        [self.route.text(), &self.template_code, &self.text].into_iter().for_each(&mut *visit);
        [&self.title, &self.image_url].into_iter().flatten().for_each(|text| visit(text));
        for button in &self.buttons {
            visit(&button.name);
            match &button.action {
                AlimAction::AppLink(links) | AlimAction::WebLink { links, .. } => links.each_text(visit),
                AlimAction::ChatbotSwitch { extra, event } => {
                    [extra, event].into_iter().flatten().for_each(|text| visit(text));
                }
                AlimAction::DeliveryTracking
                | AlimAction::BotKeyword
                | AlimAction::MessageDelivery
                | AlimAction::AddChannel => {}
            }
        }
        self.fallback.iter().for_each(|fallback| fallback.each_text(visit));
    }
}

pub(crate) fn validate(draft: &Draft<'_>) -> Result<Content, Rejection> {
    content(draft, kakao::direct(draft)?, Needed::Some(APP_LINKS_MIN))
}

pub(crate) fn validate_omni(draft: &Draft<'_>) -> Result<Content, Rejection> {
    content(draft, kakao::over_omni(draft)?, Needed::Some(APP_LINKS_OMNI_MIN))
}

fn content(draft: &Draft<'_>, route: KakaoRoute, needed: Needed) -> Result<Content, Rejection> {
    let arguments = draft.arguments;
    let template_code = arguments.get(names::TEMPLATE_NAME).filter(|code| units(code) <= TEMPLATE_CODE_UNITS_MAX);
    let template_code = template_code.ok_or(Rejection::TemplateName)?.to_owned();
    let text = draft.text(TEXT_UNITS_MAX)?;
    let image_url = arguments.get(names::IMAGE_URL);
    let image_url =
        image_url.map(|text| web_address(text, URL_UNITS_MAX).ok_or(Rejection::ImageUrlLength)).transpose()?;
    let buttons = kakao::buttons(draft, |row| button(row, needed))?;
    let title = optional_text(arguments.raw(names::TITLE), TITLE_UNITS_MAX, Rejection::TitleLength)?;
    let fallback = kakao::fallback(draft, &route)?;
    Ok(Content::KakaoAlim(AlimContent { route, template_code, text, title, image_url, buttons, fallback }))
}

fn button(row: &Row<'_>, needed: Needed) -> Result<AlimButton, Rejection> {
    let kind = kakao::button_type(row, BUTTON_TYPES)?;
    let name = kakao::button_name(row, BUTTON_NAME_UNITS_MAX)?;
    let action = match kind {
        ButtonType::AppLink => AlimAction::AppLink(kakao::app_link(row, needed)?),
        ButtonType::DeliveryTracking => AlimAction::DeliveryTracking,
        ButtonType::WebLink => AlimAction::WebLink { links: kakao::web_link(row)?, opens_outside: opens_outside(row)? },
        ButtonType::ChatbotSwitch => AlimAction::ChatbotSwitch {
            extra: row.text(names::BUTTON_CHAT_EXTRA_PREFIX, CHAT_UNITS_MAX, Rejection::ButtonOptions)?,
            event: row.text(names::BUTTON_CHAT_EVENT_PREFIX, CHAT_UNITS_MAX, Rejection::ButtonOptions)?,
        },
        ButtonType::BotKeyword => AlimAction::BotKeyword,
        ButtonType::MessageDelivery => AlimAction::MessageDelivery,
        ButtonType::AddChannel => AlimAction::AddChannel,
    };
    Ok(AlimButton { name, action })
}

fn opens_outside(row: &Row<'_>) -> Result<bool, Rejection> {
    let target = row.choice(names::BUTTON_TARGET_PREFIX, &[("out", true)], Rejection::ButtonOptions)?;
    Ok(target.unwrap_or(false))
}
