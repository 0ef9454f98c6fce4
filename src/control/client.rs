//! The commands' side of the control socket.

use std::io::ErrorKind;
use std::path::Path;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use super::server::{Line, read_line};
use super::{ANSWER_TIMEOUT, ControlAnswer, ControlError, ControlRequest, LINE_BYTES_MAX, LINE_TIMEOUT};

/// Sends one request to the server on `path` and waits for its answer.
pub(crate) async fn call(path: &Path, request: &ControlRequest) -> Result<ControlAnswer, ControlError> {
    let no_answer =
        |problem: &str| ControlError::NoAnswer { path: path.display().to_string(), problem: problem.to_owned() };
    let mut line = Zeroizing::new(serde_json::to_vec(request).map_err(|_| no_answer("the request is no JSON"))?);
    line.push(b'\n');
    if line.len() > LINE_BYTES_MAX {
        return Err(no_answer("the request has more than 1 MiB"));
    }
    let mut stream = UnixStream::connect(path).await.map_err(|error| cannot_connect(path, &error))?;
    let (reader, mut writer) = stream.split();
    let sent = tokio::time::timeout(LINE_TIMEOUT, writer.write_all(&line)).await;
    // A server that refuses the peer answers without reading: its words say more than our broken pipe.
    let sent = matches!(sent, Ok(Ok(())));
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, read_line(&mut BufReader::new(reader))).await;
    match answer {
        Ok(Ok(Line::Whole(answer))) => serde_json::from_slice(&answer)
            .map_err(|_| no_answer("its answer can't be read; is it of the same version as this command?")),
        Ok(Ok(Line::TooLong)) => Err(no_answer("its answer has more than 1 MiB")),
        Ok(Ok(Line::Ended) | Err(_)) if sent => Err(no_answer("it closed the connection")),
        Ok(Ok(Line::Ended) | Err(_)) => Err(no_answer("it did not take the request")),
        Err(_) => Err(no_answer("it took longer than 120 s")),
    }
}

fn cannot_connect(path: &Path, error: &std::io::Error) -> ControlError {
    let path = path.display().to_string();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => ControlError::NotRunning { path },
        ErrorKind::PermissionDenied => {
            ControlError::Unusable { path, problem: "only root and the server's own user may use it".to_owned() }
        }
        _ => ControlError::Unusable { path, problem: error.to_string() },
    }
}
