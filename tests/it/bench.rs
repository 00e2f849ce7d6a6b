//! The benchmark still runs: a moment of each kind of load, with every answer checked and nothing timed.

use std::process::Command;

use crate::proxy::built;

#[test]
fn every_kind_of_load_is_answered_by_the_right_answers() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = ["bridge", "progress", "eras", "sse", "rest", "hub-stdio", "healthy", "idle-stream"];
    let mut command = Command::new(built("bench"));
    command.args(["run", "--smoke", "--no-page", "--json"]).arg(folder.path().join("results.json"));
    command.args(kinds.iter().flat_map(|kind| ["--only", kind]));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
