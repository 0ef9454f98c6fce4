//! What the buttons of the journey page do.

use serde_json::Value;

use super::activity::rewritten;
use super::draft::{DesignStatus, Draft, StepKind, new_id};
use super::{DesignError, DesignEvent, DesignRule};
use crate::sandbox::SfmcWorld;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::journey::lifecycle::{Refusal, call_one};
use crate::sandbox::journey::{JourneyOptions, JourneyRun};

/// A change of a step that is no custom activity. In JSON only the fields of that step.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct StepChange {
    wait_secs: Option<u64>,
    max_wait_secs: Option<u64>,
    event: Option<DesignEvent>,
    rules: Option<Vec<DesignRule>>,
}

impl Draft {
    fn must_be(&self, wanted: DesignStatus, problem: &'static str) -> Result<(), DesignError> {
        if self.status == wanted { Ok(()) } else { Err(DesignError::Status { status: self.status, problem }) }
    }

    fn must_be_draft(&self) -> Result<(), DesignError> {
        self.must_be(DesignStatus::Draft, "only a draft can be changed")
    }

    /// Lets each activity's outcomes name the step after it.
    pub(super) fn lead_on(&mut self) {
        let nexts: Vec<Option<String>> =
            self.steps.iter().map(|step| self.next(&step.key).map(str::to_owned)).collect();
        for (step, next) in self.steps.iter_mut().zip(nexts) {
            if let StepKind::Rest { activity, endpoint } = &mut step.kind {
                *activity = rewritten(activity.take(), &endpoint.url, next.as_deref());
            }
        }
    }

    /// What Journey Builder itself has against activating the journey.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.source.is_none() {
            problems.push("The journey has no entry source.".to_owned());
        }
        for step in &self.steps {
            let StepKind::Rest { activity, .. } = &step.kind else { continue };
            if activity.at("metaData").at("isConfigured") != true {
                problems.push(format!("{} is not configured.", step.key));
            }
        }
        problems
    }
}

impl SfmcWorld {
    /// Stores an activity as *Done* does, completed as Journey Builder completes it. Its key, type and id stay.
    ///
    /// # Errors
    ///
    /// When the journey is no draft, or has no custom activity of that key.
    pub fn put_designed_activity(&self, id: &str, key: &str, activity: Value) -> Result<(), DesignError> {
        let unknown = || DesignError::UnknownStep(key.to_owned());
        let (now, mut activity) = (self.clock().now(), activity);
        let draft = self.designs().change(id, |draft| {
            draft.must_be_draft()?;
            draft.modified = now;
            let next = draft.next(key).map(str::to_owned);
            let step = draft.step_mut(key).ok_or_else(unknown)?;
            let StepKind::Rest { activity: stored, endpoint } = &mut step.kind else { return Err(unknown()) };
            for field in ["id", "key", "type"] {
                activity.set(field, stored.at(field).clone());
            }
            *stored = rewritten(activity, &endpoint.url, next.as_deref());
            Ok(())
        })?;
        self.show(&draft);
        Ok(())
    }

    pub(super) fn change_step(&self, id: &str, key: &str, change: StepChange) -> Result<(), DesignError> {
        let unknown = || DesignError::UnknownStep(key.to_owned());
        let mid = self.designs().get(id)?.mid;
        let event = change.event.map(|event| self.event_key(mid, event)).transpose()?;
        let now = self.clock().now();
        let draft = self.designs().change(id, |draft| {
            draft.must_be_draft()?;
            draft.modified = now;
            match &mut draft.step_mut(key).ok_or_else(unknown)?.kind {
                StepKind::Rest { .. } => return Err(unknown()),
                StepKind::Wait { duration_secs } => *duration_secs = change.wait_secs.unwrap_or(*duration_secs),
                StepKind::Event { event_definition_key, max_wait_secs } => {
                    *max_wait_secs = change.max_wait_secs.unwrap_or(*max_wait_secs);
                    if let Some(event) = event {
                        *event_definition_key = event;
                    }
                }
                StepKind::Split { rules } => {
                    if let Some(changed) = change.rules {
                        *rules = changed;
                    }
                }
            }
            Ok(())
        })?;
        self.show(&draft);
        Ok(())
    }

    /// Saves the draft: every activity gets a new id, and its `save` is called.
    ///
    /// # Errors
    ///
    /// When the journey is no draft, or an activity refuses; the draft is saved all the same.
    pub async fn save_designed(&self, id: &str) -> Result<(), DesignError> {
        let now = self.clock().now();
        let draft = self.designs().change(id, |draft| {
            draft.must_be_draft()?;
            draft.renew_ids();
            draft.modified = now;
            Ok(())
        })?;
        self.show(&draft);
        self.call_activities(&draft, "save").await
    }

    /// Asks Journey Builder's own rules, then each activity's `validate`.
    ///
    /// # Errors
    ///
    /// When the journey is no draft, or something is not valid.
    pub async fn validate_designed(&self, id: &str) -> Result<(), DesignError> {
        let draft = self.designs().get(id)?;
        draft.must_be_draft()?;
        let problems = draft.problems();
        if !problems.is_empty() {
            return Err(DesignError::Refused(problems));
        }
        self.call_activities(&draft, "validate").await
    }

    /// Activates the journey: save, validate, publish of every activity, in this order. An older version that ran takes no
    /// contacts any more, and its `unpublish` is called.
    ///
    /// # Errors
    ///
    /// As [`SfmcWorld::save_designed`] and [`SfmcWorld::validate_designed`], or when an activity refuses `publish`. The
    /// journey stays a draft then.
    pub async fn publish_designed(&self, id: &str) -> Result<(), DesignError> {
        let draft = self.designs().get(id)?;
        draft.must_be_draft()?;
        // The button to activate is not even offered before.
        let problems = draft.problems();
        if !problems.is_empty() {
            return Err(DesignError::Refused(problems));
        }
        self.save_designed(id).await?;
        self.validate_designed(id).await?;
        self.call_activities(&self.designs().get(id)?, "publish").await?;
        let draft = self.designs().change(id, |draft| {
            draft.must_be_draft()?;
            draft.status = DesignStatus::Published;
            Ok(())
        })?;
        self.show(&draft);
        let is_older = |other: &Draft| {
            other.definition_id == draft.definition_id && other.id != id && other.status == DesignStatus::Published
        };
        for older in self.designs().all().into_iter().filter(is_older) {
            let older = self.designs().change(&older.id, |older| {
                older.status = DesignStatus::Unpublished;
                Ok(())
            })?;
            self.show(&older);
            if let Err(error) = self.call_activities(&older, "unpublish").await {
                tracing::warn!(%error, "an activity did not take that its journey version takes no contacts any more");
            }
        }
        Ok(())
    }

    /// Lets the entry source's contacts enter the published journey. A second run lets them enter once more.
    ///
    /// # Errors
    ///
    /// When the journey is not published, has no contacts, or a run of it goes on.
    pub async fn run_designed(&self, id: &str) -> Result<JourneyRun, DesignError> {
        let draft = self.designs().get(id)?;
        draft.must_be(DesignStatus::Published, "contacts enter a published one")?;
        if draft.run.as_ref().is_some_and(|run| !run.is_finished()) {
            return Err(DesignError::Status { status: draft.status, problem: "a run goes on" });
        }
        let rows = draft.source.as_ref().map(|source| source.rows.clone()).unwrap_or_default();
        if rows.is_empty() {
            return Err(DesignError::Entry("it has no contacts".to_owned()));
        }
        let options = JourneyOptions { skips_activation: true, ..JourneyOptions::default() };
        let run = self.launch(draft.mid, draft.journey(), rows, options).await?;
        self.designs().change(id, |draft| {
            draft.run = Some(run.clone());
            Ok(())
        })?;
        Ok(run)
    }

    /// Stops the journey: each activity's `stop` is called, and the contacts still inside are ejected.
    ///
    /// # Errors
    ///
    /// When it does not run, or an activity refuses the call; the journey is stopped all the same. While contacts are
    /// inside, a refusal is only logged.
    pub async fn stop_designed(&self, id: &str) -> Result<(), DesignError> {
        let draft = self.designs().change(id, |draft| {
            if matches!(draft.status, DesignStatus::Draft | DesignStatus::Stopped) {
                return Err(DesignError::Status { status: draft.status, problem: "there is nothing to stop" });
            }
            draft.status = DesignStatus::Stopped;
            Ok(())
        })?;
        self.show(&draft);
        match draft.run.as_ref().filter(|run| !run.is_finished()) {
            Some(run) => {
                // It calls the activities.
                run.stop().await;
                Ok(())
            }
            None => self.call_activities(&draft, "stop").await,
        }
    }

    /// Copies the journey: a new one, a draft, with new ids. Its activities are configured as the original's, and its
    /// entry source is the same.
    ///
    /// # Errors
    ///
    /// When there is no such journey.
    pub fn copy_designed(&self, id: &str) -> Result<String, DesignError> {
        let original = self.designs().get(id)?;
        let copy_id = new_id();
        let name = format!("{} - Copy", original.name);
        let copy = Draft { definition_id: copy_id.clone(), key: new_id(), name, version: 1, ..original };
        Ok(self.add_draft(copy, copy_id))
    }

    /// Makes the next version: a draft of the same journey, with an id of its own.
    ///
    /// # Errors
    ///
    /// When there is no such journey, or a draft of it exists.
    pub fn new_version_of_designed(&self, id: &str) -> Result<String, DesignError> {
        let original = self.designs().get(id)?;
        let of_journey = |draft: &Draft| draft.definition_id == original.definition_id;
        let versions: Vec<Draft> = self.designs().all().into_iter().filter(of_journey).collect();
        if versions.iter().any(|version| version.status == DesignStatus::Draft) {
            return Err(DesignError::Status { status: original.status, problem: "there is a draft of it already" });
        }
        let newest = versions.iter().map(|version| version.version).max().unwrap_or(original.version);
        Ok(self.add_draft(Draft { version: newest + 1, ..original }, new_id()))
    }

    fn add_draft(&self, draft: Draft, id: String) -> String {
        let now = self.clock().now();
        let mut draft =
            Draft { id: id.clone(), status: DesignStatus::Draft, run: None, created: now, modified: now, ..draft };
        draft.renew_ids();
        self.show(&draft);
        self.designs().add(draft);
        id
    }

    /// Calls every custom activity, and collects what they have against it.
    async fn call_activities(&self, draft: &Draft, call: &'static str) -> Result<(), DesignError> {
        let journey = draft.journey();
        let mut problems = Vec::new();
        for step in &draft.steps {
            let StepKind::Rest { activity, .. } = &step.kind else { continue };
            let called = call_one(self.client(), self.clock(), &journey, activity, &step.id, call).await;
            if let Err(refusal) = called {
                problems.extend(sentences(&refusal).into_iter().map(|text| format!("{} ({call}): {text}", step.key)));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(DesignError::Refused(problems)) }
    }
}

/// The texts of `{"errors":["…"]}` or `{"errors":[{"message":"…"}]}`, else the answer as it is.
fn sentences(refusal: &Refusal) -> Vec<String> {
    let errors = match refusal {
        Refusal::Answered(_, body) => serde_json::from_str::<Value>(body).unwrap_or_default().at("errors").clone(),
        Refusal::Failed(_) => Value::Null,
    };
    let text = |error: &Value| error.as_str().or_else(|| error.at("message").as_str()).map(str::to_owned);
    let texts: Vec<String> = errors.as_array().into_iter().flatten().filter_map(text).collect();
    if texts.is_empty() { vec![refusal.to_string()] } else { texts }
}
