//! Instances of a server that are one client's own.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex},
    time::SystemTime,
};

use mcp_protocol::Era;
use mcp_supervisor::{Failure, Status};
use mcp_transport::{Caller, ConnectError, Partition, Transport};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Changes, Unreachable, lock};
use crate::{
    Limits,
    lane::{Lane, Setting},
    ticker::ticks,
};

/// The instances of a server that are one client's own, and those of clients without a session.
#[derive(Debug)]
pub(super) struct Own {
    places: Arc<Semaphore>,
    limit: usize,
    sessionless: Mutex<HashMap<(Partition, Era), Kept>>,
    /// Why the last one could not be had, if it could not.
    failure: Mutex<Option<Failure>>,
    changes: Arc<Changes>,
}

/// The place of one instance. Whoever watches is told when it is free again.
#[derive(Debug)]
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    changes: Arc<Changes>,
}

/// The lane of a principal that has no session, kept warm for its next request.
#[derive(Debug)]
pub(crate) struct Kept {
    lane: Arc<Lane>,
    last_used: u32,
    _place: Place,
}

impl Own {
    pub(super) fn new(limits: &Limits, changes: &Arc<Changes>) -> Self {
        let limit = limits.children_per_server.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(limit)),
            limit,
            sessionless: Mutex::default(),
            failure: Mutex::default(),
            changes: Arc::clone(changes),
        }
    }

    /// A place for one more.
    pub(super) fn place(&self) -> Result<Place, ConnectError> {
        let busy = "the server has as many processes as `children_per_server` allows";
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| ConnectError::Busy(busy))?;
        Ok(Place { permit: Some(permit), changes: Arc::clone(&self.changes) })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.limit - self.places.available_permits()
    }

    /// What the lanes without sessions are doing.
    pub(super) fn statuses(&self) -> Vec<Status> {
        lock(&self.sessionless).values().map(|kept| kept.lane.status()).collect()
    }

    /// The lane that a principal without a session has had before, or a new one over `transport`. `check` refuses: under the
    /// lock, so that whoever forbids the use and then takes out [`all`](Self::all) lanes misses none.
    pub(super) fn kept(
        &self,
        caller: &Arc<Caller>,
        transport: &Arc<dyn Transport>,
        setting: &Setting,
        check: impl FnOnce() -> Result<(), Unreachable>,
    ) -> Result<Arc<Lane>, Unreachable> {
        let mut table = lock(&self.sessionless);
        check()?;
        let now = setting.ticker.now();
        match table.entry((caller.partition(), caller.era())) {
            Entry::Occupied(mut entry) => {
                entry.get_mut().last_used = now;
                Ok(Arc::clone(&entry.get().lane))
            }
            Entry::Vacant(free) => {
                let place = self.place().map_err(|error| Unreachable::Connect(Arc::new(error)))?;
                let lane = Arc::new(Lane::new(transport, caller, setting));
                free.insert(Kept { lane: Arc::clone(&lane), last_used: now, _place: place });
                Ok(lane)
            }
        }
    }

    /// Takes out the lanes without sessions that nobody used for as long as a session may idle.
    pub(super) fn idle(&self, setting: &Setting) -> Vec<Kept> {
        let (now, life) = (setting.ticker.now(), ticks(setting.limits.sessions.idle));
        let is_idle = |kept: &Kept| kept.lane.is_unused() && life <= now.saturating_sub(kept.last_used);
        lock(&self.sessionless).extract_if(|_, kept| is_idle(kept)).map(|(_, kept)| kept).collect()
    }

    /// Takes out all lanes without sessions.
    pub(super) fn all(&self) -> Vec<Kept> {
        lock(&self.sessionless).drain().map(|(_, kept)| kept).collect()
    }

    /// Notes how an attempt to have one went.
    pub(super) fn note(&self, outcome: Result<(), &ConnectError>) {
        let mut failure = lock(&self.failure);
        let is_news = outcome.is_err() || failure.is_some();
        *failure = outcome.err().map(|error| Failure { reason: error.to_string().into(), at: SystemTime::now() });
        drop(failure);
        if is_news {
            self.changes.note();
        }
    }

    pub(super) fn failure(&self) -> Option<Failure> {
        lock(&self.failure).clone()
    }
}

impl Kept {
    /// Closes what is open; its place is free after that.
    pub(crate) async fn close(&self) {
        self.lane.close().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Free before anybody is told so.
        drop(self.permit.take());
        self.changes.note();
    }
}
