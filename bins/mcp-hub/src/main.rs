//! Offers many MCP servers behind one endpoint.

mod admin;
mod cli;
mod stdio;

use std::process::ExitCode;

use clap::Parser;
use mcp_cli::{CliError, Common, HubArguments, Program, completions};

use crate::cli::{Cli, Command, Serve};

fn main() -> ExitCode {
    let Cli { command, serve } = Cli::parse();
    match command {
        None => run(serve),
        Some(Command::Serve(serve)) => run(serve),
        Some(Command::Stdio(arguments)) => arguments.run(),
        Some(Command::Completions { shell }) => {
            completions::<Cli>(shell);
            ExitCode::SUCCESS
        }
    }
}

fn run(Serve { common, hub, admin }: Serve) -> ExitCode {
    mcp_cli::run(Program { beside: Some(admin.beside()), ..program(common, hub) })
}

/// The hub, however clients come to it.
fn program(common: Common, hub: HubArguments) -> Program {
    Program {
        name: "mcp-hub",
        common,
        server: None,
        usual_files: &["mcp-hub.json", "config/mcp_server.json"],
        port: 3663,
        offer: |builder| builder,
        places: |base| {
            format!(
                "at {base}/mcp (streamable HTTP) and {base}/sse (HTTP+SSE), each alone at {base}/servers/NAME/mcp, groups \
                 at {base}/groups/NAME/mcp"
            )
        },
        hub: Some(hub),
        beside: None,
        own: Box::new(|_, _| Err(CliError::Setting(NO_FILE.to_owned()))),
    }
}

const NO_FILE: &str = r#"there is no configuration file. Name one with `--config`, or make mcp-hub.json in this directory:
  {"mcpServers": {"time": {"command": "uvx", "args": ["mcp-server-time"]}, "far": {"url": "https://example.com/mcp"}}}
`mcp-hub --import cursor --config mcp-hub.json` takes over the servers of another client (claude, vscode, windsurf, zed)"#;
