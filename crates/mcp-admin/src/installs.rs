//! Runs the commands that install a server: once at a time for each server, watched by any number of people.
//!
//! What is not here: what the configuration says (a [`InstallPlan`] comes from it) and who may ask.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

mod command;
mod log;
mod plan;
mod run;
#[cfg(unix)]
#[cfg(test)]
mod tests;

pub(crate) use log::{Said, Source, Watcher};

use log::Log;
pub(crate) use plan::{InstallPlan, PlanError};

/// Bounds of installs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstallLimits {
    /// How long all commands of a server may take together. Default: 15 minutes.
    pub(crate) time: Duration,
    /// How long a command that is ended gets to clean up. Default: 3 s.
    pub(crate) grace: Duration,
    /// Bytes of output that are kept of each server's last install. Default: 1 MiB.
    pub(crate) output: usize,
    /// Installs at once. Default: 4.
    pub(crate) at_once: usize,
}

impl Default for InstallLimits {
    fn default() -> Self {
        Self { time: Duration::from_mins(15), grace: Duration::from_secs(3), output: 1024 * 1024, at_once: 4 }
    }
}

/// Why an install does not start, or cannot be ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InstallError {
    /// The commands are others than those that were shown.
    #[error("the commands have changed since they were shown; look at them again")]
    Stale,
    /// One is running for this server.
    #[error("an install of this server is running; wait for it or cancel it")]
    Running,
    /// None is running for this server.
    #[error("no install of this server is running")]
    NotRunning,
    /// As many as may are running.
    #[error("{0} installs are running, and no more may; wait for one of them")]
    TooMany(usize),
    /// The proxy is being stopped.
    #[error("the proxy is being stopped")]
    Closed,
}

/// Where the install of a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum InstallState {
    /// The directory is not there, and nothing is being done about it.
    Missing,
    /// The directory is there.
    Installed,
    /// Commands are running.
    Running,
    /// The last one failed.
    Failed,
    /// The last one was cancelled.
    Cancelled,
}

/// What is known of a server's install.
#[derive(Clone, Debug)]
pub(crate) struct Install {
    /// Where it stands.
    pub(crate) state: InstallState,
    /// What would run, or is running.
    pub(crate) plan: InstallPlan,
    /// When the last one began.
    pub(crate) started: Option<SystemTime>,
    /// When it ended.
    pub(crate) ended: Option<SystemTime>,
    /// The exit code of the command that ended it.
    pub(crate) exit_code: Option<i32>,
    /// Why it failed.
    pub(crate) error: Option<String>,
}

/// All installs.
#[derive(Debug, Default)]
pub(crate) struct Installs {
    limits: InstallLimits,
    /// The last one of each server.
    runs: Mutex<HashMap<String, Arc<Run>>>,
    closing: CancellationToken,
    tasks: TaskTracker,
}

/// One install, running or over.
#[derive(Debug)]
struct Run {
    plan: InstallPlan,
    started: SystemTime,
    log: Arc<Log>,
    cancel: CancellationToken,
    outcome: Mutex<Option<Outcome>>,
}

/// How an install has ended.
#[derive(Clone, Debug)]
struct Outcome {
    state: InstallState,
    ended: SystemTime,
    exit_code: Option<i32>,
    error: Option<String>,
}

impl Run {
    fn outcome(&self) -> Option<Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_running(&self) -> bool {
        self.outcome().is_none()
    }
}

impl Installs {
    /// None yet. Cancelling `closing` ends all and starts no more.
    pub(crate) fn new(limits: InstallLimits, closing: CancellationToken) -> Self {
        Self { limits, closing, ..Self::default() }
    }

    /// Starts what `plan` says, if its digest is `seen`: so what runs is what a person has looked at. It runs on if the
    /// watchers leave. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// See [`InstallError`].
    pub(crate) fn start(&self, plan: InstallPlan, seen: &str) -> Result<Install, InstallError> {
        if plan.digest() != seen {
            return Err(InstallError::Stale);
        }
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked at under the lock, so that none slips in behind the closing.
        if self.closing.is_cancelled() {
            return Err(InstallError::Closed);
        }
        if runs.get(&plan.server).is_some_and(|run| run.is_running()) {
            return Err(InstallError::Running);
        }
        if self.limits.at_once <= runs.values().filter(|run| run.is_running()).count() {
            return Err(InstallError::TooMany(self.limits.at_once));
        }
        let run = Arc::new(Run {
            plan: plan.clone(),
            started: SystemTime::now(),
            log: Arc::new(Log::new(self.limits.output)),
            cancel: self.closing.child_token(),
            outcome: Mutex::new(None),
        });
        runs.insert(plan.server.clone(), Arc::clone(&run));
        drop(runs);
        self.tasks.spawn(carry_out(Arc::clone(&run), self.limits));
        Ok(Install {
            state: InstallState::Running,
            plan,
            started: Some(run.started),
            ended: None,
            exit_code: None,
            error: None,
        })
    }

    /// Where the install of a server stands. Looks whether the directory is there, so it is not for a busy path.
    pub(crate) fn state(&self, plan: InstallPlan) -> Install {
        let run = self.run(&plan.server);
        let outcome = run.as_ref().and_then(|run| run.outcome());
        let there = plan.directory.exists();
        let state = match (&run, &outcome) {
            (Some(_), None) => InstallState::Running,
            // Somebody may have put it there, or taken it away, since.
            (_, Some(outcome)) if outcome.state != InstallState::Installed && !there => outcome.state,
            _ if there => InstallState::Installed,
            _ => InstallState::Missing,
        };
        let failed = outcome.filter(|outcome| outcome.state == state);
        Install {
            state,
            plan,
            started: run.map(|run| run.started),
            ended: failed.as_ref().map(|outcome| outcome.ended),
            exit_code: failed.as_ref().and_then(|outcome| outcome.exit_code),
            error: failed.and_then(|outcome| outcome.error),
        }
    }

    /// What the last install of a server says, from its beginning; `None` if there was none.
    pub(crate) fn watch(&self, server: &str) -> Option<Watcher> {
        Some(Watcher::new(Arc::clone(&self.run(server)?.log)))
    }

    /// How the last install of a server has ended: state and exit code.
    pub(crate) fn outcome(&self, server: &str) -> Option<(InstallState, Option<i32>)> {
        self.run(server)?.outcome().map(|outcome| (outcome.state, outcome.exit_code))
    }

    /// Ends a running install with everything it has started. It is over a little later.
    ///
    /// # Errors
    ///
    /// Fails if none is running.
    pub(crate) fn cancel(&self, server: &str) -> Result<(), InstallError> {
        let run = self.run(server).filter(|run| run.is_running()).ok_or(InstallError::NotRunning)?;
        run.cancel.cancel();
        Ok(())
    }

    /// Ends all, starts no more, and waits until they are gone.
    ///
    /// # Cancel safety
    ///
    /// Safe: they end also if nobody waits.
    pub(crate) async fn close(&self) {
        {
            let _lock = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
            self.closing.cancel();
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn run(&self, server: &str) -> Option<Arc<Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).get(server).cloned()
    }
}

async fn carry_out(run: Arc<Run>, limits: InstallLimits) {
    let ended = run::run(&run.plan, &run.log, &run.cancel, limits).await;
    let (state, exit_code, error) = match ended {
        Ok(()) => (InstallState::Installed, Some(0), None),
        Err(run::RunError::Cancelled) => (InstallState::Cancelled, None, None),
        Err(error) => (InstallState::Failed, error.exit_code(), Some(error.to_string())),
    };
    tracing::info!(server = run.plan.server, ?state, exit_code, "install ended");
    let outcome = Outcome { state, ended: SystemTime::now(), exit_code, error };
    *run.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    // Only now: who has seen the end asks how it was.
    run.log.end();
}
