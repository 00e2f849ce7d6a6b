//! The beginning of a session.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{InitializeParams, InitializeResult, Revision, header};
use mcp_transport::{Caller, Client, Lost};
use mcp_transport_http::server::Answer;

use super::{Answered, Front, Refused, Session, Used, head::Head, live::Live, refused, target::Target};
use crate::{rescue, rescue::Told};

impl Front {
    /// Opens a session of streamable HTTP.
    pub(super) async fn initialize(
        self: &Arc<Self>,
        target: &Target,
        head: &Head,
        message: &Message,
        used: &Used,
    ) -> Result<Answered, Refused> {
        let id = message.id();
        let variables = target.variables(head)?;
        let live = Live::new(target.clone(), variables);
        let session = self.open_session(head, Revision::LATEST_LEGACY, live);
        let session = session.map_err(|told| refused(&told, id.as_ref()))?;
        // Whatever happens before the client knows the session's id, nobody else will end it.
        let guard = Unannounced::new(self, &session);
        let response = introduce(&session, message).await.map_err(|told| refused(&told, id.as_ref()))?;
        guard.announced();
        used.by(&session);
        let mut answer = Answer::message(&response);
        if let Ok(value) = HeaderValue::from_str(session.id().expose()) {
            answer.headers_mut().insert(HeaderName::from_static(header::SESSION_ID), value);
        }
        Ok(answer)
    }
}

/// Opens the connection that serves a session, and answers its `initialize` with what the server said of itself.
pub(super) async fn introduce(session: &Session, message: &Message) -> Result<Message, Told> {
    let id = message.id().unwrap_or_else(|| Id::from(0));
    let live = session.live();
    if live.connection().is_some() {
        return Err(rescue::misplaced("the session is initialized already"));
    }
    let params = InitializeParams::read(message.params().unwrap_or("{}"));
    let params = params.map_err(|error| rescue::bad_params(error.to_string()))?;
    let revision = Revision::negotiate(&params.protocol_version);
    let client =
        Arc::new(Client { info: params.client_info.get().into(), capabilities: params.capabilities.get().into() });
    let caller = Arc::new(Caller {
        session: Some(Arc::clone(session.id().expose())),
        client: Some(Arc::clone(&client)),
        headers: live.headers.clone(),
        variables: live.variables.clone(),
        ..Caller::new(session.owner().clone(), revision)
    });
    // A server may take longer than a session may be without its client's next word.
    let _used = session.hold();
    let opened = live.target.open(&caller).await;
    let opened = opened.map_err(|error| live.target.unreachable(&error, &params.protocol_version, false))?;
    let peer = opened.connection.peer();
    let result = InitializeResult::with_version(&peer.handshake, revision.as_str());
    let result = result.map_err(|_| Told::from(&Lost::NotMcp))?;
    session.update(|session| {
        session.revision = revision;
        session.client = Some(client);
    });
    if live.open(opened, caller).is_err() {
        return Err(rescue::misplaced("the session is initialized already"));
    }
    Ok(Message::response(&id, &result))
}

/// A session that its client has not heard of yet; it ends with the request that wanted it.
pub(super) struct Unannounced<'a> {
    front: &'a Front,
    session: Option<&'a Session>,
}

impl<'a> Unannounced<'a> {
    pub(super) fn new(front: &'a Front, session: &'a Session) -> Self {
        Self { front, session: Some(session) }
    }

    pub(super) fn announced(mut self) {
        self.session = None;
    }
}

impl Drop for Unannounced<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session {
            self.front.end_session(session);
        }
    }
}
