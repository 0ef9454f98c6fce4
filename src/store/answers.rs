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

/// Entries of one step of [`Answers::remember`]: some milliseconds' worth.
const REMEMBERED_AT_A_TIME: usize = 1_024;

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
        if !self.0.0.answer_filter.may_have(&hash) {
            return Ok(None);
        }
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

    /// Takes the stored answers from `from` on, the first of all without it, into the filter that spares most calls a
    /// look into the tree. A part of them at a time: answers where to go on, and `None` when all are known. Blocks.
    pub(crate) fn remember(&self, from: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, StoreError> {
        let (first, to) = Layout::family(Family::Answer).range();
        let entries = self.0.scan(&from.unwrap_or(first), &to, REMEMBERED_AT_A_TIME)?;
        for (key, _) in &entries {
            if let Some(Key::Answer(day, _, hash)) = Key::parse(key) {
                self.0.0.answer_filter.insert(day, &hash);
            }
        }
        if entries.len() < REMEMBERED_AT_A_TIME {
            self.0.0.answer_filter.complete();
            return Ok(None);
        }
        Ok(entries.into_iter().next_back().map(|(mut key, _)| {
            // The next key in order.
            key.push(0);
            key
        }))
    }

    /// Removes the answers of days that are over, in bounded batches, and tells how many.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<usize, StoreError> {
        let first_kept = Day::of(now).minus(DAYS_BACK);
        let from = Layout::family(Family::Answer).0;
        let to = Layout::family(Family::Answer).day(first_kept).0;
        let mut removed = 0;
        loop {
            let entries = self.0.scan(&from, &to, SWEEP_WRITES)?;
            if entries.is_empty() {
                self.0.0.answer_filter.forget_before(first_kept);
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
        self.store.0.answer_filter.insert(Day::of(answer.at), &hash);
        self.put(mid, &Key::Answer(Day::of(answer.at), mid, hash), answer)
    }
}

fn hash(store: &Store, mid: Mid, instance: &DefinitionInstanceId, activity: &ActivityId) -> Result<Hash, StoreError> {
    // Ids have no control characters, so a zero byte can't be part of either.
    let text = [instance.as_str(), activity.as_str()].join("\0");
    Ok(store.sealer(mid)?.lookup_hash("answer", text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{MasterKey, MemoryKv};

    #[tokio::test]
    async fn answers_stored_before_the_start_are_found_before_and_after_they_are_remembered() {
        let kv = MemoryKv::default();
        let open = || Store::in_memory(kv.clone(), MasterKey::from_bytes([7; 32])).unwrap();
        let (mid, activity) = (super::super::keys::SYSTEM, ActivityId::new("a").unwrap());
        let instance = |number: usize| DefinitionInstanceId::new(&format!("instance-{number}")).unwrap();
        let now = Timestamp::from_secs(1_790_000_000);
        let answer = |number: usize| FirstAnswer {
            message_id: number.to_string(),
            message_status: "Success".to_owned(),
            status_detail: "Ok".to_owned(),
            at: now,
        };
        let stored = REMEMBERED_AT_A_TIME + 10;
        let store = open();
        for number in 0..stored {
            let mut batch = store.batch();
            batch.put_answer(mid, &instance(number), &activity, &answer(number)).unwrap();
            let _receipt = store.commit(batch).await.unwrap();
        }
        let store = open();
        let found = |number| store.answers().get(mid, &instance(number), &activity, now).unwrap();
        assert!((0..stored).all(|number| found(number) == Some(answer(number))));
        let mut steps = 1;
        let mut from = None;
        while let Some(next) = store.answers().remember(from).unwrap() {
            from = Some(next);
            steps += 1;
        }
        assert_eq!(steps, 2);
        assert!((0..stored).all(|number| found(number) == Some(answer(number))));
        assert_eq!(found(stored), None);
        let mut batch = store.batch();
        batch.put_answer(mid, &instance(stored), &activity, &answer(stored)).unwrap();
        let _receipt = store.commit(batch).await.unwrap();
        assert_eq!(found(stored), Some(answer(stored)));
    }
}
