//! What a configuration file says.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use mcp_proxy_core::{aggregator::Rules, protocol::Era, transport::Secret};

use crate::{
    Dialect, HubSettings, IdleTimeout, InstallSettings, Interactive, LimitSetting, LogFormat, RetrySetting,
    SessionKind, SharedLogs, Source, Start, Target,
};

/// A configuration file that has no error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Settings of the proxy.
    pub settings: ProxySettings,
    /// How the servers are offered as one.
    pub hub: HubSettings,
    /// The servers, in the order of the file.
    pub servers: Vec<ServerEntry>,
}

/// Settings of the proxy, from one place; what is not mentioned there is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProxySettings {
    /// The address to listen on.
    pub host: Option<IpAddr>,
    /// The port to listen on; 0 picks a free one.
    pub port: Option<u16>,
    /// A key that clients may present.
    pub auth_key: Option<Secret>,
    /// More keys, by the name of whom they are for.
    pub keys: Option<BTreeMap<String, Secret>>,
    /// When servers are idle for too long, unless they have their own say.
    pub idle_timeout: Option<IdleTimeout>,
    /// How clients share servers that have no say of their own.
    pub session: Option<SessionKind>,
    /// When servers are started that have no say of their own.
    pub start: Option<Start>,
    /// Names the proxy is reached by.
    pub allowed_hosts: Option<Vec<String>>,
    /// Origins of web pages that may use it.
    pub allowed_origins: Option<Vec<String>>,
    /// The URL that clients know it by.
    pub public_url: Option<String>,
    /// Whether the configuration can be changed over HTTP.
    pub config_api: Option<bool>,
    /// Whether everyone who reaches the address may use it, beyond this machine too.
    pub allow_unauthenticated: Option<bool>,
    /// The certificate chain, a PEM file.
    pub tls_cert: Option<PathBuf>,
    /// Its key, a PEM file.
    pub tls_key: Option<PathBuf>,
    /// What to log: a level, or directives.
    pub log_level: Option<String>,
    /// How to log.
    pub log_format: Option<LogFormat>,
    /// Threads that serve.
    pub threads: Option<u16>,
    /// Bounds.
    pub limits: Vec<LimitSetting>,
}

/// One server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerEntry {
    /// What it is called, in paths too.
    pub name: Arc<str>,
    /// How it is reached.
    pub target: Target,
    /// What it says of itself besides.
    pub settings: ServerSettings,
    /// How a hub shows its items.
    pub rules: Rules,
}

/// Settings of one server; what is not mentioned is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerSettings {
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it is started again when it ends by itself.
    pub auto_restart: Option<bool>,
    /// How often in a row.
    pub max_restarts: Option<u32>,
    /// How long after its last failure a use tries once more.
    pub retry_after: Option<Duration>,
    /// How clients share it.
    pub session: Option<SessionKind>,
    /// When it is idle for too long.
    pub idle_timeout: Option<IdleTimeout>,
    /// When it is started.
    pub start: Option<Start>,
    /// Variables that requests may set, and what they are taken from; with any, `session` is dedicated.
    pub request_env: BTreeMap<String, Source>,
    /// Headers of a caller of REST that it gets too.
    pub forward_headers: Option<Vec<String>>,
    /// What happens to its questions.
    pub interactive: Option<Interactive>,
    /// What happens to its log messages.
    pub shared_logs: Option<SharedLogs>,
    /// The form of its HTTP routes.
    pub dialect: Option<Dialect>,
    /// The era it speaks; found out by asking if not given.
    pub era: Option<Era>,
    /// Whether it is told that clients can be asked for something.
    pub client_capabilities: Option<bool>,
    /// How often a hub sends its calls again.
    pub retry: RetrySetting,
    /// How it is installed.
    pub install: InstallSettings,
    /// Bounds of its own.
    pub limits: Vec<LimitSetting>,
}
