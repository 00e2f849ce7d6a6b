//! From the command line to the end of the process.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use mcp_config::{Settings, Severity, show, show_hub};
use tokio::runtime::{self, Runtime};

use crate::{CliError, Program, import, log, serve, sources::Sources, stdio};

/// What clients come over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Http,
    Stdio,
}

/// Does what the command line says, and says how to exit.
#[must_use]
pub fn run(program: Program) -> ExitCode {
    exit(program.name, go(program, Over::Http))
}

/// The same for one client on stdin and stdout, which gets all servers as one; it ends when the client hangs up.
#[must_use]
pub fn run_stdio(program: Program) -> ExitCode {
    exit(program.name, go(program, Over::Stdio))
}

/// Says what went wrong, if anything did.
pub(crate) fn exit(name: &str, outcome: Result<(), CliError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("{name}: {error}"));
            error.exit_code()
        }
    }
}

/// Writes a line to stderr, for a person. Without a reader there is nobody to tell.
pub fn tell(line: &str) {
    say(format_args!("{line}"));
}

/// Writes a line to stderr. Without a reader there is nobody to tell.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn go(program: Program, over: Over) -> Result<(), CliError> {
    if let Some(from) = &program.common.import {
        return import::run(from, program.common.config.as_deref());
    }
    let sources = Sources::read(&program)?;
    if program.common.check {
        check(&sources);
        return Ok(());
    }
    let runtime = begin(&sources.settings)?;
    sources.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let outcome = match over {
        Over::Http => runtime.block_on(serve::serve(program, sources)),
        Over::Stdio => runtime.block_on(stdio::serve(program, sources)),
    };
    // A stdin that nobody closes must not keep us.
    runtime.shutdown_background();
    outcome
}

/// Begins to log, and makes the threads.
pub(crate) fn begin(settings: &Settings) -> Result<Runtime, CliError> {
    log::begin(&settings.log_level.value, settings.log_format.value)?;
    let threads = settings.threads.value;
    let mut builder =
        if threads == 1 { runtime::Builder::new_current_thread() } else { runtime::Builder::new_multi_thread() };
    builder.worker_threads(threads.into()).enable_all().build().map_err(CliError::Runtime)
}

/// Prints what holds and where it comes from.
fn check(sources: &Sources) {
    let warnings = sources.warnings.iter().filter(|it| it.severity == Severity::Warning);
    warnings.for_each(|warning| say(format_args!("{warning}")));
    let file = sources.file.as_ref().map(|read| &read.file);
    let shown = match (&sources.hub, file) {
        (Some(hub), Some(file)) => show_hub(&sources.settings, &hub.settled, file),
        _ => show(&sources.settings, file.map(|file| &file.servers[..]).unwrap_or_default()),
    };
    // Nobody reads what cannot be written.
    let _ = io::stdout().write_all(shown.as_bytes());
}
