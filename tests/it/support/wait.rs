//! Waiting for a condition, never for luck.

use std::time::Duration;

/// How long a condition may take to hold. Generous: the machine is shared, and a passing test never waits for it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Looks until the probe has found something.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let looking = async {
            loop {
                if let Some(found) = probe().await {
                    return found;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        match tokio::time::timeout(DEADLINE, looking).await {
            Ok(found) => found,
            Err(_) => panic!("{caller}: waited in vain for {what}"),
        }
    }
}
