//! Streamable HTTP: every message is posted, and every call is an exchange of its own.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use async_trait::async_trait;
use http::StatusCode;
use mcp_jsonrpc::{Incoming as Parsed, Kind, Message};
use mcp_protocol::{Claim, method};
use mcp_transport::{
    Caller, CloseReason, Closed, ConnectError, Connection, Events, Label, NotSent, Peer, Reply, Request, SendError,
    Transport, events,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    answer::{self, Answer},
    background::Background,
    body::{self, Collecting},
    event_stream::{Bookmark, EventStream},
    exchange::refused_connect,
    link::{Link, PostError, Posted},
    listen,
    remote::Remote,
    reply::{CancelOnDrop, Exchange, PostReply, Settled, Source},
};

/// A server that speaks streamable HTTP, of either era.
///
/// Connecting sends nothing: the handshake, or the search for the era, is up to whoever holds this. The connection
/// notices an `initialize` that passes through it, and from then on names the session and the revision it settled on. It
/// opens the server's own stream once `notifications/initialized` has been sent. Messages that carry the modern
/// envelope get the modern headers and no session.
#[derive(Clone, Debug)]
pub struct StreamableHttp {
    remote: Remote,
}

impl StreamableHttp {
    /// Speaks streamable HTTP with `remote`.
    #[must_use]
    pub fn new(remote: Remote) -> Self {
        Self { remote }
    }
}

#[async_trait]
impl Transport for StreamableHttp {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        Ok(Arc::new(Streamable::new(self.remote.clone(), Arc::clone(caller))))
    }
}

#[derive(Debug)]
struct Streamable {
    link: Arc<Link>,
    background: Arc<Background>,
    /// On whose behalf the stream is opened and the session ended.
    caller: Arc<Caller>,
    events: Mutex<Option<Events>>,
    calls: Arc<Semaphore>,
    /// Calls that may take for ever must not use up the places of those that do not.
    long_calls: Arc<Semaphore>,
}

impl Streamable {
    fn new(remote: Remote, caller: Arc<Caller>) -> Self {
        let (sender, events) = events(remote.limits.notes);
        let permits = || Arc::new(Semaphore::new(remote.limits.in_flight));
        let (calls, long_calls) = (permits(), permits());
        let events = Mutex::new(Some(events));
        let background = Arc::new(Background::new());
        Self { link: Arc::new(Link::new(remote, sender)), background, caller, events, calls, long_calls }
    }

    async fn exchange(
        &self,
        message: &Message,
        caller: &Arc<Caller>,
        place: OwnedSemaphorePermit,
    ) -> Result<Reply, NotSent> {
        let (label, sent) = Label::put_on(message, self.link.number()).map_err(NotSent::Unfit)?;
        let modern = Claim::is_made_by(message);
        let introduces = !modern && message.is_method(method::INITIALIZE);
        let mut cancel = if modern || introduces {
            CancelOnDrop::nothing()
        } else {
            CancelOnDrop::new(&self.link, &self.background, caller, label.ours())
        };
        let limits = self.link.remote.limits.notes;
        let aside = (!modern && label.wants_progress()).then(|| self.link.asides.open(label.ours(), limits));
        let answer = match self.link.post(&sent, caller).await {
            Ok(Posted { response, in_session }) => {
                if introduces && response.status().is_success() {
                    self.link.learn_session(&response);
                }
                answer::read(response, label.ours(), in_session).await
            }
            Err(PostError::Lost(lost)) => Answer::Lost(lost),
            Err(PostError::NotSent(reason)) => {
                cancel.disarm();
                return Err(reason);
            }
        };
        let (mut source, mut ready) = (Source::Ended, VecDeque::new());
        match answer {
            Answer::Json(response) => {
                let mut body = Collecting::new(response, self.link.remote.limits.body);
                source = match poll_fn(|context| Poll::Ready(body.poll(context))).await {
                    Poll::Pending => Source::Json(body),
                    Poll::Ready(text) => match self.link.read_json(text, body.response()) {
                        // What came aside of it goes first.
                        Ok(Parsed::One(message)) if message.kind() == Kind::Response && aside.is_none() => {
                            let response = label.adopt(message);
                            if introduces {
                                self.link.learn_revision(&response);
                            }
                            cancel.disarm();
                            return Ok(Reply::new(Settled(Some(Ok(response)))));
                        }
                        Ok(parsed) => Source::Parsed(parsed),
                        Err(lost) => {
                            ready.push_back(Err(lost));
                            Source::Ended
                        }
                    },
                };
            }
            Answer::Events(response) => {
                source = Source::Events(EventStream::new(response, self.link.remote.limits.event));
            }
            Answer::Error(error) => ready.push_back(Ok(label.adopt(error))),
            Answer::Lost(lost) => ready.push_back(Err(lost)),
            Answer::Forgotten => {
                cancel.disarm();
                self.link.forget();
                return Err(NotSent::Forgotten);
            }
        }
        let exchange = Exchange {
            link: Arc::clone(&self.link),
            background: Arc::clone(&self.background),
            caller: Arc::clone(caller),
            label,
            introduces,
            resumable: !modern,
            source,
            ready,
            bookmark: Bookmark::default(),
            skipped: false,
        };
        Ok(Reply::new(PostReply::new(exchange, aside, cancel)).holding(place))
    }

    async fn post(&self, message: &Message, caller: &Arc<Caller>) -> Result<(), NotSent> {
        let Ok(posted) = timeout(self.link.remote.limits.post_wait, self.link.post(message, caller)).await else {
            tracing::warn!("the server did not take a message in time");
            return Ok(());
        };
        let Posted { response, in_session } = match posted {
            Ok(posted) => posted,
            Err(PostError::NotSent(reason)) => return Err(reason),
            Err(PostError::Lost(_)) => return Ok(()),
        };
        match response.status() {
            status if status.is_success() => {
                body::discard(response).await;
                Ok(())
            }
            StatusCode::NOT_FOUND if in_session => {
                self.link.forget();
                Err(NotSent::Forgotten)
            }
            status if status.is_server_error() => {
                // It may have acted on the message all the same.
                tracing::warn!(status = status.as_u16(), "the server failed on a message that has no response");
                Ok(())
            }
            _ => Err(NotSent::Connect(Arc::new(refused_connect(&response)))),
        }
    }
}

#[async_trait]
impl Connection for Streamable {
    fn peer(&self) -> Arc<Peer> {
        Arc::new(Peer::unknown())
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let places = if method::is_long_lived(request.method()) { &self.long_calls } else { &self.calls };
        let Ok(place) = Arc::clone(places).try_acquire_owned() else {
            let busy = NotSent::Busy("as many calls are in flight to the server as `in_flight` allows");
            return Err(SendError::new(request.into_parts().0, busy));
        };
        let (message, caller) = request.into_parts();
        self.exchange(&message, &caller, place).await.map_err(|reason| SendError::new(message, reason))
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        // The ids of calls are ours on the wire, so a caller's id in a cancellation could hit someone else's call. A call
        // is cancelled by dropping its reply.
        if message.is_method(method::CANCELLED) {
            return Ok(());
        }
        if let Err(reason) = self.post(&message, caller).await {
            return Err(SendError::new(message, reason));
        }
        let introduced = message.kind() == Kind::Notification && message.is_method(method::INITIALIZED);
        if introduced && self.link.start_listening() {
            self.background.spawn(listen::run(Arc::clone(&self.link), Arc::clone(&self.caller)));
        }
        Ok(())
    }

    fn events(&self) -> Option<Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.link.over().await
    }

    async fn close(&self) {
        self.link.finish(CloseReason::Requested);
        let (link, background, caller) =
            (Arc::clone(&self.link), Arc::clone(&self.background), Arc::clone(&self.caller));
        let stop = tokio::spawn(async move {
            background.stop().await;
            link.delete(&caller).await;
        });
        // It goes on by itself if nobody waits; that it panics is not expected and changes nothing.
        let _ = stop.await;
    }
}

impl Drop for Streamable {
    fn drop(&mut self) {
        self.link.finish(CloseReason::Requested);
        let (link, caller) = (Arc::clone(&self.link), Arc::clone(&self.caller));
        self.background.spawn_last(async move { link.delete(&caller).await });
    }
}
