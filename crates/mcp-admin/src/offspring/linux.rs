//! Looks for offspring in `/proc`.

use std::fs;

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, getpid, pidfd_open, pidfd_send_signal, waitpid};

use super::Ask;

/// Signals all living offspring and tells how many there are.
pub(super) fn signal(leader: u32, mark: &str, ask: Option<Ask>) -> usize {
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|&number| signal_one(number, leader, mark, ask)).count()
}

/// Whether the process is living offspring.
fn signal_one(number: i32, leader: u32, mark: &str, ask: Option<Ask>) -> bool {
    let Some(pid) = Pid::from_raw(number).filter(|pid| *pid != getpid()) else { return false };
    // Opened before it is looked at: so it cannot be another one that has got the number since.
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    let Some(stat) = fs::read_to_string(format!("/proc/{number}/stat")).ok().as_deref().and_then(Stat::parse) else {
        return false;
    };
    if !(stat.group == leader || stat.session == leader || is_marked(number, mark)) {
        return false;
    }
    if stat.dead {
        // As the first process of a container we inherit orphans, and nobody else reaps them. The leader has its reaper.
        if stat.parent == getpid().as_raw_nonzero().get() && i64::from(number) != i64::from(leader) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
        return false;
    }
    let signals: &[Signal] = match ask {
        // A stopped process takes it only when it goes on.
        Some(Ask::Terminate) => &[Signal::TERM, Signal::CONT],
        Some(Ask::HangUp) => &[Signal::HUP, Signal::CONT],
        Some(Ask::Kill) => &[Signal::KILL],
        None => &[],
    };
    for &signal in signals {
        if let Err(error) = pidfd_send_signal(&process, signal) {
            tracing::debug!(number, %error, "could not signal a process");
        }
    }
    true
}

/// Whether it was started with the mark. Another user's process does not tell, and is not ours.
fn is_marked(number: i32, mark: &str) -> bool {
    let environment = fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
    environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
}

/// What the line of a process says.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    dead: bool,
    parent: i32,
    group: u32,
    session: u32,
}

impl Stat {
    fn parse(line: &str) -> Option<Self> {
        // The name before it may have spaces and brackets of its own.
        let (_, fields) = line.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        let dead = matches!(fields.next()?, "Z" | "X" | "x");
        // A group of another PID namespace is 0, and one without a session has -1 nowhere but in old kernels.
        let mut number = || fields.next()?.parse::<i32>().ok();
        let (parent, group, session) = (number()?, number()?, number()?);
        Some(Self { dead, parent, group: group.try_into().ok()?, session: session.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_name_is() {
        let stat = |line| Stat::parse(line).unwrap();
        assert_eq!(stat("12 (a) b) c) S 1 12 7 0 -1"), Stat { dead: false, parent: 1, group: 12, session: 7 });
        assert!(stat("12 (sh) Z 1 12 7 0 -1").dead);
        assert_eq!(Stat::parse("12 (sh)"), None);
        assert_eq!(Stat::parse(""), None);
    }
}
