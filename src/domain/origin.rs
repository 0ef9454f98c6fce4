//! Addresses that an operator types and Waypost then calls: of the two platforms, and of notification targets.
//!
//! What is refused here keeps a typed address from reaching into the operator's own network (spec §10, SSRF): other
//! schemes, user names, private and link-local addresses in every spelling, and names that only resolve inside one.
//! A public name that resolves to a private address passes; [`is_internal`] is for whoever resolves it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest host name in DNS, in characters.
const HOST_CHARS_MAX: usize = 253;
/// Longest label of a host name in DNS, in characters.
const LABEL_CHARS_MAX: usize = 63;
/// Longest URL of a notification target, in characters.
pub(crate) const URL_CHARS_MAX: usize = 2_000;

/// `https://host[:port]`, or `http://` of a loopback host: scheme and host in lower case, no trailing slash.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Origin {
    text: String,
    loopback: bool,
}

/// Why a text is not an address that Waypost calls. The sentence part after "must be".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidOrigin {
    #[error("a host name such as example.api.infobip.com, with or without https:// and a port")]
    Host,
    #[error("an https:// address (http:// only for this machine, 127.0.0.1 or localhost)")]
    Scheme,
    #[error("an address without user name, path, query or fragment, such as https://example.api.infobip.com")]
    MoreThanOrigin,
    #[error("an address with a port from 1 to 65535")]
    Port,
    #[error("a public address: private, link-local and internal ones are refused")]
    Internal,
    #[error("a URL of at most 2000 printable ASCII characters without spaces, user name and fragment")]
    Url,
}

impl Origin {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is this machine: a sandbox.
    #[cfg(test)]
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.text
    }
}

/// Reads an origin as people write it: with or without `https://`, with or without a trailing slash.
pub(crate) fn parse_origin(text: &str) -> Result<Origin, InvalidOrigin> {
    let (scheme, rest) = split_scheme(text.trim())?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#', '@', '\\']) {
        return Err(InvalidOrigin::MoreThanOrigin);
    }
    origin_of(scheme, authority, Reach::Foreign)
}

/// Reads the address under which others reach us: like [`parse_origin`], but it may lie in a private network.
pub(crate) fn parse_own_origin(text: &str) -> Result<Origin, InvalidOrigin> {
    let (scheme, rest) = split_scheme(text.trim())?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#', '@', '\\']) {
        return Err(InvalidOrigin::MoreThanOrigin);
    }
    origin_of(scheme, authority, Reach::Own)
}

/// Reads the URL of a notification target: an origin that [`parse_origin`] takes, then a path and a query if any.
pub(crate) fn parse_url(text: &str) -> Result<String, InvalidOrigin> {
    let text = text.trim();
    let printable = text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'#' | b'"' | b'<' | b'>' | b'\\'));
    if text.len() > URL_CHARS_MAX || !printable {
        return Err(InvalidOrigin::Url);
    }
    let (scheme, rest) = split_scheme(text)?;
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    if authority.contains('@') {
        return Err(InvalidOrigin::Url);
    }
    let origin = origin_of(scheme, authority, Reach::Foreign)?;
    Ok(format!("{origin}{path}"))
}

/// Whether an address belongs to this machine, a private network or a cloud's metadata service.
pub(crate) fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_internal_v4(v4),
        IpAddr::V6(v6) => is_internal_v6(v6),
    }
}

/// Whether `text` is a host name of at least two labels, as a shortening domain must be.
pub(crate) fn is_domain(text: &str) -> bool {
    is_host_name(text) && text.contains('.') && !looks_numeric(text)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// Whose address it is: one that Waypost calls, or its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Foreign,
    Own,
}

fn split_scheme(text: &str) -> Result<(Scheme, &str), InvalidOrigin> {
    match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => Ok((Scheme::Https, rest)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => Ok((Scheme::Http, rest)),
        // A `://` further on belongs to a query, and then the text has no scheme of its own.
        Some((scheme, _)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => Err(InvalidOrigin::Scheme),
        _ => Ok((Scheme::Https, text)),
    }
}

fn origin_of(scheme: Scheme, authority: &str, reach: Reach) -> Result<Origin, InvalidOrigin> {
    let (host, port) = split_port(authority)?;
    let host = Host::parse(host)?;
    let loopback = host.is_loopback();
    match scheme {
        Scheme::Http if !loopback => return Err(InvalidOrigin::Scheme),
        Scheme::Https if reach == Reach::Foreign && host.is_internal() => return Err(InvalidOrigin::Internal),
        Scheme::Http | Scheme::Https => {}
    }
    let (scheme, usual_port) = match scheme {
        Scheme::Http => ("http", 80),
        Scheme::Https => ("https", 443),
    };
    let text = match port {
        Some(port) if port != usual_port => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    };
    Ok(Origin { text, loopback })
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), InvalidOrigin> {
    let (host, port) = match authority.rsplit_once(':') {
        // The last colon of `[::1]` is inside the brackets.
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => return Ok((authority, None)),
    };
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse().ok().filter(|port| digits && *port != 0).ok_or(InvalidOrigin::Port)?;
    Ok((host, Some(port)))
}

enum Host {
    Name(String),
    Address(IpAddr),
}

impl Host {
    fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let address = inner.parse::<Ipv6Addr>().map_err(|_| InvalidOrigin::Host)?;
            return Ok(Self::Address(IpAddr::V6(address)));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(IpAddr::V4(address)));
        }
        // `2130706433`, `0x7f.1` and `127.1` are addresses to some resolvers.
        if !is_host_name(text) || looks_numeric(text) {
            return Err(InvalidOrigin::Host);
        }
        Ok(Self::Name(text.to_ascii_lowercase()))
    }

    fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Address(address) => address.is_loopback(),
        }
    }

    fn is_internal(&self) -> bool {
        match self {
            Self::Name(name) => {
                let inside = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa"];
                !name.contains('.') || name.rsplit('.').next().is_some_and(|last| inside.contains(&last))
            }
            Self::Address(address) => is_internal(*address),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(v4)) => v4.fmt(f),
            Self::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]"),
        }
    }
}

fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= HOST_CHARS_MAX && text.split('.').all(label)
}

fn looks_numeric(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X")
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Carrier-grade NAT (RFC 6598), IETF protocol assignments (RFC 6890), benchmarking (RFC 2544).
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
}

fn is_internal_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4() {
        return is_internal_v4(v4);
    }
    let [first, second, ..] = address.segments();
    let nat64 = first == 0x64 && second == 0xff9b;
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        // Site-local (deprecated), documentation, and translations that carry an IPv4 address: NAT64, 6to4, Teredo.
        || (first & 0xffc0) == 0xfec0
        || (first == 0x2001 && (second == 0xdb8 || second == 0))
        || nat64
        || first == 0x2002
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, InvalidOrigin>) {
        let origin = parse_origin(text);
        assert_eq!(origin.as_ref().map(Origin::as_str).map_err(|e| *e), expected, "{text:?}");
    }

    #[test]
    fn origins_are_taken_as_people_write_them() {
        check("example.api.infobip.com", Ok("https://example.api.infobip.com"));
        check(" HTTPS://Example.API.infobip.com/ ", Ok("https://example.api.infobip.com"));
        check("https://example.com:8443", Ok("https://example.com:8443"));
        check("https://example.com:443/", Ok("https://example.com"));
        check("http://127.0.0.1:8090", Ok("http://127.0.0.1:8090"));
        check("http://localhost:80", Ok("http://localhost"));
        check("http://[::1]:8090/", Ok("http://[::1]:8090"));
        check("8.8.8.8", Ok("https://8.8.8.8"));
    }

    #[test]
    fn only_loopback_speaks_plain_http() {
        check("http://example.com", Err(InvalidOrigin::Scheme));
        check("http://192.168.0.1", Err(InvalidOrigin::Scheme));
        check("ftp://example.com", Err(InvalidOrigin::Scheme));
        check("file:///etc/passwd", Err(InvalidOrigin::Scheme));
    }

    #[test]
    fn more_than_an_origin_is_refused() {
        for text in
            ["https://a.com/x", "https://a.com?x", "https://a.com#x", "https://u:p@a.com", "a.com//", "a.com\\x"]
        {
            check(text, Err(InvalidOrigin::MoreThanOrigin));
        }
    }

    #[test]
    fn internal_addresses_are_refused_in_every_spelling() {
        for host in [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "127.0.0.1",
            "0.0.0.0",
            "100.64.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[::ffff:169.254.169.254]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:a9fe:a9fe::1]",
            "localhost",
            "metadata.google.internal",
            "printer.local",
            "intranet",
            "a.localhost",
        ] {
            check(&format!("https://{host}"), Err(InvalidOrigin::Internal));
        }
        for host in [
            "2130706433",
            "0x7f.1",
            "127.1",
            "0177.0.0.1",
            "1.2.3.4.5",
            "example.com.",
            "a..b",
            "-a.com",
            "a_b.com",
            "",
        ] {
            check(&format!("https://{host}"), Err(InvalidOrigin::Host));
        }
    }

    #[test]
    fn ports_are_numbers_in_range() {
        for text in ["a.com:", "a.com:0", "a.com:65536", "a.com:+80", "a.com:x"] {
            check(text, Err(InvalidOrigin::Port));
        }
        check("a.com:65535", Ok("https://a.com:65535"));
    }

    #[test]
    fn own_addresses_may_be_private_but_not_plain() {
        assert_eq!(parse_own_origin("https://10.0.0.5").unwrap().as_str(), "https://10.0.0.5");
        assert_eq!(parse_own_origin("http://10.0.0.5"), Err(InvalidOrigin::Scheme));
        assert!(parse_own_origin("http://127.0.0.1:8080").unwrap().is_loopback());
    }

    #[test]
    fn urls_keep_their_path_and_query() {
        assert_eq!(parse_url("https://Hooks.example.com/in?x=1").unwrap(), "https://hooks.example.com/in?x=1");
        assert_eq!(parse_url("hooks.example.com?next=http://a").unwrap(), "https://hooks.example.com?next=http://a");
        assert_eq!(parse_url("https://u@example.com/"), Err(InvalidOrigin::Url));
        assert_eq!(parse_url("https://example.com/#x"), Err(InvalidOrigin::Url));
        assert_eq!(parse_url("https://example.com/a b"), Err(InvalidOrigin::Url));
        assert_eq!(parse_url("https://169.254.169.254/latest"), Err(InvalidOrigin::Internal));
        let longest = format!("https://a.com/{}", "x".repeat(URL_CHARS_MAX - 14));
        assert!(parse_url(&longest).is_ok());
        assert_eq!(parse_url(&format!("{longest}x")), Err(InvalidOrigin::Url));
    }

    proptest! {
        #[test]
        fn any_text_is_an_origin_or_an_error(text in ".{0,60}") {
            if let Ok(origin) = parse_origin(&text) {
                prop_assert_eq!(parse_origin(origin.as_str()), Ok(origin.clone()));
            }
            let _ = (parse_own_origin(&text).is_ok(), parse_url(&text).is_ok());
        }

        #[test]
        fn every_private_address_is_internal(a: u8, b: u8, c: u8) {
            for address in [[10, a, b, c], [172, 16 + a % 16, b, c], [192, 168, b, c], [169, 254, b, c], [127, a, b, c]] {
                prop_assert!(is_internal(Ipv4Addr::from(address).into()));
                prop_assert!(is_internal(Ipv4Addr::from(address).to_ipv6_mapped().into()));
            }
        }
    }
}
