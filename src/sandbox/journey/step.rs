//! Activities made ready to be walked: keys resolved to places, expressions parsed.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use super::execute::ExecuteSettings;
use super::template::Text;
use super::{Activity, Journey, JourneyError, SplitOperator};

/// An activity, ready to be walked.
pub(super) enum Step {
    Rest { settings: ExecuteSettings, next: Option<usize> },
    Wait { duration: Duration, next: Option<usize> },
    Event { event_definition_key: String, max_wait: Duration, came: Branch, otherwise: Branch },
    Split { rules: Vec<Rule>, otherwise: Branch },
}

pub(super) struct Rule {
    pub(super) operand: Text,
    pub(super) operator: SplitOperator,
    pub(super) value: String,
    pub(super) branch: Branch,
}

/// A way out of an activity that has several.
#[derive(Clone)]
pub(super) struct Branch {
    /// As [`Progress::branches`](super::Progress::branches) counts it.
    pub(super) label: String,
    pub(super) next: Option<usize>,
}

/// The steps of a journey that was checked, in its order.
pub(super) fn steps(
    journey: &Journey,
    signing_secret: &str,
    salt: Option<&(String, String)>,
) -> Result<Vec<Step>, JourneyError> {
    let places: HashMap<&str, usize> =
        journey.activities.iter().enumerate().map(|(place, activity)| (activity.key(), place)).collect();
    let place = |next: &Option<String>| next.as_deref().and_then(|key| places.get(key)).copied();
    let step = |activity: &Activity| {
        let branch = |label: &str, next| Branch { label: format!("{}/{label}", activity.key()), next: place(next) };
        Ok(match activity {
            Activity::Rest { key, activity, next } => {
                let id = Uuid::new_v4().to_string();
                let settings = ExecuteSettings::read(activity, id, signing_secret, salt)
                    .map_err(|problem| JourneyError::Invalid(format!("{key}: {problem}")))?;
                Step::Rest { settings, next: place(next) }
            }
            Activity::Wait { duration, next, .. } => Step::Wait { duration: *duration, next: place(next) },
            Activity::WaitUntilEvent { event_definition_key, max_wait, next, otherwise, .. } => Step::Event {
                event_definition_key: event_definition_key.clone(),
                max_wait: *max_wait,
                came: branch("event", next),
                otherwise: branch("otherwise", otherwise),
            },
            Activity::DecisionSplit { rules, otherwise, .. } => {
                let rules = rules.iter().map(|rule| Rule {
                    operand: Text::parse(&rule.operand),
                    operator: rule.operator,
                    value: rule.value.clone(),
                    branch: branch(&rule.label, &rule.next),
                });
                Step::Split { rules: rules.collect(), otherwise: branch("otherwise", otherwise) }
            }
        })
    };
    journey.activities.iter().map(step).collect()
}
