//! Whether a server that is launched with the proxy has been tried.

use std::sync::atomic::Ordering;

use mcp_supervisor::State;

use super::{Server, ServerStatus};

/// How many servers there are, those that are disabled aside, and what they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) total: usize,
    pub(crate) running: usize,
    /// Those that cannot be had now.
    pub(crate) failed: usize,
}

impl Server {
    /// Whether waiting longer would make no more of it: it is there, was there, has failed, or is not to be launched.
    pub(crate) fn is_settled(&self, status: &ServerStatus) -> bool {
        if !self.is_launched() || self.check().is_err() {
            return true;
        }
        // A client may have been faster than whoever launches it.
        if matches!(status.state, State::Running | State::Restarting | State::Error) {
            self.is_tried.store(true, Ordering::Relaxed);
        }
        self.is_tried.load(Ordering::Relaxed)
    }
}

impl Counts {
    pub(crate) fn note(&mut self, status: &ServerStatus) {
        if !status.is_disabled {
            self.total += 1;
            self.running += usize::from(status.state == State::Running);
            self.failed += usize::from(matches!(status.state, State::Restarting | State::Error));
        }
    }
}
