//! What the proxies cost, beside no proxy, a bare bridge and other proxies.
//!
//! It is several programs: servers that echo, a bare bridge as the bound, the load, and the run that compares.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a program may")]

use std::env;
use std::process::ExitCode;

mod about;
mod ask;
mod bar;
mod bridge;
mod chart;
mod command;
mod echo;
mod gate;
mod load;
mod options;
mod other;
mod payload;
mod place;
mod report;
mod results;
mod run;
mod scenario;
mod serve;
mod subject;
mod tree;

use options::Options;

#[expect(clippy::disallowed_types, reason = "configuration files for other programs are written with it")]
type Json = serde_json::Value;

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let mut options = Options::new(words);
    let done = match command.as_str() {
        "run" => command::run(options),
        "report" => command::report(options),
        "gate" => gate::run(options),
        "part" => gate::run_part(options),
        "load" => command::load(options),
        "echo-stdio" => echo::Echo::new(&mut options).and_then(|echo| echo::serve_stdio(&echo)),
        "echo-http" => echo_http(options),
        "bridge" => bridge(options),
        _ => Err(command::USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn echo_http(mut options: Options) -> Result<(), String> {
    let port = options.value("--port")?.unwrap_or(0);
    let echo = echo::Echo::new(&mut options)?;
    options.end()?;
    echo::serve_http(echo, port)
}

fn bridge(mut options: Options) -> Result<(), String> {
    let port = options.value("--port")?.unwrap_or(0);
    let command = std::mem::take(&mut options.rest);
    options.end()?;
    bridge::serve(&command, port)
}
