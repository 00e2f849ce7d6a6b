//! How much there is of what clients have open.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::Front;

/// A client's TCP connection that is counted.
#[derive(Debug)]
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Front {
    /// How many sessions are open.
    pub(crate) fn open_sessions(&self) -> usize {
        self.sessions.len()
    }

    /// How many TCP connections clients have open, to listeners that we serve ourselves.
    pub(crate) fn open_connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Counts a connection for as long as the guard lives.
    pub(crate) fn count_connection(&self) -> Counted {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(&self.connections))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
