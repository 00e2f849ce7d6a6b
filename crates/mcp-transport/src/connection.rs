//! A live conversation.

use std::{fmt::Debug, pin::Pin, sync::Arc};

use async_trait::async_trait;
use mcp_jsonrpc::Message;

use crate::{Caller, Closed, Events, Peer, Reply, Request, SendError};

/// A conversation with one MCP peer: messages in, replies out.
///
/// Aggregators, limits and era adapters are connections too, holding the connections behind them.
#[async_trait]
pub trait Connection: Debug + Send + Sync + 'static {
    /// Who answers: revision, capabilities, the handshake's own text.
    fn peer(&self) -> Arc<Peer>;

    /// Sends a request; dropping the [`Reply`] cancels it.
    ///
    /// # Errors
    ///
    /// An error means that nothing was sent: the message is inside, and sending it elsewhere is safe.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready either sends nothing or cancels what was sent.
    async fn call(&self, request: Request) -> Result<Reply, SendError>;

    /// Sends a message that expects no reply: a notification, or the answer to a server's request.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready may or may not have sent the message, but never a part of it.
    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError>;

    /// Messages that belong to no call, from before the first call on. Only the first taker gets them.
    fn events(&self) -> Option<Events>;

    /// Resolves when the conversation is over, with the reason.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only watches.
    async fn closed(&self) -> Arc<Closed>;

    /// Stops the conversation and waits until its resources are gone.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the stop goes on in the background even if the future is dropped.
    async fn close(&self);
}

/// A connection behind an `Arc` is a connection, at no cost.
impl<C: Connection + ?Sized> Connection for Arc<C> {
    fn peer(&self) -> Arc<Peer> {
        (**self).peer()
    }

    fn call<'s, 'f>(&'s self, request: Request) -> Pending<'f, Result<Reply, SendError>>
    where
        's: 'f,
        Self: 'f,
    {
        (**self).call(request)
    }

    fn tell<'s, 'c, 'f>(&'s self, message: Message, caller: &'c Arc<Caller>) -> Pending<'f, Result<(), SendError>>
    where
        's: 'f,
        'c: 'f,
        Self: 'f,
    {
        (**self).tell(message, caller)
    }

    fn events(&self) -> Option<Events> {
        (**self).events()
    }

    fn closed<'s, 'f>(&'s self) -> Pending<'f, Arc<Closed>>
    where
        's: 'f,
        Self: 'f,
    {
        (**self).closed()
    }

    fn close<'s, 'f>(&'s self) -> Pending<'f, ()>
    where
        's: 'f,
        Self: 'f,
    {
        (**self).close()
    }
}

/// What an async method of the trait is in plain words; written out, it can be handed on without another box.
type Pending<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;
