//! The arguments that all binaries have.

use std::{net::IpAddr, path::PathBuf};

use clap::Args;
use mcp_config::{
    IdleTimeout, LimitSetting, LogFormat, Overrides, ProxySettings, RequestVariables, SessionKind, parse_address,
};
use mcp_proxy_core::transport::Secret;

/// The arguments that all binaries have. Whatever is not given is taken from the environment, a `.env` file, the
/// configuration file, or its default, in this order.
#[derive(Debug, Default, Args)]
#[expect(clippy::doc_markdown, reason = "help texts")]
pub struct Common {
    /// Configuration file with the servers to offer; followed while it runs [env: CONFIG_PATH].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Check the configuration, print what holds and where it comes from, and exit.
    #[arg(long)]
    pub check: bool,

    /// Take over the servers of another client's configuration: its file, or one of claude, cursor, vscode, windsurf, zed.
    /// They go into the file of --config, or to stdout without it.
    #[arg(long, value_name = "CLIENT|FILE")]
    pub import: Option<String>,

    /// Address to listen on [default: 127.0.0.1]. Beyond loopback a key is needed, or --allow-unauthenticated.
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    pub host: Option<IpAddr>,

    /// Port to listen on; 0 picks a free one [env: PORT].
    #[arg(long)]
    pub port: Option<u16>,

    /// A key that clients have to present [env: AUTH_KEY]. Other users of the machine may see it here; the environment or
    /// --auth-key-file hides it.
    #[arg(long, value_name = "KEY", value_parser = secret)]
    pub auth_key: Option<Secret>,

    /// A file with a key that clients have to present.
    #[arg(long, value_name = "FILE", conflicts_with = "auth_key")]
    pub auth_key_file: Option<PathBuf>,

    /// Let everyone who can reach the address use the servers, beyond this machine too.
    #[arg(long)]
    pub allow_unauthenticated: bool,

    /// Let the configuration be changed over HTTP without a key, on loopback only. With a key it can be anyway.
    #[arg(long)]
    pub config_api: bool,

    /// How clients share servers, where the configuration does not say [env: SHARED_SESSION].
    #[arg(long, value_name = "shared|dedicated")]
    pub session: Option<SessionKind>,

    /// After how long without use a server is stopped, as in 5m, or off [env: IDLE_TIMEOUT].
    #[arg(long, value_name = "TIME")]
    pub idle_timeout: Option<IdleTimeout>,

    /// Variables that the query of a request may set for a dedicated process: names with commas, or * [env: REQUEST_ENV].
    #[arg(long, value_name = "NAMES")]
    pub request_env: Vec<RequestVariables>,

    /// A host name that clients reach us by, besides addresses and localhost.
    #[arg(long, value_name = "NAME[:PORT]")]
    pub allow_host: Vec<String>,

    /// An origin whose web pages may use the servers.
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<String>,

    /// The URL that clients know us by, where a reverse proxy stands before us.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,

    /// Serve https with this certificate chain, a PEM file.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The key of the certificate, a PEM file.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// A bound, for instance `call_idle=5m` or `body=8MiB`; an unknown name lists them all.
    #[arg(long, value_name = "NAME=VALUE")]
    pub limit: Vec<LimitSetting>,

    /// Threads that serve. One is fastest for small calls; with two, large results hold up other calls less.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: Option<u16>,

    /// What to log: error, warn, info, debug, trace, or directives as in `info,mcp_transport=debug` [env: RUST_LOG, LOGGING].
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,

    /// How to log, on stderr.
    #[arg(long, value_name = "text|json")]
    pub log_format: Option<LogFormat>,
}

#[expect(clippy::unnecessary_wraps, reason = "the form that clap wants")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

impl Common {
    /// What of it a configuration could say too. A key in a file has been read by then.
    pub(crate) fn overrides(&self, key: Option<Secret>) -> Overrides {
        let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
        let settings = ProxySettings {
            host: self.host,
            port: self.port,
            auth_key: key,
            idle_timeout: self.idle_timeout,
            session: self.session,
            allowed_hosts: some(&self.allow_host),
            allowed_origins: some(&self.allow_origin),
            public_url: self.public_url.clone(),
            config_api: self.config_api.then_some(true),
            allow_unauthenticated: self.allow_unauthenticated.then_some(true),
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            log_level: self.log_level.clone(),
            log_format: self.log_format,
            threads: self.threads,
            limits: self.limit.clone(),
            ..ProxySettings::default()
        };
        let request_env = self.request_env.iter().cloned().reduce(together);
        Overrides { settings, server: None, request_env }
    }
}

/// What either allows.
fn together(one: RequestVariables, other: RequestVariables) -> RequestVariables {
    match (one, other) {
        (RequestVariables::Listed(mut names), RequestVariables::Listed(more)) => {
            names.extend(more);
            RequestVariables::Listed(names)
        }
        _ => RequestVariables::Any,
    }
}
