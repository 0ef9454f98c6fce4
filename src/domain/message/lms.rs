//! LMS, the long SMS of South Korea: an SMS with the Korean regional block (infobip.md 2.2).

use serde::{Deserialize, Serialize};

use super::{Content, ContentFacts, Draft, Rejection, Subject};

/// What an LMS says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LmsContent {
    pub(crate) sender: String,
    /// The title is what makes the message a long one.
    pub(crate) title: String,
    pub(crate) text: String,
    /// Nine-digit registration number; a number on the wire, so a leading zero is lost there.
    pub(crate) reseller_code: u32,
}

impl ContentFacts for LmsContent {
    fn sender(&self) -> &str {
        &self.sender
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Message((&self.text).into())
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        [&self.sender, &self.title, &self.text].into_iter().for_each(|text| visit(text));
    }
}

pub(crate) fn validate(_draft: &Draft<'_>) -> Result<Content, Rejection> {
    Err(Rejection::Channel)
}
