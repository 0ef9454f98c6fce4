//! First answers: what a repeated execute call gets again (spec M11).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keys::{Day, Family, Hash, Key, Layout};
use super::{SWEEP_WRITES, Store, StoreBatch, StoreError};
use crate::domain::ids::{ActivityId, DefinitionInstanceId, Mid};
use crate::domain::timestamp::Timestamp;

/// How long a first answer is given again.
pub(crate) const ANSWER_KEPT: Duration = Duration::from_hours(72);
/// Days that may hold an answer still valid, besides today.
const DAYS_BACK: u32 = 3;
const ONE_DAY: Duration = Duration::from_hours(24);

/// The out-arguments of the first call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct FirstAnswer {
    pub(crate) message_id: String,
    pub(crate) message_status: String,
    pub(crate) status_detail: String,
    pub(crate) at: Timestamp,
}

/// Reads of first answers.
#[derive(Clone, Copy)]
pub(crate) struct Answers<'a>(pub(super) &'a Store);

impl Answers<'_> {
    /// The answer that this call got within 72 hours before `now`. An id that is not real never has one.
    pub(crate) fn get(
        &self,
        mid: Mid,
        instance: &DefinitionInstanceId,
        activity: &ActivityId,
        now: Timestamp,
    ) -> Result<Option<FirstAnswer>, StoreError> {
        if !instance.is_real() {
            return Ok(None);
        }
        let hash = hash(self.0, mid, instance, activity)?;
        // A clock that was set back may have left the answer in the day that comes.
        let tomorrow = Day::of(now.plus(ONE_DAY));
        for back in 0..=DAYS_BACK + 1 {
            let answer: Option<FirstAnswer> = self.0.read(mid, &Key::Answer(tomorrow.minus(back), mid, hash))?;
            if let Some(answer) = answer
                && now.since(answer.at) < ANSWER_KEPT
            {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// Removes the answers of days that are over, in bounded batches, and tells how many.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<usize, StoreError> {
        let from = Layout::family(Family::Answer).0;
        let to = Layout::family(Family::Answer).day(Day::of(now).minus(DAYS_BACK)).0;
        let mut removed = 0;
        loop {
            let entries = self.0.scan(&from, &to, SWEEP_WRITES)?;
            if entries.is_empty() {
                return Ok(removed);
            }
            removed += entries.len();
            let mut batch = self.0.batch();
            entries.into_iter().for_each(|(key, _)| batch.delete_raw(key));
            let _receipt = self.0.commit(batch).await?;
        }
    }
}

impl StoreBatch {
    /// Keeps the answer for repeats. One without a real instance id is not kept: nothing could ask for it.
    pub(crate) fn put_answer(
        &mut self,
        mid: Mid,
        instance: &DefinitionInstanceId,
        activity: &ActivityId,
        answer: &FirstAnswer,
    ) -> Result<(), StoreError> {
        if !instance.is_real() {
            return Ok(());
        }
        let hash = hash(&self.store, mid, instance, activity)?;
        self.put(mid, &Key::Answer(Day::of(answer.at), mid, hash), answer)
    }
}

fn hash(store: &Store, mid: Mid, instance: &DefinitionInstanceId, activity: &ActivityId) -> Result<Hash, StoreError> {
    // Ids have no control characters, so a zero byte can't be part of either.
    let text = [instance.as_str(), activity.as_str()].join("\0");
    Ok(store.sealer(mid)?.lookup_hash("answer", text.as_bytes()))
}
