//! The customer's data extension as a script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::provider::yield_once;
use crate::domain::extension::{Cell, Row, SMS_DELIVERY_REPORTS};
use crate::domain::report::DeliveryReport;
use crate::domain::tenant::Tenant;
use crate::reporting::{ActualColumn, ReportPost, RowSink, RowSinkError};

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

/// The extension; its clones are the same one.
#[derive(Clone)]
pub(crate) struct Target(Arc<Mutex<Table>>);

pub(crate) struct Table {
    rng: StdRng,
    pub(crate) writes: VecDeque<Write>,
    /// Out of 100 writes, so many go wrong.
    pub(crate) trouble: u32,
    /// `statusName` by `messageId`: the extension has a key.
    pub(crate) rows: BTreeMap<String, String>,
    /// How many rows each request had.
    pub(crate) requests: Vec<usize>,
    /// Writes wait until this is taken away.
    pub(crate) is_slow: bool,
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
        })))
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap()
    }
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

    fn store(&mut self, rows: &[Row]) {
        for row in rows {
            let name = text(row, "statusName");
            assert_ne!(text(row, "statusGroupName"), "PENDING", "a pending report made a row");
            self.rows.insert(text(row, "messageId"), name);
        }
    }
}

fn text(row: &Row, name: &str) -> String {
    match row.iter().find(|(column, _)| *column == name) {
        Some((_, Cell::Text(text))) => text.clone(),
        other => panic!("the row's {name} is {other:?}"),
    }
}

fn later(retry_after: Option<Duration>) -> RowSinkError {
    RowSinkError::Later { retry_after, problem: "the platform is down".into() }
}

impl RowSink for Target {
    fn columns<'a>(
        &'a self,
        _tenant: &'a Tenant,
        _external_key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<ActualColumn>, RowSinkError>> {
        Box::pin(async move {
            let column = |(name, primary_key, nullable): (&str, bool, bool)| ActualColumn {
                name: name.to_owned(),
                primary_key,
                required: !nullable,
            };
            let ours = SMS_DELIVERY_REPORTS.columns.iter();
            Ok(ours.map(|c| column((c.name, c.primary_key, c.nullable))).collect())
        })
    }

    fn write<'a>(
        &'a self,
        _tenant: &'a Tenant,
        _external_key: &'a str,
        rows: &'a [Row],
        upsert: bool,
    ) -> BoxFuture<'a, Result<(), RowSinkError>> {
        Box::pin(async move {
            assert!(upsert, "an extension with a key was not upserted");
            while self.table().is_slow {
                yield_once().await;
            }
            let mut table = self.table();
            table.requests.push(rows.len());
            let refused = rows.iter().any(|row| text(row, "to").ends_with(POISON_ENDING));
            match table.next() {
                Write::Later => Err(later(None)),
                Write::TargetWrong => Err(RowSinkError::TargetWrong { problem: "no permission".into() }),
                _ if refused => Err(RowSinkError::SomeRefused { problem: "a row is not valid".into() }),
                Write::StoredAndLater => {
                    table.store(rows);
                    Err(later(Some(Duration::from_secs(2))))
                }
                Write::Stored => {
                    table.store(rows);
                    Ok(())
                }
            }
        })
    }

    fn find<'a>(
        &'a self,
        _tenant: &'a Tenant,
        _external_key: &'a str,
        _column: &'a str,
        value: &'a str,
        _wanted: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Option<Vec<(String, String)>>, RowSinkError>> {
        Box::pin(async move {
            let table = self.table();
            Ok(table.rows.get(value).map(|name| vec![("statusName".to_owned(), name.clone())]))
        })
    }
}

impl ReportPost for Target {
    fn post<'a>(
        &'a self,
        _tenant: &'a Tenant,
        _url: &'a str,
        _reports: &'a [&'a DeliveryReport],
    ) -> BoxFuture<'a, Result<(), RowSinkError>> {
        Box::pin(async { panic!("no tenant of the simulation has a notification URL") })
    }
}
