//! Instances of a server that are one client's own.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex},
    time::SystemTime,
};

use mcp_protocol::Era;
use mcp_supervisor::Failure;
use mcp_transport::{Caller, ConnectError, Partition, Transport};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Unreachable, lock};
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
    sessionless: Mutex<HashMap<(Partition, Era), Sessionless>>,
    /// Why the last one could not be had, if it could not.
    failure: Mutex<Option<Failure>>,
}

/// The lane of a principal that has no session, kept warm for its next request.
#[derive(Debug)]
struct Sessionless {
    lane: Arc<Lane>,
    last_used: u32,
    _place: OwnedSemaphorePermit,
}

impl Own {
    pub(super) fn new(limits: &Limits) -> Self {
        let limit = limits.children_per_server.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(limit)),
            limit,
            sessionless: Mutex::default(),
            failure: Mutex::default(),
        }
    }

    /// A place for one more.
    pub(super) fn place(&self) -> Result<OwnedSemaphorePermit, ConnectError> {
        let busy = "the server has as many processes as `children_per_server` allows";
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| ConnectError::Busy(busy))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.limit - self.places.available_permits()
    }

    /// The lane that a principal without a session has had before, or a new one over `transport`.
    pub(super) fn kept(
        &self,
        caller: &Arc<Caller>,
        transport: &Arc<dyn Transport>,
        setting: &Setting,
    ) -> Result<Arc<Lane>, Unreachable> {
        let mut table = lock(&self.sessionless);
        let now = setting.ticker.now();
        match table.entry((caller.partition(), caller.era())) {
            Entry::Occupied(mut entry) => {
                entry.get_mut().last_used = now;
                Ok(Arc::clone(&entry.get().lane))
            }
            Entry::Vacant(free) => {
                let place = self.place().map_err(|error| Unreachable::Connect(Arc::new(error)))?;
                let lane = Arc::new(Lane::new(transport, caller, setting));
                free.insert(Sessionless { lane: Arc::clone(&lane), last_used: now, _place: place });
                Ok(lane)
            }
        }
    }

    /// Takes out the lanes without sessions that nobody used for as long as a session may idle.
    pub(super) fn idle(&self, setting: &Setting) -> Vec<Arc<Lane>> {
        let (now, life) = (setting.ticker.now(), ticks(setting.limits.sessions.idle));
        let is_idle = |entry: &Sessionless| {
            // Whoever is about to call, or waits for a response, holds the connection too.
            Arc::strong_count(entry.lane.sessionless()) == 1 && life <= now.saturating_sub(entry.last_used)
        };
        lock(&self.sessionless).extract_if(|_, entry| is_idle(entry)).map(|(_, entry)| entry.lane).collect()
    }

    /// Takes out all lanes without sessions.
    pub(super) fn all(&self) -> Vec<Arc<Lane>> {
        lock(&self.sessionless).drain().map(|(_, entry)| entry.lane).collect()
    }

    /// Notes how an attempt to have one went.
    pub(super) fn note(&self, outcome: Result<(), &ConnectError>) {
        *lock(&self.failure) =
            outcome.err().map(|error| Failure { reason: error.to_string().into(), at: SystemTime::now() });
    }

    pub(super) fn failure(&self) -> Option<Failure> {
        lock(&self.failure).clone()
    }
}
