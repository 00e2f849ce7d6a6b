//! The command line.

use clap::Parser;
use mcp_cli::{Common, HubArguments, Shell};

use crate::{admin::AdminArguments, stdio::Stdio};

/// Offers many MCP servers behind one endpoint, to clients of every transport and both eras.
///
/// All servers of the configuration file are one at /mcp (streamable HTTP) and /sse (HTTP+SSE), each is alone at
/// /servers/NAME/mcp, and those of a group are at /groups/NAME/mcp. The file is the one of --config, else mcp-hub.json in this
/// directory, else config/mcp_server.json with config/tool_config.json.
#[derive(Debug, Parser)]
#[command(name = "mcp-hub", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
#[expect(clippy::doc_markdown, reason = "help texts")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Serve over HTTP, which is what happens without a command too.
    Serve(Serve),
    /// Be one stdio server that offers all servers, or a single one behind a URL.
    Stdio(Stdio),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) hub: HubArguments,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

const EXAMPLES: &str = "\
Examples:
  mcp-hub
  mcp-hub --config mcp-hub.json --port 9000
  mcp-hub --config mcp-hub.json --admin
  mcp-hub stdio --config mcp-hub.json
  mcp-hub stdio --url https://example.com/mcp --bearer-env TOKEN
  mcp-hub --import cursor --config mcp-hub.json

Exit codes: 0 done, 2 usage, 69 the port is not to be had, 78 a setting is wrong or exposure was refused";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_serves() {
        let cli = Cli::parse_from(["mcp-hub", "--port", "0", "--state", "off", "--tool-config", "t.json"]);
        assert_eq!((cli.serve.common.port, cli.command.is_none()), (Some(0), true));
        assert_eq!(cli.serve.hub.tool_config, Some("t.json".into()));
        let cli = Cli::parse_from(["mcp-hub", "serve", "--port", "0"]);
        assert!(matches!(cli.command, Some(Command::Serve(serve)) if serve.common.port == Some(0)));
    }

    #[test]
    fn what_belongs_to_one_url_needs_it_and_goes_with_no_file() {
        let parse = |arguments: &[&str]| Cli::try_parse_from([&["mcp-hub", "stdio"], arguments].concat());
        assert!(parse(&["--url", "https://x", "--header", "A: b", "--header-env", "A=B", "--bearer-env", "T"]).is_ok());
        assert!(parse(&["--config", "a.json", "--state", "off"]).is_ok());
        for wrong in [&["--header", "A: b"][..], &["--bearer-env", "T"], &["--url", "https://x", "--config", "a.json"]]
        {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
