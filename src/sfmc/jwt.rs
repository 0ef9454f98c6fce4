//! The signature of the calls: HS256 over the raw bytes, before anything in them is believed (sfmc.md 2.1, 2.2).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::domain::tenant::Verification;

/// Longest encoded header that is looked at, in bytes. SFMC's has 36; the margin is for a `kid`.
const HEADER_BYTES_MAX: usize = 1_024;
/// How far `exp` and `nbf` may be off, in seconds (sfmc.md 2.2).
const LEEWAY_SECS: u64 = 300;
/// Length of an HS256 signature.
const SIGNATURE_BYTES: usize = 32;

/// What a body is, by its content: the Content-Type header says nothing reliable (sfmc.md 2.1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    /// A JSON document without signature.
    Json(&'a [u8]),
    /// A compact JWS, not yet verified.
    Token(Cow<'a, str>),
    /// Nothing but white space, which a lifecycle call may be.
    Empty,
    Neither,
}

/// Why a token is not to be trusted. None of them says anything about the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JwtError {
    #[error("the token is not a compact JWS")]
    Malformed,
    #[error("the token's alg is not HS256")]
    Algorithm,
    #[error("the token is not signed with a key of this business unit")]
    Signature,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYet,
    /// Rightly signed, but no JSON object.
    #[error("the token's payload is not a JSON object")]
    Payload,
}

/// Decides what a body is: a token as a whole, in a JSON string, or in `{"jwt": "…"}`; else JSON; else neither.
pub(crate) fn split(body: &[u8]) -> Body<'_> {
    let body = body.trim_ascii();
    match body.first() {
        None => Body::Empty,
        Some(b'{') => match serde_json::from_slice(body) {
            Ok(Envelope { jwt: Some(token) }) if is_compact(token.as_bytes()) => Body::Token(token),
            _ => Body::Json(body),
        },
        Some(b'"') => match serde_json::from_slice::<Text<'_>>(body) {
            Ok(Text(token)) if is_compact(token.as_bytes()) => Body::Token(token),
            _ => Body::Neither,
        },
        _ if is_compact(body) => std::str::from_utf8(body).map_or(Body::Neither, |token| Body::Token(token.into())),
        _ => Body::Neither,
    }
}

/// A token that nobody has verified. Its payload is good for finding out whose keys to try, and for nothing else.
pub(crate) struct Unverified<'a> {
    header: &'a str,
    signature: &'a str,
    /// What the signature covers: header and payload as they came.
    signed: &'a str,
    payload: Vec<u8>,
}

/// Takes a token apart; decodes its payload, once for finding the keys and for what they then prove.
pub(crate) fn peek(token: &str) -> Option<Unverified<'_>> {
    let (header, payload, signature) = parts(token)?;
    let signed = token.get(..header.len() + 1 + payload.len())?;
    Some(Unverified { header, signature, signed, payload: URL_SAFE_NO_PAD.decode(payload).ok()? })
}

/// The payload, once one of `keys` (tried in order; an empty one never counts) has signed it and its time is right.
pub(crate) fn verify(token: &str, keys: &[&[u8]], now: Timestamp) -> Result<Vec<u8>, JwtError> {
    let unverified = peek(token).ok_or(JwtError::Malformed)?;
    unverified.verify(keys, now)?;
    Ok(unverified.payload)
}

impl Unverified<'_> {
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Whether one of `keys` (tried in order; an empty one never counts) has signed it, and its time is right.
    pub(crate) fn verify(&self, keys: &[&[u8]], now: Timestamp) -> Result<(), JwtError> {
        check_header(self.header)?;
        let mut expected = [0; SIGNATURE_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(self.signature, &mut expected).map_err(|_| JwtError::Malformed)?;
        if length != SIGNATURE_BYTES {
            return Err(JwtError::Malformed);
        }
        let signed = self.signed.as_bytes();
        if !keys.iter().filter(|key| !key.is_empty()).any(|key| is_signed_with(key, signed, &expected)) {
            return Err(JwtError::Signature);
        }
        check_time(&self.payload, now)
    }
}

/// The keys that may have signed a tenant's calls, in the order of trial: the salt's bytes, the salt when it was entered
/// as SFMC shows it (`0x` and hexadecimal digits), the package's signing secret as text (sfmc.md 2.2).
pub(crate) fn keys_of(verification: &Verification) -> Vec<Zeroizing<Vec<u8>>> {
    let mut keys = Vec::with_capacity(3);
    if let Some(salt) = &verification.salt {
        let text = salt.value.expose().trim();
        keys.extend(hex_bytes(text).map(Zeroizing::new));
        keys.push(Zeroizing::new(text.as_bytes().to_vec()));
    }
    if let Some(secret) = &verification.signing_secret {
        keys.push(Zeroizing::new(secret.expose().trim().as_bytes().to_vec()));
    }
    keys.retain(|key| !key.is_empty());
    keys
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    jwt: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    /// Extensions that must be understood (RFC 7515, 4.1.11): we understand none.
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
    nbf: Option<f64>,
}

fn is_compact(body: &[u8]) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() | (b == b'-') | (b == b'_') | (b == b'.');
    // Without a branch for each byte the compiler compares many at a time: this goes over every whole body.
    let all_fit = body.iter().fold(true, |all, b| all & fits(*b));
    all_fit && !body.starts_with(b".") && body.iter().filter(|b| **b == b'.').count() == 2
}

fn parts(token: &str) -> Option<(&str, &str, &str)> {
    let (header, rest) = token.split_once('.')?;
    let (payload, signature) = rest.split_once('.')?;
    Some((header, payload, signature))
}

fn check_header(header: &str) -> Result<(), JwtError> {
    if header.len() > HEADER_BYTES_MAX {
        return Err(JwtError::Malformed);
    }
    let json = URL_SAFE_NO_PAD.decode(header).map_err(|_| JwtError::Malformed)?;
    let header: Header<'_> = serde_json::from_slice(&json).map_err(|_| JwtError::Malformed)?;
    if header.crit.is_some() {
        return Err(JwtError::Malformed);
    }
    if header.alg == "HS256" { Ok(()) } else { Err(JwtError::Algorithm) }
}

/// `verify_slice` compares in constant time.
fn is_signed_with(key: &[u8], signed: &[u8], expected: &[u8; SIGNATURE_BYTES]) -> bool {
    // HMAC takes keys of any length, so this never fails.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    mac.update(signed);
    mac.verify_slice(expected).is_ok()
}

/// `exp` and `nbf` are honoured where they are; SFMC sends neither (sfmc.md 2.2).
fn check_time(payload: &[u8], now: Timestamp) -> Result<(), JwtError> {
    if payload.trim_ascii().first() != Some(&b'{') {
        return Err(JwtError::Payload);
    }
    let claims: Claims = serde_json::from_slice(payload).map_err(|_| JwtError::Payload)?;
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let (now, leeway) = (now.as_secs() as f64, LEEWAY_SECS as f64);
    if claims.exp.is_some_and(|exp| exp + leeway < now) {
        return Err(JwtError::Expired);
    }
    if claims.nbf.is_some_and(|nbf| nbf - leeway > now) {
        return Err(JwtError::NotYet);
    }
    Ok(())
}

fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?.as_bytes();
    if digits.is_empty() || digits.len() % 2 != 0 {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    digits.chunks_exact(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.last()?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;
    use crate::domain::tenant::Salt;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn encode(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn token(header: &str, payload: &str, key: &[u8]) -> String {
        let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", encode(&mac.finalize().into_bytes()))
    }

    fn signed(payload: &str, key: &[u8]) -> String {
        token(r#"{"alg":"HS256","typ":"JWT"}"#, payload, key)
    }

    #[test]
    fn a_body_is_known_by_its_content() {
        let jws = signed("{}", b"k");
        assert_eq!(split(b" {\"a\":1}\n"), Body::Json(b"{\"a\":1}"));
        assert_eq!(split(format!("\r\n{jws} ").as_bytes()), Body::Token(Cow::Borrowed(&jws)));
        assert_eq!(split(format!("\"{jws}\"").as_bytes()), Body::Token(Cow::Borrowed(&jws)));
        assert_eq!(split(format!("{{\"jwt\":\"{jws}\"}}").as_bytes()), Body::Token(Cow::Borrowed(&jws)));
        assert_eq!(split(b"{\"jwt\":\"x\"}"), Body::Json(b"{\"jwt\":\"x\"}"));
        assert_eq!(split(b"{not json"), Body::Json(b"{not json"));
        assert_eq!((split(b""), split(b" \r\n")), (Body::Empty, Body::Empty));
        for neither in [&b"a.b"[..], b"a.b.c.d", b"a.b.c\xff", b"<html>", b"\"x\"", b".b.c", b"[1]"] {
            assert_eq!(split(neither), Body::Neither, "{neither:?}");
        }
    }

    #[test]
    fn the_right_key_among_several_verifies() {
        let jws = signed(r#"{"a":1}"#, b"right");
        assert_eq!(verify(&jws, &[b"wrong", b"right"], NOW), Ok(br#"{"a":1}"#.to_vec()));
        assert_eq!(verify(&jws, &[b"wrong"], NOW), Err(JwtError::Signature));
        assert_eq!(verify(&jws, &[], NOW), Err(JwtError::Signature));
    }

    #[test]
    fn the_example_of_rfc_7515_verifies_before_its_expiry() {
        let key = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let jws = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                   eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                   dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(verify(jws, &[&key], Timestamp::from_secs(1_300_819_380)).is_ok());
        assert_eq!(verify(jws, &[&key], NOW), Err(JwtError::Expired));
    }

    #[test]
    fn an_empty_key_never_counts() {
        assert_eq!(verify(&signed("{}", b""), &[b""], NOW), Err(JwtError::Signature));
    }

    #[test]
    fn only_hs256_is_taken() {
        for alg in ["none", "None", "HS384", "HS512", "RS256", "hs256", ""] {
            let jws = token(&format!(r#"{{"alg":"{alg}"}}"#), "{}", b"k");
            assert_eq!(verify(&jws, &[b"k"], NOW), Err(JwtError::Algorithm), "{alg}");
        }
        let unsigned = format!("{}.{}.", encode(br#"{"alg":"none"}"#), encode(b"{}"));
        assert_eq!(verify(&unsigned, &[b"k"], NOW), Err(JwtError::Algorithm));
        for header in ["{}", "[]", "x", r#"{"alg":"HS256","crit":["b64"]}"#] {
            assert_eq!(verify(&token(header, "{}", b"k"), &[b"k"], NOW), Err(JwtError::Malformed), "{header}");
        }
        let long = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "x".repeat(HEADER_BYTES_MAX));
        assert_eq!(verify(&token(&long, "{}", b"k"), &[b"k"], NOW), Err(JwtError::Malformed));
    }

    #[test]
    fn times_are_honoured_with_leeway() {
        let at = |claim: &str, offset: i64| {
            let secs = i64::try_from(NOW.as_secs()).unwrap() + offset;
            verify(&signed(&format!(r#"{{"{claim}":{secs}}}"#), b"k"), &[b"k"], NOW).map(|_| ())
        };
        assert_eq!(at("exp", -300), Ok(()));
        assert_eq!(at("exp", -301), Err(JwtError::Expired));
        assert_eq!(at("nbf", 300), Ok(()));
        assert_eq!(at("nbf", 301), Err(JwtError::NotYet));
        assert_eq!(verify(&signed(r#"{"exp":"soon"}"#, b"k"), &[b"k"], NOW), Err(JwtError::Payload));
        assert_eq!(verify(&signed("[]", b"k"), &[b"k"], NOW), Err(JwtError::Payload));
    }

    #[test]
    fn a_salt_is_its_text_or_the_text_behind_its_hexadecimal_form() {
        let verification = |value: &str| Verification {
            signing_secret: Some(Secret::new("s3cret")),
            salt: Some(Salt { customer_key: "key".into(), value: Secret::new(value) }),
        };
        let keys = |value| keys_of(&verification(value)).iter().map(|key| key.to_vec()).collect::<Vec<_>>();
        assert_eq!(keys("connector-salt-01"), [b"connector-salt-01".to_vec(), b"s3cret".to_vec()]);
        let hex = "0x636f6e6e6563746f722d73616c742d3031";
        assert_eq!(keys(hex), [b"connector-salt-01".to_vec(), hex.as_bytes().to_vec(), b"s3cret".to_vec()]);
        assert_eq!(keys("0x6"), [b"0x6".to_vec(), b"s3cret".to_vec()]);
        assert_eq!(keys("0xé"), ["0xé".as_bytes().to_vec(), b"s3cret".to_vec()]);
        assert!(keys_of(&Verification { signing_secret: Some(Secret::new(" ")), salt: None }).is_empty());
    }

    proptest! {
        #[test]
        fn one_changed_character_never_verifies(payload in "[a-z]{0,40}", at: prop::sample::Index, to in "[A-Za-z0-9_.-]") {
            let jws = signed(&format!(r#"{{"p":"{payload}"}}"#), b"key");
            let at = at.index(jws.len());
            let mut changed = jws.clone();
            changed.replace_range(at..=at, &to);
            if changed != jws {
                prop_assert!(verify(&changed, &[b"key"], NOW).is_err());
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(body: Vec<u8>, token in "[A-Za-z0-9_.-]{0,80}") {
            if let Body::Token(token) = split(&body) {
                prop_assert!(verify(&token, &[b"k"], NOW).is_err());
            }
            prop_assert!(verify(&token, &[b"k"], NOW).is_err());
            if let Some(unverified) = peek(&token) {
                prop_assert!(unverified.payload().len() <= token.len());
            }
        }
    }
}
