//! The demonstration: the sandbox, a Waypost configured against it, and journeys over a sample audience, one for each
//! kind of content of the channels that were asked for.
//!
//! Everything in it happens over real HTTP and the real control socket; nothing is short-cut. The summary compares what
//! Waypost acknowledged with what the stand-ins know that they received and sent.

mod audience;
mod journey;
mod setting;
mod show;
mod summary;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use self::journey::Pace;
use self::setting::Setting;
use self::show::Show;
use self::summary::{Shown, Summary};
use crate::app::{AppError, stop_signal};
use crate::cli::options::{DemoOptions, SandboxOptions};
use crate::clock::{Clock, SystemClock};
use crate::control::ControlRequest;
use crate::domain::speed_limit::{COUNT_MAX, SpeedLimit, SpeedUnit};
use crate::sandbox::journey::{Journey, JourneyOptions, JourneyRun, Progress};
use crate::sandbox::{DeliveryScript, Sandbox};

/// What the audience takes when no speed limit is asked for.
const PACED_SECS: u64 = 12;
/// From acceptance to the delivery webhook, in the stand-in of Infobip.
const DELIVERY_DELAY: Duration = Duration::from_millis(500);
/// From the delivery report to the reply: clicks, which come one [`DELIVERY_DELAY`] after it, are known by then.
const REPLY_DELAY: Duration = Duration::from_millis(2_000);
/// Between the last message's reports and the time that contacts go on without an event: a reply is
/// stored, and its event fired in the forwarder's next round.
const WAIT_MARGIN: Duration = Duration::from_millis(3_500);
/// Shares of the delivered messages that can be clicked, seen and answered.
const CLICKED_PER_MILLE: u16 = 300;
const SEEN_PER_MILLE: u16 = 600;
const REPLIED_PER_MILLE: u64 = 250;
/// About so many replies at most: their events are fired a few at a time, and contacts wait only so long.
const REPLIES_MAX: u64 = 1_000;
/// The journey's end to the last row in the data extension, at most.
const ROWS_WITHIN: Duration = Duration::from_secs(60);
const POLL_EVERY: Duration = Duration::from_millis(100);

/// A row of the audience.
type Contact = BTreeMap<String, String>;

/// Runs the demonstration; the summary goes to `out`, the progress to standard error when that is a terminal.
pub(crate) async fn run(options: DemoOptions, out: &mut dyn Write) -> Result<(), AppError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let audience = audience::load(&options)?;
    let contacts = audience.len() as u64;
    let parts = divided(show::chosen(options.channel), audience);
    let largest = parts.iter().map(|(_, contacts)| contacts.len()).max().unwrap_or_default() as u64;
    let limit = match options.speed_limit {
        Some(limit) => limit,
        None => limit_for(largest)?,
    };
    let script = DeliveryScript {
        delay: DELIVERY_DELAY,
        undeliverable_per_mille: 60,
        rejected_per_mille: 20,
        expired_per_mille: 20,
        clicked_per_mille: CLICKED_PER_MILLE,
        seen_per_mille: SEEN_PER_MILLE,
        reply_per_mille: replied_per_mille(contacts),
        reply_delay: REPLY_DELAY,
        ..DeliveryScript::default()
    };
    let started = clock.steady();
    let setting = Setting::start(options.record.clone(), script, parts.len(), Arc::clone(&clock)).await?;
    let mut runs = Vec::with_capacity(parts.len());
    for (show, contacts) in parts {
        let wait = Duration::from_nanos(
            limit.spacing().as_nanos().saturating_mul(contacts.len() as u128).try_into().unwrap_or(u64::MAX),
        ) + DELIVERY_DELAY
            + if show.is_two_way() { REPLY_DELAY } else { Duration::ZERO }
            + WAIT_MARGIN;
        let journey = journey::build(&setting, show, &Pace { limit, wait }).await?;
        runs.push((show, start(&setting, journey, contacts).await?));
    }
    let bar = progress_bar(&options, contacts);
    let outcomes = {
        let watched = watch(&runs, &setting, &bar, &clock);
        tokio::select! {
            outcomes = ended(&runs) => outcomes,
            never = watched => match never {},
        }
    };
    let settled = settle(&setting, &clock).await?;
    bar.finish_and_clear();
    setting.sandbox.flush_record();
    let summary = Summary::of(&outcomes, &setting, limit, settled, clock.steady().since(started));
    let printed =
        if options.json { serde_json::to_string_pretty(&summary).unwrap_or_default() } else { summary.to_string() };
    print(out, &printed)?;
    if options.keep_open {
        print(out, &setting.addresses())?;
        stop_signal().await;
    }
    let passed = summary.passed;
    setting.stop().await?;
    if passed {
        Ok(())
    } else {
        Err(AppError::Demo("the run is not as it should be: see the summary's problems".to_owned()))
    }
}

/// An audience divided among what is shown, one contact to each in turn. What gets no contact is left out.
fn divided(shows: Vec<&'static Show>, audience: Vec<Contact>) -> Vec<(&'static Show, Vec<Contact>)> {
    let mut parts: Vec<_> = shows.into_iter().map(|show| (show, Vec::new())).collect();
    let count = parts.len().max(1);
    for (index, contact) in audience.into_iter().enumerate() {
        if let Some((_, contacts)) = parts.get_mut(index % count) {
            contacts.push(contact);
        }
    }
    parts.retain(|(_, contacts)| !contacts.is_empty());
    parts
}

async fn ended(runs: &[(&'static Show, JourneyRun)]) -> Vec<Shown> {
    let mut outcomes = Vec::with_capacity(runs.len());
    for (show, run) in runs {
        outcomes.push(Shown { show, outcome: run.outcome().await });
    }
    outcomes
}

/// The share of the messages that is answered, of an audience of this size.
fn replied_per_mille(contacts: u64) -> u16 {
    let share = (REPLIES_MAX * 1_000 / contacts.max(1)).clamp(1, REPLIED_PER_MILLE);
    u16::try_from(share).unwrap_or(1)
}

/// A limit with which so many contacts take about [`PACED_SECS`].
fn limit_for(contacts: u64) -> Result<SpeedLimit, AppError> {
    let per_minute = (contacts * 60 / PACED_SECS).clamp(60, u64::from(COUNT_MAX));
    let per_minute = u32::try_from(per_minute).unwrap_or(COUNT_MAX);
    SpeedLimit::new(per_minute, SpeedUnit::Minute).map_err(|error| AppError::Demo(error.to_string()))
}

async fn start(setting: &Setting, journey: Journey, audience: Vec<Contact>) -> Result<JourneyRun, AppError> {
    let sfmc = setting.sandbox.sfmc();
    let run = sfmc.start_journey(setting::MID, journey, audience, JourneyOptions::default()).await;
    run.map_err(|error| AppError::Demo(error.to_string()))
}

fn progress_bar(options: &DemoOptions, contacts: u64) -> ProgressBar {
    if options.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(contacts);
    if let Ok(style) = ProgressStyle::with_template("{elapsed:>4} {bar:40.cyan/blue} {pos}/{len} sent · {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Shows how far the run is, for as long as it is polled.
async fn watch(
    runs: &[(&'static Show, JourneyRun)],
    setting: &Setting,
    bar: &ProgressBar,
    clock: &Arc<dyn Clock>,
) -> std::convert::Infallible {
    loop {
        let progress: Vec<_> = runs.iter().map(|(_, run)| run.progress()).collect();
        let sum = |count: fn(&Progress) -> u64| progress.iter().map(count).sum::<u64>();
        bar.set_position(setting.sandbox.infobip().received_count() as u64);
        bar.set_message(format!(
            "{} entered, {} reported, {} through the journey",
            sum(|progress| progress.entered),
            setting.sandbox.infobip().webhooks_sent(),
            sum(|progress| progress.finished)
        ));
        clock.sleep(POLL_EVERY).await;
    }
}

/// Waits until nothing is on its way any more. `false` when that takes too long.
async fn settle(setting: &Setting, clock: &Arc<dyn Clock>) -> Result<bool, AppError> {
    let deadline = clock.steady().plus(ROWS_WITHIN);
    loop {
        let status = setting.control(ControlRequest::Status).await?;
        let unit = status.pointer("/business_units/0").cloned().unwrap_or_default();
        let left =
            |value: &serde_json::Value, name: &str| value.get(name).and_then(serde_json::Value::as_u64) != Some(0);
        let busy = left(&unit, "queued") || left(&unit, "reports_waiting") || left(&status, "maybe_sent");
        if !busy && setting.sandbox.infobip().webhooks_pending() == 0 {
            return Ok(true);
        }
        if clock.steady() > deadline {
            return Ok(false);
        }
        clock.sleep(POLL_EVERY).await;
    }
}

fn print(out: &mut dyn Write, text: &str) -> Result<(), AppError> {
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| AppError::Demo(format!("the summary can't be printed: {error}")))
}

/// Runs the sandbox alone until it is told to stop: a business unit and an account to try journeys with.
pub(crate) async fn sandbox(options: SandboxOptions, out: &mut dyn Write) -> Result<(), AppError> {
    let sandbox_options = crate::sandbox::SandboxOptions {
        listen: options.listen,
        record: options.record,
        seed: options.seed,
        delivery: DeliveryScript::default(),
    };
    let sandbox = Sandbox::start(sandbox_options, Arc::new(SystemClock::new()))
        .await
        .map_err(|error| AppError::Sandbox(error.to_string()))?;
    setting::populate(&sandbox);
    let tenant_file = setting::tenant_file(&sandbox);
    let text = if options.json {
        let addresses = json!({
            "sfmc_origin": sandbox.sfmc_origin(), "infobip_base_url": sandbox.infobip_base_url(),
            "journey_builder_url": sandbox.journey_builder_url(), "mid": setting::MID, "tenant_file": tenant_file,
        });
        serde_json::to_string_pretty(&addresses).unwrap_or_default()
    } else {
        format!(
            "SFMC stands in at {}, Infobip at {}. Ctrl-C ends both.\nJourney Builder: {}\n\nThis tenant file connects a Waypost with them (waypost tenant add --file FILE):\n\n{tenant_file}",
            sandbox.sfmc_origin(),
            sandbox.infobip_base_url(),
            sandbox.journey_builder_url()
        )
    };
    print(out, &text)?;
    stop_signal().await;
    sandbox.stop().await;
    Ok(())
}
