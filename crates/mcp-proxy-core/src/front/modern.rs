//! The modern era: every request stands for itself.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{Claim, Mirrored, Revision, check_mirror, header, method};
use mcp_transport::{Caller, Client, Request};
use mcp_transport_http::server::{Accept, RequestHead};

use super::{
    Answered, Front, Refused,
    answer::{Manner, answer},
    call::{Call, Calls},
    empty,
    head::Head,
    post::{BOTH, ReadClaim},
    refused,
    target::Target,
};
use crate::{rescue, rescue::Told};

/// What is served by the modern rules.
const SERVED: [Revision; 1] = [Revision::LATEST];

impl Front {
    /// Answers a message that is modern by its own claim or by its header.
    pub(super) async fn modern(
        self: &Arc<Self>,
        target: &Target,
        head: &Head,
        message: &Message,
        claim: ReadClaim<'_>,
        accept: Accept,
    ) -> Result<Answered, Refused> {
        let id = message.id();
        let refuse = |told: &Told| refused(told, id.as_ref());
        match message.kind() {
            Kind::Response => {
                return Err(refuse(&rescue::misplaced(
                    "servers of revision 2026-07-28 ask nothing, so there is nothing to answer",
                )));
            }
            // Cancelling is done by closing the stream, and there is nothing else to be notified of.
            Kind::Notification => return Ok(empty(StatusCode::ACCEPTED)),
            Kind::Request => {}
        }
        let wire = RequestHead::new(&head.headers);
        let mirrored = check_mirror(message, claim, &SERVED, |name| wire.field(name));
        let Mirrored { claim, subject, .. } = mirrored.map_err(|error| refuse(&Told::from(&error)))?;
        if !(accept.takes_json() && accept.takes_events()) {
            return Err(refuse(&rescue::not_acceptable(BOTH)));
        }
        let name = message.method().unwrap_or_default();
        if method::is_removed_in_modern(name) {
            return Err(refuse(&rescue::removed_method()));
        }
        let caller = Arc::new(modern_caller(target, head, &claim)?);
        let reached = target.sessionless(&caller).await;
        let (connection, peer) = reached.map_err(|error| refuse(&target.unreachable(&error, &claim.version, true)))?;
        if !target.speaks_modern(&peer, name) {
            return Err(refuse(&rescue::legacy_only()));
        }
        if name == method::TOOLS_CALL {
            let checked = target.check_tool_headers(&connection, &caller, message, wire).await;
            checked.map_err(|error| refuse(&Told::from(&error)))?;
        }
        let is_listening = name == method::SUBSCRIPTIONS_LISTEN;
        let id = message.id().unwrap_or_else(|| Id::from(0));
        let Ok(request) = Request::new(message.clone(), caller) else {
            return Err(refused(&rescue::misplaced("this is no request"), Some(&id)));
        };
        match connection.call(request.about(subject)).await {
            Ok(reply) => {
                let call = Call::new(id, is_listening, reply);
                Ok(answer(self, Calls::one(call), Manner::Modern(Arc::clone(&head.door))).await)
            }
            Err(error) => Err(refused(&Told::from(&error.reason), Some(&id))),
        }
    }
}

fn modern_caller(target: &Target, head: &Head, claim: &Claim<'_>) -> Result<Caller, Refused> {
    let revision = claim.version.parse().unwrap_or(Revision::LATEST);
    let client = Client {
        info: claim.client_info.unwrap_or("{}").into(),
        capabilities: claim.capabilities.unwrap_or("{}").into(),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &head.headers {
        if name.as_str().starts_with(header::PARAM_PREFIX) {
            headers.append(name, value.clone());
        }
    }
    Ok(Caller { client: Some(Arc::new(client)), headers, ..head.caller(target, revision)? })
}
