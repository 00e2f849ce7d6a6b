//! Logging, on stderr.

use std::io::{self, IsTerminal};

use mcp_config::LogFormat;
use tracing_subscriber::EnvFilter;

use crate::CliError;

/// Begins to log. Nothing below `level` is made up.
pub(crate) fn begin(level: &str, format: LogFormat) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(level).map_err(|_| CliError::LogLevel)?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // A log that nobody reads any more could only be complained of in the log, and that complaint would panic.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => subscriber.with_ansi(io::stderr().is_terminal()).with_target(false).init(),
        LogFormat::Json => subscriber.json().init(),
    }
    Ok(())
}
