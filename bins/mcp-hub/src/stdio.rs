//! `mcp-hub stdio`.

use std::{path::PathBuf, process::ExitCode};

use mcp_cli::{Bridge, Common, HubArguments, run_bridge, run_stdio};
use mcp_config::{IdleTimeout, LimitSetting, LogFormat, SessionKind};

/// What a stdio server is told. There is no port, so nothing about one.
#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "help texts")]
pub(crate) struct Stdio {
    /// Configuration file with the servers to offer; followed while it runs [env: CONFIG_PATH].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Check the configuration, print what holds and where it comes from, and exit.
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    hub: HubArguments,

    /// Offer this one server instead of those of a file.
    #[arg(long, value_name = "URL", conflicts_with_all = ["config", "check", "tool_config", "state"])]
    url: Option<String>,

    /// A header of every request to it; ${NAME} in the value is taken from the environment, which keeps secrets off the
    /// command line.
    #[arg(long, value_name = "NAME: VALUE", requires = "url")]
    header: Vec<String>,

    /// A header whose value is that of a variable.
    #[arg(long, value_name = "NAME=VARIABLE", requires = "url")]
    header_env: Vec<String>,

    /// The variable with the bearer token for it.
    #[arg(long, value_name = "VARIABLE", requires = "url")]
    bearer_env: Option<String>,

    /// How clients share servers, where the configuration does not say [env: SHARED_SESSION].
    #[arg(long, value_name = "shared|dedicated")]
    session: Option<SessionKind>,

    /// After how long without use a server is stopped, as in 5m, or off [env: IDLE_TIMEOUT].
    #[arg(long, value_name = "TIME")]
    idle_timeout: Option<IdleTimeout>,

    /// A bound, for instance `call_idle=5m`; an unknown name lists them all.
    #[arg(long, value_name = "NAME=VALUE")]
    limit: Vec<LimitSetting>,

    /// What to log: error, warn, info, debug, trace, or directives [env: RUST_LOG, LOGGING].
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,

    /// How to log, on stderr.
    #[arg(long, value_name = "text|json")]
    log_format: Option<LogFormat>,
}

impl Stdio {
    /// Serves, and says how to exit.
    pub(crate) fn run(self) -> ExitCode {
        let common = Common {
            config: self.config,
            check: self.check,
            session: self.session,
            idle_timeout: self.idle_timeout,
            limit: self.limit,
            log_level: self.log_level,
            log_format: self.log_format,
            ..Common::default()
        };
        let Some(url) = self.url else { return run_stdio(crate::program(common, self.hub)) };
        run_bridge(&Bridge {
            name: "mcp-hub",
            common,
            url,
            headers: self.header,
            header_env: self.header_env,
            bearer_env: self.bearer_env,
        })
    }
}
