//! The settings that hold in the end.

mod admin;
mod hub;
mod hub_variable;
mod variable;

use std::{collections::BTreeMap, ffi::OsString, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use mcp_proxy_core::{Limits, transport::Secret};

use crate::{
    IdleTimeout, LimitSetting, LogFormat, Origin, ProxySettings, RequestVariables, SessionKind, Sourced, Start,
    Variables,
};
use variable::{
    AUTH_KEY, CONFIG_PATH, IDLE_TIMEOUT, LOGGING, MCP_SERVER_CONFIG, PORT, REQUEST_ENV, RUST_LOG, SHARED_SESSION,
    Variable,
};

pub use admin::{Admin, AdminSettings};
pub use hub::Hub;

/// What a command line says.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Settings that the file can make too.
    pub settings: ProxySettings,
    /// The server to start, and its arguments.
    pub server: Option<Vec<OsString>>,
    /// Variables that requests may set for that server.
    pub request_env: Option<RequestVariables>,
}

/// Every setting of the proxy, with its value and where that comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// A server to start besides those of the file, and its arguments; `$MCP_SERVER_CONFIG`. Default: none.
    pub server: Sourced<Option<Vec<OsString>>>,
    /// Variables that requests may set for that server; `$REQUEST_ENV`. Default: none.
    pub request_env: Sourced<RequestVariables>,
    /// The address to listen on. Default: 127.0.0.1.
    pub host: Sourced<IpAddr>,
    /// The port to listen on, 0 for a free one; `$PORT`. Default: 8000.
    pub port: Sourced<u16>,
    /// A key that clients may present; `$AUTH_KEY`. Default: none.
    pub auth_key: Sourced<Option<Secret>>,
    /// More keys, by the name of whom they are for. Default: none.
    pub keys: Sourced<BTreeMap<String, Secret>>,
    /// When servers are idle for too long; `$IDLE_TIMEOUT`, in milliseconds if it has no unit. Default: 5 minutes.
    pub idle_timeout: Sourced<IdleTimeout>,
    /// How clients share servers; `$SHARED_SESSION`, where `true`, `1` and `yes` mean shared. Default: shared.
    pub session: Sourced<SessionKind>,
    /// When servers are started. Default: with the proxy.
    pub start: Sourced<Start>,
    /// Names the proxy is reached by. Default: none but addresses and `localhost`.
    pub allowed_hosts: Sourced<Vec<String>>,
    /// Origins of web pages that may use it. Default: none.
    pub allowed_origins: Sourced<Vec<String>>,
    /// The URL that clients know it by. Default: none.
    pub public_url: Sourced<Option<String>>,
    /// Whether the configuration can be changed over HTTP. Default: no.
    pub config_api: Sourced<bool>,
    /// Whether everyone who reaches the address may use it, beyond this machine too. Default: no.
    pub allow_unauthenticated: Sourced<bool>,
    /// The certificate chain, a PEM file; set if `tls_key` is. Default: none.
    pub tls_cert: Sourced<Option<PathBuf>>,
    /// Its key, a PEM file. Default: none.
    pub tls_key: Sourced<Option<PathBuf>>,
    /// What to log: a level, or directives; `$RUST_LOG`, or a level in `$LOGGING`. Default: `info`.
    pub log_level: Sourced<String>,
    /// How to log. Default: lines.
    pub log_format: Sourced<LogFormat>,
    /// Threads that serve, from 1 to 64. Default: 1.
    pub threads: Sourced<u16>,
    /// Bounds that somebody has set; later ones win.
    pub limits: Vec<Sourced<LimitSetting>>,
}

/// A setting that cannot be used. Values are not quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// A variable has a value that its setting cannot have.
    #[error("{origin} must be {must}")]
    Variable {
        /// Which one.
        origin: Origin,
        /// What it must be.
        must: &'static str,
    },
    /// There is a certificate without a key, or a key without a certificate.
    #[error("`tlsCert` and `tlsKey` belong together; set both or neither")]
    HalfTls,
}

/// Where the configuration file is, if anybody says so: the command line, or `$CONFIG_PATH`.
#[must_use]
pub fn config_path(flag: Option<PathBuf>, variables: &Variables) -> Option<Sourced<PathBuf>> {
    let flag = flag.map(|value| Sourced { value, source: Origin::Flag });
    flag.or_else(|| variables.setting(CONFIG_PATH).map(|(path, source)| Sourced { value: path.into(), source }))
}

impl Settings {
    /// Takes each setting from the command line, else from the environment, else from the `.env` file, else from the
    /// configuration file, else from its default. A variable that does not count is not looked at.
    ///
    /// # Errors
    ///
    /// Names every variable whose value cannot be used.
    pub fn settle(flags: Overrides, variables: &Variables, file: ProxySettings) -> Result<Self, Vec<SettingError>> {
        let Overrides { settings: flag, server, request_env } = flags;
        let mut from = Layers { variables, wrong: Vec::new() };
        let settings = Self {
            server: from.optional(server, &[MCP_SERVER_CONFIG], None),
            request_env: from.first(request_env, &[REQUEST_ENV], None, RequestVariables::default()),
            host: from.first(flag.host, &[], file.host, IpAddr::from([127, 0, 0, 1])),
            port: from.first(flag.port, &[PORT], file.port, 8000),
            auth_key: from.optional(flag.auth_key, &[AUTH_KEY], file.auth_key),
            keys: from.first(flag.keys, &[], file.keys, BTreeMap::new()),
            idle_timeout: from.first(flag.idle_timeout, &[IDLE_TIMEOUT], file.idle_timeout, IDLE),
            session: from.first(flag.session, &[SHARED_SESSION], file.session, SessionKind::Shared),
            start: from.first(flag.start, &[], file.start, Start::Launch),
            allowed_hosts: from.first(flag.allowed_hosts, &[], file.allowed_hosts, Vec::new()),
            allowed_origins: from.first(flag.allowed_origins, &[], file.allowed_origins, Vec::new()),
            public_url: from.optional(flag.public_url, &[], file.public_url),
            config_api: from.first(flag.config_api, &[], file.config_api, false),
            allow_unauthenticated: from.first(flag.allow_unauthenticated, &[], file.allow_unauthenticated, false),
            tls_cert: from.optional(flag.tls_cert, &[], file.tls_cert),
            tls_key: from.optional(flag.tls_key, &[], file.tls_key),
            log_level: from.first(flag.log_level, &[RUST_LOG, LOGGING], file.log_level, "info".to_owned()),
            log_format: from.first(flag.log_format, &[], file.log_format, LogFormat::Text),
            threads: from.first(flag.threads, &[], file.threads, 1),
            limits: limits(file.limits, Origin::File).chain(limits(flag.limits, Origin::Flag)).collect(),
        };
        if settings.tls_cert.value.is_some() != settings.tls_key.value.is_some() {
            from.wrong.push(SettingError::HalfTls);
        }
        if from.wrong.is_empty() { Ok(settings) } else { Err(from.wrong) }
    }

    /// Every key that is accepted, by its name; `hub` has some more.
    #[must_use]
    pub fn accepted(&self, hub: Option<&Hub>) -> Vec<(Arc<str>, Secret)> {
        let single = self.auth_key.value.iter().map(|key| ("auth-key".into(), key.clone()));
        let named = self.keys.value.iter().map(|(name, key)| (name.as_str().into(), key.clone()));
        let listed = hub.into_iter().flat_map(|hub| hub.allowed_keys.value.iter().chain(&hub.allowed_tokens.value));
        single.chain(named).chain(listed.cloned()).collect()
    }

    /// All bounds of the proxy, the defaults among them.
    #[must_use]
    pub fn bounds(&self) -> Limits {
        let mut bounds = Limits::default();
        self.limits.iter().for_each(|limit| limit.value.apply(&mut bounds));
        bounds
    }
}

const IDLE: IdleTimeout = IdleTimeout::After(Duration::from_mins(5));

/// The places of settings, one upon the other.
struct Layers<'a> {
    variables: &'a Variables,
    wrong: Vec<SettingError>,
}

impl Layers<'_> {
    /// The first place that says something.
    fn said<T>(&mut self, flag: Option<T>, names: &[Variable<T>], file: Option<T>) -> Option<Sourced<T>> {
        if let Some(value) = flag {
            return Some(Sourced { value, source: Origin::Flag });
        }
        for variable in names {
            let Some((text, source)) = self.variables.setting(variable.name) else { continue };
            match (variable.read)(text) {
                Some(value) => return Some(Sourced { value, source }),
                None => self.wrong.push(SettingError::Variable { origin: source, must: variable.must }),
            }
        }
        file.map(|value| Sourced { value, source: Origin::File })
    }

    fn first<T>(&mut self, flag: Option<T>, names: &[Variable<T>], file: Option<T>, default: T) -> Sourced<T> {
        self.said(flag, names, file).unwrap_or(Sourced { value: default, source: Origin::Default })
    }

    fn optional<T>(&mut self, flag: Option<T>, names: &[Variable<T>], file: Option<T>) -> Sourced<Option<T>> {
        let said = self.said(flag, names, file).map(|said| Sourced { value: Some(said.value), source: said.source });
        said.unwrap_or(Sourced { value: None, source: Origin::Default })
    }
}

fn limits(settings: Vec<LimitSetting>, source: Origin) -> impl Iterator<Item = Sourced<LimitSetting>> {
    settings.into_iter().map(move |value| Sourced { value, source })
}

#[cfg(test)]
mod tests;
