//! What a supervised server is doing.

use std::{sync::Arc, time::SystemTime};

/// What a supervised server is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// There is no connection and nobody needs one.
    Stopped,
    /// A connection is being made, or waits for its turn after a failure.
    Starting,
    /// There is a connection.
    Running,
    /// The last connection could not be made or has ended by itself; the next use makes another.
    Failed {
        /// Why, in words for people; quotes the server's last lines where there are any.
        reason: Arc<str>,
        /// When that was.
        since: SystemTime,
    },
}
