//! What a person can do with a server, and what it tells a person.

use std::sync::{Arc, atomic::Ordering};

use futures::future::{join, join_all};
use mcp_supervisor::{State, Status};

use super::{Server, ServerStatus, Unreachable};
use crate::Sharing;

impl Server {
    /// Starts it by hand, whatever it was stopped by.
    pub(crate) async fn start_by_hand(&self) -> Result<(), Unreachable> {
        self.allow()?;
        if self.options.sharing == Sharing::Dedicated {
            return self.start().await;
        }
        let legacy = self.lanes.legacy.get().map(|lane| lane.upstream().start_by_hand());
        let (started, _) = join(self.found().upstream().start_by_hand(), join_all(legacy)).await;
        started.map(drop).map_err(Unreachable::Connect)
    }

    /// Ends what there is of it and starts it again. Sessions with instances of their own must have been ended before.
    pub(crate) async fn restart(&self) -> Result<(), Unreachable> {
        self.allow()?;
        self.close_sessionless().await;
        if self.options.sharing == Sharing::Dedicated {
            return self.start().await;
        }
        let legacy = self.lanes.legacy.get().map(|lane| lane.upstream().restart());
        let (started, _) = join(self.found().upstream().restart(), join_all(legacy)).await;
        started.map(drop).map_err(Unreachable::Connect)
    }

    /// Stops it until it is started by hand.
    pub(crate) async fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        let lanes = self.lanes().map(|lane| lane.upstream().stop());
        join(join_all(lanes), self.close_sessionless()).await;
        self.setting.changes.note();
    }

    /// Refuses the use of a server that is not to be used.
    pub(super) fn check(&self) -> Result<(), Unreachable> {
        match self.is_stopped.load(Ordering::Relaxed) {
            _ if self.options.is_disabled => Err(Unreachable::Disabled),
            true => Err(Unreachable::Stopped),
            false => Ok(()),
        }
    }

    /// Lets it be used again after it was stopped by hand.
    fn allow(&self) -> Result<(), Unreachable> {
        if self.options.is_disabled {
            return Err(Unreachable::Disabled);
        }
        self.is_stopped.store(false, Ordering::Relaxed);
        self.setting.changes.note();
        Ok(())
    }

    /// What it is doing.
    pub(crate) fn status(&self) -> ServerStatus {
        let lanes: Vec<Status> = self.lanes().map(|lane| lane.upstream().state().borrow().clone()).collect();
        let instances = self.own.count();
        let failure = self.own.failure();
        // A lane that does something says more than one that does nothing.
        let telling = lanes.iter().find(|status| status.state != State::Stopped);
        let state = match telling {
            _ if self.is_stopped.load(Ordering::Relaxed) => State::Stopped,
            Some(status) => status.state,
            None if 0 < instances => State::Running,
            None if failure.is_some() => State::Error,
            None => State::Stopped,
        };
        ServerStatus {
            name: Arc::clone(&self.options.name),
            state,
            is_disabled: self.options.is_disabled,
            last_used: self.setting.places.last_use(),
            pending: self.setting.places.pending(),
            error: telling.and_then(|status| status.error.clone()).or(failure),
            restarts: lanes.iter().map(|status| status.restarts).max().unwrap_or_default(),
            instances,
            is_interactive: self.lanes().any(|lane| lane.share().is_interactive()),
            unattributed: self.lanes().map(|lane| lane.share().unattributed()).sum(),
        }
    }
}
