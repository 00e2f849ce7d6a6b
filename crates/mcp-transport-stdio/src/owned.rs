//! The one owner of a child.

use std::process::{ChildStderr, ChildStdin, ChildStdout};

use tokio::sync::oneshot;

use crate::{limit::Place, spawner, sys::Process};

/// A living child. Whatever happens, dropping it ends the child's whole group and has it buried.
#[derive(Debug)]
pub(crate) struct Owned(Option<(Process, Place)>);

/// The three pipes of a child.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// A child that was killed and is not yet gone.
#[derive(Debug)]
pub(crate) struct Grave {
    process: Process,
    /// Kept as long as there is a process; what is left of its group after that is not counted.
    place: Option<Place>,
    gone: oneshot::Sender<()>,
}

impl Owned {
    pub(crate) fn new(process: Process, place: Place) -> Self {
        Self(Some((process, place)))
    }

    /// The process; `None` only after the end.
    pub(crate) fn process(&mut self) -> Option<&mut Process> {
        self.0.as_mut().map(|(process, _)| process)
    }

    /// The pipes, once.
    pub(crate) fn pipes(&mut self) -> Option<Pipes> {
        let child = &mut self.process()?.child;
        Some(Pipes { stdin: child.stdin.take()?, stdout: child.stdout.take()?, stderr: child.stderr.take()? })
    }

    /// Kills what lives of the group; the answer comes when nothing of it is left.
    pub(crate) fn end(mut self) -> oneshot::Receiver<()> {
        self.bury()
    }

    fn bury(&mut self) -> oneshot::Receiver<()> {
        let (gone, when_gone) = oneshot::channel();
        if let Some((mut process, place)) = self.0.take() {
            process.kill();
            spawner::bury(Grave { process, place: Some(place), gone });
        }
        when_gone
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if self.0.is_some() {
            // Nobody waits for it.
            drop(self.bury());
        }
    }
}

impl Grave {
    /// Whether nothing of the group is left.
    pub(crate) fn is_closed(&mut self) -> bool {
        if self.process.is_reaped() {
            self.place = None;
        }
        self.process.is_buried()
    }

    pub(crate) fn close(self) {
        // Nobody may be waiting any more.
        let _ = self.gone.send(());
    }
}
