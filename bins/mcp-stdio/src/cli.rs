//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Parser, ValueEnum};
use mcp_cli::{Common, Shell};
use mcp_proxy_core::protocol::Era;

/// Serves stdio MCP servers over HTTP, to clients of both transports and both eras.
///
/// With --config it serves all servers of a file, each at /NAME/mcp (streamable HTTP) and /NAME/sse (HTTP+SSE), and tells
/// their states at /api/servers. With a COMMAND it serves that one at /mcp and /sse. With neither it serves the servers of
/// mcp-config.json in this directory, and without that a small demo server of its own, which needs nothing installed.
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
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "help texts")]
pub(crate) struct Serve {
    /// The server to start, and its arguments; no shell reads them [env: MCP_SERVER_CONFIG, split at its spaces].
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "config")]
    pub(crate) server: Vec<OsString>,

    #[command(flatten)]
    pub(crate) child: Child,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// What is said of COMMAND; a file says it for each of its servers.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Options for COMMAND")]
pub(crate) struct Child {
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
}

/// The two eras of MCP.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum EraArg {
    /// Revisions up to 2025-11-25, with a handshake.
    Legacy,
    /// Revision 2026-07-28.
    Modern,
}

const EXAMPLES: &str = "\
Examples:
  mcp-stdio
  mcp-stdio --config mcp-config.json
  mcp-stdio --port 9000 -- npx -y @modelcontextprotocol/server-everything stdio
  mcp-stdio --session dedicated --request-env GITHUB_PERSONAL_ACCESS_TOKEN -- npx -y @modelcontextprotocol/server-github
  mcp-stdio --import cursor --config mcp-config.json

Exit codes: 0 done, 2 usage, 69 the port or the server is not to be had, 78 a setting is wrong or exposure was refused";

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
        assert_eq!(cli.serve.common.port, Some(0));
        assert!(cli.command.is_none());
        assert!(matches!(Cli::parse_from(["mcp-stdio", "demo-server"]).command, Some(Command::DemoServer)));
    }

    #[test]
    fn a_command_and_a_file_are_one_too_many() {
        assert!(Cli::try_parse_from(["mcp-stdio", "--config", "a.json", "--", "npx"]).is_err());
    }
}
