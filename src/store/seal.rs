//! Every value is sealed: XChaCha20-Poly1305 under its business unit's data key, bound to its record's full key, so
//! that a value neither opens when a bit of it flipped nor when it was moved to another place (spec T6).
//!
//! Data keys are random and lie in the store wrapped by the master key, which never does. From a data key two more are
//! derived: one that seals, and one for the keyed hashes that stand for phone numbers and ids in keys.

use std::sync::Arc;

use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{Key as CipherKey, Tag, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::keys::Hash;

/// First byte of a sealed value: this construction.
const SEAL_VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// Version and nonce.
const HEADER_BYTES: usize = 1 + NONCE_BYTES;
/// What sealing adds to a value.
pub(crate) const SEAL_BYTES: usize = HEADER_BYTES + TAG_BYTES;

/// Why a sealed value did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    /// Damaged, moved, or sealed under another key: authentication can't tell these apart.
    #[error("the value is damaged, or was sealed under another key")]
    Damaged,
    #[error("the value is too large to be sealed")]
    TooLarge,
}

/// The key that wraps all others. Comes from the system's credential, a file or the environment; never stored.
#[derive(Clone)]
pub(crate) struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl MasterKey {
    pub(crate) fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// What wraps data keys.
    fn wrapper(&self) -> Sealer {
        Sealer::derived(&self.0, "waypost master key 1: ")
    }
}

/// The random key of one business unit, or of the system.
pub(crate) struct DataKey(Zeroizing<[u8; KEY_BYTES]>);

impl DataKey {
    pub(crate) fn random() -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// The stored form, bound to `key`, where it will lie.
    pub(crate) fn wrap(&self, master: &MasterKey, key: &[u8]) -> Result<Vec<u8>, SealError> {
        master.wrapper().seal(key, self.0.as_slice())
    }

    pub(crate) fn unwrap_from(master: &MasterKey, key: &[u8], wrapped: &[u8]) -> Result<Self, SealError> {
        let bytes = Zeroizing::new(master.wrapper().open(key, wrapped)?);
        let bytes = bytes.as_slice().try_into().map_err(|_| SealError::Damaged)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    pub(crate) fn sealer(&self) -> Sealer {
        Sealer::derived(&self.0, "waypost data key 1: ")
    }
}

/// Seals and opens one business unit's values. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sealer(Arc<SubKeys>);

struct SubKeys {
    cipher: XChaCha20Poly1305,
    lookup: Zeroizing<[u8; KEY_BYTES]>,
}

impl Sealer {
    fn derived(key: &[u8; KEY_BYTES], context: &str) -> Self {
        let mut seal = derive(key, context, "seal");
        let cipher = XChaCha20Poly1305::new(CipherKey::from_slice(&seal));
        seal.zeroize();
        Self(Arc::new(SubKeys { cipher, lookup: Zeroizing::new(derive(key, context, "lookup")) }))
    }

    /// Seals `plain` for the place `key`.
    pub(crate) fn seal(&self, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut buffer = Self::buffer(plain.len());
        buffer.extend_from_slice(plain);
        self.seal_buffer(key, buffer)
    }

    /// Room for a value of about `plain_bytes` and what sealing adds: the value is appended, then
    /// [`Sealer::seal_buffer`] seals it where it is.
    pub(crate) fn buffer(plain_bytes: usize) -> Vec<u8> {
        let mut buffer = Vec::with_capacity(plain_bytes + SEAL_BYTES);
        buffer.resize(HEADER_BYTES, 0);
        buffer
    }

    /// Seals what was appended to a [`Sealer::buffer`].
    pub(crate) fn seal_buffer(&self, key: &[u8], mut buffer: Vec<u8>) -> Result<Vec<u8>, SealError> {
        let (header, plain) = buffer.split_at_mut_checked(HEADER_BYTES).ok_or(SealError::Damaged)?;
        let mut nonce = [0; NONCE_BYTES];
        // The generator is the thread's own, seeded and reseeded by the system: nothing that is tested by a seed
        // depends on a nonce, and a repeated one would be the end of secrecy.
        rand::fill(&mut nonce);
        if let Some((version, place)) = header.split_first_mut() {
            *version = SEAL_VERSION;
            place.copy_from_slice(&nonce);
        }
        let tag = self.0.cipher.encrypt_in_place_detached(XNonce::from_slice(&nonce), key, plain);
        buffer.extend_from_slice(&tag.map_err(|_| SealError::TooLarge)?);
        Ok(buffer)
    }

    /// Opens what was sealed for the place `key`.
    pub(crate) fn open(&self, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (version, rest) = sealed.split_first().ok_or(SealError::Damaged)?;
        if *version != SEAL_VERSION {
            // Not a newer Waypost's: that one would have raised the format of the whole store, and it would not open.
            return Err(SealError::Damaged);
        }
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Damaged)?;
        let (body, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(SealError::Damaged)?;
        let mut plain = body.to_vec();
        let (nonce, tag) = (XNonce::from_slice(nonce), Tag::from_slice(tag));
        match self.0.cipher.decrypt_in_place_detached(nonce, key, &mut plain, tag) {
            Ok(()) => Ok(plain),
            Err(_) => Err(SealError::Damaged),
        }
    }

    /// A keyed hash of `bytes` for use in a key. `label` keeps hashes of different things apart.
    pub(crate) fn lookup_hash(&self, label: &str, bytes: &[u8]) -> Hash {
        let full = mac(&self.0.lookup, &[label.as_bytes(), &[0], bytes]);
        let mut hash = Hash::default();
        hash.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        hash
    }
}

fn derive(key: &[u8; KEY_BYTES], context: &str, purpose: &str) -> [u8; KEY_BYTES] {
    mac(key, &[context.as_bytes(), purpose.as_bytes()])
}

/// HMAC-SHA256.
fn mac(key: &[u8; KEY_BYTES], parts: &[&[u8]]) -> [u8; 32] {
    // A key as long as the block or shorter is used as it is; HMAC takes any length, so this can't fail.
    let mut padded = [0; 64];
    padded.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&padded.into());
    padded.zeroize();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealer(seed: u8) -> Sealer {
        DataKey(Zeroizing::new([seed; KEY_BYTES])).sealer()
    }

    fn flip(bytes: &mut [u8], bit: usize) {
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(key in proptest::collection::vec(any::<u8>(), 0..40), plain in proptest::collection::vec(any::<u8>(), 0..600)) {
            let sealed = sealer(1).seal(&key, &plain).unwrap();
            prop_assert_eq!(sealed.len(), plain.len() + SEAL_BYTES);
            prop_assert_eq!(sealer(1).open(&key, &sealed), Ok(plain));
            prop_assert!(sealer(2).open(&key, &sealed).is_err());
        }

        #[test]
        fn one_flipped_bit_never_opens(plain in proptest::collection::vec(any::<u8>(), 0..60), bit: usize, in_key: bool) {
            let mut key = vec![0x11, 1, 2, 3];
            let mut sealed = sealer(1).seal(&key, &plain).unwrap();
            flip(if in_key { &mut key } else { &mut sealed }, bit);
            prop_assert!(sealer(1).open(&key, &sealed).is_err());
        }

        #[test]
        fn any_bytes_open_or_not_but_never_panic(sealed in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(sealer(1).open(b"key", &sealed).is_err());
        }
    }

    #[test]
    fn every_single_bit_counts() {
        let sealed = sealer(1).seal(b"key", b"hello").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            flip(&mut damaged, bit);
            assert!(sealer(1).open(b"key", &damaged).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_wrapped_key_comes_back_and_only_under_its_master_key() {
        let master = MasterKey::from_bytes([9; 32]);
        let wrapped = DataKey(Zeroizing::new([4; 32])).wrap(&master, b"place").unwrap();
        assert_eq!(DataKey::unwrap_from(&master, b"place", &wrapped).unwrap().0.as_slice(), [4; 32]);
        assert!(DataKey::unwrap_from(&MasterKey::from_bytes([8; 32]), b"place", &wrapped).is_err());
        assert!(DataKey::unwrap_from(&master, b"other", &wrapped).is_err());
    }

    #[test]
    fn lookup_hashes_differ_by_label_value_and_key() {
        let hash = sealer(1).lookup_hash("phone", b"1");
        assert_eq!(hash, sealer(1).lookup_hash("phone", b"1"));
        assert_ne!(hash, sealer(1).lookup_hash("contact", b"1"));
        assert_ne!(hash, sealer(1).lookup_hash("phone", b"2"));
        assert_ne!(hash, sealer(2).lookup_hash("phone", b"1"));
    }

    #[test]
    fn hmac_matches_rfc_4231() {
        // Test case 1: a 20-byte key, which padding with zeros makes the same key.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        let hex: String = mac(&key, &[b"Hi ", b"There"]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected);
    }
}
