//! The suggestions of an RCS message and of its cards (infobip.md 6).

use super::super::super::timestamp::Timestamp;
use super::super::fields::{URL_UNITS_MAX, degrees};
use super::super::numbered_fields::{Row, Rows, choice, is_card_spelling, rows};
use super::super::{Draft, Rejection, names};
use super::{OpensIn, Suggestion, SuggestionAction, WebviewMode};

/// Most suggestions on a message (infobip.md 6).
pub(super) const ON_MESSAGE_MAX: usize = 11;
/// Most suggestions on a card (infobip.md 6).
pub(super) const ON_CARD_MAX: usize = 4;
/// Longest text, in UTF-16 units (infobip.md 6: 25 characters).
pub(crate) const TEXT_UNITS_MAX: usize = 25;
/// Longest postback data, in UTF-16 units (infobip.md 6: 2024 characters).
pub(super) const POSTBACK_UNITS_MAX: usize = 2_024;
/// Digits of a number to dial (infobip.md 6: `^\+?[0-9]\d{1,14}$`).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 2..=15;
/// North and south of the equator, in degrees (infobip.md 6).
const LATITUDE_MAX: f64 = 90.0;
/// East and west of Greenwich, in degrees (infobip.md 6).
const LONGITUDE_MAX: f64 = 180.0;
/// Longest name of a place, in UTF-16 units (infobip.md 6: 100 characters).
pub(super) const LABEL_UNITS_MAX: usize = 100;
/// Longest title of a calendar event, in UTF-16 units (infobip.md 6: 100 characters).
pub(super) const EVENT_TITLE_UNITS_MAX: usize = 100;
/// Longest description of a calendar event, in UTF-16 units (infobip.md 6: 500 characters).
pub(super) const EVENT_DESCRIPTION_UNITS_MAX: usize = 500;

/// Every field of a suggestion. A row that holds any of them is a suggestion, so nothing gets lost in silence.
const FIELDS: &[&str] = &[
    names::SUGGESTION_TYPE_PREFIX,
    names::SUGGESTION_TEXT_PREFIX,
    names::SUGGESTION_POSTBACK_PREFIX,
    names::SUGGESTION_URL_PREFIX,
    names::SUGGESTION_OPENS_IN_PREFIX,
    names::SUGGESTION_PHONE_PREFIX,
    names::SUGGESTION_LATITUDE_PREFIX,
    names::SUGGESTION_LONGITUDE_PREFIX,
    names::SUGGESTION_LABEL_PREFIX,
    names::SUGGESTION_STARTS_AT_PREFIX,
    names::SUGGESTION_ENDS_AT_PREFIX,
    names::SUGGESTION_TITLE_PREFIX,
    names::SUGGESTION_DESCRIPTION_PREFIX,
];

const OPENS_IN: &[(&str, OpensIn)] = &[
    ("BROWSER", OpensIn::Browser),
    ("WEBVIEW_FULL", OpensIn::Webview(WebviewMode::Full)),
    ("WEBVIEW_HALF", OpensIn::Webview(WebviewMode::Half)),
    ("WEBVIEW_TALL", OpensIn::Webview(WebviewMode::Tall)),
];

type ReadAction = fn(&Row<'_>) -> Result<SuggestionAction, Rejection>;

const TYPES: &[(&str, ReadAction)] = &[
    ("REPLY", |_| Ok(SuggestionAction::Reply)),
    ("OPEN_URL", open_url),
    ("DIAL_PHONE", dial_phone),
    ("SHOW_LOCATION", show_location),
    ("REQUEST_LOCATION", |_| Ok(SuggestionAction::RequestLocation)),
    ("CREATE_CALENDAR_EVENT", create_calendar_event),
];

/// The suggestions on the whole message.
pub(super) fn on_message(draft: &Draft<'_>) -> Result<Vec<Suggestion>, Rejection> {
    read_all(&rows(draft.arguments.filled(), FIELDS, |field, name| field == name), ON_MESSAGE_MAX)
}

/// The suggestions on a card, from its fields without `card` and its number.
pub(super) fn on_card(fields: &[(&str, &str)]) -> Result<Vec<Suggestion>, Rejection> {
    read_all(&card_rows(fields), ON_CARD_MAX)
}

/// Whether a card's fields hold anything of a suggestion.
pub(super) fn any(fields: &[(&str, &str)]) -> bool {
    !card_rows(fields).is_empty()
}

fn card_rows<'a>(fields: &[(&'a str, &'a str)]) -> Rows<'a> {
    rows(fields.iter().copied(), FIELDS, is_card_spelling)
}

fn read_all(rows: &Rows<'_>, count_max: usize) -> Result<Vec<Suggestion>, Rejection> {
    if rows.len() > count_max {
        return Err(Rejection::ButtonsLength);
    }
    rows.values().map(read).collect()
}

fn read(row: &Row<'_>) -> Result<Suggestion, Rejection> {
    let kind = row.get(names::SUGGESTION_TYPE_PREFIX).ok_or(Rejection::Suggestions)?;
    let read_action = choice(kind, TYPES).ok_or(Rejection::Suggestions)?;
    let text = row.text(names::SUGGESTION_TEXT_PREFIX, TEXT_UNITS_MAX, Rejection::ButtonTextLength)?;
    let text = text.ok_or(Rejection::ButtonTextLength)?;
    let postback = row.text(names::SUGGESTION_POSTBACK_PREFIX, POSTBACK_UNITS_MAX, Rejection::Suggestions)?;
    Ok(Suggestion { action: read_action(row)?, postback: postback.unwrap_or_else(|| text.clone()), text })
}

fn open_url(row: &Row<'_>) -> Result<SuggestionAction, Rejection> {
    let url = row.address(names::SUGGESTION_URL_PREFIX, URL_UNITS_MAX, Rejection::ButtonUrlLength)?;
    let url = url.ok_or(Rejection::ButtonUrlLength)?;
    let opens_in = row.choice(names::SUGGESTION_OPENS_IN_PREFIX, OPENS_IN, Rejection::Suggestions)?;
    Ok(SuggestionAction::OpenUrl { url, opens_in })
}

fn dial_phone(row: &Row<'_>) -> Result<SuggestionAction, Rejection> {
    let phone = required(row.get(names::SUGGESTION_PHONE_PREFIX))?;
    let digits = phone.strip_prefix('+').unwrap_or(phone);
    let valid = PHONE_DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| SuggestionAction::DialPhone { phone: phone.to_owned() }).ok_or(Rejection::Suggestions)
}

fn show_location(row: &Row<'_>) -> Result<SuggestionAction, Rejection> {
    Ok(SuggestionAction::ShowLocation {
        latitude: required(degrees(row.get(names::SUGGESTION_LATITUDE_PREFIX), LATITUDE_MAX))?,
        longitude: required(degrees(row.get(names::SUGGESTION_LONGITUDE_PREFIX), LONGITUDE_MAX))?,
        label: text(row, names::SUGGESTION_LABEL_PREFIX, LABEL_UNITS_MAX)?,
    })
}

fn create_calendar_event(row: &Row<'_>) -> Result<SuggestionAction, Rejection> {
    let moment = |name| row.get(name).and_then(Timestamp::parse).ok_or(Rejection::Suggestions);
    let starts_at = moment(names::SUGGESTION_STARTS_AT_PREFIX)?;
    let ends_at = moment(names::SUGGESTION_ENDS_AT_PREFIX)?;
    if starts_at >= ends_at {
        return Err(Rejection::Suggestions);
    }
    Ok(SuggestionAction::CreateCalendarEvent {
        starts_at,
        ends_at,
        title: required(text(row, names::SUGGESTION_TITLE_PREFIX, EVENT_TITLE_UNITS_MAX)?)?,
        description: text(row, names::SUGGESTION_DESCRIPTION_PREFIX, EVENT_DESCRIPTION_UNITS_MAX)?,
    })
}

fn text(row: &Row<'_>, name: &str, units_max: usize) -> Result<Option<String>, Rejection> {
    row.text(name, units_max, Rejection::Suggestions)
}

fn required<T>(value: Option<T>) -> Result<T, Rejection> {
    value.ok_or(Rejection::Suggestions)
}
