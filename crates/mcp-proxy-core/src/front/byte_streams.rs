//! One client on a pair of byte streams, as on stdin and stdout.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    io,
    pin::pin,
    sync::Arc,
    time::Instant,
};

use mcp_jsonrpc::{BatchError, Id, Incoming, Kind, Line, Lines, Message, ParseError};
use mcp_protocol::{Claim, Era, Revision, method};
use mcp_session::{Registry, SessionLimits};
use mcp_transport::{Caller, Client, Principal, Request};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use super::{
    Front, Session,
    call::Call,
    live::{Beginning, Live, NotBegun},
    outlet::{Outlet, beginning},
    post::claims_modern,
    target::Target,
};
use crate::{rescue, rescue::Told};

/// How many bytes are read at once.
const PORTION: usize = 64 << 10;

impl Front {
    /// Serves the client on `input` and `output` until it hangs up and has its answers, or until `shutdown` is ready.
    ///
    /// Reading and writing do not wait for each other: a client may send much before it reads.
    pub(crate) async fn serve_bytes(
        self: &Arc<Self>,
        target: &Target,
        input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        // A registry of its own, which nobody sweeps: the session lives as long as the streams do.
        let sessions = Registry::new(SessionLimits::default());
        let live = |_: &_| Live::new(target.clone(), BTreeMap::new()).with_inbox();
        let created = sessions.create(Principal::Anonymous, Revision::LATEST_LEGACY, Instant::now(), live);
        let session = created.map_err(io::Error::other)?;
        let outlet = Outlet::new(self, &session);
        let outcome = {
            let mut reading = pin!(self.read_lines(&session, input));
            let mut writing = pin!(write_lines(outlet, output));
            let mut shutdown = pin!(shutdown);
            let mut is_reading = true;
            loop {
                tokio::select! {
                    outcome = &mut writing => break outcome,
                    outcome = &mut reading, if is_reading => {
                        is_reading = false;
                        session.live().hang_up();
                        if let Err(error) = outcome {
                            break Err(error);
                        }
                    }
                    () = &mut shutdown => break Ok(()),
                }
                if !is_reading {
                    // Whoever hangs up gets the answers that come in time.
                    break timeout(self.limits.drain, writing).await.unwrap_or(Ok(()));
                }
            }
        };
        session.live().close().await;
        outcome
    }

    async fn read_lines(self: &Arc<Self>, session: &Session, mut input: impl AsyncRead + Unpin) -> io::Result<()> {
        let mut lines = Lines::new(self.limits.line);
        loop {
            let buffer = lines.buffer();
            buffer.reserve(PORTION);
            let is_over = input.read_buf(buffer).await? == 0;
            while let Some(line) = if is_over { lines.finish() } else { lines.next_line() } {
                self.take(session, line).await;
            }
            if is_over {
                return Ok(());
            }
        }
    }

    async fn take(self: &Arc<Self>, session: &Session, line: Line) {
        let incoming = match line {
            Line::Text(text) => Incoming::parse(text, self.limits.batch),
            Line::TooLong(_) => {
                let refusal = rescue::line_too_long(self.limits.line).message(None);
                return hand_in(session, ready(None, refusal)).await;
            }
        };
        let parts = match incoming {
            Ok(Incoming::One(message)) => vec![Ok(message)],
            Ok(Incoming::Many(parts)) if session.update(|session| session.revision.has_batches()) => parts,
            Ok(Incoming::Many(_)) => {
                let text = "batches exist in revision 2025-03-26 only; send the messages one by one";
                return hand_in(session, ready(None, rescue::misplaced(text).message(None))).await;
            }
            Err(BatchError::Message(error)) => vec![Err(error)],
            Err(error) => return hand_in(session, ready(None, Told::from(&error).message(None))).await,
        };
        for part in parts {
            self.take_one(session, part).await;
        }
    }

    async fn take_one(self: &Arc<Self>, session: &Session, part: Result<Message, ParseError>) {
        match part {
            Err(error) => {
                let refusal = Told::from(&error).message(error.id.as_ref());
                hand_in(session, ready(error.id, refusal)).await;
            }
            Ok(message) if message.kind() != Kind::Request => {
                if let Err(told) = self.told_by_client(session, message).await {
                    tracing::debug!("a message of the client did not reach its server: {told:?}");
                }
            }
            Ok(message) if claims_modern(&message, &Claim::read(&message)) => {
                hand_in(session, modern(Arc::clone(self), Arc::clone(session), message)).await;
            }
            Ok(message) => hand_in(session, beginning(Arc::clone(self), Arc::clone(session), message)).await,
        }
    }
}

/// A request of the modern era on its way to the server.
fn modern(front: Arc<Front>, session: Session, message: Message) -> Beginning {
    let id = message.id().unwrap_or_else(|| Id::from(0));
    // Entered at once: a cancellation may come before the call has begun.
    let cancel = session.live().cancels.enter(&id);
    Box::pin(async move {
        let name = message.method().unwrap_or_default().to_owned();
        let used = session.begin_call();
        match cancel.beginning(call_modern(&session, message)).await {
            Ok(reply) => Call::new(id, name == method::SUBSCRIPTIONS_LISTEN, reply).of_session(&front, used, cancel),
            Err(told) => Call::ready(id.clone(), told.message(Some(&id))).of_session(&front, used, cancel),
        }
    })
}

async fn call_modern(session: &Session, message: Message) -> Result<mcp_transport::Reply, Told> {
    let claim = match Claim::read(&message) {
        Ok(Some(claim)) => claim,
        Ok(None) => return Err(rescue::misplaced("the request makes no claim")),
        Err(error) => return Err(rescue::bad_params(error.to_string())),
    };
    let requested = claim.version.clone().into_owned();
    let revision = requested.parse().ok().filter(|revision: &Revision| revision.era() == Era::Modern);
    let revision = revision.ok_or_else(|| rescue::unsupported_version(&requested))?;
    if message.method().is_some_and(method::is_removed_in_modern) {
        return Err(rescue::removed_method());
    }
    let client = Client {
        info: claim.client_info.unwrap_or("{}").into(),
        capabilities: claim.capabilities.unwrap_or("{}").into(),
    };
    let caller = Arc::new(Caller { client: Some(Arc::new(client)), ..Caller::new(session.owner().clone(), revision) });
    let reached = session.live().target.sessionless(&caller).await;
    let (connection, peer) = reached.map_err(|error| session.live().target.unreachable(&error, &requested, true))?;
    if !session.live().target.speaks_modern(&peer, message.method().unwrap_or_default()) {
        return Err(rescue::legacy_only());
    }
    let request = Request::new(message, caller).map_err(|_| rescue::misplaced("this is no request"))?;
    connection.call(request).await.map_err(|error| Told::from(&error.reason))
}

fn ready(id: Option<Id>, response: Message) -> Beginning {
    Box::pin(async { Call::ready(id.unwrap_or_else(|| Id::from(0)), response) })
}

/// Hands a call in, waiting for room: the client is held up as long as it does not read.
async fn hand_in(session: &Session, mut call: Beginning) {
    while let Err(NotBegun::Full(back, room)) = session.live().begin(call) {
        room.notified().await;
        call = back;
    }
}

async fn write_lines(mut outlet: Outlet, mut output: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(message) = poll_fn(|context| outlet.poll(context)).await {
        line.clear();
        message.single_line().append_to(&mut line);
        line.push(b'\n');
        output.write_all(&line).await?;
        output.flush().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
