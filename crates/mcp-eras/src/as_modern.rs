//! A server of the legacy era as clients of the modern one see it.

mod attended;
mod conversation;
mod driven;
mod listening;
mod retry;
mod seen;
mod teller;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{
    Claim, Envelope, InputResponses, LogLevel, Revision, ServerCapability, SubscriptionFilter, code, method,
};
use mcp_transport::{
    Caller, CloseReason, Closed, Connection, Events, NotSent, Peer, Reply, Request, SendError, Transport,
};
use tokio::sync::watch;

use self::{conversation::Conversation, listening::Listening, retry::Answers, seen::Seen, teller::Teller};
use crate::{ParkedCall, Parking, Room};

/// A server of the legacy era as clients of the modern one see it.
///
/// Every request has a conversation of its own with the server, which ends with it. What the server asks on the way
/// becomes an `input_required` result, while the call waits in a [`Parking`] for the request that brings the answers;
/// changes are told on the streams that were opened for them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
///
/// use futures::StreamExt;
/// use mcp_eras::{AsModern, Parking, ParkingLimits};
/// use mcp_jsonrpc::{Id, Message};
/// use mcp_protocol::{Revision, method};
/// use mcp_transport::{Caller, Client, Connection, Handshake, Memory, Principal, Request};
///
/// let server = Memory::new(|mut end| async move {
///     let result = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}"#;
///     while let Some(message) = end.next().await {
///         if let Some(id) = message.id() {
///             end.send(Message::response(&id, result)).await;
///         }
///     }
/// });
/// let us = Client { info: r#"{"name":"proxy","version":"1"}"#.into(), capabilities: "{}".into() };
/// let legacy = Handshake::new(Arc::new(server), Arc::new(us));
/// let server = AsModern::new("lab", Arc::new(legacy), Arc::new(Parking::new(ParkingLimits::default())?));
///
/// let caller = Arc::new(Caller::new(Principal::Anonymous, Revision::LATEST));
/// let discover = Message::request(&Id::from(1), method::SERVER_DISCOVER, None);
/// let answer = server.call(Request::new(discover, caller).expect("a request")).await?.response().await?;
/// assert_eq!(answer.value(&["result", "supportedVersions"]), Some(r#"["2026-07-28"]"#));
/// # Ok(())
/// # }
/// ```
pub struct AsModern {
    name: Arc<str>,
    legacy: Arc<dyn Transport>,
    parking: Arc<Parking>,
    room: Option<Room>,
    /// Who answered last.
    seen: Mutex<Option<Arc<Seen>>>,
    closed: watch::Sender<Option<Arc<Closed>>>,
}

impl AsModern {
    /// `legacy` opens a conversation of one caller's own with the server, handshake done; one is opened for every request
    /// and closed after it, so it had better be cheap. `name` is the server's: tokens are good for it alone.
    pub fn new(name: impl Into<Arc<str>>, legacy: Arc<dyn Transport>, parking: Arc<Parking>) -> Self {
        let closed = watch::Sender::new(None);
        Self { name: name.into(), legacy, parking, room: None, seen: Mutex::default(), closed }
    }

    /// Lets no more than `most` of its calls wait for their clients: of more, the oldest gives way. Default: any number.
    #[must_use]
    pub fn waiting(self, most: Option<usize>) -> Self {
        let server = Arc::clone(&self.name);
        Self { room: most.map(|most| Room { server, most }), ..self }
    }

    /// Opens a conversation for one request. An error has the request inside.
    async fn open(&self, request: &Request) -> Result<Conversation, SendError> {
        let last = self.seen();
        match Conversation::open(&*self.legacy, request.caller(), last.as_ref()).await {
            Ok(conversation) => {
                *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(conversation.seen()));
                Ok(conversation)
            }
            Err(error) => Err(SendError::new(request.message().clone(), NotSent::Connect(Arc::new(error)))),
        }
    }

    fn seen(&self) -> Option<Arc<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn discover(&self, request: Request) -> Result<Reply, SendError> {
        let conversation = self.open(&request).await?;
        Ok(result(&request, &conversation.seen().modern().handshake))
    }

    async fn listen(&self, request: Request) -> Result<Reply, SendError> {
        let filter = match SubscriptionFilter::read(request.message().params().unwrap_or("{}")) {
            Ok(filter) if filter.resource_subscriptions.len() <= Listening::MOST => filter,
            Ok(_) => return Ok(refusal(&request, code::INVALID_PARAMS, "so many resources cannot be watched at once")),
            Err(error) => return Ok(refusal(&request, code::INVALID_PARAMS, &error.to_string())),
        };
        let conversation = self.open(&request).await?;
        let id = id_of(&request);
        Ok(Listening::new(id, &filter, conversation, self.closed.subscribe()).reply())
    }

    /// Sends a request to the server, for the first time.
    async fn ask(&self, request: Request, level: Option<LogLevel>) -> Result<Reply, SendError> {
        let legacy = Envelope::taken_out_of(request.message());
        let legacy = match legacy {
            Ok(legacy) if method::may_interact(request.method()) => InputResponses::taken_out_of(&legacy),
            legacy => legacy,
        };
        let legacy = match legacy {
            Ok(legacy) => legacy,
            Err(error) => return Ok(refusal(&request, code::INVALID_PARAMS, &error.to_string())),
        };
        let conversation = self.open(&request).await?;
        if let Some(level) = level {
            conversation.set_level(level).await;
        }
        let teller = self.teller(request, level);
        match conversation.call(legacy).await {
            Ok(call) => Ok(driven::drive(teller, call.in_room(self.room.clone()))),
            Err(reason) => Err(SendError::new(teller.into_message(), reason)),
        }
    }

    /// Goes on with a call that waits for the answers that `request` brings.
    async fn go_on(
        &self,
        request: Request,
        level: Option<LogLevel>,
        mut call: ParkedCall,
        answers: Answers,
    ) -> Result<Reply, SendError> {
        let logs = self.seen().is_some_and(|seen| seen.can().has(ServerCapability::Logging));
        if let Some(level) = level.filter(|_| logs) {
            let (connection, caller) = call.made_on();
            conversation::set_level(connection, caller, level).await;
        }
        answers.give(&mut call).await;
        Ok(driven::drive(self.teller(request, level).renamed(), call))
    }

    fn teller(&self, request: Request, level: Option<LogLevel>) -> Teller {
        Teller::new(request, level, Arc::clone(&self.name), Arc::clone(&self.parking), self.seen())
    }
}

#[async_trait]
impl Connection for AsModern {
    /// Who answered last; nobody is known before the first request.
    fn peer(&self) -> Arc<Peer> {
        let unknown = || Arc::new(Peer { revision: Revision::LATEST, handshake: "{}".into() });
        self.seen().map_or_else(unknown, |seen| Arc::clone(seen.modern()))
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let closed = self.closed.borrow().clone();
        if let Some(closed) = closed {
            return Err(SendError::new(request.into_parts().0, NotSent::Closed(closed)));
        }
        let level = match Claim::read(request.message()) {
            Ok(claim) => claim.and_then(|claim| claim.log_level),
            Err(error) => return Ok(refusal(&request, error.code(), &error.to_string())),
        };
        match request.method() {
            method::SERVER_DISCOVER => self.discover(request).await,
            method::SUBSCRIPTIONS_LISTEN => self.listen(request).await,
            name if !may_cross(name) => {
                Ok(refusal(&request, code::METHOD_NOT_FOUND, "this server does not answer this method"))
            }
            name if method::may_interact(name) && InputResponses::are_in(request.message()) => {
                match Answers::read(&request, &self.name, &self.parking) {
                    Ok(None) => self.ask(request, level).await,
                    Ok(Some((call, answers))) => self.go_on(request, level, call, answers).await,
                    Err(text) => Ok(refusal(&request, code::INVALID_PARAMS, &text)),
                }
            }
            _ => self.ask(request, level).await,
        }
    }

    /// Sends nothing: what a modern client may tell is told by closing a stream.
    async fn tell(&self, _: Message, _: &Arc<Caller>) -> Result<(), SendError> {
        Ok(())
    }

    /// None: all that a modern client hears of is part of an answer.
    fn events(&self) -> Option<Events> {
        None
    }

    async fn closed(&self) -> Arc<Closed> {
        let mut closed = self.closed.subscribe();
        match closed.wait_for(Option::is_some).await.map(|closed| closed.clone()) {
            Ok(Some(closed)) => closed,
            // Not reachable while `self` holds the sender.
            _ => Arc::new(Closed::new(CloseReason::Requested)),
        }
    }

    /// Takes no more requests, and ends the streams of changes. Calls go on, and parked ones stay where they are.
    async fn close(&self) {
        self.closed.send_if_modified(|closed| {
            let first = closed.is_none();
            closed.get_or_insert_with(|| Arc::new(Closed::new(CloseReason::Requested)));
            first
        });
    }
}

impl fmt::Debug for AsModern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsModern").field("name", &self.name).field("legacy", &self.legacy).finish_non_exhaustive()
    }
}

/// Whether a legacy server may be asked this by a modern client. Tasks have other shapes in each era.
fn may_cross(name: &str) -> bool {
    let is_of_tasks = matches!(name, method::TASKS_GET | method::TASKS_CANCEL);
    !(method::is_removed_in_modern(name) || method::is_new_in_modern(name) || is_of_tasks)
}

fn id_of(request: &Request) -> Id {
    // A request has one.
    request.message().id().unwrap_or_else(|| Id::from(0))
}

fn result(request: &Request, result: &str) -> Reply {
    Reply::ready(Message::response(&id_of(request), result))
}

fn refusal(request: &Request, code: i64, text: &str) -> Reply {
    Reply::ready(Message::error_response(Some(&id_of(request)), code, text, None))
}

#[cfg(test)]
mod tests;
