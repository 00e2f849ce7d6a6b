//! A spare instance in one holder's hands.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use async_trait::async_trait;
use futures::{FutureExt, Stream};
use mcp_jsonrpc::{Kind, Message};
use mcp_transport::{Caller, Closed, Connection, Events, Lost, Peer, Reply, ReplySource, Request, SendError};
use tokio::{runtime::Handle, sync::OwnedSemaphorePermit, task::unconstrained};

use crate::leases::Pool;

/// A spare instance that nobody else uses. Dropping it gives the instance back.
///
/// An instance that has ended, has a call under way or has had one cancelled is not lent again: the server may still be
/// working on that call, and what it asks then would seem to belong to the next.
#[derive(Debug)]
pub struct Lease {
    instance: Arc<Instance>,
    connection: Arc<dyn Connection>,
    pool: Arc<Pool>,
    place: Option<OwnedSemaphorePermit>,
    runtime: Handle,
}

impl Lease {
    pub(crate) fn new(instance: Arc<Instance>, pool: Arc<Pool>, place: OwnedSemaphorePermit, runtime: Handle) -> Self {
        let connection = Arc::clone(&instance) as Arc<dyn Connection>;
        Self { instance, connection, pool, place: Some(place), runtime }
    }

    /// The instance. It is the same connection every time it is lent, so whoever takes its events first gets those of
    /// later leases too, until it is closed.
    #[must_use]
    pub fn connection(&self) -> &Arc<dyn Connection> {
        &self.connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.pool.give_back(&self.instance, place, &self.runtime);
        }
    }
}

/// An instance of a server, and whether it is free of calls.
#[derive(Debug)]
pub(crate) struct Instance {
    inner: Arc<dyn Connection>,
    calls: Arc<Calls>,
}

/// What is known of the calls on an instance.
#[derive(Debug, Default)]
struct Calls {
    open: AtomicUsize,
    /// Whether one was given up, so that nobody knows when the server is done with it.
    given_up: AtomicBool,
}

impl Instance {
    pub(crate) fn new(inner: Arc<dyn Connection>) -> Self {
        Self { inner, calls: Arc::default() }
    }

    /// Whether it is alive and no call is under way.
    pub(crate) fn is_free(&self) -> bool {
        let calls = &self.calls;
        calls.open.load(Ordering::Acquire) == 0
            && !calls.given_up.load(Ordering::Acquire)
            && unconstrained(self.inner.closed()).now_or_never().is_none()
    }
}

#[async_trait]
impl Connection for Instance {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        // Counted before it is sent, so that one dropped on the way counts as given up.
        let mut open = Open::new(&self.calls);
        match self.inner.call(request).await {
            Ok(reply) => Ok(Reply::new(Counted { reply: Some(reply), open })),
            Err(error) => {
                open.done();
                Err(error)
            }
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

/// One call under way.
#[derive(Debug)]
struct Open {
    calls: Arc<Calls>,
    over: bool,
}

impl Open {
    fn new(calls: &Arc<Calls>) -> Self {
        calls.open.fetch_add(1, Ordering::AcqRel);
        Self { calls: Arc::clone(calls), over: false }
    }

    fn done(&mut self) {
        if !std::mem::replace(&mut self.over, true) {
            self.calls.open.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.over {
            self.calls.given_up.store(true, Ordering::Release);
            self.done();
        }
    }
}

/// A reply that tells when its call is over.
#[derive(Debug)]
struct Counted {
    /// Gone once the call was cancelled.
    reply: Option<Reply>,
    open: Open,
}

impl Stream for Counted {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(reply) = &mut self.reply else { return Poll::Ready(None) };
        let next = ready!(Pin::new(reply).poll_next(context));
        // After a loss the server may go on working, as after a cancellation.
        if matches!(&next, Some(Ok(message)) if message.kind() == Kind::Response) {
            self.open.done();
        }
        Poll::Ready(next)
    }
}

impl ReplySource for Counted {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        if let Some(reply) = self.reply.take() {
            reply.cancel(reason);
        }
    }
}
