//! The legacy era inside a session.

use std::{sync::Arc, task::Poll};

use futures::poll;
use http::StatusCode;
use mcp_jsonrpc::{Id, Kind, Message, ParseError};
use mcp_protocol::{Era, level_of, method, resource_uri};
use mcp_session::Resume;
use mcp_transport::{Caller, NotSent, Request};
use mcp_transport_http::server::{Answer, RequestHead};

use super::{
    Answered, Front, Refused, Session, Used,
    answer::{Manner, answer},
    call::{Call, Calls},
    cancel::Cancellable,
    empty,
    head::Head,
    now,
    outgoing::Outgoing,
    outlet::beginning,
    post::{check_version_of, says_modern},
    refused,
    streams::{SessionStream, Tail},
    target::Target,
};
use crate::{rescue, rescue::Told};

impl Front {
    /// Answers a request of a session.
    pub(super) async fn request(self: &Arc<Self>, session: &Session, message: Message) -> Result<Answered, Refused> {
        let id = message.id().unwrap_or_else(|| Id::from(0));
        let cancel = session.live().cancels.enter(&id);
        let call = self.begin(session, message, cancel).await.map_err(|told| refused(&told, Some(&id)))?;
        Ok(answer(self, Calls::one(call), Manner::Legacy(Arc::clone(session))).await)
    }

    /// Answers a batch of a session (2025-03-26).
    pub(super) async fn batch(
        self: &Arc<Self>,
        session: &Session,
        parts: Vec<Result<Message, ParseError>>,
    ) -> Result<Answered, Refused> {
        // Before anything is sent: a batch is refused as a whole or not at all.
        if parts.iter().flatten().any(|message| message.is_method(method::INITIALIZE)) {
            return Err(refused(&rescue::misplaced("`initialize` cannot be part of a batch"), None));
        }
        let mut calls = Calls::batch();
        for part in parts {
            match part {
                Ok(message) if message.kind() == Kind::Request => {
                    let mut call = beginning(Arc::clone(self), Arc::clone(session), message);
                    // One that has to wait for a place must not hold up the answers of those before it.
                    match poll!(&mut call) {
                        Poll::Ready(call) => calls.push(call),
                        Poll::Pending => calls.push_waiting(call),
                    }
                }
                Ok(message) => drop(self.told_by_client(session, message).await),
                Err(error) => {
                    let id = error.id.clone();
                    let refusal = Told::from(&error).message(id.as_ref());
                    calls.push(Call::ready(id.unwrap_or_else(|| Id::from(0)), refusal));
                }
            }
        }
        if calls.are_over() {
            return Ok(empty(StatusCode::ACCEPTED));
        }
        Ok(answer(self, calls, Manner::Legacy(Arc::clone(session))).await)
    }

    /// Sends a request of a session to its server. A request that could not be sent is a call that has failed.
    pub(super) async fn begin(
        self: &Arc<Self>,
        session: &Session,
        message: Message,
        cancel: Cancellable,
    ) -> Result<Call, Told> {
        let id = message.id().unwrap_or_else(|| Id::from(0));
        let name = message.method().unwrap_or_default();
        let is_listening = name == method::SUBSCRIPTIONS_LISTEN;
        if name == method::INITIALIZE {
            return Err(rescue::misplaced("the session is initialized already"));
        }
        let live = session.live();
        let Some((connection, caller)) = live.connection() else {
            return Err(rescue::misplaced("the session begins with `initialize`"));
        };
        session.mark_initialized();
        if let Err(told) = usable(&live.target, caller) {
            return Ok(Call::ready(id.clone(), told.message(Some(&id))));
        }
        keep(session, name, &message)?;
        let used = session.begin_call();
        let Ok(request) = Request::new(message, Arc::clone(caller)) else {
            return Err(rescue::misplaced("this is no request"));
        };
        match cancel.beginning(connection.call(request)).await {
            Ok(reply) => Ok(Call::new(id, is_listening, reply).of_session(self, used, cancel)),
            Err(error) if live.is_dedicated() && matches!(error.reason, NotSent::Closed(_) | NotSent::Forgotten) => {
                // Nothing was sent, so the client can begin anew and send it then.
                self.end_session(session);
                Err(rescue::unknown_session())
            }
            Err(error) => {
                let refusal = Told::from(&error.reason).message(Some(&id));
                Ok(Call::ready(id, refusal).of_session(self, used, cancel))
            }
        }
    }

    /// Takes a notification or an answer of a session's client.
    pub(super) async fn told_by_client(&self, session: &Session, message: Message) -> Result<(), Told> {
        let live = session.live();
        match message.method() {
            // The handshake with the server is over before the client hears of it.
            Some(method::INITIALIZED) => session.mark_initialized(),
            Some(method::CANCELLED) => live.cancels.cancel_by(&message),
            _ => {
                let Some((connection, caller)) = live.connection() else { return Ok(()) };
                if message.kind() == Kind::Notification {
                    usable(&live.target, caller)?;
                }
                connection.tell(message, caller).await.map_err(|error| Told::from(&error.reason))?;
            }
        }
        Ok(())
    }

    /// Opens the stream of a session, or continues one that broke.
    pub(super) fn listen(self: &Arc<Self>, target: &Target, head: &Head, used: &Used) -> Result<Answered, Refused> {
        let wire = RequestHead::new(&head.headers);
        if !wire.accept().takes_events() {
            return Err(refused(&rescue::not_acceptable("text/event-stream"), None));
        }
        let session = self.named(target, head)?;
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
        match session.update(|session| session.replay.since(last, now())) {
            Resume::Events { stream, events, .. } if session.live().stream() == Some(stream) => {
                // Whoever knows the last event is the stream's client, so the broken connection gives way.
                let turn = session.live().listen(true).ok_or_else(gone)?;
                // Read again, now that the broken stream records nothing more.
                let events = match session.update(|session| session.replay.since(last, now())) {
                    Resume::Events { events, .. } => events,
                    _ => events,
                };
                Ok(Outgoing::Session(Box::new(SessionStream::new(self, session, turn, Some((stream, events))))))
            }
            Resume::Events { events, finished, .. } => {
                Ok(Outgoing::Tail(Box::new(Tail::new(self, session, last.to_owned(), events, finished))))
            }
            _ => Err(gone()),
        }
    }

    /// Ends a session at its client's wish.
    pub(super) fn end(&self, target: &Target, head: &Head) -> Result<Answered, Refused> {
        let session = self.named(target, head)?;
        self.end_session(&session);
        Ok(empty(StatusCode::OK))
    }

    /// The session that a GET or a DELETE must name. The modern era has neither of them.
    fn named(&self, target: &Target, head: &Head) -> Result<Session, Refused> {
        let wrong_method = || refused(&rescue::wrong_method("POST"), None);
        if says_modern(head) {
            return Err(wrong_method());
        }
        match self.session(target, head)? {
            Some(session) => check_version_of(head).map(|()| session),
            None if target.era() == Some(Era::Modern) => Err(wrong_method()),
            None => Err(refused(&rescue::no_session(), None)),
        }
    }
}

/// Refuses the use of a server that somebody has stopped since the session began.
fn usable(target: &Target, caller: &Caller) -> Result<(), Told> {
    target.check().map_err(|error| target.unreachable(&error, caller.revision.as_str(), false))
}

/// Keeps what a session asks its server to remember, as plain data of the session, and within its bounds.
fn keep(session: &Session, name: &str, message: &Message) -> Result<(), Told> {
    let params = || message.params().unwrap_or("{}");
    match name {
        method::RESOURCES_SUBSCRIBE => {
            let Ok(uri) = resource_uri(params()) else { return Ok(()) };
            session
                .update(|session| session.subscriptions.add(&uri))
                .map(drop)
                .map_err(|error| rescue::bad_params(error.to_string()))
        }
        method::RESOURCES_UNSUBSCRIBE => {
            if let Ok(uri) = resource_uri(params()) {
                session.update(|session| session.subscriptions.remove(&uri));
            }
            Ok(())
        }
        method::LOGGING_SET_LEVEL => {
            if let Ok(level) = level_of(params()) {
                session.update(|session| session.log_level = Some(level));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
