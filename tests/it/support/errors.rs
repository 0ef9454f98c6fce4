//! Errors that a Waypost of this process logged, told apart by their business unit: tests share the process, and its
//! servers' threads, but never a MID.

use std::fmt;
use std::sync::{Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// One event of level ERROR.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoggedError {
    /// `None` for an event that names no business unit; it is put down to whichever test looks next.
    pub(crate) mid: Option<String>,
    pub(crate) text: String,
}

static ERRORS: Mutex<Vec<LoggedError>> = Mutex::new(Vec::new());

/// Collects this process's errors from now on.
pub(crate) fn collect() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Collector.with_filter(LevelFilter::ERROR));
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// Takes out the errors of these business units, and those of nobody.
pub(crate) fn take(mids: &[u64]) -> Vec<LoggedError> {
    let is_theirs = |error: &LoggedError| match &error.mid {
        Some(mid) => mids.iter().any(|own| own.to_string() == *mid),
        None => true,
    };
    let mut errors = ERRORS.lock().unwrap_or_else(PoisonError::into_inner);
    let (taken, left) = std::mem::take(&mut *errors).into_iter().partition(is_theirs);
    *errors = left;
    taken
}

struct Collector;

impl<S: Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            let mut error = LoggedError::default();
            event.record(&mut error);
            ERRORS.lock().unwrap_or_else(PoisonError::into_inner).push(error);
        }
    }
}

impl Visit for LoggedError {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "tenant.mid" {
            self.mid = Some(format!("{value:?}"));
        }
        let name = if field.name() == "message" { String::new() } else { format!("{}=", field.name()) };
        self.text.push_str(&format!("{name}{value:?} "));
    }
}
