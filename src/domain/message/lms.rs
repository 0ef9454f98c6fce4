//! LMS, the long SMS of South Korea: an SMS with the Korean regional block (infobip.md 2.2).

use serde::{Deserialize, Serialize};

use super::fields::required_text;
use super::{Content, ContentFacts, Draft, Rejection, Subject, names, sms};

/// Longest title, in UTF-16 units: `maxLength` of the Korean block (infobip.md 2.2). MMS titles have the same.
pub(crate) const TITLE_UNITS_MAX: usize = 66;
/// Most digits of a reseller code: it is a registration number of nine digits (infobip.md 2.2).
pub(crate) const RESELLER_CODE_DIGITS_MAX: usize = 9;

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

pub(crate) fn validate(draft: &Draft<'_>) -> Result<Content, Rejection> {
    let arguments = draft.arguments;
    let sender = draft.sender(sms::SENDER_CHARS_MAX)?;
    let text = sms::text(draft)?;
    let title = required_text(arguments.raw(names::TITLE), TITLE_UNITS_MAX, Rejection::TitleLength)?;
    let reseller_code = arguments.get(names::RESELLER_CODE).and_then(reseller_code).ok_or(Rejection::ResellerCode)?;
    Ok(Content::Lms(LmsContent { sender, title, text, reseller_code }))
}

fn reseller_code(text: &str) -> Option<u32> {
    let digits = text.len() <= RESELLER_CODE_DIGITS_MAX && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|code| digits && *code > 0)
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
