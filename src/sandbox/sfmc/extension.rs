//! A data extension: its columns, its rows, and what it refuses (sfmc.md 6.6).

use std::collections::{BTreeMap, HashMap};

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::new_guid;
use crate::clock::Timestamp;

/// The types of a column, in SFMC's spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColumnType {
    Text,
    /// A 32-bit integer.
    Number,
    Date,
    Boolean,
    EmailAddress,
    Phone,
    Decimal,
    Locale,
}

impl ColumnType {
    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Number => "Number",
            Self::Date => "Date",
            Self::Boolean => "Boolean",
            Self::EmailAddress => "EmailAddress",
            Self::Phone => "Phone",
            Self::Decimal => "Decimal",
            Self::Locale => "Locale",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Text,
            Self::Number,
            Self::Date,
            Self::Boolean,
            Self::EmailAddress,
            Self::Phone,
            Self::Decimal,
            Self::Locale,
        ];
        all.into_iter().find(|kind| kind.name() == text)
    }

    /// The length the platform fixes for a type that takes none.
    pub(in crate::sandbox) fn fixed_length(self) -> Option<u32> {
        match self {
            Self::EmailAddress => Some(254),
            Self::Phone => Some(50),
            Self::Locale => Some(5),
            _ => None,
        }
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// Characters of a Text, digits of a Decimal. `None` is a long text.
    #[serde(default)]
    pub length: Option<u32>,
    /// Decimal places of a Decimal.
    #[serde(default)]
    pub scale: Option<u32>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub primary_key: bool,
    /// Filled in when a row has no value. `Now()` on a Date is the moment of writing, here left empty.
    #[serde(default)]
    pub default: Option<String>,
}

impl Column {
    /// A nullable column without a length.
    pub fn new(name: &str, column_type: ColumnType) -> Self {
        Self {
            name: name.to_owned(),
            column_type,
            length: None,
            scale: None,
            required: false,
            primary_key: false,
            default: None,
        }
    }

    /// A nullable Text of at most `length` characters.
    pub fn text(name: &str, length: u32) -> Self {
        Self { length: Some(length), ..Self::new(name, ColumnType::Text) }
    }

    /// A nullable Decimal of `digits` digits, `scale` of them after the point.
    pub fn decimal(name: &str, digits: u32, scale: u32) -> Self {
        Self { length: Some(digits), scale: Some(scale), ..Self::new(name, ColumnType::Decimal) }
    }

    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Part of the primary key, and so required.
    #[must_use]
    pub fn primary_key(mut self) -> Self {
        self.primary_key = true;
        self.required = true;
        self
    }

    /// The value as it is stored; `None` for an empty one. The error is in SFMC's style and does not name the row.
    fn read(&self, value: &Value) -> Result<Option<String>, String> {
        let text = match value {
            Value::Null => return Ok(None),
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => return Err(format!("Invalid value for column {}.", self.name)),
        };
        if text.is_empty() && self.column_type != ColumnType::Text {
            return Ok(None);
        }
        let wrong = |what: &str| Err(format!("The value of column {} {what}.", self.name));
        let length = self.column_type.fixed_length().or(self.length);
        let is_too_long = || length.is_some_and(|max| text.chars().count() > max as usize);
        match self.column_type {
            ColumnType::Text | ColumnType::Locale if is_too_long() => wrong("exceeds the maximum length"),
            ColumnType::Text | ColumnType::Locale => Ok(Some(text)),
            ColumnType::Phone if is_too_long() => wrong("exceeds the maximum length"),
            ColumnType::Phone if !text.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c)) => {
                wrong("is not a valid phone number")
            }
            ColumnType::Phone => Ok(Some(text)),
            ColumnType::EmailAddress if is_too_long() => wrong("exceeds the maximum length"),
            ColumnType::EmailAddress
                if !text.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.')) =>
            {
                wrong("is not a valid email address")
            }
            ColumnType::EmailAddress => Ok(Some(text)),
            ColumnType::Number => match text.trim().parse::<i32>() {
                Ok(number) => Ok(Some(number.to_string())),
                Err(_) => wrong("is not a valid number"),
            },
            ColumnType::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(Some("true".to_owned())),
                "false" | "0" => Ok(Some("false".to_owned())),
                _ => wrong("is not a valid boolean"),
            },
            ColumnType::Date if server_time_of(&text).is_none() => wrong("is not a valid date"),
            ColumnType::Date => Ok(Some(text)),
            ColumnType::Decimal => match decimal(&text, self.length.unwrap_or(18), self.scale.unwrap_or(0)) {
                Some(decimal) => Ok(Some(decimal)),
                None => wrong("is not a valid decimal"),
            },
        }
    }
}

/// A data extension's definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataExtensionSpec {
    /// The external key.
    pub key: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub columns: Vec<Column>,
    /// The column that joins to the subscriber key, when the extension is sendable.
    #[serde(default)]
    pub sendable_column: Option<String>,
}

/// A row as its columns' values, in their order. Shorter than the columns when some were added later.
pub(super) type Row = Vec<Option<Box<str>>>;

/// A data extension with its rows.
#[derive(Debug)]
pub(super) struct Extension {
    pub(super) object_id: String,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) columns: Vec<Column>,
    pub(super) column_ids: Vec<String>,
    pub(super) sendable_column: Option<String>,
    rows: Vec<Row>,
    by_key: HashMap<String, usize>,
}

/// A row that passed its columns, with its primary key.
pub(super) struct CheckedRow {
    row: Row,
    /// Which columns the caller gave; an update leaves the others alone.
    given: Vec<bool>,
    pub(super) key: Option<String>,
}

impl Extension {
    pub(super) fn new(spec: DataExtensionSpec, object_id: String) -> Self {
        let column_ids = spec.columns.iter().map(|_| new_guid()).collect();
        Self {
            object_id,
            key: spec.key,
            name: spec.name,
            description: spec.description,
            columns: spec.columns,
            column_ids,
            sendable_column: spec.sendable_column,
            rows: Vec::new(),
            by_key: HashMap::new(),
        }
    }

    pub(super) fn spec(&self) -> DataExtensionSpec {
        DataExtensionSpec {
            key: self.key.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            columns: self.columns.clone(),
            sendable_column: self.sendable_column.clone(),
        }
    }

    pub(super) fn add_column(&mut self, column: Column) {
        self.columns.push(column);
        self.column_ids.push(new_guid());
    }

    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn has_primary_key(&self) -> bool {
        self.columns.iter().any(|column| column.primary_key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The stored rows, in the order they were first written.
    pub(super) fn raw_rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) fn rows(&self) -> Vec<BTreeMap<String, String>> {
        let as_map = |row: &Row| {
            let named = self.columns.iter().zip(row);
            let set = named.filter_map(|(column, value)| Some((column.name.clone(), value.as_deref()?.to_owned())));
            set.collect()
        };
        self.rows.iter().map(as_map).collect()
    }

    /// Checks a row against the columns. The error does not say which row it was, as SFMC's don't.
    pub(super) fn check(&self, fields: &Map<String, Value>) -> Result<CheckedRow, String> {
        let mut row: Row = vec![None; self.columns.len()];
        let mut given = vec![false; self.columns.len()];
        for (name, value) in fields {
            let index = self.column(name).ok_or_else(|| format!("The column {name} does not exist."))?;
            let (Some(column), Some(cell), Some(given)) =
                (self.columns.get(index), row.get_mut(index), given.get_mut(index))
            else {
                continue;
            };
            *cell = column.read(value)?.map(String::into_boxed_str);
            *given = true;
        }
        for (column, cell) in self.columns.iter().zip(&mut row) {
            if cell.is_none() {
                *cell = column.default.as_deref().filter(|default| *default != "Now()").map(Box::from);
            }
        }
        let keys = self.columns.iter().zip(&row).filter(|(column, _)| column.primary_key);
        let mut key = None::<String>;
        for (column, cell) in keys {
            let Some(cell) = cell.as_deref().filter(|cell| !cell.is_empty()) else {
                return Err(format!("The primary key column {} has no value.", column.name));
            };
            let key = key.get_or_insert_default();
            key.push_str(&cell.to_lowercase());
            key.push('\u{1f}');
        }
        Ok(CheckedRow { row, given, key })
    }

    /// Adds a new row. Refuses one whose key exists and one without a required value.
    pub(super) fn insert(&mut self, checked: CheckedRow) -> Result<(), String> {
        self.would_insert(&checked)?;
        if let Some(key) = checked.key {
            self.by_key.insert(key, self.rows.len());
        }
        self.rows.push(checked.row);
        Ok(())
    }

    /// Updates the row of the same key in the columns given, or adds a new one.
    pub(super) fn write(&mut self, checked: CheckedRow) -> Result<(), String> {
        let known = checked.key.as_ref().and_then(|key| self.by_key.get(key)).copied();
        let Some(row) = known.and_then(|index| self.rows.get_mut(index)) else {
            return self.insert(checked);
        };
        let given = checked.row.into_iter().zip(checked.given).zip(&self.columns);
        if let Some((_, column)) =
            given.clone().find(|((cell, is_given), column)| *is_given && cell.is_none() && column.required)
        {
            return Err(format!("The required column {} has no value.", column.name));
        }
        row.resize(self.columns.len(), None);
        for (cell, ((value, is_given), _)) in row.iter_mut().zip(given) {
            if is_given {
                *cell = value;
            }
        }
        Ok(())
    }

    pub(super) fn upsert(&mut self, fields: &Map<String, Value>) -> Result<(), String> {
        let checked = self.check(fields)?;
        self.write(checked)
    }

    /// Whether the row could be inserted now; changes nothing.
    pub(super) fn would_insert(&self, checked: &CheckedRow) -> Result<(), String> {
        if checked.key.as_ref().is_some_and(|key| self.by_key.contains_key(key)) {
            return Err("Violation of PRIMARY KEY constraint. Cannot insert duplicate key.".to_owned());
        }
        let missing = self.columns.iter().zip(&checked.row).find(|(column, cell)| column.required && cell.is_none());
        match missing {
            Some((column, _)) => Err(format!("The required column {} has no value.", column.name)),
            None => Ok(()),
        }
    }

    /// Whether the row could be written now; changes nothing.
    pub(super) fn would_write(&self, checked: &CheckedRow) -> Result<(), String> {
        let exists = checked.key.as_ref().is_some_and(|key| self.by_key.contains_key(key));
        let cells = checked.row.iter().zip(&checked.given).zip(&self.columns);
        for ((cell, is_given), column) in cells {
            if column.required && cell.is_none() && (*is_given || !exists) {
                return Err(format!("The required column {} has no value.", column.name));
            }
        }
        Ok(())
    }
}

/// The platform's own time: UTC-6 all year round. A date without an offset is taken to be in it, and every date is given
/// back in it (developer.salesforce.com, *Incoming Date Normalization*).
const SERVER_TIME: jiff::tz::Offset = jiff::tz::Offset::constant(-6);

/// Reads the forms of a date that SFMC takes, ISO 8601 with or without time and its own US form, as server time.
pub(in crate::sandbox) fn server_time_of(text: &str) -> Option<DateTime> {
    let text = text.trim();
    if let Some(moment) = Timestamp::parse(text) {
        let moment = jiff::Timestamp::from_nanosecond(moment.as_nanos().into()).ok()?;
        return Some(SERVER_TIME.to_datetime(moment));
    }
    let formats =
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%Y-%m-%dT%H:%M"];
    formats.iter().find_map(|format| DateTime::strptime(format, text).ok()).or_else(|| {
        let days = ["%Y-%m-%d", "%m/%d/%Y"];
        days.iter().find_map(|format| jiff::civil::Date::strptime(format, text).ok()).map(Into::into)
    })
}

/// A date as reads give it back, whatever form it came in: server time, whole seconds, US form (sfmc.md 6.8; that REST
/// gives the same form is not stated there).
pub(super) fn shown_date(text: &str) -> String {
    let date = server_time_of(text).map(|date| date.strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string());
    date.unwrap_or_default()
}

/// A decimal rounded to `scale` places, `None` when it is none or has too many digits before the point.
fn decimal(text: &str, digits: u32, scale: u32) -> Option<String> {
    let text = text.trim();
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > digits.saturating_sub(scale) as usize {
        return None;
    }
    let scale = scale as usize;
    // Rounding half away from zero on the digits as an integer: 38 digits fit into a u128.
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(scale).collect();
    let mut scaled: u128 = format!("0{whole}{kept}").parse().ok()?;
    if fraction.as_bytes().get(scale).is_some_and(|next| *next >= b'5') {
        scaled += 1;
    }
    let padded = format!("{scaled:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at_checked(padded.len() - scale)?;
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_to_their_scale_and_refused_when_too_large() {
        for (text, expected) in [
            ("0.0085", Some("0.008500")),
            ("12", Some("12.000000")),
            ("-0.0000005", Some("-0.000001")),
            ("999999999999.9999995", Some("1000000000000.000000")),
            ("1000000000000", None),
            ("1,5", None),
            ("1e3", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(decimal(text, 18, 6).as_deref(), expected, "{text}");
        }
        assert_eq!(decimal("2.5", 4, 0).as_deref(), Some("3"));
    }

    #[test]
    fn dates_are_given_back_in_server_time() {
        for (text, expected) in [
            ("2026-03-03T13:22:30.9Z", "3/3/2026 7:22:30 AM"),
            ("2026-07-03T13:22:30+01:00", "7/3/2026 6:22:30 AM"),
            ("2026-03-03T13:22:30", "3/3/2026 1:22:30 PM"),
            ("2026-03-03 13:22:30", "3/3/2026 1:22:30 PM"),
            ("3/3/2026 1:22:30 PM", "3/3/2026 1:22:30 PM"),
            ("12/31/2026", "12/31/2026 12:00:00 AM"),
            ("yesterday", ""),
        ] {
            assert_eq!(shown_date(text), expected, "{text}");
        }
    }

    #[track_caller]
    fn check(column: &Column, value: Value, expected: Result<Option<&str>, ()>) {
        let read = column.read(&value);
        assert_eq!(read.as_ref().map(Option::as_deref).map_err(|_| ()), expected, "{value}");
    }

    #[test]
    fn values_are_held_to_their_columns() {
        let text = Column::text("T", 3);
        check(&text, "äöü".into(), Ok(Some("äöü")));
        check(&text, "äöüx".into(), Err(()));
        check(&text, 7.into(), Ok(Some("7")));
        check(&text, "".into(), Ok(Some("")));
        let number = Column::new("N", ColumnType::Number);
        check(&number, i32::MAX.into(), Ok(Some("2147483647")));
        check(&number, (i64::from(i32::MAX) + 1).into(), Err(()));
        check(&number, "".into(), Ok(None));
        check(&Column::new("B", ColumnType::Boolean), true.into(), Ok(Some("true")));
        check(&Column::new("B", ColumnType::Boolean), "maybe".into(), Err(()));
        check(&Column::new("D", ColumnType::Date), "soon".into(), Err(()));
        check(&Column::new("E", ColumnType::EmailAddress), "a@b.example".into(), Ok(Some("a@b.example")));
        check(&Column::new("E", ColumnType::EmailAddress), "a".into(), Err(()));
        check(&Column::new("P", ColumnType::Phone), "+49 (170) 1".into(), Ok(Some("+49 (170) 1")));
        check(&Column::new("P", ColumnType::Phone), "call me".into(), Err(()));
    }

    #[test]
    fn an_update_leaves_columns_alone_that_it_does_not_give() {
        let columns = vec![Column::text("Id", 5).primary_key(), Column::text("A", 5), Column::text("B", 5)];
        let spec = DataExtensionSpec { key: "k".into(), columns, ..DataExtensionSpec::default() };
        let mut extension = Extension::new(spec, "1".into());
        let row = |json: Value| json.as_object().cloned().unwrap();
        extension.upsert(&row(serde_json::json!({ "Id": "x", "A": "1", "B": "2" }))).unwrap();
        extension.upsert(&row(serde_json::json!({ "id": "X", "b": "3" }))).unwrap();
        let rows = extension.rows();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0]["A"].as_str(), rows[0]["B"].as_str()), ("1", "3"));
    }

    proptest::proptest! {
        #[test]
        fn no_value_makes_a_column_panic(text in ".*", digits in "-?[0-9]{0,60}[.]?[0-9]{0,60}") {
            for kind in [ColumnType::Decimal, ColumnType::Date, ColumnType::Number, ColumnType::EmailAddress] {
                let column = Column { length: Some(38), scale: Some(6), ..Column::new("C", kind) };
                column.read(&text.as_str().into()).ok();
                column.read(&digits.as_str().into()).ok();
            }
        }

        #[test]
        fn a_decimal_reads_back_as_itself(whole in 0_u64..1_000_000_000_000, fraction in 0_u32..1_000_000) {
            let text = format!("{whole}.{fraction:06}");
            proptest::prop_assert_eq!(decimal(&text, 18, 6), Some(text));
        }
    }
}
