//! The server's side of the control socket.

use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::{
    ControlAnswer, ControlError, ControlHandler, ControlRequest, DRAIN_TIMEOUT, ErrorCode, LINE_BYTES_MAX,
    LINE_TIMEOUT, PATH_BYTES_MAX, PEERS_MAX,
};

const ROOT: u32 = 0;

/// A bound control socket that nobody is served on yet.
pub(crate) struct ControlServer {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of our socket file: what lies at `path` at the end may be another server's.
    file: (u64, u64),
    /// The user whose processes are served, besides root.
    own_uid: u32,
}

impl ControlServer {
    /// Binds the socket, replacing one that a server left behind, but never one that a server answers on.
    pub(crate) async fn bind(path: &Path) -> Result<Self, ControlError> {
        let unusable = |problem: String| ControlError::Unusable { path: path.display().to_string(), problem };
        if path.as_os_str().len() > PATH_BYTES_MAX {
            return Err(unusable(format!("its path must have at most {PATH_BYTES_MAX} bytes")));
        }
        remove_stale(path).await?;
        // Between these two lines the mode is the umask's; the check of the peer's user holds from the start.
        let listener = UnixListener::bind(path).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => ControlError::InUse { path: path.display().to_string() },
            _ => unusable(error.to_string()),
        })?;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(path, mode).map_err(|error| unusable(error.to_string()))?;
        let metadata = std::fs::symlink_metadata(path).map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            file: (metadata.dev(), metadata.ino()),
            // The file was just created by this process: its owner is this process's user.
            own_uid: metadata.uid(),
        })
    }

    /// Serves until `stop` is true or its sender is gone; finishes what is in flight, within [`DRAIN_TIMEOUT`],
    /// and removes the socket file.
    pub(crate) async fn run(self, handler: Arc<dyn ControlHandler>, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(PEERS_MAX));
        let mut peers = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(_) = peers.join_next() => continue,
                accepted = accept(&self.listener, &places) => accepted,
            };
            match accepted {
                Ok((stream, place)) => {
                    let (handler, own_uid) = (Arc::clone(&handler), self.own_uid);
                    peers.spawn(async move {
                        serve_peer(stream, own_uid, &*handler).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the control socket could not accept a connection");
                    // Out of file descriptors, most likely: the next attempt would fail as fast.
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
        drop(self.listener);
        let drained = async { while peers.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_TIMEOUT, drained).await.is_err() {
            tracing::warn!(peers = peers.len(), "requests on the control socket were dropped at the stop");
        }
        let ours = std::fs::symlink_metadata(&self.path).is_ok_and(|m| (m.dev(), m.ino()) == self.file);
        if ours && let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(error = %error, "the control socket's file could not be removed; the next start will");
        }
    }

    #[cfg(test)]
    pub(super) fn with_own_uid(self, own_uid: u32) -> Self {
        Self { own_uid, ..self }
    }
}

async fn remove_stale(path: &Path) -> Result<(), ControlError> {
    let shown = || path.display().to_string();
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ControlError::Unusable { path: shown(), problem: error.to_string() }),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            let problem = "something that is no socket is there".to_owned();
            return Err(ControlError::Unusable { path: shown(), problem });
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path)
            .map_err(|error| ControlError::Unusable { path: shown(), problem: error.to_string() }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(ControlError::InUse { path: shown() }),
        Err(error) => Err(ControlError::Unusable { path: shown(), problem: error.to_string() }),
    }
}

async fn accept(
    listener: &UnixListener,
    places: &Arc<Semaphore>,
) -> io::Result<(UnixStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

pub(super) fn may_ask(peer_uid: u32, own_uid: u32) -> bool {
    peer_uid == own_uid || peer_uid == ROOT
}

async fn serve_peer(mut stream: UnixStream, own_uid: u32, handler: &dyn ControlHandler) {
    let peer = stream.peer_cred().map(|peer| peer.uid());
    let (reader, mut writer) = stream.split();
    let answer = match peer {
        Ok(uid) if may_ask(uid, own_uid) => answer(&mut BufReader::new(reader), handler).await,
        Ok(uid) => {
            tracing::warn!(peer.uid = uid, "another user was refused on the control socket");
            let sentence = "only root and the server's own user may use the control socket";
            Some(ControlAnswer::error(ErrorCode::Refused, sentence))
        }
        Err(_) => None,
    };
    let Some(answer) = answer else { return };
    let line = Zeroizing::new(line_of(&answer));
    // A peer that has gone, or takes nothing, loses its answer; what was done stays done.
    tokio::time::timeout(LINE_TIMEOUT, writer.write_all(&line)).await.ok();
}

/// `None` when the peer said nothing that could be answered.
async fn answer(reader: &mut (impl AsyncBufRead + Unpin), handler: &dyn ControlHandler) -> Option<ControlAnswer> {
    let malformed = |sentence: &str| Some(ControlAnswer::error(ErrorCode::Malformed, sentence));
    match tokio::time::timeout(LINE_TIMEOUT, read_line(reader)).await {
        Ok(Ok(Line::Whole(line))) => match serde_json::from_slice::<ControlRequest>(&line) {
            Ok(request) => {
                drop(line);
                Some(handler.handle(request).await)
            }
            // serde's own words would repeat values of the request, which may be secrets.
            Err(_) => malformed("the request is not one that this version of the server knows"),
        },
        Ok(Ok(Line::TooLong)) => malformed("the request has more than 1 MiB"),
        Ok(Ok(Line::Ended) | Err(_)) => None,
        Err(_) => malformed("the request did not arrive within 10 s"),
    }
}

fn line_of(answer: &ControlAnswer) -> Vec<u8> {
    let mut line = serde_json::to_vec(answer).unwrap_or_default();
    if line.is_empty() || line.len() >= LINE_BYTES_MAX {
        let error = ControlAnswer::error(ErrorCode::Failed, "the answer has more than 1 MiB");
        line = serde_json::to_vec(&error).unwrap_or_default();
    }
    line.push(b'\n');
    line
}

/// What came in as a line.
pub(super) enum Line {
    /// A line without its end.
    Whole(Zeroizing<Vec<u8>>),
    /// More than [`LINE_BYTES_MAX`] bytes without an end.
    TooLong,
    /// The peer closed before the line's end.
    Ended,
}

/// Reads one line of at most [`LINE_BYTES_MAX`] bytes.
pub(super) async fn read_line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Line> {
    let mut line = Zeroizing::new(Vec::new());
    let read = reader.take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line).await?;
    Ok(match line.pop() {
        Some(b'\n') => Line::Whole(line),
        _ if read >= LINE_BYTES_MAX => Line::TooLong,
        _ => Line::Ended,
    })
}
