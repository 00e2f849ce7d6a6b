//! Serves a stdio MCP server over HTTP.

mod cli;
mod demo;
mod serve;
mod setting;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use tokio::{runtime, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, LogFormat};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(Command::DemoServer) = cli.command {
        return finish(demo::run(io::stdin().lock(), io::stdout()), 1);
    }
    let Ok(filter) = EnvFilter::try_new(&cli.serve.log_level) else {
        return finish(Err("`--log-level` (or RUST_LOG) cannot be read; write for instance `info`"), 78);
    };
    log(filter, cli.serve.log_format);
    let mut builder = if cli.serve.threads == 1 {
        runtime::Builder::new_current_thread()
    } else {
        runtime::Builder::new_multi_thread()
    };
    let built = builder.worker_threads(cli.serve.threads.into()).enable_all().build();
    let runtime = match built {
        Ok(runtime) => runtime,
        Err(error) => return finish(Err(error), 69),
    };
    let outcome = runtime.block_on(serve::serve(cli.serve, told_to_stop()));
    // A stdin that nobody closes must not keep us.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.exit_code();
            let _ = finish(Err(error), 1);
            code
        }
    }
}

/// Ready at the first Ctrl-C or SIGTERM. The second one ends the process at once; its children do not outlive it.
async fn told_to_stop() {
    stop_signal().await;
    tokio::spawn(async {
        stop_signal().await;
        #[expect(clippy::exit, reason = "whoever asks twice does not want to wait")]
        std::process::exit(130);
    });
}

async fn stop_signal() {
    #[cfg(unix)]
    {
        use signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = signal::ctrl_c() => return,
            }
        }
    }
    // Without handlers there is nothing to wait for; the default action of the signal ends us.
    let _ = signal::ctrl_c().await;
}

fn log(filter: EnvFilter, format: LogFormat) {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // A log that nobody reads any more could only be complained of in the log, and that complaint would panic.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => subscriber.with_ansi(io::stderr().is_terminal()).with_target(false).init(),
        LogFormat::Json => subscriber.json().init(),
    }
}

/// Says what went wrong, if anything, and how to exit.
fn finish<E: std::fmt::Display>(outcome: Result<(), E>, code: u8) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a reader there is nobody to tell.
            let _ = writeln!(io::stderr(), "mcp-stdio: {error}");
            ExitCode::from(code)
        }
    }
}
