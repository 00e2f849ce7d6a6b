//! A server as one of those that a hub makes look like one.

use std::sync::Arc;

use async_trait::async_trait;
use mcp_aggregator::{Member, Retry, Unavailable};
use mcp_jsonrpc::Message;
use mcp_protocol::Era;
use mcp_transport::{Caller, Closed, Connection, Events, Peer, Principal, Reply, Request, SendError};
use tokio::sync::watch;

use super::{Opened, Server, Unreachable, own::Place};
use crate::options::Launch;

#[async_trait]
impl Member for Server {
    fn name(&self) -> &Arc<str> {
        self.name()
    }

    fn is_usable(&self) -> bool {
        self.check().is_ok()
    }

    fn is_on_demand(&self) -> bool {
        self.options.launch == Launch::OnDemand
    }

    fn is_dedicated(&self) -> bool {
        self.options.is_dedicated()
    }

    fn retry(&self) -> Retry {
        self.options.retry
    }

    /// That of the era that was found: a second connection in the other era is to the same server.
    fn generation(&self, _: Era) -> Option<watch::Receiver<u64>> {
        (!self.options.is_dedicated() && self.is_usable()).then(|| self.found().upstream().generation())
    }

    async fn open(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, Unavailable> {
        if caller.principal == Principal::Proxy && caller.era() == Era::Legacy && self.is_found_modern().await {
            // What it offers is known in the era that it was found in; the other one is tried when a client wants it.
            return self.as_legacy(caller).await.map_err(unavailable);
        }
        let has_session = caller.session.is_some() || caller.principal == Principal::Proxy;
        let opened = if has_session && caller.era() == Era::Legacy {
            self.open(caller).await
        } else {
            self.sessionless(caller).await.map(|(connection, _)| Opened { connection, child: None })
        };
        match opened {
            Ok(Opened { connection, child: Some(place) }) => Ok(Arc::new(Placed { connection, _place: place })),
            Ok(Opened { connection, child: None }) => Ok(connection),
            Err(error) => Err(unavailable(error)),
        }
    }
}

fn unavailable(error: Unreachable) -> Unavailable {
    match error {
        Unreachable::Connect(error) => Unavailable::Connect(error),
        Unreachable::OtherEra => Unavailable::OtherEra,
        Unreachable::Disabled => Unavailable::Off("it is disabled in the configuration"),
        Unreachable::Stopped => Unavailable::Off("it was stopped by hand; start it again first"),
        Unreachable::Gone => Unavailable::Off("it has just left the configuration, or is replaced"),
    }
}

/// A connection that keeps its place among those of its server for as long as it lives.
#[derive(Debug)]
struct Placed {
    connection: Arc<dyn Connection>,
    _place: Place,
}

#[async_trait]
impl Connection for Placed {
    fn peer(&self) -> Arc<Peer> {
        self.connection.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        self.connection.call(request).await
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        self.connection.tell(message, caller).await
    }

    fn events(&self) -> Option<Events> {
        self.connection.events()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.connection.closed().await
    }

    async fn close(&self) {
        self.connection.close().await;
    }
}
