//! How long texts are, by the counts that they are validated by.

use super::super::message::contract::{CARDS_MAX, NUMBERED_MAX};
use super::super::message::fields::units;
use super::super::message::rcs::{card, suggestion};
use super::super::message::sms::{self, Encoding, PARTS_MAX, Parts};
use super::super::message::{kakao_alim, kakao_chingu, lms, mms, names, nth, rcs, viber, whatsapp};
use super::super::pace::grouped;
use super::super::preview::card_argument;
use super::{Channel, Notes, NotesContext, SEGMENT_ROWS, listed};

/// Characters that are named which make a text UCS-2.
const NAMED_MAX: usize = 3;
/// Of a text with merge fields, so much of its limit without them is near it, in per cent.
const NEAR_PERCENT: usize = 90;

pub(super) fn add(notes: &mut Notes, context: &NotesContext<'_>) {
    let Some(channel) = context.channel else { return };
    let mut counter = Counter { notes, context };
    match channel {
        Channel::Sms => counter.sms(names::TEXT),
        Channel::Lms => {
            counter.characters(names::TITLE, lms::TITLE_UNITS_MAX);
            counter.sms(names::TEXT);
        }
        Channel::Mms => counter.mms(),
        Channel::WhatsApp => counter.whatsapp(),
        Channel::Viber | Channel::ViberOmni => {
            counter.characters(names::TEXT, viber::TEXT_UNITS_MAX);
            counter.characters(names::BUTTON_TEXT, viber::BUTTON_UNITS_MAX);
        }
        Channel::KakaoChingu | Channel::KakaoChinguOmni => {
            counter.characters(names::TEXT, kakao_chingu::TEXT_UNITS_MAX);
            let most = match channel {
                Channel::KakaoChinguOmni => kakao_chingu::BUTTON_NAME_OMNI_UNITS_MAX,
                _ => kakao_chingu::BUTTON_NAME_UNITS_MAX,
            };
            counter.numbered(names::BUTTON_NAME_PREFIX, most);
        }
        Channel::KakaoAlim | Channel::KakaoAlimOmni => {
            counter.characters(names::TEXT, kakao_alim::TEXT_UNITS_MAX);
            counter.characters(names::TITLE, kakao_alim::TITLE_UNITS_MAX);
            counter.numbered(names::BUTTON_NAME_PREFIX, kakao_alim::BUTTON_NAME_UNITS_MAX);
        }
        Channel::Rcs => counter.rcs(),
    }
    if !matches!(channel, Channel::Sms | Channel::Lms) {
        counter.sms(names::FALLBACK_TEXT);
    }
}

struct Counter<'a, 'b> {
    notes: &'a mut Notes,
    context: &'a NotesContext<'b>,
}

impl Counter<'_, '_> {
    /// The text as far as it is known, and the merge fields that leave it open; `None` for a blank one.
    fn known(&self, argument: &str) -> Option<(String, Vec<String>)> {
        let value = self.context.arguments.raw(argument);
        (!value.trim().is_empty()).then(|| self.context.values.known(value))
    }

    fn characters(&mut self, argument: &str, units_max: usize) {
        let Some((text, open)) = self.known(argument) else { return };
        let units = units(&text);
        let count = format!("{} of {} characters", grouped(units as u64), grouped(units_max as u64));
        self.notes.note(argument, count + &longer(&open));
        if !open.is_empty() && units <= units_max && units * 100 >= units_max * NEAR_PERCENT {
            let message = format!(
                "Only {} characters are left for {}: contacts whose values are longer are refused.",
                units_max - units,
                listed(&open)
            );
            self.notes.warn(argument, message);
        }
    }

    fn numbered(&mut self, prefix: &str, units_max: usize) {
        for number in 1..=NUMBERED_MAX {
            self.characters(&nth(prefix, number), units_max);
        }
    }

    fn sms(&mut self, argument: &str) {
        let Some((text, open)) = self.known(argument) else { return };
        self.notes.note(argument, sms_note(&text) + &longer(&open));
        let parts = Parts::of(&text);
        if !open.is_empty() && sms::fits(&text) && parts.count >= PARTS_MAX {
            let message = format!(
                "The text takes all {PARTS_MAX} parts before {} is filled: contacts whose values don't fit are refused.",
                listed(&open)
            );
            self.notes.warn(argument, message);
        }
        let shortens = self.context.channel.is_some_and(|channel| channel.capability().tracks_links)
            && self.context.arguments.flag(names::SHORTEN_URL);
        if shortens
            && argument == names::TEXT
            && text.contains("://")
            && let Some((_, note)) = self.notes.notes.last_mut()
        {
            note.push_str("; links are counted as they are typed, and sent shorter");
        }
    }

    fn mms(&mut self) {
        self.characters(names::TITLE, lms::TITLE_UNITS_MAX);
        let (mut bytes, mut media, mut is_open) = (0, 0, false);
        for number in 1..=NUMBERED_MAX {
            let kind = self.context.arguments.get(&nth(names::SEGMENT_TYPE_PREFIX, number)).unwrap_or_default();
            let text = nth(names::SEGMENT_TEXT_PREFIX, number);
            match kind.to_ascii_uppercase().as_str() {
                "TEXT" => self.characters(&text, mms::TEXT_UNITS_MAX),
                "SMIL" => self.characters(&text, mms::SMIL_UNITS_MAX),
                "LINK" => {
                    media += 1;
                    continue;
                }
                _ => continue,
            }
            if let Some((text, open)) = self.known(&text) {
                bytes += text.len();
                is_open |= !open.is_empty();
            }
        }
        if bytes == 0 && media == 0 {
            return;
        }
        let texts = format!(
            "Texts take {} in UTF-8{}",
            size(bytes),
            if is_open { ", and more when merge fields are filled" } else { "" }
        );
        let media = match media {
            0 => String::new(),
            1 => "; the media file at its address is not counted".to_owned(),
            more => format!("; the {more} media files at their addresses are not counted"),
        };
        let advice = "Data size, media with it: all operators take 300 KB, most in the US and Canada 1 MB.";
        self.notes.note(SEGMENT_ROWS, format!("{texts}{media}. {advice}"));
    }

    fn whatsapp(&mut self) {
        self.characters(names::HEADER_TEXT, whatsapp::HEADER_TEXT_UNITS_MAX);
        self.numbered(names::PLACEHOLDER_PREFIX, whatsapp::PLACEHOLDER_UNITS_MAX);
        for number in 1..=NUMBERED_MAX {
            let kind = self.context.arguments.get(&nth(names::BUTTON_TYPE_PREFIX, number)).unwrap_or_default();
            let most = match kind.to_ascii_uppercase().as_str() {
                "QUICK_REPLY" => whatsapp::QUICK_REPLY_UNITS_MAX,
                "COPY_CODE" => whatsapp::COPY_CODE_UNITS_MAX,
                _ => continue,
            };
            self.characters(&nth(names::BUTTON_PARAMETER_PREFIX, number), most);
        }
    }

    fn rcs(&mut self) {
        self.characters(names::TEXT, rcs::TEXT_UNITS_MAX);
        self.numbered(names::SUGGESTION_TEXT_PREFIX, suggestion::TEXT_UNITS_MAX);
        for card in 1..=CARDS_MAX {
            self.characters(&card_argument(card, names::CARD_TITLE), card::TITLE_UNITS_MAX);
            self.characters(&card_argument(card, names::CARD_DESCRIPTION), card::DESCRIPTION_UNITS_MAX);
            self.numbered(&card_argument(card, names::SUGGESTION_TEXT_PREFIX), suggestion::TEXT_UNITS_MAX);
        }
    }
}

/// What merge fields leave open.
fn longer(open: &[String]) -> String {
    match open {
        [] => String::new(),
        [one] => format!("; longer when {one} is filled"),
        more => format!("; longer when {} are filled", listed(more)),
    }
}

/// Parts, encoding and what is left of an SMS, and what makes it cost more.
fn sms_note(text: &str) -> String {
    let Parts { encoding, units, count, left } = Parts::of(text);
    let characters = named(units, "character");
    let over = if count > PARTS_MAX { format!(" of at most {PARTS_MAX}") } else { String::new() };
    let (name, why) = match encoding {
        Encoding::Gsm7 => ("GSM-7", quoted(" counts twice", " count twice", &sms::doubled_in_gsm7(text))),
        Encoding::Ucs2 => ("UCS-2", quoted(" is not in GSM-7", " are not in GSM-7", &sms::not_in_gsm7(text))),
    };
    let left = match count {
        0 | 1 => format!("{left} left"),
        _ => format!("{left} left in the last"),
    };
    format!("{}{over}, {name}: {characters}, {left}{why}", named(count.max(1), "part"))
}

fn named(number: usize, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{} {unit}s", grouped(number as u64)) }
}

/// `; “€” counts twice`; nothing without characters.
fn quoted(one: &str, several: &str, chars: &[char]) -> String {
    let shown: Vec<_> = chars.iter().take(NAMED_MAX).map(|c| char_name(*c)).collect();
    match (chars.len(), shown.as_slice()) {
        (0, _) => String::new(),
        (1, [only]) => format!("; {only}{one}"),
        (count, shown) if count > shown.len() => {
            format!("; {} and {} more{several}", shown.join(", "), count - shown.len())
        }
        (_, shown) => format!("; {}{several}", shown.join(", ")),
    }
}

/// A character as a person finds it in a text; by its code where it can't be seen.
fn char_name(c: char) -> String {
    let named = match c {
        '\u{a0}' => Some("the no-break space"),
        '\t' => Some("the tab"),
        '\u{200b}' => Some("the zero-width space"),
        '\u{200d}' => Some("the zero-width joiner"),
        '\u{fe0f}' => Some("the emoji variation"),
        '\u{c}' => Some("the page break"),
        '\u{2018}' | '\u{2019}' => Some("the curly apostrophe"),
        '\u{201c}' | '\u{201d}' => Some("the curly quotation mark"),
        '\u{2013}' | '\u{2014}' => Some("the long dash"),
        '\u{2026}' => Some("the one-character ellipsis"),
        '`' => Some("the backtick"),
        _ => None,
    };
    let code = u32::from(c);
    match named {
        Some(name) => format!("{name} (U+{code:04X})"),
        None if c.is_control() || c.is_whitespace() => format!("U+{code:04X}"),
        None => format!("“{c}”"),
    }
}

/// A number of bytes as people read it.
fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => named(bytes, "byte"),
        _ => format!("{}.{} KB", bytes / 1_000, bytes % 1_000 / 100),
    }
}
