//! "Did you mean": the known name closest to a mistyped one.

/// Similarity below which a suggestion misleads more than it helps; 1 is equal (Jaro-Winkler).
const SIMILARITY_MIN: f64 = 0.75;
/// Most characters of a wrong name that a message repeats.
const SHOWN_CHARS_MAX: usize = 64;

/// The name among `known` that looks most like `wrong`, if any does.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wrong.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The end of a sentence about an unknown name: `; did you mean …?` or nothing.
pub(crate) fn suggestion<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known).map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// A wrong name as a message may repeat it: short and without control characters.
pub(crate) fn shown(wrong: &str) -> String {
    let mut text: String = wrong.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if let Some((at, _)) = text.char_indices().nth(SHOWN_CHARS_MAX) {
        text.truncate(at);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_suggested_and_nonsense_is_not() {
        let known = ["server.listen", "server.workers", "store.dir"];
        assert_eq!(nearest("server.listn", known), Some("server.listen"));
        assert_eq!(nearest("Store.Dirr", known), Some("store.dir"));
        assert_eq!(nearest("xyzzy", known), None);
    }

    #[test]
    fn a_long_or_wild_name_is_shown_tamed() {
        assert_eq!(shown("a\nb"), "a\u{fffd}b");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), SHOWN_CHARS_MAX + 1);
    }
}
