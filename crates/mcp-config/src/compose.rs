//! Makes a configured server one that a proxy can be given.

use std::{collections::BTreeMap, ffi::OsString, fmt, sync::Arc, time::Duration};

use http::HeaderName;
use mcp_proxy_core::{
    self as core, BreakerOptions, Interaction, Limits, ServerOptions, Sharing, Supervision,
    auth::{RequestEnv, RuleError},
    protocol::header,
    remote::{Detect, HttpClient, HttpLimits, HttpSettings, ProxySettings, Remote, Sse, StreamableHttp},
    stdio::{ChildLimit, StdioServer},
    transport::{Budget, Fixed, KindError, Kinds, ServerLog, Transport},
};
use serde_json::value::RawValue;

use crate::{
    Dialect, IdleTimeout, Interactive, RequestVariables, RetryDefaults, ServerEntry, ServerSettings, SessionKind,
    Settings, SharedLogs, Source, Start, Target, Wire,
};

/// What servers have in common that have no say of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// How clients share them.
    pub session: SessionKind,
    /// When they are started.
    pub start: Start,
    /// When they are idle for too long.
    pub idle_timeout: IdleTimeout,
    /// Which variables requests may set for those that are dedicated.
    pub request_env: RequestVariables,
    /// How often a hub sends calls again.
    pub retry: RetryDefaults,
    /// When calls to a server that keeps failing are refused. Default: never; for a hub, as the core has it.
    pub breaker: Option<BreakerOptions>,
}

/// Makes configured servers ones that a proxy can be given. Children and large messages count together, however many
/// servers it makes.
pub struct Composer {
    limits: Limits,
    budget: Budget,
    children: ChildLimit,
    http: HttpClient,
    kinds: Kinds,
}

/// Why a configured server cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// Its `type` is none that is known, or its options are not right.
    #[error("server `{server}`: {source}")]
    Kind {
        /// The server.
        server: Arc<str>,
        /// Why.
        source: KindError,
    },
    /// Its entry cannot be handed to the transport of its type.
    #[error("server `{0}`: its entry cannot be read as JSON")]
    Options(Arc<str>),
    /// A header cannot be forwarded.
    #[error(
        "server `{server}`, `forwardHeaders`: `{header}` is no header, or one that is meant for the proxy; a server's own \
         credentials belong into `headers`"
    )]
    ForwardHeader {
        /// The server.
        server: Arc<str>,
        /// The header.
        header: String,
    },
    /// A rule of its `requestEnv` cannot stand.
    #[error("server `{server}`, `requestEnv`: {source}")]
    RequestEnv {
        /// The server.
        server: Arc<str>,
        /// Why.
        source: RuleError,
    },
}

impl Composer {
    /// A composer for a proxy with these limits. `kinds` are transports besides those that are built in, by the word that
    /// stands in `type`.
    #[must_use]
    pub fn new(limits: Limits, kinds: Kinds) -> Self {
        let mut settings = HttpSettings::default();
        settings.proxy = ProxySettings::from_env();
        Self {
            budget: Budget::new(limits.budget),
            children: ChildLimit::new(limits.children),
            http: HttpClient::new(&settings),
            kinds,
            limits,
        }
    }

    /// The bounds of the proxy.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A child process that counts with the others, without arguments yet.
    #[must_use]
    pub fn child(&self, program: impl Into<OsString>, name: &Arc<str>, limits: &Limits) -> StdioServer {
        let child = StdioServer::new(program).named(Arc::clone(name)).limits(limits.duplex(&self.budget));
        child.children(self.children.clone())
    }

    /// A server that no file has, with what all servers have in common.
    ///
    /// # Errors
    ///
    /// Fails if a rule for what requests may set cannot stand.
    pub fn options(&self, server: ServerOptions, defaults: &Defaults) -> Result<ServerOptions, ComposeError> {
        let name = Arc::clone(server.name());
        let sharing = sharing(None, defaults);
        Ok(server
            .sharing(sharing)
            .supervision(supervision(&ServerSettings::default(), defaults, Supervision::default().retry_after))
            .request_env(request_env(&name, &BTreeMap::new(), sharing, defaults)?))
    }

    /// The server of `entry`.
    ///
    /// # Errors
    ///
    /// Fails if its `type` is unknown, or if a rule of its `requestEnv` cannot stand.
    pub fn server(&self, entry: &ServerEntry, defaults: &Defaults) -> Result<ServerOptions, ComposeError> {
        let settings = &entry.settings;
        if settings.disabled {
            return Ok(ServerOptions::disabled(Arc::clone(&entry.name)));
        }
        let mut limits = self.limits.clone();
        settings.limits.iter().for_each(|limit| limit.apply(&mut limits));
        let log = ServerLog::default();
        let transport = self.transport(entry, &limits, &log)?;
        let sharing = sharing(settings.session, defaults);
        let mut options = ServerOptions::with(Arc::clone(&entry.name), transport)
            .sharing(sharing)
            .supervision(supervision(settings, defaults, retry_after(&entry.target)))
            .request_env(request_env(&entry.name, &settings.request_env, sharing, defaults)?)
            .retry(settings.retry.over(defaults.retry.of(&entry.target)))
            .breaker(defaults.breaker)
            .log(log)
            .limits(limits);
        if settings.start.unwrap_or(defaults.start) == Start::Demand {
            options = options.on_demand();
        }
        if let Some(era) = settings.era {
            options = options.era(era);
        }
        options = options.forward_headers(forward_headers(entry)?);
        options = match &entry.target {
            Target::Stdio { .. } => options.about("stdio", None),
            // A query, where keys tend to be, is not in it.
            Target::Remote { url, wire, .. } => {
                options.about(if *wire == Wire::Sse { "sse" } else { "http" }, Some(url.to_string().into()))
            }
            Target::Custom { kind, .. } => options.about(kind.as_str(), None),
        };
        options = options.interaction(match settings.interactive {
            None | Some(Interactive::Lease) => Interaction::Lease,
            Some(Interactive::Dedicated) => Interaction::Dedicated,
            Some(Interactive::Refuse) => Interaction::Refuse,
        });
        if settings.shared_logs == Some(SharedLogs::Broadcast) {
            options = options.broadcasting_logs();
        }
        if settings.dialect == Some(Dialect::Prompty) {
            options = options.dialect(core::Dialect::Prompty);
        }
        if settings.client_capabilities == Some(false) {
            options = options.without_client_capabilities();
        }
        Ok(options)
    }

    fn transport(
        &self,
        entry: &ServerEntry,
        limits: &Limits,
        log: &ServerLog,
    ) -> Result<Arc<dyn Transport>, ComposeError> {
        let kind = |source| ComposeError::Kind { server: Arc::clone(&entry.name), source };
        Ok(match &entry.target {
            Target::Stdio { command, args, env, cwd } => {
                let mut child = self.child(command, &entry.name, limits).args(args).log(log.clone());
                if let Some(cwd) = cwd {
                    child = child.cwd(cwd);
                }
                Arc::new(env.iter().fold(child, |child, (name, value)| child.env(name, value.clone())))
            }
            Target::Remote { url, wire, headers } => {
                let mut taken = HttpLimits::default();
                taken.body = limits.line;
                taken.event = limits.line;
                taken.in_flight = limits.calls_per_server;
                taken.notes = limits.notes;
                taken.budget = self.budget.clone();
                let remote = Remote::new(url.clone(), self.http.clone())
                    .credentials(Arc::new(Fixed::new(headers.clone())))
                    .limits(taken);
                match wire {
                    Wire::Detect => Arc::new(Detect::new(remote)),
                    Wire::Streamable => Arc::new(StreamableHttp::new(remote)),
                    Wire::Sse => Arc::new(Sse::new(remote)),
                }
            }
            Target::Custom { kind: word, options } => {
                let options = RawValue::from_string(options.to_string());
                let options = options.map_err(|_| ComposeError::Options(Arc::clone(&entry.name)))?;
                self.kinds.open(word, &options).map_err(kind)?
            }
        })
    }
}

fn sharing(own: Option<SessionKind>, defaults: &Defaults) -> Sharing {
    match own.unwrap_or(defaults.session) {
        SessionKind::Shared => Sharing::Shared,
        SessionKind::Dedicated => Sharing::Dedicated,
    }
}

/// How long after its last failure a use tries once more, where the entry does not say. A server that is not ours to start
/// comes back when it comes back, and asking costs little.
fn retry_after(target: &Target) -> Duration {
    match target {
        Target::Remote { .. } => Duration::from_secs(1),
        _ => Supervision::default().retry_after,
    }
}

fn supervision(settings: &ServerSettings, defaults: &Defaults, retry_after: Duration) -> Supervision {
    let usual = Supervision::default();
    Supervision {
        auto_restart: settings.auto_restart.unwrap_or(usual.auto_restart),
        max_restarts: settings.max_restarts.unwrap_or(usual.max_restarts),
        retry_after: settings.retry_after.unwrap_or(retry_after),
        idle: settings.idle_timeout.unwrap_or(defaults.idle_timeout).duration(),
        ..usual
    }
}

fn request_env(
    name: &Arc<str>,
    own: &BTreeMap<String, Source>,
    sharing: Sharing,
    defaults: &Defaults,
) -> Result<RequestEnv, ComposeError> {
    let refused = |source| ComposeError::RequestEnv { server: Arc::clone(name), source };
    if !own.is_empty() {
        let rules = own.iter().map(|(variable, source)| (variable.clone(), place(source)));
        return RequestEnv::listed(rules.collect()).map_err(refused);
    }
    // What is shared is nobody's to set.
    if sharing == Sharing::Shared {
        return Ok(RequestEnv::none());
    }
    match &defaults.request_env {
        RequestVariables::Any => Ok(RequestEnv::any()),
        RequestVariables::Listed(names) => {
            let rules = names.iter().map(|name| (name.clone(), core::auth::Source::Query(name.clone())));
            RequestEnv::listed(rules.collect()).map_err(refused)
        }
    }
}

/// Headers that are a caller's own; what is meant for us is handed on to nobody.
fn forward_headers(entry: &ServerEntry) -> Result<Vec<HeaderName>, ComposeError> {
    const OURS: [&str; 5] = ["authorization", "cookie", "x-api-key", header::SESSION_ID, "host"];
    let names = entry.settings.forward_headers.iter().flatten().map(|text| {
        let name = HeaderName::try_from(text.as_str()).ok();
        let name = name.filter(|name| !OURS.contains(&name.as_str()) && !name.as_str().starts_with("proxy-"));
        let refused = || ComposeError::ForwardHeader { server: Arc::clone(&entry.name), header: text.clone() };
        name.ok_or_else(refused)
    });
    names.collect()
}

fn place(source: &Source) -> core::auth::Source {
    match source {
        Source::Header(name) => core::auth::Source::Header(name.clone()),
        Source::Query(name) => core::auth::Source::Query(name.clone()),
    }
}

impl Defaults {
    /// What the settings say of all servers.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            session: settings.session.value,
            start: settings.start.value,
            idle_timeout: settings.idle_timeout.value,
            request_env: settings.request_env.value.clone(),
            retry: RetryDefaults::default(),
            breaker: None,
        }
    }
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composer").field("limits", &self.limits).field("kinds", &self.kinds).finish_non_exhaustive()
    }
}
