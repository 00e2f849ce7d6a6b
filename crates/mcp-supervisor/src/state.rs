//! What a supervised server is doing.

use std::{sync::Arc, time::SystemTime};

/// What a supervised server is doing, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no connection, because nobody needs one or because the server was stopped by hand.
    Stopped,
    /// A connection is being made: the first one, the next one after a time of no use, or one asked for by hand.
    Starting,
    /// There is a connection.
    Running,
    /// The server has ended by itself, or could not be reached; the next attempt waits for its turn or is under way.
    Restarting,
    /// The server was given up. Uses are refused for a while, then the next one makes another attempt.
    Error,
}

impl State {
    /// The word for it: `stopped`, `starting`, `running`, `restarting` or `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Error => "error",
        }
    }
}

/// What a supervised server is doing, and how it came to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What it is doing.
    pub state: State,
    /// What has gone wrong last, until the server is up again or somebody has stopped or started it by hand.
    pub error: Option<Failure>,
    /// Automatic restarts in a row, the one under way included. Zero again when a connection has been up for a minute.
    pub restarts: u32,
    /// Whether it was stopped by hand; it stays stopped until it is started by hand.
    pub by_hand: bool,
}

/// What has gone wrong with a server, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What, in words for people; quotes the server's last lines where there are any.
    pub reason: Arc<str>,
    /// When.
    pub at: SystemTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_word() {
        let all = [State::Stopped, State::Starting, State::Running, State::Restarting, State::Error];
        assert_eq!(all.map(State::as_str), ["stopped", "starting", "running", "restarting", "error"]);
    }
}
