//! The servers as they are in one era.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use super::lock;
use crate::{
    Member,
    catalogue::{Entry, Ground},
};

/// The servers as they are in one era.
#[derive(Debug)]
pub(super) struct Plane {
    pub(super) ground: Arc<Ground>,
    /// None before somebody of that era comes.
    entries: Mutex<Option<Arc<Vec<Arc<Entry>>>>>,
    /// The last state of things in which nobody had to be waited for; while it lasts, nobody will.
    settled: AtomicU64,
}

impl Plane {
    pub(super) fn new(ground: Ground) -> Self {
        Self { ground: Arc::new(ground), entries: Mutex::default(), settled: AtomicU64::new(0) }
    }

    /// The servers, which are followed from now on.
    pub(super) fn entries(&self, members: &Mutex<Vec<Arc<dyn Member>>>) -> Arc<Vec<Arc<Entry>>> {
        let mut entries = lock(&self.entries);
        let made = entries.get_or_insert_with(|| {
            let members = lock(members).clone();
            Arc::new(members.into_iter().map(|member| Arc::new(Entry::new(member, &self.ground, None))).collect())
        });
        Arc::clone(made)
    }

    /// The servers if they are followed; none if they are not.
    pub(super) fn followed(&self) -> Arc<Vec<Arc<Entry>>> {
        lock(&self.entries).clone().unwrap_or_default()
    }

    /// The one of that name, if it is followed.
    pub(super) fn followed_as(&self, name: &str) -> Option<Arc<Entry>> {
        self.followed().iter().find(|entry| **entry.member.name() == *name).cloned()
    }

    /// Follows those that are new, and no more those that have gone. One in the place of another is taken to offer the
    /// same until it has been asked.
    pub(super) fn renew(&self, members: &Mutex<Vec<Arc<dyn Member>>>) {
        let mut entries = lock(&self.entries);
        let Some(old) = entries.take() else { return };
        let members = lock(members).clone();
        let entry = |member: &Arc<dyn Member>| {
            let before = old.iter().find(|entry| entry.member.name() == member.name());
            if let Some(same) = before.filter(|entry| Arc::ptr_eq(&entry.member, member)) {
                return Arc::clone(same);
            }
            let listing = before.and_then(|before| before.listing());
            Arc::new(Entry::new(Arc::clone(member), &self.ground, listing))
        };
        *entries = Some(Arc::new(members.iter().map(entry).collect()));
    }

    pub(super) fn is_settled(&self, version: u64) -> bool {
        self.settled.load(Ordering::Acquire) == version
    }

    /// In this state of things nobody had to be waited for.
    pub(super) fn settle(&self, version: u64) {
        self.settled.store(version, Ordering::Release);
    }
}
