//! Serves stdio MCP servers over HTTP.

mod cli;
mod demo;
mod single;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use mcp_cli::{Program, completions};

use crate::cli::{Cli, Command, Serve};

fn main() -> ExitCode {
    let Cli { command, serve } = Cli::parse();
    match command {
        None => mcp_cli::run(program(serve)),
        Some(Command::DemoServer) => match demo::run(io::stdin().lock(), io::stdout()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // Without a reader there is nobody to tell.
                let _ = writeln!(io::stderr(), "mcp-stdio: {error}");
                ExitCode::FAILURE
            }
        },
        Some(Command::Completions { shell }) => {
            completions::<Cli>(shell);
            ExitCode::SUCCESS
        }
    }
}

fn program(serve: Serve) -> Program {
    let Serve { server, child, common } = serve;
    Program {
        name: "mcp-stdio",
        common,
        server: (!server.is_empty()).then_some(server),
        usual_files: &["mcp-config.json"],
        port: 8000,
        offer: |builder| builder,
        places: |base| format!("at {base}/NAME/mcp (streamable HTTP) and {base}/NAME/sse (HTTP+SSE)"),
        hub: None,
        beside: None,
        own: Box::new(move |settings, composer| single::server(child, settings, composer)),
    }
}
