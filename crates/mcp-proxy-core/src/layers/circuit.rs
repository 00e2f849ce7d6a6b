//! When a server that fails is left alone for a while: a state machine without a clock.

use std::time::Duration;

use tokio::time::Instant;

/// When a server that fails is left alone for a while, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerOptions {
    /// Calls in a row that must have failed. Default: 5; 0 counts as 1.
    pub failures: u32,
    /// For how long calls are refused then, the first time. Default: 10 s. One call goes through after that; while such
    /// calls fail, the pause is twice as long each time.
    pub pause: Duration,
    /// The longest pause. Default: 60 s.
    pub longest: Duration,
}

/// Lets calls through while they succeed now and then, and else one in a while.
#[derive(Debug)]
pub(crate) struct Circuit {
    options: BreakerOptions,
    phase: Phase,
    /// Counts phases: a call is judged in the phase it began in, or not at all.
    number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Calls go through; so many in a row have failed.
    Closed { failures: u32 },
    /// No call goes through until then. It is the pause of this number in a row, from 0.
    Open { until: Instant, pauses: u32 },
    /// One call goes through, and shows whether others may. Another one does so from then on, for a call may take long.
    Probing { until: Instant, pauses: u32 },
}

/// A call that goes through.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// What the end of a call says about its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Works,
    Fails,
    /// Nothing: somebody else ended it.
    Unclear,
}

/// What has become of the circuit, where that is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Calls are refused for so long.
    Opened(Duration),
    /// The server works again.
    Closed,
}

/// What is to be told of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    Whole,
    Failing,
    Open,
    Probing,
}

/// When to come again while a call is under way that shows whether the server works; nobody knows when that ends.
const SOON: Duration = Duration::from_secs(1);

impl Default for BreakerOptions {
    fn default() -> Self {
        Self { failures: 5, pause: Duration::from_secs(10), longest: Duration::from_mins(1) }
    }
}

impl BreakerOptions {
    /// How long the pause of this number is, from 0.
    fn pause(&self, number: u32) -> Duration {
        self.pause.saturating_mul(1_u32.checked_shl(number).unwrap_or(u32::MAX)).min(self.longest.max(self.pause))
    }
}

impl Circuit {
    pub(crate) fn new(options: BreakerOptions) -> Self {
        Self { options, phase: Phase::Closed { failures: 0 }, number: 0 }
    }

    /// Lets a call through, or says how long to wait.
    pub(crate) fn admit(&mut self, now: Instant) -> Result<Ticket, Duration> {
        match self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until, pauses } | Phase::Probing { until, pauses } if until <= now => {
                self.enter(Phase::Probing { until: now + self.options.longest, pauses });
            }
            Phase::Open { until, .. } => return Err(until - now),
            Phase::Probing { .. } => return Err(SOON),
        }
        Ok(Ticket(self.number))
    }

    /// Notes how a call has ended.
    pub(crate) fn end(&mut self, call: &Ticket, verdict: Verdict, now: Instant) -> Option<Turn> {
        if call.0 != self.number {
            return None;
        }
        match (self.phase, verdict) {
            (Phase::Closed { .. }, Verdict::Works) => self.phase = Phase::Closed { failures: 0 },
            (Phase::Closed { failures }, Verdict::Fails) if failures + 1 < self.options.failures => {
                self.phase = Phase::Closed { failures: failures + 1 };
            }
            (Phase::Closed { .. }, Verdict::Fails) => return Some(self.open(0, now)),
            (Phase::Probing { pauses, .. }, Verdict::Fails) => return Some(self.open(pauses.saturating_add(1), now)),
            (Phase::Probing { .. }, Verdict::Works) => {
                self.enter(Phase::Closed { failures: 0 });
                return Some(Turn::Closed);
            }
            // The next call is to show it.
            (Phase::Probing { pauses, .. }, Verdict::Unclear) => self.enter(Phase::Open { until: now, pauses }),
            // No call begins while it is open.
            (Phase::Closed { .. }, Verdict::Unclear) | (Phase::Open { .. }, _) => {}
        }
        None
    }

    /// Forgets what has failed: somebody has seen to it. Says whether there was anything.
    pub(crate) fn reset(&mut self) -> bool {
        let was_whole = self.phase == Phase::Closed { failures: 0 };
        self.enter(Phase::Closed { failures: 0 });
        !was_whole
    }

    /// What is to be told of it.
    pub(crate) fn sight(&self, now: Instant) -> Sight {
        match self.phase {
            Phase::Closed { failures: 0 } => Sight::Whole,
            Phase::Closed { .. } => Sight::Failing,
            Phase::Open { until, .. } if now < until => Sight::Open,
            Phase::Open { .. } | Phase::Probing { .. } => Sight::Probing,
        }
    }

    fn open(&mut self, pauses: u32, now: Instant) -> Turn {
        let pause = self.options.pause(pauses);
        self.enter(Phase::Open { until: now + pause, pauses });
        Turn::Opened(pause)
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.number += 1;
    }
}

#[cfg(test)]
mod tests;
