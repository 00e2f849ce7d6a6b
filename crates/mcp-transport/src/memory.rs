//! A server inside this process.

use std::{fmt, pin::Pin, sync::Arc};

use async_trait::async_trait;
use futures::{Stream, future::BoxFuture};
use mcp_jsonrpc::Message;
use tokio::sync::mpsc;

use crate::{Caller, CloseReason, Closed, ConnectError, Connection, Duplex, DuplexLimits, Lifeline, Transport};

type Serve = dyn Fn(MemoryEnd) -> BoxFuture<'static, ()> + Send + Sync;

/// Reaches a server that runs in this process; nothing is written or parsed on the way.
///
/// Every connect runs the server function anew, in a task of its own that ends with the connection.
pub struct Memory {
    serve: Arc<Serve>,
    limits: DuplexLimits,
}

/// The server's end of a conversation in memory: a stream of the client's messages, and a way to send.
#[derive(Debug)]
pub struct MemoryEnd {
    incoming: mpsc::Receiver<Message>,
    outgoing: mpsc::Sender<Message>,
}

/// Messages on their way in each direction; sending waits for room.
const ROOM: usize = 64;

impl Memory {
    /// Reaches the server that `serve` is.
    pub fn new<F>(serve: impl Fn(MemoryEnd) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { serve: Arc::new(move |end| Box::pin(serve(end))), limits: DuplexLimits::default() }
    }

    /// Holds connections to these limits.
    #[must_use]
    pub fn limits(self, limits: DuplexLimits) -> Self {
        Self { limits, ..self }
    }
}

impl MemoryEnd {
    /// Sends a message to the client; one that has left hears nothing.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready sends nothing.
    pub async fn send(&self, message: Message) {
        // The stream of messages ends too when the client has left, so the server learns of it there.
        let _ = self.outgoing.send(message).await;
    }
}

impl Stream for MemoryEnd {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Option<Message>> {
        self.incoming.poll_recv(context)
    }
}

#[async_trait]
impl Transport for Memory {
    async fn connect(&self, _: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        let (to_server, incoming) = mpsc::channel(ROOM);
        let (outgoing, from_server) = mpsc::channel(ROOM);
        let server = tokio::spawn((self.serve)(MemoryEnd { incoming, outgoing }));
        let lifeline = Arc::new(Task(server.abort_handle()));
        let from_server = Box::pin(futures::stream::unfold(from_server, async |mut from_server| {
            Some((from_server.recv().await?, from_server))
        }));
        let to_server = Box::pin(futures::sink::unfold(to_server, async |to_server, message| {
            to_server.send(message).await.map(|()| to_server)
        }));
        Ok(Duplex::over_messages(from_server, to_server, lifeline, self.limits.clone()))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

/// The server's task, which does not outlive its connection.
#[derive(Debug)]
struct Task(tokio::task::AbortHandle);

#[async_trait]
impl Lifeline for Task {
    async fn ended(&self) -> Closed {
        self.0.abort();
        Closed::new(CloseReason::Ended)
    }

    async fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
