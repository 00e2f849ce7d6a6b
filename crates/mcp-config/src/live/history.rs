//! The last versions of the file.

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use mcp_proxy_core::{Proxy, transport::Store};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};

use super::{Applied, By, ChangeError, Live, document::difference, etag};
use crate::mask;

/// Versions that are kept.
const MOST: usize = 20;
/// Bytes of their texts together; the newest is kept in any case.
const LARGEST: usize = 8 << 20;
/// What the store calls them.
const KEY: &str = "config-history";
/// Who changes the file without us.
const OUTSIDE: &str = "file";

/// A text that the file had or has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number; the next one has a higher one.
    pub version: u64,
    /// Since when.
    pub at: SystemTime,
    /// Who made it; `file` where it was found on disk.
    pub who: String,
    /// What was changed, in words.
    pub what: String,
}

/// A version with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionText {
    /// Which one.
    pub version: Version,
    /// Its text, with secrets masked.
    pub text: String,
    /// What it would change in the file as it is, as `diff -u` tells it, with secrets masked.
    pub diff: String,
}

/// The last 20 versions, in a store or, without one, in memory.
#[derive(Default)]
pub(super) struct History {
    store: Option<Arc<dyn Store>>,
    /// The oldest first; `None` until they were asked for.
    kept: Mutex<Option<Vec<Kept>>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    version: u64,
    /// Milliseconds since 1970.
    at: u64,
    who: String,
    what: String,
    text: String,
}

impl History {
    pub(super) fn in_store(store: Arc<dyn Store>) -> Self {
        Self { store: Some(store), kept: Mutex::default() }
    }

    /// Takes note of a change that was made.
    pub(super) async fn record(&self, before: &str, after: &str, who: &str, what: &str) {
        let mut kept = self.kept().await;
        let versions = kept.get_or_insert_default();
        let count = versions.len();
        if !before.is_empty() {
            add(versions, before, OUTSIDE, "as it was found");
        }
        add(versions, after, who, what);
        if versions.len() != count || count == MOST {
            self.save(versions).await;
        }
    }

    /// The text of that etag, if it is kept.
    pub(super) async fn with_etag(&self, wanted: &str) -> Option<String> {
        let kept = self.kept().await;
        let mut versions = kept.iter().flatten().rev();
        versions.find(|it| etag(&it.text) == wanted).map(|it| it.text.clone())
    }

    async fn kept(&self) -> MutexGuard<'_, Option<Vec<Kept>>> {
        let mut kept = self.kept.lock().await;
        if kept.is_none() {
            *kept = Some(self.load().await);
        }
        kept
    }

    async fn load(&self) -> Vec<Kept> {
        let Some(store) = &self.store else { return Vec::new() };
        let read = |text: Option<String>| match text {
            Some(text) => serde_json::from_str(&text).map_err(io::Error::from),
            None => Ok(Vec::new()),
        };
        store.load(KEY).await.and_then(read).unwrap_or_else(|error| {
            tracing::warn!("earlier versions of the configuration cannot be read: {error}");
            Vec::new()
        })
    }

    async fn save(&self, versions: &[Kept]) {
        let Some(store) = &self.store else { return };
        let saved = match serde_json::to_string(versions) {
            Ok(text) => store.save(KEY, &text).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = saved {
            tracing::warn!("this version of the configuration is remembered until the next start only: {error}");
        }
    }
}

/// Adds a version, if the newest is another, and takes out what is too old.
fn add(versions: &mut Vec<Kept>, text: &str, who: &str, what: &str) {
    if versions.last().is_some_and(|newest| newest.text == text) {
        return;
    }
    let version = versions.last().map_or(1, |newest| newest.version + 1);
    let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = u64::try_from(at.as_millis()).unwrap_or_default();
    versions.push(Kept { version, at, who: who.to_owned(), what: what.to_owned(), text: text.to_owned() });
    let size = |versions: &[Kept]| versions.iter().map(|it| it.text.len()).sum::<usize>();
    while 1 < versions.len() && (MOST < versions.len() || LARGEST < size(versions)) {
        versions.remove(0);
    }
}

impl Live {
    /// Keeps the versions of the file in `store`, under the key `config-history`; they hold its secrets.
    #[must_use]
    pub fn with_store(mut self, store: Arc<dyn Store>) -> Self {
        self.history = History::in_store(store);
        self
    }

    /// The last 20 versions of the file, the newest first.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn history(&self) -> Vec<Version> {
        self.note_current().await;
        let kept = self.history.kept().await;
        kept.iter().flatten().rev().map(Kept::version).collect()
    }

    /// One of them with its text; `None` if it is not kept.
    ///
    /// # Errors
    ///
    /// Fails if the file as it is cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn version(&self, version: u64) -> Result<Option<VersionText>, ChangeError> {
        let Some(kept) = self.kept(version).await else { return Ok(None) };
        let now = self.read().await?;
        let diff = difference(&now, &kept.text);
        Ok(Some(VersionText { version: kept.version(), text: mask::masked_text(&kept.text), diff }))
    }

    /// Makes one of them the file again.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers), and if that version is not kept.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn restore(&self, proxy: &Proxy, version: u64, by: By<'_>) -> Result<Applied, ChangeError> {
        let kept = self.kept(version).await.ok_or(ChangeError::NoVersion(version))?;
        self.edit(proxy, by, &format!("version {version} again"), |_| Ok(kept.text.clone())).await
    }

    async fn kept(&self, version: u64) -> Option<Kept> {
        self.note_current().await;
        let kept = self.history.kept().await;
        kept.iter().flatten().find(|it| it.version == version).cloned()
    }

    /// What the proxy goes by is the first version where there is none yet.
    async fn note_current(&self) {
        let text = self.current().text.clone();
        self.history.record("", &text, OUTSIDE, "as it was found").await;
    }
}

impl Kept {
    fn version(&self) -> Version {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(self.at);
        Version { version: self.version, at, who: self.who.clone(), what: self.what.clone() }
    }
}

#[cfg(test)]
mod tests;
