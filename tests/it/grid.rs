//! A part of the grid: clients of both eras with servers of both eras, through the programs. `just grid` tries all of it.

use std::env;
use std::process::Command;

use crate::peers::installed::Installed;
use crate::proxy::built;
use crate::skip;

#[test]
fn clients_and_servers_of_both_eras_understand_each_other() {
    check("--without-sdk");
}

#[test]
fn official_clients_understand_servers_of_both_eras() {
    if Installed::find().is_some() {
        check("--sdk-alone");
    }
}

fn check(clients: &str) {
    if env::var_os("MCP_SPEC_DIR").is_none() {
        skip::lacking("the official schemas; `MCP_SPEC_DIR` names a folder with <revision>/schema.json");
        return;
    }
    let output = Command::new(built("grid")).args(["--smoke", clients]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
