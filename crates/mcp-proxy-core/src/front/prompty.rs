//! The dialect of prompty-mcp-proxy: one stream for everyone, and answers where the question was posted.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::header::HOST;
use http_body::Body;
use mcp_jsonrpc::{Incoming, Kind, quote};
use mcp_protocol::Revision;
use mcp_supervisor::State;
use mcp_transport::{Caller, Events, Partition};
use mcp_transport_http::server::{Answer, Frame, RequestHead};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{Answered, Front, Refused, head::Head, outgoing::Outgoing, refused, streams::comment};
use crate::{
    Sharing, rescue,
    server::{Audience, Listener, Server},
    ticker::{Alarm, TICK},
};

impl Front {
    /// Opens a stream of all that the server says outside of calls, and of what it says during calls without a session.
    pub(super) async fn listen_to_all(
        self: &Arc<Self>,
        server: &Arc<Server>,
        head: &Head,
    ) -> Result<Answered, Refused> {
        if !RequestHead::new(&head.headers).accept().takes_events() {
            return Err(refused(&rescue::not_acceptable("text/event-stream"), None));
        }
        let caller = Arc::new(head.caller(server, Revision::LATEST_LEGACY)?);
        let listener = server.audience().join(caller.partition(), self.limits.notes);
        // A server that cannot be had now may be there later; the stream says so.
        if let Ok((connection, _)) = server.sessionless(&caller).await
            && let Some(events) = connection.events()
        {
            let partition = (server.options().sharing == Sharing::Dedicated).then(|| caller.partition());
            tokio::spawn(pass_on(events, Arc::clone(server.audience()), partition));
        }
        let stream = AudienceStream {
            endpoint: Some(self.endpoint_of_all(head)),
            listener,
            server: Arc::clone(server),
            last: State::Running,
            is_over: false,
            look: self.ticker.alarm(TICK),
            comment: self.ticker.alarm(self.limits.stream_comment),
            stopping: Box::pin(self.stopping.clone().cancelled_owned()),
            front: Arc::clone(self),
        };
        Ok(Answer::events(Outgoing::Audience(Box::new(stream))))
    }

    /// Takes a message and answers it in the body.
    pub(super) async fn post_for_all<B>(
        self: &Arc<Self>,
        server: &Arc<Server>,
        head: &Head,
        body: B,
    ) -> Result<Answered, Refused>
    where
        B: Body<Data = Bytes>,
    {
        match self.read(head, body).await? {
            (Incoming::One(message), _) => self.plain(server, head, message).await,
            (Incoming::Many(_), _) => Err(refused(
                &rescue::misplaced("send the messages one by one; there is no session that has batches"),
                None,
            )),
        }
    }

    /// The event that says where to post to: JSON with an absolute URL.
    fn endpoint_of_all(&self, head: &Head) -> Frame {
        let path = head.uri.path().trim_end_matches('/');
        let path = path.strip_suffix("sse").unwrap_or(path);
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let base = self.public_url.as_deref().map_or_else(|| format!("http://{host}"), str::to_owned);
        // Whoever asked for the dialect has to go on asking for it.
        let query = if head.asks_for_dialect() { "?dialect=prompty" } else { "" };
        let data = format!("{{\"uri\":{}}}", quote(&format!("{base}{path}message{query}")));
        Frame::Event { kind: "endpoint", data: data.into() }
    }
}

/// Tells the audience what belongs to no call, until the connection is over.
async fn pass_on(mut events: Events, audience: Arc<Audience>, partition: Option<Partition>) {
    while let Some(event) = events.next().await {
        if event.kind() == Kind::Notification {
            audience.tell(partition.as_ref(), &event);
        }
    }
}

/// The stream of one listener.
#[derive(Debug)]
pub(crate) struct AudienceStream {
    front: Arc<Front>,
    server: Arc<Server>,
    endpoint: Option<Frame>,
    listener: Listener,
    /// What the server was last seen to do.
    last: State,
    is_over: bool,
    look: Alarm,
    comment: Alarm,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl AudienceStream {
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        if let Some(endpoint) = self.endpoint.take() {
            return Poll::Ready(Some(endpoint));
        }
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(Some(message)) = Pin::new(&mut self.listener).poll_next(context) {
            self.comment.reset(self.front.limits.stream_comment);
            return Poll::Ready(Some(Frame::Message { message, id: None, named: true }));
        }
        if self.stopping.as_mut().poll(context).is_ready() || !self.server.is_usable() {
            self.is_over = true;
            return Poll::Ready(Some(Frame::Event { kind: "close", data: r#"{"message":"Server closed"}"#.into() }));
        }
        if self.look.poll(context).is_ready() {
            self.look.reset(TICK);
            if let Some(failure) = self.look_for_failure() {
                return Poll::Ready(Some(failure));
            }
            // Set anew, the alarm has to be told whom to wake.
            let _ = self.look.poll(context);
        }
        comment(&mut self.comment, &self.front, context)
    }

    /// The event that says that the server has failed, once for each time it does.
    fn look_for_failure(&mut self) -> Option<Frame> {
        let status = self.server.status();
        let has_failed = status.state == State::Error && self.last != State::Error;
        self.last = status.state;
        let failure = status.error.filter(|_| has_failed)?;
        let data = format!("{{\"error\":{}}}", quote(&failure.reason));
        Some(Frame::Event { kind: "error", data: data.into() })
    }
}

/// Tells a partition what the server says during one of its calls.
pub(super) fn overheard(server: &Server, caller: &Caller, note: &mcp_jsonrpc::Message) {
    if note.kind() == Kind::Notification {
        server.audience().tell(Some(&caller.partition()), note);
    }
}
