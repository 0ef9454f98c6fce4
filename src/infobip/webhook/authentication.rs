//! What may come with a webhook to prove that it is Infobip's (infobip.md 9.7): basic authentication, or an HMAC of the
//! body.
//!
//! Which header the HMAC comes in, how it is written and what it is made of is published nowhere. So what public code
//! takes for granted is all accepted, here and nowhere else: these headers, hexadecimal or base64, with or without the
//! algorithm's name before it, SHA-1 or any SHA-2, over the body as it came.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use crate::domain::tenant::{Authenticity, BasicAuth, WebhookAuth};

/// Headers that a signature is looked for in.
pub(crate) const SIGNATURE_HEADERS: [&str; 7] = [
    "x-hub-signature-256",
    "x-hub-signature",
    "x-infobip-signature",
    "x-signature",
    "x-signature-256",
    "x-hmac-signature",
    "signature",
];
/// Longest value of one that is looked at, in bytes: a SHA-512 in hexadecimal has 128.
const SIGNATURE_BYTES_MAX: usize = 256;
/// Longest name of an algorithm, in bytes: `hmac_sha_512` has 12. No signature in base64 is as short.
const ALGORITHM_BYTES_MAX: usize = 16;

/// The credentials that a call carries. Neither shown nor logged.
pub(crate) struct Credentials {
    authorization: Option<String>,
    signatures: Vec<String>,
}

impl Credentials {
    /// Reads them with `header`, which gives the first value of a header.
    pub(crate) fn read<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let owned = |name: &str| header(name).map(|value| value.trim().to_owned());
        Self {
            authorization: owned("authorization"),
            signatures: SIGNATURE_HEADERS.into_iter().filter_map(owned).collect(),
        }
    }

    /// Whether a call with this body is the account's. What the account has not set up is not looked at.
    pub(crate) fn judge(&self, auth: &WebhookAuth, body: &[u8]) -> Authenticity {
        let basic = match (&auth.basic, &self.authorization) {
            (Some(expected), Some(given)) => Some(is_basic(given, expected)),
            _ => None,
        };
        let signed = match &auth.hmac_key {
            Some(key) if !self.signatures.is_empty() => {
                Some(self.signatures.iter().any(|given| is_signature(given, key.expose().as_bytes(), body)))
            }
            _ => None,
        };
        match (basic, signed) {
            (Some(false), _) | (_, Some(false)) => Authenticity::Wrong,
            (None, None) => Authenticity::NotShown,
            _ => Authenticity::Proven,
        }
    }
}

fn is_basic(given: &str, expected: &BasicAuth) -> bool {
    let Some((scheme, encoded)) = given.split_once(' ') else { return false };
    let expected = format!("{}:{}", expected.user, expected.password.expose());
    let Ok(given) = STANDARD.decode(encoded.trim()) else { return false };
    scheme.eq_ignore_ascii_case("basic") && bool::from(given.ct_eq(expected.as_bytes()))
}

fn is_signature(given: &str, key: &[u8], body: &[u8]) -> bool {
    decoded(given).iter().any(|tag| match tag.len() {
        20 => verifies::<Hmac<Sha1>>(key, body, tag),
        28 => verifies::<Hmac<Sha224>>(key, body, tag),
        32 => verifies::<Hmac<Sha256>>(key, body, tag),
        48 => verifies::<Hmac<Sha384>>(key, body, tag),
        64 => verifies::<Hmac<Sha512>>(key, body, tag),
        _ => false,
    })
}

fn verifies<M: Mac + hmac::digest::KeyInit>(key: &[u8], body: &[u8], tag: &[u8]) -> bool {
    // A key of any length will do.
    let Ok(mut mac) = <M as Mac>::new_from_slice(key) else { return false };
    mac.update(body);
    mac.verify_slice(tag).is_ok()
}

/// All that a header's value may mean: with and without a prefix, as hexadecimal and as base64.
fn decoded(given: &str) -> Vec<Vec<u8>> {
    if given.len() > SIGNATURE_BYTES_MAX {
        return Vec::new();
    }
    let unprefixed = given.split_once('=').filter(|(name, rest)| !rest.is_empty() && is_algorithm(name));
    let text = unprefixed.map_or(given, |(_, rest)| rest.trim());
    let base64 = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
    base64.into_iter().filter_map(|engine| engine.decode(text).ok()).chain(hex(text)).collect()
}

/// Whether this is what may stand before a signature, such as `sha256`.
fn is_algorithm(name: &str) -> bool {
    let starts = |with: &str| name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    name.len() <= ALGORITHM_BYTES_MAX && (starts("sha") || starts("hmac"))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    const BODY: &[u8] = b"what do ya want for nothing?";
    // RFC 2202 2 and RFC 4231 4.3: key "Jefe".
    const SHA1: &str = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    const SHA256: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const SHA512: &str = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";

    fn auth(basic: bool, hmac: bool) -> WebhookAuth {
        WebhookAuth {
            basic: basic.then(|| BasicAuth { user: "Aladdin".into(), password: Secret::new("open sesame".to_owned()) }),
            hmac_key: hmac.then(|| Secret::new("Jefe".to_owned())),
        }
    }

    fn judged(headers: &[(&str, &str)], auth: &WebhookAuth) -> Authenticity {
        Credentials::read(|name| headers.iter().find(|(own, _)| *own == name).map(|(_, value)| *value))
            .judge(auth, BODY)
    }

    #[test]
    fn signatures_are_taken_in_every_spelling() {
        let base64 = STANDARD.encode(hex(SHA256).unwrap());
        let spellings = [
            SHA1.to_owned(),
            SHA256.to_owned(),
            SHA512.to_owned(),
            SHA256.to_uppercase(),
            format!("sha256={SHA256}"),
            format!("SHA-512={SHA512}"),
            format!("sha1={SHA1}"),
            format!("hmac-sha256={base64}"),
            base64.clone(),
            base64.trim_end_matches('=').to_owned(),
        ];
        for header in SIGNATURE_HEADERS {
            for given in &spellings {
                assert_eq!(judged(&[(header, given)], &auth(false, true)), Authenticity::Proven, "{header}: {given}");
            }
        }
    }

    #[test]
    fn wrong_signatures_are_refused() {
        let flipped = format!("6{}", SHA256.get(1..).unwrap());
        let cut = [SHA256.get(..62).unwrap(), SHA256.get(1..).unwrap()];
        for wrong in ["", "sha256=", "x", &flipped, cut[0], cut[1], "é", &"a".repeat(300)] {
            assert_eq!(judged(&[("x-signature", wrong)], &auth(false, true)), Authenticity::Wrong, "{wrong}");
        }
        let one_right = [("signature", "sig1=:abc:"), ("x-hub-signature-256", SHA256)];
        assert_eq!(judged(&one_right, &auth(false, true)), Authenticity::Proven);
    }

    #[test]
    fn basic_authentication_must_be_the_accounts() {
        // RFC 7617 2's example, with another password.
        let right = format!("Basic {}", STANDARD.encode("Aladdin:open sesame"));
        assert_eq!(judged(&[("authorization", &right)], &auth(true, false)), Authenticity::Proven);
        let cut = right.get(..right.len() - 4).unwrap();
        for wrong in [&right.replace("Basic", "Bearer"), cut, "Basic", "Basic !", ""] {
            assert_eq!(judged(&[("authorization", wrong)], &auth(true, false)), Authenticity::Wrong, "{wrong}");
        }
    }

    #[test]
    fn what_the_account_has_not_set_up_is_not_looked_at() {
        let both = [("authorization", "Basic x"), ("x-signature", "y")];
        assert_eq!(judged(&both, &auth(false, false)), Authenticity::NotShown);
        assert_eq!(judged(&[], &auth(true, true)), Authenticity::NotShown);
        let one_wrong = [("authorization", "Basic x"), ("x-signature", SHA256)];
        assert_eq!(judged(&one_wrong, &auth(true, true)), Authenticity::Wrong);
        assert_eq!(judged(&one_wrong, &auth(false, true)), Authenticity::Proven);
    }
}
