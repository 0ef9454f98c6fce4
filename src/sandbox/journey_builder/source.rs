//! Entry sources: a CSV file becomes a data extension whose contacts enter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::DesignError;
use crate::sandbox::journey::audience_from_csv;
use crate::sandbox::sfmc::server_time_of;
use crate::sandbox::{Column, ColumnType, DataExtensionSpec, EventDefinition, SfmcWorld};

/// The column with the contact key.
const CONTACT_KEY_COLUMN: &str = "SubscriberKey";
/// Of a Text column made from a file.
const TEXT_LENGTH: u32 = 254;
/// Digits and decimal places of a Decimal column made from a file.
const DECIMAL: (u32, u32) = (18, 4);
/// The shortest run of digits that is taken for a phone number when the column's name says nothing.
const PHONE_DIGITS_MIN: usize = 8;

/// A contact's row.
type Contact = BTreeMap<String, String>;

/// Who enters a designed journey: rows of a data extension of its own. In JSON either
/// `{"csv":"SubscriberKey,Mobile Phone\nC-1,38591…","types":{"Mobile Phone":"Phone"}}` or
/// `{"columns":[{"name":"SubscriberKey","type":"Text"}],"rows":[{"SubscriberKey":"C-1"}]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DesignEntry {
    /// A file with a header row; its rows come after `rows`.
    pub csv: Option<String>,
    /// The types of the file's columns. One that is missing here is guessed from its name and its values.
    pub types: BTreeMap<String, ColumnType>,
    /// Columns in order, `SubscriberKey` among them. Those of the file that are missing here are added.
    pub columns: Vec<Column>,
    pub rows: Vec<BTreeMap<String, String>>,
}

impl DesignEntry {
    /// From a file, all types guessed.
    pub fn csv(text: &str) -> Self {
        Self { csv: Some(text.to_owned()), ..Self::default() }
    }

    /// From columns and rows.
    pub fn rows(columns: Vec<Column>, rows: Vec<BTreeMap<String, String>>) -> Self {
        Self { columns, rows, ..Self::default() }
    }

    /// The columns and rows, file and all.
    pub(super) fn read(&self) -> Result<(Vec<Column>, Vec<Contact>), DesignError> {
        let (mut columns, mut rows) = (self.columns.clone(), self.rows.clone());
        if let Some(text) = self.csv.as_deref() {
            for column in columns_of(text)? {
                if columns.iter().any(|known| known.name == column.name) {
                    continue;
                }
                let chosen = self.types.get(&column.name).copied();
                columns.push(chosen.map_or(column.clone(), |chosen| typed(&column.name, chosen)));
            }
            rows.extend(audience_from_csv(text.as_bytes()).map_err(|error| DesignError::Entry(error.to_string()))?);
        }
        if !columns.iter().any(|column| column.name == CONTACT_KEY_COLUMN) {
            return Err(DesignError::Entry(format!("the entry source has no column {CONTACT_KEY_COLUMN}")));
        }
        Ok((columns, rows))
    }
}

/// An entry source that was made.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) event_definition_key: String,
    pub(super) data_extension_key: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<BTreeMap<String, String>>,
}

impl Source {
    /// Makes the data extension and the event definition of an entry source.
    pub(super) fn make(world: &SfmcWorld, mid: u64, name: &str, entry: &DesignEntry) -> Result<Self, DesignError> {
        let (columns, rows) = entry.read()?;
        let id = uuid::Uuid::new_v4();
        let source = Self {
            name: format!("Entry: {name}"),
            event_definition_key: format!("DEAudience-{id}"),
            data_extension_key: format!("Entry-{id}"),
            columns,
            rows,
        };
        let extension = DataExtensionSpec {
            key: source.data_extension_key.clone(),
            name: source.name.clone(),
            columns: source.columns.clone(),
            sendable_column: Some(CONTACT_KEY_COLUMN.to_owned()),
            ..DataExtensionSpec::default()
        };
        let unknown = |_| DesignError::UnknownUnit(mid);
        world.create_data_extension(mid, extension).map_err(unknown)?;
        world.put_rows(mid, &source.data_extension_key, source.rows.clone()).map_err(DesignError::Entry)?;
        let definition = EventDefinition {
            event_definition_key: source.event_definition_key.clone(),
            name: source.name.clone(),
            kind: "EmailAudience".to_owned(),
            data_extension_key: Some(source.data_extension_key.clone()),
        };
        world.add_event_definition(mid, definition).map_err(unknown)?;
        Ok(source)
    }

    /// The expression of a column, the field quoted.
    pub(super) fn expression(&self, column: &Column) -> String {
        format!("{{{{Event.{}.\"{}\"}}}}", self.event_definition_key, column.name)
    }

    /// The expression of the first column of a type.
    pub(super) fn first_of(&self, wanted: ColumnType) -> Option<String> {
        let found = self.columns.iter().find(|column| column.column_type == wanted);
        found.map(|column| self.expression(column))
    }
}

/// The columns of a file, each with the type that its name and its values speak for.
pub(super) fn columns_of(text: &str) -> Result<Vec<Column>, DesignError> {
    let bad = |error: csv::Error| DesignError::Entry(error.to_string());
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().map_err(bad)?.iter().map(str::to_owned).collect();
    let records = reader.records().collect::<Result<Vec<_>, _>>().map_err(bad)?;
    let column = |(index, name): (usize, &String)| {
        let values: Vec<&str> =
            records.iter().filter_map(|record| record.get(index)).filter(|value| !value.is_empty()).collect();
        typed(name, guessed(name, &values))
    };
    Ok(names.iter().enumerate().map(column).collect())
}

fn typed(name: &str, column_type: ColumnType) -> Column {
    let column = match column_type {
        ColumnType::Text => Column::text(name, TEXT_LENGTH),
        ColumnType::Decimal => Column::decimal(name, DECIMAL.0, DECIMAL.1),
        other => Column::new(name, other),
    };
    if name == CONTACT_KEY_COLUMN { column.required() } else { column }
}

fn guessed(name: &str, values: &[&str]) -> ColumnType {
    let lower = name.to_lowercase();
    let is_named = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let all = |holds: &dyn Fn(&str) -> bool| values.iter().all(|value| holds(value));
    let is_phone = |value: &str| {
        let digits = value.chars().filter(char::is_ascii_digit).count();
        digits >= PHONE_DIGITS_MIN && value.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c))
    };
    if name == CONTACT_KEY_COLUMN {
        return ColumnType::Text;
    }
    if is_named(&["phone", "mobile", "msisdn"]) && all(&is_phone) {
        return ColumnType::Phone;
    }
    if values.is_empty() {
        return if is_named(&["email"]) { ColumnType::EmailAddress } else { ColumnType::Text };
    }
    let is_email = |value: &str| value.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'));
    let is_boolean = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "true" | "false");
    let is_international = |value: &str| value.starts_with('+') && is_phone(value);
    // A leading zero is part of a code, not of a number.
    let is_code = |value: &str| value.len() > 1 && value.starts_with('0') && !value.starts_with("0.");
    let is_decimal = |value: &str| {
        let digits = value.strip_prefix('-').unwrap_or(value);
        digits.chars().filter(|c| *c == '.').count() <= 1
            && digits.chars().any(|c| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    let is_locale = |value: &str| {
        let (language, country) = value.split_once(['-', '_']).unwrap_or_default();
        language.len() == 2
            && country.len() == 2
            && language.chars().all(|c| c.is_ascii_lowercase())
            && country.chars().all(|c| c.is_ascii_uppercase())
    };
    match () {
        () if all(&is_email) => ColumnType::EmailAddress,
        () if all(&is_boolean) => ColumnType::Boolean,
        () if all(&is_international) => ColumnType::Phone,
        () if values.iter().any(|value| is_code(value)) => ColumnType::Text,
        () if all(&|value| value.parse::<i32>().is_ok()) => ColumnType::Number,
        () if all(&|value| is_decimal(value) && value.contains('.')) => ColumnType::Decimal,
        () if all(&|value| server_time_of(value).is_some()) => ColumnType::Date,
        () if all(&is_locale) => ColumnType::Locale,
        () => ColumnType::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_guessed_from_names_and_values() {
        let text = "\u{feff}SubscriberKey,Mobile Phone,Work,Mail,Visits,Since,Member,Lang,Spent,Code,Name,Phone\n\
                    17,385911234567,+49 170 1234567,kim@example.com,3,2026-01-31,true,ko-KR,12.50,007,Kim,\n\
                    18,,+49 170 1234568,lee@example.com,-4,2026-02-01,FALSE,en-US,0.5,12,4,\n";
        let types: Vec<(String, ColumnType)> =
            columns_of(text).unwrap().into_iter().map(|column| (column.name, column.column_type)).collect();
        let expected = [
            ("SubscriberKey", ColumnType::Text),
            ("Mobile Phone", ColumnType::Phone),
            ("Work", ColumnType::Phone),
            ("Mail", ColumnType::EmailAddress),
            ("Visits", ColumnType::Number),
            ("Since", ColumnType::Date),
            ("Member", ColumnType::Boolean),
            ("Lang", ColumnType::Locale),
            ("Spent", ColumnType::Decimal),
            ("Code", ColumnType::Text),
            ("Name", ColumnType::Text),
            ("Phone", ColumnType::Phone),
        ];
        assert_eq!(types, expected.map(|(name, kind)| (name.to_owned(), kind)));
    }

    #[test]
    fn a_chosen_type_beats_the_guess() {
        let mut entry = DesignEntry::csv("SubscriberKey,Score\nC-1,5\n");
        entry.types.insert("Score".into(), ColumnType::Text);
        let (columns, rows) = entry.read().unwrap();
        assert_eq!(columns[1], Column::text("Score", 254));
        assert_eq!(rows.len(), 1);
        assert!(matches!(DesignEntry::csv("Name\nKim\n").read(), Err(DesignError::Entry(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_the_guess_panic(text in "[ -~\u{e4}\n]{0,200}") {
            columns_of(&text).ok();
        }
    }
}
