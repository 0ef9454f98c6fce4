//! The cards of an RCS message (infobip.md 6).

use std::collections::BTreeMap;

use super::super::fields::URL_UNITS_MAX;
use super::super::numbered_fields::{Row, split_card};
use super::super::{Draft, Rejection, names};
use super::{Card, CardMedia, MediaHeight, suggestion};

/// Cards of a carousel (infobip.md 6).
pub(super) const IN_CAROUSEL: std::ops::RangeInclusive<usize> = 2..=10;
/// Longest title, in UTF-16 units (infobip.md 6: 200 characters).
pub(crate) const TITLE_UNITS_MAX: usize = 200;
/// Longest description, in UTF-16 units (infobip.md 6: 2000 characters).
pub(crate) const DESCRIPTION_UNITS_MAX: usize = 2_000;

/// What makes a card, besides suggestions. A height alone is a choice for what may be there, not yet a card.
const CONTENT: &[&str] =
    &[names::CARD_TITLE, names::CARD_DESCRIPTION, names::CARD_MEDIA_URL, names::CARD_THUMBNAIL_URL];

const HEIGHTS: &[(&str, MediaHeight)] =
    &[("SHORT", MediaHeight::Short), ("MEDIUM", MediaHeight::Medium), ("TALL", MediaHeight::Tall)];

/// The fields of one card.
#[derive(Default)]
struct Fields<'a> {
    own: Row<'a>,
    /// Without `card` and its number.
    others: Vec<(&'a str, &'a str)>,
}

/// The one card of a message that is a card.
pub(super) fn single(draft: &Draft<'_>) -> Result<Card, Rejection> {
    read_all(draft, 1..=1)?.pop().ok_or(Rejection::Cards)
}

/// The cards of a carousel, in the order of their numbers.
pub(super) fn carousel(draft: &Draft<'_>) -> Result<Vec<Card>, Rejection> {
    read_all(draft, IN_CAROUSEL)
}

/// Row by row of the manual's order: the texts of all cards, then their media, then their suggestions.
fn read_all(draft: &Draft<'_>, count: std::ops::RangeInclusive<usize>) -> Result<Vec<Card>, Rejection> {
    let cards = gather(draft);
    let texts = cards.values().map(texts).collect::<Result<Vec<_>, _>>()?;
    if !count.contains(&cards.len()) {
        return Err(Rejection::Cards);
    }
    let media = cards.values().map(|card| media(&card.own)).collect::<Result<Vec<_>, _>>()?;
    let mut read = Vec::with_capacity(cards.len());
    for ((title, description), media) in texts.into_iter().zip(media) {
        if title.is_none() && media.is_none() {
            return Err(Rejection::Cards);
        }
        read.push(Card { title, description, media, suggestions: Vec::new() });
    }
    for (card, fields) in read.iter_mut().zip(cards.values()) {
        card.suggestions = suggestion::on_card(&fields.others)?;
    }
    Ok(read)
}

/// Title and description.
type Texts = (Option<String>, Option<String>);

fn texts(card: &Fields<'_>) -> Result<Texts, Rejection> {
    let title = card.own.text(names::CARD_TITLE, TITLE_UNITS_MAX, Rejection::TextLength)?;
    Ok((title, card.own.text(names::CARD_DESCRIPTION, DESCRIPTION_UNITS_MAX, Rejection::TextLength)?))
}

fn gather<'a>(draft: &Draft<'a>) -> BTreeMap<usize, Fields<'a>> {
    let mut cards: BTreeMap<usize, Fields<'a>> = BTreeMap::new();
    for (name, value) in draft.arguments.filled() {
        let Some((number, field)) = split_card(name) else { continue };
        let card = cards.entry(number).or_default();
        match CONTENT.iter().chain(&[names::CARD_MEDIA_HEIGHT]).find(|own| **own == field) {
            Some(own) => card.own.add(own, value),
            None => card.others.push((field, value)),
        }
    }
    cards.retain(|_, card| card.own.names().any(|name| CONTENT.contains(&name)) || suggestion::any(&card.others));
    cards
}

fn media(card: &Row<'_>) -> Result<Option<CardMedia>, Rejection> {
    let url = card.address(names::CARD_MEDIA_URL, URL_UNITS_MAX, Rejection::MediaUrl)?;
    let thumbnail_url = card.address(names::CARD_THUMBNAIL_URL, URL_UNITS_MAX, Rejection::MediaUrl)?;
    let height = card.choice(names::CARD_MEDIA_HEIGHT, HEIGHTS, Rejection::Cards)?.unwrap_or(MediaHeight::Medium);
    match url {
        Some(url) => Ok(Some(CardMedia { url, thumbnail_url, height })),
        // A preview of nothing.
        None if thumbnail_url.is_some() => Err(Rejection::MediaUrl),
        None => Ok(None),
    }
}
