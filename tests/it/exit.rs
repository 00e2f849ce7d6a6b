//! How `mcp-stdio` ends when it cannot serve: the code, and the words for whoever started it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use crate::proxy::{Ended, Launch};

/// Runs `mcp-stdio` to its end.
fn run(arguments: &[&str]) -> Ended {
    Launch::new(arguments).run()
}

#[test]
fn an_unknown_command() {
    for sharing in ["shared", "dedicated"] {
        let arguments = ["--port", "0", "--session", sharing, "--", "no-such-program", "x"];
        run(&arguments).with(69, &["`no-such-program`", "PATH"]);
    }
}

#[test]
fn a_command_that_may_not_be_run() {
    run(&["--port", "0", "--", "/etc/passwd"]).with(69, &["could not start `/etc/passwd`"]);
}

#[test]
fn a_command_that_dies_at_its_start() {
    let script = "echo 'first words' >&2; echo 'last words' >&2; exit 3";
    for sharing in ["shared", "dedicated"] {
        let arguments = ["--port", "0", "--session", sharing, "--", "sh", "-c", script];
        run(&arguments).with(69, &["code 3", "first words", "last words"]);
    }
}

#[test]
fn a_command_that_ends_at_once_without_a_word() {
    run(&["--port", "0", "--", "true"]).with(69, &["code 0"]);
}

#[test]
fn a_command_that_is_no_server() {
    let arguments =
        ["--port", "0", "--limit", "handshake=1s", "--limit", "probe=1s", "--", "sh", "-c", "exec sleep 60"];
    run(&arguments).with(69, &["was not ready within 1s"]);
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    run(&["--port", &port]).with(69, &["cannot listen on 127.0.0.1:", &port, "`--port 0`"]);
}

#[test]
fn an_address_that_others_reach() {
    run(&["--host", "0.0.0.0", "--port", "0"]).with(78, &["0.0.0.0", "127.0.0.1", "`--allow-unauthenticated`"]);
    run(&["--host", "::", "--port", "0"]).with(78, &["`--allow-unauthenticated`"]);
}

#[test]
fn a_setting_that_cannot_be_read() {
    run(&["--port", "0", "--log-level", "mcp=loudly"]).with(78, &["`--log-level`"]);
    run(&["--port", "0", "--allow-origin", "not an origin"]).with(78, &["not an origin"]);
    run(&["--port", "0", "--public-url", "not a url"]).with(78, &["public URL", "http://NAME"]);
}

#[test]
fn a_variable_without_a_name() {
    let ended = run(&["--port", "0", "--env", "=canary", "--", "true"]);
    assert!(!ended.stderr.contains("canary"), "a value may be a secret: {}", ended.stderr);
    ended.with(78, &["`--env`", "NAME=VALUE"]);
}

#[test]
fn a_command_that_is_called_like_our_own_server() {
    let folder = std::env::temp_dir().join(format!("mcp-stdio-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("demo-server");
    std::fs::write(&program, "#!/bin/sh\necho \"got $# arguments\" >&2\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ended = run(&["--port", "0", "--", program.to_str().unwrap()]);
    std::fs::remove_dir_all(&folder).unwrap();
    ended.with(69, &["got 0 arguments"]);
}

#[test]
fn usage() {
    run(&["--no-such-flag"]).with(2, &["--no-such-flag"]);
    run(&["--port", "http"]).with(2, &["--port"]);
    run(&["--limit", "lines=1"]).with(2, &["there is no limit `lines`", "call_idle"]);
    run(&["--session", "mine"]).with(2, &["shared", "dedicated"]);
}

#[test]
fn version_and_help() {
    let version = run(&["--version"]);
    assert_eq!((version.code, version.stderr.as_str()), (Some(0), ""));
    assert_eq!(version.stdout, format!("mcp-stdio {}\n", env!("CARGO_PKG_VERSION")));
    let help = run(&["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    assert!(help.stdout.contains("Exit codes"));
}
