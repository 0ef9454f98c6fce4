//! The cards of an RCS message (infobip.md 6).

use std::collections::BTreeMap;

use super::super::numbered_fields::{Row, split_card};
use super::super::{Draft, Rejection, names};
use super::{Card, CardMedia, MediaHeight, URL_UNITS_MAX, suggestion};

/// Cards of a carousel (infobip.md 6).
pub(super) const IN_CAROUSEL: std::ops::RangeInclusive<usize> = 2..=10;
/// Longest title, in UTF-16 units (infobip.md 6: 200 characters).
pub(super) const TITLE_UNITS_MAX: usize = 200;
/// Longest description, in UTF-16 units (infobip.md 6: 2000 characters).
pub(super) const DESCRIPTION_UNITS_MAX: usize = 2_000;

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
    let mut cards = gather(draft).into_values();
    match (cards.next(), cards.next()) {
        (Some(only), None) => read(&only),
        _ => Err(Rejection::Cards),
    }
}

/// The cards of a carousel, in the order of their numbers.
pub(super) fn carousel(draft: &Draft<'_>) -> Result<Vec<Card>, Rejection> {
    let cards = gather(draft);
    if !IN_CAROUSEL.contains(&cards.len()) {
        return Err(Rejection::Cards);
    }
    cards.values().map(read).collect()
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

fn read(card: &Fields<'_>) -> Result<Card, Rejection> {
    let title = card.own.text(names::CARD_TITLE, TITLE_UNITS_MAX, Rejection::Cards)?;
    let description = card.own.text(names::CARD_DESCRIPTION, DESCRIPTION_UNITS_MAX, Rejection::Cards)?;
    let media = media(&card.own)?;
    if title.is_none() && media.is_none() {
        return Err(Rejection::Cards);
    }
    Ok(Card { title, description, media, suggestions: suggestion::on_card(&card.others)? })
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
