//! Texts in pieces: merge fields and links are shown as what they are.

use super::super::merge_field::{Piece, Values, label, pieces};

/// Characters of one field that are shown: more than any channel takes, and no more than a page takes.
const CHARS_MAX: usize = 5_000;

/// A text as a phone shows it. Empty for a blank one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Text(pub(crate) Vec<TextPiece>);

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum TextPiece {
    /// With its line breaks.
    Plain(String),
    /// A merge field by its name: nobody knows its value yet.
    Field(String),
    /// A web address, or what of it is no merge field.
    Link(String),
    /// Behind a link: what it turns into.
    Shortened(String),
}

impl Text {
    /// `shortened`: what is said behind links.
    pub(crate) fn of(value: &str, values: &Values, shortened: Option<&str>) -> Self {
        if value.trim().is_empty() {
            return Self::default();
        }
        let mut writer = Writer { shortened, ..Writer::default() };
        for piece in pieces(value) {
            match piece {
                Piece::Text(text) => writer.text(text),
                Piece::Field(expression) => match values.get(expression) {
                    Some(value) => writer.text(value),
                    None => writer.field(label(expression)),
                },
            }
        }
        writer.end()
    }

    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self(vec![TextPiece::Plain(text.into())])
    }

    pub(super) fn field(label: impl Into<String>) -> Self {
        Self(vec![TextPiece::Field(label.into())])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

#[derive(Default)]
struct Writer<'a> {
    pieces: Vec<TextPiece>,
    shortened: Option<&'a str>,
    /// A link has begun; fields may go on with it.
    in_link: bool,
    chars: usize,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        let left = CHARS_MAX.saturating_sub(self.chars);
        if left == 0 {
            return;
        }
        let cut = text.char_indices().nth(left).map(|(at, _)| at);
        let shown = cut.and_then(|at| text.get(..at)).unwrap_or(text);
        self.chars += shown.chars().count();
        let mut rest = shown;
        while !rest.is_empty() {
            if self.in_link {
                let (link, after) = split(rest, rest.find(char::is_whitespace));
                self.link(link);
                if after.is_empty() {
                    break;
                }
                self.end_link();
                rest = after;
                continue;
            }
            let (plain, after) = split(rest, link_start(rest));
            self.plain(plain);
            self.in_link = !after.is_empty();
            rest = after;
        }
        if cut.is_some() {
            self.end_link();
            self.plain("…");
        }
    }

    fn plain(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(TextPiece::Plain(before)) => before.push_str(text),
            _ => self.pieces.push(TextPiece::Plain(text.to_owned())),
        }
    }

    fn link(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(TextPiece::Link(before)) => before.push_str(text),
            _ => self.pieces.push(TextPiece::Link(text.to_owned())),
        }
    }

    fn field(&mut self, label: String) {
        if self.chars < CHARS_MAX {
            self.chars += label.chars().count();
            self.pieces.push(TextPiece::Field(label));
        }
    }

    fn end_link(&mut self) {
        if std::mem::take(&mut self.in_link)
            && let Some(shortened) = self.shortened
        {
            self.pieces.push(TextPiece::Shortened(shortened.to_owned()));
        }
    }

    fn end(mut self) -> Text {
        self.end_link();
        Text(self.pieces)
    }
}

/// Where the first web address begins. Lower case alone, as Infobip finds them.
fn link_start(text: &str) -> Option<usize> {
    [text.find("https://"), text.find("http://")].into_iter().flatten().min()
}

fn split(text: &str, at: Option<usize>) -> (&str, &str) {
    at.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}
