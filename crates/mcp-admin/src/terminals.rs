//! Shells for a person in a browser: each in a pseudo-terminal of its own, kept while nobody looks, ended with everything
//! they have started.
//!
//! What is not here: who may have one, and whether anybody may at all.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[cfg(unix)]
mod pty;
#[cfg(not(unix))]
#[path = "terminals/no_pty.rs"]
mod pty;
mod scrollback;
mod shell;
mod socket;
mod terminal;
#[cfg(unix)]
#[cfg(test)]
mod tests;
mod ticket;

pub(crate) use shell::Shell;
pub(crate) use socket::{NoWebSocket, SocketTiming, accept_key, serve};
pub(crate) use terminal::{Attachment, Exit, Gone, Next};

use terminal::Terminal;
use ticket::Tickets;

/// Bounds of terminals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TerminalLimits {
    /// Terminals at once. Default: 8.
    pub(crate) at_once: usize,
    /// Bytes of output that are kept of each. Default: 256 KiB.
    pub(crate) scrollback: usize,
    /// After how long without input and output a terminal ends. Default: 1 hour.
    pub(crate) idle: Duration,
    /// How long a program that is hung up on gets to clean up. Default: 2 s.
    pub(crate) grace: Duration,
    /// How long the programs wait for a person's connection that takes nothing. Then it is dropped. Default: 10 s.
    pub(crate) patience: Duration,
    /// How long a ticket is good. Default: 30 s.
    pub(crate) ticket: Duration,
}

impl Default for TerminalLimits {
    fn default() -> Self {
        Self {
            at_once: 8,
            scrollback: 256 * 1024,
            idle: Duration::from_hours(1),
            grace: Duration::from_secs(2),
            patience: Duration::from_secs(10),
            ticket: Duration::from_secs(30),
        }
    }
}

/// Why there is no terminal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TerminalError {
    /// This system has none.
    #[cfg_attr(unix, expect(dead_code, reason = "every Unix has pseudo-terminals"))]
    #[error("there is no terminal on this system: it needs the pseudo-terminals of Unix")]
    Unsupported,
    /// The shell cannot be started.
    #[error("the shell cannot be started: {0}")]
    Start(#[from] io::Error),
    /// As many as may are open.
    #[error("{0} terminals are open, and no more may; close one")]
    TooMany(usize),
    /// There is none of that name.
    #[error("there is no such terminal; it has ended")]
    Unknown,
    /// The ticket is none, was used, is too old, or is for another terminal.
    #[error("this ticket is not good any more; ask for a new one")]
    Ticket,
    /// The proxy is being stopped.
    #[error("the proxy is being stopped")]
    Closed,
}

/// How many characters fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub(crate) struct Size {
    /// In a line.
    pub(crate) cols: u16,
    /// Lines.
    pub(crate) rows: u16,
}

impl Size {
    /// The nearest size that programs can cope with: 2 to 1000 both ways.
    pub(crate) fn bounded(self) -> Self {
        Self { cols: self.cols.clamp(2, 1000), rows: self.rows.clamp(2, 1000) }
    }
}

/// What is told of a terminal.
#[derive(Clone, Debug)]
pub(crate) struct TerminalInfo {
    /// Its name in paths.
    pub(crate) id: String,
    /// The process number of the shell.
    pub(crate) pid: u32,
    /// When it was started.
    pub(crate) since: SystemTime,
    /// When something was last typed or shown.
    pub(crate) last_activity: SystemTime,
    /// How large it is.
    pub(crate) size: Size,
    /// What runs in it.
    pub(crate) title: String,
    /// Whether somebody looks at it.
    pub(crate) attached: bool,
}

/// All terminals.
#[derive(Debug)]
pub(crate) struct Terminals {
    limits: TerminalLimits,
    shell: Shell,
    open: Arc<Mutex<HashMap<String, Arc<Terminal>>>>,
    tickets: Tickets,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Terminals {
    /// None yet. Cancelling `closing` ends all and starts no more.
    pub(crate) fn new(limits: TerminalLimits, shell: Shell, closing: CancellationToken) -> Self {
        Self {
            limits,
            shell,
            open: Arc::default(),
            tickets: Tickets::new(limits.ticket),
            closing,
            tasks: TaskTracker::new(),
        }
    }

    /// Starts a shell and tells the name of its terminal. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// See [`TerminalError`].
    pub(crate) fn start(&self, size: Size) -> Result<String, TerminalError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked at under the lock, so that none slips in behind the closing.
        if self.closing.is_cancelled() {
            return Err(TerminalError::Closed);
        }
        if self.limits.at_once <= open.len() {
            return Err(TerminalError::TooMany(self.limits.at_once));
        }
        let id = ticket::random::<8>()?;
        let stop = self.closing.child_token();
        let (terminal, life) = pty::start(&id, &self.shell, size.bounded(), self.limits, stop)?;
        open.insert(id.clone(), Arc::clone(&terminal));
        drop(open);
        let (all, name) = (Arc::clone(&self.open), id.clone());
        self.tasks.spawn(async move {
            let exit = life.await;
            tracing::info!(terminal = name, code = exit.code, signal = exit.signal, "terminal ended");
            all.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
            // Last: who waits for the end finds it gone.
            terminal.finish(exit);
        });
        Ok(id)
    }

    /// What is told of each, oldest first.
    pub(crate) fn list(&self) -> Vec<TerminalInfo> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = open.values().map(|terminal| terminal.info()).collect();
        drop(open);
        all.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        all
    }

    /// A ticket that opens the terminal `id` once, within 30 s.
    ///
    /// # Errors
    ///
    /// Fails if there is no such terminal.
    pub(crate) fn ticket(&self, id: &str) -> Result<String, TerminalError> {
        self.terminal(id)?;
        Ok(self.tickets.issue(id)?)
    }

    /// Opens the terminal `id` with a ticket, which is used up. Who had it open before loses it.
    ///
    /// # Errors
    ///
    /// Fails if the ticket is not good for it, or it has ended.
    pub(crate) fn attach(&self, id: &str, ticket: &str) -> Result<Attachment, TerminalError> {
        if !self.tickets.redeem(id, ticket) {
            return Err(TerminalError::Ticket);
        }
        Ok(Attachment::new(&self.terminal(id)?))
    }

    /// Ends a terminal with everything that was started in it, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// Fails if there is no such terminal.
    ///
    /// # Cancel safety
    ///
    /// Safe: it ends also if nobody waits.
    pub(crate) async fn kill(&self, id: &str) -> Result<(), TerminalError> {
        let terminal = self.terminal(id)?;
        terminal.stop();
        terminal.ended().await;
        Ok(())
    }

    /// Ends all, starts no more, and waits until they are gone.
    ///
    /// # Cancel safety
    ///
    /// Safe: they end also if nobody waits.
    pub(crate) async fn close(&self) {
        {
            let _lock = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            self.closing.cancel();
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn terminal(&self, id: &str) -> Result<Arc<Terminal>, TerminalError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(id).cloned().ok_or(TerminalError::Unknown)
    }
}
