//! Opens a client's own conversation with a server, and begins one anew that the server has forgotten.

use std::sync::{Arc, Weak};

use mcp_jsonrpc::{Id, Message, quote};
use mcp_protocol::{method, set_level_params};
use mcp_transport::{Caller, Connection, NotSent, Reply, Request, SendError};
use tokio::time::timeout;

use super::{
    Face, PATIENCE, lock, pump,
    upstreams::{Opening, Upstream},
};
use crate::{Member, Unavailable};

impl Face {
    /// Sends a request once, over the client's own conversation with the server if it has a session. One that the server has
    /// forgotten is begun anew.
    pub(super) async fn send_once(
        &self,
        member: &Arc<dyn Member>,
        request: Request,
    ) -> Result<(Reply, Arc<dyn Connection>), SendError> {
        if !self.is_session {
            let connection = match member.open(request.caller()).await {
                Ok(connection) => connection,
                Err(error) => return Err(SendError::new(request.into_parts().0, unavailable(error))),
            };
            let reply = connection.call(request).await?;
            return Ok((reply, connection));
        }
        let mut is_first = true;
        loop {
            let (upstream, connection) = match self.upstream(member, request.caller()).await {
                Ok(open) => open,
                Err(reason) => return Err(SendError::new(request.into_parts().0, reason)),
            };
            let error = match connection.call(request.clone()).await {
                Ok(reply) => return Ok((reply, connection)),
                Err(error) => error,
            };
            let is_over = matches!(error.reason, NotSent::Closed(_) | NotSent::Forgotten);
            if is_over && self.upstreams.forget(&upstream) {
                self.standing().forget(member);
                // It is over for the server; here it may still hold something.
                tokio::spawn(async move { upstream.close().await });
            }
            if !is_over || !std::mem::take(&mut is_first) {
                return Err(error);
            }
        }
    }

    /// The only server's conversation, where there is just one.
    pub(super) async fn only(&self, caller: &Arc<Caller>) -> Option<Arc<dyn Connection>> {
        let view = self.view()?;
        let [only] = &view.members[..] else { return None };
        if !view.is_single {
            return None;
        }
        if !self.is_session {
            return only.member.open(caller).await.ok();
        }
        self.upstream(&only.member, caller).await.ok().map(|(_, connection)| connection)
    }

    /// The client's own conversation with a server. Who comes while it is being opened waits for that.
    async fn upstream(
        &self,
        member: &Arc<dyn Member>,
        caller: &Arc<Caller>,
    ) -> Result<(Arc<Upstream>, Arc<dyn Connection>), NotSent> {
        let Some((upstream, replaced)) = self.upstreams.of(member) else { return Err(left()) };
        if let Some(replaced) = replaced {
            // It was another server of that name.
            self.standing().forget(&replaced.member);
            tokio::spawn(async move { replaced.close().await });
        }
        if let Some(connection) = upstream.connection.get() {
            return Ok((Arc::clone(&upstream), Arc::clone(connection)));
        }
        // Boxed, because it happens once and would double the size of the future of every call.
        Box::pin(self.opened(upstream, caller)).await
    }

    /// A conversation that is not open yet.
    async fn opened(
        &self,
        upstream: Arc<Upstream>,
        caller: &Arc<Caller>,
    ) -> Result<(Arc<Upstream>, Arc<dyn Connection>), NotSent> {
        let mut closing = self.closing.subscribe();
        let connection = tokio::select! {
            // The sender lives as long as this does.
            _ = closing.wait_for(|is_closing| *is_closing) => return Err(left()),
            opened = upstream.opened(|| open(self.me.clone(), Arc::clone(&upstream), Arc::clone(caller))) => opened?,
        };
        // There before this is looked at, as a level is set before those are looked for that are there: one of both sees.
        self.tell_level(&upstream, caller).await;
        if !self.upstreams.has(&upstream) {
            // The client has left meanwhile, or the server is no more; whoever closed the rest has not seen this one.
            upstream.close().await;
            return Err(left());
        }
        Ok((upstream, connection))
    }

    /// Tells a server what the client has asked for before this conversation began.
    async fn restore(&self, upstream: &Upstream, connection: &Arc<dyn Connection>, caller: &Arc<Caller>) {
        let (level, uris) = {
            let standing = self.standing();
            (standing.level, standing.subscribed(upstream.member.name()))
        };
        if let Some(level) = level {
            *lock(&upstream.level) = Some(level);
            if !ask(connection, method::LOGGING_SET_LEVEL, &set_level_params(level), caller).await {
                return;
            }
        }
        for uri in uris {
            let params = format!(r#"{{"uri":{}}}"#, quote(&uri));
            if !ask(connection, method::RESOURCES_SUBSCRIBE, &params, caller).await {
                return;
            }
        }
    }

    /// Tells a server how much the client wants to hear, unless it knows.
    pub(super) async fn tell_level(&self, upstream: &Upstream, caller: &Arc<Caller>) {
        let (Some(level), Some(connection)) = (self.standing().level, upstream.connection.get()) else { return };
        if lock(&upstream.level).replace(level) != Some(level) {
            ask(connection, method::LOGGING_SET_LEVEL, &set_level_params(level), caller).await;
        }
    }
}

/// Opens a client's conversation with a server.
async fn open(face: Weak<Face>, upstream: Arc<Upstream>, caller: Arc<Caller>) -> Result<Arc<dyn Connection>, NotSent> {
    let connection = upstream.member.open(&caller).await.map_err(unavailable)?;
    let opening = Opening::new(Arc::clone(&connection));
    if let Some(events) = connection.events() {
        let pump = pump::run(face.clone(), Arc::clone(&upstream.member), Arc::downgrade(&connection), events);
        upstream.pumped_by(tokio::spawn(pump).abort_handle());
    }
    let Some(face) = face.upgrade() else { return Err(left()) };
    face.restore(&upstream, &connection, &caller).await;
    opening.kept().ok_or_else(left)
}

/// Asks for something on the client's behalf. What the server answers makes no difference: one that refuses has nothing of
/// the kind. Says whether it answers.
async fn ask(connection: &Arc<dyn Connection>, method: &str, params: &str, caller: &Arc<Caller>) -> bool {
    let message = Message::request(&Id::from(0), method, Some(params));
    let asked = async {
        let request = Request::new(message, Arc::clone(caller)).ok()?;
        connection.call(request).await.ok()?.response().await.ok()
    };
    matches!(timeout(PATIENCE, asked).await, Ok(Some(_)))
}

/// Why there is no conversation, in the words of a message that was not sent.
fn unavailable(error: Unavailable) -> NotSent {
    match error {
        Unavailable::Connect(error) => NotSent::Connect(error),
        other => NotSent::Unroutable(other.to_string()),
    }
}

/// The client has left, or the server has.
fn left() -> NotSent {
    NotSent::Unroutable("the conversation has ended: the client has left, or the server is no more".to_owned())
}
