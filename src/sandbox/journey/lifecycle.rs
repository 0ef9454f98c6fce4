//! save, validate, publish and stop: unsigned JSON, whatever `useJwt` says (sfmc.md 2.3).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::execute::root_cause;
use super::{Activity, Journey, JourneyError};
use crate::clock::Clock;

/// An endpoint that takes longer counts as failed.
const TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "activityObjectID")]
    activity_object_id: &'a str,
    #[serde(rename = "interactionId")]
    interaction_id: &'a str,
    #[serde(rename = "originalDefinitionId")]
    original_definition_id: &'a str,
    #[serde(rename = "interactionKey")]
    interaction_key: &'a str,
    #[serde(rename = "interactionVersion")]
    interaction_version: String,
    #[serde(rename = "isPublished", skip_serializing_if = "Option::is_none")]
    is_published: Option<bool>,
}

/// An answer other than 200, or none.
#[derive(Debug)]
pub(in crate::sandbox) enum Refusal {
    /// The status and the body.
    Answered(u16, String),
    /// No answer: why.
    Failed(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status, text) => write!(f, "status {status}: {text}"),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

/// Calls `call` of every custom activity that has a URL for it. The first answer that is not 200 ends it.
pub(super) async fn call_all(
    client: &reqwest::Client,
    clock: &Arc<dyn Clock>,
    journey: &Journey,
    ids: &[String],
    call: &'static str,
) -> Result<(), JourneyError> {
    for (activity, id) in journey.activities.iter().zip(ids) {
        let Activity::Rest { key, activity, .. } = activity else { continue };
        if let Err(refusal) = call_one(client, clock, journey, activity, id, call).await {
            return Err(JourneyError::Blocked { activity: key.clone(), call, answer: refusal.to_string() });
        }
    }
    Ok(())
}

/// Calls `call` of one custom activity; without a URL for it there is nothing to call.
pub(in crate::sandbox) async fn call_one(
    client: &reqwest::Client,
    clock: &Arc<dyn Clock>,
    journey: &Journey,
    activity: &Value,
    id: &str,
    call: &'static str,
) -> Result<(), Refusal> {
    let target = activity.pointer(&format!("/configurationArguments/{call}"));
    // Journey Builder stores `""` for an unused one.
    let url = target.and_then(|target| target.get("url")).and_then(Value::as_str).filter(|url| !url.is_empty());
    let Some(url) = url else { return Ok(()) };
    let body = Body {
        activity_object_id: id,
        interaction_id: &journey.journey_id,
        original_definition_id: &journey.original_definition_id,
        interaction_key: journey.key(),
        interaction_version: journey.version_number.to_string(),
        is_published: (call == "publish").then_some(true),
    };
    let request = async {
        let sent = client.post(url).json(&body).send().await?;
        let status = sent.status().as_u16();
        sent.text().await.map(|text| (status, text))
    };
    let answer = tokio::select! {
        answer = request => answer,
        () = clock.sleep(TIMEOUT) => return Err(Refusal::Failed("nothing in time".to_owned())),
    };
    match answer {
        Ok((200, _)) => Ok(()),
        Ok((status, text)) => Err(Refusal::Answered(status, text)),
        Err(error) => Err(Refusal::Failed(root_cause(&error))),
    }
}
