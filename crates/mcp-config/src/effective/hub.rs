//! How servers are offered as one, in the end.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mcp_proxy_core::{
    HubOptions,
    aggregator::{Naming, Retry, Rules},
    transport::Secret,
};

use super::{Layers, hub_variable as variable};
use crate::{File, HubSettings, Origin, RetryDefaults, RetrySetting, SettingError, Sourced, StateFolder, Variables};

/// The folder of what outlives the process, beside the configuration file.
const FOLDER: &str = ".mcp-hub";

/// Every setting of a hub that is not one of every proxy, with its value and where that comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Hub {
    /// What stands between server and tool in a name; `$SERVER_TOOLNAME_SEPERATOR`. Default: `__`.
    pub separator: Sourced<Naming>,
    /// How long clients wait for servers that are starting. Default: 3 s.
    pub deadline: Sourced<Duration>,
    /// Items on one page of a list. Default: 1000.
    pub page: Sourced<usize>,
    /// JSON text of who the hub says it is. Default: `mcp_hub` and our version.
    pub server_info: Sourced<Option<Box<str>>>,
    /// How often calls to child processes are sent again; `$RETRY_STDIO_TOOL_CALL` and so on. Default: twice.
    pub retry_stdio: Sourced<Retry>,
    /// The same by HTTP+SSE; `$RETRY_SSE_TOOL_CALL` and so on.
    pub retry_sse: Sourced<Retry>,
    /// The same by streamable HTTP; `$RETRY_HTTP_TOOL_CALL` and so on.
    pub retry_http: Sourced<Retry>,
    /// The same for registered transports.
    pub retry_other: Sourced<Retry>,
    /// Where it is kept what outlives the process. Default: `.mcp-hub` beside the configuration file.
    pub state: Sourced<Option<StateFolder>>,
    /// Keys of `$ALLOWED_KEYS`, by the names `key-1` and so on.
    pub allowed_keys: Sourced<Vec<(Arc<str>, Secret)>>,
    /// Keys of `$ALLOWED_TOKENS`, by the names `token-1` and so on.
    pub allowed_tokens: Sourced<Vec<(Arc<str>, Secret)>>,
    /// Where installs go; `$TOOLS_FOLDER`. Default: none.
    pub tools_folder: Sourced<Option<PathBuf>>,
}

impl Hub {
    /// Takes each setting from the command line, else from the environment, else from the `.env` file, else from the
    /// configuration file, else from its default.
    ///
    /// # Errors
    ///
    /// Names every variable whose value cannot be used.
    pub fn settle(flag: HubSettings, variables: &Variables, file: &HubSettings) -> Result<Self, Vec<SettingError>> {
        let mut from = Layers { variables, wrong: Vec::new() };
        let usual = HubOptions::default();
        let hub = Self {
            separator: from.first(flag.separator, &variable::SEPARATOR, file.separator.clone(), usual.naming),
            deadline: from.first(flag.deadline, &[], file.deadline, usual.deadline),
            page: from.first(flag.page, &[], file.page, usual.page),
            server_info: from.optional(flag.server_info, &[], file.server_info.clone()),
            retry_stdio: from.retry(&variable::STDIO, file.retry.stdio.or(file.retry.all)),
            retry_sse: from.retry(&variable::SSE, file.retry.sse.or(file.retry.all)),
            retry_http: from.retry(&variable::HTTP, file.retry.http.or(file.retry.all)),
            retry_other: from.retry(&variable::NONE, file.retry.all),
            state: from.optional(flag.state, &[], file.state.clone()),
            allowed_keys: named("key", from.first(None, &variable::ALLOWED_KEYS, None, Vec::new())),
            allowed_tokens: named("token", from.first(None, &variable::ALLOWED_TOKENS, None, Vec::new())),
            tools_folder: from.optional(None, &[variable::TOOLS_FOLDER], None),
        };
        if from.wrong.is_empty() { Ok(hub) } else { Err(from.wrong) }
    }

    /// How the servers of `file` are offered as one.
    #[must_use]
    pub fn options(&self, file: &File) -> HubOptions {
        let has_rules = |rules: &Rules| *rules != Rules::default();
        let rules = file.servers.iter().filter(|entry| has_rules(&entry.rules));
        HubOptions {
            server_info: self.server_info.value.clone(),
            naming: self.separator.value.clone(),
            deadline: self.deadline.value,
            page: self.page.value,
            rules: rules.map(|entry| (Arc::clone(&entry.name), entry.rules.clone())).collect(),
            groups: file.hub.groups.clone(),
            grants: file.hub.grants.clone(),
        }
    }

    /// How often calls are sent again to servers that have no say of their own.
    #[must_use]
    pub fn retries(&self) -> RetryDefaults {
        RetryDefaults {
            stdio: self.retry_stdio.value,
            sse: self.retry_sse.value,
            http: self.retry_http.value,
            other: self.retry_other.value,
        }
    }

    /// The folder of what outlives the process, for a hub with this configuration file; `None` if nothing does.
    #[must_use]
    pub fn state_folder(&self, config: &Path) -> Option<PathBuf> {
        match &self.state.value {
            None => Some(config.with_file_name(FOLDER)),
            Some(StateFolder::At(folder)) => Some(folder.clone()),
            Some(StateFolder::Off) => None,
        }
    }
}

impl Layers<'_> {
    fn retry(&mut self, names: &variable::OfKind, file: RetrySetting) -> Sourced<Retry> {
        let enabled = self.said(None, names.enabled, None);
        let attempts = self.said(None, names.attempts, None);
        let base = self.said(None, names.base, None);
        let sources = [enabled.map(|it| it.source), attempts.map(|it| it.source), base.map(|it| it.source)];
        let said = RetrySetting {
            enabled: enabled.map(|it| it.value),
            attempts: attempts.map(|it| it.value),
            base: base.map(|it| it.value),
        };
        let otherwise = if file == RetrySetting::default() { Origin::Default } else { Origin::File };
        let source = sources.into_iter().flatten().next().unwrap_or(otherwise);
        Sourced { value: said.or(file).over(Retry::default()), source }
    }
}

/// Gives keys names, for whoever has only listed them.
fn named(word: &str, listed: Sourced<Vec<Secret>>) -> Sourced<Vec<(Arc<str>, Secret)>> {
    let keys = listed.value.into_iter().enumerate();
    Sourced { value: keys.map(|(n, key)| (format!("{word}-{}", n + 1).into(), key)).collect(), source: listed.source }
}

#[cfg(test)]
mod tests;
