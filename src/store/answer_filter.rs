//! Which first answers there may be, in memory: two bytes for each.
//!
//! Nearly every call is no repeat, and asking the tree costs more than it seems: sled's readers wait, spinning, while
//! the writer applies a batch, and with them everything else on their thread. So a call is first looked for here, in
//! Bloom filters by day, and in the tree only when it may be there. Until the filters know all that was stored before
//! the start, every call may be.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::keys::{Day, Hash};

/// Bits of one filter.
const BITS: u64 = 1 << 20;
/// Answers that one filter takes, 16 bits for each; then the day gets another.
const ANSWERS_MAX: u32 = 1 << 16;
/// Bits set for each answer. With 16 bits for each, one call in 1 700 is looked for in vain.
const PROBES: u64 = 8;

/// See the module's documentation.
#[derive(Default)]
pub(super) struct AnswerFilter {
    days: RwLock<BTreeMap<Day, Vec<Filter>>>,
    is_complete: AtomicBool,
}

impl AnswerFilter {
    /// To be called before the answer is committed, so that whoever may find it in the tree looks for it.
    pub(super) fn insert(&self, day: Day, hash: &Hash) {
        let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
        let filter = days.get(&day).and_then(|filters| filters.last());
        if filter.is_some_and(|filter| filter.insert(hash)) {
            return;
        }
        drop(days);
        let mut days = self.days.write().unwrap_or_else(PoisonError::into_inner);
        let filters = days.entry(day).or_default();
        // Another thread may have added one meanwhile.
        if !filters.last().is_some_and(|filter| filter.insert(hash)) {
            let filter = Filter::default();
            filter.insert(hash);
            filters.push(filter);
        }
    }

    /// `false`: it is certainly not there.
    pub(super) fn may_have(&self, hash: &Hash) -> bool {
        if !self.is_complete.load(Ordering::Acquire) {
            return true;
        }
        let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
        days.values().flatten().any(|filter| filter.may_have(hash))
    }

    /// All that was stored before the start has been inserted.
    pub(super) fn complete(&self) {
        self.is_complete.store(true, Ordering::Release);
    }

    /// The answers of the days before are gone.
    pub(super) fn forget_before(&self, day: Day) {
        let mut days = self.days.write().unwrap_or_else(PoisonError::into_inner);
        *days = days.split_off(&day);
    }
}

struct Filter {
    words: Box<[AtomicU64]>,
    answers: AtomicU32,
}

impl Default for Filter {
    fn default() -> Self {
        Self { words: (0..BITS / 64).map(|_| AtomicU64::new(0)).collect(), answers: AtomicU32::new(0) }
    }
}

impl Filter {
    /// `false`: it is full, and the answer was not inserted.
    fn insert(&self, hash: &Hash) -> bool {
        if self.answers.fetch_add(1, Ordering::Relaxed) >= ANSWERS_MAX {
            return false;
        }
        // Who looks for it in earnest comes after its commit, which orders more than this needs.
        for (word, bit) in self.probes(hash) {
            word.fetch_or(bit, Ordering::Relaxed);
        }
        true
    }

    fn may_have(&self, hash: &Hash) -> bool {
        self.probes(hash).all(|(word, bit)| word.load(Ordering::Relaxed) & bit != 0)
    }

    /// The hash is a keyed one, so its halves are as good as two hash functions (Kirsch and Mitzenmacher).
    fn probes(&self, hash: &Hash) -> impl Iterator<Item = (&AtomicU64, u64)> {
        let hash = u128::from_be_bytes(*hash);
        #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
        let (first, step) = ((hash >> 64) as u64, hash as u64 | 1);
        (0..PROBES).filter_map(move |probe| {
            let bit = first.wrapping_add(probe.wrapping_mul(step)) % BITS;
            let word = self.words.get(usize::try_from(bit / 64).ok()?)?;
            Some((word, 1 << (bit % 64)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Day = Day(20_000);

    /// As evenly spread as a keyed hash.
    fn hash(number: u64) -> Hash {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(number.to_be_bytes());
        digest[..16].try_into().unwrap()
    }

    #[test]
    fn what_was_inserted_may_be_there_and_hardly_anything_else() {
        let filter = AnswerFilter::default();
        let inserted = u64::from(ANSWERS_MAX) + 10_000;
        for number in 0..inserted {
            filter.insert(DAY, &hash(number));
        }
        filter.complete();
        assert!((0..inserted).all(|number| filter.may_have(&hash(number))));
        let in_vain = (inserted..inserted + 100_000).filter(|number| filter.may_have(&hash(*number))).count();
        assert!(in_vain < 200, "{in_vain} of 100000");
    }

    #[test]
    fn everything_may_be_there_until_the_filter_is_complete() {
        let filter = AnswerFilter::default();
        assert!(filter.may_have(&hash(1)));
        filter.complete();
        assert!(!filter.may_have(&hash(1)));
    }

    #[test]
    fn days_that_are_over_are_forgotten() {
        let filter = AnswerFilter::default();
        filter.complete();
        filter.insert(DAY, &hash(1));
        filter.insert(Day(DAY.0 + 1), &hash(2));
        filter.forget_before(Day(DAY.0 + 1));
        assert!(!filter.may_have(&hash(1)));
        assert!(filter.may_have(&hash(2)));
    }
}
