//! The plain form: JSON in, JSON out, no session, no stream. The proxy has done the handshake.

use std::sync::Arc;

use futures::StreamExt;
use http::StatusCode;
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{InitializeParams, InitializeResult, Revision, method};
use mcp_transport::{Lost, Request};
use mcp_transport_http::server::Answer;

use super::{Answered, Front, Refused, empty, head::Head, refused, target::Target};
use crate::{rescue, rescue::Told};

impl Front {
    /// Answers a message of the plain form: a request gets its JSON answer, a notification nothing.
    pub(super) async fn plain(
        self: &Arc<Self>,
        target: &Target,
        head: &Head,
        message: Message,
    ) -> Result<Answered, Refused> {
        let id = message.id();
        let refuse = |told: &Told| refused(told, id.as_ref());
        if message.kind() == Kind::Response {
            return Err(refuse(&rescue::misplaced("without a session there is no question to answer")));
        }
        let caller = Arc::new(head.caller(target, Revision::LATEST_LEGACY)?);
        let reached = target.sessionless(&caller).await;
        let (connection, peer) =
            reached.map_err(|error| refuse(&target.unreachable(&error, Revision::LATEST_LEGACY.as_str(), false)))?;
        if let Some(server) = target.server() {
            server.open_to_listeners(&connection, &caller);
        }
        if message.kind() == Kind::Notification {
            let is_ours = matches!(message.method(), Some(method::INITIALIZED | method::CANCELLED));
            if !is_ours {
                connection.tell(message, &caller).await.map_err(|error| refuse(&Told::from(&error.reason)))?;
            }
            return Ok(empty(StatusCode::NO_CONTENT));
        }
        if message.is_method(method::RESOURCES_SUBSCRIBE) {
            return Err(refuse(&rescue::misplaced(
                "without a session there is nobody to tell; begin with `initialize`",
            )));
        }
        if message.is_method(method::INITIALIZE) {
            return introduction(&message, &peer.handshake).map_err(|told| refuse(&told));
        }
        let Ok(request) = Request::new(message, Arc::clone(&caller)) else {
            return Err(refuse(&rescue::misplaced("this is no request")));
        };
        let mut reply = connection.call(request).await.map_err(|error| refuse(&Told::from(&error.reason)))?;
        while let Some(next) = reply.next().await {
            let message = next.map_err(|lost| refuse(&Told::from(&lost)))?;
            if message.kind() == Kind::Response {
                return Ok(Answer::message(&message));
            }
            if let Some(server) = target.server() {
                server.overhear(&caller, &message);
            }
        }
        Err(refuse(&Told::from(&Lost::NotMcp)))
    }
}

/// The answer to `initialize` from what the server said when the proxy asked.
fn introduction(message: &Message, handshake: &str) -> Result<Answered, Told> {
    let params = InitializeParams::read(message.params().unwrap_or("{}"));
    let params = params.map_err(|error| rescue::bad_params(error.to_string()))?;
    let revision = Revision::negotiate(&params.protocol_version);
    let result = InitializeResult::with_version(handshake, revision.as_str()).map_err(|_| Told::from(&Lost::NotMcp))?;
    Ok(Answer::message(&Message::response(&message.id().unwrap_or_else(|| Id::from(0)), &result)))
}
