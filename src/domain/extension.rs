//! The data extensions' columns: the one table that provisioning, mapping, documentation and tests read (spec T4).

use super::click::Click;
use super::inbound::InboundRow;
use super::report::{DeliveryReport, DeliveryRow, ErrorInfo};
use super::timestamp::Timestamp;

/// Type of a column, as SFMC names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ColumnType {
    /// With its length in characters.
    Text(usize),
    Number,
    /// With precision and scale.
    Decimal(u8, u8),
    Boolean,
    Date,
    Phone,
    EmailAddress,
    Locale,
}

/// What one row has in one column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Number(i64),
    /// A decimal number with a point.
    Decimal(String),
    Boolean(bool),
    Date(Timestamp),
}

/// A column and where its value comes from.
pub(crate) struct Column<S: 'static> {
    pub(crate) name: &'static str,
    pub(crate) column_type: ColumnType,
    pub(crate) nullable: bool,
    pub(crate) primary_key: bool,
    value: fn(&S) -> Cell,
}

/// A data extension of the package.
pub(crate) struct Extension<S: 'static> {
    pub(crate) name: &'static str,
    /// External key that provisioning gives it.
    pub(crate) external_key: &'static str,
    pub(crate) columns: &'static [Column<S>],
}

/// A row: column names and cells, in the table's order, each cell cut to its column.
pub(crate) type Row = Vec<(&'static str, Cell)>;

impl<S> Extension<S> {
    pub(crate) fn row(&self, source: &S) -> Row {
        self.columns.iter().map(|column| (column.name, column.cut((column.value)(source)))).collect()
    }
}

impl<S> Column<S> {
    /// Cuts a text to the column's length by rule, never by accident: in UTF-16 units, as SFMC counts, and never
    /// through a character. A key is never cut: it would stand for another row.
    fn cut(&self, cell: Cell) -> Cell {
        match (self.column_type, cell) {
            (ColumnType::Text(length), Cell::Text(text)) if !self.primary_key => Cell::Text(cut_utf16(&text, length)),
            (_, cell) => cell,
        }
    }
}

/// The longest beginning of a text that has at most so many UTF-16 units and splits no character.
pub(crate) fn cut_utf16(text: &str, units_max: usize) -> String {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= units_max
    };
    text.chars().take_while(fits).collect()
}

const fn column<S>(name: &'static str, column_type: ColumnType, nullable: bool, value: fn(&S) -> Cell) -> Column<S> {
    Column { name, column_type, nullable, primary_key: false, value }
}

const fn key<S>(name: &'static str, column_type: ColumnType, value: fn(&S) -> Cell) -> Column<S> {
    Column { name, column_type, nullable: false, primary_key: true, value }
}

fn text(value: Option<&str>) -> Cell {
    value.filter(|value| !value.is_empty()).map_or(Cell::Null, |value| Cell::Text(value.to_owned()))
}

fn number(value: Option<i32>) -> Cell {
    value.map_or(Cell::Null, |value| Cell::Number(i64::from(value)))
}

fn date(value: Option<Timestamp>) -> Cell {
    value.map_or(Cell::Null, Cell::Date)
}

fn error<T>(report: &DeliveryReport, field: impl FnOnce(&ErrorInfo) -> Option<T>) -> Option<T> {
    report.error.as_ref().and_then(field)
}

use ColumnType::{Boolean, Date, Decimal, Number, Text};

/// The columns that both kinds of delivery reports begin with.
macro_rules! delivery_columns {
    ($message_count:expr, [$($more:expr),* $(,)?]) => {
        &[
            key("messageId", Text(50), |r| Cell::Text(r.report.message_id.clone())),
            column("messageCount", Number, true, $message_count),
            column("to", Text(50), false, |r| Cell::Text(r.report.to.clone().unwrap_or_default())),
            column("pricePerMessage", Decimal(18, 6), true, |r| {
                r.report.price_per_message.clone().map_or(Cell::Null, Cell::Decimal)
            }),
            column("priceCurrency", Text(5), true, |r| text(r.report.price_currency.as_deref())),
            column("statusGroupId", Number, false, |r| Cell::Number(i64::from(r.report.status.group_id))),
            column("statusGroupName", Text(50), false, |r| Cell::Text(r.report.status.group_name.clone())),
            column("statusId", Number, false, |r| Cell::Number(i64::from(r.report.status.id))),
            column("statusName", Text(50), false, |r| Cell::Text(r.report.status.name.clone())),
            column("statusDescription", Text(100), false, |r| Cell::Text(r.report.status.description.clone())),
            column("errorGroupId", Number, true, |r| number(error(&r.report, |e| e.group_id))),
            column("errorGroupName", Text(50), true, |r| text(error(&r.report, |e| e.group_name.clone()).as_deref())),
            column("errorId", Number, true, |r| number(error(&r.report, |e| e.id))),
            column("errorName", Text(50), true, |r| text(error(&r.report, |e| e.name.clone()).as_deref())),
            column("errorDescription", Text(1000), true, |r| text(error(&r.report, |e| e.description.clone()).as_deref())),
            column("errorPermanent", Boolean, true, |r| error(&r.report, |e| e.permanent).map_or(Cell::Null, Cell::Boolean)),
            column("callbackData", Text(4000), true, |r| text(r.report.callback_data.as_deref())),
            column("sentAt", Date, false, |r| date(r.report.sent_at.or(r.report.done_at))),
            column("doneAt", Date, false, |r| date(r.report.done_at.or(r.report.sent_at))),
            $($more),*
        ]
    };
}

/// *SMS Delivery Reports*: SMS and LMS, and MMS where the account says so (the manual, *SMS delivery reports*; infobip.md
/// 12.1). Columns that are not nullable get a value whatever the report leaves out.
pub(crate) const SMS_DELIVERY_REPORTS: Extension<DeliveryRow> = Extension {
    name: "SMS Delivery Reports",
    external_key: "SMS Delivery Reports",
    columns: delivery_columns!(
        |r| r.report.message_count.map_or(Cell::Null, |n| Cell::Number(i64::from(n))),
        [
            column("originalMCC", Text(50), true, |r| text(r.report.mcc_mnc.as_deref().and_then(|code| code.get(..3)))),
            column("originalMNC", Text(50), true, |r| text(r.report.mcc_mnc.as_deref().and_then(|code| code.get(3..)))),
            column("channel", Text(50), true, |r| Cell::Text(r.report.channel.clone())),
        ]
    ),
};

/// *Omni Reports*: MMS, WhatsApp, Viber, RCS and both Kakao channels (the manual, *OMNI delivery reports*; infobip.md
/// 12.2). The count is always 1, whatever the report says (spec R1).
pub(crate) const OMNI_REPORTS: Extension<DeliveryRow> = Extension {
    name: "Omni Reports",
    external_key: "Omni Reports",
    columns: delivery_columns!(
        |_| Cell::Number(1),
        [
            column("seenAt", Date, true, |r| date(r.seen_at)),
            column("from", Text(50), true, |r| text(r.report.sender.as_deref())),
            column("channel", Text(50), true, |r| Cell::Text(r.report.channel.clone())),
        ]
    ),
};

/// *Unified URL Tracking*: clicks of all channels (the manual, *Unified URL tracking*; infobip.md 12.4). No key: one
/// person can click many times.
pub(crate) const UNIFIED_URL_TRACKING: Extension<Click> = Extension {
    name: "Unified URL Tracking",
    external_key: "Unified URL Tracking",
    columns: &[
        column("notificationType", Text(50), true, |c| Cell::Text(c.notification_type.clone())),
        column("messageId", Text(50), false, |c| Cell::Text(c.message_id.clone())),
        column("recipient", Text(50), true, |c| text(c.recipient.as_deref())),
        column("url", Text(1000), true, |c| text(c.url.as_deref())),
        column("sendDateTime", Date, true, |c| Cell::Date(c.clicked_at)),
        column("deviceType", Text(50), true, |c| text(c.device_type.as_deref())),
        column("os", Text(50), true, |c| text(c.os.as_deref())),
        column("deviceName", Text(50), true, |c| text(c.device_name.as_deref())),
        column("callbackData", Text(4000), true, |c| text(c.callback_data.as_deref())),
        column("channel", Text(50), false, |c| Cell::Text(c.channel.clone())),
    ],
};

/// The columns of the older extensions, one per channel (infobip.md 12.3): `sendDateTime` is a text of epoch
/// milliseconds there.
const OLDER_URL_TRACKING: &[Column<Click>] = &[
    column("notificationType", Text(50), true, |c| Cell::Text(c.notification_type.clone())),
    column("messageId", Text(50), true, |c| Cell::Text(c.message_id.clone())),
    column("recipient", Text(50), true, |c| text(c.recipient.as_deref())),
    column("url", Text(1000), true, |c| text(c.url.as_deref())),
    column("sendDateTime", Text(50), true, |c| Cell::Text(c.clicked_at.as_millis().to_string())),
    column("deviceType", Text(50), true, |c| text(c.device_type.as_deref())),
    column("os", Text(50), true, |c| text(c.os.as_deref())),
    column("deviceName", Text(50), true, |c| text(c.device_name.as_deref())),
    column("callbackData", Text(4000), true, |c| text(c.callback_data.as_deref())),
];

/// *SMS URL Tracking*, older (the manual, *SMS URL tracking*).
pub(crate) const SMS_URL_TRACKING: Extension<Click> =
    Extension { name: "SMS URL Tracking", external_key: "SMS URL Tracking", columns: OLDER_URL_TRACKING };

/// *Viber URL Tracking*, older (the manual, *Viber URL Tracking*).
pub(crate) const VIBER_URL_TRACKING: Extension<Click> =
    Extension { name: "Viber URL Tracking", external_key: "Viber URL Tracking", columns: OLDER_URL_TRACKING };

/// *Inbound Messages* (infobip.md 12.5; the manual gives no columns).
pub(crate) const INBOUND_MESSAGES: Extension<InboundRow> = Extension {
    name: "Inbound Messages",
    external_key: "Inbound Messages",
    columns: &[
        key("messageId", Text(100), |r| Cell::Text(r.inbound.message_id.clone())),
        column("pairedMessageId", Text(50), true, |r| {
            let paired = r.pairing.as_ref().map(|pairing| pairing.message_id.to_string());
            text(paired.as_deref().or(r.inbound.paired_message_id.as_deref()))
        }),
        column("channel", Text(50), false, |r| Cell::Text(r.inbound.channel.reported_as().to_owned())),
        column("sender", Text(50), false, |r| Cell::Text(r.inbound.sender.clone())),
        column("destination", Text(50), false, |r| Cell::Text(r.inbound.destination.clone())),
        column("contentType", Text(50), false, |r| Cell::Text(r.inbound.content_type.clone())),
        column("message", Text(4000), false, |r| Cell::Text(r.inbound.text.clone())),
        column("cleanText", Text(4000), true, |r| text(r.inbound.clean_text.as_deref())),
        column("keyword", Text(100), true, |r| text(r.inbound.keyword.as_deref())),
        column("receivedAt", Date, false, |r| Cell::Date(r.inbound.received_at)),
        column("messageCount", Number, true, |r| {
            r.inbound.message_count.map_or(Cell::Null, |n| Cell::Number(i64::from(n)))
        }),
        column("callbackData", Text(4000), true, |r| {
            let paired = r.pairing.as_ref().map(|pairing| pairing.callback_data.as_str());
            text(r.inbound.callback_data.as_deref().or(paired))
        }),
        column("contactKey", Text(254), true, |r| text(r.pairing.as_ref().map(|p| p.contact_key.as_str()))),
        column("entityId", Text(255), true, |r| text(r.inbound.entity_id.as_deref())),
        column("applicationId", Text(255), true, |r| text(r.inbound.application_id.as_deref())),
        column("campaignReferenceId", Text(255), true, |r| text(r.inbound.campaign_reference_id.as_deref())),
    ],
};

/// Name and external key of the sample audience, *SampleAudience* (spec T4), and its columns.
pub(crate) const SAMPLE_AUDIENCE: Extension<()> = Extension {
    name: "SampleAudience",
    external_key: "SampleAudience",
    columns: &[
        key("SubscriberKey", Text(254), |()| Cell::Null),
        column("FirstName", Text(50), true, |()| Cell::Null),
        column("LastName", Text(50), true, |()| Cell::Null),
        column("MobilePhone", ColumnType::Phone, true, |()| Cell::Null),
        column("EmailAddress", ColumnType::EmailAddress, true, |()| Cell::Null),
        column("Locale", ColumnType::Locale, true, |()| Cell::Null),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_cut_in_utf16_units_and_never_through_a_character() {
        assert_eq!(cut_utf16("abc", 2), "ab");
        assert_eq!(cut_utf16("abc", 3), "abc");
        assert_eq!(cut_utf16("a😀b", 2), "a");
        assert_eq!(cut_utf16("a😀b", 3), "a😀");
    }

    proptest! {
        #[test]
        fn no_cut_text_is_longer_than_its_column(text in ".{0,80}", units in 0usize..60) {
            prop_assert!(cut_utf16(&text, units).encode_utf16().count() <= units);
        }
    }
}
