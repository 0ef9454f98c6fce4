//! A scripted HTTP/1.1 peer on loopback for the clients' unit tests: one reply per request, in order; it can also reset,
//! stall or break off, which a well-behaved server can't.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What happens once a whole request was read.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, then the connection closes.
    Bytes(Vec<u8>),
    /// The connection closes without an answer.
    Close,
    /// Nothing, for as long as the test lasts.
    Stall,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::with(status, &[("Content-Type", "application/json")], body)
    }

    pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut text = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        Self::Bytes(format!("{text}\r\n{body}").into_bytes())
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// With its query.
    pub(crate) target: String,
    /// The head, without the request line.
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) struct Stub {
    origin: String,
    requests: Arc<Mutex<Vec<Received>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Stub {
    /// Listens and answers requests with `replies` in order; a request beyond them is answered 599.
    pub(crate) async fn start(replies: Vec<Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter());
        Self::answering(move |_| replies.lock().unwrap().next().unwrap_or_else(|| Reply::json(599, "{}"))).await
    }

    /// Listens and answers each request with what `answer` says, for callers that ask several things at a time.
    pub(crate) async fn answering(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let kept = requests.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, answer) = (kept.clone(), answer.clone());
                tokio::spawn(async move {
                    let Some(request) = read_request(&mut stream).await else { return };
                    let reply = answer(&request);
                    kept.lock().unwrap().push(request);
                    match reply {
                        Reply::Bytes(bytes) => {
                            stream.write_all(&bytes).await.ok();
                            stream.shutdown().await.ok();
                        }
                        Reply::Close => {}
                        Reply::Stall => std::future::pending().await,
                    }
                });
            }
        });
        Self { origin, requests, task }
    }

    pub(crate) fn origin(&self) -> String {
        self.origin.clone()
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client for tests, with a total time limit that a stalled reply exhausts soon.
pub(crate) fn http_client() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    super::client(Duration::from_secs(5)).unwrap()
}

async fn read_request(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                let (line, head) = head.split_once("\r\n").unwrap_or((head, ""));
                let mut words = line.split(' ');
                return Some(Received {
                    method: words.next()?.to_owned(),
                    target: words.next()?.to_owned(),
                    head: head.to_owned(),
                    body: body.to_owned(),
                });
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}
