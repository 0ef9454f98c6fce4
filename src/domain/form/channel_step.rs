//! The first step: whose activity it is, by which channel, by which account.

use super::builder::Builder;
use super::texts::{Phrase, fill};
use super::{Context, Form, Item, Step};
use crate::domain::channel::Channel;
use crate::domain::family::Family;
use crate::domain::message::names;
use crate::domain::tenant::Account;

/// MID, channel, and the account where there is a choice. *Viber (deprecated)* is offered only to an activity that has
/// it already (spec M1).
pub(crate) fn channel_step(context: &Context<'_>) -> Form {
    // Nothing in this step differs by channel.
    let builder = Builder { context, channel: Channel::Sms };
    let mid = context.mid.to_string();
    let value = if context.business_unit.is_empty() { mid } else { format!("{mid} · {}", context.business_unit) };
    let mut items = vec![Item::Shown { label: builder.phrase(Phrase::Mid), value }];
    let mut notices = Vec::new();
    if context.accounts.is_empty() {
        notices.push(builder.phrase(Phrase::NoAccount).to_owned());
    }
    let saved = builder.given(names::ACCOUNT);
    let is_only = |label: &str| matches!(context.accounts, [only] if only.id.as_str() == label);
    if context.accounts.len() > 1 || saved.is_some_and(|label| !is_only(label)) {
        let accounts: Vec<_> = context.accounts.iter().map(|account| account.id.as_str()).collect();
        let field = builder.select_of(names::ACCOUNT, accounts.iter().map(|label| (*label, &[][..], *label)));
        items.push(field.required().rerenders().into());
    }
    let current = builder.given(names::CHANNEL).and_then(Channel::by_name);
    let offered = Channel::offered()
        .filter(|channel| *channel != Channel::ViberOmni || current == Some(Channel::ViberOmni))
        .map(|channel| (channel, context.account().is_some_and(|account| has_senders(account, channel))));
    let offered: Vec<_> = offered.collect();
    // Where all channels have senders, saying so of each helps nobody to choose.
    let tells = offered.iter().any(|(channel, has_senders)| !has_senders && *channel != Channel::ViberOmni);
    let offered: Vec<_> = offered
        .into_iter()
        .map(|(channel, has_senders)| (channel, label(&builder, channel, tells && has_senders)))
        .collect();
    let saved = context.arguments.raw(names::CHANNEL).trim();
    // The server takes any spelling of a channel.
    let alias = |channel: Channel| if current == Some(channel) { vec![saved] } else { Vec::new() };
    let aliases: Vec<_> = offered.iter().map(|(channel, _)| alias(*channel)).collect();
    let choices = offered.iter().zip(&aliases);
    let choices = choices.map(|((channel, label), aliases)| (channel.name(), aliases.as_slice(), label.as_str()));
    items.push(builder.select_of(names::CHANNEL, choices).required().rerenders().into());
    if current == Some(Channel::ViberOmni) {
        items.push(Item::Note(builder.phrase(Phrase::Deprecated).to_owned()));
    }
    Form {
        step: Step::Channel,
        texts: context.texts,
        notices,
        sections: vec![builder.section("channel", Phrase::ChannelSection, items)],
        merge_groups: Vec::new(),
    }
}

/// The channel's name; with a hint where this channel stands out by the account's senders for it.
fn label(builder: &Builder<'_>, channel: Channel, is_hinted: bool) -> String {
    if !is_hinted {
        return channel.name().to_owned();
    }
    fill(builder.phrase(Phrase::SuggestedBySenders), &[("channel", channel.name().to_owned())])
}

fn has_senders(account: &Account, channel: Channel) -> bool {
    let senders = match channel.capability().family {
        Family::Sms | Family::Mms => &account.senders.sms,
        Family::WhatsApp => &account.senders.whatsapp,
        Family::Viber => &account.senders.viber,
        Family::Rcs => &account.senders.rcs,
        Family::Kakao => &account.senders.kakao,
        Family::Omni => return false,
    };
    !senders.is_empty() || account.channels.contains(&channel)
}
