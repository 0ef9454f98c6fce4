//! Outbound HTTP, the same for both platforms: time limits, a cap on what is read, and what a failure proves.
//!
//! The question that everything else hangs on is whether a request without an answer may have been carried out
//! (spec Q4, Q6b). [`Unanswered::was_written`] answers it, and errs on the side of *yes*.

use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::clock::Timestamp;
use crate::domain::origin;

/// DNS, TCP and TLS together. A platform that does not even accept a connection in this time is down.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections are dropped by us before the platforms' load balancers drop them (60 s is the usual time there): a
/// connection closed by the peer just as a request is written on it makes that request *maybe sent*.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Idle connections kept for each host.
const POOL_IDLE_MAX: usize = 32;
/// Longest excerpt of a peer's words that goes into a problem, in characters.
const WORDS_CHARS_MAX: usize = 300;
/// Shorter texts are not looked for in a peer's words: they would blot out half a sentence.
const MASKED_CHARS_MIN: usize = 4;
/// A text that was quoted in JSON, that in JSON once more: escapes are looked through so many times.
const ESCAPED_TIMES_MAX: usize = 3;
/// A run of so many digits may be a phone number and is masked in a peer's words.
const DIGIT_RUN_MAX: usize = 6;

/// The HTTP client could not be made: the TLS provider or the certificate store is missing.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up")]
pub(crate) struct ClientSetup(#[source] reqwest::Error);

/// A client whose requests end within `total`. Connecting gets at most half of it, so that a peer which accepts but does
/// not speak TLS is told apart from one that got the request.
///
/// Nothing in it repeats a request on its own account: reqwest's retries are off. What remains is hyper taking a new
/// connection for a request of which not one byte was written because the pooled connection had been closed, which
/// can't send anything twice. Redirects are never followed, so that credentials go nowhere but to the configured
/// origin. Proxies of the environment are not used: what the process talks to is in its configuration.
pub(crate) fn client(total: Duration) -> Result<reqwest::Client, ClientSetup> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT.min(total / 2))
        .timeout(total)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(POOL_IDLE_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .dns_resolver(Arc::new(PublicNames))
        .referer(false)
        .user_agent(concat!("waypost/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(ClientSetup)
}

/// Resolves names as the system does, and leaves out addresses of internal networks: a public name of a base URL or
/// notification URL must not lead there (spec §10). Literal addresses were judged when they were configured.
struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            // The one internal name that may be configured: the sandbox on this machine.
            let is_own = host.eq_ignore_ascii_case("localhost");
            let public: Vec<_> = found.filter(|address| is_own || !origin::is_internal(address.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// An answer, whatever its status. The body of a 2xx is complete; of any other, what could be read of it: there the
/// status alone decides what comes next, and a 503 cut short still says that nothing was done.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `Retry-After`, whole seconds or the time until its date.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// A request that brought no complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unanswered {
    /// DNS, TCP or TLS failed.
    #[error("no connection could be made")]
    NoConnection,
    /// The address or a header can't be sent at all.
    #[error("the request could not be built: the address is not valid")]
    NotBuilt,
    #[error("no answer within the time limit")]
    TimedOut,
    #[error("the connection was closed before a complete answer")]
    Closed,
    /// The answer's head came; its body is larger than we read.
    #[error("the answer is larger than the limit")]
    TooLarge,
}

impl Unanswered {
    /// Whether the peer may have received the request. Only a failure to connect proves that it has not.
    pub(crate) const fn was_written(self) -> bool {
        !matches!(self, Self::NoConnection | Self::NotBuilt)
    }

    fn of(error: &reqwest::Error) -> Self {
        if error.is_builder() {
            Self::NotBuilt
        } else if error.is_connect() {
            Self::NoConnection
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Closed
        }
    }
}

/// Sends a request and reads its answer, at most `body_bytes_max` of it. `now` is for `Retry-After` dates.
pub(crate) async fn exchange(
    request: reqwest::RequestBuilder,
    body_bytes_max: usize,
    now: Timestamp,
) -> Result<Answer, Unanswered> {
    // The errors' own texts hold the URL with its query; they are dropped here.
    let mut response = request.send().await.map_err(|error| Unanswered::of(&error))?;
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers(), now);
    let mut body = Vec::new();
    let cut = loop {
        match response.chunk().await {
            Ok(None) => break None,
            Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) > body_bytes_max => {
                break Some(Unanswered::TooLarge);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) if error.is_timeout() => break Some(Unanswered::TimedOut),
            Err(_) => break Some(Unanswered::Closed),
        }
    };
    match cut {
        Some(cut) if (200..300).contains(&status) => Err(cut),
        _ => Ok(Answer { status, retry_after, body }),
    }
}

/// Reads `Retry-After`: seconds or an HTTP date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(secs) = text.parse::<u64>() {
        return Some(Duration::from_secs(secs));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let date = Timestamp::from_secs(u64::try_from(date.as_second()).ok()?);
    Some(date.since(now))
}

/// [`words`] without texts that a peer may be quoting, as they are or as JSON writes them. Texts of fewer than four
/// characters stay.
pub(crate) fn masked_words<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let is_long = |secret: &&str| secret.chars().nth(MASKED_CHARS_MIN - 1).is_some();
    let mut secrets: Vec<&str> = secrets.into_iter().filter(is_long).collect();
    // A text before what is part of it.
    secrets.sort_unstable_by_key(|secret| (std::cmp::Reverse(secret.len()), *secret));
    let mut levels = vec![text.to_owned()];
    while let Some(last) = levels.last().filter(|last| last.contains('\\') && levels.len() <= ESCAPED_TIMES_MAX) {
        levels.push(without_escapes(last));
    }
    secrets.retain(|secret| levels.iter().any(|level| level.contains(secret)));
    secrets.dedup();
    // Masked too soon, a part would keep the whole from being found in another form.
    let is_part = |secret: &&str| secrets.iter().any(|other| other.len() > secret.len() && other.contains(*secret));
    let (parts, wholes): (Vec<&str>, Vec<&str>) = secrets.iter().copied().partition(is_part);
    let mask = |text: String, secrets: &[&str]| {
        secrets.iter().fold(text, |text, secret| match text.contains(secret) {
            true => text.replace(secret, "…"),
            false => text,
        })
    };
    let mut masked = mask(text.to_owned(), &wholes);
    for _ in 0..ESCAPED_TIMES_MAX {
        if !masked.contains('\\') {
            break;
        }
        // A text may hold a backslash of its own: so it was looked for as it is first.
        masked = mask(without_escapes(&masked), &wholes);
    }
    let masked = mask(masked, &parts);
    words(&masked)
}

/// A text with JSON's escapes written out; what is no escape stays.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut units = Vec::new();
    let flush = |units: &mut Vec<u16>, out: &mut String| {
        out.extend(char::decode_utf16(units.drain(..)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    };
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        if !before.is_empty() {
            flush(&mut units, &mut out);
            out.push_str(before);
        }
        let escape = escape.get(1..).unwrap_or_default();
        let unit = escape.strip_prefix('u').and_then(|hex| u16::from_str_radix(hex.get(..4)?, 16).ok());
        if let Some(unit) = unit {
            // Half of a character, perhaps: the other half follows.
            units.push(unit);
            rest = escape.get(5..).unwrap_or_default();
            continue;
        }
        flush(&mut units, &mut out);
        let mut chars = escape.chars();
        match chars.next() {
            Some(c @ ('"' | '\\' | '/')) => out.push(c),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            other => {
                out.push('\\');
                out.extend(other);
            }
        }
        rest = chars.as_str();
    }
    flush(&mut units, &mut out);
    out.push_str(rest);
    out
}

/// A peer's own words for people: on one line, cut, and with every run of digits that may be a phone number masked.
pub(crate) fn words(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    let flush = |digits: &mut String, out: &mut String| {
        out.push_str(if digits.chars().count() > DIGIT_RUN_MAX { "…" } else { digits });
        digits.clear();
    };
    for c in text.trim().chars().take(WORDS_CHARS_MAX) {
        if c.is_numeric() {
            digits.push(c);
            continue;
        }
        flush(&mut digits, &mut out);
        match c {
            c if c.is_control() || c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    flush(&mut digits, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())])
    }

    #[tokio::test]
    async fn a_public_name_that_leads_inside_is_not_followed() {
        // With its dot the name is a public one that the system resolves to loopback.
        let resolved = PublicNames.resolve("localhost.".parse().unwrap()).await;
        assert!(resolved.is_err(), "an internal address was given out");
        let own = PublicNames.resolve("localhost".parse().unwrap()).await.unwrap();
        assert!(own.into_iter().all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = Timestamp::parse("2026-11-23T08:00:00Z").unwrap();
        let read = |text| retry_after(&headers(text), now);
        assert_eq!(read("5"), Some(Duration::from_secs(5)));
        assert_eq!(read("Mon, 23 Nov 2026 08:01:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(read("Mon, 23 Nov 2026 07:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn words_mask_what_may_be_a_phone_number() {
        assert_eq!(words(" to 385911234567\r\n is bad (400) "), "to … is bad (400)");
        assert_eq!(words("123456"), "123456");
        assert_eq!(words(&"x".repeat(2_000)).chars().count(), WORDS_CHARS_MAX);
    }

    #[test]
    fn texts_that_are_quoted_are_masked_in_each_of_jsons_forms() {
        let secret = "my \"real\" näme\n/ 🙂 is a\\b";
        let once = serde_json::to_string(secret).unwrap();
        let twice = serde_json::to_string(&once).unwrap();
        let ascii = r#"my \u0022real\u0022 n\u00E4me\n\/ \ud83d\ude42 is a\\b"#;
        for quoted in [secret, &once, &twice, ascii] {
            let said = masked_words(&format!("row {quoted} is bad"), ["real", secret]);
            assert!(said.replace('"', "") == "row … is bad", "{said}");
        }
        assert_eq!(masked_words(r"c:\new \u12 \", ["none"]), r"c: ew \u12 \");
        assert_eq!(masked_words("not ok", ["ok"]), "not ok");
    }

    proptest! {
        #[test]
        fn a_text_never_outlives_its_quotation(text in "k.{2,40}z", times in 0..3usize) {
            let quoted = (0..times).fold(text.clone(), |text, _| serde_json::to_string(&text).unwrap());
            let said = masked_words(&format!("<{quoted}>"), [text.as_str()]);
            prop_assert!(said.chars().filter(|c| *c != '"').eq("<…>".chars()), "{said}");
        }

        #[test]
        fn words_never_hold_a_long_run_of_digits_or_a_control_character(text in ".{0,200}", number in "[0-9]{7,15}") {
            let said = words(&format!("{text}{number}{text}"));
            prop_assert!(!said.contains(&number));
            prop_assert!(!said.chars().any(char::is_control));
        }
    }
}

#[cfg(test)]
pub(crate) mod stub;
