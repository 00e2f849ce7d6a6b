//! What one has to know of the machine and of the versions.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;

use crate::other::Other;

/// What to say, by what it is about.
pub(crate) fn about() -> BTreeMap<String, String> {
    let mut about = BTreeMap::new();
    let mut say = |what: &str, text: Option<String>| {
        about.extend(text.filter(|text| !text.is_empty()).map(|text| (what.to_owned(), text)));
    };
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    say("processor", Some(format!("{model}, {cores} cores for everything: load, proxy and servers")));
    let kib = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    say("memory", kib.map(|kib| format!("{} GiB", (kib + (1 << 19)) >> 20)));
    say("system", fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| format!("Linux {}", text.trim())));
    say("day", said("date", &["-u", "+%Y-%m-%d"]));
    say("this suite", said("git", &["describe", "--always", "--dirty"]));
    say("rustc", said("rustc", &["--version"]));
    say("node", said("node", &["--version"]));
    say("python", said("python3", &["--version"]));
    for other in Other::ALL {
        say(other.as_str(), other.version());
    }
    about
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'))?;
    Some(value.trim().to_owned())
}

fn said(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
