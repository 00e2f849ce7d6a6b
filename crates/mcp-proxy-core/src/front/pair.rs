//! HTTP+SSE of 2024-11-05: one stream for everything that comes back, and a place to post to.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{StatusCode, Uri};
use http_body::Body;
use mcp_jsonrpc::{Incoming, Kind};
use mcp_protocol::Revision;
use mcp_transport_http::server::{Answer, Frame, RequestHead};

use super::{
    Answered, Front, Refused, Used, empty,
    head::Head,
    live::{Live, NotBegun},
    outgoing::Outgoing,
    outlet::{Outlet, beginning},
    refused,
    streams::comment,
    target::Target,
};
use crate::{rescue, rescue::Told, ticker::Alarm};

impl Front {
    /// Opens a session and its stream; the session ends with the stream.
    pub(super) fn open_pair(self: &Arc<Self>, target: &Target, head: &Head, used: &Used) -> Result<Answered, Refused> {
        if !RequestHead::new(&head.headers).accept().takes_events() {
            return Err(refused(&rescue::not_acceptable("text/event-stream"), None));
        }
        let variables = target.variables(head)?;
        let live = Live::new(target.clone(), variables).with_inbox();
        let session = self.open_session(head, Revision::V2024_11_05, live);
        let session = session.map_err(|told| refused(&told, None))?;
        // Not before there is a session: one that comes about while its server leaves would be overlooked.
        if let Err(error) = target.check() {
            self.end_session(&session);
            return Err(refused(&target.unreachable(&error, Revision::V2024_11_05.as_str(), false), None));
        }
        used.by(&session);
        let uri = format!("{}?session_id={}", self.messages_path(&head.uri), session.id().expose());
        let stream = PairStream {
            front: Arc::clone(self),
            outlet: Outlet::new(self, &session),
            endpoint: Some(uri.into()),
            comment: self.ticker.alarm(self.limits.stream_comment),
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
        target: &Target,
        head: &Head,
        body: B,
        used: &Used,
    ) -> Result<Answered, Refused>
    where
        B: Body<Data = Bytes>,
    {
        let id = head.session_parameter().ok_or_else(|| refused(&rescue::no_stream(), None))?;
        let session = self.lookup(target, head, id)?;
        if !session.live().is_pair() {
            return Err(refused(&rescue::unknown_session(), None));
        }
        used.by(&session);
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
                let id = message.id();
                let begun = session.live().begin(beginning(Arc::clone(self), Arc::clone(&session), message));
                begun.map_err(|not_begun| {
                    let told = match not_begun {
                        NotBegun::Full(..) => rescue::too_many_posted(),
                        NotBegun::Over => rescue::unknown_session(),
                    };
                    refused(&told, id.as_ref())
                })?;
            } else {
                self.told_by_client(&session, message).await.map_err(|told| refused(&told, None))?;
            }
        }
        Ok(empty(StatusCode::ACCEPTED))
    }
}

/// Everything that is for one client, as an event stream.
#[derive(Debug)]
pub(crate) struct PairStream {
    front: Arc<Front>,
    outlet: Outlet,
    endpoint: Option<Box<str>>,
    comment: Alarm,
}

impl PairStream {
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        if let Some(uri) = self.endpoint.take() {
            return Poll::Ready(Some(Frame::Endpoint { uri }));
        }
        match self.outlet.poll(context) {
            Poll::Ready(Some(message)) => {
                self.comment.reset(self.front.limits.stream_comment);
                Poll::Ready(Some(Frame::Message { message, id: None, named: true }))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => comment(&mut self.comment, &self.front, context),
        }
    }
}

impl Drop for PairStream {
    fn drop(&mut self) {
        self.front.end_session(self.outlet.session());
    }
}
