//! Whether an activity can work at all, judged before it runs: what is an expression by values that it could stand for,
//! what is constant as it stands.

use std::collections::HashMap;

use super::super::channel::Channel;
use super::super::ids::{ActivityId, Mid};
use super::super::phone::Country;
use super::super::tenant::{Account, KakaoWay};
use super::contract::names;
use super::fields::nth;
use super::numbered_fields::split_number;
use super::{Draft, InArguments, Rejection, kinds, stand_in};

/// What an expression in a button's type could name, on any channel. One that takes what one before it takes too is
/// left out.
const BUTTON_TYPES: &[&str] =
    &["QUICK_REPLY", "URL", "COPY_CODE", "WEB_LINK", "APP_LINK", "CHATBOT_SWITCH", "ADD_CHANNEL"];

/// Refuses in-arguments with which no contact could be sent to. Where an expression names the channel, the account, the
/// kind of content or a button's type, it is enough that one of those works.
pub(crate) fn check_configured<'a>(
    arguments: impl IntoIterator<Item = (&'a str, &'a str)>,
    mid: Mid,
    accounts: &[Account],
    default_country: Option<Country>,
) -> Result<(), Rejection> {
    let configured = arguments.into_iter().collect();
    let activity = Configured { configured, activity_id: ActivityId::placeholder(), mid, accounts, default_country };
    one_works(activity.channels(), |channel| one_works(activity.accounts(), |account| activity.check(channel, account)))
}

struct Configured<'a> {
    configured: HashMap<&'a str, &'a str>,
    activity_id: ActivityId,
    mid: Mid,
    accounts: &'a [Account],
    default_country: Option<Country>,
}

impl<'a> Configured<'a> {
    fn is_given(&self, name: &str) -> bool {
        self.configured.get(name).is_some_and(|value| !value.trim().is_empty())
    }

    fn is_expression(&self, name: &str) -> bool {
        self.configured.get(name).is_some_and(|value| value.contains("{{"))
    }

    /// The channels that the activity could go by; `""` when it names none.
    fn channels(&self) -> Vec<&'a str> {
        if self.is_expression(names::CHANNEL) {
            return Channel::offered().map(Channel::name).collect();
        }
        vec![self.configured.get(names::CHANNEL).copied().unwrap_or_default()]
    }

    /// The accounts that an expression could name, one for each way to Kakao: in nothing else do they differ here.
    fn accounts(&self) -> Vec<&'a str> {
        let accounts = self.accounts;
        if self.is_expression(names::ACCOUNT) && !accounts.is_empty() {
            let first = |way| accounts.iter().find(|account| account.kakao_way == way);
            let of_ways = [KakaoWay::Direct, KakaoWay::Omni].into_iter().filter_map(first);
            return of_ways.map(|account| account.id.as_str()).collect();
        }
        vec![self.configured.get(names::ACCOUNT).copied().unwrap_or_default()]
    }

    fn check(&self, channel: &str, account: &str) -> Result<(), Rejection> {
        let mut arguments: InArguments = self.configured.iter().filter_map(|pair| self.stand_in(pair)).collect();
        arguments.insert(names::CHANNEL.to_owned(), channel.to_owned());
        arguments.insert(names::ACCOUNT.to_owned(), account.to_owned());
        let buttons = self.configured.keys().filter(|name| self.is_expression(name)).filter_map(|name| {
            split_number(name).filter(|(base, _)| *base == names::BUTTON_TYPE_PREFIX).map(|(_, number)| number)
        });
        for number in buttons {
            let chosen = self.button_type(&arguments, number);
            arguments.insert(nth(names::BUTTON_TYPE_PREFIX, number), chosen.to_owned());
        }
        let kinds = Channel::by_name(channel).map(kinds::of).unwrap_or_default();
        let named = arguments.get(names::CONTENT_TYPE).unwrap_or("TEXT");
        let possible: Vec<_> = match self.is_expression(names::CONTENT_TYPE) {
            true => kinds.iter().collect(),
            false => kinds.iter().filter(|kind| kind.name.eq_ignore_ascii_case(named)).collect(),
        };
        if possible.is_empty() {
            return self.validate(&arguments);
        }
        one_works(possible, |kind| {
            let mut arguments = arguments.clone();
            arguments.insert(names::CONTENT_TYPE.to_owned(), kind.name.to_owned());
            // An expression may well be empty where another kind is named.
            arguments.retain(|name| !(self.is_expression(name) && kind.is_foreign(kinds, name)));
            self.validate(&arguments)
        })
    }

    fn stand_in(&self, (name, value): (&&'a str, &&'a str)) -> Option<(String, String)> {
        // How many placeholders an expression counts is known at run time only.
        if *name == names::PLACEHOLDER_COUNT && self.is_expression(name) {
            return None;
        }
        let is_given = |name: &str| self.is_given(name);
        let value = if self.is_expression(name) { stand_in::of(name, &is_given) } else { value };
        Some(((*name).to_owned(), value.to_owned()))
    }

    /// The first type with which a button's other fields do.
    fn button_type(&self, arguments: &InArguments, number: usize) -> &'static str {
        let mut alone = arguments.clone();
        alone.retain(|name| {
            !split_number(name).is_some_and(|(base, other)| base.starts_with("button") && other != number)
        });
        let mut answer = |kind: &str| {
            alone.insert(nth(names::BUTTON_TYPE_PREFIX, number), kind.to_owned());
            self.validate(&alone)
        };
        let answers: Vec<_> = BUTTON_TYPES.iter().map(|kind| (*kind, answer(kind))).collect();
        let works = answers.iter().find(|(_, answer)| !answer.is_err_and(is_of_buttons));
        let exists = || answers.iter().find(|(_, answer)| *answer != Err(Rejection::ButtonType));
        works.or_else(exists).map_or("", |(kind, _)| kind)
    }

    fn validate(&self, arguments: &InArguments) -> Result<(), Rejection> {
        let draft = Draft {
            arguments,
            mid: self.mid,
            activity_id: &self.activity_id,
            journey_id: None,
            key_value: "contact",
            accounts: self.accounts,
            default_country: self.default_country,
        };
        draft.validate().map(|_| ())
    }
}

fn is_of_buttons(rejection: Rejection) -> bool {
    use Rejection::{ButtonOptions, ButtonTextLength, ButtonType, ButtonUrlLength, SchemesLength};
    matches!(rejection, ButtonOptions | ButtonTextLength | ButtonType | ButtonUrlLength | SchemesLength)
}

/// Passes when one does; else the first answer, if possible one that says more than that the content is of another kind.
fn one_works<T>(possible: Vec<T>, check: impl Fn(T) -> Result<(), Rejection>) -> Result<(), Rejection> {
    let mut told = Ok(());
    for one in possible {
        match check(one) {
            Ok(()) => return Ok(()),
            answer if told.is_ok() || told == Err(Rejection::ContentType) => told = answer,
            Err(_) => {}
        }
    }
    told
}
