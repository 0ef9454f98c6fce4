//! The demonstration's journeys: entry → *Infobip Messaging* → wait → *Infobip Reports* → decision split.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::setting::{self, Setting};
use super::show::{self, ENTRY, Show};
use crate::app::AppError;
use crate::control::{ActivityKind, ActivityRequest, ControlRequest};
use crate::domain::speed_limit::SpeedLimit;
use crate::sandbox::journey::{Activity, Journey, SplitOperator, SplitRule};

pub(super) const MESSAGING: &str = "REST-1";
pub(super) const REPORTS: &str = "REST-2";
const WAIT: &str = "WAITBYDURATION-1";
pub(super) const SPLIT: &str = "MULTICRITERIADECISION-1";

/// Has Waypost write both activities, as its page would, and puts them into a journey.
pub(super) async fn build(
    setting: &Setting,
    show: &Show,
    limit: SpeedLimit,
    wait: Duration,
) -> Result<Journey, AppError> {
    let name = format!("Waypost demo: {}, {}", show::title(show.channel), show.content);
    let field = |name: &str| format!("{{{{Event.{ENTRY}.{name}}}}}");
    let own = show.arguments.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let common = [
        ("channel", show.channel.name().to_owned()),
        ("account", show.account().to_owned()),
        ("journeyName", name.clone()),
        ("phone1", field("MobilePhone")),
        ("speedLimitCount", limit.count().to_string()),
        ("speedLimitUnit", limit.unit().as_str().to_owned()),
        ("callbackName1", "Locale".to_owned()),
        ("callbackValue1", field("Locale")),
    ];
    let reports = [
        ("account", show.account().to_owned()),
        ("reportKind", "DELIVERY".to_owned()),
        ("messageId", format!("{{{{Interaction.{MESSAGING}.messageId}}}}")),
    ];
    let messaging = activity(setting, ActivityKind::Messaging, MESSAGING, common.into_iter().chain(own)).await?;
    let reports = activity(setting, ActivityKind::Reports, REPORTS, reports).await?;
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
        activities: vec![
            Activity::Rest { key: MESSAGING.to_owned(), activity: messaging, next: Some(WAIT.to_owned()) },
            Activity::Wait { key: WAIT.to_owned(), duration: wait, next: Some(REPORTS.to_owned()) },
            Activity::Rest { key: REPORTS.to_owned(), activity: reports, next: Some(SPLIT.to_owned()) },
            Activity::DecisionSplit { key: SPLIT.to_owned(), rules: rules(), otherwise: None },
        ],
    })
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

fn rules() -> Vec<SplitRule> {
    let rule = |label: &str, operand: &str, operator, value: &str| SplitRule {
        label: label.to_owned(),
        operand: operand.to_owned(),
        operator,
        value: value.to_owned(),
        next: None,
    };
    let status = "{{Interaction.REST-1.messageStatus}}";
    let name = "{{Interaction.REST-2.statusName}}";
    vec![
        rule("No phone number", status, SplitOperator::Equals, "Error: Missing phone number in request"),
        rule("Refused", status, SplitOperator::BeginsWith, "Error: "),
        rule("Delivered", name, SplitOperator::BeginsWith, "DELIVERED"),
        rule("Undeliverable", name, SplitOperator::BeginsWith, "UNDELIVERABLE"),
        rule("Rejected", name, SplitOperator::BeginsWith, "REJECTED"),
        rule("Expired", name, SplitOperator::BeginsWith, "EXPIRED"),
        rule("Not available yet", name, SplitOperator::Equals, "NOT_AVAILABLE"),
    ]
}
