//! What outlives the process.

use std::{fmt::Debug, io};

use async_trait::async_trait;

/// Keeps small texts beyond the life of the process: catalogues, pins. Whoever uses it goes on without it if it fails.
#[async_trait]
pub trait Store: Debug + Send + Sync + 'static {
    /// The text that was last saved under `key`; `None` if there is none. Keys are words of ours (letters, digits, `-`).
    ///
    /// # Errors
    ///
    /// Fails if it is there and cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    async fn load(&self, key: &str) -> io::Result<Option<String>>;

    /// Saves `text` under `key`, in place of what was there, as a whole or not at all.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be written; what was there before is still there then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the old text or the new one.
    async fn save(&self, key: &str, text: &str) -> io::Result<()>;
}
