//! MMS: a title and segments in their order (infobip.md 3.1).

use serde::{Deserialize, Serialize};

use super::{Content, ContentFacts, Draft, Rejection, SmsFallback, Subject};

/// What an MMS says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct MmsContent {
    pub(crate) sender: String,
    pub(crate) title: Option<String>,
    /// At least one.
    pub(crate) segments: Vec<Segment>,
    pub(crate) fallback: Option<SmsFallback>,
}

/// A part of an MMS.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Segment {
    Text {
        text: String,
    },
    /// Media by its public address; image, video, audio or document.
    Link {
        url: String,
        /// MIME type, such as `image/png`; Infobip finds out without it.
        media_type: Option<String>,
    },
    /// How the others are arranged: the text of a SMIL document.
    Smil {
        smil: String,
    },
}

impl ContentFacts for MmsContent {
    fn sender(&self) -> &str {
        &self.sender
    }

    fn subject(&self) -> Subject<'_> {
        let texts: Vec<&str> = self
            .segments
            .iter()
            .filter_map(|segment| match segment {
                Segment::Text { text } => Some(text.as_str()),
                Segment::Link { .. } | Segment::Smil { .. } => None,
            })
            .collect();
        Subject::Message(texts.join("\n").into())
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        visit(&self.sender);
        self.title.iter().for_each(|title| visit(title));
        for segment in &self.segments {
            match segment {
                Segment::Text { text } => visit(text),
                Segment::Link { url, media_type } => {
                    visit(url);
                    media_type.iter().for_each(|media_type| visit(media_type));
                }
                Segment::Smil { smil } => visit(smil),
            }
        }
        self.fallback.iter().for_each(|fallback| fallback.each_text(visit));
    }
}

pub(crate) fn validate(_draft: &Draft<'_>) -> Result<Content, Rejection> {
    Err(Rejection::Channel)
}
