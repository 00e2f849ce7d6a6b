//! What a binary adds to what all of them do.

use std::ffi::OsString;

use mcp_config::{Composer, Settings};
use mcp_proxy_core::{Builder, ServerOptions};

use crate::{CliError, Common, HubArguments, SettleBeside};

/// A binary, once its command line has been read.
pub struct Program {
    /// What it is called.
    pub name: &'static str,
    /// The arguments that all binaries have.
    pub common: Common,
    /// The server that the command line names, and its arguments.
    pub server: Option<Vec<OsString>>,
    /// The configuration files that are used where nothing else is named: the first one that is there.
    pub usual_files: &'static [&'static str],
    /// The port where nobody names one.
    pub port: u16,
    /// What the proxy offers besides MCP.
    pub offer: fn(Builder) -> Builder,
    /// Says where many servers are, seen from a URL like `http://127.0.0.1:8000`.
    pub places: fn(&str) -> String,
    /// What it is told besides, if it offers its servers as one.
    pub hub: Option<HubArguments>,
    /// What runs beside it, if anything does. It needs a configuration file.
    pub beside: Option<SettleBeside>,
    /// Makes the server that is offered where there is no configuration file, and says what it is called.
    pub own: OwnServer,
}

/// Makes a binary's own server.
pub type OwnServer = Box<dyn FnOnce(&Settings, &Composer) -> Result<(ServerOptions, String), CliError>>;

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("name", &self.name).finish_non_exhaustive()
    }
}
