//! The demonstration's journeys. Where persons can reply:
//!
//! entry → *Infobip Messaging* → Wait Until Event → with an event *Infobip Reports* (reply) → reply split, and on with
//! the others → *Infobip Reports* (click) → click split → *Infobip Reports* (delivery) → status split.
//!
//! Where they can't, contacts wait for a time instead; without a tracked URL there is nothing to ask about clicks.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::setting::{self, Setting};
use super::show::{self, ENTRY, Show};
use crate::app::AppError;
use crate::control::{ActivityKind, ActivityRequest, ControlRequest};
use crate::domain::extension::INBOUND_MESSAGES;
use crate::domain::report_answer::{AskedKind, CLICKED};
use crate::domain::speed_limit::SpeedLimit;
use crate::sandbox::journey::{Activity, Journey, SplitOperator, SplitRule};

pub(super) const MESSAGING: &str = "REST-1";
const REPLY: &str = "REST-2";
const CLICK: &str = "REST-3";
const DELIVERY: &str = "REST-4";
const WAIT: &str = "WAITBYDURATION-1";
pub(super) const EVENT: &str = "EVENT-1";
pub(super) const REPLY_SPLIT: &str = "MULTICRITERIADECISION-1";
pub(super) const CLICK_SPLIT: &str = "MULTICRITERIADECISION-2";
pub(super) const STATUS_SPLIT: &str = "MULTICRITERIADECISION-3";

/// Branches of the reply split: label, and the whole reply that takes it. Others go to [`OTHERWISE`].
const REPLY_BRANCHES: [(&str, &str); 3] = [("Yes", "YES"), ("No", "no thanks"), ("Stop", "STOP")];
/// The branch of a contact that no rule holds for, or no event came for.
pub(super) const OTHERWISE: &str = "otherwise";
/// The branch of a contact whose event came.
pub(super) const EVENT_CAME: &str = "event";
/// The branch of who clicked.
pub(super) const CLICKED_BRANCH: &str = "Clicked";

/// How one kind of content is sent.
pub(super) struct Pace {
    pub(super) limit: SpeedLimit,
    /// From the entry until the last contact's message has its report, click and reply.
    pub(super) wait: Duration,
}

/// The branch that a reply takes.
pub(super) fn reply_branch(text: &str) -> &'static str {
    REPLY_BRANCHES.iter().find(|(_, reply)| *reply == text).map_or(OTHERWISE, |(label, _)| label)
}

/// The branch that a contact takes by its `messageStatus` and, where its message was accepted, the name of the final
/// status.
pub(super) fn status_branch(message_status: &str, status_name: &str) -> String {
    let holds = |rule: &&StatusRule| {
        let operand = if rule.of_message { message_status } else { status_name };
        if rule.whole { operand == rule.value } else { operand.starts_with(rule.value) }
    };
    STATUS_RULES.iter().find(holds).map_or(OTHERWISE, |rule| rule.label).to_owned()
}

/// Has Waypost write the activities, as its page would, and puts them into a journey.
pub(super) async fn build(setting: &Setting, show: &Show, pace: &Pace) -> Result<Journey, AppError> {
    let name = format!("Waypost demo: {}, {}", show::title(show.channel), show.content);
    let field = |name: &str| format!("{{{{Event.{ENTRY}.{name}}}}}");
    let event = if show.is_two_way() { Some(event_definition(setting, &name)?) } else { None };
    let own = show.arguments.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let event_argument = event.iter().map(|key| ("eventDefinitionKey", key.clone()));
    let common = [
        ("channel", show.channel.name().to_owned()),
        ("account", show.account().to_owned()),
        ("journeyName", name.clone()),
        ("phone1", field("MobilePhone")),
        ("speedLimitCount", pace.limit.count().to_string()),
        ("speedLimitUnit", pace.limit.unit().as_str().to_owned()),
        ("callbackName1", "Locale".to_owned()),
        ("callbackValue1", field("Locale")),
    ];
    let arguments = common.into_iter().chain(own).chain(event_argument);
    let messaging = activity(setting, ActivityKind::Messaging, MESSAGING, arguments).await?;
    let after = if show.is_tracked() { CLICK } else { DELIVERY };
    let mut activities = Vec::new();
    match event {
        Some(event_definition_key) => {
            activities.push(rest(MESSAGING, messaging, EVENT));
            activities.push(Activity::WaitUntilEvent {
                key: EVENT.to_owned(),
                event_definition_key,
                max_wait: pace.wait,
                next: Some(REPLY.to_owned()),
                otherwise: Some(after.to_owned()),
            });
            activities.push(reports(setting, show, AskedKind::Reply, REPLY, REPLY_SPLIT).await?);
            let response = format!("{{{{Interaction.{REPLY}.responseText}}}}");
            let replied = |(label, reply)| rule(label, &response, SplitOperator::Equals, reply, Some(after));
            activities.push(split(REPLY_SPLIT, REPLY_BRANCHES.map(replied).to_vec(), Some(after)));
        }
        None => {
            activities.push(rest(MESSAGING, messaging, WAIT));
            let next = Some(after.to_owned());
            activities.push(Activity::Wait { key: WAIT.to_owned(), duration: pace.wait, next });
        }
    }
    if show.is_tracked() {
        activities.push(reports(setting, show, AskedKind::Click, CLICK, CLICK_SPLIT).await?);
        let operand = format!("{{{{Interaction.{CLICK}.notificationType}}}}");
        let clicked = rule(CLICKED_BRANCH, &operand, SplitOperator::Equals, CLICKED, Some(DELIVERY));
        activities.push(split(CLICK_SPLIT, vec![clicked], Some(DELIVERY)));
    }
    activities.push(reports(setting, show, AskedKind::Delivery, DELIVERY, STATUS_SPLIT).await?);
    activities.push(split(STATUS_SPLIT, status_rules(), None));
    let journey_id = uuid::Uuid::new_v4().to_string();
    Ok(Journey {
        name,
        key: None,
        version_number: 1,
        journey_id: journey_id.clone(),
        original_definition_id: journey_id,
        event_definition_key: ENTRY.to_owned(),
        default_mobile_number: None,
        default_email: None,
        activities,
    })
}

/// Makes the API event that the journey waits for, as *Create New* of Wait Until Event does.
fn event_definition(setting: &Setting, journey: &str) -> Result<String, AppError> {
    let name = format!("Response to {journey}");
    let event = setting.sandbox.sfmc().add_api_event(setting::MID, &name, INBOUND_MESSAGES.external_key);
    event.map(|event| event.event_definition_key).map_err(|error| AppError::Demo(error.to_string()))
}

/// An activity that asks what became of the message.
async fn reports(setting: &Setting, show: &Show, kind: AskedKind, key: &str, next: &str) -> Result<Activity, AppError> {
    let arguments = [
        ("account", show.account().to_owned()),
        ("reportKind", kind.name().to_owned()),
        ("messageId", format!("{{{{Interaction.{MESSAGING}.messageId}}}}")),
    ];
    Ok(rest(key, activity(setting, ActivityKind::Reports, key, arguments).await?, next))
}

fn rest(key: &str, activity: Value, next: &str) -> Activity {
    Activity::Rest { key: key.to_owned(), activity, next: Some(next.to_owned()) }
}

fn split(key: &str, rules: Vec<SplitRule>, otherwise: Option<&str>) -> Activity {
    Activity::DecisionSplit { key: key.to_owned(), rules, otherwise: otherwise.map(str::to_owned) }
}

fn rule(label: &str, operand: &str, operator: SplitOperator, value: &str, next: Option<&str>) -> SplitRule {
    SplitRule {
        label: label.to_owned(),
        operand: operand.to_owned(),
        operator,
        value: value.to_owned(),
        next: next.map(str::to_owned),
    }
}

async fn activity(
    setting: &Setting,
    kind: ActivityKind,
    key: &str,
    arguments: impl IntoIterator<Item = (&str, String)>,
) -> Result<Value, AppError> {
    let arguments: BTreeMap<_, _> = arguments.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let request = ActivityRequest { mid: setting::mid(), kind, key: key.to_owned(), arguments };
    let mut activity = setting.control(ControlRequest::ActivityNew(request)).await?;
    // Journey Builder gives the id when the journey is saved.
    if let Some(activity) = activity.as_object_mut() {
        activity.insert("id".to_owned(), uuid::Uuid::new_v4().to_string().into());
    }
    Ok(activity)
}

/// A rule of the status split.
struct StatusRule {
    label: &'static str,
    /// Compares `messageStatus`; else the final status.
    of_message: bool,
    /// Compares the whole text; else its beginning.
    whole: bool,
    value: &'static str,
}

const fn status_rule(label: &'static str, of_message: bool, whole: bool, value: &'static str) -> StatusRule {
    StatusRule { label, of_message, whole, value }
}

const STATUS_RULES: [StatusRule; 7] = [
    status_rule("No phone number", true, true, "Error: Missing phone number in request"),
    status_rule("Refused", true, false, "Error: "),
    status_rule("Delivered", false, false, "DELIVERED"),
    status_rule("Undeliverable", false, false, "UNDELIVERABLE"),
    status_rule("Rejected", false, false, "REJECTED"),
    status_rule("Expired", false, false, "EXPIRED"),
    status_rule("Not available yet", false, true, "NOT_AVAILABLE"),
];

fn status_rules() -> Vec<SplitRule> {
    let status = format!("{{{{Interaction.{MESSAGING}.messageStatus}}}}");
    let name = format!("{{{{Interaction.{DELIVERY}.statusName}}}}");
    let written = |it: &StatusRule| {
        let operand = if it.of_message { &status } else { &name };
        let operator = if it.whole { SplitOperator::Equals } else { SplitOperator::BeginsWith };
        rule(it.label, operand, operator, it.value, None)
    };
    STATUS_RULES.iter().map(written).collect()
}
