//! Addresses of the platforms, as an administrator types them: an origin, never a path.

use std::net::{IpAddr, Ipv4Addr};

/// The text is no origin that Waypost may call. The sentence names no part of the text: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidOrigin {
    #[error("must begin with https://; http:// is for loopback hosts only")]
    Scheme,
    #[error("must be a host name or address with an optional port")]
    Host,
    #[error("must not hold a user name or password")]
    UserInfo,
    #[error("must not hold a path, query or fragment")]
    Path,
}

/// Longest host name (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// Whether `url` is an origin that may be called: https anywhere, http on loopback only (127.0.0.0/8, `::1`,
/// `localhost`), without user info, path, query and fragment. One trailing slash is layout.
pub(crate) fn is_allowed_origin(url: &str) -> Result<(), InvalidOrigin> {
    let (secure, rest) = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
        _ => return Err(InvalidOrigin::Scheme),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains('@') {
        return Err(InvalidOrigin::UserInfo);
    }
    if authority.contains(['/', '\\', '?', '#']) {
        return Err(InvalidOrigin::Path);
    }
    let host = host_of(authority).ok_or(InvalidOrigin::Host)?;
    if secure || is_loopback(host) { Ok(()) } else { Err(InvalidOrigin::Scheme) }
}

/// An origin as we keep it: with its scheme, in lower case, without trailing slash. A text without scheme is taken as
/// https (infobip.md 1.1: the portal shows the base URL without one).
pub(crate) fn normalized(text: &str) -> Result<String, InvalidOrigin> {
    let text = text.trim();
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    is_allowed_origin(&url)?;
    Ok(url.strip_suffix('/').unwrap_or(&url).to_ascii_lowercase())
}

/// The host of `host[:port]` or `[v6][:port]`, when both are well-formed.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, after.strip_prefix(':').or_else(|| after.is_empty().then_some(""))?)
        }
        None => match authority.split_once(':') {
            Some((_, "")) => return None,
            Some((host, port)) => (host, port),
            None => (authority, ""),
        },
    };
    let port_fits = port.is_empty() || (port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    let v6 = authority.starts_with('[');
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
    };
    let host_fits = v6 || (host.len() <= HOST_BYTES_MAX && host.split('.').all(label_fits));
    (port_fits && host_fits).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => v4.is_loopback(),
        Ok(IpAddr::V6(v6)) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4: Ipv4Addr| v4.is_loopback()),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(url: &str, expected: Result<(), InvalidOrigin>) {
        assert_eq!(is_allowed_origin(url), expected, "{url}");
    }

    #[test]
    fn https_is_allowed_anywhere_and_http_on_loopback_only() {
        for url in ["https://x1.api.infobip.com", "https://x1.api.infobip.com/", "HTTPS://host:8443", "https://[::1]:9"]
        {
            check(url, Ok(()));
        }
        for url in ["http://127.0.0.1:4000", "http://127.9.9.9", "http://localhost:80", "http://[::1]:1"] {
            check(url, Ok(()));
        }
        for url in ["http://x.api.infobip.com", "http://10.0.0.1", "http://127.0.0.1.example.com", "ftp://x", "x"] {
            check(url, Err(InvalidOrigin::Scheme));
        }
    }

    #[test]
    fn nothing_but_scheme_host_and_port() {
        check("https://user:pass@host", Err(InvalidOrigin::UserInfo));
        check("http://localhost@evil.example", Err(InvalidOrigin::UserInfo));
        check("https://host/path", Err(InvalidOrigin::Path));
        check("https://host?x", Err(InvalidOrigin::Path));
        check("https://host#x", Err(InvalidOrigin::Path));
        check("https://host\\path", Err(InvalidOrigin::Path));
        for url in ["https://", "https://:80", "https://a b", "https://host:", "https://host:99999", "https://[::g]"] {
            check(url, Err(InvalidOrigin::Host));
        }
    }

    #[test]
    fn what_is_kept_has_a_scheme_and_no_slash() {
        assert_eq!(normalized(" X1.api.infobip.com/ "), Ok("https://x1.api.infobip.com".to_owned()));
        assert_eq!(normalized("http://127.0.0.1:80"), Ok("http://127.0.0.1:80".to_owned()));
        assert_eq!(normalized("http://x.example"), Err(InvalidOrigin::Scheme));
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in ".{0,80}") {
            if let Ok(kept) = normalized(&text) {
                prop_assert_eq!(normalized(&kept), Ok(kept.clone()));
            }
        }
    }
}
