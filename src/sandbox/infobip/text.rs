//! Counting the parts of an SMS: GSM 03.38 and UCS-2.

/// Characters of one septet in the GSM default alphabet, beside those of ASCII that it shares.
const GSM_BEYOND_ASCII: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
/// ASCII characters that the default alphabet lacks.
const NOT_GSM: &str = "[]{}\\^~|`";
/// Characters of the extension table; two septets each.
const GSM_EXTENSION: &str = "[]{}\\^~|€\u{c}";

/// How a text is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) count: u32,
    /// Septets or UCS-2 units.
    pub(super) length: usize,
    pub(super) is_unicode: bool,
}

/// Counts the parts of a text. An empty one has one part.
pub(super) fn parts(text: &str) -> Parts {
    let septets = text.chars().map(septets).try_fold(0usize, |sum, septets| Some(sum + septets?));
    let (length, single, joined, is_unicode) = match septets {
        Some(septets) => (septets, 160, 153, false),
        None => (text.encode_utf16().count(), 70, 67, true),
    };
    let count = if length <= single { 1 } else { length.div_ceil(joined) };
    Parts { count: u32::try_from(count).unwrap_or(u32::MAX), length, is_unicode }
}

fn septets(character: char) -> Option<usize> {
    if GSM_EXTENSION.contains(character) {
        return Some(2);
    }
    let is_shared = matches!(character, '\n' | '\r' | ' '..='~') && !NOT_GSM.contains(character);
    (is_shared || GSM_BEYOND_ASCII.contains(character)).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, count: u32, is_unicode: bool) {
        let parts = parts(text);
        assert_eq!((parts.count, parts.is_unicode), (count, is_unicode), "{}", text.len());
    }

    #[test]
    fn parts_change_at_their_limits() {
        check("", 1, false);
        check(&"a".repeat(160), 1, false);
        check(&"a".repeat(161), 2, false);
        check(&"a".repeat(306), 2, false);
        check(&"a".repeat(307), 3, false);
        check(&"€".repeat(80), 1, false);
        check(&"€".repeat(81), 2, false);
        check(&"я".repeat(70), 1, true);
        check(&"я".repeat(71), 2, true);
        check("Ünïcode", 1, true);
    }
}
