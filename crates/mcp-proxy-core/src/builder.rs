//! Puts a proxy together.

use std::sync::Arc;

use mcp_auth::Keys;
use mcp_eras::{Parking, ParkingLimits};
use mcp_transport::{Store, Transport};
use mcp_transport_http::server::{Allowed, GuardError};

#[cfg(feature = "rest")]
use crate::front::rest::Rest;
use crate::{
    Limits, Proxy, ServerOptions, Service, Traffic, TrafficLimits,
    front::{Front, Rules},
    layers::Places,
    mount::Mount,
    servers::{Making, Servers, Slot},
    ticker::Ticker,
};

/// Puts a proxy together. Nothing is started or opened before the proxy is used.
#[derive(Debug)]
pub struct Builder {
    name: Box<str>,
    servers: Vec<ServerOptions>,
    limits: Limits,
    allowed: Allowed,
    keys: Keys,
    mounts: Vec<Mount>,
    #[cfg(feature = "rest")]
    is_rest: bool,
    #[cfg(feature = "hub")]
    hub: Option<crate::HubOptions>,
    store: Option<Arc<dyn Store>>,
    traffic: Option<TrafficLimits>,
}

/// Why there is no proxy, or no other servers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two servers have one name.
    #[error("two servers are called `{0}`; give one of them another name")]
    DuplicateName(Arc<str>),
    /// The name of a server is taken by a route.
    #[error("a server cannot be called `{0}`, for that is a path of the proxy's own; give it another name")]
    ReservedName(Arc<str>),
    /// There is no server of that name that could stay.
    #[error("no server is called `{0}`, so it cannot stay as it is")]
    NothingToKeep(Arc<str>),
    /// The operating system gives no random numbers, and calls that wait for an answer are found again by them.
    #[error(transparent)]
    Seal(#[from] mcp_eras::SealError),
    /// The hosts, origins or the public URL cannot be read.
    #[error(transparent)]
    Guard(#[from] GuardError),
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            name: "mcp-proxy".into(),
            servers: Vec::new(),
            limits: Limits::default(),
            allowed: Allowed::default(),
            keys: Keys::default(),
            mounts: Vec::new(),
            #[cfg(feature = "rest")]
            is_rest: false,
            #[cfg(feature = "hub")]
            hub: None,
            store: None,
            traffic: None,
        }
    }

    /// What the proxy calls itself towards servers. Default: `mcp-proxy`.
    #[must_use]
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Adds a server that all clients share, reached by `transport`. The handshake is the proxy's business: a transport
    /// opens the conversation and no more.
    #[must_use]
    pub fn server(self, name: impl Into<Arc<str>>, transport: impl Transport) -> Self {
        self.server_with(ServerOptions::new(name, transport))
    }

    /// Adds a server with options.
    #[must_use]
    pub fn server_with(mut self, server: ServerOptions) -> Self {
        self.servers.push(server);
        self
    }

    /// Bounds of everything.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Names the proxy is reached by besides addresses and `localhost`, its public URL, and origins of web pages that may
    /// use it. Default: none.
    #[must_use]
    pub fn allowed(mut self, allowed: Allowed) -> Self {
        self.allowed = allowed;
        self
    }

    /// Who may use it: whoever presents one of `keys`, on every path but `/health` and what is below it. Default: no keys, everyone.
    #[must_use]
    pub fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// Adds a service at the paths that begin with `segment`, behind the same checks as everything else. A segment that
    /// no server can be called by is best: `api`, `admin`, `docs`, `metrics`, `servers`, `groups`, `openapi.json`.
    #[must_use]
    pub fn mount(mut self, segment: impl Into<Box<str>>, service: impl Service) -> Self {
        self.mounts.push(Mount { segment: segment.into(), service: Arc::new(service) });
        self
    }

    /// Offers the servers as REST, too: `/api/list-servers`, `/api/mcp/…`, `/openapi.json`, `/docs`, and `/NAME/TOOL`.
    #[cfg(feature = "rest")]
    #[must_use]
    pub fn rest(mut self) -> Self {
        self.is_rest = true;
        self
    }

    /// Offers the servers as one: at `/mcp` all together, at `/groups/NAME/mcp` those of a group, and at `/servers/NAME/mcp`
    /// each alone. The paths `/NAME/mcp` are not there then.
    #[cfg(feature = "hub")]
    #[must_use]
    pub fn hub(mut self, options: crate::HubOptions) -> Self {
        self.hub = Some(options);
        self
    }

    /// Where what has to outlive the process is kept: the last good lists of servers, and pinned definitions. Default:
    /// nowhere.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Keeps the last calls with what was said in them, within these limits, to be seen through
    /// [`Proxy::traffic`]. Default: nothing is kept, and that costs nothing.
    #[must_use]
    pub fn traffic(mut self, limits: TrafficLimits) -> Self {
        self.traffic = Some(limits);
        self
    }

    /// The proxy. It may have no server yet.
    ///
    /// # Errors
    ///
    /// Fails if a name is taken, or if a host, an origin or the public URL cannot be read.
    pub fn build(self) -> Result<Proxy, BuildError> {
        let limits = Arc::new(self.limits);
        let ticker = Arc::<Ticker>::default();
        let making = Making {
            name: self.name,
            places: Places::new(&limits),
            ticker: Arc::clone(&ticker),
            limits: Arc::clone(&limits),
            changes: Arc::default(),
            parking: Arc::new(Parking::new(ParkingLimits::default())?),
            traffic: self.traffic.map(Traffic::new),
        };
        #[cfg(feature = "hub")]
        let hub = self.hub.map(|options| {
            let client = mcp_transport::Client { info: making.info().into(), capabilities: "{}".into() };
            mcp_aggregator::Hub::new(options, &Arc::new(client), self.store)
        });
        let servers = Servers::new(making);
        servers.change(self.servers.into_iter().map(|server| Slot::Put(Box::new(server))).collect())?;
        let rules = Rules {
            #[cfg(feature = "hub")]
            hub,
            allowed: self.allowed,
            keys: self.keys,
            mounts: self.mounts,
            #[cfg(feature = "rest")]
            rest: if self.is_rest { Some(Rest::new()) } else { None },
        };
        let front = Front::new(servers, rules, ticker, Arc::clone(&limits))?;
        #[cfg(feature = "hub")]
        front.show_to_hub();
        Ok(Proxy::new(front, limits))
    }
}

#[cfg(test)]
mod tests {
    use mcp_transport::Memory;

    use super::*;

    fn server() -> Memory {
        Memory::new(|_| async {})
    }

    #[test]
    fn names_must_be_free() {
        let refused = |builder: Builder| builder.build().unwrap_err().to_string();
        assert!(refused(Builder::new().server("a", server()).server("a", server())).contains("two servers"));
        assert!(refused(Builder::new().server("health", server())).contains("path of the proxy's own"));
    }

    #[test]
    fn building_needs_no_runtime() {
        assert!(Builder::new().server("a", server()).build().is_ok());
    }
}
