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
pub(crate) mod tallies;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::domain::click::Click;
use crate::domain::extension::Cell;
use crate::domain::ids::Mid;
use crate::domain::inbound::InboundRow;
use crate::domain::report::{DeliveryReport, SeenReport};
use crate::domain::secret::Secret;
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
    /// As the extension spells it.
    pub(crate) name: Arc<str>,
    pub(crate) kind: ColumnKind,
    /// Most characters of a text; `None` when there is no such limit.
    pub(crate) length: Option<usize>,
    pub(crate) primary_key: bool,
    /// Whether a row must have it; one with a default of its own need not.
    pub(crate) required: bool,
    /// Whether it may be empty. One that is required and has a default may be left out, but not emptied.
    pub(crate) takes_null: bool,
}

/// What an actual column takes, as far as it matters to what is written into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Text,
    Date,
    /// Numbers, flags, and whatever else there is: cells go there as they are.
    Other,
}

/// A row as it is written: the extension's own column names, and no empty cells.
pub(crate) type ActualRow = Vec<(Arc<str>, Cell)>;

/// A row that was read: column names, as the platform spells them, and values as text.
pub(crate) type FoundRow = Vec<(String, String)>;

/// Which rows of a data extension are looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowSearch<'a> {
    pub(crate) column: &'a str,
    /// What the column must equal.
    pub(crate) value: &'a str,
    /// Columns that are wanted of the rows.
    pub(crate) wanted: &'a [&'a str],
    /// The date by which the newest rows are wanted, where the platform does not give all at once.
    pub(crate) newest_by: &'a str,
}

/// Where rows of a tenant's data extensions go and come from. Implemented by the SFMC client.
pub(crate) trait RowSink: Send + Sync + 'static {
    /// The extension's actual columns, in their order.
    fn columns<'a>(
        &'a self,
        tenant: &'a Tenant,
        external_key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<ActualColumn>, RowSinkError>>;

    /// Writes rows and returns once the platform has said that they are stored. `upsert`: by primary key; otherwise
    /// they are inserted.
    fn write<'a>(
        &'a self,
        tenant: &'a Tenant,
        external_key: &'a str,
        rows: &'a [ActualRow],
        upsert: bool,
    ) -> BoxFuture<'a, Result<(), RowSinkError>>;

    /// The rows that are looked for, as column names and texts: all, or of many the newest, in no order. Over REST, then
    /// SOAP where REST can't (spec R4).
    fn find<'a>(
        &'a self,
        tenant: &'a Tenant,
        external_key: &'a str,
        search: RowSearch<'a>,
    ) -> BoxFuture<'a, Result<Vec<FoundRow>, RowSinkError>>;

    /// How many REST calls the business unit has cost since the start, of whatever kind.
    fn calls(&self, mid: Mid) -> u64;
}

/// Why an event was not fired.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EventSinkError {
    /// Try again later: the platform is down, throttles or timed out.
    #[error("{problem}")]
    Later { retry_after: Option<Duration>, problem: String },
    /// The platform does not take this event, in its own words.
    #[error("{problem}")]
    Refused { problem: String },
}

/// An event for a contact that waits for it (spec R3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) event_definition_key: String,
    pub(crate) contact_key: String,
    /// Columns of the event definition's data extension.
    pub(crate) data: ActualRow,
}

/// Where events go. Implemented by the SFMC client.
pub(crate) trait EventSink: Send + Sync + 'static {
    /// The columns of the event definition's own data extension; `None` when the platform does not tell them.
    fn event_columns<'a>(
        &'a self,
        tenant: &'a Tenant,
        event_definition_key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Vec<ActualColumn>>, EventSinkError>>;

    /// Fires an event and returns once the platform has taken it.
    fn fire<'a>(&'a self, tenant: &'a Tenant, event: &'a Event) -> BoxFuture<'a, Result<(), EventSinkError>>;
}

/// What one post to a customer's URL says.
#[derive(Debug, Clone)]
pub(crate) enum Posting<'a> {
    Deliveries(Vec<&'a DeliveryReport>),
    Seen(Vec<&'a SeenReport>),
    Click(&'a Click),
    Inbound(Vec<InboundRow>),
}

/// Where reports go that a customer wants at a URL of their own (spec R2, external mode).
pub(crate) trait ReportPost: Send + Sync + 'static {
    /// Posts in Infobip's own form, signed when there is a key, and returns once the peer answered 2xx.
    fn post<'a>(
        &'a self,
        url: &'a str,
        signing_key: Option<&'a Secret>,
        posting: Posting<'a>,
    ) -> BoxFuture<'a, Result<(), RowSinkError>>;
}
