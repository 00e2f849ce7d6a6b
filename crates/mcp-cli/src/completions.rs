//! Completions for shells.

use std::io;

pub use clap_complete::Shell;

/// Writes the completions of the command `C` for `shell` to stdout.
pub fn completions<C: clap::CommandFactory>(shell: Shell) {
    let mut command = C::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut io::stdout());
}
