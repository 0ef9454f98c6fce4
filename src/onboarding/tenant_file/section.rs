//! One table of the tenant file, taken apart field by field.

use toml::{Table, Value};
use zeroize::Zeroizing;

use super::{SECRET_CHARS_MAX, SECRET_FILE_BYTES_MAX, SecretPlaces, TenantFileError};
use crate::config::read_limited;
use crate::domain::secret::Secret;
use crate::nearest::{shown, suggestion};

pub(super) struct Section {
    /// Path from the root, such as `account[1].tracking`; empty at the root.
    path: String,
    table: Table,
}

impl Section {
    pub(super) fn root(table: Table, known: &[&str]) -> Result<Self, TenantFileError> {
        Self::open(String::new(), table, known)
    }

    /// Refuses unknown fields before anything else: a misspelt field is better named than its missing namesake.
    fn open(path: String, table: Table, known: &[&str]) -> Result<Self, TenantFileError> {
        let section = Self { path, table };
        match section.table.keys().find(|field| !known.contains(&field.as_str())) {
            None => Ok(section),
            Some(field) => Err(TenantFileError::Unknown {
                field: section.path_of(&shown(field)),
                suggestion: suggestion(field, known.iter().copied()),
            }),
        }
    }

    pub(super) fn take(&mut self, field: &str) -> Option<Value> {
        self.table.remove(field)
    }

    pub(super) fn required<T>(
        &mut self,
        field: &str,
        allowed: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, TenantFileError> {
        self.optional(field, allowed, read)?.ok_or_else(|| self.missing(field, allowed))
    }

    pub(super) fn optional<T>(
        &mut self,
        field: &str,
        allowed: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, TenantFileError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => read(&text).map(Some).ok_or_else(|| self.invalid(field, allowed)),
            Some(_) => Err(self.invalid(field, allowed)),
        }
    }

    pub(super) fn flag(&mut self, field: &str) -> Result<Option<bool>, TenantFileError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Boolean(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.invalid(field, "true or false")),
        }
    }

    /// A whole number from `min` to `max`.
    pub(super) fn number<N: TryFrom<i64>>(
        &mut self,
        field: &str,
        min: i64,
        max: i64,
    ) -> Result<Option<N>, TenantFileError> {
        let allowed = || self.invalid(field, &format!("a whole number from {min} to {max}"));
        match self.table.get(field) {
            None => Ok(None),
            Some(Value::Integer(number)) if (min..=max).contains(number) => {
                let number = N::try_from(*number).map_err(|_| allowed())?;
                self.table.remove(field);
                Ok(Some(number))
            }
            Some(_) => Err(allowed()),
        }
    }

    /// A list of texts; empty when it is not there. One text given twice is kept once.
    pub(super) fn list(
        &mut self,
        field: &str,
        allowed: &str,
        count_max: usize,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<String>, TenantFileError> {
        let items = match self.take(field) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() <= count_max => items,
            Some(_) => return Err(self.invalid(field, allowed)),
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in &items {
            let text = item.as_str().and_then(&read).ok_or_else(|| self.invalid(field, allowed))?;
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        Ok(texts)
    }

    pub(super) fn required_section(&mut self, field: &str, known: &[&str]) -> Result<Self, TenantFileError> {
        self.optional_section(field, known)?.ok_or_else(|| self.missing(field, "a section"))
    }

    pub(super) fn optional_section(&mut self, field: &str, known: &[&str]) -> Result<Option<Self>, TenantFileError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Table(table)) => Self::open(self.path_of(field), table, known).map(Some),
            Some(_) => Err(self.invalid(field, "a section")),
        }
    }

    /// The sections of `[[field]]`; none when it is not there.
    pub(super) fn sections(
        &mut self,
        field: &str,
        allowed: &str,
        known: &[&str],
    ) -> Result<Vec<Self>, TenantFileError> {
        let items = match self.take(field) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.invalid(field, allowed)),
        };
        let path = self.path_of(field);
        items
            .into_iter()
            .enumerate()
            .map(|(index, item)| match item {
                Value::Table(table) => Self::open(format!("{path}[{}]", index + 1), table, known),
                _ => Err(self.invalid(field, allowed)),
            })
            .collect()
    }

    pub(super) fn required_secret(
        &mut self,
        field: &str,
        places: &SecretPlaces<'_>,
    ) -> Result<Secret, TenantFileError> {
        self.optional_secret(field, places)?.ok_or_else(|| self.missing(field, &secret_rule()))
    }

    pub(super) fn optional_secret(
        &mut self,
        field: &str,
        places: &SecretPlaces<'_>,
    ) -> Result<Option<Secret>, TenantFileError> {
        let text = match self.take(field) {
            None => return Ok(None),
            Some(Value::String(text)) => Zeroizing::new(text),
            Some(Value::Table(place)) => self.secret_from(field, place, places)?,
            Some(_) => return Err(self.invalid(field, &secret_rule())),
        };
        // The platforms' secrets are printable ASCII (sfmc.md 2.2); spaces around one come from copying.
        let printable = text.bytes().all(|b| matches!(b, b' '..=b'~')) && text.trim().len() == text.len();
        let valid = printable && (1..=SECRET_CHARS_MAX).contains(&text.len());
        if valid { Ok(Some(Secret::new(text.as_str()))) } else { Err(self.invalid(field, &secret_rule())) }
    }

    pub(super) fn invalid(&self, field: &str, allowed: &str) -> TenantFileError {
        TenantFileError::Invalid { field: self.path_of(field), allowed: allowed.to_owned() }
    }

    pub(super) fn missing(&self, field: &str, allowed: &str) -> TenantFileError {
        TenantFileError::Missing { field: self.path_of(field), allowed: allowed.to_owned() }
    }

    fn path_of(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    fn secret_from(
        &self,
        field: &str,
        place: Table,
        places: &SecretPlaces<'_>,
    ) -> Result<Zeroizing<String>, TenantFileError> {
        let mut section = Self::open(self.path_of(field), place, &["file", "env"])?;
        let rule = "a text";
        let file = section.optional("file", rule, |text| Some(text.to_owned()))?;
        let variable = section.optional("env", rule, |text| Some(text.to_owned()))?;
        let unreadable =
            |place: String, problem: String| TenantFileError::Secret { field: self.path_of(field), place, problem };
        match (file, variable) {
            (Some(file), None) => {
                let path = places.dir.join(file);
                let text = read_limited(&path, SECRET_FILE_BYTES_MAX)
                    .map(Zeroizing::new)
                    .map_err(|problem| unreadable(format!("the file {}", path.display()), problem))?;
                Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
            }
            (None, Some(name)) => {
                let value = (places.env)(&name).map(Zeroizing::new);
                let place = format!("the environment variable {}", shown(&name));
                value.ok_or_else(|| unreadable(place, "it is not set, or not UTF-8".to_owned()))
            }
            _ => Err(self.invalid(field, &secret_rule())),
        }
    }
}

fn secret_rule() -> String {
    format!(
        "a text of 1 to {SECRET_CHARS_MAX} printable ASCII characters without spaces around it, or {{ file = \"…\" }} or {{ env = \"…\" }} that holds one"
    )
}
