//! The kinds of values that keys have: how each is read from TOML and from text, and written back.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use toml::Value;

use crate::domain::networks::Networks;
use crate::domain::origin::{Origin, is_domain, parse_own_origin};

/// Allowed whole numbers.
pub(crate) type Range = RangeInclusive<u64>;

/// Of keys that are no numbers.
pub(crate) const ANY: Range = 0..=u64::MAX;

/// A value of a key. Errors are what it must be, in words.
pub(super) trait Setting: Sized {
    const KIND: &'static str;

    fn from_toml(value: &Value, range: &Range) -> Result<Self, String> {
        match value {
            Value::String(text) => Self::from_text(text.trim(), range),
            _ => Err(Self::KIND.to_owned()),
        }
    }

    fn from_text(text: &str, range: &Range) -> Result<Self, String>;

    /// As TOML; `None` when there is no value.
    fn to_toml(&self) -> Option<Value>;
}

impl Setting for bool {
    const KIND: &'static str = "true or false";

    fn from_toml(value: &Value, _: &Range) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| Self::KIND.to_owned())
    }

    fn from_text(text: &str, _: &Range) -> Result<Self, String> {
        text.parse().map_err(|_| Self::KIND.to_owned())
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::Boolean(*self))
    }
}

macro_rules! whole_number {
    ($($type:ty),+) => {$(
        impl Setting for $type {
            const KIND: &'static str = "a whole number";

            fn from_toml(value: &Value, range: &Range) -> Result<Self, String> {
                let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
                number
                    .filter(|number| range.contains(number))
                    .and_then(|number| Self::try_from(number).ok())
                    .ok_or_else(|| format!("{} from {} to {}", Self::KIND, range.start(), range.end()))
            }

            fn from_text(text: &str, range: &Range) -> Result<Self, String> {
                Self::from_toml(&text.parse().map_or(Value::Boolean(false), Value::Integer), range)
            }

            fn to_toml(&self) -> Option<Value> {
                i64::try_from(*self).ok().map(Value::Integer)
            }
        }
    )+};
}

whole_number!(u32, u64, usize);

impl Setting for SocketAddr {
    const KIND: &'static str = "an address and port such as \"127.0.0.1:8080\"";

    fn from_text(text: &str, _: &Range) -> Result<Self, String> {
        text.parse().map_err(|_| Self::KIND.to_owned())
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl Setting for PathBuf {
    const KIND: &'static str = "an absolute path";

    fn from_text(text: &str, _: &Range) -> Result<Self, String> {
        let path = Self::from(text);
        if path.is_absolute() && !text.contains('\0') { Ok(path) } else { Err(Self::KIND.to_owned()) }
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.to_string_lossy().into_owned()))
    }
}

/// A list of texts; in a variable one text with commas between them.
impl Setting for Networks {
    const KIND: &'static str =
        "a list of networks such as \"192.0.2.0/24\", addresses and \"infobip\", at most 1000; none switches it off";

    fn from_toml(value: &Value, _: &Range) -> Result<Self, String> {
        let texts: Option<Vec<_>> = value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        texts.and_then(Self::parse).ok_or_else(|| Self::KIND.to_owned())
    }

    fn from_text(text: &str, _: &Range) -> Result<Self, String> {
        let texts = text.split(',').filter(|_| !text.is_empty());
        Self::parse(texts).ok_or_else(|| Self::KIND.to_owned())
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::Array(self.texts().iter().map(|text| Value::from(text.as_str())).collect()))
    }
}

/// An empty text is no value: so a variable can take back what the file says.
impl<T: Setting> Setting for Option<T> {
    const KIND: &'static str = T::KIND;

    fn from_toml(value: &Value, range: &Range) -> Result<Self, String> {
        match value {
            Value::String(text) if text.trim().is_empty() => Ok(None),
            value => T::from_toml(value, range).map(Some),
        }
    }

    fn from_text(text: &str, range: &Range) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::from_text(text, range).map(Some) }
    }

    fn to_toml(&self) -> Option<Value> {
        self.as_ref().and_then(Setting::to_toml)
    }
}

/// The address under which SFMC and Infobip reach the server: `https://host[:port]` without trailing slash, or
/// `http://` on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Origin);

impl PublicUrl {
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Setting for PublicUrl {
    const KIND: &'static str =
        "an https:// address without a path, such as https://waypost.example.com (http:// on loopback only)";

    fn from_text(text: &str, _: &Range) -> Result<Self, String> {
        parse_own_origin(text).map(Self).map_err(|_| Self::KIND.to_owned())
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.as_str().to_owned()))
    }
}

/// Hosts that may frame the configuration pages, as `frame-ancestors` of a content security policy takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameHosts(String);

impl FrameHosts {
    /// The hosts with a space between each two.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for FrameHosts {
    /// Where Journey Builder's own pages come from (sfmc.md 3.2).
    fn default() -> Self {
        Self("https://*.exacttarget.com https://*.marketingcloudapps.com".to_owned())
    }
}

impl Setting for FrameHosts {
    const KIND: &'static str = "host names with spaces between, such as \"*.exacttarget.com *.marketingcloudapps.com\" \
         (http:// on loopback only)";

    fn from_text(text: &str, _: &Range) -> Result<Self, String> {
        let host = |word: &str| {
            let bare = word.strip_prefix("https://").unwrap_or(word);
            match bare.strip_prefix("*.") {
                Some(rest) => is_domain(rest).then(|| format!("https://{}", bare.to_ascii_lowercase())),
                None => parse_own_origin(word).ok().map(|origin| origin.as_str().to_owned()),
            }
        };
        let hosts: Option<Vec<_>> = text.split_whitespace().map(host).collect();
        let hosts = hosts.filter(|hosts| !hosts.is_empty()).ok_or_else(|| Self::KIND.to_owned())?;
        Ok(Self(hosts.join(" ")))
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.0.clone()))
    }
}

/// Most characters of a [`Label`]: what Journey Builder shows of a name.
const LABEL_CHARS_MAX: usize = 100;

/// A name or a short description for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(String);

impl Label {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for Label {
    const KIND: &'static str = "a text of 1 to 100 characters, without control characters";

    fn from_text(text: &str, _: &Range) -> Result<Self, String> {
        let text = text.trim();
        let is_right = !text.is_empty() && text.chars().count() <= LABEL_CHARS_MAX && !text.contains(char::is_control);
        if is_right { Ok(Self(text.to_owned())) } else { Err(Self::KIND.to_owned()) }
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.0.clone()))
    }
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $kind:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl Setting for $name {
            const KIND: &'static str = $kind;

            fn from_text(text: &str, _: &Range) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(Self::KIND.to_owned()),
                }
            }

            fn to_toml(&self) -> Option<Value> {
                Some(Value::String(self.as_str().to_owned()))
            }
        }
    };
}

choice! {
    /// How log lines look.
    LogFormat, "human or json" {
        Human = "human",
        Json = "json",
    }
}

choice! {
    /// Least severity that is logged.
    LogLevel, "error, warn, info, debug or trace" {
        Error = "error",
        Warn = "warn",
        Info = "info",
        Debug = "debug",
        Trace = "trace",
    }
}
