//! How calls end, and when.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use async_trait::async_trait;
use futures::Stream;
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::method;
use mcp_transport::{Caller, Closed, Connection, Events, Lost, Peer, Reply, ReplySource, Request, SendError};
use tokio::time::Instant;

use super::meter::{Meter, Outcome, Series};

/// Counts calls by how they end, and takes their time. Long-lived calls are counted alone: how long somebody listens says
/// nothing about a server.
#[derive(Debug)]
pub(crate) struct Measure<C> {
    inner: C,
    meter: Arc<Meter>,
}

/// A call that is under way. Dropped before its end, it was cancelled.
#[derive(Debug)]
struct Watch {
    series: Option<Arc<Series>>,
    /// `None` if its time says nothing.
    started: Option<Instant>,
    is_of_tool: bool,
}

impl<C> Measure<C> {
    pub(crate) fn new(inner: C, meter: Arc<Meter>) -> Self {
        Self { inner, meter }
    }
}

impl Watch {
    fn end(&mut self, outcome: Outcome) {
        if let Some(series) = self.series.take() {
            let now = Instant::now();
            let took = self.started.filter(|_| outcome != Outcome::NotSent).map(|started| now - started);
            series.note(outcome, now, took);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}

#[async_trait]
impl<C: Connection> Connection for Measure<C> {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let name = request.method();
        let mut watch = Watch {
            started: (!method::is_long_lived(name)).then(Instant::now),
            is_of_tool: name == method::TOOLS_CALL,
            series: Some(self.meter.series(&request)),
        };
        match self.inner.call(request).await {
            Ok(reply) => Ok(Reply::new(Measured { reply: Some(reply), watch })),
            Err(error) => {
                watch.end(Outcome::NotSent);
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

/// A reply that is watched.
#[derive(Debug)]
struct Measured {
    reply: Option<Reply>,
    watch: Watch,
}

impl Stream for Measured {
    type Item = Result<Message, Lost>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(reply) = &mut this.reply else { return Poll::Ready(None) };
        let next = Pin::new(reply).poll_next(context);
        match &next {
            Poll::Ready(Some(Ok(message))) if message.kind() == Kind::Response => {
                this.watch.end(Outcome::of(message, this.watch.is_of_tool));
            }
            Poll::Ready(Some(Err(Lost::Cancelled))) => this.watch.end(Outcome::Cancelled),
            Poll::Ready(Some(Err(_)) | None) => this.watch.end(Outcome::Lost),
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        next
    }
}

impl ReplySource for Measured {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        if let Some(reply) = self.reply.take() {
            reply.cancel(reason);
        }
    }
}

#[cfg(test)]
mod tests;
