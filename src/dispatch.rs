//! From the queue to Infobip: when a message goes, in which request, and what its answer means.

pub(crate) mod pacer;

use futures_util::future::BoxFuture;

use crate::clock::Timestamp;
use crate::domain::channel::Channel;
use crate::domain::delivery::{LogEntry, MessageAnswer, SendFailure};
use crate::domain::ids::MessageId;
use crate::domain::message::QueuedMessage;
use crate::domain::tenant::Account;

/// One request's worth of messages: all of one account, channel and queue, with equal request options.
#[derive(Clone, Copy)]
pub(crate) struct SendRequest<'a> {
    pub(crate) account: &'a Account,
    pub(crate) channel: Channel,
    /// Not empty; at most the channel's `bulk_max`.
    pub(crate) messages: &'a [QueuedMessage],
    /// Wall-clock time, for what is left of each message's validity.
    pub(crate) now: Timestamp,
}

/// Why the provider's log could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the provider's log did not answer: {problem}")]
pub(crate) struct LookupFailure {
    pub(crate) problem: String,
}

/// The way to the provider. Implemented by the Infobip client and by the simulation's script.
pub(crate) trait Gateway: Send + Sync + 'static {
    /// Sends one request. `Ok` has the provider's answers in its own order; a message without one is maybe sent.
    fn send<'a>(&'a self, request: SendRequest<'a>) -> BoxFuture<'a, Result<Vec<MessageAnswer>, SendFailure>>;

    /// Asks the provider's log for messages by id (spec Q6b). Ids that it does not know are missing from the answer.
    fn look_up<'a>(
        &'a self,
        account: &'a Account,
        channel: Channel,
        ids: &'a [MessageId],
    ) -> BoxFuture<'a, Result<Vec<LogEntry>, LookupFailure>>;
}
