//! When a session ends by itself.

use std::time::Instant;

use crate::{EndReason, SessionLimits};

/// What decides over the end of a session: moves only when it is looked at, and has no clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    created: Instant,
    last_used: Instant,
}

/// What was seen of a session since the last look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// Its client did something, or has calls in flight.
    pub(crate) active: bool,
    /// Streams are open.
    pub(crate) streams: bool,
    /// The handshake is complete.
    pub(crate) initialized: bool,
}

impl Lifetime {
    pub(crate) fn new(now: Instant) -> Self {
        Self { created: now, last_used: now }
    }

    pub(crate) fn created(&self) -> Instant {
        self.created
    }

    pub(crate) fn last_used(&self) -> Instant {
        self.last_used
    }

    /// Takes note of what was seen; says whether, and why, the session is over.
    pub(crate) fn look(&mut self, seen: Seen, now: Instant, limits: &SessionLimits) -> Option<EndReason> {
        // Whoever opens a stream and never says who it is only holds a connection.
        if seen.active || (seen.streams && seen.initialized) {
            self.last_used = now;
        }
        let unused = now.saturating_duration_since(self.last_used);
        if now.saturating_duration_since(self.created) >= limits.absolute {
            return Some(EndReason::TooOld);
        }
        if seen.initialized {
            return (unused >= limits.idle).then_some(EndReason::Idle);
        }
        (unused >= limits.pre_initialize).then_some(EndReason::NeverInitialized)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const QUIET: Seen = Seen { active: false, streams: false, initialized: true };

    #[track_caller]
    fn check(looks: &[(u64, Seen)], expect: &[Option<EndReason>]) {
        let start = Instant::now();
        let mut lifetime = Lifetime::new(start);
        let found: Vec<_> = looks
            .iter()
            .map(|(second, seen)| lifetime.look(*seen, start + Duration::from_secs(*second), &SessionLimits::default()))
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn an_idle_session_ends_at_its_limit_and_not_before() {
        check(&[(1799, QUIET), (1800, QUIET)], &[None, Some(EndReason::Idle)]);
    }

    #[test]
    fn use_puts_the_end_off() {
        for seen in [Seen { active: true, ..QUIET }, Seen { streams: true, ..QUIET }] {
            check(&[(1800, seen), (3599, QUIET), (3600, QUIET)], &[None, None, Some(EndReason::Idle)]);
        }
    }

    #[test]
    fn before_the_handshake_only_its_calls_count() {
        let quiet = Seen { initialized: false, ..QUIET };
        let over = Some(EndReason::NeverInitialized);
        check(&[(29, quiet), (30, quiet)], &[None, over]);
        check(&[(30, Seen { streams: true, ..quiet })], &[over]);
        check(&[(55, Seen { active: true, ..quiet }), (84, quiet), (85, quiet)], &[None, None, over]);
    }

    #[test]
    fn nothing_outlives_a_day() {
        let busy = Seen { active: true, streams: true, initialized: true };
        check(&[(86_399, busy), (86_400, busy)], &[None, Some(EndReason::TooOld)]);
    }

    #[test]
    fn a_clock_that_goes_back_ends_nothing() {
        let start = Instant::now() + Duration::from_secs(10);
        let mut lifetime = Lifetime::new(start);
        let earlier = start.checked_sub(Duration::from_secs(9)).unwrap();
        assert_eq!(lifetime.look(QUIET, earlier, &SessionLimits::default()), None);
    }
}
