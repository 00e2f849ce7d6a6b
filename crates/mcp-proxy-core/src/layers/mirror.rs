//! Headers that repeat arguments of a call, for servers that see headers.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use async_trait::async_trait;
use futures::{FutureExt, Stream, future::BoxFuture};
use http::{HeaderName, HeaderValue};
use mcp_jsonrpc::Message;
use mcp_protocol::{Era, code, method};
use mcp_transport::{Caller, Closed, Connection, Events, Lost, Peer, Reply, ReplySource, Request, SendError};

use crate::tool_headers::{Table, ToolHeaders};

/// Gives calls of tools the headers that the server wants: made from the arguments that go out, whatever the client has
/// sent. A call that the server refuses for its headers is made once more if its tools have become others.
#[derive(Debug)]
pub(crate) struct Mirror<C> {
    inner: Arc<C>,
    tool_headers: Arc<ToolHeaders>,
}

impl<C> Mirror<C> {
    pub(crate) fn new(inner: C, tool_headers: Arc<ToolHeaders>) -> Self {
        Self { inner: Arc::new(inner), tool_headers }
    }
}

impl<C: Connection> Mirror<C> {
    async fn call_tool(&self, request: Request) -> Result<Reply, SendError> {
        let table = self.tool_headers.table(&*self.inner, request.caller()).await;
        let sent = dressed(request.clone(), &table);
        let reply = self.inner.call(sent.clone()).await?;
        let (inner, tool_headers) = (Arc::clone(&self.inner), Arc::clone(&self.tool_headers));
        let again = async move {
            let table = tool_headers.renewed(&*inner, request.caller(), &table).await;
            let better = dressed(request, &table);
            // The same would be refused again.
            if better.caller().headers == sent.caller().headers {
                return None;
            }
            inner.call(better).await.ok()
        };
        Ok(Reply::new(Tried { reply, again: Some(again.boxed()), refusal: None }))
    }
}

#[async_trait]
impl<C: Connection> Connection for Mirror<C> {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        if request.caller().era() == Era::Legacy {
            return self.inner.call(request).await;
        }
        match request.method() {
            method::TOOLS_CALL if self.tool_headers.go_out() => Box::pin(self.call_tool(request)).await,
            method::SUBSCRIPTIONS_LISTEN => {
                let reply = self.inner.call(request).await?;
                Ok(Reply::new(Heard { reply: Some(reply), tool_headers: Arc::clone(&self.tool_headers) }))
            }
            _ => self.inner.call(request).await,
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

/// The call with the headers that its tool wants. Those that no tool we know of wants are none of our business.
fn dressed(call: Request, table: &Table) -> Request {
    let Some(wanted) = table.of(call.message()) else { return call };
    let mut caller = (**call.caller()).clone();
    for name in wanted.names() {
        caller.headers.remove(name);
    }
    for (name, value) in wanted.of_call(call.message()) {
        // The one is a token and the other is encoded where it has to be, so both can be read.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            caller.headers.insert(name, value);
        }
    }
    call.with_caller(Arc::new(caller))
}

/// A reply to a call that may be made once more.
struct Tried {
    reply: Reply,
    /// Makes the call again; `None` once there is no reason to.
    again: Option<BoxFuture<'static, Option<Reply>>>,
    /// What the server said to the first attempt, while the second one is under way.
    refusal: Option<Message>,
}

impl Stream for Tried {
    type Item = Result<Message, Lost>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.refusal.is_none() {
            let next = ready!(Pin::new(&mut this.reply).poll_next(context));
            // Whoever has begun to answer has nothing against the headers.
            let again = this.again.take();
            match next {
                Some(Ok(message)) if again.is_some() && code::of(&message) == Some(code::HEADER_MISMATCH) => {
                    (this.again, this.refusal) = (again, Some(message));
                }
                next => return Poll::Ready(next),
            }
        }
        if let Some(again) = &mut this.again {
            let reply = ready!(again.poll_unpin(context));
            this.again = None;
            let refusal = this.refusal.take();
            match reply {
                Some(reply) => this.reply = reply,
                None => return Poll::Ready(refusal.map(Ok)),
            }
        }
        Pin::new(&mut this.reply).poll_next(context)
    }
}

impl ReplySource for Tried {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        self.again = None;
        std::mem::replace(&mut self.reply, Reply::stream(futures::stream::empty())).cancel(reason);
    }
}

/// What a listener hears of a server, and so do we.
struct Heard {
    reply: Option<Reply>,
    tool_headers: Arc<ToolHeaders>,
}

impl Stream for Heard {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(reply) = &mut self.reply else { return Poll::Ready(None) };
        let next = ready!(Pin::new(reply).poll_next(context));
        if let Some(Ok(message)) = &next
            && message.is_method(method::TOOLS_LIST_CHANGED)
        {
            self.tool_headers.outdate();
        }
        Poll::Ready(next)
    }
}

impl ReplySource for Heard {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        if let Some(reply) = self.reply.take() {
            reply.cancel(reason);
        }
    }
}
