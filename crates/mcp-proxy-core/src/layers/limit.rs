//! How many calls may be in flight.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use mcp_jsonrpc::Message;
use mcp_protocol::method;
use mcp_transport::{Caller, Closed, Connection, Events, NotSent, Peer, Reply, Request, SendError};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use crate::{Limits, server::LastUse};

/// The places that calls to one server share, and those that all calls of the proxy share.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    server: Arc<Semaphore>,
    all: Arc<Semaphore>,
    long: Arc<Semaphore>,
    /// How many places the server has.
    of_server: usize,
    last_use: Arc<LastUse>,
    /// Calls to the server that wait for any place.
    waiting: Arc<AtomicUsize>,
}

impl Places {
    /// The places of a proxy, not yet of any one server.
    pub(crate) fn new(limits: &Limits) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        let (all, long) = (places(limits.calls), places(limits.long_calls));
        Self { server: places(0), all, long, of_server: 0, last_use: Arc::new(LastUse::now()), waiting: Arc::default() }
    }

    /// The same, with places of its own for one more server.
    pub(crate) fn of_server(&self, limits: &Limits) -> Self {
        let of_server = limits.calls_per_server.min(Semaphore::MAX_PERMITS);
        let (server, last_use) = (Arc::new(Semaphore::new(of_server)), Arc::new(LastUse::now()));
        Self { server, of_server, last_use, waiting: Arc::default(), ..self.clone() }
    }

    /// Calls that are in flight to the server.
    pub(crate) fn pending(&self) -> usize {
        self.of_server - self.server.available_permits()
    }

    /// Calls to the server that wait for a place.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// When the server was last called.
    pub(crate) fn last_use(&self) -> SystemTime {
        self.last_use.time()
    }
}

/// Lets a call wait for a place for a while, and refuses it after that. A call keeps its places until its response has
/// been read. Long-lived calls have places of their own, so that subscriptions cannot starve calls.
#[derive(Debug)]
pub(crate) struct Limit<C> {
    inner: C,
    session: Arc<Semaphore>,
    places: Places,
    wait: Duration,
}

impl<C> Limit<C> {
    pub(crate) fn new(inner: C, places: Places, limits: &Limits) -> Self {
        let session = Arc::new(Semaphore::new(limits.calls_per_session.min(Semaphore::MAX_PERMITS)));
        Self { inner, session, places, wait: limits.queue_wait }
    }

    async fn permits(&self, method: &str) -> Result<[Option<OwnedSemaphorePermit>; 3], NotSent> {
        const SESSION: &str = "the session has as many calls in flight as `calls_per_session` allows";
        const SERVER: &str = "as many calls are in flight to the server as `calls_per_server` allows";
        const ALL: &str = "as many calls are in flight as `calls` allows";
        const LONG: &str = "as many long-lived calls are open as `long_calls` allows";
        let deadline = Deadline::new(self.wait, &self.places.waiting);
        if method::is_long_lived(method) {
            return Ok([Some(deadline.permit(&self.places.long, LONG).await?), None, None]);
        }
        // The narrowest first, so that one busy session waits for itself and not with the places of others in hand.
        let session = deadline.permit(&self.session, SESSION).await?;
        let server = deadline.permit(&self.places.server, SERVER).await?;
        let all = deadline.permit(&self.places.all, ALL).await?;
        Ok([Some(session), Some(server), Some(all)])
    }
}

/// One wait for all places together; the clock is looked at only when there is something to wait for.
struct Deadline<'a> {
    wait: Duration,
    at: OnceLock<Instant>,
    waiting: &'a AtomicUsize,
}

/// One that waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Deadline<'a> {
    fn new(wait: Duration, waiting: &'a AtomicUsize) -> Self {
        Self { wait, at: OnceLock::new(), waiting }
    }

    async fn permit(&self, places: &Arc<Semaphore>, busy: &'static str) -> Result<OwnedSemaphorePermit, NotSent> {
        if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
            return Ok(permit);
        }
        let at = *self.at.get_or_init(|| Instant::now() + self.wait);
        let _waiting = Waiting::new(self.waiting);
        // Boxed, for it is rare, and every call would carry its size.
        let waiting = Box::pin(timeout_at(at, Arc::clone(places).acquire_owned()));
        waiting.await.ok().and_then(Result::ok).ok_or(NotSent::Busy(busy))
    }
}

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl<C: Connection> Connection for Limit<C> {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        self.places.last_use.note();
        match self.permits(request.method()).await {
            Ok(permits) => Ok(self.inner.call(request).await?.holding(permits)),
            Err(reason) => Err(SendError::new(request.into_parts().0, reason)),
        }
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        self.inner.tell(message, caller).await
    }

    fn events(&self) -> Option<Events> {
        self.inner.events()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.inner.closed().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[cfg(test)]
mod tests;
