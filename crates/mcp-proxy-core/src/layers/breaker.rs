//! Refuses calls to a server that keeps failing, so that nobody waits for it and it has a chance to recover.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use futures::Stream;
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::method;
use mcp_transport::{
    Caller, CloseReason, Closed, ConnectError, Connection, Events, Lost, NotSent, Peer, Reply, ReplySource, Request,
    SendError,
};
use tokio::time::Instant;

use super::circuit::{BreakerOptions, Circuit, Sight, Ticket, Turn, Verdict};
use crate::server::Changes;

/// How a server has answered of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// As far as is known, well.
    #[default]
    Healthy,
    /// The last call has failed, or the server itself.
    Failing,
    /// So many calls in a row have failed that others are refused.
    Open {
        /// Until then.
        until: SystemTime,
    },
    /// The next call, or the one under way, shows whether it works again.
    Probing,
}

/// What is known of one server, by all connections to it.
#[derive(Debug)]
pub(crate) struct Breaker {
    server: Arc<str>,
    changes: Arc<Changes>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    circuit: Circuit,
    /// When the last pause ends, by the clock on the wall.
    until: SystemTime,
}

/// Asks a breaker before each call, and tells it how that went.
#[derive(Debug)]
pub(crate) struct Guarded<C> {
    inner: C,
    breaker: Arc<Breaker>,
}

impl Health {
    /// The word for it: `healthy`, `failing`, `open` or `probing`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Failing => "failing",
            Self::Open { .. } => "open",
            Self::Probing => "probing",
        }
    }
}

impl Breaker {
    pub(crate) fn new(options: BreakerOptions, server: Arc<str>, changes: Arc<Changes>) -> Self {
        let state = State { circuit: Circuit::new(options), until: SystemTime::UNIX_EPOCH };
        Self { server, changes, state: Mutex::new(state) }
    }

    /// How the server has answered of late.
    pub(crate) fn health(&self) -> Health {
        let state = self.lock();
        match state.circuit.sight(Instant::now()) {
            Sight::Whole => Health::Healthy,
            Sight::Failing => Health::Failing,
            Sight::Open => Health::Open { until: state.until },
            Sight::Probing => Health::Probing,
        }
    }

    /// Somebody has seen to the server: it is tried as if nothing had been.
    pub(crate) fn reset(&self) {
        if self.lock().circuit.reset() {
            self.changes.note();
        }
    }

    fn admit(&self) -> Result<Ticket, NotSent> {
        // Rounded up, for who comes a moment early is refused once more.
        let seconds = |wait: Duration| wait.as_secs() + u64::from(0 < wait.subsec_nanos());
        self.lock().circuit.admit(Instant::now()).map_err(|wait| NotSent::Resting { seconds: seconds(wait).max(1) })
    }

    fn end(&self, call: &Ticket, verdict: Verdict) {
        let mut state = self.lock();
        let Some(turn) = state.circuit.end(call, verdict, Instant::now()) else { return };
        let server = &*self.server;
        match turn {
            Turn::Opened(pause) => {
                state.until = SystemTime::now() + pause;
                tracing::warn!(server, ?pause, "calls to the server keep failing; it is left alone for a while");
            }
            Turn::Closed => tracing::info!(server, "the server answers again"),
        }
        drop(state);
        self.changes.note();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Guarded<C> {
    pub(crate) fn new(inner: C, breaker: Arc<Breaker>) -> Self {
        Self { inner, breaker }
    }
}

#[async_trait]
impl<C: Connection> Connection for Guarded<C> {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        // A subscription says nothing for as long as there is nothing to say, and a ping is how people look for themselves.
        if method::is_long_lived(request.method()) || request.method() == method::PING {
            return self.inner.call(request).await;
        }
        let call = match self.breaker.admit() {
            Ok(ticket) => Judged { ticket: Some(ticket), breaker: Arc::clone(&self.breaker) },
            Err(reason) => return Err(SendError::new(request.into_parts().0, reason)),
        };
        match self.inner.call(request).await {
            Ok(reply) => Ok(Reply::new(Watched { reply: Some(reply), call })),
            Err(error) => {
                call.end(of_not_sent(&error.reason));
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

/// A call whose end is told to the breaker. Dropped before that, it says nothing.
#[derive(Debug)]
struct Judged {
    ticket: Option<Ticket>,
    breaker: Arc<Breaker>,
}

impl Judged {
    fn end(mut self, verdict: Verdict) {
        self.tell(verdict);
    }

    fn tell(&mut self, verdict: Verdict) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.end(&ticket, verdict);
        }
    }
}

impl Drop for Judged {
    fn drop(&mut self) {
        self.tell(Verdict::Unclear);
    }
}

/// A reply that is waited for.
#[derive(Debug)]
struct Watched {
    reply: Option<Reply>,
    call: Judged,
}

impl Stream for Watched {
    type Item = Result<Message, Lost>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(reply) = &mut this.reply else { return Poll::Ready(None) };
        let next = Pin::new(reply).poll_next(context);
        match &next {
            // An error is an answer too: whoever says no is there.
            Poll::Ready(Some(Ok(message))) if message.kind() == Kind::Response => this.call.tell(Verdict::Works),
            Poll::Ready(Some(Err(lost))) => this.call.tell(of_lost(lost)),
            Poll::Ready(Some(Ok(_)) | None) | Poll::Pending => {}
        }
        next
    }
}

impl ReplySource for Watched {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        if let Some(reply) = self.reply.take() {
            reply.cancel(reason);
        }
    }
}

/// What it says of a server that a call was not sent.
fn of_not_sent(reason: &NotSent) -> Verdict {
    match reason {
        NotSent::Closed(closed) => of_closed(closed),
        NotSent::Connect(error) => match &**error {
            ConnectError::Busy(_) => Verdict::Unclear,
            ConnectError::Ended(closed) => of_closed(closed),
            ConnectError::Http { status, .. } => of_status(*status),
            _ => Verdict::Fails,
        },
        _ => Verdict::Unclear,
    }
}

/// What it says of a server that a call has no response.
fn of_lost(lost: &Lost) -> Verdict {
    match lost {
        Lost::Exited(closed) | Lost::Unread(closed) => of_closed(closed),
        Lost::Http { status, .. } => of_status(*status),
        Lost::Timeout { .. } | Lost::NotMcp => Verdict::Fails,
        _ => Verdict::Unclear,
    }
}

fn of_closed(closed: &Closed) -> Verdict {
    if closed.reason == CloseReason::Requested { Verdict::Unclear } else { Verdict::Fails }
}

/// A server that refuses somebody may be well for others.
fn of_status(status: u16) -> Verdict {
    if status < 500 { Verdict::Unclear } else { Verdict::Fails }
}

#[cfg(test)]
mod tests;
