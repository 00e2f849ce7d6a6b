//! A client's call under way.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{Stream, stream::FuturesUnordered};
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::method;
use mcp_session::InUse;
use mcp_transport::{Lost, Reply};

use super::{
    Front, Session,
    cancel::Cancellable,
    live::{Beginning, Live},
};
use crate::rescue::Told;

/// A call of a client, from when it was sent until its response has been read. It always ends in a response.
#[derive(Debug)]
pub(super) struct Call {
    id: Id,
    reply: Option<Reply>,
    cancel: Option<Cancellable>,
    session: Option<(Arc<Front>, InUse<Live>)>,
    is_listening: bool,
    /// Whether its client has cancelled it.
    is_cancelled: bool,
}

impl Call {
    /// A call outside of any session.
    pub(super) fn new(id: Id, method: &str, reply: Reply) -> Self {
        let is_listening = method == method::SUBSCRIPTIONS_LISTEN;
        Self { id, reply: Some(reply), cancel: None, session: None, is_listening, is_cancelled: false }
    }

    /// A call that has its response already.
    pub(super) fn ready(id: Id, response: Message) -> Self {
        Self::new(id, "", Reply::ready(response))
    }

    /// The same, as a call of a session: it can be cancelled there, and keeps the session in use.
    pub(super) fn of_session(self, front: &Arc<Front>, used: InUse<Live>, cancel: Cancellable) -> Self {
        Self { cancel: Some(cancel), session: Some((Arc::clone(front), used)), ..self }
    }

    /// The id its client gave it.
    pub(super) fn id(&self) -> &Id {
        &self.id
    }

    pub(super) fn is_over(&self) -> bool {
        self.reply.is_none()
    }

    /// Whether its client has cancelled it, and so wants no response (2025-11-25, cancellation). An HTTP request gets one
    /// all the same, for it has to be answered somehow.
    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled
    }

    /// The next message for the client: notes and questions, then the response; `None` after that.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let Some(reply) = &mut self.reply else { return Poll::Ready(None) };
        if let Some(cancelled) = self.cancel.as_ref().and_then(|cancel| cancel.poll(context)) {
            // Where the server has left too, that says more.
            let lost = match Pin::new(&mut *reply).poll_next(context) {
                Poll::Ready(Some(Err(lost))) => lost,
                _ => Lost::Cancelled,
            };
            if let Some(reply) = self.reply.take() {
                reply.cancel(cancelled.reason.as_deref());
            }
            self.is_cancelled = cancelled.by_client;
            return Poll::Ready(Some(self.failed(&lost)));
        }
        let Poll::Ready(next) = Pin::new(reply).poll_next(context) else { return Poll::Pending };
        let message = match next {
            Some(Ok(message)) => message,
            Some(Err(lost)) => self.failed(&lost),
            None => self.failed(&Lost::NotMcp),
        };
        if message.kind() == Kind::Response {
            self.reply = None;
            self.cancel = None;
        }
        Poll::Ready(Some(message))
    }

    fn failed(&self, lost: &Lost) -> Message {
        let told = match (lost, &self.session) {
            (Lost::Exited(_) | Lost::Unread(_) | Lost::Cancelled, Some((front, _))) if front.is_stopping() => {
                Told::from(&Lost::ShuttingDown)
            }
            (Lost::Exited(_) | Lost::Unread(_), Some((front, used))) => {
                front.server_left(used.session());
                Told::from(lost)
            }
            _ => Told::from(lost),
        };
        told.message(Some(&self.id))
    }
}

/// The calls of one request: one, or those of a batch.
#[derive(Debug, Default)]
pub(super) struct Calls {
    first: Option<Call>,
    rest: Vec<Call>,
    /// Those that wait for a place.
    waiting: Option<FuturesUnordered<Beginning>>,
    pub(super) is_batch: bool,
}

impl Calls {
    pub(super) fn one(call: Call) -> Self {
        Self { first: Some(call), ..Self::default() }
    }

    /// A batch without calls so far.
    pub(super) fn batch() -> Self {
        Self { is_batch: true, ..Self::default() }
    }

    pub(super) fn push(&mut self, call: Call) {
        self.rest.push(call);
    }

    /// Adds a call that has yet to begin.
    pub(super) fn push_waiting(&mut self, call: Beginning) {
        self.waiting.get_or_insert_default().push(call);
    }

    /// The call that is a subscription, which ends when the proxy does.
    pub(super) fn listening(&self) -> Option<&Call> {
        self.first.as_ref().filter(|call| call.is_listening)
    }

    /// The call, if it is one.
    pub(super) fn first(&self) -> Option<&Call> {
        self.first.as_ref()
    }

    pub(super) fn are_over(&self) -> bool {
        self.waiting.as_ref().is_none_or(FuturesUnordered::is_empty)
            && self.first.iter().chain(&self.rest).all(Call::is_over)
    }

    /// The next message of any of them; `None` when all are over.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        if let Some(waiting) = &mut self.waiting {
            while let Poll::Ready(Some(begun)) = Pin::new(&mut *waiting).poll_next(context) {
                self.rest.push(begun);
            }
        }
        for call in self.first.iter_mut().chain(&mut self.rest) {
            if let Poll::Ready(Some(message)) = call.poll(context) {
                return Poll::Ready(Some(message));
            }
        }
        if self.are_over() { Poll::Ready(None) } else { Poll::Pending }
    }
}

impl Front {
    /// A session's server has gone. If it was the session's own, the session goes with it.
    pub(super) fn server_left(&self, session: &Session) {
        if session.live().is_dedicated() {
            self.end_session(session);
        }
    }
}
