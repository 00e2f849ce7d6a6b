//! The connection that a question goes over.

use std::{sync::Arc, time::Duration};

use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{DiscoverResult, Era, InitializeParams, InitializeResult, Revision, method};
use mcp_session::InUse;
use mcp_transport::{Caller, Client, Connection, NotSent, Peer};
use tokio::time::{Instant, sleep};

use super::{
    Asking,
    reply::{Failed, RestAnswer, failed, json, of_session},
};
use crate::{
    front::{
        Session,
        initialize::{Unannounced, introduce},
        live::Live,
    },
    rescue,
    rescue::Told,
    server::Unreachable,
};

/// How we introduce a caller of REST. It can be asked by forms and URLs, for it can answer a 409.
pub(super) const CAN: &str = r#"{"elicitation":{"form":{},"url":{}}}"#;
pub(super) const INFO: &str = concat!(r#"{"name":"mcp-rest","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#);
/// How long it is between two attempts to reach a server that is just not there.
pub(super) const AGAIN: Duration = Duration::from_millis(200);

/// A way to the server, and on whose behalf.
pub(super) struct Reached {
    pub(super) connection: Arc<dyn Connection>,
    pub(super) caller: Arc<Caller>,
    pub(super) era: Era,
    pub(super) session: Option<(Session, InUse<Live>)>,
}

impl Reached {
    pub(super) fn session_id(&self) -> Option<Arc<str>> {
        self.session.as_ref().map(|(session, _)| Arc::clone(session.id().expose()))
    }
}

impl Asking<'_> {
    /// `POST …/initialize`: opens a session, and says who the server is.
    pub(super) async fn initialize(&self) -> Result<RestAnswer, Failed> {
        match self.open_session().await {
            Ok((session, result)) => {
                let id = session.id().expose();
                let answer = json(http::StatusCode::OK, mcp_openapi::answer::with_session(&result, Some(id)));
                Ok(of_session(answer, Some(id)))
            }
            // A server of the modern era has no sessions, and needs none.
            Err(Refusal::OtherEra) => {
                let caller = |revision| self.caller(revision);
                let reached = self.server.single(caller).await;
                let (_, peer, _) = reached.map_err(|error| failed(&self.unreachable(&error)))?;
                Ok(json(http::StatusCode::OK, mcp_openapi::answer::with_session(&introduction(&peer), None)))
            }
            Err(Refusal::Told(told)) => Err(failed(&told)),
        }
    }

    /// The connection of the session that the request names, of a new one if it asks for that, or else a warm one.
    pub(super) async fn reach(&self) -> Result<Reached, Told> {
        if let Some(id) = self.session_name() {
            return self.in_session(&id);
        }
        if self.parameters.init {
            match self.open_session().await {
                Ok((session, _)) => return self.in_session(session.id().expose()),
                Err(Refusal::OtherEra) => {}
                Err(Refusal::Told(told)) => return Err(told),
            }
        }
        let until = Instant::now() + self.front.limits.queue_wait;
        loop {
            match self.server.single(|revision| self.caller(revision)).await {
                Ok((connection, peer, caller)) => {
                    return Ok(Reached { connection, caller, era: peer.era(), session: None });
                }
                Err(Unreachable::Connect(error)) if error.is_transient() && Instant::now() < until => {
                    sleep(AGAIN).await;
                }
                Err(error) => return Err(self.unreachable(&error)),
            }
        }
    }

    /// Whether what was not sent may be sent again, over another connection. Whoever names a session has only that one.
    pub(super) fn may_send_again(&self, reason: &NotSent, since: Instant) -> bool {
        let is_passing = match reason {
            NotSent::Closed(_) | NotSent::Forgotten => true,
            NotSent::Connect(error) => error.is_transient(),
            _ => false,
        };
        is_passing && self.session_name().is_none() && since.elapsed() < self.front.limits.queue_wait
    }

    /// The query wins over the header.
    fn session_name(&self) -> Option<String> {
        let header = || {
            let value = self.head.headers.get(mcp_protocol::header::SESSION_ID)?.to_str().ok()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        self.parameters.session_id.clone().or_else(header)
    }

    fn in_session(&self, id: &str) -> Result<Reached, Told> {
        let sessions = &self.front.sessions;
        let session = sessions.lookup(id, &self.head.principal);
        let session = session.filter(|session| session.live().target.is_server(self.server));
        let session = session.ok_or_else(rescue::unknown_session)?;
        let Some((connection, caller)) =
            session.live().connection().map(|(it, caller)| (Arc::clone(it), Arc::clone(caller)))
        else {
            return Err(rescue::unknown_session());
        };
        let used = session.begin_call();
        Ok(Reached { connection, era: caller.era(), caller, session: Some((session, used)) })
    }

    async fn open_session(&self) -> Result<(Session, String), Refusal> {
        if self.server.has_no_sessions().await {
            return Err(Refusal::OtherEra);
        }
        let (variables, headers) = (self.variables.clone(), self.head.forwarded(self.server));
        let live = Live::new(Arc::clone(self.server).into(), variables).forwarding(headers);
        let session = self.front.open_session(self.head, Revision::LATEST_LEGACY, live);
        let session = session.map_err(Refusal::Told)?;
        let params = InitializeParams::write(Revision::LATEST_LEGACY.as_str(), CAN, INFO);
        // Whatever happens before the caller knows the session's id, nobody else will end it.
        let guard = Unannounced::new(self.front, &session);
        let hello = Message::request(&Id::from(0), method::INITIALIZE, Some(&params));
        match introduce(&session, &hello).await {
            Ok(response) => {
                session.mark_initialized();
                guard.announced();
                Ok((session, response.result().unwrap_or("{}").to_owned()))
            }
            Err(told) => Err(if told.is_other_era() { Refusal::OtherEra } else { Refusal::Told(told) }),
        }
    }

    /// The sender as a caller of the server.
    fn caller(&self, revision: Revision) -> Caller {
        let client = Client { info: INFO.into(), capabilities: CAN.into() };
        let variables = self.variables.clone();
        let headers = self.head.forwarded(self.server);
        let caller = Caller::new(self.head.principal.clone(), revision);
        Caller { client: Some(Arc::new(client)), variables, headers, ..caller }
    }

    fn unreachable(&self, error: &Unreachable) -> Told {
        Told::unreachable(self.server.name(), error, Revision::LATEST_LEGACY.as_str(), false)
    }
}

/// Who answers, in the words of `initialize`, whichever era it speaks.
pub(super) fn introduction(peer: &Peer) -> String {
    let said = if peer.era() == Era::Modern { DiscoverResult::read(&peer.handshake).ok() } else { None };
    let Some(said) = said else { return peer.handshake.as_ref().to_owned() };
    let (info, instructions) = (said.server_info().unwrap_or("{}"), said.instructions.map(ToString::to_string));
    InitializeResult::write(peer.revision.as_str(), said.capabilities.get(), info, instructions.as_deref())
}

/// Why there is no session.
enum Refusal {
    /// The server has none.
    OtherEra,
    Told(Told),
}
