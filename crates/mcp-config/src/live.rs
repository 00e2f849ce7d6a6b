//! A configuration file that is followed while the proxy runs.

mod applied;
mod change;
mod document;
mod history;
mod hub;
mod installs;
mod keys;
mod look;
mod parts;
mod plan;
mod preview;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use mcp_proxy_core::{Proxy, ServerOptions};
use tokio::sync;

use self::{applied::report, document::etag, history::History, hub::HubLive};
use crate::{Change, Composer, File, Overrides, Variables, Watch, WatchError, mask};

pub use applied::{Applied, ChangeError};
pub use change::By;
pub use document::{Checked, Document};
pub use history::{Version, VersionText};
pub use keys::{KeyInfo, KeySource, Stored};
pub use preview::Preview;

/// A configuration file and what the proxy was last given of it. Every way in, the file itself included, goes through the
/// same check: what is wrong changes nothing.
pub struct Live {
    path: PathBuf,
    /// What wins over the file.
    overrides: Overrides,
    variables: Variables,
    composer: Composer,
    /// What is different where the servers are offered as one.
    hub: Option<HubLive>,
    /// Names of keys of the file that the proxy was given at its start, and goes on to accept if it is not guarded.
    keys: Vec<Arc<str>>,
    /// Whether the proxy lets clients in by the keys as they are at any time.
    is_guarding: AtomicBool,
    /// Earlier versions of the file.
    history: History,
    /// One change at a time.
    changing: sync::Mutex<()>,
    current: Mutex<Current>,
}

struct Current {
    text: String,
    /// The text of the file with rules of tools, if there is one.
    tools: Option<String>,
    /// What both say.
    file: File,
    /// What is wrong with the file as it is now, if the proxy goes on with an earlier one.
    problem: Option<Arc<str>>,
    /// The same of the file with rules of tools.
    tools_problem: Option<Arc<str>>,
}

impl Live {
    /// Follows the file at `path`, whose `text` was read as `file`. `overrides` and `variables` are what wins over it.
    #[must_use]
    pub fn new(
        path: PathBuf,
        text: String,
        file: File,
        overrides: Overrides,
        variables: Variables,
        composer: Composer,
    ) -> Self {
        let keys = file.settings.keys.iter().flat_map(|keys| keys.keys().map(|name| name.as_str().into())).collect();
        let current = Mutex::new(Current { text, tools: None, file, problem: None, tools_problem: None });
        Self {
            path,
            overrides,
            variables,
            composer,
            hub: None,
            keys,
            is_guarding: AtomicBool::new(false),
            history: History::default(),
            changing: sync::Mutex::default(),
            current,
        }
    }

    /// From now on changes of keys count at once: the proxy that is served lets clients in by [`Settings::accepted`].
    ///
    /// [`Settings::accepted`]: crate::Settings::accepted
    pub fn guard(&self) {
        self.is_guarding.store(true, Ordering::Relaxed);
    }

    fn is_guarding(&self) -> bool {
        self.is_guarding.load(Ordering::Relaxed)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The servers as a new proxy is given them.
    ///
    /// # Errors
    ///
    /// Says which server cannot be made.
    pub fn servers(&self) -> Result<Vec<ServerOptions>, ChangeError> {
        let current = self.current();
        let defaults = self.defaults(&current.file)?;
        current.file.servers.iter().map(|entry| Ok(self.composer.server(entry, &defaults)?)).collect()
    }

    /// What is wrong with the file as it is now, if the proxy goes on with an earlier one.
    #[must_use]
    pub fn problem(&self) -> Option<Arc<str>> {
        let current = self.current();
        current.problem.clone().or_else(|| current.tools_problem.clone())
    }

    /// The servers of the file as JSON text, with secrets masked.
    #[must_use]
    pub fn shown(&self) -> String {
        mask::masked(&self.current().text)
    }

    /// The entry of one server as JSON text, with secrets masked.
    #[must_use]
    pub fn shown_server(&self, name: &str) -> Option<String> {
        mask::masked_entry(name, &self.current().text)
    }

    /// Follows what becomes of the file until the future is dropped.
    ///
    /// # Errors
    ///
    /// Fails at once if the file cannot be watched.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the watching.
    pub async fn follow(&self, proxy: &Proxy) -> Result<(), WatchError> {
        let mut watch = Watch::new(&self.path)?;
        watch.seen(&self.current().text);
        let mut tools = self.watch_tools()?;
        loop {
            tokio::select! {
                found = watch.changed() => self.take(proxy, found).await,
                found = hub::changed(&mut tools) => self.take_tools(proxy, found).await,
            }
        }
    }

    /// Takes what was found in the file a moment ago.
    async fn take(&self, proxy: &Proxy, found: Change) {
        let _one_at_a_time = self.changing.lock().await;
        match found {
            // Written by ourselves, and applied already.
            Change::Text(text) if text == self.current().text => self.current().problem = None,
            Change::Text(text) => {
                let before = self.current().text.clone();
                // Where a change of ours came in between, what it has written is found next, and this is the past.
                let is_there = tokio::fs::read(&self.path).await.is_ok_and(|now| now == text.as_bytes());
                match is_there.then(|| self.apply(proxy, &text)) {
                    None => {}
                    Some(Ok(applied)) => {
                        report(&applied);
                        self.current().problem = None;
                        self.history.record(&before, &text, "file", "changed on disk").await;
                    }
                    Some(Err(error)) => self.complain(&error.to_string()),
                }
            }
            Change::Missing => self.complain("the configuration file is gone"),
            Change::Unreadable(reason) => self.complain(&reason),
        }
    }

    fn complain(&self, problem: &str) {
        tracing::warn!("the configuration stays as it was: {problem}");
        self.current().problem = Some(problem.into());
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
