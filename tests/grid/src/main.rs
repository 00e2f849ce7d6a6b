//! Every client with every server, through every program: what works, and what the specification makes impossible.
//!
//! Clients and servers are our own and know exactly one revision over one wire each. Whatever a program of ours says to either is
//! held against the schema of that revision. The official client libraries come to the same servers.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "it fails by panicking, as a test does")]
#![expect(clippy::print_stderr, reason = "a program may")]
#![expect(clippy::needless_pass_by_value, reason = "what is said is written where it is said, and used up")]
#![expect(clippy::disallowed_types, reason = "a peer of the tests reads whole messages")]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs};

mod behaviour;
mod client;
mod http;
mod place;
mod record;
mod rest;
mod revision;
mod run;
mod schema;
mod sdk;
mod server;
mod table;
mod unit;
mod verdict;

use record::Record;
use revision::{Revision, Wire};
use run::Outcome;
use schema::Schemas;
use unit::{Choice, Clients};

type Json = serde_json::Value;

fn main() -> ExitCode {
    let words: Vec<_> = env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["server", revision, wire, record] => serve(revision, wire, record),
        ref options => run(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

const USAGE: &str = "grid [--smoke] [--only TEXT]… [--without-sdk|--sdk-alone] [--jobs N] [--table FILE]: tries the cells whose names have every TEXT";

/// Tries, and says what fails.
fn run(options: &[&str]) -> Result<(), String> {
    let mut choice = Choice { jobs: 2, ..Choice::default() };
    let mut table = None;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value = || options.next().copied().ok_or(USAGE);
        match *option {
            "--without-sdk" => choice.clients = Clients::Own,
            "--sdk-alone" => choice.clients = Clients::Official,
            "--smoke" => choice.is_smoke = true,
            "--only" => choice.only.push(value()?.to_owned()),
            "--jobs" => choice.jobs = value()?.parse().map_err(|_| USAGE)?,
            "--table" => table = Some(value()?.to_owned()),
            _ => return Err(USAGE.into()),
        }
    }
    if choice.clients != Clients::Own && sdk::installed().is_none() {
        let lacking =
            "the official clients are not installed: `tests/peers/install` does that, `--without-sdk` leaves them out";
        if env::var_os("CI").is_some() || env::var_os("MCP_TESTS_STRICT").is_some_and(|strict| strict == "1") {
            return Err(lacking.into());
        }
        eprintln!("{lacking}; so they are");
        choice.clients = Clients::Own;
    }
    let began = Instant::now();
    let cells = run::run(&choice, &Arc::new(Schemas::find()?));
    if let Some(path) = table {
        fs::write(&path, table::page(&cells)).map_err(|error| format!("{path}: {error}"))?;
    }
    let fails = cells.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Fails(_))).count();
    eprintln!("{} cells in {:.1?}", cells.len(), began.elapsed());
    if fails > 0 || cells.is_empty() { Err(format!("{fails} cells fail")) } else { Ok(()) }
}

fn serve(revision: &str, wire: &str, record: &str) -> Result<(), String> {
    let revision = Revision::read(revision).ok_or("no such revision")?;
    let wire = Wire::read(wire).ok_or("no such wire")?;
    let record = Record::open(Path::new(record)).map_err(|error| error.to_string())?;
    server::run(revision, wire, record).map_err(|error| error.to_string())
}
