//! The master key: where it comes from, and how a new one is made (spec T6).

use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::{Zeroize as _, Zeroizing};

use crate::domain::secret::Secret;

use super::{Config, ConfigError, MASTER_KEY_VARIABLE, read_limited, read_open_file};

/// Length of the key, in bytes (XChaCha20-Poly1305).
const KEY_BYTES: usize = 32;
/// Largest key file that is read, in bytes: the digits and some white space.
const FILE_BYTES_MAX: u64 = 256;
/// Directory of the unit's credentials, set by systemd (systemd.exec(5), `LoadCredential=`).
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
const CREDENTIAL: &str = "master-key";

/// The key that wraps every tenant's data key. Wiped from memory when dropped; its `Debug` is a mask.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl MasterKey {
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key itself: for wrapping tenant keys. Never for a log, an error or a page.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Reads 64 hexadecimal digits or the Base64 of 32 bytes. The error is what is wrong, without the text.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }

    /// The key as text, for the control socket.
    pub(crate) fn to_text(&self) -> Secret {
        Secret::new(STANDARD.encode(self.expose()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        if text.len() == 2 * KEY_BYTES && decode_hex(text, &mut bytes) {
            return Ok(Self(bytes));
        }
        let decoded = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).map(Zeroizing::new);
        match decoded {
            Ok(decoded) if decoded.len() == KEY_BYTES => {
                bytes.copy_from_slice(&decoded);
                Ok(Self(bytes))
            }
            _ => Err("it must be 32 bytes, as 64 hexadecimal digits or Base64".to_owned()),
        }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(••••)")
    }
}

/// Where the master key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    File(PathBuf),
    Environment,
    Credential(PathBuf),
}

impl MasterKeySource {
    /// The first that is set, of: `store.master_key_file`, the environment variable, the systemd credential.
    pub fn find(config: &Config, env: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        if let Some(path) = &config.store.master_key_file {
            return Some(Self::File(path.clone()));
        }
        if env(MASTER_KEY_VARIABLE).is_some() {
            return Some(Self::Environment);
        }
        let path = Path::new(&env(CREDENTIALS_VARIABLE)?).join(CREDENTIAL);
        path.exists().then_some(Self::Credential(path))
    }
}

impl fmt::Display for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "in the file {}", path.display()),
            Self::Environment => write!(f, "in the environment variable {MASTER_KEY_VARIABLE}"),
            Self::Credential(path) => write!(f, "in the systemd credential {CREDENTIAL} ({})", path.display()),
        }
    }
}

/// Reads the master key from where [`MasterKeySource::find`] says.
///
/// A key file that its group or others may read is refused. A credential's mode is systemd's business: it may carry an
/// access list, whose mask shows as group permissions.
pub fn read_master_key(config: &Config, env: &dyn Fn(&str) -> Option<String>) -> Result<MasterKey, ConfigError> {
    let source = MasterKeySource::find(config, env).ok_or(ConfigError::NoMasterKey)?;
    let text = match &source {
        MasterKeySource::File(path) => read_private(path),
        MasterKeySource::Environment => Ok(env(MASTER_KEY_VARIABLE).unwrap_or_default()),
        MasterKeySource::Credential(path) => read_limited(path, FILE_BYTES_MAX),
    };
    let key = text.and_then(|text| MasterKey::parse(&Zeroizing::new(text)));
    key.map_err(|problem| ConfigError::MasterKey { place: source, problem })
}

/// Reads a master key from a file of its own, as `store.master_key_file` would be read.
pub(crate) fn read_master_key_file(path: &Path) -> Result<MasterKey, ConfigError> {
    let key = read_private(path).and_then(|text| MasterKey::parse(&Zeroizing::new(text)));
    key.map_err(|problem| ConfigError::MasterKey { place: MasterKeySource::File(path.to_owned()), problem })
}

/// Writes a new random key to a new file that only its owner can read. An existing file is left alone.
pub fn generate_master_key_file(path: &Path) -> std::io::Result<()> {
    use rand::Rng as _;
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    rand::rng().fill_bytes(&mut *bytes);
    let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 1));
    for byte in bytes.iter() {
        for nibble in [byte >> 4, byte & 0xf] {
            text.extend(char::from_digit(nibble.into(), 16));
        }
    }
    text.push('\n');
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Looks at the open file, not at the path: what is checked is what is read.
fn read_private(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| super::in_words(&error))?;
    let metadata = file.metadata().map_err(|error| super::in_words(&error))?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if metadata.mode() & 0o077 != 0 {
        return Err("its group or others have permissions on it: chmod 600 takes them away".to_owned());
    }
    read_open_file(file, FILE_BYTES_MAX)
}

fn decode_hex(text: &str, bytes: &mut [u8; KEY_BYTES]) -> bool {
    let mut digits = text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
    for byte in bytes.iter_mut() {
        let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
            bytes.zeroize();
            return false;
        };
        *byte = high << 4 | low;
    }
    true
}
