use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;

/// Answers with what it was asked; waits until `Status` was asked as often as there are places in the barrier.
struct Echo {
    together: tokio::sync::Barrier,
}

impl ControlHandler for Echo {
    fn handle(&self, request: ControlRequest) -> BoxFuture<'_, ControlAnswer> {
        async move {
            match request {
                ControlRequest::Status => {
                    self.together.wait().await;
                    ControlAnswer::ok(&"together")
                }
                ControlRequest::TenantShow { mid } => ControlAnswer::ok(&mid),
                ControlRequest::TenantList => ControlAnswer::ok(&"x".repeat(LINE_BYTES_MAX)),
                _ => ControlAnswer::error(ErrorCode::NotFound, "there is no such business unit"),
            }
        }
        .boxed()
    }
}

struct Running {
    path: PathBuf,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl Running {
    async fn start(together: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        let server = ControlServer::bind(&path).await.unwrap();
        Self::serve(server, path, together, dir)
    }

    fn serve(server: ControlServer, path: PathBuf, together: usize, dir: tempfile::TempDir) -> Self {
        let (stop, stopped) = watch::channel(false);
        let handler = Arc::new(Echo { together: tokio::sync::Barrier::new(together) });
        let task = tokio::spawn(server.run(handler, stopped));
        Self { path, stop, task, _dir: dir }
    }

    async fn say(&self, text: &[u8]) -> String {
        let mut stream = UnixStream::connect(&self.path).await.unwrap();
        // The server may answer and close before it has read all.
        stream.write_all(text).await.ok();
        stream.shutdown().await.ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        String::from_utf8(answer).unwrap()
    }
}

fn show(mid: u64) -> ControlRequest {
    ControlRequest::TenantShow { mid: Mid::new(mid) }
}

#[tokio::test]
async fn requests_are_answered_and_the_socket_is_private() {
    let server = Running::start(1).await;
    assert_eq!(std::fs::metadata(&server.path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(call(&server.path, &show(7)).await.unwrap(), ControlAnswer::ok(&7));
    let refused = call(&server.path, &ControlRequest::TenantRemove { mid: Mid::new(7) }).await.unwrap();
    assert_eq!(refused, ControlAnswer::error(ErrorCode::NotFound, "there is no such business unit"));
}

#[tokio::test]
async fn another_user_is_refused_and_root_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    let own = std::fs::metadata(dir.path()).unwrap().uid();
    let server = ControlServer::bind(&path).await.unwrap().with_own_uid(own + 1);
    let server = Running::serve(server, path, 1, dir);
    let answer = call(&server.path, &show(7)).await.unwrap();
    if own == 0 {
        // Root may whatever the server's user is; the rule itself is tested below.
        assert_eq!(answer, ControlAnswer::ok(&7));
    } else {
        assert!(matches!(answer, ControlAnswer::Error { code: ErrorCode::Refused, .. }), "{answer:?}");
    }
}

#[test]
fn only_the_own_user_and_root_are_served() {
    assert!(server::may_ask(1000, 1000) && server::may_ask(0, 1000) && server::may_ask(0, 0));
    assert!(!server::may_ask(1001, 1000) && !server::may_ask(1000, 0) && !server::may_ask(u32::MAX, 1000));
}

#[tokio::test]
async fn a_socket_left_behind_is_replaced_and_a_live_one_is_not() {
    let server = Running::start(1).await;
    let error = ControlServer::bind(&server.path).await.err().unwrap();
    assert!(matches!(error, ControlError::InUse { .. }), "{error}");
    assert_eq!(call(&server.path, &show(1)).await.unwrap(), ControlAnswer::ok(&1));

    // As a crash leaves it: the file is there, nobody listens.
    let dir = tempfile::tempdir().unwrap();
    let stale = dir.path().join("control.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    assert!(matches!(call(&stale, &show(1)).await, Err(ControlError::NotRunning { .. })));
    let revived = Running::serve(ControlServer::bind(&stale).await.unwrap(), stale, 1, dir);
    assert_eq!(call(&revived.path, &show(2)).await.unwrap(), ControlAnswer::ok(&2));
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    std::fs::write(&path, "precious").unwrap();
    let error = ControlServer::bind(&path).await.err().unwrap();
    assert!(error.to_string().ends_with("something that is no socket is there"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    let long = dir.path().join("x".repeat(PATH_BYTES_MAX));
    let error = ControlServer::bind(&long).await.err().unwrap();
    assert!(error.to_string().ends_with("its path must have at most 107 bytes"), "{error}");
}

#[tokio::test]
async fn malformed_and_oversized_requests_are_refused_without_repeating_them() {
    let server = Running::start(1).await;
    let too_deep = "[".repeat(10_000);
    for line in ["", "{", "null", "\"Unknown\"", "{\"TenantShow\":{\"mid\":\"s3cr3t\"}}", "\u{0}", &too_deep] {
        let answer = server.say(format!("{line}\n").as_bytes()).await;
        assert!(answer.contains("Malformed") && answer.contains("not one that this version"), "{answer}");
        assert!(!answer.contains("s3cr3t"));
    }
    let answer = server.say(b"\xff\n").await;
    assert!(answer.contains("Malformed"), "{answer}");
    let answer = server.say(&vec![b' '; LINE_BYTES_MAX]).await;
    assert!(answer.contains("more than 1 MiB"), "{answer}");
    assert_eq!(server.say(b"").await, "", "a peer that only connects");
    let request = serde_json::to_string(&show(3)).unwrap();
    let longest = format!("{}{request}\n", " ".repeat(LINE_BYTES_MAX - request.len() - 1));
    assert_eq!(server.say(longest.as_bytes()).await, "{\"Ok\":3}\n");
    assert_eq!(call(&server.path, &show(4)).await.unwrap(), ControlAnswer::ok(&4), "and it goes on");
}

#[tokio::test]
async fn an_answer_over_the_limit_becomes_an_error() {
    let server = Running::start(1).await;
    let answer = call(&server.path, &ControlRequest::TenantList).await.unwrap();
    assert_eq!(answer, ControlAnswer::error(ErrorCode::Failed, "the answer has more than 1 MiB"));
}

#[tokio::test]
async fn calls_are_served_side_by_side() {
    let server = Running::start(8).await;
    let calls = (0..8).map(|_| call(&server.path, &ControlRequest::Status));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap(), ControlAnswer::ok(&"together"));
    }
}

#[tokio::test]
async fn a_silent_peer_does_not_hold_up_others() {
    let server = Running::start(1).await;
    let _silent = UnixStream::connect(&server.path).await.unwrap();
    assert_eq!(call(&server.path, &show(5)).await.unwrap(), ControlAnswer::ok(&5));
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight_and_removes_the_file() {
    let server = Running::start(2).await;
    let first = tokio::spawn({
        let path = server.path.clone();
        async move { call(&path, &ControlRequest::Status).await }
    });
    // Both calls are needed to pass the barrier; the second is accepted before the stop is heard.
    let second = call(&server.path, &ControlRequest::Status).await.unwrap();
    server.stop.send(true).unwrap();
    assert_eq!(second, ControlAnswer::ok(&"together"));
    assert_eq!(first.await.unwrap().unwrap(), ControlAnswer::ok(&"together"));
    server.task.await.unwrap();
    assert!(!server.path.exists());
    assert!(matches!(call(&server.path, &show(1)).await, Err(ControlError::NotRunning { .. })));
}

#[tokio::test]
async fn a_stop_before_the_answer_still_gets_the_answer() {
    let server = Running::start(1).await;
    let mut stream = UnixStream::connect(&server.path).await.unwrap();
    // The server has accepted once it serves a later peer.
    assert_eq!(call(&server.path, &show(1)).await.unwrap(), ControlAnswer::ok(&1));
    server.stop.send(true).unwrap();
    stream.write_all(format!("{}\n", serde_json::to_string(&show(9)).unwrap()).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "{\"Ok\":9}\n");
    server.task.await.unwrap();
}

#[tokio::test]
async fn without_a_server_the_error_says_so() {
    let error = call(Path::new("/nonexistent/control.sock"), &show(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "no server answers on /nonexistent/control.sock");
}
