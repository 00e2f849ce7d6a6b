//! Everything that is for one client, on its one way back: HTTP+SSE and byte streams have no other.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{Stream, stream::FuturesUnordered};
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::method;
use mcp_session::InUse;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{
    Front, Session,
    call::Call,
    initialize::introduce,
    live::{Beginning, Live, Turn},
};

/// The calls of one client and the events of its session, as they come. Dropped, its calls are cancelled.
///
/// Nothing moves while nobody polls it, so a client that does not read holds up itself and no one else.
#[derive(Debug)]
pub(super) struct Outlet {
    used: InUse<Live>,
    beginnings: FuturesUnordered<Beginning>,
    calls: Vec<Call>,
    /// Which call is looked at first the next time.
    next: usize,
    turn: Option<Turn>,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Outlet {
    /// The way back to the client of a session that has an inbox.
    pub(super) fn new(front: &Arc<Front>, session: &Session) -> Self {
        Self {
            used: session.begin_stream(),
            beginnings: FuturesUnordered::new(),
            calls: Vec::new(),
            next: 0,
            turn: None,
            stopping: Box::pin(front.stopping.clone().cancelled_owned()),
        }
    }

    pub(super) fn session(&self) -> &Session {
        self.used.session()
    }

    /// The next message for the client; `None` when the session is over, or when its client sends no more and has all its
    /// answers.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let session = Arc::clone(self.used.session());
        let ends = self.stopping.as_mut().poll(context).is_ready() || session.live().is_hung_up();
        self.begin(context);
        if !session.is_alive() {
            self.beginnings.clear();
        }
        if let Some(message) = self.poll_calls(context) {
            return Poll::Ready(Some(message));
        }
        let is_answered = self.beginnings.is_empty() && self.calls.is_empty();
        if is_answered && (ends || !session.is_alive()) {
            return Poll::Ready(None);
        }
        match self.poll_events(&session, context) {
            // Calls in flight are answered first, if only by an error.
            Poll::Ready(None) if !is_answered => Poll::Pending,
            next => next,
        }
    }

    /// Moves what was handed in on to the server.
    fn begin(&mut self, context: &mut Context<'_>) {
        while let Some(beginning) = self.used.session().live().poll_beginning(context) {
            self.beginnings.push(beginning);
        }
        while let Poll::Ready(Some(begun)) = Pin::new(&mut self.beginnings).poll_next(context) {
            self.calls.push(begun);
        }
    }

    fn poll_calls(&mut self, context: &mut Context<'_>) -> Option<Message> {
        let count = self.calls.len();
        let found = (0..count).find_map(|n| {
            // Where the last one left off, so that a call that never falls silent does not silence the others.
            let at = (self.next + n) % count;
            let call = &mut self.calls[at];
            match call.poll(context) {
                Poll::Ready(Some(message)) if !call.is_cancelled() => {
                    self.next = at + 1;
                    Some(message)
                }
                _ => None,
            }
        });
        self.calls.retain(|call| !call.is_over());
        found
    }

    /// What belongs to no call; the end of a dedicated connection is the end of the session.
    fn poll_events(&mut self, session: &Session, context: &mut Context<'_>) -> Poll<Option<Message>> {
        if self.turn.is_none() && session.live().connection().is_some() {
            self.turn = session.live().listen(false);
        }
        self.turn.as_ref().map_or(Poll::Pending, |turn| turn.poll(context))
    }
}

/// A request of the legacy era on its way to the server. Whoever brought it does not wait for it.
pub(super) fn beginning(front: Arc<Front>, session: Session, message: Message) -> Beginning {
    let id = message.id().unwrap_or_else(|| Id::from(0));
    if message.is_method(method::INITIALIZE) {
        return Box::pin(async move {
            let response = introduce(&session, &message).await;
            Call::ready(id.clone(), response.unwrap_or_else(|told| told.message(Some(&id))))
        });
    }
    // Entered at once: a cancellation may come before the call has begun.
    let cancel = session.live().cancels.enter(&id);
    Box::pin(async move {
        let begun = front.begin(&session, message, cancel).await;
        begun.unwrap_or_else(|told| Call::ready(id.clone(), told.message(Some(&id))))
    })
}
