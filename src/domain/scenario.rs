//! Scenario keys of OMNI failover, and what the provider says of one (infobip.md 5.3, *Verify Scenario Key*).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::InvalidId;

/// Longest key that is asked for, in characters; Infobip's own have 32.
pub(crate) const KEY_CHARS_MAX: usize = 64;

/// A scenario's key: letters and digits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ScenarioKey(String);

impl ScenarioKey {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ScenarioKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let text = text.trim();
        if (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId { what: "scenario key", allowed: "1 to 64 letters and digits" })
        }
    }
}

impl TryFrom<String> for ScenarioKey {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<ScenarioKey> for String {
    fn from(key: ScenarioKey) -> Self {
        key.0
    }
}

impl fmt::Display for ScenarioKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A scenario: channels tried in this order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) flow: Vec<FlowStep>,
}

/// One channel of a scenario's flow.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct FlowStep {
    /// `VIBER`, `SMS`, `KAKAO_ALIM` …; a value that we don't know is kept as it came.
    pub(crate) channel: String,
    pub(crate) sender: String,
}

impl Scenario {
    /// Whether its flow tries `channel`, by Infobip's name.
    pub(crate) fn has(&self, channel: &str) -> bool {
        self.flow.iter().any(|step| step.channel.eq_ignore_ascii_case(channel))
    }
}

/// What came of asking for a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScenarioCheck {
    Exists(Scenario),
    DoesNotExist,
    /// Nobody knows; the sentence says why.
    CannotTell(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_letters_and_digits() {
        for good in ["CC9F01A5DC7BEE2C2B829D203482A654", "1", " abc ", &"x".repeat(64)] {
            assert_eq!(good.parse::<ScenarioKey>().unwrap().as_str(), good.trim());
        }
        for bad in ["", " ", "a b", "a/b", "a-b", "../1", "é", &"x".repeat(65)] {
            assert!(bad.parse::<ScenarioKey>().is_err(), "{bad}");
            assert!(serde_json::from_value::<ScenarioKey>(bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_flow_tells_its_channels() {
        let step = |channel: &str| FlowStep { channel: channel.into(), sender: "ACME".into() };
        let scenario = Scenario { name: "n".into(), flow: vec![step("VIBER"), step("sms")] };
        assert!(scenario.has("VIBER") && scenario.has("SMS"));
        assert!(!scenario.has("KAKAO_ALIM"));
    }
}
