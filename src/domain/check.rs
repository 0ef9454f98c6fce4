//! A checklist line: what was tried against a platform with a tenant's credentials, and what came of it (spec T1, T2).

use serde::Serialize;

/// One line of the checklist that *Authorize* and *Connect* show.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct CheckLine {
    /// The credential, address or scope, as the platform's own pages call it.
    pub(crate) what: String,
    pub(crate) result: CheckResult,
    /// One sentence for a person: what is wrong and where to change it. Never a secret.
    pub(crate) detail: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CheckResult {
    Ok,
    /// The credential is fine but lacks this.
    Missing,
    /// It was tried and is wrong.
    Failed,
    /// It could not be tried, because something before it failed or no harmless call exists.
    NotTested,
    /// The account does not use what this is for.
    NotNeeded,
}

impl CheckLine {
    pub(crate) fn new(what: impl Into<String>, result: CheckResult, detail: impl Into<String>) -> Self {
        Self { what: what.into(), result, detail: detail.into() }
    }
}

/// Whether nothing on the list stands in the way.
pub(crate) fn passed(lines: &[CheckLine]) -> bool {
    lines.iter().all(|line| matches!(line.result, CheckResult::Ok | CheckResult::NotTested | CheckResult::NotNeeded))
        && lines.iter().any(|line| line.result == CheckResult::Ok)
}
