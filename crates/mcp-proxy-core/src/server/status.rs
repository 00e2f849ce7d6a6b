//! What a server is doing, for people and programs that watch.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mcp_supervisor::{Failure, State, Status};
use mcp_transport::{LogSource, ServerLog};
use tokio::sync::watch;

use super::Server;
use crate::{Health, lane::Lane};

/// What a server is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerStatus {
    /// What it is called.
    pub name: Arc<str>,
    /// What it is doing. A dedicated server runs as long as anybody's instance of it does.
    pub state: State,
    /// Whether it is not to be used, by configuration.
    pub is_disabled: bool,
    /// When it was last called; when it was configured, if that never happened.
    pub last_used: SystemTime,
    /// Calls in flight, long-lived ones aside.
    pub pending: usize,
    /// What went wrong last, until it works again.
    pub error: Option<Failure>,
    /// Restarts in a row, 0 after a healthy minute.
    pub restarts: u32,
    /// Instances that are one client's own.
    pub instances: usize,
    /// Whether it was seen to ask its clients while it was not clear whom.
    pub is_interactive: bool,
    /// Messages of a shared server that could be given to nobody.
    pub unattributed: u64,
    /// How it has answered of late.
    pub health: Health,
}

impl Server {
    /// What it is doing.
    pub(crate) fn status(&self) -> ServerStatus {
        let (shared, kept): (Vec<Status>, _) = (self.lanes().map(Lane::status).collect(), self.own.statuses());
        // The other places are those of sessions, whose instances are there as long as the place is taken.
        let of_sessions = self.own.count().saturating_sub(kept.len());
        let failure = self.own.failure();
        let is_up = |status: &&Status| status.state == State::Running;
        let is_at_it = |status: &&Status| status.state != State::Stopped;
        // What all share says most; of the rest, whatever runs.
        let telling = shared.iter().find(is_at_it).or_else(|| kept.iter().find(is_up));
        let telling = telling.or_else(|| kept.iter().find(is_at_it).filter(|_| of_sessions == 0));
        let state = match telling {
            _ if self.check().is_err() => State::Stopped,
            Some(status) => status.state,
            None if 0 < of_sessions => State::Running,
            None if failure.is_some() => State::Error,
            None => State::Stopped,
        };
        let error = telling.and_then(|status| status.error.clone()).or(failure);
        let health = self.setting.breaker.as_ref().map(|breaker| breaker.health()).unwrap_or_default();
        ServerStatus {
            name: Arc::clone(&self.options.name),
            state,
            is_disabled: self.options.is_disabled(),
            last_used: self.setting.places.last_use(),
            pending: self.setting.places.pending(),
            // What cannot even be had is not well, whoever watches the calls.
            health: if health == Health::Healthy && error.is_some() { Health::Failing } else { health },
            error,
            restarts: shared.iter().chain(&kept).map(|status| status.restarts).max().unwrap_or_default(),
            instances: of_sessions + kept.iter().filter(is_up).count(),
            is_interactive: self.lanes().any(|lane| lane.share().is_interactive()),
            unattributed: self.lanes().map(|lane| lane.share().unattributed()).sum(),
        }
    }
}

/// When a server was last called.
#[derive(Debug)]
pub(crate) struct LastUse(AtomicU64);

impl LastUse {
    pub(crate) fn now() -> Self {
        let last = Self(AtomicU64::new(0));
        last.note();
        last
    }

    pub(crate) fn note(&self) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0.store(u64::try_from(since.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Tells whoever watches that some server does something else now, or that there are other servers.
#[derive(Debug)]
pub(crate) struct Changes(watch::Sender<u64>);

impl Default for Changes {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Changes {
    pub(crate) fn note(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }

    /// Notes, and logs, what an instance of the server `name` does until it is gone. Must be called inside a tokio runtime.
    pub(crate) fn follow(
        self: &Arc<Self>,
        name: Arc<str>,
        mut watched: watch::Receiver<Status>,
        report: Report,
        own_log: ServerLog,
    ) {
        let changes = Arc::clone(self);
        tokio::spawn(async move {
            let mut before = watched.borrow_and_update().clone();
            let mut is_news = report == Report::Failures || before.state == State::Running;
            while watched.changed().await.is_ok() {
                changes.note();
                let now = watched.borrow_and_update().clone();
                is_news |= now.state == State::Running;
                if is_news {
                    log(&name, &before, &now);
                    if let Some(text) = in_words(&before, &now) {
                        own_log.push(LogSource::State, text);
                    }
                }
                before = now;
            }
            changes.note();
        });
    }
}

/// Which failures of an instance are worth a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    Failures,
    /// Those that come once it has run: until then it is a trial, and what has come of it shows elsewhere.
    OnceRunning,
}

/// Says what has become of a server that has failed; that one starts and stops is no news.
fn log(server: &str, before: &Status, now: &Status) {
    let failure = now.error.as_ref().filter(|_| now.error != before.error).map(|failure| &*failure.reason);
    match (now.state, failure) {
        (State::Restarting, Some(reason)) => {
            tracing::warn!(server, restart = now.restarts, "the server is started again, for it has failed: {reason}");
        }
        (_, Some(reason)) => tracing::warn!(server, "the server has failed, and is not started again: {reason}"),
        (State::Running, None) if before.state == State::Restarting => {
            tracing::info!(server, "the server is there again");
        }
        _ => {}
    }
}

/// What has become of a server, for its own log; `None` if that says nothing new.
fn in_words(before: &Status, now: &Status) -> Option<String> {
    let reason = now.error.as_ref().map(|error| &*error.reason);
    if now.state == before.state && (now.error == before.error || reason.is_none()) {
        return None;
    }
    Some(match (now.state, reason) {
        (State::Starting, _) => "the server is starting".to_owned(),
        (State::Running, _) => "the server is running".to_owned(),
        (State::Restarting, Some(reason)) => format!("restart {}, for the server has failed: {reason}", now.restarts),
        (_, Some(reason)) => format!("the server has failed: {reason}"),
        (State::Stopped, None) => "the server has stopped".to_owned(),
        (State::Restarting | State::Error, None) => "the server has failed".to_owned(),
    })
}
