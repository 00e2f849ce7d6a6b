//! Is the command line that all binaries share: where settings come from, logging, signals, exit codes.
//!
//! A binary flattens [`Common`] into its own arguments, says which server it has where there is no configuration file, and
//! hands the rest to [`run`].
//!
//! What is not here: what a setting means, which is `mcp-config`'s, and what is done with it, which is the core's.

mod arguments;
mod completions;
mod error;
mod import;
mod log;
mod program;
mod run;
mod signal;
mod sources;

pub use arguments::Common;
pub use completions::{Shell, completions};
pub use error::CliError;
pub use program::{OwnServer, Program};
pub use run::run;
