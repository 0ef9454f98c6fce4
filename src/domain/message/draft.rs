//! A message before validation: the merged in-arguments of a call, read by the [contract](super::contract).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::super::callback_data::{self, CustomField};
use super::super::channel::Channel;
use super::super::ids::{ActivityId, JourneyId, Mid};
use super::super::origin;
use super::super::phone::{Country, Phone};
use super::super::speed_limit::{SpeedLimit, SpeedUnit};
use super::super::tenant::{Account, KakaoWay};
use super::super::timestamp::Timestamp;
use super::contract::{NUMBERED_MAX, names};
use super::{
    BULK_ID_CHARS_MAX, CONTENT_BYTES_MAX, EVENT_KEY_CHARS_MAX, LinkTracking, Message, QueuePolicy, Rejection,
    RequestOptions, SmsFallback, VALIDITY_MINUTES_MAX, plausible, sms, stand_in,
};

/// Longest contact key in SFMC, in characters.
const CONTACT_KEY_CHARS_MAX: usize = 254;

/// What `stop` of a journey version does to its queued messages (spec M12).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) enum OnStop {
    /// The manual's behaviour: queued messages go out as scheduled.
    #[default]
    Keep,
    Hold,
    Cancel,
}

/// The merged in-arguments of one call, as text. Nested values are kept as their JSON text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct InArguments(HashMap<String, String>);

impl InArguments {
    pub(crate) fn insert(&mut self, name: String, value: String) {
        self.0.insert(name, value);
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
            let digits = name.strip_prefix(prefix).filter(|digits| digits.starts_with(|c| matches!(c, '1'..='9')))?;
            let number = digits.parse().ok().filter(|number| *number <= NUMBERED_MAX)?;
            let value = value.trim();
            (!value.is_empty()).then_some((number, value))
        })
    }

    /// The values that are not blank, exactly as they came, in no order.
    pub(super) fn filled(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(_, value)| !value.trim().is_empty())
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

/// Whether an activity with these in-arguments can work at all: what is an expression is judged by a plausible value,
/// what is constant as it stands.
pub(crate) fn check_configured<'a>(
    arguments: impl IntoIterator<Item = (&'a str, &'a str)>,
    mid: Mid,
    accounts: &[Account],
    default_country: Option<Country>,
) -> Result<(), Rejection> {
    let configured: HashMap<&str, &str> = arguments.into_iter().collect();
    let is_given = |name: &str| configured.get(name).is_some_and(|value| !value.trim().is_empty());
    let plausible = |name: &str| {
        let phone = name.strip_prefix(names::PHONE_PREFIX).is_some_and(|rest| rest.parse::<usize>().is_ok());
        match name {
            _ if phone || name == names::PHONE_DEFAULT => "+12025550123",
            names::SPEED_LIMIT_UNIT => "HOUR",
            names::LATEST_SEND_AT => "2030-01-01T00:00:00Z",
            names::CUSTOM_DOMAIN => "go.example.com",
            _ => stand_in::of_texts(name, &is_given).or_else(|| plausible::rich(name)).unwrap_or("1"),
        }
    };
    let is_expression = |value: &str| value.contains("{{");
    let of_configuration = |(name, value): (&&str, &&str)| match *name {
        // Which account and channel an expression names, and how many placeholders it counts, is known at run time only.
        names::ACCOUNT | names::PLACEHOLDER_COUNT if is_expression(value) => None,
        names::CHANNEL if is_expression(value) => Some(((*name).to_owned(), Channel::Sms.name().to_owned())),
        _ => Some(((*name).to_owned(), if is_expression(value) { plausible(name) } else { value }.to_owned())),
    };
    let mut arguments: InArguments = configured.iter().filter_map(of_configuration).collect();
    let activity_id = ActivityId::placeholder();
    let check = |arguments: &InArguments| {
        let draft = Draft {
            arguments,
            mid,
            activity_id: &activity_id,
            journey_id: None,
            key_value: "contact",
            accounts,
            default_country,
        };
        draft.validate().map(|_| ())
    };
    if !configured.get(names::CONTENT_TYPE).is_some_and(|value| is_expression(value)) {
        return check(&arguments);
    }
    // One of the kinds that it can name has to work.
    let mut answers = stand_in::CONTENT_TYPES.iter().map(|kind| {
        arguments.insert(names::CONTENT_TYPE.to_owned(), (*kind).to_owned());
        check(&arguments)
    });
    let first = answers.next().unwrap_or(Ok(()));
    if answers.any(|answer| answer.is_ok()) { Ok(()) } else { first }
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
        let policy = QueuePolicy { speed_limit: self.speed_limit()?, on_stop: self.on_stop() };
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

    /// The sender, required on every channel: at most `chars_max` characters, none of them a control character.
    pub(crate) fn sender(&self, chars_max: usize) -> Result<String, Rejection> {
        let sender = self.arguments.get(names::SENDER).ok_or(Rejection::From)?;
        if sender.chars().count() > chars_max || sender.chars().any(char::is_control) {
            return Err(Rejection::From);
        }
        Ok(sender.to_owned())
    }

    /// The text to send, exactly as it came: not blank, at most `units_max` UTF-16 units, the count that the platforms'
    /// editors show.
    pub(crate) fn text(&self, units_max: usize) -> Result<String, Rejection> {
        let text = self.arguments.raw(names::TEXT);
        let fits = !text.trim().is_empty() && text.encode_utf16().count() <= units_max;
        if fits { Ok(text.to_owned()) } else { Err(Rejection::TextLength) }
    }

    /// The SMS to fall back on, for channels that offer it; without a text of its own there is none.
    pub(crate) fn sms_fallback(&self) -> Result<Option<SmsFallback>, Rejection> {
        let text = self.arguments.raw(names::FALLBACK_TEXT);
        if text.trim().is_empty() {
            return Ok(None);
        }
        let sender = self.arguments.get(names::FALLBACK_SENDER).ok_or(Rejection::FallbackSender)?;
        if sender.chars().count() > sms::SENDER_CHARS_MAX || sender.chars().any(char::is_control) {
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

    /// The activity's channel, by the way that the account chooses for it. An account that is not known has chosen
    /// nothing; it is refused later, in its turn.
    fn channel(&self) -> Result<Channel, Rejection> {
        let named = self.arguments.get(names::CHANNEL).and_then(Channel::by_name).ok_or(Rejection::Channel)?;
        let over_omni = self.account().is_ok_and(|account| account.kakao_way == KakaoWay::Omni);
        Ok(named.capability().over_omni.filter(|_| over_omni).unwrap_or(named))
    }

    fn account(&self) -> Result<&Account, Rejection> {
        match self.arguments.get(names::ACCOUNT) {
            Some(label) => self.accounts.iter().find(|account| account.id.as_str() == label).ok_or(Rejection::Account),
            None => match self.accounts {
                [only] => Ok(only),
                _ => Err(Rejection::Account),
            },
        }
    }

    fn contact_key(&self) -> Result<&str, Rejection> {
        let key = self.arguments.get(names::CONTACT_KEY).unwrap_or(self.key_value.trim());
        let valid = !key.is_empty() && key.chars().count() <= CONTACT_KEY_CHARS_MAX;
        if valid { Ok(key) } else { Err(Rejection::ContactKey) }
    }

    fn bulk_id(&self, channel: Channel) -> Result<String, Rejection> {
        let bulk_id = self.arguments.get(names::BULK_ID).unwrap_or(channel.capability().bulk_id);
        if bulk_id.chars().count() > BULK_ID_CHARS_MAX {
            return Err(Rejection::BulkIdLength);
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
        let mut named: Vec<_> = self.arguments.numbered(names::CALLBACK_NAME_PREFIX).collect();
        named.sort_unstable_by_key(|(number, _)| *number);
        let value = |number| self.arguments.raw(&format!("{}{number}", names::CALLBACK_VALUE_PREFIX));
        let custom: Vec<_> =
            named.into_iter().map(|(number, name)| CustomField { name, value: value(number) }).collect();
        if custom.iter().any(|field| !callback_data::is_name_allowed(field.name)) {
            return Err(Rejection::CallbackDataName);
        }
        let (subject_name, subject) = content.callback_subject();
        let mid = self.mid.to_string();
        let system = [
            ("ActivityId", self.activity_id.as_str()),
            ("BulkId", bulk_id),
            ("From", content.sender()),
            (subject_name, &subject),
            ("JourneyName", self.arguments.get(names::JOURNEY_NAME).unwrap_or_default()),
            ("ContactKey", contact_key),
            ("MID", &mid),
            ("VersionId", self.journey_id.map(JourneyId::as_str).unwrap_or_default()),
            ("VersionNumber", self.arguments.get(names::VERSION_NUMBER).unwrap_or_default()),
        ];
        callback_data::compose(&system, &custom)
    }

    fn speed_limit(&self) -> Result<Option<SpeedLimit>, Rejection> {
        let Some(count) = self.arguments.get(names::SPEED_LIMIT_COUNT) else { return Ok(None) };
        let count = count.parse().map_err(|_| Rejection::SpeedLimit)?;
        let unit = match self.arguments.get(names::SPEED_LIMIT_UNIT).unwrap_or_default().to_ascii_uppercase().as_str() {
            "MINUTE" => SpeedUnit::Minute,
            "HOUR" => SpeedUnit::Hour,
            "DAY" => SpeedUnit::Day,
            _ => return Err(Rejection::SpeedLimit),
        };
        SpeedLimit::new(count, unit).map(Some).map_err(|_| Rejection::SpeedLimit)
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
        let fits =
            |key: &&str| key.chars().count() <= EVENT_KEY_CHARS_MAX && !key.chars().any(|c| c.is_control() || c == '.');
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
