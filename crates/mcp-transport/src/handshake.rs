//! The legacy handshake, on every connect.

use std::{pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{Era, InitializeParams, InitializeResult, Revision, method};
use tokio::time::timeout;

use crate::{
    Caller, Client, Closed, ConnectError, Connection, Events, Lost, NotSent, Peer, Reply, Request, SendError, Transport,
};

/// Opens connections that have `initialize` and `notifications/initialized` behind them.
///
/// The caller introduces itself to the server; a caller that has said nothing of itself goes by the proxy's name.
#[derive(Debug)]
pub struct Handshake {
    inner: Arc<dyn Transport>,
    proxy: Arc<Client>,
    patience: Duration,
}

impl Handshake {
    /// How long a server may take to be ready.
    pub const PATIENCE: Duration = Duration::from_mins(1);

    /// Shakes hands over what `inner` opens; `proxy` is how we introduce ourselves where the caller is nobody else.
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, proxy: Arc<Client>) -> Self {
        Self { inner, proxy, patience: Self::PATIENCE }
    }

    /// Waits this long for the server to be ready. Default: [`PATIENCE`](Self::PATIENCE).
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    async fn introduce(&self, inner: &Arc<dyn Connection>, caller: &Arc<Caller>) -> Result<Peer, ConnectError> {
        let client = caller.client.as_ref().unwrap_or(&self.proxy);
        let asked = if caller.era() == Era::Legacy { caller.revision } else { Revision::LATEST_LEGACY };
        let params = InitializeParams::write(asked.as_str(), &client.capabilities, &client.info);
        let initialize = Message::request(&Id::from(1), method::INITIALIZE, Some(&params));
        let Ok(request) = Request::new(initialize, Arc::clone(caller)) else { return Err(ConnectError::NotMcp) };
        let response = inner.call(request).await.map_err(not_sent)?.response().await.map_err(lost)?;
        if let Some(error) = response.error() {
            return Err(ConnectError::refused(error));
        }
        let handshake = response.result().ok_or(ConnectError::NotMcp)?;
        let result = InitializeResult::read(handshake).map_err(|_| ConnectError::NotMcp)?;
        let revision: Revision = result
            .protocol_version
            .parse()
            .ok()
            .filter(|revision: &Revision| revision.era() == Era::Legacy)
            .ok_or_else(|| ConnectError::unknown_revision(&result.protocol_version))?;
        let initialized = Message::notification(method::INITIALIZED, None);
        inner.tell(initialized, caller).await.map_err(not_sent)?;
        Ok(Peer { revision, handshake: handshake.into() })
    }
}

#[async_trait]
impl Transport for Handshake {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        let inner = self.inner.connect(caller).await?;
        let failure = match timeout(self.patience, self.introduce(&inner, caller)).await {
            Ok(Ok(peer)) => return Ok(Arc::new(Introduced::new(inner, peer))),
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        inner.close().await;
        match failure {
            Some(error) => Err(error),
            None => Err(ConnectError::Timeout { after: self.patience, stderr: inner.closed().await.stderr.clone() }),
        }
    }
}

/// A connection to a peer that has introduced itself.
#[derive(Debug)]
pub struct Introduced {
    inner: Arc<dyn Connection>,
    peer: Arc<Peer>,
}

impl Introduced {
    /// `inner`, now that its peer is known.
    #[must_use]
    pub fn new(inner: Arc<dyn Connection>, peer: Peer) -> Self {
        Self { inner, peer: Arc::new(peer) }
    }
}

#[async_trait]
impl Connection for Introduced {
    fn peer(&self) -> Arc<Peer> {
        Arc::clone(&self.peer)
    }

    // Written out, so that the inner connection's future is handed on without another box.
    fn call<'s, 'f>(&'s self, request: Request) -> Pin<Box<dyn Future<Output = Result<Reply, SendError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        self.inner.call(request)
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        self.inner.tell(message, caller).await
    }

    fn events(&self) -> Option<Events> {
        self.inner.events()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.inner.closed().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

fn not_sent(error: SendError) -> ConnectError {
    match error.reason {
        NotSent::Closed(closed) => ConnectError::Ended(closed),
        reason => ConnectError::Other(Box::new(reason)),
    }
}

fn lost(lost: Lost) -> ConnectError {
    match lost {
        Lost::Exited(closed) | Lost::Unread(closed) => ConnectError::Ended(closed),
        Lost::Http { status, challenge, .. } => ConnectError::Http { status, challenge },
        Lost::NotMcp => ConnectError::NotMcp,
        other => ConnectError::Other(Box::new(other)),
    }
}

#[cfg(test)]
mod tests;
