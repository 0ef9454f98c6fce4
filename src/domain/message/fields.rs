//! What several channels read from their in-arguments: texts within a limit, addresses, flags and numbered rows.

use std::collections::BTreeSet;

use super::{InArguments, Rejection};

/// Longest address where the platform states no limit: the longest that it states anywhere (infobip.md 4.1, 6). A
/// signed address of cloud storage has up to about 1800 characters.
pub(crate) const URL_UNITS_MAX: usize = 2_048;

/// UTF-16 units: the characters that the platform's limits count.
pub(crate) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Whether a control character is in it, which names and ids can't have; texts may have some.
pub(crate) fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// Degrees from `-most` to `most`; neither infinite nor not a number, which compare as neither.
pub(crate) fn degrees(text: Option<&str>, most: f64) -> Option<f64> {
    text?.parse().ok().filter(|degrees| (-most..=most).contains(degrees))
}

/// A text exactly as it came: `None` when it is blank, `wrong` beyond `units_max` UTF-16 units.
pub(crate) fn optional_text(text: &str, units_max: usize, wrong: Rejection) -> Result<Option<String>, Rejection> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if units(text) <= units_max { Ok(Some(text.to_owned())) } else { Err(wrong) }
}

/// A text exactly as it came: `wrong` when it is blank, or beyond `units_max` UTF-16 units.
pub(crate) fn required_text(text: &str, units_max: usize, wrong: Rejection) -> Result<String, Rejection> {
    optional_text(text, units_max, wrong)?.ok_or(wrong)
}

/// A flag that must be one of the contract's spellings, in any case; `otherwise` without it, `None` for anything else.
pub(crate) fn strict_flag(arguments: &InArguments, name: &str, otherwise: bool) -> Option<bool> {
    let Some(value) = arguments.get(name) else { return Some(otherwise) };
    let is_one_of = |spellings: [&str; 3]| spellings.iter().any(|spelling| value.eq_ignore_ascii_case(spelling));
    match (is_one_of(["true", "1", "yes"]), is_one_of(["false", "0", "no"])) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// The numbers, in their order, for which at least one of the numbered in-arguments holds something.
pub(crate) fn numbers(arguments: &InArguments, prefixes: &[&str]) -> BTreeSet<usize> {
    prefixes.iter().flat_map(|prefix| arguments.numbered(prefix)).map(|(number, _)| number).collect()
}

/// The name of a numbered in-argument.
pub(crate) fn nth(prefix: &str, number: usize) -> String {
    format!("{prefix}{number}")
}

/// A web address as it is sent to the platform: `http` or `https`, a host, and nothing that ends a URL (white space,
/// control characters). Surrounding white space is taken off and the scheme gets lower case, which the platform's
/// pattern wants (infobip.md 5.1); the rest stays as it is. At most `units_max` UTF-16 units.
pub(crate) fn web_address(text: &str, units_max: usize) -> Option<String> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://")?;
    let scheme = ["http", "https"].into_iter().find(|web| scheme.eq_ignore_ascii_case(web))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let valid = is_host(host) && is_unbroken(rest) && units(text) <= units_max;
    valid.then(|| format!("{scheme}://{rest}"))
}

/// Whether nothing in it ends a URL: white space or a control character.
pub(crate) fn is_unbroken(text: &str) -> bool {
    !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// A host name, also one in letters of any script, or an IP address; with or without a port.
fn is_host(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(address, port)| {
            address.parse::<std::net::Ipv6Addr>().is_ok() && port.strip_prefix(':').map_or(port.is_empty(), is_port)
        });
    }
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let is_name_char = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    name.starts_with(char::is_alphanumeric) && name.chars().all(is_name_char) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_web_addresses_as_they_are() {
        for address in [
            "https://shop.example",
            "http://shop.example:8080/a?b=c&d=%20#e",
            "https://bücher.example/x",
            "https://user@shop.example/",
            "https://192.0.2.1/x",
            "https://[2001:db8::1]:8443/x",
        ] {
            assert_eq!(web_address(address, 100).as_deref(), Some(address));
        }
        assert_eq!(web_address("\n https://a.example ", 100).as_deref(), Some("https://a.example"));
    }

    #[test]
    fn the_scheme_gets_lower_case_and_nothing_else_changes() {
        assert_eq!(web_address("HTTPS://Shop.Example/Ä", 100).as_deref(), Some("https://Shop.Example/Ä"));
    }

    #[test]
    fn a_strict_flag_takes_the_contracts_spellings_alone() {
        let read = |value: &str| strict_flag(&[("f".to_owned(), value.to_owned())].into_iter().collect(), "f", true);
        for yes in ["true", "TRUE", "1", "Yes", " true ", ""] {
            assert_eq!(read(yes), Some(true), "{yes:?}");
        }
        for no in ["false", "False", "0", "no"] {
            assert_eq!(read(no), Some(false), "{no:?}");
        }
        for junk in ["maybe", "2", "t", "{{x}}"] {
            assert_eq!(read(junk), None, "{junk:?}");
        }
        assert_eq!(strict_flag(&InArguments::default(), "f", false), Some(false));
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "shop.example",
            "//shop.example",
            "ftp://shop.example",
            "javascript://shop.example",
            "mailto:a@b.example",
            "https://",
            "https:///path",
            "https://?q",
            "https://@/",
            "https://.",
            "https://a b.example",
            "https://a.example/b c",
            "https://a.example/b\nc",
            "https://a.example/\u{7}",
            "https://a.example:0/",
            "https://a.example:99999/",
            "https://a.example:8o/",
            "https://a.example:/",
            "https://[::1/x",
            "https://[nonsense]/x",
            "https://%%host%%/x",
        ] {
            assert_eq!(web_address(text, 100), None, "{text:?}");
        }
    }

    #[test]
    fn counts_utf16_units() {
        let address = "https://a.example/😀";
        assert_eq!(address.encode_utf16().count(), 20);
        assert!(web_address(address, 20).is_some());
        assert!(web_address(address, 19).is_none());
    }
}
