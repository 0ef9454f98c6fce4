//! What several channels read from their in-arguments: addresses.

/// A web address as it is sent to the platform: `http` or `https`, a host, and nothing that ends a URL (white space,
/// control characters). Surrounding white space is taken off; the rest stays as it is. At most `units_max` UTF-16
/// units, the characters that the platform counts.
pub(crate) fn web_address(text: &str, units_max: usize) -> Option<String> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://")?;
    let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let printable = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let valid = is_web && printable && is_host(host) && text.encode_utf16().count() <= units_max;
    valid.then(|| text.to_owned())
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
            "HTTPS://Shop.Example/Ä",
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
