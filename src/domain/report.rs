//! What became of a message: the delivery report, normalised over all of Infobip's shapes (infobip.md 9, 12), how two
//! reports of one message combine, and the report of a message that ended here.

use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::delivery::{GROUP_REJECTED, LocalEnd};
use super::timestamp::Timestamp;

/// A message's status as Infobip names it. Ids and names that are in no table are kept as they come.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub(crate) struct StatusInfo {
    pub(crate) group_id: i32,
    pub(crate) group_name: String,
    pub(crate) id: i32,
    pub(crate) name: String,
    pub(crate) description: String,
}

/// A report's `error` object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ErrorInfo {
    pub(crate) group_id: Option<i32>,
    pub(crate) group_name: Option<String>,
    pub(crate) id: Option<i32>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) permanent: Option<bool>,
}

/// Who says so. A report of Infobip always beats a local one (spec Q5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) enum Origin {
    Local,
    Infobip,
}

/// A delivery report of one message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) struct DeliveryReport {
    // Of two final reports these fields decide which one stands; the derived order compares them first.
    pub(crate) origin: Origin,
    /// Whether the status is final: group 2, 3, 4 or 5.
    pub(crate) is_final: bool,
    pub(crate) done_at: Option<Timestamp>,
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) status: StatusInfo,
    pub(crate) error: Option<ErrorInfo>,
    /// `messageId` as it came.
    pub(crate) message_id: String,
    pub(crate) bulk_id: Option<String>,
    /// The channel that the message really took, as the reports' `channel` column spells it; the message's own where the
    /// report names no other. Empty until [`Self::complete`].
    pub(crate) channel: String,
    /// The recipient; personal data.
    pub(crate) to: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) message_count: Option<u32>,
    /// A decimal number with a point, as text: money is not a float.
    pub(crate) price_per_message: Option<String>,
    pub(crate) price_currency: Option<String>,
    pub(crate) callback_data: Option<String>,
    pub(crate) mcc_mnc: Option<String>,
}

/// The status group DELIVERED (infobip.md 9.2).
const GROUP_DELIVERED: i32 = 3;

/// Whether a status group is final (infobip.md 9.2): UNDELIVERABLE, DELIVERED, EXPIRED or REJECTED.
pub(crate) const fn is_final_group(group_id: i32) -> bool {
    matches!(group_id, 2..=5)
}

/// Whether a status that is known by its names only, such as a row's, is final. Names in no table are taken to be: what
/// is written for a message that is on its way is `PENDING` or `ACCEPTED` (infobip.md 10).
pub(crate) fn is_final_name(group_name: &str, name: &str) -> bool {
    // `PENDING_ACCEPTED` begins with its group's name.
    let group = if group_name.trim().is_empty() { name.split('_').next().unwrap_or_default() } else { group_name };
    let group = group.trim();
    !group.is_empty() && !["PENDING", "ACCEPTED", "OK"].iter().any(|open| group.eq_ignore_ascii_case(open))
}

impl DeliveryReport {
    /// The report of a message that ended here at `now` (spec Q5).
    pub(crate) fn local(end: &LocalEnd, subject: ReportSubject<'_>, now: Timestamp) -> Self {
        let status = local_status(end);
        let error = ErrorInfo {
            group_id: Some(0),
            group_name: Some("OK".into()),
            id: Some(0),
            name: Some("NO_ERROR".into()),
            description: match end {
                LocalEnd::RequestRefused { problem } => Some(problem.clone()),
                _ => Some("No Error".into()),
            },
            permanent: Some(true),
        };
        Self {
            origin: Origin::Local,
            is_final: true,
            done_at: Some(now),
            sent_at: Some(subject.last_attempt_at.unwrap_or(subject.accepted_at)),
            status,
            error: Some(error),
            message_id: subject.message_id.to_owned(),
            bulk_id: Some(subject.bulk_id.to_owned()),
            channel: subject.channel.capability().reported_as.to_owned(),
            to: Some(subject.to.to_owned()),
            sender: Some(subject.sender.to_owned()),
            message_count: Some(0),
            price_per_message: None,
            price_currency: None,
            callback_data: Some(subject.callback_data.to_owned()),
            mcc_mnc: None,
        }
    }

    /// What stands in a row for the delivery report that did not come, of a message that was seen (spec R1): the status
    /// that is known, and what the seen report says.
    pub(crate) fn standing_in(seen: &SeenReport, channel: &str, status: StatusInfo) -> Self {
        Self {
            origin: Origin::Local,
            is_final: false,
            done_at: None,
            sent_at: seen.sent_at,
            status,
            error: None,
            message_id: seen.message_id.clone(),
            bulk_id: None,
            channel: channel.to_owned(),
            to: seen.recipient.clone(),
            sender: seen.sender.clone(),
            message_count: None,
            price_per_message: None,
            price_currency: None,
            callback_data: None,
            mcc_mnc: None,
        }
    }

    /// Fills what the report does not say from the message it is about.
    pub(crate) fn complete(&mut self, subject: ReportSubject<'_>) {
        let fill = |slot: &mut Option<String>, value: &str| {
            // OMNI's sender is the scenario's own: an empty text would keep out what a seen report says.
            if slot.as_deref().is_none_or(str::is_empty) && !value.is_empty() {
                *slot = Some(value.to_owned());
            }
        };
        fill(&mut self.to, subject.to);
        fill(&mut self.sender, subject.sender);
        fill(&mut self.callback_data, subject.callback_data);
        fill(&mut self.bulk_id, subject.bulk_id);
        self.name_channel(subject.channel);
        let sent_at = subject.last_attempt_at.unwrap_or(subject.accepted_at);
        self.sent_at.get_or_insert(sent_at);
    }

    /// Says that the message took its own channel, unless the report named another (infobip.md 12.2).
    pub(crate) fn name_channel(&mut self, own: Channel) {
        if self.channel.is_empty() {
            own.capability().reported_as.clone_into(&mut self.channel);
        }
    }

    /// The report that stands when both are about one message: a final before a pending one, Infobip's before ours,
    /// then the one done later. A pending report makes no row, so it takes away none either (spec R1, Q5). The order
    /// over all fields breaks ties, so that any order of arrival and any repeats end in the same report.
    #[must_use]
    pub(crate) fn combine(self, other: Self) -> Self {
        std::cmp::max_by(self, other, |a, b| a.is_final.cmp(&b.is_final).then_with(|| a.cmp(b)))
    }
}

/// That a person has seen a message (infobip.md 9.3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) struct SeenReport {
    // Of two seen reports the earlier stands; the derived order compares it first.
    pub(crate) seen_at: Timestamp,
    pub(crate) sent_at: Option<Timestamp>,
    /// `messageId` as it came.
    pub(crate) message_id: String,
    /// Who saw it; personal data. Infobip calls it `from`.
    pub(crate) recipient: Option<String>,
    /// Our sender. Infobip calls it `to`.
    pub(crate) sender: Option<String>,
}

/// What arrives about a message that was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Arrived {
    Delivery(Box<DeliveryReport>),
    Seen(SeenReport),
}

impl From<DeliveryReport> for Arrived {
    fn from(report: DeliveryReport) -> Self {
        Self::Delivery(Box::new(report))
    }
}

impl From<SeenReport> for Arrived {
    fn from(report: SeenReport) -> Self {
        Self::Seen(report)
    }
}

impl Arrived {
    pub(crate) fn message_id(&self) -> &str {
        match self {
            Self::Delivery(report) => &report.message_id,
            Self::Seen(report) => &report.message_id,
        }
    }

    /// All that it tells of its message.
    pub(crate) fn reports(self) -> MessageReports {
        match self {
            Self::Delivery(report) => MessageReports { delivery: Some(*report), seen: None },
            Self::Seen(report) => MessageReports { delivery: None, seen: Some(report) },
        }
    }
}

/// All that stands for one message. Any order of arrival and any repeats end in the same value.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct MessageReports {
    pub(crate) delivery: Option<DeliveryReport>,
    pub(crate) seen: Option<SeenReport>,
}

impl MessageReports {
    #[must_use]
    pub(crate) fn combine(self, other: Self) -> Self {
        let delivery = match (self.delivery, other.delivery) {
            (Some(a), Some(b)) => Some(a.combine(b)),
            (a, b) => a.or(b),
        };
        let seen = match (self.seen, other.seen) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { delivery, seen }
    }

    /// What they come to.
    pub(crate) fn standing(&self) -> Standing {
        let outcome = self.final_delivery().map(|report| match (report.status.group_id, report.origin) {
            (GROUP_DELIVERED, _) => Outcome::Delivered,
            (_, Origin::Infobip) => Outcome::Failed,
            (_, Origin::Local) => Outcome::EndedHere,
        });
        Standing { outcome, is_seen: self.seen.is_some() }
    }

    /// The delivery report, when it is final.
    pub(crate) fn final_delivery(&self) -> Option<&DeliveryReport> {
        self.delivery.as_ref().filter(|report| report.is_final)
    }
}

/// What the reports of one message come to, for counting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Standing {
    outcome: Option<Outcome>,
    pub(crate) is_seen: bool,
}

/// A final delivery report, by what it means to a marketer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Delivered,
    Failed,
    EndedHere,
}

impl Standing {
    pub(crate) fn is_delivered(self) -> bool {
        self.outcome == Some(Outcome::Delivered)
    }

    /// Whether it will not be delivered, whoever says so.
    pub(crate) fn is_failed(self) -> bool {
        matches!(self.outcome, Some(Outcome::Failed | Outcome::EndedHere))
    }

    /// Whether Infobip has never said anything final of it: it ended here.
    pub(crate) fn is_ended_here(self) -> bool {
        self.outcome == Some(Outcome::EndedHere)
    }
}

/// What one row of a delivery reports extension is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeliveryRow {
    pub(crate) report: DeliveryReport,
    pub(crate) seen_at: Option<Timestamp>,
}

/// What a report needs to know of its message.
#[derive(Clone, Copy)]
pub(crate) struct ReportSubject<'a> {
    pub(crate) message_id: &'a str,
    pub(crate) bulk_id: &'a str,
    pub(crate) channel: Channel,
    pub(crate) to: &'a str,
    pub(crate) sender: &'a str,
    pub(crate) callback_data: &'a str,
    pub(crate) accepted_at: Timestamp,
    pub(crate) last_attempt_at: Option<Timestamp>,
}

/// The status of a message that was taken and of which nothing else is known (infobip.md 10).
pub(crate) fn pending_accepted() -> StatusInfo {
    StatusInfo {
        group_id: 1,
        group_name: "PENDING".into(),
        id: 26,
        name: "PENDING_ACCEPTED".into(),
        description: "Message sent to next instance".into(),
    }
}

/// The documented table of statuses that Waypost gives itself (spec Q5). Ids from 9000 are ours.
pub(crate) fn local_status(end: &LocalEnd) -> StatusInfo {
    let row = |group_id, group_name: &str, id, name: &str, description: &str| StatusInfo {
        group_id,
        group_name: group_name.into(),
        id,
        name: name.into(),
        description: description.into(),
    };
    let rejected = |id, name: &str, description: &str| row(GROUP_REJECTED, "REJECTED", id, name, description);
    match end {
        LocalEnd::Expired => row(4, "EXPIRED", 15, "EXPIRED_EXPIRED", "Message expired before it could be sent"),
        LocalEnd::Unknown => row(4, "EXPIRED", 29, "EXPIRED_DLR_UNKNOWN", "Outcome unknown, not sent again"),
        LocalEnd::Refused(status) => status.clone(),
        LocalEnd::RequestRefused { .. } => rejected(9_001, "REJECTED_REQUEST", "Infobip refused the request"),
        LocalEnd::Cancelled => rejected(9_002, "REJECTED_CANCELLED", "Cancelled before it was sent"),
        LocalEnd::AccountGone => rejected(9_003, "REJECTED_ACCOUNT_GONE", "The Infobip account was removed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_report() -> impl Strategy<Value = DeliveryReport> {
        (any::<bool>(), 0..6i32, 0..3i32, proptest::option::of(0..4u64), proptest::option::of("[a-c]")).prop_map(
            |(infobip, group_id, id, done, to)| DeliveryReport {
                origin: if infobip { Origin::Infobip } else { Origin::Local },
                is_final: is_final_group(group_id),
                done_at: done.map(Timestamp::from_secs),
                sent_at: None,
                status: StatusInfo { group_id, id, ..StatusInfo::default() },
                error: None,
                message_id: "m".into(),
                bulk_id: None,
                channel: "SMS".into(),
                to,
                sender: None,
                message_count: None,
                price_per_message: None,
                price_currency: None,
                callback_data: None,
                mcc_mnc: None,
            },
        )
    }

    proptest! {
        #[test]
        fn combining_is_commutative_associative_and_idempotent(a in any_report(), b in any_report(), c in any_report()) {
            prop_assert_eq!(a.clone().combine(b.clone()), b.clone().combine(a.clone()));
            prop_assert_eq!(a.clone().combine(b.clone()).combine(c.clone()), a.clone().combine(b.combine(c)));
            prop_assert_eq!(a.clone().combine(a.clone()), a);
        }

        #[test]
        fn a_report_of_infobip_beats_a_local_one(a in any_report(), b in any_report()) {
            if a.origin != b.origin && a.is_final == b.is_final {
                prop_assert_eq!(a.combine(b).origin, Origin::Infobip);
            }
        }

        #[test]
        fn a_final_report_stays_final(a in any_report(), b in any_report()) {
            let is_final = a.is_final || b.is_final;
            prop_assert_eq!(a.combine(b).is_final, is_final);
        }
    }
}
