//! What a program and the processes it has started cost, as the system says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// A process and what descends from it, but for the servers behind it, which are this program too.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: u32,
    servers: Option<PathBuf>,
}

/// Sums over a tree.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) cpu_seconds: f64,
    pub(crate) memory_kib: u64,
    /// The sum of the peaks, since they were last forgotten.
    pub(crate) peak_kib: u64,
    pub(crate) processes: usize,
}

impl Tree {
    pub(crate) fn new(root: u32) -> Self {
        Self { root, servers: std::env::current_exe().ok() }
    }

    /// What it has cost until now.
    pub(crate) fn cost(&self) -> Cost {
        let mut cost = Cost::default();
        for pid in self.pids() {
            cost.cpu_seconds += cpu_seconds(pid);
            cost.memory_kib += status(pid, "VmRSS:");
            cost.peak_kib += status(pid, "VmHWM:");
            cost.processes += 1;
        }
        cost
    }

    /// Lets the peak begin anew.
    pub(crate) fn forget_peak(&self) {
        for pid in self.pids() {
            // 5 stands for the peak of the resident size.
            let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        }
    }

    fn pids(&self) -> Vec<u32> {
        let is_server = |pid: u32| pid != self.root && fs::read_link(format!("/proc/{pid}/exe")).ok() == self.servers;
        self.descendants().into_iter().filter(|pid| !is_server(*pid)).collect()
    }

    /// All processes, the root and the servers included.
    pub(crate) fn descendants(&self) -> Vec<u32> {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            if let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok())
                && let Some(parent) = stat(pid).and_then(|fields| fields.get(1)?.parse().ok())
            {
                children.entry(parent).or_default().push(pid);
            }
        }
        let mut all = BTreeSet::new();
        let mut left = vec![self.root];
        while let Some(pid) = left.pop() {
            if all.insert(pid) {
                left.extend(children.get(&pid).into_iter().flatten());
            }
        }
        all.into_iter().collect()
    }
}

/// Ends what is still there of processes that were ours.
pub(crate) fn end(pids: &[u32]) {
    for pid in pids.iter().filter_map(|pid| i32::try_from(*pid).ok()).filter_map(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// The fields behind the name, so that the first is the state.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

#[expect(clippy::cast_precision_loss, reason = "no process runs for so long")]
fn cpu_seconds(pid: u32) -> f64 {
    const USER: usize = 11;
    let Some(fields) = stat(pid) else { return 0.0 };
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    (ticks(USER) + ticks(USER + 1)) as f64 / rustix::param::clock_ticks_per_second() as f64
}

fn status(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}
