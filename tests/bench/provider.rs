//! A provider that takes every message and forgets it, but for where its reports are wanted.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What stands before a message id, and before the address of delivery reports, in the body of a send.
const MESSAGE_ID: &[u8] = br#""messageId":""#;
const DELIVERY_URL: &[u8] = br#""delivery":{"url":""#;

pub(crate) struct Provider {
    pub(crate) origin: String,
    delivery_url: Arc<Mutex<Option<String>>>,
}

impl Provider {
    /// Listens until the process ends, on a thread of its own.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let delivery_url = Arc::new(Mutex::new(None));
        let told = Arc::clone(&delivery_url);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    tokio::spawn(serve(stream, Arc::clone(&told)));
                }
            });
        });
        Self { origin: format!("http://{address}"), delivery_url }
    }

    /// The address that the first message wanted its delivery report at.
    pub(crate) fn delivery_url(&self) -> Option<String> {
        self.delivery_url.lock().unwrap().clone()
    }
}

/// Answers each request of a connection; ends with it, also when it breaks.
async fn serve(mut stream: TcpStream, told: Arc<Mutex<Option<String>>>) {
    let mut buffer = Vec::new();
    loop {
        let (head, length) = loop {
            if let Some(head) = find(&buffer, b"\r\n\r\n") {
                break (head + 4, content_length(&buffer[..head]));
            }
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        };
        while buffer.len() < head + length {
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        }
        let body = &buffer[head..head + length];
        told.lock().unwrap().get_or_insert_with(|| quoted(body, DELIVERY_URL).next().unwrap_or_default().to_owned());
        let answer = accepted(body);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        );
        buffer.drain(..head + length);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn accepted(body: &[u8]) -> String {
    let messages = quoted(body, MESSAGE_ID).map(|id| {
        format!(
            r#"{{"messageId":"{id}","status":{{"groupId":1,"groupName":"PENDING","id":26,"name":"PENDING_ACCEPTED","description":"Message sent to next instance"}}}}"#
        )
    });
    format!(r#"{{"bulkId":"b","messages":[{}]}}"#, messages.collect::<Vec<_>>().join(","))
}

/// Every text in quotes that follows `before`.
fn quoted<'a>(body: &'a [u8], before: &'a [u8]) -> impl Iterator<Item = &'a str> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let from = find(rest, before)? + before.len();
        rest = &rest[from..];
        let to = rest.iter().position(|byte| *byte == b'"')?;
        std::str::from_utf8(&rest[..to]).ok()
    })
}

fn content_length(head: &[u8]) -> usize {
    let head = std::str::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    length.unwrap_or(0)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
