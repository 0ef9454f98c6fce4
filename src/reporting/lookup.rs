//! What the reports activity answers: from our own store, else from the data extension (spec R4).

mod row;

use std::sync::Arc;
use std::time::Duration;

use self::row::Place;
use super::{FoundRow, RowSink, RowSinkError};
use crate::clock::Clock;
use crate::dispatch::book::{QueueBook, account_key};
use crate::domain::ids::{DefinitionInstanceId, MessageId, Mid};
use crate::domain::inbound::Pairing;
use crate::domain::message::{InArguments, names};
use crate::domain::report::Origin;
use crate::domain::report_answer::{AskedKind, QueueStatus, ReportAnswer, Standing};
use crate::domain::tenant::{ReportTarget, Tenant};
use crate::domain::timestamp::Timestamp;
use crate::store::{ConfigurationId, Found, QueueMark, ReportRecord, ReportRef, SentOutcome, Store, StoreError};

/// Longest text that is taken for a message's id: Infobip's own limit (infobip.md 1.3).
const MESSAGE_ID_BYTES_MAX: usize = 200;

/// Clicks, and replies, of one message that are looked through for the newest.
const LOOKED_THROUGH_MAX: usize = 1_000;

/// How long the data extensions may be asked for one contact: well below the time that SFMC gives an activity.
const EXTENSION_DEADLINE: Duration = Duration::from_secs(8);

/// Versions of a journey whose messages are looked for without a message id, the newest ones.
const VERSIONS_MAX: usize = 16;

/// What a call asks.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) arguments: &'a InArguments,
    /// The contact's way through the journey, and the configuration of the message's activity: where the message id did
    /// not arrive, they find the message for as long as first answers are kept (spec R4).
    pub(crate) instance: Option<&'a DefinitionInstanceId>,
    pub(crate) configuration: Option<ConfigurationId>,
}

/// See the module's documentation.
pub(crate) struct Lookup {
    store: Store,
    book: Arc<QueueBook>,
    rows: Arc<dyn RowSink>,
    clock: Arc<dyn Clock>,
}

/// What the store knows of the message that is asked about.
struct Known {
    /// `None` for an id that Waypost never gave.
    id: Option<MessageId>,
    report: ReportRef,
    standing: Standing,
}

impl Known {
    /// Whether there is no need to ask anybody else.
    fn is_here(&self) -> bool {
        matches!(self.standing, Standing::Waiting { .. } | Standing::Sent | Standing::Ended)
    }

    /// What a kind answers of it when there is nothing to tell.
    fn nothing(&self, kind: AskedKind) -> ReportAnswer {
        ReportAnswer::without(kind, QueueStatus::of(self.standing))
    }
}

/// What came of asking the data extensions.
enum Asked {
    Rows(Vec<FoundRow>),
    /// All that may have a row were asked, and none has.
    Nobody,
    /// SFMC did not say.
    Unanswered,
}

impl Lookup {
    pub(crate) fn new(store: Store, book: Arc<QueueBook>, rows: Arc<dyn RowSink>, clock: Arc<dyn Clock>) -> Self {
        Self { store, book, rows, clock }
    }

    /// What became of the message that the in-arguments name.
    pub(crate) async fn answer(&self, tenant: &Tenant, question: Question<'_>) -> Result<ReportAnswer, StoreError> {
        let arguments = question.arguments;
        let kind = arguments.get(names::REPORT_KIND).map_or(Some(AskedKind::default()), AskedKind::by_name);
        // An expression that SFMC could not resolve comes as its own text, and names no message.
        let text = arguments.get(names::MESSAGE_ID).filter(|text| !text.contains("{{"));
        let found = match text {
            Some(_) => None,
            None => self.message_of(tenant.mid, question)?,
        };
        let text = text.or(found.as_deref());
        let Some(text) = text.filter(|text| text.len() <= MESSAGE_ID_BYTES_MAX) else {
            return Ok(ReportAnswer::without(kind.unwrap_or_default(), QueueStatus::of(Standing::NoMessage)));
        };
        let mut known = self.known(tenant.mid, text)?;
        // A kind that this version does not know has no report yet.
        let Some(kind) = kind else { return Ok(known.nothing(AskedKind::default())) };
        if let Some(answer) = self.stored(tenant, kind, text, &known)? {
            return Ok(answer);
        }
        let asked = tokio::select! {
            asked = self.in_extensions(tenant, kind, arguments, text) => asked,
            () = self.clock.sleep(EXTENSION_DEADLINE) => {
                tracing::warn!(tenant.mid = %tenant.mid, "SFMC took too long to say what it has of a report");
                Asked::Unanswered
            }
        };
        if let Standing::Foreign { reported } = &mut known.standing {
            *reported = match &asked {
                Asked::Rows(_) => Some(true),
                Asked::Nobody => Some(false),
                Asked::Unanswered => None,
            };
        }
        let nothing = known.nothing(kind);
        Ok(match asked {
            Asked::Rows(rows) => row::answer(kind, &rows, tenant, nothing),
            Asked::Nobody | Asked::Unanswered => nothing,
        })
    }

    /// The message that the contact was sent by an activity of the configuration.
    fn message_of(&self, mid: Mid, question: Question<'_>) -> Result<Option<String>, StoreError> {
        let (Some(instance), Some(configuration)) = (question.instance, question.configuration) else {
            return Ok(None);
        };
        let queues = self.store.configurations().queues(mid, configuration, VERSIONS_MAX)?;
        for queue in queues.into_iter().rev() {
            let Some(queue) = self.book.by_id(queue).filter(|queue| queue.mid == mid) else { continue };
            let first = self.store.answers().get(mid, instance, &queue.activity_id, self.clock.now())?;
            if let Some(first) = first.filter(|first| !first.message_id.is_empty()) {
                return Ok(Some(first.message_id));
            }
        }
        Ok(None)
    }

    fn known(&self, mid: Mid, text: &str) -> Result<Known, StoreError> {
        let stray = self.store.reports().stray(mid, text)?;
        let Ok(id) = text.parse::<MessageId>() else {
            return Ok(Known { id: None, report: stray, standing: Standing::Foreign { reported: None } });
        };
        let here = ReportRef::of(id.queue, id.sequence);
        let known = |report, standing| Ok(Known { id: Some(id), report, standing });
        if let Some(found) = self.store.messages().find(mid, id)? {
            return known(here, self.standing(mid, id, &found));
        }
        if self.store.messages().is_taken_out(mid, id)? {
            return known(here, Standing::Ended);
        }
        // A message goes by its own retention time, its reports by theirs; and what was heard of it since is a stray.
        let kept = self.store.reports().get(mid, here)?.filter(|record| record.message_id() == text);
        match kept {
            Some(record) if record.reports.final_delivery().is_some_and(|report| report.origin == Origin::Local) => {
                known(here, Standing::Ended)
            }
            Some(_) => known(here, Standing::Gone),
            None => known(stray, Standing::Gone),
        }
    }

    fn standing(&self, mid: Mid, id: MessageId, found: &Found) -> Standing {
        match found {
            Found::Waiting(message) => {
                let held = self.book.pacer().held(&account_key(mid, &message.message.account)).is_some();
                Standing::Waiting { stopped: held || self.is_stopped(id) }
            }
            Found::Sent(sent) => match sent.outcome {
                SentOutcome::Sent { .. } => Standing::Sent,
                SentOutcome::Ended(_) => Standing::Ended,
            },
        }
    }

    fn is_stopped(&self, id: MessageId) -> bool {
        let queue = self.book.by_id(id.queue);
        // A record that is just being committed is of a queue at work.
        queue.is_some_and(|queue| {
            queue
                .record
                .try_lock()
                .is_ok_and(|record| matches!(record.mark, QueueMark::Paused | QueueMark::Held | QueueMark::Moved))
        })
    }

    /// What the store has to say; `None` when the extension may know more.
    fn stored(
        &self,
        tenant: &Tenant,
        kind: AskedKind,
        text: &str,
        known: &Known,
    ) -> Result<Option<ReportAnswer>, StoreError> {
        let (reports, mid) = (self.store.reports(), tenant.mid);
        // What is heard of an id that nobody knows here was sent by somebody.
        let heard = match known.standing {
            Standing::Foreign { .. } => Standing::Foreign { reported: Some(true) },
            standing => standing,
        };
        let nothing = ReportAnswer::without(kind, QueueStatus::of(heard));
        let written = |at| tenant.written_date(at);
        let answer = match kind {
            AskedKind::Delivery => {
                let record = reports.get(mid, known.report)?;
                record.as_ref().and_then(|record| delivery(record, nothing, written))
            }
            AskedKind::Click => {
                let mut clicks = reports.clicks_of(mid, known.report, LOOKED_THROUGH_MAX)?;
                if let Some(id) = known.id.filter(|_| !known.is_here()) {
                    // A click that came while the message was here lies where the message was.
                    let there = ReportRef::of(id.queue, id.sequence);
                    if there != known.report {
                        clicks.extend(reports.clicks_of(mid, there, LOOKED_THROUGH_MAX)?);
                    }
                    clicks.retain(|record| record.click.message_id == text);
                }
                let newest = clicks.into_iter().max_by_key(|record| (record.click.clicked_at, record.stored_at));
                newest.map(|record| nothing.with_click(&record.click))
            }
            AskedKind::Reply => {
                let replies = match known.id {
                    Some(id) => reports.replies_to(mid, id, LOOKED_THROUGH_MAX)?,
                    None => Vec::new(),
                };
                let is_its = |pairing: &Pairing| Some(pairing.message_id) == known.id;
                let replies = replies.into_iter().filter(|record| record.pairing.as_ref().is_some_and(is_its));
                let newest = replies.max_by_key(|record| (record.inbound.received_at, record.stored_at));
                newest.map(|record| nothing.with_reply(&record.inbound, written))
            }
        };
        Ok(answer.or_else(|| known.is_here().then(|| known.nothing(kind))))
    }

    /// The rows of a message that this store does not know, sent before a restore, say. SFMC's trouble is not the
    /// contact's: without an answer the report is not available.
    async fn in_extensions(
        &self,
        tenant: &Tenant,
        kind: AskedKind,
        arguments: &InArguments,
        message_id: &str,
    ) -> Asked {
        let place = Place::of(kind);
        let mut asked = Asked::Nobody;
        for extension in extensions(tenant, arguments.get(names::ACCOUNT), place) {
            match self.rows.find(tenant, extension, place.search(message_id)).await {
                Ok(rows) if rows.is_empty() => {}
                Ok(rows) => return Asked::Rows(rows),
                // An extension that is not there, or not as it should be, has no row; another may have it.
                Err(RowSinkError::TargetWrong { .. }) => {
                    tracing::warn!(tenant.mid = %tenant.mid, "A data extension of reports can't be read");
                }
                Err(RowSinkError::Later { .. } | RowSinkError::SomeRefused { .. }) => {
                    tracing::warn!(tenant.mid = %tenant.mid, "A report could not be read from its data extension");
                    asked = Asked::Unanswered;
                }
            }
        }
        asked
    }
}

/// The external keys that may have the rows, each once: the account's that is named, or all accounts' when none is, or
/// none of that name any more. An account in external mode has none.
fn extensions<'a>(tenant: &'a Tenant, account: Option<&str>, place: &Place) -> Vec<&'a str> {
    let is_named = |label: &str| account.is_some_and(|account| account == label);
    let is_any_named = tenant.accounts.iter().any(|account| is_named(account.id.as_str()));
    let mut keys = Vec::new();
    for account in tenant.accounts.iter().filter(|account| !is_any_named || is_named(account.id.as_str())) {
        for kind in place.kinds {
            if let ReportTarget::Extension(key) = account.report_target(*kind)
                && !keys.contains(&key)
            {
                keys.push(key);
            }
        }
    }
    keys
}

/// `written`: how the business unit wants its dates.
fn delivery(
    record: &ReportRecord,
    nothing: ReportAnswer,
    written: impl Fn(Timestamp) -> String,
) -> Option<ReportAnswer> {
    let (report, seen) = (record.reports.final_delivery(), record.reports.seen.as_ref());
    if report.is_none() && seen.is_none() {
        return None;
    }
    let answer = match report {
        Some(report) => nothing.with_delivery(report, &written),
        None => nothing,
    };
    Some(match seen {
        Some(seen) => answer.with_seen(written(seen.seen_at)),
        None => answer,
    })
}

#[cfg(test)]
mod tests;
