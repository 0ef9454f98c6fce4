//! Data extension rows over REST: written asynchronously with their status awaited, read by a filter
//! (sfmc.md 6.1–6.4).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::token::{Token, TokenClient, TokenError};
use crate::clock::{Clock, Timestamp};
use crate::domain::extension::Cell;
use crate::domain::ids::Mid;
use crate::domain::tenant::Tenant;
use crate::outbound::{self, Answer, Unanswered};
use crate::reporting::{ActualRow, Event, FoundRow, RowSearch};

/// Largest answer that is read: a page of a few rows, or of 50 row errors.
const BODY_BYTES_MAX: usize = 4 * 1_024 * 1_024;
/// Rows of one asynchronous request (sfmc.md 6.2: working loaders send 2500).
pub(crate) const ROWS_MAX: usize = 2_000;
/// Bytes of one asynchronous request (sfmc.md 6.2: about 5.9 MB are taken).
const REQUEST_BYTES_MAX: usize = 4 * 1_000 * 1_000;
/// Rows of one synchronous request (sfmc.md 6.1).
const SYNC_ROWS_MAX: usize = 50;
/// Parallel REST calls of one business unit (sfmc.md 6.4).
const CALLS_MAX: usize = 5;
/// How long a business unit is left alone after errorcode 50200 (sfmc.md 6.4).
const BLOCKED_PAUSE: Duration = Duration::from_secs(60);
/// Status calls before the rows count as not written: at 5 s each about ten minutes.
const POLLS_MAX: u32 = 120;
/// Status calls in a row that may fail.
const POLL_FAILURES_MAX: u32 = 5;
/// Row errors quoted in a problem.
const QUOTED_MAX: usize = 5;
/// The two error codes that mean throttling (sfmc.md 6.4), as text.
const THROTTLED: &str = "50100";
const BLOCKED: &str = "50200";
/// Rows asked for when those of one message are looked for: the newest, of which there are seldom more.
const FOUND_MAX: usize = 50;

/// Why a REST call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RestError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("the REST origin is not known: SFMC's token names none, and none is configured")]
    NoOrigin,
    #[error("the REST origin can't be reached: {problem}")]
    Unreachable { problem: Unanswered },
    #[error("SFMC throttles REST calls")]
    Throttled { retry_after: Option<Duration> },
    #[error("SFMC's REST service fails (HTTP {status})")]
    Unavailable { status: u16 },
    #[error("SFMC's REST service refuses a new token, check that the REST origin belongs to this account: {said}")]
    NotAuthorized { said: String },
    #[error("the installed package lacks a scope, or the Login IP Allowlist stops the call (403): SFMC says {said}")]
    Forbidden { said: String },
    #[error("SFMC has no such address or data extension (404): {said}")]
    NotFound { said: String },
    /// The call was understood and refused as a whole, or for some of its rows.
    #[error("SFMC says: {said}")]
    Refused { said: String },
    /// The data extension itself can't be written this way.
    #[error("SFMC says: {said}")]
    Target { said: String },
    #[error("SFMC's answer could not be read")]
    Unreadable,
    #[error("SFMC accepted the rows but did not say what became of them")]
    Undecided,
}

/// What is shared by all calls of one business unit.
struct Gate {
    calls: Semaphore,
    blocked_until: Mutex<Option<Timestamp>>,
    /// How many were made since the start.
    made: AtomicU64,
}

/// The gates of all business units.
#[derive(Default)]
pub(super) struct Gates(Mutex<HashMap<Mid, Arc<Gate>>>);

impl Gates {
    fn of(&self, mid: Mid) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            let made = AtomicU64::new(0);
            Arc::new(Gate { calls: Semaphore::new(CALLS_MAX), blocked_until: Mutex::default(), made })
        };
        gates.entry(mid).or_insert_with(fresh).clone()
    }

    /// How many REST calls a business unit has cost.
    pub(super) fn calls(&self, mid: Mid) -> u64 {
        self.of(mid).made.load(Ordering::Relaxed)
    }

    /// For how long a business unit is still left alone.
    pub(super) fn blocked_for(&self, mid: Mid, now: Timestamp) -> Option<Duration> {
        let until = *self.of(mid).blocked();
        until.filter(|until| now < *until).map(|until| until.since(now))
    }
}

impl Gate {
    fn blocked(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        self.blocked_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// Fields may be null as well as missing, hence the options everywhere.

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct AsyncAnswer {
    request_id: Option<String>,
    result_messages: Option<Vec<Value>>,
    status: Option<AsyncStatus>,
    items: Option<Vec<AsyncItem>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct AsyncStatus {
    has_errors: Option<bool>,
    request_status: Option<String>,
    result_status: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AsyncItem {
    message: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RowsetAnswer {
    /// Absent when there are no rows.
    items: Option<Vec<RowsetItem>>,
    /// Has `next` when there are more pages.
    links: Value,
    /// Of all pages.
    count: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RowsetItem {
    keys: Option<serde_json::Map<String, Value>>,
    values: Option<serde_json::Map<String, Value>>,
}

/// A business unit's REST service.
pub(super) struct Rest<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) tokens: &'a TokenClient,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) gates: &'a Gates,
    /// Time between two status calls.
    pub(super) poll_interval: Duration,
    /// Rows whose values may be quoted in SFMC's words and must not come through.
    pub(super) secret_rows: &'a [ActualRow],
}

impl Rest<'_> {
    /// Writes rows asynchronously and waits until SFMC says that they are stored: `PUT` upserts, `POST` inserts.
    ///
    /// More than one request's worth is sent in order, one request at a time; an error then says nothing about the
    /// requests before it.
    pub(super) async fn write(
        &self,
        tenant: &Tenant,
        method: Method,
        external_key: &str,
        rows: &[ActualRow],
    ) -> Result<(), RestError> {
        let path = format!("/data/v1/async/dataextensions/key:{}/rows", percent(external_key));
        for request in requests(rows, tenant) {
            let body = format!(r#"{{"items":[{}]}}"#, request.join(",")).into_bytes();
            let answer: AsyncAnswer = self.call(tenant, method.clone(), &path, Some(body)).await?;
            self.check_messages(answer.result_messages.as_deref().unwrap_or_default())?;
            let id = answer.request_id.filter(|id| !id.is_empty()).ok_or(RestError::Unreadable)?;
            self.await_stored(tenant, &id).await?;
        }
        Ok(())
    }

    /// Upserts rows synchronously; for accounts that don't have the asynchronous routes. `keys`: the primary-key columns.
    pub(super) async fn write_sync(
        &self,
        tenant: &Tenant,
        external_key: &str,
        rows: &[ActualRow],
        keys: &[String],
    ) -> Result<(), RestError> {
        let path = format!("/hub/v1/dataevents/key:{}/rowset", percent(external_key));
        let is_key = |name: &str| keys.iter().any(|key| key.eq_ignore_ascii_case(name));
        for rows in rows.chunks(SYNC_ROWS_MAX) {
            let part = |row: &ActualRow, wants_key: bool| {
                let cells = row.iter().filter(|(name, _)| is_key(name) == wants_key);
                cells.map(|(name, cell)| (name.to_string(), json_cell(cell, tenant))).collect::<HashMap<_, _>>()
            };
            let items = rows.iter().map(|row| json!({ "keys": part(row, true), "values": part(row, false) }));
            let body = Value::Array(items.collect()).to_string().into_bytes();
            let _: serde::de::IgnoredAny = self.call(tenant, Method::POST, &path, Some(body)).await?;
        }
        Ok(())
    }

    /// The rows that are looked for, all their columns: the newest when there are many. What the filter should not have let
    /// through is passed over, in case it is ignored.
    pub(super) async fn find(
        &self,
        tenant: &Tenant,
        external_key: &str,
        search: RowSearch<'_>,
    ) -> Result<Found, RestError> {
        let RowSearch { column, value, newest_by, .. } = search;
        let filter = percent(&format!("{column} eq '{}'", value.replace('\'', "''")));
        let order = percent(&format!("{newest_by} desc"));
        let path = format!(
            "/data/v1/customobjectdata/key/{}/rowset?$page=1&$pageSize={FOUND_MAX}&$filter={filter}&$orderBy={order}",
            percent(external_key)
        );
        let answer: RowsetAnswer = self.call(tenant, Method::GET, &path, None).await?;
        let items = answer.items.unwrap_or_default();
        let came = items.len();
        let is_all = answer.links.get("next").is_none_or(Value::is_null)
            && text_of(&answer.count).parse::<usize>().is_ok_and(|count| count <= came);
        let rows = items.into_iter().map(|item| {
            let cells = item.keys.unwrap_or_default().into_iter().chain(item.values.unwrap_or_default());
            cells.map(|(name, value)| (name, text_of(&value))).collect::<FoundRow>()
        });
        let matches = |row: &FoundRow| cell_of(row, column).is_none_or(|text| text.eq_ignore_ascii_case(value));
        let rows: Vec<_> = rows.filter(matches).collect();
        let is_filtered = rows.len() == came;
        let dates: Vec<_> =
            rows.iter().map(|row| cell_of(row, newest_by).and_then(|date| tenant.read_date(date))).collect();
        // Of a part, only the part that was asked for will do.
        let is_newest = is_filtered && dates.is_sorted_by(|newer, older| newer >= older);
        Ok(if (is_all || is_newest) && (is_filtered || !rows.is_empty()) { Found::Rows(rows) } else { Found::Unsure })
    }

    /// The id of the data extension that an event definition has; `None` without one (sfmc.md 7).
    pub(super) async fn extension_of_event(
        &self,
        tenant: &Tenant,
        event_definition_key: &str,
    ) -> Result<Option<String>, RestError> {
        let path = format!("/interaction/v1/eventDefinitions/key:{}", percent(event_definition_key));
        let definition: Value = self.call(tenant, Method::GET, &path, None).await?;
        let id = definition.get("dataExtensionId").map(text_of).unwrap_or_default();
        Ok(Some(id).filter(|id| !id.is_empty()))
    }

    /// Fires an API event for a contact; SFMC has taken it when this returns (sfmc.md 7).
    pub(super) async fn fire(&self, tenant: &Tenant, event: &Event) -> Result<(), RestError> {
        let body = json!({
            "ContactKey": event.contact_key,
            "EventDefinitionKey": event.event_definition_key,
            "Data": json_object(&event.data, tenant),
        });
        let body = Some(body.to_string().into_bytes());
        self.call::<serde::de::IgnoredAny>(tenant, Method::POST, "/interaction/v1/events", body).await.map(|_| ())
    }

    /// A harmless call that needs `journeys_read`.
    pub(super) async fn probe_journeys(&self, tenant: &Tenant) -> Result<(), RestError> {
        let path = "/interaction/v1/interactions?$page=1&$pageSize=1";
        self.call::<serde::de::IgnoredAny>(tenant, Method::GET, path, None).await.map(|_| ())
    }

    /// The MID that the token acts for, as far as SFMC tells (sfmc.md 3.8).
    pub(super) async fn token_mid(&self, tenant: &Tenant) -> Option<Mid> {
        let context: Value = self.call(tenant, Method::GET, "/platform/v1/tokenContext", None).await.ok()?;
        text_of(context.pointer("/organization/id")?).parse().ok()
    }

    async fn await_stored(&self, tenant: &Tenant, id: &str) -> Result<(), RestError> {
        let path = format!("/data/v1/async/{}/status", percent(id));
        let mut failures = 0;
        for _ in 0..POLLS_MAX {
            self.clock.sleep(self.poll_interval).await;
            let answer: AsyncAnswer = match self.call(tenant, Method::GET, &path, None).await {
                Ok(answer) => answer,
                Err(error) if failures < POLL_FAILURES_MAX && error.is_passing() => {
                    failures += 1;
                    if let RestError::Throttled { retry_after: Some(pause) } = error {
                        self.clock.sleep(pause.min(BLOCKED_PAUSE)).await;
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            failures = 0;
            self.check_messages(answer.result_messages.as_deref().unwrap_or_default())?;
            let Some(status) = answer.status else { continue };
            let result = status.result_status.unwrap_or_default().to_ascii_lowercase();
            let has_errors = status.has_errors.unwrap_or_default() || result.contains("error");
            match status.request_status.as_deref() {
                Some("Complete") if !has_errors => return Ok(()),
                Some("Complete" | "Error") => return Err(self.row_errors(tenant, id).await),
                _ => {}
            }
        }
        Err(RestError::Undecided)
    }

    /// What SFMC says of the rows that it did not take. The items don't name their rows (sfmc.md 6.2).
    async fn row_errors(&self, tenant: &Tenant, id: &str) -> RestError {
        let path = format!("/data/v1/async/{}/results?includeDetail=true", percent(id));
        let answer: Result<AsyncAnswer, _> = self.call(tenant, Method::GET, &path, None).await;
        let mut said: Vec<String> = Vec::new();
        for item in answer.ok().and_then(|answer| answer.items).unwrap_or_default() {
            let is_error = item.status.as_deref().is_none_or(|status| !status.eq_ignore_ascii_case("OK"));
            let Some(message) = item.message.filter(|text| is_error && !text.trim().is_empty()) else { continue };
            let message = self.words(&message);
            if !said.contains(&message) {
                said.push(message);
            }
            if said.len() == QUOTED_MAX {
                break;
            }
        }
        let said = if said.is_empty() { "some rows have errors".to_owned() } else { said.join("; ") };
        RestError::Refused { said }
    }

    /// One call; a refused token (401) is renewed, and the call repeated, once.
    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        tenant: &Tenant,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<T, RestError> {
        let token = self.tokens.get(tenant).await?;
        let answer = self.call_once(tenant, &token, &method, path, body.clone()).await;
        let answer = match answer {
            Err(RestError::NotAuthorized { .. }) => {
                self.tokens.invalidate(tenant, &token);
                let token = self.tokens.get(tenant).await?;
                self.call_once(tenant, &token, &method, path, body).await?
            }
            answer => answer?,
        };
        serde_json::from_slice(&answer.body).map_err(|_| RestError::Unreadable)
    }

    async fn call_once(
        &self,
        tenant: &Tenant,
        token: &Token,
        method: &Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, RestError> {
        let gate = self.gates.of(tenant.mid);
        // The semaphore is never closed; if it were, going on without a permit is no harm.
        let _permit = gate.calls.acquire().await;
        let now = self.clock.steady();
        if let Some(pause) = self.gates.blocked_for(tenant.mid, now) {
            return Err(RestError::Throttled { retry_after: Some(pause) });
        }
        let origin = tenant.sfmc.rest_origin.as_deref().or(token.rest_origin.as_deref()).ok_or(RestError::NoOrigin)?;
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", origin.trim_end_matches('/')))
            .bearer_auth(token.expose());
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json; charset=utf-8").body(body);
        }
        gate.made.fetch_add(1, Ordering::Relaxed);
        let answer = outbound::exchange(request, BODY_BYTES_MAX, self.clock.now()).await;
        let answer = answer.map_err(|problem| RestError::Unreachable { problem })?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let error: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let code = error.get("errorcode").map(text_of).unwrap_or_default();
        if code == BLOCKED {
            let pause = answer.retry_after.unwrap_or_default().max(BLOCKED_PAUSE);
            *gate.blocked() = Some(now.plus(pause));
            return Err(RestError::Throttled { retry_after: Some(pause) });
        }
        if answer.status == 429 || code == THROTTLED {
            let in_body = error.get("retryAfter").and_then(Value::as_f64).filter(|secs| (0.0..=3_600.0).contains(secs));
            let retry_after = answer.retry_after.or(in_body.map(Duration::from_secs_f64));
            return Err(RestError::Throttled { retry_after });
        }
        Err(self.refusal(answer.status, &error))
    }

    fn refusal(&self, status: u16, error: &Value) -> RestError {
        let additional = error.get("additionalErrors").and_then(Value::as_array);
        let errors = std::iter::once(error).chain(additional.into_iter().flatten());
        let messages = errors.filter_map(|error| error.get("message")?.as_str()).take(QUOTED_MAX).collect::<Vec<_>>();
        let said = if messages.is_empty() { format!("HTTP {status}") } else { self.words(&messages.join("; ")) };
        match status {
            401 => RestError::NotAuthorized { said },
            403 => RestError::Forbidden { said },
            300..=399 | 404 => RestError::NotFound { said },
            500.. => RestError::Unavailable { status },
            _ => RestError::Refused { said },
        }
    }

    /// Errors that come with a 2xx (sfmc.md 6.2); each may be wrapped once more in `resultMessage`.
    fn check_messages(&self, messages: &[Value]) -> Result<(), RestError> {
        for message in messages {
            let message = message.get("resultMessage").unwrap_or(message);
            let text = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default();
            if !text("resultClass").eq_ignore_ascii_case("Error") {
                continue;
            }
            let code = text("resultCode");
            let said = self.words(&format!("{code} {}", text("message")));
            return Err(match code {
                "CustomObjectNotFound" => RestError::Target { said },
                "AsyncRequestStatusNotFound" => RestError::Undecided,
                _ => RestError::Refused { said },
            });
        }
        Ok(())
    }

    /// SFMC's words without what our rows hold.
    fn words(&self, text: &str) -> String {
        let texts = self.secret_rows.iter().flatten().filter_map(|(_, cell)| match cell {
            Cell::Text(value) => Some(value.as_str()),
            _ => None,
        });
        outbound::masked_words(text, texts)
    }
}

/// What came of looking for rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Rows(Vec<FoundRow>),
    /// Other rows came than those that were asked for: this account's REST can't filter, or can't order.
    Unsure,
}

/// A cell, whatever the case of its column's name in the answer (sfmc.md 6.3).
pub(super) fn cell_of<'a>(row: &'a FoundRow, column: &str) -> Option<&'a str> {
    row.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, text)| text.as_str())
}

impl RestError {
    /// Whether the same call may succeed a little later.
    fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Throttled { .. } | Self::Unavailable { .. } | Self::Unreadable => true,
            Self::Token(error) => matches!(
                error,
                TokenError::Unreachable { .. } | TokenError::Throttled { .. } | TokenError::Unavailable { .. }
            ),
            _ => false,
        }
    }
}

/// The rows as JSON objects, gathered into requests within both limits.
fn requests(rows: &[ActualRow], tenant: &Tenant) -> Vec<Vec<String>> {
    let mut requests: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for row in rows {
        let object = json_row(row, tenant);
        let has_room = |last: &&mut Vec<String>| last.len() < ROWS_MAX && bytes + object.len() < REQUEST_BYTES_MAX;
        match requests.last_mut().filter(has_room) {
            Some(last) => {
                bytes += object.len() + 1;
                last.push(object);
            }
            None => {
                bytes = object.len() + 1;
                requests.push(vec![object]);
            }
        }
    }
    requests
}

fn json_row(row: &ActualRow, tenant: &Tenant) -> String {
    json_object(row, tenant).to_string()
}

fn json_object(row: &ActualRow, tenant: &Tenant) -> Value {
    let cells = row.iter().map(|(name, cell)| (name.to_string(), json_cell(cell, tenant)));
    Value::Object(cells.collect())
}

/// A cell as SFMC takes it; a null empties it. Decimals go as text, as the loaders of CSV files send all their
/// values (sfmc.md S41): money does not pass through a float.
fn json_cell(cell: &Cell, tenant: &Tenant) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) | Cell::Decimal(text) => json!(text),
        Cell::Number(number) => json!(number),
        Cell::Boolean(value) => json!(value),
        Cell::Date(moment) => json!(tenant.written_date(*moment)),
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub(super) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sfmc::client::tests::tenant;
    use proptest::prelude::*;

    #[test]
    fn rows_are_gathered_within_both_limits() {
        let row = |bytes: usize| vec![(Arc::from("a"), Cell::Text("x".repeat(bytes)))];
        let requests = |rows: &[ActualRow]| requests(rows, &tenant(""));
        let small = vec![row(1); ROWS_MAX + 1];
        assert_eq!(requests(&small).iter().map(Vec::len).collect::<Vec<_>>(), [ROWS_MAX, 1]);
        let large = vec![row(1_500_000); 5];
        assert_eq!(requests(&large).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
        assert_eq!(requests(&[]).len(), 0);
    }

    #[test]
    fn a_row_becomes_an_object_of_its_cells() {
        let row = vec![
            (Arc::from("messageId"), Cell::Text("a\"b".into())),
            (Arc::from("messageCount"), Cell::Number(2)),
            (Arc::from("pricePerMessage"), Cell::Decimal("0.010000".into())),
            (Arc::from("errorPermanent"), Cell::Boolean(false)),
            (Arc::from("doneAt"), Cell::Date(Timestamp::from_secs(1_790_000_000))),
            (Arc::from("callbackData"), Cell::Null),
        ];
        insta::assert_snapshot!(json_row(&row, &tenant("")));
    }

    #[test]
    fn dates_are_local_where_the_business_unit_says_so() {
        let row = vec![(Arc::from("doneAt"), Cell::Date(Timestamp::from_secs(1_790_000_000)))];
        let unit = Tenant { time_zone: Some("Asia/Seoul".into()), ..tenant("") };
        assert_eq!(json_row(&row, &unit), r#"{"doneAt":"2026-09-21T23:13:20"}"#);
        assert_eq!(json_row(&row, &tenant("")), r#"{"doneAt":"2026-09-21T14:13:20Z"}"#);
    }

    proptest! {
        #[test]
        fn percent_leaves_only_unreserved_characters(text in any::<String>()) {
            prop_assert!(percent(&text).bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
        }
    }
}
