//! `POST /mms/2/messages` (infobip.md 3.1).

use serde::Serialize;

use super::unified::{self, Part};
use super::{EncodeError, Endpoint, Webhooks};
use crate::dispatch::SendRequest;
use crate::domain::message::Content;
use crate::domain::message::mms::{MmsContent, Segment};

pub(super) const ENDPOINT: Endpoint = Endpoint { path: "/mms/2/messages", logs_path: Some("/mms/2/logs"), encode };

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireContent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    message_segments: Vec<WireSegment<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSegment<'a> {
    /// Unique in the message; letters only (infobip.md 3.1).
    content_id: String,
    #[serde(flatten)]
    kind: WireKind<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
enum WireKind<'a> {
    Text {
        text: &'a str,
    },
    Link {
        content_url: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        content_type: Option<&'a str>,
    },
    Smil {
        smil: &'a str,
        content_type: &'static str,
    },
}

impl<'a> From<&'a MmsContent> for WireContent<'a> {
    fn from(content: &'a MmsContent) -> Self {
        let segments = content.segments.iter().enumerate();
        Self {
            title: content.title.as_deref(),
            message_segments: segments
                .map(|(index, segment)| WireSegment { content_id: content_id(index), kind: WireKind::from(segment) })
                .collect(),
        }
    }
}

impl<'a> From<&'a Segment> for WireKind<'a> {
    fn from(segment: &'a Segment) -> Self {
        match segment {
            Segment::Text { text } => Self::Text { text },
            Segment::Link { url, media_type } => Self::Link { content_url: url, content_type: media_type.as_deref() },
            Segment::Smil { smil } => Self::Smil { smil, content_type: "application/smil" },
        }
    }
}

/// `a` to `z`, then `aa`, `ab`, … by the segment's place, so that a SMIL document can name the segments.
fn content_id(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index;
    loop {
        letters.push(('a'..='z').nth(rest % 26).unwrap_or('a'));
        rest /= 26;
        if rest == 0 {
            return letters.into_iter().rev().collect();
        }
        rest -= 1;
    }
}

fn encode(request: &SendRequest<'_>, webhooks: &Webhooks<'_>) -> Result<Vec<u8>, EncodeError> {
    unified::encode(request, webhooks, |queued| {
        let Content::Mms(content) = &queued.message.content else { return None };
        Some(Part { fallback: content.fallback.as_ref(), ..Part::new(WireContent::from(content)) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ids_are_letters_and_unique() {
        let ids: Vec<_> = [0, 25, 26, 51, 52, 701, 702].map(content_id).into();
        assert_eq!(ids, ["a", "z", "aa", "az", "ba", "zz", "aaa"]);
        let all: std::collections::HashSet<_> = (0..2_000).map(content_id).collect();
        assert_eq!(all.len(), 2_000);
    }
}
