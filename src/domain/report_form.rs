//! What the reports activity's page shows (spec R4), as values: the messages of the journey that can be asked for, the
//! kinds of report and what each needs, the out-arguments that there will be, and how a decision split compares them.
//! How it looks is the templates' matter.
//!
//! * `problems` says what is wrong with what is chosen;
//! * `texts` has every word, a file per language.

pub(crate) mod problems;
pub(crate) mod texts;

use super::channel::Channel;
use super::journey::{ActivityKind, Journey, JourneyActivity, message_id_of, reported_activity};
use super::message::names;
use super::report_answer::{AskedKind, OUT_ARGUMENTS};
use super::tenant::{Account, ReportKind, ReportTarget};
use texts::{Branch, Texts};

/// In-arguments in their order.
type Arguments = [(String, String)];

/// What the page is made from.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) texts: &'static Texts,
    pub(crate) accounts: &'a [Account],
    pub(crate) journey: &'a Journey,
    pub(crate) arguments: &'a Arguments,
}

/// The form, and the summary of it.
pub(crate) struct ReportForm<'a> {
    pub(crate) texts: &'static Texts,
    pub(crate) messages: Vec<Choice>,
    /// The name of the chosen message, for the summary.
    pub(crate) message: String,
    pub(crate) kinds: Vec<KindChoice>,
    /// Empty where there is nothing to choose.
    pub(crate) accounts: Vec<Choice>,
    pub(crate) account: &'a str,
    /// One sentence: where the reports of this kind are written to besides.
    pub(crate) target: String,
    pub(crate) out_arguments: Vec<OutArgument>,
    pub(crate) branches: &'static [Branch],
}

/// One of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) is_chosen: bool,
}

/// A kind of report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KindChoice {
    pub(crate) value: &'static str,
    pub(crate) label: &'static str,
    pub(crate) meaning: &'static str,
    /// What must be set in the message activity.
    pub(crate) needs: &'static str,
    pub(crate) is_chosen: bool,
}

/// An out-argument of the chosen kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OutArgument {
    pub(crate) name: &'static str,
    pub(crate) meaning: Vec<Piece>,
}

/// Part of a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    pub(crate) text: &'static str,
    /// To be compared to the letter.
    pub(crate) is_value: bool,
}

impl<'a> Context<'a> {
    fn argument(&self, name: &str) -> &'a str {
        let found = self.arguments.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.trim()).unwrap_or_default()
    }

    /// What is asked for; delivery while nothing, or nothing known, is chosen.
    fn kind(&self) -> AskedKind {
        AskedKind::by_name(self.argument(names::REPORT_KIND)).unwrap_or_default()
    }

    /// The message activities that a contact may have passed, and whose message ids can be named.
    fn offered(&self) -> Vec<(&'a JourneyActivity, String)> {
        let earlier = self.journey.earlier().into_iter();
        let messages = earlier.filter(|activity| activity.kind == ActivityKind::Messaging);
        messages.filter_map(|activity| Some((activity, message_id_of(&activity.key)?))).collect()
    }

    /// The message activity that the report is about, when the journey has it.
    fn message(&self) -> Option<&'a JourneyActivity> {
        let key = reported_activity(self.argument(names::MESSAGE_ID))?;
        self.journey.activity(key).filter(|activity| activity.kind == ActivityKind::Messaging)
    }

    /// The channel of that message, unless it is an expression.
    fn channel(&self) -> Option<Channel> {
        Channel::by_name(&self.message()?.message.as_ref()?.channel)
    }

    /// The account whose reports are asked for.
    fn account(&self) -> Option<&'a Account> {
        match (self.argument(names::ACCOUNT), self.accounts) {
            ("", [only]) => Some(only),
            (label, accounts) => accounts.iter().find(|account| account.id.as_str() == label),
        }
    }

    /// Whether the account is to be chosen.
    fn chooses_account(&self) -> bool {
        self.accounts.len() > 1 || (self.account().is_none() && !self.argument(names::ACCOUNT).is_empty())
    }

    /// The in-arguments with what a new activity begins with: the only message there is, delivery, and the account that
    /// the message is sent by. What is set stays as it is.
    pub(crate) fn settled(&self) -> Vec<(String, String)> {
        let mut settled = self.arguments.to_vec();
        let is_new = self.argument(names::MESSAGE_ID).is_empty();
        if is_new && let [(_, expression)] = self.offered().as_slice() {
            set(&mut settled, names::MESSAGE_ID, expression);
        }
        if is_new && self.argument(names::REPORT_KIND).is_empty() {
            set(&mut settled, names::REPORT_KIND, AskedKind::default().name());
        }
        let arguments = settled.clone();
        let filled = Context { arguments: &arguments, ..*self };
        let sent_by = filled.message().and_then(|activity| activity.message.as_ref()).map(|message| &message.account);
        if self.chooses_account()
            && self.argument(names::ACCOUNT).is_empty()
            && let Some(account) = sent_by.filter(|label| self.has_account(label))
        {
            set(&mut settled, names::ACCOUNT, account);
        }
        settled
    }

    /// The in-arguments as they are saved: with the configuration of the message's activity, as far as the journey tells.
    pub(crate) fn to_save(self) -> Vec<(String, String)> {
        let mut saved = self.arguments.to_vec();
        let Some(activity) = self.message() else { return saved };
        match &activity.configuration_id {
            Some(id) => set(&mut saved, names::MESSAGE_CONFIGURATION_ID, id),
            None => saved.retain(|(name, _)| name != names::MESSAGE_CONFIGURATION_ID),
        }
        saved
    }

    fn has_account(&self, label: &str) -> bool {
        self.accounts.iter().any(|account| account.id.as_str() == label)
    }

    /// What the page shows.
    pub(crate) fn form(&self) -> ReportForm<'a> {
        let kind = self.kind();
        let kinds = AskedKind::ALL.map(|own| {
            let words = self.texts.kind(own);
            KindChoice {
                value: own.name(),
                label: words.label,
                meaning: words.meaning,
                needs: words.needs,
                is_chosen: own == kind,
            }
        });
        let is_its = |own: &Option<AskedKind>| own.is_none_or(|own| own == kind);
        let out_arguments = OUT_ARGUMENTS.iter().filter(|row| is_its(&row.kind));
        let messages = self.messages();
        let message = messages.iter().find(|choice| choice.is_chosen && !choice.value.is_empty());
        ReportForm {
            texts: self.texts,
            message: message.map(|choice| choice.label.clone()).unwrap_or_default(),
            messages,
            kinds: kinds.to_vec(),
            accounts: if self.chooses_account() { self.account_choices() } else { Vec::new() },
            account: self.argument(names::ACCOUNT),
            target: self.target(),
            out_arguments: out_arguments
                .map(|row| OutArgument { name: row.name, meaning: pieces(self.texts.out_argument(row)) })
                .collect(),
            branches: self.texts.kind(kind).branches,
        }
    }

    fn messages(&self) -> Vec<Choice> {
        let chosen = self.argument(names::MESSAGE_ID);
        let mut choices: Vec<Choice> = Vec::new();
        for (activity, value) in self.offered() {
            let label = named(activity, self.texts);
            let is_chosen = reported_activity(chosen) == Some(&activity.key);
            // As it was saved, however it was spelt: who changes nothing saves the same.
            let value = if is_chosen { chosen.to_owned() } else { value };
            choices.push(Choice { value, label, is_chosen });
        }
        let is_offered = choices.iter().any(|choice| choice.is_chosen);
        if !chosen.is_empty() && !is_offered {
            let label = match (self.message(), reported_activity(chosen)) {
                (Some(activity), _) => named(activity, self.texts),
                (None, Some(key)) => key.to_owned(),
                (None, None) => chosen.to_owned(),
            };
            choices.push(Choice { value: chosen.to_owned(), label: (self.texts.not_offered)(&label), is_chosen: true });
        }
        let nothing =
            Choice { value: String::new(), label: self.texts.choose.to_owned(), is_chosen: chosen.is_empty() };
        choices.insert(0, nothing);
        choices
    }

    fn account_choices(&self) -> Vec<Choice> {
        let chosen = self.argument(names::ACCOUNT);
        let choice =
            |label: &str, shown: String| Choice { value: label.to_owned(), label: shown, is_chosen: label == chosen };
        let mut choices = vec![choice("", self.texts.choose.to_owned())];
        choices.extend(self.accounts.iter().map(|account| account.id.as_str()).map(|own| choice(own, own.to_owned())));
        if !chosen.is_empty() && !self.has_account(chosen) {
            choices.push(choice(chosen, (self.texts.not_offered)(chosen)));
        }
        choices
    }

    fn target(&self) -> String {
        let Some(account) = self.account() else { return String::new() };
        let places = match self.kind() {
            AskedKind::Delivery => match self.channel() {
                Some(channel) => vec![account.delivery_reports(channel.capability().reported_as)],
                None => vec![ReportKind::Sms, ReportKind::Omni],
            },
            AskedKind::Click => vec![ReportKind::Clicks],
            AskedKind::Reply => vec![ReportKind::Inbound],
        };
        let mut targets: Vec<_> = places.into_iter().map(|place| account.report_target(place)).collect();
        targets.dedup();
        let names: Vec<&str> = targets
            .iter()
            .filter_map(|target| match target {
                ReportTarget::Extension(key) => Some(*key),
                ReportTarget::Url(url) => Some(without_query(url)),
                ReportTarget::Nowhere => None,
            })
            .collect();
        match targets.first() {
            Some(ReportTarget::Extension(_)) => (self.texts.to_extension)(&names),
            Some(ReportTarget::Url(_)) => (self.texts.to_url)(&names),
            Some(ReportTarget::Nowhere) | None => self.texts.to_nowhere.to_owned(),
        }
    }
}

/// An address without what may be a key in it.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// An activity as the canvas names it, with its key; a message without a name is called as its kind.
fn named(activity: &JourneyActivity, texts: &Texts) -> String {
    match activity.name.trim() {
        "" if activity.kind == ActivityKind::Messaging => format!("{} ({})", texts.unnamed_message, activity.key),
        "" => activity.key.clone(),
        name => format!("{name} ({})", activity.key),
    }
}

/// Sets an in-argument where it stands, else behind the others.
fn set(arguments: &mut Vec<(String, String)>, name: &str, value: &str) {
    match arguments.iter_mut().find(|(own, _)| own == name) {
        Some((_, own)) => value.clone_into(own),
        None => arguments.push((name.to_owned(), value.to_owned())),
    }
}

/// A sentence in which values stand between backticks.
fn pieces(sentence: &'static str) -> Vec<Piece> {
    let pieces = sentence.split('`').enumerate().map(|(at, text)| Piece { text, is_value: at % 2 == 1 });
    pieces.filter(|piece| !piece.text.is_empty()).collect()
}

#[cfg(test)]
mod tests;
