//! The command line.

use std::{ffi::OsString, net::IpAddr, path::PathBuf};

use clap::{Parser, ValueEnum};
use mcp_proxy_core::{Sharing, protocol::Era};

use crate::setting::Setting;

/// Serves a stdio MCP server over HTTP, to clients of both transports and both eras.
///
/// Starts COMMAND as a child process and serves it at /mcp (streamable HTTP) and /sse (HTTP+SSE). Without a COMMAND it serves
/// a small demo server of its own, which needs nothing installed.
#[derive(Debug, Parser)]
#[command(name = "mcp-stdio", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Be a small MCP server on stdin and stdout, with tools, resources, a prompt, progress and questions to try.
    DemoServer,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// The server to start, and its arguments; no shell reads them.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) server: Vec<OsString>,

    /// Address to listen on. Beyond loopback, `--allow-unauthenticated` is needed.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,

    /// Port to listen on; 0 picks a free one.
    #[arg(long, env = "PORT", default_value_t = 8000)]
    pub(crate) port: u16,

    /// How clients share the server.
    #[arg(long, value_enum, default_value_t = Session::Shared)]
    pub(crate) session: Session,

    /// The era the server speaks; found out by asking if not given.
    #[arg(long, value_enum)]
    pub(crate) era: Option<EraArg>,

    /// A variable for the server: NAME hands on ours, NAME=VALUE sets it. It gets a short list of usual ones anyway.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,

    /// Directory to start the server in.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) cwd: Option<PathBuf>,

    /// Tell the server that clients cannot be asked for roots, sampling or elicitation.
    #[arg(long)]
    pub(crate) no_client_capabilities: bool,

    /// A host name that clients reach us by, besides addresses and localhost.
    #[arg(long, value_name = "NAME[:PORT]")]
    pub(crate) allow_host: Vec<String>,

    /// An origin whose web pages may use the server.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,

    /// The URL that clients know us by, where a reverse proxy stands before us.
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// Let everyone who can reach the address use the server, beyond this machine too.
    #[arg(long)]
    pub(crate) allow_unauthenticated: bool,

    /// A bound, for instance `call_idle=5m` or `body=8MiB`; an unknown name lists them all.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) limit: Vec<Setting>,

    /// Threads that serve. One is fastest for most loads.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) threads: u16,

    /// What to log: error, warn, info, debug, trace, or directives as in `info,mcp_transport=debug`.
    #[arg(long, env = "RUST_LOG", default_value = "info")]
    pub(crate) log_level: String,

    /// How to log, on stderr.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// How clients share the server.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Session {
    /// One process serves all clients, each as if it had it alone.
    Shared,
    /// Every session has a process of its own.
    Dedicated,
}

/// The two eras of MCP.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum EraArg {
    /// Revisions up to 2025-11-25, with a handshake.
    Legacy,
    /// Revision 2026-07-28.
    Modern,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

const EXAMPLES: &str = "\
Examples:
  mcp-stdio
  mcp-stdio --port 9000 -- npx -y @modelcontextprotocol/server-everything stdio
  mcp-stdio --session dedicated --env GITHUB_PERSONAL_ACCESS_TOKEN -- npx -y @modelcontextprotocol/server-github

Exit codes: 0 done, 2 usage, 69 the port or the server is not to be had, 78 a setting is wrong or exposure was refused";

impl From<Session> for Sharing {
    fn from(session: Session) -> Self {
        match session {
            Session::Shared => Self::Shared,
            Session::Dedicated => Self::Dedicated,
        }
    }
}

impl From<EraArg> for Era {
    fn from(era: EraArg) -> Self {
        match era {
            EraArg::Legacy => Self::Legacy,
            EraArg::Modern => Self::Modern,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_follows_the_dashes_is_the_servers() {
        let cli = Cli::parse_from(["mcp-stdio", "--port", "0", "--", "npx", "-y", "--port", "x"]);
        assert_eq!(cli.serve.server, ["npx", "-y", "--port", "x"]);
        assert_eq!(cli.serve.port, 0);
        assert!(cli.command.is_none());
        assert!(matches!(Cli::parse_from(["mcp-stdio", "demo-server"]).command, Some(Command::DemoServer)));
    }
}
