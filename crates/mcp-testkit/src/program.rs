//! Programs of the workspace, and what is left of them.

use std::{env, path::PathBuf};

/// The program `name` of this workspace, as cargo has built it beside the running test.
///
/// Only the tests of the package that a program belongs to are sure to find it there; see `CARGO_BIN_EXE_…`.
///
/// # Panics
///
/// If it was not built.
#[must_use]
pub fn bin(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own file");
    let folder = test.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "deps"));
    let folder = folder.and_then(|deps| deps.parent()).expect("cargo keeps tests in a folder `deps`");
    let path = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is missing; build it with `cargo build -p mcp-testkit`", path.display());
    path
}

/// The processes that were started with `mark` in their environment, or by such a process; the dead do not count.
///
/// Reads `/proc`, so it sees something on Linux only.
#[must_use]
pub fn living(mark: &str) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    // A process that is gone, dead but not reaped, or not ours has no readable environment.
    let has_mark = |id: &u32| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    ids.filter(has_mark).collect()
}
