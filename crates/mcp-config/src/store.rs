//! Texts that outlive the process, as files.

use std::{fs, io, path::PathBuf};

use async_trait::async_trait;
use mcp_proxy_core::transport::Store;
use tokio::task::spawn_blocking;

use crate::write_atomically;

/// Keeps each text in a file of its own in one folder, which is made with the first text. Only its owner may read it.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: PathBuf,
}

impl FileStore {
    /// A store in `folder`, which need not exist yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self, key: &str) -> io::Result<PathBuf> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if key.is_empty() || !key.bytes().all(is_fit) {
            let why = "a key of the store has letters, digits and `-` only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(self.folder.join(format!("{key}.json")))
    }
}

#[async_trait]
impl Store for FileStore {
    async fn load(&self, key: &str) -> io::Result<Option<String>> {
        match tokio::fs::read_to_string(self.path(key)?).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    async fn save(&self, key: &str, text: &str) -> io::Result<()> {
        let (folder, path, text) = (self.folder.clone(), self.path(key)?, text.to_owned());
        let saving = spawn_blocking(move || {
            make(&folder)?;
            write_atomically(&path, &text)
        });
        saving.await.map_err(io::Error::other)?
    }
}

/// Makes the folder, for its owner only, if it is not there.
fn make(folder: &std::path::Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{} cannot be made: {error}", folder.display()));
    builder.create(folder).map_err(named)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn a_text_is_there_for_the_next_process() {
        let directory = TempDir::new().unwrap();
        let folder = directory.path().join("a/.mcp-hub");
        let store = FileStore::new(&folder);
        assert_eq!(store.load("catalogue").await.unwrap(), None);
        assert!(!folder.exists(), "nothing is made before there is something to keep");
        for text in ["{}", "{\"a\": 1}"] {
            store.save("catalogue", text).await.unwrap();
            assert_eq!(FileStore::new(&folder).load("catalogue").await.unwrap().as_deref(), Some(text));
        }
        assert!(folder.join("catalogue.json").is_file());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;

        let directory = TempDir::new().unwrap();
        let folder = directory.path().join("state");
        FileStore::new(&folder).save("pins", "{}").await.unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(folder.clone()), mode(folder.join("pins.json"))), (0o700, 0o600));
    }

    #[tokio::test]
    async fn a_key_is_no_path() {
        let directory = TempDir::new().unwrap();
        let store = FileStore::new(directory.path());
        for key in ["", "..", "a/b", "a.b", "a\0"] {
            assert_eq!(store.load(key).await.unwrap_err().kind(), io::ErrorKind::InvalidInput, "{key:?}");
            assert_eq!(store.save(key, "").await.unwrap_err().kind(), io::ErrorKind::InvalidInput, "{key:?}");
        }
    }

    #[tokio::test]
    async fn a_failure_names_the_place() {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("state"), "").unwrap();
        let error = FileStore::new(directory.path().join("state")).save("pins", "{}").await.unwrap_err();
        assert!(error.to_string().contains("state"), "{error}");
    }
}
