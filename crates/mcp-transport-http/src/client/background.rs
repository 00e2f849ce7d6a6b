//! The few things a connection does that nobody waits for.

use std::sync::{Mutex, PoisonError};

use tokio::{runtime::Handle, task::JoinSet};

/// As many tasks may run at once; more are left out.
const LIMIT: usize = 64;

/// Tasks that end with the connection: cancellations on their way, the GET stream, bodies read to their end.
#[derive(Debug)]
pub(crate) struct Background {
    handle: Handle,
    tasks: Mutex<JoinSet<()>>,
}

impl Background {
    /// Must be called inside a tokio runtime.
    pub(crate) fn new() -> Self {
        Self { handle: Handle::current(), tasks: Mutex::default() }
    }

    /// Runs `task`; also called where there is no runtime, in a drop.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        if tasks.len() < LIMIT {
            tasks.spawn_on(task, &self.handle);
        } else {
            tracing::debug!("too much to do in the background; one thing was left out");
        }
    }

    /// Runs a task that outlives the connection. It must have a bound of its own.
    pub(crate) fn spawn_last(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    /// Ends all tasks.
    pub(crate) async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}
