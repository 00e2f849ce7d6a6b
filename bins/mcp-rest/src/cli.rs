//! The command line.

use clap::Parser;
use mcp_cli::{Common, Shell};

/// Offers the tools, resources and prompts of MCP servers as REST.
///
/// The servers are those of --config, or of mcp.servers.json in this directory: child processes and URLs, of every transport and
/// era. /docs is a page to try them on, /openapi.json describes all paths.
#[derive(Debug, Parser)]
#[command(name = "mcp-rest", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

const EXAMPLES: &str = "\
Examples:
  mcp-rest
  mcp-rest --config mcp.servers.json --port 8080
  curl 127.0.0.1:8080/api/mcp/NAME/tools
  curl 127.0.0.1:8080/api/mcp/NAME/tools/TOOL/execute --json '{\"city\": \"Rome\"}'

Exit codes: 0 done, 2 usage, 69 the port is not to be had, 78 a setting is wrong or exposure was refused";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
