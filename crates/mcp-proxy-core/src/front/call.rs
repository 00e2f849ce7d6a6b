//! A client's call under way.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::Stream;
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::method;
use mcp_session::InUse;
use mcp_transport::{Lost, Reply};

use super::{Front, Session, cancel::Cancellable, live::Live};
use crate::rescue::Told;

/// A call of a client, from when it was sent until its response has been read. It always ends in a response.
#[derive(Debug)]
pub(super) struct Call {
    id: Id,
    reply: Option<Reply>,
    cancel: Option<Cancellable>,
    session: Option<(Arc<Front>, InUse<Live>)>,
    is_listening: bool,
}

impl Call {
    /// A call outside of any session.
    pub(super) fn new(id: Id, method: &str, reply: Reply) -> Self {
        let is_listening = method == method::SUBSCRIPTIONS_LISTEN;
        Self { id, reply: Some(reply), cancel: None, session: None, is_listening }
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

    /// Whether it is a subscription, which ends when the proxy does.
    pub(super) fn is_listening(&self) -> bool {
        self.is_listening
    }

    pub(super) fn is_over(&self) -> bool {
        self.reply.is_none()
    }

    /// The next message for the client: notes and questions, then the response; `None` after that.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let Some(reply) = &mut self.reply else { return Poll::Ready(None) };
        if let Some(cancelled) = self.cancel.as_ref().and_then(|cancel| cancel.poll(context)) {
            if let Some(reply) = self.reply.take() {
                reply.cancel(cancelled.reason.as_deref());
            }
            return Poll::Ready(Some(self.failed(&Lost::Cancelled)));
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
        if let (Lost::Exited(_), Some((front, used))) = (lost, &self.session) {
            front.server_left(used.session());
        }
        Told::from(lost).message(Some(&self.id))
    }
}

/// The calls of one request: one, or those of a batch.
#[derive(Debug)]
pub(super) struct Calls {
    first: Call,
    rest: Vec<Call>,
    pub(super) is_batch: bool,
}

impl Calls {
    pub(super) fn one(call: Call) -> Self {
        Self { first: call, rest: Vec::new(), is_batch: false }
    }

    /// The calls of a batch; `None` if there are none.
    pub(super) fn batch(calls: Vec<Call>) -> Option<Self> {
        let mut calls = calls.into_iter();
        Some(Self { first: calls.next()?, rest: calls.collect(), is_batch: true })
    }

    pub(super) fn first(&self) -> &Call {
        &self.first
    }

    pub(super) fn are_over(&self) -> bool {
        self.first.is_over() && self.rest.iter().all(Call::is_over)
    }

    /// The next message of any of them; `None` when all are over.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        for call in std::iter::once(&mut self.first).chain(&mut self.rest) {
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
