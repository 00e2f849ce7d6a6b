//! The half of the HTTP+SSE pair that goes to the server.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::{Sink, Stream, stream};
use http::Method;
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::code;
use mcp_transport::Caller;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{body, exchange::Ask, http_client::Chunks, link::negotiation, remote::Remote, server_url::ServerUrl};

/// As many messages may be on their way at once; the next one waits.
const LIMIT: usize = 16;

/// Posts messages, several at a time. Nothing overtakes a notification: the first call must not reach the server before
/// `initialized` does.
#[derive(Debug)]
pub(crate) struct Poster {
    way: Arc<Way>,
    posting: JoinSet<()>,
    exclusive: bool,
}

#[derive(Debug)]
struct Way {
    remote: Remote,
    caller: Arc<Caller>,
    endpoint: ServerUrl,
    failures: mpsc::Sender<Message>,
}

impl Poster {
    /// Posts to `endpoint`. The stream gives the answers to requests that could not be posted.
    pub(crate) fn new(
        remote: Remote,
        caller: Arc<Caller>,
        endpoint: ServerUrl,
    ) -> (Self, impl Stream<Item = Message> + Send + Unpin) {
        let (failures, failed) = mpsc::channel(LIMIT);
        let way = Arc::new(Way { remote, caller, endpoint, failures });
        let failed = stream::unfold(failed, |mut failed| async { Some((failed.recv().await?, failed)) });
        (Self { way, posting: JoinSet::new(), exclusive: false }, Box::pin(failed))
    }
}

impl Way {
    async fn post(&self, message: &Message) -> Result<(), String> {
        let headers = negotiation().into();
        let body = Chunks::of(message);
        let ask = Ask { method: Method::POST, url: &self.endpoint, headers, body, caller: &self.caller };
        match timeout(self.remote.limits.post_wait, self.remote.ask(ask)).await {
            Ok(Ok(response)) if response.status().is_success() => {
                body::discard(response).await;
                Ok(())
            }
            Ok(Ok(response)) => Err(format!("the server answered with HTTP status {}", response.status().as_u16())),
            Ok(Err(_)) => Err("the message did not reach the server".to_owned()),
            Err(_) => Err("the server did not take the message in time".to_owned()),
        }
    }

    async fn deliver(&self, message: Message) {
        let Err(reason) = self.post(&message).await else { return };
        tracing::debug!(server = %self.endpoint, reason, "a message was not taken");
        if message.kind() == Kind::Request {
            let id = message.id();
            let failure = Message::error_response(id.as_ref(), code::SERVER_ERROR, &reason, None);
            // Without a reader the connection is gone, and with it whoever waits.
            let _ = self.failures.send(failure).await;
        }
    }
}

impl Sink<Message> for Poster {
    type Error = Infallible;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        loop {
            let room = if self.exclusive { 1 } else { LIMIT };
            if self.posting.len() < room {
                self.exclusive = false;
                return Poll::Ready(Ok(()));
            }
            ready!(self.posting.poll_join_next(context));
        }
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Infallible> {
        self.exclusive = message.kind() == Kind::Notification;
        let way = Arc::clone(&self.way);
        self.posting.spawn(async move { way.deliver(message).await });
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The tasks make their way without us; this only clears away those that have ended.
        while let Poll::Ready(Some(_)) = self.posting.poll_join_next(context) {}
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        while ready!(self.posting.poll_join_next(context)).is_some() {}
        Poll::Ready(Ok(()))
    }
}
