//! What the channels' forms have in common.

use super::builder::{Builder, RowWords, also, default_choice, offered};
use super::rows::RowSet;
use super::texts::Phrase;
use super::{Item, Keyboard, Limit, Section, Toggle};
use crate::domain::channel::Channel;
use crate::domain::message::{BULK_ID_UNITS_MAX, VALIDITY_MINUTES_MAX, names, nth, sms};
use crate::domain::speed_limit;

/// The bulk id that counts while none is given: the activity's own name, else the channel's (the manual; spec M1).
pub(crate) fn default_bulk_id(channel: Channel, activity_name: Option<&str>) -> String {
    let name = activity_name.map(str::trim).filter(|name| !name.is_empty());
    let Some(name) = name else { return channel.capability().bulk_id.to_owned() };
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= BULK_ID_UNITS_MAX
    };
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).take_while(fits).collect()
}

/// Which phone field, where there are several (spec M2).
pub(super) fn recipient(builder: &Builder<'_>) -> Option<Section> {
    let fields = &builder.context.journey.phone_fields;
    let texts = &builder.context.journey.text_phones;
    if fields.is_empty() && !texts.is_empty() {
        let first = nth(names::PHONE_PREFIX, 1);
        let choices = texts.iter().map(|field| (field.expression.as_str(), &[][..], field.name.as_str()));
        let field = builder.select_of(&first, choices).required();
        let unusable = builder.context.journey.unusable_phones.clone();
        let none = || vec![builder.phrase(Phrase::TextPhone).to_owned()];
        let notes = if unusable.is_empty() { none() } else { unusable };
        let items = std::iter::once(Item::from(field)).chain(notes.into_iter().map(Item::Note)).collect();
        return Some(builder.section("recipient", Phrase::Recipient, items));
    }
    if fields.len() < 2 && builder.given(names::PHONE_CHOICE).is_none() {
        return None;
    }
    let numbers: Vec<_> = (1..=fields.len()).map(|number| number.to_string()).collect();
    let first = ("", &[][..], builder.phrase(Phrase::FirstPopulated));
    let named = numbers.iter().zip(fields).map(|(number, field)| (number.as_str(), &[][..], field.as_str()));
    let field = builder.select_of(names::PHONE_CHOICE, std::iter::once(first).chain(named));
    Some(builder.section("recipient", Phrase::Recipient, vec![field.into()]))
}

/// The SMS that is sent when the channel could not deliver.
pub(super) fn failover(builder: &Builder<'_>) -> Section {
    let text = builder.area(names::FALLBACK_TEXT, 3).limit(Limit::Sms);
    let sender = builder.failover_sender(Limit::at_most(sms::SENDER_CHARS_MAX));
    builder.folded("failover", Phrase::Failover, vec![text.into(), sender.into()])
}

/// Likewise where the scenario has the sender.
pub(super) fn failover_of_scenario(builder: &Builder<'_>) -> Section {
    let text = builder.area(names::FALLBACK_TEXT, 3).limit(Limit::Sms);
    builder.folded("failover", Phrase::Failover, vec![text.into()])
}

/// URL shortening and tracking, where the channel has it (spec M5).
pub(super) fn links(builder: &Builder<'_>) -> Option<Section> {
    if !builder.channel.capability().tracks_links {
        return None;
    }
    let mut items = vec![Item::from(builder.checkbox(names::SHORTEN_URL).rerenders())];
    if builder.context.arguments.flag(names::SHORTEN_URL) {
        let clicks = [default_choice(&["true", "1", "yes"]), also("false", &["0", "no"])];
        items.push(builder.select(names::TRACK_CLICKS, &clicks).into());
        let domains = builder.context.account().map(|account| account.custom_domains.as_slice()).unwrap_or_default();
        let default = ("", &[][..], builder.phrase(Phrase::DefaultDomain));
        let own = domains.iter().map(|domain| (domain.as_str(), &[][..], domain.as_str()));
        let domain = builder.select_of(names::CUSTOM_DOMAIN, std::iter::once(default).chain(own));
        items.push(domain.limit(Limit::Domain).into());
        items.push(builder.checkbox(names::REMOVE_PROTOCOL).into());
    }
    Some(builder.section("links", Phrase::Links, items))
}

/// *Trigger Event on Response*, where there are replies (spec M6).
pub(super) fn replies(builder: &Builder<'_>) -> Option<Section> {
    builder.channel.capability().replies?;
    let events = &builder.context.journey.event_definitions;
    let none = ("", &[][..], builder.phrase(Phrase::NoEvent));
    let named = events.iter().map(|event| (event.key.as_str(), &[][..], event.name.as_str()));
    let field = builder.select_of(names::EVENT_DEFINITION_KEY, std::iter::once(none).chain(named));
    let mut items = vec![field.into()];
    if events.is_empty() {
        items.push(Item::Note(builder.phrase(Phrase::NoEventDefinitions).to_owned()));
    }
    let help = builder.phrase(Phrase::RepliesHelp);
    Some(Section { help, ..builder.section("replies", Phrase::Replies, items) })
}

/// The sending speed limit (spec M3): on while count or unit is there, an empty count too.
pub(super) fn speed_limit(builder: &Builder<'_>) -> Section {
    let arguments = builder.context.arguments;
    let is_on = arguments.has(names::SPEED_LIMIT_COUNT) || arguments.has(names::SPEED_LIMIT_UNIT);
    let mut items = vec![Item::Toggle(Toggle {
        name: "speedLimit",
        argument: None,
        label: builder.phrase(Phrase::SpeedToggle),
        help: builder.phrase(Phrase::SpeedToggleHelp),
        is_on,
    })];
    if is_on {
        let count = builder.line(names::SPEED_LIMIT_COUNT).keyboard(Keyboard::Digits).required();
        items.push(count.limit(Limit::Whole { min: 1, max: speed_limit::COUNT_MAX }).into());
        let units = [offered("MINUTE"), offered("HOUR"), offered("DAY")];
        items.push(builder.select(names::SPEED_LIMIT_UNIT, &units).required().into());
        items.push(Item::Audience(builder.context.audience));
    }
    Section { help: builder.phrase(Phrase::SpeedHelp), ..builder.section("speed", Phrase::Speed, items) }
}

/// Custom callback data (spec M4).
pub(super) fn callback_data(builder: &Builder<'_>) -> Section {
    let words =
        RowWords { legend: Phrase::Callback, row: Phrase::CallbackRow, add: Phrase::AddCallback, is_ordered: false };
    let rows = builder.rows(RowSet::Callback, 0, words, |number| {
        let argument = |field| RowSet::Callback.argument(field, number);
        let name = builder.line(&argument(names::CALLBACK_NAME_PREFIX)).required();
        let value = builder.line(&argument(names::CALLBACK_VALUE_PREFIX)).with_merge_fields();
        vec![name.limit(Limit::Words(Phrase::AllowedCallbackName)).into(), value.into()]
    });
    let help = builder.phrase(Phrase::CallbackHelp);
    Section { help, ..builder.section("callback", Phrase::Callback, vec![Item::Rows(rows)]) }
}

/// India's registration of a text, for SMS (the manual, *For India local traffic only*).
pub(super) fn dlt(builder: &Builder<'_>) -> Option<Section> {
    if builder.channel != Channel::Sms {
        return None;
    }
    // Without the flag an entity id is enough, as it is for the validation.
    let arguments = builder.context.arguments;
    let ids = [names::DLT_PRINCIPAL_ENTITY_ID, names::DLT_CONTENT_TEMPLATE_ID];
    let is_on = arguments.flag(names::DLT) || ids.iter().any(|id| arguments.given(id).is_some());
    let mut items = vec![Item::Toggle(Toggle {
        name: "dlt",
        argument: Some(names::DLT),
        label: builder.phrase(Phrase::DltToggle),
        help: builder.phrase(Phrase::DltToggleHelp),
        is_on,
    })];
    if is_on {
        let limit = Limit::at_most(sms::DLT_ID_UNITS_MAX);
        items.push(builder.line(names::DLT_PRINCIPAL_ENTITY_ID).limit(limit).required().into());
        items.push(builder.line(names::DLT_CONTENT_TEMPLATE_ID).limit(limit).into());
    }
    Some(Section { is_open: Some(is_on), ..builder.section("dlt", Phrase::Dlt, items) })
}

/// What few need.
pub(super) fn advanced(builder: &Builder<'_>) -> Section {
    let default = default_bulk_id(builder.channel, builder.context.journey.activity_name.as_deref());
    let bulk_id = builder.line(names::BULK_ID).placeholder(default).limit(Limit::at_most(BULK_ID_UNITS_MAX));
    let validity = builder.line(names::VALIDITY_MINUTES).keyboard(Keyboard::Digits);
    let validity = validity.placeholder(VALIDITY_MINUTES_MAX.to_string());
    let latest = builder.line(names::LATEST_SEND_AT).limit(Limit::Moment);
    let on_stop = [default_choice(&["KEEP"]), offered("HOLD"), offered("CANCEL")];
    let items = vec![
        bulk_id.into(),
        validity.limit(Limit::Whole { min: 1, max: VALIDITY_MINUTES_MAX.into() }).into(),
        latest.into(),
        builder.select(names::ON_STOP, &on_stop).into(),
    ];
    builder.folded("advanced", Phrase::Advanced, items)
}
