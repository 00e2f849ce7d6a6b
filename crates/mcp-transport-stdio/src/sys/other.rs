//! Systems without process groups as we know them: only the process itself is ended. Never tried, so not claimed.

use std::{
    io,
    process::{Child, Command},
    time::Duration,
};

use mcp_transport::CloseReason;

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) child: Child,
}

impl Process {
    /// Starts `command`.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(|child| Self { child })
    }

    /// There is no polite way here; closing its stdin was one.
    pub(crate) fn terminate(&mut self) {}

    /// Ends the process.
    pub(crate) fn kill(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.child.kill();
    }

    /// Whether it has ended.
    pub(crate) fn is_reaped(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether it has ended.
    pub(crate) fn is_buried(&mut self) -> bool {
        self.is_reaped()
    }
}

/// Notices exits of children.
#[derive(Debug)]
pub(crate) struct Exits;

impl Exits {
    /// Nothing has to be prepared.
    pub(crate) fn watch() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits until `process` has ended and says how.
    pub(crate) async fn of(&mut self, process: &mut Process) -> CloseReason {
        loop {
            match process.child.try_wait() {
                Ok(None) => tokio::time::sleep(Duration::from_millis(50)).await,
                Ok(Some(status)) => return status.code().map_or(CloseReason::Ended, CloseReason::Exited),
                Err(_) => return CloseReason::Ended,
            }
        }
    }
}

/// There is no reading without waiting here, so a process that has ended has nothing more to say.
pub(crate) fn read_now<P>(_: P, _: &mut [u8]) -> io::Result<usize> {
    Ok(0)
}

/// Pipes keep their size.
pub(crate) fn enlarge<P>(_: P) {}
