//! `POST /viber/2/messages` (infobip.md 5.1).

use serde::Serialize;

use super::unified::{self, Part};
use super::{EncodeError, Endpoint, Webhooks};
use crate::dispatch::SendRequest;
use crate::domain::message::Content;
use crate::domain::message::viber::{Label, ViberBody, ViberButton};

pub(super) const ENDPOINT: Endpoint = Endpoint { path: "/viber/2/messages", logs_path: Some("/viber/2/logs"), encode };

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
enum WireContent<'a> {
    Text {
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        button: Option<WireButton<'a>>,
    },
    Image {
        media_url: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        button: Option<WireButton<'a>>,
    },
    Video {
        media_url: &'a str,
        /// ISO 8601, such as `PT5S`.
        media_duration: String,
        thumbnail_url: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        button: Option<WireButton<'a>>,
        /// The older spelling of a button without action: the specification lets `button` do without one, Infobip's
        /// own client libraries don't, and both know this field.
        #[serde(skip_serializing_if = "Option::is_none")]
        button_title: Option<&'a str>,
    },
    File {
        media_url: &'a str,
        file_name: &'a str,
    },
}

#[derive(Serialize)]
struct WireButton<'a> {
    title: &'a str,
    action: &'a str,
}

impl<'a> WireButton<'a> {
    /// `None` for a button without action.
    fn new(button: &'a ViberButton) -> Option<Self> {
        Some(Self { title: &button.title, action: button.action.as_deref()? })
    }
}

impl<'a> From<&'a ViberBody> for WireContent<'a> {
    fn from(body: &'a ViberBody) -> Self {
        let button = |button: &'a Option<ViberButton>| button.as_ref().and_then(WireButton::new);
        match body {
            ViberBody::Text { text, button: below } => Self::Text { text, button: button(below) },
            ViberBody::Image { media_url, text, button: below } => {
                Self::Image { media_url, text: text.as_deref(), button: button(below) }
            }
            ViberBody::Video { media_url, thumbnail_url, duration_secs, text, button: below } => Self::Video {
                media_url,
                media_duration: format!("PT{duration_secs}S"),
                thumbnail_url,
                text: text.as_deref(),
                button: button(below),
                button_title: below.as_ref().filter(|below| below.action.is_none()).map(|below| below.title.as_str()),
            },
            ViberBody::File { media_url, file_name } => Self::File { media_url, file_name },
        }
    }
}

fn encode(request: &SendRequest<'_>, webhooks: &Webhooks<'_>) -> Result<Vec<u8>, EncodeError> {
    unified::encode(request, webhooks, |queued| {
        let Content::Viber(content) = &queued.message.content else { return None };
        Some(Part {
            fallback: content.fallback.as_ref(),
            label: Some(match content.label {
                Label::Promotional => "PROMOTIONAL",
                Label::Transactional => "TRANSACTIONAL",
            }),
            // A reply brings it back, and so finds the message that it answers.
            tracking_data: Some(queued.id.to_string()),
            reports_seen: true,
            ..Part::new(WireContent::from(&content.body))
        })
    })
}
