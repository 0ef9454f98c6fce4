//! What is wrong with a reports activity, and what may be: one sentence each, at its field.

use super::{Context, named};
use crate::domain::journey::{ActivityKind, JourneyActivity, MessageSettings, reported_activity};
use crate::domain::message::names;
use crate::domain::report_answer::AskedKind;
use crate::domain::speed_limit::{SpeedLimit, SpeedUnit};

/// The step that all fields are on.
pub(crate) const STEP: &str = "report";

/// A sentence about an in-argument.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Remark {
    pub(crate) argument: &'static str,
    pub(crate) message: String,
}

fn remark(argument: &'static str, message: impl Into<String>) -> Remark {
    Remark { argument, message: message.into() }
}

/// What is found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Found {
    /// With these it can't be saved.
    pub(crate) problems: Vec<Remark>,
    pub(crate) warnings: Vec<Remark>,
    /// What is worth knowing, by field.
    pub(crate) notes: Vec<Remark>,
}

/// Checks what is chosen against the journey and the business unit.
pub(crate) fn check(context: &Context<'_>) -> Found {
    let mut found = Found::default();
    check_message(context, &mut found);
    check_kind(context, &mut found);
    check_account(context, &mut found);
    if let Some(activity) = context.message() {
        warn_of_message(context, activity, &mut found);
        warn_of_wait(context, activity, &mut found);
    }
    found
}

fn check_message(context: &Context<'_>, found: &mut Found) {
    let texts = &context.texts.problems;
    let chosen = context.argument(names::MESSAGE_ID);
    let mut problem = |message: String| found.problems.push(remark(names::MESSAGE_ID, message));
    if chosen.is_empty() {
        let message = if context.offered().is_empty() { texts.no_messages } else { texts.no_message };
        return problem(message.to_owned());
    }
    let Some(key) = reported_activity(chosen) else { return problem(texts.no_expression.to_owned()) };
    if context.journey.activities.is_empty() {
        // The answer may not have come: nothing is proven.
        return found.warnings.push(remark(names::MESSAGE_ID, texts.journey_unknown));
    }
    let Some(activity) = context.journey.activity(key) else { return problem((texts.message_gone)(key)) };
    if activity.kind != ActivityKind::Messaging {
        return problem((texts.no_message_activity)(&named(activity, context.texts)));
    }
    if !context.journey.earlier().iter().any(|earlier| earlier.key == key) {
        problem((texts.not_earlier)(&named(activity, context.texts)));
    }
}

fn check_kind(context: &Context<'_>, found: &mut Found) {
    let chosen = context.argument(names::REPORT_KIND);
    if !chosen.is_empty() && AskedKind::by_name(chosen).is_none() {
        found.problems.push(remark(names::REPORT_KIND, context.texts.problems.unknown_kind));
    }
}

fn check_account(context: &Context<'_>, found: &mut Found) {
    let texts = &context.texts.problems;
    match context.argument(names::ACCOUNT) {
        "" if context.accounts.len() > 1 => found.problems.push(remark(names::ACCOUNT, texts.no_account)),
        label if !label.is_empty() && !context.has_account(label) => {
            found.problems.push(remark(names::ACCOUNT, (texts.unknown_account)(label)));
        }
        _ => {}
    }
}

/// What the message's own settings say about the report.
fn warn_of_message(context: &Context<'_>, activity: &JourneyActivity, found: &mut Found) {
    let texts = &context.texts.problems;
    let name = named(activity, context.texts);
    let Some(message) = &activity.message else {
        return found.warnings.push(remark(names::MESSAGE_ID, (texts.not_configured)(&name)));
    };
    let mut warn = |message: String| found.warnings.push(remark(names::REPORT_KIND, message));
    let channel = context.channel();
    match (context.kind(), channel.map(|channel| channel.capability())) {
        (AskedKind::Reply, Some(capability)) if capability.replies.is_none() => {
            warn((texts.no_replies)(capability.name));
        }
        (AskedKind::Click, Some(capability)) if !capability.tracks_links => {
            warn((texts.cannot_track)(capability.name));
        }
        (AskedKind::Click, _) if !message.shortens_urls => warn((texts.not_shortened)(&name)),
        (AskedKind::Click, _) if !message.tracks_clicks => warn((texts.not_tracked)(&name)),
        _ => {}
    }
    let account = context.argument(names::ACCOUNT);
    if context.accounts.len() > 1
        && !account.is_empty()
        && message.account != account
        && context.has_account(&message.account)
    {
        found.warnings.push(remark(names::ACCOUNT, (texts.other_account)(&name, &message.account)));
    }
}

fn warn_of_wait(context: &Context<'_>, activity: &JourneyActivity, found: &mut Found) {
    let texts = &context.texts.problems;
    let journey = context.journey;
    // Without a path there is a problem already, or the page's own activity is not in the journey yet.
    let Some(wait) = journey.wait_between(&activity.key, &journey.activity_key) else { return };
    let waits_for_event = journey.waits_for_event_between(&activity.key, &journey.activity_key);
    if wait > 0 {
        found.notes.push(remark(names::MESSAGE_ID, (texts.waits)(wait)));
    } else if !waits_for_event {
        found.warnings.push(remark(names::MESSAGE_ID, (texts.no_wait)(&named(activity, context.texts))));
    }
    let Some((limit, audience)) = activity.message.as_ref().and_then(pace) else { return };
    let per_unit = u128::from(limit.count());
    let unit_secs = u128::from(limit.unit().nanos() / 1_000_000_000);
    let sent = u64::try_from(u128::from(wait) * per_unit / unit_secs).unwrap_or(u64::MAX);
    let takes = audience.map(|audience| (audience, u128::from(audience) * unit_secs / per_unit));
    match takes {
        Some((_, secs)) if secs <= u128::from(wait) => {}
        takes => {
            let known_wait = (wait > 0).then_some((wait, sent));
            let mut sentence = (texts.paced)(limit.count(), limit.unit().as_str(), known_wait);
            if let Some((audience, secs)) = takes {
                sentence.push(' ');
                sentence.push_str(&(texts.paced_audience)(audience, u64::try_from(secs).unwrap_or(u64::MAX)));
            }
            found.warnings.push(remark(names::MESSAGE_ID, sentence));
        }
    }
}

/// The message's speed limit, and the contacts that are expected.
fn pace(message: &MessageSettings) -> Option<(SpeedLimit, Option<u64>)> {
    let unit = match message.speed_limit_unit.trim().to_ascii_uppercase().as_str() {
        "MINUTE" => SpeedUnit::Minute,
        "HOUR" => SpeedUnit::Hour,
        "DAY" => SpeedUnit::Day,
        _ => return None,
    };
    let limit = SpeedLimit::new(message.speed_limit_count.trim().parse().ok()?, unit).ok()?;
    Some((limit, message.audience))
}
