//! A message as it was written first: before replies fired events.

use serde::Deserialize;

use super::super::messages::{SentMessage, SentOutcome};
use crate::domain::channel::Channel;
use crate::domain::ids::{AccountId, MessageId};
use crate::domain::message::{Content, Message, Progress, QueuedMessage, RequestOptions};
use crate::domain::phone::Phone;
use crate::domain::timestamp::Timestamp;

#[derive(Deserialize)]
struct MessageV1 {
    account: AccountId,
    channel: Channel,
    recipient: Phone,
    content: Content,
    options: RequestOptions,
    callback_data: String,
    contact_key: String,
    validity_minutes: u16,
    latest_send_at: Option<Timestamp>,
}

#[derive(Deserialize)]
pub(super) struct QueuedMessageV1 {
    id: MessageId,
    message: MessageV1,
    accepted_at: Timestamp,
    progress: Progress,
}

#[derive(Deserialize)]
pub(super) struct SentMessageV1 {
    message: QueuedMessageV1,
    outcome: SentOutcome,
    ended_at: Timestamp,
}

impl From<MessageV1> for Message {
    fn from(form: MessageV1) -> Self {
        Self {
            account: form.account,
            channel: form.channel,
            recipient: form.recipient,
            content: form.content,
            options: form.options,
            callback_data: form.callback_data,
            contact_key: form.contact_key,
            validity_minutes: form.validity_minutes,
            latest_send_at: form.latest_send_at,
            reply_event: None,
        }
    }
}

impl From<QueuedMessageV1> for QueuedMessage {
    fn from(form: QueuedMessageV1) -> Self {
        Self { id: form.id, message: form.message.into(), accepted_at: form.accepted_at, progress: form.progress }
    }
}

impl From<SentMessageV1> for SentMessage {
    fn from(form: SentMessageV1) -> Self {
        Self { message: form.message.into(), outcome: form.outcome, ended_at: form.ended_at }
    }
}
