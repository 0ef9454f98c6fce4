//! Faults on request: what the stand-ins do wrong, how often, and on which paths.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, Timestamp};

/// One way a request can go wrong. In JSON: `{"kind": "rateLimited", "retryAfterSecs": 5}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum FaultKind {
    /// 429, with `Retry-After` when given. SFMC adds error code 50100.
    RateLimited {
        #[serde(default)]
        retry_after_secs: Option<u64>,
    },
    /// SFMC's second 429: error code 50200, "temporarily blocked", no `Retry-After`. On Infobip a plain 429.
    Blocked,
    /// Any other status, with the platform's error body for it: 400, 401, 403, 404, 500, 502, 503 …
    Status { code: u16 },
    /// 401 as for a revoked key or token; a SOAP call gets the fault `Token Expired`.
    Unauthorized,
    /// 403 as for a missing scope.
    Forbidden,
    /// The request is processed normally after this delay on the sandbox's clock. Further faults may still follow.
    Slow { delay_ms: u64 },
    /// The connection is closed before the request is looked at: nothing is processed, counted or recorded.
    ResetBeforeReading,
    /// The request is processed in full, then the connection is closed without an answer: the "maybe sent" case.
    ResetMidway,
    /// HTTP 500 with a SOAP fault of this text (SFMC's SOAP only; elsewhere a plain 500).
    SoapFault { text: String },
    /// HTTP 200 whose `OverallStatus` is an error, with this text; a Create, Update or Delete has it per object as well
    /// (SFMC's SOAP only; elsewhere 400).
    SoapError { text: String },
    /// An asynchronous row request is taken with 202; its processing then stores nothing and ends as `Error`, with this
    /// text for each row (SFMC's only; every other request is answered as usual, but counts).
    AsyncError { text: String },
}

/// A fault with its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub fault: FaultKind,
    /// For how many requests; `None` until cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// Only for requests whose path begins with this; `None` for every request.
    #[serde(default)]
    pub path: Option<String>,
    /// For how long from now, on the sandbox's clock; `None` until used up or cleared.
    #[serde(default)]
    pub for_ms: Option<u64>,
}

impl Fault {
    /// Until cleared, on every path.
    pub fn always(fault: FaultKind) -> Self {
        Self { fault, times: None, path: None, for_ms: None }
    }

    /// For the next `times` requests, on every path.
    pub fn next(times: u32, fault: FaultKind) -> Self {
        Self { fault, times: Some(times), path: None, for_ms: None }
    }

    /// For a time: an outage, a block.
    pub fn lasting(time: Duration, fault: FaultKind) -> Self {
        let for_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { fault, times: None, path: None, for_ms: Some(for_ms) }
    }

    /// Only for requests whose path begins with `path`.
    #[must_use]
    pub fn on(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }
}

/// What a platform's webhooks do wrong. In JSON all fields are optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct WebhookFaults {
    /// No webhook leaves; those due meanwhile are kept and leave when this ends.
    pub off: bool,
    /// Every webhook request is sent twice.
    pub duplicated: bool,
    /// The results that are due together leave in reverse order.
    pub reordered: bool,
    /// Added to the scripted delay of every message accepted from now on.
    pub late_ms: u64,
}

/// What a matching request gets: a delay first, then at most one fault.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) delay: Option<Duration>,
    pub(super) fault: Option<FaultKind>,
}

/// The faults in force on one platform, in the order they were asked for.
pub(super) struct Faults {
    clock: Arc<dyn Clock>,
    list: Mutex<Vec<Ordered>>,
}

/// A fault and, on the steady clock, when it ends by itself.
struct Ordered {
    fault: Fault,
    end: Option<Timestamp>,
}

impl Faults {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, list: Mutex::default() }
    }

    pub(super) fn add(&self, fault: Fault) {
        let end = fault.for_ms.map(|for_ms| self.clock.steady().plus(Duration::from_millis(for_ms)));
        self.lock().push(Ordered { fault, end });
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn in_force(&self) -> Vec<Fault> {
        self.lock().iter().map(|ordered| ordered.fault.clone()).collect()
    }

    /// Uses up one occurrence of every delay and of the first other fault that `path` meets.
    pub(super) fn take(&self, path: &str) -> Verdict {
        let mut verdict = Verdict::default();
        let mut list = self.lock();
        list.retain_mut(|Ordered { fault, .. }| {
            let is_delay = matches!(fault.fault, FaultKind::Slow { .. });
            let matches_path = fault.path.as_deref().is_none_or(|prefix| path.starts_with(prefix));
            if !matches_path || (verdict.fault.is_some() && !is_delay) {
                return true;
            }
            match fault.times.as_mut() {
                Some(0) => return false,
                Some(times) => *times -= 1,
                None => {}
            }
            match &fault.fault {
                FaultKind::Slow { delay_ms } => {
                    let delay = Duration::from_millis(*delay_ms);
                    verdict.delay = Some(verdict.delay.unwrap_or_default() + delay);
                }
                other => verdict.fault = Some(other.clone()),
            }
            fault.times != Some(0)
        });
        verdict
    }

    /// The faults that have not ended by themselves.
    fn lock(&self) -> MutexGuard<'_, Vec<Ordered>> {
        let now = self.clock.steady();
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|ordered| ordered.end.is_none_or(|end| now < end));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    fn none_yet() -> (Faults, Arc<VirtualClock>) {
        let clock = Arc::new(VirtualClock::starting_at(Timestamp::from_secs(1)));
        (Faults::new(clock.clone()), clock)
    }

    #[test]
    fn a_lasting_fault_ends_at_its_time() {
        let (faults, clock) = none_yet();
        faults.add(Fault::lasting(Duration::from_secs(60), FaultKind::Blocked).on("/data/"));
        clock.advance(Duration::from_millis(59_999));
        assert_eq!(faults.take("/data/v1").fault, Some(FaultKind::Blocked));
        assert_eq!(faults.take("/v2/token").fault, None);
        clock.advance(Duration::from_millis(1));
        assert_eq!(faults.take("/data/v1").fault, None);
        assert!(faults.in_force().is_empty());
    }

    #[test]
    fn a_counted_fault_is_used_up_and_the_next_one_follows() {
        let (faults, _) = none_yet();
        faults.add(Fault::next(2, FaultKind::Status { code: 500 }));
        faults.add(Fault::next(1, FaultKind::Forbidden));
        let seen: Vec<_> = (0..4).map(|_| faults.take("/sms/3/messages").fault).collect();
        let server_error = Some(FaultKind::Status { code: 500 });
        assert_eq!(seen, [server_error.clone(), server_error, Some(FaultKind::Forbidden), None]);
    }

    #[test]
    fn a_fault_waits_for_its_path_and_delays_add_up() {
        let (faults, _) = none_yet();
        faults.add(Fault::always(FaultKind::Slow { delay_ms: 10 }));
        faults.add(Fault::next(1, FaultKind::ResetMidway).on("/sms/3/messages"));
        assert_eq!(faults.take("/account/1/balance").fault, None);
        let verdict = faults.take("/sms/3/messages");
        assert_eq!(verdict.fault, Some(FaultKind::ResetMidway));
        assert_eq!(verdict.delay, Some(Duration::from_millis(10)));
        assert_eq!(faults.in_force().len(), 1);
    }

    #[test]
    fn faults_read_from_json_as_documented() {
        let json = r#"{"fault":{"kind":"rateLimited","retryAfterSecs":5},"times":2,"path":"/sms/"}"#;
        let fault: Fault = serde_json::from_str(json).unwrap();
        assert_eq!(fault, Fault::next(2, FaultKind::RateLimited { retry_after_secs: Some(5) }).on("/sms/"));
        let json = r#"{"fault":{"kind":"status","code":503},"forMs":60000}"#;
        let fault: Fault = serde_json::from_str(json).unwrap();
        assert_eq!(fault, Fault::lasting(Duration::from_secs(60), FaultKind::Status { code: 503 }));
    }
}
