//! A proxy, ready to be used.

use std::{io, sync::Arc};

use mcp_auth::Keys;
use mcp_transport::{Caller, ConnectError, Connection, ServerLog};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
};

use crate::{
    BuildError, Builder, Endpoint, Limits, Traffic,
    front::{Front, SessionInfo},
    metrics, run,
    server::{Opened, Server, ServerCalls, ServerStatus, Unreachable},
    servers::Slot,
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
    /// The server is not to be used, by configuration.
    #[error("server `{0}` is disabled in the configuration")]
    Disabled(Arc<str>),
    /// Somebody has stopped the server.
    #[error("server `{0}` was stopped by hand; start it again first")]
    Stopped(Arc<str>),
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

    #[cfg(feature = "hub")]
    pub(crate) fn front(&self) -> &Arc<Front> {
        &self.front
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
        let opened = server.open(caller).await;
        opened.map(Opened::into_connection).map_err(|error| ReachError::new(&server, error))
    }

    /// Makes sure that all servers that are launched with the proxy can be had: finds out their eras and starts the shared
    /// ones. Until each has been tried, `/health/ready` says that the proxy is starting.
    ///
    /// # Errors
    ///
    /// The first failure, after all servers have been tried.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the servers that were started running.
    pub async fn start(&self) -> Result<(), ReachError> {
        let servers = self.front.servers().now().to_vec();
        #[cfg(feature = "hub")]
        if let Some(hub) = self.front.hub() {
            hub.start();
        }
        let all = servers
            .iter()
            .filter(|server| server.is_launched())
            .map(async |server| server.start().await.map_err(|error| ReachError::new(server, error)));
        futures::future::join_all(all).await.into_iter().collect()
    }

    /// Makes `slots` the servers that there are, all at once. Those that stay keep their processes and sessions; the
    /// sessions of those that go, or are replaced, are ended. New ones that are launched with the proxy are started in the
    /// background, once the one whose place they take is gone. Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// Fails, with nothing changed, if a name is taken or a server that is to stay does not exist.
    pub fn set_servers(&self, slots: Vec<Slot>) -> Result<(), BuildError> {
        self.front.change_servers(slots)
    }

    /// Makes `keys` the ones that open the proxy. What was opened by a key that is not among them any more, or is another
    /// one of the same name, is ended: sessions with their calls and streams, and streams without a session. With no keys
    /// left everyone may come in; with the first ones, whoever came without is shown out. Must be called inside a tokio
    /// runtime.
    pub fn set_keys(&self, keys: Keys) {
        self.front.set_keys(keys);
    }

    /// What every server is doing, in the order of their configuration.
    #[must_use]
    pub fn status(&self) -> Vec<ServerStatus> {
        self.front.servers().now().iter().map(|server| server.status()).collect()
    }

    /// How the calls to every server end, in the order of their configuration.
    #[must_use]
    pub fn calls(&self) -> Vec<ServerCalls> {
        self.front.servers().now().iter().map(|server| server.calls()).collect()
    }

    /// The last calls with what was said in them; `None` unless [`Builder::traffic`] has asked for it.
    #[must_use]
    pub fn traffic(&self) -> Option<Arc<Traffic>> {
        self.front.servers().traffic().cloned()
    }

    /// The log of a server: its stderr, where it has one, and what has become of it; `None` if there is no such server. It
    /// goes on while the server stays in the configuration, however that changes.
    #[must_use]
    pub fn server_log(&self, server: &str) -> Option<ServerLog> {
        self.front.servers().find(server).map(|server| server.log().clone())
    }

    /// The sessions that are open, of streamable HTTP and of HTTP+SSE, oldest first.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.front.sessions()
    }

    /// Ends the session of that [`handle`](SessionInfo::handle), its calls and streams with it; says whether there was one.
    /// Must be called inside a tokio runtime.
    #[must_use]
    pub fn end_session(&self, handle: &str) -> bool {
        self.front.end_by_handle(handle)
    }

    /// Everything that is counted, as text in the form of OpenMetrics 1.0: sessions and connections, what every server is
    /// doing, and calls by server, method, tool and outcome. Its media type is
    /// `application/openmetrics-text; version=1.0.0; charset=utf-8`.
    #[must_use]
    pub fn metrics(&self) -> String {
        metrics::write(&self.front)
    }

    /// Changes whenever a server does something else, comes or goes. Calls that come and go are not told of.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.front.servers().changes().watch()
    }

    /// Starts a server by hand, whatever it was stopped by: also after it has failed as often as it may.
    ///
    /// # Errors
    ///
    /// Fails if there is no such server, if it is disabled, or if it cannot be had.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the attempt going on.
    pub async fn start_server(&self, server: &str) -> Result<(), ReachError> {
        let server = self.server(server)?;
        let started = server.start_by_hand().await;
        self.look(&server);
        started.map_err(|error| ReachError::new(&server, error))
    }

    /// Ends what there is of a server and starts it again. Sessions on a shared server stay; those with an instance of their
    /// own are ended.
    ///
    /// # Errors
    ///
    /// Fails if there is no such server, if it is disabled, or if it cannot be had.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the server stopped; its next use starts it.
    pub async fn restart_server(&self, server: &str) -> Result<(), ReachError> {
        let server = self.server(server)?;
        self.front.end_own_sessions(&server).await;
        let started = server.restart().await;
        self.look(&server);
        started.map_err(|error| ReachError::new(&server, error))
    }

    /// Stops a server until it is started by hand; calls in flight are answered with errors, and so is what comes.
    ///
    /// # Errors
    ///
    /// Fails if there is no such server.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the stopping going on for sessions with an instance of their own.
    pub async fn stop_server(&self, server: &str) -> Result<(), ReachError> {
        let server = self.server(server)?;
        futures::future::join(server.stop(), self.front.end_own_sessions(&server)).await;
        self.look(&server);
        Ok(())
    }

    /// Serves HTTP on `listener` until `shutdown` is ready, then ends in good order: no new work, calls in flight get
    /// [`Limits::drain`] to finish, and after [`Limits::shutdown`] at most everything is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes all client connections at once; servers are closed with the last handle of the proxy.
    pub async fn run(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        run::run(&self.front, &self.limits, listener, run::Plain, shutdown).await;
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
        self.front.serve_bytes(&server.into(), input, output, shutdown).await
    }

    /// Lets the hub know that somebody has started or stopped a server.
    fn look(&self, server: &Server) {
        #[cfg(feature = "hub")]
        if let Some(hub) = self.front.hub() {
            hub.look(server.name());
        }
        #[cfg(not(feature = "hub"))]
        let _ = (self, server);
    }

    fn server(&self, name: &str) -> Result<Arc<Server>, ReachError> {
        self.front.servers().find(name).ok_or_else(|| ReachError::Unknown(name.to_owned()))
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

    /// The same as [`run`](Self::run), over TLS. A handshake counts as a connection, and it and the first request's head have
    /// [`Limits::head_time`] together.
    ///
    /// # Cancel safety
    ///
    /// That of [`run`](Self::run).
    #[cfg(feature = "tls")]
    pub async fn run_tls(&self, listener: TcpListener, tls: crate::Tls, shutdown: impl Future<Output = ()>) {
        run::run(&self.front, &self.limits, listener, tls, shutdown).await;
    }
}

impl ReachError {
    pub(crate) fn new(server: &Server, error: Unreachable) -> Self {
        let name = Arc::clone(server.name());
        match error {
            Unreachable::Connect(source) => Self::Connect { name, source },
            Unreachable::OtherEra => Self::OtherEra(name),
            Unreachable::Disabled => Self::Disabled(name),
            Unreachable::Stopped => Self::Stopped(name),
            Unreachable::Gone => Self::Unknown(name.as_ref().to_owned()),
        }
    }
}
