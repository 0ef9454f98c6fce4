//! The reports activity's page (spec R4).

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Json, ServiceConfig};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::{PageError, SignedIn, ToMake, make};
use crate::domain::journey::Journey;
use crate::domain::report_form::problems::{Found, Remark, STEP, check as found_in};
use crate::domain::report_form::{Context, ReportForm, texts};
use crate::pages::configuration::{Arguments, Configurations};
use crate::pages::session::Session;
use crate::sfmc::activity::Kind;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/step", web::post().to(step))
        .route("/check", web::post().to(check))
        .route("/activity", web::post().to(activity));
}

/// A page's state. What it sends besides (its activity's name, an edit) is not needed here.
#[derive(Deserialize)]
struct State {
    #[serde(default)]
    step: String,
    arguments: Arguments,
    journey: Journey,
    /// Language of the texts, such as `en-US`: Journey Builder's `requestedCulture`.
    #[serde(default)]
    culture: String,
}

impl State {
    fn context<'a>(&'a self, session: &'a Session) -> Context<'a> {
        Context {
            texts: texts::of_language(&self.culture),
            accounts: &session.tenant.accounts,
            journey: &self.journey,
            arguments: &self.arguments,
        }
    }
}

#[derive(Template)]
#[template(path = "activities/reports/report.html")]
struct ReportStep<'a> {
    form: ReportForm<'a>,
}

#[derive(Template)]
#[template(path = "activities/reports/summary.html")]
struct SummaryStep<'a> {
    form: ReportForm<'a>,
}

#[derive(Serialize)]
struct StepAnswer {
    html: String,
    arguments: Arguments,
}

async fn step(signed_in: SignedIn, mut state: Json<State>) -> Result<HttpResponse, PageError> {
    let session = &signed_in.0;
    state.arguments = state.context(session).settled();
    let form = state.context(session).form();
    let html = match state.step.as_str() {
        "summary" => SummaryStep { form }.render()?,
        _ => ReportStep { form }.render()?,
    };
    Ok(HttpResponse::Ok().json(StepAnswer { html, arguments: state.arguments.clone() }))
}

#[derive(Serialize)]
struct RemarkAnswer<'a> {
    argument: &'static str,
    step: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct CheckAnswer<'a> {
    problems: Vec<RemarkAnswer<'a>>,
    warnings: Vec<RemarkAnswer<'a>>,
    /// A report has none.
    preview: &'static str,
    notes: serde_json::Map<String, serde_json::Value>,
}

fn answers(remarks: &[Remark]) -> Vec<RemarkAnswer<'_>> {
    remarks
        .iter()
        .map(|remark| RemarkAnswer { argument: remark.argument, step: STEP, message: &remark.message })
        .collect()
}

async fn check(signed_in: SignedIn, state: Json<State>) -> HttpResponse {
    let Found { problems, warnings, notes } = found_in(&state.context(&signed_in.0));
    let notes = notes.into_iter().map(|note| (note.argument.to_owned(), note.message.into())).collect();
    HttpResponse::Ok().json(CheckAnswer {
        problems: answers(&problems),
        warnings: answers(&warnings),
        preview: "",
        notes,
    })
}

#[derive(Serialize)]
struct Refused<'a> {
    problems: Vec<RemarkAnswer<'a>>,
}

async fn activity(
    signed_in: SignedIn,
    to_make: Json<ToMake>,
    configurations: Data<Configurations>,
) -> Result<HttpResponse, PageError> {
    let session = &signed_in.0;
    let context = Context {
        texts: texts::of_language(""),
        accounts: &session.tenant.accounts,
        journey: &to_make.journey,
        arguments: &to_make.arguments,
    };
    let found = found_in(&context);
    if !found.problems.is_empty() {
        return Ok(HttpResponse::UnprocessableEntity().json(Refused { problems: answers(&found.problems) }));
    }
    let arguments = context.to_save();
    make(session, Kind::Reports, &to_make, arguments, &configurations).await
}
