//! Which shell runs in a terminal, and where.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// A program for terminals.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    /// The program.
    pub(crate) program: OsString,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Where it is started.
    pub(crate) directory: PathBuf,
}

impl Shell {
    /// `$SHELL`, or bash, or sh, in `$HOME`; what is not there is skipped.
    pub(crate) fn of_process() -> Self {
        let shell = std::env::var_os("SHELL").filter(|shell| Path::new(shell).is_file());
        let bash = || Some(OsString::from("/bin/bash")).filter(|bash| Path::new(bash).is_file());
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_dir());
        Self {
            program: shell.or_else(bash).unwrap_or_else(|| "/bin/sh".into()),
            arguments: Vec::new(),
            directory: home.unwrap_or_else(|| "/".into()),
        }
    }

    /// What it is called.
    pub(super) fn title(&self) -> String {
        let name = Path::new(&self.program).file_name().unwrap_or(&self.program);
        name.to_string_lossy().into_owned()
    }
}
