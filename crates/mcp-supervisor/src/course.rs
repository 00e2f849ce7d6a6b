//! The course of a supervised server's lives: which one there is, and when there may be another.
//!
//! Every life has a number. What a life reports counts only while it is the life that there is.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::future::Shared;
use mcp_transport::{CloseReason, Closed, ConnectError, NotSent, Peer};
use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};

use crate::{State, backoff::Backoff, life::Inner};

/// What comes of an attempt, for all who wait for it.
pub(crate) type Attempt = Shared<oneshot::Receiver<Result<Arc<Inner>, Arc<ConnectError>>>>;

#[derive(Debug)]
pub(crate) struct Course {
    phase: Phase,
    /// Of the life that there is, or was last.
    number: u64,
    peer: Arc<Peer>,
    backoff: Backoff,
    /// Why the life before this one ended, as long as that counts.
    failure: Option<Arc<ConnectError>>,
    states: watch::Sender<State>,
    generations: watch::Sender<u64>,
}

#[derive(Debug)]
enum Phase {
    Idle,
    Starting(Attempt),
    Running(Arc<Inner>),
    Closed,
}

/// What somebody who needs a connection has to do.
pub(crate) enum Demand {
    Use(Arc<Inner>),
    Await(Attempt),
    /// Begin an attempt after this time.
    Begin(Duration),
}

/// A connection that lived this long was no failure.
const HEALTHY: Duration = Duration::from_mins(1);

impl Course {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Idle,
            number: 0,
            peer: Arc::new(Peer::unknown()),
            backoff: Backoff::default(),
            failure: None,
            states: watch::Sender::new(State::Stopped),
            generations: watch::Sender::new(0),
        }
    }

    pub(crate) fn states(&self) -> watch::Receiver<State> {
        self.states.subscribe()
    }

    pub(crate) fn generations(&self) -> watch::Receiver<u64> {
        self.generations.subscribe()
    }

    pub(crate) fn peer(&self) -> Arc<Peer> {
        Arc::clone(&self.peer)
    }

    pub(crate) fn running(&self) -> Option<&Arc<Inner>> {
        if let Phase::Running(inner) = &self.phase { Some(inner) } else { None }
    }

    /// What to do for a connection. A wait of more than `longest` is refused with the failure that is to blame for it.
    pub(crate) fn demand(&self, longest: Duration) -> Result<Demand, NotSent> {
        match &self.phase {
            Phase::Running(inner) => Ok(Demand::Use(Arc::clone(inner))),
            Phase::Starting(attempt) => Ok(Demand::Await(attempt.clone())),
            Phase::Closed => Err(NotSent::Closed(requested())),
            Phase::Idle => match (self.backoff.remaining(Instant::now()), &self.failure) {
                (wait, Some(failure)) if wait > longest => Err(NotSent::Connect(Arc::clone(failure))),
                (wait, _) => Ok(Demand::Begin(wait)),
            },
        }
    }

    /// A life begins with an attempt to connect; gives its number.
    pub(crate) fn begin(&mut self, attempt: Attempt) -> u64 {
        self.number += 1;
        self.phase = Phase::Starting(attempt);
        self.states.send_replace(State::Starting);
        self.number
    }

    /// The attempt of the life has succeeded. `false` if it is no longer wanted.
    pub(crate) fn up(&mut self, inner: &Arc<Inner>) -> bool {
        if !self.is_starting(inner.number) {
            return false;
        }
        self.peer = inner.connection.peer();
        self.phase = Phase::Running(Arc::clone(inner));
        self.states.send_replace(State::Running);
        self.generations.send_replace(inner.number);
        true
    }

    /// The attempt of the life has failed.
    pub(crate) fn failed(&mut self, number: u64, error: &Arc<ConnectError>) {
        if self.is_starting(number) {
            self.backoff.failed(Instant::now(), dice());
            self.fail(error);
        }
    }

    /// The connection of the life is over, or no good any more.
    pub(crate) fn ended(&mut self, inner: &Inner, why: ConnectError) {
        if self.running().is_none_or(|running| running.number != inner.number) {
            return;
        }
        let now = Instant::now();
        // Ends in quick succession are failures like any other. After a good life the next may begin at once.
        if now.saturating_duration_since(inner.since) >= HEALTHY {
            self.backoff.reset();
        } else {
            self.backoff.failed(now, dice());
        }
        self.fail(&Arc::new(why));
    }

    /// No life will follow.
    pub(crate) fn close(&mut self) {
        self.phase = Phase::Closed;
        self.states.send_replace(State::Stopped);
    }

    fn fail(&mut self, error: &Arc<ConnectError>) {
        self.phase = Phase::Idle;
        self.failure = Some(Arc::clone(error));
        self.states.send_replace(State::Failed { reason: error.to_string().into(), since: SystemTime::now() });
    }

    fn is_starting(&self, number: u64) -> bool {
        matches!(self.phase, Phase::Starting(_)) && self.number == number
    }
}

pub(crate) fn requested() -> Arc<Closed> {
    Arc::new(Closed::new(CloseReason::Requested))
}

/// A random number. The standard library's hasher has fresh random keys each time.
fn dice() -> u64 {
    RandomState::new().build_hasher().finish()
}
