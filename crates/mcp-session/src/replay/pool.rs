//! The bytes that all sessions together may keep.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::ReplayLimits;

/// What all replays have in common: their limits, and how many bytes they hold together.
#[derive(Debug)]
pub struct ReplayPool {
    limits: ReplayLimits,
    held: AtomicUsize,
}

impl ReplayPool {
    /// A pool that holds nothing.
    #[must_use]
    pub fn new(limits: ReplayLimits) -> Arc<Self> {
        Arc::new(Self { limits, held: AtomicUsize::new(0) })
    }

    /// How many bytes of messages are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(super) fn limits(&self) -> &ReplayLimits {
        &self.limits
    }

    /// Takes `bytes` if there are so many.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let fits = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= self.limits.total);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    pub(super) fn give(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}
