//! What to do after an attempt: retry, split, hold, give up. Decisions as values; nothing here waits or sends.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::MessageId;
use super::message::{Message, Progress};
use super::report::{DeliveryReport, StatusInfo};
use super::timestamp::Timestamp;

/// First pause before a retry; each further one is twice as long.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// Longest pause between two attempts, without `Retry-After`.
const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// `Retry-After` beyond this is taken as this: a header must not park a queue for a day.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);
/// No [`backoff`] is longer.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(3_602);

/// Failures in a row that open an account's breaker.
const BREAKER_THRESHOLD: u32 = 5;
/// How long the breaker stays open first; each failed probe doubles it.
const BREAKER_OPEN_FIRST: Duration = Duration::from_secs(5);
const BREAKER_OPEN_MAX: Duration = Duration::from_secs(60);

/// Why a request brought no answer per message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SendFailure {
    /// Surely not sent: nothing was written, or the provider answered 429 or 5xx. To be retried.
    NotSent { retry_after: Option<Duration>, problem: String },
    /// The request itself was refused (400, 413): one of its messages is guilty.
    Refused { problem: String },
    /// The account can't send until someone repairs it: its queues are held, nothing is dropped (spec Q4).
    Hold { reason: HoldReason, problem: String },
    /// Written without an answer: nobody knows (spec Q6b).
    MaybeSent { problem: String },
}

/// Why an account's queues are held.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum HoldReason {
    /// 401.
    KeyRefused,
    /// 403.
    ScopeMissing,
    /// 404, a redirect, and any other 4xx that is not about a message.
    WrongAddress,
    /// Status 12 or 17.
    NoCredit,
}

impl HoldReason {
    /// One sentence for the operator.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::KeyRefused => {
                "Infobip refuses the API key (401): give the account a valid key, then check the tenant"
            }
            Self::ScopeMissing => "the API key lacks a scope (403): add it at Infobip, then check the tenant",
            Self::WrongAddress => "the base URL does not lead to Infobip's endpoint: correct it, then check the tenant",
            Self::NoCredit => "the Infobip account has no credit: top it up, then check the tenant",
        }
    }
}

/// The provider's answer for one message of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageAnswer {
    /// As the provider wrote it; ours when it is one of the request's.
    pub(crate) message_id: String,
    pub(crate) status: StatusInfo,
}

/// What an answer means for its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    Accepted,
    /// A refusal inside a 200 is final (spec Q4).
    Refused,
    /// No credit: the message stays, the account is held.
    Hold(HoldReason),
}

/// Status group REJECTED (infobip.md 10).
pub(crate) const GROUP_REJECTED: i32 = 5;
/// `REJECTED_DUPLICATE_MESSAGE_ID`.
const STATUS_DUPLICATE: i32 = 23;
/// `REJECTED_NOT_ENOUGH_CREDITS` and `REJECTED_PREPAID_PACKAGE_EXPIRED`.
const STATUS_NO_CREDIT: [i32; 2] = [12, 17];

/// Judges a message's status in a 200. `is_repeat`: this message id was written to the provider before.
pub(crate) fn judge(status: &StatusInfo, is_repeat: bool) -> Judgement {
    match status.group_id {
        GROUP_REJECTED if status.id == STATUS_DUPLICATE && is_repeat => Judgement::Accepted,
        GROUP_REJECTED if STATUS_NO_CREDIT.contains(&status.id) => Judgement::Hold(HoldReason::NoCredit),
        GROUP_REJECTED => Judgement::Refused,
        _ => Judgement::Accepted,
    }
}

/// The pause before the next attempt after `attempts` failed ones. `jitter` is uniform in 0..=255 and takes up to half
/// of the pause away, so that queues which failed together don't come back together.
pub(crate) fn backoff(attempts: u16, retry_after: Option<Duration>, jitter: u8) -> Duration {
    if let Some(asked) = retry_after {
        // Never earlier than asked; a little spread after it.
        return asked.min(RETRY_AFTER_MAX) + Duration::from_millis(u64::from(jitter) * 4);
    }
    let doublings = u32::from(attempts.saturating_sub(1)).min(16);
    let full = BACKOFF_FIRST.saturating_mul(1 << doublings).min(BACKOFF_MAX);
    full - full / 2 * u32::from(jitter) / 255
}

/// Whether a message's time is over at `now` (spec Q4): its validity runs from the first attempt, never from
/// acceptance; the activity's latest send time always counts.
pub(crate) fn is_expired(message: &Message, progress: &Progress, now: Timestamp) -> bool {
    let validity = Duration::from_secs(u64::from(message.validity_minutes) * 60);
    let spent = progress.first_attempt_at.is_some_and(|first| first.plus(validity) <= now);
    spent || message.latest_send_at.is_some_and(|latest| latest < now)
}

/// A hold uses nothing of the validity up: when its account or queue went on at `released_at`, it runs anew from there.
pub(crate) fn restart_validity(progress: &mut Progress, released_at: Option<Timestamp>) {
    if let (Some(first), Some(released_at)) = (progress.first_attempt_at, released_at) {
        progress.first_attempt_at = Some(first.max(released_at));
    }
}

/// What is left of a message's validity at `now`, in whole minutes, at least 1; `None` when it is the platform's own
/// 48 hours, which needs no saying.
pub(crate) fn remaining_validity_minutes(message: &Message, progress: &Progress, now: Timestamp) -> Option<u16> {
    let spent = progress.first_attempt_at.map_or(0, |first| now.since(first).as_secs() / 60);
    let left = u64::from(message.validity_minutes).saturating_sub(spent).max(1);
    let left = u16::try_from(left).unwrap_or(u16::MAX);
    (left < super::message::VALIDITY_MINUTES_MAX).then_some(left)
}

/// How a message ended here, without the provider (spec Q5). Each becomes a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum LocalEnd {
    /// Its validity or latest send time passed.
    Expired,
    /// The provider refused the request because of it.
    RequestRefused { problem: String },
    /// The provider refused it inside a 200.
    Refused(StatusInfo),
    /// Cancelled by `stop` or an operator.
    Cancelled,
    /// Perhaps sent; the account's setting says not to repeat.
    Unknown,
    /// Its account or business unit is gone.
    AccountGone,
}

/// A circuit breaker of one account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Open {
    until: Timestamp,
    lasts: Duration,
    probing: bool,
    /// The provider said so itself; then an answer to an older request does not close the breaker.
    asked: bool,
}

/// Whether a request may go out now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Permission {
    Go,
    /// One request, to find out whether the provider is back.
    Probe,
    WaitUntil(Timestamp),
}

impl Breaker {
    /// Asks for permission; a [`Permission::Probe`] is given once until its result is told.
    pub(crate) fn permission(&mut self, now: Timestamp) -> Permission {
        match &mut self.open {
            None => Permission::Go,
            Some(open) if open.until > now => Permission::WaitUntil(open.until),
            Some(open) if open.probing => Permission::WaitUntil(now.plus(BREAKER_OPEN_FIRST)),
            Some(open) => {
                open.probing = true;
                Permission::Probe
            }
        }
    }

    /// The provider asked to be left alone until then.
    pub(crate) fn leave_alone(&mut self, until: Timestamp) {
        let (lasts, known) = self.open.map_or((BREAKER_OPEN_FIRST, until), |open| (open.lasts, open.until.max(until)));
        self.open = Some(Open { until: known, lasts, probing: false, asked: true });
    }

    pub(crate) fn succeeded(&mut self, now: Timestamp) {
        if self.open.is_none_or(|open| !open.asked || open.until <= now) {
            *self = Self::default();
        }
    }

    /// Tells of a failure that says something about the provider, not about a message.
    pub(crate) fn failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        match &mut self.open {
            Some(open) if open.probing => {
                let lasts = (open.lasts * 2).min(BREAKER_OPEN_MAX);
                *open = Open { until: now.plus(lasts), lasts, probing: false, asked: false };
            }
            Some(_) => {}
            None if self.failures >= BREAKER_THRESHOLD => {
                let lasts = BREAKER_OPEN_FIRST;
                self.open = Some(Open { until: now.plus(lasts), lasts, probing: false, asked: false });
            }
            None => {}
        }
    }

    /// A permission was not used: whoever comes next may probe.
    pub(crate) fn not_asked(&mut self) {
        if let Some(open) = &mut self.open {
            open.probing = false;
        }
    }
}

/// What the provider's log said about a message (spec Q6b).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LogEntry {
    pub(crate) message_id: MessageId,
    /// All that the log tells, as a delivery report; not final while the message is under way.
    pub(crate) report: DeliveryReport,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn status(group_id: i32, id: i32) -> StatusInfo {
        StatusInfo { group_id, id, ..StatusInfo::default() }
    }

    #[test]
    fn a_duplicate_is_accepted_only_on_a_repeat() {
        assert_eq!(judge(&status(5, 23), true), Judgement::Accepted);
        assert_eq!(judge(&status(5, 23), false), Judgement::Refused);
        assert_eq!(judge(&status(5, 12), false), Judgement::Hold(HoldReason::NoCredit));
        assert_eq!(judge(&status(5, 17), true), Judgement::Hold(HoldReason::NoCredit));
        assert_eq!(judge(&status(5, 8), false), Judgement::Refused);
        assert_eq!(judge(&status(1, 26), false), Judgement::Accepted);
    }

    #[test]
    fn the_breaker_opens_probes_and_closes() {
        let start = Timestamp::from_secs(1_000);
        let mut breaker = Breaker::default();
        for _ in 0..BREAKER_THRESHOLD - 1 {
            breaker.failed(start);
        }
        assert_eq!(breaker.permission(start), Permission::Go);
        breaker.failed(start);
        let until = start.plus(BREAKER_OPEN_FIRST);
        assert_eq!(breaker.permission(start), Permission::WaitUntil(until));
        assert_eq!(breaker.permission(until), Permission::Probe);
        assert!(matches!(breaker.permission(until), Permission::WaitUntil(_)));
        breaker.failed(until);
        assert_eq!(breaker.permission(until), Permission::WaitUntil(until.plus(BREAKER_OPEN_FIRST * 2)));
        breaker.succeeded(until);
        assert_eq!(breaker.permission(until), Permission::Go);
    }

    #[test]
    fn who_asks_to_be_left_alone_is_until_then_and_no_longer() {
        let start = Timestamp::from_secs(1_000);
        let until = start.plus(Duration::from_secs(20));
        let mut breaker = Breaker::default();
        breaker.leave_alone(until);
        // An older request is answered meanwhile.
        breaker.succeeded(start);
        assert_eq!(breaker.permission(start), Permission::WaitUntil(until));
        assert_eq!(breaker.permission(until), Permission::Probe);
        breaker.succeeded(until);
        assert_eq!(breaker.permission(until), Permission::Go);
    }

    proptest! {
        #[test]
        fn backoff_stays_between_half_and_the_whole(attempts: u16, jitter: u8) {
            let pause = backoff(attempts, None, jitter);
            prop_assert!(pause >= BACKOFF_FIRST / 2 && pause <= BACKOFF_MAX);
        }

        #[test]
        fn retry_after_is_never_cut_short(secs in 0u64..3_600, jitter: u8) {
            let pause = backoff(1, Some(Duration::from_secs(secs)), jitter);
            prop_assert!((Duration::from_secs(secs)..=PAUSE_MAX).contains(&pause));
        }
    }
}
