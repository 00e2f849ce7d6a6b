//! How many children may live at once.

use std::sync::{Arc, LazyLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A bound on living children; its clones share it.
///
/// The default is one bound of 256 children for the whole process.
#[derive(Clone, Debug)]
pub struct ChildLimit(Arc<Semaphore>);

/// The place of one child under its limit, free again when it is dropped.
pub(crate) type Place = OwnedSemaphorePermit;

/// One child is three pipes and a process group; 256 of them fit the usual 1024 open files.
const CHILDREN: usize = 256;

static WHOLE_PROCESS: LazyLock<ChildLimit> = LazyLock::new(|| ChildLimit::new(CHILDREN));

impl ChildLimit {
    /// A bound of its own.
    #[must_use]
    pub fn new(children: usize) -> Self {
        Self(Arc::new(Semaphore::new(children.min(Semaphore::MAX_PERMITS))))
    }

    /// How many more children may be started now.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.available_permits()
    }

    pub(crate) fn take(&self) -> Option<Place> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

impl Default for ChildLimit {
    fn default() -> Self {
        WHOLE_PROCESS.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_place_is_given_and_one_past_it_is_not() {
        let limit = ChildLimit::new(2);
        let (one, two) = (limit.take(), limit.clone().take());
        assert!(one.is_some() && two.is_some());
        assert!(limit.take().is_none());
        drop(one);
        assert_eq!(limit.free(), 1);
        assert!(limit.take().is_some());
    }
}
