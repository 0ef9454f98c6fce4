//! The page's files and the calls that its scripts make.

use serde::Deserialize;
use serde_json::{Value, json};

use super::actions::StepChange;
use super::answers::{self, Shapes};
use super::draft::{DesignStatus, Draft, Step, StepKind};
use super::source::columns_of;
use super::{Design, DesignError};
use crate::sandbox::SfmcWorld;
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply};

pub(in crate::sandbox) const PREFIX: &str = "/journey-builder";

/// No inline script, nothing from elsewhere but the activities' pages and icons.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data: http: https:; frame-src 'self' http: https:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'self'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../assets/sandbox/journey_builder/", $name))
    };
}

/// Files by their last path segment.
const FILES: &[(&str, &str, &str)] = &[
    ("host.css", "text/css; charset=utf-8", file!("host.css")),
    ("page.js", SCRIPT, file!("page.js")),
    ("overview.js", SCRIPT, file!("overview.js")),
    ("journey.js", SCRIPT, file!("journey.js")),
    ("steps.js", SCRIPT, file!("steps.js")),
    ("modal.js", SCRIPT, file!("modal.js")),
    ("host.js", SCRIPT, file!("host.js")),
    ("wire.js", SCRIPT, file!("wire.js")),
    ("foreign.js", SCRIPT, file!("foreign.js")),
    ("icon.svg", "image/svg+xml", file!("icon.svg")),
];

/// Whether a path belongs to the page.
pub(in crate::sandbox) fn is_page(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request of the page or its scripts.
pub(in crate::sandbox) async fn answer(world: SfmcWorld, call: Call) -> Reply {
    let segments = call.segments();
    let segments: Vec<&str> = segments.iter().skip(1).map(String::as_str).filter(|part| !part.is_empty()).collect();
    let page = match (call.method.as_str(), segments.as_slice()) {
        ("GET", []) => Some(Reply::text(HTML, file!("overview.html"))),
        ("GET", ["journeys", id]) if world.designed(id).is_some() => Some(Reply::text(HTML, file!("journey.html"))),
        ("GET", ["foreign"]) => Some(Reply::text(HTML, file!("foreign.html"))),
        ("GET", ["assets", name]) => {
            FILES.iter().find(|(known, ..)| known == name).map(|(_, kind, text)| Reply::text(kind, text))
        }
        _ => None,
    };
    let reply = match page {
        Some(page) => page.with_header("Content-Security-Policy", POLICY.to_owned()),
        // On the sandbox's own runtime: it has the HTTP client, and a walk must outlive this request's.
        None => {
            let runtime = world.runtime().clone();
            let answered = runtime.spawn(async move { api(&world, &call).await });
            answered.await.unwrap_or_else(|error| refusal(500, &error.to_string(), &[]))
        }
    };
    reply
        .with_header("Cache-Control", "no-store".to_owned())
        .with_header("X-Content-Type-Options", "nosniff".to_owned())
}

async fn api(world: &SfmcWorld, call: &Call) -> Reply {
    let segments = call.segments();
    let segments: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    let answered = match segments.as_slice() {
        ["api", rest @ ..] => route(world, call, rest).await,
        _ => Ok(None),
    };
    match answered {
        Ok(Some(body)) => Reply::json(200, &body),
        Ok(None) => refusal(404, "Journey Builder has no such page", &[]),
        Err(Failure::Body(error)) => refusal(400, &error.to_string(), &[]),
        Err(Failure::Design(error)) => failed(&error),
    }
}

#[derive(Debug)]
enum Failure {
    Body(serde_json::Error),
    Design(DesignError),
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Body(error)
    }
}

impl From<DesignError> for Failure {
    fn from(error: DesignError) -> Self {
        Self::Design(error)
    }
}

fn failed(error: &DesignError) -> Reply {
    let status = match error {
        DesignError::Unknown(_) | DesignError::UnknownStep(_) => 404,
        DesignError::Status { .. } | DesignError::Refused(_) | DesignError::Journey(_) => 409,
        DesignError::Endpoint { .. } => 502,
        DesignError::UnknownUnit(_) | DesignError::Entry(_) | DesignError::Event(_) => 400,
    };
    let errors = match error {
        DesignError::Refused(errors) => errors.clone(),
        other => vec![other.to_string()],
    };
    refusal(status, &error.to_string(), &errors)
}

fn refusal(status: u16, error: &str, errors: &[String]) -> Reply {
    let errors = if errors.is_empty() { vec![error.to_owned()] } else { errors.to_vec() };
    Reply::json(status, &json!({ "error": error, "errors": errors }))
}

/// `None` for what does not exist.
async fn route(world: &SfmcWorld, call: &Call, segments: &[&str]) -> Result<Option<Value>, Failure> {
    let done = || Ok(Some(json!({})));
    match (call.method.as_str(), segments) {
        ("GET", ["overview"]) => Ok(Some(overview(world))),
        ("POST", ["columns"]) => {
            #[derive(Deserialize)]
            struct File {
                csv: String,
            }
            let file: File = call.parse()?;
            Ok(Some(json!({ "columns": columns_of(&file.csv)? })))
        }
        ("POST", ["journeys"]) => {
            let design: Design = call.parse()?;
            Ok(Some(json!({ "id": world.design_journey(design).await? })))
        }
        ("GET", ["journeys", id]) => Ok(Some(view(world, &world.designs().get(id)?))),
        ("GET", ["journeys", id, "answers"]) => {
            let draft = world.designs().get(id)?;
            Ok(Some(answers::all(world, &draft, &shapes(call))))
        }
        ("POST", ["journeys", id, "tokens"]) => Ok(Some(answers::tokens(world, world.designs().get(id)?.mid))),
        ("GET", ["journeys", id, "run"]) => Ok(Some(progress(&world.designs().get(id)?).await)),
        ("PUT", ["journeys", id, "activities", key]) => {
            world.put_designed_activity(id, key, call.json()?)?;
            done()
        }
        ("PUT", ["journeys", id, "steps", key]) => {
            let change: StepChange = call.parse()?;
            world.change_step(id, key, change)?;
            done()
        }
        ("POST", ["journeys", id, action]) => act(world, id, action).await,
        _ => Ok(None),
    }
}

async fn act(world: &SfmcWorld, id: &str, action: &str) -> Result<Option<Value>, Failure> {
    let made = |id: String| Ok(Some(json!({ "id": id })));
    match action {
        "save" => world.save_designed(id).await?,
        "validate" => world.validate_designed(id).await?,
        "publish" => world.publish_designed(id).await?,
        "run" => {
            world.run_designed(id).await?;
        }
        "stop" => world.stop_designed(id).await?,
        "copy" => return made(world.copy_designed(id)?),
        "new-version" => return made(world.new_version_of_designed(id)?),
        _ => return Ok(None),
    }
    Ok(Some(json!({})))
}

fn shapes(call: &Call) -> Shapes {
    let status = call.query_value("status").and_then(|status| serde_json::from_value(status.into()).ok());
    Shapes {
        trigger: call.query_value("trigger"),
        schema: call.query_value("schema"),
        culture: call.query_value("culture"),
        entry_key: call.query_value("entryKey"),
        language: call.query_value("language"),
        status: status.or(None::<DesignStatus>),
    }
}

fn overview(world: &SfmcWorld) -> Value {
    let unit = |mid: u64| {
        let events = world.event_definitions(mid).into_iter().filter(|definition| definition.kind == "APIEvent");
        json!({
            "mid": mid,
            "events": events.collect::<Vec<_>>(),
            "dataExtensions": world.data_extension_keys(mid),
        })
    };
    let journey = |draft: Draft| json!({ "id": draft.id, "name": draft.name, "mid": draft.mid, "version": draft.version, "status": draft.status });
    json!({
        "units": world.mids().into_iter().map(unit).collect::<Vec<_>>(),
        "journeys": world.designs().all().into_iter().map(journey).collect::<Vec<_>>(),
    })
}

fn view(world: &SfmcWorld, draft: &Draft) -> Value {
    let source = draft.source.as_ref().map(|source| {
        let columns = source.columns.iter();
        json!({
            "name": source.name,
            "eventDefinitionKey": source.event_definition_key,
            "dataExtensionKey": source.data_extension_key,
            "columns": columns.map(|column| json!({ "name": column.name, "type": column.column_type })).collect::<Vec<_>>(),
            "contacts": source.rows.len(),
        })
    });
    let events = world.event_definitions(draft.mid).into_iter().filter(|definition| definition.kind == "APIEvent");
    json!({
        "id": draft.id, "definitionId": draft.definition_id, "name": draft.name, "mid": draft.mid,
        "version": draft.version, "status": draft.status, "endpointBase": draft.endpoint_base,
        "source": source,
        "steps": draft.steps.iter().map(step).collect::<Vec<_>>(),
        "events": events.collect::<Vec<_>>(),
        "hasRun": draft.run.is_some(),
    })
}

fn step(step: &Step) -> Value {
    let mut shown = json!({ "key": step.key });
    match &step.kind {
        StepKind::Rest { activity, endpoint } => {
            shown.set("kind", "rest");
            shown.set("activity", activity.clone());
            shown.set("endpoint", json!(endpoint));
        }
        StepKind::Wait { duration_secs } => {
            shown.set("kind", "wait");
            shown.set("waitSecs", *duration_secs);
        }
        StepKind::Event { event_definition_key, max_wait_secs } => {
            shown.set("kind", "event");
            shown.set("eventDefinitionKey", event_definition_key.as_str());
            shown.set("maxWaitSecs", *max_wait_secs);
        }
        StepKind::Split { rules } => {
            shown.set("kind", "split");
            shown.set("rules", json!(rules));
        }
    }
    shown
}

/// The run's numbers, and each contact's path when it has ended. Null before the first run.
async fn progress(draft: &Draft) -> Value {
    let Some(run) = &draft.run else { return json!({ "progress": null }) };
    let mut body = json!({ "isFinished": run.is_finished(), "progress": run.progress() });
    if run.is_finished() {
        body.set("contacts", json!(run.outcome().await.contacts));
    }
    body
}
