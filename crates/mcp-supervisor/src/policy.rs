//! What follows when a server has failed: another attempt at some time, or none.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use crate::{Supervision, backoff::Backoff};

/// Counts restarts and decides on the next. No clock and no dice of its own: a [`Moment`] brings both.
#[derive(Debug)]
pub(crate) struct Policy {
    settings: Supervision,
    backoff: Backoff,
    restarts: u32,
}

/// When something happened, and a random number for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) clock: SystemTime,
    pub(crate) dice: u64,
}

/// A connection that is up for this long is a success: what has gone wrong before it counts no more.
pub(crate) const HEALTHY: Duration = Duration::from_mins(1);

impl Policy {
    pub(crate) fn new(settings: Supervision) -> Self {
        Self { settings, backoff: Backoff::default(), restarts: 0 }
    }

    /// Automatic restarts in a row.
    pub(crate) fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Forgets what has gone wrong.
    pub(crate) fn reset(&mut self) {
        self.backoff.reset();
        self.restarts = 0;
    }

    /// A connection that was up since `since` has ended by itself: when to try again, if at all.
    pub(crate) fn ended(&mut self, since: Instant, at: Moment) -> Option<Instant> {
        if at.now.saturating_duration_since(since) < HEALTHY {
            return self.failed(at);
        }
        self.reset();
        self.restart(at.now)
    }

    /// An attempt has failed for a reason that may pass: when to try again, if at all.
    pub(crate) fn failed(&mut self, at: Moment) -> Option<Instant> {
        let turn = at.now + self.backoff.failed(at.dice);
        self.restart(turn)
    }

    /// Whether somebody who has asked at that time has another attempt made at a server given up at that other time.
    /// Whoever has seen it given up has not, however short the time is.
    pub(crate) fn is_retry_due(&self, asked: Instant, given_up: Instant) -> bool {
        given_up < asked && self.settings.retry_after <= asked.saturating_duration_since(given_up)
    }

    /// Whether somebody who has asked at that time waits for that turn.
    pub(crate) fn is_within_reach(&self, asked: Instant, turn: Instant) -> bool {
        turn.saturating_duration_since(asked) <= self.settings.backoff_wait
    }

    fn restart(&mut self, turn: Instant) -> Option<Instant> {
        if !self.settings.auto_restart || self.settings.max_restarts <= self.restarts {
            return None;
        }
        self.restarts += 1;
        Some(turn)
    }
}

impl Moment {
    pub(crate) fn now() -> Self {
        // The standard library's hasher has fresh random keys each time.
        let dice = RandomState::new().build_hasher().finish();
        Self { now: Instant::now(), clock: SystemTime::now(), dice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// With these dice every wait is half of its longest.
    fn at(now: Instant) -> Moment {
        Moment { now, clock: SystemTime::UNIX_EPOCH, dice: 0 }
    }

    #[test]
    fn restarts_wait_longer_each_time_and_end_at_their_limit() {
        let now = Instant::now();
        let mut policy = Policy::new(Supervision::default());
        for (restart, wait) in [(1, 500), (2, 1000), (3, 2000)] {
            let turn = if restart == 2 { policy.ended(now, at(now)) } else { policy.failed(at(now)) };
            assert_eq!((turn, policy.restarts()), (Some(now + Duration::from_millis(wait)), restart));
        }
        assert_eq!((policy.failed(at(now)), policy.restarts()), (None, 3));
        policy.reset();
        assert_eq!((policy.failed(at(now)), policy.restarts()), (Some(now + SECOND / 2), 1));
    }

    #[test]
    fn after_a_healthy_minute_the_next_may_begin_at_once() {
        let since = Instant::now();
        let mut policy = Policy::new(Supervision::default());
        for _ in 0..5 {
            policy.failed(at(since));
        }
        let early = since + HEALTHY - SECOND;
        assert_eq!(policy.ended(since, at(early)), None);
        let late = since + HEALTHY;
        assert_eq!((policy.ended(since, at(late)), policy.restarts()), (Some(late), 1));
        assert_eq!(policy.failed(at(late)), Some(late + SECOND / 2), "the backoff begins anew");
    }

    #[test]
    fn without_automatic_restarts_none_follows() {
        let now = Instant::now();
        let by_hand = Supervision { auto_restart: false, ..Supervision::default() };
        for settings in [by_hand, Supervision { max_restarts: 0, ..Supervision::default() }] {
            let mut policy = Policy::new(settings);
            assert_eq!((policy.failed(at(now)), policy.ended(now, at(now + HEALTHY))), (None, None));
            assert_eq!(policy.restarts(), 0);
        }
    }

    #[test]
    fn a_retry_is_for_those_who_ask_later() {
        let now = Instant::now();
        let policy = |retry_after| Policy::new(Supervision { retry_after, ..Supervision::default() });
        assert!(!policy(SECOND).is_retry_due(now + SECOND / 2, now));
        assert!(policy(SECOND).is_retry_due(now + SECOND, now));
        for asked in [now, now.checked_sub(SECOND).unwrap()] {
            assert!(!policy(Duration::ZERO).is_retry_due(asked, now));
        }
    }

    #[test]
    fn endless_times_are_within_bounds() {
        let now = Instant::now();
        let settings =
            Supervision { retry_after: Duration::MAX, backoff_wait: Duration::MAX, ..Supervision::default() };
        let policy = Policy::new(settings);
        assert!(!policy.is_retry_due(now + HEALTHY, now));
        assert!(policy.is_within_reach(now, now + HEALTHY));
    }
}
