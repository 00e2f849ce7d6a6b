//! How long a call may take.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use futures::Stream;
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{CancelledParams, method};
use mcp_transport::{Caller, Closed, Connection, Events, Lost, Peer, Reply, ReplySource, Request, SendError};

use crate::{
    Limits,
    ticker::{Alarm, TICK, Ticker, ticks},
};

/// Ends calls that go too long without a sign of life, or take too long in all.
///
/// While a client has a question of the server to answer, both clocks stand still and the client's own bound runs.
/// Long-lived calls have no clock.
#[derive(Debug)]
pub(crate) struct Timeout<C> {
    inner: C,
    ticker: Arc<Ticker>,
    bounds: Bounds,
    questions: Arc<Questions>,
}

/// The bounds of a call, in ticks.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    idle: u32,
    total: u32,
    answer: u32,
}

/// Which call each unanswered question belongs to.
#[derive(Debug, Default)]
struct Questions(Mutex<HashMap<Id, Arc<Mutex<Pause>>>>);

/// The time of a call that is the client's, not the server's. Made with the first question.
#[derive(Debug, Default)]
struct Pause {
    unanswered: u32,
    since: u32,
    /// All pauses before, in ticks.
    past: u32,
    waker: Option<Waker>,
}

impl<C> Timeout<C> {
    pub(crate) fn new(inner: C, ticker: Arc<Ticker>, limits: &Limits) -> Self {
        let bounds =
            Bounds { idle: ticks(limits.call_idle), total: ticks(limits.call_time), answer: ticks(limits.answer_time) };
        Self { inner, ticker, bounds, questions: Arc::default() }
    }
}

#[async_trait]
impl<C: Connection> Connection for Timeout<C> {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        if method::is_long_lived(request.method()) {
            return self.inner.call(request).await;
        }
        let reply = self.inner.call(request).await?;
        Ok(Reply::new(Timed {
            reply: Some(reply),
            alarm: self.ticker.alarm(Duration::ZERO),
            started: self.ticker.now(),
            alive: self.ticker.now(),
            pause: None,
            bounds: self.bounds,
            questions: Arc::clone(&self.questions),
        }))
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        if message.kind() == Kind::Response
            && let Some(id) = message.id()
        {
            self.questions.answered(&id, self.ticker.now());
        }
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

impl Questions {
    fn asked(&self, id: Id, pause: &Arc<Mutex<Pause>>) {
        lock(&self.0).insert(id, Arc::clone(pause));
    }

    fn answered(&self, id: &Id, now: u32) {
        let Some(pause) = lock(&self.0).remove(id) else { return };
        let mut pause = lock(&pause);
        pause.unanswered -= 1;
        if pause.unanswered == 0 {
            pause.past += now - pause.since;
            pause.since = now;
        }
        if let Some(waker) = pause.waker.take() {
            waker.wake();
        }
    }

    fn forget(&self, call: &Arc<Mutex<Pause>>) {
        lock(&self.0).retain(|_, other| !Arc::ptr_eq(other, call));
    }
}

/// A reply under the clock. All times are ticks.
#[derive(Debug)]
struct Timed {
    reply: Option<Reply>,
    alarm: Alarm,
    started: u32,
    /// The server's last sign of life.
    alive: u32,
    pause: Option<Arc<Mutex<Pause>>>,
    bounds: Bounds,
    questions: Arc<Questions>,
}

impl Timed {
    /// Notes a sign of life, and a question if it is one, or one that is withdrawn.
    fn note(&mut self, message: &Message) {
        self.alive = self.alarm.now();
        if message.is_method(method::CANCELLED)
            && let Some(id) = message.value(&CancelledParams::REQUEST_ID_PATH).and_then(Id::parse)
        {
            self.questions.answered(&id, self.alive);
        }
        if message.kind() == Kind::Request
            && let Some(id) = message.id()
        {
            let pause = self.pause.get_or_insert_default();
            let mut state = lock(pause);
            state.unanswered += 1;
            if state.unanswered == 1 {
                state.since = self.alive;
            }
            drop(state);
            self.questions.asked(id, pause);
        }
    }

    /// The tick at which patience ends, and the bound it ends by.
    fn deadline(&self, context: &Context<'_>) -> (u32, u32) {
        let (alive, past) = match &self.pause {
            None => (self.alive, 0),
            Some(pause) => {
                let mut pause = lock(pause);
                if 0 < pause.unanswered {
                    pause.waker = Some(context.waker().clone());
                    return (pause.since.saturating_add(self.bounds.answer), self.bounds.answer);
                }
                (self.alive.max(pause.since), pause.past)
            }
        };
        let idle = (alive.saturating_add(self.bounds.idle), self.bounds.idle);
        let total = (self.started.saturating_add(past).saturating_add(self.bounds.total), self.bounds.total);
        idle.min(total)
    }
}

impl Stream for Timed {
    type Item = Result<Message, Lost>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(reply) = &mut this.reply else { return Poll::Ready(None) };
        if let Poll::Ready(next) = Pin::new(reply).poll_next(context) {
            if let Some(Ok(message)) = &next
                && message.kind() != Kind::Response
            {
                this.note(message);
                let (due, bound) = this.deadline(context);
                // A call that never falls silent has its bound all the same.
                if due <= this.alive {
                    return this.give_up(bound);
                }
            }
            return Poll::Ready(next);
        }
        let (due, bound) = this.deadline(context);
        this.alarm.set(due);
        if this.alarm.poll(context).is_pending() {
            return Poll::Pending;
        }
        this.give_up(bound)
    }
}

impl Timed {
    fn give_up(&mut self, bound: u32) -> Poll<Option<Result<Message, Lost>>> {
        if let Some(reply) = self.reply.take() {
            reply.cancel(Some("the call took too long"));
        }
        Poll::Ready(Some(Err(Lost::Timeout { after: TICK * (bound - 1) })))
    }
}

impl ReplySource for Timed {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        if let Some(reply) = self.reply.take() {
            reply.cancel(reason);
        }
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        if let Some(pause) = &self.pause {
            self.questions.forget(pause);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
