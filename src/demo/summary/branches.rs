//! Which branches contacts took, and which they should have taken by what the stand-ins sent.

use std::collections::{BTreeMap, BTreeSet};

use super::known::Known;
use crate::demo::journey::{
    CLICK_SPLIT, CLICKED_BRANCH, EVENT, EVENT_CAME, MESSAGING, OTHERWISE, REPLY_SPLIT, STATUS_SPLIT, reply_branch,
    status_branch,
};
use crate::demo::show::Show;
use crate::domain::report_answer::NOT_AVAILABLE;
use crate::sandbox::journey::JourneyOutcome;

/// Contacts by the branch of one split that they took.
pub(super) fn taken(outcome: &JourneyOutcome, split: &str) -> BTreeMap<String, u64> {
    let of_split = |(name, count): (&String, &u64)| {
        let (of, label) = name.split_once('/')?;
        (of == split).then(|| (label.to_owned(), *count))
    };
    outcome.progress.branches.iter().filter_map(of_split).collect()
}

/// Where contacts went another way than their replies, clicks and reports say.
pub(super) fn problems(show: &Show, outcome: &JourneyOutcome, known: &Known) -> Vec<String> {
    let expected = expected(show, outcome, known);
    let actual = &outcome.progress.branches;
    let names: BTreeSet<_> = expected.keys().chain(actual.keys()).collect();
    let count = |of: &BTreeMap<String, u64>, name: &str| of.get(name).copied().unwrap_or_default();
    let differing = names.into_iter().filter_map(|name| {
        let (is, should_be) = (count(actual, name), count(&expected, name));
        (is != should_be).then(|| format!("{is} contacts instead of {should_be} took the branch {name}"))
    });
    differing.collect()
}

fn expected(show: &Show, outcome: &JourneyOutcome, known: &Known) -> BTreeMap<String, u64> {
    let mut branches: BTreeMap<String, u64> = BTreeMap::new();
    let mut take = |split: &str, label: &str| *branches.entry(format!("{split}/{label}")).or_default() += 1;
    for contact in outcome.contacts.iter().filter(|contact| contact.ejected.is_none()) {
        let message_status = contact.out(MESSAGING, "messageStatus");
        let id = contact.out(MESSAGING, "messageId");
        if show.is_two_way() {
            match known.reply_to(&id) {
                Some(reply) => {
                    take(EVENT, EVENT_CAME);
                    take(REPLY_SPLIT, reply_branch(&reply.text));
                }
                None => take(EVENT, OTHERWISE),
            }
        }
        if show.is_tracked() {
            take(CLICK_SPLIT, if known.clicks.contains_key(&id) { CLICKED_BRANCH } else { OTHERWISE });
        }
        let status_name = known.reports.get(&id).map_or(NOT_AVAILABLE, |report| &report.status_name);
        take(STATUS_SPLIT, &status_branch(&message_status, status_name));
    }
    branches
}
