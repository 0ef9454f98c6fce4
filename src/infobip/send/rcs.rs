//! `POST /rcs/2/messages` (infobip.md 6).

use serde::Serialize;

use super::unified::{self, Part};
use super::{EncodeError, Endpoint, Webhooks};
use crate::clock::Timestamp;
use crate::dispatch::SendRequest;
use crate::domain::message::Content;
use crate::domain::message::rcs::{
    Alignment, Card, CardMedia, CardWidth, MediaHeight, OpensIn, Orientation, RcsBody, RcsContent, Suggestion,
    SuggestionAction, WebviewMode,
};

pub(super) const ENDPOINT: Endpoint = Endpoint { path: "/rcs/2/messages", logs_path: Some("/rcs/2/logs"), encode };

#[derive(Serialize)]
struct WireContent<'a> {
    #[serde(flatten)]
    body: WireBody<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<WireSuggestion<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "UPPERCASE", rename_all_fields = "camelCase")]
enum WireBody<'a> {
    Text {
        text: &'a str,
    },
    File {
        file: WireUrl<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        thumbnail: Option<WireUrl<'a>>,
    },
    Card {
        orientation: &'static str,
        alignment: &'static str,
        content: WireCard<'a>,
    },
    Carousel {
        card_width: &'static str,
        contents: Vec<WireCard<'a>>,
    },
}

#[derive(Serialize)]
struct WireUrl<'a> {
    url: &'a str,
}

#[derive(Serialize)]
struct WireCard<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<WireMedia<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<WireSuggestion<'a>>,
}

#[derive(Serialize)]
struct WireMedia<'a> {
    file: WireUrl<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail: Option<WireUrl<'a>>,
    height: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSuggestion<'a> {
    text: &'a str,
    postback_data: &'a str,
    #[serde(flatten)]
    action: WireAction<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
enum WireAction<'a> {
    Reply,
    OpenUrl {
        url: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        application: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        webview_view_mode: Option<&'static str>,
    },
    DialPhone {
        phone_number: &'a str,
    },
    ShowLocation {
        latitude: f64,
        longitude: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        label: Option<&'a str>,
    },
    RequestLocation,
    CreateCalendarEvent {
        start_time: String,
        end_time: String,
        title: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
    },
}

impl<'a> From<&'a RcsContent> for WireContent<'a> {
    fn from(content: &'a RcsContent) -> Self {
        Self { body: WireBody::from(&content.body), suggestions: suggestions(&content.suggestions) }
    }
}

impl<'a> From<&'a RcsBody> for WireBody<'a> {
    fn from(body: &'a RcsBody) -> Self {
        match body {
            RcsBody::Text { text } => Self::Text { text },
            RcsBody::File { url, thumbnail_url } => {
                Self::File { file: WireUrl { url }, thumbnail: thumbnail_url.as_deref().map(|url| WireUrl { url }) }
            }
            RcsBody::Card { orientation, alignment, card } => Self::Card {
                orientation: match orientation {
                    Orientation::Horizontal => "HORIZONTAL",
                    Orientation::Vertical => "VERTICAL",
                },
                alignment: match alignment {
                    Alignment::Left => "LEFT",
                    Alignment::Right => "RIGHT",
                },
                content: WireCard::from(&**card),
            },
            RcsBody::Carousel { width, cards } => Self::Carousel {
                card_width: match width {
                    CardWidth::Small => "SMALL",
                    CardWidth::Medium => "MEDIUM",
                },
                contents: cards.iter().map(WireCard::from).collect(),
            },
        }
    }
}

impl<'a> From<&'a Card> for WireCard<'a> {
    fn from(card: &'a Card) -> Self {
        Self {
            title: card.title.as_deref(),
            description: card.description.as_deref(),
            media: card.media.as_ref().map(WireMedia::from),
            suggestions: suggestions(&card.suggestions),
        }
    }
}

impl<'a> From<&'a CardMedia> for WireMedia<'a> {
    fn from(media: &'a CardMedia) -> Self {
        Self {
            file: WireUrl { url: &media.url },
            thumbnail: media.thumbnail_url.as_deref().map(|url| WireUrl { url }),
            height: match media.height {
                MediaHeight::Short => "SHORT",
                MediaHeight::Medium => "MEDIUM",
                MediaHeight::Tall => "TALL",
            },
        }
    }
}

fn suggestions(suggestions: &[Suggestion]) -> Vec<WireSuggestion<'_>> {
    suggestions.iter().map(WireSuggestion::from).collect()
}

impl<'a> From<&'a Suggestion> for WireSuggestion<'a> {
    fn from(suggestion: &'a Suggestion) -> Self {
        Self {
            text: &suggestion.text,
            postback_data: &suggestion.postback,
            action: WireAction::from(&suggestion.action),
        }
    }
}

impl<'a> From<&'a SuggestionAction> for WireAction<'a> {
    fn from(action: &'a SuggestionAction) -> Self {
        match action {
            SuggestionAction::Reply => Self::Reply,
            SuggestionAction::OpenUrl { url, opens_in } => Self::OpenUrl {
                url,
                application: opens_in.map(|opens_in| match opens_in {
                    OpensIn::Browser => "BROWSER",
                    OpensIn::Webview(_) => "WEBVIEW",
                }),
                webview_view_mode: match opens_in {
                    Some(OpensIn::Webview(WebviewMode::Full)) => Some("FULL"),
                    Some(OpensIn::Webview(WebviewMode::Half)) => Some("HALF"),
                    Some(OpensIn::Webview(WebviewMode::Tall)) => Some("TALL"),
                    Some(OpensIn::Browser) | None => None,
                },
            },
            SuggestionAction::DialPhone { phone } => Self::DialPhone { phone_number: phone },
            SuggestionAction::ShowLocation { latitude, longitude, label } => {
                Self::ShowLocation { latitude: *latitude, longitude: *longitude, label: label.as_deref() }
            }
            SuggestionAction::RequestLocation => Self::RequestLocation,
            SuggestionAction::CreateCalendarEvent { starts_at, ends_at, title, description } => {
                Self::CreateCalendarEvent {
                    start_time: date_time(*starts_at),
                    end_time: date_time(*ends_at),
                    title,
                    description: description.as_deref(),
                }
            }
        }
    }
}

/// `yyyy-MM-dd'T'HH:mm:ss.SSSZ` with the offset as digits, Infobip's own spelling (infobip.md 1.2).
fn date_time(moment: Timestamp) -> String {
    moment.to_iso_millis().replace('Z', "+0000")
}

fn encode(request: &SendRequest<'_>, webhooks: &Webhooks<'_>) -> Result<Vec<u8>, EncodeError> {
    unified::encode(request, webhooks, |queued| {
        let Content::Rcs(content) = &queued.message.content else { return None };
        Some(Part { fallback: content.fallback.as_ref(), reports_seen: true, ..Part::new(WireContent::from(content)) })
    })
}
