//! A server used by clients of the era that it does not speak.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use mcp_eras::{AsLegacy, AsModern};
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{Envelope, Era, Revision, method};
use mcp_transport::{
    Caller, Closed, ConnectError, Connection, Events, NotSent, Peer, Reply, Request, SendError, Transport,
};

use super::{Opened, Server, Unreachable, own::Place};
use crate::lane::layered;

impl Server {
    /// The server, which speaks the legacy era alone, as clients of the modern one see it.
    pub(super) async fn as_modern(
        &self,
        caller: &Arc<Caller>,
    ) -> Result<(Arc<dyn Connection>, Arc<Peer>), Unreachable> {
        let modern = self.as_modern.get_or_init(|| {
            let conversations = Arc::new(Conversations(self.me.clone()));
            let parking = Arc::clone(&self.setting.parking);
            Arc::new(AsModern::new(Arc::clone(self.name()), conversations, parking).waiting(self.waiting_calls()))
        });
        if &*modern.peer().handshake == "{}" {
            introduce(modern, caller).await?;
        }
        Ok((Arc::<AsModern>::clone(modern), modern.peer()))
    }

    /// The server, which is spoken to in the modern era, as one client of the legacy one sees it.
    pub(super) async fn as_legacy(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, Unreachable> {
        let modern = in_modern_words(caller);
        let connection = if self.options.is_dedicated() {
            let (lane, _) = self.kept(&modern).await?;
            lane.face(&modern, &self.setting)
        } else {
            let (lane, _) = self.shared(Era::Modern).await?;
            lane.face(&modern, &self.setting)
        };
        Ok(AsLegacy::new(Arc::clone(self.name()), connection, caller))
    }

    /// Whether the connection that all clients share is one of the modern era. Why there is none shows elsewhere.
    #[cfg(feature = "hub")]
    pub(super) async fn is_found_modern(&self) -> bool {
        self.check().is_ok()
            && !self.options.is_dedicated()
            && self.found().start().await.is_ok_and(|peer| peer.era() == Era::Modern)
    }

    /// Whether it is spoken to in the modern era alone, where REST needs no sessions.
    #[cfg(feature = "rest")]
    pub(crate) async fn has_no_sessions(&self) -> bool {
        if self.options.is_dedicated() {
            return self.options.era == Some(Era::Modern);
        }
        matches!(self.shared(Era::Legacy).await, Err(Unreachable::OtherEra))
    }

    /// What serves a session of `caller` that has an instance of its own, which is spoken to in the modern era.
    pub(super) async fn open_own_modern(&self, caller: &Arc<Caller>, place: Place) -> Result<Opened, Unreachable> {
        let connected = self.modern.connect(&in_modern_words(caller)).await;
        self.own.note(connected.as_ref().map(drop));
        let modern = connected.map_err(|error| Unreachable::Connect(Arc::new(error)))?;
        self.setting.changes.note();
        let modern = layered(modern, &self.setting);
        let legacy = AsLegacy::new(Arc::clone(self.name()), Arc::clone(&modern), caller);
        Ok(Opened { connection: Arc::new(OwnAsLegacy { legacy, modern }), child: Some(place) })
    }

    /// A conversation in the legacy era for one request of `caller`.
    async fn conversation(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, Unreachable> {
        self.check()?;
        if self.options.is_dedicated() {
            let (lane, _) = self.kept(caller).await?;
            return Ok(lane.face(caller, &self.setting));
        }
        let (lane, _) = self.shared(Era::Legacy).await?;
        Ok(lane.face(caller, &self.setting))
    }
}

/// Asks a server who it is, for those who look at its capabilities before they ask for anything.
async fn introduce(modern: &AsModern, caller: &Arc<Caller>) -> Result<(), Unreachable> {
    let envelope = Envelope {
        version: Revision::LATEST,
        capabilities: caller.capabilities(),
        client_info: caller.client.as_ref().map(|client| &*client.info),
        log_level: None,
    };
    let message = Message::request(&Id::from(0), method::SERVER_DISCOVER, Some(&envelope.params()));
    let Ok(request) = Request::new(message, Arc::clone(caller)) else { return Ok(()) };
    match modern.call(request).await {
        // What it answers is known to the adapter by now.
        Ok(_) => Ok(()),
        Err(SendError { reason: NotSent::Connect(error), .. }) => Err(Unreachable::Connect(error)),
        Err(error) => Err(Unreachable::Connect(Arc::new(ConnectError::Other(Box::new(error.reason))))),
    }
}

/// The caller as the modern era knows it: without a session.
fn in_modern_words(caller: &Arc<Caller>) -> Arc<Caller> {
    Arc::new(Caller { revision: Revision::LATEST, session: None, ..(**caller).clone() })
}

/// Opens conversations in the legacy era, one for each request of a modern client.
#[derive(Debug)]
struct Conversations(Weak<Server>);

#[async_trait]
impl Transport for Conversations {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        let gone = || ConnectError::Other("the server has left the configuration".into());
        let server = self.0.upgrade().ok_or_else(gone)?;
        server.conversation(caller).await.map_err(|error| match error {
            Unreachable::Connect(error) => match Arc::try_unwrap(error) {
                Ok(error) => error,
                Err(shared) => ConnectError::Other(Box::new(Shared(shared))),
            },
            Unreachable::OtherEra => ConnectError::Other("the server does not speak the legacy era".into()),
            Unreachable::Disabled => ConnectError::Other("the server is disabled in the configuration".into()),
            Unreachable::Stopped => ConnectError::Other("the server was stopped by hand; start it again first".into()),
            Unreachable::Gone => gone(),
        })
    }
}

/// A failure that others were told of too.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<ConnectError>);

/// A session's own server, seen as one of the legacy era: the one ends with the other.
#[derive(Debug)]
struct OwnAsLegacy {
    legacy: Arc<AsLegacy>,
    modern: Arc<dyn Connection>,
}

#[async_trait]
impl Connection for OwnAsLegacy {
    fn peer(&self) -> Arc<Peer> {
        self.legacy.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        self.legacy.call(request).await
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        self.legacy.tell(message, caller).await
    }

    fn events(&self) -> Option<Events> {
        self.legacy.events()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.legacy.closed().await
    }

    async fn close(&self) {
        self.legacy.close().await;
        self.modern.close().await;
    }
}
