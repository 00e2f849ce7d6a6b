//! The gate that noise does not fool: instructions are counted, of each part of a call and of whole calls.
//!
//! callgrind counts a run of N and one of 2 N; the difference is what N cost, whatever the start took.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::options::Options;

mod parts;
mod whole;

/// What was counted last, in instructions, by name.
type Counts = BTreeMap<String, u64>;

/// More than this is too much more.
const ROOM: f64 = 0.05;
const FILE: &str = "tests/bench/gate.json";
const USAGE: &str =
    "bench gate [--only TEXT]… [--write]: counts instructions and holds them against tests/bench/gate.json";

/// Counts, and fails where something costs more than it did.
pub(crate) fn run(mut options: Options) -> Result<(), String> {
    let only = options.values("--only")?;
    let is_new = options.flag("--write");
    options.end().map_err(|error| format!("{error}\n{USAGE}"))?;
    let path = Path::new(FILE);
    let mut kept: Counts = match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| format!("{FILE}: {error}"))?,
        Err(_) => Counts::new(),
    };
    let mut failed = 0;
    let parts = parts::PARTS.map(|(name, times)| (name, Some(times)));
    for (name, times) in parts.into_iter().chain(whole::NAMES.map(|name| (name, None))) {
        if !only.is_empty() && !only.iter().any(|text| name.contains(text.as_str())) {
            continue;
        }
        let count = times.map_or_else(|| whole::count(name), |times| count_part(name, times))?;
        let verdict = kept.get(name).map(|kept| more(count, *kept));
        let is_over = verdict.is_some_and(|more| more > ROOM);
        failed += usize::from(is_over && !is_new);
        let said = verdict.map_or("new".to_owned(), |more| format!("{:+.1} %", 100.0 * more));
        println!("{name:38} {count:>9} instructions, {said}{}", if is_over { ": too much" } else { "" });
        if is_new {
            kept.insert(name.to_owned(), count);
        }
    }
    if is_new {
        let text = serde_json::to_string_pretty(&kept).map_err(|error| error.to_string())?;
        fs::write(path, text + "\n").map_err(|error| format!("{FILE}: {error}"))?;
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} cost more than they did by over {:.0} %", 100.0 * ROOM)) }
}

/// One part, in this process, as often as asked for.
pub(crate) fn run_part(mut options: Options) -> Result<(), String> {
    let (name, count) = (options.value::<String>("--name")?.ok_or(USAGE)?, options.value("--count")?.ok_or(USAGE)?);
    options.end()?;
    parts::run(&name, count)
}

fn count_part(name: &str, once: u64) -> Result<u64, String> {
    let us = env::current_exe().map_err(|error| error.to_string())?;
    let counted = |times: u64| {
        let words = ["part", "--name", name, "--count", &times.to_string()].map(str::to_owned);
        finish(callgrind(&us, &words)?)
    };
    Ok((counted(2 * once)?.saturating_sub(counted(once)?)) / once)
}

/// Starts a program under callgrind.
fn callgrind(program: &PathBuf, words: &[String]) -> Result<Child, String> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program).args(words);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().map_err(|error| format!("valgrind: {error}"))
}

/// Waits until it is over: how many instructions that were.
fn finish(mut child: Child) -> Result<u64, String> {
    let stderr = BufReader::new(child.stderr.take().ok_or("no stderr")?);
    let lines: Vec<_> = stderr.lines().map_while(Result::ok).collect();
    let _ = child.wait();
    let count = lines.iter().find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok());
    count.ok_or_else(|| format!("callgrind has not counted:\n{}", lines.join("\n")))
}

/// By which share one count is above the other.
fn more(count: u64, kept: u64) -> f64 {
    float(count) / float(kept) - 1.0
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts so far")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_percent_more_pass_and_six_do_not() {
        assert!(more(10_499, 10_000) < ROOM);
        assert!(more(10_600, 10_000) > ROOM);
        assert!(more(5_000, 10_000) < 0.0);
    }
}
