//! The legacy era inside a session.

use std::{sync::Arc, time::Instant};

use http::{StatusCode, request::Parts};
use mcp_jsonrpc::{Id, Kind, Message, ParseError};
use mcp_protocol::{CancelledParams, Era, method};
use mcp_session::Resume;
use mcp_transport::{NotSent, Request};
use mcp_transport_http::server::{Answer, RequestHead};

use super::{
    Answered, Front, Refused, Session, Used,
    answer::{Manner, answer},
    call::{Call, Calls},
    empty,
    outgoing::Outgoing,
    refused,
    streams::{SessionStream, Tail},
};
use crate::{rescue, rescue::Told, server::Server};

impl Front {
    /// Answers a request of a session.
    pub(super) async fn request(self: &Arc<Self>, session: &Session, message: Message) -> Result<Answered, Refused> {
        let call = self.begin(session, message).await?;
        Ok(answer(self, Calls::one(call), Manner::Legacy(Arc::clone(session))).await)
    }

    /// Answers a batch of a session (2025-03-26).
    pub(super) async fn batch(
        self: &Arc<Self>,
        session: &Session,
        parts: Vec<Result<Message, ParseError>>,
    ) -> Result<Answered, Refused> {
        let mut calls = Vec::new();
        for part in parts {
            match part {
                Ok(message) if message.kind() == Kind::Request => calls.push(self.begin(session, message).await?),
                Ok(message) => self.told_by_client(session, message).await,
                Err(error) => {
                    let id = error.id.clone();
                    let refusal = Told::from(&error).message(id.as_ref());
                    calls.push(Call::ready(id.unwrap_or_else(|| Id::from(0)), refusal));
                }
            }
        }
        match Calls::batch(calls) {
            Some(calls) => Ok(answer(self, calls, Manner::Legacy(Arc::clone(session))).await),
            None => Ok(empty(StatusCode::ACCEPTED)),
        }
    }

    /// Sends a request of a session to its server. A request that could not be sent is a call that has failed.
    pub(super) async fn begin(self: &Arc<Self>, session: &Session, message: Message) -> Result<Call, Refused> {
        let id = message.id().unwrap_or_else(|| Id::from(0));
        let name = message.method().unwrap_or_default().to_owned();
        if name == method::INITIALIZE {
            return Err(refused(&rescue::misplaced("the session is initialized already"), Some(&id)));
        }
        let live = session.live();
        let Some((connection, caller)) = live.connection() else {
            return Err(refused(&rescue::misplaced("the session begins with `initialize`"), Some(&id)));
        };
        session.mark_initialized();
        let (used, cancel) = (session.begin_call(), live.cancels.enter(&id));
        let Ok(request) = Request::new(message, Arc::clone(caller)) else {
            return Err(refused(&rescue::misplaced("this is no request"), Some(&id)));
        };
        match connection.call(request).await {
            Ok(reply) => Ok(Call::new(id, &name, reply).of_session(self, used, cancel)),
            Err(error) if live.is_dedicated() && matches!(error.reason, NotSent::Closed(_) | NotSent::Forgotten) => {
                // Nothing was sent, so the client can begin anew and send it then.
                self.end_session(session);
                Err(refused(&rescue::unknown_session(), Some(&id)))
            }
            Err(error) => {
                let refusal = Told::from(&error.reason).message(Some(&id));
                Ok(Call::ready(id, refusal).of_session(self, used, cancel))
            }
        }
    }

    /// Takes a notification or an answer of a session's client.
    pub(super) async fn told_by_client(&self, session: &Session, message: Message) {
        let live = session.live();
        match message.method() {
            // The handshake with the server is over before the client hears of it.
            Some(method::INITIALIZED) => session.mark_initialized(),
            Some(method::CANCELLED) => {
                if let Ok(cancelled) = CancelledParams::read(message.params().unwrap_or("{}"))
                    && let Some(id) = &cancelled.request_id
                {
                    live.cancels.cancel(id, cancelled.reason.as_ref().map(AsRef::as_ref));
                }
            }
            _ => {
                let Some((connection, caller)) = live.connection() else { return };
                if let Err(error) = connection.tell(message, caller).await {
                    tracing::debug!("a message of a client did not reach its server: {error}");
                }
            }
        }
    }

    /// Opens the stream of a session, or continues one that broke.
    pub(super) fn listen(
        self: &Arc<Self>,
        server: &Arc<Server>,
        head: &Parts,
        used: &Used,
    ) -> Result<Answered, Refused> {
        let wire = RequestHead::new(&head.headers);
        if !wire.accept().takes_events() {
            return Err(refused(&rescue::not_acceptable("text/event-stream"), None));
        }
        let session = self.session(server, head)?.ok_or_else(|| without_session(server))?;
        used.by(&session);
        let last = wire.last_event_id().map_err(|refusal| refused(&refusal.into(), None))?;
        let stream = if let Some(last) = last {
            self.resume(&session, last)?
        } else {
            let turn = session.live().listen(false).ok_or_else(|| refused(&rescue::stream_taken(), None))?;
            Outgoing::Session(Box::new(SessionStream::new(self, &session, turn, None)))
        };
        Ok(Answer::events(stream))
    }

    fn resume(self: &Arc<Self>, session: &Session, last: &str) -> Result<Outgoing, Refused> {
        let gone = || refused(&rescue::unknown_event(), None);
        match session.update(|session| session.replay.since(last, Instant::now())) {
            Resume::Events { stream, events, .. } if session.live().stream() == Some(stream) => {
                // Whoever knows the last event is the stream's client, so the broken connection gives way.
                let turn = session.live().listen(true).ok_or_else(gone)?;
                Ok(Outgoing::Session(Box::new(SessionStream::new(self, session, turn, Some((stream, events))))))
            }
            Resume::Events { events, finished, .. } => {
                Ok(Outgoing::Tail(Box::new(Tail::new(self, session, last.to_owned(), events, finished))))
            }
            _ => Err(gone()),
        }
    }

    /// Ends a session at its client's wish.
    pub(super) fn end(&self, server: &Arc<Server>, head: &Parts) -> Result<Answered, Refused> {
        let session = self.session(server, head)?.ok_or_else(|| without_session(server))?;
        self.end_session(&session);
        Ok(empty(StatusCode::OK))
    }
}

/// What is wrong with a GET or a DELETE that names no session: a server of the modern era has none.
fn without_session(server: &Server) -> Refused {
    let modern = server.era() == Some(Era::Modern);
    refused(&if modern { rescue::wrong_method("POST") } else { rescue::no_session() }, None)
}
