//! From Infobip's webhooks to the customer's data extensions or URLs, and the answer to "what became of it?".

pub(crate) mod catch_up;
pub(crate) mod erasure;
pub(crate) mod forwarder;
pub(crate) mod inbox;
pub(crate) mod lookup;
pub(crate) mod notification_url;
pub(crate) mod recorder;
pub(crate) mod removal;
pub(crate) mod retention;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::domain::extension::Row;
use crate::domain::report::DeliveryReport;
use crate::domain::tenant::Tenant;

/// Why rows could not be written; what the forwarder does next depends on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RowSinkError {
    /// Try the same rows again later: the platform is down, throttles or timed out.
    #[error("{problem}")]
    Later { retry_after: Option<Duration>, problem: String },
    /// Some of these rows are guilty; the answer does not say which. Halving finds them.
    #[error("{problem}")]
    SomeRefused { problem: String },
    /// The target itself is wrong (no such data extension, no permission): every row would fail the same way.
    #[error("{problem}")]
    TargetWrong { problem: String },
}

/// A column of the tenant's actual data extension, as the platform describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActualColumn {
    pub(crate) name: String,
    pub(crate) primary_key: bool,
    pub(crate) required: bool,
}

/// A row that was read: column names, as the platform spells them, and values as text.
pub(crate) type FoundRow = Vec<(String, String)>;

/// Where rows of a tenant's data extensions go and come from. Implemented by the SFMC client.
pub(crate) trait RowSink: Send + Sync + 'static {
    /// The extension's actual columns, in their order.
    fn columns<'a>(
        &'a self,
        tenant: &'a Tenant,
        external_key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<ActualColumn>, RowSinkError>>;

    /// Writes rows and returns once the platform has said that they are stored. `upsert`: by primary key; otherwise
    /// they are inserted. Column names are the extension's actual ones.
    fn write<'a>(
        &'a self,
        tenant: &'a Tenant,
        external_key: &'a str,
        rows: &'a [Row],
        upsert: bool,
    ) -> BoxFuture<'a, Result<(), RowSinkError>>;

    /// The row whose `column` equals `value`, as column names and texts; `None` when there is none. Over REST, then
    /// SOAP where REST can't (spec R4).
    fn find<'a>(
        &'a self,
        tenant: &'a Tenant,
        external_key: &'a str,
        column: &'a str,
        value: &'a str,
        wanted: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Option<FoundRow>, RowSinkError>>;
}

/// Where reports go that a customer wants at a URL of their own (spec R2, external mode).
pub(crate) trait ReportPost: Send + Sync + 'static {
    /// Posts reports as Infobip's own `{"results":[…]}` body, and returns once the peer answered 2xx.
    fn post<'a>(
        &'a self,
        tenant: &'a Tenant,
        url: &'a str,
        reports: &'a [&'a DeliveryReport],
    ) -> BoxFuture<'a, Result<(), RowSinkError>>;
}
