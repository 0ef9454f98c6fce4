//! MMS: a title and segments in their order.

use super::super::builder::{Builder, RowWords, offered};
use super::super::rows::RowSet;
use super::super::texts::Phrase;
use super::super::{Item, Limit, Rows, Section, common};
use crate::domain::message::fields::URL_UNITS_MAX;
use crate::domain::message::{lms, mms, names, sms};

const SEGMENTS: RowWords =
    RowWords { legend: Phrase::Segments, row: Phrase::Segment, add: Phrase::AddSegment, is_ordered: true };

pub(super) fn content(builder: &Builder<'_>) -> Vec<Section> {
    let title = builder.line(names::TITLE).limit(Limit::at_most(lms::TITLE_UNITS_MAX)).with_merge_fields();
    let rows = builder.rows(RowSet::Segments, 1, SEGMENTS, |number| segment(builder, number));
    let rows = Rows { help: builder.phrase(Phrase::SegmentsHelp).to_owned(), ..rows };
    let sender = builder.sender(Limit::at_most(sms::SENDER_CHARS_MAX));
    let items = vec![sender.into(), title.into(), Item::Rows(rows)];
    vec![builder.section("content", Phrase::Message, items), common::failover(builder)]
}

fn segment(builder: &Builder<'_>, number: usize) -> Vec<Item> {
    let argument = |field| RowSet::Segments.argument(field, number);
    let kind = argument(names::SEGMENT_TYPE_PREFIX);
    let chosen = builder.given(&kind).unwrap_or_default().to_ascii_uppercase();
    let kinds = [offered("TEXT"), offered("LINK"), offered("SMIL")];
    let text = |lines, max| {
        let text = builder.area(&argument(names::SEGMENT_TEXT_PREFIX), lines).limit(Limit::at_most(max));
        Item::from(text.required())
    };
    let media = || {
        let media_type = builder.line(&argument(names::SEGMENT_MEDIA_TYPE_PREFIX));
        let address = builder.address(&argument(names::SEGMENT_URL_PREFIX), URL_UNITS_MAX);
        [address.required().into(), Item::from(media_type.limit(Limit::Words(Phrase::AllowedMediaType)))]
    };
    let mut items = vec![builder.select(&kind, &kinds).required().rerenders().into()];
    match chosen.as_str() {
        "" | "TEXT" => items.push(text(4, mms::TEXT_UNITS_MAX)),
        "SMIL" => items.push(text(6, mms::SMIL_UNITS_MAX)),
        "LINK" => items.extend(media()),
        // Only a contact has it: it can be any.
        _ => {
            items.push(text(4, mms::SMIL_UNITS_MAX));
            items.extend(media());
        }
    }
    items
}
