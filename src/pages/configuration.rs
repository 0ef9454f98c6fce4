//! Opening and saving an activity (spec M1, M2, M12).
//!
//! What the marketer sets are in-arguments; the rest of them is filled in here: whose activity it is, its configuration
//! id, and what the journey knows (phone fields, its name). A copy of an activity keeps the configuration id of the one
//! it was copied from until it is confirmed and saved, which gives it one of its own.

use std::sync::Arc;

use serde_json::Value;

use super::session::Session;
use crate::domain::journey::{EntryField, Journey, JourneyActivity, PhoneFields};
use crate::domain::message::{BULK_ID_UNITS_MAX, names, nth};
use crate::intake::{ConfigurationToken, Lifecycle};
use crate::sfmc::activity::{ActivitySettings, Filled, Kind, configured};
use crate::sfmc::journey_builder::SavedActivity;
use crate::store::StoreError;

/// Version of the in-argument contract that activities are written with.
pub(crate) const CONTRACT: &str = "1";
/// Name of the query parameter with the signed configuration id (spec T8, M12).
pub(crate) const CONFIGURATION_PARAMETER: &str = "c";
/// In `metaData.waypost`: the bulk id is the activity's name, and goes on following it (the manual; spec M1).
const FOLLOWS_NAME: &str = "bulkIdFollowsName";
/// In-arguments that are the same in every activity.
const CONTEXT: [(&str, &str); 3] = [
    (names::CONTACT_KEY, "{{Contact.Key}}"),
    (names::IS_TEST, "{{Context.IsTest}}"),
    (names::VERSION_NUMBER, "{{Context.VersionNumber}}"),
];
const DEFAULT_NUMBER: &str = "{{InteractionDefaults.MobileNumber}}";
/// Most in-arguments of one activity, and most bytes of all: more than any form fills.
pub(crate) const ARGUMENTS_MAX: usize = 1_000;
pub(crate) const ARGUMENT_BYTES_MAX: usize = 256 * 1_024;

/// In-arguments in their order.
pub(crate) type Arguments = Vec<(String, String)>;

/// An activity as its page opens it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OpenedActivity {
    pub(crate) arguments: Arguments,
    /// Never configured before.
    pub(crate) is_new: bool,
    /// Why it must be confirmed before it is saved.
    pub(crate) copied: Option<&'static str>,
    /// What has changed around it since it was saved: one sentence each.
    pub(crate) notices: Vec<String>,
    /// Contacts that the marketer expects, for the figures of the speed limit.
    pub(crate) audience: Option<u64>,
}

/// Why an activity can't be saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    #[error("{}", COPIED)]
    NotConfirmed,
    #[error("this version of the journey runs and can't be changed: make a new version")]
    ReadOnly,
    #[error("the activity has more settings than Waypost takes")]
    TooLarge,
    #[error(transparent)]
    Store(#[from] StoreError),
}

const CHOICE_GONE: &str = "The phone field that this activity was set to is no Phone field of the entry source any more: the first \
     one that is filled is used now, unless you choose another.";

/// What the manual says of copied journeys.
const COPIED: &str = "This activity was copied from another journey. Check its settings, confirm that they are right for this \
     journey, and save it; until then the journey can't be activated.";

/// See the module's documentation.
pub(crate) struct Configurations {
    lifecycle: Arc<Lifecycle>,
    settings: ActivitySettings,
}

/// What is saved.
pub(crate) struct ToSave<'a> {
    pub(crate) kind: Kind,
    /// As Journey Builder handed it over.
    pub(crate) activity: &'a Value,
    /// What the marketer set, checked and normalised.
    pub(crate) arguments: Arguments,
    pub(crate) journey: &'a Journey,
    pub(crate) audience: Option<u64>,
    /// The marketer has confirmed that a copy is right.
    pub(crate) copy_confirmed: bool,
}

impl Configurations {
    pub(crate) fn new(lifecycle: Arc<Lifecycle>, settings: ActivitySettings) -> Self {
        Self { lifecycle, settings }
    }

    /// Reads an activity that Journey Builder handed over.
    pub(crate) fn open(
        &self,
        session: &Session,
        kind: Kind,
        activity: &Value,
        journey: &Journey,
    ) -> Result<OpenedActivity, StoreError> {
        let saved = SavedActivity::read(activity);
        let is_new = !saved.is_configured || value(&saved.arguments, names::CONTRACT).is_none();
        let mut notices = Vec::new();
        let is_copy = !is_new && self.is_copy(session, &saved.arguments, journey)?;
        let entry_key = journey.entry.as_ref().map(|entry| entry.key.as_str());
        let foreign = journey.foreign_entries(saved.arguments.iter().map(|(_, value)| value.as_str()));
        match (foreign.is_empty(), entry_key) {
            (true, _) => {}
            (false, Some(now)) => notices.push(format!(
                "The entry source of this journey has changed since this activity was saved: it was {}, and is {now}. Choose its merge fields and phone field again.",
                foreign.join(", ")
            )),
            (false, None) => notices.push(
                "This journey has no entry source, but the activity has merge fields of one: define the entry source first, then choose them again."
                    .to_owned(),
            ),
        }
        let mut arguments = own_words(saved.arguments, &saved.settings);
        if !is_new && kind == Kind::Messaging {
            let had = value(&arguments, names::PHONE_CHOICE).is_some();
            arguments = with_phones(arguments, journey);
            if had && value(&arguments, names::PHONE_CHOICE).is_none() {
                notices.push(CHOICE_GONE.to_owned());
            }
        }
        Ok(OpenedActivity {
            is_new,
            copied: is_copy.then_some(COPIED),
            notices,
            audience: saved.settings.get("audience").and_then(Value::as_u64),
            arguments,
        })
    }

    /// The activity to give back to Journey Builder. `session` is of the business unit that it belongs to from now on.
    pub(crate) async fn save(&self, session: &Session, to_save: ToSave<'_>) -> Result<Value, SaveError> {
        let ToSave { kind, activity, arguments, journey, audience, copy_confirmed } = to_save;
        let saved = SavedActivity::read(activity);
        if journey.is_read_only() || !saved.is_editable {
            return Err(SaveError::ReadOnly);
        }
        let bytes: usize = arguments.iter().map(|(name, value)| name.len() + value.len()).sum();
        if arguments.len() > ARGUMENTS_MAX || bytes > ARGUMENT_BYTES_MAX {
            return Err(SaveError::TooLarge);
        }
        let is_configured = saved.is_configured && value(&saved.arguments, names::CONTRACT).is_some();
        let is_copy = is_configured && self.is_copy(session, &saved.arguments, journey)?;
        if is_copy && !copy_confirmed {
            return Err(SaveError::NotConfirmed);
        }
        // A name that nobody has given it is no bulk id.
        let name = if self.settings.is_given_name(kind, saved.name.trim()) { "" } else { &saved.name };
        let had_bulk_id = value(&arguments, names::BULK_ID).is_some();
        let arguments = filled(kind, arguments, journey, name);
        let follows_name = !had_bulk_id && value(&arguments, names::BULK_ID).is_some();
        // What validate judges by: of a reports activity there is nothing to judge.
        let kept = match kind {
            Kind::Messaging => arguments.clone(),
            Kind::Reports => Vec::new(),
        };
        let own = if is_copy { None } else { self.token(session, &saved.arguments)? };
        let configuration = match own {
            Some((text, token)) => {
                self.lifecycle.change_configuration(token, kept).await?;
                text
            }
            None => self.lifecycle.new_configuration(session.tenant.mid, kept).await?,
        };
        let mut whole: Arguments = vec![
            (names::CONTRACT.to_owned(), CONTRACT.to_owned()),
            (names::MID.to_owned(), session.tenant.mid.to_string()),
            (names::CONFIGURATION_ID.to_owned(), configuration.clone()),
        ];
        whole.extend(arguments);
        let salt = session.tenant.verification.salt.as_ref();
        let settings =
            ActivitySettings { customer_key: salt.map(|salt| salt.customer_key.clone()), ..self.settings.clone() };
        let query = format!("{CONFIGURATION_PARAMETER}={configuration}");
        let mut own = serde_json::Map::new();
        own.extend(audience.map(|audience| ("audience".to_owned(), audience.into())));
        own.extend(follows_name.then(|| (FOLLOWS_NAME.to_owned(), true.into())));
        let filled = Filled { in_arguments: whole, query: &query, settings: own.into() };
        Ok(configured(kind, &settings, activity, filled))
    }

    /// Whether it came from another journey, business unit or place in this journey.
    fn is_copy(&self, session: &Session, arguments: &Arguments, journey: &Journey) -> Result<bool, StoreError> {
        let mid = session.tenant.mid.to_string();
        if value(arguments, names::MID).is_some_and(|of| of != mid) {
            return Ok(true);
        }
        let Some((text, token)) = self.token(session, arguments)? else { return Ok(false) };
        let is_its = |activity: &&JourneyActivity| {
            activity.configuration_id.as_deref() == Some(text.as_str()) && activity.key != journey.activity_key
        };
        // The same activity twice in one journey: whichever is opened gets an id of its own.
        if journey.activities.iter().any(|activity| is_its(&activity)) {
            return Ok(true);
        }
        let ids: Vec<_> =
            [&journey.definition_id, &journey.version_id].into_iter().flatten().map(String::as_str).collect();
        self.lifecycle.is_copy(token, &ids)
    }

    /// The configuration id that the activity has, when it is one of this business unit's.
    fn token(
        &self,
        session: &Session,
        arguments: &Arguments,
    ) -> Result<Option<(String, ConfigurationToken)>, StoreError> {
        let Some(text) = value(arguments, names::CONFIGURATION_ID) else { return Ok(None) };
        let token = self.lifecycle.check(text)?.filter(|token| token.mid == session.tenant.mid);
        Ok(token.map(|token| (text.to_owned(), token)))
    }
}

/// With the phone fields that the journey has now.
pub(crate) fn with_phones(mut arguments: Arguments, journey: &Journey) -> Arguments {
    let mut phones = Arguments::new();
    fill_phones(&mut phones, &mut arguments, journey);
    phones.extend(arguments);
    phones
}

/// Without the bulk id that nobody typed.
fn own_words(mut arguments: Arguments, settings: &Value) -> Arguments {
    if settings.get(FOLLOWS_NAME).and_then(Value::as_bool) == Some(true) {
        arguments.retain(|(name, _)| name != names::BULK_ID);
    }
    arguments
}

/// The in-arguments as they are saved, checked and tested: what the marketer set, and what the journey gives. Without the
/// three that say whose activity it is.
pub(crate) fn filled(kind: Kind, mut arguments: Arguments, journey: &Journey, activity_name: &str) -> Arguments {
    arguments.retain(|(name, _)| ![names::CONTRACT, names::MID, names::CONFIGURATION_ID].contains(&name.as_str()));
    let mut whole: Arguments = Vec::with_capacity(arguments.len() + 8);
    for (name, expression) in CONTEXT {
        whole.push((name.to_owned(), take(&mut arguments, name).unwrap_or_else(|| expression.to_owned())));
    }
    let known_name = take(&mut arguments, names::JOURNEY_NAME);
    let journey_name = Some(journey.name.clone()).filter(|name| !name.trim().is_empty()).or(known_name);
    whole.extend(journey_name.map(|name| (names::JOURNEY_NAME.to_owned(), name)));
    if kind == Kind::Reports {
        whole.extend(arguments);
        return whole;
    }
    fill_phones(&mut whole, &mut arguments, journey);
    let bulk_id = take(&mut arguments, names::BULK_ID).filter(|id| !id.trim().is_empty());
    let of_name = || {
        let is_own = !activity_name.trim().is_empty() && activity_name.trim() != kind.name();
        is_own.then(|| cut(activity_name.trim(), BULK_ID_UNITS_MAX).to_owned())
    };
    whole.extend(bulk_id.or_else(of_name).map(|id| (names::BULK_ID.to_owned(), id)));
    whole.extend(arguments);
    whole
}

/// One in-argument for each Phone field, in the extension's order (spec M2). Where there is none, the one Text field that
/// was chosen. Without an entry source what was saved stays: Journey Builder may not have told.
fn fill_phones(whole: &mut Arguments, arguments: &mut Arguments, journey: &Journey) {
    let is_phone = |name: &str| {
        name.strip_prefix(names::PHONE_PREFIX)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let old: Arguments = arguments.iter().filter(|(name, _)| is_phone(name)).cloned().collect();
    arguments.retain(|(name, _)| !is_phone(name));
    let choice = take(arguments, names::PHONE_CHOICE);
    let default = take(arguments, names::PHONE_DEFAULT);
    let expressions = |fields: &[&EntryField], key: &str| {
        fields.iter().filter_map(|field| field.expression(key).ok()).collect::<Vec<_>>()
    };
    let known = journey.entry.as_ref().filter(|entry| !entry.fields.is_empty());
    // The choice is of a field, whatever its place was.
    let chosen = choice.and_then(|choice| {
        let name = format!("{}{choice}", names::PHONE_PREFIX);
        old.iter().find(|(own, _)| *own == name).map(|(_, expression)| expression.clone()).or_else(|| {
            let place = choice.parse::<usize>().ok()?.checked_sub(1)?;
            // Chosen just now, when the activity had no fields yet.
            let fields = known.filter(|_| old.is_empty())?.phone_fields();
            match fields {
                PhoneFields::Phone(fields) => fields.get(place)?.expression(&known?.key).ok(),
                PhoneFields::Text(_) => None,
            }
        })
    });
    let phones: Vec<String> = match known {
        None => old.into_iter().map(|(_, value)| value).collect(),
        Some(entry) => match entry.phone_fields() {
            PhoneFields::Phone(fields) => expressions(&fields, &entry.key),
            PhoneFields::Text(fields) => {
                let possible = expressions(&fields, &entry.key);
                old.into_iter().map(|(_, value)| value).filter(|value| possible.contains(value)).take(1).collect()
            }
        },
    };
    let place = chosen.and_then(|chosen| phones.iter().position(|phone| *phone == chosen));
    for (index, phone) in phones.into_iter().enumerate() {
        whole.push((nth(names::PHONE_PREFIX, index + 1), phone));
    }
    whole.extend(place.map(|place| (names::PHONE_CHOICE.to_owned(), (place + 1).to_string())));
    let default = if journey.default_mobile_number { Some(DEFAULT_NUMBER.to_owned()) } else { default };
    whole.extend(default.map(|number| (names::PHONE_DEFAULT.to_owned(), number)));
}

/// The longest beginning of at most `units_max` UTF-16 units.
pub(super) fn cut(text: &str, units_max: usize) -> &str {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > units_max {
            return text.get(..at).unwrap_or(text);
        }
    }
    text
}

fn take(arguments: &mut Arguments, name: &str) -> Option<String> {
    let at = arguments.iter().position(|(own, _)| own == name)?;
    Some(arguments.remove(at).1)
}

/// A value that is there and not blank.
pub(crate) fn value<'a>(arguments: &'a [(String, String)], name: &str) -> Option<&'a str> {
    arguments
        .iter()
        .find(|(own, _)| own == name)
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.trim().is_empty())
}
