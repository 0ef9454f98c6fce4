//! Which of many results its target does not take: found by halves, down to the single one.
//!
//! A target that refuses everything looks like many guilty ones, and must neither cost a request for each nor have all of
//! them set aside. So after some refused in a row, a few others from all over are tried: while none of them is taken, the
//! target itself counts as wrong, what was refused stays where it is, and nothing more is asked of the target.
//! Where something was taken before in the same round, those few are set aside all the same: every round gets on.

use std::collections::HashMap;

/// So many refused in a row, with nothing taken between them, are believed to be guilty one by one.
const REFUSED_IN_A_ROW_MAX: usize = 8;
/// So many others are tried before the target itself counts as wrong.
const PROBES: usize = 8;
/// Set aside in one go; the rest is for the next round, so that a page of guilty ones does not take all the calls.
const SET_ASIDE_MAX: usize = 50;

/// What can be tried alone or with others.
pub(super) trait Isolated {
    /// Those of one key are written in their order: such a one is not tried out of turn.
    fn key(&self) -> Option<&str> {
        None
    }
}

/// Requests that are tried one after the other. Says which; is told what came of it.
pub(super) struct Isolation<I> {
    /// The next one last.
    stack: Vec<Vec<I>>,
    /// Refused alone since something was taken, with the target's words.
    suspects: Vec<(I, String)>,
    guilty: Vec<(I, String)>,
    /// Refused alone since something was taken, in earlier rounds too.
    in_a_row: usize,
    /// How many more are tried before the target counts as wrong; `None` while it does not look so.
    probes: Option<usize>,
    set_aside: usize,
    has_taken: bool,
    last_problem: String,
}

impl<I: Isolated> Isolation<I> {
    /// `in_a_row`: what [`Isolation::in_a_row`] said when the target was tried last.
    pub(super) fn new(mut requests: Vec<Vec<I>>, in_a_row: usize) -> Self {
        requests.retain(|request| !request.is_empty());
        requests.reverse();
        Self {
            stack: requests,
            suspects: Vec::new(),
            guilty: Vec::new(),
            in_a_row,
            probes: None,
            set_aside: 0,
            has_taken: false,
            last_problem: String::new(),
        }
    }

    /// The next request to try; `None` when nothing is left, or nothing more is to be tried in this round.
    pub(super) fn next(&mut self) -> Option<Vec<I>> {
        match self.probes {
            Some(0) => None,
            Some(left) => self.probe(left),
            None if self.set_aside >= SET_ASIDE_MAX => None,
            None => self.stack.pop(),
        }
    }

    /// The request was taken: so the target is right, and who was refused is guilty.
    pub(super) fn taken(&mut self) {
        self.has_taken = true;
        self.probes = None;
        self.in_a_row = 0;
        self.believe();
    }

    /// The request was refused, for whatever is in it.
    pub(super) fn refused(&mut self, mut request: Vec<I>, problem: String) {
        self.last_problem.clone_from(&problem);
        if request.len() > 1 {
            if self.is_doubted() {
                self.stack.push(request);
                self.probes = Some(PROBES);
                return;
            }
            let second = request.split_off(request.len() / 2);
            self.stack.push(second);
            self.stack.push(request);
            return;
        }
        self.suspects.extend(request.pop().map(|suspect| (suspect, problem)));
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.probes = match self.probes {
            Some(left) => Some(left.saturating_sub(1)),
            None => self.is_doubted().then_some(PROBES),
        };
    }

    /// Puts a request back that is to be tried again as it is.
    pub(super) fn again(&mut self, request: Vec<I>) {
        self.stack.push(request);
    }

    /// Those that are to be set aside, with the target's words.
    pub(super) fn guilty(&mut self) -> Vec<(I, String)> {
        std::mem::take(&mut self.guilty)
    }

    /// Ends a round in which [`Isolation::next`] has nothing more: who is still to be set aside, or what the target said
    /// that counts as wrong.
    pub(super) fn end(&mut self) -> Result<Vec<(I, String)>, String> {
        if self.is_doubted() && !self.has_taken {
            self.suspects.clear();
            return Err(std::mem::take(&mut self.last_problem));
        }
        self.believe();
        Ok(self.guilty())
    }

    /// How many were refused since something was taken, for the next round.
    pub(super) fn in_a_row(&self) -> usize {
        self.in_a_row
    }

    /// Whether it looks as if the target itself were wrong.
    pub(super) fn is_doubted(&self) -> bool {
        self.in_a_row >= REFUSED_IN_A_ROW_MAX
    }

    fn believe(&mut self) {
        self.set_aside += self.suspects.len();
        self.guilty.append(&mut self.suspects);
    }

    /// One that is left, alone; `left` of [`PROBES`] are spread over all, the last of them first.
    fn probe(&mut self, left: usize) -> Option<Vec<I>> {
        let mut keys: HashMap<String, usize> = HashMap::new();
        for key in self.stack.iter().flatten().filter_map(Isolated::key) {
            *keys.entry(key.to_owned()).or_default() += 1;
        }
        let is_alone = |item: &I| item.key().is_none_or(|key| keys.get(key) == Some(&1));
        let places = self.stack.iter().enumerate().flat_map(|(request, items)| {
            let alone = items.iter().enumerate().rev().filter(|(_, item)| is_alone(item));
            alone.map(move |(item, _)| (request, item))
        });
        // The stack's first is the last of all.
        let places: Vec<_> = places.collect();
        let at = places.len() * (PROBES - left.min(PROBES)) / PROBES;
        let (request, item) = places.get(at).copied()?;
        let items = self.stack.get_mut(request)?;
        let probed = (item < items.len()).then(|| items.remove(item))?;
        if items.is_empty() {
            self.stack.remove(request);
        }
        Some(vec![probed])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Isolated for usize {}

    #[derive(Default)]
    struct Outcome {
        taken: Vec<usize>,
        aside: Vec<usize>,
        requests: usize,
        in_a_row: usize,
        is_wrong: bool,
    }

    /// One round against a target that does not take those for which `is_guilty` says so.
    fn round(requests: Vec<Vec<usize>>, in_a_row: usize, is_guilty: impl Fn(usize) -> bool) -> Outcome {
        let mut outcome = Outcome::default();
        let mut isolation = Isolation::new(requests, in_a_row);
        while let Some(request) = isolation.next() {
            outcome.requests += 1;
            if request.iter().any(|item| is_guilty(*item)) {
                isolation.refused(request, "no".into());
            } else {
                outcome.taken.extend(request);
                isolation.taken();
            }
            outcome.aside.extend(isolation.guilty().into_iter().map(|(item, _)| item));
        }
        outcome.in_a_row = isolation.in_a_row();
        match isolation.end() {
            Ok(guilty) => outcome.aside.extend(guilty.into_iter().map(|(item, _)| item)),
            Err(problem) => {
                assert_eq!(problem, "no");
                outcome.is_wrong = true;
            }
        }
        outcome
    }

    fn chunks(count: usize, size: usize) -> Vec<Vec<usize>> {
        (0..count).collect::<Vec<_>>().chunks(size).map(<[usize]>::to_vec).collect()
    }

    #[test]
    fn the_guilty_one_of_many_costs_two_requests_a_halving() {
        let outcome = round(chunks(200, 200), 0, |item| item == 77);
        assert_eq!((outcome.taken.len(), outcome.aside), (199, vec![77]));
        assert!(outcome.requests <= 17, "{}", outcome.requests);
    }

    #[test]
    fn a_target_that_refuses_everything_is_wrong_and_nothing_is_set_aside() {
        let outcome = round(chunks(2_000, 200), 0, |_| true);
        assert!(outcome.is_wrong && outcome.aside.is_empty() && outcome.taken.is_empty());
        assert!(outcome.requests <= 40, "{}", outcome.requests);
        // The next rounds are cheaper, and the first thing taken ends the doubt.
        let outcome = round(chunks(2_000, 200), outcome.in_a_row, |_| true);
        assert!(outcome.is_wrong && outcome.aside.is_empty());
        assert_eq!(outcome.requests, 1 + PROBES);
        let outcome = round(chunks(2_000, 200), outcome.in_a_row, |_| false);
        assert_eq!((outcome.is_wrong, outcome.taken.len(), outcome.in_a_row), (false, 2_000, 0));
    }

    /// With few reports each comes alone: so many are set aside before it is noticed, and no more.
    #[test]
    fn single_ones_refused_in_round_after_round_are_believed_only_so_often() {
        let (mut in_a_row, mut aside) = (0, 0);
        for item in 0..100 {
            let outcome = round(vec![vec![item]], in_a_row, |_| true);
            assert_eq!(outcome.requests, 1);
            (in_a_row, aside) = (outcome.in_a_row, aside + outcome.aside.len());
        }
        assert_eq!(aside, REFUSED_IN_A_ROW_MAX - 1);
    }

    #[test]
    fn many_guilty_ones_side_by_side_do_not_block_the_others() {
        let is_guilty = |item| (10..130).contains(&item);
        let (mut waiting, mut aside, mut rounds) = ((0..200).collect::<Vec<_>>(), 0, 0);
        while !waiting.is_empty() {
            let outcome = round(waiting.chunks(50).map(<[usize]>::to_vec).collect(), 0, is_guilty);
            assert!(!outcome.is_wrong && outcome.aside.iter().all(|item| is_guilty(*item)));
            aside += outcome.aside.len();
            waiting.retain(|item| !outcome.taken.contains(item) && !outcome.aside.contains(item));
            rounds += 1;
            assert!(rounds < 10, "{waiting:?} are left");
        }
        assert_eq!(aside, 120);
    }

    struct Keyed(&'static str, usize);

    impl Isolated for Keyed {
        fn key(&self) -> Option<&str> {
            Some(self.0)
        }
    }

    #[test]
    fn rows_of_one_key_keep_their_order() {
        let requests = (0..12).map(|number| vec![Keyed(if number < 10 { "same" } else { "other" }, number)]).collect();
        let mut isolation = Isolation::new(requests, REFUSED_IN_A_ROW_MAX);
        let mut tried = Vec::new();
        while let Some(request) = isolation.next() {
            tried.extend(request.iter().map(|Keyed(_, number)| *number));
            isolation.refused(request, "no".into());
        }
        assert_eq!(tried, [0], "no other may go before the first of its key");
        assert!(isolation.end().is_err());
    }

    proptest! {
        #[test]
        fn only_the_guilty_are_set_aside_and_only_the_others_taken(
            count in 1usize..300, size in 1usize..80, in_a_row in 0usize..12,
            guilty in proptest::collection::hash_set(0usize..300, 0..40),
        ) {
            let outcome = round(chunks(count, size), in_a_row, |item| guilty.contains(&item));
            prop_assert!(outcome.aside.iter().all(|item| guilty.contains(item)));
            prop_assert!(outcome.taken.iter().all(|item| !guilty.contains(item)));
            let mut all = [outcome.taken.clone(), outcome.aside.clone()].concat();
            all.sort_unstable();
            let settled = all.len();
            all.dedup();
            prop_assert_eq!(all.len(), settled, "nothing is settled twice");
            let is_doubted = outcome.in_a_row >= REFUSED_IN_A_ROW_MAX;
            prop_assert!(is_doubted || outcome.aside.len() >= SET_ASIDE_MAX || settled == count);
            prop_assert!(!outcome.is_wrong || (is_doubted && settled == 0));
            prop_assert!(outcome.is_wrong || settled > 0, "every round gets on");
        }
    }
}
