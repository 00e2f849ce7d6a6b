//! Spare instances of a server, for calls that must run alone.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use mcp_transport::{Caller, Connection, NotSent, Transport};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Lease, course::requested, lease::Instance};

/// How many spare instances there may be, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseLimits {
    /// Instances, those being started or stopped included. Default: 4.
    pub instances: usize,
    /// How long an instance waits to be leased again before it is closed. Default: 60 s.
    pub idle: Duration,
}

impl Default for LeaseLimits {
    fn default() -> Self {
        Self { instances: 4, idle: Duration::from_mins(1) }
    }
}

/// Spare instances of one server, each lent to one holder at a time.
///
/// An instance is started when none is free, and lent again when it comes back alive and with no call under way.
/// Dropping this ends its instances as they come back; [`close`](Self::close) ends them all.
#[derive(Debug)]
pub struct Leases {
    pool: Arc<Pool>,
}

#[derive(Debug)]
pub(crate) struct Pool {
    transport: Arc<dyn Transport>,
    caller: Arc<Caller>,
    limits: LeaseLimits,
    /// A permit for every instance that is lent, being started or being stopped. First come, first served.
    places: Arc<Semaphore>,
    spare: Mutex<Spare>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Debug, Default)]
struct Spare {
    /// Those that nobody holds and since when, the longest idle first.
    idle: VecDeque<(Arc<Instance>, Instant)>,
    /// Those that somebody holds.
    lent: Vec<Arc<Instance>>,
    /// Whether the task that closes idle instances runs.
    swept: bool,
}

impl Leases {
    /// Up to `instances` spare instances of what `transport` reaches on behalf of `caller`. Does nothing yet.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, caller: Arc<Caller>, instances: usize) -> Arc<Self> {
        Self::with(transport, caller, LeaseLimits { instances, ..LeaseLimits::default() })
    }

    /// The same within limits of your own.
    #[must_use]
    pub fn with(transport: Arc<dyn Transport>, caller: Arc<Caller>, limits: LeaseLimits) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(limits.instances.min(Semaphore::MAX_PERMITS)));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let pool = Pool { transport, caller, limits, places, spare: Mutex::default(), stop, tasks };
        Arc::new(Self { pool: Arc::new(pool) })
    }

    /// Leases an instance, in the order of asking: an idle one if there is one, else a new one. Waits up to `patience`
    /// for its turn; starting an instance takes as long as the transport lets it.
    ///
    /// # Errors
    ///
    /// [`NotSent::Busy`] if all stay lent, [`NotSent::Connect`] if a new one cannot be had, [`NotSent::Closed`] after
    /// [`close`](Self::close).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in the queue and an instance that is just being started.
    pub async fn lease(&self, patience: Duration) -> Result<Lease, NotSent> {
        let pool = &self.pool;
        let busy = NotSent::Busy("as many calls run alone on a spare instance of the server as its limit allows");
        let place = timeout(patience, Arc::clone(&pool.places).acquire_owned()).await.map_err(|_| busy)?;
        let place = place.map_err(|_| NotSent::Closed(requested()))?;
        if let Some(instance) = pool.take_idle(&Handle::current()) {
            return pool.lend(instance, place);
        }
        let connected = tokio::select! {
            biased;
            () = pool.stop.cancelled() => return Err(NotSent::Closed(requested())),
            connected = pool.transport.connect(&pool.caller) => connected,
        };
        let connection = connected.map_err(|error| NotSent::Connect(Arc::new(error)))?;
        pool.lend(Arc::new(Instance::new(connection)), place)
    }

    /// How many instances there are, lent or not.
    #[must_use]
    pub fn count(&self) -> usize {
        let spare = self.pool.spare();
        spare.lent.len() + spare.idle.len()
    }

    /// Closes all instances, those that are lent too, and waits until they are gone. Nothing is lent any more.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the closing goes on in the background even if the future is dropped.
    pub async fn close(&self) {
        self.pool.shut();
        let all = {
            let mut spare = self.pool.spare();
            let lent = std::mem::take(&mut spare.lent);
            lent.into_iter().chain(spare.idle.drain(..).map(|(instance, _)| instance)).collect::<Vec<_>>()
        };
        self.pool.tasks.spawn(async move {
            join_all(all.iter().map(|instance| instance.as_ref().close())).await;
        });
        self.pool.tasks.wait().await;
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        self.pool.shut();
    }
}

impl Pool {
    fn spare(&self) -> MutexGuard<'_, Spare> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends nothing any more and ends the sweeping.
    fn shut(&self) {
        self.places.close();
        self.stop.cancel();
        self.tasks.close();
    }

    /// The instance that was idle for the shortest time; those that have ended are forgotten on the way.
    fn take_idle(self: &Arc<Self>, runtime: &Handle) -> Option<Arc<Instance>> {
        loop {
            let (instance, _) = self.spare().idle.pop_back()?;
            if instance.is_free() {
                return Some(instance);
            }
            self.dismiss(instance, None, runtime);
        }
    }

    fn lend(self: &Arc<Self>, instance: Arc<Instance>, place: OwnedSemaphorePermit) -> Result<Lease, NotSent> {
        let runtime = Handle::current();
        let mut spare = self.spare();
        // Looked at under the lock, so that `close` sees every instance or every instance sees the end.
        if self.stop.is_cancelled() {
            drop(spare);
            self.dismiss(instance, Some(place), &runtime);
            return Err(NotSent::Closed(requested()));
        }
        spare.lent.push(Arc::clone(&instance));
        drop(spare);
        Ok(Lease::new(instance, Arc::clone(self), place, runtime))
    }

    /// Takes an instance back: keeps it if it can be lent again.
    pub(crate) fn give_back(self: &Arc<Self>, instance: &Arc<Instance>, place: OwnedSemaphorePermit, runtime: &Handle) {
        let keep = instance.is_free();
        let mut spare = self.spare();
        let Some(at) = spare.lent.iter().position(|lent| Arc::ptr_eq(lent, instance)) else { return };
        let instance = spare.lent.swap_remove(at);
        if !keep || self.stop.is_cancelled() {
            drop(spare);
            return self.dismiss(instance, Some(place), runtime);
        }
        spare.idle.push_back((instance, Instant::now()));
        if !std::mem::replace(&mut spare.swept, true) {
            self.tasks.spawn_on(Arc::clone(self).sweep(), runtime);
        }
    }

    /// Closes an instance in the background. It keeps its place until it is gone.
    fn dismiss(&self, instance: Arc<Instance>, place: Option<OwnedSemaphorePermit>, runtime: &Handle) {
        let close = async move {
            instance.close().await;
            drop(place);
        };
        self.tasks.spawn_on(close, runtime);
    }

    /// Closes instances that were idle for too long, until none is idle.
    async fn sweep(self: Arc<Self>) {
        while let Some(next) = self.expire(&Handle::current()) {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = sleep_until(next) => {}
            }
        }
        if self.stop.is_cancelled() {
            let left = std::mem::take(&mut self.spare().idle);
            join_all(left.iter().map(|(instance, _)| instance.close())).await;
        }
    }

    /// Dismisses what has been idle for too long; says when the next one will have been.
    fn expire(&self, runtime: &Handle) -> Option<Instant> {
        let now = Instant::now();
        let mut spare = self.spare();
        while let Some((_, since)) = spare.idle.front() {
            let end = *since + self.limits.idle;
            if now < end {
                return Some(end);
            }
            if let Some((instance, _)) = spare.idle.pop_front() {
                self.dismiss(instance, None, runtime);
            }
        }
        spare.swept = false;
        None
    }
}

#[cfg(test)]
mod tests;
