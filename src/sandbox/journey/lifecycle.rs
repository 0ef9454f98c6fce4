//! save, validate, publish and stop: unsigned JSON, whatever `useJwt` says (sfmc.md 2.3).

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
        let target = activity.pointer(&format!("/configurationArguments/{call}"));
        // Journey Builder stores `""` for an unused one.
        let url = target.and_then(|target| target.get("url")).and_then(Value::as_str).filter(|url| !url.is_empty());
        let Some(url) = url else { continue };
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
            () = clock.sleep(TIMEOUT) => {
                let answer = "nothing in time".to_owned();
                return Err(JourneyError::Blocked { activity: key.clone(), call, answer });
            }
        };
        let answer = match answer {
            Ok((200, _)) => continue,
            Ok((status, text)) => format!("status {status}: {text}"),
            Err(error) => root_cause(&error),
        };
        return Err(JourneyError::Blocked { activity: key.clone(), call, answer });
    }
    Ok(())
}
