//! The way to Infobip: sends, and what an answer or its absence proves (spec Q4, Q6b).
//!
//! | what came | which is |
//! |---|---|
//! | no connection (DNS, TCP, TLS) | surely not sent |
//! | a connection, no complete answer in time, a reset, an answer too large | maybe sent |
//! | 200 with the messages' answers | answered |
//! | 200, or another 2xx, with a body we can't read | maybe sent |
//! | 3xx | held, wrong address: redirects are never followed |
//! | 401, 402, 403, 404 | held: key refused, no credit, scope missing, wrong address |
//! | 408, 425, 429, 5xx | surely not sent, retry after what the answer says |
//! | other 4xx | the request is refused |

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};

use super::{logs, problem, send};
use crate::dispatch::{Gateway, LookupFailure, SendRequest};
use crate::domain::channel::Channel;
use crate::domain::delivery::{HoldReason, LogEntry, MessageAnswer, SendFailure};
use crate::domain::ids::MessageId;
use crate::domain::tenant::Account;
use crate::outbound::{self, Answer, ClientSetup, Unanswered};

/// One call, from connecting to the last byte.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest answer that is read: 100 messages or 1000 log rows of less than 2 kB.
pub(super) const BODY_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// Infobip, for all accounts.
pub(crate) struct InfobipClient {
    http: reqwest::Client,
    /// Our public origin, without trailing slash.
    webhook_base: String,
}

/// The API key is no header value, so it can't be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the API key holds characters that can't be sent")]
pub(super) struct UnsendableKey;

impl InfobipClient {
    /// `webhook_base`: the origin under which Infobip reaches our webhooks.
    pub(crate) fn new(webhook_base: &str) -> Result<Self, ClientSetup> {
        Self::with_timeout(webhook_base, TOTAL_TIMEOUT)
    }

    fn with_timeout(webhook_base: &str, total: Duration) -> Result<Self, ClientSetup> {
        Ok(Self { http: outbound::client(total)?, webhook_base: webhook_base.trim_end_matches('/').to_owned() })
    }

    pub(super) fn get(
        &self,
        account: &Account,
        path_and_query: &str,
    ) -> Result<reqwest::RequestBuilder, UnsendableKey> {
        self.authorized(account, self.http.get(url(account, path_and_query)))
    }

    pub(super) fn post(
        &self,
        account: &Account,
        path: &str,
        body: Vec<u8>,
    ) -> Result<reqwest::RequestBuilder, UnsendableKey> {
        let request = self.http.post(url(account, path)).header(CONTENT_TYPE, "application/json").body(body);
        self.authorized(account, request)
    }

    /// `Accept` is not optional: without it some endpoints answer XML (infobip.md 1.1).
    fn authorized(
        &self,
        account: &Account,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::RequestBuilder, UnsendableKey> {
        let key = format!("App {}", account.api_key.expose());
        let mut key = HeaderValue::try_from(key).map_err(|_| UnsendableKey)?;
        key.set_sensitive(true);
        Ok(request.header(AUTHORIZATION, key).header(ACCEPT, "application/json"))
    }

    async fn send_request(&self, request: SendRequest<'_>) -> Result<Vec<MessageAnswer>, SendFailure> {
        let endpoint = send::endpoint(request.channel);
        let webhooks = send::Webhooks::new(&self.webhook_base, request.channel, request.account);
        let body = (endpoint.encode)(&request, &webhooks)
            .map_err(|error| SendFailure::Refused { problem: error.to_string() })?;
        let exchanged = match self.post(request.account, endpoint.path, body) {
            Ok(prepared) => outbound::exchange(prepared, BODY_BYTES_MAX, request.now).await,
            Err(unsendable) => {
                let problem = unsendable.to_string();
                return Err(SendFailure::Hold { reason: HoldReason::KeyRefused, problem });
            }
        };
        match exchanged {
            Ok(answer) => classify(&answer),
            Err(Unanswered::NotBuilt) => {
                Err(SendFailure::Hold { reason: HoldReason::WrongAddress, problem: Unanswered::NotBuilt.to_string() })
            }
            Err(unanswered) if unanswered.was_written() => {
                Err(SendFailure::MaybeSent { problem: unanswered.to_string() })
            }
            Err(unanswered) => Err(SendFailure::NotSent { retry_after: None, problem: unanswered.to_string() }),
        }
    }
}

impl Gateway for InfobipClient {
    fn send<'a>(&'a self, request: SendRequest<'a>) -> BoxFuture<'a, Result<Vec<MessageAnswer>, SendFailure>> {
        Box::pin(self.send_request(request))
    }

    fn look_up<'a>(
        &'a self,
        account: &'a Account,
        channel: Channel,
        ids: &'a [MessageId],
    ) -> BoxFuture<'a, Result<Vec<LogEntry>, LookupFailure>> {
        Box::pin(logs::look_up(self, account, channel, ids))
    }
}

fn url(account: &Account, path_and_query: &str) -> String {
    format!("{}{path_and_query}", account.base_url.trim_end_matches('/'))
}

/// What a complete answer to a send means.
fn classify(answer: &Answer) -> Result<Vec<MessageAnswer>, SendFailure> {
    let problem = || problem::of(answer.status, &answer.body);
    let hold = |reason| Err(SendFailure::Hold { reason, problem: problem() });
    match answer.status {
        200..=299 => send::answers(&answer.body).ok_or_else(|| SendFailure::MaybeSent {
            problem: format!("HTTP {} with a body that could not be read", answer.status),
        }),
        300..=399 | 404 => hold(HoldReason::WrongAddress),
        401 => hold(HoldReason::KeyRefused),
        402 => hold(HoldReason::NoCredit),
        403 => hold(HoldReason::ScopeMissing),
        408 | 425 | 429 | 500.. => Err(SendFailure::NotSent { retry_after: answer.retry_after, problem: problem() }),
        400 | 413 | 422 => Err(SendFailure::Refused { problem: problem() }),
        // 405, 407, 415 and the like speak of the address or what stands before it, never of one message.
        _ => hold(HoldReason::WrongAddress),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::clock::Timestamp;
    use crate::domain::ids::{AccountId, QueueId};
    use crate::domain::message::{
        Content, Message, Progress, QueuedMessage, RequestOptions, VALIDITY_MINUTES_MAX, sms,
    };
    use crate::domain::phone::Phone;
    use crate::domain::secret::Secret;
    use crate::domain::tenant::{KakaoWay, MaybeSent, MmsReports, ReportExtensions, Senders, Tracking, WebhookAuth};
    use crate::outbound::stub::{Reply, Stub};

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    pub(crate) fn account(base_url: &str) -> Account {
        Account {
            id: AccountId::new("main").unwrap(),
            base_url: base_url.into(),
            api_key: Secret::new("k3y-k3y-k3y-k3y-k3y"),
            senders: Senders { sms: vec!["ACME".into()], ..Senders::default() },
            custom_domains: Vec::new(),
            channels: Vec::new(),
            tracking: Tracking::Native(ReportExtensions {
                sms_reports: "SMS Delivery Reports".into(),
                omni_reports: "Omni Reports".into(),
                ..ReportExtensions::default()
            }),
            mms_reports: MmsReports::Omni,
            kakao_way: KakaoWay::Direct,
            maybe_sent: MaybeSent::Repeat,
            webhook_auth: WebhookAuth::default(),
            webhook_tokens: vec![Secret::new("old"), Secret::new("t0ken")],
        }
    }

    pub(crate) fn queued(sequence: u64, text: &str) -> QueuedMessage {
        let content = sms::SmsContent { sender: "ACME".into(), text: text.into(), india_dlt: None };
        QueuedMessage {
            id: MessageId::new(QueueId(3), sequence, 0xabc),
            message: Message {
                account: AccountId::new("main").unwrap(),
                channel: Channel::Sms,
                recipient: Phone::parse("+385911234567", None).unwrap(),
                content: Content::Sms(content),
                options: RequestOptions { bulk_id: "Infobip SMS".into(), tracking: None },
                callback_data: r#"{"ActivityId":"a1"}"#.into(),
                contact_key: "C-1".into(),
                validity_minutes: VALIDITY_MINUTES_MAX,
                latest_send_at: None,
                reply_event: None,
            },
            accepted_at: NOW,
            progress: Progress::default(),
        }
    }

    /// A message of another channel than SMS.
    pub(crate) fn queued_with(sequence: u64, channel: Channel, content: Content) -> QueuedMessage {
        let mut queued = queued(sequence, "");
        queued.message.channel = channel;
        queued.message.content = content;
        channel.capability().bulk_id.clone_into(&mut queued.message.options.bulk_id);
        queued
    }

    pub(crate) fn client() -> InfobipClient {
        rustls::crypto::ring::default_provider().install_default().ok();
        InfobipClient::with_timeout("https://wp.example/", Duration::from_secs(2)).unwrap()
    }

    async fn send_to(base_url: &str) -> Result<Vec<MessageAnswer>, SendFailure> {
        let account = account(base_url);
        let messages = [queued(1, "Hi Ann")];
        client().send(SendRequest { account: &account, channel: Channel::Sms, messages: &messages, now: NOW }).await
    }

    async fn send(reply: Reply) -> Result<Vec<MessageAnswer>, SendFailure> {
        send_to(&Stub::start(vec![reply]).await.origin()).await
    }

    #[tokio::test]
    async fn an_accepted_message_is_answered() {
        let body = r#"{"messages":[{"messageId":"m","status":{"groupId":1,"id":26},"destination":"385911234567"}]}"#;
        let stub = Stub::start(vec![Reply::json(200, body)]).await;
        let answers = send_to(&stub.origin()).await.unwrap();
        assert_eq!((&*answers[0].message_id, answers[0].status.id), ("m", 26));
        let request = &stub.requests()[0];
        assert_eq!((&*request.method, &*request.target), ("POST", "/sms/3/messages"));
        let head = request.head.to_ascii_lowercase();
        assert!(head.contains("authorization: app k3y-k3y-k3y-k3y-k3y"), "{head}");
        assert!(head.contains("content-type: application/json") && head.contains("accept: application/json"));
    }

    #[tokio::test]
    async fn a_refused_connection_is_not_sent() {
        let sent = send_to("http://127.0.0.1:1").await;
        assert!(matches!(sent, Err(SendFailure::NotSent { retry_after: None, .. })), "{sent:?}");
        let sent = send_to("http://host.invalid").await;
        assert!(matches!(sent, Err(SendFailure::NotSent { .. })), "{sent:?}");
    }

    #[tokio::test]
    async fn a_failed_tls_handshake_is_not_sent() {
        let stub = Stub::start(Vec::new()).await;
        let sent = send_to(&stub.origin().replace("http://", "https://")).await;
        assert!(matches!(sent, Err(SendFailure::NotSent { .. })), "{sent:?}");
        assert!(stub.requests().is_empty());
    }

    #[tokio::test]
    async fn a_written_request_without_a_complete_answer_is_maybe_sent() {
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"messages\":[".to_vec();
        let large = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(BODY_BYTES_MAX + 1)).into_bytes();
        for reply in
            [Reply::Close, Reply::Stall, Reply::Bytes(cut), Reply::Bytes(b"garbage\r\n".to_vec()), Reply::Bytes(large)]
        {
            let sent = send(reply).await;
            assert!(matches!(sent, Err(SendFailure::MaybeSent { .. })), "{sent:?}");
        }
    }

    #[tokio::test]
    async fn a_reset_after_the_request_was_written_is_maybe_sent() {
        use tokio::io::AsyncReadExt as _;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let peer = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            // Closing with unread bytes in the buffer makes the kernel send a reset.
            let read = stream.read(&mut [0; 16]).await.unwrap();
            drop(stream);
            read
        });
        let sent = send_to(&origin).await;
        assert_eq!(peer.await.unwrap(), 16);
        assert!(matches!(sent, Err(SendFailure::MaybeSent { .. })), "{sent:?}");
    }

    /// A peer that answers one request on each connection, keeps it open and then closes it: after having read another
    /// when `reads_one_more`, else at once. It notifies of each close, and in the end tells how many requests it read.
    async fn kept_then_closed(reads_one_more: bool) -> (String, Arc<Notify>, JoinHandle<usize>) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let closed = Arc::new(Notify::new());
        let notify = closed.clone();
        let peer = tokio::spawn(async move {
            let body = r#"{"messages":[{"messageId":"m","status":{"groupId":1,"id":26}}]}"#;
            let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            let mut requests = 0;
            let quiet = Duration::from_millis(700);
            while let Ok(Ok((mut stream, _))) = tokio::time::timeout(quiet, listener.accept()).await {
                for is_answered in [true, false] {
                    if !is_answered && !reads_one_more {
                        break;
                    }
                    let mut bytes = Vec::new();
                    while !bytes.ends_with(b"}}}") && stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {}
                    requests += usize::from(!bytes.is_empty());
                    if is_answered {
                        stream.write_all(reply.as_bytes()).await.unwrap();
                    }
                }
                drop(stream);
                notify.notify_one();
            }
            requests
        });
        (origin, closed, peer)
    }

    #[tokio::test]
    async fn a_request_on_a_kept_connection_is_never_repeated_by_the_client() {
        let (origin, _, peer) = kept_then_closed(true).await;
        let (client, account, messages) = (client(), account(&origin), [queued(1, "Hi")]);
        let request = SendRequest { account: &account, channel: Channel::Sms, messages: &messages, now: NOW };
        assert!(client.send(request).await.is_ok());
        let second = client.send(request).await;
        assert!(matches!(second, Err(SendFailure::MaybeSent { .. })), "{second:?}");
        assert_eq!(peer.await.unwrap(), 2, "the peer saw each request once");
    }

    #[tokio::test]
    async fn a_kept_connection_that_the_peer_closed_costs_nothing() {
        let (origin, closed, peer) = kept_then_closed(false).await;
        let (client, account, messages) = (client(), account(&origin), [queued(1, "Hi")]);
        let request = SendRequest { account: &account, channel: Channel::Sms, messages: &messages, now: NOW };
        assert!(client.send(request).await.is_ok());
        closed.notified().await;
        assert!(client.send(request).await.is_ok());
        assert_eq!(peer.await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_success_that_can_not_be_read_is_maybe_sent() {
        for reply in [Reply::json(200, "<html>"), Reply::json(200, "{}"), Reply::json(202, "")] {
            let sent = send(reply).await;
            assert!(matches!(sent, Err(SendFailure::MaybeSent { .. })), "{sent:?}");
        }
    }

    #[tokio::test]
    async fn throttling_and_server_errors_are_not_sent() {
        let date = Reply::with(503, &[("Retry-After", "Mon, 21 Sep 2026 14:14:20 GMT")], "<html>");
        let expected = SendFailure::NotSent { retry_after: Some(Duration::from_secs(60)), problem: "HTTP 503".into() };
        assert_eq!(send(date).await, Err(expected));
        let seconds = Reply::with(429, &[("Retry-After", "7")], r#"{"errorCode":"E429"}"#);
        let expected =
            SendFailure::NotSent { retry_after: Some(Duration::from_secs(7)), problem: "HTTP 429 E429".into() };
        assert_eq!(send(seconds).await, Err(expected));
        for status in [500, 502, 504, 408] {
            assert!(matches!(send(Reply::json(status, "")).await, Err(SendFailure::NotSent { retry_after: None, .. })));
        }
    }

    #[tokio::test]
    async fn a_status_says_enough_even_when_its_body_is_cut() {
        let cut = b"HTTP/1.1 503 X\r\nContent-Length: 500\r\nRetry-After: 3\r\n\r\n{\"err".to_vec();
        let expected = SendFailure::NotSent { retry_after: Some(Duration::from_secs(3)), problem: "HTTP 503".into() };
        assert_eq!(send(Reply::Bytes(cut)).await, Err(expected));
    }

    #[tokio::test]
    async fn refusals_and_holds_are_told_apart() {
        for status in [400, 413, 422] {
            assert!(matches!(send(Reply::json(status, "")).await, Err(SendFailure::Refused { .. })), "{status}");
        }
        for (status, expected) in [
            (401, HoldReason::KeyRefused),
            (405, HoldReason::WrongAddress),
            (407, HoldReason::WrongAddress),
            (415, HoldReason::WrongAddress),
            (402, HoldReason::NoCredit),
            (403, HoldReason::ScopeMissing),
            (404, HoldReason::WrongAddress),
            (302, HoldReason::WrongAddress),
        ] {
            let redirect = Reply::with(status, &[("Location", "https://elsewhere.example/")], "");
            let sent = send(redirect).await;
            assert!(matches!(sent, Err(SendFailure::Hold { reason, .. }) if reason == expected), "{status}: {sent:?}");
        }
        let sent = send_to("not a url").await;
        assert!(matches!(sent, Err(SendFailure::Hold { reason: HoldReason::WrongAddress, .. })), "{sent:?}");
    }

    #[tokio::test]
    async fn problems_leak_neither_number_nor_text_nor_key() {
        let quoting = r#"{"errorCode":"E400","description":"385911234567 Hi Ann","violations":[{"property":"messages[0].destinations[0].to","violation":"385911234567"}]}"#;
        let account = account("http://127.0.0.1:1");
        let mut said = vec![format!("{account:?}")];
        for reply in [Reply::json(400, quoting), Reply::json(500, quoting), Reply::json(401, quoting), Reply::Close] {
            said.push(format!("{:?}", send(reply).await));
        }
        for said in said {
            assert!(!said.contains("3859") && !said.contains("Ann") && !said.contains("k3y"), "{said}");
        }
    }
}
