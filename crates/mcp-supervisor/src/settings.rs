//! How a server is supervised.

use std::time::Duration;

use mcp_transport::NoteLimits;

/// How a server is supervised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// Whether a server that has ended by itself, or could not be reached for the time being, is started again without
    /// anybody asking. Default: yes.
    pub auto_restart: bool,
    /// How many such restarts there are in a row before the server is given up. The row ends when a connection has been up
    /// for a minute. Default: 3.
    pub max_restarts: u32,
    /// How long uses are refused after the server was given up; the first one after that makes one more attempt.
    /// Default: 60 s.
    pub retry_after: Duration,
    /// How long the server may be unused before it is stopped; the next use starts it again. It may take half of this
    /// longer, at most two seconds, until that is noticed. Default: `None`, it is never stopped for that.
    pub idle: Option<Duration>,
    /// How long a message waits for the turn of the next attempt. Default: 10 s. Where the wait would be longer, the
    /// failure that is to blame is reported at once. The attempt itself takes as long as the transport lets it.
    pub backoff_wait: Duration,
    /// How many events wait for their consumer.
    pub notes: NoteLimits,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            auto_restart: true,
            max_restarts: 3,
            retry_after: Duration::from_mins(1),
            idle: None,
            backoff_wait: Duration::from_secs(10),
            notes: NoteLimits::default(),
        }
    }
}
