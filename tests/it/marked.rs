//! Processes that bear a mark, and waiting for what they do.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mcp_testkit::living;

/// For what processes do: start, end, go away.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A variable that no other test's processes have.
#[derive(Clone, Debug)]
pub(crate) struct Mark(String);

impl Mark {
    pub(crate) fn new() -> Self {
        static MARKS: AtomicU32 = AtomicU32::new(0);
        Self(format!("TEST_MARK={}-{}", process::id(), MARKS.fetch_add(1, Ordering::Relaxed)))
    }

    /// The variable and its value, as `--env` takes them.
    pub(crate) fn variable(&self) -> &str {
        &self.0
    }

    /// The living processes that bear it.
    pub(crate) fn living(&self) -> usize {
        living(&self.0).len()
    }

    /// Which they are.
    pub(crate) fn ids(&self) -> Vec<u32> {
        living(&self.0)
    }

    /// Waits until so many processes bear it.
    pub(crate) async fn until(&self, count: usize) {
        until(&format!("{count} processes"), PATIENCE, || self.living() == count).await;
    }
}

/// Waits until `condition` holds; there is no event for what other processes do.
pub(crate) async fn until(what: &str, patience: Duration, condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < patience, "{what}: not within {patience:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
