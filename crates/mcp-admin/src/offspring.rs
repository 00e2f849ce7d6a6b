//! Everything that one program has started, to be ended with it.
//!
//! A program's children leave its process group (a shell gives each job one of its own) and even its session (`setsid`,
//! daemons). So what is started here carries a mark in its environment, which its children inherit, and what has the mark, or
//! belongs to the program's group or session, is its offspring. Only Linux lets us look for it; elsewhere the group has to do.

use std::{
    io,
    time::{Duration, Instant},
};

#[cfg(target_os = "linux")]
mod linux;

/// The variable that carries the mark.
const VARIABLE: &str = "MCP_ADMIN_RUN";
/// How long it is tried to end what does not go when killed: a process can hang in the kernel.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked who is left.
const LOOK: Duration = Duration::from_millis(20);

/// A mark that nobody else has: 128 random bits.
#[derive(Clone, Debug)]
pub(crate) struct Mark(String);

impl Mark {
    /// Makes a new one.
    ///
    /// # Errors
    ///
    /// Fails if the system has no random numbers.
    pub(crate) fn new() -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    /// The variable to start the program with.
    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (VARIABLE, &self.0)
    }
}

/// A started program, and what it has started.
#[derive(Clone, Debug)]
pub(crate) struct Offspring {
    leader: u32,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux lets us look for it"))]
    mark: Mark,
}

/// How a program is asked to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// As a service is: SIGTERM.
    Terminate,
    /// As one does by closing a terminal: SIGHUP. Interactive shells ignore the other.
    HangUp,
    /// Not at all: SIGKILL.
    Kill,
}

impl Offspring {
    /// That of the program with the process number `leader`, which was started with `mark` as leader of a group.
    pub(crate) fn new(leader: u32, mark: Mark) -> Self {
        Self { leader, mark }
    }

    /// Asks all of them to go, kills who is left after `grace`, and waits until nobody is; at most 5 s longer. The program
    /// itself has to be reaped meanwhile by who has started it.
    ///
    /// # Cancel safety
    ///
    /// Not safe: if it is dropped, some may live on.
    pub(crate) async fn end(&self, ask: Ask, grace: Duration) {
        let begun = Instant::now();
        let mut left = self.signal(ask).await;
        while 0 < left {
            tokio::time::sleep(LOOK).await;
            // Who is asked once goes, or cleans up for as long as there is grace; what is new since then is only counted.
            left = if begun.elapsed() < grace { self.count().await } else { self.signal(Ask::Kill).await };
            if grace + PATIENCE < begun.elapsed() {
                tracing::warn!(leader = self.leader, left, "processes do not end although they were killed");
                return;
            }
        }
    }

    #[cfg(target_os = "linux")]
    async fn signal(&self, ask: Ask) -> usize {
        self.look(Some(ask)).await
    }

    #[cfg(target_os = "linux")]
    async fn count(&self) -> usize {
        self.look(None).await
    }

    /// Signals who is there and counts them. Reading `/proc` waits for other processes' locks, so it is no work for a runtime's thread.
    #[cfg(target_os = "linux")]
    async fn look(&self, ask: Option<Ask>) -> usize {
        let (leader, mark) = (self.leader, format!("{VARIABLE}={}", self.mark.0));
        tokio::task::spawn_blocking(move || linux::signal(leader, &mark, ask)).await.unwrap_or_default()
    }

    #[cfg(all(unix, not(target_os = "linux")))]
    #[expect(clippy::unused_async, reason = "on Linux it waits")]
    async fn signal(&self, ask: Ask) -> usize {
        use rustix::process::{Pid, Signal, kill_process_group};

        let signal = match ask {
            Ask::Terminate => Signal::TERM,
            Ask::HangUp => Signal::HUP,
            Ask::Kill => Signal::KILL,
        };
        let group = i32::try_from(self.leader).ok().and_then(Pid::from_raw);
        group.is_some_and(|group| kill_process_group(group, signal).is_ok()).into()
    }

    #[cfg(all(unix, not(target_os = "linux")))]
    #[expect(clippy::unused_async, reason = "on Linux it waits")]
    async fn count(&self) -> usize {
        use rustix::process::{Pid, test_kill_process_group};

        let group = i32::try_from(self.leader).ok().and_then(Pid::from_raw);
        group.is_some_and(|group| test_kill_process_group(group).is_ok()).into()
    }

    /// Nobody can be looked for here; the program itself is ended by who has started it.
    #[cfg(not(unix))]
    #[expect(clippy::unused_async, reason = "elsewhere it waits")]
    async fn signal(&self, _ask: Ask) -> usize {
        0
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_async, reason = "elsewhere it waits")]
    async fn count(&self) -> usize {
        0
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests;
