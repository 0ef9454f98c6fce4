//! English.

use super::{Branch, KindTexts, ProblemTexts, Texts};
use crate::domain::pace::grouped;
use crate::domain::report_answer::{CLICKED, NO_RESPONSE, NOT_AVAILABLE, NOT_CLICKED, NOT_SEEN, SEEN};

pub(super) const TEXTS: Texts = Texts {
    language: "en-US",
    message_label: "Message activity",
    message_help: "The message of this journey that the report is about.",
    no_messages: "There is no Infobip Messaging activity before this one. Add one to the path in front of it, configure it, and open this activity again.",
    unnamed_message: "Infobip Messaging",
    kind_label: "Report",
    account_label: "Infobip account",
    account_help: "The account that sends the message.",
    choose: "Choose…",
    not_offered: |what| format!("{what}: not available"),
    target_label: "Where these reports are kept",
    to_extension: |keys| {
        format!(
            "This activity answers from Waypost. The reports are also written to the data extension {}.",
            either(keys)
        )
    },
    to_url: |urls| format!("This activity answers from Waypost. The reports are also posted to {}.", either(urls)),
    to_nowhere: "This activity answers from Waypost; the account sends these reports nowhere else.",
    out_arguments_title: "What the journey knows afterwards",
    out_arguments_help: "All of them are texts and always there. Values of the other kinds of report stay empty.",
    name_column: "Attribute",
    meaning_column: "What it holds",
    split_title: "How to branch on it",
    split_steps: &[
        "Put a Decision Split behind this activity and click Edit on a path.",
        "Under Attributes, open Journey Data, then Infobip Reports; if this journey has several, the one of this activity.",
        "Drag the attribute to the canvas, choose the operator, and type the value exactly as it stands here.",
    ],
    when_column: "Contacts",
    attribute_column: "Attribute",
    operator_column: "Operator",
    value_column: "Value",
    wait_title: "Wait before you ask",
    wait_help: &[
        "Reports come when the operator sends them, mostly within minutes. Put a Wait between the message and this activity: a contact who arrives earlier gets what stands for no report.",
        "With a sending speed limit, messages leave over hours or days, but contacts arrive here after the wait alone. Make the wait longer than the time that all messages take.",
    ],
    summary_title: "This activity asks for",
    nothing_chosen: "Nothing chosen yet",
    delivery: KindTexts {
        label: "Delivery report",
        meaning: "Whether the message was delivered, refused or expired, and whether it was seen.",
        needs: "Needs nothing to be set. Seen reports exist on WhatsApp, Viber and RCS.",
        branches: DELIVERY,
    },
    click: KindTexts {
        label: "Click report",
        meaning: "Whether a URL in the message was opened, and which.",
        needs: "Needs URL Shortening & Tracking to be on in the message activity.",
        branches: CLICK,
    },
    reply: KindTexts {
        label: "Reply",
        meaning: "What the contact answered.",
        needs: "Needs a channel with replies: SMS, MMS, WhatsApp, Viber or RCS. To go on as soon as the reply comes, put a Wait Until Event in between and turn on Trigger Event on Response in the message activity.",
        branches: REPLY,
    },
    out_argument: |row| row.meaning,
    problems: PROBLEMS,
};

const EQUALS: &str = "is equal to";
const BEGINS: &str = "begins with";
const CONTAINS: &str = "contains";

const fn branch(when: &'static str, attribute: &'static str, operator: &'static str, value: &'static str) -> Branch {
    Branch { when, attribute, operator, value }
}

// The statuses are the manual's (*Set Up a Decision Split*).
const DELIVERY: &[Branch] = &[
    branch("who got the message", "statusGroupName", EQUALS, "DELIVERED"),
    branch("whose phone has it", "statusName", EQUALS, "DELIVERED_TO_HANDSET"),
    branch("whose operator could not deliver it", "statusName", BEGINS, "UNDELIVERABLE"),
    branch("whose message was rejected", "statusName", BEGINS, "REJECTED"),
    branch("whose message expired", "statusName", BEGINS, "EXPIRED"),
    branch("without a report yet", "statusName", EQUALS, NOT_AVAILABLE),
    branch("who have seen it", "seenAt", EQUALS, SEEN),
    branch("who have not", "seenAt", EQUALS, NOT_SEEN),
    branch("whose message still waits to be sent", "queueStatus", EQUALS, "QUEUED"),
];

const CLICK: &[Branch] = &[
    branch("who opened a URL", "notificationType", EQUALS, CLICKED),
    branch("who opened this URL, as the message has it", "url", EQUALS, "https://www.example.com"),
    branch("who opened none", "url", EQUALS, NOT_CLICKED),
];

const REPLY: &[Branch] = &[
    branch("who answered this, for example", "responseText", CONTAINS, "YES"),
    branch("who did not answer", "responseText", EQUALS, NO_RESPONSE),
];

const PROBLEMS: ProblemTexts = ProblemTexts {
    no_messages: "There is no Infobip Messaging activity before this one: add and configure one first.",
    no_message: "Choose the message activity that the report is about.",
    no_expression: "The message id is not taken from a message activity of this journey: choose one.",
    message_gone: |key| format!("The message activity {key} is not in this journey any more: choose another one."),
    no_message_activity: |name| format!("{name} is no Infobip Messaging activity: choose one."),
    not_earlier: |name| {
        format!(
            "No path leads from {name} to this activity, so no contact brings its message: choose another one, or move this activity behind it."
        )
    },
    unknown_kind: "Choose the kind of report.",
    no_account: "Choose the Infobip account that sends the message.",
    unknown_account: |label| format!("The business unit has no Infobip account {label}: choose another one."),
    journey_unknown: "Journey Builder did not say which activities the journey has, so it could not be checked that the message activity is still there.",
    not_configured: |name| format!("{name} is not configured yet: open it and save it."),
    other_account: |name, label| format!("{name} is sent by the account {label}: its reports are that account's."),
    no_replies: |channel| format!("{channel} has no replies: the answer will always be {NO_RESPONSE}."),
    cannot_track: |channel| format!("URLs are not tracked on {channel}: the answer will always be {NOT_CLICKED}."),
    not_shortened: |name| {
        format!(
            "URL Shortening & Tracking is off in {name}: turn it on there, or the answer will always be {NOT_CLICKED}."
        )
    },
    not_tracked: |name| {
        format!("Clicks are not reported in {name}: turn that on there, or the answer will always be {NOT_CLICKED}.")
    },
    no_wait: |name| {
        format!("There is no wait between {name} and this activity: contacts will arrive before their reports.")
    },
    waits: |secs| format!("Contacts wait at least {} in between.", duration(secs)),
    paced: |count, unit, wait| {
        let (count, unit) = (grouped(count.into()), unit.to_ascii_lowercase());
        match wait {
            Some((secs, sent)) => format!(
                "The message has a sending speed limit of {count} per {unit}: within the wait of {} about {} are sent; contacts beyond arrive here before their message has left.",
                duration(secs),
                grouped(sent)
            ),
            None => format!(
                "The message has a sending speed limit of {count} per {unit}: make the wait longer than the time that all messages take."
            ),
        }
    },
    paced_audience: |contacts, secs| {
        format!("The {} expected contacts take about {}.", grouped(contacts), duration(secs))
    },
};

fn either(names: &[&str]) -> String {
    names.join(" or ")
}

/// To the larger unit that says it well.
fn duration(secs: u64) -> String {
    let (count, unit) = match secs {
        0..120 => (secs, "second"),
        120..7_200 => (secs / 60, "minute"),
        7_200..172_800 => (secs / 3_600, "hour"),
        _ => (secs / 86_400, "day"),
    };
    let (count, unit) = match (secs, count) {
        (60, _) => (1, "minute"),
        (3_600, _) => (1, "hour"),
        (86_400, _) => (1, "day"),
        _ => (count, unit),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{} {unit}s", grouped(count)) }
}
