//! HTTP+SSE of 2024-11-05: one stream for everything that comes back, and a place to post to.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use futures::{Stream, stream::FuturesUnordered};
use http::{StatusCode, Uri, request::Parts};
use http_body::Body;
use mcp_jsonrpc::{Id, Incoming, Kind, Message};
use mcp_protocol::{Revision, method};
use mcp_session::InUse;
use mcp_transport_http::server::{Answer, Frame, RequestHead};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{
    Answered, Front, Refused, Session, Used,
    call::Call,
    empty,
    initialize::introduce,
    live::{Beginning, Live, Turn},
    outgoing::Outgoing,
    refused,
    streams::comment,
};
use crate::{rescue, rescue::Told, server::Server, ticker::Alarm};

impl Front {
    /// Opens a session and its stream; the session ends with the stream.
    pub(super) fn open_pair(
        self: &Arc<Self>,
        server: &Arc<Server>,
        head: &Parts,
        used: &Used,
    ) -> Result<Answered, Refused> {
        if !RequestHead::new(&head.headers).accept().takes_events() {
            return Err(refused(&rescue::not_acceptable("text/event-stream"), None));
        }
        let live = |_: &_| Live::new(Arc::clone(server)).with_inbox();
        let session = self.sessions.create(self.principal(head), Revision::V2024_11_05, Instant::now(), live);
        let session = session.map_err(|error| refused(&Told::from(&error), None))?;
        used.by(&session);
        let uri = format!("{}?session_id={}", self.messages_path(&head.uri), session.id().expose());
        let stream = PairStream {
            comment: self.ticker.alarm(self.limits.stream_comment),
            stopping: Box::pin(self.stopping.clone().cancelled_owned()),
            front: Arc::clone(self),
            used: session.begin_stream(),
            endpoint: Some(uri.into()),
            beginnings: FuturesUnordered::new(),
            calls: Vec::new(),
            turn: None,
        };
        Ok(Answer::events(Outgoing::Pair(Box::new(stream))))
    }

    /// Where the clients of the stream at `uri` post to, as seen from outside.
    fn messages_path(&self, uri: &Uri) -> String {
        let path = uri.path().strip_suffix('/').unwrap_or(uri.path());
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        format!("{}{parent}/messages", self.public_path)
    }

    /// Takes a message for the session whose stream is open; what comes back goes there.
    pub(super) async fn post_to_pair<B>(
        self: &Arc<Self>,
        server: &Arc<Server>,
        head: &Parts,
        body: B,
    ) -> Result<Answered, Refused>
    where
        B: Body<Data = Bytes>,
    {
        let id = session_parameter(&head.uri).ok_or_else(|| refused(&rescue::no_stream(), None))?;
        let session = self.lookup(server, head, id)?;
        if !session.live().is_pair() {
            return Err(refused(&rescue::unknown_session(), None));
        }
        let (incoming, _) = self.read(head, body).await?;
        let messages = match incoming {
            Incoming::One(message) => vec![message],
            Incoming::Many(parts) if session.update(|session| session.revision.has_batches()) => {
                let parts: Result<Vec<_>, _> = parts.into_iter().collect();
                parts.map_err(|error| refused(&Told::from(&error), error.id.as_ref()))?
            }
            Incoming::Many(_) => {
                let text = "batches exist in revision 2025-03-26 only; send the messages one by one";
                return Err(refused(&rescue::misplaced(text), None));
            }
        };
        for message in messages {
            if message.kind() == Kind::Request {
                session.live().begin(beginning(Arc::clone(self), Arc::clone(&session), message));
            } else {
                self.told_by_client(&session, message).await;
            }
        }
        Ok(empty(StatusCode::ACCEPTED))
    }
}

/// A request on its way to the server. The POST that brought it is answered before.
fn beginning(front: Arc<Front>, session: Session, message: Message) -> Beginning {
    Box::pin(async move {
        let id = message.id().unwrap_or_else(|| Id::from(0));
        if message.method() == Some(method::INITIALIZE) {
            let response = introduce(&session, &message).await;
            return Some(Call::ready(id.clone(), response.unwrap_or_else(|told| told.message(Some(&id)))));
        }
        let refusal = || rescue::misplaced("the session begins with `initialize`").message(Some(&id));
        Some(front.begin(&session, message).await.unwrap_or_else(|_| Call::ready(id.clone(), refusal())))
    })
}

/// The value of `session_id`, which some clients write as one word.
fn session_parameter(uri: &Uri) -> Option<&str> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(name, _)| matches!(*name, "session_id" | "sessionId")).map(|(_, value)| value)
}

/// Everything that is for one client, as it comes.
#[derive(Debug)]
pub(crate) struct PairStream {
    front: Arc<Front>,
    used: InUse<Live>,
    endpoint: Option<Box<str>>,
    beginnings: FuturesUnordered<Beginning>,
    calls: Vec<Call>,
    turn: Option<Turn>,
    comment: Alarm,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl PairStream {
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        if let Some(uri) = self.endpoint.take() {
            return Poll::Ready(Some(Frame::Endpoint { uri }));
        }
        let session = Arc::clone(self.used.session());
        if !session.is_alive() || self.stopping.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        self.begin(context);
        let next = match self.poll_calls(context) {
            Some(message) => Poll::Ready(Some(message)),
            None => self.poll_events(&session, context),
        };
        match next {
            Poll::Ready(Some(message)) => {
                self.comment.reset(self.front.limits.stream_comment);
                Poll::Ready(Some(Frame::Message { message, id: None, named: true }))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => comment(&mut self.comment, &self.front, context),
        }
    }

    /// Moves what was posted on to its server.
    fn begin(&mut self, context: &mut Context<'_>) {
        while let Some(beginning) = self.used.session().live().poll_beginning(context) {
            self.beginnings.push(beginning);
        }
        while let Poll::Ready(Some(begun)) = Pin::new(&mut self.beginnings).poll_next(context) {
            self.calls.extend(begun);
        }
    }

    fn poll_calls(&mut self, context: &mut Context<'_>) -> Option<Message> {
        let found = self.calls.iter_mut().find_map(|call| match call.poll(context) {
            Poll::Ready(Some(message)) => Some(message),
            _ => None,
        });
        self.calls.retain(|call| !call.is_over());
        found
    }

    /// What belongs to no call; the end of a dedicated connection is the end of the session.
    fn poll_events(&mut self, session: &Session, context: &mut Context<'_>) -> Poll<Option<Message>> {
        if self.turn.is_none() && session.live().connection().is_some() {
            self.turn = session.live().listen(false);
        }
        self.turn.as_ref().map_or(Poll::Pending, |turn| turn.poll(context))
    }
}

impl Drop for PairStream {
    fn drop(&mut self) {
        self.front.end_session(self.used.session());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_among_other_parameters() {
        for (uri, id) in [
            ("/messages?session_id=a", Some("a")),
            ("/messages?x=1&sessionId=b&y", Some("b")),
            ("/messages", None),
            ("/messages?session=a", None),
        ] {
            assert_eq!(session_parameter(&uri.parse().unwrap()), id, "{uri}");
        }
    }
}
