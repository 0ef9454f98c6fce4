//! WhatsApp: an approved template and what fills it (infobip.md 4.1).

use serde::{Deserialize, Serialize};

use super::{Content, ContentFacts, Draft, Rejection, SmsFallback, Subject};

/// Longest sender, in characters (infobip.md 4.1).
pub(crate) const SENDER_CHARS_MAX: usize = 24;

/// What a WhatsApp message says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct WhatsAppContent {
    pub(crate) sender: String,
    pub(crate) template_name: String,
    /// Exactly the code of the registered template, such as `en_GB`.
    pub(crate) language: String,
    /// Values of `{{1}}`, `{{2}}`, … of the template's body; none is empty.
    pub(crate) placeholders: Vec<String>,
    /// Only where the template's header has a placeholder, media or a place.
    pub(crate) header: Option<Header>,
    /// Only the buttons that take a parameter, in the registered order.
    pub(crate) buttons: Vec<Button>,
    pub(crate) fallback: Option<SmsFallback>,
}

/// What fills a template's header.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Header {
    Text { placeholder: String },
    Image { media_url: String },
    Video { media_url: String },
    Gif { media_url: String },
    Document { media_url: String, filename: String },
    Location { latitude: f64, longitude: f64 },
}

/// What fills a template's button.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Button {
    /// What comes back when it is pressed.
    QuickReply {
        parameter: String,
    },
    /// The end of a dynamic URL.
    Url {
        parameter: String,
    },
    CopyCode {
        parameter: String,
    },
}

impl ContentFacts for WhatsAppContent {
    fn sender(&self) -> &str {
        &self.sender
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Template(&self.template_name)
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        [&self.sender, &self.template_name, &self.language].into_iter().for_each(|text| visit(text));
        self.placeholders.iter().for_each(|placeholder| visit(placeholder));
        match &self.header {
            Some(Header::Text { placeholder }) => visit(placeholder),
            Some(Header::Image { media_url } | Header::Video { media_url } | Header::Gif { media_url }) => {
                visit(media_url);
            }
            Some(Header::Document { media_url, filename }) => {
                visit(media_url);
                visit(filename);
            }
            Some(Header::Location { .. }) | None => {}
        }
        for button in &self.buttons {
            let (Button::QuickReply { parameter } | Button::Url { parameter } | Button::CopyCode { parameter }) =
                button;
            visit(parameter);
        }
        self.fallback.iter().for_each(|fallback| fallback.each_text(visit));
    }
}

pub(crate) fn validate(_draft: &Draft<'_>) -> Result<Content, Rejection> {
    Err(Rejection::Channel)
}
