//! A modern server as a legacy client sees it.

mod asked;
mod driven;
mod handshake;
mod incoming;
mod listening;
mod members;
mod outgoing;
mod round;
mod session;
mod structured;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::stream;
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{Revision, ServerCapability, code, level_of, method, resource_uri};
use mcp_transport::{Caller, CloseReason, Closed, Connection, Events, NotSent, Peer, Reply, Request, SendError};
use tokio::time::timeout;

use self::{driven::Driven, session::Session};

/// A server of the modern era as one client of the legacy era sees it: what the server does not remember is remembered
/// here.
///
/// Every request carries what the client said once: who it is, what it can do, how verbose the log is to be. A server that
/// wants input asks by a real request in the middle of the call, and the call is made again with the answer. Whatever the
/// client subscribes to, and the lists that may change, are one stream of changes, which is opened again when it is lost.
#[derive(Debug)]
pub struct AsLegacy {
    session: Arc<Session>,
    peer: Arc<Peer>,
}

/// How long the answer to a subscription waits for the server, so that nothing after it goes by unheard.
const SUBSCRIBE_PATIENCE: Duration = Duration::from_secs(10);

impl AsLegacy {
    /// `modern` is a connection to the server in the modern era: its [`peer`](Connection::peer) has the result of
    /// `server/discover`. `caller` is the legacy client; one that has said nothing of itself cannot be asked anything.
    /// `name` stands for a server that does not give its own.
    ///
    /// Its [`events`](Connection::events) and subscriptions need a tokio runtime.
    pub fn new(name: impl Into<Arc<str>>, modern: Arc<dyn Connection>, caller: &Arc<Caller>) -> Arc<Self> {
        let name = name.into();
        let handshake = handshake::initialize_result(&modern.peer().handshake, &name).into();
        let peer = Arc::new(Peer { revision: Revision::LATEST_LEGACY, handshake });
        Arc::new(Self { session: Arc::new(Session::new(name, modern, caller)), peer })
    }

    /// Sends a request to the server, and drives it to its end.
    async fn pass(&self, request: Request) -> Result<Reply, SendError> {
        let session = &self.session;
        let envelope = session.envelope(session.level()).members();
        let (message, caller) = request.into_parts();
        let Some(id) = message.id() else { return Ok(Reply::stream(stream::empty())) };
        let dressed = match outgoing::dress(&message, &envelope) {
            Ok(dressed) => dressed.with_id(Id::from(session.number())),
            Err(error) => return Ok(refused(&id, code::INVALID_PARAMS, &error.to_string())),
        };
        let Ok(first) = Request::new(dressed, session.modern_caller(&caller)) else {
            return Ok(Reply::stream(stream::empty()));
        };
        match session.modern.call(first.clone()).await {
            Ok(reply) => Ok(Reply::new(Driven::new(Arc::clone(session), id, first, reply))),
            // It comes back as it was.
            Err(error) => Err(SendError::new(message, error.reason)),
        }
    }

    fn set_level(&self, id: &Id, params: &str) -> Reply {
        match level_of(params) {
            Ok(level) => {
                self.session.set_level(level);
                done(id)
            }
            Err(error) => refused(id, code::INVALID_PARAMS, &error.to_string()),
        }
    }

    fn subscribe(&self, id: &Id, params: &str, begins: bool) -> Reply {
        if !self.session.server.has(ServerCapability::ResourcesSubscribe) {
            return refused(id, code::METHOD_NOT_FOUND, "the server does not tell of changes of single resources");
        }
        let uri = match resource_uri(params) {
            Ok(uri) => uri,
            Err(error) => return refused(id, code::INVALID_PARAMS, &error.to_string()),
        };
        if !begins {
            self.session.unsubscribe(&uri);
            return done(id);
        }
        let Some(change) = self.session.subscribe(&uri) else {
            let text = "as many resources are subscribed to as may be; unsubscribe from some first";
            return refused(id, code::INVALID_REQUEST, text);
        };
        let (session, response) = (Arc::clone(&self.session), Message::response(id, "{}"));
        Reply::stream(stream::once(async move {
            let _ = timeout(SUBSCRIBE_PATIENCE, session.settled(change)).await;
            Ok(response)
        }))
    }
}

#[async_trait]
impl Connection for AsLegacy {
    fn peer(&self) -> Arc<Peer> {
        Arc::clone(&self.peer)
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let over = self.session.closed.borrow().clone();
        if let Some(closed) = over {
            return Err(SendError::new(request.into_parts().0, NotSent::Closed(closed)));
        }
        let message = request.message();
        let Some(id) = message.id() else { return self.pass(request).await };
        let params = message.params().unwrap_or("{}");
        match request.method() {
            method::INITIALIZE => Ok(Reply::ready(Message::response(&id, &self.peer.handshake))),
            method::PING => Ok(done(&id)),
            method::LOGGING_SET_LEVEL => Ok(self.set_level(&id, params)),
            method::RESOURCES_SUBSCRIBE => Ok(self.subscribe(&id, params, true)),
            method::RESOURCES_UNSUBSCRIBE => Ok(self.subscribe(&id, params, false)),
            name if is_of_one_era(name) => {
                Ok(refused(&id, code::METHOD_NOT_FOUND, "the server does not have this in the revision you speak"))
            }
            _ => self.pass(request).await,
        }
    }

    /// Takes answers to what the client was asked. What it says of its own connection is nothing a modern server hears of.
    async fn tell(&self, message: Message, _: &Arc<Caller>) -> Result<(), SendError> {
        if message.kind() == Kind::Response {
            self.session.asked().answer(message);
        }
        Ok(())
    }

    fn events(&self) -> Option<Events> {
        self.session.take_events()
    }

    async fn closed(&self) -> Arc<Closed> {
        let mut over = self.session.closed.subscribe();
        let over = async {
            // The sender is in the session, which is here.
            match over.wait_for(Option::is_some).await {
                Ok(closed) => closed.clone(),
                Err(_) => None,
            }
        };
        tokio::select! {
            Some(closed) = over => closed,
            closed = self.session.modern.closed() => closed,
        }
    }

    /// Leaves the connection to the server open: others may use it.
    async fn close(&self) {
        self.session.end(Arc::new(Closed::new(CloseReason::Requested)));
    }
}

impl Drop for AsLegacy {
    fn drop(&mut self) {
        self.session.end(Arc::new(Closed::new(CloseReason::Requested)));
    }
}

/// Whether a request means nothing across the eras. Tasks have the same names in both, and other shapes.
fn is_of_one_era(name: &str) -> bool {
    method::is_removed_in_modern(name)
        || method::is_new_in_modern(name)
        || matches!(name, method::TASKS_GET | method::TASKS_CANCEL)
}

fn done(id: &Id) -> Reply {
    Reply::ready(Message::response(id, "{}"))
}

fn refused(id: &Id, code: i64, text: &str) -> Reply {
    Reply::ready(Message::error_response(Some(id), code, text, None))
}

#[cfg(test)]
mod tests;
