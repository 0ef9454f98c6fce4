//! The data extensions' columns: the one table that provisioning, mapping, documentation and tests read (spec T4).

use super::report::{DeliveryReport, ErrorInfo};
use super::tenant::DeliveryReports;
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
    /// through a character.
    fn cut(&self, cell: Cell) -> Cell {
        match (self.column_type, cell) {
            (ColumnType::Text(length), Cell::Text(text)) => Cell::Text(cut_utf16(&text, length)),
            (_, cell) => cell,
        }
    }
}

fn cut_utf16(text: &str, units_max: usize) -> String {
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
            key("messageId", Text(50), |r| Cell::Text(r.message_id.clone())),
            column("messageCount", Number, true, $message_count),
            column("to", Text(50), false, |r| Cell::Text(r.to.clone().unwrap_or_default())),
            column("pricePerMessage", Decimal(18, 6), true, |r| {
                r.price_per_message.clone().map_or(Cell::Null, Cell::Decimal)
            }),
            column("priceCurrency", Text(5), true, |r| text(r.price_currency.as_deref())),
            column("statusGroupId", Number, false, |r| Cell::Number(i64::from(r.status.group_id))),
            column("statusGroupName", Text(50), false, |r| Cell::Text(r.status.group_name.clone())),
            column("statusId", Number, false, |r| Cell::Number(i64::from(r.status.id))),
            column("statusName", Text(50), false, |r| Cell::Text(r.status.name.clone())),
            column("statusDescription", Text(100), false, |r| Cell::Text(r.status.description.clone())),
            column("errorGroupId", Number, true, |r| number(error(r, |e| e.group_id))),
            column("errorGroupName", Text(50), true, |r| text(error(r, |e| e.group_name.clone()).as_deref())),
            column("errorId", Number, true, |r| number(error(r, |e| e.id))),
            column("errorName", Text(50), true, |r| text(error(r, |e| e.name.clone()).as_deref())),
            column("errorDescription", Text(1000), true, |r| text(error(r, |e| e.description.clone()).as_deref())),
            column("errorPermanent", Boolean, true, |r| error(r, |e| e.permanent).map_or(Cell::Null, Cell::Boolean)),
            column("callbackData", Text(4000), true, |r| text(r.callback_data.as_deref())),
            column("sentAt", Date, false, |r| date(r.sent_at.or(r.done_at))),
            column("doneAt", Date, false, |r| date(r.done_at.or(r.sent_at))),
            $($more),*
        ]
    };
}

/// *SMS Delivery Reports*: SMS and LMS, and MMS where the account says so (the manual, *SMS delivery reports*; infobip.md
/// 12.1). Columns that are not nullable get a value whatever the report leaves out.
pub(crate) const SMS_DELIVERY_REPORTS: Extension<DeliveryReport> = Extension {
    name: "SMS Delivery Reports",
    external_key: "SMS Delivery Reports",
    columns: delivery_columns!(
        |r| r.message_count.map_or(Cell::Null, |n| Cell::Number(i64::from(n))),
        [
            column("originalMCC", Text(50), true, |r| text(r.mcc_mnc.as_deref().and_then(|code| code.get(..3)))),
            column("originalMNC", Text(50), true, |r| text(r.mcc_mnc.as_deref().and_then(|code| code.get(3..)))),
            column("channel", Text(50), true, |r| Cell::Text(r.channel.clone())),
        ]
    ),
};

/// *Omni Reports*: MMS, WhatsApp, Viber, RCS and both Kakao channels (the manual, *OMNI delivery reports*; infobip.md
/// 12.2). The count is always 1, whatever the report says (spec R1).
pub(crate) const OMNI_REPORTS: Extension<DeliveryReport> = Extension {
    name: "Omni Reports",
    external_key: "Omni Reports",
    columns: delivery_columns!(
        |_| Cell::Number(1),
        [
            column("seenAt", Date, true, |_| Cell::Null),
            column("from", Text(50), true, |r| text(r.sender.as_deref())),
            column("channel", Text(50), true, |r| Cell::Text(r.channel.clone())),
        ]
    ),
};

/// The package's extension for a kind of delivery reports.
pub(crate) const fn of_delivery_reports(reports: DeliveryReports) -> &'static Extension<DeliveryReport> {
    match reports {
        DeliveryReports::Sms => &SMS_DELIVERY_REPORTS,
        DeliveryReports::Omni => &OMNI_REPORTS,
    }
}

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
