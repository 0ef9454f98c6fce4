//! Statuses and errors by id (infobip.md 10), as answers and reports show them.

use serde_json::{Value, json};

/// A status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) id: u32,
    pub(super) name: &'static str,
    pub(super) group: u32,
    description: &'static str,
}

const fn status(id: u32, name: &'static str, group: u32, description: &'static str) -> Status {
    Status { id, name, group, description }
}

const STATUSES: &[Status] = &[
    status(2, "DELIVERED_TO_OPERATOR", 3, "Message delivered to operator"),
    status(3, "PENDING_WAITING_DELIVERY", 1, "Message sent, waiting for delivery report"),
    status(4, "UNDELIVERABLE_REJECTED_OPERATOR", 2, "Message rejected by operator"),
    status(5, "DELIVERED_TO_HANDSET", 3, "Message delivered to handset"),
    status(6, "REJECTED_NETWORK", 5, "Network is forbidden"),
    status(7, "PENDING_ENROUTE", 1, "Message sent to next instance"),
    status(8, "REJECTED_PREFIX_MISSING", 5, "Number prefix missing"),
    status(9, "UNDELIVERABLE_NOT_DELIVERED", 2, "Message sent not delivered"),
    status(10, "REJECTED_DND", 5, "Destination on DND list"),
    status(11, "REJECTED_SOURCE", 5, "Invalid Source address"),
    status(12, "REJECTED_NOT_ENOUGH_CREDITS", 5, "Not enough credits"),
    status(13, "REJECTED_SENDER", 5, "By Sender"),
    status(14, "REJECTED_DESTINATION_BLOCKLISTED", 5, "By Destination"),
    status(15, "EXPIRED_EXPIRED", 4, "Message expired"),
    status(17, "REJECTED_PREPAID_PACKAGE_EXPIRED", 5, "Prepaid package expired"),
    status(18, "REJECTED_DESTINATION_NOT_REGISTERED", 5, "Destination not registered"),
    status(19, "REJECTED_ROUTE_NOT_AVAILABLE", 5, "Route not available"),
    status(20, "REJECTED_FLOODING_FILTER", 5, "Rejected flooding"),
    status(21, "REJECTED_SYSTEM_ERROR", 5, "System error"),
    status(23, "REJECTED_DUPLICATE_MESSAGE_ID", 5, "Duplicate message ID"),
    status(24, "REJECTED_INVALID_UDH", 5, "Invalid UDH"),
    status(25, "REJECTED_MESSAGE_TOO_LONG", 5, "Message too long"),
    status(26, "PENDING_ACCEPTED", 1, "Message sent to next instance"),
    status(29, "EXPIRED_DLR_UNKNOWN", 4, "Delivery report unknown"),
    status(31, "UNDELIVERABLE_NOT_SENT", 2, "Message not sent"),
    status(51, "MISSING_TO", 5, "Missing destination"),
    status(52, "REJECTED_DESTINATION", 5, "Invalid destination address"),
    status(56, "REJECTED_INVALID_NOTIFY_URL", 5, "Invalid notify URL"),
    status(77, "REJECTED_MESSAGE_TEXT_TOO_LONG", 5, "Message text too long"),
    status(87, "SIGNALS_BLOCKED", 5, "Message blocked by Signals"),
    status(100, "UNDELIVERABLE_REJECTED_PLATFORM", 5, "Message rejected by the platform"),
];

pub(super) const ACCEPTED: Status = status(26, "PENDING_ACCEPTED", 1, "Message sent to next instance");
/// The same for WhatsApp, Kakao and OMNI.
pub(super) const ENROUTE: Status = status(7, "PENDING_ENROUTE", 1, "Message sent to next instance");
pub(super) const UNDELIVERABLE: Status = status(9, "UNDELIVERABLE_NOT_DELIVERED", 2, "Message sent not delivered");
pub(super) const DELIVERED: Status = status(5, "DELIVERED_TO_HANDSET", 3, "Message delivered to handset");
pub(super) const WAITING: Status =
    status(3, "PENDING_WAITING_DELIVERY", 1, "Message sent, waiting for delivery report");

impl Status {
    pub(super) fn by_id(id: u32) -> Option<Self> {
        STATUSES.iter().find(|status| status.id == id).copied()
    }

    /// Known to be in the table.
    pub(super) fn of(id: u32) -> Self {
        Self::by_id(id).unwrap_or(DELIVERED)
    }

    pub(super) fn group_name(self) -> &'static str {
        match self.group {
            0 => "ACCEPTED",
            1 => "PENDING",
            2 => "UNDELIVERABLE",
            3 => "DELIVERED",
            4 => "EXPIRED",
            _ => "REJECTED",
        }
    }

    pub(super) fn to_json(self) -> Value {
        json!({
            "groupId": self.group,
            "groupName": self.group_name(),
            "id": self.id,
            "name": self.name,
            "description": self.description,
        })
    }

    /// The error that goes with the status in a report of a channel.
    pub(super) fn error_on(self, channel: &str) -> StatusError {
        let is_chat = !matches!(channel, "SMS" | "MMS");
        match self.group {
            1 | 3 => NO_ERROR,
            2 if is_chat => error(1, "HANDSET_ERRORS", 7002, "EC_UNKNOWN_USER", "Unknown user", true),
            2 => error(1, "HANDSET_ERRORS", 27, "EC_ABSENT_SUBSCRIBER", "Absent Subscriber", false),
            4 => error(3, "OPERATOR_ERRORS", 4098, "EC_VP_EXPIRED", "Validity period expired", false),
            _ => error(3, "OPERATOR_ERRORS", 345, "EC_OPERATOR_NOT_FOUND", "Operator not found", true),
        }
    }
}

/// An error of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatusError {
    group: u32,
    group_name: &'static str,
    id: u32,
    name: &'static str,
    description: &'static str,
    is_permanent: bool,
}

const fn error(
    group: u32,
    group_name: &'static str,
    id: u32,
    name: &'static str,
    description: &'static str,
    is_permanent: bool,
) -> StatusError {
    StatusError { group, group_name, id, name, description, is_permanent }
}

const NO_ERROR: StatusError = error(0, "OK", 0, "NO_ERROR", "No Error", false);
pub(super) const INVALID_TEMPLATE_ARGS: StatusError =
    error(1, "HANDSET_ERRORS", 7008, "EC_INVALID_TEMPLATE_ARGS", "Invalid template args", true);
pub(super) const INVALID_TEMPLATE: StatusError =
    error(1, "HANDSET_ERRORS", 7009, "EC_INVALID_TEMPLATE", "Invalid template", true);

impl StatusError {
    pub(super) fn to_json(self) -> Value {
        json!({
            "groupId": self.group,
            "groupName": self.group_name,
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "permanent": self.is_permanent,
        })
    }
}
