//! Live figures of one activity, for the page that Journey Builder shows over it while its journey runs (spec M12).
//!
//! What can be told is what reached us: contacts that were refused with a soft error leave no record, so they are in no
//! figure. Figures go as far back as reports are kept (spec R5).

use std::sync::Arc;

use serde_json::Value;

use super::configuration::value;
use super::session::Session;
use crate::dispatch::book::{QueueBook, QueueHandle};
use crate::domain::channel::Channel;
use crate::domain::ids::ActivityId;
use crate::domain::message::names;
use crate::intake::Lifecycle;
use crate::reporting::recorder::Recorder;
use crate::sfmc::activity::Kind;
use crate::sfmc::journey_builder::SavedActivity;
use crate::store::StoreError;

/// Figures of an activity in one journey version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct ActivityFigures {
    /// Messages that wait here.
    pub(crate) queued: u64,
    /// Messages that Infobip took.
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    /// Messages that will not be delivered, whoever refused them; those that ended here are not among the sent.
    pub(crate) failed: u64,
    /// `None` on channels that don't tell.
    pub(crate) seen: Option<u64>,
}

/// See the module's documentation.
pub(crate) struct Figures {
    book: Arc<QueueBook>,
    recorder: Arc<Recorder>,
    lifecycle: Arc<Lifecycle>,
}

impl Figures {
    pub(crate) fn new(book: Arc<QueueBook>, recorder: Arc<Recorder>, lifecycle: Arc<Lifecycle>) -> Self {
        Self { book, recorder, lifecycle }
    }

    /// The figures of an activity that Journey Builder handed over; a reports activity has those of the message that it
    /// reports on. All are 0 before its first contact, and for an activity of another business unit.
    pub(crate) async fn of(
        &self,
        session: &Session,
        kind: Kind,
        activity: &Value,
    ) -> Result<ActivityFigures, StoreError> {
        let Some(queue) = self.queue(session, kind, &SavedActivity::read(activity))? else {
            return Ok(ActivityFigures::default());
        };
        let (channel, done) = {
            let record = queue.record.lock().await;
            (record.channel, record.done)
        };
        // Read behind what is done: a message that was finished since is not counted as queued and as sent.
        let queued = queue.last_given().saturating_sub(done);
        let (recorder, mid, id) = (Arc::clone(&self.recorder), session.tenant.mid, queue.id);
        // To its end, though the page may not wait for it: whoever asks next has it then.
        let counting = tokio::spawn(async move { recorder.tally(mid, id).await });
        let tally = counting.await.unwrap_or(Err(StoreError::Closed))?;
        let seen = Channel::reports_seen(channel.capability().reported_as).then_some(tally.seen);
        let sent = done.saturating_sub(tally.ended_here);
        Ok(ActivityFigures { queued, sent, delivered: tally.delivered, failed: tally.failed, seen })
    }

    /// The activity's queue: by its own id, which it has in this version of the journey only; else the newest one of its
    /// configuration.
    fn queue(
        &self,
        session: &Session,
        kind: Kind,
        saved: &SavedActivity,
    ) -> Result<Option<Arc<QueueHandle>>, StoreError> {
        let mid = session.tenant.mid;
        let id = saved.id.as_deref().filter(|_| kind == Kind::Messaging);
        let by_id = id.and_then(|id| ActivityId::new(id).ok()).and_then(|id| self.book.by_activity(mid, &id));
        if by_id.is_some() {
            return Ok(by_id);
        }
        let argument = |name| value(&saved.arguments, name);
        let Some(own) = argument(names::CONFIGURATION_ID) else { return Ok(None) };
        let of_message = match kind {
            Kind::Messaging => Some(own),
            // Only of the same journey: a copy names the original's message until it is saved anew.
            Kind::Reports => match argument(names::MESSAGE_CONFIGURATION_ID) {
                Some(message) if self.lifecycle.are_of_one_journey(mid, own, message)? => Some(message),
                _ => None,
            },
        };
        let Some(newest) = of_message.map(|text| self.lifecycle.newest_queue(mid, text)).transpose()?.flatten() else {
            return Ok(None);
        };
        Ok(self.book.by_id(newest).filter(|queue| queue.mid == mid))
    }
}
