//! One life of a supervised server: an attempt to connect, and the connection it leads to, until that is over.

use std::{future::pending, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt};
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::code;
use mcp_transport::{Closed, ConnectError, Connection, Events, NotSent, Reply, Request, SendError};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{label, reply::Marked, supervised::Shared};

/// A connection of one life.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) number: u64,
    pub(crate) connection: Arc<dyn Connection>,
    pub(crate) since: Instant,
    /// Ends the life.
    pub(crate) stop: CancellationToken,
    /// Whether the server may send requests of its own.
    asks: bool,
}

impl Inner {
    pub(crate) async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let reply = self.connection.call(request).await?;
        Ok(if self.asks { Reply::new(Marked::new(reply, self.number)) } else { reply })
    }
}

/// Lives the life `number`: waits for its turn, connects, passes events on, and cleans up. Ends early when `shared` is
/// closed.
pub(crate) async fn run(
    shared: Arc<Shared>,
    number: u64,
    turn: Duration,
    settle: oneshot::Sender<Result<Arc<Inner>, Arc<ConnectError>>>,
) {
    let stop = shared.stop.child_token();
    let birth = Birth { shared: &shared, number, settle: Some(settle) };
    let connecting = async {
        sleep(turn).await;
        shared.transport.connect(&shared.caller).await
    };
    let connected = tokio::select! {
        biased;
        () = stop.cancelled() => return,
        connected = connecting => connected,
    };
    let connection = match connected {
        Ok(connection) => connection,
        Err(error) => return birth.fail(error),
    };
    let asks = connection.peer().revision.has_server_requests();
    let inner = Arc::new(Inner { number, connection, since: Instant::now(), stop, asks });
    // Taken before anyone can use the connection, so that nothing is missed.
    let mut events = inner.connection.events();
    if birth.succeed(&inner) {
        attend(&shared, &inner, events.as_mut()).await;
    }
    // Also when the server has left by itself: what it started may still be there.
    inner.connection.close().await;
}

/// Passes events on until the connection is over.
async fn attend(shared: &Shared, inner: &Arc<Inner>, mut events: Option<&mut Events>) {
    let closed = loop {
        let next = async {
            match &mut events {
                Some(events) => events.next().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = inner.stop.cancelled() => break None,
            closed = inner.connection.closed() => break Some(closed),
            event = next => match event {
                Some(event) => pass(shared, inner, event).await,
                None => events = None,
            },
        }
    };
    if let Some(closed) = closed {
        shared.course().ended(inner, ConnectError::Ended(closed));
    }
    // Its last words are still worth hearing, if nobody has to wait for them.
    while let Some(Some(Some(event))) = events.as_mut().map(|events| events.next().now_or_never()) {
        pass(shared, inner, event).await;
    }
}

/// Puts an event among those of the supervised connection; a request that finds no room there is answered here.
async fn pass(shared: &Shared, inner: &Inner, event: Message) {
    let asked = if event.kind() == Kind::Request { event.id() } else { None };
    let event = if inner.asks { label::marked(event, inner.number) } else { event };
    let refused = match (&*shared.events(), asked) {
        (Some(sender), None) => {
            // Notifications give way by themselves.
            let _ = sender.push(event);
            None
        }
        (Some(sender), Some(id)) if sender.is_abandoned() || sender.push(event).is_err() => Some(id),
        (Some(_), Some(_)) => None,
        (None, asked) => asked,
    };
    if let Some(id) = refused {
        let text = "the client does not keep up with the server's requests";
        let answer = Message::error_response(Some(&id), code::INTERNAL_ERROR, text, None);
        // A server that is gone needs no answer.
        let _ = inner.connection.tell(answer, &shared.caller).await;
    }
}

/// Why a connection that did not send a message is no good any more; `None` if it still is.
pub(crate) fn no_good(reason: &NotSent) -> Option<ConnectError> {
    match reason {
        NotSent::Closed(closed) => Some(ConnectError::Ended(Arc::<Closed>::clone(closed))),
        NotSent::Forgotten => Some(ConnectError::Other(Box::new(NotSent::Forgotten))),
        _ => None,
    }
}

/// An attempt that has to be settled, also if it panics.
struct Birth<'a> {
    shared: &'a Shared,
    number: u64,
    settle: Option<oneshot::Sender<Result<Arc<Inner>, Arc<ConnectError>>>>,
}

impl Birth<'_> {
    /// `false` if nobody wants the connection any more.
    fn succeed(mut self, inner: &Arc<Inner>) -> bool {
        let wanted = self.shared.course().up(inner);
        if let Some(settle) = self.settle.take()
            && wanted
        {
            // Those who waited may have given up; the next use finds the connection.
            let _ = settle.send(Ok(Arc::clone(inner)));
        }
        wanted
    }

    fn fail(mut self, error: ConnectError) {
        self.settle(error);
    }

    fn settle(&mut self, error: ConnectError) {
        if let Some(settle) = self.settle.take() {
            let error = Arc::new(error);
            self.shared.course().failed(self.number, &error);
            let _ = settle.send(Err(error));
        }
    }
}

impl Drop for Birth<'_> {
    fn drop(&mut self) {
        if !self.shared.stop.is_cancelled() {
            self.settle(ConnectError::Other("the attempt to connect was given up".into()));
        }
    }
}
