//! What the messaging activity's forms show (spec M1 to M6), as values: which fields an activity has, by its channel and
//! what is filled so far. How they look is the templates' matter.
//!
//! A field is a control for one in-argument of the [contract](super::message::contract) and bears its name. Nothing here
//! judges: limits are the validation's own constants and serve to tell people what is allowed; what is wrong is found by
//! [`problems`] through the validation itself.
//!
//! * `rows` names what there may be several of, `edits` changes the in-arguments as its buttons say;
//! * `normalised` is what of them is saved, `summary` what is read before;
//! * `texts` has every word, a file per language.

mod arguments;
mod builder;
mod channel_step;
mod channels;
mod common;
pub(crate) mod edits;
mod facts;
mod field;
mod limit;
mod normalised;
pub(crate) mod problems;
mod rows;
mod summary;
pub(crate) mod texts;

#[cfg(test)]
pub(crate) mod tests;

use serde::Serialize;

use super::channel::Channel;
use super::ids::Mid;
use super::message::names;
use super::phone::Country;
use super::sender::SenderListing;
use super::tenant::{Account, KakaoWay};
use super::whatsapp_template::Template;

pub(crate) use arguments::Arguments;
pub(crate) use channel_step::channel_step;
pub(crate) use field::{Action, Choice, Control, Field, Item, Keyboard, Offer, RowForm, Rows, Section, Toggle};
pub(crate) use limit::Limit;
pub(crate) use normalised::normalised;
pub(crate) use summary::{Summary, summary};
use texts::Texts;

/// A page of the wizard that is a form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Step {
    /// MID, channel and account.
    Channel,
    /// The channel's own form.
    Message,
}

impl Step {
    /// As the page's calls name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Message => "message",
        }
    }
}

/// A form, ready to be shown.
pub(crate) struct Form {
    pub(crate) step: Step,
    pub(crate) texts: &'static Texts,
    /// Sentences above the fields.
    pub(crate) notices: Vec<String>,
    pub(crate) sections: Vec<Section>,
    /// What the picker beside text fields offers; empty where no field takes any.
    pub(crate) merge_groups: Vec<MergeGroup>,
}

/// Merge fields that come from one source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MergeGroup {
    pub(crate) label: String,
    pub(crate) fields: Vec<MergeField>,
}

/// A merge field, or one that can't be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MergeField {
    pub(crate) label: String,
    /// The expression, such as `{{Event.DEAudience-1.FirstName}}`; else the reason why there is none.
    pub(crate) expression: Result<String, String>,
}

/// A Text field that may hold phone numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TextPhone {
    pub(crate) name: String,
    pub(crate) expression: String,
}

/// An event definition that a Wait Until Event of the journey waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct EventDefinition {
    pub(crate) key: String,
    /// The activity's name on the canvas.
    pub(crate) name: String,
}

/// What of the journey the forms show.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct JourneyFacts {
    pub(crate) merge_groups: Vec<MergeGroup>,
    /// Names of the fields that `phone1`, `phone2`, … stand for, in this order.
    pub(crate) phone_fields: Vec<String>,
    /// Without any, the Text fields that one can be chosen from (spec M2).
    pub(crate) text_phones: Vec<TextPhone>,
    /// Phone fields that no expression can name, a sentence each.
    pub(crate) unusable_phones: Vec<String>,
    pub(crate) event_definitions: Vec<EventDefinition>,
    /// The activity's name on the canvas, if somebody has given it one.
    pub(crate) activity_name: Option<String>,
}

/// A list that an account is asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum List<T> {
    #[default]
    NotAsked,
    Loaded(T),
    /// Why it could not be read, one sentence.
    Failed(String),
}

/// The account's lists.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Lists {
    pub(crate) senders: List<SenderListing>,
    /// Of the WhatsApp sender that is chosen.
    pub(crate) templates: List<Vec<Template>>,
}

/// What a form is made from.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) texts: &'static Texts,
    pub(crate) mid: Mid,
    /// The business unit's name.
    pub(crate) business_unit: &'a str,
    pub(crate) accounts: &'a [Account],
    pub(crate) default_country: Option<Country>,
    pub(crate) journey: &'a JourneyFacts,
    pub(crate) lists: &'a Lists,
    /// Expected contacts; no in-argument, but shown beside the speed limit.
    pub(crate) audience: Option<u64>,
    pub(crate) arguments: &'a Arguments,
}

impl<'a> Context<'a> {
    /// The account that the activity names, or the only one.
    pub(crate) fn account(&self) -> Option<&'a Account> {
        account(self.accounts, self.arguments)
    }
}

fn account<'a>(accounts: &'a [Account], arguments: &Arguments) -> Option<&'a Account> {
    match arguments.given(names::ACCOUNT) {
        Some(label) => accounts.iter().find(|account| account.id.as_str() == label),
        None => match accounts {
            [only] => Some(only),
            _ => None,
        },
    }
}

/// The channel that the activity goes by: the named one, by the way that its account chooses. `None` while there is no
/// choice, or one that nobody knows.
pub(crate) fn channel_of(accounts: &[Account], arguments: &Arguments) -> Option<Channel> {
    let named = arguments.given(names::CHANNEL).and_then(Channel::by_name)?;
    let over_omni = account(accounts, arguments).is_some_and(|account| account.kakao_way == KakaoWay::Omni);
    Some(named.capability().over_omni.filter(|_| over_omni).unwrap_or(named))
}

/// The second step: everything that a message of this channel is made of.
pub(crate) fn message_step(context: &Context<'_>, channel: Channel) -> Form {
    let builder = builder::Builder { context, channel };
    let mut sections = vec![];
    sections.extend(common::recipient(&builder));
    sections.extend(channels::content(&builder));
    sections.extend(common::links(&builder));
    sections.extend(common::replies(&builder));
    sections.push(common::speed_limit(&builder));
    sections.push(common::callback_data(&builder));
    sections.extend(common::dlt(&builder));
    sections.push(common::advanced(&builder));
    Form {
        step: Step::Message,
        texts: context.texts,
        notices: builder.notices(),
        sections,
        merge_groups: context.journey.merge_groups.clone(),
    }
}

impl Form {
    /// Every field, those of rows too, in the order in which they are shown.
    pub(crate) fn fields(&self) -> Vec<&Field> {
        let mut fields = Vec::new();
        for section in &self.sections {
            collect_fields(&section.items, &mut fields);
        }
        fields
    }

    /// Every group of rows, those within rows behind their own.
    pub(crate) fn rows(&self) -> Vec<&Rows> {
        let mut rows = Vec::new();
        for section in &self.sections {
            collect_rows(&section.items, &mut rows);
        }
        rows
    }

    /// Whether a control or a switch stands for this in-argument.
    pub(crate) fn shows(&self, argument: &str) -> bool {
        let is_toggle = |item: &Item| matches!(item, Item::Toggle(toggle) if toggle.argument == Some(argument));
        self.fields().iter().any(|field| field.argument == argument)
            || self.sections.iter().any(|section| section.items.iter().any(is_toggle))
    }
}

fn collect_fields<'a>(items: &'a [Item], fields: &mut Vec<&'a Field>) {
    for item in items {
        match item {
            Item::Field(field) => fields.push(field),
            Item::Rows(rows) => rows.rows.iter().for_each(|row| collect_fields(&row.items, fields)),
            Item::Toggle(_) | Item::Note(_) | Item::Shown { .. } | Item::Action(_) | Item::Audience(_) => {}
        }
    }
}

fn collect_rows<'a>(items: &'a [Item], found: &mut Vec<&'a Rows>) {
    for item in items {
        if let Item::Rows(rows) = item {
            found.push(rows);
            rows.rows.iter().for_each(|row| collect_rows(&row.items, found));
        }
    }
}
