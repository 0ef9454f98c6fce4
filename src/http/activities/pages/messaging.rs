//! The messaging activity's page.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Json, ServiceConfig};
use serde::{Deserialize, Serialize};

use super::preview::{self, MergeFieldRow, Named, WarningRow, preview};
use super::{PageError, SignedIn, ToMake, form, make};
use crate::domain::form::edits::Edit;
use crate::domain::form::problems::Problem;
use crate::domain::journey::Journey;
use crate::pages::configuration::{Arguments, Configurations};
use crate::pages::message_form::{At, MessageForms, Shown, State};
use crate::pages::preview::{Previews, ToShow};
use crate::pages::test_send::{TestSends, ToTest};
use crate::sfmc::activity::Kind;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/step", web::post().to(step))
        .route("/check", web::post().to(check))
        .route("/activity", web::post().to(activity))
        .route("/preview", web::post().to(preview))
        .route("/test", web::post().to(test))
        .route("/verify", web::post().to(verify));
}

/// A page's state.
#[derive(Deserialize)]
struct PageState {
    #[serde(default)]
    step: String,
    arguments: Arguments,
    journey: Journey,
    #[serde(default)]
    activity: Named,
    #[serde(default)]
    audience: Option<u64>,
    /// Language of the texts, such as `en-US`: Journey Builder's `requestedCulture`.
    #[serde(default)]
    culture: String,
    #[serde(default)]
    edit: Option<Edit>,
}

impl PageState {
    fn at(&self) -> At {
        match self.step.as_str() {
            "message" => At::Message,
            "summary" => At::Summary,
            _ => At::Channel,
        }
    }

    fn into_state(self) -> Result<State, PageError> {
        if MessageForms::is_too_large(&self.arguments) {
            return Err(PageError::Body("too large".to_owned()));
        }
        let Self { arguments, journey, activity, audience, culture, .. } = self;
        Ok(State { arguments, journey, activity_name: activity.name().to_owned(), audience, culture })
    }
}

#[derive(Serialize)]
struct StepAnswer {
    html: String,
    arguments: Arguments,
}

async fn step(
    signed_in: SignedIn,
    state: Json<PageState>,
    forms: Data<MessageForms>,
) -> Result<HttpResponse, PageError> {
    let mut state = state.into_inner();
    let (at, edit) = (state.at(), state.edit.take());
    let shown = forms.step(&signed_in.0, at, state.into_state()?, edit).await;
    let html = match &shown.step {
        Shown::Form(form) => form::render(form)?,
        Shown::Summary(summary) => form::summary(summary)?,
    };
    Ok(HttpResponse::Ok().json(StepAnswer { html, arguments: shown.arguments }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckAnswer<'a> {
    problems: Vec<Problem>,
    warnings: Vec<WarningRow<'a>>,
    preview: String,
    notes: serde_json::Map<String, serde_json::Value>,
    merge_fields: Vec<MergeFieldRow>,
}

async fn check(
    signed_in: SignedIn,
    state: Json<PageState>,
    forms: Data<MessageForms>,
    previews: Data<Previews>,
) -> Result<HttpResponse, PageError> {
    let state = state.into_inner().into_state()?;
    let problems = forms.problems(&signed_in.0, &state).await?;
    // What the form does not show is in no preview either.
    let arguments = forms.to_save(&signed_in.0, &state.arguments);
    let merge_fields = preview::merge_fields(&arguments);
    let to_show = ToShow {
        arguments,
        journey: &state.journey,
        activity_name: &state.activity_name,
        audience: state.audience,
        values: Vec::new(),
    };
    let shown = previews.show(&signed_in.0, to_show).await;
    let (notes, warnings) = preview::said(&shown.notes);
    let preview = preview::html(&shown.preview)?;
    Ok(HttpResponse::Ok().json(CheckAnswer { problems, warnings, preview, notes, merge_fields }))
}

#[derive(Serialize)]
struct Refused {
    problems: Vec<Problem>,
}

async fn activity(
    signed_in: SignedIn,
    to_make: Json<ToMake>,
    forms: Data<MessageForms>,
    configurations: Data<Configurations>,
) -> Result<HttpResponse, PageError> {
    let session = &signed_in.0;
    if MessageForms::is_too_large(&to_make.arguments) {
        return Err(PageError::Body("too large".to_owned()));
    }
    let state = State {
        arguments: to_make.arguments.clone(),
        journey: to_make.journey.clone(),
        activity_name: to_make.name().to_owned(),
        audience: to_make.audience,
        culture: to_make.culture.clone(),
    };
    let problems = forms.problems(session, &state).await?;
    if !problems.is_empty() {
        return Ok(HttpResponse::UnprocessableEntity().json(Refused { problems }));
    }
    let arguments = forms.to_save(session, &to_make.arguments);
    make(session, Kind::Messaging, &to_make, arguments, &configurations).await
}

#[derive(Deserialize)]
struct TestOrder {
    arguments: Arguments,
    journey: Journey,
    to: String,
    #[serde(default)]
    values: Arguments,
    #[serde(default)]
    activity: Named,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestAnswer {
    sent: bool,
    sentence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
}

async fn test(
    signed_in: SignedIn,
    order: Json<TestOrder>,
    forms: Data<MessageForms>,
    tests: Data<TestSends>,
) -> Result<HttpResponse, PageError> {
    let TestOrder { arguments, journey, to, values, activity } = order.into_inner();
    let arguments = forms.to_save(&signed_in.0, &arguments);
    let to_test = ToTest { arguments, journey, activity_name: activity.name().to_owned(), to, values };
    // In a task of its own: a page that is closed drops this handler, but what was sent must stand in the log.
    let tested = actix_web::rt::spawn(async move { tests.send(&signed_in.0, to_test).await });
    let tested = tested.await.map_err(|_| PageError::Lost)??;
    let message_id = tested.message_id.map(|id| id.to_string());
    Ok(HttpResponse::Ok().json(TestAnswer { sent: tested.is_sent, sentence: tested.sentence, message_id }))
}

#[derive(Deserialize)]
struct ToVerify {
    arguments: Arguments,
    what: String,
}

#[derive(Serialize)]
struct Verified {
    ok: bool,
    sentence: String,
}

async fn verify(
    signed_in: SignedIn,
    to_verify: Json<ToVerify>,
    forms: Data<MessageForms>,
) -> Result<HttpResponse, PageError> {
    if to_verify.what != "scenario" {
        return Err(PageError::Body("only a scenario can be verified".to_owned()));
    }
    let (ok, sentence) = forms.verify_scenario(&signed_in.0, &to_verify.arguments).await;
    Ok(HttpResponse::Ok().json(Verified { ok, sentence }))
}
