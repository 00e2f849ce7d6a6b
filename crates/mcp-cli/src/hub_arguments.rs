//! The arguments of a program that offers its servers as one.

use std::path::PathBuf;

use clap::Args;
use mcp_config::{HubSettings, StateFolder};

/// The arguments of a program that offers its servers as one.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::doc_markdown, reason = "help texts")]
pub struct HubArguments {
    /// File with rules of tools, as mcp-proxy-server has it; followed while it runs. Beside a mcp_server.json it is
    /// tool_config.json anyway.
    #[arg(long, value_name = "FILE")]
    pub tool_config: Option<PathBuf>,

    /// Folder of what outlives the process, or off [default: .mcp-hub beside the configuration file].
    #[arg(long, value_name = "DIRECTORY|off")]
    pub state: Option<StateFolder>,
}

impl HubArguments {
    /// What of it a configuration could say too.
    pub(crate) fn overrides(&self) -> HubSettings {
        HubSettings { state: self.state.clone(), ..HubSettings::default() }
    }
}
