//! Replies in which a server may ask.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::Stream;
use mcp_jsonrpc::{Kind, Message};
use mcp_transport::{Lost, Reply, ReplySource};

use crate::{idle::InUse, label};

/// A reply that marks the server's requests with the number of the instance. All else passes untouched.
#[derive(Debug)]
pub(crate) struct Marked {
    /// Gone once the call was cancelled.
    reply: Option<Reply>,
    number: u64,
    /// Gone once the reply has ended.
    in_use: Option<InUse>,
}

impl Marked {
    pub(crate) fn new(reply: Reply, in_use: InUse) -> Self {
        Self { reply: Some(reply), number: in_use.number, in_use: Some(in_use) }
    }
}

impl Stream for Marked {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let number = self.number;
        let Some(reply) = &mut self.reply else { return Poll::Ready(None) };
        let next = ready!(Pin::new(reply).poll_next(context));
        if !matches!(&next, Some(Ok(message)) if message.kind() != Kind::Response) {
            self.in_use = None;
        }
        Poll::Ready(next.map(|message| message.map(|message| label::marked(message, number))))
    }
}

impl ReplySource for Marked {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        if let Some(reply) = self.reply.take() {
            reply.cancel(reason);
        }
    }
}
