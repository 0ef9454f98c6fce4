//! The customer's data extensions, events and URL as a script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::provider::yield_once;
use crate::domain::extension::{
    Cell, ColumnType, Extension, INBOUND_MESSAGES, OMNI_REPORTS, SMS_DELIVERY_REPORTS, UNIFIED_URL_TRACKING,
};
use crate::domain::ids::Mid;
use crate::domain::secret::Secret;
use crate::domain::tenant::Tenant;
use crate::reporting::{
    ActualColumn, ActualRow, ColumnKind, Event, EventSink, EventSinkError, FoundRow, Posting, ReportPost, RowSearch,
    RowSink, RowSinkError,
};

/// A recipient that ends so has its rows refused.
pub(crate) const POISON_ENDING: &str = "66";

/// How one write ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Write {
    Stored,
    /// Nothing is stored.
    Later,
    /// All is stored, but the answer says that it is not.
    StoredAndLater,
    TargetWrong,
}

/// A row as a person would see it: texts by column.
pub(crate) type SeenRow = BTreeMap<String, String>;

/// The extensions; its clones are the same ones.
#[derive(Clone)]
pub(crate) struct Target(Arc<Mutex<Table>>);

pub(crate) struct Table {
    rng: StdRng,
    pub(crate) writes: VecDeque<Write>,
    /// Out of 100 writes, so many go wrong.
    pub(crate) trouble: u32,
    /// `statusName` by `messageId` of delivery reports, in whichever extension.
    pub(crate) rows: BTreeMap<String, String>,
    /// How many rows each request had.
    pub(crate) requests: Vec<usize>,
    /// Writes wait until this is taken away.
    pub(crate) is_slow: bool,
    /// The columns of extensions that are not the package's own, by external key.
    pub(crate) columns: BTreeMap<String, Vec<ActualColumn>>,
    /// Extensions that are down, by external key.
    pub(crate) down: Vec<String>,
    /// Whole rows by external key, where they are kept.
    pub(crate) kept: Option<BTreeMap<String, Vec<SeenRow>>>,
    /// Rows that were stored although their key was there.
    pub(crate) repeated: usize,
    /// How each call for an event ends; without one it is taken.
    pub(crate) event_answers: VecDeque<EventSinkError>,
    pub(crate) fired: Vec<Event>,
    /// The columns of event definitions' extensions.
    pub(crate) event_columns: Option<Vec<ActualColumn>>,
    /// What was posted, by URL.
    pub(crate) posts: Vec<(String, String)>,
    /// Posts for which the page is away before one is taken.
    pub(crate) refused_posts: usize,
    /// Posts that were tried, taken or not.
    pub(crate) posts_tried: usize,
    /// The post of this number, from 0 on, is answered with trouble that passes.
    pub(crate) trouble_at: Option<usize>,
    /// What the page refuses: a delivery report's status, a seen report's message, a click's URL, a reply's text. `*` is
    /// everything.
    pub(crate) refused_results: Vec<&'static str>,
    /// The reply whose event is taken, but not answered.
    pub(crate) hanging_event: Option<&'static str>,
    pub(crate) calls: u64,
}

impl Target {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Table {
            rng: StdRng::seed_from_u64(seed),
            writes: VecDeque::new(),
            trouble: 0,
            rows: BTreeMap::new(),
            requests: Vec::new(),
            is_slow: false,
            columns: BTreeMap::new(),
            down: Vec::new(),
            kept: None,
            repeated: 0,
            event_answers: VecDeque::new(),
            fired: Vec::new(),
            event_columns: None,
            posts: Vec::new(),
            refused_posts: 0,
            posts_tried: 0,
            trouble_at: None,
            refused_results: Vec::new(),
            hanging_event: None,
            calls: 0,
        })))
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap()
    }
}

/// The package's extension, as SFMC describes it.
pub(crate) fn as_provisioned<S>(extension: &Extension<S>) -> Vec<ActualColumn> {
    let column = |column: &crate::domain::extension::Column<S>| ActualColumn {
        name: column.name.into(),
        kind: match column.column_type {
            ColumnType::Text(_) => ColumnKind::Text,
            ColumnType::Date => ColumnKind::Date,
            _ => ColumnKind::Other,
        },
        length: match column.column_type {
            ColumnType::Text(length) => Some(length),
            _ => None,
        },
        primary_key: column.primary_key,
        required: !column.nullable,
        takes_null: column.nullable,
    };
    extension.columns.iter().map(column).collect()
}

/// The same without its key.
pub(crate) fn unkeyed(mut columns: Vec<ActualColumn>) -> Vec<ActualColumn> {
    columns.iter_mut().for_each(|column| column.primary_key = false);
    columns
}

impl Table {
    fn next(&mut self) -> Write {
        let (writes, trouble) = (&mut self.writes, self.trouble);
        if let Some(write) = writes.pop_front() {
            return write;
        }
        if trouble == 0 || self.rng.random_range(0..100) >= trouble {
            return Write::Stored;
        }
        match self.rng.random_range(0..3) {
            0 => Write::Later,
            1 => Write::StoredAndLater,
            _ => Write::TargetWrong,
        }
    }

    fn columns_of(&self, external_key: &str) -> Vec<ActualColumn> {
        if let Some(columns) = self.columns.get(external_key) {
            return columns.clone();
        }
        match external_key {
            key if key == UNIFIED_URL_TRACKING.external_key => as_provisioned(&UNIFIED_URL_TRACKING),
            key if key == INBOUND_MESSAGES.external_key => as_provisioned(&INBOUND_MESSAGES),
            key if key.to_lowercase().contains("omni") => as_provisioned(&OMNI_REPORTS),
            _ => as_provisioned(&SMS_DELIVERY_REPORTS),
        }
    }

    fn store(&mut self, external_key: &str, rows: &[ActualRow], is_upsert: bool) {
        let keys: Vec<Arc<str>> =
            self.columns_of(external_key).into_iter().filter(|c| c.primary_key).map(|c| c.name).collect();
        let mut in_request = Vec::new();
        for row in rows {
            if let Some(name) = cell(row, "statusName") {
                let is_pending = cell(row, "statusGroupName").as_deref() == Some("PENDING");
                assert!(!is_pending || cell(row, "seenAt").is_some(), "a pending report made a row");
                let known = self.rows.insert(cell(row, "messageId").unwrap(), name);
                self.repeated += usize::from(known.is_some());
            }
            let key: Vec<_> = keys.iter().map(|key| cell(row, key)).collect();
            if is_upsert {
                assert!(!in_request.contains(&key), "two rows of one key in one request");
                in_request.push(key.clone());
            }
            let Some(kept) = &mut self.kept else { continue };
            let (emptied, given): (Vec<_>, Vec<_>) = row.iter().partition(|(_, cell)| *cell == Cell::Null);
            let seen: SeenRow = given.into_iter().map(|(name, cell)| (name.to_string(), shown(cell))).collect();
            let rows = kept.entry(external_key.to_owned()).or_default();
            let is_it = |row: &SeenRow| keys.iter().map(|key| row.get(&**key).cloned()).collect::<Vec<_>>() == key;
            match rows.iter_mut().find(|row| is_upsert && is_it(row)) {
                // An upsert changes the columns that it has, and leaves the others.
                Some(row) => {
                    row.extend(seen);
                    row.retain(|name, _| emptied.iter().all(|(column, _)| **column != **name));
                }
                None => rows.push(seen),
            }
        }
    }

    pub(crate) fn kept(&self, external_key: &str) -> Vec<SeenRow> {
        self.kept.as_ref().unwrap().get(external_key).cloned().unwrap_or_default()
    }
}

pub(crate) fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Text(text) | Cell::Decimal(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Boolean(flag) => flag.to_string(),
        Cell::Date(at) => at.to_iso(),
    }
}

fn cell(row: &ActualRow, name: &str) -> Option<String> {
    row.iter().find(|(column, _)| &**column == name).map(|(_, cell)| shown(cell))
}

fn later(retry_after: Option<Duration>) -> RowSinkError {
    RowSinkError::Later { retry_after, problem: "the platform is down".into() }
}

impl RowSink for Target {
    fn columns<'a>(
        &'a self,
        _tenant: &'a Tenant,
        external_key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<ActualColumn>, RowSinkError>> {
        Box::pin(async move { Ok(self.table().columns_of(external_key)) })
    }

    fn write<'a>(
        &'a self,
        _tenant: &'a Tenant,
        external_key: &'a str,
        rows: &'a [ActualRow],
        upsert: bool,
    ) -> BoxFuture<'a, Result<(), RowSinkError>> {
        Box::pin(async move {
            while self.table().is_slow {
                yield_once().await;
            }
            let mut table = self.table();
            table.calls += 3;
            let is_keyed = table.columns_of(external_key).iter().any(|column| column.primary_key);
            assert_eq!(upsert, is_keyed, "an extension with a key is upserted, one without is inserted into");
            table.requests.push(rows.len());
            if table.down.iter().any(|down| down == external_key) {
                return Err(later(None));
            }
            let is_poison = |row: &ActualRow| {
                ["to", "recipient", "sender"]
                    .iter()
                    .any(|name| cell(row, name).is_some_and(|to| to.ends_with(POISON_ENDING)))
            };
            let refused = rows.iter().any(is_poison);
            match table.next() {
                Write::Later => Err(later(None)),
                Write::TargetWrong => Err(RowSinkError::TargetWrong { problem: "no permission".into() }),
                _ if refused => Err(RowSinkError::SomeRefused { problem: "a row is not valid".into() }),
                Write::StoredAndLater => {
                    table.store(external_key, rows, upsert);
                    Err(later(Some(Duration::from_secs(2))))
                }
                Write::Stored => {
                    table.store(external_key, rows, upsert);
                    Ok(())
                }
            }
        })
    }

    fn find<'a>(
        &'a self,
        _tenant: &'a Tenant,
        _external_key: &'a str,
        search: RowSearch<'a>,
    ) -> BoxFuture<'a, Result<Vec<FoundRow>, RowSinkError>> {
        Box::pin(async move {
            let table = self.table();
            let name = table.rows.get(search.value);
            Ok(name.map(|name| vec![("statusName".to_owned(), name.clone())]).into_iter().collect())
        })
    }

    fn calls(&self, _mid: Mid) -> u64 {
        self.table().calls
    }
}

impl EventSink for Target {
    fn event_columns<'a>(
        &'a self,
        _tenant: &'a Tenant,
        _event_definition_key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Vec<ActualColumn>>, EventSinkError>> {
        Box::pin(async move { Ok(self.table().event_columns.clone()) })
    }

    fn fire<'a>(&'a self, _tenant: &'a Tenant, event: &'a Event) -> BoxFuture<'a, Result<(), EventSinkError>> {
        Box::pin(async move {
            let reply = {
                let mut table = self.table();
                table.calls += 1;
                if let Some(error) = table.event_answers.pop_front() {
                    return Err(error);
                }
                table.fired.push(event.clone());
                cell(&event.data, "messageId")
            };
            while self.table().hanging_event.is_some_and(|hanging| Some(hanging) == reply.as_deref()) {
                yield_once().await;
            }
            Ok(())
        })
    }
}

impl ReportPost for Target {
    fn post<'a>(
        &'a self,
        url: &'a str,
        _signing_key: Option<&'a Secret>,
        posting: Posting<'a>,
    ) -> BoxFuture<'a, Result<(), RowSinkError>> {
        Box::pin(async move {
            let mut table = self.table();
            table.posts_tried += 1;
            if table.trouble_at == Some(table.posts_tried - 1) {
                return Err(later(None));
            }
            if table.refused_posts > 0 {
                table.refused_posts -= 1;
                return Err(later(None));
            }
            let results: Vec<&str> = match &posting {
                Posting::Deliveries(reports) => reports.iter().map(|report| report.status.name.as_str()).collect(),
                Posting::Seen(reports) => reports.iter().map(|report| report.message_id.as_str()).collect(),
                Posting::Click(click) => vec![click.url.as_deref().unwrap_or_default()],
                Posting::Inbound(rows) => rows.iter().map(|row| row.inbound.text.as_str()).collect(),
            };
            let is_refused = |result: &&str| *result == "*" || results.contains(result);
            if table.refused_results.iter().any(is_refused) {
                return Err(RowSinkError::SomeRefused { problem: "the page says no".into() });
            }
            let said = match posting {
                Posting::Deliveries(reports) => {
                    let names: Vec<_> = reports.iter().map(|report| report.status.name.clone()).collect();
                    format!("deliveries {}", names.join(" "))
                }
                Posting::Seen(reports) => format!("seen {}", reports.len()),
                Posting::Click(click) => format!("click {}", click.url.as_deref().unwrap_or_default()),
                Posting::Inbound(rows) => {
                    let texts: Vec<_> = rows.iter().map(|row| row.inbound.text.clone()).collect();
                    format!("inbound {}", texts.join(" "))
                }
            };
            table.posts.push((url.to_owned(), said));
            Ok(())
        })
    }
}
