//! The judgement on one destination of one message, after the request as a whole was found valid.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::channel::{Addressee, Channel, Envelope, Verdict, items};
use super::inbound::replies::{Answered, Reply};
use super::ledger::Entry;
use super::outcome;
use super::status::{DELIVERED, Status, UNDELIVERABLE};
use super::text::parts;
use super::webhooks::{Item, What};
use super::{InfobipAccount, Scene, State, WhatsAppTemplate, links, new_id, omni};
use crate::sandbox::fields::Fields as _;

/// What all messages of a request share.
pub(super) struct Request<'a> {
    pub(super) api_key: &'a str,
    pub(super) channel: &'static Channel,
    pub(super) request_no: u64,
    pub(super) bulk_id: Option<Arc<str>>,
}

/// What all destinations of a message share.
pub(super) struct Message {
    raw: Arc<str>,
    sender: Arc<str>,
    channel_name: &'static str,
    text: Arc<str>,
    link: Option<Arc<str>>,
    parts: u32,
    verdict: Verdict,
    delivery_url: Option<Arc<str>>,
    wants_intermediate: bool,
    seen_url: Option<Arc<str>>,
    tracking_url: Option<Arc<str>>,
    callback_data: Option<Arc<str>>,
    /// `entityId` and `applicationId`.
    platform: Option<Value>,
    /// Label and payload of the first button that a person can tap.
    button: Option<(String, String)>,
}

impl Message {
    pub(super) fn new(account: &InfobipAccount, channel: &Channel, body: &Value, message: &Value) -> Self {
        let envelope = channel.envelope;
        let text = (channel.text)(account, message);
        // Only the body of a WhatsApp template is tracked, and OMNI tracks nothing.
        let link = links::in_text(&text).map(str::to_owned).or_else(|| match envelope {
            Envelope::Unified => links::in_content(message.at("content")),
            Envelope::WhatsApp | Envelope::Omni => None,
        });
        let (sender, channel_name) = match envelope {
            Envelope::Unified | Envelope::WhatsApp => (envelope.sender(message), channel.name),
            Envelope::Omni => omni::first_step(account, message),
        };
        let has_seen_reports = matches!(channel_name, "VIBER" | "RCS" | "WHATSAPP");
        Self {
            raw: message.to_string().into(),
            sender: sender.into(),
            channel_name,
            parts: if channel_name == "SMS" { parts(&text).count } else { 1 },
            text: text.into(),
            link: link.map(Arc::from),
            verdict: (channel.judge)(account, message),
            delivery_url: envelope.delivery_url(message),
            wants_intermediate: envelope.wants_intermediate(message),
            seen_url: envelope.seen_url(message).filter(|_| has_seen_reports),
            tracking_url: envelope.tracking_url(body, message),
            callback_data: envelope.callback_data(message).as_str().map(Arc::from),
            platform: platform(message),
            button: button(account, envelope, message),
        }
    }
}

/// What the answer says about a destination.
pub(super) struct Judgement {
    pub(super) message_id: String,
    pub(super) status: Status,
    pub(super) parts: u32,
}

/// Judges one destination of one message; an accepted one is recorded and its reports are scheduled. The id of a
/// refused message is not remembered: it may be sent again.
pub(super) fn accept(
    state: &mut State,
    scene: &Scene,
    request: &Request<'_>,
    message: &Message,
    addressee: &Addressee,
) -> Judgement {
    let to = addressee.to.as_str();
    let message_id = addressee.message_id.clone().unwrap_or_else(new_id);
    let parts = message.parts;
    let rejection = if state.ledger.is_repeated(&message_id) {
        Some(23)
    } else if let Some(magic) = outcome::magic(to).filter(|status| status.group == 5) {
        Some(magic.id)
    } else if !is_plausible(to, request.channel.envelope) {
        Some(8)
    } else if let Some(ordered) = state.refused_senders.get(&*message.sender) {
        Some(*ordered)
    } else if let Some(rejection) = message.verdict.rejection {
        Some(rejection)
    } else {
        // Only what nothing else refuses is charged.
        let account = state.accounts.get_mut(request.api_key);
        let is_paid = account.is_some_and(|account| account.charge(parts));
        (!is_paid).then_some(12)
    };
    if let Some(id) = rejection {
        return Judgement { message_id, status: Status::of(id), parts };
    }
    let script = &state.script;
    let fate = match message.verdict.failure {
        Some(_) => UNDELIVERABLE,
        None => outcome::choose(state.seed, to, script),
    };
    let is_delivered = fate == DELIVERED;
    let delay = state.delay();
    let seen_after = if script.is_seen_first { delay / 2 } else { delay.saturating_add(script.seen_delay) };
    let is_seen = is_delivered && message.seen_url.is_some() && outcome::is_seen(state.seed, to, script);
    let reply_after = delay.saturating_add(script.reply_delay);
    let is_clicked = is_delivered
        && message.link.is_some()
        && message.tracking_url.is_some()
        && outcome::is_clicked(state.seed, to, script);
    let entry = Entry {
        message_id: message_id.as_str().into(),
        to: to.into(),
        raw: Arc::clone(&message.raw),
        channel: request.channel,
        channel_name: message.channel_name,
        sender: Arc::clone(&message.sender),
        text: Arc::clone(&message.text),
        link: message.link.clone(),
        bulk_id: request.bulk_id.clone(),
        at: scene.now,
        wall_at: scene.wall,
        delay,
        seen_after: is_seen.then_some(seen_after),
        clicked_after: is_clicked.then(|| delay.saturating_mul(2)),
        request_no: request.request_no,
        fate,
        failure: message.verdict.failure,
        parts,
        is_bare: script.is_mms_report_bare && request.channel.name == "MMS",
        is_pollable: message.delivery_url.is_none() && request.channel.envelope != Envelope::WhatsApp,
    };
    let place = state.ledger.add(entry);
    let mut schedule = |after: Duration, url: &Option<Arc<str>>, what: What| {
        if let Some(url) = url {
            state.outbox.schedule(scene.now.plus(after), Item { url: Arc::clone(url), place, what });
        }
    };
    if message.wants_intermediate {
        schedule(delay / 2, &message.delivery_url, What::Intermediate);
    }
    if is_seen {
        schedule(seen_after, &message.seen_url, What::Seen);
    }
    schedule(delay, &message.delivery_url, What::Final);
    if is_clicked {
        schedule(delay.saturating_mul(2), &message.tracking_url, What::Click);
    }
    let account = state.registered(request.api_key);
    let answered = Answered {
        message_id: &message_id,
        channel_name: message.channel_name,
        sender: &message.sender,
        to,
        callback_data: message.callback_data.as_deref(),
        platform: message.platform.as_ref(),
        button: message.button.as_ref(),
        at: scene.now.plus(reply_after),
        wall_at: scene.wall.plus(reply_after),
    };
    let reply = Reply::to(&answered, &account, state.seed, &state.script).filter(|_| is_delivered);
    if let Some(reply) = reply {
        let item = Item { url: Arc::clone(&reply.url), place: state.replies.len(), what: What::Reply };
        state.outbox.schedule(reply.at, item);
        state.replies.push(reply);
    }
    Judgement { message_id, status: request.channel.accepted, parts }
}

/// `entityId` and `applicationId`, which older messages have at their top.
fn platform(message: &Value) -> Option<Value> {
    let of_options = message.pointer("/options/platform").cloned();
    of_options.or_else(|| {
        let names = ["entityId", "applicationId"].into_iter();
        let given: Map<_, _> = names.filter_map(|name| Some((name.to_owned(), message.get(name)?.clone()))).collect();
        (!given.is_empty()).then_some(Value::Object(given))
    })
}

/// The first quick reply of a WhatsApp template, or reply suggestion of RCS.
fn button(account: &InfobipAccount, envelope: Envelope, message: &Value) -> Option<(String, String)> {
    let content = message.at("content");
    let first = |buttons: &Value, kind: &str, field: &str| {
        let first = items(buttons).iter().find(|button| button.at("type") == kind)?;
        first.at(field).as_str().map(str::to_owned)
    };
    match envelope {
        Envelope::WhatsApp => {
            let is_it = |template: &&WhatsAppTemplate| {
                content.at("templateName") == template.name.as_str() && message.at("from") == template.sender.as_str()
            };
            let template = account.whatsapp_templates.iter().find(is_it)?;
            let payload = first(content.at("templateData").at("buttons"), "QUICK_REPLY", "parameter")?;
            Some((first(template.structure.at("buttons"), "QUICK_REPLY", "text")?, payload))
        }
        Envelope::Unified => {
            let suggestions = content.at("suggestions");
            Some((first(suggestions, "REPLY", "text")?, first(suggestions, "REPLY", "postbackData")?))
        }
        Envelope::Omni => None,
    }
}

/// Whether a recipient can be a number in E.164: digits only, 8 to 15 of them, no leading zero. WhatsApp also takes
/// business-scoped user ids, which have a dot.
fn is_plausible(to: &str, envelope: Envelope) -> bool {
    let is_user_id = envelope == Envelope::WhatsApp && to.contains('.');
    let is_number =
        (8..=15).contains(&to.len()) && !to.starts_with('0') && to.bytes().all(|byte| byte.is_ascii_digit());
    is_number || is_user_id
}
