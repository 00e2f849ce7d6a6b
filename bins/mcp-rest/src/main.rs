//! Offers the tools, resources and prompts of MCP servers as REST.

mod cli;

use std::process::ExitCode;

use clap::Parser;
use mcp_cli::{CliError, Program, completions};
use mcp_proxy_core::Builder;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let Cli { command, common } = Cli::parse();
    if let Some(Command::Completions { shell }) = command {
        completions::<Cli>(shell);
        return ExitCode::SUCCESS;
    }
    mcp_cli::run(Program {
        name: "mcp-rest",
        common,
        server: None,
        usual_files: &["mcp.servers.json"],
        port: 8080,
        offer: Builder::rest,
        places: |base| {
            format!("at {base}/api/mcp/NAME/tools, described at {base}/openapi.json, to be tried at {base}/docs")
        },
        hub: None,
        beside: None,
        own: Box::new(|_, _| {
            let text = "Configuration file not found. Please create mcp.servers.json in this directory, or name one with `--config`";
            Err(CliError::Setting(text.to_owned()))
        }),
    })
}
