//! Replies of servers that may ask.

use std::{
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::{FutureExt, Stream, future::BoxFuture};
use mcp_jsonrpc::{Kind, Message};
use mcp_transport::{Closed, Lost, Reply, ReplySource, Request, SendError};

use crate::{idle::InUse, label, shared::Shared};

/// A reply that marks the server's requests with the number of the instance, and that begins anew on the next instance if
/// this one was gone before it had read the call. All else passes untouched.
pub(crate) struct Marked {
    state: State,
    number: u64,
    /// Gone once the reply has ended.
    in_use: Option<InUse>,
    /// What can be sent again; gone once there is a sign that it was read.
    again: Option<(Arc<Shared>, Request)>,
}

enum State {
    Answering(Reply),
    /// The call was not read, for this reason, and is sent again.
    Again(BoxFuture<'static, Result<Reply, SendError>>, Arc<Closed>),
    /// What the next instance says.
    Passing(Reply),
    /// It was cancelled, or has ended.
    Over,
}

impl Marked {
    pub(crate) fn new(reply: Reply, in_use: InUse, again: Option<(Arc<Shared>, Request)>) -> Self {
        Self { state: State::Answering(reply), number: in_use.number, in_use: Some(in_use), again }
    }
}

impl Stream for Marked {
    type Item = Result<Message, Lost>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Answering(reply) => {
                    let next = ready!(Pin::new(reply).poll_next(context));
                    if let Some(Err(Lost::Unread(closed))) = &next
                        && let Some((shared, request)) = this.again.take()
                    {
                        this.in_use = None;
                        let sending = async move { shared.call_last(request).await }.boxed();
                        this.state = State::Again(sending, Arc::clone(closed));
                        continue;
                    }
                    this.again = None;
                    if !matches!(&next, Some(Ok(message)) if message.kind() != Kind::Response) {
                        this.in_use = None;
                    }
                    let number = this.number;
                    return Poll::Ready(next.map(|message| message.map(|message| label::marked(message, number))));
                }
                State::Again(sending, closed) => {
                    let Ok(reply) = ready!(sending.poll_unpin(context)) else {
                        let lost = Lost::Exited(Arc::clone(closed));
                        this.state = State::Over;
                        return Poll::Ready(Some(Err(lost)));
                    };
                    // It marks its own.
                    this.state = State::Passing(reply);
                }
                State::Passing(reply) => return Pin::new(reply).poll_next(context),
                State::Over => return Poll::Ready(None),
            }
        }
    }
}

impl ReplySource for Marked {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        if let State::Answering(reply) | State::Passing(reply) = mem::replace(&mut self.state, State::Over) {
            reply.cancel(reason);
        }
    }
}

impl std::fmt::Debug for Marked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Marked").field("number", &self.number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
