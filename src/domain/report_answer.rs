//! What the reports activity answers (spec R4): its out-arguments, and what stands in them when there is nothing to
//! tell. **This is a public contract**: decision splits compare these texts to the letter.

use super::click::Click;
use super::inbound::InboundMessage;
use super::report::DeliveryReport;
use super::timestamp::Timestamp;

/// `statusName` and `statusGroupName` without a final report (the manual, *Get message report*).
pub(crate) const NOT_AVAILABLE: &str = "NOT_AVAILABLE";
/// `seenAt`, one of two.
pub(crate) const SEEN: &str = "SEEN";
pub(crate) const NOT_SEEN: &str = "NOT_SEEN";
/// `notificationType` of a click.
pub(crate) const CLICKED: &str = "CLICKED";
/// `url` and `notificationType` without a click (the manual, *Get message report*).
pub(crate) const NOT_CLICKED: &str = "NOT_CLICKED";
/// `responseText` without a reply.
pub(crate) const NO_RESPONSE: &str = "NO_RESPONSE";

/// What the activity is configured to ask for: in-argument `reportKind`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum AskedKind {
    #[default]
    Delivery,
    Click,
    Reply,
}

impl AskedKind {
    pub(crate) const ALL: [Self; 3] = [Self::Delivery, Self::Click, Self::Reply];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delivery => "DELIVERY",
            Self::Click => "CLICK",
            Self::Reply => "REPLY",
        }
    }

    /// In any case; `None` for a kind that this version does not know.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name.trim()))
    }
}

/// `queueStatus`: where the message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum QueueStatus {
    Queued,
    Held,
    Sent,
    /// Of a contact whose message was refused before the queue, of one that ended here, and of an id that nobody knows.
    NotSent,
}

/// What is known of the message that is asked about: what [`QueueStatus`] follows from, whatever the kind of report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// No message id came: its contact was refused before the queue, or the activity names no message.
    NoMessage,
    /// In the queue; `stopped` says that nothing of it goes now.
    Waiting { stopped: bool },
    /// The provider took it, or has reported of it.
    Sent,
    /// It ended here: refused, expired, cancelled, or erased while it waited.
    Ended,
    /// An id of ours whose message is not here any more. All that waits is here: what is gone went by its retention time,
    /// by an erasure or with a restore, after it had left the queue.
    Gone,
    /// An id that Waypost never gave, and whether anybody has a report of it; `None` when that could not be asked.
    Foreign { reported: Option<bool> },
}

impl QueueStatus {
    /// The one rule of `queueStatus`.
    pub(crate) fn of(standing: Standing) -> Self {
        match standing {
            Standing::Waiting { stopped: false } => Self::Queued,
            Standing::Waiting { stopped: true } => Self::Held,
            Standing::Sent | Standing::Gone | Standing::Foreign { reported: None | Some(true) } => Self::Sent,
            Standing::NoMessage | Standing::Ended | Standing::Foreign { reported: Some(false) } => Self::NotSent,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Held => "HELD",
            Self::Sent => "SENT",
            Self::NotSent => "NOT_SENT",
        }
    }
}

/// The out-arguments: all text, all always answered. What another kind would fill is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct ReportAnswer {
    pub(crate) status_name: String,
    pub(crate) status_group_name: String,
    pub(crate) error_name: String,
    pub(crate) done_at: String,
    pub(crate) sent_at: String,
    pub(crate) seen_at: &'static str,
    pub(crate) seen_time: String,
    pub(crate) notification_type: String,
    pub(crate) url: String,
    pub(crate) response_text: String,
    pub(crate) response_time: String,
    pub(crate) queue_status: &'static str,
}

/// One out-argument.
pub(crate) struct OutArgumentRow {
    pub(crate) name: &'static str,
    /// The kind that fills it; `None` for each.
    pub(crate) kind: Option<AskedKind>,
    pub(crate) meaning: &'static str,
    pub(crate) value: fn(&ReportAnswer) -> &str,
}

const fn row(
    name: &'static str,
    kind: Option<AskedKind>,
    meaning: &'static str,
    value: fn(&ReportAnswer) -> &str,
) -> OutArgumentRow {
    OutArgumentRow { name, kind, meaning, value }
}

const DELIVERY: Option<AskedKind> = Some(AskedKind::Delivery);
const CLICK: Option<AskedKind> = Some(AskedKind::Click);
const REPLY: Option<AskedKind> = Some(AskedKind::Reply);

/// All out-arguments, in the order of config.json. `waypost activity contract` prints them, and README.md repeats them.
pub(crate) const OUT_ARGUMENTS: [OutArgumentRow; 12] = [
    row(
        "statusName",
        DELIVERY,
        "Infobip's name of the final status, to the letter; `NOT_AVAILABLE` without one",
        |a| &a.status_name,
    ),
    row(
        "statusGroupName",
        DELIVERY,
        "`DELIVERED`, `UNDELIVERABLE`, `EXPIRED` or `REJECTED`; `NOT_AVAILABLE` without a final status",
        |a| &a.status_group_name,
    ),
    row("errorName", DELIVERY, "Infobip's name of the error, `NO_ERROR` when it says so; else empty", |a| {
        &a.error_name
    }),
    row("doneAt", DELIVERY, "When the final status came about; else empty", |a| &a.done_at),
    row("sentAt", DELIVERY, "When the message was sent; empty without a final status", |a| &a.sent_at),
    row("seenAt", DELIVERY, "`SEEN` or `NOT_SEEN`", |a| a.seen_at),
    row("seenTime", DELIVERY, "When the message was seen; else empty", |a| &a.seen_time),
    row("notificationType", CLICK, "`CLICKED`, or `NOT_CLICKED`", |a| &a.notification_type),
    row("url", CLICK, "The original URL of the newest click; `NOT_CLICKED` without one", |a| &a.url),
    row("responseText", REPLY, "The text of the newest reply; `NO_RESPONSE` without one", |a| &a.response_text),
    row("responseTime", REPLY, "When that reply came; else empty", |a| &a.response_time),
    row(
        "queueStatus",
        None,
        "Where the message is: `QUEUED` while it waits for its turn, `HELD` while nothing is sent from its queue, `SENT` once Infobip has it, `NOT_SENT` when it will never go: its contact was refused, it expired or was cancelled or erased while it waited, or its id is unknown",
        |a| a.queue_status,
    ),
];

impl ReportAnswer {
    /// What a kind answers when there is nothing to tell.
    pub(crate) fn without(kind: AskedKind, queue_status: QueueStatus) -> Self {
        let nothing = Self { queue_status: queue_status.name(), ..Self::default() };
        match kind {
            AskedKind::Delivery => Self {
                status_name: NOT_AVAILABLE.into(),
                status_group_name: NOT_AVAILABLE.into(),
                seen_at: NOT_SEEN,
                ..nothing
            },
            AskedKind::Click => Self { notification_type: NOT_CLICKED.into(), url: NOT_CLICKED.into(), ..nothing },
            AskedKind::Reply => Self { response_text: NO_RESPONSE.into(), ..nothing },
        }
    }

    /// With a final delivery report. `written` is how the business unit wants its dates.
    #[must_use]
    pub(crate) fn with_delivery(self, report: &DeliveryReport, written: impl Fn(Timestamp) -> String) -> Self {
        let error_name = report.error.as_ref().and_then(|error| error.name.clone());
        Self {
            status_name: report.status.name.clone(),
            status_group_name: report.status.group_name.clone(),
            error_name: error_name.unwrap_or_default(),
            done_at: report.done_at.map(&written).unwrap_or_default(),
            sent_at: report.sent_at.map(&written).unwrap_or_default(),
            ..self
        }
    }

    /// Of a message that was seen; also before its delivery report has come.
    #[must_use]
    pub(crate) fn with_seen(self, seen_time: String) -> Self {
        Self { seen_at: SEEN, seen_time, ..self }
    }

    #[must_use]
    pub(crate) fn with_click(self, click: &Click) -> Self {
        // A click without its URL is one all the same.
        let url = click.url.clone().unwrap_or_default();
        Self { notification_type: click.notification_type.clone(), url, ..self }
    }

    #[must_use]
    pub(crate) fn with_reply(self, reply: &InboundMessage, written: impl Fn(Timestamp) -> String) -> Self {
        Self { response_text: reply.text.clone(), response_time: written(reply.received_at), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_fills_its_own_arguments_and_no_others() {
        for kind in AskedKind::ALL {
            let answer = ReportAnswer::without(kind, QueueStatus::Sent);
            for row in &OUT_ARGUMENTS {
                let value = (row.value)(&answer);
                let is_its_own = row.kind.is_none_or(|own| own == kind);
                assert!(is_its_own || value.is_empty(), "{} of {kind:?} is {value}", row.name);
            }
        }
    }

    #[test]
    fn what_stands_for_nothing_is_the_manual_s() {
        let values = |kind| {
            let answer = ReportAnswer::without(kind, QueueStatus::NotSent);
            OUT_ARGUMENTS
                .iter()
                .map(|row| (row.value)(&answer).to_owned())
                .filter(|v| !v.is_empty())
                .collect::<Vec<_>>()
        };
        assert_eq!(values(AskedKind::Delivery), ["NOT_AVAILABLE", "NOT_AVAILABLE", "NOT_SEEN", "NOT_SENT"]);
        assert_eq!(values(AskedKind::Click), ["NOT_CLICKED", "NOT_CLICKED", "NOT_SENT"]);
        assert_eq!(values(AskedKind::Reply), ["NO_RESPONSE", "NOT_SENT"]);
    }

    #[test]
    fn kinds_are_read_in_any_case_and_others_are_none() {
        assert_eq!(AskedKind::by_name(" click "), Some(AskedKind::Click));
        assert_eq!(AskedKind::by_name("OPENED"), None);
    }
}
