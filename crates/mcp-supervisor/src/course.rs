//! The course of a supervised server: what it is at, and what becomes of that.
//!
//! What a life reports counts only while it is the life that there is. Nothing here does anything: whoever changes the
//! course runs the life that this has called for.

use std::{mem, sync::Arc};

use mcp_transport::{CloseReason, Closed, ConnectError, NotSent, in_words};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    StoppedByHand, Supervision,
    board::Board,
    idle::InUse,
    life::Inner,
    lineage::{Life, Lineage},
    phase::{Attempt, Cause, Pending, Phase},
    policy::{Moment, Policy},
};

#[derive(Debug)]
pub(crate) struct Course {
    phase: Phase,
    lineage: Lineage,
    policy: Policy,
    board: Board,
}

/// What somebody who needs a connection has to do.
pub(crate) enum Demand {
    Use(InUse),
    Await(Attempt),
}

impl Course {
    /// The course of a server until `closing` is cancelled.
    pub(crate) fn new(settings: Supervision, closing: CancellationToken) -> Self {
        Self {
            phase: Phase::Resting,
            lineage: Lineage::new(closing),
            policy: Policy::new(settings),
            board: Board::new(),
        }
    }

    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    pub(crate) fn running(&self) -> Option<InUse> {
        if let Phase::Running(inner) = &self.phase { Some(InUse::new(inner)) } else { None }
    }

    /// The life that the last change has called for.
    pub(crate) fn take_unborn(&mut self) -> Option<Life> {
        self.lineage.take_unborn()
    }

    /// What to do for a connection that somebody has asked for at that time. Where the wait would be too long, refused
    /// with the failure that is to blame.
    pub(crate) fn demand(&mut self, asked: Instant, now: Instant) -> Result<Demand, NotSent> {
        match &self.phase {
            Phase::Running(inner) => Ok(Demand::Use(InUse::new(inner))),
            Phase::Attempt(Pending { cause: Cause::Restart(why), turn, .. })
                if !self.policy.is_within_reach(asked, *turn) =>
            {
                Err(NotSent::Connect(Arc::clone(why)))
            }
            Phase::Attempt(pending) => Ok(Demand::Await(pending.attempt.clone())),
            Phase::GivenUp { why, since } if !self.policy.is_retry_due(asked, *since) => {
                Err(NotSent::Connect(Arc::clone(why)))
            }
            Phase::GivenUp { .. } => Ok(Demand::Await(self.begin(Cause::Retry, now))),
            Phase::Resting => Ok(Demand::Await(self.begin(Cause::Asked, now))),
            Phase::Halted => Err(NotSent::Connect(Arc::new(ConnectError::Other(Box::new(StoppedByHand))))),
            Phase::Closed => Err(NotSent::Closed(requested())),
        }
    }

    /// The attempt of the life has succeeded. `false` if it is no longer wanted.
    pub(crate) fn up(&mut self, inner: &Arc<Inner>) -> bool {
        let Some(pending) = self.take_attempt(inner.number) else { return false };
        self.turn_to(Phase::Running(Arc::clone(inner)));
        pending.settle(Ok(()));
        true
    }

    /// The attempt of the life has failed.
    pub(crate) fn failed(&mut self, number: u64, why: ConnectError, at: Moment) {
        if let Some(pending) = self.take_attempt(number) {
            let is_last = matches!(pending.cause, Cause::Retry) || !why.is_transient();
            let next = if is_last { None } else { self.policy.failed(at) };
            self.miss(pending, why, next, at);
        }
    }

    /// The attempt of the life was dropped half-way, as by a panic. The next would hardly fare better.
    pub(crate) fn abandoned(&mut self, number: u64, at: Moment) {
        if let Some(pending) = self.take_attempt(number) {
            self.miss(pending, ConnectError::Other("the attempt to connect was given up".into()), None, at);
        }
    }

    /// The connection of the life has ended by itself, or is no good any more.
    pub(crate) fn ended(&mut self, inner: &Inner, why: ConnectError, at: Moment) {
        if self.phase.is_running(inner.number) {
            let next = self.policy.ended(inner.since, at);
            let reason = if let ConnectError::Ended(closed) = &why { closed.to_string() } else { in_words(&why) };
            self.fail(&Arc::new(why), reason, next, at);
        }
    }

    /// The connection of the life has been up for long enough.
    pub(crate) fn healthy(&mut self, number: u64) {
        if self.phase.is_running(number) {
            self.policy.reset();
            self.board.show(&self.phase, self.policy.restarts());
        }
    }

    /// Nobody needs the connection of the life for now.
    pub(crate) fn rest(&mut self, number: u64) {
        if self.phase.is_running(number) {
            self.lineage.end();
            self.turn_to(Phase::Resting);
        }
    }

    /// Somebody wants the server to run; what keeps it from being started now is lifted.
    pub(crate) fn start_by_hand(&mut self, now: Instant) {
        match &self.phase {
            Phase::Running(_) => {}
            Phase::Attempt(pending) if pending.turn <= now => {}
            _ => self.restart_by_hand(now),
        }
    }

    /// Somebody wants the server to run anew.
    pub(crate) fn restart_by_hand(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Closed) {
            self.forget();
            drop(self.attempt(Cause::Asked, now, true));
        }
    }

    /// Somebody wants the server not to run. The token is cancelled when nothing is left of it.
    pub(crate) fn stop_by_hand(&mut self) -> CancellationToken {
        if !matches!(self.phase, Phase::Closed) {
            self.forget();
            self.turn_to(Phase::Halted);
        }
        self.lineage.over()
    }

    /// No life will follow.
    pub(crate) fn close(&mut self) {
        self.lineage.close();
        self.turn_to(Phase::Closed);
    }

    /// A life is to begin with an attempt at that time.
    fn begin(&mut self, cause: Cause, turn: Instant) -> Attempt {
        self.attempt(cause, turn, false)
    }

    fn attempt(&mut self, cause: Cause, turn: Instant, is_alone: bool) -> Attempt {
        let pending = Pending::new(cause, turn);
        let attempt = pending.attempt.clone();
        self.lineage.begin(turn, is_alone);
        self.turn_to(Phase::Attempt(pending));
        attempt
    }

    fn take_attempt(&mut self, number: u64) -> Option<Pending> {
        if self.lineage.number() != number || !matches!(self.phase, Phase::Attempt(_)) {
            return None;
        }
        if let Phase::Attempt(pending) = mem::replace(&mut self.phase, Phase::Resting) { Some(pending) } else { None }
    }

    fn miss(&mut self, pending: Pending, why: ConnectError, next: Option<Instant>, at: Moment) {
        let (reason, why) = (in_words(&why), Arc::new(why));
        self.fail(&why, reason, next, at);
        pending.settle(Err(why));
    }

    /// After a failure another attempt follows, or the server is given up.
    fn fail(&mut self, why: &Arc<ConnectError>, reason: String, next: Option<Instant>, at: Moment) {
        self.lineage.end();
        self.board.fail(reason, at.clock);
        match next {
            Some(turn) => drop(self.begin(Cause::Restart(Arc::clone(why)), turn)),
            None => self.turn_to(Phase::GivenUp { why: Arc::clone(why), since: at.now }),
        }
    }

    /// Ends the life that there is; what has gone wrong counts no more.
    fn forget(&mut self) {
        self.lineage.end();
        self.policy.reset();
        self.board.forget_error();
    }

    fn turn_to(&mut self, phase: Phase) {
        self.phase = phase;
        self.board.show(&self.phase, self.policy.restarts());
    }
}

pub(crate) fn requested() -> Arc<Closed> {
    Arc::new(Closed::new(CloseReason::Requested))
}

#[cfg(test)]
mod tests;
