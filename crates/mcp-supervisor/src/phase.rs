//! What a supervised server is at.

use std::sync::Arc;

use futures::{FutureExt, future::Shared};
use mcp_transport::ConnectError;
use tokio::{sync::oneshot, time::Instant};

use crate::{State, life::Inner};

#[derive(Debug)]
pub(crate) enum Phase {
    /// Nobody needs a connection.
    Resting,
    /// Stopped by hand.
    Halted,
    /// A connection is being made, or is to be made when its turn comes.
    Attempt(Pending),
    Running(Arc<Inner>),
    GivenUp {
        why: Arc<ConnectError>,
        since: Instant,
    },
    Closed,
}

/// An attempt that somebody may wait for.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) attempt: Attempt,
    settle: oneshot::Sender<Outcome>,
    /// When it may begin.
    pub(crate) turn: Instant,
    pub(crate) cause: Cause,
}

/// Why an attempt is made.
#[derive(Debug)]
pub(crate) enum Cause {
    /// Somebody needs a connection.
    Asked,
    /// The supervisor makes up for this failure.
    Restart(Arc<ConnectError>),
    /// Somebody needs a connection to a server that was given up.
    Retry,
}

/// What comes of an attempt, for all who wait for it. Dropped unsettled where something else takes its place.
pub(crate) type Attempt = Shared<oneshot::Receiver<Outcome>>;

pub(crate) type Outcome = Result<(), Arc<ConnectError>>;

impl Phase {
    pub(crate) fn state(&self) -> State {
        match self {
            Self::Resting | Self::Halted | Self::Closed => State::Stopped,
            Self::Attempt(Pending { cause: Cause::Asked, .. }) => State::Starting,
            Self::Attempt(_) => State::Restarting,
            Self::Running(_) => State::Running,
            Self::GivenUp { .. } => State::Error,
        }
    }

    pub(crate) fn is_running(&self, number: u64) -> bool {
        matches!(self, Self::Running(inner) if inner.number == number)
    }
}

impl Pending {
    pub(crate) fn new(cause: Cause, turn: Instant) -> Self {
        let (settle, settled) = oneshot::channel();
        Self { attempt: settled.shared(), settle, turn, cause }
    }

    /// Tells those who wait; they may have given up.
    pub(crate) fn settle(self, outcome: Outcome) {
        let _ = self.settle.send(outcome);
    }
}
