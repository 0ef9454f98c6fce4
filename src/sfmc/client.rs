//! The business unit's services behind one door: rows in and out, provisioning, and the checklist of *Authorize*.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::Method;

use super::data_extension::{self, Provisioned};
use super::rest::{Found, Gates, Rest, RestError, cell_of};
use super::soap::{Equals, Soap, SoapError};
use super::token::{TokenClient, TokenError};
use crate::clock::Clock;
use crate::domain::extension::Extension;
use crate::domain::ids::Mid;
use crate::domain::tenant::Tenant;
use crate::outbound::{self, ClientSetup};
use crate::reporting::{ActualColumn, ActualRow, ColumnKind, FoundRow, RowSearch, RowSink, RowSinkError};

/// One call, from connecting to the last byte. SOAP retrieves have been seen to take half a minute.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);
/// Time between two status calls of an asynchronous write (sfmc.md 6.2).
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// SFMC, for all business units.
pub(crate) struct SfmcClient {
    pub(super) http: reqwest::Client,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tokens: TokenClient,
    gates: Gates,
    poll_interval: Duration,
}

impl SfmcClient {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Result<Self, ClientSetup> {
        let http = outbound::client(TOTAL_TIMEOUT)?;
        let tokens = TokenClient::new(http.clone(), clock.clone());
        Ok(Self { http, clock, tokens, gates: Gates::default(), poll_interval: POLL_INTERVAL })
    }

    /// The same with another time between two status calls.
    #[must_use]
    pub(crate) fn with_poll_interval(self, poll_interval: Duration) -> Self {
        Self { poll_interval, ..self }
    }

    /// Creates one of our extensions, or tells how an existing one differs; changes nothing that exists (spec T4).
    pub(crate) async fn provision<S>(
        &self,
        tenant: &Tenant,
        extension: &Extension<S>,
    ) -> Result<Provisioned, RowSinkError> {
        Ok(data_extension::provision(&self.soap(), tenant, extension).await?)
    }

    pub(super) async fn read_columns(
        &self,
        tenant: &Tenant,
        external_key: &str,
    ) -> Result<Vec<ActualColumn>, RowSinkError> {
        if let Some(pause) = self.gates.blocked_for(tenant.mid, self.clock.steady()) {
            return Err(RestError::Throttled { retry_after: Some(pause) }.into());
        }
        let fields = data_extension::fields(&self.soap(), tenant, external_key).await?;
        if fields.is_empty() {
            let problem = format!("the business unit has no data extension with external key {external_key}");
            return Err(RowSinkError::TargetWrong { problem });
        }
        Ok(fields.into_iter().map(column).collect())
    }

    /// An insert whose outcome SFMC does not tell in time comes back as `Later` and may then be there twice; an upsert
    /// may not. More rows than one request takes go in several, in order.
    async fn write_rows(
        &self,
        tenant: &Tenant,
        external_key: &str,
        rows: &[ActualRow],
        upsert: bool,
    ) -> Result<(), RowSinkError> {
        let method = if upsert { Method::PUT } else { Method::POST };
        let rest = Rest { secret_rows: rows, ..self.rest() };
        let written = match rest.write(tenant, method, external_key, rows).await {
            // The account has no asynchronous routes, or no right to them: rows with keys can go the other way.
            Err(RestError::Forbidden { .. } | RestError::NotFound { .. }) if upsert => {
                let columns = self.read_columns(tenant, external_key).await?;
                let keys =
                    columns.into_iter().filter(|column| column.primary_key).map(|column| column.name.to_string());
                rest.write_sync(tenant, external_key, rows, &keys.collect::<Vec<_>>()).await
            }
            written => written,
        };
        Ok(written?)
    }

    async fn find_rows(
        &self,
        tenant: &Tenant,
        external_key: &str,
        search: RowSearch<'_>,
    ) -> Result<Vec<FoundRow>, RowSinkError> {
        // Filters have been seen with plain column names only; SOAP takes any.
        let is_plain = !search.column.is_empty()
            && search.column.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !search.value.chars().any(char::is_control);
        if is_plain {
            match self.rest().find(tenant, external_key, search).await {
                Ok(Found::Rows(rows)) => return Ok(rows.iter().map(|row| pick(row, search.wanted)).collect()),
                Ok(Found::Unsure) => {}
                Err(error) => match RowSinkError::from(error) {
                    later @ RowSinkError::Later { .. } => return Err(later),
                    RowSinkError::SomeRefused { .. } | RowSinkError::TargetWrong { .. } => {}
                },
            }
        }
        // SOAP refuses a retrieve that asks for a column the extension does not have.
        let columns = self.read_columns(tenant, external_key).await?;
        let is_wanted = |name: &str| search.wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
        let mut asked = columns.iter().map(|column| &*column.name).filter(|name| is_wanted(name)).collect::<Vec<_>>();
        if asked.is_empty() {
            asked.push(search.column);
        }
        let equals = Equals { property: search.column, value: search.value };
        let rows = data_extension::rows(&self.soap(), tenant, external_key, equals, &asked).await?;
        Ok(rows.iter().map(|row| pick(row, search.wanted)).collect())
    }

    pub(super) fn soap(&self) -> Soap<'_> {
        Soap { http: &self.http, tokens: &self.tokens, clock: &self.clock }
    }

    pub(super) fn rest(&self) -> Rest<'_> {
        Rest {
            http: &self.http,
            tokens: &self.tokens,
            clock: &self.clock,
            gates: &self.gates,
            poll_interval: self.poll_interval,
            secret_rows: &[],
        }
    }
}

impl RowSink for SfmcClient {
    fn columns<'a>(
        &'a self,
        tenant: &'a Tenant,
        external_key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<ActualColumn>, RowSinkError>> {
        Box::pin(self.read_columns(tenant, external_key))
    }

    fn write<'a>(
        &'a self,
        tenant: &'a Tenant,
        external_key: &'a str,
        rows: &'a [ActualRow],
        upsert: bool,
    ) -> BoxFuture<'a, Result<(), RowSinkError>> {
        Box::pin(self.write_rows(tenant, external_key, rows, upsert))
    }

    fn find<'a>(
        &'a self,
        tenant: &'a Tenant,
        external_key: &'a str,
        search: RowSearch<'a>,
    ) -> BoxFuture<'a, Result<Vec<FoundRow>, RowSinkError>> {
        Box::pin(self.find_rows(tenant, external_key, search))
    }

    fn calls(&self, mid: Mid) -> u64 {
        self.gates.calls(mid)
    }
}

fn column(field: data_extension::Field) -> ActualColumn {
    let kind = match field.field_type.to_ascii_lowercase().as_str() {
        "text" => ColumnKind::Text,
        "date" => ColumnKind::Date,
        _ => ColumnKind::Other,
    };
    let length = field.max_length.filter(|length| *length > 0).and_then(|length| usize::try_from(length).ok());
    ActualColumn {
        name: field.name.into(),
        kind,
        length,
        primary_key: field.primary_key,
        required: field.required && !field.has_default,
        takes_null: !field.required && !field.primary_key,
    }
}

impl From<TokenError> for RowSinkError {
    fn from(error: TokenError) -> Self {
        let problem = error.to_string();
        match error {
            TokenError::Unreachable { .. } | TokenError::Unavailable { .. } => {
                Self::Later { retry_after: None, problem }
            }
            TokenError::Throttled { retry_after } => Self::Later { retry_after, problem },
            TokenError::InvalidClient { .. }
            | TokenError::InvalidScope { .. }
            | TokenError::InvalidRequest { .. }
            | TokenError::Forbidden { .. }
            | TokenError::WrongAddress { .. } => Self::TargetWrong { problem },
        }
    }
}

impl From<SoapError> for RowSinkError {
    fn from(error: SoapError) -> Self {
        let problem = error.to_string();
        match error {
            SoapError::Token(error) => error.into(),
            SoapError::Unreachable { .. } => Self::Later { retry_after: None, problem },
            SoapError::Unavailable { retry_after, .. } => Self::Later { retry_after, problem },
            SoapError::WrongAddress { .. } | SoapError::LoginFailed { .. } | SoapError::Refused { .. } => {
                Self::TargetWrong { problem }
            }
        }
    }
}

impl From<RestError> for RowSinkError {
    fn from(error: RestError) -> Self {
        let problem = error.to_string();
        match error {
            RestError::Token(error) => error.into(),
            RestError::Throttled { retry_after } => Self::Later { retry_after, problem },
            RestError::Unreachable { .. }
            | RestError::Unavailable { .. }
            | RestError::Unreadable
            | RestError::Undecided => Self::Later { retry_after: None, problem },
            RestError::Refused { .. } => Self::SomeRefused { problem },
            RestError::NoOrigin
            | RestError::NotAuthorized { .. }
            | RestError::Forbidden { .. }
            | RestError::NotFound { .. }
            | RestError::Target { .. } => Self::TargetWrong { problem },
        }
    }
}

/// The wanted cells under the names we asked for.
fn pick(row: &FoundRow, wanted: &[&str]) -> FoundRow {
    let cell = |name: &&str| cell_of(row, name).map(|value| ((*name).to_owned(), value.to_owned()));
    wanted.iter().filter_map(cell).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::clock::{Timestamp, VirtualClock};
    use crate::domain::extension::Cell;
    use crate::domain::secret::Secret;
    use crate::domain::tenant::{ReplyPolicy, Retention, SfmcAccess, Verification};
    use crate::outbound::stub::{Reply, Stub};

    /// A business unit whose origins are all `origin`.
    pub(crate) fn tenant(origin: &str) -> Tenant {
        Tenant {
            mid: Mid::new(510_001_234),
            name: "Unit".into(),
            sfmc: SfmcAccess {
                client_id: "cl1ent".into(),
                client_secret: Secret::new("s3cret-of-the-client"),
                auth_origin: origin.into(),
                soap_origin: origin.into(),
                rest_origin: Some(origin.into()),
            },
            verification: Verification { signing_secret: Some(Secret::new("sign")), salt: None },
            default_country: None,
            send_in_test_mode: false,
            replies: ReplyPolicy::default(),
            retention: Retention::default(),
            time_zone: None,
            accounts: Vec::new(),
        }
    }

    pub(crate) fn client() -> SfmcClient {
        let clock = Arc::new(VirtualClock::starting_at(Timestamp::from_secs(1_790_000_000)));
        rustls::crypto::ring::default_provider().install_default().ok();
        SfmcClient::new(clock).unwrap().with_poll_interval(Duration::ZERO)
    }

    pub(crate) fn token() -> Reply {
        let scope = "data_extensions_read data_extensions_write journeys_read list_and_subscribers_read";
        let body = format!(r#"{{"access_token":"t0ken","expires_in":1079,"scope":"{scope}"}}"#);
        Reply::json(200, &body)
    }

    fn accepted() -> Reply {
        Reply::json(202, r#"{"requestId":"6d0f","resultMessages":[]}"#)
    }

    fn status(request: &str, has_errors: bool, result: &str) -> Reply {
        let body = serde_json::json!({
            "status": { "hasErrors": has_errors, "requestStatus": request, "resultStatus": result, "requestId": "6d0f" },
            "requestId": "0a11",
        });
        Reply::json(200, &body.to_string())
    }

    pub(crate) fn soap(results: &str, overall: &str) -> Reply {
        let body = format!(
            r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body><RetrieveResponseMsg xmlns="http://exacttarget.com/wsdl/partnerAPI"><OverallStatus>{overall}</OverallStatus><RequestID>r1</RequestID>{results}</RetrieveResponseMsg></soap:Body></soap:Envelope>"#
        );
        Reply::with(200, &[("Content-Type", "text/xml")], &body)
    }

    fn field(name: &str, ordinal: u32, key: bool) -> String {
        format!(
            r#"<Results xsi:type="DataExtensionField"><Name>{name}</Name><FieldType>Text</FieldType><IsRequired>{key}</IsRequired><IsPrimaryKey>{key}</IsPrimaryKey><Ordinal>{ordinal}</Ordinal></Results>"#
        )
    }

    fn rows() -> Vec<ActualRow> {
        let cell = |name: &str, text: &str| (Arc::from(name), Cell::Text(text.into()));
        vec![vec![cell("messageId", "0001message"), cell("to", "Ann 3859112345")]]
    }

    #[tokio::test]
    async fn rows_are_upserted_and_their_status_awaited() {
        let replies = vec![token(), accepted(), status("Executing", false, ""), status("Complete", false, "OK")];
        let stub = Stub::start(replies).await;
        assert_eq!(client().write(&tenant(&stub.origin()), "SMS Reports", &rows(), true).await, Ok(()));
        let requests = stub.requests();
        assert_eq!(
            (&*requests[1].method, &*requests[1].target),
            ("PUT", "/data/v1/async/dataextensions/key:SMS%20Reports/rows")
        );
        assert!(requests[1].head.contains("authorization: Bearer t0ken"), "{}", requests[1].head);
        assert_eq!(requests[1].body, r#"{"items":[{"messageId":"0001message","to":"Ann 3859112345"}]}"#);
        assert_eq!(requests[3].target, "/data/v1/async/6d0f/status");
    }

    #[tokio::test]
    async fn row_errors_come_in_sfmcs_words_without_our_values() {
        let results = r#"{"items":[{"errorCode":"x","message":"row 0001message to Ann 3859112345 is bad","status":"Error"},{"message":null}]}"#;
        let replies = vec![token(), accepted(), status("Complete", true, "HasErrors"), Reply::json(200, results)];
        let stub = Stub::start(replies).await;
        let refused = client().write(&tenant(&stub.origin()), "k", &rows(), false).await;
        assert_eq!(refused, Err(RowSinkError::SomeRefused { problem: "SFMC says: row … to … is bad".into() }));
        assert_eq!(stub.requests()[1].method, "POST");
    }

    #[tokio::test]
    async fn a_wrong_key_inside_a_200_is_a_wrong_target() {
        let body = r#"{"requestId":null,"resultMessages":[{"resultType":"Operational","resultClass":"Error","resultCode":"CustomObjectNotFound","message":"no"}]}"#;
        let stub = Stub::start(vec![token(), Reply::json(200, body)]).await;
        let refused = client().write(&tenant(&stub.origin()), "k", &rows(), true).await;
        assert!(matches!(refused, Err(RowSinkError::TargetWrong { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn a_refusal_is_quoted_without_our_values() {
        let body = r#"{"message":"bad row","errorcode":10006,"additionalErrors":[{"message":"0001message is taken"}]}"#;
        let stub = Stub::start(vec![token(), Reply::json(400, body)]).await;
        let refused = client().write(&tenant(&stub.origin()), "k", &rows(), false).await;
        assert_eq!(refused, Err(RowSinkError::SomeRefused { problem: "SFMC says: bad row; … is taken".into() }));
    }

    #[tokio::test]
    async fn an_unknown_status_request_is_for_later() {
        let unknown = r#"{"resultMessages":[{"resultMessage":{"resultClass":"Error","resultCode":"AsyncRequestStatusNotFound"}}]}"#;
        let nulls = r#"{"resultMessages":null,"status":{"requestStatus":null,"hasErrors":null},"items":null}"#;
        let stub = Stub::start(vec![token(), accepted(), Reply::json(200, nulls), Reply::json(200, unknown)]).await;
        let result = client().write(&tenant(&stub.origin()), "k", &rows(), true).await;
        assert!(matches!(result, Err(RowSinkError::Later { .. })), "{result:?}");
    }

    #[tokio::test]
    async fn a_status_call_may_fail_now_and_then() {
        let replies = vec![token(), accepted(), Reply::json(502, ""), Reply::Close, status("Complete", false, "OK")];
        let stub = Stub::start(replies).await;
        assert_eq!(client().write(&tenant(&stub.origin()), "k", &rows(), true).await, Ok(()));
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_once() {
        let refused = || Reply::json(401, r#"{"message":"Not Authorized","errorcode":0}"#);
        let replies = vec![token(), refused(), token(), accepted(), status("Complete", false, "OK")];
        let stub = Stub::start(replies).await;
        assert_eq!(client().write(&tenant(&stub.origin()), "k", &rows(), true).await, Ok(()));
        let stub = Stub::start(vec![token(), refused(), token(), refused()]).await;
        let result = client().write(&tenant(&stub.origin()), "k", &rows(), true).await;
        assert!(matches!(result, Err(RowSinkError::TargetWrong { .. })), "{result:?}");
        assert_eq!(stub.requests().len(), 4);
    }

    #[tokio::test]
    async fn throttling_is_for_later_and_a_block_pauses_the_business_unit() {
        let throttled = Reply::with(429, &[("Retry-After", "5")], r#"{"errorcode":50100}"#);
        let blocked = Reply::json(429, r#"{"message":"Your requests are temporarily blocked.","errorcode":50200}"#);
        let stub = Stub::start(vec![token(), throttled, blocked]).await;
        let (client, tenant) = (client(), tenant(&stub.origin()));
        let retry_after = |result| match result {
            Err(RowSinkError::Later { retry_after, .. }) => retry_after.map(|pause: Duration| pause.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(retry_after(client.write(&tenant, "k", &rows(), true).await), Some(5));
        assert_eq!(retry_after(client.write(&tenant, "k", &rows(), true).await), Some(60));
        assert_eq!(retry_after(client.write(&tenant, "k", &rows(), true).await), Some(60));
        assert_eq!(stub.requests().len(), 3, "the third write is not even tried");
    }

    #[tokio::test]
    async fn without_asynchronous_routes_rows_go_synchronously() {
        let fields = field("messageId", 0, true) + &field("to", 1, false);
        let replies = vec![token(), Reply::json(404, "{}"), soap(&fields, "OK"), Reply::json(200, "[]")];
        let stub = Stub::start(replies).await;
        assert_eq!(client().write(&tenant(&stub.origin()), "k", &rows(), true).await, Ok(()));
        let sent = &stub.requests()[3];
        assert_eq!(sent.target, "/hub/v1/dataevents/key:k/rowset");
        assert_eq!(sent.body, r#"[{"keys":{"messageId":"0001message"},"values":{"to":"Ann 3859112345"}}]"#);
    }

    #[tokio::test]
    async fn columns_come_in_their_order_over_several_pages() {
        let first = soap(&field("b", 1, false), "MoreDataAvailable");
        let stub = Stub::start(vec![token(), first, soap(&field("a", 0, true), "OK")]).await;
        let columns = client().columns(&tenant(&stub.origin()), "k").await.unwrap();
        assert_eq!(columns.iter().map(|c| (&*c.name, c.primary_key)).collect::<Vec<_>>(), [("a", true), ("b", false)]);
        let requests = stub.requests();
        assert!(requests[1].head.to_ascii_lowercase().contains("soapaction: retrieve"));
        assert!(!requests[1].body.contains("ContinueRequest"));
        assert!(requests[2].body.contains("<ContinueRequest>r1</ContinueRequest><ObjectType>"));
    }

    #[tokio::test]
    async fn an_extension_without_fields_does_not_exist() {
        let stub = Stub::start(vec![token(), soap("", "OK")]).await;
        let columns = client().columns(&tenant(&stub.origin()), "k").await;
        assert!(matches!(columns, Err(RowSinkError::TargetWrong { .. })));
    }

    #[tokio::test]
    async fn an_expired_soap_token_is_renewed_once() {
        let expired = || Reply::with(500, &[], "");
        let stub = Stub::start(vec![token(), expired(), token(), soap(&field("a", 0, true), "OK")]).await;
        assert!(client().columns(&tenant(&stub.origin()), "k").await.is_ok());
        let stub = Stub::start(vec![token(), expired(), token(), expired()]).await;
        assert!(client().columns(&tenant(&stub.origin()), "k").await.is_err());
        assert_eq!(stub.requests().len(), 4);
    }

    fn of<'a>(column: &'a str, value: &'a str, wanted: &'a [&'a str]) -> RowSearch<'a> {
        RowSearch { column, value, wanted, newest_by: "doneAt" }
    }

    #[tokio::test]
    async fn a_business_unit_has_at_most_five_rest_calls_at_a_time() {
        let stub = Stub::start([vec![token()], vec![Reply::Stall; 8]].concat()).await;
        let (client, tenant) = (Arc::new(client()), Arc::new(tenant(&stub.origin())));
        let calls = (0..8).map(|_| {
            let (client, tenant) = (client.clone(), tenant.clone());
            tokio::spawn(async move { client.find(&tenant, "k", of("a", "b", &[])).await })
        });
        let calls = calls.collect::<Vec<_>>();
        let is_full = async {
            while stub.requests().len() < 6 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), is_full).await.unwrap();
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(stub.requests().len(), 6, "the token and five calls");
        for call in calls {
            call.abort();
        }
    }

    #[tokio::test]
    async fn a_row_is_found_over_rest_whatever_the_case_of_its_columns() {
        let body = r#"{"count":1,"items":[{"keys":{"messageid":"M'1"},"values":{"statusname":"DELIVERED","messagecount":2}}]}"#;
        let stub = Stub::start(vec![token(), Reply::json(200, body), Reply::json(200, r#"{"count":0}"#)]).await;
        let (client, tenant) = (client(), tenant(&stub.origin()));
        let wanted = ["statusName", "messageCount", "doneAt"];
        let rows = client.find(&tenant, "k", of("messageId", "m'1", &wanted)).await.unwrap();
        assert_eq!(rows, [[("statusName".into(), "DELIVERED".into()), ("messageCount".into(), "2".to_owned())]]);
        let target = &stub.requests()[1].target;
        let asked = "$filter=messageId%20eq%20%27m%27%271%27&$orderBy=doneAt%20desc";
        assert!(target.ends_with(asked), "{target}");
        assert_eq!(client.find(&tenant, "k", of("messageId", "x", &wanted)).await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn soap_finds_the_row_when_rest_cannot() {
        let row = r#"<Results xsi:type="DataExtensionObject"><Properties><Property><Name>statusName</Name><Value>DELIVERED</Value></Property></Properties></Results>"#;
        let foreign = r#"{"count":1,"items":[{"keys":{"messageid":"other"},"values":{}}]}"#;
        let unordered = r#"{"count":3,"items":[{"keys":{"messageid":"m"},"values":{"doneat":"11/24/2026 8:34:11 AM"}},
            {"keys":{"messageid":"m"},"values":{"doneat":"11/24/2026 8:34:11 PM"}}]}"#;
        let refused = Reply::json(400, r#"{"message":"The column doneAt does not exist."}"#);
        let forbidden = Reply::json(403, r#"{"message":"Not Authorized"}"#);
        for rest in [forbidden, Reply::json(200, foreign), Reply::json(200, unordered), refused] {
            let fields = field("messageId", 0, true) + &field("statusname", 1, false);
            let stub = Stub::start(vec![token(), rest, soap(&fields, "OK"), soap(row, "OK")]).await;
            let wanted = ["statusName", "seenAt"];
            let found = client().find(&tenant(&stub.origin()), "k", of("messageId", "m", &wanted)).await;
            assert_eq!(found, Ok(vec![vec![("statusName".into(), "DELIVERED".into())]]));
            let body = &stub.requests()[3].body;
            let asked = "<ObjectType>DataExtensionObject[k]</ObjectType><Properties>statusname</Properties><Filter";
            assert!(body.contains(asked), "{body}");
        }
    }

    #[tokio::test]
    async fn of_many_rows_the_newest_will_do_when_they_come_in_order() {
        let item = |date: &str| format!(r#"{{"values":{{"messageId":"m","doneAt":"{date}"}}}}"#);
        let newest = [item("11/24/2026 1:34:11 PM"), item("11/24/2026 8:34:11 AM"), item("")].join(",");
        let body = format!(r#"{{"count":70,"links":{{"next":"/v1/…"}},"items":[{newest}]}}"#);
        let stub = Stub::start(vec![token(), Reply::json(200, &body)]).await;
        let rows = client().find(&tenant(&stub.origin()), "k", of("messageId", "m", &["doneAt"])).await.unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(stub.requests().len(), 2);
    }

    #[tokio::test]
    async fn provisioning_creates_what_is_missing_and_shows_what_differs() {
        use crate::domain::extension::SAMPLE_AUDIENCE;
        let created = Reply::with(
            200,
            &[],
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><CreateResponse xmlns="http://exacttarget.com/wsdl/partnerAPI"><Results><StatusCode>OK</StatusCode></Results><OverallStatus>OK</OverallStatus></CreateResponse></s:Body></s:Envelope>"#,
        );
        let there = r#"<Results xsi:type="DataExtension"><ObjectID>o</ObjectID></Results>"#;
        let replies =
            vec![token(), soap("", "OK"), created, soap(there, "OK"), soap(&field("SubscriberKey", 0, true), "OK")];
        let stub = Stub::start(replies).await;
        let (client, tenant) = (client(), tenant(&stub.origin()));
        assert_eq!(client.provision(&tenant, &SAMPLE_AUDIENCE).await, Ok(Provisioned::Created));
        let Ok(Provisioned::Differs(differences)) = client.provision(&tenant, &SAMPLE_AUDIENCE).await else {
            panic!("no differences")
        };
        assert_eq!(differences.len(), 5, "{differences:?}");
        assert_eq!(stub.requests().len(), 5, "nothing was changed");
    }
}
