//! What is followed beside the file where the servers are offered as one.

use std::{future::pending, path::PathBuf, sync::Arc};

use mcp_proxy_core::{HubOptions, Proxy, aggregator::Grant};

use super::{ChangeError, Live, applied::report};
use crate::{Change, Diagnostic, File, Hub, HubSettings, Severity, Watch, WatchError, add_tool_config};

/// What is different where the servers are offered as one.
pub(super) struct HubLive {
    /// What wins over the file.
    flags: HubSettings,
    /// A file with rules of tools, which need not be there.
    tools: Option<PathBuf>,
}

impl Live {
    /// The servers are offered as one. `flags` are what wins over the file; `tools` is the path of a `tool_config.json` and
    /// its text, if it is there: it is followed, too. Its rules are in the file that [`new`](Self::new) was given.
    #[must_use]
    pub fn with_hub(mut self, flags: HubSettings, tools: Option<(PathBuf, Option<String>)>) -> Self {
        let (path, text) = tools.unzip();
        self.hub = Some(HubLive { flags, tools: path });
        self.current().tools = text.flatten();
        self
    }

    /// How the servers are offered as one; `None` if they are not.
    ///
    /// # Errors
    ///
    /// Names every variable whose value cannot be used.
    pub fn hub(&self) -> Result<Option<HubOptions>, ChangeError> {
        let current = self.current();
        self.hub_of(&current.file)
    }

    /// The rules of tools that there are.
    pub(super) fn tools(&self) -> Option<String> {
        self.current().tools.clone()
    }

    pub(super) fn settled(&self, file: &File) -> Result<Option<Hub>, ChangeError> {
        let Some(hub) = &self.hub else { return Ok(None) };
        Hub::settle(hub.flags.clone(), &self.variables, &file.hub).map(Some).map_err(ChangeError::Settings)
    }

    pub(super) fn hub_of(&self, file: &File) -> Result<Option<HubOptions>, ChangeError> {
        let Some(hub) = self.settled(file)? else { return Ok(None) };
        let mut options = hub.options(file);
        if !self.is_guarding() {
            // A key that has been taken out is accepted until the next start. Without this it would open everything by then.
            lock_out(&mut options, &self.keys, file);
        }
        Ok(Some(options))
    }

    /// Adds rules of tools to `file`; gives what is odd in them.
    pub(super) fn add_tools(&self, file: &mut File, text: &str) -> Result<Vec<Diagnostic>, ChangeError> {
        let Some((hub, path)) = self.settled(file)?.zip(self.tools_path()) else { return Ok(Vec::new()) };
        let told = add_tool_config(file, path, text, &hub.separator.value, &|name| self.variables.get(name));
        if told.iter().any(|it| it.severity == Severity::Error) { Err(ChangeError::Wrong(told)) } else { Ok(told) }
    }

    fn tools_path(&self) -> Option<&PathBuf> {
        self.hub.as_ref()?.tools.as_ref()
    }

    pub(super) fn watch_tools(&self) -> Result<Option<Watch>, WatchError> {
        let Some(path) = self.tools_path() else { return Ok(None) };
        let mut watch = Watch::new(path)?;
        if let Some(text) = self.tools() {
            watch.seen(&text);
        }
        Ok(Some(watch))
    }

    /// Takes what was found in the file with rules of tools.
    pub(super) async fn take_tools(&self, proxy: &Proxy, found: Change) {
        let _one_at_a_time = self.changing.lock().await;
        let (text, had) = {
            let current = self.current();
            (current.text.clone(), current.tools.clone())
        };
        let problem = match found {
            Change::Text(tools) if Some(&tools) == had.as_ref() => None,
            Change::Text(tools) => match self.plan(&text, Some(tools)).and_then(|plan| self.carry_out(proxy, plan)) {
                Ok(applied) => {
                    report(&applied);
                    None
                }
                Err(error) => Some(error.to_string()),
            },
            // Without it everything is as the servers say, and has been.
            Change::Missing if had.is_none() => None,
            Change::Missing => Some("the file with rules of tools is gone".to_owned()),
            Change::Unreadable(reason) => Some(format!("the file with rules of tools cannot be read: {reason}")),
        };
        if let Some(problem) = &problem {
            tracing::warn!("the configuration stays as it was: {problem}");
        }
        self.current().tools_problem = problem.map(Into::into);
    }
}

/// Lets keys that `file` does not have open nothing.
pub(super) fn lock_out(options: &mut HubOptions, keys: &[Arc<str>], file: &File) {
    let is_there = |name: &Arc<str>| file.settings.keys.iter().any(|keys| keys.contains_key(&**name));
    for gone in keys.iter().filter(|name| !is_there(name)) {
        let nothing = Grant { groups: Some(Vec::new()), tools: Some(Vec::new()) };
        options.grants.insert(Arc::clone(gone), nothing);
    }
}

/// Resolves when there is something else in the file; never if there is none.
pub(super) async fn changed(watch: &mut Option<Watch>) -> Change {
    match watch {
        Some(watch) => watch.changed().await,
        None => pending().await,
    }
}
