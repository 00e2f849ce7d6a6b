//! What a path leads to: one server, or many as one.

use std::{collections::BTreeMap, sync::Arc};

#[cfg(feature = "hub")]
use mcp_aggregator::{Hub, Place, Scope, Spoken};
use mcp_jsonrpc::Message;
use mcp_protocol::{Era, MirrorError};
#[cfg(feature = "hub")]
use mcp_protocol::{method, mirrored_name};
use mcp_transport::{Caller, Connection, Peer, Secret};
use mcp_transport_http::server::RequestHead;

use super::{Refused, head::Head, refused};
use crate::{
    Dialect,
    rescue::Told,
    server::{Opened, Server, Unreachable},
};

/// What a path leads to, and a session is with.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// One server.
    Server(Arc<Server>),
    /// A part of the hub.
    #[cfg(feature = "hub")]
    Hub {
        /// The hub.
        hub: Arc<Hub>,
        /// What of it is to be seen.
        scope: Arc<Scope>,
    },
}

impl Target {
    /// Whether the other one is the same place, by the same rights.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Server(one), Self::Server(other)) => Arc::ptr_eq(one, other),
            #[cfg(feature = "hub")]
            (Self::Hub { scope: one, .. }, Self::Hub { scope: other, .. }) => Arc::ptr_eq(one, other),
            #[cfg(feature = "hub")]
            _ => false,
        }
    }

    /// Whether it is that server and no other.
    pub(crate) fn is_server(&self, server: &Arc<Server>) -> bool {
        self.server().is_some_and(|own| Arc::ptr_eq(own, server))
    }

    /// The server, if it is one.
    #[cfg_attr(not(feature = "hub"), expect(clippy::unnecessary_wraps, reason = "there is nothing else then"))]
    pub(crate) fn server(&self) -> Option<&Arc<Server>> {
        match self {
            Self::Server(server) => Some(server),
            #[cfg(feature = "hub")]
            Self::Hub { .. } => None,
        }
    }

    /// The path to `leaf` there.
    pub(super) fn path(&self, leaf: &str) -> String {
        match self {
            Self::Server(server) => format!("/{}/{leaf}", server.name()),
            #[cfg(feature = "hub")]
            Self::Hub { scope, .. } => match scope.place() {
                Place::All => format!("/{leaf}"),
                Place::Group(name) => format!("/groups/{name}/{leaf}"),
                Place::Server(name) => format!("/servers/{name}/{leaf}"),
            },
        }
    }

    /// What clients speak on the paths of HTTP+SSE, where they do not say.
    pub(super) fn dialect(&self) -> Dialect {
        self.server().map_or(Dialect::Standard, |server| server.options().dialect)
    }

    /// The variables that a request sets for a process.
    pub(super) fn variables(&self, head: &Head) -> Result<BTreeMap<String, Secret>, Refused> {
        let none = mcp_auth::RequestEnv::none();
        let rules = self.server().map_or(&none, |server| &server.options().request_env);
        rules.read(&head.headers, head.uri.query()).map_err(|error| refused(&Told::from(&error), None))
    }

    /// The era that was found, if there is just one.
    pub(super) fn era(&self) -> Option<Era> {
        self.server().and_then(|server| server.era())
    }

    /// Whether it may be used. What of a hub may not be used, it leaves out.
    pub(super) fn check(&self) -> Result<(), Unreachable> {
        self.server().map_or(Ok(()), |server| server.check())
    }

    /// What serves a new session of the legacy era, ready to be called.
    pub(super) async fn open(&self, caller: &Arc<Caller>) -> Result<Opened, Unreachable> {
        match self {
            Self::Server(server) => server.open(caller).await,
            #[cfg(feature = "hub")]
            Self::Hub { hub, scope } => Ok(Opened::of_all(hub.session(scope).await)),
        }
    }

    /// The connection for a request of `caller` that belongs to no session, and who answers there.
    pub(super) async fn sessionless(
        &self,
        caller: &Arc<Caller>,
    ) -> Result<(Arc<dyn Connection>, Arc<Peer>), Unreachable> {
        match self {
            Self::Server(server) => server.sessionless(caller).await,
            #[cfg(feature = "hub")]
            Self::Hub { hub, scope } => {
                let connection = hub.sessionless(scope, caller.era()).await;
                let peer = connection.peer();
                Ok((connection, peer))
            }
        }
    }

    /// Whether a request of the modern era is answered by its rules. A client that asks which eras are spoken is led to the
    /// one in which all servers can be reached.
    #[cfg_attr(not(feature = "hub"), expect(unused_variables, reason = "one server speaks what it speaks"))]
    pub(super) fn speaks_modern(&self, peer: &Peer, method: &str) -> bool {
        match self {
            Self::Server(_) => peer.era() == Era::Modern,
            #[cfg(feature = "hub")]
            Self::Hub { hub, scope } => match hub.spoken(scope) {
                Spoken::ByAll => true,
                Spoken::BySome => method != method::SERVER_DISCOVER,
                Spoken::ByNone => false,
            },
        }
    }

    /// Checks that the headers of a modern `tools/call` repeat the arguments that the tool wants repeated, by the schema that
    /// its client sees. `connection` is where the call goes; a tool that is not known is not checked.
    pub(super) async fn check_tool_headers(
        &self,
        connection: &Arc<dyn Connection>,
        caller: &Arc<Caller>,
        call: &Message,
        head: RequestHead<'_>,
    ) -> Result<(), MirrorError> {
        match self {
            Self::Server(server) => server.tool_headers().check(&**connection, caller, call, head).await,
            #[cfg(feature = "hub")]
            Self::Hub { hub, scope } => {
                let name = mirrored_name(call).ok().flatten();
                let headers = name.and_then(|name| hub.tool_headers(scope, &name));
                headers.map_or(Ok(()), |headers| headers.check_call(call, |name| head.field(name)))
            }
        }
    }

    /// Why a caller that asked for revision `requested` cannot reach it.
    pub(super) fn unreachable(&self, error: &Unreachable, requested: &str, is_modern: bool) -> Told {
        match self {
            Self::Server(server) => Told::unreachable(server.name(), error, requested, is_modern),
            #[cfg(feature = "hub")]
            Self::Hub { scope, .. } => Told::unreachable(&described(scope.place()), error, requested, is_modern),
        }
    }
}

#[cfg(feature = "hub")]
fn described(place: &Place) -> Arc<str> {
    match place {
        Place::All => "hub".into(),
        Place::Group(name) | Place::Server(name) => Arc::clone(name),
    }
}

impl From<Arc<Server>> for Target {
    fn from(server: Arc<Server>) -> Self {
        Self::Server(server)
    }
}
