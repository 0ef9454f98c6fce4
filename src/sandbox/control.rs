//! The control endpoints under `/_sandbox`; the module documentation of [`super`] lists them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::{Fault, WebhookFaults};
use super::fields::Fields as _;
use super::front::{Call, Platform, Reply};
use super::infobip::{InboundMessage, InfobipWorld};
use super::journey::{Journey, JourneyOptions, audience_from_csv};
use super::sfmc::SfmcWorld;

pub(super) const PREFIX: &str = "/_sandbox";

/// Messages or reports in one answer when the caller does not say.
const LIMIT_DEFAULT: usize = 1_000;

pub(super) async fn answer(platform: &Platform, call: Call) -> Reply {
    let segments = call.segments();
    let segments: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    let reply = match (platform, call.method.as_str(), segments.as_slice()) {
        (_, "GET", ["faults"]) => Ok(in_force(platform)),
        (_, "POST", ["faults"]) => call.parse::<Fault>().map_err(refused).map(|fault| {
            match platform {
                Platform::Sfmc(world) => world.add_fault(fault),
                Platform::Infobip(world) => world.add_fault(fault),
            }
            in_force(platform)
        }),
        (_, "DELETE", ["faults"]) => {
            match platform {
                Platform::Sfmc(world) => world.clear_faults(),
                Platform::Infobip(world) => world.clear_faults(),
            }
            Ok(in_force(platform))
        }
        (Platform::Infobip(world), method, segments) => infobip(world, method, segments, &call).await,
        (Platform::Sfmc(world), method, segments) => sfmc(world, method, segments, &call).await,
    };
    reply.unwrap_or_else(|refusal| refusal)
}

fn in_force(platform: &Platform) -> Reply {
    let faults = match platform {
        Platform::Sfmc(world) => world.faults().in_force(),
        Platform::Infobip(world) => world.faults().in_force(),
    };
    Reply::json(200, &json!({ "faults": faults }))
}

async fn infobip(world: &InfobipWorld, method: &str, segments: &[&str], call: &Call) -> Result<Reply, Reply> {
    let number =
        |name: &str, default: usize| call.query_value(name).and_then(|value| value.parse().ok()).unwrap_or(default);
    match (method, segments) {
        ("POST", ["webhooks"]) => {
            let faults: WebhookFaults = call.parse().map_err(refused)?;
            world.set_webhook_faults(faults.clone());
            Ok(Reply::json(200, &json!({ "webhooks": faults })))
        }
        ("POST", ["poison"]) => {
            #[derive(Deserialize)]
            struct Poison {
                marker: Option<String>,
            }
            let poison: Poison = call.parse().map_err(refused)?;
            world.set_poison(poison.marker.as_deref());
            Ok(Reply::json(200, &json!({ "marker": poison.marker })))
        }
        ("POST", ["inbound"]) => {
            #[derive(Deserialize)]
            struct Inbound {
                url: String,
                #[serde(flatten)]
                message: InboundMessage,
            }
            let inbound: Inbound = call.parse().map_err(refused)?;
            let posted = world.send_inbound(&inbound.url, inbound.message).await;
            let status = posted.map_err(|error| problem(502, &error.to_string()))?;
            Ok(Reply::json(200, &json!({ "status": status })))
        }
        ("GET", ["messages"]) => {
            let messages = world.received_from(number("from", 0), number("limit", LIMIT_DEFAULT));
            Ok(Reply::json(200, &json!({ "count": world.received_count(), "messages": messages })))
        }
        ("GET", ["reports"]) => {
            let reports = world.reports_from(number("from", 0), number("limit", LIMIT_DEFAULT));
            Ok(Reply::json(200, &json!({ "reports": reports })))
        }
        ("GET", ["seen"]) => {
            let seen = world.seen_reports_from(number("from", 0), number("limit", LIMIT_DEFAULT));
            Ok(Reply::json(200, &json!({ "seen": seen })))
        }
        ("GET", ["clicks"]) => {
            let clicks = world.clicks_from(number("from", 0), number("limit", LIMIT_DEFAULT));
            Ok(Reply::json(200, &json!({ "clicks": clicks })))
        }
        ("GET", ["replies"]) => {
            let replies = world.replies_from(number("from", 0), number("limit", LIMIT_DEFAULT));
            Ok(Reply::json(200, &json!({ "replies": replies })))
        }
        _ => Err(unknown()),
    }
}

async fn sfmc(world: &SfmcWorld, method: &str, segments: &[&str], call: &Call) -> Result<Reply, Reply> {
    match (method, segments) {
        ("GET", ["rows", mid, key]) => {
            let mid = mid.parse().map_err(|_| problem(400, "the MID is not a number"))?;
            if world.data_extension(mid, key).is_none() {
                return Err(problem(404, "there is no such data extension"));
            }
            Ok(Reply::json(200, &json!({ "rows": world.rows(mid, key) })))
        }
        ("GET", ["events"]) => Ok(Reply::json(200, &json!({ "events": world.events() }))),
        ("POST", ["eventDefinitions"]) => {
            #[derive(Deserialize)]
            #[serde(rename_all = "camelCase", deny_unknown_fields)]
            struct ApiEvent {
                mid: u64,
                name: String,
                data_extension_key: String,
            }
            let event: ApiEvent = call.parse().map_err(refused)?;
            if world.data_extension(event.mid, &event.data_extension_key).is_none() {
                return Err(problem(404, "there is no such data extension"));
            }
            let made = world.add_api_event(event.mid, &event.name, &event.data_extension_key);
            made.map(|made| Reply::json(201, &json!(made))).map_err(|error| problem(404, &error.to_string()))
        }
        ("POST", ["designs"]) => design(world, call).await,
        ("GET", ["designs"]) => Ok(Reply::json(200, &json!({ "ids": world.designed_ids() }))),
        ("GET", ["designs", id]) => {
            let designed = world.designed(id).ok_or_else(|| problem(404, "there is no such journey"))?;
            Ok(Reply::json(200, &json!(designed)))
        }
        ("POST", ["journeys"]) => start_journey(world, call).await,
        ("GET", ["journeys", id]) => {
            let run = run(world, id)?;
            let mut body = json!({ "isFinished": run.is_finished(), "progress": run.progress() });
            if call.query_value("contacts").is_some_and(|wanted| wanted == "true") && run.is_finished() {
                body.set("contacts", json!(run.outcome().await.contacts));
            }
            Ok(Reply::json(200, &body))
        }
        ("POST", ["journeys", id, "stop"]) => {
            let outcome = run(world, id)?.stop().await;
            Ok(Reply::json(200, &json!({ "isFinished": true, "progress": outcome.progress })))
        }
        _ => Err(unknown()),
    }
}

fn run(world: &SfmcWorld, id: &str) -> Result<super::journey::JourneyRun, Reply> {
    let place: usize = id.parse().map_err(|_| unknown())?;
    world.journeys().into_iter().nth(place).ok_or_else(unknown)
}

async fn start_journey(world: &SfmcWorld, call: &Call) -> Result<Reply, Reply> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Start {
        mid: u64,
        journey: Journey,
        #[serde(default)]
        audience: Vec<BTreeMap<String, String>>,
        #[serde(default)]
        audience_csv: Option<String>,
        #[serde(default)]
        is_test: bool,
    }
    let start: Start = call.parse().map_err(refused)?;
    let mut audience = start.audience;
    if let Some(csv) = start.audience_csv {
        audience.extend(audience_from_csv(csv.as_bytes()).map_err(|error| problem(400, &error.to_string()))?);
    }
    let options = JourneyOptions { is_test: start.is_test, ..JourneyOptions::default() };
    let (world, journey) = (world.clone(), start.journey);
    // On the sandbox's own runtime: the walk must outlive this request's.
    let runtime = world.runtime().clone();
    let started = runtime.spawn(async move {
        world.start_journey(start.mid, journey, audience, options).await.map(|_| world.journeys().len() - 1)
    });
    match started.await {
        Ok(Ok(id)) => Ok(Reply::json(202, &json!({ "runId": id }))),
        Ok(Err(error)) => Err(problem(409, &error.to_string())),
        Err(error) => Err(problem(500, &error.to_string())),
    }
}

async fn design(world: &SfmcWorld, call: &Call) -> Result<Reply, Reply> {
    let design = call.parse().map_err(refused)?;
    let maker = world.clone();
    // On the sandbox's own runtime, where its HTTP client lives.
    let made = world.runtime().spawn(async move { maker.design_journey(design).await });
    match made.await {
        Ok(Ok(id)) => Ok(Reply::json(201, &json!({ "id": id, "url": world.designed_url(&id) }))),
        Ok(Err(error)) => Err(problem(409, &error.to_string())),
        Err(error) => Err(problem(500, &error.to_string())),
    }
}

fn refused(error: serde_json::Error) -> Reply {
    problem(400, &error.to_string())
}

fn unknown() -> Reply {
    problem(404, "the sandbox has no such control endpoint")
}

fn problem(status: u16, text: &str) -> Reply {
    let body: Value = json!({ "error": text });
    Reply::json(status, &body)
}
