//! A configuration file that is followed while the proxy runs.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mcp_proxy_core::{BuildError, Proxy, ServerOptions, Slot};
use tokio::{sync, task::spawn_blocking};

use crate::{
    Change, ComposeError, Composer, Defaults, Diagnostic, EditError, File, Overrides, ServerEntry, SettingError,
    Settings, Variables, Watch, WatchError, mask, parse, remove_server, replace_servers, set_server, write_atomically,
};

/// A configuration file and what the proxy was last given of it. Every way in, the file itself included, goes through the
/// same check: what is wrong changes nothing.
pub struct Live {
    path: PathBuf,
    /// What wins over the file.
    overrides: Overrides,
    variables: Variables,
    composer: Composer,
    /// One change at a time.
    changing: sync::Mutex<()>,
    current: Mutex<Current>,
}

struct Current {
    text: String,
    file: File,
    /// What is wrong with the file as it is now, if the proxy goes on with an earlier one.
    problem: Option<Arc<str>>,
}

/// What a change has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Servers that were not there before.
    pub added: Vec<Arc<str>>,
    /// Servers that are there no longer.
    pub removed: Vec<Arc<str>>,
    /// Servers that were started anew.
    pub changed: Vec<Arc<str>>,
    /// Servers that keep their processes and sessions.
    pub unchanged: Vec<Arc<str>>,
    /// What is not wrong but odd.
    pub warnings: Vec<String>,
    /// Whether other settings differ, which count from the next start on.
    pub needs_restart: bool,
}

/// Why a change was not made; nothing is different then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The configuration would have errors.
    #[error("{}", lines(.0))]
    Wrong(Vec<Diagnostic>),
    /// Settings do not go together.
    #[error("{}", lines(.0))]
    Settings(Vec<SettingError>),
    /// A server cannot be made.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The names of the servers do not go together.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The file as it is cannot be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The file cannot be read or written.
    #[error("the configuration file {} cannot be {verb}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was to be done with it.
        verb: &'static str,
        /// Why not.
        source: io::Error,
    },
}

fn lines(all: &[impl ToString]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
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
        let current = Mutex::new(Current { text, file, problem: None });
        Self { path, overrides, variables, composer, changing: sync::Mutex::default(), current }
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
        self.current().problem.clone()
    }

    /// The servers of the file as JSON text, with secrets masked.
    #[must_use]
    pub fn shown(&self) -> String {
        mask::masked(&self.current().text)
    }

    /// Makes `servers`, the JSON text of an object, the servers of the file and of `proxy`.
    ///
    /// # Errors
    ///
    /// Fails, with nothing changed, if the result would be no sound configuration or the file cannot be written.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn replace_servers(&self, proxy: &Proxy, servers: &str) -> Result<Applied, ChangeError> {
        self.edit(proxy, |text| replace_servers(text, &mask::unmasked(servers, text)?)).await
    }

    /// Adds a server to the file and to `proxy`, or changes it; `entry` is the JSON text of its entry.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn set_server(&self, proxy: &Proxy, name: &str, entry: &str) -> Result<Applied, ChangeError> {
        self.edit(proxy, |text| set_server(text, name, &mask::unmasked_entry(name, entry, text)?)).await
    }

    /// Takes a server out of the file and of `proxy`.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn remove_server(&self, proxy: &Proxy, name: &str) -> Result<Applied, ChangeError> {
        self.edit(proxy, |text| remove_server(text, name)).await
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
        loop {
            let found = watch.changed().await;
            self.take(proxy, found).await;
        }
    }

    /// Takes what was found in the file a moment ago.
    async fn take(&self, proxy: &Proxy, found: Change) {
        let _one_at_a_time = self.changing.lock().await;
        match found {
            // Written by ourselves, and applied already.
            Change::Text(text) if text == self.current().text => self.current().problem = None,
            Change::Text(text) => {
                // Where a change of ours came in between, what it has written is found next, and this is the past.
                let is_there = tokio::fs::read(&self.path).await.is_ok_and(|now| now == text.as_bytes());
                match is_there.then(|| self.apply(proxy, text)) {
                    None => {}
                    Some(Ok(applied)) => report(&applied),
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

    /// Changes the file as it is on disk now, and applies what it says then, once.
    async fn edit(
        &self,
        proxy: &Proxy,
        edit: impl FnOnce(&str) -> Result<String, EditError>,
    ) -> Result<Applied, ChangeError> {
        let _one_at_a_time = self.changing.lock().await;
        let failed = |verb| move |source| ChangeError::File { path: self.path.clone(), verb, source };
        let before = match tokio::fs::read_to_string(&self.path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(failed("read"))?,
        };
        let after = edit(&before)?;
        // First the check, then the file, then the proxy: what is on disk is always sound.
        let planned = self.plan(&after)?;
        let (path, text) = (self.path.clone(), after.clone());
        let written = spawn_blocking(move || write_atomically(&path, &text)).await.map_err(io::Error::other);
        written.flatten().map_err(failed("written"))?;
        let applied = self.carry_out(proxy, after, planned)?;
        report(&applied);
        Ok(applied)
    }

    fn apply(&self, proxy: &Proxy, text: String) -> Result<Applied, ChangeError> {
        let planned = self.plan(&text)?;
        self.carry_out(proxy, text, planned)
    }

    /// What `text` asks for, beside what there is.
    fn plan(&self, text: &str) -> Result<Plan, ChangeError> {
        let parsed = parse(&self.path, text, &|name| self.variables.get(name));
        let Some(file) = parsed.file else { return Err(ChangeError::Wrong(parsed.diagnostics)) };
        let current = self.current();
        let (old, new) = (self.defaults(&current.file)?, self.defaults(&file)?);
        let mut applied = Applied {
            warnings: parsed.diagnostics.iter().map(ToString::to_string).collect(),
            needs_restart: is_other(&current.file, &file),
            ..Applied::default()
        };
        let mut slots = Vec::new();
        for entry in &file.servers {
            let before = current.file.servers.iter().find(|before| before.name == entry.name);
            let name = Arc::clone(&entry.name);
            let group = match before {
                Some(before) if is_same(before, &old, entry, &new) => {
                    slots.push(Slot::Keep(Arc::clone(&name)));
                    applied.unchanged.push(name);
                    continue;
                }
                Some(_) => &mut applied.changed,
                None => &mut applied.added,
            };
            group.push(name);
            slots.push(Slot::Put(Box::new(self.composer.server(entry, &new)?)));
        }
        let removed = current.file.servers.iter().filter(|old| !file.servers.iter().any(|new| new.name == old.name));
        applied.removed = removed.map(|entry| Arc::clone(&entry.name)).collect();
        Ok(Plan { file, slots, applied })
    }

    fn carry_out(&self, proxy: &Proxy, text: String, plan: Plan) -> Result<Applied, ChangeError> {
        proxy.set_servers(plan.slots)?;
        *self.current() = Current { text, file: plan.file, problem: None };
        Ok(plan.applied)
    }

    fn defaults(&self, file: &File) -> Result<Defaults, ChangeError> {
        let settings = Settings::settle(self.overrides.clone(), &self.variables, file.settings.clone());
        Ok(Defaults::of(&settings.map_err(ChangeError::Settings)?))
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change that has been checked.
struct Plan {
    file: File,
    slots: Vec<Slot>,
    applied: Applied,
}

/// Whether two entries come to the same server. When it is started makes no difference once it is there.
fn is_same(old: &ServerEntry, old_defaults: &Defaults, new: &ServerEntry, new_defaults: &Defaults) -> bool {
    let whole = |entry: &ServerEntry, defaults: &Defaults| {
        let mut entry = entry.clone();
        entry.settings.start = None;
        entry.settings.session.get_or_insert(defaults.session);
        entry.settings.idle_timeout.get_or_insert(defaults.idle_timeout);
        entry
    };
    whole(old, old_defaults) == whole(new, new_defaults)
}

/// Whether settings differ that only count at the start. What servers have in common is none of them.
fn is_other(old: &File, new: &File) -> bool {
    let fixed = |file: &File| {
        let mut settings = file.settings.clone();
        (settings.session, settings.start, settings.idle_timeout) = (None, None, None);
        settings
    };
    fixed(old) != fixed(new)
}

fn report(applied: &Applied) {
    applied.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let Applied { added, removed, changed, unchanged, .. } = applied;
    tracing::info!(?added, ?removed, ?changed, unchanged = unchanged.len(), "the configuration has been applied");
    if applied.needs_restart {
        tracing::warn!("settings outside of the servers have changed; they count from the next start on");
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
