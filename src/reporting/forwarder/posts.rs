//! Posts to the customer's URL, in Infobip's own form (spec R2, external mode).
//!
//! What the page does not take is found by halves and set aside, as rows are. Delivery reports, seen reports, replies and
//! clicks are found each for themselves: a page may know one and not another.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use futures_util::future::join_all;

use super::Forwarder;
use super::isolation::{Isolated, Isolation};
use super::lane::TargetKey;
use super::parcel::{Content, Parcel, inbound_row};
use super::settle::Part;
use crate::domain::ids::Mid;
use crate::domain::secret::Secret;
use crate::reporting::{Posting, RowSinkError};
use crate::store::{OutboxPlace, ReportRecord, StoreError};

/// Reports, or inbound messages, in one post: a page that stores them row by row has to be done in its time.
const RESULTS_MAX: usize = 200;
/// Clicks posted at a time: Infobip brings each as an object of its own.
const CLICKS_TOGETHER: usize = 4;

/// Where posts go, and what signs them.
#[derive(Clone, Copy)]
struct Url<'a> {
    url: &'a str,
    signing_key: Option<&'a Secret>,
}

/// What posts are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Posted {
    Deliveries,
    Seen,
    Inbound,
    Clicks,
}

/// What a page has refused of a parcel, with its words.
struct Refusal<'a> {
    parcel: &'a Parcel,
    part: Part,
    problem: String,
}

impl Isolated for &Parcel {}

impl Posted {
    /// In one post, and posts at a time.
    const fn limits(self) -> (usize, usize) {
        match self {
            Self::Clicks => (1, CLICKS_TOGETHER),
            _ => (RESULTS_MAX, 1),
        }
    }

    /// Which of the target's two counts of refusals is theirs.
    const fn count(self) -> usize {
        match self {
            Self::Seen => 1,
            _ => 0,
        }
    }

    const fn part(self) -> Part {
        match self {
            Self::Deliveries => Part::DELIVERY,
            Self::Seen => Part::SEEN,
            Self::Inbound | Self::Clicks => Part::ALL,
        }
    }

    fn refused(self, guilty: Vec<(&Parcel, String)>) -> impl Iterator<Item = Refusal<'_>> {
        guilty.into_iter().map(move |(parcel, problem)| Refusal { parcel, part: self.part(), problem })
    }

    /// Whether there is something of a parcel that its URL has not taken yet.
    fn has(self, parcel: &Parcel) -> bool {
        match (self, &parcel.content) {
            (Self::Deliveries, Content::Message(_, record)) => {
                record.reports.final_delivery().is_some() && !record.taken.is_some_and(|taken| taken.delivery)
            }
            (Self::Seen, Content::Message(_, record)) => {
                record.reports.seen.is_some() && !record.taken.is_some_and(|taken| taken.seen)
            }
            // One that was taken, or refused, waits only for its event.
            (Self::Inbound, Content::Inbound(record)) => record.taken_at.is_none() && parcel.entry.problem.is_none(),
            (Self::Clicks, Content::Click(..)) => true,
            _ => false,
        }
    }

    fn posting<'a>(self, parcels: &[&'a Parcel]) -> Option<Posting<'a>> {
        let parcels = || parcels.iter().copied();
        Some(match self {
            Self::Deliveries => Posting::Deliveries(
                parcels().filter_map(reports).filter_map(|it| it.reports.final_delivery()).collect(),
            ),
            Self::Seen => {
                Posting::Seen(parcels().filter_map(reports).filter_map(|it| it.reports.seen.as_ref()).collect())
            }
            Self::Inbound => Posting::Inbound(parcels().filter_map(Parcel::inbound).map(inbound_row).collect()),
            // Each is alone in its post.
            Self::Clicks => Posting::Click(parcels().find_map(Parcel::click)?),
        })
    }
}

fn reports(parcel: &Parcel) -> Option<&ReportRecord> {
    match &parcel.content {
        Content::Message(_, record) => Some(record),
        _ => None,
    }
}

impl Forwarder {
    /// Posts what its URL has not taken yet. `Ok(Err(_))`: it takes nothing now.
    pub(super) async fn post(
        &self,
        key: &TargetKey,
        url: &str,
        signing_key: Option<&Secret>,
        parcels: Vec<Parcel>,
    ) -> Result<Result<(), RowSinkError>, StoreError> {
        let mid = key.0;
        let url = Url { url, signing_key };
        let mut refusals = Vec::new();
        let result = self.post_kinds(key, url, &parcels, &mut refusals).await?;
        self.set_posts_aside(mid, refusals).await?;
        if !matches!(result, Err(RowSinkError::Later { .. } | RowSinkError::SomeRefused { .. })) {
            self.settle_rest(mid, &parcels).await?;
        }
        Ok(result)
    }

    /// Posts one kind after the other, and collects what was refused.
    async fn post_kinds<'a>(
        &self,
        key: &TargetKey,
        url: Url<'_>,
        parcels: &'a [Parcel],
        refusals: &mut Vec<Refusal<'a>>,
    ) -> Result<Result<(), RowSinkError>, StoreError> {
        let mut result = Ok(());
        for posted in [Posted::Deliveries, Posted::Seen, Posted::Inbound, Posted::Clicks] {
            let theirs = parcels.iter().filter(|parcel| posted.has(parcel)).collect();
            match self.post_all(key, url, posted, theirs, refusals).await? {
                // It refuses all of one kind; another may be right.
                Err(error @ RowSinkError::TargetWrong { .. }) => result = result.and(Err(error)),
                Err(error) => return Ok(Err(error)),
                Ok(()) => {}
            }
        }
        Ok(result)
    }

    async fn post_all<'a>(
        &self,
        key: &TargetKey,
        url: Url<'_>,
        posted: Posted,
        parcels: Vec<&'a Parcel>,
        refusals: &mut Vec<Refusal<'a>>,
    ) -> Result<Result<(), RowSinkError>, StoreError> {
        if parcels.is_empty() {
            return Ok(Ok(()));
        }
        let mid = key.0;
        let (in_one, together) = posted.limits();
        let in_a_row = self.refused_in_a_row(key).get(posted.count()).copied().unwrap_or_default();
        let mut isolation = Isolation::new(parcels.chunks(in_one).map(<[&Parcel]>::to_vec).collect(), in_a_row);
        loop {
            let together = if isolation.is_doubted() { 1 } else { together };
            let requests: Vec<Vec<&Parcel>> = std::iter::from_fn(|| isolation.next()).take(together).collect();
            if requests.is_empty() {
                break;
            }
            let postings = requests.iter().filter_map(|parcels| posted.posting(parcels));
            let results = join_all(postings.map(|posting| self.posts.post(url.url, url.signing_key, posting)));
            let (mut taken, mut trouble) = (Vec::new(), None);
            for (result, request) in results.await.into_iter().zip(requests) {
                match result {
                    Ok(()) => {
                        isolation.taken();
                        taken.extend(request);
                    }
                    Err(RowSinkError::SomeRefused { problem }) => isolation.refused(request, problem),
                    Err(error) => trouble = Some(error),
                }
            }
            self.mark_taken(mid, &taken, posted.part()).await?;
            refusals.extend(posted.refused(isolation.guilty()));
            if let Some(error) = trouble {
                return Ok(Err(error));
            }
        }
        self.note_refused_in_a_row(key, posted.count(), isolation.in_a_row());
        match isolation.end() {
            Ok(guilty) => {
                refusals.extend(posted.refused(guilty));
                Ok(Ok(()))
            }
            Err(problem) => {
                let problem = format!("the notification URL refuses all that it is posted: {problem}");
                Ok(Err(RowSinkError::TargetWrong { problem }))
            }
        }
    }

    /// Sets aside what was refused, each entry once: its delivery report and its seen report may both have been.
    async fn set_posts_aside(&self, mid: Mid, refusals: Vec<Refusal<'_>>) -> Result<(), StoreError> {
        let mut by_place: BTreeMap<OutboxPlace, Refusal<'_>> = BTreeMap::new();
        for refusal in refusals {
            match by_place.entry(refusal.parcel.place) {
                Entry::Vacant(entry) => drop(entry.insert(refusal)),
                Entry::Occupied(mut entry) => {
                    let known = entry.get_mut();
                    known.part = known.part.and(refusal.part);
                    if known.problem != refusal.problem {
                        known.problem = format!("{}; {}", known.problem, refusal.problem);
                    }
                }
            }
        }
        for Refusal { parcel, part, problem } in by_place.into_values() {
            self.set_aside(mid, parcel, part, &problem).await?;
        }
        Ok(())
    }

    /// What is left when all was posted: replies that were refused while their event waited, and pending delivery reports,
    /// which are posted to nobody.
    async fn settle_rest(&self, mid: Mid, parcels: &[Parcel]) -> Result<(), StoreError> {
        for parcel in parcels {
            let Some(record) = parcel.inbound() else { continue };
            if let Some(problem) = &parcel.entry.problem
                && record.taken_at.is_none()
                && record.open_event().is_none()
            {
                self.set_aside(mid, parcel, Part::ALL, problem).await?;
            }
        }
        let is_pending = |parcel: &&Parcel| {
            let delivery = reports(parcel).and_then(|record| record.reports.delivery.as_ref());
            delivery.is_some_and(|report| !report.is_final)
        };
        let pending: Vec<&Parcel> = parcels.iter().filter(is_pending).collect();
        self.mark_taken(mid, &pending, Part::DELIVERY).await
    }
}
