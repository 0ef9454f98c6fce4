//! RCS: text, file, card or carousel, with suggestions (infobip.md 6).

pub(crate) mod card;
pub(crate) mod suggestion;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::super::channel::Channel;
use super::super::timestamp::Timestamp;
use super::fields::{URL_UNITS_MAX, web_address};
use super::numbered_fields::choice;
use super::{Content, ContentFacts, Draft, Rejection, SmsFallback, Subject, kinds, names};

/// Longest sender, in UTF-16 units: Infobip's schema has no limit, agent names are far shorter.
pub(crate) const SENDER_CHARS_MAX: usize = 100;
/// Longest text, in UTF-16 units (infobip.md 6: 3072 characters).
pub(crate) const TEXT_UNITS_MAX: usize = 3_072;

const ORIENTATIONS: &[(&str, Orientation)] =
    &[("VERTICAL", Orientation::Vertical), ("HORIZONTAL", Orientation::Horizontal)];
const ALIGNMENTS: &[(&str, Alignment)] = &[("LEFT", Alignment::Left), ("RIGHT", Alignment::Right)];
const WIDTHS: &[(&str, CardWidth)] = &[("MEDIUM", CardWidth::Medium), ("SMALL", CardWidth::Small)];

/// What an RCS message says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct RcsContent {
    pub(crate) sender: String,
    pub(crate) body: RcsBody,
    /// On the whole message; at most eleven.
    pub(crate) suggestions: Vec<Suggestion>,
    pub(crate) fallback: Option<SmsFallback>,
}

/// The manual's four types.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum RcsBody {
    Text { text: String },
    File { url: String, thumbnail_url: Option<String> },
    Card { orientation: Orientation, alignment: Alignment, card: Box<Card> },
    Carousel { width: CardWidth, cards: Vec<Card> },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Orientation {
    Horizontal,
    Vertical,
}

/// Where a horizontal card has its picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Alignment {
    Left,
    Right,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum CardWidth {
    Small,
    Medium,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum MediaHeight {
    Short,
    Medium,
    Tall,
}

/// A card: it has media, a title or both.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) media: Option<CardMedia>,
    /// At most four.
    pub(crate) suggestions: Vec<Suggestion>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct CardMedia {
    pub(crate) url: String,
    pub(crate) thumbnail_url: Option<String>,
    pub(crate) height: MediaHeight,
}

/// Something to tap.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Suggestion {
    pub(crate) text: String,
    /// What comes back when it is tapped; the text, when the activity sets nothing.
    pub(crate) postback: String,
    pub(crate) action: SuggestionAction,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum SuggestionAction {
    Reply,
    OpenUrl {
        url: String,
        /// Where it opens; the person's browser, when the activity sets nothing.
        opens_in: Option<OpensIn>,
    },
    DialPhone {
        phone: String,
    },
    ShowLocation {
        latitude: f64,
        longitude: f64,
        label: Option<String>,
    },
    RequestLocation,
    CreateCalendarEvent {
        starts_at: Timestamp,
        ends_at: Timestamp,
        title: String,
        description: Option<String>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum OpensIn {
    Browser,
    /// Inside the messaging app.
    Webview(WebviewMode),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum WebviewMode {
    Full,
    Half,
    Tall,
}

impl RcsBody {
    fn cards(&self) -> &[Card] {
        match self {
            Self::Text { .. } | Self::File { .. } => &[],
            Self::Card { card, .. } => std::slice::from_ref(card),
            Self::Carousel { cards, .. } => cards,
        }
    }
}

impl ContentFacts for RcsContent {
    fn sender(&self) -> &str {
        &self.sender
    }

    fn subject(&self) -> Subject<'_> {
        let text = match &self.body {
            RcsBody::Text { text } => Some(text),
            RcsBody::File { url, .. } => Some(url),
            RcsBody::Card { .. } | RcsBody::Carousel { .. } => {
                self.body.cards().iter().find_map(|card| card.title.as_ref().or(card.description.as_ref()))
            }
        };
        Subject::Message(text.map(String::as_str).unwrap_or_default().into())
    }

    fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        visit(&self.sender);
        match &self.body {
            RcsBody::Text { text } => visit(text),
            RcsBody::File { url, thumbnail_url } => {
                visit(url);
                thumbnail_url.iter().for_each(|url| visit(url));
            }
            RcsBody::Card { .. } | RcsBody::Carousel { .. } => {}
        }
        for card in self.body.cards() {
            [&card.title, &card.description].into_iter().flatten().for_each(|text| visit(text));
            if let Some(media) = &card.media {
                visit(&media.url);
                media.thumbnail_url.iter().for_each(|url| visit(url));
            }
        }
        let of_cards = self.body.cards().iter().flat_map(|card| &card.suggestions);
        for suggestion in of_cards.chain(&self.suggestions) {
            visit(&suggestion.text);
            visit(&suggestion.postback);
            match &suggestion.action {
                SuggestionAction::OpenUrl { url, .. } => visit(url),
                SuggestionAction::DialPhone { phone } => visit(phone),
                SuggestionAction::ShowLocation { label, .. } => label.iter().for_each(|label| visit(label)),
                SuggestionAction::CreateCalendarEvent { title, description, .. } => {
                    visit(title);
                    description.iter().for_each(|text| visit(text));
                }
                SuggestionAction::Reply | SuggestionAction::RequestLocation => {}
            }
        }
        self.fallback.iter().for_each(|fallback| fallback.each_text(visit));
    }
}

pub(crate) fn validate(draft: &Draft<'_>) -> Result<Content, Rejection> {
    Ok(Content::Rcs(RcsContent {
        sender: draft.sender(SENDER_CHARS_MAX)?,
        body: body(draft)?,
        suggestions: suggestion::on_message(draft)?,
        fallback: draft.sms_fallback()?,
    }))
}

fn body(draft: &Draft<'_>) -> Result<RcsBody, Rejection> {
    match kinds::chosen(Channel::Rcs, draft.arguments)? {
        "TEXT" => Ok(RcsBody::Text { text: draft.text(TEXT_UNITS_MAX)? }),
        "FILE" => Ok(RcsBody::File {
            url: address(draft, names::FILE_URL)?.ok_or(Rejection::MediaUrl)?,
            thumbnail_url: address(draft, names::THUMBNAIL_URL)?,
        }),
        "CARD" => Ok(RcsBody::Card {
            card: Box::new(card::single(draft)?),
            orientation: of_cards(draft, names::CARD_ORIENTATION, ORIENTATIONS)?.unwrap_or(Orientation::Vertical),
            alignment: of_cards(draft, names::CARD_ALIGNMENT, ALIGNMENTS)?.unwrap_or(Alignment::Left),
        }),
        "CAROUSEL" => Ok(RcsBody::Carousel {
            cards: card::carousel(draft)?,
            width: of_cards(draft, names::CARD_WIDTH, WIDTHS)?.unwrap_or(CardWidth::Medium),
        }),
        _ => Err(Rejection::ContentType),
    }
}

fn address(draft: &Draft<'_>, name: &str) -> Result<Option<String>, Rejection> {
    draft.arguments.get(name).map(|text| web_address(text, URL_UNITS_MAX).ok_or(Rejection::MediaUrl)).transpose()
}

fn of_cards<T: Copy>(draft: &Draft<'_>, name: &str, choices: &[(&str, T)]) -> Result<Option<T>, Rejection> {
    draft.arguments.get(name).map(|value| choice(value, choices).ok_or(Rejection::Cards)).transpose()
}
