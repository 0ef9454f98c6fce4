//! Viber, and the manual's *Viber (deprecated)* over OMNI failover (infobip.md 5).

use serde::{Deserialize, Serialize};

use super::{Content, ContentFacts, Draft, Rejection, SmsFallback, Subject};

/// Longest sender, in characters (infobip.md 5.1); the shortest has 2.
pub(crate) const SENDER_CHARS_MAX: usize = 20;

/// What a Viber message says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ViberContent {
    pub(crate) sender: String,
    pub(crate) body: ViberBody,
    pub(crate) label: Label,
    pub(crate) fallback: Option<SmsFallback>,
}

/// The kinds of content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum ViberBody {
    Text {
        text: String,
        button: Option<ViberButton>,
    },
    /// An image alone, or with a text, or with a text and a button.
    Image {
        media_url: String,
        text: Option<String>,
        button: Option<ViberButton>,
    },
    Video {
        media_url: String,
        thumbnail_url: String,
        /// Whole seconds, at least 1.
        duration_secs: u32,
        text: Option<String>,
        /// Opens the video when it has no action of its own.
        button: Option<ViberButton>,
    },
    File {
        media_url: String,
        file_name: String,
    },
}

/// A button below a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ViberButton {
    pub(crate) title: String,
    /// The URL that it opens; only a video's button may do without.
    pub(crate) action: Option<String>,
}

/// What a message is for; it has a price of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Label {
    Promotional,
    Transactional,
}

/// What a message of *Viber (deprecated)* says. Its sender is the scenario's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ViberOmniContent {
    pub(crate) scenario_key: String,
    pub(crate) text: Option<String>,
    pub(crate) image_url: Option<String>,
    pub(crate) button: Option<OmniButton>,
    pub(crate) label: Label,
    /// Text of the scenario's SMS step, where it has one.
    pub(crate) sms_text: Option<String>,
}

/// A button of *Viber (deprecated)*.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct OmniButton {
    pub(crate) text: String,
    /// `tel:` is allowed besides web addresses.
    pub(crate) url: String,
}

impl ContentFacts for ViberContent {
    fn sender(&self) -> &str {
        &self.sender
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Message(match &self.body {
            ViberBody::Text { text, .. } => text.into(),
            ViberBody::Image { text, .. } | ViberBody::Video { text, .. } => text.as_deref().unwrap_or_default().into(),
            ViberBody::File { file_name, .. } => file_name.into(),
        })
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        visit(&self.sender);
        let button = match &self.body {
            ViberBody::Text { text, button } => {
                visit(text);
                button.as_ref()
            }
            ViberBody::Image { media_url, text, button } => {
                visit(media_url);
                text.iter().for_each(|text| visit(text));
                button.as_ref()
            }
            ViberBody::Video { media_url, thumbnail_url, text, button, .. } => {
                visit(media_url);
                visit(thumbnail_url);
                text.iter().for_each(|text| visit(text));
                button.as_ref()
            }
            ViberBody::File { media_url, file_name } => {
                visit(media_url);
                visit(file_name);
                None
            }
        };
        if let Some(button) = button {
            visit(&button.title);
            button.action.iter().for_each(|action| visit(action));
        }
        self.fallback.iter().for_each(|fallback| fallback.each_text(visit));
    }
}

impl ContentFacts for ViberOmniContent {
    fn sender(&self) -> &str {
        ""
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Message(self.text.as_deref().unwrap_or_default().into())
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        visit(&self.scenario_key);
        [&self.text, &self.image_url, &self.sms_text].into_iter().flatten().for_each(|text| visit(text));
        if let Some(button) = &self.button {
            visit(&button.text);
            visit(&button.url);
        }
    }
}

pub(crate) fn validate(_draft: &Draft<'_>) -> Result<Content, Rejection> {
    Err(Rejection::Channel)
}

pub(crate) fn validate_omni(_draft: &Draft<'_>) -> Result<Content, Rejection> {
    Err(Rejection::Channel)
}
