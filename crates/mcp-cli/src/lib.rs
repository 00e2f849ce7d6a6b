//! Is the command line that all binaries share: where settings come from, logging, signals, exit codes.
//!
//! A binary flattens [`Common`] into its own arguments, says which server it has where there is no configuration file, and
//! hands the rest to [`run`], or to [`run_stdio`] where stdin and stdout are the wire.
//!
//! What is not here: what a setting means, which is `mcp-config`'s, and what is done with it, which is the core's.

mod arguments;
mod assemble;
mod beside;
mod bridge;
mod completions;
mod error;
mod hub_arguments;
mod import;
mod log;
mod program;
mod run;
mod serve;
mod signal;
mod sources;
mod stdio;

pub use arguments::Common;
pub use beside::{Begin, Beside, Later, Running, SettleBeside};
pub use bridge::{Bridge, run_bridge};
pub use completions::{Shell, completions};
pub use error::CliError;
pub use hub_arguments::HubArguments;
pub use program::{OwnServer, Program};
pub use run::{run, run_stdio, tell};
