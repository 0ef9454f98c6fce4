//! A message before validation: the merged in-arguments of a call, read by the [contract](super::contract).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::super::callback_data::{self, CustomField, SystemFields};
use super::super::channel::Channel;
use super::super::ids::{ActivityId, JourneyId, Mid};
use super::super::origin;
use super::super::phone::{Country, Phone};
use super::super::scenario::ScenarioKey;
use super::super::speed_limit::{SpeedLimit, SpeedUnit};
use super::super::tenant::{Account, KakaoWay};
use super::super::timestamp::Timestamp;
use super::contract::{NUMBERED_MAX, names};
use super::fields::{has_control, required_text, units};
use super::numbered_fields::number;
use super::{
    BULK_ID_UNITS_MAX, CONTENT_BYTES_MAX, EVENT_KEY_UNITS_MAX, LinkTracking, Message, QueuePolicy, Rejection,
    RequestOptions, SmsFallback, VALIDITY_MINUTES_MAX, sms,
};

/// Longest contact key in SFMC, in UTF-16 units.
const CONTACT_KEY_UNITS_MAX: usize = 254;

/// What `stop` of a journey version does to its queued messages (spec M12).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) enum OnStop {
    /// The manual's behaviour: queued messages go out as scheduled.
    #[default]
    Keep,
    Hold,
    Cancel,
}

/// The merged in-arguments of one call, as text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct InArguments(HashMap<String, String>);

impl InArguments {
    pub(crate) fn insert(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    /// The value without surrounding white space; `None` when missing or blank.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The value exactly as it came; `""` when missing.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The values that are not blank of `prefix1`, `prefix2`, … up to [`NUMBERED_MAX`], in no order. Goes over what came
    /// instead of asking for each name that could have come.
    pub(super) fn numbered<'a>(&'a self, prefix: &str) -> impl Iterator<Item = (usize, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| {
            let number = number(name.strip_prefix(prefix)?)?;
            let value = value.trim();
            (!value.is_empty()).then_some((number, value))
        })
    }

    /// The largest number of `prefix1`, `prefix2`, … that came at all, blank ones too; 0 without any.
    pub(super) fn last_number(&self, prefix: &str) -> usize {
        self.0.keys().filter_map(|name| number(name.strip_prefix(prefix)?)).max().unwrap_or_default()
    }

    /// The values that are not blank, exactly as they came, in no order.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(_, value)| !value.trim().is_empty())
    }

    /// The rows of custom callback data, in their order.
    pub(crate) fn custom_fields(&self) -> Vec<CustomField<'_>> {
        let mut named: Vec<_> = self.numbered(names::CALLBACK_NAME_PREFIX).collect();
        named.sort_unstable_by_key(|(number, _)| *number);
        let value = |number| self.raw(&format!("{}{number}", names::CALLBACK_VALUE_PREFIX));
        named.into_iter().map(|(number, name)| CustomField { name, value: value(number) }).collect()
    }

    /// The sending speed limit, when there is one.
    pub(crate) fn speed_limit(&self) -> Result<Option<SpeedLimit>, Rejection> {
        let Some(count) = self.get(names::SPEED_LIMIT_COUNT) else { return Ok(None) };
        let count = count.parse().map_err(|_| Rejection::SpeedLimit)?;
        let unit = match self.get(names::SPEED_LIMIT_UNIT).unwrap_or_default().to_ascii_uppercase().as_str() {
            "MINUTE" => SpeedUnit::Minute,
            "HOUR" => SpeedUnit::Hour,
            "DAY" => SpeedUnit::Day,
            _ => return Err(Rejection::SpeedLimit),
        };
        SpeedLimit::new(count, unit).map(Some).map_err(|_| Rejection::SpeedLimit)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| ["true", "1", "yes"].iter().any(|yes| value.eq_ignore_ascii_case(yes)))
    }
}

impl FromIterator<(String, String)> for InArguments {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// The activity's channel, by the way that the account chooses for it. An account that is not known has chosen nothing;
/// it is refused later, in its turn.
pub(crate) fn chosen_channel(arguments: &InArguments, accounts: &[Account]) -> Result<Channel, Rejection> {
    let named = arguments.get(names::CHANNEL).and_then(Channel::by_name).ok_or(Rejection::Channel)?;
    let over_omni = chosen_account(arguments, accounts).is_ok_and(|account| account.kakao_way == KakaoWay::Omni);
    Ok(named.capability().over_omni.filter(|_| over_omni).unwrap_or(named))
}

/// The account that the activity names, or the only one.
pub(crate) fn chosen_account<'a>(arguments: &InArguments, accounts: &'a [Account]) -> Result<&'a Account, Rejection> {
    match arguments.get(names::ACCOUNT) {
        Some(label) => accounts.iter().find(|account| account.id.as_str() == label).ok_or(Rejection::Account),
        None => match accounts {
            [only] => Ok(only),
            _ => Err(Rejection::Account),
        },
    }
}

/// A message before validation: the in-arguments and what the call and the tenant add to them.
pub(crate) struct Draft<'a> {
    pub(crate) arguments: &'a InArguments,
    pub(crate) mid: Mid,
    pub(crate) activity_id: &'a ActivityId,
    pub(crate) journey_id: Option<&'a JourneyId>,
    /// `keyValue` of the call.
    pub(crate) key_value: &'a str,
    /// The tenant's Infobip accounts.
    pub(crate) accounts: &'a [Account],
    pub(crate) default_country: Option<Country>,
}

impl Draft<'_> {
    /// Validates in the manual's order: phone, then the channel's own checks (from, template, text, image, buttons),
    /// then the rest.
    pub(crate) fn validate(&self) -> Result<(Message, QueuePolicy), Rejection> {
        let recipient = self.recipient()?;
        let channel = self.channel()?;
        let content = (channel.capability().validate)(self)?;
        if content.has_forbidden_character() {
            return Err(Rejection::Characters);
        }
        if content.bytes() > CONTENT_BYTES_MAX {
            return Err(Rejection::MessageSize);
        }
        let account = self.account()?;
        let contact_key = self.contact_key()?;
        let options = RequestOptions { bulk_id: self.bulk_id(channel)?, tracking: self.tracking(channel)? };
        let callback_data = self.callback_data(&content, &options.bulk_id, contact_key)?;
        let policy = QueuePolicy { speed_limit: self.arguments.speed_limit()?, on_stop: self.on_stop() };
        let message = Message {
            account: account.id.clone(),
            channel,
            recipient,
            content,
            options,
            callback_data,
            contact_key: contact_key.to_owned(),
            validity_minutes: self.validity_minutes()?,
            latest_send_at: self.latest_send_at()?,
            reply_event: self.reply_event(channel)?,
        };
        Ok((message, policy))
    }

    /// The sender, required on every channel: at most `units_max` UTF-16 units, no control character.
    pub(crate) fn sender(&self, units_max: usize) -> Result<String, Rejection> {
        let sender = self.arguments.get(names::SENDER).ok_or(Rejection::From)?;
        if units(sender) > units_max || has_control(sender) {
            return Err(Rejection::From);
        }
        Ok(sender.to_owned())
    }

    /// The text to send, exactly as it came: not blank, at most `units_max` UTF-16 units, the count that the platforms'
    /// editors show.
    pub(crate) fn text(&self, units_max: usize) -> Result<String, Rejection> {
        required_text(self.arguments.raw(names::TEXT), units_max, Rejection::TextLength)
    }

    /// The key of the scenario that sends over OMNI failover.
    pub(crate) fn scenario_key(&self) -> Result<String, Rejection> {
        let key = self.arguments.raw(names::SCENARIO_KEY).parse::<ScenarioKey>();
        key.map(String::from).map_err(|_| Rejection::ScenarioKey)
    }

    /// The SMS to fall back on, for channels that offer it; without a text of its own there is none.
    pub(crate) fn sms_fallback(&self) -> Result<Option<SmsFallback>, Rejection> {
        let text = self.arguments.raw(names::FALLBACK_TEXT);
        if text.trim().is_empty() {
            return Ok(None);
        }
        let sender = self.arguments.get(names::FALLBACK_SENDER).ok_or(Rejection::FallbackSender)?;
        if units(sender) > sms::SENDER_CHARS_MAX || has_control(sender) {
            return Err(Rejection::FallbackSender);
        }
        if !sms::fits(text) {
            return Err(Rejection::FallbackText);
        }
        Ok(Some(SmsFallback { sender: sender.to_owned(), text: text.to_owned() }))
    }

    fn recipient(&self) -> Result<Phone, Rejection> {
        let mut phones = self.arguments.numbered(names::PHONE_PREFIX);
        let chosen = match self.arguments.get(names::PHONE_CHOICE) {
            None => phones.min_by_key(|(number, _)| *number),
            Some(choice) => {
                let chosen: usize = choice.parse().map_err(|_| Rejection::PhoneChoice)?;
                if !(1..=NUMBERED_MAX).contains(&chosen) {
                    return Err(Rejection::PhoneChoice);
                }
                phones.find(|(number, _)| *number == chosen)
            }
        };
        let chosen = chosen.map(|(_, phone)| phone);
        let text = chosen.or_else(|| self.arguments.get(names::PHONE_DEFAULT)).ok_or(Rejection::MissingPhone)?;
        Phone::parse(text, self.default_country).map_err(|_| Rejection::PhoneNumber)
    }

    fn channel(&self) -> Result<Channel, Rejection> {
        chosen_channel(self.arguments, self.accounts)
    }

    fn account(&self) -> Result<&Account, Rejection> {
        chosen_account(self.arguments, self.accounts)
    }

    fn contact_key(&self) -> Result<&str, Rejection> {
        let key = self.arguments.get(names::CONTACT_KEY).unwrap_or(self.key_value.trim());
        let valid = !key.is_empty() && units(key) <= CONTACT_KEY_UNITS_MAX && !has_control(key);
        if valid { Ok(key) } else { Err(Rejection::ContactKey) }
    }

    fn bulk_id(&self, channel: Channel) -> Result<String, Rejection> {
        let bulk_id = self.arguments.get(names::BULK_ID).unwrap_or(channel.capability().bulk_id);
        if units(bulk_id) > BULK_ID_UNITS_MAX {
            return Err(Rejection::BulkIdLength);
        }
        if has_control(bulk_id) {
            return Err(Rejection::Characters);
        }
        Ok(bulk_id.to_owned())
    }

    fn tracking(&self, channel: Channel) -> Result<Option<LinkTracking>, Rejection> {
        if !channel.capability().tracks_links || !self.arguments.flag(names::SHORTEN_URL) {
            return Ok(None);
        }
        let custom_domain = match self.arguments.get(names::CUSTOM_DOMAIN) {
            Some(domain) if origin::is_domain(domain) => Some(domain.to_ascii_lowercase()),
            Some(_) => return Err(Rejection::CustomDomain),
            None => None,
        };
        Ok(Some(LinkTracking {
            track_clicks: self.arguments.get(names::TRACK_CLICKS).is_none() || self.arguments.flag(names::TRACK_CLICKS),
            custom_domain,
            remove_protocol: self.arguments.flag(names::REMOVE_PROTOCOL),
        }))
    }

    fn callback_data(&self, content: &super::Content, bulk_id: &str, contact_key: &str) -> Result<String, Rejection> {
        let custom = self.arguments.custom_fields();
        if custom.iter().any(|field| !callback_data::is_name_allowed(field.name)) {
            return Err(Rejection::CallbackDataName);
        }
        let journey_name = self.arguments.get(names::JOURNEY_NAME).unwrap_or_default();
        if has_control(journey_name) {
            return Err(Rejection::Characters);
        }
        let (subject_name, subject) = content.callback_subject();
        let mid = self.mid.to_string();
        let system = SystemFields {
            activity_id: self.activity_id.as_str(),
            bulk_id,
            from: content.sender(),
            subject: (subject_name, &subject),
            journey_name,
            contact_key,
            mid: &mid,
            version_id: self.journey_id.map(JourneyId::as_str).unwrap_or_default(),
            version_number: self.arguments.get(names::VERSION_NUMBER).unwrap_or_default(),
        };
        callback_data::compose(&system, &custom)
    }

    fn validity_minutes(&self) -> Result<u16, Rejection> {
        let Some(text) = self.arguments.get(names::VALIDITY_MINUTES) else { return Ok(VALIDITY_MINUTES_MAX) };
        text.parse().ok().filter(|m| (1..=VALIDITY_MINUTES_MAX).contains(m)).ok_or(Rejection::Validity)
    }

    fn latest_send_at(&self) -> Result<Option<Timestamp>, Rejection> {
        let text = self.arguments.get(names::LATEST_SEND_AT);
        text.map(|text| Timestamp::parse(text).ok_or(Rejection::LatestSendTime)).transpose()
    }

    fn reply_event(&self, channel: Channel) -> Result<Option<String>, Rejection> {
        let key = self.arguments.get(names::EVENT_DEFINITION_KEY).filter(|_| channel.capability().replies.is_some());
        // SFMC takes no event whose key has a period in it (sfmc.md 7).
        let fits = |key: &&str| units(key) <= EVENT_KEY_UNITS_MAX && !has_control(key) && !key.contains('.');
        match key {
            Some(key) => Some(key).filter(fits).map(str::to_owned).map(Some).ok_or(Rejection::EventDefinition),
            None => Ok(None),
        }
    }

    fn on_stop(&self) -> OnStop {
        match self.arguments.get(names::ON_STOP).unwrap_or_default().to_ascii_uppercase().as_str() {
            "HOLD" => OnStop::Hold,
            "CANCEL" => OnStop::Cancel,
            _ => OnStop::Keep,
        }
    }
}
