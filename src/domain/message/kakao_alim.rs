//! Kakao Alim: a registered template, with its full text (infobip.md 7.1, 7.3).

use serde::{Deserialize, Serialize};

use super::{Content, ContentFacts, Draft, Rejection, SmsFallback, Subject};

/// Longest profile key, in characters: Infobip's schema has no limit, Kakao's keys have 40.
pub(crate) const SENDER_CHARS_MAX: usize = 64;

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
    /// At least two of Android scheme, iOS scheme and mobile URL.
    AppLink(Links),
    DeliveryTracking,
    /// With a mobile URL.
    WebLink {
        links: Links,
        /// Opens the external browser, not Kakao's own.
        opens_outside: bool,
    },
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

pub(crate) fn validate(_draft: &Draft<'_>) -> Result<Content, Rejection> {
    Err(Rejection::Channel)
}

pub(crate) fn validate_omni(_draft: &Draft<'_>) -> Result<Content, Rejection> {
    Err(Rejection::Channel)
}
