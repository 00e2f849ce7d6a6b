//! The dialect of prompty-mcp-proxy: one stream for everyone, and answers where the question was posted.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::Stream;
use http::header::HOST;
use http_body::Body;
use mcp_jsonrpc::{Incoming, quote};
use mcp_protocol::Revision;
use mcp_supervisor::{Failure, State};
use mcp_transport::Connection;
use mcp_transport_http::server::{Answer, Frame, RequestHead};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{Answered, Front, Refused, Used, head::Head, outgoing::Outgoing, refused, streams::comment};
use crate::{
    rescue,
    rescue::Told,
    server::{Listener, Server},
    ticker::{Alarm, TICK},
};

/// What the dialect speaks.
const REVISION: Revision = Revision::LATEST_LEGACY;

impl Front {
    /// Opens a stream of all that the server says outside of calls, and of what it says during calls without a session.
    pub(super) async fn listen_to_all(
        self: &Arc<Self>,
        server: &Arc<Server>,
        head: &Head,
        used: &Used,
    ) -> Result<Answered, Refused> {
        if !RequestHead::new(&head.headers).accept().takes_events() {
            return Err(refused(&rescue::not_acceptable("text/event-stream"), None));
        }
        let caller = Arc::new(head.caller(&Arc::clone(server).into(), REVISION)?);
        server
            .check()
            .map_err(|error| refused(&Told::unreachable(server.name(), &error, REVISION.as_str(), false), None))?;
        let listener = server.listen(&caller, self.limits.notes);
        // A server that cannot be had now may be there later; the stream tells.
        let reached = server.sessionless(&caller).await;
        if let Ok((connection, _)) = &reached {
            server.open_to_listeners(connection, &caller);
        }
        let is_own = server.options().is_dedicated();
        let failure = reached.as_ref().err().filter(|_| is_own);
        let failure = failure.map(|error| Told::unreachable(server.name(), error, REVISION.as_str(), false));
        let stream = AudienceStream {
            endpoint: Some(self.endpoint_of_all(head, used)),
            failure: failure.map(|told| failed(told.text())),
            listener,
            server: Arc::clone(server),
            told: None,
            is_own,
            is_over: false,
            look: self.ticker.alarm(TICK),
            comment: self.ticker.alarm(self.limits.stream_comment),
            stopping: head.door.ended(),
            front: Arc::clone(self),
            _own: reached.ok().filter(|_| is_own).map(|(connection, _)| connection),
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
            (Incoming::One(message), _) => self.plain(&Arc::clone(server).into(), head, message).await,
            (Incoming::Many(_), _) => Err(refused(
                &rescue::misplaced("send the messages one by one; there is no session that has batches"),
                None,
            )),
        }
    }

    /// The event that says where to post to: JSON with an absolute URL.
    fn endpoint_of_all(&self, head: &Head, used: &Used) -> Frame {
        let path = head.uri.path().trim_end_matches('/');
        let path = path.strip_suffix("sse").unwrap_or(path);
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let base = self.public_url.as_deref().map_or_else(|| format!("{}://{host}", used.scheme), str::to_owned);
        // Whoever asked for the dialect has to go on asking for it.
        let query = if head.asks_for_dialect() { "?dialect=prompty" } else { "" };
        let data = format!("{{\"uri\":{}}}", quote(&format!("{base}{path}message{query}")));
        Frame::Event { kind: "endpoint", data: data.into() }
    }
}

/// The stream of one listener.
#[derive(Debug)]
pub(crate) struct AudienceStream {
    front: Arc<Front>,
    server: Arc<Server>,
    endpoint: Option<Frame>,
    /// Why the listener's own instance could not be had, to be told next.
    failure: Option<Frame>,
    listener: Listener,
    /// The failure of the server that was told last.
    told: Option<Failure>,
    /// Whether the instance is the listener's own. Then what goes wrong with others is not for it.
    is_own: bool,
    is_over: bool,
    look: Alarm,
    comment: Alarm,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
    /// The listener's own instance, which is in use for as long as this is held.
    _own: Option<Arc<dyn Connection>>,
}

impl AudienceStream {
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        if let Some(first) = self.endpoint.take().or_else(|| self.failure.take()) {
            return Poll::Ready(Some(first));
        }
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(Some(message)) = Pin::new(&mut self.listener).poll_next(context) {
            self.comment.reset(self.front.limits.stream_comment);
            return Poll::Ready(Some(Frame::Message { message, id: None, named: true }));
        }
        if self.stopping.as_mut().poll(context).is_ready() || self.server.check().is_err() {
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
        if self.is_own {
            return None;
        }
        let status = self.server.status();
        let failure = status.error.filter(|_| status.state == State::Error)?;
        if self.told.as_ref() == Some(&failure) {
            return None;
        }
        let frame = failed(&failure.reason);
        self.told = Some(failure);
        Some(frame)
    }
}

fn failed(reason: &str) -> Frame {
    Frame::Event { kind: "error", data: format!("{{\"error\":{}}}", quote(reason)).into() }
}
