//! SMS: draft → content, and how many parts a text takes.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::fields::{has_control, units};
use super::{Content, ContentFacts, Draft, Rejection, Subject, names};

/// Infobip refuses more parts than this (status 25, infobip.md 2.1).
pub(crate) const PARTS_MAX: usize = 25;
/// Infobip refuses longer texts than this, in bytes (status 25, infobip.md 2.1).
pub(crate) const TEXT_BYTES_MAX: usize = 4_000;
/// Longest sender, in UTF-16 units: 11 alphanumeric or 15 digits is the usual GSM rule, which Infobip's schema does not
/// state (infobip.md 2.1); 16 leaves room for a `+`. Infobip's answer decides within it.
pub(crate) const SENDER_CHARS_MAX: usize = 16;
/// Longest DLT ids that we pass on, in UTF-16 units; the registered ones have 19 digits.
const DLT_ID_UNITS_MAX: usize = 50;

/// What an SMS says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct SmsContent {
    pub(crate) sender: String,
    pub(crate) text: String,
    pub(crate) india_dlt: Option<IndiaDlt>,
}

/// India's Distributed Ledger Technology registration of a text (the manual, *For India local traffic only*).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct IndiaDlt {
    pub(crate) principal_entity_id: String,
    pub(crate) content_template_id: Option<String>,
}

pub(crate) fn validate(draft: &Draft<'_>) -> Result<Content, Rejection> {
    let sender = draft.sender(SENDER_CHARS_MAX)?;
    Ok(Content::Sms(SmsContent { sender, text: text(draft)?, india_dlt: india_dlt(draft)? }))
}

/// The text to send, exactly as it came: not blank, and no longer than an SMS can be.
pub(crate) fn text(draft: &Draft<'_>) -> Result<String, Rejection> {
    let text = draft.arguments.raw(names::TEXT);
    if text.trim().is_empty() || !fits(text) {
        return Err(Rejection::TextLength);
    }
    Ok(text.to_owned())
}

/// Whether Infobip takes a text of this length as an SMS.
pub(crate) fn fits(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && Parts::of(text).count <= PARTS_MAX
}

fn india_dlt(draft: &Draft<'_>) -> Result<Option<IndiaDlt>, Rejection> {
    let principal = draft.arguments.get(names::DLT_PRINCIPAL_ENTITY_ID);
    if principal.is_none() && !draft.arguments.flag(names::DLT) {
        return Ok(None);
    }
    let fits = |id: &&str| units(id) <= DLT_ID_UNITS_MAX && !has_control(id);
    let principal_entity_id = principal.filter(fits).ok_or(Rejection::PrincipalEntityId)?.to_owned();
    let content_template_id = draft.arguments.get(names::DLT_CONTENT_TEMPLATE_ID);
    if !content_template_id.as_ref().is_none_or(fits) {
        return Err(Rejection::ContentTemplateId);
    }
    Ok(Some(IndiaDlt { principal_entity_id, content_template_id: content_template_id.map(str::to_owned) }))
}

impl ContentFacts for SmsContent {
    fn sender(&self) -> &str {
        &self.sender
    }

    fn subject(&self) -> Subject<'_> {
        Subject::Message((&self.text).into())
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        visit(&self.sender);
        visit(&self.text);
        if let Some(dlt) = &self.india_dlt {
            visit(&dlt.principal_entity_id);
            dlt.content_template_id.iter().for_each(|id| visit(id));
        }
    }
}

/// How a text is encoded over the air.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Encoding {
    /// GSM 03.38 default alphabet with its extension table: 160 septets, 153 in a part of several.
    Gsm7,
    /// 16-bit units: 70, 67 in a part of several.
    Ucs2,
}

/// The parts that a text takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Parts {
    pub(crate) encoding: Encoding,
    /// Septets or 16-bit units.
    pub(crate) units: usize,
    pub(crate) count: usize,
    /// Septets or 16-bit units that the last part has room for.
    pub(crate) left: usize,
}

impl Parts {
    /// Counts the parts of `text` (3GPP TS 23.038). A character is never split over two parts.
    pub(crate) fn of(text: &str) -> Self {
        let septets = text.chars().map(septets).sum::<Option<usize>>();
        let (encoding, units, single, several) = match septets {
            Some(septets) => (Encoding::Gsm7, septets, 160, 153),
            None => (Encoding::Ucs2, text.encode_utf16().count(), 70, 67),
        };
        if units <= single {
            return Self { encoding, units, count: usize::from(units > 0), left: single - units };
        }
        let width = |c: char| if encoding == Encoding::Gsm7 { septets_of(c) } else { c.len_utf16() };
        let mut count = 1;
        let mut used = 0;
        for c in text.chars() {
            let width = width(c);
            if used + width > several {
                count += 1;
                used = 0;
            }
            used += width;
        }
        Self { encoding, units, count, left: several - used }
    }
}

/// The characters of a text that GSM-7 does not have, each once, in their order: one of them makes the whole text UCS-2.
pub(crate) fn not_in_gsm7(text: &str) -> Vec<char> {
    each_once(text.chars().filter(|c| septets(*c).is_none()))
}

/// The characters of a text that take two places in GSM-7, each once, in their order.
pub(crate) fn doubled_in_gsm7(text: &str) -> Vec<char> {
    each_once(text.chars().filter(|c| septets(*c) == Some(2)))
}

fn each_once(chars: impl Iterator<Item = char>) -> Vec<char> {
    let mut seen = HashSet::new();
    chars.filter(|c| seen.insert(*c)).collect()
}

fn septets_of(c: char) -> usize {
    septets(c).unwrap_or(1)
}

/// Septets of a character of the GSM 03.38 alphabet; `None` when it has no place there.
fn septets(c: char) -> Option<usize> {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => Some(1),
        ' ' | '\n' | '\r' | '!' | '"' | '#' | '%' | '&' | '\'' | '(' | ')' | '*' | '+' | ',' | '-' | '.' | '/'
        | ':' => Some(1),
        ';' | '<' | '=' | '>' | '?' | '@' | '_' | '$' => Some(1),
        '£' | '¥' | 'è' | 'é' | 'ù' | 'ì' | 'ò' | 'Ç' | 'Ø' | 'ø' | 'Å' | 'å' | 'Δ' | 'Φ' | 'Γ' | 'Λ' | 'Ω' | 'Π' => {
            Some(1)
        }
        'Ψ' | 'Σ' | 'Θ' | 'Ξ' | 'Æ' | 'æ' | 'ß' | 'É' | '¤' | '¡' | 'Ä' | 'Ö' | 'Ñ' | 'Ü' | '§' | '¿' | 'ä' | 'ö' => {
            Some(1)
        }
        'ñ' | 'ü' | 'à' => Some(1),
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, encoding: Encoding, count: usize) {
        let parts = Parts::of(text);
        assert_eq!((parts.encoding, parts.count), (encoding, count), "{} units", parts.units);
    }

    #[test]
    fn parts_at_the_borders() {
        check("", Encoding::Gsm7, 0);
        check(&"x".repeat(160), Encoding::Gsm7, 1);
        check(&"x".repeat(161), Encoding::Gsm7, 2);
        check(&"x".repeat(306), Encoding::Gsm7, 2);
        check(&"x".repeat(307), Encoding::Gsm7, 3);
        check(&"я".repeat(70), Encoding::Ucs2, 1);
        check(&"я".repeat(71), Encoding::Ucs2, 2);
        check(&"€".repeat(80), Encoding::Gsm7, 1);
        check(&"€".repeat(81), Encoding::Gsm7, 2);
    }

    #[test]
    fn a_character_is_not_split_over_two_parts() {
        // 153 septets hold 76 euro signs, not 76 and a half.
        check(&"€".repeat(153), Encoding::Gsm7, 3);
        // 67 units hold 33 emoji.
        check(&"😀".repeat(67), Encoding::Ucs2, 3);
    }

    proptest! {
        #[test]
        fn parts_never_panic_and_never_undercount(text in ".{0,400}") {
            let parts = Parts::of(&text);
            let (single, several) = if parts.encoding == Encoding::Gsm7 { (160, 153) } else { (70, 67) };
            let room = if parts.count <= 1 { single } else { parts.count * several };
            prop_assert!(parts.units <= room);
            prop_assert!(parts.left <= room - parts.units);
        }

        #[test]
        fn what_is_left_fits_and_one_more_does_not(text in "[a-z€я]{0,400}") {
            let parts = Parts::of(&text);
            let fill = |more: usize| Parts::of(&format!("{text}{}", "x".repeat(parts.left + more))).count;
            prop_assert_eq!(fill(0), parts.count.max(1));
            prop_assert_eq!(fill(1), parts.count.max(1) + 1);
        }
    }
}
