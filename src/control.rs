//! The control socket: how the other commands talk to the running server, which holds the store's lock.
//!
//! A Unix socket of mode 0600 in the store's directory. One request, a line of JSON, gets one answer, a line of JSON.
//! The peer must be the server's own user or root: tenants' secrets travel here, and nowhere else.

pub(crate) mod account;
mod client;
mod server;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::domain::ids::Mid;
use crate::domain::secret::Secret;
use crate::domain::tenant::Tenant;

use account::{AccountName, AccountRequest};

pub(crate) use client::call;
pub(crate) use server::ControlServer;

/// Longest request and answer, in bytes with the line's end.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Time for a peer to send its whole request, and to take the whole answer.
const LINE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that a client waits for an answer: a tenant's check calls both platforms.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// Time that requests in flight get to finish once the server stops; then they are dropped, and their peers see the
/// connection close. What the store has committed stays committed.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Peers served at a time; more wait for their turn.
const PEERS_MAX: usize = 16;
/// Longest path of a socket on Linux, in bytes without the closing zero (unix(7)).
const PATH_BYTES_MAX: usize = 107;

/// What a command asks of the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum ControlRequest {
    /// `replace`: a tenant of that MID is there and is to be changed; without it, there must be none. The handler
    /// passes the stored one to [`crate::onboarding::replacing`], which keeps the webhook tokens.
    TenantAdd {
        tenant: Box<Tenant>,
        replace: bool,
    },
    /// Answered with a list of [`crate::onboarding::TenantSummary`].
    TenantList,
    /// Answered with a [`crate::onboarding::TenantView`].
    TenantShow {
        mid: Mid,
    },
    /// Asks both platforms; answered with a [`CheckReport`].
    TenantCheck {
        mid: Mid,
    },
    /// Creates the data extensions that the tenant's accounts report to, where they are missing; answered with a
    /// [`CheckReport`].
    TenantProvision {
        mid: Mid,
    },
    TenantRemove {
        mid: Mid,
    },
    /// Answered with a list of [`QueueSummary`].
    QueueList,
    /// Messages of a tenant that ended here; answered with a list of [`EndedMessage`].
    QueueEnded {
        mid: Mid,
    },
    /// Lets stopped queues of a tenant go on: one, or all. Answered with a list of their numbers.
    QueueRelease {
        mid: Mid,
        queue: Option<u32>,
    },
    /// Rows, posts and events that their target refused; answered with a list of [`RefusedReport`].
    ReportRefused {
        mid: Mid,
    },
    /// Tries what was refused again; answered with their number.
    ReportReplay {
        mid: Mid,
    },
    /// Where Infobip is to bring an account's inbound messages; answered with the URL, which is a secret.
    InboundAddress {
        of: AccountName,
    },
    /// Inbound messages that nobody is known for, the latest; answered with a list of [`UnassignedInbound`].
    InboundUnassigned,
    /// Gives an account those that came to a destination; answered with an [`AssignedInbound`].
    InboundAssign {
        to: AccountName,
        destination: String,
    },
    /// Asks the provider's log for the delivery reports that no webhook has brought; answered with a
    /// [`CatchUpOutcome`].
    ReportCatchUp {
        mid: Mid,
    },
    /// Erases a person from a business unit; answered with an [`ErasureOutcome`].
    Erase {
        mid: Mid,
        person: PersonName,
    },
    /// Answered with a list of [`ErasureSummary`].
    ErasureList {
        mid: Mid,
    },
    /// The erasures of one person; answered with a list of [`ErasureSummary`].
    ErasureCheck {
        mid: Mid,
        person: PersonName,
    },
    /// Wraps all keys of the store by another master key, which the next start needs.
    KeyRotate {
        /// 32 bytes, as [`crate::config::MasterKey`] has them.
        new: Secret,
    },
    /// Asks Infobip what an account has.
    Account {
        of: AccountName,
        request: AccountRequest,
    },
    /// Answered with the activity's JSON.
    ActivityNew(ActivityRequest),
    /// Who has called the running server; answered with a list of [`PeerView`].
    Peers,
    /// Answered with an object; its shape is the server's.
    Status,
}

/// A message that ended here, unsent or refused: a dead letter, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndedMessage {
    pub(crate) message_id: String,
    pub(crate) queue: u32,
    pub(crate) at: String,
    /// Name of the status that its report got.
    pub(crate) status_name: String,
    pub(crate) attempts: u16,
    /// What the last attempt met; empty without one.
    pub(crate) problem: String,
}

/// A report, click or reply whose row was refused, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RefusedReport {
    pub(crate) message_id: String,
    pub(crate) account: String,
    /// Of a report that of its status or `SEEN`; `CLICKED` of a click, `REPLY` of a reply, `EVENT` of the event that
    /// a reply should have fired.
    pub(crate) status_name: String,
    pub(crate) stored_at: String,
    /// What the target said.
    pub(crate) problem: String,
}

/// An inbound message that nobody is known for, for people: neither its text nor its sender's whole number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnassignedInbound {
    pub(crate) received_at: String,
    pub(crate) channel: String,
    /// Our number or sender.
    pub(crate) destination: String,
    /// The last characters of who wrote.
    pub(crate) sender_ends_with: String,
    pub(crate) content_type: String,
}

/// What came of giving unassigned inbound messages to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssignedInbound {
    pub(crate) given: usize,
    /// Tapped buttons, where the business unit takes none as replies.
    pub(crate) left: usize,
}

/// What asking for missing reports came to, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CatchUpOutcome {
    /// Messages without a report that the log was asked for.
    pub(crate) asked: u64,
    /// Reports that it had.
    pub(crate) found: u64,
    /// Messages without a report on channels that have no log.
    pub(crate) without_log: u64,
    /// The minute's lookups were used up before all were asked for.
    pub(crate) stopped_short: bool,
    /// What the log said last when it did not answer; empty when it did.
    pub(crate) problem: String,
}

/// A person, as an operator names them; personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PersonName {
    Phone(Secret),
    ContactKey(Secret),
}

/// What an erasure has removed, for people: numbers of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RemovedRecords {
    pub(crate) waiting_messages: u64,
    pub(crate) finished_messages: u64,
    pub(crate) reports: u64,
    pub(crate) clicks: u64,
    pub(crate) inbound_messages: u64,
    pub(crate) unforwarded_rows: u64,
}

/// What an erasure came to, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErasureOutcome {
    pub(crate) removed: RemovedRecords,
    /// Messages that are perhaps on their way; with any, the erasure is to be repeated.
    pub(crate) unsettled_messages: u64,
    /// What this can't reach, a sentence each.
    pub(crate) remains: Vec<String>,
}

/// That a person was erased, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErasureSummary {
    pub(crate) at: String,
    /// `phone` or `contact key`.
    pub(crate) by: String,
    /// The record's keyed hash of the person, in hexadecimal digits: equal for the same person.
    pub(crate) person: String,
    pub(crate) removed: RemovedRecords,
}

/// An address that has called, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PeerView {
    /// `activities`, `webhooks` or `console`.
    pub(crate) surface: String,
    pub(crate) address: String,
    pub(crate) calls: u64,
    /// Calls that were answered 2xx.
    pub(crate) succeeded: u64,
    /// Calls that the allowlist has refused.
    pub(crate) refused: u64,
    pub(crate) last_seen: String,
    /// Whether the surface's allowlist has it; `None` when there is no list.
    pub(crate) allowed: Option<bool>,
}

/// A queue, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueSummary {
    pub(crate) mid: u64,
    pub(crate) queue: u32,
    pub(crate) activity_id: String,
    pub(crate) journey_id: Option<String>,
    pub(crate) channel: String,
    pub(crate) account: String,
    /// `running`, `paused`, `held`, `cancelled` or `moved`.
    pub(crate) mark: String,
    pub(crate) queued: u64,
    /// As `COUNT/UNIT`.
    pub(crate) speed_limit: Option<String>,
}

/// A saved activity to be written for a journey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ActivityRequest {
    pub(crate) mid: Mid,
    pub(crate) kind: ActivityKind,
    /// Key of the activity in its journey, such as `REST-1`.
    pub(crate) key: String,
    /// In-arguments by their names, without those that the server sets (MID, configuration id, contract version).
    pub(crate) arguments: BTreeMap<String, String>,
}

/// The two activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub(crate) enum ActivityKind {
    /// Sends a message to each contact
    Messaging,
    /// Looks up what became of a message
    Reports,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum ControlAnswer {
    Ok(serde_json::Value),
    Error { code: ErrorCode, sentence: String },
}

/// Why the server refused, by what the caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ErrorCode {
    /// The request can't be read, or is of another version.
    Malformed,
    /// What it names is not there.
    NotFound,
    /// What it would add is there.
    Exists,
    /// It contradicts a rule; the sentence says which.
    Refused,
    /// The server could not do it; trying again may help.
    Failed,
}

impl ControlAnswer {
    /// `value` as JSON.
    pub(crate) fn ok(value: &impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => Self::Ok(value),
            Err(_) => Self::error(ErrorCode::Failed, "the answer can't be written as JSON"),
        }
    }

    pub(crate) fn error(code: ErrorCode, sentence: impl Into<String>) -> Self {
        Self::Error { code, sentence: sentence.into() }
    }
}

/// What a tenant's check found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct CheckReport {
    pub(crate) checks: Vec<Check>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Check {
    /// What was looked at, such as `SFMC token`.
    pub(crate) name: String,
    pub(crate) outcome: CheckOutcome,
    /// What was found, in one sentence; may be empty.
    pub(crate) detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CheckOutcome {
    Ok,
    /// Something must be done.
    Failed,
    /// It can't be tested.
    Unknown,
    /// It is for something that is not used.
    NotNeeded,
}

impl CheckReport {
    pub(crate) fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.outcome != CheckOutcome::Failed)
    }
}

/// Carries out control requests. Implemented by the application, with and without a running server.
pub(crate) trait ControlHandler: Send + Sync + 'static {
    fn handle(&self, request: ControlRequest) -> BoxFuture<'_, ControlAnswer>;
}

/// Why the socket can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// Nobody listens there: the server is not running.
    #[error("no server answers on {path}")]
    NotRunning { path: String },
    #[error("the server on {path} did not answer: {problem}")]
    NoAnswer { path: String, problem: String },
    #[error("another server answers on {path}: one store has one server")]
    InUse { path: String },
    #[error("{path} can't be used as the control socket: {problem}")]
    Unusable { path: String, problem: String },
}

#[cfg(test)]
mod tests;
