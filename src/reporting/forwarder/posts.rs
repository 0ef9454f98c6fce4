//! Posts to the customer's URL, in Infobip's own form (spec R2, external mode).

use futures_util::future::join_all;

use super::Forwarder;
use super::parcel::{Content, Parcel, inbound_row};
use super::settle::Part;
use crate::domain::ids::Mid;
use crate::domain::secret::Secret;
use crate::reporting::{Posting, RowSinkError};
use crate::store::StoreError;

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

impl Forwarder {
    /// Posts what its URL has not taken yet. `Ok(Err(_))`: it takes nothing now.
    pub(super) async fn post(
        &self,
        mid: Mid,
        url: &str,
        signing_key: Option<&Secret>,
        parcels: Vec<Parcel>,
    ) -> Result<Result<(), RowSinkError>, StoreError> {
        let url = Url { url, signing_key };
        let (clicks, others): (Vec<_>, Vec<_>) = parcels.into_iter().partition(|parcel| parcel.click().is_some());
        let (inbound, messages): (Vec<_>, Vec<_>) = others.into_iter().partition(|parcel| parcel.inbound().is_some());
        for parcels in messages.chunks(RESULTS_MAX) {
            if let Err(error) = self.post_messages(mid, url, parcels).await? {
                return Ok(Err(error));
            }
        }
        // One that was taken waits only for its event.
        let inbound: Vec<Parcel> = inbound
            .into_iter()
            .filter(|parcel| parcel.inbound().is_some_and(|record| record.taken_at.is_none()))
            .collect();
        for parcels in inbound.chunks(RESULTS_MAX) {
            let posting = Posting::Inbound(parcels.iter().filter_map(Parcel::inbound).map(inbound_row).collect());
            match self.posts.post(url.url, url.signing_key, posting).await {
                Ok(()) => self.mark_taken(mid, parcels, Part::ALL).await?,
                Err(error) => return Ok(Err(error)),
            }
        }
        self.post_clicks(mid, url, clicks).await
    }

    /// Delivery reports and seen reports are bodies of their own, each noted as soon as it was taken.
    async fn post_messages(
        &self,
        mid: Mid,
        url: Url<'_>,
        parcels: &[Parcel],
    ) -> Result<Result<(), RowSinkError>, StoreError> {
        let records = || {
            parcels.iter().filter_map(|parcel| match &parcel.content {
                Content::Message(_, record) => Some(&**record),
                _ => None,
            })
        };
        let has = |part: Part, taken: Option<crate::store::Taken>| {
            taken.is_some_and(|taken| (taken.delivery && part.delivery) || (taken.seen && part.seen))
        };
        let deliveries = records().filter(|record| !has(Part::DELIVERY, record.taken));
        let deliveries: Vec<_> = deliveries.filter_map(|record| record.reports.final_delivery()).collect();
        let seen = records().filter(|record| !has(Part::SEEN, record.taken));
        let seen: Vec<_> = seen.filter_map(|record| record.reports.seen.as_ref()).collect();
        for (part, is_empty, posting) in [
            (Part::DELIVERY, deliveries.is_empty(), Posting::Deliveries(deliveries)),
            (Part::SEEN, seen.is_empty(), Posting::Seen(seen)),
        ] {
            if is_empty {
                continue;
            }
            if let Err(error) = self.posts.post(url.url, url.signing_key, posting).await {
                return Ok(Err(error));
            }
            self.mark_taken(mid, parcels, part).await?;
        }
        // A pending report is posted to nobody, so there is nothing left of it to tell.
        if records().any(|record| record.reports.final_delivery().is_none()) {
            self.mark_taken(mid, parcels, Part::ALL).await?;
        }
        Ok(Ok(()))
    }

    async fn post_clicks(
        &self,
        mid: Mid,
        url: Url<'_>,
        mut clicks: Vec<Parcel>,
    ) -> Result<Result<(), RowSinkError>, StoreError> {
        while !clicks.is_empty() {
            let some: Vec<Parcel> = clicks.drain(..clicks.len().min(CLICKS_TOGETHER)).collect();
            let posts = some.iter().filter_map(Parcel::click);
            let posts = posts.map(|click| self.posts.post(url.url, url.signing_key, Posting::Click(click)));
            let results = join_all(posts).await;
            let mut problem = None;
            let mut taken = Vec::with_capacity(some.len());
            for (result, parcel) in results.into_iter().zip(some) {
                match result {
                    Ok(()) => taken.push(parcel),
                    Err(error) => problem = Some(error),
                }
            }
            self.mark_taken(mid, &taken, Part::ALL).await?;
            if let Some(error) = problem {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }
}
