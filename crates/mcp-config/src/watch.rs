//! Tells when the content of a file is another one.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

mod hooks;
mod place;
mod read;

use hooks::Hooks;

/// The file is looked at when nothing has happened to it for this long,
const QUIET: Duration = Duration::from_millis(100);
/// but at the latest this long after something has.
const LATEST: Duration = Duration::from_millis(500);
/// How often it is looked at if the system does not tell what happens.
const POLL: Duration = Duration::from_secs(1);

/// A file under watch: edited in place, replaced, deleted and made again, or behind links that are moved, as in a Kubernetes
/// volume. Dropping it ends the watch.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    hooks: Hooks,
    /// What was last reported, or is known to be there.
    known: Option<Change>,
    /// When something first happened that was not looked at yet.
    first: Option<Instant>,
    /// When to look next.
    due: Option<Instant>,
}

/// What is there now.
#[derive(Clone, PartialEq, Eq)]
pub enum Change {
    /// This text.
    Text(String),
    /// No file.
    Missing,
    /// Something that cannot be used, and why: a file larger than 4 MiB, one that is not UTF-8, one we may not open.
    Unreadable(String),
}

/// Why a path cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The path ends in a root or in `..`.
    #[error("{} is not the name of a file", .0.display())]
    NotAFile(PathBuf),
    /// The path is relative, and there is no working directory any more.
    #[error("the working directory cannot be found; give an absolute path instead of {}", path.display())]
    Relative {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Watch {
    /// Watches the file at `path`, which need not exist. Nothing is read yet: unless [`Self::seen`] has told what is there,
    /// the first [`Self::changed`] reports it.
    ///
    /// # Errors
    ///
    /// Fails if the path cannot be that of a file. If the system gives no watch, that is no error: the file is looked at
    /// once a second then.
    pub fn new(path: &Path) -> Result<Self, WatchError> {
        if path.file_name().is_none() {
            return Err(WatchError::NotAFile(path.to_owned()));
        }
        let absolute = std::path::absolute(path);
        let path = absolute.map_err(|source| WatchError::Relative { path: path.to_owned(), source })?;
        Ok(Self { path, hooks: Hooks::new(), known: None, first: None, due: Some(Instant::now()) })
    }

    /// Takes note that this text is in the file, for we have just read or written it: it is not reported.
    pub fn seen(&mut self, text: &str) {
        self.known = Some(Change::Text(text.to_owned()));
    }

    /// Resolves when there is something else in the file than was last reported: 100 ms after the last of several changes, or
    /// 500 ms after the first, or within a second if the system does not tell of changes. Touching the file is none.
    ///
    /// # Cancel safety
    ///
    /// A change whose report was not taken is reported by the next call.
    pub async fn changed(&mut self) -> Change {
        loop {
            tokio::select! {
                // In this order, so that a file that never rests is looked at all the same.
                biased;
                () = sleep_until(self.due.unwrap_or_else(Instant::now)), if self.due.is_some() => {
                    if let Some(change) = self.look().await {
                        return change;
                    }
                }
                () = self.hooks.rung() => {
                    let now = Instant::now();
                    let first = *self.first.get_or_insert(now);
                    self.due = Some((now + QUIET).min(first + LATEST));
                }
            }
        }
    }

    async fn look(&mut self) -> Option<Change> {
        // The hooks come first: what happens after the file was read rings again.
        let hooked = self.hooks.set_for(&self.path);
        let now = read::read(&self.path).await;
        self.first = None;
        self.due = if hooked { None } else { Some(Instant::now() + POLL) };
        if self.known.as_ref() == Some(&now) {
            return None;
        }
        self.known = Some(now.clone());
        Some(now)
    }
}

impl fmt::Debug for Change {
    /// The text may hold secrets, so only its length is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Missing => f.write_str("Missing"),
            Self::Unreadable(reason) => write!(f, "Unreadable({reason})"),
        }
    }
}

#[cfg(test)]
mod tests;
