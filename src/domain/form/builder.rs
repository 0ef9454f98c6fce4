//! Makes fields: their words from the texts, their values from the in-arguments.

use super::rows::RowSet;
use super::texts::{Phrase, fill, row_of};
use super::{Choice, Context, Control, Field, Form, Item, Keyboard, Limit, List, Offer, RowForm, Rows, Section, Step};
use crate::domain::channel::Channel;
use crate::domain::family::Family;
use crate::domain::message::names;
use crate::domain::sender::{OfferedSender, SenderState, merged};

/// A choice that is offered: its value, and the other spellings of the same.
pub(super) struct Offered {
    pub(super) value: &'static str,
    aliases: &'static [&'static str],
}

pub(super) const fn offered(value: &'static str) -> Offered {
    Offered { value, aliases: &[] }
}

pub(super) const fn also(value: &'static str, aliases: &'static [&'static str]) -> Offered {
    Offered { value, aliases }
}

/// The choice that counts while nothing is said, which may also be said.
pub(super) const fn default_choice(aliases: &'static [&'static str]) -> Offered {
    Offered { value: "", aliases }
}

pub(super) struct Builder<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) channel: Channel,
}

impl Builder<'_> {
    pub(super) fn phrase(&self, phrase: Phrase) -> &'static str {
        self.context.texts.phrase(phrase)
    }

    pub(super) fn given(&self, argument: &str) -> Option<&str> {
        self.context.arguments.given(argument)
    }

    fn field(&self, argument: &str, control: Control) -> Field {
        let (label, help) = self.context.texts.field(Some(self.channel), row_of(argument));
        Field {
            argument: argument.to_owned(),
            label: label.to_owned(),
            help: help.to_owned(),
            value: self.context.arguments.raw(argument).to_owned(),
            placeholder: String::new(),
            control,
            is_required: false,
            takes_merge_fields: false,
            rerenders: false,
            limit: Limit::None,
        }
    }

    /// One line of text.
    pub(super) fn line(&self, argument: &str) -> Field {
        self.field(argument, Control::Line { keyboard: Keyboard::Text, offers: Vec::new() })
    }

    /// A web address.
    pub(super) fn address(&self, argument: &str, max: usize) -> Field {
        self.line(argument).keyboard(Keyboard::Url).limit(Limit::Address { max }).with_merge_fields()
    }

    /// Several lines of text.
    pub(super) fn area(&self, argument: &str, lines: u8) -> Field {
        self.field(argument, Control::Area { lines }).with_merge_fields()
    }

    pub(super) fn hidden(&self, argument: &str) -> Field {
        self.field(argument, Control::Hidden)
    }

    pub(super) fn checkbox(&self, argument: &str) -> Field {
        let is_checked = self.context.arguments.flag(argument);
        // What is saved keeps its spelling.
        let on = if is_checked { self.context.arguments.raw(argument) } else { "true" }.to_owned();
        self.field(argument, Control::Checkbox { is_checked, on })
    }

    /// One of the contract's values. What is saved keeps its spelling, and stays a choice whatever it is.
    pub(super) fn select(&self, argument: &str, choices: &[Offered]) -> Field {
        let row = row_of(argument);
        let named = choices.iter().map(|choice| (choice, self.context.texts.choice(row, choice.value).to_owned()));
        let named: Vec<_> = named.collect();
        self.select_of(argument, named.iter().map(|(choice, label)| (choice.value, choice.aliases, label.as_str())))
    }

    /// Likewise with values that only the account or the journey knows.
    pub(super) fn select_of<'v>(
        &self,
        argument: &str,
        choices: impl IntoIterator<Item = (&'v str, &'v [&'v str], &'v str)>,
    ) -> Field {
        let saved = self.context.arguments.raw(argument);
        let is_saved = |value: &str| value.eq_ignore_ascii_case(saved.trim());
        let mut listed = Vec::new();
        let mut has_default = false;
        for (value, aliases, label) in choices {
            has_default |= value.is_empty();
            let is_selected = is_saved(value) || aliases.iter().any(|alias| is_saved(alias));
            let value = if is_selected { saved } else { value };
            listed.push(choice(value, label.to_owned(), is_selected));
        }
        if !listed.iter().any(|choice| choice.is_selected) {
            if !saved.trim().is_empty() {
                let label = fill(self.phrase(Phrase::Saved), &[("value", saved.to_owned())]);
                listed.insert(0, Choice { is_unlisted: true, ..choice(saved, label, true) });
            } else if !has_default {
                let label = self.phrase(Phrase::Choose).to_owned();
                listed.insert(0, choice("", label, true));
            }
        }
        self.field(argument, Control::Select(listed))
    }

    /// The sender of this channel, with the account's senders to choose from.
    pub(super) fn sender(&self, limit: Limit) -> Field {
        let offers = self.offered_senders(self.channel.capability().family);
        self.line(names::SENDER).offering(offers).limit(limit).required().with_merge_fields()
    }

    /// The sender of an SMS that stands in.
    pub(super) fn failover_sender(&self, limit: Limit) -> Field {
        self.line(names::FALLBACK_SENDER).offering(self.offered_senders(Family::Sms)).limit(limit).with_merge_fields()
    }

    fn offered_senders(&self, family: Family) -> Vec<Offer> {
        let typed = self.context.account().map(|account| match family {
            Family::Sms | Family::Mms => account.senders.sms.as_slice(),
            Family::WhatsApp => &account.senders.whatsapp,
            Family::Viber => &account.senders.viber,
            Family::Rcs => &account.senders.rcs,
            Family::Kakao => &account.senders.kakao,
            Family::Omni => &[],
        });
        let listed: Vec<OfferedSender> = match &self.context.lists.senders {
            List::Loaded(listing) => {
                let own = listing.channels.iter().filter(|senders| senders.channel == family);
                own.flat_map(|senders| senders.senders.iter().cloned()).collect()
            }
            List::NotAsked | List::Failed(_) => Vec::new(),
        };
        let offer = |sender: OfferedSender| {
            let mut detail: Vec<&str> = sender.sources.iter().map(|source| source.name()).collect();
            if sender.state == SenderState::Unusable && !sender.detail.is_empty() {
                detail.push(&sender.detail);
            }
            Offer { detail: detail.join(", "), value: sender.sender }
        };
        merged(typed.unwrap_or_default(), listed).into_iter().map(offer).collect()
    }

    /// Rows as they are, each made by `row`; at least `min` of them are shown.
    pub(super) fn rows(&self, set: RowSet, min: usize, words: RowWords, row: impl Fn(usize) -> Vec<Item>) -> Rows {
        let mut numbers = set.numbers(self.context.arguments);
        while numbers.len() < min {
            let free = (1..=min).find(|number| !numbers.contains(number));
            numbers.extend(free);
        }
        let rows = numbers.into_iter().enumerate();
        let rows = rows.map(|(at, number)| RowForm { number, place: at + 1, items: row(number) });
        Rows {
            name: set.name(),
            legend: self.phrase(words.legend),
            help: String::new(),
            row_label: self.phrase(words.row),
            add_label: self.phrase(words.add),
            max: set.count_max(self.channel),
            may_change: true,
            is_ordered: words.is_ordered,
            rows: rows.collect(),
        }
    }

    pub(super) fn section(&self, id: &'static str, title: Phrase, items: Vec<Item>) -> Section {
        Section { id, title: self.phrase(title), help: "", is_open: None, items }
    }

    /// Likewise folded away, unless one of these is filled.
    pub(super) fn folded(&self, id: &'static str, title: Phrase, items: Vec<Item>) -> Section {
        let section = self.section(id, title, items);
        let form = Form {
            step: Step::Message,
            texts: self.context.texts,
            notices: Vec::new(),
            sections: vec![section],
            merge_groups: Vec::new(),
        };
        let is_open = form.fields().iter().any(|field| !field.value.trim().is_empty());
        let mut sections = form.sections;
        let section = sections.pop().unwrap_or(Section { id, title: "", help: "", is_open: None, items: Vec::new() });
        Section { is_open: Some(is_open), ..section }
    }

    /// What is said above the fields.
    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        let journey = self.context.journey;
        if journey.phone_fields.is_empty() && journey.merge_groups.is_empty() {
            notices.push(self.phrase(Phrase::NoEntrySource).to_owned());
        }
        if self.channel == Channel::ViberOmni {
            notices.push(self.phrase(Phrase::Deprecated).to_owned());
        }
        match &self.context.lists.senders {
            List::Loaded(listing) => notices.extend(listing.problems.iter().map(|problem| {
                let values = [("source", problem.source.clone()), ("why", problem.problem.clone())];
                fill(self.phrase(Phrase::SendersFailed), &values)
            })),
            List::Failed(why) => {
                let values = [("source", "Infobip".to_owned()), ("why", why.clone())];
                notices.push(fill(self.phrase(Phrase::SendersFailed), &values));
            }
            List::NotAsked => {}
        }
        notices
    }
}

/// What rows are called.
pub(super) struct RowWords {
    pub(super) legend: Phrase,
    pub(super) row: Phrase,
    pub(super) add: Phrase,
    pub(super) is_ordered: bool,
}

fn choice(value: &str, label: String, is_selected: bool) -> Choice {
    Choice { value: value.to_owned(), label, is_selected, is_disabled: false, is_unlisted: false }
}
