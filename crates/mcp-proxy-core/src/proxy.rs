//! A proxy, ready to be used.

use std::{io, sync::Arc};

use mcp_transport::{Caller, ConnectError, Connection};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};

use crate::{
    Builder, Endpoint, Limits,
    front::Front,
    run,
    server::{Opened, Server, Unreachable},
};

/// A proxy. Cloning it gives another handle to the same one.
///
/// It is used over HTTP through [`endpoint`](Self::endpoint) or [`run`](Self::run), and by messages through
/// [`connect`](Self::connect).
#[derive(Clone, Debug)]
pub struct Proxy {
    front: Arc<Front>,
    limits: Arc<Limits>,
}

/// Why a server could not be reached.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReachError {
    /// No server has that name.
    #[error("no server is called `{0}`")]
    Unknown(String),
    /// The server could not be had.
    #[error("server `{name}`: {source}")]
    Connect {
        /// The server.
        name: Arc<str>,
        /// Why not.
        source: Arc<ConnectError>,
    },
    /// The server does not speak the caller's era.
    #[error("server `{0}` does not speak the era of the caller")]
    OtherEra(Arc<str>),
}

impl Proxy {
    /// Begins to put a proxy together.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(front: Arc<Front>, limits: Arc<Limits>) -> Self {
        Self { front, limits }
    }

    /// The HTTP service. It never fails: every error is a response.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(Arc::clone(&self.front))
    }

    /// A connection of its own to a server, as the session of `caller` would have it.
    ///
    /// # Errors
    ///
    /// Fails if there is no such server, or if it cannot be had.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    pub async fn connect(&self, server: &str, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ReachError> {
        let server = self.server(server)?;
        let name = || Arc::clone(server.name());
        server.open(caller).await.map(Opened::into_connection).map_err(|error| match error {
            Unreachable::Connect(source) => ReachError::Connect { name: name(), source },
            Unreachable::OtherEra => ReachError::OtherEra(name()),
        })
    }

    /// Makes sure that all servers can be had: finds out their eras and starts the shared ones.
    ///
    /// # Errors
    ///
    /// The first failure, after all servers have been tried.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the servers that were started running.
    pub async fn start(&self) -> Result<(), ReachError> {
        let all = self.front.servers().iter().map(async |server| {
            server.start().await.map_err(|source| ReachError::Connect { name: Arc::clone(server.name()), source })
        });
        futures::future::join_all(all).await.into_iter().collect()
    }

    /// Serves HTTP on `listener` until `shutdown` is ready, then ends in good order: no new work, calls in flight get
    /// [`Limits::drain`] to finish, and after [`Limits::shutdown`] at most everything is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes all client connections at once; servers are closed with the last handle of the proxy.
    pub async fn run(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        run::run(&self.front, &self.limits, listener, shutdown).await;
    }

    /// Serves one client on a pair of byte streams, one JSON text a line, as on stdin and stdout: until it hangs up and has
    /// its answers, or until `shutdown` is ready. Which era it speaks shows with every message.
    ///
    /// # Errors
    ///
    /// Fails if there is no such server, or if reading or writing does; a server that cannot be had is an answer to the
    /// client.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave half a line written; drop the streams with it.
    pub async fn serve_bytes(
        &self,
        server: &str,
        input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let server = self.server(server).map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))?;
        self.front.serve_bytes(server, input, output, shutdown).await
    }

    fn server(&self, name: &str) -> Result<&Arc<Server>, ReachError> {
        let found = self.front.servers().iter().find(|known| &**known.name() == name);
        found.ok_or_else(|| ReachError::Unknown(name.to_owned()))
    }

    /// Closes all sessions and all servers; calls in flight are answered with errors.
    ///
    /// # Cancel safety
    ///
    /// What was begun goes on in the background.
    pub async fn close(&self) {
        self.front.stop();
        self.front.close_all().await;
    }
}
