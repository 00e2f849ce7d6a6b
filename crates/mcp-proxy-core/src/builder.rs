//! Puts a proxy together.

use std::sync::Arc;

use mcp_jsonrpc::quote;
use mcp_protocol::Era;
use mcp_transport::{Client, Transport};
use mcp_transport_http::server::{Allowed, GuardError};

use crate::{Limits, Proxy, Sharing, front::Front, lane::Setting, layers::Places, server::Server, ticker::Ticker};

/// Puts a proxy together. Nothing is started or opened before the proxy is used.
#[derive(Debug)]
pub struct Builder {
    name: Box<str>,
    servers: Vec<ServerOptions>,
    limits: Limits,
    allowed: Allowed,
    capabilities: Box<str>,
}

/// One server of a proxy, and how it is used.
#[derive(Debug)]
pub struct ServerOptions {
    name: Arc<str>,
    transport: Arc<dyn Transport>,
    sharing: Sharing,
    era: Option<Era>,
}

/// Why there is no proxy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is nothing to be a proxy of.
    #[error("a proxy needs at least one server")]
    NoServer,
    /// Two servers have one name.
    #[error("two servers are called `{0}`; give one of them another name")]
    DuplicateName(Arc<str>),
    /// The name of a server is taken by a route.
    #[error("a server cannot be called `{0}`, for that is a path of the proxy's own; give it another name")]
    ReservedName(Arc<str>),
    /// The hosts, origins or the public URL cannot be read.
    #[error(transparent)]
    Guard(#[from] GuardError),
}

/// What a proxy tells shared servers that its clients can do, so that they offer all they have; whether the client that
/// makes a call can do it is decided then.
const EVERYTHING: &str = r#"{"roots":{"listChanged":false},"sampling":{},"elicitation":{"form":{},"url":{}}}"#;

/// First segments of paths that are the proxy's own.
const RESERVED: [&str; 14] = [
    "api",
    "health",
    "mcp",
    "sse",
    "message",
    "messages",
    "metrics",
    "servers",
    "groups",
    "docs",
    "admin",
    "openapi.json",
    "favicon.ico",
    ".well-known",
];

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            name: "mcp-proxy".into(),
            servers: Vec::new(),
            limits: Limits::default(),
            allowed: Allowed::default(),
            capabilities: EVERYTHING.into(),
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

    /// Tells shared servers that clients can be asked nothing (no roots, sampling or elicitation). Default: everything.
    #[must_use]
    pub fn without_client_capabilities(mut self) -> Self {
        self.capabilities = "{}".into();
        self
    }

    /// The proxy.
    ///
    /// # Errors
    ///
    /// Fails if there is no server, if a name is taken, or if a host, an origin or the public URL cannot be read.
    pub fn build(self) -> Result<Proxy, BuildError> {
        if self.servers.is_empty() {
            return Err(BuildError::NoServer);
        }
        for (n, server) in self.servers.iter().enumerate() {
            if RESERVED.contains(&&*server.name) {
                return Err(BuildError::ReservedName(Arc::clone(&server.name)));
            }
            if self.servers[..n].iter().any(|other| other.name == server.name) {
                return Err(BuildError::DuplicateName(Arc::clone(&server.name)));
            }
        }
        let info = format!(r#"{{"name":{},"version":"{}"}}"#, quote(&self.name), env!("CARGO_PKG_VERSION"));
        let client = Arc::new(Client { info: info.into(), capabilities: self.capabilities });
        let limits = Arc::new(self.limits);
        let ticker = Arc::<Ticker>::default();
        let places = Places::new(&limits);
        let servers = self.servers.into_iter().map(|server| {
            let setting =
                Setting { places: places.of_server(&limits), ticker: Arc::clone(&ticker), limits: Arc::clone(&limits) };
            Arc::new(Server::new(server.name, &server.transport, server.sharing, server.era, &client, setting))
        });
        let servers = servers.collect();
        let front = Front::new(servers, &self.allowed, ticker, Arc::clone(&limits))?;
        Ok(Proxy::new(front, limits))
    }
}

impl ServerOptions {
    /// A server that all clients share, and whose era is found out.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, transport: impl Transport) -> Self {
        Self { name: name.into(), transport: Arc::new(transport), sharing: Sharing::default(), era: None }
    }

    /// How clients share it.
    #[must_use]
    pub fn sharing(mut self, sharing: Sharing) -> Self {
        self.sharing = sharing;
        self
    }

    /// Which era it speaks, so that nothing is started to find out.
    #[must_use]
    pub fn era(mut self, era: Era) -> Self {
        self.era = Some(era);
        self
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
        assert!(refused(Builder::new()).contains("at least one server"));
        assert!(refused(Builder::new().server("a", server()).server("a", server())).contains("two servers"));
        assert!(refused(Builder::new().server("health", server())).contains("path of the proxy's own"));
    }

    #[test]
    fn building_needs_no_runtime() {
        assert!(Builder::new().server("a", server()).build().is_ok());
    }
}
