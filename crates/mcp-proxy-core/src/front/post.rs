//! What a POST to the MCP endpoint is, and by whose rules it is handled.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http_body::Body;
use mcp_jsonrpc::{BatchError, Id, Incoming, Kind, Message, ParseError};
use mcp_protocol::{Claim, ClaimError, Era, Revision, method};
use mcp_transport_http::server::{Accept, Refusal, RequestHead, read_body};

use super::{Answered, Front, Refused, Used, empty, head::Head, refused, target::Target};
use crate::{rescue, rescue::Told};

impl Front {
    /// Decides by what the message says: a claim in its body makes it modern whatever the headers are, a session makes it
    /// one of that session, `initialize` opens a session, and a client that takes JSON only uses the plain form.
    pub(super) async fn post<B>(
        self: &Arc<Self>,
        target: &Target,
        head: &Head,
        body: B,
        used: &Used,
    ) -> Result<Answered, Refused>
    where
        B: Body<Data = Bytes>,
    {
        let (incoming, accept) = self.read(head, body).await?;
        let version = stated_version(head);
        if let Incoming::One(message) = &incoming {
            let claim = Claim::read(message);
            if is_modern(message, &claim, &version) {
                // What a modern request says of sessions means nothing.
                return self.modern(target, head, message, claim, accept).await;
            }
        }
        match (incoming, self.session(target, head)?) {
            (Incoming::Many(parts), _)
                if is_of_modern_era(&version) || parts.iter().flatten().any(Claim::is_made_by) =>
            {
                Err(refused(&rescue::misplaced("a batch cannot hold messages of revision 2026-07-28"), None))
            }
            (incoming, Some(session)) => {
                used.by(&session);
                let id = if let Incoming::One(message) = &incoming { message.id() } else { None };
                check_version(version, id.as_ref())?;
                self.in_session(&session, incoming, accept).await
            }
            (Incoming::One(message), None) if !accept.events => self.plain(target, head, message).await,
            (Incoming::One(message), None) if !accept.takes_json() => {
                Err(refused(&rescue::not_acceptable(BOTH), message.id().as_ref()))
            }
            (Incoming::One(message), None) if is_hello(&message) => self.initialize(target, head, &message, used).await,
            (Incoming::One(message), None) => Err(refused(&rescue::no_session(), message.id().as_ref())),
            (Incoming::Many(_), None) => Err(refused(&rescue::no_session(), None)),
        }
    }

    /// Reads a body that must be JSON-RPC.
    pub(super) async fn read<B>(&self, head: &Head, body: B) -> Result<(Incoming, Accept), Refused>
    where
        B: Body<Data = Bytes>,
    {
        let wire = RequestHead::new(&head.headers);
        if !wire.is_json() {
            return Err(refused(&rescue::not_json(), None));
        }
        let accept = wire.accept();
        if !accept.takes_json() && !accept.takes_events() {
            return Err(refused(&rescue::not_acceptable("application/json and text/event-stream"), None));
        }
        let text = read_body(body, &self.body).await.map_err(|refusal| refused(&refusal.into(), None))?;
        let incoming = Incoming::parse(text, self.limits.batch).map_err(|error| {
            let id = if let BatchError::Message(ParseError { id, .. }) = &error { id.as_ref() } else { None };
            refused(&Told::from(&error), id)
        })?;
        Ok((incoming, accept))
    }

    /// Handles what was posted in a session.
    async fn in_session(
        self: &Arc<Self>,
        session: &super::Session,
        incoming: Incoming,
        accept: Accept,
    ) -> Result<Answered, Refused> {
        match incoming {
            Incoming::One(message) if message.kind() == Kind::Request => {
                if !(accept.takes_json() && accept.takes_events()) {
                    return Err(refused(&rescue::not_acceptable(BOTH), message.id().as_ref()));
                }
                self.request(session, message).await
            }
            Incoming::One(message) => {
                self.told_by_client(session, message).await.map_err(|told| refused(&told, None))?;
                Ok(empty(StatusCode::ACCEPTED))
            }
            Incoming::Many(parts) if session.update(|session| session.revision.has_batches()) => {
                self.batch(session, parts).await
            }
            Incoming::Many(_) => Err(refused(
                &rescue::misplaced("batches exist in revision 2025-03-26 only; send the messages one by one"),
                None,
            )),
        }
    }
}

/// What a client of streamable HTTP must take.
pub(super) const BOTH: &str = "both application/json and text/event-stream";

/// Whether a message is one of the modern era: it says so itself, or its header does.
fn is_modern(message: &Message, claim: &ReadClaim<'_>, version: &StatedVersion<'_>) -> bool {
    // Without a sound claim, `initialize` is the handshake of the legacy era, whatever a header says.
    claims_modern(message, claim) || (!is_hello(message) && is_of_modern_era(version))
}

/// A message's claim, if it makes one.
pub(super) type ReadClaim<'a> = Result<Option<Claim<'a>>, ClaimError>;

/// Whether a message says itself that it is one of the modern era.
pub(super) fn claims_modern(message: &Message, claim: &ReadClaim<'_>) -> bool {
    if is_hello(message) {
        let is_legacy = |claim: &Claim<'_>| claim.version.parse().is_ok_and(|it: Revision| it.era() == Era::Legacy);
        return matches!(claim, Ok(Some(claim)) if !is_legacy(claim));
    }
    *claim != Ok(None)
}

/// Whether a message is a request for the handshake of the legacy era.
fn is_hello(message: &Message) -> bool {
    message.kind() == Kind::Request && message.is_method(method::INITIALIZE)
}

/// What the version header says, if it can be read.
type StatedVersion<'a> = Result<Option<&'a str>, Refusal>;

fn stated_version(head: &Head) -> StatedVersion<'_> {
    RequestHead::new(&head.headers).version()
}

fn is_of_modern_era(version: &StatedVersion<'_>) -> bool {
    let Ok(Some(version)) = version else { return false };
    version.parse::<Revision>().is_ok_and(|it| it.era() == Era::Modern)
}

/// Whether the version header names a revision of the modern era.
pub(super) fn says_modern(head: &Head) -> bool {
    is_of_modern_era(&stated_version(head))
}

/// Refuses a request whose version header names no revision (2025-06-18, transports). One that differs from the session's
/// is let through: some clients send the newest they know.
pub(super) fn check_version_of(head: &Head) -> Result<(), Refused> {
    check_version(stated_version(head), None)
}

fn check_version(version: StatedVersion<'_>, id: Option<&Id>) -> Result<(), Refused> {
    match version.map_err(|refusal| refused(&refusal.into(), id))? {
        Some(unknown) if unknown.parse::<Revision>().is_err() => Err(refused(&rescue::bad_version(), id)),
        _ => Ok(()),
    }
}
