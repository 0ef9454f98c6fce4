//! The summary: what is filled in, to be read before it is saved (spec M1).
//!
//! Merge fields are shown as the preview shows them, choices by their names alone, and numbers as people write them.

use super::texts::{Phrase, Texts, fill, row_of};
use super::{Context, Control, Field, Item, Limit, Section, channel_step, message_step};
use crate::domain::channel::Channel;
use crate::domain::journey::Journey;
use crate::domain::merge_field::Values;
use crate::domain::message::contract::NUMBERED_MAX;
use crate::domain::message::{InArguments, names, nth};
use crate::domain::pace::{Pace, grouped};
use crate::domain::preview::Text;

/// Everything that was filled in.
pub(crate) struct Summary {
    pub(crate) texts: &'static Texts,
    /// Those that have something to say.
    pub(crate) parts: Vec<SummaryPart>,
}

/// A section of the summary.
pub(crate) struct SummaryPart {
    pub(crate) title: &'static str,
    /// Labels and values.
    pub(crate) rows: Vec<(String, Text)>,
}

/// Both steps, to be read.
pub(crate) fn summary(context: &Context<'_>, channel: Channel, journey: &Journey) -> Summary {
    let writer = Writer { context, channel, journey };
    let mut parts: Vec<_> = channel_step(context).sections.iter().map(|section| writer.part(section)).collect();
    parts.push(SummaryPart {
        title: context.texts.phrase(Phrase::Recipient),
        rows: vec![(context.texts.field(Some(channel), names::PHONE_CHOICE).0.to_owned(), writer.recipient())],
    });
    let message = message_step(context, channel);
    parts.extend(
        message.sections.iter().filter(|section| section.id != "recipient").map(|section| writer.part(section)),
    );
    parts.retain(|part| !part.rows.is_empty());
    Summary { texts: context.texts, parts }
}

struct Writer<'a> {
    context: &'a Context<'a>,
    channel: Channel,
    journey: &'a Journey,
}

impl Writer<'_> {
    fn part(&self, section: &Section) -> SummaryPart {
        let rows = match section.id {
            "speed" => self.speed_limit().into_iter().collect(),
            _ => self.read(&section.items),
        };
        SummaryPart { title: section.title, rows }
    }

    /// Labels and values of what is filled in; rows within rows behind their own.
    fn read(&self, items: &[Item]) -> Vec<(String, Text)> {
        let mut rows = Vec::new();
        for item in items {
            match item {
                Item::Field(field) => rows.extend(self.value_of(field).map(|value| (field.label.clone(), value))),
                Item::Rows(group) => {
                    for row in &group.rows {
                        let named = |(label, value)| (format!("{} {}: {label}", group.row_label, row.place), value);
                        rows.extend(self.read(&row.items).into_iter().map(named));
                    }
                }
                Item::Shown { label, value } => rows.push(((*label).to_owned(), Text::plain(value.as_str()))),
                Item::Toggle(_) | Item::Note(_) | Item::Action(_) | Item::Audience(_) => {}
            }
        }
        rows
    }

    /// What a field says to a person; nothing while it is empty and has no default of its own.
    fn value_of(&self, field: &Field) -> Option<Text> {
        let phrase = |phrase| self.context.texts.phrase(phrase);
        let text = match &field.control {
            Control::Hidden => return None,
            Control::Checkbox { is_checked, .. } => return is_checked.then(|| Text::plain(phrase(Phrase::On))),
            Control::Select(choices) => {
                let choice = choices.iter().find(|choice| choice.is_selected)?;
                // Hints are for who chooses.
                match Channel::by_name(choice.value.trim()).filter(|_| field.argument == names::CHANNEL) {
                    Some(channel) => Text::plain(channel.name()),
                    None if choice.is_unlisted => written(&choice.value),
                    None if choice.value.is_empty() && choice.label == phrase(Phrase::Choose) => return None,
                    None => Text::plain(choice.label.as_str()),
                }
            }
            Control::Line { .. } | Control::Area { .. } => {
                let said = if field.value.trim().is_empty() { &field.placeholder } else { &field.value };
                match (field.limit, said.trim().parse()) {
                    (Limit::Whole { .. }, Ok(number)) => Text::plain(grouped(number)),
                    _ => written(said),
                }
            }
        };
        (!text.is_empty()).then_some(text)
    }

    /// The fields that a number is taken from, in the order in which they are asked.
    fn recipient(&self) -> Text {
        let Context { texts, journey, arguments, .. } = self.context;
        let saved = || (1..=NUMBERED_MAX).filter_map(|number| arguments.given(&nth(names::PHONE_PREFIX, number)));
        let mut fields: Vec<String> = journey.phone_fields.clone();
        if fields.is_empty() {
            // A text field that was chosen, or what was saved while no entry source is known.
            let name = |expression: &str| journey.text_phones.iter().find(|field| field.expression == expression);
            let known = |expression: &str| name(expression).map(|field| field.name.clone());
            fields = match journey.text_phones.is_empty() {
                false => saved().filter_map(known).take(1).collect(),
                true => saved().map(str::to_owned).collect(),
            };
        }
        let choice = arguments.given(names::PHONE_CHOICE).and_then(|number| number.parse::<usize>().ok());
        if let Some(chosen) = choice.and_then(|number| fields.get(number.checked_sub(1)?)).cloned() {
            fields = vec![chosen];
        }
        let has_default = self.journey.default_mobile_number;
        let said = match fields.as_slice() {
            [] if has_default => return Text::plain(texts.phrase(Phrase::DefaultNumber)),
            [] => return Text::plain(texts.phrase(Phrase::NoPhone)),
            [only] => only.clone(),
            several => format!("{}: {}", texts.phrase(Phrase::FirstPopulated), several.join(", ")),
        };
        let phrase = if has_default { texts.phrase(Phrase::ElseDefaultNumber) } else { "{fields}" };
        written(&fill(phrase, &[("fields", said)]))
    }

    /// The speed limit and what it means, in one line.
    fn speed_limit(&self) -> Option<(String, Text)> {
        let Context { texts, arguments, audience, .. } = self.context;
        let count = arguments.given(names::SPEED_LIMIT_COUNT)?;
        let unit = arguments.raw(names::SPEED_LIMIT_UNIT).trim();
        let unit = texts.choice(names::SPEED_LIMIT_UNIT, &unit.to_ascii_uppercase()).to_lowercase();
        let own: InArguments = arguments.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let label = texts.field(Some(self.channel), row_of(names::SPEED_LIMIT_COUNT)).0.to_owned();
        let Ok(Some(limit)) = own.speed_limit() else {
            // An expression, or something that the problems tell of.
            let unit = if unit.contains("{{") { arguments.raw(names::SPEED_LIMIT_UNIT).to_owned() } else { unit };
            let values = [("count", count.to_owned()), ("unit", unit)];
            return Some((label, written(&fill(texts.phrase(Phrase::SpeedLimit), &values))));
        };
        let pace =
            Pace { limit, audience: *audience, wait_before_reports_secs: self.journey.wait_before_reports() }.line();
        let values = [("count", grouped(limit.count().into())), ("unit", unit)];
        let limit = fill(texts.phrase(Phrase::SpeedLimit), &values);
        let mut letters = pace.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
        Some((label, Text::plain(format!("{limit}: {first}{}", letters.as_str()))))
    }
}

fn written(value: &str) -> Text {
    Text::of(value, &Values::default(), None)
}
