//! The page's state: an activity's in-arguments in their order.

use serde::{Deserialize, Serialize};

/// In-arguments, as the page keeps and sends them: pairs of name and value, names that nobody knows included. Where a
/// name comes twice, the last one counts, as in the activity itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Arguments(Vec<(String, String)>);

impl Arguments {
    /// The value exactly as it is; `""` without one.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.iter().rev().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// The value without surrounding white space; `None` when missing or blank.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        Some(self.raw(name).trim()).filter(|value| !value.is_empty())
    }

    /// Whether there is such a name, blank values included: an empty row is a row on the page.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }

    /// A flag of the contract: `true`, `1` and `yes`, in any case, are on.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.given(name).is_some_and(|value| ["true", "1", "yes"].iter().any(|yes| value.eq_ignore_ascii_case(yes)))
    }

    /// Puts a value in its place, or behind the others.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        match self.0.iter_mut().rev().find(|(own, _)| own == name) {
            Some((_, old)) => *old = value.into(),
            None => self.0.push((name.to_owned(), value.into())),
        }
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// Gives each name another one; `None` removes the pair.
    pub(crate) fn rename(&mut self, name: impl Fn(&str) -> Option<String>) {
        let renamed = std::mem::take(&mut self.0);
        self.0 = renamed.into_iter().filter_map(|(own, value)| Some((name(&own)?, value))).collect();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

impl From<Vec<(String, String)>> for Arguments {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}

impl FromIterator<(String, String)> for Arguments {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}
