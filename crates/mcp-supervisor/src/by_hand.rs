//! What a person does with a supervised server.

use std::sync::Arc;

use mcp_transport::{ConnectError, Peer};
use tokio::time::Instant;

use crate::Supervised;

/// Why a server that was stopped by hand cannot be used.
///
/// It is inside [`ConnectError::Other`], as the reason for which a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server was stopped by hand; start it again first")]
pub struct StoppedByHand;

/// By hand: what went wrong before counts no more, neither the restarts in a row nor the waits between them.
impl Supervised {
    /// Starts the server now, whatever keeps it from being started by a use: a [stop](Self::stop) by hand, the wait for
    /// the next attempt, or that it was given up. Does nothing if it runs or is just being started.
    ///
    /// # Errors
    ///
    /// Why this attempt has failed, or that the connection was closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the attempt to others; it goes on.
    pub async fn start_by_hand(&self) -> Result<Arc<Peer>, Arc<ConnectError>> {
        self.shared.change(|course| course.start_by_hand(Instant::now()));
        self.start().await
    }

    /// Ends the server, if it runs, and starts it as soon as nothing is left of the old one. Calls in flight are lost with their connection; whoever waits for a connection gets the new one.
    ///
    /// # Errors
    ///
    /// As for [`start_by_hand`](Self::start_by_hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`start_by_hand`](Self::start_by_hand).
    pub async fn restart(&self) -> Result<Arc<Peer>, Arc<ConnectError>> {
        self.shared.change(|course| course.restart_by_hand(Instant::now()));
        self.start().await
    }

    /// Ends the server, waits until nothing is left of it, and keeps it stopped: uses are refused with
    /// [`StoppedByHand`] until it is started by hand. Calls in flight are lost with their connection.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the stop goes on in the background even if the future is dropped.
    pub async fn stop(&self) {
        let over = self.shared.course().stop_by_hand();
        over.cancelled().await;
    }
}

#[cfg(test)]
mod tests;
