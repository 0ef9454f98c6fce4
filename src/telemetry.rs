//! Logs: human lines or JSON, to standard error. Standard output is for a command's result.

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{LogFormat, LogLevel};

/// A subscriber was there already: a process has one.
#[derive(Debug, thiserror::Error)]
#[error("logging is already set up in this process")]
pub(crate) struct AlreadySetUp;

/// Sets up the process's logs.
pub(crate) fn init<W>(format: LogFormat, level: LogLevel, writer: W) -> Result<(), AlreadySetUp>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing::subscriber::set_global_default(subscriber(format, level, writer)).map_err(|_| AlreadySetUp)
}

fn subscriber<W>(format: LogFormat, level: LogLevel, writer: W) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // Dependencies are heard from warnings on: their lower levels may show what we mask (headers, bodies).
    let dependencies = match level {
        LogLevel::Error => "error",
        _ => "warn",
    };
    let filter = EnvFilter::new(format!("{dependencies},waypost={}", level.as_str()));
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let lines = match format {
        LogFormat::Human => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
    };
    Registry::default().with(lines.with_filter(filter))
}

/// What a test logged, on its own thread.
#[cfg(test)]
#[derive(Clone, Default)]
pub(crate) struct Capture(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

#[cfg(test)]
impl Capture {
    /// Captures everything logged on this thread, from `level` on, until the guard is dropped.
    pub(crate) fn start(format: LogFormat, level: LogLevel) -> (Self, tracing::subscriber::DefaultGuard) {
        let capture = Self::default();
        let guard = tracing::subscriber::set_default(subscriber(format, level, capture.clone()));
        (capture, guard)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[cfg(test)]
impl std::io::Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
impl<'a> MakeWriter<'a> for Capture {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_have_their_fields_at_the_top() {
        let (capture, guard) = Capture::start(LogFormat::Json, LogLevel::Info);
        tracing::info!(tenant.mid = 7, "tenant added");
        tracing::debug!("not this");
        drop(guard);
        let text = capture.text();
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["message"], "tenant added");
        assert_eq!(line["tenant.mid"], 7);
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn human_lines_have_no_colour_codes() {
        let (capture, guard) = Capture::start(LogFormat::Human, LogLevel::Warn);
        tracing::warn!("coping");
        tracing::info!("not this");
        drop(guard);
        assert!(capture.text().contains("WARN"));
        assert!(!capture.text().contains('\u{1b}'));
        assert_eq!(capture.text().lines().count(), 1);
    }
}
