//! What may come with a webhook to prove that it is Infobip's (infobip.md 9.7): basic authentication, or an HMAC of the
//! body.
//!
//! The algorithms are published (`HMAC_MD5`, `HMAC_SHA_1` to `_512`); which header the HMAC comes in, how it is written and
//! what it is made of is not. So all that is likely is accepted, here and nowhere else: hexadecimal or base64, also the one
//! in the other, with or without the algorithm's name before it, over the body as it came. A right HMAC proves its call
//! whatever header it stands in: nobody without the key can make one. A wrong one is told only by the headers that public
//! code knows; in another it may be a proxy's own business.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use crate::domain::tenant::{Authenticity, BasicAuth, WebhookAuth};

/// Headers that hold a signature and nothing else.
pub(crate) const SIGNATURE_HEADERS: [&str; 7] = [
    "x-hub-signature-256",
    "x-hub-signature",
    "x-infobip-signature",
    "x-signature",
    "x-signature-256",
    "x-hmac-signature",
    "signature",
];
const AUTHORIZATION: &str = "authorization";
/// Longest header that is looked at, in bytes: a SHA-512 in hexadecimal, in base64, with a prefix, has 189.
const SIGNATURE_BYTES_MAX: usize = 256;
/// Shortest text that can be a signature, in bytes: an MD5 in base64.
const SIGNATURE_BYTES_MIN: usize = 22;
/// Headers of unknown names that are looked at.
const OTHERS_MAX: usize = 64;
/// Longest name of an algorithm, in bytes: `hmac_sha_512` has 12. No signature in base64 is as short.
const ALGORITHM_BYTES_MAX: usize = 16;

/// The credentials that a call carries. Neither shown nor logged.
#[derive(Default)]
pub(crate) struct Credentials {
    authorization: Option<String>,
    signatures: Vec<String>,
    /// What else may be one.
    others: Vec<String>,
}

impl Credentials {
    /// Reads them from a call's headers; names are in lower case.
    pub(crate) fn read<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut read = Self::default();
        for (name, value) in headers {
            let value = value.trim();
            if name == AUTHORIZATION {
                read.authorization.get_or_insert_with(|| value.to_owned());
            } else if SIGNATURE_HEADERS.contains(&name) {
                read.signatures.push(value.to_owned());
            } else if read.others.len() < OTHERS_MAX
                && (SIGNATURE_BYTES_MIN..=SIGNATURE_BYTES_MAX).contains(&value.len())
            {
                read.others.push(value.to_owned());
            }
        }
        read
    }

    /// Whether a call with this body is the account's. What the account has not set up is not looked at.
    pub(crate) fn judge(&self, auth: &WebhookAuth, body: &[u8]) -> Authenticity {
        let basic = match (&auth.basic, &self.authorization) {
            (Some(expected), Some(given)) => Some(is_basic(given, expected)),
            _ => None,
        };
        let signed = auth.hmac_key.as_ref().and_then(|key| self.is_signed(key.expose().as_bytes(), body));
        match (basic, signed) {
            (Some(false), _) | (_, Some(false)) => Authenticity::Wrong,
            (None, None) => Authenticity::NotShown,
            _ => Authenticity::Proven,
        }
    }

    /// `None` when there is no signature.
    fn is_signed(&self, key: &[u8], body: &[u8]) -> Option<bool> {
        let mut macs = Macs { key, body, made: Vec::new() };
        if self.signatures.iter().chain(&self.others).any(|given| macs.has(given)) {
            return Some(true);
        }
        if self.signatures.is_empty() { None } else { Some(false) }
    }
}

fn is_basic(given: &str, expected: &BasicAuth) -> bool {
    let Some((scheme, encoded)) = given.split_once(' ') else { return false };
    let expected = format!("{}:{}", expected.user, expected.password.expose());
    let Ok(given) = STANDARD.decode(encoded.trim()) else { return false };
    scheme.eq_ignore_ascii_case("basic") && bool::from(given.ct_eq(expected.as_bytes()))
}

/// A body's HMACs, each made when it is asked for first: bodies have megabytes.
struct Macs<'a> {
    key: &'a [u8],
    body: &'a [u8],
    made: Vec<Vec<u8>>,
}

impl Macs<'_> {
    /// Whether a header's value is one of them, in whatever spelling. Compared in constant time.
    fn has(&mut self, given: &str) -> bool {
        decoded(given).iter().any(|tag| self.of_length(tag.len()).is_some_and(|mac| bool::from(mac.ct_eq(tag))))
    }

    /// The HMAC whose algorithm makes so many bytes.
    fn of_length(&mut self, length: usize) -> Option<&[u8]> {
        if !self.made.iter().any(|mac| mac.len() == length) {
            let mac = match length {
                16 => mac::<Hmac<Md5>>(self.key, self.body),
                20 => mac::<Hmac<Sha1>>(self.key, self.body),
                28 => mac::<Hmac<Sha224>>(self.key, self.body),
                32 => mac::<Hmac<Sha256>>(self.key, self.body),
                48 => mac::<Hmac<Sha384>>(self.key, self.body),
                64 => mac::<Hmac<Sha512>>(self.key, self.body),
                _ => None,
            }?;
            self.made.push(mac);
        }
        self.made.iter().find(|mac| mac.len() == length).map(Vec::as_slice)
    }
}

fn mac<M: Mac + hmac::digest::KeyInit>(key: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    // A key of any length will do.
    let mut mac = <M as Mac>::new_from_slice(key).ok()?;
    mac.update(body);
    Some(mac.finalize().into_bytes().to_vec())
}

/// All that a header's value may mean: with and without a prefix, as hexadecimal and as base64, also of hexadecimal digits.
fn decoded(given: &str) -> Vec<Vec<u8>> {
    if given.len() > SIGNATURE_BYTES_MAX {
        return Vec::new();
    }
    let unprefixed = given.split_once('=').filter(|(name, rest)| !rest.is_empty() && is_algorithm(name));
    let text = unprefixed.map_or(given, |(_, rest)| rest.trim());
    let base64 = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
    let decoded: Vec<_> = base64.into_iter().filter_map(|engine| engine.decode(text).ok()).collect();
    let digits: Vec<_> = decoded.iter().filter_map(|bytes| hex(std::str::from_utf8(bytes).ok()?)).collect();
    decoded.into_iter().chain(digits).chain(hex(text)).collect()
}

/// Whether this is what may stand before a signature, such as `sha256`.
fn is_algorithm(name: &str) -> bool {
    let starts = |with: &str| name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    name.len() <= ALGORITHM_BYTES_MAX && ["sha", "hmac", "md5"].into_iter().any(starts)
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
    // RFC 2202 2 and 3 and RFC 4231 4.3: key "Jefe".
    const MD5: &str = "750c783e6ab0b503eaa86e310a5db738";
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
        Credentials::read(headers.iter().copied()).judge(auth, BODY)
    }

    #[test]
    fn signatures_are_taken_in_every_spelling() {
        let base64 = STANDARD.encode(hex(SHA256).unwrap());
        let spellings = [
            MD5.to_owned(),
            format!("md5={MD5}"),
            STANDARD.encode(hex(MD5).unwrap()),
            STANDARD.encode(SHA256),
            STANDARD.encode(SHA512),
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
        for header in SIGNATURE_HEADERS.into_iter().chain(["x-whatever"]) {
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
    fn a_header_of_another_name_proves_and_never_condemns() {
        for other in ["", "Mozilla/5.0 (a browser)", &"0".repeat(64), SHA256.get(..62).unwrap()] {
            assert_eq!(judged(&[("x-of-a-proxy", other)], &auth(false, true)), Authenticity::NotShown, "{other}");
        }
        let right_elsewhere = [("x-signature", "of another system"), ("x-of-infobip", SHA256)];
        assert_eq!(judged(&right_elsewhere, &auth(false, true)), Authenticity::Proven);
        let mut many = vec![("x-of-a-proxy", "a value that is long enough"); OTHERS_MAX];
        many.push(("x-signature", SHA256));
        assert_eq!(judged(&many, &auth(false, true)), Authenticity::Proven);
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
