//! The record file: one JSON line per request that either platform received.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::front::Call;

/// Appends requests to a file. Without a file it does nothing.
#[derive(Debug)]
pub(super) struct Recorder {
    out: Option<Mutex<BufWriter<File>>>,
}

/// Field order is the order a reader wants: where, what, then the long parts.
#[derive(Serialize)]
struct Line<'a> {
    platform: &'a str,
    method: &'a str,
    path: &'a str,
    headers: Map<String, Value>,
    body: Value,
    /// Marks a send request without any message: nobody sends that but to learn whether the key may send, and a
    /// validator of what was sent passes over it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    probe: bool,
}

impl Recorder {
    /// Opens `path` for appending, so that several runs can share one record.
    pub(super) fn open(path: Option<&Path>) -> std::io::Result<Self> {
        let out = match path {
            Some(path) => {
                let file = File::options().create(true).append(true).open(path)?;
                Some(Mutex::new(BufWriter::with_capacity(1 << 20, file)))
            }
            None => None,
        };
        Ok(Self { out })
    }

    pub(super) fn is_on(&self) -> bool {
        self.out.is_some()
    }

    pub(super) fn write(&self, platform: &str, call: &Call) {
        let Some(mut out) = self.lock() else { return };
        let mut headers = Map::new();
        for (name, value) in &call.headers {
            headers.insert(name.clone(), Value::String(value.clone()));
        }
        let body = match serde_json::from_slice(&call.body) {
            Ok(json) => json,
            Err(_) => Value::String(String::from_utf8_lossy(&call.body).into_owned()),
        };
        let path = call.path_and_query();
        let probe = body == json!({ "messages": [] });
        let line = Line { platform, method: call.method.as_str(), path: &path, headers, body, probe };
        let written = serde_json::to_writer(&mut *out, &line).map_err(std::io::Error::from);
        if let Err(error) = written.and_then(|()| out.write_all(b"\n")) {
            tracing::warn!(%error, "the sandbox could not record a request");
        }
    }

    /// Hands everything written so far to the operating system.
    pub(super) fn flush(&self) {
        let Some(mut out) = self.lock() else { return };
        if let Err(error) = out.flush() {
            tracing::warn!(%error, "the sandbox could not write its record file");
        }
    }

    fn lock(&self) -> Option<MutexGuard<'_, BufWriter<File>>> {
        self.out.as_ref().map(|out| out.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
