//! A connection that outlives the connections behind it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mcp_jsonrpc::{Kind, Message};
use mcp_transport::{
    Caller, Closed, ConnectError, Connection, Events, NotSent, Peer, Reply, Request, SendError, Transport, events,
};
use tokio::sync::watch;

use crate::{Status, Supervision, course::requested, shared::Shared};

/// A connection to a server that is started when it is needed, and started again after it has ended.
///
/// - All who need a connection while there is none wait for the same attempt.
/// - A server that has ended by itself, or could not be reached for the time being, is started again without anybody
///   asking: after about a second, then after twice as long each time, up to thirty; after a minute without trouble, at
///   once.
/// - After some restarts in a row, or when a further attempt is of no use, it is given up: uses are refused for a while,
///   then one of them makes a single attempt.
/// - A server that nobody uses can be stopped until somebody does.
/// - A message that a dying connection has not sent goes out once more on a fresh one. A call that was sent is lost with
///   its connection.
/// - The ids of the server's requests carry the number of the connection they came from; an answer to an earlier one is
///   dropped.
///
/// [`Supervision`] sets the numbers. Tasks of its own run only while there is a connection or an attempt. Dropping it ends
/// them, and with them the server.
#[derive(Debug)]
pub struct Supervised {
    pub(crate) shared: Arc<Shared>,
    events: Mutex<Option<Events>>,
}

impl Supervised {
    /// Supervises the server that `transport` reaches on behalf of `caller`. Does nothing yet.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, caller: Arc<Caller>) -> Arc<Self> {
        Self::with(transport, caller, Supervision::default())
    }

    /// The same in a way of your own.
    #[must_use]
    pub fn with(transport: Arc<dyn Transport>, caller: Arc<Caller>, settings: Supervision) -> Arc<Self> {
        let (sender, events) = events(settings.notes);
        let shared = Arc::new(Shared::new(transport, caller, settings, sender));
        Arc::new(Self { shared, events: Mutex::new(Some(events)) })
    }

    /// Connects now, if there is no connection. This is what every use does first; a person who wants the server to run
    /// needs [`start_by_hand`](Self::start_by_hand).
    ///
    /// # Errors
    ///
    /// Why there is none to be had: what this attempt has met, or the one before it if the next is far away; or that the
    /// server was stopped by hand.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the attempt to others; it goes on.
    pub async fn start(&self) -> Result<Arc<Peer>, Arc<ConnectError>> {
        match self.shared.ready().await {
            Ok(inner) => Ok(inner.connection.peer()),
            Err(NotSent::Connect(error)) => Err(error),
            Err(NotSent::Closed(closed)) => Err(Arc::new(ConnectError::Ended(closed))),
            Err(other) => Err(Arc::new(ConnectError::Other(Box::new(other)))),
        }
    }

    /// What the server is doing, now and whenever that changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<Status> {
        self.shared.course().board().statuses()
    }

    /// The number of the newest connection, 0 before the first; it only grows. A change means that the server has
    /// forgotten what it was told on the connection before: subscriptions, the log level.
    #[must_use]
    pub fn generation(&self) -> watch::Receiver<u64> {
        self.shared.course().board().generations()
    }
}

#[async_trait]
impl Connection for Supervised {
    /// Who answered last; unknown before the first connection.
    fn peer(&self) -> Arc<Peer> {
        self.shared.course().board().peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        self.shared.call(request, true).await
    }

    /// Sends a notification, connecting if need be, or an answer, if the connection that asked is still there.
    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        match message.kind() {
            Kind::Response => self.shared.answer(&message, caller).await,
            _ if self.shared.is_moot(&message) => Ok(()),
            _ => self.shared.notify(message, caller).await,
        }
    }

    fn events(&self) -> Option<Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Resolves once this connection was closed, whatever becomes of those behind it.
    async fn closed(&self) -> Arc<Closed> {
        self.shared.closing.cancelled().await;
        requested()
    }

    async fn close(&self) {
        self.shared.close();
        self.shared.gone().await;
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.shared.close();
    }
}

#[cfg(test)]
mod tests;
