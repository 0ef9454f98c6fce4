//! RCS: text, file, card or carousel, with suggestions.

use super::super::builder::{Builder, RowWords, default_choice, offered};
use super::super::rows::RowSet;
use super::super::texts::Phrase;
use super::super::{Field, Item, Keyboard, Limit, Rows, Section, common};
use super::content_type;
use crate::domain::message::fields::URL_UNITS_MAX;
use crate::domain::message::names;
use crate::domain::message::rcs::{self, card, suggestion};

const CARDS: RowWords = RowWords { legend: Phrase::Cards, row: Phrase::Card, add: Phrase::AddCard, is_ordered: true };
const SUGGESTIONS: RowWords =
    RowWords { legend: Phrase::Suggestions, row: Phrase::Suggestion, add: Phrase::AddSuggestion, is_ordered: true };
const OF_CARD: RowWords = RowWords { legend: Phrase::CardSuggestions, ..SUGGESTIONS };
const SUGGESTION_TYPES: [&str; 6] =
    ["REPLY", "OPEN_URL", "DIAL_PHONE", "SHOW_LOCATION", "REQUEST_LOCATION", "CREATE_CALENDAR_EVENT"];

pub(super) fn content(builder: &Builder<'_>) -> Vec<Section> {
    let (choice, kind) = content_type(builder);
    let is = |name: &str| kind.is_none_or(|kind| kind == name);
    let mut items = vec![builder.sender(Limit::at_most(rcs::SENDER_CHARS_MAX)).into(), choice];
    if is("TEXT") {
        items.push(builder.area(names::TEXT, 5).limit(Limit::at_most(rcs::TEXT_UNITS_MAX)).required().into());
    }
    if is("FILE") {
        items.push(builder.address(names::FILE_URL, URL_UNITS_MAX).required().into());
        items.push(builder.address(names::THUMBNAIL_URL, URL_UNITS_MAX).into());
    }
    if is("CARD") {
        let orientation = [default_choice(&["VERTICAL"]), offered("HORIZONTAL")];
        items.push(builder.select(names::CARD_ORIENTATION, &orientation).rerenders().into());
        let alignment = [default_choice(&["LEFT"]), offered("RIGHT")];
        items.push(builder.select(names::CARD_ALIGNMENT, &alignment).into());
    }
    if is("CAROUSEL") {
        items.push(builder.select(names::CARD_WIDTH, &[default_choice(&["MEDIUM"]), offered("SMALL")]).into());
    }
    match kind {
        Some("CARD") => {
            let rows = builder.rows(RowSet::Cards, 1, CARDS, |number| card(builder, number));
            items.push(Item::Rows(Rows { max: 1, may_change: rows.rows.len() > 1, is_ordered: false, ..rows }));
        }
        Some("CAROUSEL") => {
            let rows = builder.rows(RowSet::Cards, *card::IN_CAROUSEL.start(), CARDS, |number| card(builder, number));
            items.push(Item::Rows(Rows { max: *card::IN_CAROUSEL.end(), ..rows }));
        }
        Some(_) => {}
        None => items.push(Item::Rows(builder.rows(RowSet::Cards, 0, CARDS, |number| card(builder, number)))),
    }
    let suggestions = suggestions(builder, RowSet::Suggestions, SUGGESTIONS);
    vec![
        builder.section("content", Phrase::Message, items),
        builder.section("suggestions", Phrase::Suggestions, vec![suggestions]),
        common::failover(builder),
    ]
}

fn card(builder: &Builder<'_>, number: usize) -> Vec<Item> {
    let argument = |field| RowSet::Cards.argument(field, number);
    let title = builder.line(&argument(names::CARD_TITLE)).limit(Limit::at_most(card::TITLE_UNITS_MAX));
    let description = builder.area(&argument(names::CARD_DESCRIPTION), 3);
    let heights = [default_choice(&["MEDIUM"]), offered("SHORT"), offered("TALL")];
    vec![
        title.with_merge_fields().into(),
        description.limit(Limit::at_most(card::DESCRIPTION_UNITS_MAX)).into(),
        builder.address(&argument(names::CARD_MEDIA_URL), URL_UNITS_MAX).into(),
        builder.address(&argument(names::CARD_THUMBNAIL_URL), URL_UNITS_MAX).into(),
        builder.select(&argument(names::CARD_MEDIA_HEIGHT), &heights).into(),
        suggestions(builder, RowSet::CardSuggestions(number), OF_CARD),
    ]
}

fn suggestions(builder: &Builder<'_>, set: RowSet, words: RowWords) -> Item {
    Item::Rows(builder.rows(set, 0, words, |number| suggestion(builder, set, number)))
}

fn suggestion(builder: &Builder<'_>, set: RowSet, number: usize) -> Vec<Item> {
    let argument = |field| set.argument(field, number);
    let kind = argument(names::SUGGESTION_TYPE_PREFIX);
    let named = builder.given(&kind).unwrap_or_default().to_ascii_uppercase();
    // Only a contact has an expression's kind: it can be any.
    let is_known = named.is_empty() || SUGGESTION_TYPES.contains(&named.as_str());
    let is = |kind: &str| !is_known || named == kind;
    let line = |field, limit| builder.line(&argument(field)).limit(limit).with_merge_fields();
    let required = |field: Field| if is_known { field.required() } else { field };
    let text = line(names::SUGGESTION_TEXT_PREFIX, Limit::at_most(suggestion::TEXT_UNITS_MAX));
    let postback = line(names::SUGGESTION_POSTBACK_PREFIX, Limit::at_most(suggestion::POSTBACK_UNITS_MAX));
    let kinds = SUGGESTION_TYPES.map(offered);
    let mut items =
        vec![builder.select(&kind, &kinds).required().rerenders().into(), text.required().into(), postback.into()];
    if is("OPEN_URL") {
        items.push(required(builder.address(&argument(names::SUGGESTION_URL_PREFIX), URL_UNITS_MAX)).into());
        let opens_in = [
            default_choice(&[]),
            offered("BROWSER"),
            offered("WEBVIEW_FULL"),
            offered("WEBVIEW_HALF"),
            offered("WEBVIEW_TALL"),
        ];
        items.push(builder.select(&argument(names::SUGGESTION_OPENS_IN_PREFIX), &opens_in).into());
    }
    if is("DIAL_PHONE") {
        let phone = line(names::SUGGESTION_PHONE_PREFIX, Limit::Words(Phrase::AllowedDial)).keyboard(Keyboard::Phone);
        items.push(required(phone).into());
    }
    if is("SHOW_LOCATION") {
        for (field, most) in [
            (names::SUGGESTION_LATITUDE_PREFIX, suggestion::LATITUDE_MAX),
            (names::SUGGESTION_LONGITUDE_PREFIX, suggestion::LONGITUDE_MAX),
        ] {
            items.push(required(line(field, Limit::Degrees { most }).keyboard(Keyboard::Decimal)).into());
        }
        items.push(line(names::SUGGESTION_LABEL_PREFIX, Limit::at_most(suggestion::LABEL_UNITS_MAX)).into());
    }
    if is("CREATE_CALENDAR_EVENT") {
        for field in [names::SUGGESTION_STARTS_AT_PREFIX, names::SUGGESTION_ENDS_AT_PREFIX] {
            items.push(required(line(field, Limit::Moment)).into());
        }
        let title = Limit::at_most(suggestion::EVENT_TITLE_UNITS_MAX);
        items.push(required(line(names::SUGGESTION_TITLE_PREFIX, title)).into());
        let description = Limit::at_most(suggestion::EVENT_DESCRIPTION_UNITS_MAX);
        items.push(line(names::SUGGESTION_DESCRIPTION_PREFIX, description).into());
    }
    items
}
