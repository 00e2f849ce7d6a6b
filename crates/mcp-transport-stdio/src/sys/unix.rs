//! Process groups, the parent-death signal, and exits that leave the dead in place.

use std::{
    io,
    os::{fd::AsFd, unix::process::CommandExt},
    process::{Child, Command},
};

use mcp_transport::CloseReason;
use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, test_kill_process_group, waitid, waitpgid,
    },
};
use tokio::signal::unix::{SignalKind, signal};

use crate::watchdog;

/// A process that leads a group of its own.
///
/// The group's number is the leader's, and the system gives it to nobody else while the leader is not reaped. So signals
/// are sent only before that, and [`is_buried`](Self::is_buried), which reaps, comes last.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) child: Child,
    group: Pid,
    reaped: bool,
}

impl Process {
    /// Starts `command` and tells the watchdog of it. To be called on a thread that lives as long as this process.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        command.process_group(0);
        #[cfg(target_os = "linux")]
        die_with_parent(command);
        watchdog::ready();
        let child = command.spawn()?;
        let group = Pid::from_child(&child);
        watchdog::register(group);
        Ok(Self { child, group, reaped: false })
    }

    /// Asks the whole group to end.
    pub(crate) fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Ends the whole group.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        match kill_process_group(self.group, signal) {
            // A group of which only the unreaped are left answers so on macOS.
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => tracing::debug!(group = %self.group, %error, "could not signal a process group"),
        }
    }

    /// Whether the leader is dead and reaped; reaps it.
    pub(crate) fn is_reaped(&mut self) -> bool {
        // An error means that somebody else in this process has reaped it.
        self.reaped = self.reaped || !matches!(self.child.try_wait(), Ok(None));
        self.reaped
    }

    /// Whether nobody of the group is left; reaps those who are ours to reap.
    pub(crate) fn is_buried(&mut self) -> bool {
        if !self.is_reaped() {
            return false;
        }
        // As the first process of a container we inherit orphans, and nobody else reaps them.
        while let Ok(Some(_)) = waitpgid(self.group, WaitOptions::NOHANG) {}
        // Only this answer says so: "not permitted" comes from a group that lives under another user.
        let gone = test_kill_process_group(self.group) == Err(Errno::SRCH);
        if gone {
            watchdog::unregister(self.group);
        }
        gone
    }
}

/// Notices exits of children.
#[derive(Debug)]
pub(crate) struct Exits(tokio::signal::unix::Signal);

impl Exits {
    /// Begins to watch; to be called inside a tokio runtime, before the child is started.
    pub(crate) fn watch() -> io::Result<Self> {
        signal(SignalKind::child()).map(Self)
    }

    /// Waits until `process` has ended and says how. It stays unreaped, so that its group can still be signalled.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only watches.
    pub(crate) async fn of(&mut self, process: &Process) -> CloseReason {
        loop {
            let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            match waitid(WaitId::Pid(process.group), look) {
                Ok(Some(status)) => {
                    let signal = status.terminating_signal().map(CloseReason::Killed);
                    return signal.or(status.exit_status().map(CloseReason::Exited)).unwrap_or(CloseReason::Ended);
                }
                Ok(None) => {
                    if self.0.recv().await.is_none() {
                        // The runtime is stopping and drops this task; there is nothing to be noticed any more.
                        std::future::pending::<()>().await;
                    }
                }
                Err(Errno::INTR) => {}
                // Somebody else in this process has reaped it and knows how it ended.
                Err(_) => return CloseReason::Ended,
            }
        }
    }
}

/// Reads what is in a non-blocking pipe now; nothing there is an end.
pub(crate) fn read_now(pipe: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    match rustix::io::read(pipe, buffer) {
        Err(Errno::AGAIN) => Ok(0),
        read => Ok(read?),
    }
}

/// Gives a pipe room for 1 MiB, where the system has that and lets us.
pub(crate) fn enlarge(pipe: impl AsFd) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::pipe::fcntl_setpipe_size(pipe, 1 << 20) {
        tracing::debug!(%error, "the pipe of a server keeps its size");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}

/// Lets the kernel kill the child when the thread that started it, and so this process, is gone.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "only the child itself, between fork and exec, can ask for its parent-death signal")]
fn die_with_parent(command: &mut Command) {
    use rustix::process::{getpid, getppid, set_parent_process_death_signal};

    let parent = getpid();
    let hook = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // If the parent died before that call, no signal will ever come.
        if getppid() == Some(parent) { Ok(()) } else { Err(Errno::SRCH.into()) }
    };
    // SAFETY: the hook runs after fork in a copy of a process with many threads, so it may neither allocate nor take a
    // lock. It makes two system calls through rustix, which issues them directly, and builds errors from plain numbers.
    unsafe { command.pre_exec(hook) };
}
