//! What a change has done, or why it was not made.

use std::{io, path::PathBuf, sync::Arc};

use mcp_proxy_core::{BuildError, auth::KeysError};

use crate::{ComposeError, Diagnostic, EditError, SettingError};

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
    /// Whether the servers are offered as one in another way, which counts at once.
    pub hub: bool,
    /// Whether other settings differ, which count from the next start on.
    pub needs_restart: bool,
    /// Stands for the text of the file now; empty where it was not written by us.
    pub etag: String,
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
    /// The names of the servers do not go together, or how they are offered as one.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The file as it is cannot be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The file is another one than the change was made for.
    #[error(
        "the configuration file has been changed by somebody else in the meantime; look at what it says now and try again"
    )]
    Stale {
        /// Stands for what it is now.
        etag: String,
        /// What has become of it since, as `diff -u` tells it, with secrets masked; all of it if what was seen is not known.
        diff: String,
    },
    /// The version to go back to is not kept.
    #[error("there is no version {0}; the last 20 are kept")]
    NoVersion(u64),
    /// A new key cannot be called that.
    #[error("a key cannot be called `{0}`: there is one of that name, or it says nothing; take another name")]
    KeyName(String),
    /// There is no key to be had.
    #[error("no key can be made: {0}")]
    Random(io::Error),
    /// Without a key everyone could come in.
    #[error(
        "the last key cannot be taken out while the proxy runs, for then everyone could come in; add another one first, or \
         stop it and start it without one"
    )]
    LastKey,
    /// A key cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
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

/// Says it in the log.
pub(super) fn report(applied: &Applied) {
    applied.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let Applied { added, removed, changed, unchanged, hub, .. } = applied;
    tracing::info!(?added, ?removed, ?changed, unchanged = unchanged.len(), hub, "the configuration has been applied");
    if applied.needs_restart {
        tracing::warn!("settings outside of the servers have changed; they count from the next start on");
    }
}
