//! The account's side of Infobip: which scopes its key has, and what it has to send with (spec T2, T3; infobip.md 4, 5.3,
//! 11).
//!
//! Every call here reads. None is repeated on its own account: who asks is a person, or a page that asks again.

mod checks;
mod pace;
mod scenarios;
mod senders;
mod templates;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use self::pace::{Endpoint, Pace};
use super::client::{BODY_BYTES_MAX, InfobipClient, UnsendableKey};
use super::problem;
use crate::clock::{Clock, Timestamp};
use crate::domain::scenario::{ScenarioCheck, ScenarioKey};
use crate::domain::sender::SenderListing;
use crate::domain::tenant::Account;
use crate::domain::whatsapp_template::Template;
use crate::listings::{AccountListings, ListingFailure, TypedSenders};
use crate::outbound::{self, Answer, Unanswered};

/// Longest name, code or number that is taken over from an answer, in characters.
const NAME_CHARS_MAX: usize = 512;
/// What stays as it is in a path segment: RFC 3986's unreserved characters.
const SEGMENT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// See the module's documentation.
pub(crate) struct AccountReader {
    client: Arc<InfobipClient>,
    pace: Pace,
}

/// A call that changes nothing.
#[derive(Clone, Copy)]
enum Call<'a> {
    Get(&'a str),
    Post(&'a str, &'a str),
}

#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error(transparent)]
    Key(#[from] UnsendableKey),
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

impl AccountReader {
    pub(crate) fn new(client: Arc<InfobipClient>, clock: Arc<dyn Clock>) -> Self {
        Self { client, pace: Pace::new(clock) }
    }

    async fn call(&self, account: &Account, endpoint: Endpoint, call: Call<'_>) -> Result<Answer, NoAnswer> {
        let request = match call {
            Call::Get(target) => self.client.get(account, target),
            Call::Post(path, body) => self.client.post(account, path, body.as_bytes().to_vec()),
        }?;
        self.pace.turn(endpoint).await;
        // `Retry-After` is not used here, so the time of the call does not matter.
        Ok(outbound::exchange(request, BODY_BYTES_MAX, Timestamp::ZERO).await?)
    }

    /// The JSON of a listing's answer. `scope` is what a 403 means is missing.
    async fn read(
        &self,
        account: &Account,
        endpoint: Endpoint,
        call: Call<'_>,
        scope: &'static str,
    ) -> Result<Value, ListingFailure> {
        let answer = self.call(account, endpoint, call).await.map_err(|no_answer| match no_answer {
            NoAnswer::Key(unsendable) => ListingFailure::Refused { problem: unsendable.to_string() },
            NoAnswer::Unanswered(unanswered) => ListingFailure::NoAnswer { problem: unanswered.to_string() },
        })?;
        let status = answer.status;
        let problem = || problem::of(status, &answer.body);
        match status {
            200..=299 => serde_json::from_slice(&answer.body).map_err(|_| ListingFailure::Unreadable { status }),
            300..=399 => Err(ListingFailure::Unreadable { status }),
            401 => Err(ListingFailure::KeyRefused),
            403 => Err(ListingFailure::ScopeMissing { scope }),
            404 => Err(ListingFailure::NotFound),
            429 => Err(ListingFailure::Throttled),
            408 | 425 | 500.. => Err(ListingFailure::NoAnswer { problem: problem() }),
            _ => Err(ListingFailure::Refused { problem: problem() }),
        }
    }
}

impl AccountListings for AccountReader {
    fn templates<'a>(
        &'a self,
        account: &'a Account,
        sender: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Template>, ListingFailure>> {
        Box::pin(templates::of_sender(self, account, sender))
    }

    fn senders<'a>(&'a self, account: &'a Account, typed: &'a TypedSenders) -> BoxFuture<'a, SenderListing> {
        Box::pin(senders::of_account(self, account, typed))
    }

    fn scenario<'a>(&'a self, account: &'a Account, key: &'a ScenarioKey) -> BoxFuture<'a, ScenarioCheck> {
        Box::pin(scenarios::check(self, account, key))
    }
}

/// A text as one segment of a path.
fn segment(text: &str) -> String {
    utf8_percent_encode(text, &SEGMENT).to_string()
}

/// A member that is a name, code or number: on one line, without what would disturb a terminal, and not too long.
fn name(value: &Value, member: &str) -> Option<String> {
    let text = match value.get(member)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let text: String = text.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A listing's entries; `None` when the answer is no such listing.
fn entries<'a>(answer: &'a Value, members: &[&str]) -> Option<&'a [Value]> {
    members.iter().find_map(|member| answer.get(member)?.as_array()).map(Vec::as_slice)
}

/// Pages of a listing, put together.
struct Pages {
    entries: Vec<Value>,
    /// There are more than were read.
    is_cut: bool,
}

/// Which pages of a listing are asked for.
struct Paging<'a> {
    endpoint: Endpoint,
    scope: &'static str,
    /// Names of the member that holds the entries.
    members: &'a [&'a str],
    /// Entries of one page.
    size: usize,
    pages_max: usize,
}

impl AccountReader {
    /// Reads a listing page by page. `call` makes the path and, for a POST, gives the body of each.
    async fn pages(
        &self,
        account: &Account,
        paging: Paging<'_>,
        path: impl Fn(usize) -> String,
        body: Option<&str>,
    ) -> Result<Pages, ListingFailure> {
        let Paging { endpoint, scope, members, size, pages_max } = paging;
        let mut all = Pages { entries: Vec::new(), is_cut: false };
        for page in 0..pages_max {
            let target = path(page);
            let call = body.map_or(Call::Get(&target), |body| Call::Post(&target, body));
            let answer = self.read(account, endpoint, call, scope).await?;
            let got = entries(&answer, members).ok_or(ListingFailure::Unreadable { status: 200 })?;
            all.entries.extend_from_slice(got);
            if is_last(&answer, page, got.len(), size) {
                return Ok(all);
            }
        }
        all.is_cut = true;
        Ok(all)
    }
}

/// Whether no page follows: by the totals where the answer has them, else because this one is not full.
fn is_last(answer: &Value, page: usize, got: usize, size: usize) -> bool {
    let total = |path: &str| answer.pointer(path).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    if got == 0 {
        return true;
    }
    if let Some(pages) = total("/paging/totalPages") {
        return page + 1 >= pages;
    }
    let items = total("/paging/totalResults").or_else(|| total("/paging/totalItems")).or_else(|| total("/numberCount"));
    match items {
        Some(items) => (page + 1).saturating_mul(size) >= items,
        None => got < size,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::SystemClock;
    use crate::infobip::client::tests::client;

    pub(super) fn reader() -> AccountReader {
        AccountReader::new(Arc::new(client()), Arc::new(SystemClock::new()))
    }

    #[test]
    fn the_last_page_is_known_by_totals_or_by_not_being_full() {
        for (answer, page, got, expected) in [
            (json!({}), 0, 50, false),
            (json!({}), 0, 49, true),
            (json!({}), 7, 0, true),
            (json!({"numberCount": 51}), 0, 50, false),
            (json!({"numberCount": 50}), 0, 50, true),
            (json!({"numberCount": 51}), 1, 1, true),
            (json!({"paging": {"totalPages": 2}}), 0, 20, false),
            (json!({"paging": {"totalPages": 2}}), 1, 20, true),
            (json!({"paging": {"totalPages": 1_000_000}}), 5, 0, true),
            (json!({"paging": {"totalResults": 120}}), 1, 20, false),
            (json!({"paging": {"totalResults": u64::MAX}}), 1, 20, false),
            (json!({"paging": {"totalPages": "2"}}), 0, 50, false),
        ] {
            assert_eq!(is_last(&answer, page, got, 50), expected, "{answer} {page} {got}");
        }
    }

    #[test]
    fn names_are_taken_over_on_one_line() {
        let value = json!({"a": " x\u{1b}[31m\ny ", "b": 385, "c": "", "d": null, "e": ["x"], "f": "x".repeat(2_000)});
        assert_eq!(name(&value, "a").as_deref(), Some("x[31my"));
        assert_eq!(name(&value, "b").as_deref(), Some("385"));
        for member in ["c", "d", "e", "g"] {
            assert_eq!(name(&value, member), None, "{member}");
        }
        assert_eq!(name(&value, "f").unwrap().len(), NAME_CHARS_MAX);
    }

    #[test]
    fn a_segment_can_break_out_of_no_path() {
        assert_eq!(segment("3859-a._~"), "3859-a._~");
        assert_eq!(segment("../a?b#c d/é"), "..%2Fa%3Fb%23c%20d%2F%C3%A9");
    }
}
