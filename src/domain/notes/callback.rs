//! How large the callback data of a message gets (spec M4).

use super::super::callback_data::{self, CustomField, SystemFields, UNITS_MAX};
use super::super::ids::ActivityId;
use super::super::message::contract::{CARDS_MAX, NUMBERED_MAX};
use super::super::message::{InArguments, names, nth};
use super::super::pace::grouped;
use super::super::preview::card_argument;
use super::{CALLBACK_ROWS, Channel, Notes, NotesContext};

/// From so many UTF-16 units on a merge field may well take callback data over its limit.
const NEAR: usize = UNITS_MAX / 10 * 9;
/// A contact key of SFMC's own has so many characters.
const CONTACT_KEY: &str = "000000000000000000";

pub(super) fn add(notes: &mut Notes, context: &NotesContext<'_>) {
    let Some(channel) = context.channel else { return };
    let Estimate { units, is_open } = estimate(channel, context);
    let of = format!("of {} characters", grouped(UNITS_MAX as u64));
    let more = if is_open { ", and more when merge fields are filled" } else { "" };
    notes.note(
        CALLBACK_ROWS,
        format!("With what Waypost adds, such as the text, about {} {of}{more}", grouped(units as u64)),
    );
    if units > UNITS_MAX {
        let message = format!(
            "Callback data has about {} {of} without what merge fields add: messages are refused. Shorten the text or \
             the custom fields.",
            grouped(units as u64)
        );
        notes.warn(CALLBACK_ROWS, message);
    } else if units >= NEAR {
        let message = format!(
            "Callback data has about {} {of}: contacts whose values are long are refused.",
            grouped(units as u64)
        );
        notes.warn(CALLBACK_ROWS, message);
    }
}

struct Estimate {
    /// UTF-16 units.
    units: usize,
    /// Merge fields that nothing is known of are in it.
    is_open: bool,
}

fn estimate(channel: Channel, context: &NotesContext<'_>) -> Estimate {
    let (arguments, capability) = (context.arguments, channel.capability());
    let mut is_open = false;
    let mut known = |value: &str| {
        let (text, open) = context.values.known(value);
        is_open |= !open.is_empty();
        text
    };
    let subject = subject(channel, arguments);
    let subject = (subject.0, known(&subject.1));
    let bulk_id = known(arguments.get(names::BULK_ID).unwrap_or(capability.bulk_id));
    let from = known(arguments.get(names::SENDER).unwrap_or_default());
    let journey_name = known(arguments.get(names::JOURNEY_NAME).unwrap_or(&context.journey.name));
    let custom: Vec<_> = arguments.custom_fields().iter().map(|field| (field.name, known(field.value))).collect();
    let custom: Vec<_> = custom.iter().map(|(name, value)| CustomField { name, value }).collect();
    let (activity, mid) = (ActivityId::placeholder(), context.mid.to_string());
    let system = SystemFields {
        activity_id: activity.as_str(),
        bulk_id: &bulk_id,
        from: &from,
        subject: (subject.0, &subject.1),
        journey_name: &journey_name,
        contact_key: CONTACT_KEY,
        mid: &mid,
        version_id: activity.as_str(),
        version_number: "1",
    };
    Estimate { units: callback_data::units(&system, &custom), is_open }
}

/// What the message's content will be called by, as far as it is written: see `Content::callback_subject`.
fn subject(channel: Channel, arguments: &InArguments) -> (&'static str, String) {
    let text = |name: &str| arguments.raw(name).to_owned();
    match channel {
        Channel::WhatsApp | Channel::KakaoAlim | Channel::KakaoAlimOmni => ("TemplateName", text(names::TEMPLATE_NAME)),
        Channel::Mms => {
            let is_text = |number: &usize| {
                let kind = arguments.get(&nth(names::SEGMENT_TYPE_PREFIX, *number)).unwrap_or_default();
                kind.eq_ignore_ascii_case("TEXT")
            };
            let texts = (1..=NUMBERED_MAX).filter(is_text).map(|n| text(&nth(names::SEGMENT_TEXT_PREFIX, n)));
            ("Message", texts.collect::<Vec<_>>().join("\n"))
        }
        _ => {
            let of_cards = (1..=CARDS_MAX)
                .flat_map(|card| [names::CARD_TITLE, names::CARD_DESCRIPTION].map(|name| card_argument(card, name)));
            let names = [names::TEXT, names::FILE_NAME, names::FILE_URL].map(str::to_owned).into_iter().chain(of_cards);
            ("Message", names.map(|name| text(&name)).find(|text| !text.trim().is_empty()).unwrap_or_default())
        }
    }
}
