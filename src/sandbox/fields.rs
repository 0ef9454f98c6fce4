//! Reading and writing fields of a JSON value without a panic for one that is no object.

use serde_json::Value;

pub(super) trait Fields {
    /// The field, null when it is missing or this is no object.
    fn at(&self, name: &str) -> &Value;

    /// Sets a field; nothing happens when this is no object.
    fn set(&mut self, name: &str, value: impl Into<Value>);
}

impl Fields for Value {
    fn at(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Self::Null)
    }

    fn set(&mut self, name: &str, value: impl Into<Value>) {
        if let Self::Object(fields) = self {
            fields.insert(name.to_owned(), value.into());
        }
    }
}
