//! What the exchanges of one connection have in common: the session, the revision, the numbers of the calls.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use http::{
    HeaderName, HeaderValue, Method, Response,
    header::{ACCEPT, CONTENT_TYPE},
};
use hyper::body::Incoming;
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{Claim, InitializeResult, MirrorHeaders, code, header, method};
use mcp_transport::{Caller, CloseReason, Closed, EventSender, NotSent};
use tokio::{sync::watch, time::timeout};

use super::{
    aside::Asides,
    body,
    exchange::{Ask, Failure, Headers},
    http_client::Chunks,
    remote::Remote,
};

// Made once: a name that is given as a text is looked for among the well-known ones each time.
const SESSION_ID: HeaderName = HeaderName::from_static(header::SESSION_ID);
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static(header::PROTOCOL_VERSION);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static(header::LAST_EVENT_ID);

/// The shared part of one streamable connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) remote: Remote,
    state: Mutex<State>,
    next: AtomicU64,
    events: Mutex<Option<EventSender>>,
    pub(crate) asides: Arc<Asides>,
    ended: watch::Sender<Option<Arc<Closed>>>,
}

#[derive(Debug, Default)]
struct State {
    session: Option<HeaderValue>,
    revision: Option<HeaderValue>,
    forgotten: bool,
    listening: bool,
}

/// The head of a response, and whether its request named a session.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) response: Response<Incoming>,
    pub(crate) in_session: bool,
}

/// Why a message has no response head.
#[derive(Debug)]
pub(crate) enum PostError {
    NotSent(NotSent),
    Lost(mcp_transport::Lost),
}

impl Link {
    pub(crate) fn new(remote: Remote, events: EventSender) -> Self {
        Self {
            remote,
            state: Mutex::default(),
            next: AtomicU64::new(1),
            events: Mutex::new(Some(events)),
            asides: Arc::default(),
            ended: watch::Sender::new(None),
        }
    }

    /// A number that no call of this connection has had.
    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Posts one message and waits for the head of the response.
    pub(crate) async fn post(&self, message: &Message, caller: &Caller) -> Result<Posted, PostError> {
        if self.state().forgotten {
            return Err(PostError::NotSent(NotSent::Forgotten));
        }
        if let Some(closed) = self.ended.borrow().clone() {
            return Err(PostError::NotSent(NotSent::Closed(closed)));
        }
        self.post_now(message, caller).await
    }

    async fn post_now(&self, message: &Message, caller: &Caller) -> Result<Posted, PostError> {
        let mut headers = self.headers_for(message).map_err(PostError::NotSent)?;
        let in_session = has_session(&headers);
        headers.extend(negotiation());
        let body = Chunks::of(message);
        let ask = Ask { method: Method::POST, url: &self.remote.url, headers, body, caller };
        match self.remote.ask(ask).await {
            Ok(response) => Ok(Posted { response, in_session }),
            Err(Failure::NotSent(error)) => Err(PostError::NotSent(NotSent::Connect(Arc::new(error)))),
            Err(Failure::Lost(lost)) => Err(PostError::Lost(lost)),
        }
    }

    /// Opens a stream of the session, or goes on with one.
    pub(crate) async fn open(
        &self,
        after: Option<&HeaderValue>,
        caller: &Caller,
    ) -> Result<Response<Incoming>, Failure> {
        let mut headers = self.session_headers();
        headers.push((ACCEPT, HeaderValue::from_static("text/event-stream")));
        if let Some(after) = after {
            headers.push((LAST_EVENT_ID, after.clone()));
        }
        let url = &self.remote.url;
        self.remote.ask(Ask { method: Method::GET, url, headers, body: Chunks::default(), caller }).await
    }

    /// Ends the session at the server, if there is one. That the server keeps its sessions is fine.
    pub(crate) async fn delete(&self, caller: &Caller) {
        let headers = self.session_headers();
        if !has_session(&headers) || self.state().forgotten {
            return;
        }
        self.state().session = None;
        let url = &self.remote.url;
        let ask = Ask { method: Method::DELETE, url, headers, body: Chunks::default(), caller };
        let asked = timeout(self.remote.limits.post_wait.min(CLOSE_WAIT), self.remote.ask(ask)).await;
        if let Ok(Ok(response)) = asked {
            tracing::debug!(status = response.status().as_u16(), "the session was ended");
        } else {
            tracing::debug!("the session could not be ended at the server");
        }
    }

    fn headers_for(&self, message: &Message) -> Result<Headers, NotSent> {
        if Claim::is_made_by(message) {
            return modern_headers(message);
        }
        let is_first = message.is_method(method::INITIALIZE);
        Ok(if is_first { Headers::new() } else { self.session_headers() })
    }

    fn session_headers(&self) -> Headers {
        let state = self.state();
        let mut headers = Headers::with_capacity(4);
        headers.extend(state.session.clone().map(|id| (SESSION_ID, id)));
        headers.extend(state.revision.clone().map(|revision| (PROTOCOL_VERSION, revision)));
        headers
    }

    /// Takes down the session that the answer to `initialize` names.
    pub(crate) fn learn_session<T>(&self, response: &Response<T>) {
        let id = response.headers().get(SESSION_ID);
        // The specification allows visible ASCII only; anything else would not come back as it went.
        let id = id.filter(|id| id.as_bytes().iter().all(u8::is_ascii_graphic)).cloned();
        self.state().session = id.map(|mut id| {
            id.set_sensitive(true);
            id
        });
    }

    /// Takes down the revision that the result of `initialize` settles on.
    pub(crate) fn learn_revision(&self, response: &Message) {
        let result = response.result().and_then(|result| InitializeResult::read(result).ok());
        let revision = result.and_then(|result| HeaderValue::from_str(&result.protocol_version).ok());
        self.state().revision = revision;
    }

    /// Whether the GET stream has still to be opened; it is `true` once.
    pub(crate) fn start_listening(&self) -> bool {
        !std::mem::replace(&mut self.state().listening, true)
    }

    /// The server has lost our session, so the conversation is over.
    pub(crate) fn forget(&self) {
        self.state().forgotten = true;
        self.finish(CloseReason::Ended);
    }

    /// Ends the conversation; the first reason stays.
    pub(crate) fn finish(&self, reason: CloseReason) {
        self.ended.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert_with(|| Arc::new(Closed::new(reason)));
            first
        });
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) async fn over(&self) -> Arc<Closed> {
        let mut ended = self.ended.subscribe();
        match ended.wait_for(Option::is_some).await.map(|closed| closed.clone()) {
            Ok(Some(closed)) => closed,
            // Not reachable while `self` holds the sender.
            _ => Arc::new(Closed::new(CloseReason::Ended)),
        }
    }

    /// Passes on a message that belongs to no call. What the server asks is answered if there is no room for it.
    pub(crate) async fn event(&self, message: Message, caller: &Caller) {
        let returned = match &*self.events.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(events) => events.push(message).err(),
            None => None,
        };
        if let Some(id) = returned.and_then(|request| request.id()) {
            let busy =
                Message::error_response(Some(&id), code::SERVER_ERROR, "too many requests wait for the client", None);
            self.post_quietly(&busy, caller).await;
        }
    }

    /// Answers a `ping`; gives back every other message.
    pub(crate) async fn answer_ping(&self, message: Message, caller: &Caller) -> Option<Message> {
        if message.kind() != Kind::Request || !message.is_method(method::PING) {
            return Some(message);
        }
        let id: Id = message.id()?;
        self.post_quietly(&Message::response(&id, "{}"), caller).await;
        None
    }

    /// Posts what nobody waits for.
    pub(crate) async fn post_quietly(&self, message: &Message, caller: &Caller) {
        self.settle(self.post(message, caller)).await;
    }

    /// The same while the connection is being closed.
    pub(crate) async fn post_last(&self, message: &Message, caller: &Caller) {
        self.settle(self.post_now(message, caller)).await;
    }

    async fn settle(&self, posting: impl Future<Output = Result<Posted, PostError>>) {
        match timeout(self.remote.limits.post_wait, posting).await {
            Ok(Ok(posted)) if posted.response.status().is_success() => body::discard(posted.response).await,
            Ok(Ok(posted)) => {
                tracing::debug!(status = posted.response.status().as_u16(), "the server refused a message");
            }
            Ok(Err(_)) | Err(_) => tracing::debug!("a message did not reach the server"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long ending a session may hold up a shutdown.
const CLOSE_WAIT: std::time::Duration = std::time::Duration::from_secs(5);

/// The headers that repeat what a modern message says.
pub(crate) fn modern_headers(message: &Message) -> Result<Headers, NotSent> {
    let mirrored = MirrorHeaders::of(message).map_err(|error| NotSent::Unroutable(error.to_string()))?;
    let mut headers = Headers::with_capacity(5);
    for (name, value) in mirrored.iter() {
        let value = HeaderValue::from_str(value).map_err(|error| NotSent::Unroutable(error.to_string()))?;
        headers.push((HeaderName::from_static(name), value));
    }
    Ok(headers)
}

/// Says that a message is sent, and in which forms its answer may come.
pub(crate) fn negotiation() -> [(HeaderName, HeaderValue); 2] {
    [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (ACCEPT, HeaderValue::from_static("application/json, text/event-stream")),
    ]
}

fn has_session(headers: &Headers) -> bool {
    headers.iter().any(|(name, _)| name == SESSION_ID)
}
