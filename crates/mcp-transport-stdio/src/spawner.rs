//! The one thread that starts children and buries them.
//!
//! A parent-death signal comes when the *thread* that forked is gone, and a thread of a runtime may go long before the
//! process does. So all forks happen on one thread that stays to the end.

use std::{
    io,
    process::Command,
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    limit::Place,
    owned::{Grave, Owned},
    sys::Process,
};

/// Each stands for one child, so the limit on children bounds how many wait.
enum Job {
    Start { command: Box<Command>, place: Place, answer: oneshot::Sender<io::Result<Owned>> },
    Bury(Grave),
}

static JOBS: Mutex<Option<Sender<Job>>> = Mutex::new(None);

/// How often the thread looks whether the killed are gone: at first, and at last if they will not go.
const LOOK: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(1));

/// Starts `command`; it keeps `place` while it lives.
///
/// # Cancel safety
///
/// If the future is dropped, a child that was started all the same is ended.
pub(crate) async fn start(command: Command, place: Place) -> io::Result<Owned> {
    let (answer, started) = oneshot::channel();
    send(Job::Start { command: Box::new(command), place, answer })?;
    // The thread answers every job; this is for the compiler.
    started.await.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))
}

/// Waits in the background until nothing of a killed child is left.
pub(crate) fn bury(grave: Grave) {
    if let Err(error) = send(Job::Bury(grave)) {
        // Not reachable: whoever has a child has it from the thread.
        tracing::warn!(%error, "a killed server could not be reaped");
    }
}

fn send(job: Job) -> io::Result<()> {
    let mut jobs = JOBS.lock().unwrap_or_else(PoisonError::into_inner);
    let sender = if let Some(sender) = jobs.take() {
        sender
    } else {
        let (sender, receiver) = mpsc::channel();
        thread::Builder::new().name("mcp-spawner".to_owned()).spawn(move || work(&receiver))?;
        sender
    };
    jobs.insert(sender).send(job).map_err(|_| io::ErrorKind::BrokenPipe.into())
}

fn work(jobs: &Receiver<Job>) {
    let mut graves: Vec<Grave> = Vec::new();
    let mut pause = LOOK.0;
    loop {
        let job = if graves.is_empty() {
            jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            jobs.recv_timeout(pause)
        };
        match job {
            Ok(Job::Start { answer, .. }) if answer.is_closed() => {}
            Ok(Job::Start { mut command, place, answer }) => {
                let started = Process::start(&mut command).map(|process| Owned::new(process, place));
                // An answer that nobody waits for any more is dropped, and that ends the child.
                let _ = answer.send(started);
            }
            Ok(Job::Bury(grave)) => {
                graves.push(grave);
                pause = LOOK.0;
            }
            Err(RecvTimeoutError::Timeout) => pause = (pause * 2).min(LOOK.1),
            Err(RecvTimeoutError::Disconnected) => return,
        }
        for grave in graves.extract_if(.., Grave::is_closed) {
            grave.close();
        }
    }
}
