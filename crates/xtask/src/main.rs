//! Keeps the workspace in order: the tests in one command, the tidiness checks, the picture of the crate graph.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for people: its output is its product")]

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

mod graph;
mod metadata;
mod source;
mod test;
mod tidy;
mod ui;

const USAGE: &str = "\
cargo xtask test [ARGS]   run every test; ARGS go to the runner
cargo xtask tidy          check sizes, sentences, literals, leftovers, the ADR index
cargo xtask graph         print the crate graph
cargo xtask ui            fetch the terminal emulator of the admin's pages from npm into target/ui";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let command = args.next();
    match command.as_deref() {
        Some("test") => test::run(&root(), &args.collect::<Vec<_>>()),
        Some("tidy") => tidy::run(&root()),
        Some("graph") => graph::run(),
        Some("ui") => ui::run(&root()),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// The top of the work tree: cargo tells a program it runs where its manifest is, and ours is two folders down.
fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    here.join("../..").canonicalize().unwrap_or_else(|_| PathBuf::from("."))
}
