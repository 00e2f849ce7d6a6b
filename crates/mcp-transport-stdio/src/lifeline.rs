//! A child's life from its start to its end: noticing that it has ended, and stopping it in steps.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use mcp_transport::{CloseReason, Closed, Lifeline, LogSource, ServerLog};
use tokio::{process::ChildStderr, sync::watch, task::JoinHandle, time::timeout};

use crate::{
    capture::{self, LastWords},
    owned::Owned,
    sys::Exits,
};

/// How long a child has for each step of its stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopTiming {
    /// From closing its stdin to SIGTERM. Default: 2 s.
    pub stdin_closed: Duration,
    /// From SIGTERM to SIGKILL. Default: 3 s.
    pub terminated: Duration,
    /// From SIGKILL to giving up waiting for the system to take it away. Default: 1 s.
    pub killed: Duration,
}

impl Default for StopTiming {
    fn default() -> Self {
        Self {
            stdin_closed: Duration::from_secs(2),
            terminated: Duration::from_secs(3),
            killed: Duration::from_secs(1),
        }
    }
}

/// What a connection holds of its child. Dropping it stops the child in the background.
#[derive(Debug)]
pub(crate) struct ChildLifeline {
    name: Arc<str>,
    /// True, or gone with us: the child is to be stopped.
    stop: watch::Sender<bool>,
    life: watch::Receiver<Life>,
    last_words: Arc<LastWords>,
}

/// How far a child has come.
#[derive(Clone, Debug)]
pub(crate) enum Life {
    Running,
    /// The child itself has ended; what it has started was killed.
    Over(CloseReason),
    /// Nothing of its group is left, or the system would not take it in time.
    Gone(CloseReason),
}

impl Life {
    pub(crate) fn over(&self) -> Option<&CloseReason> {
        match self {
            Self::Running => None,
            Self::Over(reason) | Self::Gone(reason) => Some(reason),
        }
    }

    fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_))
    }
}

/// How long an end of stdout waits for the exit that mostly comes with it.
const EXIT_GRACE: Duration = Duration::from_millis(100);
/// How long an exit waits for the last lines on stderr; something outside the group may hold the pipe for ever.
const WORDS_GRACE: Duration = Duration::from_millis(50);

impl ChildLifeline {
    /// Looks after `owned` from now on. Must be called inside a tokio runtime.
    pub(crate) fn attend(
        owned: Owned,
        stderr: ChildStderr,
        exits: Exits,
        timing: StopTiming,
        name: Arc<str>,
        log: Option<ServerLog>,
    ) -> Self {
        let last_words = Arc::new(LastWords::default());
        let words = tokio::spawn(capture::run(stderr, Arc::clone(&name), Arc::clone(&last_words), log.clone()));
        let (stop, asked) = watch::channel(false);
        let (lives, life) = watch::channel(Life::Running);
        // The task holds the child. It ends with the child, or is dropped with the runtime, which ends the child.
        tokio::spawn(Attendant { name: Arc::clone(&name), owned, exits, timing, asked, lives, words, log }.run());
        Self { name, stop, life, last_words }
    }

    pub(crate) fn life(&self) -> watch::Receiver<Life> {
        self.life.clone()
    }
}

#[async_trait]
impl Lifeline for ChildLifeline {
    async fn ended(&self) -> Closed {
        let mut life = self.life.clone();
        let over = timeout(EXIT_GRACE, life.wait_for(|life| life.over().is_some())).await;
        let reason = over.ok().and_then(|life| life.ok()?.over().cloned());
        if reason.is_none() {
            tracing::warn!(server = %self.name, "the server has closed its stdout and lives on; it is stopped");
            self.stop.send_replace(true);
        }
        Closed { reason: reason.unwrap_or(CloseReason::Ended), stderr: self.last_words.get() }
    }

    async fn stop(&self) {
        self.stop.send_replace(true);
        // An error means that the runtime has stopped and the child was killed with it.
        let _ = self.life.clone().wait_for(Life::is_gone).await;
    }

    fn last_words(&self) -> Vec<String> {
        self.last_words.get()
    }
}

struct Attendant {
    name: Arc<str>,
    owned: Owned,
    exits: Exits,
    timing: StopTiming,
    asked: watch::Receiver<bool>,
    lives: watch::Sender<Life>,
    words: JoinHandle<()>,
    log: Option<ServerLog>,
}

impl Attendant {
    async fn run(mut self) {
        let pid = self.owned.process().map(|process| process.child.id());
        tracing::debug!(server = %self.name, pid, "the server's process has started");
        say(self.log.as_ref(), || format!("process {} has started", pid.unwrap_or_default()));
        let reason = self.until_over().await;
        tracing::debug!(server = %self.name, pid, ?reason, "the server's process has ended");
        // What it has started may hold its pipes, and nobody reads from those any more.
        let gone = self.owned.end();
        let _ = timeout(WORDS_GRACE, &mut self.words).await;
        // After its last words.
        say(self.log.as_ref(), || format!("process {} {}", pid.unwrap_or_default(), ending(&reason)));
        self.lives.send_replace(Life::Over(reason.clone()));
        let _ = timeout(self.timing.killed, gone).await;
        self.lives.send_replace(Life::Gone(reason));
        self.words.abort();
    }

    async fn until_over(&mut self) -> CloseReason {
        let Self { owned, exits, timing, asked, .. } = self;
        let Some(process) = owned.process() else { return CloseReason::Ended };
        tokio::select! {
            reason = exits.of(process) => return reason,
            _ = asked.wait_for(|asked| *asked) => {}
        }
        // Whoever asked has closed its stdin.
        if let Ok(reason) = timeout(timing.stdin_closed, exits.of(process)).await {
            return reason;
        }
        process.terminate();
        if let Ok(reason) = timeout(timing.terminated, exits.of(process)).await {
            return reason;
        }
        process.kill();
        let killed = timeout(timing.killed, exits.of(process)).await;
        killed.unwrap_or_else(|_| CloseReason::Failed("the system does not end the killed process".to_owned()))
    }
}

fn say(log: Option<&ServerLog>, text: impl FnOnce() -> String) {
    if let Some(log) = log {
        log.push(LogSource::State, text());
    }
}

/// What has become of a process, in words that follow its number.
fn ending(reason: &CloseReason) -> String {
    match reason {
        CloseReason::Exited(code) => format!("has exited with code {code}"),
        CloseReason::Killed(signal) => format!("was ended by signal {signal}"),
        CloseReason::Failed(error) => format!("has ended: {error}"),
        _ => "has ended".to_owned(),
    }
}
