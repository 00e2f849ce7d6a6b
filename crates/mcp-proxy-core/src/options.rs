//! One server of a proxy, and how it is used.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderName;
use mcp_auth::RequestEnv;
use mcp_protocol::Era;
use mcp_supervisor::Supervision;
use mcp_transport::{Caller, ConnectError, Connection, ServerLog, Transport};

use crate::{BreakerOptions, Limits};

/// One server of a proxy, and how it is used.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    pub(crate) name: Arc<str>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) launch: Launch,
    pub(crate) sharing: Sharing,
    pub(crate) era: Option<Era>,
    pub(crate) supervision: Supervision,
    pub(crate) limits: Option<Limits>,
    pub(crate) request_env: RequestEnv,
    pub(crate) interaction: Interaction,
    pub(crate) broadcasts_logs: bool,
    pub(crate) dialect: Dialect,
    pub(crate) asks_clients: bool,
    pub(crate) forward_headers: Vec<HeaderName>,
    pub(crate) about: About,
    pub(crate) breaker: Option<BreakerOptions>,
    pub(crate) log: ServerLog,
    #[cfg(feature = "hub")]
    pub(crate) retry: mcp_aggregator::Retry,
}

/// What is told of a server where servers are listed.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "rest"), expect(dead_code, reason = "only REST lists servers"))]
pub(crate) struct About {
    pub(crate) kind: Box<str>,
    pub(crate) url: Option<Box<str>>,
}

/// When a server is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Launch {
    WithProxy,
    OnDemand,
    /// It is not to be used, by configuration.
    Never,
}

/// How the clients of a server share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// One connection serves all clients; each sees it as its own.
    #[default]
    Shared,
    /// Every session has a connection of its own, which is gone when the session is.
    Dedicated,
}

/// What becomes of calls to a shared server that asks its clients, once it is not clear whom it asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interaction {
    /// Calls of clients that can be asked run alone, each on a spare instance lent for it.
    #[default]
    Lease,
    /// Every client that can be asked has an instance of its own from the start; the others share one.
    Dedicated,
    /// Such questions are answered with an error, and nothing is started for them.
    Refuse,
}

/// What the paths of HTTP+SSE speak where a client does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// HTTP+SSE as revision 2024-11-05 has it.
    #[default]
    Standard,
    /// That of prompty-mcp-proxy: a JSON `endpoint` event, answers in the body of the POST, one stream for everyone.
    Prompty,
}

impl ServerOptions {
    /// A server that all clients share, whose era is found out, and which is started with the proxy.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, transport: impl Transport) -> Self {
        Self::with(name.into(), Arc::new(transport))
    }

    /// The same with a transport that is shared already.
    #[must_use]
    pub fn with(name: Arc<str>, transport: Arc<dyn Transport>) -> Self {
        Self {
            name,
            transport,
            launch: Launch::WithProxy,
            sharing: Sharing::default(),
            era: None,
            supervision: Supervision::default(),
            limits: None,
            request_env: RequestEnv::none(),
            interaction: Interaction::default(),
            broadcasts_logs: false,
            dialect: Dialect::default(),
            asks_clients: true,
            forward_headers: Vec::new(),
            about: About { kind: "custom".into(), url: None },
            breaker: None,
            log: ServerLog::default(),
            #[cfg(feature = "hub")]
            retry: mcp_aggregator::Retry::default(),
        }
    }

    /// A server that is known by its name and not to be used; whoever asks for it is told so.
    #[must_use]
    pub fn disabled(name: impl Into<Arc<str>>) -> Self {
        Self { launch: Launch::Never, ..Self::new(name, Nowhere) }
    }

    /// How clients share it. Default: one connection for all.
    #[must_use]
    pub fn sharing(mut self, sharing: Sharing) -> Self {
        self.sharing = sharing;
        self
    }

    /// Which era it speaks, so that nothing is started to find out. Default: found out.
    #[must_use]
    pub fn era(mut self, era: Era) -> Self {
        self.era = Some(era);
        self
    }

    /// Starts it with its first use instead of with the proxy.
    #[must_use]
    pub fn on_demand(mut self) -> Self {
        if self.launch == Launch::WithProxy {
            self.launch = Launch::OnDemand;
        }
        self
    }

    /// When it is restarted and when it is stopped. Default: [`Supervision::default`].
    #[must_use]
    pub fn supervision(mut self, supervision: Supervision) -> Self {
        self.supervision = supervision;
        self
    }

    /// Bounds of its own. Those that are about the proxy as a whole are not looked at. Default: the proxy's.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Which variables of its process a request may set. Where there are any, the server is dedicated whatever
    /// [`sharing`](Self::sharing) says: requests with different values never share a process. Default: none.
    #[must_use]
    pub fn request_env(mut self, rules: RequestEnv) -> Self {
        self.request_env = rules;
        self
    }

    /// What becomes of its questions when they could be for more than one client. Default: [`Interaction::Lease`].
    #[must_use]
    pub fn interaction(mut self, interaction: Interaction) -> Self {
        self.interaction = interaction;
        self
    }

    /// Gives log messages that belong to no one call to all clients of the shared server, instead of to nobody.
    #[must_use]
    pub fn broadcasting_logs(mut self) -> Self {
        self.broadcasts_logs = true;
        self
    }

    /// What its paths of HTTP+SSE speak where a client does not say. Default: the standard.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Tells it, if it is shared, that clients can be asked nothing (no roots, sampling or elicitation). Default: everything.
    #[must_use]
    pub fn without_client_capabilities(mut self) -> Self {
        self.asks_clients = false;
        self
    }

    /// Headers of a caller of REST that the server gets too, if it is behind a URL. Different values never share a
    /// connection. Default: none.
    #[must_use]
    pub fn forward_headers(mut self, names: Vec<HeaderName>) -> Self {
        self.forward_headers = names;
        self
    }

    /// What is told of it where servers are listed: a word for how it is reached, and its URL without secrets. A server with
    /// a URL also gets the headers that its tools want of their arguments. Default: `custom`, and none.
    #[must_use]
    pub fn about(mut self, kind: impl Into<Box<str>>, url: Option<Box<str>>) -> Self {
        self.about = About { kind: kind.into(), url };
        self
    }

    /// When calls to it are refused because it keeps failing, and for how long. All connections to it count together.
    /// Default: never.
    #[must_use]
    pub fn breaker(mut self, breaker: Option<BreakerOptions>) -> Self {
        self.breaker = breaker;
        self
    }

    /// Its log, if its transport writes to it too. The log of a server that it takes the place of goes on in it. Default: one of
    /// its own, which holds what becomes of it.
    #[must_use]
    pub fn log(mut self, log: ServerLog) -> Self {
        self.log = log;
        self
    }

    /// How often the hub sends a call again. Default: [`Retry::default`](mcp_aggregator::Retry).
    #[cfg(feature = "hub")]
    #[must_use]
    pub fn retry(mut self, retry: mcp_aggregator::Retry) -> Self {
        self.retry = retry;
        self
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether it is behind a URL, and so serves others without our doing.
    pub(crate) fn is_remote(&self) -> bool {
        self.about.url.is_some()
    }

    /// Whether it is not to be used.
    pub(crate) fn is_disabled(&self) -> bool {
        self.launch == Launch::Never
    }

    /// Whether every session has a connection of its own.
    pub(crate) fn is_dedicated(&self) -> bool {
        self.sharing == Sharing::Dedicated || !self.request_env.is_none()
    }

    /// Whether some sessions have a connection of their own.
    pub(crate) fn is_dedicated_to_some(&self) -> bool {
        self.is_dedicated() || self.interaction == Interaction::Dedicated
    }
}

/// The way to a server that is not to be used; nobody asks for it.
#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn connect(&self, _: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        Err(ConnectError::Other("the server is disabled".into()))
    }
}
