//! Rows of the customer's actual data extension, and the requests that write them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::Forwarder;
use super::isolation::{Isolated, Isolation};
use super::lane::TargetKey;
use super::parcel::{Content, Parcel, inbound_row};
use super::settle::Part;
use crate::clock::Timestamp;
use crate::domain::channel::Channel;
use crate::domain::extension::{self, Cell, Column, Row, cut_utf16};
use crate::domain::ids::Mid;
use crate::domain::tenant::{ReportKind, Tenant};
use crate::reporting::{ActualColumn, ActualRow, ColumnKind, RowSearch, RowSinkError};
use crate::store::{ReportRecord, ReportRef, StoreError};

/// How long the columns of an extension are believed.
pub(super) const COLUMNS_KEPT: Duration = Duration::from_secs(600);
/// Most bytes of one request's rows, as far as they can be foretold: SFMC takes about 5.9 MB (sfmc.md 6.2), and what
/// goes in one call must not be split by whoever sends it.
const REQUEST_BYTES_MAX: usize = 3_500_000;
/// How long a delivery row of an extension without a key waits for its seen report: it can be inserted only once
/// (spec R2).
const INSERT_WAITS: Duration = Duration::from_secs(5 * 60);
/// Clicks of one message that are looked at for a newer one with the same key.
const CLICKS_LOOKED_AT: usize = 1_000;

/// A parcel with its row.
struct Lined {
    parcel: Parcel,
    row: ActualRow,
    /// What its primary key says; `None` without one.
    key: Option<String>,
}

impl Isolated for Lined {
    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

/// What becomes of a parcel before anything is written.
enum Plan {
    Write(ActualRow, Option<String>),
    /// The extension has all that it can have of it.
    Nothing,
    HoldUntil(Timestamp),
    /// The row lacks a column that it must have.
    Lacks(String),
}

/// The extension as it is.
struct Actual {
    columns: Arc<[ActualColumn]>,
    is_fresh: bool,
}

impl Actual {
    fn is_keyed(&self) -> bool {
        self.columns.iter().any(|column| column.primary_key)
    }
}

impl Forwarder {
    /// Writes rows, by halves when some are refused. `Ok(Err(_))`: the target takes nothing now.
    ///
    /// SFMC does not say which rows of a request it refused, nor whether it kept the others: with a key the repeat is
    /// harmless; without one, rows that it did keep may be there twice.
    pub(super) async fn write_rows(
        &self,
        tenant: &Tenant,
        key: &TargetKey,
        extension: &str,
        parcels: Vec<Parcel>,
    ) -> Result<Result<(), RowSinkError>, StoreError> {
        if parcels.is_empty() {
            return Ok(Ok(()));
        }
        let mut actual = match self.columns(tenant, key, extension).await {
            Ok(actual) => actual,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(problem) = unfillable(key.2, extension, &actual.columns) {
            return Ok(Err(RowSinkError::TargetWrong { problem }));
        }
        let (lined, trouble) = self.line_up(tenant, key.2, extension, &actual, parcels).await?;
        let [in_a_row, _] = self.refused_in_a_row(key);
        let mut isolation = Isolation::new(requests(lined, self.settings.rows_max), in_a_row);
        while let Some(request) = isolation.next() {
            let rows: Vec<ActualRow> = request.iter().map(|lined| lined.row.clone()).collect();
            match self.rows.write(tenant, extension, &rows, actual.is_keyed()).await {
                Ok(()) => {
                    isolation.taken();
                    let parcels: Vec<Parcel> = request.into_iter().map(|lined| lined.parcel).collect();
                    self.mark_taken(tenant.mid, &parcels, Part::ALL).await?;
                }
                // Perhaps the extension is not as it was: then not the rows are guilty.
                Err(RowSinkError::SomeRefused { .. }) if !actual.is_fresh => {
                    match self.read_columns(tenant, key, extension).await {
                        // The next round lines up anew.
                        Ok(columns) if columns != actual.columns => return Ok(Ok(())),
                        Ok(_) => actual.is_fresh = true,
                        Err(error) => return Ok(Err(error)),
                    }
                    isolation.again(request);
                }
                Err(RowSinkError::SomeRefused { problem }) => isolation.refused(request, problem),
                Err(error) => return Ok(Err(error)),
            }
            self.set_rows_aside(tenant, isolation.guilty()).await?;
        }
        self.note_refused_in_a_row(key, 0, isolation.in_a_row());
        match isolation.end() {
            Ok(guilty) => {
                self.set_rows_aside(tenant, guilty).await?;
                Ok(trouble.map_or(Ok(()), Err))
            }
            Err(problem) => {
                let problem = format!("the data extension {extension} refuses every row: {problem}");
                Ok(Err(RowSinkError::TargetWrong { problem }))
            }
        }
    }

    async fn set_rows_aside(&self, tenant: &Tenant, guilty: Vec<(Lined, String)>) -> Result<(), StoreError> {
        for (lined, problem) in guilty {
            self.set_aside(tenant.mid, &lined.parcel, Part::ALL, &problem).await?;
        }
        Ok(())
    }

    async fn columns(&self, tenant: &Tenant, key: &TargetKey, extension: &str) -> Result<Actual, RowSinkError> {
        let now = self.clock.steady();
        let known = self.state().targets.get(key).and_then(|target| target.columns.clone());
        if let Some((read_at, of, columns)) = known
            && of == extension
            && now.since(read_at) < COLUMNS_KEPT
        {
            return Ok(Actual { columns, is_fresh: false });
        }
        let columns = self.read_columns(tenant, key, extension).await?;
        Ok(Actual { columns, is_fresh: true })
    }

    async fn read_columns(
        &self,
        tenant: &Tenant,
        key: &TargetKey,
        extension: &str,
    ) -> Result<Arc<[ActualColumn]>, RowSinkError> {
        let now = self.clock.steady();
        let columns: Arc<[ActualColumn]> = self.rows.columns(tenant, extension).await?.into();
        let mut state = self.state();
        let target = state.targets.entry(key.clone()).or_default();
        target.columns = Some((now, extension.to_owned(), Arc::clone(&columns)));
        Ok(columns)
    }

    /// Makes the rows, and settles the parcels that none is written for. Tells what kept it from making a row now.
    async fn line_up(
        &self,
        tenant: &Tenant,
        kind: ReportKind,
        extension: &str,
        actual: &Actual,
        parcels: Vec<Parcel>,
    ) -> Result<(Vec<Lined>, Option<RowSinkError>), StoreError> {
        let (mut lined, mut done, mut held) = (Vec::with_capacity(parcels.len()), Vec::new(), Vec::new());
        let mut trouble = None;
        for parcel in parcels {
            let is_seen_only = if actual.is_keyed() && self.is_stray_seen(tenant.mid, &parcel)? {
                // SFMC did not answer: so it is not asked for the next one either.
                if trouble.is_some() {
                    continue;
                }
                match self.has_row(tenant, extension, parcel.message_id()).await {
                    Ok(has_row) => has_row,
                    Err(error) => {
                        trouble = Some(error);
                        continue;
                    }
                }
            } else {
                false
            };
            match self.plan(tenant, kind, actual, &parcel, is_seen_only)? {
                Plan::Write(row, key) => lined.push(Lined { parcel, row, key }),
                Plan::Nothing => done.push(parcel),
                Plan::HoldUntil(until) => held.push((parcel, until)),
                Plan::Lacks(problem) => self.set_aside(tenant.mid, &parcel, Part::ALL, &problem).await?,
            }
        }
        self.mark_taken(tenant.mid, &done, Part::ALL).await?;
        self.hold_back(tenant.mid, held).await?;
        Ok((lined, trouble))
    }

    /// Whether a parcel has a seen report of a message of which nothing else is known here, such as one from before a
    /// restore: its row may be there already, with a final status.
    fn is_stray_seen(&self, mid: Mid, parcel: &Parcel) -> Result<bool, StoreError> {
        let Content::Message(report, record) = &parcel.content else { return Ok(false) };
        if record.reports.seen.is_none() || record.reports.delivery.is_some() {
            return Ok(false);
        }
        let is_known = match (report, parcel.message_id().parse()) {
            (ReportRef::Known(..), Ok(id)) => self.store.messages().find(mid, id)?.is_some(),
            _ => false,
        };
        Ok(!is_known)
    }

    /// Whether an extension may have a message's row.
    async fn has_row(&self, tenant: &Tenant, extension: &str, message_id: &str) -> Result<bool, RowSinkError> {
        let search = RowSearch { column: "messageId", value: message_id, wanted: &["statusName"], newest_by: "doneAt" };
        match self.rows.find(tenant, extension, search).await {
            Ok(rows) => Ok(!rows.is_empty()),
            Err(error @ RowSinkError::Later { .. }) => Err(error),
            // It can't be read. Better no row than one that lost its status.
            Err(RowSinkError::SomeRefused { .. } | RowSinkError::TargetWrong { .. }) => Ok(true),
        }
    }

    /// `is_seen_only`: of the row, only that the message was seen is to be written.
    fn plan(
        &self,
        tenant: &Tenant,
        kind: ReportKind,
        actual: &Actual,
        parcel: &Parcel,
        is_seen_only: bool,
    ) -> Result<Plan, StoreError> {
        let is_keyed = actual.is_keyed();
        let ours = match &parcel.content {
            Content::Message(report_ref, record) => {
                if !is_keyed && record.taken.is_some() {
                    return Ok(Plan::Nothing);
                }
                if !is_keyed && let Some(until) = self.waits_for_seen(record) {
                    return Ok(Plan::HoldUntil(until));
                }
                let Some(source) = self.delivery_row(tenant.mid, *report_ref, record)? else {
                    return Ok(Plan::Nothing);
                };
                match kind {
                    ReportKind::Sms => extension::SMS_DELIVERY_REPORTS.row(&source),
                    _ => extension::OMNI_REPORTS.row(&source),
                }
            }
            Content::Click(_, record) => extension::UNIFIED_URL_TRACKING.row(&record.click),
            // Its event was replayed; the extension has the row.
            Content::Inbound(record) if record.taken_at.is_some() => return Ok(Plan::Nothing),
            Content::Inbound(record) => extension::INBOUND_MESSAGES.row(&inbound_row(record)),
        };
        let empty = if may_empty(parcel) { emptied(&ours, &actual.columns) } else { Vec::new() };
        let mut row = fitted(ours, kind, &actual.columns, tenant);
        if is_seen_only {
            let is_key = |name: &str| actual.columns.iter().any(|column| column.primary_key && *column.name == *name);
            row.retain(|(name, _)| is_key(name) || name.eq_ignore_ascii_case("seenAt"));
            let key = key_of(&row, &actual.columns);
            let has_seen = row.iter().any(|(name, _)| !is_key(name));
            return Ok(if has_seen { Plan::Write(row, key) } else { Plan::Nothing });
        }
        if let Some(problem) = lacking(&row, &actual.columns) {
            return Ok(Plan::Lacks(problem));
        }
        let key = key_of(&row, &actual.columns);
        if key.is_some() && self.has_newer_click(tenant, actual, parcel, key.as_deref())? {
            return Ok(Plan::Nothing);
        }
        if is_keyed {
            row.extend(empty);
        }
        Ok(Plan::Write(row, key))
    }

    /// Until when a delivery report waits for its seen report, where there may be one.
    fn waits_for_seen(&self, record: &ReportRecord) -> Option<Timestamp> {
        let now = self.clock.now();
        let may_come = record.reports.final_delivery().is_some()
            && record.reports.seen.is_none()
            && Channel::reports_seen(&record.channel);
        // After a jump of the clock not longer than from now.
        let until = record.stored_at.plus(INSERT_WAITS).min(now.plus(INSERT_WAITS));
        (may_come && until > now).then_some(until)
    }

    /// Whether another click of the same message has the same key and is newer. A key of the message id alone, say, has
    /// room for one click of a message: the newest stays, in whatever order they come.
    fn has_newer_click(
        &self,
        tenant: &Tenant,
        actual: &Actual,
        parcel: &Parcel,
        key: Option<&str>,
    ) -> Result<bool, StoreError> {
        let (Content::Click(report, _), Some(click)) = (&parcel.content, parcel.click()) else { return Ok(false) };
        let others = self.store.reports().clicks_of(tenant.mid, *report, CLICKS_LOOKED_AT)?;
        let order = |click: &crate::domain::click::Click| (click.clicked_at, click.identity());
        Ok(others.iter().map(|other| &other.click).any(|other| {
            order(other) > order(click) && {
                let row = extension::UNIFIED_URL_TRACKING.row(other);
                let row = fitted(row, ReportKind::Clicks, &actual.columns, tenant);
                key_of(&row, &actual.columns).as_deref() == key
            }
        }))
    }
}

/// Requests within the limits of rows and bytes, in order; never two rows of one primary key in one of them (sfmc.md
/// 6.2).
fn requests(lined: Vec<Lined>, rows_max: usize) -> Vec<Vec<Lined>> {
    let mut requests: Vec<Vec<Lined>> = Vec::new();
    let (mut bytes, mut keys) = (0, HashSet::new());
    for lined in lined {
        let size = json_bytes(&lined.row);
        let is_second = lined.key.as_ref().is_some_and(|key| keys.contains(key));
        let has_room = |last: &&mut Vec<Lined>| last.len() < rows_max && bytes + size <= REQUEST_BYTES_MAX;
        if requests.last_mut().filter(has_room).is_none() || is_second {
            requests.push(Vec::new());
            (bytes, keys) = (0, HashSet::new());
        }
        bytes += size;
        keys.extend(lined.key.clone());
        if let Some(last) = requests.last_mut() {
            last.push(lined);
        }
    }
    requests
}

/// At most so many bytes does a row take as JSON.
fn json_bytes(row: &ActualRow) -> usize {
    let escaped = |c: char| if c.is_control() || matches!(c, '"' | '\\') { 6 } else { c.len_utf8() };
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => text.chars().map(escaped).sum(),
        _ => 32,
    };
    2 + row.iter().map(|(name, value)| name.chars().map(escaped).sum::<usize>() + 6 + cell(value)).sum::<usize>()
}

/// What the primary key of a row says, in a form to compare: SFMC does not tell upper and lower case apart.
fn key_of(row: &ActualRow, columns: &[ActualColumn]) -> Option<String> {
    let mut keys = columns.iter().filter(|column| column.primary_key).peekable();
    keys.peek()?;
    let cell = |column: &ActualColumn| row.iter().find(|(name, _)| *name == column.name).map(|(_, cell)| cell);
    Some(keys.map(|column| format!("{:?}\n", cell(column)).to_lowercase()).collect())
}

/// Why rows of a kind can't be written to an extension at all: it requires a column that Waypost has nothing for.
fn unfillable(kind: ReportKind, extension: &str, columns: &[ActualColumn]) -> Option<String> {
    fn has<S>(columns: &[Column<S>], name: &str) -> bool {
        columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    }
    let is_ours = |name: &str| match kind {
        ReportKind::Sms => has(extension::SMS_DELIVERY_REPORTS.columns, name),
        ReportKind::Omni => has(extension::OMNI_REPORTS.columns, name),
        ReportKind::Clicks => has(extension::UNIFIED_URL_TRACKING.columns, name),
        ReportKind::Inbound => has(extension::INBOUND_MESSAGES.columns, name),
    };
    let required = columns.iter().find(|column| (column.required || column.primary_key) && !is_ours(&column.name))?;
    Some(format!("the data extension {extension} requires the column {}, which Waypost has nothing for", required.name))
}

/// Why this row can't be written: a required column is empty in it.
fn lacking(row: &ActualRow, columns: &[ActualColumn]) -> Option<String> {
    let has = |column: &ActualColumn| row.iter().any(|(name, _)| *name == column.name);
    let column = columns.iter().find(|column| (column.required || column.primary_key) && !has(column))?;
    Some(format!("the column {} is required, and there is nothing for it", column.name))
}

/// The row for the actual columns: their own names and types; unknown columns and empty cells left out.
pub(super) fn fitted(ours: Row, kind: ReportKind, columns: &[ActualColumn], tenant: &Tenant) -> ActualRow {
    let cell = |(name, cell): (&'static str, Cell)| {
        let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))?;
        let cell = fit(cell, kind, column, tenant);
        (cell != Cell::Null).then(|| (Arc::clone(&column.name), cell))
    };
    ours.into_iter().filter_map(cell).collect()
}

/// Whether what is in the parcel is all that is to be said in its row's columns. What stands in for a delivery report is
/// not: the extension may know more.
fn may_empty(parcel: &Parcel) -> bool {
    match &parcel.content {
        Content::Message(_, record) => record.reports.final_delivery().is_some(),
        Content::Click(..) => true,
        Content::Inbound(_) => false,
    }
}

/// The columns that an upsert must empty, so that nothing of an older report of the same key stays: its error, say. An
/// upsert leaves columns alone that it does not name; that a null empties one is not stated anywhere (sfmc.md 6.2), so
/// only columns that may be empty get it. A seen report once written stays, although this store may not know it.
fn emptied(ours: &Row, columns: &[ActualColumn]) -> ActualRow {
    let is_empty = |column: &&ActualColumn| {
        let ours = ours.iter().find(|(name, _)| column.name.eq_ignore_ascii_case(name));
        column.takes_null && ours.is_some_and(|(name, cell)| *cell == Cell::Null && *name != "seenAt")
    };
    columns.iter().filter(is_empty).map(|column| (Arc::clone(&column.name), Cell::Null)).collect()
}

/// All cells of a row that are not empty, under our own names.
pub(super) fn all_cells(ours: Row) -> ActualRow {
    ours.into_iter().filter(|(_, cell)| *cell != Cell::Null).map(|(name, cell)| (Arc::from(name), cell)).collect()
}

fn fit(cell: Cell, kind: ReportKind, column: &ActualColumn, tenant: &Tenant) -> Cell {
    if column.kind != ColumnKind::Text {
        return cell;
    }
    let text = match cell {
        Cell::Null => return Cell::Null,
        Cell::Text(text) | Cell::Decimal(text) => text,
        Cell::Number(number) => number.to_string(),
        Cell::Boolean(flag) => flag.to_string(),
        // The older extensions of clicks have epoch milliseconds there (infobip.md 12.3).
        Cell::Date(at) if kind == ReportKind::Clicks => at.as_millis().to_string(),
        Cell::Date(at) => tenant.written_date(at),
    };
    match column.length {
        // A key that is cut may become another's: let SFMC refuse it.
        Some(length) if !column.primary_key => Cell::Text(cut_utf16(&text, length)),
        _ => Cell::Text(text),
    }
}
