//! How many sessions there may be, and for how long.

use std::time::Duration;

/// Bounds of a [`Registry`](crate::Registry).
#[derive(Clone, Debug)]
pub struct SessionLimits {
    /// Sessions in all. Default: 10 000.
    pub total: usize,
    /// Sessions of one named principal; the anonymous one has no bound of its own. Default: 100.
    pub per_principal: usize,
    /// A session that is not used for this long ends. Default: 30 minutes.
    pub idle: Duration,
    /// The same until its client has completed the handshake; an open stream does not count as use then. Default: 30 s.
    pub pre_initialize: Duration,
    /// A session ends at this age, used or not. Default: 24 hours.
    pub absolute: Duration,
    /// What is kept for streams that break.
    pub replay: ReplayLimits,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            total: 10_000,
            per_principal: 100,
            idle: Duration::from_mins(30),
            pre_initialize: Duration::from_secs(30),
            absolute: Duration::from_hours(24),
            replay: ReplayLimits::default(),
        }
    }
}

/// Bounds of what is kept for streams that break.
#[derive(Clone, Debug)]
pub struct ReplayLimits {
    /// Events of one session. Default: 256.
    pub events: usize,
    /// Bytes of one session's events; a longer message is never kept. Default: 1 MiB.
    pub bytes: usize,
    /// How long an event is kept. Default: 5 minutes.
    pub age: Duration,
    /// Bytes of all sessions' events together. Default: 64 MiB.
    pub total: usize,
}

impl Default for ReplayLimits {
    fn default() -> Self {
        Self { events: 256, bytes: 1 << 20, age: Duration::from_mins(5), total: 64 << 20 }
    }
}
