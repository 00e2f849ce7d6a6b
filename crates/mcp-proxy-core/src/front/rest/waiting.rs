//! How many calls of a shared server wait for a person.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use mcp_eras::{Parking, Purpose};
use mcp_transport::Principal;

/// The parked calls of shared servers, the oldest first. Each keeps a spare instance of its server to itself, so when
/// almost all are taken the oldest gives way: people forget, and callers who need no answer must not wait for them.
#[derive(Default)]
pub(super) struct Waiting(Mutex<VecDeque<Parked>>);

/// What it takes to find a parked call again.
pub(super) struct Parked {
    pub(super) server: Arc<str>,
    pub(super) token: String,
    pub(super) purpose: Purpose,
    pub(super) owner: Principal,
}

/// Calls that are remembered; there are never more parked.
const MOST: usize = 1000;

impl Waiting {
    /// Notes a call that was parked, and ends the oldest ones of its server so that at most `most` are left.
    pub(super) fn add(&self, call: Parked, most: usize, parking: &Parking) {
        let mut over = Vec::new();
        {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let server = Arc::clone(&call.server);
            all.push_back(call);
            while most < all.iter().filter(|parked| parked.server == server).count() {
                let oldest = all.iter().position(|parked| parked.server == server);
                over.extend(oldest.and_then(|at| all.remove(at)));
            }
            if MOST < all.len() {
                all.pop_front();
            }
        }
        for Parked { token, purpose, owner, .. } in over {
            // Taken out and dropped, it is cancelled; one that has expired meanwhile is gone already.
            drop(parking.resume(&token, &purpose, &owner));
        }
    }

    /// Forgets a call that goes on.
    pub(super) fn remove(&self, token: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|parked| parked.token != token);
    }
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("Waiting").field("count", &count).finish_non_exhaustive()
    }
}
